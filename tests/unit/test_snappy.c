// SPDX-License-Identifier: Apache-2.0
//
// Snappy: each kind of element, and streams that are damaged or claim more than they contain.
#include "codec/snappy.h"

#include "support.h"

typedef struct sample {
    const char *name, *packed;
    size_t packed_size;
    const char *content; // NULL: it is damaged
} sample;

#define PACKED(literal) (literal), sizeof(literal) - 1

static const sample samples[] = {
    {"nothing", PACKED("\0"), ""},
    {"a literal",
     PACKED("\3\x08"
            "abc"),
     "abc"},
    {"a long literal",
     PACKED("\3\xf0\2"
            "abc"),
     "abc"},
    {"a longer literal",
     PACKED("\3\xf4\2\0"
            "abc"),
     "abc"},
    {"a copy of kind 1",
     PACKED("\6\4"
            "ab\1\2"),
     "ababab"},
    {"a copy of kind 2",
     PACKED("\5\4"
            "ab\x0a\2\0"),
     "ababa"},
    {"a copy of kind 3",
     PACKED("\4\4"
            "ab\7\1\0\0\0"),
     "abbb"},
    {"no size", PACKED(""), NULL},
    {"a size beyond its limit", PACKED("\xff\xff\xff\xff\7\0a"), NULL},
    {"a size without content", PACKED("\3"), NULL},
    {"more content than its size",
     PACKED("\2\x08"
            "abc"),
     NULL},
    {"less content than its size",
     PACKED("\4\x08"
            "abc"),
     NULL},
    {"a truncated literal",
     PACKED("\3\x08"
            "ab"),
     NULL},
    {"a truncated length", PACKED("\3\xf4\2"), NULL},
    {"a truncated distance",
     PACKED("\5\4"
            "ab\x0a\2"),
     NULL},
    {"a copy of nothing", PACKED("\4\1\1"), NULL},
    {"a copy from before the content",
     PACKED("\6\4"
            "ab\1\3"),
     NULL},
    {"a copy of distance 0",
     PACKED("\6\4"
            "ab\1\0"),
     NULL},
    {"a copy beyond the content",
     PACKED("\5\4"
            "ab\1\2"),
     NULL},
};

static void each_sample(void **state) {
    czm_context *c = *state;
    for (size_t i = 0; i < CZM_COUNT_OF(samples); i++) {
        const sample *s = &samples[i];
        czm_bytes content;
        bool is_sound =
            czm_snappy_expand(c->arena, czm_bytes_of(s->packed, s->packed_size), &content);
        if (is_sound != (s->content != NULL)) fail_msg("%s", s->name);
        if (is_sound && !czm_bytes_is(content, s->content)) fail_msg("%s: its content", s->name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(each_sample)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
