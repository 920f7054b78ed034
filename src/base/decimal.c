// SPDX-License-Identifier: Apache-2.0
//
// C's own functions, with the decimal point of the locale replaced; see decimal.h.
#include "base/decimal.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 128 };

// Replaces the first `from` of a text by `to`; false: there is no room.
static bool replace(const char *text, const char *from, const char *to, char result[LONGEST]) {
    const char *found = strstr(text, from);
    size_t before = found ? (size_t)(found - text) : strlen(text);
    const char *rest = found ? found + strlen(from) : "";
    int size = snprintf(result, LONGEST, "%.*s%s%s", (int)before, text, found ? to : "", rest);
    return size > 0 && size < LONGEST;
}

double czm_decimal_read(const char *text, const char **end) {
    char digits[LONGEST], local[LONGEST], *local_end;
    size_t size = strspn(text, "+-.0123456789eE");
    *end = text;
    if (size == 0 || size >= LONGEST) return 0;
    memcpy(digits, text, size);
    digits[size] = '\0';
    if (!replace(digits, ".", localeconv()->decimal_point, local)) return 0;
    double value = strtod(local, &local_end);
    if (*local_end == '\0') *end = text + size;
    return value;
}

const char *czm_decimal_text(czm_arena *arena, double value, bool is_fixed, int digits) {
    char local[LONGEST], text[LONGEST];
    int size = snprintf(local, LONGEST, is_fixed ? "%.*f" : "%.*g", digits, value);
    if (size >= LONGEST) size = snprintf(local, LONGEST, "%.*g", digits, value);
    bool is_done = size > 0 && replace(local, localeconv()->decimal_point, ".", text);
    return czm_arena_format(arena, "%s", is_done ? text : "?");
}
