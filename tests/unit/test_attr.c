// SPDX-License-Identifier: Apache-2.0
//
// Attributes: writing and reading, defaults, lists packed and not, functions, argument sizes.
#include "graphs.h"

static void what_is_set_is_read(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *n = czm_graph_add(g, "n", CZM_OP_NoOp);
    czm_set_int(g, n, "i", -5);
    czm_set_bool(g, n, "b", true);
    czm_set_type(g, n, "t", CZM_DTYPE_HALF);
    czm_set_string(g, n, "s", "SAME");
    assert_int_equal(czm_attr_int(n, "i"), -5);
    assert_true(czm_attr_bool(n, "b"));
    assert_int_equal(czm_attr_type(n, "t"), CZM_DTYPE_HALF);
    assert_true(czm_attr_is(n, "s", "SAME"));
    assert_false(czm_attr_is(n, "s", "SAM"));
    czm_set_int(g, n, "i", 6); // replaces
    assert_int_equal(czm_attr_int(n, "i"), 6);
    assert_int_equal(n->attrs.count, 4);
    czm_remove_attr(n, "i");
    czm_remove_attr(n, "i");
    assert_false(czm_node_has_attr(n, "i"));
    assert_int_equal(n->attrs.count, 3);
    // Absent, or of another kind.
    assert_int_equal(czm_attr_int(n, "i"), 0);
    assert_int_equal(czm_attr_int(n, "s"), 0);
    assert_int_equal(czm_attr_string(n, "b").size, 0);
}

static void lists_packed_and_not(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *n = czm_graph_add(g, "n", CZM_OP_Conv2D);
    int64_t out[4] = {0};
    assert_int_equal(czm_attr_ints(n, "dilations", out, 4), 4); // the op's default
    assert_int_equal(out[3], 1);
    const int64_t values[] = {1, -2, 300, 4, 5};
    czm_set_ints(g, n, "strides", values, 5);
    assert_int_equal(czm_attr_ints(n, "strides", out, 4), 5); // all are counted, four stored
    assert_int_equal(out[1], -2);
    assert_int_equal(out[2], 300);
    czm_set_ints(g, n, "strides", NULL, 0);
    assert_int_equal(czm_attr_list_size(n, "strides"), 0);
    czm_set_attr(g, n, "strides", czm_bytes_of("\x0a\x04\x18\x07\x18\x08", 6)); // not packed
    assert_int_equal(czm_attr_ints(n, "strides", out, 4), 2);
    assert_int_equal(out[0], 7);
    assert_int_equal(out[1], 8);
    czm_set_attr(g, n, "strides", czm_bytes_of("\x0a\x03\x1a\x01\x80", 5)); // half a number
    (void)czm_attr_ints(n, "strides", out, 4);
}

static void references_count_as_their_base(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *n = czm_graph_add(g, "n", CZM_OP_Identity);
    czm_set_type(g, n, "T", (czm_dtype)(CZM_DTYPE_FLOAT + CZM_DTYPE_REF));
    assert_int_equal(czm_attr_type(n, "T"), CZM_DTYPE_FLOAT);
    const czm_bytes list = czm_bytes_of("\x0a\x04\x30\x65\x30\x03", 6); // one by one
    assert_literal(czm_attr_with_usual_types(c->arena, list), "\x0a\x04\x32\x02\x01\x03");
    const czm_bytes usual = czm_bytes_of("\x0a\x04\x32\x02\x01\x03", 6);
    assert_ptr_equal(czm_attr_with_usual_types(c->arena, usual).data, usual.data);
}

static void how_many_tensors(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    size_t count;
    czm_node *split = czm_graph_add(g, "s", CZM_OP_Split);
    czm_set_int(g, split, "num_split", 5);
    czm_set_type(g, split, "T", CZM_DTYPE_HALF);
    assert_true(czm_node_output_count(split, &count) && count == 5);
    assert_true(czm_node_input_count(split, &count) && count == 2);
    assert_int_equal(czm_tensor_dtype((czm_tensor){split, 4}), CZM_DTYPE_HALF);
    assert_int_equal(czm_tensor_dtype((czm_tensor){split, 5}), CZM_DTYPE_NONE);
    czm_set_int(g, split, "num_split", -1);
    assert_false(czm_node_output_count(split, &count));
    czm_node *loop = czm_graph_add(g, "w", CZM_OP_While);
    const czm_dtype types[] = {CZM_DTYPE_INT32, CZM_DTYPE_RESOURCE};
    czm_set_types(g, loop, "T", types, 2);
    assert_true(czm_node_output_count(loop, &count) && count == 2);
    assert_int_equal(czm_tensor_dtype((czm_tensor){loop, 1}), CZM_DTYPE_RESOURCE);
    assert_false(czm_node_output_count(czm_graph_add_named(g, "x", "NoSuchOp"), &count));
}

static void note_name(void *user, czm_bytes name) {
    char *names = user;
    strncat(names, (const char *)name.data, name.size);
}

static void functions_of_every_form(void **state) {
    czm_context *c = *state;
    char names[32] = "";
    czm_attr_each_function(czm_bytes_of("\x52\x03\x0a\x01"
                                        "f",
                                        5),
                           note_name, names);
    // A list of two functions, as Case has.
    czm_attr_each_function(czm_bytes_of("\x0a\x0a\x4a\x03\x0a\x01"
                                        "g\x4a\x03\x0a\x01"
                                        "h",
                                        12),
                           note_name, names);
    czm_attr_each_function(czm_bytes_of("\x12\x01s", 3), note_name, names);
    czm_attr_each_function((czm_bytes){0}, note_name, names);
    assert_string_equal(names, "fgh");
    (void)c;
}

static void constants(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    const int32_t values[] = {-1, 256};
    czm_node *n = czm_add_const_ints(g, "n", values, 2, false).node;
    assert_int_equal(czm_attr_type(n, "dtype"), CZM_DTYPE_INT32);
    assert_literal(czm_attr_tensor(n, "value"), "\x08\x03\x12\x04\x12\x02\x08\x02"
                                                "\x22\x08\xff\xff\xff\xff\0\1\0\0");
    czm_node *scalar = czm_add_const_ints(g, "s", values, 1, true).node;
    assert_literal(czm_attr_tensor(scalar, "value"), "\x08\x03\x12\x00\x22\x04\xff\xff\xff\xff");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_set_is_read),
        TEST(lists_packed_and_not),
        TEST(references_count_as_their_base),
        TEST(how_many_tensors),
        TEST(functions_of_every_form),
        TEST(constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
