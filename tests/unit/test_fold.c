// SPDX-License-Identifier: Apache-2.0
//
// Folding: which branches stay, and what constants give. A graph is written with y as its output; the
// node that y comes from afterwards is compared, or the value of y.
#include "fold/fold.h"

#include "graph_text.h"
#include "passes/passes.h"

static void build_alone(parser *p, const char *text) {
    *p = parse(text);
    p->ops.arena = p->arena;
    build(p);
    czm_node *y = find_node(p, "y");
    p->model.main.outputs.count = 0;
    add_output(p, czm_output(y));
    czm_graph_sort(&p->model.main);
}

// ---- branches

static void test_branches(void **state) {
    static const struct {
        const char *graph, *name; // of the node that gives y's first input afterwards
    } table[] = {
        // TensorFlow 1: Switch and Merge
        {"x:f[2]; p=b 1; s=Switch(x,p); a=Relu(s:1); b=Neg(s); m=Merge(b,a) N=2; y=Identity(m)",
         "a"},
        {"x:f[2]; p=b 0; s=Switch(x,p); a=Relu(s:1); b=Neg(s); m=Merge(b,a) N=2; y=Identity(m)",
         "b"},
        {"x:f[2]; q=b 0; p=LogicalNot(q); s=Switch(x,p); a=Relu(s:1); b=Neg(s); m=Merge(b,a) N=2; "
         "y=Identity(m)",
         "a"},
        {"x:f[2]; p:b[]; s=Switch(x,p); a=Relu(s:1); b=Neg(s); m=Merge(b,a) N=2; y=Identity(m)",
         "m"},
        // functions, and one inside another
        {"def t(a): b=Relu(a); return b; def e(a): c=Neg(a); return c; x:f[2]; p=b 1; "
         "i=If(p,x) then_branch=&t else_branch=&e; y=Identity(i)",
         "i/b"},
        {"def t(a): b=Relu(a); return b; def e(a): c=Neg(a); return c; x:f[2]; p=b 0; "
         "i=StatelessIf(p,x) then_branch=&t else_branch=&e; y=Identity(i)",
         "i/c"},
        {"def t(a): return a; def e(a): c=Neg(a); return c; x:f[2]; p=b 1; "
         "i=If(p,x) then_branch=&t else_branch=&e; y=Identity(i)",
         "x"},
        // Select: the chosen value must have the shape of the result
        {"x:f[2]; z:f[2]; p=b 1; s=Select(p,x,z); y=Identity(s)", "x"},
        {"x:f[2]; z=f 0; p=b 0; s=SelectV2(p,z,x); y=Identity(s)", "x"},
        {"x:f[2]; z:f[3,2]; p=b 1; s=SelectV2(p,x,z); y=Identity(s)", "s"},
        {"x:f[2]; d=Shape(x); r=Size(d); o=i 1; p=Equal(r,o); z=f 0; s=SelectV2(p,x,z); "
         "y=Identity(s)",
         "s"}, // the input decides
    };
    (void)state;
    for (size_t i = 0; i < CZM_COUNT_OF(table); i++) {
        parser p;
        build_alone(&p, table[i].graph);
        czm_context context = {p.arena, NULL};
        czm_fold_branches(&context, &p.model);
        const char *name = find_node(&p, "y")->inputs.items[0].node->name;
        if (!czm_text_equal(name, table[i].name))
            fail_msg("%s: %s instead of %s", table[i].graph, name, table[i].name);
        czm_arena_free(p.arena);
    }
}

// ---- what becomes of a slice that is put into a tensor, and of diagonals

static void test_updates(void **state) {
    static const struct {
        const char *graph, *op; // that y is afterwards
    } table[] = {
        {"x:f[?,4,4]; u=f[1,2,4]{1,1,1,1,1,1,1,1}; i=i{0,1,0}; y=XlaDynamicUpdateSlice(x,u,i)",
         "Identity"},
        {"x:f[?,4,4]; u:f[?,2,4]; i=i{0,9,0}; y=XlaDynamicUpdateSlice(x,u,i)", "Identity"},
        {"x:f[?,4,4]; u:f[?,2,4]; i:i[3]; y=XlaDynamicUpdateSlice(x,u,i)", "XlaDynamicUpdateSlice"},
        {"x:f[?,4]; k=i 0; m=i -1; z=f 0; y=MatrixDiagV3(x,k,m,m,z)", "MatrixDiag"},
        {"x:f[?,4]; k=i 1; m=i -1; z=f 0; y=MatrixDiagV3(x,k,m,m,z)", "MatrixDiagV3"},
        {"x:f[?,4,4]; d:f[?,4]; k=i 0; y=MatrixSetDiagV3(x,d,k)", "MatrixSetDiag"},
    };
    (void)state;
    for (size_t i = 0; i < CZM_COUNT_OF(table); i++) {
        parser p;
        build_alone(&p, table[i].graph);
        czm_context context = {p.arena, NULL};
        czm_pass_lower(&context, &p.model, CZM_FOR_TF200);
        const char *op = p.model.main.outputs.items[0].tensor.node->op;
        if (!czm_text_equal(op, table[i].op)) fail_msg("%s: %s", table[i].graph, op);
        const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, NULL);
        assert_null(czm_shapes_fault(shapes));
        czm_arena_free(p.arena);
    }
}

// ---- constants

static void test_constants(void **state) {
    static const struct {
        const char *graph, *value; // of y; "": it stays an operation
    } table[] = {
        {"a=i{12,-12}; b=i 2; y=RightShift(a,b)", "3 -3"},
        {"a=u{240,15}; b=u 4; y=RightShift(a,b)", "15 0"},
        {"a=u{240,15}; b=u 4; y=LeftShift(a,b)", "0 240"},
        {"a=i{7,12}; b=i 10; y=BitwiseAnd(a,b)", "2 8"},
        {"a=i{7,12}; b=i 10; y=BitwiseOr(a,b)", "15 14"},
        {"a=i{7,12}; b=i 10; y=BitwiseXor(a,b)", "13 6"},
        {"a=f[2,2]{4,7,2,6}; y=MatrixInverse(a)", "0.6 -0.7 -0.2 0.4"},
        {"a=f[2,2]{1,2,3,4}; b=f[2,1]{5,6}; y=MatMul(a,b)", "17 39"},
        {"a=f[2,2]{1,2,3,4}; b=f[1,2]{5,6}; y=MatMul(a,b) transpose_b=true", "17 39"},
        {"a=f{1,2}; k=i 0; m=i -1; z=f 0; y=MatrixDiagV3(a,k,m,m,z)", "1 0 0 2"},
        {"a=f{3,1,2}; k=i 2; t=TopKV2(a,k); y=Identity(t:1)", "0 2"},
        {"a=i[2,1]{0,2}; s=l{3}; y=Identity(a)", "0 2"},
        {"i=l[2,1]{0,2}; s=l{3}; v=f{5,6}; d=f 1; y=SparseToDense(i,s,v,d)", "5 1 6"},
        {"a=f{0,0,0}; b=f{7,8}; i=i{9}; y=XlaDynamicUpdateSlice(a,b,i)", "0 7 8"},
        {"a=f{1,2,3}; x=i 0; y=Cumsum(a,x)", "1 3 6"},
        {"a=f{1,2,3}; x=i 0; y=Cumsum(a,x) exclusive=true reverse=true", "5 3 0"},
        {"a=f[2,2]{1,5,7,2}; x=i 1; y=ArgMax(a,x)", "1 0"},
        {"a=f{0.5,2}; y=Exp(a)", "1.64872 7.38906"},
        {"a=f[2,3]{1,2,3,4,5,6}; x=i 1; y=Mean(a,x)", "2 5"},
        {"a=f{1,2}; p=i[1,2]{1,0}; y=Pad(a,p)", "0 1 2"},
        {"a=i{0,2}; d=i 3; o=f 1; f=f 0; y=OneHot(a,d,o,f)", "1 0 0 0 0 1"},
        {"a=f{1,2,3}; s=i 1; x=i 0; y=Roll(a,s,x)", "3 1 2"},
        {"c=f{0.1}; a=Cast(c) DstT=@h; d=f{3}; b=Cast(d) DstT=@h; y=Mul(a,b)", "0.299805"},
        {"x:f[2]; y=Neg(x)", ""},
        {"s=i{2}; y=RandomUniform(s) dtype=@f", ""},
    };
    (void)state;
    for (size_t i = 0; i < CZM_COUNT_OF(table); i++) {
        parser p;
        build_alone(&p, table[i].graph);
        czm_context context = {p.arena, NULL};
        czm_fold_constants(&context, &p.model, CZM_FOR_ONNX);
        czm_graph_sort(&p.model.main);
        czm_tensor y = p.model.main.outputs.items[0].tensor;
        czm_value value = czm_value_of(czm_shapes_infer(p.arena, &p.model, NULL), y);
        const char *text = "";
        for (size_t k = 0; czm_node_is(y.node, CZM_OP_Const) && k < value.count; k++)
            text =
                czm_arena_format(p.arena, "%s%s%.6g", text, k ? " " : "", value.elements[k].number);
        if (!czm_text_equal(text, table[i].value))
            fail_msg("%s: %s instead of %s", table[i].graph, text, table[i].value);
        czm_arena_free(p.arena);
    }
}

// Operations that TensorFlow 2.0.0 can compute are not folded.
static void test_target(void **state) {
    parser p;
    build_alone(&p, "a=f{1,2}; b=Neg(a); k=i 0; m=i -1; z=f 0; y=MatrixDiagV3(b,k,m,m,z)");
    czm_context context = {p.arena, NULL};
    (void)state;
    czm_fold_constants(&context, &p.model, CZM_FOR_TF200);
    assert_true(czm_node_is(p.model.main.outputs.items[0].tensor.node, CZM_OP_Const));
    czm_arena_free(p.arena);
    build_alone(&p, "a=f{1,2}; y=Neg(a)");
    context.arena = p.arena;
    czm_fold_constants(&context, &p.model, CZM_FOR_TF200);
    assert_true(czm_node_is(p.model.main.outputs.items[0].tensor.node, CZM_OP_Neg));
    czm_arena_free(p.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_updates),
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
