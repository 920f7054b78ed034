// SPDX-License-Identifier: Apache-2.0
//
// The axes of a footprint: tables of spans, by phase and place in a period. Each operation makes a new table.
#ifndef CZM_AXIS_H
#define CZM_AXIS_H

#include "analysis/footprint.h"

enum { CZM_LARGEST_STEP = 1 << 30 }; // larger taps, strides and jumps are treated as damage

int64_t czm_gcd(int64_t a, int64_t b);

static inline bool czm_span_is_empty(czm_span s) { return s.low > s.high; }
czm_span czm_span_unite(czm_span a, czm_span b);

// The span of the element of number `index`, which may lie before the first period.
czm_span czm_axis_at(const czm_axis *axis, int64_t phase, int64_t index);

// An axis of this form without its table, which is returned to be filled.
czm_span *czm_axis_new(czm_arena *arena, int64_t period, int64_t jump, int64_t phases,
                       czm_axis *axis);

// The union of the spans in the `parts` parts of a period.
czm_axis czm_axis_fold(czm_arena *arena, const czm_axis *axis, int64_t parts);

// The same with the shortest period.
czm_axis czm_axis_shortest(czm_arena *arena, const czm_axis *axis);

bool czm_axis_has_equal_phases(const czm_axis *axis);
bool czm_axis_is_within_reach(const czm_axis *axis);

#endif
