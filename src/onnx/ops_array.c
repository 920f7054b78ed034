// SPDX-License-Identifier: Apache-2.0
//
// Ops that move numbers without changing them.
#include "onnx/elementwise.h"
#include "onnx/ops.h"

enum { MOST = CZM_ONNX_MOST_DIMS };

static void put(czm_onnx_step *step, size_t output, bool is_planar, const char *name) {
    if (is_planar)
        czm_out_planar(step, output, name);
    else
        czm_out(step, output, name);
}

static bool is_planar_image(const czm_onnx_step *step, size_t input) {
    int rank = czm_in(step, input)->shape.rank;
    return rank > 2 && rank <= MOST && czm_in_is_planar(step, input);
}

static const char *in_layout(czm_onnx_step *step, size_t input, bool is_planar) {
    return is_planar ? czm_in_planar(step, input) : czm_in_plain(step, input);
}

static int64_t axis_in_layout(int64_t axis, int rank, bool is_planar) {
    if (axis < 0) axis += rank;
    return is_planar ? czm_planar_axis(axis, rank) : axis;
}

// ---- shapes

// The shape as ONNX's Reshape takes it, if at most one dimension is not known.
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
    czm_shape shape = czm_out_shape(step, 0);
    if (reshape_dims(shape, dims))
        czm_out(step, 0, czm_emit_reshape(step, czm_in_plain(step, 0), dims, shape.rank));
    else
        czm_out(step, 0, CZM_EMIT(step, "Reshape", czm_in_plain(step, 0), czm_in_int64(step, 1)));
}

// A dimension of 1 that comes among the spatial ones moves no channels.
void czm_onnx_expand_dims(czm_onnx_step *step) {
    int rank = czm_in(step, 0)->shape.rank;
    int64_t axis;
    if (rank == CZM_UNKNOWN || czm_in_ints(step, 1, &axis, 1) != 1) {
        czm_refuse(step, "its axis is not known");
        return;
    }
    if (axis < 0) axis += rank + 1;
    bool is_planar = is_planar_image(step, 0) && axis > 0 && axis < rank &&
                     czm_out_shape(step, 0).rank != CZM_UNKNOWN;
    int64_t at = is_planar ? axis + 1 : axis;
    put(step, 0, is_planar,
        czm_emit_with_axes(step, "Unsqueeze", in_layout(step, 0, is_planar), &at, 1, 13));
}

void czm_onnx_squeeze(czm_onnx_step *step) {
    const czm_onnx_value *value = czm_in(step, 0);
    int rank = value->shape.rank;
    int64_t axes[MOST];
    size_t count = czm_attr_ints(step->node, "squeeze_dims", axes, MOST);
    if (rank == CZM_UNKNOWN || rank > MOST || count > MOST) {
        czm_refuse(step, "the rank of its input is not known");
        return;
    }
    if (count == 0)
        for (int i = 0; i < rank; i++)
            if (value->shape.dims[i] == 1) axes[count++] = i;
    bool is_planar = is_planar_image(step, 0) && czm_out_shape(step, 0).rank > 2;
    for (size_t i = 0; i < count; i++) {
        if (axes[i] < 0) axes[i] += rank;
        is_planar &= axes[i] > 0 && axes[i] < rank - 1;
    }
    for (size_t i = 0; is_planar && i < count; i++) axes[i]++;
    put(step, 0, is_planar,
        czm_emit_with_axes(step, "Squeeze", in_layout(step, 0, is_planar), axes, (int)count, 13));
}

// A transposition of what lies transposed: often nothing remains of it.
void czm_onnx_transpose(czm_onnx_step *step) {
    int64_t order[MOST];
    int rank = czm_in_ints(step, 1, order, MOST);
    if (rank < 0) {
        czm_refuse(step, "its order is not known");
        return;
    }
    bool is_planar = is_planar_image(step, 0), is_same = true, is_to_plain = rank > 2;
    for (int i = 0; i < rank; i++) {
        is_to_plain &= order[i] == czm_planar_axis(i, rank);
        if (is_planar) order[i] = czm_planar_axis(order[i], rank);
        is_same &= order[i] == i;
    }
    const char *of = in_layout(step, 0, is_planar);
    if (is_same)
        czm_out(step, 0, of);
    else if (is_to_plain && !is_planar)
        czm_out_planar(step, 0, of);
    else
        czm_out(step, 0, czm_emit_transpose(step, of, order, rank));
}

static void put_shape(czm_onnx_step *step, size_t input) {
    bool is_planar = is_planar_image(step, input);
    int rank = czm_in(step, input)->shape.rank;
    int64_t order[MOST];
    const char *shape = CZM_EMIT(step, "Shape", in_layout(step, input, is_planar));
    for (int i = 0; is_planar && i < rank; i++) order[i] = czm_planar_axis(i, rank);
    if (is_planar) shape = CZM_EMIT(step, "Gather", shape, czm_ints(step, order, (size_t)rank));
    czm_dtype dtype = step->outputs[input].dtype;
    czm_out(step, input, dtype == CZM_DTYPE_INT64 ? shape : czm_emit_cast(step, shape, dtype));
}

void czm_onnx_shape(czm_onnx_step *step) { // Shape, ShapeN
    for (size_t i = 0; i < step->output_count && i < czm_in_count(step); i++) put_shape(step, i);
}

void czm_onnx_rank(czm_onnx_step *step) {
    const int64_t only = 0;
    const char *shape = CZM_EMIT(step, "Shape", czm_in_plain(step, 0));
    const char *rank = CZM_EMIT(step, "Shape", shape);
    rank = czm_emit_with_axes(step, "Squeeze", rank, &only, 1, 13);
    czm_out(step, 0, czm_emit_cast(step, rank, CZM_DTYPE_INT32));
}

void czm_onnx_size(czm_onnx_step *step) {
    const char *size = CZM_EMIT(step, "Size", czm_in_plain(step, 0));
    czm_dtype dtype = step->outputs[0].dtype;
    czm_out(step, 0, dtype == CZM_DTYPE_INT64 ? size : czm_emit_cast(step, size, dtype));
}

// ---- joining and splitting

static const char *concat(czm_onnx_step *step, const char **parts, int64_t axis) {
    const char *name = czm_emit(step, "Concat", parts);
    czm_onnx_set_int(step->arena, czm_last(step), "axis", axis);
    return name;
}

// ConcatV2 has its axis at the end, Concat at the beginning.
void czm_onnx_concat(czm_onnx_step *step) {
    size_t parts = czm_in_count(step) - 1, first = czm_text_equal(step->node->op, "Concat");
    int64_t axis;
    czm_onnx_layout layout = czm_onnx_layout_among(step, first, parts);
    if (czm_in_ints(step, first ? 0 : parts, &axis, 1) != 1) {
        czm_refuse(step, "its axis is not known");
        return;
    }
    for (size_t i = first; i < first + parts; i++)
        layout.is_planar &= czm_in(step, i)->shape.rank == layout.rank;
    const char **names = CZM_NEW_ARRAY(step->arena, const char *, parts + 1);
    for (size_t i = 0; i < parts; i++) names[i] = in_layout(step, first + i, layout.is_planar);
    if (layout.is_planar) axis = axis_in_layout(axis, layout.rank, true);
    put(step, 0, layout.is_planar, concat(step, names, axis));
}

void czm_onnx_pack(czm_onnx_step *step) {
    int64_t axis = czm_attr_int(step->node, "axis");
    size_t count = czm_in_count(step);
    const char **names = CZM_NEW_ARRAY(step->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        int rank = czm_in(step, i)->shape.rank;
        if (axis < 0 && rank == CZM_UNKNOWN) {
            czm_refuse(step, "the rank of its input is not known");
            return;
        }
        int64_t at = axis < 0 ? axis + rank + 1 : axis;
        names[i] = czm_emit_with_axes(step, "Unsqueeze", czm_in_plain(step, i), &at, 1, 13);
    }
    czm_out(step, 0, concat(step, names, axis));
}

// Since opset 13 the sizes are an input; since 18 equal parts are told by their number.
static void split(czm_onnx_step *step, const char *of, int64_t axis, const int64_t *sizes,
                  size_t count, const char **parts) {
    parts[0] = step->opset >= 13 ? CZM_EMIT(step, "Split", of, czm_ints(step, sizes, count))
                                 : CZM_EMIT(step, "Split", of);
    czm_onnx_set_int(step->arena, czm_last(step), "axis", axis);
    if (step->opset < 13) czm_onnx_set_ints(step->arena, czm_last(step), "split", sizes, count);
    for (size_t i = 1; i < count; i++) parts[i] = czm_emit_more(step);
}

typedef struct splitting {
    size_t input, count;
    int64_t axis;
    int64_t *sizes;
} splitting;

static void split_input(czm_onnx_step *step, const splitting *s, bool is_planar,
                        const char **parts) {
    int rank = czm_in(step, s->input)->shape.rank;
    split(step, in_layout(step, s->input, is_planar), axis_in_layout(s->axis, rank, is_planar),
          s->sizes, s->count, parts);
}

static bool find_length(czm_onnx_step *step, splitting *s, int64_t *length) {
    czm_shape shape = czm_in(step, s->input)->shape;
    if (s->axis < 0) s->axis += shape.rank;
    bool is_known = shape.rank != CZM_UNKNOWN && s->axis >= 0 && s->axis < shape.rank &&
                    shape.dims[s->axis] != CZM_UNKNOWN;
    *length = is_known ? shape.dims[s->axis] : 0;
    if (!is_known) czm_refuse(step, "the size of what it splits is not known");
    return is_known;
}

static void put_parts(czm_onnx_step *step, const splitting *s) {
    const char **parts = CZM_NEW_ARRAY(step->arena, const char *, s->count);
    bool is_planar = is_planar_image(step, s->input);
    split_input(step, s, is_planar, parts);
    for (size_t i = 0; i < s->count; i++) put(step, i, is_planar, parts[i]);
}

void czm_onnx_split(czm_onnx_step *step) { // Split(axis, value)
    splitting s = {.input = 1, .count = step->output_count};
    int64_t length;
    if (czm_in_ints(step, 0, &s.axis, 1) != 1) {
        czm_refuse(step, "its axis is not known");
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
    if (czm_in_ints(step, 2, &s.axis, 1) != 1 ||
        czm_in_ints(step, 1, s.sizes, (int)s.count) != (int)s.count) {
        czm_refuse(step, "its sizes are not known");
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
        czm_out(step, i, czm_emit_with_axes(step, "Squeeze", parts[i], &s.axis, 1, 13));
}

// ---- parts

typedef struct cut {
    int64_t begin[MOST], end[MOST], step[MOST];
    int64_t gone[MOST]; // dimensions that go
    int count, gone_count;
} cut;

static const char *emit_cut(czm_onnx_step *step, const char *of, const cut *c,
                            const int64_t *axes) {
    size_t n = (size_t)c->count;
    return CZM_EMIT(step, "Slice", of, czm_ints(step, c->begin, n), czm_ints(step, c->end, n),
                    czm_ints(step, axes, n), czm_ints(step, c->step, n));
}

static void put_cut(czm_onnx_step *step, const cut *c) {
    int rank = czm_in(step, 0)->shape.rank;
    int64_t axes[MOST];
    bool is_planar = is_planar_image(step, 0) && c->gone_count == 0;
    for (int i = 0; i < c->count; i++) axes[i] = axis_in_layout(i, rank, is_planar);
    const char *name = emit_cut(step, in_layout(step, 0, is_planar), c, axes);
    if (c->gone_count) name = czm_emit_with_axes(step, "Squeeze", name, c->gone, c->gone_count, 13);
    put(step, 0, is_planar, name);
}

void czm_onnx_slice(czm_onnx_step *step) { // Slice(input, begin, size)
    cut c = {.gone_count = 0};
    int64_t size[MOST];
    c.count = czm_in_ints(step, 1, c.begin, MOST);
    if (c.count < 0 || czm_in_ints(step, 2, size, MOST) != c.count) {
        const char *begin = czm_in_int64(step, 1), *end = czm_in_int64(step, 2);
        end = CZM_EMIT(step, "Where", CZM_EMIT(step, "Less", end, czm_int(step, 0)),
                       czm_int(step, INT32_MAX), CZM_EMIT(step, "Add", begin, end));
        czm_out(step, 0, CZM_EMIT(step, "Slice", czm_in_plain(step, 0), begin, end));
        return;
    }
    for (int i = 0; i < c.count; i++) {
        c.end[i] = size[i] < 0 ? INT32_MAX : c.begin[i] + size[i];
        c.step[i] = 1;
    }
    put_cut(step, &c);
}

static bool has_bit(const czm_onnx_step *step, const char *mask, int bit) {
    return czm_attr_int(step->node, mask) >> bit & 1;
}

// One entry of the strided slice (core/util/strided_slice_op.cc).
static void add_range(const czm_onnx_step *step, cut *c, int entry, const int64_t *begin,
                      const int64_t *end, const int64_t *stride) {
    int at = c->count++;
    c->step[at] = stride[entry];
    c->begin[at] = has_bit(step, "begin_mask", entry) ? (stride[entry] < 0 ? INT32_MAX : 0)
                                                      : begin[entry];
    c->end[at] = has_bit(step, "end_mask", entry) ? (stride[entry] < 0 ? -INT32_MAX : INT32_MAX)
                                                  : end[entry];
    if (!has_bit(step, "shrink_axis_mask", entry)) return;
    c->begin[at] = begin[entry];
    c->end[at] = begin[entry] == -1 ? INT32_MAX : begin[entry] + 1;
    c->step[at] = 1;
    c->gone[c->gone_count++] = at;
}

static void add_everything(cut *c, int count) {
    for (int i = 0; i < count && c->count < MOST; i++) {
        c->begin[c->count] = 0;
        c->end[c->count] = INT32_MAX;
        c->step[c->count++] = 1;
    }
}

static int bits_of(int64_t mask) {
    int count = 0;
    for (; mask; mask &= mask - 1) count++;
    return count;
}

// New dimensions of 1 are put in afterwards.
void czm_onnx_strided_slice(czm_onnx_step *step) {
    int64_t begin[MOST], end[MOST], stride[MOST], added[MOST], result = 0;
    cut c = {.count = 0};
    int rank = czm_in(step, 0)->shape.rank, added_count = 0;
    int entries = czm_in_ints(step, 1, begin, MOST);
    if (rank == CZM_UNKNOWN || rank > MOST || entries < 0 ||
        czm_in_ints(step, 2, end, MOST) != entries ||
        czm_in_ints(step, 3, stride, MOST) != entries) {
        czm_refuse(step, "its begin, end and strides, or the rank of its input, are not known");
        return;
    }
    int64_t fresh = czm_attr_int(step->node, "new_axis_mask"),
            dots = czm_attr_int(step->node, "ellipsis_mask");
    int used = entries - bits_of(fresh) - bits_of(dots);
    for (int i = 0; i < entries; i++) {
        if (dots >> i & 1) {
            add_everything(&c, rank - used);
            result += rank - used;
        } else if (fresh >> i & 1) {
            added[added_count++] = result++;
        } else if (c.count < MOST) {
            add_range(step, &c, i, begin, end, stride);
            result += !has_bit(step, "shrink_axis_mask", i);
        }
    }
    put_cut(step, &c);
    if (added_count == 0) return;
    const char *name = czm_plain_of(step, &step->outputs[0]);
    step->outputs[0].planar = NULL;
    czm_out(step, 0, czm_emit_with_axes(step, "Unsqueeze", name, added, added_count, 13));
}

void czm_onnx_reverse(czm_onnx_step *step) {
    int64_t axes[MOST];
    int count = czm_in_ints(step, 1, axes, MOST), rank = czm_in(step, 0)->shape.rank;
    bool is_planar = is_planar_image(step, 0);
    cut c = {.count = count};
    if (count < 0 || rank == CZM_UNKNOWN) {
        czm_refuse(step, "its axes are not known");
        return;
    }
    for (int i = 0; i < count; i++) {
        c.begin[i] = -1;
        c.end[i] = -INT32_MAX;
        c.step[i] = -1;
        axes[i] = axis_in_layout(axes[i], rank, is_planar);
    }
    put(step, 0, is_planar, emit_cut(step, in_layout(step, 0, is_planar), &c, axes));
}

// ---- moving round

static const char *slice_along(czm_onnx_step *step, const char *of, int64_t axis, int64_t begin,
                               int64_t end) {
    return CZM_EMIT(step, "Slice", of, czm_int(step, begin), czm_int(step, end),
                    czm_int(step, axis));
}

// What goes out at the end comes in at the beginning: the last `by` go first.
static const char *roll_along(czm_onnx_step *step, const char *of, int64_t axis, int64_t by) {
    const char *parts[] = {slice_along(step, of, axis, -by, INT32_MAX),
                           slice_along(step, of, axis, 0, -by), NULL};
    return concat(step, parts, axis);
}

// A shift of more than the size goes round more than once.
void czm_onnx_roll(czm_onnx_step *step) { // Roll(input, shift, axis)
    czm_shape shape = czm_in(step, 0)->shape;
    int64_t shifts[MOST], axes[MOST];
    int count = czm_in_ints(step, 1, shifts, MOST);
    bool is_planar = is_planar_image(step, 0);
    if (count < 0 || czm_in_ints(step, 2, axes, MOST) != count || shape.rank == CZM_UNKNOWN) {
        czm_refuse(step, "its shifts or axes are not known");
        return;
    }
    const char *name = in_layout(step, 0, is_planar);
    for (int i = 0; i < count; i++) {
        int64_t size = shape.dims[(axes[i] + shape.rank) % shape.rank];
        if (size < 1) {
            czm_refuse(step, "the size of what it moves is not known");
            return;
        }
        int64_t by = (shifts[i] % size + size) % size, at;
        at = axis_in_layout(axes[i], shape.rank, is_planar);
        if (by) name = roll_along(step, name, at, by);
    }
    put(step, 0, is_planar, name);
}

// ---- padding

// [before, after] per dimension -> all befores, then all afters.
static bool read_paddings(const czm_onnx_step *step, int rank, bool is_planar, int64_t *pads) {
    int64_t told[2 * MOST];
    if (czm_in_ints(step, 1, told, 2 * MOST) != 2 * rank) return false;
    for (int i = 0; i < rank; i++) {
        int64_t at = axis_in_layout(i, rank, is_planar);
        pads[at] = told[2 * i];
        pads[at + rank] = told[2 * i + 1];
    }
    return true;
}

// The index that a pixel outside is a mirror image of; `gap` is 1 if the border is not repeated.
static int64_t mirrored(int64_t at, int64_t size, int gap) {
    if (at < 0) at = -at - 1 + gap;
    return at < size ? at : 2 * size - 1 - gap - at;
}

// ONNX cannot repeat the border: the pixels are gathered.
static void pad_symmetrically(czm_onnx_step *step, const int64_t *pads, bool is_planar) {
    czm_shape shape = czm_in(step, 0)->shape;
    const char *name = in_layout(step, 0, is_planar);
    for (int i = 0; i < shape.rank; i++) {
        int64_t at = axis_in_layout(i, shape.rank, is_planar);
        int64_t before = pads[at], after = pads[at + shape.rank], size = shape.dims[i];
        if (before == 0 && after == 0) continue;
        if (size == CZM_UNKNOWN || before > size || after > size) {
            czm_refuse(step, "the size of what it mirrors is not known");
            return;
        }
        int64_t *indices = CZM_NEW_ARRAY(step->arena, int64_t, (size_t)(before + size + after));
        for (int64_t k = 0; k < before + size + after; k++)
            indices[k] = mirrored(k - before, size, 0);
        name = CZM_EMIT(step, "Gather", name,
                        czm_ints(step, indices, (size_t)(before + size + after)));
        czm_onnx_set_int(step->arena, czm_last(step), "axis", at);
    }
    put(step, 0, is_planar, name);
}

// The same where the numbers are computed when the network runs.
static const char *computed_paddings(czm_onnx_step *step, int rank, bool is_planar) {
    static const int64_t turned[] = {1, 0}, flat[] = {-1};
    int64_t order[MOST];
    for (int i = 0; i < rank; i++) order[axis_in_layout(i, rank, is_planar)] = i;
    const char *name = czm_in_int64(step, 1);
    if (is_planar) name = CZM_EMIT(step, "Gather", name, czm_ints(step, order, (size_t)rank));
    return czm_emit_reshape(step, czm_emit_transpose(step, name, turned, 2), flat, 1);
}

void czm_onnx_pad(czm_onnx_step *step) {
    int rank = czm_in(step, 0)->shape.rank;
    bool is_planar = is_planar_image(step, 0);
    bool is_mirror = czm_text_equal(step->node->op, "MirrorPad");
    bool is_symmetric = is_mirror && czm_attr_is(step->node, "mode", "SYMMETRIC");
    int64_t pads[2 * MOST] = {0};
    bool is_known = rank != CZM_UNKNOWN && rank <= MOST &&
                    read_paddings(step, rank, is_planar, pads);
    if (rank == CZM_UNKNOWN || rank > MOST || (is_symmetric && !is_known)) {
        czm_refuse(step, "its paddings are not known");
        return;
    }
    if (is_symmetric) {
        pad_symmetrically(step, pads, is_planar);
        return;
    }
    const char *of = in_layout(step, 0, is_planar),
               *amounts = is_known ? czm_ints(step, pads, 2 * (size_t)rank)
                                   : computed_paddings(step, rank, is_planar);
    const char *name = czm_in_count(step) > 2
                           ? CZM_EMIT(step, "Pad", of, amounts, czm_in_plain(step, 2))
                           : CZM_EMIT(step, "Pad", of, amounts);
    czm_onnx_set_text(step->arena, czm_last(step), "mode", is_mirror ? "reflect" : "constant");
    put(step, 0, is_planar, name);
}

// ---- repeating and filling

void czm_onnx_tile(czm_onnx_step *step) {
    czm_out(step, 0, CZM_EMIT(step, "Tile", czm_in_plain(step, 0), czm_in_int64(step, 1)));
}

void czm_onnx_broadcast(czm_onnx_step *step) {
    czm_out(step, 0, CZM_EMIT(step, "Expand", czm_in_plain(step, 0), czm_in_int64(step, 1)));
}

void czm_onnx_fill(czm_onnx_step *step) {
    czm_out(step, 0, CZM_EMIT(step, "Expand", czm_in_plain(step, 1), czm_in_int64(step, 0)));
}

void czm_onnx_range(czm_onnx_step *step) {
    czm_out(step, 0,
            CZM_EMIT(step, "Range", czm_in_plain(step, 0), czm_in_plain(step, 1),
                     czm_in_plain(step, 2)));
}

// start + i * (stop - start) / (count - 1); one number is the start.
void czm_onnx_even(czm_onnx_step *step) { // LinSpace(start, stop, num)
    enum { MOST_NUMBERS = 1 << 16 };
    double count;
    if (!czm_in_number(step, 2, &count) || count < 1 || count > MOST_NUMBERS) {
        czm_refuse(step, "how many numbers it makes is not known");
        return;
    }
    int64_t size = (int64_t)count;
    float *parts = CZM_NEW_ARRAY(step->arena, float, (size_t)size);
    for (int64_t i = 1; i < size; i++) parts[i] = (float)((double)i / (count - 1));
    const char *start = czm_in_plain(step, 0);
    const char *length = CZM_EMIT(step, "Sub", czm_in_plain(step, 1), start);
    const char *above = CZM_EMIT(step, "Mul", length, czm_floats(step, parts, &size, 1));
    czm_out(step, 0, CZM_EMIT(step, "Add", start, above));
}

// The places of what is not zero, a row each.
void czm_onnx_where(czm_onnx_step *step) {
    const int64_t order[] = {1, 0};
    const char *condition = czm_in_plain(step, 0);
    if (czm_in(step, 0)->dtype != CZM_DTYPE_BOOL)
        condition = czm_emit_cast(step, condition, CZM_DTYPE_BOOL);
    czm_out(step, 0, czm_emit_transpose(step, CZM_EMIT(step, "NonZero", condition), order, 2));
}

// The places in ascending order of the numbers that are there.
void czm_onnx_inverse_order(czm_onnx_step *step) { // InvertPermutation
    const char *order = czm_in_int64(step, 0);
    CZM_EMIT(step, "TopK", order, CZM_EMIT(step, "Shape", order));
    czm_onnx_set_int(step->arena, czm_last(step), "largest", 0);
    czm_out(step, 0, czm_emit_cast(step, czm_emit_more(step), step->outputs[0].dtype));
}

// ReverseSequence(input, seq_lengths). ONNX wants the batch and what is reversed in front.
void czm_onnx_reverse_rows(czm_onnx_step *step) {
    int64_t ends[] = {czm_attr_int(step->node, "batch_dim"), czm_attr_int(step->node, "seq_dim")};
    int64_t order[MOST], back[MOST];
    int rank = czm_in(step, 0)->shape.rank, count = 2;
    if (rank < 2 || rank > MOST || ends[0] == ends[1]) {
        czm_refuse(step, "the rank of its input is not known");
        return;
    }
    for (int i = 0; i < rank; i++)
        if (i != ends[0] && i != ends[1]) order[count++] = i;
    memcpy(order, ends, sizeof ends);
    for (int i = 0; i < rank; i++) back[order[i]] = i;
    bool is_moved = ends[0] != 0 || ends[1] != 1;
    const char *name = czm_in_plain(step, 0);
    if (is_moved) name = czm_emit_transpose(step, name, order, rank);
    name = CZM_EMIT(step, "ReverseSequence", name, czm_in_int64(step, 1));
    czm_onnx_set_int(step->arena, czm_last(step), "batch_axis", 0);
    czm_onnx_set_int(step->arena, czm_last(step), "time_axis", 1);
    czm_out(step, 0, is_moved ? czm_emit_transpose(step, name, back, rank) : name);
}

// What lies too far from the diagonal becomes 0; a negative distance means everything.
void czm_onnx_band(czm_onnx_step *step) { // MatrixBandPart(input, num_lower, num_upper)
    enum { LARGEST = 1 << 12 };
    czm_shape shape = czm_in(step, 0)->shape;
    int64_t below, above;
    if (shape.rank < 2 || czm_in_ints(step, 1, &below, 1) != 1 ||
        czm_in_ints(step, 2, &above, 1) != 1) {
        czm_refuse(step, "its size, or the width of its band, is not known");
        return;
    }
    const int64_t *size = shape.dims + shape.rank - 2;
    if (size[0] < 1 || size[1] < 1 || size[0] > LARGEST || size[1] > LARGEST) {
        czm_refuse(step, "the size of its matrix is not known, or too large");
        return;
    }
    float *mask = CZM_NEW_ARRAY(step->arena, float, (size_t)(size[0] * size[1]));
    for (int64_t i = 0; i < size[0]; i++)
        for (int64_t k = 0; k < size[1]; k++)
            mask[i * size[1] + k] = (below < 0 || i - k <= below) && (above < 0 || k - i <= above);
    const char *inside = czm_emit_cast(step, czm_floats(step, mask, size, 2), CZM_DTYPE_BOOL);
    czm_out(step, 0,
            CZM_EMIT(step, "Where", inside, czm_in_plain(step, 0),
                     czm_number(step, czm_in(step, 0)->dtype, 0)));
}

// ---- gathering

// Each batch for itself: GatherND knows batches, but no axis behind them.
static void gather_in_batches(czm_onnx_step *step) {
    const czm_onnx_value *value = czm_in(step, 0);
    int64_t batches = czm_attr_int(step->node, "batch_dims"), axis = 0, last = -1;
    if (czm_in_count(step) > 2 && czm_in_ints(step, 2, &axis, 1) != 1) axis = CZM_UNKNOWN - MOST;
    if (axis < 0 && value->shape.rank != CZM_UNKNOWN) axis += value->shape.rank;
    if (batches < 0) batches += czm_in(step, 1)->shape.rank;
    if (axis != batches || czm_in(step, 1)->shape.rank == CZM_UNKNOWN) {
        czm_refuse(step, "ONNX gathers along the first dimension of a batch only");
        return;
    }
    const char *places = czm_in_plain(step, 1);
    if (czm_in(step, 1)->dtype != CZM_DTYPE_INT64)
        places = czm_emit_cast(step, places, CZM_DTYPE_INT64);
    places = czm_emit_with_axes(step, "Unsqueeze", places, &last, 1, 13);
    czm_out(step, 0, CZM_EMIT(step, "GatherND", czm_in_plain(step, 0), places));
    czm_onnx_set_int(step->arena, czm_last(step), "batch_dims", batches);
}

void czm_onnx_gather(czm_onnx_step *step) {
    int64_t axis = 0;
    int rank = czm_in(step, 0)->shape.rank;
    if (czm_attr_int(step->node, "batch_dims") != 0) {
        gather_in_batches(step);
        return;
    }
    if (czm_in_count(step) > 2 && (czm_in_ints(step, 2, &axis, 1) != 1 || rank == CZM_UNKNOWN)) {
        czm_refuse(step, "its axis is not known");
        return;
    }
    bool is_planar = is_planar_image(step, 0) && czm_in(step, 1)->shape.rank == 1;
    const char *name =
        CZM_EMIT(step, "Gather", in_layout(step, 0, is_planar), czm_in_plain(step, 1));
    czm_onnx_set_int(step->arena, czm_last(step), "axis", axis_in_layout(axis, rank, is_planar));
    put(step, 0, is_planar, name);
}

void czm_onnx_gather_nd(czm_onnx_step *step) {
    const char *indices = czm_in_plain(step, 1);
    if (czm_in(step, 1)->dtype != CZM_DTYPE_INT64)
        indices = czm_emit_cast(step, indices, CZM_DTYPE_INT64);
    czm_out(step, 0, CZM_EMIT(step, "GatherND", czm_in_plain(step, 0), indices));
    czm_onnx_set_int(step->arena, czm_last(step), "batch_dims",
                     czm_attr_int(step->node, "batch_dims"));
}

void czm_onnx_one_hot(czm_onnx_step *step) {
    const char *on = czm_in_plain(step, 2), *off = czm_in_plain(step, 3);
    const int64_t axis = 0;
    on = czm_emit_with_axes(step, "Unsqueeze", on, &axis, 1, 13);
    off = czm_emit_with_axes(step, "Unsqueeze", off, &axis, 1, 13);
    const char *values[] = {off, on, NULL};
    const char *name = CZM_EMIT(step, "OneHot", czm_in_plain(step, 0), czm_in_plain(step, 1),
                                concat(step, values, 0));
    czm_onnx_set_int(step->arena, czm_last(step), "axis", czm_attr_int(step->node, "axis"));
    czm_out(step, 0, name);
}
