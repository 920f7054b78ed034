// SPDX-License-Identifier: Apache-2.0
//
// Repeated pixels; see repeat.h. Source: repeat_with_axis in tensorflow/python/ops/array_ops.py.
#include "write/onnx/repeat.h"

#include "shape/linear.h"
#include "write/onnx/scope.h"

enum { RANK = 4 };

typedef struct repetition {
    czm_tensor of;
    int64_t axis, factor;
} repetition;

static int read_ints(const czm_shapes *shapes, czm_tensor tensor, int64_t *out, size_t most) {
    return czm_value_ints(czm_value_of(shapes, tensor), out, most);
}

static bool is_op(const czm_node *node, czm_op_kind op, size_t inputs) {
    return czm_node_is(node, op) && node->inputs.count == inputs;
}

// Sizes of the tensor from number `begin` on, as a vector.
static bool are_sizes_from(const czm_shapes *shapes, const czm_node *slice, czm_tensor of,
                           int64_t begin) {
    int64_t first;
    if (!is_op(slice, CZM_OP_StridedSlice, 4) || czm_attr_int(slice, "shrink_axis_mask") != 0)
        return false;
    const czm_node *shape = slice->inputs.items[0].node;
    while (is_op(shape, CZM_OP_Cast, 1)) shape = shape->inputs.items[0].node;
    return is_op(shape, CZM_OP_Shape, 1) && czm_tensor_equal(shape->inputs.items[0], of) &&
           read_ints(shapes, slice->inputs.items[1], &first, 1) == 1 && first == begin;
}

// Whether the sizes are those of the image, with one of them times the factor: [:axis], [axis] * factor, [axis + 1:].
static bool are_sizes_of(const czm_shapes *shapes, czm_tensor sizes, const repetition *r) {
    czm_linear size;
    const czm_node *all = sizes.node;
    if (!is_op(all, CZM_OP_ConcatV2, 4)) return false;
    czm_shape before = czm_shape_of(shapes, all->inputs.items[0]);
    return before.rank == 1 && before.dims[0] == r->axis &&
           are_sizes_from(shapes, all->inputs.items[0].node, r->of, 0) &&
           are_sizes_from(shapes, all->inputs.items[2].node, r->of, r->axis + 1) &&
           czm_linear_of(shapes, all->inputs.items[1], 0, &size) &&
           czm_tensor_equal(size.of, r->of) && size.dim == r->axis && size.factor == r->factor &&
           size.offset == 0;
}

// If at most one size is open, the number of elements determines it.
static bool is_shape_of(czm_shape in, czm_shape out, const repetition *r) {
    int open = 0;
    for (int i = 0; i < RANK; i++) {
        int64_t by = i == r->axis ? r->factor : 1;
        bool is_open = in.dims[i] == CZM_UNKNOWN && out.dims[i] == CZM_UNKNOWN;
        if (!is_open && (in.dims[i] == CZM_UNKNOWN || in.dims[i] * by != out.dims[i])) return false;
        open += is_open;
    }
    return open <= 1;
}

static bool is_repetition(const czm_shapes *shapes, const czm_node *reshape, repetition *r) {
    int64_t multiples[RANK + 1];
    if (!is_op(reshape, CZM_OP_Reshape, 2)) return false;
    const czm_node *tile = reshape->inputs.items[0].node;
    if (!is_op(tile, CZM_OP_Tile, 2)) return false;
    const czm_node *expand = tile->inputs.items[0].node;
    if (!is_op(expand, CZM_OP_ExpandDims, 2)) return false;
    int64_t added;
    if (read_ints(shapes, tile->inputs.items[1], multiples, RANK + 1) != RANK + 1 ||
        read_ints(shapes, expand->inputs.items[1], &added, 1) != 1)
        return false;
    if (added < 0) added += RANK + 1;
    *r = (repetition){expand->inputs.items[0], added - 1, 1};
    czm_shape in = czm_shape_of(shapes, r->of),
              out = czm_shape_of(shapes, czm_output((czm_node *)reshape));
    if (in.rank != RANK || out.rank != RANK || r->axis < 1 || r->axis > 2) return false;
    for (int i = 0; i <= RANK; i++) {
        if (i != added && multiples[i] != 1) return false;
        r->factor *= multiples[i];
    }
    return is_shape_of(in, out, r) || are_sizes_of(shapes, reshape->inputs.items[1], r);
}

bool czm_onnx_put_repeated(czm_onnx_step *step) {
    enum { LARGEST = 64 };
    const czm_shapes *shapes = step->scope->shapes;
    float *factors = CZM_NEW_ARRAY(step->arena, float, RANK);
    repetition r;
    czm_tensor image = czm_output((czm_node *)step->node);
    for (int i = 0; i < RANK; i++) factors[i] = 1;
    while (image.index == 0 && is_repetition(shapes, image.node, &r)) {
        factors[r.axis + 1] *= (float)r.factor; // channels come second
        if (r.factor < 1 || factors[r.axis + 1] > LARGEST) return false;
        image = r.of;
    }
    if (image.node == step->node || !czm_dtype_is_floating(czm_tensor_dtype(image))) return false;
    czm_onnx_value *value = (czm_onnx_value *)image.node->scratch + image.index;
    const char *none = step->opset < 13 ? czm_onnx_floats(step, NULL, (const int64_t[]){0}, 1) : "";
    const char *name = CZM_ONNX(step, "Resize", czm_onnx_planar_of(step, value), none,
                                czm_onnx_floats(step, factors, (const int64_t[]){RANK}, 1));
    czm_onnx_set_text(step, "mode", "nearest");
    czm_onnx_set_text(step, "coordinate_transformation_mode", "asymmetric");
    czm_onnx_set_text(step, "nearest_mode", "floor");
    czm_onnx_out_planar(step, 0, name);
    return true;
}
