// SPDX-License-Identifier: Apache-2.0
//
// Spans and tables of them; see axis.h.
#include "analysis/axis.h"

static const int64_t farthest = (int64_t)1 << 40; // more distant pixels are treated as damage

czm_span czm_span_unite(czm_span a, czm_span b) {
    if (czm_span_is_empty(a)) return b;
    if (czm_span_is_empty(b)) return a;
    return (czm_span){a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
}

static czm_span moved(czm_span s, int64_t by) {
    return czm_span_is_empty(s) ? s : (czm_span){s.low + by, s.high + by};
}

static bool is_same_span(czm_span a, czm_span b) { return a.low == b.low && a.high == b.high; }

int64_t czm_gcd(int64_t a, int64_t b) {
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

czm_span czm_axis_at(const czm_axis *a, int64_t phase, int64_t index) {
    int64_t periods = floor_divide(index, a->period);
    return moved(a->spans[phase * a->period + index - periods * a->period], periods * a->jump);
}

czm_span *czm_axis_new(czm_arena *arena, int64_t period, int64_t jump, int64_t phases,
                       czm_axis *axis) {
    czm_span *spans = CZM_NEW_ARRAY(arena, czm_span, (size_t)(phases * period));
    *axis = (czm_axis){period, jump, phases, spans};
    return spans;
}

czm_axis czm_axis_fold(czm_arena *arena, const czm_axis *a, int64_t parts) {
    czm_axis out;
    czm_span *to = czm_axis_new(arena, a->period / parts, a->jump / parts, a->phases, &out);
    for (int64_t i = 0; i < out.phases * out.period; i++) {
        int64_t phase = i / out.period, at = i % out.period;
        to[i] = czm_axis_at(a, phase, at);
        for (int64_t k = 1; k < parts; k++)
            to[i] = czm_span_unite(to[i], moved(czm_axis_at(a, phase, at + k * out.period),
                                                -k * out.jump));
    }
    return out;
}

// Whether all parts of a period are equal except for their position.
static bool has_parts(const czm_axis *a, int64_t parts) {
    int64_t period = a->period / parts, jump = a->jump / parts;
    for (int64_t i = 0; i < a->phases * a->period; i++) {
        int64_t phase = i / a->period, at = i % a->period;
        if (!is_same_span(moved(a->spans[i], jump), czm_axis_at(a, phase, at + period)))
            return false;
    }
    return true;
}

czm_axis czm_axis_shortest(czm_arena *arena, const czm_axis *a) {
    int64_t most = czm_gcd(a->period, a->jump);
    for (int64_t parts = most; parts > 1; parts--)
        if (most % parts == 0 && has_parts(a, parts)) return czm_axis_fold(arena, a, parts);
    return *a;
}

bool czm_axis_has_equal_phases(const czm_axis *a) {
    for (int64_t i = a->period; i < a->phases * a->period; i++)
        if (!is_same_span(a->spans[i], a->spans[i % a->period])) return false;
    return true;
}

bool czm_axis_is_within_reach(const czm_axis *a) {
    for (int64_t i = 0; i < a->phases * a->period; i++)
        if (!czm_span_is_empty(a->spans[i]) &&
            (a->spans[i].low < -farthest || a->spans[i].high > farthest))
            return false;
    return a->jump <= CZM_LARGEST_STEP;
}
