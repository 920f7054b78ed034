// SPDX-License-Identifier: Apache-2.0
//
// What the rewrites of pass "lower" share. A rewrite is a row of a table: an op, a condition, and
// what to do. It changes the node in place, so that its readers need not be told: the node ends as
// the last node of what replaces it, and everything else is made before it.
#ifndef CZM_PASSES_LOWER_H
#define CZM_PASSES_LOWER_H

#include "passes/passes.h"
#include "shape/shape.h"

typedef struct czm_lowering {
    czm_context *context;
    czm_model *model;
    czm_graph *graph;
    const czm_shapes *shapes; // of the main graph; NULL while a function is lowered
} czm_lowering;

// What ONNX can express as it is, and some engines compute faster, stays as it is for ONNX.
typedef enum czm_rewrite_target { CZM_FOR_ALL, CZM_FOR_TENSORFLOW } czm_rewrite_target;

typedef struct czm_rewrite {
    czm_op_kind op; // CZM_OP_OTHER: any
    czm_rewrite_target target;
    bool (*applies)(czm_lowering *lowering, czm_node *node);
    void (*rewrite)(czm_lowering *lowering, czm_node *node);
    const char *reason; // what TensorFlow 2.0.0 does without it
} czm_rewrite;

extern const czm_rewrite czm_rewrites[];
extern const size_t czm_rewrite_count;

// ---- building blocks

// "<node>/<suffix>"
// Names are for people: the same suffix twice is made unique later.
const char *czm_lower_name(czm_lowering *lowering, const czm_node *node, const char *suffix);

// A new node with the op, attrs and inputs of `node`, whose readers of output 1 and higher now read
// the new one. The caller then turns `node` into whatever makes output 0 from it.
czm_node *czm_lower_split(czm_lowering *lowering, czm_node *node, const char *suffix);

// Turns `node` into another op, without inputs and attrs.
void czm_lower_become(czm_lowering *lowering, czm_node *node, czm_op_kind op);

// A new node with one output; inputs with a NULL node are left out.
czm_node *czm_lower_add(czm_lowering *lowering, const czm_node *node, const char *suffix,
                        czm_op_kind op, czm_dtype dtype, czm_tensor a, czm_tensor b, czm_tensor c);

czm_tensor czm_lower_ints(czm_lowering *lowering, const czm_node *node, const char *suffix,
                          const int32_t *values, size_t count);
czm_tensor czm_lower_int(czm_lowering *lowering, const czm_node *node, const char *suffix,
                         int32_t value);

// Shape of a tensor of the main graph as it was when the round began; else unknown.
czm_shape czm_lower_shape(const czm_lowering *lowering, czm_tensor tensor);

// Its value, as far as it is known.
czm_value czm_lower_value(const czm_lowering *lowering, czm_tensor tensor);

// ---- rewrites, by family

bool czm_layout_applies(czm_lowering *lowering, czm_node *node);
void czm_layout_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_groups_apply(czm_lowering *lowering, czm_node *node);
void czm_groups_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_transposed_groups_apply(czm_lowering *lowering, czm_node *node);
void czm_transposed_groups_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_dilated_depthwise_applies(czm_lowering *lowering, czm_node *node);
void czm_dilated_depthwise_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_dilated_filter_applies(czm_lowering *lowering, czm_node *node);
void czm_dilated_filter_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_explicit_padding_applies(czm_lowering *lowering, czm_node *node);
void czm_explicit_padding_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_volume_norm_applies(czm_lowering *lowering, czm_node *node);
void czm_volume_norm_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_training_norm_applies(czm_lowering *lowering, czm_node *node);
void czm_training_norm_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_short_sizes_applies(czm_lowering *lowering, czm_node *node);
void czm_short_sizes_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_unequal_strides_applies(czm_lowering *lowering, czm_node *node);
void czm_unequal_strides_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_case_applies(czm_lowering *lowering, czm_node *node);
void czm_case_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_rename_applies(czm_lowering *lowering, czm_node *node);
void czm_rename_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_matmul_v3_applies(czm_lowering *lowering, czm_node *node);
void czm_matmul_v3_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_wide_paddings_apply(czm_lowering *lowering, czm_node *node);
void czm_wide_paddings_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_whole_mean_applies(czm_lowering *lowering, czm_node *node);
void czm_whole_mean_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_promotion_applies(czm_lowering *lowering, czm_node *node);
void czm_promotion_rewrite(czm_lowering *lowering, czm_node *node);

bool czm_diagonal_applies(czm_lowering *lowering, czm_node *node);
void czm_diagonal_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_high_bias_applies(czm_lowering *lowering, czm_node *node);
void czm_high_bias_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_high_place_applies(czm_lowering *lowering, czm_node *node);
void czm_high_place_rewrite(czm_lowering *lowering, czm_node *node);
bool czm_update_applies(czm_lowering *lowering, czm_node *node);
void czm_update_rewrite(czm_lowering *lowering, czm_node *node);

#endif
