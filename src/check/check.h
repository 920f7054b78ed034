// SPDX-License-Identifier: Apache-2.0
//
// The checks: they compare a finished model and its metadata with the rules and report every
// finding. A check never modifies anything.
#ifndef CZM_CHECK_CHECK_H
#define CZM_CHECK_CHECK_H

#include "analysis/family.h"
#include "analysis/receptive_field.h"
#include "analysis/tile_memory.h"
#include "graph/graph.h"
#include "shape/shape.h"
#include "spec/format.h"
#include "spec/spec.h"

// Everything that a check may use.
typedef struct czm_check_subject {
    czm_arena *arena;
    const czm_model *model;
    const czm_spec *spec;     // NULL: there is no metadata
    const czm_family *family; // NULL: no known family
    const czm_format *format; // NULL: for TensorFlow 2.0.0
    const czm_shapes *shapes;
    czm_shape input, output;
    const czm_shapes *tile_shapes; // for a batch of one tile
    const czm_fields *fields;
    czm_tile_memory memory;
} czm_check_subject;

// Analyses the model once for all checks.
const czm_check_subject *czm_check_subject_of(czm_arena *arena, const czm_model *model,
                                              const czm_spec *spec, const czm_format *format);

// The receptive field of the output.
czm_receptive_field czm_check_output_field(const czm_check_subject *subject);

// Runs all checks; the findings are added to the report.
void czm_checks_run(czm_context *context, const czm_check_subject *subject);

enum { CZM_GIB = 1 << 30 };
#define CZM_TILE_MEMORY_LIMIT (8 * (uint64_t)CZM_GIB) // specification: "Hardware requirements"

// The number of channels of a pixel type; 0 for complex numbers and for texts that are no pixel type.
int czm_pixel_type_channels(const char *pixel_type);

// ---- the table's rows

void czm_check_input(czm_context *context, const czm_check_subject *subject);
void czm_check_output(czm_context *context, const czm_check_subject *subject);
void czm_check_metadata_fits(czm_context *context, const czm_check_subject *subject);
void czm_check_stated_shapes(czm_context *context, const czm_check_subject *subject);
void czm_check_opset(czm_context *context, const czm_check_subject *subject);
void czm_check_ir_version(czm_context *context, const czm_check_subject *subject);
void czm_check_ops(czm_context *context, const czm_check_subject *subject);
void czm_check_loaders(czm_context *context, const czm_check_subject *subject);
void czm_check_random_ops(czm_context *context, const czm_check_subject *subject);
void czm_check_normalization(czm_context *context, const czm_check_subject *subject);
void czm_check_probabilities(czm_context *context, const czm_check_subject *subject);
void czm_check_tile_memory(czm_context *context, const czm_check_subject *subject);
void czm_check_pixel_range(czm_context *context, const czm_check_subject *subject);
void czm_check_border(czm_context *context, const czm_check_subject *subject);

// Whether there already is a finding about the shapes of the input or the output, so that findings about channels and
// borders would only follow from it.
bool czm_check_is_consequence(const czm_context *context);

// ---- for messages

// One or two postprocessing steps, as options.
const char *czm_check_steps_text(czm_context *context, const char *const steps[2]);

// The name of a node's layer, which may lie in a function.
const char *czm_check_layer(const czm_check_subject *subject, const czm_node *node);

// What stopped the inference of the output's shape, as a clause that names layer and operation.
const char *czm_check_stopped_at(const czm_check_subject *subject);

#endif
