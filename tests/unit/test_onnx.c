// SPDX-License-Identifier: Apache-2.0
//
// The translation to ONNX: which operations a graph becomes, in their order. Whether these compute the
// right numbers is tested with real networks in ONNX Runtime (tests/onnx).
#include "graph_text.h"
#include "write/onnx/translate.h"

typedef struct expectation {
    const char *graph; // the input is called x, the output y
    const char *ops;   // the result, without the common end of each network
} expectation;

typedef struct translation {
    parser parser;
    czm_context context;
    czm_onnx_model onnx;
    czm_status status;
} translation;

static translation translate(const char *text, int opset) {
    translation t = {.parser = parse(text)};
    parser *p = &t.parser;
    build(p);
    p->model.layer_names.scope = "";
    p->graph->outputs.count = 0;
    czm_node *y = find_node(p, "y");
    add_output(p, czm_output(y));
    p->graph->inputs.count = 1;
    czm_graph_sort(p->graph);
    t.context = (czm_context){p->arena, czm_report_new()};
    t.status = czm_onnx_translate(&t.context, &p->model, opset, &t.onnx);
    return t;
}

static void end(translation *t) {
    czm_report_free(t->context.report);
    czm_arena_free(t->parser.arena);
}

// The operations' names; of an inner graph in parentheses.
static const char *ops_of(czm_arena *arena, const czm_onnx_graph *graph) {
    const char *text = "";
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_onnx_node *node = graph->nodes.items[i];
        text = czm_arena_format(arena, "%s%s%s", text, *text ? " " : "", node->op);
        for (size_t k = 0; k < node->attrs.count; k++)
            if (node->attrs.items[k].graph)
                text = czm_arena_format(arena, "%s(%s)", text,
                                        ops_of(arena, node->attrs.items[k].graph));
    }
    return text;
}

static void check_at(const expectation *e, int opset) {
    translation t = translate(e->graph, opset);
    if (t.status) fail_msg("%s: %s", e->graph, czm_report_at(t.context.report, 0)->finding);
    const char *ops = ops_of(t.parser.arena, &t.onnx.graph);
    const char *expected =
        czm_arena_format(t.parser.arena, "%s%sIdentity", e->ops, *e->ops ? " " : "");
    if (!czm_text_equal(ops, expected))
        fail_msg("%s, opset %d: \"%s\" instead of \"%s\"", e->graph, opset, ops, expected);
    end(&t);
}

#define CHECK_ALL(table)                               \
    for (size_t i = 0; i < CZM_COUNT_OF(table); i++) { \
        check_at(&(table)[i], CZM_ONNX_OLD);           \
        check_at(&(table)[i], CZM_ONNX_NEW);           \
    }

#define WEIGHT(name, sizes) name "=f[" sizes "]{1,2,3,4}; "
#define CONV "strides=[1,1,1,1] padding='SAME'"

// ---- layouts

static void test_layouts(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[1,4,4,2]; y=Relu(x)", "Relu"},
        {"x:f[1,4,4,2]; " WEIGHT("w", "1,1,2,2") "y=Conv2D(x,w) " CONV, "Transpose Conv Transpose"},
        {"x:f[1,4,4,2]; " WEIGHT("w", "1,1,2,2") "a=Conv2D(x,w) " CONV "; b=Relu(a); "
                                                 "y=Conv2D(b,w) " CONV,
         "Transpose Conv Relu Conv Transpose"},
        {"x:f[1,4,4,2]; " WEIGHT("w", "1,1,2,2") "c=Conv2D(x,w) " CONV "; s=f{1,2}; "
                                                 "t=f{1,2}; y=FusedBatchNormV3(c,s,t,t,s) "
                                                 "is_training=false epsilon=1; z=Relu(c)",
         "Transpose Conv Transpose"},
        // one channel, or one pixel: both layouts are the same
        {"x:f[1,4,4,1]; " WEIGHT("w", "1,1,1,4") "y=Conv2D(x,w) " CONV, "Reshape Conv Transpose"},
        {"x:f[1,1,1,2]; " WEIGHT("w", "1,1,2,2") "y=Conv2D(x,w) " CONV, "Reshape Conv Reshape"},
        // what TensorFlow has channels first is so in ONNX
        {"x:f[1,2,4,4]; " WEIGHT("w", "1,1,2,2") "y=Conv2D(x,w) " CONV " data_format='NCHW'",
         "Conv"},
        {"x:f[1,4,4,2]; p=i{0,3,1,2}; t=Transpose(x,p); " WEIGHT(
             "w", "1,1,2,2") "c=Conv2D(t,w) " CONV
                             " data_format='NCHW'; q=i{0,2,3,1}; y=Transpose(c,q)",
         "Transpose Conv Transpose"},
        {"x:f[1,4,4,2]; " WEIGHT("w", "1,1,2,2") "a=Conv2D(x,w) " CONV "; b=Conv2D(x,w) " CONV
                                                 "; k=i 3; y=ConcatV2(a,b,k)",
         "Transpose Conv Conv Concat Transpose"},
    };
    CHECK_ALL(table);
}

static void test_folding(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[1,4,4,2]; " WEIGHT("w", "1,1,2,2") "c=Conv2D(x,w) " CONV "; b=f{1,2}; "
                                                 "y=BiasAdd(c,b)",
         "Transpose Conv Transpose"},
        {"x:f[1,4,4,2]; " WEIGHT("w",
                                 "1,1,2,2") "c=Conv2D(x,w) " CONV
                                            "; s=f{1,2}; v=f{3,4}; y=FusedBatchNormV3(c,s,s,s,v) "
                                            "is_training=false epsilon=1",
         "Transpose Conv Transpose"},
        // somebody else reads the convolution
        {"x:f[1,4,4,2]; " WEIGHT("w", "1,1,2,2") "c=Conv2D(x,w) " CONV
                                                 "; s=f{1,2}; n=Mul(c,s); y=AddV2(n,c)",
         "Transpose Conv Mul Add Transpose"},
        {"x:f[1,4,4,2]; a=i{2,2}; b=i{3,3}; c=AddV2(a,b); "
         "y=ResizeNearestNeighbor(x,c) half_pixel_centers=true",
         "Transpose Gather Gather Transpose"},
        {"x:f[1,4,4,2]; a=i{1,32}; y=Reshape(x,a)", "Reshape"},
        {"x:f[1,4,4,2]; a=f[2]{1,2}; b=Relu(a); y=Mul(x,x)", "Mul"}, // b has no reader
    };
    CHECK_ALL(table);
}

// ---- padding

static void test_padding(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[4,4]; p=i[2,2]{0,0,1,1}; y=MirrorPad(x,p) mode='REFLECT'", "Pad"},
        {"x:f[4,4]; p=i[2,2]{1,1,0,0}; y=MirrorPad(x,p) mode='REFLECT'", "Transpose Pad Transpose"},
        {"x:f[4,4]; p=i[2,2]{1,1,0,0}; y=Pad(x,p)", "Pad"},
        {"x:f[4,4]; p=i[2,2]{1,1,0,0}; y=MirrorPad(x,p) mode='SYMMETRIC'", "Gather"},
        {"x:f[]; p=i[0,2]{}; y=MirrorPad(x,p) mode='REFLECT'", ""},
    };
    CHECK_ALL(table);
}

// ---- what ONNX Runtime requires

#define POOL(name, of, padding) \
    name "=MaxPool(" of ") ksize=[1,2,2,1] strides=[1,2,2,1] padding='" padding "'"

static void test_runtime(void **state) {
    (void)state;
    static const expectation table[] = {
        // a pool does not meet the padding before it
        {"x:f[1,4,4,2]; p=i[4,2]{0,0,1,1,1,1,0,0}; a=Pad(x,p); " POOL("y", "a", "VALID"),
         "Pad Transpose Max MaxPool Transpose"},
        {"x:f[1,4,4,2]; a=Relu(x); " POOL("y", "a", "VALID"), "Relu Transpose MaxPool Transpose"},
        // SAME padding of an open size is computed
        {"x:f[1,?,?,2]; " POOL("y", "x", "SAME"),
         "Transpose Shape Gather Sub Div Mul Add Sub Max Div Sub Concat Pad MaxPool Transpose"},
        // a type without a kernel; casts that round stay
        {"x:f[2,2]; u=Cast(x) DstT=@u; y=Mul(u,u)",
         "Cast Unsqueeze Squeeze Cast Unsqueeze Squeeze Cast Mul Cast"},
        {"x:f[2,2]; u=Cast(x) DstT=@u; y=Cast(u) DstT=@f", "Cast Unsqueeze Squeeze Cast"},
        {"x:b[2,2]; y=Cast(x) DstT=@f", "Cast"},
    };
    static const expectation sum = {"x:f[2,2]; a=MatMul(x,x); b=Relu(x); y=AddV2(a,b)", NULL};
    CHECK_ALL(table);
    check_at(&(expectation){sum.graph, "MatMul Relu Sum"}, CZM_ONNX_OLD);
    check_at(&(expectation){sum.graph, "MatMul Relu Add"}, CZM_ONNX_NEW);
}

// ---- an einsum that is a product of matrices

static void test_einsum(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[?,?,2]; " WEIGHT("w", "2,2") "y=Einsum(x,w) equation='abc,cd->abd'", "MatMul"},
        {"x:f[?,?,1]; " WEIGHT("w", "1,2,2") "y=Einsum(x,w) equation='abc,cde->abde'",
         "MatMul Reshape"},
        {"x:f[?,?,4,2]; b=Relu(x); y=Einsum(x,b) equation='aecd,abcd->acbe'",
         "Relu Transpose Transpose MatMul"},
        {"x:f[4,2]; " WEIGHT("w", "4") "y=Einsum(x,w) equation='ab,a->b'", "MatMul"},
        // two open sizes
        {"x:f[?,?,4]; b=Relu(x); y=Einsum(x,b) equation='abc,dec->abde'", "Relu Einsum"},
        // no sum; one over a single operand; a diagonal; and three operands
        {"x:f[4]; " WEIGHT("w", "4") "y=Einsum(x,w) equation='a,b->ab'", "Einsum"},
        {"x:f[4,2]; " WEIGHT("w", "4") "y=Einsum(x,w) equation='ab,a->'", "Einsum"},
        {"x:f[4,4]; " WEIGHT("w", "4") "y=Einsum(x,w) equation='aa,a->a'", "Einsum"},
        {"x:f[4]; " WEIGHT("w", "4") "y=Einsum(x,x,w) equation='a,a,a->a'", "Einsum"},
    };
    CHECK_ALL(table);
}

// ---- transposed convolutions of an open size

static void test_transposed(void **state) {
    (void)state;
#define TRANSPOSED(height)                                                         \
    "x:f[1,?,4,2]; s=Shape(x); b=i{1}; e=i{2}; o=i{1}; "                           \
    "h=StridedSlice(s,b,e,o) shrink_axis_mask=1; two=i 2; m=Mul(h,two); one=i 1; " \
    "g=AddV2(m,one); w=i 8; k=Pack(one," height                                    \
    ",w,one); " WEIGHT("f",                                                        \
                       "1,1,1,2") "y=Conv2DBackpropInput(k,f,x) strides=[1,2,2,1] padding='SAME'"
    static const expectation table[] = {
        {TRANSPOSED("m"), "Transpose ConvTranspose Reshape"},
        {TRANSPOSED("g"),
         "Shape Cast Slice Squeeze Mul Add Unsqueeze Unsqueeze Unsqueeze Unsqueeze Concat "
         "Transpose "
         "ConvTranspose Shape Gather Sub Cast Gather Sub Max Div Add Slice Reshape"},
    };
    CHECK_ALL(table);
#undef TRANSPOSED
}

// ---- joined operations

static void test_dilations(void **state) {
    (void)state;
#define DILATED(pads, crops)                                                               \
    "x:f[1,8,8,2]; " WEIGHT(                                                               \
        "w", "1,1,2,2") "b=i{2,2}; p=i[2,2]{" pads "}; s=SpaceToBatchND(x,b,p); "          \
                        "c=Conv2D(s,w) strides=[1,1,1,1] padding='VALID'; q=i[2,2]{" crops \
                        "}; y=BatchToSpaceND(c,b,q)"
    static const expectation table[] = {
        {DILATED("0,0,0,0", "0,0,0,0"), "Transpose Conv Transpose"},
        {DILATED("2,2,2,2", "0,0,0,0"), "Transpose Conv Transpose"},
        {DILATED("1,1,1,1", "0,2,0,2"),
         "Pad Transpose Conv Transpose"}, // less is padded than is cut off
    };
    CHECK_ALL(table);
#undef DILATED
}

static void test_old_control_flow(void **state) {
    (void)state;
#define LOOP                                                                                \
    "z=i 0; e=Enter(x) frame_name='f'; i=Enter(z) frame_name='f'; m=Merge(e); k=Merge(i); " \
    "h=i 3; l=Less(k,h); c=LoopCond(l); s=Switch(m,c); t=Switch(k,c); "
    static const expectation table[] = {
        {"x:f[2,3]; o=i{0,1}; r=Mean(x,o) keep_dims=false; n=f 0; p=Greater(r,n); s=Switch(x,p); "
         "a=Relu(s:0); b=Tanh(s:1); y=Merge(a,b)",
         "ReduceMean Greater If(Tanh Identity)(Relu Identity)"},
        {"x:f[2,3]; p=b 1; s=Switch(x,p); a=Relu(s:0); b=Tanh(s:1); y=Merge(a,b)", "Tanh"},
        {"x:f[2,3]; " LOOP "w=Tanh(s:1); n=NextIteration(w); loop m n; one=i 1; j=AddV2(t:1,one); "
         "u=NextIteration(j); loop k u; y=Exit(s:0)",
         "Loop(Tanh Add Less Identity Identity Identity)"},
    };
    CHECK_ALL(table);
#undef LOOP
}

// ---- rejections

static void check_rejection(const char *graph, int opset, const char *expected) {
    translation t = translate(graph, opset);
    assert_int_not_equal(t.status, CZM_OK);
    assert_int_equal(czm_report_count(t.context.report), 1);
    const czm_finding *finding = czm_report_at(t.context.report, 0);
    assert_string_equal(finding->rule, "onnx-unsupported");
    assert_string_equal(finding->finding, expected);
    end(&t);
}

static void test_rejections(void **state) {
    (void)state;
    check_rejection(
        "x:f[2,3]; y=AsString(x)", CZM_ONNX_OLD,
        "operation AsString: ONNX has no equivalent of it, or czmodel does not support it");
    check_rejection("x:i[2,3]; y=Invert(x)", CZM_ONNX_OLD,
                    "operation Invert: opset 12 has no operations on bits");
    check_rejection(
        "x:f[4]; p=Where(x); c=Cast(x) DstT=@i; k=i 1; i=ExpandDims(c,k); "
        "n=IdentityN(p,i); y=TensorScatterMax(x,n:1,x)",
        CZM_ONNX_OLD,
        "operation TensorScatterMax: opset 12 cannot combine values at the same position");
    check_rejection("x:f[2,3]; y=AddV2(x) T=@f", CZM_ONNX_OLD,
                    "operation AddV2: an input is missing");
    check_rejection("x:l[2,3]; y=Erf(x) T=@l", CZM_ONNX_NEW,
                    "operation Erf: ONNX Runtime has no kernel of Erf for int64");
    check_rejection("x:f[2,3]; p=b 1; s=Switch(x); y=Merge(s:0,s:1) T=@f", CZM_ONNX_OLD,
                    "operation Switch: an input is missing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),          cmocka_unit_test(test_folding),
        cmocka_unit_test(test_dilations),        cmocka_unit_test(test_rejections),
        cmocka_unit_test(test_old_control_flow), cmocka_unit_test(test_transposed),
        cmocka_unit_test(test_einsum),           cmocka_unit_test(test_padding),
        cmocka_unit_test(test_runtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
