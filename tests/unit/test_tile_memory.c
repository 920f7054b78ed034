// SPDX-License-Identifier: Apache-2.0
//
// What lives at once: small graphs whose memory is counted by hand. The comparison with TensorFlow
// is ../engines/tile_memory.py.
#include "analysis/tile_memory.h"

#include "graphs.h"

enum { SIDE = 16, IMAGE = SIDE * SIDE * 4 * 4 }; // bytes of [1,16,16,4] in float32

typedef struct net {
    czm_context *context;
    czm_model *model;
    czm_graph *graph;
    czm_node *image;
} net;

static net begin_with(czm_context *c, const int64_t *dims) {
    net n = {c, new_model(c), NULL, NULL};
    n.graph = &n.model->main;
    n.image = czm_graph_add(n.graph, "image", CZM_OP_Placeholder);
    czm_set_type(n.graph, n.image, "dtype", CZM_DTYPE_FLOAT);
    czm_set_attr(n.graph, n.image, "shape", czm_shape_attr(c->arena, (czm_shape){4, dims}));
    add_input(n.graph, n.image);
    return n;
}

static net begin(czm_context *c) {
    static const int64_t dims[] = {1, SIDE, SIDE, 4};
    return begin_with(c, dims);
}

static czm_node *typed(net *n, const char *op, czm_node *a, czm_node *b) {
    czm_node *node = add(n->graph, op, op, a, b);
    czm_set_type(n->graph, node, "T", CZM_DTYPE_FLOAT);
    return node;
}

static czm_node *conv(net *n, czm_node *image, int64_t size, int64_t in, int64_t out) {
    const int64_t dims[] = {size, size, in, out}, strides[] = {1, 1, 1, 1};
    size_t bytes = (size_t)(size * size * in * out) * 4;
    czm_node *filter = czm_add_const(n->graph, "filter", CZM_DTYPE_FLOAT,
                                     czm_bytes_of(czm_arena_alloc(n->context->arena, bytes), bytes),
                                     dims, 4)
                           .node;
    czm_node *node = typed(n, "Conv2D", image, filter);
    czm_set_ints(n->graph, node, "strides", strides, 4);
    czm_set_string(n->graph, node, "padding", "SAME");
    return node;
}

static czm_tile_memory memory_of(net *n, czm_node *output) {
    add_output(n->graph, output, 0);
    assert_null(czm_graph_sort(n->graph));
    return czm_tile_memory_of(n->context->arena, n->model,
                              czm_shapes_infer(n->context->arena, n->model, NULL));
}

static void a_chain_needs_two_tensors(void **state) {
    net n = begin(*state);
    czm_node *a = conv(&n, n.image, 1, 4, 4), *b = conv(&n, a, 1, 4, 4), *c = conv(&n, b, 1, 4, 4);
    czm_tile_memory m = memory_of(&n, c);
    assert_true(m.is_known);
    assert_int_equal(m.weights, 3 * 4 * 4 * 4);
    // The caller keeps the image; two others exist while one is computed from the other.
    assert_int_equal(m.activations, 3 * IMAGE);
    assert_int_equal(m.workspace, 0); // windows of one pixel
    assert_int_equal(m.peak, m.weights + m.activations);
}

static void a_skip_connection_lives_long(void **state) {
    net n = begin(*state);
    czm_node *skip = conv(&n, n.image, 1, 4, 4), *a = conv(&n, skip, 1, 4, 4);
    czm_node *b = conv(&n, a, 1, 4, 4);
    assert_int_equal(memory_of(&n, typed(&n, "AddV2", b, skip)).activations, 4 * IMAGE);
}

static void element_wise_nodes_write_over(void **state) {
    net n = begin(*state);
    czm_node *a = conv(&n, n.image, 1, 4, 4);
    czm_node *relu = typed(&n, "Relu", typed(&n, "Tanh", a, NULL), NULL);
    assert_int_equal(memory_of(&n, relu).activations, 2 * IMAGE);
    n = begin(*state); // neither tensors that are read again, nor those of the caller
    a = conv(&n, n.image, 1, 4, 4);
    relu = typed(&n, "Relu", a, NULL);
    assert_int_equal(memory_of(&n, typed(&n, "Mul", relu, a)).activations, 3 * IMAGE);
    n = begin(*state);
    assert_int_equal(memory_of(&n, typed(&n, "Relu", n.image, NULL)).activations, 2 * IMAGE);
}

static void names_for_one_tensor_count_once(void **state) {
    net n = begin(*state);
    czm_node *a = conv(&n, n.image, 1, 4, 4);
    czm_node *same = typed(&n, "Identity", typed(&n, "Identity", a, NULL), NULL);
    assert_int_equal(memory_of(&n, same).activations, 2 * IMAGE);
}

static void a_window_needs_workspace(void **state) {
    net n = begin(*state);
    czm_tile_memory m = memory_of(&n, conv(&n, n.image, 3, 4, 8));
    assert_int_equal(m.activations, 3 * IMAGE); // the output has twice the channels
    assert_int_equal(m.workspace, 2 * IMAGE);
    assert_int_equal(m.peak, m.weights + 5 * IMAGE);
    assert_string_equal(m.peak_at->op, "Conv2D");
}

static void an_unknown_size_is_named(void **state) {
    static const int64_t dims[] = {1, CZM_UNKNOWN, CZM_UNKNOWN, 4};
    net n = begin_with(*state, dims);
    czm_tile_memory m = memory_of(&n, conv(&n, n.image, 3, 4, 8));
    assert_false(m.is_known);
    assert_ptr_equal(m.unknown_at, n.image);
    assert_int_equal(m.peak, 0);
}

static void sums_do_not_overflow(void **state) {
    static const int64_t dims[] = {1, INT64_MAX / 8, INT64_MAX / 8, 4};
    net n = begin_with(*state, dims);
    czm_tile_memory m = memory_of(&n, typed(&n, "Relu", n.image, NULL));
    assert_true(m.is_known);
    assert_true(m.activations == UINT64_MAX && m.peak == UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_chain_needs_two_tensors),     TEST(a_skip_connection_lives_long),
        TEST(element_wise_nodes_write_over), TEST(names_for_one_tensor_count_once),
        TEST(a_window_needs_workspace),      TEST(an_unknown_size_is_named),
        TEST(sums_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
