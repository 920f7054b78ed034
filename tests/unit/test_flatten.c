// SPDX-License-Identifier: Apache-2.0
//
// Flattening: calls become the nodes of the functions they name, once for each call; and graphs
// that would have no end.
#include "read/savedmodel/flatten.h"

#include "support.h"

// ---- a SavedModel in short: "name op input input" a node, and functions of floats

typedef struct function {
    const char *name, *inputs, *outputs; // names of arguments, separated by blanks
    const char *const *nodes;            // up to a NULL
    const char *const *returns; // what each output is: "node:output:index", or NULL: nothing
} function;

// Cuts the first word off; "" at the end.
static const char *word(czm_arena *arena, const char **rest) {
    while (**rest == ' ') ++*rest;
    size_t size = strcspn(*rest, " ");
    const char *found = czm_arena_format(arena, "%.*s", (int)size, *rest);
    *rest += size;
    return found;
}

static void put_attr(czm_buffer *b, const char *name, uint32_t field, const char *function_name) {
    size_t attr = czm_put_begin(b, 5);
    czm_put_text(b, 1, name);
    size_t value = czm_put_begin(b, 2);
    if (function_name) {
        size_t f = czm_put_begin(b, 10);
        czm_put_text(b, 1, function_name);
        czm_put_end(b, f);
    } else {
        czm_put_varint(b, field, CZM_DTYPE_FLOAT);
    }
    czm_put_end(b, value);
    czm_put_end(b, attr);
}

// "name op inputs"; f=NAME is the attr f, body=NAME likewise.
static void put_node(czm_buffer *b, uint32_t field, const char *text) {
    size_t node = czm_put_begin(b, field);
    czm_put_text(b, 1, word(b->arena, &text));
    czm_put_text(b, 2, word(b->arena, &text));
    for (const char *w; *(w = word(b->arena, &text));) {
        const char *equals = strchr(w, '=');
        if (equals)
            put_attr(b, czm_arena_format(b->arena, "%.*s", (int)(equals - w), w), 0, equals + 1);
        else
            czm_put_text(b, 3, w);
    }
    put_attr(b, "T", 6, NULL);
    czm_put_end(b, node);
}

static void put_args(czm_buffer *b, uint32_t field, const char *names) {
    for (const char *w; *(w = word(b->arena, &names));) {
        size_t arg = czm_put_begin(b, field);
        czm_put_text(b, 1, w);
        czm_put_varint(b, 3, CZM_DTYPE_FLOAT);
        czm_put_end(b, arg);
    }
}

static void put_function(czm_buffer *b, const function *f) {
    size_t message = czm_put_begin(b, 1), signature = czm_put_begin(b, 1);
    czm_put_text(b, 1, f->name);
    put_args(b, 2, f->inputs);
    put_args(b, 3, f->outputs);
    czm_put_end(b, signature);
    for (size_t i = 0; f->nodes[i]; i++) put_node(b, 3, f->nodes[i]);
    const char *names = f->outputs;
    for (size_t i = 0; *names; i++) {
        size_t entry = czm_put_begin(b, 4);
        czm_put_text(b, 1, word(b->arena, &names));
        if (f->returns[i]) czm_put_text(b, 2, f->returns[i]);
        czm_put_end(b, entry);
    }
    czm_put_end(b, message);
}

static czm_status read_meta(czm_context *c, const char *const *nodes, const function *functions,
                            size_t function_count, czm_meta_graph *meta) {
    czm_buffer b = czm_buffer_in(c->arena);
    size_t meta_graph = czm_put_begin(&b, 2), info = czm_put_begin(&b, 1);
    czm_put_text(&b, 4, "serve");
    czm_put_end(&b, info);
    size_t graph = czm_put_begin(&b, 2);
    for (size_t i = 0; nodes[i]; i++) put_node(&b, 1, nodes[i]);
    size_t library = czm_put_begin(&b, 2);
    for (size_t i = 0; i < function_count; i++) put_function(&b, &functions[i]);
    czm_put_end(&b, library);
    czm_put_end(&b, graph);
    czm_put_end(&b, meta_graph);
    write_file(c, "flatten/saved_model.pb", czm_buffer_bytes(&b));
    czm_source *source = CZM_NEW(c->arena, czm_source);
    assert_int_equal(czm_source_open(c, "flatten", source), CZM_OK);
    return czm_meta_graph_read(c, source, meta);
}

static czm_status flatten(czm_context *c, const char *const *nodes, const function *functions,
                          size_t count, const char *tensor, czm_flat_graph *flat) {
    czm_meta_graph *meta = CZM_NEW(c->arena, czm_meta_graph);
    assert_int_equal(read_meta(c, nodes, functions, count, meta), CZM_OK);
    czm_bytes wanted = czm_bytes_text(tensor);
    return czm_flatten_main(c, meta, &wanted, 1, NULL, flat);
}

// "a(b(x), c)" of the tensor, ops by their nodes' names.
static const char *text_of(czm_arena *arena, czm_tensor t) {
    const char *text = czm_arena_format(arena, t.index ? "%s:%u" : "%s", t.node->name, t.index);
    for (size_t i = 0; i < t.node->inputs.count; i++)
        text = czm_arena_format(arena, "%s%s%s", text, i ? "," : "(",
                                text_of(arena, t.node->inputs.items[i]));
    return t.node->inputs.count ? czm_arena_format(arena, "%s)", text) : text;
}

static void assert_flat(czm_context *c, const czm_flat_graph *flat, const char *expected) {
    assert_string_equal(text_of(c->arena, flat->graph.outputs.items[0].tensor), expected);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_graph_without_calls(void **state) {
    czm_context *c = *state;
    czm_flat_graph flat;
    const char *const *nodes =
        LIST("x Placeholder", "a Relu x", "b AddV2 a:0 x:0", "s Unique b:0", "unused Tanh x");
    assert_int_equal(flatten(c, nodes, NULL, 0, "s:1", &flat), CZM_OK);
    assert_flat(c, &flat, "s:1(b(a(x),x))");
    assert_int_equal(flat.graph.nodes.count, 4);
}

static void each_call_has_nodes_of_its_own(void **state) {
    czm_context *c = *state;
    static const char *const body[] = {"r Relu v", NULL}, *const returns[] = {"r:activations:0"};
    const function f = {"f", "v", "o", body, returns};
    czm_flat_graph flat;
    const char *const *nodes = LIST("x Placeholder", "one PartitionedCall x f=f",
                                    "two StatefulPartitionedCall one:0 f=f", "three f two");
    assert_int_equal(flatten(c, nodes, &f, 1, "three:0", &flat), CZM_OK);
    assert_flat(c, &flat, "three/r(two/r(one/r(x)))");
}

static void calls_within_calls(void **state) {
    czm_context *c = *state;
    // An op that is a function has the function's outputs; the op for calls has "output".
    static const char *const outer[] = {"c inner a b", "d PartitionedCall a b f=inner", NULL};
    static const char *const outer_returns[] = {"c:second:0", "d:output:0", "b"};
    static const char *const inner[] = {"s Sub p q", NULL};
    static const char *const inner_returns[] = {"s:z:0", "p"};
    const function functions[] = {
        {"outer", "a b", "i j k", outer, outer_returns},
        {"inner", "p q", "first second", inner, inner_returns},
    };
    czm_flat_graph flat;
    const char *const *nodes =
        LIST("x Placeholder", "y Placeholder",
             "StatefulPartitionedCall_1 StatefulPartitionedCall x y f=outer",
             "sum AddN StatefulPartitionedCall_1 StatefulPartitionedCall_1:1 "
             "StatefulPartitionedCall_1:2");
    assert_int_equal(flatten(c, nodes, functions, 2, "sum", &flat), CZM_OK);
    assert_flat(c, &flat, "sum(x,d/s(x,y),y)");
}

static void long_chains_of_calls(void **state) {
    czm_context *c = *state;
    enum { DEPTH = 20000 };
    const char **nodes = CZM_NEW_ARRAY(c->arena, const char *, DEPTH + 2);
    static const char *const body[] = {"r Relu v", NULL}, *const returns[] = {"r:activations:0"};
    const function f = {"f", "v", "o", body, returns};
    nodes[0] = "n0 Placeholder";
    for (int i = 1; i <= DEPTH; i++)
        nodes[i] = czm_arena_format(c->arena, "n%d PartitionedCall n%d f=f", i, i - 1);
    czm_flat_graph flat;
    assert_int_equal(flatten(c, nodes, &f, 1, czm_arena_format(c->arena, "n%d", DEPTH), &flat),
                     CZM_OK);
    assert_null(czm_graph_sort(&flat.graph));
    assert_int_equal(flat.graph.nodes.count, DEPTH + 1);
}

// Each of 60 functions calls the next one twice: 2^60 nodes.
static void graphs_that_explode_are_rejected(void **state) {
    czm_context *c = *state;
    enum { DEPTH = 60 };
    static const char *const returns[] = {"s:z:0"}, *const end_returns[] = {"v"};
    static const char *const nothing[] = {NULL};
    function functions[DEPTH + 1];
    for (int i = 0; i < DEPTH; i++) {
        const char **body = CZM_NEW_ARRAY(c->arena, const char *, 4);
        body[0] = czm_arena_format(c->arena, "a PartitionedCall v f=f%d", i + 1);
        body[1] = czm_arena_format(c->arena, "b PartitionedCall v f=f%d", i + 1);
        body[2] = "s Sub a:output:0 b:output:0";
        functions[i] = (function){czm_arena_format(c->arena, "f%d", i), "v", "o", body, returns};
    }
    functions[DEPTH] =
        (function){czm_arena_format(c->arena, "f%d", DEPTH), "v", "o", nothing, end_returns};
    czm_flat_graph flat;
    const char *const *nodes = LIST("x Placeholder", "y PartitionedCall x f=f0");
    assert_int_equal(flatten(c, nodes, functions, DEPTH + 1, "y", &flat), CZM_ERROR_INVALID);
    assert_only_rule(c, "model-damaged");
}

static void assignments_and_functions_that_stay_are_noted(void **state) {
    czm_context *c = *state;
    static const char *const body[] = {"assign AssignVariableOp h v", "w While v body=g", NULL};
    static const char *const returns[] = {"w:output:0"};
    static const char *const nothing[] = {NULL}, *const same[] = {"v"};
    const function functions[] = {{"f", "v h", "o", body, returns}, {"g", "v", "o", nothing, same}};
    czm_flat_graph flat;
    const char *const *nodes = LIST("x Placeholder", "h VarHandleOp", "y PartitionedCall x h f=f");
    assert_int_equal(flatten(c, nodes, functions, 2, "y", &flat), CZM_ERROR_INVALID);
    // While without T has no outputs: a damaged graph, but no crash. Its assignment was seen.
    assert_int_equal(flat.assigns.count, 1);
    assert_int_equal(flat.functional.count, 1);
}

static void a_function_that_stays(void **state) {
    czm_context *c = *state;
    static const char *const body[] = {"r Relu v", "t Tanh w", NULL};
    static const char *const returns[] = {"t:y:0", "r"};
    const function f = {"f", "v w", "o p", body, returns};
    czm_meta_graph meta;
    assert_int_equal(read_meta(c, LIST("x Placeholder"), &f, 1, &meta), CZM_OK);
    czm_flat_graph flat;
    assert_int_equal(czm_flatten_function(c, &meta, czm_bytes_text("f"), &flat), CZM_OK);
    assert_string_equal(flat.graph.name, "f");
    assert_int_equal(flat.graph.inputs.count, 2);
    assert_string_equal(flat.graph.inputs.items[1].name, "w");
    assert_true(czm_node_is(flat.graph.inputs.items[1].tensor.node, CZM_OP__Arg));
    assert_int_equal(flat.graph.outputs.items[1].dtype, CZM_DTYPE_FLOAT);
    assert_string_equal(text_of(c->arena, flat.graph.outputs.items[1].tensor), "r(v)");
    assert_int_equal(czm_flatten_function(c, &meta, czm_bytes_text("g"), &flat), CZM_ERROR_INVALID);
}

// Also when it is asked for again.
static void a_function_that_is_damaged(void **state) {
    czm_context *c = *state;
    static const char *const body[] = {"r Relu v", NULL}, *const returns[] = {"r"};
    const function f = {"f", "v", "o", body, returns};
    czm_meta_graph meta;
    assert_int_equal(read_meta(c, LIST("x Placeholder"), &f, 1, &meta), CZM_OK);
    czm_function_record *record = czm_name_find(&meta.functions, czm_bytes_text("f"));
    record->message = czm_bytes_of("\x0a\x05", 2); // a signature that is cut off
    for (size_t i = 0; i < 2; i++) {
        czm_flat_graph flat;
        assert_int_equal(czm_flatten_function(c, &meta, czm_bytes_text("f"), &flat),
                         CZM_ERROR_INVALID);
        assert_string_equal(rule_at(c, i), "model-damaged");
    }
}

// Whatever a name is: a message, no crash.
static void names_that_lead_nowhere(void **state) {
    czm_context *c = *state;
    static const char *const tensors[] = {
        "",    ":",  ":0", "x:",  "x:y", "x:0:0", "x:0:0:0", "x:-1", "x:99999999999",
        "x:1", "^x", "y",  "y:1", "c:0", "d",     "e"};
    static const char *const nothing[] = {NULL}, *const none[] = {NULL}, *const colons[] = {"::"};
    const function functions[] = {{"f", "v", "o", nothing, none}, {"g", "v", "o", nothing, colons}};
    const char *const *nodes = LIST("x Placeholder", "y Relu x:7", "c PartitionedCall x f=f",
                                    "d PartitionedCall x f=g", "e PartitionedCall f=h");
    for (size_t i = 0; i < CZM_COUNT_OF(tensors); i++) {
        czm_flat_graph flat;
        if (flatten(c, nodes, functions, 2, tensors[i], &flat) == CZM_OK)
            fail_msg("\"%s\" is accepted", tensors[i]);
        assert_string_equal(rule_at(c, czm_report_count(c->report) - 1), "model-damaged");
    }
}

static void a_call_with_too_few_inputs(void **state) {
    czm_context *c = *state;
    static const char *const body[] = {"s Sub v w", NULL}, *const returns[] = {"s:z:0"};
    const function f = {"f", "v w", "o", body, returns};
    czm_flat_graph flat;
    assert_int_equal(flatten(c, LIST("x Placeholder", "y PartitionedCall x f=f"), &f, 1, "y",
                             &flat),
                     CZM_ERROR_INVALID);
    assert_only_rule(c, "model-damaged");
}

// Arguments that represent each other in a circle through two calls.
static void calls_that_feed_each_other(void **state) {
    czm_context *c = *state;
    static const char *const nothing[] = {NULL}, *const returns[] = {"v"};
    const function f = {"f", "v", "o", nothing, returns};
    czm_flat_graph flat;
    const char *const *nodes = LIST("a PartitionedCall b f=f", "b PartitionedCall a f=f");
    assert_int_equal(flatten(c, nodes, &f, 1, "a", &flat), CZM_ERROR_INVALID);
    assert_only_rule(c, "model-damaged");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_graph_without_calls),
        TEST(each_call_has_nodes_of_its_own),
        TEST(calls_within_calls),
        TEST(long_chains_of_calls),
        TEST(graphs_that_explode_are_rejected),
        TEST(assignments_and_functions_that_stay_are_noted),
        TEST(a_function_that_stays),
        TEST(a_function_that_is_damaged),
        TEST(names_that_lead_nowhere),
        TEST(a_call_with_too_few_inputs),
        TEST(calls_that_feed_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
