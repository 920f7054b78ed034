// SPDX-License-Identifier: Apache-2.0
//
// Ops that draw random numbers, in the main graph and in functions.
#include "analysis/randomness.h"

#include "graphs.h"

static void random_nodes_of_all_graphs(void **state) {
    czm_context *c = *state;
    czm_model *model = new_model(c);
    czm_graph *g = &model->main;
    czm_node *x = czm_graph_add(g, "x", CZM_OP_Placeholder);
    czm_node *noise = add(g, "dropout/uniform", "RandomUniform", x, NULL);
    czm_node *shuffled = add(g, "shuffle", "RandomShuffle", noise, NULL);
    czm_node *unused = add(g, "unused", "RandomUniform", x, NULL);
    add_output(g, add(g, "y", "Mul", x, shuffled), 0);
    assert_null(czm_graph_sort(g));
    czm_graph *function = CZM_NEW(c->arena, czm_graph);
    *function = (czm_graph){.arena = c->arena, .ops = model->ops, .name = "then"};
    czm_node *inside = czm_graph_add(function, "inside", CZM_OP_StatelessRandomUniformV2);
    czm_model_add_function(model, function);

    czm_node_list found = czm_random_nodes(c->arena, model);
    assert_int_equal(found.count, 3);
    assert_ptr_equal(found.items[0], noise);
    assert_ptr_equal(found.items[1], shuffled);
    assert_ptr_equal(found.items[2], inside);
    assert_int_equal(unused->order, 0);
}

static void each_op(void **state) {
    czm_context *c = *state;
    static const struct {
        const char *op;
        size_t count;
    } ops[] = {
        {"RandomStandardNormal", 1}, {"TruncatedNormal", 1},          {"Multinomial", 1},
        {"RandomUniformInt", 1},     {"StatefulStandardNormalV2", 1}, {"StatelessShuffle", 1},
        {"AllCandidateSampler", 1},  {"XlaRngBitGenerator", 1},       {"Relu", 0},
        {"RandomGammaGrad", 0},      {"RandomUniformity", 0},         {"RngReadAndSkip", 0},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(ops); i++) {
        czm_model *model = new_model(c);
        czm_graph_add_named(&model->main, "node", ops[i].op);
        assert_int_equal(czm_random_nodes(c->arena, model).count, ops[i].count);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(random_nodes_of_all_graphs),
        TEST(each_op),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
