// SPDX-License-Identifier: Apache-2.0
//
// Trying sizes; see tile_size.h.
#include "api/tile_size.h"

#include "api/call.h"
#include "edit/edit.h"

enum { USUAL_SIDE = 256, LARGEST_MULTIPLE = 256, LARGEST_SIDE = 1 << 16 };

typedef struct trial {
    const czm_target *target;
    int64_t side;
    bool works;      // the network takes the size
    uint64_t memory; // what it then needs, if that is known
} trial;

static czm_status attempt(czm_context *context, void *data) {
    trial *t = data;
    czm_model model;
    const czm_target *target = t->target;
    t->works =
        czm_edit_try_size(context, target->options, &target->source, t->side, t->side, &model);
    if (!t->works) return CZM_OK;
    const czm_check_subject *subject = czm_check_subject_of(context->arena, &model, NULL, NULL);
    t->memory = subject->memory.is_known ? subject->memory.peak : UINT64_MAX;
    return CZM_OK;
}

// Each trial has memory of its own, for there are many; so have its findings, which nobody reads.
static trial try_side(const czm_target *target, int64_t side) {
    trial t = {.target = target, .side = side};
    czm_report *report = czm_report_new();
    if (!report) return t;
    if (czm_call(report, attempt, &t) != CZM_OK) t.works = false;
    czm_report_free(report);
    return t;
}

static bool fits(const czm_target *target, int64_t side) {
    trial t = try_side(target, side);
    return t.works && t.memory <= CZM_TILE_MEMORY_LIMIT;
}

// The least power of two of which two odd multiples work: odd, so that it is not a larger one.
static int64_t find_multiple(const czm_target *target, int64_t near) {
    for (int64_t unit = 1; unit <= LARGEST_MULTIPLE; unit *= 2) {
        int64_t odd = (near / unit) | 1;
        if (try_side(target, unit * odd).works && try_side(target, unit * (odd + 2)).works)
            return unit;
    }
    return 0;
}

// The largest multiple that fits, by bisection.
static int64_t find_largest(const czm_target *target, int64_t multiple) {
    int64_t low = 0, high = LARGEST_SIDE / multiple + 1; // low fits (or is nothing), high does not
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (fits(target, middle * multiple))
            low = middle;
        else
            high = middle;
    }
    return low * multiple;
}

czm_tile_size czm_tile_size_find(const czm_target *target, const czm_check_subject *subject) {
    if (subject->input.rank != 4) return (czm_tile_size){0};
    int64_t height = subject->input.dims[1];
    int64_t multiple = find_multiple(target, height == CZM_UNKNOWN ? USUAL_SIDE : height);
    if (multiple == 0) return (czm_tile_size){0};
    return (czm_tile_size){find_largest(target, multiple), multiple};
}
