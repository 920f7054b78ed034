// SPDX-License-Identifier: Apache-2.0
//
// Pass "lower": known is not runnable. What TensorFlow 2.0.0's CPU kernels refuse or compute
// wrongly becomes ops that they do, with the same values. docs/tf200-gaps.md has the measurements.
#include "passes/lower.h"

const czm_rewrite czm_rewrites[] = {
    {CZM_OP_OTHER, CZM_FOR_ALL, czm_layout_applies, czm_layout_rewrite,
     "its CPU kernels compute only the channels-last layout"},
    {CZM_OP_Conv2D, CZM_FOR_TENSORFLOW, czm_groups_apply, czm_groups_rewrite,
     "it has no grouped convolutions"},
    {CZM_OP_Conv3D, CZM_FOR_TENSORFLOW, czm_groups_apply, czm_groups_rewrite,
     "it does not load grouped convolutions of volumes"},
    {CZM_OP_Conv2DBackpropInput, CZM_FOR_ALL, czm_transposed_groups_apply,
     czm_transposed_groups_rewrite, "it computes groups wrongly without saying so"},
    {CZM_OP_MaxPool, CZM_FOR_TENSORFLOW, czm_explicit_padding_applies, czm_explicit_padding_rewrite,
     "it does not know explicit paddings here"},
    {CZM_OP_DepthwiseConv2dNative, CZM_FOR_TENSORFLOW, czm_explicit_padding_applies,
     czm_explicit_padding_rewrite, "it does not know explicit paddings here"},
    {CZM_OP_DepthwiseConv2dNative, CZM_FOR_TENSORFLOW, czm_dilated_depthwise_applies,
     czm_dilated_depthwise_rewrite, "it ignores dilations here without saying so"},
    {CZM_OP_DepthwiseConv2dNative, CZM_FOR_TENSORFLOW, czm_dilated_filter_applies,
     czm_dilated_filter_rewrite, "it ignores dilations here without saying so"},
    {CZM_OP_Conv3D, CZM_FOR_TENSORFLOW, czm_dilated_filter_applies, czm_dilated_filter_rewrite,
     "its CPU kernel computes no dilated convolutions of volumes"},
    {CZM_OP_Conv2DBackpropInput, CZM_FOR_TENSORFLOW, czm_dilated_filter_applies,
     czm_dilated_filter_rewrite, "it rejects dilated transposed convolutions"},
    {CZM_OP_Conv3DBackpropInputV2, CZM_FOR_TENSORFLOW, czm_dilated_filter_applies,
     czm_dilated_filter_rewrite, "it rejects dilated transposed convolutions of volumes"},
    {CZM_OP_DepthwiseConv2dNative, CZM_FOR_TENSORFLOW, czm_unequal_strides_applies,
     czm_unequal_strides_rewrite, "its kernel accepts only equal strides"},
    {CZM_OP_Conv2DBackpropInput, CZM_FOR_TENSORFLOW, czm_short_sizes_applies,
     czm_short_sizes_rewrite, "it wants the sizes of all four dimensions"},
    {CZM_OP_FusedBatchNormV3, CZM_FOR_TENSORFLOW, czm_volume_norm_applies, czm_volume_norm_rewrite,
     "it does not know the layout of volumes here"},
    {CZM_OP_FusedBatchNorm, CZM_FOR_ALL, czm_training_norm_applies, czm_training_norm_rewrite,
     "it wants no running statistics in training mode"},
    {CZM_OP_FusedBatchNormV2, CZM_FOR_ALL, czm_training_norm_applies, czm_training_norm_rewrite,
     "it wants no running statistics in training mode"},
    {CZM_OP_FusedBatchNormV3, CZM_FOR_ALL, czm_training_norm_applies, czm_training_norm_rewrite,
     "it wants no running statistics in training mode"},
    {CZM_OP_PadV2, CZM_FOR_TENSORFLOW, czm_wide_paddings_apply, czm_wide_paddings_rewrite,
     "constant int64 paddings end its process"},
    {CZM_OP_Mean, CZM_FOR_ALL, czm_whole_mean_applies, czm_whole_mean_rewrite,
     "it adds up integers in their own type, where the sum wraps, and counts in it, too"},
    {CZM_OP_Case, CZM_FOR_TENSORFLOW, czm_case_applies, czm_case_rewrite,
     "its Python cannot load functions that an attribute lists"},
    {CZM_OP_StatelessCase, CZM_FOR_TENSORFLOW, czm_case_applies, czm_case_rewrite,
     "it knows only the stateful form"},
    {CZM_OP_StatelessCase, CZM_FOR_TENSORFLOW, czm_rename_applies, czm_rename_rewrite,
     "it knows only the stateful form"},
    {CZM_OP_BatchMatMulV3, CZM_FOR_TENSORFLOW, czm_matmul_v3_applies, czm_matmul_v3_rewrite,
     "it does not know the op"},
    {CZM_OP_MatrixDiagV2, CZM_FOR_TENSORFLOW, czm_diagonal_applies, czm_diagonal_rewrite,
     "it does not know the op"},
    {CZM_OP_MatrixDiagV3, CZM_FOR_TENSORFLOW, czm_diagonal_applies, czm_diagonal_rewrite,
     "it does not know the op"},
    {CZM_OP_MatrixDiagPartV2, CZM_FOR_TENSORFLOW, czm_diagonal_applies, czm_diagonal_rewrite,
     "it does not know the op"},
    {CZM_OP_MatrixDiagPartV3, CZM_FOR_TENSORFLOW, czm_diagonal_applies, czm_diagonal_rewrite,
     "it does not know the op"},
    {CZM_OP_MatrixSetDiagV2, CZM_FOR_TENSORFLOW, czm_diagonal_applies, czm_diagonal_rewrite,
     "it does not know the op"},
    {CZM_OP_MatrixSetDiagV3, CZM_FOR_TENSORFLOW, czm_diagonal_applies, czm_diagonal_rewrite,
     "it does not know the op"},
    {CZM_OP_BiasAdd, CZM_FOR_TENSORFLOW, czm_high_bias_applies, czm_high_bias_rewrite,
     "it adds biases up to rank 5"},
    {CZM_OP_ArgMax, CZM_FOR_TENSORFLOW, czm_high_place_applies, czm_high_place_rewrite,
     "it finds places up to rank 5"},
    {CZM_OP_ArgMin, CZM_FOR_TENSORFLOW, czm_high_place_applies, czm_high_place_rewrite,
     "it finds places up to rank 5"},
    {CZM_OP_XlaDynamicUpdateSlice, CZM_FOR_ALL, czm_update_applies, czm_update_rewrite,
     "it has the op for XLA alone"},
    {CZM_OP_OTHER, CZM_FOR_ALL, czm_promotion_applies, czm_promotion_rewrite,
     "it has no kernel for this type of half precision or of narrow integers"},
};

const size_t czm_rewrite_count = CZM_COUNT_OF(czm_rewrites);

const char *czm_lower_name(czm_lowering *l, const czm_node *node, const char *suffix) {
    return czm_arena_format(l->context->arena, "%s/%s", node->name, suffix);
}

czm_node *czm_lower_split(czm_lowering *l, czm_node *node, const char *suffix) {
    czm_node *core = czm_graph_add_named(l->graph, czm_lower_name(l, node, suffix), node->op);
    core->def = node->def;
    core->inputs = node->inputs;
    core->attrs = node->attrs;
    core->controls = node->controls;
    node->inputs = (czm_tensor_list){0};
    node->attrs = (czm_attr_list){0};
    node->scratch = core;
    return core;
}

void czm_lower_become(czm_lowering *l, czm_node *node, czm_op_kind op) {
    czm_node_become(l->graph, node, op);
    node->inputs = (czm_tensor_list){0};
    node->attrs = (czm_attr_list){0};
}

czm_node *czm_lower_add(czm_lowering *l, const czm_node *node, const char *suffix, czm_op_kind op,
                        czm_dtype dtype, czm_tensor a, czm_tensor b, czm_tensor c) {
    return czm_add_node(l->graph, czm_lower_name(l, node, suffix), op, dtype, a, b, c);
}

czm_tensor czm_lower_ints(czm_lowering *l, const czm_node *node, const char *suffix,
                          const int32_t *values, size_t count) {
    return czm_add_const_ints(l->graph, czm_lower_name(l, node, suffix), values, count, false);
}

czm_tensor czm_lower_int(czm_lowering *l, const czm_node *node, const char *suffix, int32_t value) {
    return czm_add_const_ints(l->graph, czm_lower_name(l, node, suffix), &value, 1, true);
}

czm_shape czm_lower_shape(const czm_lowering *l, czm_tensor tensor) {
    return l->shapes ? czm_shape_of(l->shapes, tensor) : czm_shape_unknown();
}

czm_value czm_lower_value(const czm_lowering *l, czm_tensor tensor) {
    return l->shapes ? czm_value_of(l->shapes, tensor) : (czm_value){0};
}

static bool rewrite(czm_lowering *l, czm_node *node) {
    for (size_t i = 0; i < czm_rewrite_count; i++) {
        const czm_rewrite *r = &czm_rewrites[i];
        bool is_op = r->op == CZM_OP_OTHER || czm_node_is(node, r->op);
        if (l->model->is_for_onnx && r->target == CZM_FOR_TENSORFLOW) continue;
        if (!is_op || !node->def || !r->applies(l, node)) continue;
        r->rewrite(l, node);
        return true;
    }
    return false;
}

// Outputs 1 and higher of a split node are those of the node that was split off it.
static void follow_splits(czm_tensor *t) {
    while (t->index > 0 && t->node->scratch) t->node = t->node->scratch;
}

static bool rewrite_all(czm_lowering *l) {
    czm_graph *graph = l->graph;
    size_t count = graph->nodes.count; // what a rewrite makes has its turn in the next round
    bool is_changed = false;
    for (size_t i = 0; i < count; i++) graph->nodes.items[i]->scratch = NULL;
    for (size_t i = 0; i < count; i++) is_changed |= rewrite(l, graph->nodes.items[i]);
    if (!is_changed) return false;
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++)
            follow_splits(&graph->nodes.items[i]->inputs.items[k]);
    for (size_t i = 0; i < graph->outputs.count; i++)
        follow_splits(&graph->outputs.items[i].tensor);
    czm_graph_sort(graph);
    return true;
}

// One rewrite may call for another: rounds go on until nothing changes. Shapes are inferred anew
// in each round, so that a rewrite may ask for the shape of anything.
static void lower_graph(czm_context *context, czm_model *model, czm_graph *graph) {
    enum { MOST_ROUNDS = 16 };
    czm_lowering l = {context, model, graph, NULL};
    for (int round = 0; round < MOST_ROUNDS; round++) {
        if (graph == &model->main) l.shapes = czm_shapes_infer(context->arena, model, NULL);
        if (!rewrite_all(&l)) return;
    }
}

void czm_pass_lower(czm_context *context, czm_model *model) {
    czm_each_graph(context, model, lower_graph);
}
