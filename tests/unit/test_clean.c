// SPDX-License-Identifier: Apache-2.0
//
// Pass "clean": only harmless attributes are removed.
#include "graphs.h"
#include "passes/passes.h"

static void clean(czm_context *c, czm_model *m) {
    assert_null(czm_graph_sort(&m->main));
    czm_pass_clean(c, m, CZM_FOR_TF200);
}

static void notes_go_and_the_rest_stays(void **state) {
    czm_context *c = *state;
    czm_model *m = new_model(c);
    czm_node *n = czm_graph_add(&m->main, "n", CZM_OP_Relu);
    czm_set_string(&m->main, n, "_class", "loc:@x");
    czm_set_type(&m->main, n, "T", CZM_DTYPE_FLOAT);
    czm_set_int(&m->main, n, "curve", 3); // unknown: the check rejects it
    czm_set_bool(&m->main, n, "_XlaMustCompile", false);
    add_output(&m->main, n, 0);
    clean(c, m);
    assert_int_equal(n->attrs.count, 2);
    assert_true(czm_node_has_attr(n, "T") && czm_node_has_attr(n, "curve"));
}

static void debug_names_go(void **state) {
    czm_context *c = *state;
    czm_model *m = new_model(c);
    czm_node *n = czm_graph_add(&m->main, "n", CZM_OP_VarHandleOp);
    czm_set_string(&m->main, n, "debug_name", "conv/kernel");
    czm_set_string(&m->main, n, "shared_name", "conv/kernel");
    add_output(&m->main, n, 0);
    clean(c, m);
    assert_int_equal(n->attrs.count, 1);
}

// New in TensorFlow 2.1: harmless if it is the default, or if nothing reads the outputs that it changes.
static void the_average_factor(void **state) {
    czm_context *c = *state;
    const czm_bytes one = {(const uint8_t *)"\x25\0\0\x80\x3f", 5};
    const czm_bytes half = {(const uint8_t *)"\x25\0\0\0\x3f", 5};
    const struct {
        czm_bytes factor;
        uint32_t output;
        bool stays;
    } cases[] = {{one, 0, false}, {one, 1, false}, {half, 0, false},
                 {half, 1, true}, {half, 2, true}, {half, 3, false}};
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        czm_model *m = new_model(c);
        czm_node *n = czm_graph_add(&m->main, "n", CZM_OP_FusedBatchNormV3);
        czm_set_attr(&m->main, n, "exponential_avg_factor", cases[i].factor);
        add_output(&m->main, n, cases[i].output);
        clean(c, m);
        assert_int_equal(czm_node_has_attr(n, "exponential_avg_factor"), cases[i].stays);
    }
}

static void what_a_node_reads_counts_too(void **state) {
    czm_context *c = *state;
    czm_model *m = new_model(c);
    czm_node *norm = czm_graph_add(&m->main, "n", CZM_OP_FusedBatchNormV3);
    czm_set_attr(&m->main, norm, "exponential_avg_factor", czm_bytes_of("\x25\0\0\0\x3f", 5));
    czm_node *reader = czm_graph_add(&m->main, "r", CZM_OP_Identity);
    czm_node_add_input(&m->main, reader, (czm_tensor){norm, 2});
    add_output(&m->main, reader, 0);
    clean(c, m);
    assert_true(czm_node_has_attr(norm, "exponential_avg_factor"));
}

static void functions_are_cleaned_too(void **state) {
    czm_context *c = *state;
    czm_model *m = new_model(c);
    czm_graph *f = CZM_NEW(c->arena, czm_graph);
    *f = (czm_graph){.arena = c->arena, .ops = m->ops, .name = "f"};
    czm_node *n = czm_graph_add(f, "n", CZM_OP_Relu);
    czm_set_bool(f, n, "_note", true);
    add_output(f, n, 0);
    czm_model_add_function(m, f);
    assert_null(czm_graph_sort(f));
    clean(c, m);
    assert_int_equal(n->attrs.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(notes_go_and_the_rest_stays), TEST(debug_names_go),
        TEST(the_average_factor),          TEST(what_a_node_reads_counts_too),
        TEST(functions_are_cleaned_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
