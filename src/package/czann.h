// SPDX-License-Identifier: Apache-2.0
//
// The metadata of a .czann, model.json, as czmodel writes it with Python's json.dump: one line, text
// in ASCII, keys in this order and absent where there is no value:
//
//     FormatVersion (since 2.1.0), Id, Type, InputShape, OutputShape, MinOverlap, ModelDescription, Classes, ModelName,
//     Scaling (since 1.1.0)
#ifndef CZM_PACKAGE_CZANN_H
#define CZM_PACKAGE_CZANN_H

#include "codec/wire.h"
#include "spec/format.h"
#include "spec/spec.h"

enum { CZM_CZANN_MOST_SIZES = 4 };

// The shapes of input and output without the batch: [z,] height, width, channels.
typedef struct czm_czann_shapes {
    int64_t input[CZM_CZANN_MOST_SIZES], output[CZM_CZANN_MOST_SIZES];
    size_t input_count, output_count;
} czm_czann_shapes;

// Empty without memory.
czm_bytes czm_czann_write(czm_arena *arena, const czm_format *format, const czm_spec *spec,
                          const czm_czann_shapes *shapes, const char *model_id);

#endif
