// SPDX-License-Identifier: Apache-2.0
//
// The facts about variables in the objects of a SavedModel: names, and whether training changes them.
#include "read/savedmodel/object_graph.h"

#include "codec/checksum.h"
#include "codec/sstable.h"
#include "support.h"

typedef struct object {
    const char *children; // "name=id name=id"
    const char *variable; // its name; NULL: no variable
    bool is_trainable;    // in its own flag
} object;

static void put_children(czm_buffer *out, const char *text) {
    char name[32];
    unsigned id;
    for (int used; sscanf(text, " %31[^=]=%u%n", name, &id, &used) == 2; text += used) {
        size_t child = czm_put_begin(out, 1);
        czm_put_varint(out, 1, id);
        czm_put_text(out, 2, name);
        czm_put_end(out, child);
    }
}

// SavedObjectGraph: nodes=1 {children=1, variable=7 {trainable=3, name=6}}.
// TrackableObjectGraph: nodes=1 {children=1, attributes=2 {name=1, checkpoint_key=3}}.
static czm_bytes make_graph(czm_arena *arena, const object *objects, size_t count, bool is_saved) {
    czm_buffer b = czm_buffer_in(arena);
    for (size_t i = 0; i < count; i++) {
        size_t node = czm_put_begin(&b, 1);
        put_children(&b, objects[i].children);
        if (objects[i].variable) {
            size_t value = czm_put_begin(&b, is_saved ? 7 : 2);
            czm_put_text(&b, is_saved ? 6 : 1, is_saved ? objects[i].variable : "VARIABLE_VALUE");
            if (is_saved) czm_put_varint(&b, 3, objects[i].is_trainable);
            if (!is_saved) czm_put_text(&b, 3, czm_arena_format(arena, "key%zu", i));
            czm_put_end(&b, value);
        }
        czm_put_end(&b, node);
    }
    return czm_buffer_bytes(&b);
}

// A checkpoint of one string; see strings() in test_bundle.c.
static czm_bundle *make_bundle(czm_context *c, czm_bytes objects) {
    uint32_t masked_length, crc = czm_crc32c_string(objects, &masked_length);
    czm_buffer data = czm_buffer_in(c->arena), entry = czm_buffer_in(c->arena),
               header = czm_buffer_in(c->arena);
    czm_put_raw_varint(&data, objects.size);
    czm_put_raw_le(&data, masked_length, 4);
    czm_put_raw(&data, objects);
    czm_put_varint(&entry, 1, CZM_DTYPE_STRING);
    czm_put_varint(&entry, 5, data.size);
    czm_put_fixed32(&entry, 6, czm_crc32c_mask(crc));
    czm_put_varint(&header, 1, 1);
    czm_record records[] = {{{0}, czm_buffer_bytes(&header)},
                            {czm_bytes_text("_CHECKPOINTABLE_OBJECT_GRAPH"),
                             czm_buffer_bytes(&entry)}};
    write_file(c, "objects/saved_model.pb", (czm_bytes){0});
    write_file(c, "objects/variables/variables.data-00000-of-00001", czm_buffer_bytes(&data));
    write_file(c, "objects/variables/variables.index",
               czm_sstable_write(c->arena, records, CZM_COUNT_OF(records)));
    czm_source *source = CZM_NEW(c->arena, czm_source);
    czm_bundle *bundle;
    assert_int_equal(czm_source_open(c, "objects", source), CZM_OK);
    assert_int_equal(czm_bundle_open(c, source, &bundle), CZM_OK);
    return bundle;
}

static czm_objects *read_graph(czm_context *c, const object *objects, size_t count) {
    czm_bundle *bundle = make_bundle(c, make_graph(c->arena, objects, count, false));
    czm_meta_graph meta = {.object_graph = make_graph(c->arena, objects, count, true)};
    czm_objects *read;
    assert_int_equal(czm_objects_read(c, &meta, bundle, &read), CZM_OK);
    return read;
}

static void assert_variable(const czm_objects *objects, const char *key, const char *name,
                            bool is_trainable) {
    czm_variable v = {.name = "unchanged", .is_trainable = !is_trainable};
    czm_objects_describe(objects, czm_bytes_text(key), &v);
    assert_string_equal(v.name, name);
    assert_int_equal(v.is_trainable, is_trainable);
}

static void flags_count_without_lists(void **state) {
    static const object graph[] = {{"w=1 m=2", NULL, false},
                                   {"", "dense/kernel", true},
                                   {"", "dense/mean", false}};
    czm_objects *objects = read_graph(*state, graph, CZM_COUNT_OF(graph));
    assert_variable(objects, "key1", "dense/kernel", true);
    assert_variable(objects, "key2", "dense/mean", false);
}

// A frozen layer keeps the flags of its variables and is missing in the list.
static void lists_count_more_than_flags(void **state) {
    static const object graph[] = {{"variables=1 trainable_variables=2 own=5", NULL, false},
                                   {"0=3 1=4", NULL, false},
                                   {"0=4", NULL, false},
                                   {"", "frozen/kernel", true},
                                   {"", "head/kernel", true},
                                   {"", "other", true}};
    czm_objects *objects = read_graph(*state, graph, CZM_COUNT_OF(graph));
    assert_variable(objects, "key3", "frozen/kernel", false);
    assert_variable(objects, "key4", "head/kernel", true);
    assert_variable(objects, "key5", "other", true);
}

// Keras 3 saves each variable twice, and the lists have one of them.
static void copies_are_known_by_name(void **state) {
    static const object graph[] = {{"variables=1 trainable_variables=2 copies=3", NULL, false},
                                   {"0=4 1=5 2=6", NULL, false},
                                   {"0=5", NULL, false},
                                   {"0=7 1=8", NULL, false},
                                   {"", "frozen/kernel", true},
                                   {"", "w", true},
                                   {"", "w", true},
                                   {"", "frozen/kernel", true},
                                   {"", "w", true}};
    czm_objects *objects = read_graph(*state, graph, CZM_COUNT_OF(graph));
    assert_variable(objects, "key7", "frozen/kernel", false);
    assert_variable(objects, "key6", "w", false);
    assert_variable(objects, "key8", "w", true); // the name is ambiguous: the flag
}

static void an_unknown_key_changes_nothing(void **state) {
    static const object graph[] = {{"w=1 far=99", NULL, false}, {"far=7", "w", true}};
    czm_objects *objects = read_graph(*state, graph, CZM_COUNT_OF(graph));
    czm_variable v = {.name = "unchanged", .is_trainable = true};
    czm_objects_describe(objects, czm_bytes_text("key9"), &v);
    assert_string_equal(v.name, "unchanged");
    assert_true(v.is_trainable);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(flags_count_without_lists),
        TEST(lists_count_more_than_flags),
        TEST(copies_are_known_by_name),
        TEST(an_unknown_key_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
