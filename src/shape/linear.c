// SPDX-License-Identifier: Apache-2.0
//
// Sizes as multiples of sizes; see linear.h. Layers write shape(x)[1] * 2 + 1 as Pack, AddV2, Mul,
// StridedSlice and Shape, and shape(x)[1:3] * [2, 2] as Mul, StridedSlice and Shape.
#include "shape/linear.h"

#include <math.h>

#include "view/slice.h"

enum { MOST_STEPS = 64, LARGEST = 1 << 30 };

// Sizes times 1.5 are rounded: only whole numbers keep this form.
static bool is_whole(double number) { return fabs(number) < LARGEST && floor(number) == number; }

static bool read_number(const czm_shapes *shapes, czm_tensor tensor, int64_t *number) {
    double value;
    if (!czm_value_number(czm_value_of(shapes, tensor), &value) || !is_whole(value)) return false;
    *number = (int64_t)value;
    return true;
}

static bool is_unchanged(const czm_node *node) {
    return (czm_node_is(node, CZM_OP_Identity) || czm_node_is(node, CZM_OP_Cast)) &&
           node->inputs.count == 1;
}

// shape(of)[dim], or with `is_list` the list that begins there
static bool read_dim(const czm_shapes *shapes, const czm_node *node, bool is_list,
                     czm_linear *out) {
    czm_slicing slicing;
    if (!czm_node_is(node, CZM_OP_StridedSlice) || node->inputs.count != 4) return false;
    const czm_tensor *inputs = node->inputs.items;
    const czm_node *shape = inputs[0].node;
    while (is_unchanged(shape)) shape = shape->inputs.items[0].node;
    if (!czm_node_is(shape, CZM_OP_Shape) || shape->inputs.count != 1 ||
        !czm_slicing_read(node, 1, 1, czm_value_of(shapes, inputs[1]),
                          czm_value_of(shapes, inputs[2]), czm_value_of(shapes, inputs[3]),
                          &slicing))
        return false;
    const czm_part *part = &slicing.parts[0];
    out->of = shape->inputs.items[0];
    out->dim = part->begin.at;
    return part->kind == (is_list ? CZM_PART_RANGE : CZM_PART_INDEX) && part->begin.is_known &&
           !part->begin.is_open && part->stride == 1;
}

// Entry `index` of the factors; a single one is that of all dimensions.
static bool read_factor(const czm_shapes *shapes, czm_tensor tensor, size_t index,
                        int64_t *factor) {
    czm_value factors = czm_value_of(shapes, tensor);
    size_t at = factors.count == 1 ? 0 : index;
    if (!factors.elements || at >= factors.count || !factors.elements[at].is_known ||
        !is_whole(factors.elements[at].number))
        return false;
    *factor = (int64_t)factors.elements[at].number;
    return true;
}

// shape(of)[dim:] * factors, in either order
static bool read_product(const czm_shapes *shapes, const czm_node *node, size_t index,
                         czm_linear *out) {
    if (!czm_node_is(node, CZM_OP_Mul) || node->inputs.count != 2) return false;
    for (size_t i = 0; i < 2; i++) {
        const czm_node *list = node->inputs.items[i].node;
        while (is_unchanged(list)) list = list->inputs.items[0].node;
        if (read_factor(shapes, node->inputs.items[1 - i], index, &out->factor) &&
            read_dim(shapes, list, true, out)) {
            out->dim += (int64_t)index;
            return true;
        }
    }
    out->factor = 1;
    return false;
}

// The value is factor * x + offset; each step replaces x by its own input, up to the shape. false at the end.
static bool step_down(const czm_shapes *shapes, czm_tensor *x, czm_linear *out) {
    const czm_node *node = x->node;
    int64_t number;
    if (is_unchanged(node)) {
        *x = node->inputs.items[0];
        return true;
    }
    bool is_sum = czm_node_is(node, CZM_OP_AddV2) || czm_node_is(node, CZM_OP_Add);
    if ((!is_sum && !czm_node_is(node, CZM_OP_Mul)) || node->inputs.count != 2) return false;
    size_t known = read_number(shapes, node->inputs.items[0], &number) ? 0 : 1;
    if (!read_number(shapes, node->inputs.items[known], &number)) return false;
    if (is_sum) {
        out->offset += out->factor * number;
    } else {
        out->factor *= number;
    }
    *x = node->inputs.items[1 - known];
    return out->factor < LARGEST && out->factor > -LARGEST && out->offset < LARGEST &&
           out->offset > -LARGEST;
}

bool czm_linear_of(const czm_shapes *shapes, czm_tensor sizes, size_t index, czm_linear *out) {
    while (is_unchanged(sizes.node)) sizes = sizes.node->inputs.items[0];
    *out = (czm_linear){.factor = 1};
    if (read_product(shapes, sizes.node, index, out)) return true;
    if (!czm_node_is(sizes.node, CZM_OP_Pack) || index >= sizes.node->inputs.count) return false;
    czm_tensor x = sizes.node->inputs.items[index];
    for (int i = 0; i < MOST_STEPS && step_down(shapes, &x, out); i++) continue;
    return read_dim(shapes, x.node, false, out);
}
