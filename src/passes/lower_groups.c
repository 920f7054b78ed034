// SPDX-License-Identifier: Apache-2.0
//
// Convolutions of groups of channels: TensorFlow 2.0.0 has none, and computes transposed ones wrongly. Nodes are
// channels last here; the layout rewrite comes first.
#include "passes/lower.h"

enum { MOST_GROUPS = 4096 };

// 0 when it is not known.
static int64_t groups_of(const czm_lowering *l, const czm_node *node) {
    int rank = czm_lower_rank(node);
    if (node->inputs.count != 2) return 0;
    czm_shape image = czm_lower_shape(l, node->inputs.items[0]);
    czm_shape filter = czm_lower_shape(l, node->inputs.items[1]);
    if (rank == 0 || image.rank != rank || filter.rank != rank) return 0;
    int64_t channels = image.dims[rank - 1], in = filter.dims[rank - 2];
    return channels > 0 && in > 0 && channels % in == 0 ? channels / in : 0;
}

bool czm_groups_applies(czm_lowering *l, czm_node *node) {
    int64_t groups = groups_of(l, node);
    return groups > 1 && groups <= MOST_GROUPS;
}

// One filter per channel is a depthwise convolution, whose filter has the same bytes in the same order and another
// shape.
static bool is_depthwise(const czm_lowering *l, const czm_node *node, int64_t groups) {
    int64_t filter[4], strides[4];
    return czm_lower_read_filter(l, node, 1, filter) && filter[2] == 1 && filter[3] % groups == 0 &&
           czm_attr_ints(node, "strides", strides, 4) == 4 && strides[1] == strides[2];
}

static void make_depthwise(czm_lowering *l, czm_node *node, int64_t groups) {
    int64_t filter[4];
    czm_lower_read_filter(l, node, 1, filter);
    const int32_t dims[] = {(int32_t)filter[0], (int32_t)filter[1], (int32_t)groups,
                            (int32_t)(filter[3] / groups)};
    node->inputs.items[1] = czm_lower_reshape(l, node, "filter", node->inputs.items[1],
                                              czm_lower_ints(l, node, "filter/shape", dims, 4));
    czm_node_become(l->graph, node, CZM_OP_DepthwiseConv2dNative);
    czm_remove_attr(node, "use_cudnn_on_gpu");
}

static czm_node *add_split(czm_lowering *l, const czm_node *node, const char *suffix,
                           czm_tensor value, int64_t groups) {
    czm_tensor axis = czm_lower_int(l, node, "axis", czm_lower_rank(node) - 1);
    czm_node *split = czm_lower_add(l, node, suffix, CZM_OP_Split, CZM_INPUTS(axis, value));
    czm_set_int(l->graph, split, "num_split", groups);
    return split;
}

// Joins the groups' results: `node` becomes their concatenation.
static void become_join(czm_lowering *l, czm_node *node, czm_tensor_list *parts) {
    *CZM_APPEND(l->context->arena, parts) =
        czm_lower_int(l, node, "axis", czm_lower_rank(node) - 1);
    czm_build_anew(l->graph, node, CZM_OP_ConcatV2, parts->items, parts->count);
}

void czm_groups_rewrite(czm_lowering *l, czm_node *node) {
    int64_t groups = groups_of(l, node);
    if (is_depthwise(l, node, groups)) {
        make_depthwise(l, node, groups);
        return;
    }
    czm_node *images = add_split(l, node, "input", node->inputs.items[0], groups);
    czm_node *filters = add_split(l, node, "filter", node->inputs.items[1], groups);
    czm_tensor_list parts = {0};
    for (uint32_t i = 0; i < groups; i++) {
        czm_node *part = czm_lower_copy(l, node, "group");
        *CZM_APPEND(l->context->arena, &parts) = czm_output(part);
        czm_node_add_input(l->graph, part, (czm_tensor){images, i});
        czm_node_add_input(l->graph, part, (czm_tensor){filters, i});
    }
    become_join(l, node, &parts);
}

// ---- groups of transposed convolutions, which 2.0.0 computes from memory it never wrote

static int64_t transposed_groups_of(const czm_lowering *l, const czm_node *node) {
    int64_t filter[4];
    if (!czm_lower_is_channels_last(node) || node->inputs.count != 3 ||
        !czm_lower_read_filter(l, node, 1, filter))
        return 0;
    czm_value sizes = czm_lower_value(l, node->inputs.items[0]);
    if (sizes.count != 4 || !sizes.elements[3].is_known) return 0;
    int64_t channels = (int64_t)sizes.elements[3].number;
    return channels > 0 && channels % filter[2] == 0 ? channels / filter[2] : 0;
}

bool czm_transposed_groups_applies(czm_lowering *l, czm_node *node) {
    int64_t groups = transposed_groups_of(l, node);
    return groups > 1 && groups <= MOST_GROUPS;
}

// The sizes of one group's result: all but the channels stay.
static czm_tensor group_sizes(czm_lowering *l, const czm_node *node) {
    int64_t filter[4];
    czm_lower_read_filter(l, node, 1, filter);
    const int32_t zero[] = {0}, three[] = {3}, channels[] = {(int32_t)filter[2]};
    czm_node *front = czm_lower_add(l, node, "sizes/front", CZM_OP_Slice,
                                    CZM_INPUTS(node->inputs.items[0],
                                               czm_lower_ints(l, node, "sizes/begin", zero, 1),
                                               czm_lower_ints(l, node, "sizes/size", three, 1)));
    return czm_output(
        czm_lower_add(l, node, "sizes", CZM_OP_ConcatV2,
                      CZM_INPUTS(czm_output(front),
                                 czm_lower_ints(l, node, "sizes/channels", channels, 1),
                                 czm_lower_int(l, node, "sizes/axis", 0))));
}

void czm_transposed_groups_rewrite(czm_lowering *l, czm_node *node) {
    int64_t groups = transposed_groups_of(l, node);
    czm_tensor sizes = group_sizes(l, node);
    czm_node *filters = add_split(l, node, "filter", node->inputs.items[1], groups);
    czm_node *images = add_split(l, node, "input", node->inputs.items[2], groups);
    czm_tensor_list parts = {0};
    for (uint32_t i = 0; i < groups; i++) {
        czm_node *part = czm_lower_copy(l, node, "group");
        *CZM_APPEND(l->context->arena, &parts) = czm_output(part);
        czm_node_add_input(l->graph, part, sizes);
        czm_node_add_input(l->graph, part, (czm_tensor){filters, i});
        czm_node_add_input(l->graph, part, (czm_tensor){images, i});
    }
    become_join(l, node, &parts);
}
