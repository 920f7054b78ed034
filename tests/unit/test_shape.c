// SPDX-License-Identifier: Apache-2.0
//
// Shape inference, rule by rule. The file is long because most of it is a table of graphs.
#include "graph_text.h"

// ---- checks

typedef struct expectation {
    const char *graph; // the node to look at is called y
    const char *shape; // of y, or of several of its outputs: "[1] [2]"
    const char *value; // of y: "{1,?}"; NULL: not looked at, "": unknown
} expectation;

static const char *value_text(czm_arena *arena, czm_value value) {
    if (!value.elements) return "";
    const char *text = "{";
    for (size_t i = 0; i < value.count; i++) {
        const char *comma = i ? "," : "";
        text = value.elements[i].is_known
                   ? czm_arena_format(arena, "%s%s%.9g", text, comma, value.elements[i].number)
                   : czm_arena_format(arena, "%s%s?", text, comma);
    }
    return czm_arena_format(arena, "%s}", text);
}

static size_t words_in(const char *text) {
    size_t count = 1;
    for (; *text; text++) count += *text == ' ';
    return count;
}

static void check(const expectation *e) {
    parser p = parse(e->graph);
    build(&p);
    const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, NULL);
    czm_node *y = find_node(&p, "y");
    const char *shape = "";
    for (uint32_t i = 0; i < words_in(e->shape); i++)
        shape = czm_arena_format(p.arena, "%s%s%s", shape, i ? " " : "",
                                 czm_shape_text(p.arena, czm_shape_of(shapes, (czm_tensor){y, i})));
    const char *value = value_text(p.arena, czm_value_of(shapes, czm_output(y)));
    const czm_shape_fault *fault = czm_shapes_fault(shapes);
    if (fault) fail_msg("%s: %s", e->graph, fault->text);
    if (!czm_text_equal(shape, e->shape))
        fail_msg("%s: %s instead of %s", e->graph, shape, e->shape);
    if (e->value && !czm_text_equal(value, e->value))
        fail_msg("%s: %s instead of %s", e->graph, value, e->value);
    czm_arena_free(p.arena);
}

#define CHECK_ALL(table) \
    for (size_t i = 0; i < CZM_COUNT_OF(table); i++) check(&(table)[i])

typedef struct contradiction {
    const char *graph, *fault;
} contradiction;

static void check_fault(const contradiction *c) {
    parser p = parse(c->graph);
    build(&p);
    const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, NULL);
    const czm_shape_fault *fault = czm_shapes_fault(shapes);
    if (!fault) fail_msg("%s: no fault", c->graph);
    assert_string_equal(fault->text, c->fault);
    czm_shape shape = czm_shape_of(shapes, czm_output(find_node(&p, "y")));
    assert_int_equal(shape.rank, CZM_UNKNOWN);
    czm_arena_free(p.arena);
}

#define CHECK_FAULTS(table) \
    for (size_t i = 0; i < CZM_COUNT_OF(table); i++) check_fault(&(table)[i])

// ---- rules

static void test_elementwise(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[?,4]; y=Relu(x)", "[?,4]", NULL},
        {"x:f; y=Tanh(x)", "unknown", NULL},
        {"x:f[3]; y=Cast(x) DstT=@i", "[3]", NULL},
        {"a:f[?,1,8]; b:f[16,8]; y=AddV2(a,b)", "[?,16,8]", NULL},
        {"a:f[?]; b:f[7]; y=Mul(a,b)", "[7]", NULL}, // 1 or 7
        {"a:f[?]; b:f[1]; y=Mul(a,b)", "[?]", NULL},
        {"a:f[?]; b:f[?]; y=Mul(a,b)", "[?]", NULL},
        {"a:f[0]; b:f[1]; y=Mul(a,b)", "[0]", NULL},
        {"a:f; b:f[3]; y=Sub(a,b)", "unknown", NULL},
        {"a:f[]; b:f[2,3]; y=Less(a,b)", "[2,3]", NULL},
        {"a:f[2]; b:f[3]; y=Equal(a,b) incompatible_shape_error=false", "[]", "{0}"},
        {"a:f[2]; b:f[1]; y=Equal(a,b) incompatible_shape_error=false", "[2]", NULL},
        {"a:f[?]; b:f[1]; y=NotEqual(a,b) incompatible_shape_error=false", "unknown", NULL},
        {"c:b[4,1]; a:f[3]; b:f[]; y=SelectV2(c,a,b)", "[4,3]", NULL},
        {"c:b[4]; a:f[4,?]; b:f[?,2]; y=Select(c,a,b)", "[4,2]", NULL},
        {"a:f[?,2]; b:f[3,?]; y=AddN(a,b)", "[3,2]", NULL},
        {"x:f[?,?,?,?]; b:f[6]; y=BiasAdd(x,b)", "[?,?,?,6]", NULL},
        {"x:f[2,?,4,4]; b:f[6]; y=BiasAdd(x,b) data_format='NCHW'", "[2,6,4,4]", NULL},
        {"x:f[?,5]; y=EnsureShape(x) shape=<3,?>", "[3,5]", NULL},
        {"x:f[2,3]; y=Bitcast(x) type=@u", "[2,3,4]", NULL},
        {"x:u[2,4]; y=Bitcast(x) type=@f", "[2]", NULL},
        {"x:f[2]; z:i[3]; y=IdentityN(x,z)", "[2] [3]", NULL},
        {"x:f[2,3]; y=FakeQuantWithMinMaxArgs(x)", "[2,3]", NULL},
        {"x:f[2,?]; y=L2Loss(x)", "[]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"a:f[1,32,32,8]; b:f[1,33,33,8]; y=AddV2(a,b)", "cannot add [1,32,32,8] and [1,33,33,8]"},
        {"a:f[2]; b:f[3]; y=Maximum(a,b)", "cannot combine [2] and [3]"},
        {"x:f[?,8]; b:f[6]; y=BiasAdd(x,b)", "cannot add a bias of [6] to [?,8]"},
        {"x:f[?,5]; y=EnsureShape(x) shape=<3,4>", "the shape must be [3,4], but is [?,5]"},
        {"a:f[2]; b:f[3]; y=AddN(a,b)", "cannot combine [2] and [3]"},
    };
    CHECK_FAULTS(faults);
}

static void test_sources(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[?,2,3]; y=Shape(x)", "[3]", "{?,2,3}"},
        {"x:f; y=Shape(x)", "[?]", ""},
        {"a:f[2]; b:f[?,1]; y=ShapeN(a,b)", "[1] [2]", "{2}"},
        {"x:f[3000000000]; y=Shape(x)", "[1]", ""}, // does not fit into int32
        {"x:f[3000000000]; y=Shape(x) out_type=@l", "[1]", "{3e+09}"},
        {"x:f[4,5]; y=Size(x)", "[]", "{20}"},
        {"x:f[4,?]; y=Size(x)", "[]", ""},
        {"x:f[4,?]; y=Rank(x)", "[]", "{2}"},
        {"h=VarHandleOp() shape=<3,4> dtype=@f; y=ReadVariableOp(h) dtype=@f", "[3,4]", NULL},
        {"h=VarHandleOp() shape=<3,4> dtype=@f; i=Identity(h); y=ReadVariableOp(i) dtype=@f",
         "[3,4]", NULL},
        {"h=VarHandleOp() shape=<9,4> dtype=@f; i:i[2,?]; y=ResourceGather(h,i) dtype=@f",
         "[2,?,4]", NULL},
        {"h=VarHandleOp() shape=<9,4> dtype=@f; y=VariableShape(h)", "[2]", "{9,4}"},
        {"h:r[]; y=ReadVariableOp(h) dtype=@f", "unknown", NULL},
        {"y=VariableV2() shape=<2,2> dtype=@f", "[2,2]", NULL},
        {"x:f[]; n=i{2,3}; y=Fill(n,x)", "[2,3]", ""},
        {"s:f[2,?]; n=Shape(s); x=i 7; y=Fill(n,x)", "[2,?]", ""},
        {"n=i{3}; x=i 7; y=Fill(n,x)", "[3]", "{7,7,7}"},
        {"x:f[3]; n=i{2,3}; y=BroadcastTo(x,n)", "[2,3]", ""},
        {"x=i{1,2}; n=i{2,2}; y=BroadcastTo(x,n)", "[2,2]", "{1,2,1,2}"},
        {"a=i{2,1}; b=i{3,1,4}; y=BroadcastArgs(a,b)", "[3]", "{3,2,4}"},
        {"a=i 2; b=i 11; c=i 3; y=Range(a,b,c)", "[3]", "{2,5,8}"},
        {"a=i 5; b=i 0; c=i -2; y=Range(a,b,c)", "[3]", "{5,3,1}"},
        {"a=f 0; b=f 1; c=f 0.1; y=Range(a,b,c)", "[10]", ""},
        {"a:i[]; b=i 11; c=i 3; y=Range(a,b,c)", "[?]", ""},
        {"n=i{4,5}; y=RandomUniform(n) dtype=@f", "[4,5]", NULL},
        {"n=i{4,5}; s=i{1,2}; y=StatelessRandomNormal(n,s) dtype=@f", "[4,5]", NULL},
        {"x:f[4,5]; y=Where(x)", "[?,2]", NULL},
        {"x:i[9]; y=Unique(x)", "[?] [9]", NULL},
        {"x:f[2,3]; y=ZerosLike(x)", "[2,3]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"x:f[2]; n=i{3}; y=BroadcastTo(x,n)", "cannot broadcast [2] to [3]"},
        {"x:f[2,2]; n=i{2}; y=BroadcastTo(x,n)", "cannot broadcast [2,2] to [2]"},
    };
    CHECK_FAULTS(faults);
}

static void test_convolution(void **state) {
    (void)state;
#define CONV "y=Conv2D(x,f) strides=[1,1,1,1] padding="
    static const expectation table[] = {
        {"x:f[?,32,32,3]; f:f[3,3,3,8]; " CONV "'SAME'", "[?,32,32,8]", NULL},
        {"x:f[?,32,32,3]; f:f[3,3,3,8]; " CONV "'VALID'", "[?,30,30,8]", NULL},
        {"x:f[?,9,9,3]; f:f[3,3,3,8]; " CONV "'VALID' dilations=[1,2,3,1]", "[?,5,3,8]", NULL},
        {"x:f[1,9,9,3]; f:f[3,3,3,8]; " CONV "'EXPLICIT' explicit_paddings=[0,0,1,2,0,1,0,0]",
         "[1,10,8,8]", NULL},
        {"x:f[1,9,9,3]; f:f[3,3,3,8]; " CONV "'EXPLICIT'", "[1,?,?,8]", NULL},
        {"x:f[1,9,9,4]; f:f[3,3,2,8]; " CONV "'SAME'", "[1,9,9,8]", NULL}, // two groups
        {"x:f[1,4,9,9]; f:f[3,3,4,8]; " CONV "'VALID' data_format='NCHW'", "[1,8,7,7]", NULL},
        {"x:f; f:f[3,3,4,8]; " CONV "'VALID'", "[?,?,?,8]", NULL},
        {"x:f[1,9,9,4]; f:f; " CONV "'SAME'", "[1,9,9,?]", NULL},
        {"x:f[1,9,9,4]; f:f; " CONV "'VALID'", "[1,?,?,?]", NULL},
        {"x:f[1,?,8,4]; f:f[2,2,4,5]; y=Conv2D(x,f) strides=[1,2,3,1] padding='SAME'", "[1,?,3,5]",
         NULL},
        {"x:f[1,9,9,4]; f:f[3,3,4,2]; y=DepthwiseConv2dNative(x,f) strides=[1,2,2,1] "
         "padding='VALID'",
         "[1,4,4,8]", NULL},
        {"x:f[1,9,9,9,4]; f:f[3,3,1,4,2]; y=Conv3D(x,f) strides=[1,2,1,1,1] padding='VALID'",
         "[1,4,7,9,2]", NULL},
        {"x:f[?,9,9,?]; f:f[2,3,4]; y=Dilation2D(x,f) strides=[1,1,1,1] rates=[1,2,1,1] "
         "padding='VALID'",
         "[?,7,7,4]", NULL},
        {"x:f[?,10,10,3]; y=ExtractImagePatches(x) ksizes=[1,2,3,1] strides=[1,2,2,1] "
         "rates=[1,1,1,1] padding='VALID'",
         "[?,5,4,18]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"x:f[1,9,9,3]; f:f[3,3,1,8]; " CONV "'SAME'", "the input has 3 channels, but "
                                                       "the filter [3,3,1,8] accepts "
                                                       "1"}, // 8 do not make three groups
        {"x:f[1,9,9,3]; f:f[3,3,4,8]; " CONV "'SAME'",
         "the input has 3 channels, but the filter [3,3,4,8] accepts 4"},
        {"x:f[1,9,3]; f:f[3,3,4,8]; " CONV "'SAME'",
         "Conv2D needs 4 dimensions in input 0, not [1,9,3]"},
        {"x:f[1,9,6,3]; f:f[3,7,3,8]; " CONV "'VALID'",
         "[1,9,6,3] is smaller than the window, which is 7 along dimension 2"},
        {"x:f[1,9,6,3]; f:f[3,3,4,1]; y=DepthwiseConv2dNative(x,f) strides=[1,1,1,1] "
         "padding='SAME'",
         "the input has 3 channels, but the filter [3,3,4,1] accepts 4"},
    };
    CHECK_FAULTS(faults);
#undef CONV
}

static void test_transposed_convolution(void **state) {
    (void)state;
#define UP "y=Conv2DBackpropInput(n,f,g) strides=[1,2,2,1] padding="
    static const expectation table[] = {
        {"n=i{1,32,32,4}; f:f[3,3,4,8]; g:f[1,16,16,8]; " UP "'SAME'", "[1,32,32,4]", NULL},
        {"n=i{1,31,32,4}; f:f[3,3,4,8]; g:f[1,16,16,8]; " UP "'SAME'", "[1,31,32,4]", NULL},
        {"n=i{1,33,34,4}; f:f[3,3,4,8]; g:f[1,16,16,8]; " UP "'VALID'", "[1,33,34,4]", NULL},
        {"n=i{32,32}; f:f[3,3,4,8]; g:f[?,16,16,8]; " UP "'SAME'", "[?,32,32,4]", NULL},
        {"n:i[4]; f:f[3,3,4,8]; g:f[7,16,16,8]; " UP "'SAME'", "[7,?,?,?]", NULL},
        {"n:i[2]; f:f[3,3,4,8]; g:f[7,16,16,8]; " UP "'SAME'", "[7,?,?,4]", NULL},
        {"n:i[?]; f:f[3,3,4,8]; g:f[7,16,16,8]; " UP "'SAME'", "[7,?,?,?]", NULL},
        {"n=i{1,4,32,32}; f:f[3,3,4,8]; g:f[1,8,16,16]; y=Conv2DBackpropInput(n,f,g) "
         "strides=[1,1,2,2] padding='SAME' data_format='NCHW'",
         "[1,4,32,32]", NULL},
        // As Keras writes it: the batch comes from Shape, the rest is Const.
        {"f:f[2,2,4,8]; g:f[?,16,16,8]; s=Shape(g); a=i{0}; b=i{1}; "
         "n0=StridedSlice(s,a,b,b) shrink_axis_mask=1; h=i 32; c=i 4; n=Pack(n0,h,h,c); " UP
         "'VALID'",
         "[?,32,32,4]", NULL},
        {"n=i{1,8,8,8,4}; f:f[2,2,2,4,8]; g:f[1,4,4,4,8]; y=Conv3DBackpropInputV2(n,f,g) "
         "strides=[1,2,2,2,1] padding='SAME'",
         "[1,8,8,8,4]", NULL},
        {"n=i{1,8,8,4}; f:f[2,2,4,2]; g:f[1,4,4,8]; y=DepthwiseConv2dNativeBackpropInput(n,f,g) "
         "strides=[1,2,2,1] padding='SAME'",
         "[1,8,8,4]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"n=i{1,34,32,4}; f:f[3,3,4,8]; g:f[1,16,16,8]; " UP "'SAME'",
         "cannot enlarge [1,16,16,8] to [1,34,32,4] by this transposed convolution: its window and "
         "stride lead to another size"},
        {"n=i{2,32,32,4}; f:f[3,3,4,8]; g:f[1,16,16,8]; " UP "'SAME'",
         "cannot enlarge [1,16,16,8] to [2,32,32,4] by this transposed convolution: its window and "
         "stride lead to another size"},
        {"n=i{1,32,32,4}; f:f[3,3,4,8]; g:f[1,16,16,6]; " UP "'SAME'",
         "the input has 6 channels, but the filter [3,3,4,8] accepts 8"},
        {"n=i{1,32,32,5}; f:f[3,3,4,8]; g:f[1,16,16,8]; " UP "'SAME'",
         "the output must have 5 channels, but the filter [3,3,4,8] produces 4"},
    };
    CHECK_FAULTS(faults);
#undef UP
}

static void test_images(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[?,9,9,3]; y=MaxPool(x) ksize=[1,2,2,1] strides=[1,2,2,1] padding='VALID'",
         "[?,4,4,3]", NULL},
        {"x:f[?,9,9,3]; y=AvgPool(x) ksize=[1,2,2,1] strides=[1,2,2,1] padding='SAME'", "[?,5,5,3]",
         NULL},
        {"x:f[?,3,9,9]; y=MaxPool(x) ksize=[1,1,2,2] strides=[1,1,2,2] padding='VALID' "
         "data_format='NCHW'",
         "[?,3,4,4]", NULL},
        {"x:f[?,9,9,3]; y=MaxPool(x) ksize=[1,3,3,1] strides=[1,2,2,1] padding='EXPLICIT' "
         "explicit_paddings=[0,0,1,1,0,1,0,0]",
         "[?,5,4,3]", NULL},
        {"x:f[?,9,9,8]; y=MaxPool(x) ksize=[1,1,1,2] strides=[1,1,1,2] padding='VALID'",
         "[?,9,9,4]", NULL},
        {"x:f[?,9,9,3]; k=i{1,2,2,1}; y=MaxPoolV2(x,k,k) padding='VALID'", "[?,4,4,3]", NULL},
        {"x:f[?,9,9,3]; y=MaxPoolWithArgmax(x) ksize=[1,2,2,1] strides=[1,2,2,1] padding='VALID'",
         "[?,4,4,3] [?,4,4,3]", NULL},
        {"x:f[1,9,9,9,3]; y=MaxPool3D(x) ksize=[1,3,3,3,1] strides=[1,2,2,2,1] padding='VALID'",
         "[1,4,4,4,3]", NULL},
        {"x:f[1,9,9,9,3]; y=AvgPool3D(x) ksize=[1,3,3,3,1] strides=[1,2,2,2,1] padding='VALID'",
         "[1,4,4,4,3]", NULL},
        {"x:f[?,?,?,?]; s:f[8]; y=FusedBatchNormV3(x,s,s,s,s) is_training=false",
         "[?,?,?,8] [8] [8] [8] [8] unknown", NULL},
        {"x:f[?,?,?,?]; s:f[8]; e:f[0]; y=FusedBatchNormV3(x,s,s,e,e) is_training=true",
         "[?,?,?,8] [8]", NULL},
        {"x:f[1,?,2,2]; s:f[8]; y=FusedBatchNorm(x,s,s,s,s) data_format='NCHW' is_training=false",
         "[1,8,2,2]", NULL},
        {"x:f[?,4,4,3]; n=i{7,9}; y=ResizeBilinear(x,n)", "[?,7,9,3]", NULL},
        {"x:f[?,4,4,3]; n:i[2]; y=ResizeNearestNeighbor(x,n)", "[?,?,?,3]", NULL},
        {"x:f[?,4,4,3]; b:f[5,4]; i:i[?]; n=i{7,9}; y=CropAndResize(x,b,i,n)", "[5,7,9,3]", NULL},
        {"x:f[?,4,6,8]; y=DepthToSpace(x) block_size=2", "[?,8,12,2]", NULL},
        {"x:f[?,8,4,6]; y=DepthToSpace(x) block_size=2 data_format='NCHW'", "[?,2,8,12]", NULL},
        {"x:f[?,4,6,2]; y=SpaceToDepth(x) block_size=2", "[?,2,3,8]", NULL},
        {"x:f[?,2,4,6]; y=SpaceToDepth(x) block_size=2 data_format='NCHW'", "[?,8,2,3]", NULL},
        {"x:f[1,2,4,6,4]; y=SpaceToDepth(x) block_size=2 data_format='NCHW_VECT_C'", "unknown",
         NULL},
        {"x:f[1,9,9,3]; b=i{2,3}; p=i[2,2]{1,2,0,0}; y=SpaceToBatchND(x,b,p)", "[6,6,3,3]", NULL},
        {"x:f[12,6,3,3]; b=i{2,3}; p=i[2,2]{1,2,0,0}; y=BatchToSpaceND(x,b,p)", "[2,9,9,3]", NULL},
        {"x:f[1,9,9,3]; b=i{2,3}; p:i[2,2]; y=SpaceToBatchND(x,b,p)", "[6,?,?,3]", NULL},
        {"x:f[1,9,9,3]; b:i[2]; p:i[2,2]; y=SpaceToBatchND(x,b,p)", "[?,?,?,3]", NULL},
        {"x:f[1,9,9,3]; b:i[?]; p:i; y=SpaceToBatchND(x,b,p)", "[?,?,?,?]", NULL},
        {"x:f[1,4,6,3]; p=i[2,2]{0,0,0,0}; y=SpaceToBatch(x,p) block_size=2", "[4,2,3,3]", NULL},
        {"x:f[4,4,6,3]; p=i[2,2]{1,0,0,2}; y=BatchToSpace(x,p) block_size=2", "[1,7,10,3]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"x:f[?,5,5,8]; y=MaxPool(x) ksize=[1,7,2,1] strides=[1,2,2,1] padding='VALID'",
         "[?,5,5,8] is smaller than the window, which is 7 along dimension 1"},
        {"x:f[?,?,?,6]; s:f[8]; y=FusedBatchNormV3(x,s,s,s,s) is_training=false",
         "input [?,?,?,6] does not have the 8 channels that it is normalised for"},
        {"x:f[?,4,6,6]; y=DepthToSpace(x) block_size=2",
         "cannot spread the channels of [?,4,6,6] over blocks of 2 by 2 pixels"},
        {"x:f[?,5,6,6]; y=SpaceToDepth(x) block_size=2",
         "cannot cut [?,5,6,6] into blocks of 2 by 2 pixels"},
        {"x:f[1,9,9,3]; b=i{2,3}; p=i[2,2]{1,1,0,0}; y=SpaceToBatchND(x,b,p)",
         "cannot cut [1,9,9,3], padded to 11 along dimension 1, into blocks of 2"},
        {"x:f[5,9,9,3]; b=i{2,3}; p=i[2,2]{1,1,0,0}; y=BatchToSpaceND(x,b,p)",
         "cannot put [5,9,9,3] together from 6 blocks"},
        {"x:f[6,2,2,3]; b=i{2,3}; p=i[2,2]{3,2,0,0}; y=BatchToSpaceND(x,b,p)",
         "cannot crop 5 from dimension 1 of [6,2,2,3], which becomes 4"},
    };
    CHECK_FAULTS(faults);
}

static void test_rearranging(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[2,3,4]; n=i{6,-1}; y=Reshape(x,n)", "[6,4]", NULL},
        {"x:f[?,3,4]; n=i{-1,12}; y=Reshape(x,n)", "[?,12]", NULL},
        {"x:f[2,3,4]; n:i[2]; y=Reshape(x,n)", "[?,?]", NULL},
        {"x:f[2,3,4]; n:i; y=Reshape(x,n)", "unknown", NULL},
        {"x:f[1]; n=i{}; y=Reshape(x,n)", "[]", NULL},
        {"x:f[2,12]; b:f[?]; s=Shape(b); c=i{-1}; a=i 0; n=ConcatV2(s,c,a); y=Reshape(x,n)",
         "[?,?]", NULL},
        {"x:f[2,12]; b:f[?]; s=Shape(b); c=i{3}; a=i 0; n=ConcatV2(s,c,a); y=Reshape(x,n)", "[8,3]",
         NULL},
        {"x:f[0,4]; n=i{-1,0}; y=Reshape(x,n)", "[?,0]", NULL},
        {"x=i{1,2,3,4}; n=i{2,2}; y=Reshape(x,n)", "[2,2]", "{1,2,3,4}"},
        {"x:f[1,3,1]; y=Squeeze(x)", "[3]", NULL},
        {"x:f[1,?,1]; y=Squeeze(x)", "unknown", NULL},
        {"x:f[1,?,1]; y=Squeeze(x) squeeze_dims=[-1]", "[1,?]", NULL},
        {"x:f[2,3]; a=i -1; y=ExpandDims(x,a)", "[2,3,1]", NULL},
        {"x:f[2,3]; a=i 0; y=ExpandDims(x,a)", "[1,2,3]", NULL},
        {"x:f[2,3]; a:i[]; y=ExpandDims(x,a)", "[?,?,?]", NULL},
        {"x=i 5; a=i 0; y=ExpandDims(x,a)", "[1]", "{5}"},
        {"x:f[2,3,?]; p=i{2,0,1}; y=Transpose(x,p)", "[?,2,3]", NULL},
        {"x:f[2,3,?]; p:i[3]; y=Transpose(x,p)", "[?,?,?]", NULL},
        {"x:f; p=i{1,0}; y=Transpose(x,p)", "[?,?]", NULL},
        {"x=i[2,3]{1,2,3,4,5,6}; p=i{1,0}; y=Transpose(x,p)", "[3,2]", "{1,4,2,5,3,6}"},
        {"x:f[2,?]; n=i{3,2}; y=Tile(x,n)", "[6,?]", NULL},
        {"x=i[1,2]{1,2}; n=i{2,2}; y=Tile(x,n)", "[2,4]", "{1,2,1,2,1,2,1,2}"},
        {"x:f[2,?]; n=i[2,2]{1,2,3,4}; y=Pad(x,n)", "[5,?]", NULL},
        {"x:f; n=i[2,2]{1,2,3,4}; c=f 0; y=PadV2(x,n,c)", "[?,?]", NULL},
        {"x:f[2,3]; n:i[2,2]; y=MirrorPad(x,n) mode='REFLECT'", "[?,?]", NULL},
        {"x:i[2,3]; d=i 5; o=f 1; z=f 0; y=OneHot(x,d,o,z)", "[2,3,5]", NULL},
        {"x:i[2,3]; d=i 5; o=f 1; z=f 0; y=OneHot(x,d,o,z) axis=1", "[2,5,3]", NULL},
        {"x=i{1,2,3}; a=i{0}; y=ReverseV2(x,a)", "[3]", "{3,2,1}"},
        {"x=i[2,2]{1,2,3,4}; a=i{-1}; y=ReverseV2(x,a)", "[2,2]", "{2,1,4,3}"},
        {"x:f[2,3]; s=i 1; a=i 0; y=Roll(x,s,a)", "[2,3]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"x:f[1,32,32,4]; n=i{-1,1025}; y=Reshape(x,n)",
         "cannot reshape [1,32,32,4] (4096 values) to [?,1025]"},
        {"x:f[2,3,4]; n=i{}; y=Reshape(x,n)", "cannot reshape [2,3,4] (24 values) to []"},
        {"x:f[1,2]; y=Squeeze(x) squeeze_dims=[1]",
         "cannot drop dimension 1 of [1,2]: it is not 1"},
        {"x:f[1,2]; a=i 3; y=ExpandDims(x,a)",
         "dimension 3 does not exist: there are 3, counted from 0"},
        {"x:f[1,2]; p=i{0,0}; y=Transpose(x,p)", "cannot transpose [1,2] by [0,0]"},
        {"x:f[1,2]; n=i{3}; y=Tile(x,n)", "cannot tile [1,2] by [3]"},
        {"x:f[2]; n=i[2,2]{1,2,3,4}; y=Pad(x,n)", "cannot pad [2] by paddings of shape [2,2]"},
        {"x=i{1,2}; a=i{1}; y=ReverseV2(x,a)",
         "dimension 1 does not exist: there are 1, counted from 0"},
    };
    CHECK_FAULTS(faults);
}

static void test_joining_and_parting(void **state) {
    (void)state;
    static const expectation table[] = {
        {"a:f[?,4,3]; b:f[2,4,5]; x=i -1; y=ConcatV2(a,b,x)", "[2,4,8]", NULL},
        {"a:f[2,3]; b:f; x=i 1; y=ConcatV2(a,b,x)", "[2,?]", NULL},
        {"a:f[2,3]; b:f[2,3]; x:i[]; y=ConcatV2(a,b,x)", "[?,?]", NULL},
        {"a:f; b:f; x=i 1; y=ConcatV2(a,b,x)", "unknown", NULL},
        {"a:f[2,3]; b:f[2,4]; x=i 1; y=Concat(x,a,b) N=2", "[2,7]", NULL},
        {"a=i{1,2}; b:i[1]; c=i{3}; x=i 0; y=ConcatV2(a,b,c,x)", "[4]", "{1,2,?,3}"},
        {"a=i[2,1]{1,2}; b=i[2,2]{3,4,5,6}; x=i 1; y=ConcatV2(a,b,x)", "[2,3]", "{1,3,4,2,5,6}"},
        {"a=i{1}; b=i{2}; x=i 0; y=Concat(x,a,b) N=2", "[2]", "{1,2}"},
        {"a:f[2,?]; b:f[?,3]; y=Pack(a,b) axis=-1", "[2,3,2]", NULL},
        {"a=i 1; b:i[]; y=Pack(a,b)", "[2]", "{1,?}"},
        {"a:i[]; b:i[]; y=Pack(a,b)", "[2]", ""},
        {"a=i{1,2}; b=i{3,4}; y=Pack(a,b) axis=1", "[2,2]", "{1,3,2,4}"},
        {"x:f[?,3,4]; y=Unpack(x) num=3 axis=1", "[?,4] [?,4] [?,4] unknown", NULL},
        {"x=i[2,2]{1,2,3,4}; u=Unpack(x) num=2 axis=1; y=Identity(u:1)", "[2]", "{2,4}"},
        {"x:f[?,6]; a=i 1; y=Split(a,x) num_split=3", "[?,2] [?,2] [?,2]", NULL},
        {"x:f[?,6]; a:i[]; y=Split(a,x) num_split=3", "[?,?] [?,?] [?,?]", NULL},
        {"x=i{1,2,3,4}; a=i 0; u=Split(a,x) num_split=2; y=Identity(u:1)", "[2]", "{3,4}"},
        {"x:f[?,9]; s=i{2,-1,3}; a=i 1; y=SplitV(x,s,a) num_split=3", "[?,2] [?,4] [?,3]", NULL},
        {"x=i{1,2,3}; s=i{1,2}; a=i 0; u=SplitV(x,s,a) num_split=2; y=Identity(u:1)", "[2]",
         "{2,3}"},
        {"x:f[?,9]; s:i[3]; a=i 1; y=SplitV(x,s,a) num_split=3", "[?,?] [?,?] [?,?]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"a:f[1,16,16,8]; b:f[1,17,17,8]; x=i 3; y=ConcatV2(a,b,x)",
         "cannot concatenate [1,16,16,8] and [1,17,17,8] along dimension 3"},
        {"a:f[1,2]; b:f[1]; x:i[]; y=ConcatV2(a,b,x)", "cannot concatenate [1,2] and [1]"},
        {"a:f[1,2]; b:f[1,3]; y=Pack(a,b)", "cannot stack [1,2] and [1,3]"},
        {"x:f[2,3]; y=Unpack(x) num=2 axis=1",
         "cannot split [2,3] into 2 slices along dimension 1"},
        {"x:f[2,3]; a=i 1; y=Split(a,x) num_split=2",
         "cannot split [2,3] into 2 along dimension 1"},
        {"x:f[2,3]; s=i{1,1}; a=i 1; y=SplitV(x,s,a) num_split=2",
         "cannot split [2,3] into [1,1] along dimension 1"},
        {"x:f[2,3]; s=i{-1,4}; a=i 1; y=SplitV(x,s,a) num_split=2",
         "cannot split [2,3] into [?,4] along dimension 1"},
    };
    CHECK_FAULTS(faults);
}

static void test_slices(void **state) {
    (void)state;
#define SLICE(b, e, s) "b=i" b "; e=i" e "; s=i" s "; y=StridedSlice(x,b,e,s) "
    static const expectation table[] = {
        {"x:f[5,?]; b=i{1,2}; n=i{-1,3}; y=Slice(x,b,n)", "[4,3]", NULL},
        {"x:f[5,?]; b:i[2]; n=i{-1,3}; y=Slice(x,b,n)", "[?,3]", NULL},
        {"x:f; b:i[2]; n:i[2]; y=Slice(x,b,n)", "[?,?]", NULL},
        {"x=i[2,3]{1,2,3,4,5,6}; b=i{0,1}; n=i{-1,2}; y=Slice(x,b,n)", "[2,2]", "{2,3,5,6}"},
        {"x:f[5,6]; " SLICE("{1,2}", "{3,5}", "{1,2}"), "[2,2]", NULL},
        {"x:f[5,6]; " SLICE("{1}", "{-1}", "{1}"), "[3,6]", NULL},
        {"x:f[5,6]; " SLICE("{-2}", "{99}", "{1}"), "[2,6]", NULL},
        {"x:f[5,6]; " SLICE("{4}", "{1}", "{-2}"), "[2,6]", NULL},
        {"x:f[5,6]; " SLICE("{4}", "{1}", "{1}"), "[0,6]", NULL},
        {"x:f[5,6]; " SLICE("{4}", "{2}", "{1}") "begin_mask=1", "[2,6]", NULL},
        {"x:f[5,6]; " SLICE("{2}", "{0}", "{1}") "end_mask=1", "[3,6]", NULL},
        {"x:f[5,6]; " SLICE("{0}", "{0}", "{-1}") "begin_mask=1 end_mask=1", "[5,6]", NULL},
        {"x:f[5,6]; " SLICE("{-1}", "{0}", "{1}") "shrink_axis_mask=1", "[6]", NULL},
        {"x:f[?,6]; " SLICE("{-1}", "{0}", "{1}") "shrink_axis_mask=1", "[6]", NULL},
        {"x:f[5,6]; " SLICE("{0,0,0}", "{2,0,1}", "{1,1,1}") "new_axis_mask=2", "[2,1,1]", NULL},
        {"x:f[4,5,6,7]; " SLICE("{0,1}", "{0,3}", "{1,1}") "ellipsis_mask=1", "[4,5,6,2]", NULL},
        {"x:f[4,5,6,7]; " SLICE("{1,0,1}", "{2,0,3}", "{1,1,1}") "ellipsis_mask=2", "[1,5,6,2]",
         NULL},
        {"x:f[4,5,6]; " SLICE("{0,0,0,0}", "{0,0,0,0}",
                              "{1,1,1,1}") "ellipsis_mask=2 new_axis_mask=4 shrink_axis_mask=9",
         "[5,1]", NULL},
        {"x:f[4,5]; " SLICE("{0,0}", "{0,0}", "{1,1}") "ellipsis_mask=3", "unknown", NULL},
        {"x:f[?,6]; " SLICE("{1}", "{4}", "{1}"), "[?,6]", NULL},
        {"x:f[?,6]; " SLICE("{0}", "{0}", "{1}") "begin_mask=1 end_mask=1", "[?,6]", NULL},
        {"x:f[5,6]; b:i[1]; e=i{4}; y=StridedSlice(x,b,e,e)", "[?,6]", NULL},
        {"x:f[5,6]; b:i[1]; e=i{4}; s=i{1}; y=StridedSlice(x,b,e,s) begin_mask=1", "[4,6]", NULL},
        {"x:f[5,6]; b:i[1]; y=StridedSlice(x,b,b,b) shrink_axis_mask=1", "[6]", NULL},
        {"x:f[5,6]; b:i; y=StridedSlice(x,b,b,b)", "unknown", NULL},
        {"x:f; " SLICE("{1}", "{2}", "{1}"), "unknown", NULL},
        {"x:f[5,6]; " SLICE("{1}", "{2}", "{0}"), "[?,6]", NULL},
        {"x=i{1,2,3,4,5}; " SLICE("{1}", "{4}", "{2}"), "[2]", "{2,4}"},
        {"x=i{1,2,3}; " SLICE("{0}", "{0}", "{-1}") "begin_mask=1 end_mask=1", "[3]", "{3,2,1}"},
        {"x=i{1,2,3}; " SLICE("{-1}", "{0}", "{1}") "shrink_axis_mask=1", "[]", "{3}"},
        {"x=i[2,3]{1,2,3,4,5,6}; " SLICE("{0,0,1}", "{0,0,3}",
                                         "{1,1,1}") "ellipsis_mask=1 new_axis_mask=2",
         "[2,1,2]", "{2,3,5,6}"},
        {"z:f[?,32,16,3]; x=Shape(z); " SLICE("{1}", "{3}", "{1}"), "[2]", "{32,16}"},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"x:f[5]; " SLICE("{5}", "{6}", "{1}") "shrink_axis_mask=1",
         "there is no such index along dimension 0 of [5]"},
        {"x:f[5]; " SLICE("{0,0}", "{1,1}", "{1,1}"), "cannot slice [5] along 2 dimensions"},
        {"x:f[5,?]; b=i{3,0}; n=i{3,1}; y=Slice(x,b,n)",
         "the slice does not lie inside dimension 0 of [5,?]"},
        {"x:f[5]; b=i{3,0}; n=i{1,1}; y=Slice(x,b,n)",
         "cannot cut a slice of 2 dimensions from [5]"},
    };
    CHECK_FAULTS(faults);
#undef SLICE
}

static void test_picking(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[9,4]; i:i[2,?]; y=Gather(x,i)", "[2,?,4]", NULL},
        {"x:f[9,4,5]; i:i[2,3]; a=i -1; y=GatherV2(x,i,a)", "[9,4,2,3]", NULL},
        {"x:f[9,4,5]; i:i[2,3]; a:i[]; y=GatherV2(x,i,a)", "[?,?,?,?]", NULL},
        {"x:f[?,4,5]; i:i[7,3]; a=i 1; y=GatherV2(x,i,a) batch_dims=1", "[7,3,5]", NULL},
        {"x:f[7,4,5]; i:i[7,3]; a=i 2; y=GatherV2(x,i,a) batch_dims=-1", "[7,4,3]", NULL},
        {"x=i{5,6,7}; i=i{2,0}; a=i 0; y=GatherV2(x,i,a)", "[2]", "{7,5}"},
        {"x=i{5,6,7}; i=i{3,0}; a=i 0; y=GatherV2(x,i,a)", "[2]", "{?,5}"},
        {"x=i[2,2]{1,2,3,4}; i=i 1; a=i 1; y=GatherV2(x,i,a)", "[2]", "{2,4}"},
        {"x=i{5,6,7}; i=i 1; y=Gather(x,i)", "[]", "{6}"},
        {"x:f[9,4,5]; i:i[6,2]; y=GatherNd(x,i)", "[6,5]", NULL},
        {"i:i[6,1]; u:f[6,3]; n=i{9,3}; y=ScatterNd(i,u,n)", "[9,3]", NULL},
        {"x:f[9,4]; i:i[9]; y=DynamicPartition(x,i) num_partitions=2", "[?,4] [?,4]", NULL},
        {"a:i[3]; b:i[4]; x:f[3,5]; z:f[4,5]; y=DynamicStitch(a,b,x,z) N=2", "[?,5]", NULL},
        {"x:f[9,4]; i:i[9]; n=i 3; y=UnsortedSegmentSum(x,i,n)", "[3,4]", NULL},
        {"b:f[?,4]; s:f[?]; n=i 3; t=f 0; y=NonMaxSuppressionV4(b,s,n,t,t)", "[?] []", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"x:f[6,4]; i:i[7,3]; a=i 1; y=GatherV2(x,i,a) batch_dims=1",
         "cannot gather from [6,4] by indices of shape [7,3]: dimension 0 differs"},
        {"x:f[6,4]; i:i[6,3]; a=i 1; y=GatherV2(x,i,a) batch_dims=-3",
         "[6,4] and indices of shape [6,3] cannot share -1 dimensions"},
        {"x:f[6,4]; i:i[6,3]; a=i 0; y=GatherV2(x,i,a) batch_dims=1",
         "cannot gather along dimension 0, which the indices share"},
        {"x:f[6,4]; i:i[7,3]; y=GatherNd(x,i)", "cannot gather from [6,4] by 3 indices each"},
    };
    CHECK_FAULTS(faults);
}

static void test_reductions(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[?,8,8,3]; a=i{1,2}; y=Mean(x,a)", "[?,3]", NULL},
        {"x:f[?,8,8,3]; a=i{1,-2}; y=Mean(x,a) keep_dims=true", "[?,1,1,3]", NULL},
        {"x:f[?,8]; a=i -1; y=Max(x,a)", "[?]", NULL},
        {"x:f[?,8]; a:i[1]; y=Sum(x,a)", "unknown", NULL},
        {"x:f[?,8]; a:i[1]; y=Sum(x,a) keep_dims=true", "[?,?]", NULL},
        {"x=i{2,3,4}; a=i{0}; y=Prod(x,a)", "[]", "{24}"},
        {"x=i[2,2]{2,3,4,5}; a=i 0; y=Sum(x,a)", "[2]", "{6,8}"},
        {"x=i[2,2]{2,3,4,5}; a=i 1; y=Max(x,a) keep_dims=true", "[2,1]", "{3,5}"},
        {"x=i{2,1}; a=i 0; y=Min(x,a)", "[]", "{1}"},
        {"x=b{1,0}; a=i 0; y=All(x,a)", "[]", "{0}"},
        {"x=b{1,0}; a=i 0; y=Any(x,a)", "[]", "{1}"},
        {"x=i{60000,60000}; a=i 0; y=Prod(x,a)", "[]", ""}, // more than an int32 holds
        {"x=f{0.1,0.2}; a=i 0; y=Sum(x,a)", "[]", ""},      // up to the order of addition
        {"z:f[?,4,5]; x=Shape(z); b=i{1}; e=i{3}; t=StridedSlice(x,b,e,b); a=i{0}; y=Prod(t,a)",
         "[]", "{20}"},
        {"x:f[4,5,6]; a=i 1; y=ArgMax(x,a)", "[4,6]", NULL},
        {"x:f[4,5,6]; a:i[]; y=ArgMin(x,a)", "[?,?]", NULL},
        {"x:f[4,5]; k=i 3; y=TopKV2(x,k)", "[4,3] [4,3]", NULL},
        {"x:f[4,5]; y=TopK(x) k=2", "[4,2] [4,2]", NULL},
        {"x:f[4,5]; a=i 0; y=Cumsum(x,a)", "[4,5]", NULL},
        {"x:f[4,5]; y=Softmax(x)", "[4,5]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"x:f[2,2]; a=i 2; y=Sum(x,a)", "dimension 2 does not exist: there are 2, counted from 0"},
        {"x:f[4,5]; k=i 6; y=TopKV2(x,k)", "cannot take the 6 largest of [4,5]"},
    };
    CHECK_FAULTS(faults);
}

static void test_matrices(void **state) {
    (void)state;
    static const expectation table[] = {
        {"a:f[?,4]; b:f[4,5]; y=MatMul(a,b)", "[?,5]", NULL},
        {"a:f[4,?]; b:f[5,4]; y=MatMul(a,b) transpose_a=true transpose_b=true", "[?,5]", NULL},
        {"a:f[?,7,3,4]; b:f[4,5]; y=BatchMatMulV2(a,b)", "[?,7,3,5]", NULL},
        {"a:f[2,1,4,3]; b:f[7,5,4]; y=BatchMatMulV2(a,b) adj_x=true adj_y=true", "[2,7,3,5]", NULL},
        {"a:f[?,8,8,3]; b:f[3,5]; y=Einsum(a,b) equation='abcd,de->abce'", "[?,8,8,5]", NULL},
        {"a:f[2,?,3,4]; b:f[7,4,5]; y=Einsum(a,b) equation='...ij,...jk->...ik'", "[2,7,3,5]",
         NULL},
        {"a:f[2,3]; y=Einsum(a) equation='ab -> ba'", "[3,2]", NULL},
        {"a:f[3,3]; y=Einsum(a) equation='aa->a'", "[3]", NULL},
        {"a:f[2,3]; y=Einsum(a) equation='ab->'", "[]", NULL},
        {"a:f; b:f[3,4]; y=Einsum(a,b) equation='...a,ab->...b'", "unknown", NULL},
        {"a:f; b:f[3,4]; y=Einsum(a,b) equation='ca,ab->cb'", "[?,4]", NULL},
        {"a:f[2,3]; y=Einsum(a) equation='ab'", "unknown", NULL},
        {"a:f[2,3]; y=Einsum(a) equation='ab,c->a'", "unknown", NULL},
        {"a:f[2,3]; y=Einsum(a) equation='a1->a'", "unknown", NULL},
        {"a:f[2,3]; y=MatrixDiag(a)", "[2,3,3]", NULL},
        {"a:f[2,3,5]; y=MatrixDiagPart(a)", "[2,3]", NULL},
        {"a:f[2,3]; y=Diag(a)", "[2,3,2,3]", NULL},
        {"a:f[2,?,2,3]; y=DiagPart(a)", "[2,3]", NULL},
        {"a:f[2,3,3]; y=MatrixDeterminant(a)", "[2]", NULL},
        {"a:f[2,8,9]; n=i{8,10}; y=RFFT2D(a,n)", "[2,8,6]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"a:f[?,3]; b:f[4,5]; y=MatMul(a,b)", "cannot multiply the matrices [?,3] and [4,5]"},
        {"a:f[2,3,4]; b:f[3,4,5]; y=BatchMatMulV2(a,b)",
         "cannot multiply the matrices [2,3,4] and [3,4,5]"},
        {"a:f[4]; b:f[4,5]; y=BatchMatMulV2(a,b)", "BatchMatMulV2 needs matrices, not [4]"},
        {"a:f[2,3]; b:f[4,5]; y=Einsum(a,b) equation='ab,bc->ac'",
         "[4,5] does not fit into \"bc\" of the equation"},
        {"a:f[2,3]; y=Einsum(a) equation='abc->ac'",
         "[2,3] does not fit into \"abc\" of the equation"},
        {"a:f[2,3]; y=DiagPart(a)", "[2,3] has no diagonal"},
    };
    CHECK_FAULTS(faults);
}

// ---- values

static void test_arithmetic(void **state) {
    (void)state;
#define INTS "a=i{7,-7,6}; b=i{2,2,-4}; "
#define FLOATS "a=f{7,-7,6}; b=f{2,2,-4}; "
    static const expectation table[] = {
        {INTS "y=AddV2(a,b)", "[3]", "{9,-5,2}"},
        {INTS "y=Sub(a,b)", "[3]", "{5,-9,10}"},
        {INTS "y=Mul(a,b)", "[3]", "{14,-14,-24}"},
        {INTS "y=FloorDiv(a,b)", "[3]", "{3,-4,-2}"},
        {INTS "y=FloorMod(a,b)", "[3]", "{1,1,-2}"},
        {INTS "y=TruncateDiv(a,b)", "[3]", "{3,-3,-1}"},
        {INTS "y=Mod(a,b)", "[3]", "{1,-1,2}"},
        {INTS "y=Div(a,b)", "[3]", "{3,-3,-1}"},
        {INTS "y=Maximum(a,b)", "[3]", "{7,2,6}"},
        {INTS "y=Minimum(a,b)", "[3]", "{2,-7,-4}"},
        {INTS "y=Less(a,b)", "[3]", "{0,1,0}"},
        {INTS "y=GreaterEqual(a,b)", "[3]", "{1,0,1}"},
        {INTS "y=Equal(a,b)", "[3]", "{0,0,0}"},
        {INTS "y=NotEqual(a,b)", "[3]", "{1,1,1}"},
        {INTS "c=i{2,0,1}; y=Pow(b,c)", "[3]", "{4,1,-4}"},
        {FLOATS "y=RealDiv(a,b)", "[3]", "{3.5,-3.5,-1.5}"},
        {FLOATS "y=Div(a,b)", "[3]", "{3.5,-3.5,-1.5}"},
        {FLOATS "y=FloorDiv(a,b)", "[3]", "{3,-4,-2}"},
        {FLOATS "y=FloorMod(a,b)", "[3]", "{1,1,-2}"},
        {"a=i{2000000000}; y=AddV2(a,a)", "[1]", ""}, // wraps
        {"a=l{2000000000}; y=AddV2(a,a)", "[1]", "{4e+09}"},
        {"a=i{4}; z=i{0}; y=FloorDiv(a,z)", "[1]", ""},
        {"a=f{0.1}; b=f{0.2}; y=AddV2(a,b)", "[1]", "{0.300000012}"}, // as float32 has it
        {"a=h{1}; y=AddV2(a,a)", "[1]", "{2}"},
        {"a=i{3}; b=f{0.5}; y=TruncateDiv(a,b)", "[1]", ""}, // no valid graph
        {"a=i[2,1]{1,2}; b=i{10,20}; y=Mul(a,b)", "[2,2]", "{10,20,20,40}"},
        {"a=b{1,0}; b=b{1,1}; y=LogicalAnd(a,b)", "[2]", "{1,0}"},
        {"a=b{1,0}; b=b{0,0}; y=LogicalOr(a,b)", "[2]", "{1,0}"},
        {"a=b{1,0}; y=LogicalNot(a)", "[2]", "{0,1}"},
        {"a=i{3,-3}; y=Neg(a)", "[2]", "{-3,3}"},
        {"a=i{3,-3}; y=Abs(a)", "[2]", "{3,3}"},
        {"a=i{3,-3,0}; y=Sign(a)", "[3]", "{1,-1,0}"},
        {"a=f{2.5,-2.5}; y=Floor(a)", "[2]", "{2,-3}"},
        {"a=f{2.5,-2.5}; y=Ceil(a)", "[2]", "{3,-2}"},
        {"a=f{2.5,3.5}; y=Round(a)", "[2]", "{2,4}"},
        {"a=f{9}; y=Sqrt(a)", "[1]", "{3}"},
        {"a=f{-1}; y=Sqrt(a)", "[1]", ""},
        {"a=f{2.7,-2.7}; y=Cast(a) DstT=@i", "[2]", "{2,-2}"},
        {"a=f{0.5,0}; y=Cast(a) DstT=@b", "[2]", "{1,0}"},
        {"a=f{1e20}; y=Cast(a) DstT=@i", "[1]", ""},
        {"a=i{1}; y=Cast(a) DstT=@h", "[1]", "{1}"},
        {"c=b{1,0}; a=i{1,2}; b=i{3,4}; y=SelectV2(c,a,b)", "[2]", "{1,4}"},
        {"c=b{1,0}; a=i{1,2}; b=i{3,4}; y=Select(c,a,b)", "[2]", "{1,4}"},
        {"c=b{1,0}; a=i[2,1]{1,2}; b=i[2,1]{3,4}; y=Select(c,a,b)", "[2,1]", ""},
        {"c:f[2]; d=Shape(c); e=Squeeze(d); y=Mul(e,e)", "[]", "{4}"},
        {"x=i{1,2}; y=StopGradient(x)", "[2]", "{1,2}"},
    };
    CHECK_ALL(table);
#undef INTS
#undef FLOATS
}

// ---- control flow

static void test_functions(void **state) {
    (void)state;
    static const expectation table[] = {
        {"def f(a): b=Relu(a); return b; def g(a): b=Tanh(a); return b; x:f[?,3]; c:b[]; "
         "y=If(c,x) then_branch=&f else_branch=&g Tout=@f",
         "[?,3]", NULL},
        {"def f(a): n=i{1,-1}; b=Reshape(a,n); return b; def g(a): b=Tanh(a); return b; x:f[2,3]; "
         "c:b[]; y=StatelessIf(c,x) then_branch=&f else_branch=&g Tout=@f",
         "[?,?]", NULL},
        {"def f(a): n=i{6}; b=Reshape(a,n); return b; def g(a): b=Tanh(a); return b; x:f[2,3]; "
         "c:b[]; y=StatelessIf(c,x) then_branch=&f else_branch=&g Tout=@f",
         "unknown", NULL},
        // The condition is known: the other branch does not matter, whatever is in it.
        {"def f(a): n=i{6}; b=Reshape(a,n); return b; def g(a): n=i{7}; b=Reshape(a,n); return b; "
         "x:f[2,3]; c=b 1; y=If(c,x) then_branch=&f else_branch=&g Tout=@f",
         "[6]", NULL},
        {"def f(a): n=i{6}; b=Reshape(a,n); return b; def g(a): n=i{7}; b=Reshape(a,n); return b; "
         "x:f[2,3]; c:b[]; y=If(c,x) then_branch=&f else_branch=&g Tout=@f",
         "unknown", NULL},
        {"def f(h): b=ReadVariableOp(h) dtype=@f; return b; h=VarHandleOp() shape=<4> dtype=@f; "
         "c:b[]; y=If(c,h) then_branch=&f else_branch=&f Tout=@f",
         "[4]", NULL},
        {"def f(): b=i 5; return b; def g(): b=i 6; return b; c=i 9; "
         "y=Case(c) branches=&f,g Tin=[] Tout=@i",
         "[]", "{6}"},
        {"def f(): b=i{5,6}; return b; def g(): b=i{5,7}; return b; c:i[]; "
         "y=StatelessCase(c) branches=&f,g Tin=[] Tout=@i",
         "[2]", "{5,?}"},
        {"x:f[2]; c:b[]; y=If(c,x) then_branch=&none else_branch=&none Tout=@f", "unknown", NULL},
        // Calls itself.
        {"def f(a): c:b[]; b=If(c,a) then_branch=&f else_branch=&f Tout=@f; return b; x:f[2]; "
         "c:b[]; y=If(c,x) then_branch=&f else_branch=&f Tout=@f",
         "unknown", NULL},
    };
    CHECK_ALL(table);
}

static void test_while(void **state) {
    (void)state;
#define LOOP(body) \
    "def c(n,a): b:b[]; return b; def w(n:i,a:f): o=i 1; m=AddV2(n,o); " body "; n=i 0; "
#define RUN "y=While(n,x) cond=&c body=&w"
    static const expectation table[] = {
        {LOOP("b=Relu(a); return m,b") "x:f[?,3]; " RUN, "[] [?,3]", ""}, // the counter changes
        {LOOP("b=Relu(a); return n,b") "x:f[?,3]; " RUN, "[] [?,3]", "{0}"},
        {LOOP("k=i 0; b=ConcatV2(a,a,k); return m,b") "x:f[2,3]; " RUN, "[] [?,3]", ""},
        {LOOP("b=ExpandDims(a,o); return m,b") "x:f[2,3]; " RUN, "[] unknown", ""},
        {LOOP("p=i{1,2,0}; b=Transpose(a,p); return m,b") "x:f[2,2,3]; " RUN, "[] [?,?,?]", ""},
        {LOOP("b=Relu(a); return m") "x:f[2]; " RUN, "unknown unknown", ""},
        {LOOP("d=i{7}; b=Reshape(a,d); return m,b") "x:f[2]; " RUN, "[] unknown", ""},
        // Lists: reserved outside, filled inside, stacked outside.
        {"def c(n,l): b:b[]; return b; def w(n:i,l:v): e:f[5]; m=TensorListSetItem(l,n,e); "
         "return n,m; s=i{5}; k=i 7; l=TensorListReserve(s,k); n=i 0; r=While(n,l) cond=&c "
         "body=&w; "
         "y=TensorListStack(r:1,s) element_dtype=@f",
         "[7,5]", NULL},
    };
    CHECK_ALL(table);
#undef LOOP
#undef RUN
}

static void test_old_control_flow(void **state) {
    (void)state;
#define FRAME "e=Enter(x); m=Merge(e); p:b[]; c=LoopCond(p); s=Switch(m,c); q=Exit(s:0); "
    static const expectation table[] = {
        {"x:f[2,?]; p:b[]; y=Switch(x,p)", "[2,?] [2,?]", NULL},
        {"x:f[2,3]; p:b[]; s=Switch(x,p); a=Relu(s:0); b=Tanh(s:1); y=Merge(a,b)", "[2,3] []",
         NULL},
        {"x:f[2,3]; z:f[5,3]; y=Merge(x,z)", "[?,3] []", NULL},
        {"x:f[2,3]; z:f; y=Merge(x,z)", "unknown []", NULL},
        {"x:f[2,3]; " FRAME "b=Relu(s:1); n=NextIteration(b); loop m n; y=Identity(q)", "[2,3]",
         NULL},
        {"x:f[2,3]; " FRAME "k=i 0; b=ConcatV2(s:1,s:1,k); n=NextIteration(b); loop m n; "
         "y=Identity(q)",
         "[?,3]", NULL},
        {"x:f[2,3]; " FRAME "k=i 0; b=ExpandDims(s:1,k); n=NextIteration(b); loop m n; "
         "y=Identity(q)",
         "unknown", NULL},
        {"x=i 0; " FRAME "k=i 1; b=AddV2(s:1,k); n=NextIteration(b); loop m n; y=Identity(q)", "[]",
         ""},
        // Nodes after the loop must not be judged by the facts of its first iteration.
        {"x:f[2,3]; " FRAME "k=i 0; b=ConcatV2(s:1,s:1,k); n=NextIteration(b); loop m n; "
         "z:f[4,3]; y=AddV2(q,z)",
         "[4,3]", NULL},
        // A branch that never runs may contradict itself.
        {"x:f[2,3]; p:b[]; s=Switch(x,p); n=i{7}; a=Reshape(s:0,n); b=Relu(s:1); y=Merge(a,b)",
         "unknown", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"x:f[2,3]; " FRAME "b=Relu(s:1); n=NextIteration(b); loop m n; z:f[4,3]; y=AddV2(q,z)",
         "cannot add [2,3] and [4,3]"},
        {"x:f[2,3]; p:b[]; s=Switch(x,p); m=Merge(s:0,s:1); n=i{7}; y=Reshape(m,n)",
         "cannot reshape [2,3] (6 values) to [7]"},
    };
    CHECK_FAULTS(faults);
#undef FRAME
}

static void test_lists(void **state) {
    (void)state;
    static const expectation table[] = {
        {"s=i{-1,5}; k:i[]; y=TensorListReserve(s,k)", "[]", NULL},
        {"s=i{-1,5}; k=i 7; l=TensorListReserve(s,k); t=i{3,-1}; y=TensorListStack(l,t)", "[7,3,5]",
         NULL},
        {"s=i -1; k=i 7; l=TensorListReserve(s,k); y=TensorListStack(l,s)", "unknown", NULL},
        {"x:f[7,2,3]; s=i{2,3}; l=TensorListFromTensor(x,s); t=i -1; y=TensorListStack(l,t)",
         "[7,2,3]", NULL},
        {"x:f[7,2,3]; s=i{2,3}; l=TensorListFromTensor(x,s); k=i 0; y=TensorListGetItem(l,k,s)",
         "[2,3]", NULL},
        {"x:f[2]; s=i{2}; k=i 9; l=EmptyTensorList(s,k); p=TensorListPushBack(l,x); "
         "y=TensorListStack(p,s)",
         "[1,2]", NULL},
        {"x:f[7,2]; s=i{2}; l=TensorListFromTensor(x,s); p=TensorListPopBack(l,s); "
         "y=TensorListStack(p,s)",
         "[6,2]", NULL},
        {"x:f[7,2]; s=i{2}; l=TensorListFromTensor(x,s); y=TensorListPopBack(l,s)", "[] [2]", NULL},
        {"x:f[7,2]; s=i{2}; l=TensorListFromTensor(x,s); i:i[3]; y=TensorListGather(l,i,s)",
         "[3,2]", NULL},
        {"x:f[7,2,3]; s=i{2,3}; l=TensorListFromTensor(x,s); y=TensorListConcat(l) "
         "element_shape=<?,3>",
         "[?,3] [?]", NULL},
        {"x:f[7,2]; s=i{2}; l=TensorListFromTensor(x,s); k=i 4; r=TensorListResize(l,k); "
         "y=TensorListStack(r,s)",
         "[4,2]", NULL},
        {"h:r[]; i:i[3]; f:f[]; y=TensorArrayGatherV3(h,i,f) element_shape=<2,?>", "[3,2,?]", NULL},
    };
    CHECK_ALL(table);
    static const contradiction faults[] = {
        {"x:f[7,2]; s=i{2}; t=i{3}; l=TensorListFromTensor(x,s); y=TensorListStack(l,t)",
         "the elements are [2] instead of [3]"},
    };
    CHECK_FAULTS(faults);
}

// ---- the engine

static void test_input_shape(void **state) {
    (void)state;
    parser p = parse("x:f[?,?,?,3]; y=Relu(x)");
    build(&p);
    const int64_t sizes[] = {3, 64, 64, 3};
    czm_shape input = {4, sizes};
    const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, &input);
    czm_shape shape = czm_shape_of(shapes, czm_output(find_node(&p, "y")));
    assert_string_equal(czm_shape_text(p.arena, shape), "[3,64,64,3]");
    assert_null(czm_shapes_fault(shapes));
    assert_null(czm_shapes_stopped_at(shapes));
    czm_node *stranger = czm_graph_add(&p.model.main, "new", CZM_OP_Relu);
    assert_int_equal(czm_shape_of(shapes, czm_output(stranger)).rank, CZM_UNKNOWN);
    stranger->order = 1;
    assert_int_equal(czm_shape_of(shapes, czm_output(stranger)).rank, CZM_UNKNOWN);
    czm_arena_free(p.arena);
}

static void test_first_fault(void **state) {
    (void)state;
    parser p = parse("a:f[2]; b:f[3]; c=AddV2(a,b); d=Relu(c); e=Mul(b,a); y=Sub(d,e)");
    build(&p);
    const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, NULL);
    assert_string_equal(czm_shapes_fault(shapes)->node->name, "c");
    assert_string_equal(czm_shapes_fault(shapes)->text, "cannot add [2] and [3]");
    czm_arena_free(p.arena);
}

static void test_fault_in_function(void **state) {
    (void)state;
    parser p = parse("def f(a): n=i{7}; b=Reshape(a,n); return b; x:f[2]; c=b 1; "
                     "y=If(c,x) then_branch=&f else_branch=&f Tout=@f");
    build(&p);
    const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, NULL);
    assert_string_equal(czm_shapes_fault(shapes)->node->name, "b");
    czm_arena_free(p.arena);
}

static const char *stopped_at(const char *text) {
    static char name[64];
    parser p = parse(text);
    build(&p);
    const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, NULL);
    const czm_node *node = czm_shapes_stopped_at(shapes);
    snprintf(name, sizeof name, "%s", node ? node->name : "");
    czm_arena_free(p.arena);
    return name;
}

static void test_stopped_at(void **state) {
    (void)state;
    assert_string_equal(stopped_at("x:f[2]; y=NoSuchOp(x); z=NoSuchOp(y)"), "y");
    assert_string_equal(stopped_at("x:f; y=NoSuchOp(x)"), "");
    // A contradiction that may never run is no fault, but a proof ends there.
    assert_string_equal(stopped_at("def f(a): n=i{7}; b=Reshape(a,n); return b; x:f[2]; c:b[]; "
                                   "y=If(c,x) then_branch=&f else_branch=&f Tout=@f"),
                        "b");
}

// Attrs and inputs that no honest exporter writes.
static void test_damage(void **state) {
    (void)state;
    static const expectation table[] = {
        {"x:f[2,3]; y=AddV2(x) T=@f", "unknown", NULL},
        {"x:f[2,3]; y=Relu(x,x)", "unknown", NULL},
        {"x:f[2,3]; y=ConcatV2(x,x) N=4000000000", "unknown", NULL},
        {"x:i[2]; y=ConcatV2(x) N=0", "unknown", NULL},
        {"x:f[2,3]; y=Unpack(x) num=4000000000 axis=-1", "unknown", NULL},
        {"x:f[?,3]; y=Unpack(x) num=-5", "unknown", NULL},
        {"x:f[2,3]; a=i 0; y=Split(a,x) num_split=0", "unknown", NULL},
        {"x:f[1,9,9,3]; f:f[3,3,3,8]; y=Conv2D(x,f)", "[1,?,?,8]", NULL},
        {"x:f[1,9,9,3]; f:f[3,3,3,8]; y=Conv2D(x,f) strides=[1,0,-1,1] padding='SAME'", "[1,?,?,8]",
         NULL},
        {"x:f[1,9,9,3]; f:f[3,3,3,8]; y=Conv2D(x,f) strides=[1,1,1,1] padding='VALID' "
         "dilations=[1,9000000000000000000,0,1]",
         "[1,?,?,8]", NULL},
        {"x:f[1,9,9,3]; f:f[0,0,0,0]; y=Conv2D(x,f) strides=[1,1,1,1] padding='VALID'", "unknown",
         NULL},
        {"x:f[4000000000,4000000000,4000000000]; y=Size(x) out_type=@l", "[]", ""},
        {"x:f[4000000000,4000000000,4000000000]; n=i{-1}; y=Reshape(x,n)", "[?]", NULL},
        {"x:f[4000000000,4000000000]; n=l{4000000000,4000000000}; y=Tile(x,n)", "[?,?]", NULL},
        {"x:f[9000000000000000000]; a=i 0; y=ConcatV2(x,x,a)", "[?]", NULL},
        {"x:f[2]; n=i[1,2]{-1,2}; y=Pad(x,n)", "[?]", NULL},
        {"x:f[4]; b=l{9000000000000000000}; e=l{-9000000000000000000}; s=l{1}; "
         "y=StridedSlice(x,b,e,s)",
         "[?]", NULL},
        {"x=i{1,2,3}; b=i{2147483647}; e=i{-2147483648}; s=i{-2147483648}; "
         "y=StridedSlice(x,b,e,s)",
         "[1]", "{3}"},
        {"y=Const() dtype=@i", "unknown", NULL},
        {"y=VarHandleOp() dtype=@f", "[]", NULL},
        {"x:f[2,3]; p=i{-1,0}; y=Transpose(x,p)", "[?,2]", NULL},
        {"x:i[2]; d=i -3; o=f 1; z=f 0; y=OneHot(x,d,o,z)", "[2,?]", NULL},
        {"x=i{1,2,3}; i=i{-1,5}; a=i 0; y=GatherV2(x,i,a)", "[2]", ""},
        {"x:f[2,2]; y=Einsum(x) equation=''", "unknown", NULL},
        {"x:f[1,2,3,4]; y=DepthToSpace(x) block_size=-2", "unknown", NULL},
        {"x:f[1,2,3,4]; y=DepthToSpace(x) block_size=4000000000", "[1,8000000000,12000000000,?]",
         NULL},
        {"x:f[2]; y=Merge(x)", "[2] []", NULL},
        {"n=i{1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1}; x=i 1; "
         "y=Fill(n,x)",
         "unknown", NULL}, // 33 dimensions
    };
    for (size_t i = 0; i < CZM_COUNT_OF(table); i++) {
        parser p = parse(table[i].graph);
        build(&p);
        const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, NULL);
        czm_node *y = find_node(&p, "y");
        const char *text = czm_shape_text(p.arena, czm_shape_of(shapes, czm_output(y)));
        size_t size = strcspn(table[i].shape, " ");
        if (strncmp(text, table[i].shape, size) != 0 || text[size] != '\0')
            fail_msg("%s: %s instead of %s", table[i].graph, text, table[i].shape);
        czm_arena_free(p.arena);
    }
}

// Each function calls the next one twice: without a limit that is 2^30 walks.
static void test_unfolding_functions(void **state) {
    (void)state;
    parser p = parse("x:f[2]; c:b[]; y=If(c,x) then_branch=&f0 else_branch=&f0 Tout=@f");
    const char *text = p.at;
    for (int i = 30; i >= 0; i--)
        text = czm_arena_format(p.arena,
                                "def f%d(a): c:b[]; b=If(c,a) then_branch=&f%d else_branch=&f%d "
                                "Tout=@f; return b; %s",
                                i, i + 1, i + 1, text);
    p.at = text;
    build(&p);
    const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, NULL);
    assert_int_equal(czm_shape_of(shapes, czm_output(find_node(&p, "y"))).rank, CZM_UNKNOWN);
    czm_arena_free(p.arena);
}

// 200,000 nodes, each a new shape: neither time nor memory may grow with their square.
static void test_long_graph(void **state) {
    (void)state;
    enum { LENGTH = 200000 };
    parser p = parse("x:f[1,8]; a=i 0");
    build(&p);
    czm_tensor last = czm_output(find_node(&p, "x")), axis = czm_output(find_node(&p, "a"));
    for (int i = 0; i < LENGTH; i++) {
        last = czm_output(czm_build_node(p.graph, "n", CZM_OP_ExpandDims, CZM_INPUTS(last, axis)));
    }
    add_output(&p, last);
    assert_null(czm_graph_sort(p.graph));
    const czm_shapes *shapes = czm_shapes_infer(p.arena, &p.model, NULL);
    assert_int_equal(czm_shape_of(shapes, last).rank, CZM_UNKNOWN);
    czm_arena_free(p.arena);
}

// ---- reading shapes, and the table

static void test_reading(void **state) {
    (void)state;
    czm_arena *arena = czm_arena_new(NULL);
    static const struct {
        const char *proto;
        size_t size;
        const char *text;
    } table[] = {
        {"", 0, "[]"},
        {"\x12\x02\x08\x05\x12\x00", 6, "[5,0]"},
        {"\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13, "[?]"},
        {"\x18\x01", 2, "unknown"},
        {"\x12\x09\x08", 3, "unknown"}, // cut off
    };
    for (size_t i = 0; i < CZM_COUNT_OF(table); i++) {
        czm_shape shape = czm_shape_read(arena, czm_bytes_of(table[i].proto, table[i].size));
        assert_string_equal(czm_shape_text(arena, shape), table[i].text);
    }
    assert_false(czm_shape_is_complete(czm_shape_unknown()));
    czm_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementwise),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_convolution),
        cmocka_unit_test(test_transposed_convolution),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_rearranging),
        cmocka_unit_test(test_joining_and_parting),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_picking),
        cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_matrices),
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_while),
        cmocka_unit_test(test_old_control_flow),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_input_shape),
        cmocka_unit_test(test_first_fault),
        cmocka_unit_test(test_fault_in_function),
        cmocka_unit_test(test_stopped_at),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_unfolding_functions),
        cmocka_unit_test(test_long_graph),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
