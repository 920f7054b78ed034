// SPDX-License-Identifier: Apache-2.0
//
// Sorting: every node after its inputs, the same order each time, circles, old loops, depth.
#include "graphs.h"

static void nodes_come_after_their_inputs(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *sum = czm_graph_add(g, "sum", CZM_OP_AddV2),
             *unused = czm_graph_add(g, "unused", CZM_OP_NoOp);
    czm_node *x = czm_graph_add(g, "x", CZM_OP_Placeholder);
    czm_node *left = add(g, "left", "Relu", x, NULL), *right = add(g, "right", "Tanh", x, NULL);
    czm_node_add_input(g, sum, czm_output(left));
    czm_node_add_input(g, sum, czm_output(right));
    add_output(g, sum, 0);
    add_input(g, x);
    for (int i = 0; i < 2; i++) {
        assert_null(czm_graph_sort(g));
        assert_int_equal(g->nodes.count, 4);
        czm_node *const expected[] = {x, left, right, sum};
        assert_memory_equal(g->nodes.items, expected, sizeof expected);
        for (uint32_t k = 0; k < 4; k++) assert_int_equal(g->nodes.items[k]->order, k + 1);
    }
    assert_int_equal(unused->order, 0);
}

static void an_input_stays_though_nobody_reads_it(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *x = czm_graph_add(g, "x", CZM_OP_Placeholder),
             *k = czm_graph_add(g, "k", CZM_OP_Const);
    add_output(g, k, 0);
    add_input(g, x);
    assert_null(czm_graph_sort(g));
    assert_int_equal(g->nodes.count, 2);
}

static void circles_are_found(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *a = czm_graph_add(g, "a", CZM_OP_AddV2);
    czm_node *b = add(g, "b", "Relu", a, NULL);
    czm_node_add_input(g, a, czm_output(b));
    add_output(g, b, 0);
    assert_ptr_equal(czm_graph_sort(g), b);
    czm_node *self = czm_graph_add(g, "self", CZM_OP_Relu);
    czm_node_add_input(g, self, czm_output(self));
    g->outputs.count = 0;
    add_output(g, self, 0);
    assert_ptr_equal(czm_graph_sort(g), self);
    // Not an old loop: NextIteration is cut before a Merge only.
    czm_node *next = czm_graph_add(g, "next", CZM_OP_NextIteration);
    czm_node *relu = add(g, "relu", "Relu", next, NULL);
    czm_node_add_input(g, next, czm_output(relu));
    g->outputs.count = 0;
    add_output(g, relu, 0);
    assert_non_null(czm_graph_sort(g));
}

static void old_loops_are_cut(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *x = czm_graph_add(g, "x", CZM_OP_Placeholder);
    czm_node *enter = add(g, "enter", "Enter", x, NULL);
    czm_node *merge = add(g, "merge", "Merge", enter, NULL);
    czm_node *cond = add(g, "cond", "LoopCond", merge, NULL);
    czm_node *branch = add(g, "switch", "Switch", merge, cond);
    czm_node *body = czm_graph_add(g, "body", CZM_OP_Relu);
    czm_node_add_input(g, body, (czm_tensor){branch, 1});
    czm_node *next = add(g, "next", "NextIteration", body, NULL);
    czm_node_add_input(g, merge, czm_output(next));
    czm_node *leave = add(g, "exit", "Exit", branch, NULL);
    add_output(g, leave, 0);
    add_input(g, x);
    assert_null(czm_graph_sort(g));
    assert_int_equal(g->nodes.count, 8);
    assert_true(enter->order < merge->order && branch->order < leave->order);
    assert_true(body->order < next->order && merge->order < body->order);
}

static void control_inputs_count(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *pivot = czm_graph_add(g, "pivot", CZM_OP_Identity),
             *k = czm_graph_add(g, "k", CZM_OP_Const);
    *CZM_APPEND(c->arena, &k->controls) = pivot;
    add_output(g, k, 0);
    assert_null(czm_graph_sort(g));
    assert_ptr_equal(g->nodes.items[0], pivot);
}

static void depth_costs_no_stack(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    enum { DEPTH = 300000 };
    czm_node *last = czm_graph_add(g, "x", CZM_OP_Placeholder);
    for (int i = 0; i < DEPTH; i++) {
        czm_node *node = CZM_NEW(c->arena, czm_node);
        *node = (czm_node){.name = "n", .op = "Relu"};
        czm_node_add_input(g, node, czm_output(last));
        last = node;
    }
    add_output(g, last, 0);
    assert_null(czm_graph_sort(g));
    assert_int_equal(g->nodes.count, DEPTH + 1);
}

static void functions_by_name(void **state) {
    czm_context *c = *state;
    czm_model *m = new_model(c);
    czm_graph body = {.name = "body"};
    czm_model_add_function(m, &body);
    assert_ptr_equal(czm_model_function(m, czm_bytes_text("body")), &body);
    assert_null(czm_model_function(m, czm_bytes_text("bod")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nodes_come_after_their_inputs),
        TEST(an_input_stays_though_nobody_reads_it),
        TEST(circles_are_found),
        TEST(old_loops_are_cut),
        TEST(control_inputs_count),
        TEST(depth_costs_no_stack),
        TEST(functions_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
