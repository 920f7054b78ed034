// SPDX-License-Identifier: Apache-2.0
//
// Ops that gather by index, and ops that return indices.
#include "write/onnx/layout.h"
#include "write/onnx/ops.h"

enum { MOST = CZM_ONNX_MOST_DIMS };

// Gathers in each batch separately: GatherND supports batches, but only the first axis after them.
static void gather_in_batches(czm_onnx_step *step) {
    const czm_onnx_value *value = czm_onnx_in(step, 0);
    int64_t batches = czm_attr_int(step->node, "batch_dims"), axis = 0, last = -1;
    if (czm_onnx_in_count(step) > 2 && czm_onnx_in_ints(step, 2, &axis, 1) != 1)
        axis = CZM_UNKNOWN - MOST;
    if (axis < 0 && value->shape.rank != CZM_UNKNOWN) axis += value->shape.rank;
    if (batches < 0) batches += czm_onnx_in(step, 1)->shape.rank;
    if (axis != batches || czm_onnx_in(step, 1)->shape.rank == CZM_UNKNOWN) {
        czm_onnx_refuse(step, "ONNX gathers along the first dimension of a batch only");
        return;
    }
    const char *places = czm_onnx_in_plain(step, 1);
    if (czm_onnx_in(step, 1)->dtype != CZM_DTYPE_INT64)
        places = czm_onnx_emit_cast(step, places, CZM_DTYPE_INT64);
    places = czm_onnx_emit_with_axes(step, "Unsqueeze", places, &last, 1, 13);
    czm_onnx_out(step, 0, CZM_ONNX(step, "GatherND", czm_onnx_in_plain(step, 0), places));
    czm_onnx_set_int(step, "batch_dims", batches);
}

// Adds the amounts of the padding that the node is, if its indices repeat the first and the last row or column:
// 0 0 1 2 3 3.
static bool add_padding(czm_onnx_step *step, int64_t *pads) {
    czm_shape shape = czm_onnx_in(step, 0)->shape;
    int64_t axis, before = 0;
    size_t count;
    if (czm_onnx_in_count(step) != 3 || czm_onnx_in_ints(step, 2, &axis, 1) != 1 || axis < 0 ||
        axis >= shape.rank || shape.dims[axis] < 1)
        return false;
    const int64_t *places = czm_onnx_in_places(step, 1, &count);
    if (!places || (int64_t)count <= shape.dims[axis]) return false;
    const int64_t last = shape.dims[axis] - 1;
    while (before < (int64_t)count - 1 && places[before + 1] == 0) before++;
    for (size_t i = 0; i < count; i++) {
        int64_t at = (int64_t)i - before;
        if (places[i] != (at < 0 ? 0 : at > last ? last : at)) return false;
    }
    const int64_t planar = czm_onnx_planar_axis(axis, shape.rank);
    pads[planar] = before;
    pads[planar + shape.rank] = (int64_t)count - before - shape.dims[axis];
    return pads[planar + shape.rank] >= 0;
}

// A Pad of mode "edge" that repeats pixels along one axis after the other. (1.4.0 computes it wrongly unless the last
// axis is padded.)
static bool put_edges(czm_onnx_step *step) {
    int64_t pads[2 * MOST] = {0};
    czm_onnx_step above = *step;
    int rank = czm_onnx_in(step, 0)->shape.rank;
    if (!add_padding(&above, pads)) return false;
    for (;;) {
        const czm_node *node = above.node->inputs.items[0].node;
        if (czm_onnx_in(&above, 0)->readers != 1 || !czm_node_is(node, CZM_OP_GatherV2)) break;
        czm_onnx_step next = above;
        next.node = node;
        if (!add_padding(&next, pads)) break;
        above = next;
    }
    if (!czm_onnx_is_planar_image(&above, 0) || (!pads[rank - 1] && !pads[2 * rank - 1]))
        return false;
    const char *name = CZM_ONNX(step, "Pad", czm_onnx_in_planar(&above, 0),
                                czm_onnx_ints(step, pads, 2 * (size_t)rank));
    czm_onnx_set_text(step, "mode", "edge");
    czm_onnx_out_planar(step, 0, name);
    return true;
}

// Sizes of an image in planar layout: one Gather, or none.
static bool put_sizes(czm_onnx_step *step) {
    czm_onnx_step above = *step;
    above.node = step->node->inputs.items[0].node;
    size_t count;
    const int64_t *places = czm_onnx_in_places(step, 1, &count);
    if (!places || !czm_node_is(above.node, CZM_OP_Shape) || !czm_onnx_is_planar_image(&above, 0) ||
        step->outputs[0].dtype != CZM_DTYPE_INT64 || count > MOST)
        return false;
    int rank = czm_onnx_in(&above, 0)->shape.rank;
    int64_t planar[MOST];
    bool is_all = (int)count == rank;
    for (size_t i = 0; i < count; i++) {
        if (places[i] < 0 || places[i] >= rank) return false;
        planar[i] = czm_onnx_planar_axis(places[i], rank);
        is_all &= planar[i] == (int64_t)i;
    }
    const char *sizes = CZM_ONNX(step, "Shape", czm_onnx_in_planar(&above, 0));
    czm_onnx_out(step, 0,
                 is_all ? sizes
                        : CZM_ONNX(step, "Gather", sizes, czm_onnx_ints(step, planar, count)));
    return true;
}

void czm_onnx_gather(czm_onnx_step *step) {
    int64_t axis = 0;
    int rank = czm_onnx_in(step, 0)->shape.rank;
    if (czm_attr_int(step->node, "batch_dims") != 0) {
        gather_in_batches(step);
        return;
    }
    if (czm_onnx_in_count(step) > 2 &&
        (czm_onnx_in_ints(step, 2, &axis, 1) != 1 || rank == CZM_UNKNOWN)) {
        czm_onnx_refuse(step, "its axis is not known");
        return;
    }
    bool is_planar = czm_onnx_is_planar_image(step, 0) && czm_onnx_in(step, 1)->shape.rank == 1;
    if ((is_planar && put_edges(step)) || put_sizes(step)) return;
    const char *name = CZM_ONNX(step, "Gather", czm_onnx_in_layout(step, 0, is_planar),
                                czm_onnx_in_plain(step, 1));
    czm_onnx_set_int(step, "axis", czm_onnx_axis_in_layout(axis, rank, is_planar));
    czm_onnx_out_layout(step, 0, is_planar, name);
}

void czm_onnx_gather_nd(czm_onnx_step *step) {
    const char *indices = czm_onnx_in_plain(step, 1);
    if (czm_onnx_in(step, 1)->dtype != CZM_DTYPE_INT64)
        indices = czm_onnx_emit_cast(step, indices, CZM_DTYPE_INT64);
    czm_onnx_out(step, 0, CZM_ONNX(step, "GatherND", czm_onnx_in_plain(step, 0), indices));
    czm_onnx_set_int(step, "batch_dims", czm_attr_int(step->node, "batch_dims"));
}

// The numbers 0, 1 ... up to the depth.
static const char *classes_of(czm_onnx_step *step, czm_dtype dtype) {
    const char *depth = czm_onnx_emit_reshape(step, czm_onnx_in_int64(step, 1), NULL, 0);
    const char *all = CZM_ONNX(step, "Range", czm_onnx_number(step, CZM_DTYPE_INT64, 0), depth,
                               czm_onnx_number(step, CZM_DTYPE_INT64, 1));
    return dtype == CZM_DTYPE_INT64 ? all : czm_onnx_emit_cast(step, all, dtype);
}

// OneHot(indices, depth, on, off): each index is compared with all classes. ONNX's OneHot counts negative indices
// from the end, does not accept scalars, and has kernels for few types.
void czm_onnx_one_hot(czm_onnx_step *step) {
    int rank = czm_onnx_in(step, 0)->shape.rank;
    int64_t at = czm_attr_int(step->node, "axis"), dims[MOST];
    if (rank == CZM_UNKNOWN || rank >= MOST) {
        czm_onnx_refuse(step, "the rank of its indices is not known");
        return;
    }
    if (at < 0) at = rank;
    for (int i = 0; i <= rank; i++) dims[i] = i == at ? -1 : 1;
    const char *classes = classes_of(step, czm_onnx_in(step, 0)->dtype);
    if (at < rank) classes = czm_onnx_emit_reshape(step, classes, dims, rank + 1);
    const char *indices =
        czm_onnx_emit_with_axes(step, "Unsqueeze", czm_onnx_in_plain(step, 0), &at, 1, 13);
    czm_onnx_out(step, 0,
                 CZM_ONNX(step, "Where", CZM_ONNX(step, "Equal", indices, classes),
                          czm_onnx_in_plain(step, 2), czm_onnx_in_plain(step, 3)));
}

// ---- positions

// The positions of all elements that are not zero, one row for each.
void czm_onnx_where(czm_onnx_step *step) {
    const int64_t order[] = {1, 0};
    const char *condition = czm_onnx_in_plain(step, 0);
    if (czm_onnx_in(step, 0)->dtype != CZM_DTYPE_BOOL)
        condition = czm_onnx_emit_cast(step, condition, CZM_DTYPE_BOOL);
    czm_onnx_out(step, 0,
                 czm_onnx_emit_transpose(step, CZM_ONNX(step, "NonZero", condition), order, 2));
}

// The positions, sorted by the numbers at them.
void czm_onnx_inverse_order(czm_onnx_step *step) { // InvertPermutation
    const char *order = czm_onnx_in_int64(step, 0);
    CZM_ONNX(step, "TopK", order, CZM_ONNX(step, "Shape", order));
    czm_onnx_set_int(step, "largest", 0);
    czm_onnx_out(step, 0,
                 czm_onnx_emit_cast(step, czm_onnx_emit_more(step), step->outputs[0].dtype));
}
