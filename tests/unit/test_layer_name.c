// SPDX-License-Identifier: Apache-2.0
//
// From the names of nodes to those of layers.
#include "graph/layer_name.h"

#include "graphs.h"

static void names_of_nodes(void **state) {
    czm_context *c = *state;
    static const struct {
        const char *scope;
        bool has_echo;
        const char *node, *layer;
    } cases[] = {
        {"model/", false, "model/block3/conv/Conv2D", "block3/conv"},
        {"model/", false, "model/conv/BiasAdd/ReadVariableOp", "conv"},
        {"model/", false, "model/dense/Tensordot/MatMul", "dense"},
        {"model/", false, "model/norm/batchnorm/mul/ReadVariableOp", "norm"},
        {"", false, "conv/Conv2D", "conv"},
        {"", false, "Conv2D", "Conv2D"},
        {"model/", false, "other/conv/Conv2D", "other/conv"},
        {"functional_1/", true, "functional_1/conv2d_1_2/convolution", "conv2d_1"},
        {"functional_1/", true, "functional_1/conv2d_1/BiasAdd", "conv2d"},
        {"functional_1/", true, "functional_1/unet/BiasAdd", "unet"},
        {"functional_1/", false, "functional_1/conv2d_1/BiasAdd", "conv2d_1"},
        {"functional_1/", true, "functional_1/2/BiasAdd", "2"},
        {"", false, "", ""},
        {"", false, "/", "/"},
        {"", false, "a/", "a"},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        czm_layer_names names = {cases[i].scope, cases[i].has_echo};
        assert_string_equal(czm_layer_name(c->arena, cases[i].node, names), cases[i].layer);
    }
}

static void the_scope_that_all_share(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *x = czm_graph_add(g, "input_1", CZM_OP_Placeholder);
    czm_node *a = add(g, "model/a/Relu", "Relu", x, NULL);
    czm_node *b = add(g, "model/b/Relu", "Relu", a, NULL);
    (void)b;
    assert_string_equal(czm_layer_names_of(c->arena, g).scope, "model/");
    add(g, "StatefulPartitionedCall/c/Relu", "Relu", b, NULL);
    assert_string_equal(czm_layer_names_of(c->arena, g).scope, "");
    assert_string_equal(czm_layer_names_of(c->arena, &new_model(c)->main).scope, "");
}

// Keras 3 traces a model twice: "conv_1" reads the variable "conv/kernel".
static void an_echo_shows_at_the_variables(void **state) {
    czm_context *c = *state;
    czm_graph *g = &new_model(c)->main;
    czm_node *kernel = czm_graph_add(g, "conv/kernel", CZM_OP_VarHandleOp);
    czm_node *read = add(g, "functional_1/conv_1/ReadVariableOp", "ReadVariableOp", kernel, NULL);
    add(g, "functional_1/conv_1/Conv2D", "Conv2D", read, read);
    assert_true(czm_layer_names_of(c->arena, g).has_echo);
    czm_node *own = czm_graph_add(g, "up_1/kernel", CZM_OP_VarHandleOp);
    add(g, "functional_1/up_1/ReadVariableOp", "ReadVariableOp", own, NULL);
    assert_false(czm_layer_names_of(c->arena, g).has_echo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(names_of_nodes),
        TEST(the_scope_that_all_share),
        TEST(an_echo_shows_at_the_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
