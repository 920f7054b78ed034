// SPDX-License-Identifier: Apache-2.0
//
// The metadata inside a CZModel: the XML of model version 3.0.0, byte for byte as czmodel 0.1.3
// writes it on Python 3.8 and newer:
//
//     <?xml version='1.0' encoding='utf-8'?>
//     <Model Version="3.0.0"><Id>UUID</Id><ModelName>...</ModelName><Status>Trained</Status>
//     <FeatureExtractor>DeepNeuralNetwork</FeatureExtractor><Postprocessing />
//     <ColorHandling>...</ColorHandling><Channels><Item PixelType="..." /></Channels>
//     <TrainingClasses><Item colB="0" colG="0" colR="255" LabelValue="1" Name="..." />...
//     </TrainingClasses><BorderSize>...</BorderSize></Model>
//
// with one line feed, after the declaration.
#ifndef CZM_PACKAGE_MANIFEST_H
#define CZM_PACKAGE_MANIFEST_H

#include "codec/wire.h"
#include "spec/spec.h"

czm_bytes czm_manifest_write(czm_arena *arena, const czm_spec *spec, const char *version,
                             const char *model_id);

#endif
