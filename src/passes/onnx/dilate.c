// SPDX-License-Identifier: Apache-2.0
//
// Joining dilated convolutions; see dilate.h. Source: tf.nn.with_space_to_batch (tensorflow/python/ops/nn_ops.py),
// which pads to a multiple of the dilation and crops the result.
#include "passes/onnx/dilate.h"

#include "graph/build.h"
#include "view/window.h"

enum { MOST_SPACE = 3, MOST_DIMS = MOST_SPACE + 2 };

// The three nodes, and their parameters.
typedef struct dilated {
    czm_node *before, *convolution, *after;
    size_t space; // dimensions
    int64_t block[MOST_SPACE];
    bool has_pads;                // else they are computed when the network runs
    int64_t pads[2 * MOST_SPACE]; // [before, after] each
} dilated;

static bool read_ints(const czm_shapes *shapes, czm_tensor tensor, int64_t *out, size_t count) {
    return czm_value_ints(czm_value_of(shapes, tensor), out, count) == (int)count;
}

static bool are_all_one(const czm_node *node, const char *attr) {
    int64_t values[MOST_DIMS];
    size_t count = czm_attr_ints(node, attr, values, CZM_COUNT_OF(values));
    for (size_t i = 0; i < count && i < CZM_COUNT_OF(values); i++)
        if (values[i] != 1) return false;
    return true;
}

static bool is_dense(const czm_node *node) {
    return node->inputs.count == 2 && czm_attr_is(node, "padding", "VALID") &&
           !czm_is_channels_first(node) && are_all_one(node, "strides") &&
           are_all_one(node, "dilations");
}

static size_t space_of(const czm_node *node) {
    if (czm_node_is(node, CZM_OP_Conv2D) || czm_node_is(node, CZM_OP_DepthwiseConv2dNative))
        return 2;
    return czm_node_is(node, CZM_OP_Conv3D) ? 3 : 0;
}

// Pixels that are cropped from the result need no padding.
static void read_pads(const czm_shapes *shapes, dilated *d) {
    int64_t crops[2 * MOST_SPACE];
    d->has_pads = read_ints(shapes, d->before->inputs.items[2], d->pads, 2 * d->space) &&
                  read_ints(shapes, d->after->inputs.items[2], crops, 2 * d->space);
    for (size_t side = 0; d->has_pads && side < 2 * d->space; side++) {
        d->pads[side] -= crops[side];
        d->has_pads = d->pads[side] >= 0;
    }
}

static bool is_dilated(const czm_shapes *shapes, czm_node *after, dilated *d) {
    int64_t back[MOST_SPACE];
    if (!czm_node_is(after, CZM_OP_BatchToSpaceND) || after->inputs.count != 3) return false;
    czm_node *convolution = after->inputs.items[0].node;
    size_t space = space_of(convolution);
    if (space == 0 || !is_dense(convolution)) return false;
    czm_node *before = convolution->inputs.items[0].node;
    if (!czm_node_is(before, CZM_OP_SpaceToBatchND) || before->inputs.count != 3) return false;
    *d = (dilated){.before = before, .convolution = convolution, .after = after, .space = space};
    if (!read_ints(shapes, before->inputs.items[1], d->block, space) ||
        !read_ints(shapes, after->inputs.items[1], back, space) ||
        memcmp(d->block, back, space * sizeof *back) != 0)
        return false;
    read_pads(shapes, d);
    return true;
}

// ---- paddings that are computed

// The batch and the channels get none.
static czm_tensor all_paddings(czm_graph *graph, const dilated *d) {
    static const int64_t pair[] = {1, 2};
    static const uint8_t zeros[2 * sizeof(int32_t)];
    czm_tensor paddings = d->before->inputs.items[2], crops = d->after->inputs.items[2], none = {0};
    czm_dtype dtype = czm_tensor_dtype(paddings);
    const char *name = d->after->name;
    if (czm_tensor_dtype(crops) != dtype || dtype != CZM_DTYPE_INT32) return none;
    czm_node *left = czm_build_node(graph, name, CZM_OP_Sub, CZM_INPUTS(paddings, crops));
    czm_tensor rest = czm_add_const(graph, name, dtype, czm_bytes_of(zeros, sizeof zeros), pair, 2);
    czm_tensor axis = czm_add_const_ints(graph, name, (const int32_t[]){0}, 1, true);
    return czm_output(czm_build_node(graph, name, CZM_OP_ConcatV2,
                                     CZM_INPUTS(rest, czm_output(left), rest, axis)));
}

static czm_tensor padded(czm_graph *graph, const dilated *d) {
    czm_tensor image = d->before->inputs.items[0], none = {0}, paddings = all_paddings(graph, d);
    if (!paddings.node) return none;
    return czm_output(
        czm_build_node(graph, d->after->name, CZM_OP_Pad, CZM_INPUTS(image, paddings)));
}

// ---- joining

static void pad_explicitly(czm_graph *graph, czm_node *node, const dilated *d) {
    int64_t pads[2 * MOST_DIMS] = {0};
    memcpy(pads + 2, d->pads, 2 * d->space * sizeof *pads);
    czm_set_string(graph, node, "padding", "EXPLICIT");
    czm_set_ints(graph, node, "explicit_paddings", pads, 2 * (d->space + 2));
}

// In place, so that readers are unchanged.
static bool join(czm_graph *graph, const dilated *d) {
    int64_t dilations[MOST_DIMS] = {1, 1, 1, 1, 1};
    czm_tensor image = d->has_pads ? d->before->inputs.items[0] : padded(graph, d);
    czm_tensor filter = d->convolution->inputs.items[1];
    czm_node *node = d->after;
    if (!image.node) return false;
    memcpy(dilations + 1, d->block, d->space * sizeof *dilations);
    czm_node_become(graph, node, czm_node_kind(d->convolution));
    node->inputs = (czm_tensor_list){0};
    czm_node_add_input(graph, node, image);
    czm_node_add_input(graph, node, filter);
    node->attrs = (czm_attr_list){0};
    for (size_t i = 0; i < d->convolution->attrs.count; i++)
        *CZM_APPEND(graph->arena, &node->attrs) = d->convolution->attrs.items[i];
    if (d->has_pads) pad_explicitly(graph, node, d);
    czm_set_ints(graph, node, "dilations", dilations, d->space + 2);
    return true;
}

bool czm_onnx_join_dilations(czm_model *model, const czm_shapes *shapes) {
    czm_graph *graph = &model->main;
    size_t count = graph->nodes.count;
    bool is_changed = false;
    for (size_t i = 0; i < count; i++) {
        dilated d;
        if (is_dilated(shapes, graph->nodes.items[i], &d)) is_changed |= join(graph, &d);
    }
    if (is_changed) czm_graph_sort(graph);
    return is_changed;
}
