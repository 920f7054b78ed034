// SPDX-License-Identifier: Apache-2.0
//
// codec/hdf5: the files of fixtures/hdf5 (make_hdf5.py), whole and damaged. tests/keras/hdf5.py
// compares many more with h5py.
#include "support.h"

#include "codec/hdf5.h"

typedef struct opened {
    czm_arena *arena;
    czm_hdf5 *file;
} opened;

static opened open_file(const char *path) {
    opened o = {.arena = czm_arena_new(NULL)};
    czm_file *disk = czm_file_open(o.arena, path);
    assert_non_null(disk);
    o.file = czm_hdf5_open(o.arena, czm_extent_whole(disk));
    return o;
}

static const czm_hdf5_object *find(opened *o, const char *path) {
    return czm_hdf5_find(o->file, czm_hdf5_root(o->file), czm_bytes_text(path));
}

static const char *const fixtures[] = {CZM_FIXTURES "/../hdf5/old.h5",
                                       CZM_FIXTURES "/../hdf5/new.h5"};

static void check_texts(opened *o, const char *path, const char *name, size_t count,
                        const char *last) {
    czm_hdf5_texts texts;
    assert_true(czm_hdf5_attribute(o->file, find(o, path), name, &texts));
    assert_int_equal(texts.count, count);
    if (count) assert_true(czm_bytes_is(texts.items[count - 1], last));
}

static void texts_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < CZM_COUNT_OF(fixtures); i++) {
        opened o = open_file(fixtures[i]);
        check_texts(&o, "", "model_config", 1, "{\"class_name\": \"Model\"}");
        check_texts(&o, "", "list", 2, "conv2d_1");
        check_texts(&o, "", "nothing", 0, NULL);
        check_texts(&o, "a/b", "weight_names", 2, "bias:0");
        assert_false(czm_hdf5_attribute(o.file, czm_hdf5_root(o.file), "other", NULL));
        assert_null(czm_hdf5_fault(o.file));
        czm_arena_free(o.arena);
    }
}

static void check_number(opened *o, const char *path, czm_hdf5_class class, size_t at,
                         uint64_t bits) {
    czm_hdf5_dataset d;
    assert_true(czm_hdf5_dataset_of(o->file, find(o, path), &d));
    assert_int_equal(d.type.class, class);
    const uint8_t *bytes = czm_hdf5_load(o->file, &d);
    assert_non_null(bytes);
    assert_true(czm_load_le(bytes + at * d.type.size, d.type.size) == bits);
}

static void numbers_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < CZM_COUNT_OF(fixtures); i++) {
        opened o = open_file(fixtures[i]);
        check_number(&o, "a/b/kernel:0", CZM_HDF5_FLOAT, 5, 0x40a00000);
        check_number(&o, "a/b/big", CZM_HDF5_FLOAT, 1, 0xf03f);
        check_number(&o, "a/b/half", CZM_HDF5_FLOAT, 3, 0x4200);
        check_number(&o, "a/b/unwritten", CZM_HDF5_FLOAT, 2, 0x40200000);
        check_number(&o, "a/b/packed", CZM_HDF5_SIGNED, 34, 34);
        assert_null(czm_hdf5_fault(o.file));
        czm_arena_free(o.arena);
    }
}

static void places_are_exact(void **state) {
    (void)state;
    opened o = open_file(fixtures[0]);
    czm_hdf5_dataset d;
    assert_true(czm_hdf5_dataset_of(o.file, find(&o, "a/b/kernel:0"), &d));
    assert_true(d.is_contiguous);
    assert_int_equal(d.rank, 2);
    assert_int_equal(d.dims[1], 3);
    float last;
    assert_true(czm_file_read_at(d.data.file, d.data.offset + 20, &last, sizeof last));
    assert_true(last == 5);
    czm_arena_free(o.arena);
}

static void links_lead_where_they_should(void **state) {
    (void)state;
    for (size_t i = 0; i < CZM_COUNT_OF(fixtures); i++) {
        opened o = open_file(fixtures[i]);
        assert_null(find(&o, "soft"));
        assert_null(find(&o, "a/x/b"));
        assert_ptr_equal(find(&o, "a/circle/a/circle"), czm_hdf5_root(o.file));
        assert_ptr_equal(find(&o, "/a/b/"), find(&o, "a/b"));
        assert_int_equal(czm_hdf5_names(o.file, find(&o, "a")).count, 2);
        czm_arena_free(o.arena);
    }
}

static void many_links_are_read(void **state) {
    (void)state;
    opened o = open_file(CZM_FIXTURES "/../hdf5/dense.h5");
    czm_hdf5_texts names = czm_hdf5_names(o.file, czm_hdf5_root(o.file));
    assert_int_equal(names.count, 40);
    for (int i = 0; i < 40; i++)
        assert_non_null(find(&o, czm_arena_format(o.arena, "layer_%02d", i)));
    check_texts(&o, "", "text_00", 1, "value 0");
    check_texts(&o, "", "text_11", 1, "value 11");
    assert_null(czm_hdf5_fault(o.file));
    czm_arena_free(o.arena);
}

// Checks the whole contents of the fixtures.
static bool visit_all(czm_file *disk, uint64_t size) {
    static const char *const places[] = {"",        "a",        "a/b",           "a/b/kernel:0",
                                         "a/b/big", "a/b/half", "a/b/unwritten", "a/b/packed",
                                         "a/circle"};
    czm_arena *arena = czm_arena_new(NULL);
    opened o = {arena, czm_hdf5_open(arena, (czm_extent){.file = disk, .size = size})};
    for (size_t i = 0; i < CZM_COUNT_OF(places); i++) {
        czm_hdf5_dataset d;
        czm_hdf5_texts texts;
        const czm_hdf5_object *object = find(&o, places[i]);
        czm_hdf5_attribute(o.file, object, "model_config", &texts);
        czm_hdf5_attribute(o.file, object, "weight_names", &texts);
        if (czm_hdf5_dataset_of(o.file, object, &d)) czm_hdf5_load(o.file, &d);
    }
    bool is_whole = czm_hdf5_fault(o.file) == NULL;
    czm_arena_free(o.arena);
    return is_whole;
}

static void every_truncation_is_a_fault(void **state) {
    (void)state;
    for (size_t i = 0; i < CZM_COUNT_OF(fixtures); i++) {
        opened o = open_file(fixtures[i]);
        czm_file *disk = czm_file_open(o.arena, fixtures[i]);
        assert_true(visit_all(disk, czm_file_size(disk)));
        for (uint64_t size = 0; size < czm_file_size(disk); size++)
            assert_false(visit_all(disk, size));
        czm_arena_free(o.arena);
    }
}

// A file that may be changed, with the content of a fixture.
static czm_file *copy_of(czm_arena *arena, const char *path, uint8_t **bytes, size_t *size) {
    czm_file *from = czm_file_open(arena, path), *to = czm_file_scratch(arena);
    *size = (size_t)czm_file_size(from);
    *bytes = czm_arena_alloc(arena, *size);
    assert_true(czm_file_read_at(from, 0, *bytes, *size));
    assert_true(czm_file_write_at(to, 0, *bytes, *size));
    return to;
}

static void flipped_bits_do_no_harm(void **state) {
    (void)state;
    enum { ROUNDS = 5000, FLIPS = 4 };
    uint32_t random = 1;
    for (size_t i = 0; i < CZM_COUNT_OF(fixtures); i++) {
        czm_arena *arena = czm_arena_new(NULL);
        uint8_t *bytes;
        size_t size, at[FLIPS];
        czm_file *disk = copy_of(arena, fixtures[i], &bytes, &size);
        for (size_t round = 0; round < ROUNDS; round++) {
            for (size_t k = 0; k < FLIPS; k++) {
                random = random * 1664525u + 1013904223u;
                at[k] = (random >> 8) % size;
                uint8_t flipped = bytes[at[k]] ^ (uint8_t)(1u << (random >> 29));
                assert_true(czm_file_write_at(disk, at[k], &flipped, 1));
            }
            visit_all(disk, size);
            for (size_t k = 0; k < FLIPS; k++)
                assert_true(czm_file_write_at(disk, at[k], &bytes[at[k]], 1));
        }
        czm_arena_free(arena);
    }
}

static void what_is_no_hdf5_is_told_apart(void **state) {
    (void)state;
    opened o = {.arena = czm_arena_new(NULL)};
    czm_file *disk = czm_file_scratch(o.arena);
    assert_true(czm_file_write_at(disk, 0, "version https://git-lfs", 23));
    o.file = czm_hdf5_open(o.arena, (czm_extent){.file = disk, .size = 23});
    assert_string_equal(czm_hdf5_fault(o.file), "it has no signature of HDF5");
    assert_null(czm_hdf5_root(o.file));
    czm_arena_free(o.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read),          cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(places_are_exact),        cmocka_unit_test(links_lead_where_they_should),
        cmocka_unit_test(many_links_are_read),     cmocka_unit_test(every_truncation_is_a_fault),
        cmocka_unit_test(flipped_bits_do_no_harm), cmocka_unit_test(what_is_no_hdf5_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
