// SPDX-License-Identifier: Apache-2.0
//
// The digits of a footprint; see footprint.h.
#include "analysis/axis.h"

enum {
    LARGEST_TABLE = 1024,   // spans of one axis that are kept
    LARGEST_WORK = 1 << 16, // and while they are computed
};

static bool is_bounded(const czm_footprint *f) { return f->kind == CZM_FIELD_BOUNDED; }

void czm_footprint_fail(czm_footprint *f, czm_field_kind kind) {
    if (is_bounded(f)) f->kind = kind;
}

// ---- axes

static bool is_small(const czm_axis *a) {
    return a->period <= CZM_LONGEST_PERIOD && a->phases * a->period <= LARGEST_TABLE;
}

static void forget_phases(czm_footprint *f, int axis) {
    czm_axis *a = &f->axes[axis], out;
    if (a->phases == 1) return;
    czm_span *to = czm_axis_new(f->arena, a->period, a->jump, 1, &out);
    for (int64_t i = 0; i < a->period; i++) {
        to[i] = a->spans[i];
        for (int64_t k = 1; k < a->phases; k++)
            to[i] = czm_span_unite(to[i], a->spans[k * a->period + i]);
    }
    *a = out;
    for (int i = 0; i < f->count; i++)
        if (f->digits[i].role == CZM_PHASE && f->digits[i].axis == axis)
            f->digits[i].role = CZM_PLAIN, f->digits[i].axis = 0;
}

// Reduces a new table to its shortest form. A table that is still too large is made less exact.
static void set_axis(czm_footprint *f, int axis, czm_axis a) {
    f->axes[axis] = czm_axis_shortest(f->arena, &a);
    czm_axis *set = &f->axes[axis];
    if (czm_axis_has_equal_phases(set)) forget_phases(f, axis);
    if (!is_small(set)) *set = czm_axis_fold(f->arena, set, czm_gcd(set->period, set->jump));
    if (!is_small(set)) forget_phases(f, axis);
    if (!is_small(set) || !czm_axis_is_within_reach(set)) czm_footprint_fail(f, CZM_FIELD_UNKNOWN);
}

// ---- digits

static void insert_digit(czm_footprint *f, int at, czm_digit digit) {
    if (f->count == CZM_MOST_DIGITS) {
        czm_footprint_fail(f, CZM_FIELD_UNKNOWN);
        return;
    }
    memmove(&f->digits[at + 1], &f->digits[at], (size_t)(f->count - at) * sizeof *f->digits);
    f->digits[at] = digit;
    f->count++;
}

static void remove_digit(czm_footprint *f, int at) {
    f->count--;
    memmove(&f->digits[at], &f->digits[at + 1], (size_t)(f->count - at) * sizeof *f->digits);
}

// Joins the LONG digit with the next, less significant one: a PHASE of the same axis or a PLAIN digit.
static void absorb(czm_footprint *f, int at) {
    int axis = f->digits[at].axis;
    czm_axis *a = &f->axes[axis], out;
    int64_t extent = f->digits[at + 1].extent;
    bool is_phase = f->digits[at + 1].role == CZM_PHASE;
    czm_span *to =
        czm_axis_new(f->arena, a->period * extent, a->jump, is_phase ? 1 : a->phases, &out);
    for (int64_t i = 0; i < out.phases * out.period; i++) {
        int64_t phase = is_phase ? i % extent : i / out.period;
        to[i] = a->spans[phase * a->period + i % out.period / extent];
    }
    f->digits[at].extent *= extent;
    remove_digit(f, at + 1);
    set_axis(f, axis, out);
}

static bool can_absorb(const czm_footprint *f, const czm_digit *digit) {
    if (digit[0].role != CZM_LONG || digit[0].dim != digit[1].dim) return false;
    bool fits = digit[1].role == CZM_PLAIN ||
                (digit[1].role == CZM_PHASE && digit[1].axis == digit[0].axis);
    const czm_axis *a = &f->axes[digit[0].axis];
    return fits && digit[1].extent <= CZM_LONGEST_PERIOD &&
           a->phases * a->period * digit[1].extent <= LARGEST_TABLE;
}

static bool are_plain(const czm_digit *digit) {
    return digit[0].role == CZM_PLAIN && digit[1].role == CZM_PLAIN && digit[0].dim == digit[1].dim;
}

// Reduces the number of digits, so that equivalent tensors have equal digits.
static void simplify(czm_footprint *f) {
    for (int i = 0; i + 1 < f->count && is_bounded(f);) {
        bool is_plain = are_plain(&f->digits[i]), is_long = can_absorb(f, &f->digits[i]);
        if (is_plain) {
            f->digits[i].extent *= f->digits[i + 1].extent;
            remove_digit(f, i + 1);
        } else if (is_long) {
            absorb(f, i);
        }
        i = is_plain || is_long ? 0 : i + 1;
    }
}

// Splits a digit in two, the less significant one of extent `inner`.
static void cut_digit(czm_footprint *f, int at, int64_t inner) {
    czm_digit *digit = &f->digits[at], rest = {CZM_PLAIN, 0, digit->dim, inner};
    int axis = digit->axis;
    digit->extent /= inner;
    if (digit->role != CZM_PLAIN) forget_phases(f, axis);
    if (digit->role == CZM_PLAIN) {
        insert_digit(f, at + 1, rest);
        return;
    }
    czm_axis *a = &f->axes[axis], out;
    int64_t periods = inner / czm_gcd(inner, a->period), whole = a->period * periods;
    if (whole > LARGEST_WORK) {
        czm_footprint_fail(f, CZM_FIELD_UNKNOWN);
        return;
    }
    czm_span *to = czm_axis_new(f->arena, whole / inner, a->jump * periods, inner, &out);
    for (int64_t i = 0; i < whole; i++)
        to[i] = czm_axis_at(a, 0, i % out.period * inner + i / out.period);
    rest.role = CZM_PHASE, rest.axis = axis;
    insert_digit(f, at + 1, rest);
    if (is_bounded(f)) set_axis(f, axis, out);
}

static int first_digit(const czm_footprint *f, int dim) {
    int at = 0;
    while (at < f->count && f->digits[at].dim < dim) at++;
    return at;
}

static bool is_in(const czm_footprint *f, int at, int dim) {
    return at < f->count && f->digits[at].dim == dim;
}

bool czm_footprint_is_long(const czm_footprint *f, int dim) {
    for (int i = first_digit(f, dim); is_in(f, i, dim); i++)
        if (f->digits[i].role == CZM_LONG) return true;
    return false;
}

int64_t czm_footprint_extent(const czm_footprint *f, int dim) {
    int64_t extent = 1;
    for (int i = first_digit(f, dim); is_in(f, i, dim); i++)
        extent = czm_dim_multiply(extent, f->digits[i].extent);
    return extent;
}

// ---- one dimension

czm_footprint czm_footprint_of_image(czm_arena *arena, czm_shape shape) {
    czm_footprint f = {.kind = CZM_FIELD_BOUNDED, .arena = arena};
    for (int axis = 0; axis < CZM_FIELD_AXES; axis++) {
        czm_span *pixel = czm_axis_new(arena, 1, 1, 1, &f.axes[axis]);
        *pixel = (czm_span){0, 0};
    }
    for (int i = 0; i < shape.rank; i++) {
        bool is_long = i > 0 && i + 1 < shape.rank;
        int axis = i + 3 == shape.rank ? 0 : i + 2 == shape.rank ? 1 : 2;
        czm_digit digit = {is_long ? CZM_LONG : CZM_PLAIN, is_long ? axis : 0, i, shape.dims[i]};
        if (is_long || digit.extent != 1) f.digits[f.count++] = digit;
    }
    return f;
}

void czm_footprint_mix(czm_footprint *f, int dim, int64_t extent) {
    if (czm_footprint_is_long(f, dim)) czm_footprint_fail(f, CZM_FIELD_UNBOUNDED);
    if (!is_bounded(f)) return;
    int at = first_digit(f, dim);
    while (is_in(f, at, dim)) {
        if (f->digits[at].role == CZM_PHASE) forget_phases(f, f->digits[at].axis);
        remove_digit(f, at);
    }
    if (extent != 1) insert_digit(f, at, (czm_digit){CZM_PLAIN, 0, dim, extent});
}

// The union over all taps. Spans move with each period, so the first and last periods determine it.
static czm_span span_of(const czm_axis *a, int64_t phase, czm_taps taps, int64_t offset) {
    czm_span seen = {0, -1};
    int64_t count = taps.last < taps.first ? 0 : (taps.last - taps.first) / taps.step + 1;
    for (int64_t i = 0; i < count; i++) {
        if (i == a->period && count > 2 * a->period) i = count - a->period;
        seen = czm_span_unite(seen, czm_axis_at(a, phase, offset + taps.first + i * taps.step));
    }
    return seen;
}

static bool is_plausible(const czm_slide *slide) {
    if (slide->outputs < 1 || slide->inputs < 1 || slide->outputs > CZM_LONGEST_PERIOD ||
        slide->inputs > CZM_LARGEST_STEP)
        return false;
    for (int64_t i = 0; i < slide->outputs; i++) {
        const czm_taps *t = &slide->taps[i];
        if (t->step < 1 || t->first < -CZM_LARGEST_STEP || t->first > CZM_LARGEST_STEP ||
            t->last < -CZM_LARGEST_STEP || t->last > CZM_LARGEST_STEP)
            return false;
    }
    return true;
}

static bool changes_nothing(const czm_slide *slide) {
    return slide->outputs == 1 && slide->inputs == 1 && slide->taps->first == 0 &&
           slide->taps->last == 0;
}

static void slide_axis(czm_footprint *f, int axis, const czm_slide *slide) {
    czm_axis *a = &f->axes[axis], out;
    int64_t rounds = a->period / czm_gcd(a->period, slide->inputs);
    int64_t period = rounds * slide->outputs;
    if (a->phases * period > LARGEST_WORK) {
        czm_footprint_fail(f, CZM_FIELD_UNKNOWN);
        return;
    }
    int64_t jump = a->jump * (slide->inputs / czm_gcd(a->period, slide->inputs));
    czm_span *to = czm_axis_new(f->arena, period, jump, a->phases, &out);
    for (int64_t i = 0; i < out.phases * period; i++) {
        int64_t at = i % period, round = at / slide->outputs;
        to[i] = span_of(a, i / period, slide->taps[at % slide->outputs], round * slide->inputs);
    }
    set_axis(f, axis, out);
}

void czm_footprint_slide(czm_footprint *f, int dim, const czm_slide *slide, int64_t extent) {
    if (!is_bounded(f)) return;
    if (!is_plausible(slide)) {
        czm_footprint_fail(f, CZM_FIELD_UNKNOWN);
        return;
    }
    int at = first_digit(f, dim);
    if (changes_nothing(slide) && extent == czm_footprint_extent(f, dim)) return;
    bool is_axis = is_in(f, at, dim) && !is_in(f, at + 1, dim) && f->digits[at].role == CZM_LONG;
    if (!is_axis) {
        czm_footprint_mix(f, dim, extent);
        return;
    }
    f->digits[at].extent = extent;
    slide_axis(f, f->digits[at].axis, slide);
}

void czm_footprint_pick(czm_footprint *f, int dim, int64_t offset, int64_t stride, int64_t extent) {
    const czm_taps tap = {offset, offset, 1};
    const czm_slide slide = {1, stride, &tap};
    czm_footprint_slide(f, dim, &slide, extent);
}

// ---- dimensions

void czm_footprint_insert(czm_footprint *f, int dim, int64_t extent) {
    int at = first_digit(f, dim);
    for (int i = at; i < f->count; i++) f->digits[i].dim++;
    if (extent != 1) insert_digit(f, at, (czm_digit){CZM_PLAIN, 0, dim, extent});
}

void czm_footprint_remove(czm_footprint *f, int dim) {
    if (czm_footprint_is_long(f, dim)) czm_footprint_fail(f, CZM_FIELD_UNBOUNDED);
    for (int i = first_digit(f, dim); i < f->count; i++) f->digits[i].dim--;
}

void czm_footprint_permute(czm_footprint *f, const int *to, int rank) {
    czm_digit old[CZM_MOST_DIGITS];
    int count = f->count, placed = 0;
    memcpy(old, f->digits, sizeof old);
    for (int dim = 0; dim < rank; dim++)
        for (int i = 0; i < count; i++) {
            if (to[old[i].dim] != dim) continue;
            f->digits[placed] = old[i];
            f->digits[placed++].dim = dim;
        }
}

void czm_footprint_repeat(czm_footprint *f, int dim, int64_t times) {
    if (times != 1) insert_digit(f, first_digit(f, dim), (czm_digit){CZM_PLAIN, 0, dim, times});
    simplify(f);
}

// A LONG digit that is alone in its dimension stays in the outer dimension, even with extent 1.
void czm_footprint_split(czm_footprint *f, int dim, int64_t inner) {
    int first = first_digit(f, dim), at = first;
    while (is_in(f, at, dim)) at++;
    for (int i = at; i < f->count; i++) f->digits[i].dim++;
    bool is_alone = at == first + 1 && f->digits[first].role == CZM_LONG;
    while (inner > 1 && at > first && is_bounded(f)) {
        int64_t extent = f->digits[--at].extent;
        if (is_alone || inner % extent != 0) {
            if (extent % inner != 0) break;
            cut_digit(f, at++, inner);
            extent = inner;
        }
        f->digits[at].dim++;
        inner /= extent;
    }
    if (inner > 1) czm_footprint_fail(f, CZM_FIELD_UNKNOWN);
    simplify(f);
}

void czm_footprint_fuse(czm_footprint *f, int dim) {
    for (int i = 0; i < f->count; i++)
        if (f->digits[i].dim > dim) f->digits[i].dim--;
    simplify(f);
}

// Without dimensions: neighbouring PLAIN digits become one.
static void flatten(czm_footprint *f) {
    for (int i = 0; i < f->count; i++) f->digits[i].dim = 0;
    for (int i = 0; i + 1 < f->count;) {
        if (are_plain(&f->digits[i])) {
            f->digits[i].extent *= f->digits[i + 1].extent;
            remove_digit(f, i + 1);
        } else {
            i++;
        }
    }
}

// Assigns digits from number `at` on to a dimension of this size; splits the last one if necessary.
static int take_digits(czm_footprint *f, int at, int dim, int64_t size) {
    while (size > 1 && at < f->count && is_bounded(f)) {
        int64_t extent = f->digits[at].extent;
        if (size % extent != 0) {
            if (extent % size != 0) break;
            cut_digit(f, at, extent / size);
            extent = size;
        }
        f->digits[at++].dim = dim;
        size /= extent;
    }
    if (size > 1) czm_footprint_fail(f, CZM_FIELD_UNKNOWN);
    return at;
}

// Whether a LONG digit has extent 1: its dimension cannot be distinguished from others of size 1.
static bool has_single_pixels(const czm_footprint *f) {
    for (int i = 0; i < f->count; i++)
        if (f->digits[i].extent == 1) return true;
    return false;
}

bool czm_footprint_has_shape(const czm_footprint *f, czm_shape shape) {
    if (f->count && f->digits[f->count - 1].dim >= shape.rank) return false;
    for (int i = 0; i < shape.rank; i++)
        if (czm_footprint_extent(f, i) != shape.dims[i]) return false;
    return true;
}

void czm_footprint_reshape(czm_footprint *f, czm_shape shape) {
    if (czm_footprint_has_shape(f, shape)) return;
    if (has_single_pixels(f)) czm_footprint_fail(f, CZM_FIELD_UNKNOWN);
    if (!is_bounded(f)) return;
    flatten(f);
    int at = 0;
    for (int i = 0; i < shape.rank && is_bounded(f); i++) at = take_digits(f, at, i, shape.dims[i]);
    simplify(f);
}

// ---- several tensors

void czm_footprint_broadcast(czm_footprint *f, int rank, czm_shape shape) {
    for (int i = 0; i < f->count; i++) f->digits[i].dim += shape.rank - rank;
    for (int i = 0; i < shape.rank && is_bounded(f); i++)
        if (czm_footprint_extent(f, i) != shape.dims[i]) czm_footprint_mix(f, i, shape.dims[i]);
}

static bool is_same_dim(const czm_footprint *a, const czm_footprint *b, int dim) {
    int i = first_digit(a, dim), k = first_digit(b, dim);
    for (; is_in(a, i, dim) && is_in(b, k, dim); i++, k++) {
        const czm_digit *x = &a->digits[i], *y = &b->digits[k];
        if (x->role != y->role || x->axis != y->axis || x->extent != y->extent) return false;
    }
    return !is_in(a, i, dim) && !is_in(b, k, dim);
}

static void forget_phases_in(czm_footprint *f, int dim) {
    for (int i = first_digit(f, dim); is_in(f, i, dim); i++)
        if (f->digits[i].role == CZM_PHASE) forget_phases(f, f->digits[i].axis);
    simplify(f);
}

// Gives both the same digits. If one index has different positions in them, their sum is unbounded.
static void align(czm_footprint *a, czm_footprint *b, int dim) {
    if (is_same_dim(a, b, dim)) return;
    forget_phases_in(a, dim);
    forget_phases_in(b, dim);
    if (is_same_dim(a, b, dim)) return;
    int64_t extent = czm_footprint_extent(a, dim);
    czm_footprint_mix(a, dim, extent);
    czm_footprint_mix(b, dim, extent);
    if (!is_bounded(b)) czm_footprint_fail(a, b->kind);
}

static void join_axis(czm_footprint *f, int axis, czm_axis b) {
    czm_axis a = f->axes[axis], out;
    if (a.jump * b.period != b.jump * a.period) {
        czm_footprint_fail(f, CZM_FIELD_UNBOUNDED);
        return;
    }
    if (a.spans == b.spans) return;
    int64_t times = b.period / czm_gcd(a.period, b.period);
    if (a.period * times * a.phases > LARGEST_WORK) {
        a = czm_axis_fold(f->arena, &a, czm_gcd(a.period, a.jump));
        b = czm_axis_fold(f->arena, &b, czm_gcd(b.period, b.jump));
        times = 1;
    }
    czm_span *to = czm_axis_new(f->arena, a.period * times, a.jump * times, a.phases, &out);
    for (int64_t i = 0; i < out.phases * out.period; i++)
        to[i] = czm_span_unite(czm_axis_at(&a, i / out.period, i % out.period),
                               czm_axis_at(&b, i / out.period, i % out.period));
    set_axis(f, axis, out);
}

void czm_footprint_join(czm_footprint *f, const czm_footprint *other) {
    czm_footprint b = *other;
    int rank = 0;
    if (!is_bounded(&b)) czm_footprint_fail(f, b.kind);
    if (f->count) rank = f->digits[f->count - 1].dim + 1;
    if (b.count && b.digits[b.count - 1].dim >= rank) rank = b.digits[b.count - 1].dim + 1;
    for (int dim = 0; dim < rank && is_bounded(f); dim++) align(f, &b, dim);
    for (int axis = 0; axis < CZM_FIELD_AXES && is_bounded(f); axis++)
        join_axis(f, axis, b.axes[axis]);
}
