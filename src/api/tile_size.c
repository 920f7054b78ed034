// SPDX-License-Identifier: Apache-2.0
//
// Trying sizes; see tile_size.h.
#include "api/tile_size.h"

#include "edit/edit.h"

#include <math.h>

enum { USUAL_SIDE = 256, LARGEST_SIDE = 1 << 16 };

typedef struct trial {
    int64_t height, width;
    bool works;      // the network takes the size
    bool keeps_size; // and the output has the size of the input
    uint64_t memory; // the memory at this size; UINT64_MAX: not known
} trial;

// The shapes of one tile.
static const czm_shapes *infer_tile(czm_arena *arena, const czm_model *model, const trial *t) {
    czm_tensor input = model->main.inputs.items[0].tensor;
    czm_shape shape = czm_shape_read(arena, czm_attr_shape(input.node, "shape"));
    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, 4); // the shapes refer to it
    memcpy(dims, (int64_t[]){1, t->height, t->width, shape.dims[3]}, 4 * sizeof *dims);
    if (shape.dims[0] != CZM_UNKNOWN) dims[0] = shape.dims[0];
    const czm_shape tile = {4, dims};
    return czm_shapes_infer(arena, model, &tile);
}

static void attempt(czm_arena *arena, const czm_edit_trials *trials, trial *t) {
    czm_model model;
    t->works = czm_edit_try_size(trials, arena, t->height, t->width, &model);
    if (!t->works) return;
    const czm_shapes *shapes = infer_tile(arena, &model, t);
    czm_shape output = czm_shape_of(shapes, model.main.outputs.items[0].tensor);
    t->keeps_size = output.rank == 4 && output.dims[1] == t->height && output.dims[2] == t->width;
    czm_tile_memory memory = czm_tile_memory_of(arena, &model, shapes);
    t->memory = memory.is_known ? memory.peak : UINT64_MAX;
}

// Each trial has its own arena, since there are many.
static trial try_size(czm_arena *parent, const czm_edit_trials *trials, int64_t height,
                      int64_t width) {
    trial t = {.height = height, .width = width};
    czm_arena *arena = czm_arena_child(parent);
    attempt(arena, trials, &t);
    czm_arena_free(arena);
    return t;
}

static trial try_side(czm_arena *arena, const czm_edit_trials *trials, int64_t side) {
    return try_size(arena, trials, side, side);
}

// ---- the multiple

static int64_t odd_multiple(int64_t unit, int64_t near) { return unit * ((near / unit) | 1); }

// If the output has the input's size at one multiple, it must have it at all.
static bool takes(const trial *t, bool keeps_size) {
    return t->works && (t->keeps_size || !keeps_size);
}

// The smallest unit, `base` times a power of two, of which two odd multiples work (odd, to exclude a larger unit). If
// a unit works, larger ones work too.
static int64_t find_unit(czm_arena *arena, const czm_edit_trials *trials, int64_t base,
                         int64_t near) {
    enum { POWERS = 8 };
    trial top = try_side(arena, trials, odd_multiple(base << POWERS, near));
    int low = -1, high = POWERS; // low does not work, high does
    if (!top.works) return 0;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        trial t = try_side(arena, trials, odd_multiple(base << middle, near));
        if (takes(&t, top.keeps_size))
            high = middle;
        else
            low = middle;
    }
    int64_t unit = base << high;
    trial second = try_side(arena, trials, odd_multiple(unit, near) + 2 * unit);
    return takes(&second, top.keeps_size) ? unit : 0;
}

// ---- the largest size: memory is almost proportional to the area

typedef struct sample {
    int64_t units;
    double memory;
} sample;

static sample measure(czm_arena *arena, const czm_edit_trials *trials, int64_t units,
                      int64_t multiple) {
    trial t = try_side(arena, trials, units * multiple);
    return (sample){units, t.works ? (double)t.memory : (double)UINT64_MAX};
}

// The size at which a straight line through two samples (memory over area) reaches the limit.
static int64_t guess(sample a, sample b) {
    double limit = (double)CZM_TILE_MEMORY_LIMIT, near = (double)a.units, far = (double)b.units;
    double slope = (b.memory - a.memory) / (far * far - near * near);
    double area = slope > 0 ? near * near + (limit - a.memory) / slope : 0;
    return area > 0 ? (int64_t)sqrt(area) : 0;
}

static int64_t kept_between(int64_t units, int64_t low, int64_t high) {
    return units <= low ? low + 1 : units >= high ? high - 1 : units;
}

// `low` fits, `high` does not; after a few guesses, the interval is halved.
static int64_t find_largest(czm_arena *arena, const czm_edit_trials *trials, int64_t multiple) {
    enum { GUESSES = 6 };
    int64_t low = 0, high = LARGEST_SIDE / multiple + 1;
    sample last = {0, 0},
           now = measure(arena, trials, kept_between(USUAL_SIDE / multiple, 0, high), multiple);
    for (int round = 0;; round++) {
        if (now.memory <= (double)CZM_TILE_MEMORY_LIMIT)
            low = now.units;
        else
            high = now.units;
        if (high - low <= 1) return low * multiple;
        int64_t next = round < GUESSES ? guess(last, now) : low + (high - low) / 2;
        next = kept_between(next, low, high);
        last = now;
        now = measure(arena, trials, next, multiple);
    }
}

czm_tile_size czm_tile_size_find(czm_arena *arena, const czm_target *target,
                                 const czm_check_subject *subject) {
    static const int64_t bases[] = {1, 3};
    if (subject->input.rank != 4 || subject->input.dims[1] > LARGEST_SIDE)
        return (czm_tile_size){0};
    const czm_edit_trials *trials = czm_edit_trials_begin(arena, target->options, &target->source);
    int64_t height = subject->input.dims[1], multiple = 0;
    for (size_t i = 0; i < CZM_COUNT_OF(bases) && trials && multiple == 0; i++)
        multiple = find_unit(arena, trials, bases[i], height == CZM_UNKNOWN ? USUAL_SIDE : height);
    if (multiple == 0) return (czm_tile_size){0};
    return (czm_tile_size){find_largest(arena, trials, multiple), multiple};
}

// ---- the nearest sizes

static bool keeps_size(czm_arena *arena, const czm_edit_trials *trials, const int64_t size[2]) {
    return try_size(arena, trials, size[0], size[1]).keeps_size;
}

const char *czm_tile_size_hint(czm_arena *arena, const czm_target *target,
                               const czm_check_subject *subject) {
    int64_t height = subject->input.dims[1], width = subject->input.dims[2];
    if (height > LARGEST_SIDE || width > LARGEST_SIDE) return NULL;
    const czm_edit_trials *trials = czm_edit_trials_begin(arena, target->options, &target->source);
    for (int64_t unit = 2; trials && unit <= USUAL_SIDE; unit *= 2) {
        const int64_t low[] = {height / unit * unit, width / unit * unit};
        const int64_t high[] = {(height + unit - 1) / unit * unit,
                                (width + unit - 1) / unit * unit};
        bool is_low = keeps_size(arena, trials, low), is_high = keeps_size(arena, trials, high);
        if (!is_low && !is_high) continue;
        const int64_t *first = is_low ? low : high;
        const char *text =
            czm_arena_format(arena, "%lld,%lld", (long long)first[0], (long long)first[1]);
        if (is_low && is_high)
            text = czm_arena_format(arena, "%s and %lld,%lld", text, (long long)high[0],
                                    (long long)high[1]);
        return czm_arena_format(
            arena, "the nearest sizes at which the output is as large as the input: %s", text);
    }
    return NULL;
}
