// SPDX-License-Identifier: Apache-2.0
//
// Other orders of axes: every way of copying gives the elements of a definition, and two orders are one.
#include "support.h"

#include "codec/checksum.h"
#include "graph/reorder.h"

enum { STEP = 1000 }; // bytes of a block of the source, not always whole rows

typedef struct memory_source {
    czm_tensor_source base;
    const uint8_t *data;
    int streams;
} memory_source;

static czm_status stream(const czm_tensor_source *self, czm_context *context, czm_sink sink,
                         uint32_t *crc32c) {
    memory_source *s = (memory_source *)self;
    (void)context;
    s->streams++;
    for (size_t at = 0; at < self->size; at += STEP) {
        size_t size = self->size - at < STEP ? self->size - at : STEP;
        czm_status status = sink.take(sink.user, czm_bytes_of(s->data + at, size));
        if (status) return status;
    }
    *crc32c = 0;
    return CZM_OK;
}

static czm_status append(void *user, czm_bytes block) {
    czm_put_raw(user, block);
    return CZM_OK;
}

static size_t size_of(const czm_reorder *r) {
    size_t size = r->element;
    for (int i = 0; i < r->rank; i++) size *= (size_t)r->dims[i];
    return size;
}

static memory_source make_source(czm_context *c, size_t size) {
    uint8_t *data = czm_arena_alloc(c->arena, size + 1);
    uint32_t random = 1;
    for (size_t i = 0; i < size; i++) data[i] = (uint8_t)((random = random * 1664525 + 1) >> 24);
    return (memory_source){{size, stream}, data, 0};
}

// The definition: element by element.
static const uint8_t *reorder(czm_context *c, const czm_reorder *r, const uint8_t *from) {
    size_t size = size_of(r), strides[CZM_REORDER_MOST_AXES];
    uint8_t *to = czm_arena_alloc(c->arena, size + 1);
    for (int i = r->rank - 1, stride = (int)r->element; i >= 0; stride *= (int)r->dims[i--])
        strides[i] = (size_t)stride;
    for (size_t i = 0; i < size / r->element; i++) {
        size_t rest = i, offset = 0;
        for (int k = r->rank - 1; k >= 0; k--) {
            size_t length = (size_t)r->dims[r->order[k]];
            offset += rest % length * strides[r->order[k]];
            rest /= length;
        }
        memcpy(to + i * r->element, from + offset, r->element);
    }
    return to;
}

static czm_bytes stream_all(czm_context *c, const czm_tensor_source *source) {
    czm_buffer b = czm_buffer_in(c->arena);
    uint32_t crc32c = 0;
    assert_int_equal(source->stream(source, c, (czm_sink){append, &b}, &crc32c), CZM_OK);
    if (source->stream != stream) assert_int_equal(crc32c, czm_crc32c(0, czm_buffer_bytes(&b)));
    return czm_buffer_bytes(&b);
}

static const czm_reorder cases[] = {
    {4, 4, {20, 30, 3, 3}, {2, 3, 1, 0}},     // OIHW to HWIO
    {4, 4, {3, 3, 30, 20}, {3, 2, 0, 1}},     // and back
    {4, 4, {700, 90, 3, 3}, {2, 3, 1, 0}},    // more than one piece
    {4, 4, {3, 3, 90, 700}, {3, 2, 0, 1}},    //
    {4, 2, {1030, 517}, {1, 0}},              //
    {4, 2, {2, 300000}, {1, 0}},              // a row is larger than a piece
    {4, 2, {300000, 2}, {1, 0}},              //
    {8, 3, {2, 200000, 3}, {2, 0, 1}},        //
    {4, 4, {5, 7, 1, 1}, {2, 3, 1, 0}},       // axes of length 1
    {2, 5, {4, 1, 6, 5, 3}, {4, 0, 2, 1, 3}}, //
    {1, 3, {33, 17, 129}, {0, 2, 1}},         //
    {16, 3, {9, 8, 7}, {1, 0, 2}},            // an element of no usual size
    {2, 3, {600, 700, 4}, {1, 0, 2}},         // runs of several elements
    {1, 8, {2, 3, 2, 3, 2, 3, 2, 3}, {7, 5, 3, 1, 0, 2, 4, 6}},
};

static void elements_move_as_defined(void **state) {
    czm_context *c = *state;
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        const czm_reorder *r = &cases[i];
        memory_source origin = make_source(c, size_of(r));
        const uint8_t *expected = reorder(c, r, origin.data);
        uint8_t *copy = czm_arena_alloc(c->arena, size_of(r));
        czm_reorder_copy(r, origin.data, copy);
        assert_bytes(czm_bytes_of(copy, size_of(r)), expected, size_of(r));
        const czm_tensor_source *source = czm_reorder_source(c->arena, &origin.base, r);
        assert_bytes(stream_all(c, source), expected, size_of(r));
        assert_ptr_equal(czm_reorder_origin(source), &origin.base);
        assert_int_equal(origin.streams, 1);
    }
}

static void orders_that_move_nothing_need_no_source(void **state) {
    czm_context *c = *state;
    static const czm_reorder same[] = {
        {4, 4, {5, 7, 3, 3}, {0, 1, 2, 3}},
        {4, 4, {1, 7, 1, 1}, {2, 3, 1, 0}},
        {4, 4, {5, 1, 3, 3}, {1, 0, 2, 3}},
        {4, 3, {5, 0, 3}, {2, 1, 0}},
        {4, 0, {0}, {0}},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(same); i++) {
        memory_source origin = make_source(c, size_of(&same[i]));
        assert_ptr_equal(czm_reorder_source(c->arena, &origin.base, &same[i]), &origin.base);
        uint8_t copy[5 * 7 * 3 * 3 * 4];
        czm_reorder_copy(&same[i], origin.data, copy);
        assert_bytes(czm_bytes_of(copy, size_of(&same[i])), origin.data, size_of(&same[i]));
    }
}

static void two_orders_become_one(void **state) {
    czm_context *c = *state;
    static const czm_reorder first = {4, 4, {6, 5, 2, 3}, {2, 3, 1, 0}};
    static const czm_reorder back = {4, 4, {2, 3, 5, 6}, {3, 2, 0, 1}};
    static const czm_reorder other = {4, 4, {2, 3, 5, 6}, {0, 3, 1, 2}};
    memory_source origin = make_source(c, size_of(&first));
    const czm_tensor_source *moved = czm_reorder_source(c->arena, &origin.base, &first);
    assert_ptr_equal(czm_reorder_source(c->arena, moved, &back), &origin.base);
    const czm_tensor_source *both = czm_reorder_source(c->arena, moved, &other);
    assert_ptr_equal(czm_reorder_origin(both), &origin.base);
    const uint8_t *expected = reorder(c, &other, reorder(c, &first, origin.data));
    assert_bytes(stream_all(c, both), expected, size_of(&first));
}

static czm_status reject(void *user, czm_bytes block) {
    (void)user, (void)block;
    return CZM_ERROR_IO;
}

static void a_full_disk_ends_the_stream(void **state) {
    czm_context *c = *state;
    for (size_t i = 0; i < 2; i++) {
        memory_source origin = make_source(c, size_of(&cases[i]));
        const czm_tensor_source *source = czm_reorder_source(c->arena, &origin.base, &cases[i]);
        uint32_t crc32c;
        assert_int_equal(source->stream(source, c, (czm_sink){reject, NULL}, &crc32c),
                         CZM_ERROR_IO);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(elements_move_as_defined),
        TEST(orders_that_move_nothing_need_no_source),
        TEST(two_orders_become_one),
        TEST(a_full_disk_ends_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
