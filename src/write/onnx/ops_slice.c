// SPDX-License-Identifier: Apache-2.0
//
// Ops that select parts or move elements.
#include "view/slice.h"
#include "write/onnx/layout.h"
#include "write/onnx/ops.h"

enum { MOST = CZM_ONNX_MOST_DIMS };

// ---- parts

typedef struct cut {
    int64_t begin[MOST], end[MOST], step[MOST];
    int64_t entry[MOST]; // the number of the entry in the node's lists; 0 if there is none
    bool begin_is_open[MOST], end_is_open[MOST]; // computed when the network runs
    bool is_single[MOST];                        // one computed index
    int64_t gone[MOST];                          // removed dimensions
    int64_t added[MOST];                         // then added ones, of size 1
    int count, gone_count, added_count;
} cut;

// A vector of the known numbers `known`; the others are entries of input `input`.
static const char *partly_known(czm_onnx_step *step, size_t input, const cut *c,
                                const int64_t *known, const bool *is_open) {
    int64_t kept[MOST], others[MOST];
    size_t count = (size_t)c->count, open = 0;
    for (size_t i = 0; i < count; i++) {
        kept[i] = is_open[i];
        others[i] = is_open[i] ? 0 : known[i];
        open += is_open[i];
    }
    if (open == 0) return czm_onnx_ints(step, known, count);
    const char *name = CZM_ONNX(step, "Gather", czm_onnx_in_int64(step, input),
                                czm_onnx_ints(step, c->entry, count));
    name = CZM_ONNX(step, "Mul", name, czm_onnx_ints(step, kept, count));
    return CZM_ONNX(step, "Add", name, czm_onnx_ints(step, others, count));
}

// The end of an index is the next index, or the end of the dimension for the last one, -1.
static const char *ends_of(czm_onnx_step *step, const cut *c, const char *begins) {
    int64_t single[MOST];
    bool has_single = false;
    const char *ends = partly_known(step, 2, c, c->end, c->end_is_open);
    for (int i = 0; i < c->count; i++) has_single |= single[i] = c->is_single[i];
    if (!has_single) return ends;
    const char *is_last = CZM_ONNX(step, "Equal", begins, czm_onnx_int(step, -1));
    const char *next = CZM_ONNX(step, "Where", is_last, czm_onnx_int(step, INT32_MAX),
                                CZM_ONNX(step, "Add", begins, czm_onnx_int(step, 1)));
    const char *is_single = CZM_ONNX(step, "Equal", czm_onnx_ints(step, single, (size_t)c->count),
                                     czm_onnx_int(step, 1));
    return CZM_ONNX(step, "Where", is_single, next, ends);
}

static const char *emit_cut(czm_onnx_step *step, const char *of, const cut *c,
                            const int64_t *axes) {
    size_t n = (size_t)c->count;
    if (n == 0) return of; // ONNX Runtime 1.4 crashes on a Slice without axes
    const char *begins = partly_known(step, 1, c, c->begin, c->begin_is_open);
    return CZM_ONNX(step, "Slice", of, begins, ends_of(step, c, begins),
                    czm_onnx_ints(step, axes, n), czm_onnx_ints(step, c->step, n));
}

static bool is_whole(const cut *c, int at) {
    return c->begin[at] == 0 && !c->begin_is_open[at] && c->end[at] == INT32_MAX &&
           !c->end_is_open[at] && c->step[at] == 1;
}

// Only dimensions that are cut: ONNX Runtime can join such slices to one Split.
static cut without_whole(const cut *c, int64_t *dims) {
    cut cuts = {.count = 0};
    for (int i = 0; i < c->count; i++) {
        int at = cuts.count;
        if (is_whole(c, i)) continue;
        dims[cuts.count++] = i;
        cuts.begin[at] = c->begin[i];
        cuts.end[at] = c->end[i];
        cuts.step[at] = c->step[i];
        cuts.entry[at] = c->entry[i];
        cuts.begin_is_open[at] = c->begin_is_open[i];
        cuts.end_is_open[at] = c->end_is_open[i];
        cuts.is_single[at] = c->is_single[i];
    }
    return cuts;
}

static void put_cut(czm_onnx_step *step, const cut *c) {
    int rank = czm_onnx_in(step, 0)->shape.rank;
    int64_t axes[MOST];
    bool is_planar = czm_onnx_is_planar_image(step, 0) && c->gone_count + c->added_count == 0;
    const cut cuts = without_whole(c, axes);
    for (int i = 0; i < cuts.count; i++)
        axes[i] = czm_onnx_axis_in_layout(axes[i], rank, is_planar);
    const char *name = emit_cut(step, czm_onnx_in_layout(step, 0, is_planar), &cuts, axes);
    if (c->gone_count)
        name = czm_onnx_emit_with_axes(step, "Squeeze", name, c->gone, c->gone_count, 13);
    if (c->added_count)
        name = czm_onnx_emit_with_axes(step, "Unsqueeze", name, c->added, c->added_count, 13);
    czm_onnx_out_layout(step, 0, is_planar, name);
}

void czm_onnx_slice(czm_onnx_step *step) { // Slice(input, begin, size)
    cut c = {.gone_count = 0};
    int64_t size[MOST];
    c.count = czm_onnx_in_ints(step, 1, c.begin, MOST);
    if (c.count < 0 || czm_onnx_in_ints(step, 2, size, MOST) != c.count) {
        const char *begin = czm_onnx_in_int64(step, 1), *end = czm_onnx_in_int64(step, 2);
        end = CZM_ONNX(step, "Where", CZM_ONNX(step, "Less", end, czm_onnx_int(step, 0)),
                       czm_onnx_int(step, INT32_MAX), CZM_ONNX(step, "Add", begin, end));
        czm_onnx_out(step, 0, CZM_ONNX(step, "Slice", czm_onnx_in_plain(step, 0), begin, end));
        return;
    }
    for (int i = 0; i < c.count; i++) {
        c.end[i] = size[i] < 0 ? INT32_MAX : c.begin[i] + size[i];
        c.step[i] = 1;
    }
    put_cut(step, &c);
}

static void add_range(cut *c, const czm_part *part) {
    int at = c->count++;
    bool is_single = part->kind == CZM_PART_INDEX, is_back = !is_single && part->stride < 0;
    bool ends_open = is_single || part->end.is_open;
    c->entry[at] = part->entry;
    c->step[at] = is_single ? 1 : part->stride;
    c->begin_is_open[at] = !part->begin.is_open && !part->begin.is_known;
    c->end_is_open[at] = !ends_open && !part->end.is_known;
    c->is_single[at] = is_single && c->begin_is_open[at];
    c->begin[at] = part->begin.is_open ? (is_back ? INT32_MAX : 0) : part->begin.at;
    c->end[at] = ends_open ? (is_back ? -INT32_MAX : INT32_MAX) : part->end.at;
    if (!is_single) return;
    c->end[at] = c->begin[at] == -1 ? INT32_MAX : c->begin[at] + 1;
    c->gone[c->gone_count++] = at;
}

static void add_everything(cut *c) {
    c->begin[c->count] = 0;
    c->end[c->count] = INT32_MAX;
    c->step[c->count++] = 1;
}

// false if the node was rejected.
static bool read_parts(czm_onnx_step *step, czm_slicing *slicing) {
    int64_t strides[MOST];
    int rank = czm_onnx_in(step, 0)->shape.rank, entries = czm_onnx_in_ints(step, 3, strides, MOST);
    if (rank <= MOST && entries >= 0 &&
        czm_slicing_read(step->node, rank, entries, czm_onnx_in(step, 1)->known,
                         czm_onnx_in(step, 2)->known, czm_onnx_in(step, 3)->known, slicing))
        return true;
    czm_onnx_refuse(step, "its strides, or the rank of its input, are not known");
    return false;
}

void czm_onnx_strided_slice(czm_onnx_step *step) {
    int64_t result = 0;
    cut c = {.count = 0};
    czm_slicing slicing;
    if (!read_parts(step, &slicing)) return;
    for (int i = 0; i < slicing.count; i++) {
        const czm_part *part = &slicing.parts[i];
        if (part->kind == CZM_PART_NEW)
            c.added[c.added_count++] = result;
        else if (part->kind == CZM_PART_WHOLE)
            add_everything(&c);
        else
            add_range(&c, part);
        result += part->kind != CZM_PART_INDEX;
    }
    put_cut(step, &c);
}

void czm_onnx_reverse(czm_onnx_step *step) {
    int64_t axes[MOST];
    int count = czm_onnx_in_ints(step, 1, axes, MOST), rank = czm_onnx_in(step, 0)->shape.rank;
    bool is_planar = czm_onnx_is_planar_image(step, 0);
    cut c = {.count = count};
    if (count < 0 || rank == CZM_UNKNOWN) {
        czm_onnx_refuse(step, "its axes are not known");
        return;
    }
    for (int i = 0; i < count; i++) {
        c.begin[i] = -1;
        c.end[i] = -INT32_MAX;
        c.step[i] = -1;
        axes[i] = czm_onnx_axis_in_layout(axes[i], rank, is_planar);
    }
    czm_onnx_out_layout(step, 0, is_planar,
                        emit_cut(step, czm_onnx_in_layout(step, 0, is_planar), &c, axes));
}

// ---- Roll and ReverseSequence

// Moves the last elements to the beginning; `kept`, a list of one, is the number of the others.
static const char *roll_along(czm_onnx_step *step, const char *of, int64_t axis, const char *kept) {
    const char *along = czm_onnx_int(step, axis);
    const char *parts[] = {CZM_ONNX(step, "Slice", of, kept, czm_onnx_int(step, INT32_MAX), along),
                           CZM_ONNX(step, "Slice", of, czm_onnx_int(step, 0), kept, along), NULL};
    return czm_onnx_emit_concat(step, parts, axis);
}

// size - shift % size, computed when the network runs
static const char *computed_rest(czm_onnx_step *step, const char *of, int64_t axis,
                                 const char *shift) {
    const char *size =
        CZM_ONNX(step, "Gather", CZM_ONNX(step, "Shape", of), czm_onnx_int(step, axis));
    return CZM_ONNX(step, "Sub", size, CZM_ONNX(step, "Mod", shift, size));
}

// Shift `i` of the input; a single one has no dimension.
static const char *shift_at(czm_onnx_step *step, int64_t i) {
    static const int64_t flat[] = {-1};
    return CZM_ONNX(step, "Gather",
                    czm_onnx_emit_reshape(step, czm_onnx_in_int64(step, 1), flat, 1),
                    czm_onnx_int(step, i));
}

// A shift larger than the size is reduced by its multiples.
void czm_onnx_roll(czm_onnx_step *step) { // Roll(input, shift, axis)
    czm_shape shape = czm_onnx_in(step, 0)->shape;
    int64_t shifts[MOST], axes[MOST];
    int count = czm_onnx_in_ints(step, 2, axes, MOST);
    bool is_known = czm_onnx_in_ints(step, 1, shifts, MOST) == count;
    bool is_planar = czm_onnx_is_planar_image(step, 0);
    if (count < 0 || shape.rank == CZM_UNKNOWN) {
        czm_onnx_refuse(step, "its axes are not known");
        return;
    }
    const char *name = czm_onnx_in_layout(step, 0, is_planar);
    for (int i = 0; i < count; i++) {
        int64_t size = shape.dims[(axes[i] + shape.rank) % shape.rank];
        int64_t at = czm_onnx_axis_in_layout(axes[i], shape.rank, is_planar);
        int64_t by = is_known && size > 0 ? (shifts[i] % size + size) % size : -1;
        if (by == 0) continue;
        const char *kept =
            by > 0 ? czm_onnx_int(step, size - by)
                   : computed_rest(step, name, at,
                                   is_known ? czm_onnx_int(step, shifts[i]) : shift_at(step, i));
        name = roll_along(step, name, at, kept);
    }
    czm_onnx_out_layout(step, 0, is_planar, name);
}

// ReverseSequence(input, seq_lengths). ONNX requires the batch and the reversed dimension in front.
void czm_onnx_reverse_rows(czm_onnx_step *step) {
    int64_t ends[] = {czm_attr_int(step->node, "batch_dim"), czm_attr_int(step->node, "seq_dim")};
    int64_t order[MOST], back[MOST];
    int rank = czm_onnx_in(step, 0)->shape.rank, count = 2;
    if (rank < 2 || rank > MOST) {
        czm_onnx_refuse(step, "the rank of its input is not known");
        return;
    }
    bool are_two = ends[0] != ends[1];
    for (int i = 0; i < 2; i++) are_two &= ends[i] >= 0 && ends[i] < rank;
    if (!are_two) {
        czm_onnx_refuse(step, "batch_dim %lld and seq_dim %lld are not two of %d dimensions",
                        (long long)ends[0], (long long)ends[1], rank);
        return;
    }
    for (int i = 0; i < rank; i++)
        if (i != ends[0] && i != ends[1]) order[count++] = i;
    memcpy(order, ends, sizeof ends);
    for (int i = 0; i < rank; i++) back[order[i]] = i;
    bool is_moved = ends[0] != 0 || ends[1] != 1;
    const char *name = czm_onnx_in_plain(step, 0);
    if (is_moved) name = czm_onnx_emit_transpose(step, name, order, rank);
    name = CZM_ONNX(step, "ReverseSequence", name, czm_onnx_in_int64(step, 1));
    czm_onnx_set_int(step, "batch_axis", 0);
    czm_onnx_set_int(step, "time_axis", 1);
    czm_onnx_out(step, 0, is_moved ? czm_onnx_emit_transpose(step, name, back, rank) : name);
}
