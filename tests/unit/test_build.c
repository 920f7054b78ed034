// SPDX-License-Identifier: Apache-2.0
//
// graph/build: what follows from the inputs of a node.
#include "graph_text.h"

static czm_node *build_one(parser *p, czm_op_kind op, const czm_tensor *inputs, size_t count) {
    return czm_build_node(&p->model.main, "node", op, inputs, count);
}

static czm_tensor named(parser *p, const char *name) {
    p->graph = &p->model.main;
    return czm_output(find_node(p, name));
}

static void element_types_are_derived(void **state) {
    (void)state;
    parser p = parse("x:h[1,4,4,2]; s=l{2,2}");
    build(&p);
    czm_node *node =
        build_one(&p, CZM_OP_Reshape, (czm_tensor[]){named(&p, "x"), named(&p, "s")}, 2);
    assert_int_equal(czm_attr_type(node, "T"), CZM_DTYPE_HALF);
    assert_int_equal(czm_attr_type(node, "Tshape"), CZM_DTYPE_INT64);
    czm_arena_free(p.arena);
}

static void numbers_of_inputs_are_derived(void **state) {
    (void)state;
    parser p = parse("x:f[1,4,4,2]; y:f[1,4,4,2]; a=i 3");
    build(&p);
    czm_tensor x = named(&p, "x"), y = named(&p, "y"), a = named(&p, "a");
    czm_node *concat = build_one(&p, CZM_OP_ConcatV2, (czm_tensor[]){x, y, x, a}, 4);
    assert_int_equal(czm_attr_int(concat, "N"), 3);
    assert_int_equal(czm_attr_type(concat, "Tidx"), CZM_DTYPE_INT32);
    czm_node *stitch = build_one(&p, CZM_OP_DynamicStitch, (czm_tensor[]){a, a, x, y}, 4);
    assert_int_equal(czm_attr_int(stitch, "N"), 2);
    assert_int_equal(czm_attr_type(stitch, "T"), CZM_DTYPE_FLOAT);
    czm_arena_free(p.arena);
}

static void lists_of_types_are_derived(void **state) {
    (void)state;
    parser p = parse("x:f[2]; a=i 3");
    build(&p);
    czm_node *node =
        build_one(&p, CZM_OP_IdentityN, (czm_tensor[]){named(&p, "x"), named(&p, "a")}, 2);
    assert_int_equal(czm_attr_list_size(node, "T"), 2);
    assert_int_equal(czm_tensor_dtype((czm_tensor){node, 1}), CZM_DTYPE_INT32);
    czm_arena_free(p.arena);
}

static void nothing_is_derived_without_a_definition(void **state) {
    (void)state;
    parser p = parse("x:f[2]");
    build(&p);
    czm_node *node = czm_graph_add_named(&p.model.main, "node", "NoSuchOp");
    czm_node_add_input(&p.model.main, node, named(&p, "x"));
    czm_node_derive_attrs(&p.model.main, node);
    assert_int_equal(node->attrs.count, 0);
    assert_int_equal(node->inputs.count, 1);
    czm_arena_free(p.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(element_types_are_derived),
        cmocka_unit_test(numbers_of_inputs_are_derived),
        cmocka_unit_test(lists_of_types_are_derived),
        cmocka_unit_test(nothing_is_derived_without_a_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
