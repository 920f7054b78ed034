// SPDX-License-Identifier: Apache-2.0
//
// The table of rules, and those of ops that rearrange elements; see field_ops.h.
#include "analysis/field_ops.h"
#include "view/slice.h"

const czm_field_op czm_field_ops[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define SEE(rule, input, number) .see = czm_see_##rule, .image = input, .detail = number,
#include "op/ops.def"
};

// Marks ops whose output depends on no pixel; it is never called.
void czm_see_nothing(czm_field_step *step) { (void)step; }

// ---- one tensor, element by element

// Broadcasts each input to the output. A row with a detail has no broadcasting.
void czm_see_elementwise(czm_field_step *step) {
    for (size_t i = 0; i < step->node->inputs.count; i++) {
        const czm_footprint *input = czm_see_input(step, i);
        int rank = czm_see_shape(step, i).rank;
        if (!input) continue;
        if (rank > step->out.rank || (step->detail && rank != step->out.rank)) {
            czm_see_unknown(step);
            return;
        }
        czm_footprint seen = *input;
        czm_footprint_broadcast(&seen, rank, step->out);
        czm_see_also(step, i, &seen);
    }
}

void czm_see_identities(czm_field_step *step) {
    if (step->output < step->node->inputs.count)
        step->seen = *step->inputs[step->output];
    else
        czm_see_unknown(step);
}

// ---- the same elements in other dimensions

void czm_see_reshape(czm_field_step *step) { czm_footprint_reshape(&step->seen, step->out); }

void czm_see_transpose(czm_field_step *step) {
    int to[CZM_HIGHEST_RANK];
    int64_t from;
    for (int i = 0; i < step->in.rank; i++) to[i] = -1;
    for (int i = 0; i < step->in.rank; i++) {
        if (!czm_see_int(step, 1, (size_t)i, &from) || from < 0 || from >= step->in.rank) {
            czm_see_unknown(step);
            return;
        }
        to[from] = i;
    }
    czm_footprint_permute(&step->seen, to, step->in.rank);
}

// ---- several tensors beside each other

// An input that lies at `offset` of dimension `axis` of the output.
static void add_part(czm_field_step *step, size_t input, czm_footprint seen, int axis,
                     int64_t offset) {
    if (czm_footprint_is_long(&seen, axis))
        czm_footprint_pick(&seen, axis, -offset, 1, step->out.dims[axis]);
    else
        czm_footprint_mix(&seen, axis, step->out.dims[axis]);
    czm_see_also(step, input, &seen);
}

// How often each element of a dimension is repeated, if the inputs are the parts of a Split into single elements, in
// their order and equally often; else 1. Keras enlarges volumes in this way.
static size_t repeats_of(const czm_field_step *step, size_t first, size_t count, int axis) {
    const czm_tensor *parts = &step->node->inputs.items[first];
    const czm_node *split = parts->node;
    int64_t value;
    int own_axis;
    if (!czm_node_is(split, CZM_OP_Split) ||
        !czm_value_int(czm_value_of(step->shapes, split->inputs.items[0]), 0, &value) ||
        !czm_axis_find(value, step->out.rank, &own_axis) || own_axis != axis)
        return 1;
    czm_shape whole = czm_shape_of(step->shapes, split->inputs.items[1]);
    size_t size = whole.rank == step->out.rank && whole.dims[axis] > 0 ? (size_t)whole.dims[axis]
                                                                       : count;
    if (count % size != 0) return 1;
    for (size_t i = 0; i < count; i++)
        if (parts[i].node != split || parts[i].index != i / (count / size)) return 1;
    return count / size;
}

// The first element has the position of the whole, so it has the footprint of the whole.
static void repeat(czm_field_step *step, size_t first, int axis, size_t times) {
    czm_taps taps[CZM_LONGEST_PERIOD];
    czm_footprint seen = *step->inputs[first];
    for (size_t i = 0; i < times; i++) taps[i] = (czm_taps){0, 0, 1};
    const czm_slide slide = {(int64_t)times, 1, taps};
    czm_footprint_slide(&seen, axis, &slide, step->out.dims[axis]);
    czm_see_also(step, first, &seen);
}

// The row's detail is the number of the input that names the axis, or -1: the last one.
void czm_see_concat(czm_field_step *step) {
    size_t count = step->node->inputs.count, named = step->detail < 0 ? count - 1 : 0;
    size_t first = named == 0;
    int64_t value, offset = 0;
    int axis;
    if (!czm_see_int(step, named, 0, &value) || !czm_axis_find(value, step->out.rank, &axis)) {
        czm_see_unknown(step);
        return;
    }
    size_t times = count > 1 ? repeats_of(step, first, count - 1, axis) : 1;
    if (times > 1 && times <= CZM_LONGEST_PERIOD) {
        repeat(step, first, axis, times);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const czm_footprint *input = i == named ? NULL : czm_see_input(step, i);
        czm_shape shape = czm_see_shape(step, i);
        if (input) add_part(step, i, *input, axis, offset);
        if (i != named && shape.rank == step->out.rank) offset += shape.dims[axis];
    }
}

void czm_see_pack(czm_field_step *step) {
    int axis;
    if (!czm_axis_find(czm_attr_int(step->node, "axis"), step->out.rank, &axis)) {
        czm_see_unknown(step);
        return;
    }
    for (size_t i = 0; i < step->node->inputs.count; i++) {
        const czm_footprint *input = czm_see_input(step, i);
        if (!input) continue;
        czm_footprint seen = *input;
        czm_footprint_insert(&seen, axis, 1);
        add_part(step, i, seen, axis, 0);
    }
}

// ---- parts of a tensor

// Selects every `stride`-th element from `offset` on. In a dimension that is not LONG, all elements are equivalent.
static void take(czm_field_step *step, int dim, int64_t offset, int64_t stride, int64_t extent) {
    bool is_whole = extent == czm_footprint_extent(&step->seen, dim);
    if (czm_footprint_is_long(&step->seen, dim))
        czm_footprint_pick(&step->seen, dim, offset, stride, extent);
    else if (!is_whole || offset != 0 || stride != 1)
        czm_footprint_mix(&step->seen, dim, extent);
}

// The row's detail is the number of the input that names the axis.
void czm_see_split(czm_field_step *step) {
    int64_t value, offset = 0;
    int axis;
    if (!czm_see_int(step, (size_t)step->detail, 0, &value) ||
        !czm_axis_find(value, step->in.rank, &axis)) {
        czm_see_unknown(step);
        return;
    }
    for (uint32_t i = 0; i < step->output; i++) {
        czm_shape part = czm_shape_of(step->shapes, (czm_tensor){(czm_node *)step->node, i});
        if (part.rank != step->in.rank || part.dims[axis] == CZM_UNKNOWN) czm_see_unknown(step);
        if (part.rank == step->in.rank) offset += part.dims[axis];
    }
    take(step, axis, offset, 1, step->out.dims[axis]);
}

void czm_see_unpack(czm_field_step *step) {
    int axis;
    if (!czm_axis_find(czm_attr_int(step->node, "axis"), step->in.rank, &axis)) {
        czm_see_unknown(step);
        return;
    }
    czm_footprint_mix(&step->seen, axis, 1);
    czm_footprint_remove(&step->seen, axis);
}

void czm_see_slice(czm_field_step *step) {
    int64_t begin;
    for (int i = 0; i < step->in.rank; i++) {
        bool is_known = czm_see_int(step, 1, (size_t)i, &begin) && begin >= 0;
        if (!is_known && czm_footprint_is_long(&step->seen, i)) czm_see_unknown(step);
        take(step, i, is_known ? begin : 0, 1, step->out.dims[i]);
    }
}

// ---- StridedSlice

// A slice of dimension `dim` of the remaining tensor; `size` is the size of the input's dimension.
static void take_range(czm_field_step *step, const czm_part *part, int dim) {
    int64_t begin = part->begin.is_open ? 0 : part->begin.at, size = step->in.dims[part->dim];
    int64_t extent = step->out.dims[dim];
    if (begin < 0) begin = begin + size < 0 ? 0 : begin + size;
    if (part->stride > 0 && (part->begin.is_open || part->begin.is_known))
        take(step, dim, begin, part->stride, extent);
    else
        czm_footprint_mix(&step->seen, dim, extent);
}

// A single index of a LONG dimension makes every output depend on distant pixels.
static void take_index(czm_field_step *step, int dim) {
    czm_footprint_mix(&step->seen, dim, 1);
    czm_footprint_remove(&step->seen, dim);
}

void czm_see_strided_slice(czm_field_step *step) {
    czm_shape begins = czm_see_shape(step, 1);
    int entries = begins.rank == 1 && begins.dims[0] <= CZM_HIGHEST_RANK ? (int)begins.dims[0] : 0;
    czm_slicing slicing;
    if (!czm_slicing_read(step->node, step->in.rank, entries, czm_see_value(step, 1),
                          czm_see_value(step, 2), czm_see_value(step, 3), &slicing))
        czm_see_unknown(step);
    for (int i = 0, to = 0; i < slicing.count && to <= step->out.rank; i++) {
        const czm_part *part = &slicing.parts[i];
        if (part->kind == CZM_PART_NEW) czm_footprint_insert(&step->seen, to, 1);
        if (part->kind == CZM_PART_INDEX) take_index(step, to);
        if (part->kind == CZM_PART_RANGE && to < step->out.rank) take_range(step, part, to);
        to += part->kind != CZM_PART_INDEX;
    }
}

// Indices along the axis of input 2, or along the first dimension if there is none.
void czm_see_gather(czm_field_step *step) {
    int64_t value = 0;
    int axis, rank = czm_see_shape(step, 1).rank;
    bool has_axis = step->node->inputs.count < 3 || czm_see_int(step, 2, 0, &value);
    if (!has_axis || !czm_axis_find(value, step->in.rank, &axis) || rank == CZM_UNKNOWN ||
        czm_attr_int(step->node, "batch_dims") != 0 || czm_footprint_is_long(&step->seen, axis)) {
        czm_see_unknown(step);
        return;
    }
    czm_footprint_mix(&step->seen, axis, 1);
    czm_footprint_remove(&step->seen, axis);
    for (int i = axis; i < axis + rank && i < step->out.rank; i++)
        czm_footprint_insert(&step->seen, i, step->out.dims[i]);
}

// ---- more elements

// Reflected pixels are an edge effect, like zeros.
void czm_see_pad(czm_field_step *step) {
    int64_t before;
    for (int i = 0; i < step->in.rank; i++) {
        if (czm_see_int(step, 1, 2 * (size_t)i, &before))
            take(step, i, -before, 1, step->out.dims[i]);
        else
            czm_see_unknown(step);
    }
}

// Inputs are the tensor, shifts and their axes. Pixels that enter at one edge have left at the other; in an infinite
// image there are no edges.
void czm_see_roll(czm_field_step *step) {
    czm_value shifts = czm_value_of(step->shapes, step->node->inputs.items[1]);
    int64_t shift, value;
    int axis;
    if (!shifts.count) czm_see_unknown(step);
    for (size_t i = 0; i < shifts.count; i++) {
        if (czm_see_int(step, 1, i, &shift) && czm_see_int(step, 2, i, &value) &&
            czm_axis_find(value, step->in.rank, &axis))
            take(step, axis, -shift, 1, step->in.dims[axis]);
        else
            czm_see_unknown(step);
    }
}

void czm_see_tile(czm_field_step *step) {
    int64_t times;
    for (int i = 0; i < step->in.rank; i++) {
        if (czm_see_int(step, 1, (size_t)i, &times) && times > 0)
            czm_footprint_repeat(&step->seen, i, times);
        else
            czm_see_unknown(step);
    }
}

void czm_see_one_hot(czm_field_step *step) {
    int axis;
    if (czm_axis_find(czm_attr_int(step->node, "axis"), step->out.rank, &axis))
        czm_footprint_insert(&step->seen, axis, step->out.dims[axis]);
    else
        czm_see_unknown(step);
}
