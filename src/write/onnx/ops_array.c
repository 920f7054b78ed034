// SPDX-License-Identifier: Apache-2.0
//
// Ops that change shapes, join and split.
#include "write/onnx/layout.h"
#include "write/onnx/ops.h"
#include "write/onnx/repeat.h"

enum { MOST = CZM_ONNX_MOST_DIMS };

// ---- shapes

// The shape for ONNX's Reshape, if at most one dimension is not known.
static bool reshape_dims(czm_shape shape, int64_t *dims) {
    int unknown = 0;
    if (shape.rank == CZM_UNKNOWN || shape.rank > MOST) return false;
    for (int i = 0; i < shape.rank; i++) {
        dims[i] = shape.dims[i] == CZM_UNKNOWN ? -1 : shape.dims[i];
        unknown += dims[i] == -1;
        if (dims[i] == 0) return false; // means "as before" in ONNX
    }
    return unknown <= 1;
}

void czm_onnx_reshape(czm_onnx_step *step) {
    int64_t dims[MOST];
    czm_shape shape = czm_onnx_out_shape(step, 0);
    if (czm_onnx_put_repeated(step)) return;
    if (reshape_dims(shape, dims))
        czm_onnx_out(step, 0,
                     czm_onnx_emit_reshape(step, czm_onnx_in_plain(step, 0), dims, shape.rank));
    else
        czm_onnx_out(step, 0,
                     CZM_ONNX(step, "Reshape", czm_onnx_in_plain(step, 0),
                              czm_onnx_in_int64(step, 1)));
}

// A new dimension of size 1 between the spatial ones does not move channels. At the end it is the only channel of an
// image, which ONNX Runtime computes faster channels first.
void czm_onnx_expand_dims(czm_onnx_step *step) {
    int rank = czm_onnx_in(step, 0)->shape.rank;
    int64_t axis;
    if (rank == CZM_UNKNOWN || czm_onnx_in_ints(step, 1, &axis, 1) != 1) {
        czm_onnx_refuse(step, "its axis is not known");
        return;
    }
    if (axis < 0) axis += rank + 1;
    bool is_planar = czm_onnx_is_planar_image(step, 0) && axis > 0 && axis < rank &&
                     czm_onnx_out_shape(step, 0).rank != CZM_UNKNOWN;
    bool is_channel = rank > 2 && axis == rank && !czm_onnx_is_planar_image(step, 0);
    int64_t at = is_planar ? axis + 1 : is_channel ? 1 : axis;
    czm_onnx_out_layout(step, 0, is_planar || is_channel,
                        czm_onnx_emit_with_axes(step, "Unsqueeze",
                                                czm_onnx_in_layout(step, 0, is_planar), &at, 1,
                                                13));
}

// Removes all dimensions of size 1, which may only be known when the network runs.
static void squeeze_open(czm_onnx_step *step) {
    const char *name = czm_onnx_in_plain(step, 0), *shape = CZM_ONNX(step, "Shape", name);
    const char *is_kept =
        CZM_ONNX(step, "Not", CZM_ONNX(step, "Equal", shape, czm_onnx_int(step, 1)));
    czm_onnx_out(step, 0,
                 CZM_ONNX(step, "Reshape", name, CZM_ONNX(step, "Compress", shape, is_kept)));
}

void czm_onnx_squeeze(czm_onnx_step *step) {
    const czm_onnx_value *value = czm_onnx_in(step, 0);
    int rank = value->shape.rank;
    int64_t axes[MOST];
    size_t count = czm_attr_ints(step->node, "squeeze_dims", axes, MOST);
    if (count == 0 && !czm_shape_is_complete(value->shape)) {
        squeeze_open(step);
        return;
    }
    if (rank == CZM_UNKNOWN || rank > MOST || count > MOST) {
        czm_onnx_refuse(step, "the rank of its input is not known");
        return;
    }
    if (count == 0)
        for (int i = 0; i < rank; i++)
            if (value->shape.dims[i] == 1) axes[count++] = i;
    if (count == 0) { // ONNX has no Squeeze of no axes
        czm_onnx_pass(step);
        return;
    }
    bool is_planar = czm_onnx_is_planar_image(step, 0) && czm_onnx_out_shape(step, 0).rank > 2;
    for (size_t i = 0; i < count; i++) {
        if (axes[i] < 0) axes[i] += rank;
        is_planar &= axes[i] > 0 && axes[i] < rank - 1;
    }
    for (size_t i = 0; is_planar && i < count; i++) axes[i]++;
    czm_onnx_out_layout(step, 0, is_planar,
                        czm_onnx_emit_with_axes(step, "Squeeze",
                                                czm_onnx_in_layout(step, 0, is_planar), axes,
                                                (int)count, 13));
}

// A transposition of a tensor that is stored transposed often needs no node.
void czm_onnx_transpose(czm_onnx_step *step) {
    int64_t order[MOST];
    int rank = czm_onnx_in_ints(step, 1, order, MOST);
    if (rank < 0) {
        czm_onnx_refuse(step, "its order is not known");
        return;
    }
    bool is_planar = czm_onnx_is_planar_image(step, 0), is_same = true, is_to_plain = rank > 2;
    for (int i = 0; i < rank; i++) {
        is_to_plain &= order[i] == czm_onnx_planar_axis(i, rank);
        if (is_planar) order[i] = czm_onnx_planar_axis(order[i], rank);
        is_same &= order[i] == i;
    }
    const char *of = czm_onnx_in_layout(step, 0, is_planar);
    if (is_same)
        czm_onnx_out(step, 0, of);
    else if (is_to_plain && !is_planar)
        czm_onnx_out_planar(step, 0, of);
    else
        czm_onnx_out(step, 0, czm_onnx_emit_transpose(step, of, order, rank));
}

static void put_shape(czm_onnx_step *step, size_t input) {
    bool is_planar = czm_onnx_is_planar_image(step, input);
    int rank = czm_onnx_in(step, input)->shape.rank;
    int64_t order[MOST];
    const char *shape = CZM_ONNX(step, "Shape", czm_onnx_in_layout(step, input, is_planar));
    for (int i = 0; is_planar && i < rank; i++) order[i] = czm_onnx_planar_axis(i, rank);
    if (is_planar)
        shape = CZM_ONNX(step, "Gather", shape, czm_onnx_ints(step, order, (size_t)rank));
    czm_dtype dtype = step->outputs[input].dtype;
    czm_onnx_out(step, input,
                 dtype == CZM_DTYPE_INT64 ? shape : czm_onnx_emit_cast(step, shape, dtype));
}

void czm_onnx_shape(czm_onnx_step *step) { // Shape, ShapeN
    for (size_t i = 0; i < step->output_count && i < czm_onnx_in_count(step); i++)
        put_shape(step, i);
}

void czm_onnx_rank(czm_onnx_step *step) {
    const int64_t only = 0;
    const char *shape = CZM_ONNX(step, "Shape", czm_onnx_in_plain(step, 0));
    const char *rank = CZM_ONNX(step, "Shape", shape);
    rank = czm_onnx_emit_with_axes(step, "Squeeze", rank, &only, 1, 13);
    czm_onnx_out(step, 0, czm_onnx_emit_cast(step, rank, CZM_DTYPE_INT32));
}

void czm_onnx_size(czm_onnx_step *step) {
    const char *size = CZM_ONNX(step, "Size", czm_onnx_in_plain(step, 0));
    czm_dtype dtype = step->outputs[0].dtype;
    czm_onnx_out(step, 0, dtype == CZM_DTYPE_INT64 ? size : czm_onnx_emit_cast(step, size, dtype));
}

// ---- joining and splitting

// ConcatV2 has its axis at the end, Concat at the beginning.
void czm_onnx_concat(czm_onnx_step *step) {
    size_t parts = czm_onnx_in_count(step) - 1, first = czm_node_is(step->node, CZM_OP_Concat);
    int64_t axis;
    czm_onnx_layout layout = czm_onnx_layout_among(step, first, parts);
    if (czm_onnx_in_ints(step, first ? 0 : parts, &axis, 1) != 1) {
        czm_onnx_refuse(step, "its axis is not known");
        return;
    }
    for (size_t i = first; i < first + parts; i++)
        layout.is_planar &= czm_onnx_in(step, i)->shape.rank == layout.rank;
    const char **names = CZM_NEW_ARRAY(step->arena, const char *, parts + 1);
    for (size_t i = 0; i < parts; i++)
        names[i] = czm_onnx_in_layout(step, first + i, layout.is_planar);
    if (layout.is_planar) axis = czm_onnx_axis_in_layout(axis, layout.rank, true);
    czm_onnx_out_layout(step, 0, layout.is_planar, czm_onnx_emit_concat(step, names, axis));
}

void czm_onnx_pack(czm_onnx_step *step) {
    int64_t axis = czm_attr_int(step->node, "axis");
    size_t count = czm_onnx_in_count(step);
    const char **names = CZM_NEW_ARRAY(step->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        int rank = czm_onnx_in(step, i)->shape.rank;
        if (axis < 0 && rank == CZM_UNKNOWN) {
            czm_onnx_refuse(step, "the rank of its input is not known");
            return;
        }
        int64_t at = axis < 0 ? axis + rank + 1 : axis;
        names[i] =
            czm_onnx_emit_with_axes(step, "Unsqueeze", czm_onnx_in_plain(step, i), &at, 1, 13);
    }
    czm_onnx_out(step, 0, czm_onnx_emit_concat(step, names, axis));
}

// Since opset 13 the sizes are an input; since 18 an attribute is the number of equal parts.
static void split(czm_onnx_step *step, const char *of, int64_t axis, const int64_t *sizes,
                  size_t count, const char **parts) {
    parts[0] = step->opset >= 13 ? CZM_ONNX(step, "Split", of, czm_onnx_ints(step, sizes, count))
                                 : CZM_ONNX(step, "Split", of);
    czm_onnx_set_int(step, "axis", axis);
    if (step->opset < 13) czm_onnx_set_ints(step, "split", sizes, count);
    for (size_t i = 1; i < count; i++) parts[i] = czm_onnx_emit_more(step);
}

typedef struct splitting {
    size_t input, count;
    int64_t axis;
    int64_t *sizes;
} splitting;

static void split_input(czm_onnx_step *step, const splitting *s, bool is_planar,
                        const char **parts) {
    int rank = czm_onnx_in(step, s->input)->shape.rank;
    split(step, czm_onnx_in_layout(step, s->input, is_planar),
          czm_onnx_axis_in_layout(s->axis, rank, is_planar), s->sizes, s->count, parts);
}

static bool find_length(czm_onnx_step *step, splitting *s, int64_t *length) {
    czm_shape shape = czm_onnx_in(step, s->input)->shape;
    if (s->axis < 0) s->axis += shape.rank;
    bool is_known = shape.rank != CZM_UNKNOWN && s->axis >= 0 && s->axis < shape.rank &&
                    shape.dims[s->axis] != CZM_UNKNOWN;
    *length = is_known ? shape.dims[s->axis] : 0;
    if (!is_known) czm_onnx_refuse_size(step, "the size of its input is not known");
    return is_known;
}

static void put_parts(czm_onnx_step *step, const splitting *s) {
    const char **parts = CZM_NEW_ARRAY(step->arena, const char *, s->count);
    bool is_planar = czm_onnx_is_planar_image(step, s->input);
    split_input(step, s, is_planar, parts);
    for (size_t i = 0; i < s->count; i++) czm_onnx_out_layout(step, i, is_planar, parts[i]);
}

void czm_onnx_split(czm_onnx_step *step) { // Split(axis, value)
    splitting s = {.input = 1, .count = step->output_count};
    int64_t length;
    if (czm_onnx_in_ints(step, 0, &s.axis, 1) != 1) {
        czm_onnx_refuse(step, "its axis is not known");
        return;
    }
    if (!find_length(step, &s, &length)) return;
    s.sizes = CZM_NEW_ARRAY(step->arena, int64_t, s.count);
    for (size_t i = 0; i < s.count; i++) s.sizes[i] = length / (int64_t)s.count;
    put_parts(step, &s);
}

void czm_onnx_split_sizes(czm_onnx_step *step) { // SplitV(value, sizes, axis)
    splitting s = {.count = step->output_count};
    int64_t length, rest;
    s.sizes = CZM_NEW_ARRAY(step->arena, int64_t, s.count);
    if (czm_onnx_in_ints(step, 2, &s.axis, 1) != 1 ||
        czm_onnx_in_ints(step, 1, s.sizes, (int)s.count) != (int)s.count) {
        czm_onnx_refuse(step, "its sizes are not known");
        return;
    }
    if (!find_length(step, &s, &length)) return;
    rest = length;
    for (size_t i = 0; i < s.count; i++) rest -= s.sizes[i] < 0 ? 0 : s.sizes[i];
    for (size_t i = 0; i < s.count; i++)
        if (s.sizes[i] < 0) s.sizes[i] = rest;
    put_parts(step, &s);
}

void czm_onnx_unpack(czm_onnx_step *step) {
    splitting s = {.count = step->output_count, .axis = czm_attr_int(step->node, "axis")};
    int64_t length;
    if (!find_length(step, &s, &length)) return;
    s.sizes = CZM_NEW_ARRAY(step->arena, int64_t, s.count);
    const char **parts = CZM_NEW_ARRAY(step->arena, const char *, s.count);
    for (size_t i = 0; i < s.count; i++) s.sizes[i] = 1;
    split_input(step, &s, false, parts);
    for (size_t i = 0; i < s.count; i++)
        czm_onnx_out(step, i, czm_onnx_emit_with_axes(step, "Squeeze", parts[i], &s.axis, 1, 13));
}

// ---- repeating

void czm_onnx_tile(czm_onnx_step *step) {
    czm_onnx_out(step, 0,
                 CZM_ONNX(step, "Tile", czm_onnx_in_plain(step, 0), czm_onnx_in_int64(step, 1)));
}

void czm_onnx_broadcast(czm_onnx_step *step) {
    czm_onnx_out(step, 0,
                 CZM_ONNX(step, "Expand", czm_onnx_in_plain(step, 0), czm_onnx_in_int64(step, 1)));
}
