// SPDX-License-Identifier: Apache-2.0
//
// Numbers as text, with a decimal point in every locale: a program that calls setlocale, as those with Qt do, may
// have a decimal comma.
#ifndef CZM_BASE_DECIMAL_H
#define CZM_BASE_DECIMAL_H

#include "base/arena.h"

// The number at the beginning of `text`, such as "-2.5e3"; *end is the position after it, or `text` if there is none.
double czm_decimal_read(const char *text, const char **end);

// With `digits` significant digits or, if it `is_fixed`, digits after the point.
const char *czm_decimal_text(czm_arena *arena, double value, bool is_fixed, int digits);

#endif
