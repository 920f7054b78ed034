// SPDX-License-Identifier: Apache-2.0
//
// The views of attributes and constant inputs: strided slices, windows, equations, axes.
#include "view/einsum.h"
#include "view/slice.h"
#include "view/window.h"

#include "graph_text.h"

// The last node of a graph.
static const czm_node *node_of(parser *p, const char *text) {
    *p = parse(text);
    build(p);
    return p->model.main.nodes.items[p->model.main.nodes.count - 1];
}

// A letter for each part, with its dimension: W whole, N new, I index, R range.
static void assert_parts(const char *masks, int rank, int entries, const char *expected) {
    czm_element numbers[8] = {{true, 1}, {true, 2}, {true, -1}, {false, 0}};
    czm_value value = {numbers, 8};
    czm_slicing slicing;
    parser p;
    char graph[200], text[100] = "";
    snprintf(graph, sizeof graph,
             "x:f[2,3,4]; b=i{0,0,0}; e=i{1,1,1}; s=i{1,1,1}; y=StridedSlice(x,b,e,s) %s", masks);
    const czm_node *node = node_of(&p, graph);
    bool is_read = czm_slicing_read(node, rank, entries, value, value, value, &slicing);
    for (int i = 0; is_read && i < slicing.count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%c%d", "WNIR"[slicing.parts[i].kind],
                 slicing.parts[i].dim);
    }
    assert_string_equal(is_read ? text : "not read", expected);
    czm_arena_free(p.arena);
}

static void parts_of_slices(void **state) {
    (void)state;
    assert_parts("", 3, 2, "R0R1");
    assert_parts("shrink_axis_mask=2", 3, 2, "R0I1");
    assert_parts("ellipsis_mask=2", 4, 3, "R0W1W2R3");
    assert_parts("ellipsis_mask=1 shrink_axis_mask=2", 3, 2, "W0W1I2");
    assert_parts("new_axis_mask=1", 3, 2, "N0R0");
    assert_parts("ellipsis_mask=3", 3, 2, "not read");
    assert_parts("", 1, 2, "not read");
    assert_parts("", CZM_UNKNOWN, 2, "not read");
}

static void bounds_of_slices(void **state) {
    (void)state;
    czm_element numbers[] = {{true, 1}, {true, -2}, {false, 0}};
    czm_value value = {numbers, 3};
    czm_slicing slicing;
    parser p;
    const czm_node *node = node_of(&p, "x:f[2,3,4]; b=i{0,0,0}; e=i{1,1,1}; s=i{1,1,1}; "
                                       "y=StridedSlice(x,b,e,s) begin_mask=3 shrink_axis_mask=2");
    assert_true(czm_slicing_read(node, 3, 3, value, value, value, &slicing));
    assert_true(slicing.parts[0].begin.is_open && !slicing.parts[0].end.is_open);
    assert_false(slicing.parts[1].begin.is_open); // the mask has no effect on an index
    assert_int_equal(slicing.parts[1].begin.at, -2);
    assert_false(slicing.parts[2].begin.is_known);
    assert_int_equal(slicing.parts[2].stride, 0);
    czm_arena_free(p.arena);
}

static void windows_and_same_padding(void **state) {
    (void)state;
    static const struct {
        int64_t size, stride, dilation, image, before, after;
    } cases[] = {{3, 1, 1, 8, 1, 1}, {3, 2, 1, 8, 0, 1},          {3, 2, 1, 7, 1, 1},
                 {2, 1, 1, 5, 0, 1}, {3, 1, 2, 9, 2, 2},          {1, 2, 1, 8, 0, 0},
                 {5, 1, 1, 2, 2, 2}, {3, 1, 1, CZM_UNKNOWN, 1, 1}};
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        czm_window w = {cases[i].size, cases[i].stride, cases[i].dilation, 0, 0};
        int64_t count;
        assert_true(czm_window_count(&w, CZM_PADDING_SAME, cases[i].image, &count));
        czm_window_pad_same(&w, cases[i].image, count);
        assert_int_equal(w.before, cases[i].before);
        assert_int_equal(w.after, cases[i].after);
    }
}

static void windows_of_attributes(void **state) {
    (void)state;
    parser p;
    const czm_node *pool = node_of(&p, "x:f[1,8,8,2]; y=MaxPool(x) ksize=[1,2,3,1] "
                                       "strides=[1,2,1,1] padding='VALID'");
    czm_windows windows = czm_windows_of(pool, 4);
    assert_int_equal(windows.padding, CZM_PADDING_VALID);
    assert_int_equal(windows.along[1].size, 2);
    assert_int_equal(windows.along[2].size, 3);
    assert_int_equal(windows.along[1].stride, 2);
    assert_int_equal(windows.along[1].dilation, 1);
    assert_int_equal(czm_windows_of(pool, 5).along[1].size, CZM_UNKNOWN);
    assert_false(czm_is_channels_first(pool));
    czm_arena_free(p.arena);
}

static void assert_equation(const char *equation, int inputs, const char *expected) {
    parser p;
    char graph[200], text[100] = "";
    snprintf(graph, sizeof graph, "x:f; z:f; y=Einsum(x,z) equation='%s'", equation);
    czm_einsum e;
    czm_einsum_term term;
    bool is_read = czm_einsum_read(node_of(&p, graph), &e);
    for (int i = 0; is_read && i < inputs; i++) {
        is_read = czm_einsum_next(&e, &term);
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s|", (const char *)term.labels);
    }
    size_t used = strlen(text);
    if (is_read) snprintf(text + used, sizeof text - used, "%s", (const char *)e.output.labels);
    assert_string_equal(is_read && czm_einsum_is_at_end(&e) ? text : "not read", expected);
    czm_arena_free(p.arena);
}

static void equations(void **state) {
    (void)state;
    assert_equation("ab,bc->ac", 2, "ab|bc|ac");
    assert_equation("...ab, bC -> ...aC", 2, ".ab|bC|.aC");
    assert_equation("ab,bc", 2, "not read");
    assert_equation("ab->a", 2, "not read");
    assert_equation("ab,bc,cd->ad", 2, "not read");
    assert_equation("a1,bc->a", 2, "not read");
    assert_equation("...a...,b->a", 2, "not read");
}

static void axes(void **state) {
    (void)state;
    czm_element numbers[] = {{true, -1}, {true, 0}}, outside[] = {{true, 3}}, open[] = {{false, 0}};
    bool is_named[3] = {false};
    assert_true(czm_axes_mark((czm_value){numbers, 2}, 3, is_named));
    assert_true(is_named[0] && !is_named[1] && is_named[2]);
    assert_false(czm_axes_mark((czm_value){outside, 1}, 3, is_named));
    assert_false(czm_axes_mark((czm_value){open, 1}, 3, is_named));
    assert_false(czm_axes_mark((czm_value){0}, 3, is_named));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_slices),
        cmocka_unit_test(bounds_of_slices),
        cmocka_unit_test(windows_and_same_padding),
        cmocka_unit_test(windows_of_attributes),
        cmocka_unit_test(equations),
        cmocka_unit_test(axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
