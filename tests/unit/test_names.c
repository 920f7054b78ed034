// SPDX-License-Identifier: Apache-2.0
//
// Pass "names": names that TensorFlow 2.0.0 accepts, unique, and the same when it runs again.
#include "graphs.h"
#include "passes/passes.h"

static void names_become_acceptable(void **state) {
    czm_context *c = *state;
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"conv/Conv2D", "conv/Conv2D"},
        {"a.b-c_d\\e", "a.b-c_d\\e"},
        {".hidden", ".hidden"},
        {"", "n"},
        {"_x", "n_x"},
        {"-x", "n-x"},
        {"a>b", "a_b"},
        {"a b:0", "a_b_0"},
        {"Gr\xc3\xb6\xc3\x9f"
         "e",
         "Gr____e"},
        {"/x", "n/x"},
        {"\xc3\xa4", "n__"},
    };
    czm_model *m = new_model(c);
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++)
        czm_graph_add(&m->main, cases[i].before, CZM_OP_NoOp);
    czm_pass_names(c, m, CZM_FOR_TF200);
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++)
        assert_string_equal(m->main.nodes.items[i]->name, cases[i].after);
}

static void names_become_unique(void **state) {
    czm_context *c = *state;
    czm_model *m = new_model(c);
    static const char *const before[] = {"a", "a_1", "a", "a", "a_1", "A", "a b", "a_b"};
    static const char *const after[] = {"a", "a_1", "a_2", "a_3", "a_1_1", "A", "a_b", "a_b_1"};
    for (size_t i = 0; i < CZM_COUNT_OF(before); i++)
        czm_graph_add(&m->main, before[i], CZM_OP_NoOp);
    for (int run = 0; run < 2; run++) {
        czm_pass_names(c, m, CZM_FOR_TF200);
        for (size_t i = 0; i < CZM_COUNT_OF(after); i++)
            assert_string_equal(m->main.nodes.items[i]->name, after[i]);
    }
}

static void thousands_of_one_name(void **state) {
    czm_context *c = *state;
    czm_model *m = new_model(c);
    for (int i = 0; i < 20000; i++) czm_graph_add(&m->main, "x", CZM_OP_NoOp);
    czm_pass_names(c, m, CZM_FOR_TF200);
    assert_string_equal(m->main.nodes.items[19999]->name, "x_19999");
}

static void variables_are_known_by_their_names(void **state) {
    czm_context *c = *state;
    czm_model *m = new_model(c);
    czm_node *a = czm_graph_add(&m->main, "v", CZM_OP_VarHandleOp);
    czm_node *b = czm_graph_add(&m->main, "v", CZM_OP_VarHandleOp);
    czm_set_string(&m->main, a, "shared_name", "same");
    czm_set_string(&m->main, b, "shared_name", "same");
    czm_set_string(&m->main, b, "container", "box");
    czm_pass_names(c, m, CZM_FOR_TF200);
    assert_text(czm_attr_string(a, "shared_name"), "v");
    assert_text(czm_attr_string(b, "shared_name"), "v_1");
    assert_false(czm_node_has_attr(b, "container"));
}

static void arguments_of_functions_keep_theirs(void **state) {
    czm_context *c = *state;
    czm_model *m = new_model(c);
    czm_graph *f = CZM_NEW(c->arena, czm_graph);
    *f = (czm_graph){.arena = c->arena, .ops = m->ops, .name = "f"};
    czm_node *arg = czm_graph_add(f, "x", CZM_OP__Arg);
    *CZM_APPEND(c->arena, &f->inputs) = (czm_port){"x", czm_output(arg), CZM_DTYPE_FLOAT};
    czm_node *node = czm_graph_add(f, "x", CZM_OP_Relu);
    czm_model_add_function(m, f);
    czm_pass_names(c, m, CZM_FOR_TF200);
    assert_string_equal(arg->name, "x");
    assert_string_equal(node->name, "x_1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(names_become_acceptable),
        TEST(names_become_unique),
        TEST(thousands_of_one_name),
        TEST(variables_are_known_by_their_names),
        TEST(arguments_of_functions_keep_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
