// SPDX-License-Identifier: Apache-2.0
//
// Joining dilated convolutions; see dilate.h. Source: tf.nn.with_space_to_batch
// (tensorflow/python/ops/nn_ops.py), which pads to a multiple of the dilation and crops that again.
#include "onnx/dilate.h"

enum { TOP, BOTTOM, LEFT, RIGHT, SIDES, SPACE = 2 };

// The three nodes, and what they say.
typedef struct dilated {
    czm_node *before, *convolution, *after;
    int64_t block[SPACE], pads[SIDES];
} dilated;

static bool read_ints(const czm_shapes *shapes, czm_tensor tensor, int64_t *out, size_t count) {
    czm_value value = czm_value_of(shapes, tensor);
    if (!value.elements || value.count != count) return false;
    for (size_t i = 0; i < count; i++) {
        if (!value.elements[i].is_known) return false;
        out[i] = (int64_t)value.elements[i].number;
    }
    return true;
}

static bool are_all_one(const czm_node *node, const char *attr) {
    int64_t values[4];
    size_t count = czm_attr_ints(node, attr, values, CZM_COUNT_OF(values));
    for (size_t i = 0; i < count && i < CZM_COUNT_OF(values); i++)
        if (values[i] != 1) return false;
    return true;
}

static bool is_dense(const czm_node *node) {
    return (czm_node_is(node, "Conv2D") || czm_node_is(node, "DepthwiseConv2dNative")) &&
           czm_attr_is(node, "padding", "VALID") && !czm_attr_is(node, "data_format", "NCHW") &&
           are_all_one(node, "strides") && are_all_one(node, "dilations");
}

// What is cropped from the result need not have been padded.
static bool read_numbers(const czm_shapes *shapes, dilated *d) {
    int64_t back[SPACE], crops[SIDES];
    if (!read_ints(shapes, d->before->inputs.items[1], d->block, SPACE) ||
        !read_ints(shapes, d->before->inputs.items[2], d->pads, SIDES) ||
        !read_ints(shapes, d->after->inputs.items[1], back, SPACE) ||
        !read_ints(shapes, d->after->inputs.items[2], crops, SIDES))
        return false;
    for (int side = 0; side < SIDES; side++) {
        d->pads[side] -= crops[side];
        if (d->pads[side] < 0) return false;
    }
    return memcmp(d->block, back, sizeof back) == 0;
}

static bool is_dilated(const czm_shapes *shapes, czm_node *after, dilated *d) {
    if (!czm_node_is(after, "BatchToSpaceND") || after->inputs.count != 3) return false;
    czm_node *convolution = after->inputs.items[0].node;
    if (!is_dense(convolution) || convolution->inputs.count != 2) return false;
    czm_node *before = convolution->inputs.items[0].node;
    if (!czm_node_is(before, "SpaceToBatchND") || before->inputs.count != 3) return false;
    *d = (dilated){.before = before, .convolution = convolution, .after = after};
    return read_numbers(shapes, d);
}

// In place, so that no reader has to be told.
static void join(czm_graph *graph, const dilated *d) {
    const int64_t dilations[] = {1, d->block[0], d->block[1], 1};
    const int64_t pads[] = {0, 0, d->pads[TOP], d->pads[BOTTOM], d->pads[LEFT], d->pads[RIGHT],
                            0, 0};
    czm_node *node = d->after;
    node->op = d->convolution->op;
    node->def = d->convolution->def;
    node->inputs = (czm_tensor_list){0};
    czm_node_add_input(graph, node, d->before->inputs.items[0]);
    czm_node_add_input(graph, node, d->convolution->inputs.items[1]);
    node->attrs = (czm_attr_list){0};
    for (size_t i = 0; i < d->convolution->attrs.count; i++)
        *CZM_APPEND(graph->arena, &node->attrs) = d->convolution->attrs.items[i];
    czm_set_string(graph, node, "padding", "EXPLICIT");
    czm_set_ints(graph, node, "explicit_paddings", pads, CZM_COUNT_OF(pads));
    czm_set_ints(graph, node, "dilations", dilations, CZM_COUNT_OF(dilations));
}

bool czm_onnx_join_dilations(czm_model *model, const czm_shapes *shapes) {
    czm_graph *graph = &model->main;
    bool is_changed = false;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        dilated d;
        if (!is_dilated(shapes, graph->nodes.items[i], &d)) continue;
        join(graph, &d);
        is_changed = true;
    }
    if (is_changed) czm_graph_sort(graph);
    return is_changed;
}
