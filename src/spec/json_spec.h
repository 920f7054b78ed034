// SPDX-License-Identifier: Apache-2.0
//
// The JSON specification file: syntax, keys and types; spec.c interprets the values. It has two forms. The first, of
// czmodel 0.1.3 to 1.2.0, is for CZModels:
//
//     BorderSize, ColorHandling, PixelType, Classes, ModelPath [, TestImageFile, LicenseFile,
//     ValueRange, ClassColors]
//
// and the later one, of czmodel 2.0.0 and newer, for .czann files:
//
//     ModelMetadata {Type, InputShape, OutputShape [, Id, Classes, ModelName, MinOverlap,
//     Scaling]}, ModelPath [, LicenseFile, ValueRange, ClassColors]
//
// ValueRange ("raw" or "unit", what the network expects), ClassColors, SpatialDims, Preprocessing and
// Postprocessing, in both forms, are this program's own: ZEN's import of a folder with a JSON file
// ignores them.
#ifndef CZM_SPEC_JSON_SPEC_H
#define CZM_SPEC_JSON_SPEC_H

#include "base/os.h"
#include "report/report.h"

#define CZM_TYPE_SEGMENTATION "SingleClassSemanticSegmentation" // a pixel has one class

// The border is missing in the file, or not a whole number (which is reported).
#define CZM_NO_BORDER INT64_MIN

// Changes of the network: a new height and width, steps before and after it.
typedef struct czm_edits {
    int64_t height, width; // of the input, pixels; 0: unchanged
    const char *const *before;
    size_t before_count;
    const char *const *after;
    size_t after_count;
} czm_edits;

// Fills `metadata` and `edits` with the values in the file, with unchanged paths. Returns a fault only if the file
// cannot be read or is no JSON object; wrong and missing keys are in the report.
CZM_MUST_CHECK czm_status czm_json_spec_read(czm_context *context, const char *path,
                                             czm_metadata *metadata, czm_edits *edits);

// The same for model.json, the metadata inside a .czann: the contents of ModelMetadata in the later form, with an id
// and, since 2.1.0, a version; both are never NULL. `where` is its name in messages.
CZM_MUST_CHECK czm_status czm_json_model_read(czm_context *context, const char *where,
                                              czm_bytes text, czm_metadata *metadata,
                                              const char **id, const char **version);

// Writes a specification, without the keys that have no value, in the later form if there is a model type; NULL
// without memory.
const char *czm_json_spec_write(czm_arena *arena, const czm_metadata *metadata,
                                const czm_edits *edits);

#endif
