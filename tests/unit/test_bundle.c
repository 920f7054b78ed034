// SPDX-License-Identifier: Apache-2.0
//
// TensorBundles that are made here: whole tensors, several shards, slices of partitioned variables
// under keys in OrderedCode, and indices that lie.
#include "read/savedmodel/bundle.h"

#include "codec/checksum.h"
#include "codec/sstable.h"
#include "support.h"

// A data file of 600 float32 that count up from 0 (per shard: from 1000 x shard).
enum { COUNT = 600 };

static czm_bytes make_data(czm_arena *arena, unsigned shard) {
    float *values = CZM_NEW_ARRAY(arena, float, COUNT);
    for (unsigned i = 0; i < COUNT; i++) values[i] = (float)(i + 1000 * shard);
    return czm_bytes_of(values, COUNT * sizeof *values);
}

typedef struct entry {
    czm_bytes key;
    uint64_t dims[3];
    size_t rank;
    uint64_t shard, offset, size; // in elements; a size of 0 with slices: none of its own
    const char *slices;           // "start,length:start,length" of each, separated by blanks
    int crc_lie, size_lie;
} entry;

#define KEY(literal) \
    { (const uint8_t *)(literal), sizeof(literal) - 1 }

static void put_slice(czm_buffer *b, const char **text) {
    size_t slice = czm_put_begin(b, 7);
    for (const char *at = *text; *at && *at != ' ';) {
        size_t extent = czm_put_begin(b, 1);
        unsigned start = 0, length = 0;
        int used = 0;
        if (*at == '-') {
            at++;
        } else {
            assert_int_equal(sscanf(at, "%u,%u%n", &start, &length, &used), 2);
            at += used;
            if (start) czm_put_varint(b, 1, start);
            czm_put_varint(b, 2, length);
        }
        czm_put_end(b, extent);
        if (*at == ':') at++;
        *text = at;
    }
    czm_put_end(b, slice);
    if (**text == ' ') ++*text;
}

static czm_bytes make_entry(czm_arena *arena, const entry *e) {
    czm_buffer b = czm_buffer_in(arena);
    czm_put_varint(&b, 1, CZM_DTYPE_FLOAT);
    size_t shape = czm_put_begin(&b, 2);
    for (size_t i = 0; i < e->rank; i++) {
        size_t dim = czm_put_begin(&b, 2);
        czm_put_varint(&b, 1, e->dims[i]);
        czm_put_end(&b, dim);
    }
    czm_put_end(&b, shape);
    czm_put_varint(&b, 3, e->shard);
    czm_put_varint(&b, 4, e->offset * 4);
    czm_put_varint(&b, 5, (uint64_t)((int64_t)e->size * 4 + e->size_lie));
    if (e->offset + e->size <= COUNT) {
        czm_bytes data = make_data(arena, (unsigned)e->shard);
        uint32_t crc = czm_crc32c(0, czm_bytes_of(data.data + e->offset * 4, (size_t)e->size * 4));
        czm_put_fixed32(&b, 6, czm_crc32c_mask(crc) + (uint32_t)e->crc_lie);
    }
    for (const char *at = e->slices; at && *at;) put_slice(&b, &at);
    return czm_buffer_bytes(&b);
}

static czm_bytes make_header(czm_arena *arena, uint64_t shards, uint64_t endianness) {
    czm_buffer b = czm_buffer_in(arena);
    czm_put_varint(&b, 1, shards);
    if (endianness) czm_put_varint(&b, 2, endianness);
    return czm_buffer_bytes(&b);
}

static czm_status open_index(czm_context *c, const czm_record *records, size_t count,
                             czm_bundle **bundle) {
    write_file(c, "bundle/saved_model.pb", (czm_bytes){0});
    write_file(c, "bundle/variables/variables.index", czm_sstable_write(c->arena, records, count));
    czm_source *source = CZM_NEW(c->arena, czm_source);
    assert_int_equal(czm_source_open(c, "bundle", source), CZM_OK);
    return czm_bundle_open(c, source, bundle);
}

// The entries' keys must ascend.
static czm_bundle *open_bundle(czm_context *c, const entry *entries, size_t count) {
    for (unsigned shard = 0; shard < 2; shard++)
        write_file(c,
                   czm_arena_format(c->arena, "bundle/variables/variables.data-%05u-of-00003",
                                    shard),
                   make_data(c->arena, shard));
    czm_record *records = CZM_NEW_ARRAY(c->arena, czm_record, count + 1);
    records[0].value = make_header(c->arena, 3, 0);
    for (size_t i = 0; i < count; i++)
        records[i + 1] = (czm_record){entries[i].key, make_entry(c->arena, &entries[i])};
    czm_bundle *bundle;
    assert_int_equal(open_index(c, records, count + 1, &bundle), CZM_OK);
    return bundle;
}

static czm_status take(void *user, czm_bytes block) {
    czm_put_raw(user, block);
    return CZM_OK;
}

// Reads a tensor, or the part of it that `slice` names; `out` gets its floats.
static czm_status read_tensor(czm_context *c, czm_bundle *bundle, const char *name,
                              const char *slice, czm_variable *v, const float **out) {
    czm_checkpoint_key key = {czm_bytes_text(name), czm_bytes_text(slice)};
    czm_status status = czm_bundle_find(c, bundle, key, v);
    if (status) return status;
    czm_buffer b = czm_buffer_in(c->arena);
    uint32_t crc;
    status = v->source->stream(v->source, c, (czm_sink){take, &b}, &crc);
    if (status) return status;
    assert_int_equal(b.size, v->source->size);
    assert_int_equal(crc, czm_crc32c(0, czm_buffer_bytes(&b)));
    *out = (const float *)(const void *)b.data;
    return CZM_OK;
}

static void whole_tensors(void **state) {
    czm_context *c = *state;
    static const entry entries[] = {
        {.key = KEY("empty"), .dims = {0, 5}, .rank = 2},
        {.key = KEY("kernel"), .dims = {2, 3}, .rank = 2, .offset = 10, .size = 6},
        {.key = KEY("other"), .dims = {600}, .rank = 1, .shard = 1, .size = 600},
        {.key = KEY("scalar"), .shard = 1, .offset = 599, .size = 1},
    };
    czm_bundle *b = open_bundle(c, entries, CZM_COUNT_OF(entries));
    czm_variable v;
    const float *values;
    assert_int_equal(read_tensor(c, b, "kernel", "", &v, &values), CZM_OK);
    assert_int_equal(v.dtype, CZM_DTYPE_FLOAT);
    assert_int_equal(v.rank, 2);
    assert_int_equal(v.dims[1], 3);
    assert_true(values[0] == 10 && values[5] == 15);
    assert_int_equal(read_tensor(c, b, "other", "", &v, &values), CZM_OK);
    assert_true(values[0] == 1000 && values[599] == 1599);
    assert_int_equal(read_tensor(c, b, "scalar", "", &v, &values), CZM_OK);
    assert_true(v.rank == 0 && values[0] == 1599);
    assert_int_equal(read_tensor(c, b, "empty", "", &v, &values), CZM_OK);
    assert_int_equal(v.source->size, 0);
    assert_int_equal(czm_report_count(c->report), 0);
    assert_int_equal(read_tensor(c, b, "kerne", "", &v, &values), CZM_ERROR_INVALID);
    assert_only_rule(c, "variable-missing");
}

// "\0" (the number 0), the name, "\0\1", the rank, then start and length of each dimension; -1 is a
// whole dimension. 64 and more take two bytes, as in TensorFlow's ordered_code_test.
static const entry partitioned[] = {
    {.key = KEY("\0k\0\1\1\2\x80\x82\x80\x7f"), .dims = {2, 3}, .rank = 2, .offset = 0, .size = 6},
    {.key = KEY("\0k\0\1\1\2\x82\x82\x80\x7f"), .dims = {2, 3}, .rank = 2, .shard = 1, .size = 6},
    {.key = KEY("\0long\0\1\1\1\x80\xc0\x64"),
     .dims = {100},
     .rank = 1,
     .offset = 100,
     .size = 100},
    {.key = KEY("\0long\0\1\1\1\xc0\x64\xc0\xc8"),
     .dims = {200},
     .rank = 1,
     .offset = 300,
     .size = 200},
    {.key = KEY("k"), .dims = {4, 3}, .rank = 2, .slices = "0,2:- 2,2:-"},
    {.key = KEY("long"), .dims = {300}, .rank = 1, .slices = "0,100 100,200"},
};

static void partitioned_variables(void **state) {
    czm_context *c = *state;
    czm_bundle *b = open_bundle(c, partitioned, CZM_COUNT_OF(partitioned));
    czm_variable v;
    const float *values;
    assert_int_equal(read_tensor(c, b, "k", "", &v, &values), CZM_OK);
    static const float rows[] = {0, 1, 2, 3, 4, 5, 1000, 1001, 1002, 1003, 1004, 1005};
    assert_memory_equal(values, rows, sizeof rows);
    assert_int_equal(v.dims[0], 4);
    assert_int_equal(read_tensor(c, b, "long", "", &v, &values), CZM_OK);
    assert_true(values[0] == 100 && values[99] == 199 && values[100] == 300 && values[299] == 499);
}

static void parts_that_a_variable_takes(void **state) {
    czm_context *c = *state;
    czm_bundle *b = open_bundle(c, partitioned, CZM_COUNT_OF(partitioned));
    czm_variable v;
    const float *values;
    assert_int_equal(read_tensor(c, b, "k", "4 3 2,2:-", &v, &values), CZM_OK); // one of the slices
    assert_true(v.dims[0] == 2 && v.dims[1] == 3 && values[0] == 1000);
    assert_int_equal(read_tensor(c, b, "k", "4 3 1,2:1,2", &v, &values), CZM_OK); // across both
    static const float across[] = {4, 5, 1001, 1002};
    assert_memory_equal(values, across, sizeof across);
    assert_int_equal(read_tensor(c, b, "long", "300 99,2", &v, &values), CZM_OK);
    assert_true(values[0] == 199 && values[1] == 300);
    static const char *const wrong[] = {"4 3",         "4 3 ",       "4 3 0,5:-",
                                        "4 3 5,0:-",   "4 3 0,2",    "4 4 -:-",
                                        "4 3 0,2:-:-", "4 3 0,2:-x", "4 3 18446744073709551615,1:-",
                                        "4 3 -1,2:-",  "-"};
    for (size_t i = 0; i < CZM_COUNT_OF(wrong); i++)
        if (read_tensor(c, b, "k", wrong[i], &v, &values) == CZM_OK) fail_msg("%s", wrong[i]);
}

static void damage_is_found_while_copying(void **state) {
    czm_context *c = *state;
    static const entry entries[] = {
        {.key = KEY("crc"), .dims = {6}, .rank = 1, .size = 6, .crc_lie = 1},
        {.key = KEY("gone"), .dims = {6}, .rank = 1, .shard = 2, .size = 6},
    };
    static const struct {
        const char *name, *rule;
        czm_status status;
    } cases[] = {{"crc", "weights-damaged", CZM_ERROR_INVALID},
                 {"gone", "file-missing", CZM_ERROR_IO}};
    czm_bundle *b = open_bundle(c, entries, CZM_COUNT_OF(entries));
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        czm_variable v;
        const float *values;
        assert_int_equal(read_tensor(c, b, cases[i].name, "", &v, &values), cases[i].status);
        assert_string_equal(rule_at(c, i), cases[i].rule);
    }
}

// One finding, whatever lies in the missing part.
static void a_truncated_file_is_found_at_once(void **state) {
    czm_context *c = *state;
    const entry whole = {.key = KEY("a"), .dims = {6}, .rank = 1, .size = 6};
    const entry beyond = {.key = KEY("b"), .dims = {600}, .rank = 1, .offset = 1, .size = 600};
    (void)open_bundle(c, &whole, 1);
    czm_record records[] = {{.value = make_header(c->arena, 3, 0)},
                            {whole.key, make_entry(c->arena, &whole)},
                            {beyond.key, make_entry(c->arena, &beyond)}};
    czm_bundle *bundle;
    assert_int_equal(open_index(c, records, CZM_COUNT_OF(records), &bundle), CZM_ERROR_INVALID);
    assert_only_rule(c, "weights-damaged");
}

// A slice whose checksum is wrong must be found although only a part of it is wanted.
static void damage_of_a_slice_is_found(void **state) {
    czm_context *c = *state;
    entry entries[CZM_COUNT_OF(partitioned)];
    memcpy(entries, partitioned, sizeof partitioned);
    entries[1].crc_lie = 1;
    czm_bundle *b = open_bundle(c, entries, CZM_COUNT_OF(entries));
    czm_variable v;
    const float *values;
    assert_int_equal(read_tensor(c, b, "k", "4 3 1,2:1,2", &v, &values), CZM_ERROR_INVALID);
    assert_only_rule(c, "weights-damaged");
}

// A back end may need memory for a weight, whose file therefore counts as input.
static void weights_that_are_read_allow_memory(void **state) {
    czm_context *c = *state;
    static const entry entries[] = {{.key = KEY("a"), .dims = {6}, .rank = 1, .size = 6}};
    czm_arena_limit(c->arena);
    czm_bundle *b = open_bundle(c, entries, 1);
    uint64_t before = czm_arena_budget(c->arena)->input[CZM_MEMORY];
    czm_variable v;
    const float *values;
    assert_int_equal(read_tensor(c, b, "a", "", &v, &values), CZM_OK);
    assert_int_equal(czm_arena_budget(c->arena)->input[CZM_MEMORY] - before,
                     make_data(c->arena, 0).size);
}

static void entries_that_lie(void **state) {
    czm_context *c = *state;
    static const entry entries[] = {
        {.key = KEY("a"), .dims = {6}, .rank = 1, .size = 5},
        {.key = KEY("b"), .dims = {6}, .rank = 1, .size = 6, .size_lie = -1},
        {.key = KEY("c"), .dims = {UINT64_MAX}, .rank = 1, .size = 6},                   // negative
        {.key = KEY("d"), .dims = {1u << 31, 1u << 31, 1u << 31}, .rank = 3, .size = 0}, // 2^93
        {.key = KEY("e"), .dims = {6}, .rank = 1, .shard = 3, .size = 6},
        {.key = KEY("f"), .dims = {6}, .rank = 1, .shard = UINT64_MAX, .size = 6},
        {.key = KEY("g"), .dims = {4}, .rank = 1, .slices = "0,2 2,2"}, // no such keys
        {.key = KEY("h"), .dims = {4}, .rank = 1, .slices = "0,2:-"},   // of another rank
        {.key = KEY("i"), .dims = {4}, .rank = 1, .slices = "3,2"},     // too long
    };
    czm_bundle *b = open_bundle(c, entries, CZM_COUNT_OF(entries));
    for (size_t i = 0; i < CZM_COUNT_OF(entries); i++) {
        char name[2] = {(char)entries[i].key.data[0], 0};
        czm_variable v;
        const float *values;
        if (read_tensor(c, b, name, "", &v, &values) != CZM_ERROR_INVALID) fail_msg("%s", name);
        assert_string_equal(rule_at(c, i), "model-damaged");
    }
}

// Slices that leave a gap.
static void slices_that_do_not_cover(void **state) {
    czm_context *c = *state;
    entry entries[CZM_COUNT_OF(partitioned)];
    memcpy(entries, partitioned, sizeof partitioned);
    entries[4].slices = "0,2:-";
    czm_bundle *b = open_bundle(c, entries, CZM_COUNT_OF(entries));
    czm_variable v;
    const float *values;
    assert_int_equal(read_tensor(c, b, "k", "", &v, &values), CZM_ERROR_INVALID);
}

static void headers_that_are_rejected(void **state) {
    czm_context *c = *state;
    const czm_record headers[] = {
        {{0}, make_header(c->arena, 1, 1)}, // big-endian
        {{0}, make_header(c->arena, 0, 0)}, // no data file
        {{0}, make_header(c->arena, 1000000000, 0)},
        {czm_bytes_text("kernel"), {0}}, // no header
    };
    for (size_t i = 0; i < CZM_COUNT_OF(headers); i++) {
        czm_bundle *bundle;
        assert_int_equal(open_index(c, &headers[i], 1, &bundle), CZM_ERROR_INVALID);
        assert_string_equal(rule_at(c, i), "model-damaged");
    }
}

// A scalar string is its length as a varint, a masked checksum, and its bytes. One that claims to
// be almost 2^64 bytes long must not pass for fitting because its sum overflows. The checksums are
// those of a string that TensorFlow wrote.
#define LENGTH "\xd9\xc6\x9c\x43"
enum { HELLO = 0x29c0e0ec };

static void strings(void **state) {
    czm_context *c = *state;
    const struct {
        const char *data;
        size_t size;
        const char *expected; // NULL: it is damaged
    } cases[] = {
        {"\x05" LENGTH "hello", 10, "hello"},
        {"\x05" LENGTH "hallo", 10, NULL},
        {"\x05sum.hello", 10, NULL},
        {"\x05" LENGTH "hell", 9, NULL},
        {"\x05su", 3, NULL},
        {"\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, NULL},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        czm_buffer b = czm_buffer_in(c->arena);
        czm_put_varint(&b, 1, CZM_DTYPE_STRING);
        czm_put_varint(&b, 5, cases[i].size);
        czm_put_fixed32(&b, 6, HELLO);
        const czm_record records[] = {{{0}, make_header(c->arena, 1, 0)},
                                      {czm_bytes_text("text"), czm_buffer_bytes(&b)}};
        czm_bundle *bundle;
        write_file(c, "bundle/variables/variables.data-00000-of-00001",
                   czm_bytes_of(cases[i].data, cases[i].size));
        assert_int_equal(open_index(c, records, CZM_COUNT_OF(records), &bundle), CZM_OK);
        czm_bytes string;
        assert_int_equal(czm_bundle_string(c, bundle, "text", &string),
                         cases[i].expected ? CZM_OK : CZM_ERROR_INVALID);
        assert_text(string, cases[i].expected ? cases[i].expected : "");
        assert_int_equal(czm_bundle_string(c, bundle, "other", &string), CZM_OK);
        assert_text(string, "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(strings),
        TEST(whole_tensors),
        TEST(partitioned_variables),
        TEST(parts_that_a_variable_takes),
        TEST(damage_is_found_while_copying),
        TEST(a_truncated_file_is_found_at_once),
        TEST(damage_of_a_slice_is_found),
        TEST(weights_that_are_read_allow_memory),
        TEST(entries_that_lie),
        TEST(slices_that_do_not_cover),
        TEST(headers_that_are_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
