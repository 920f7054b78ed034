// SPDX-License-Identifier: Apache-2.0
//
// Functions around the network; see calls.h.
#include "write/savedmodel/calls.h"

#include <stdlib.h>

static const struct {
    const char *name;
    czm_call_form form;
    bool is_training;
} rows[CZM_CALL_COUNT] = {
    {"signature_wrapper", CZM_CALL_SIGNATURE, false},
    {"default_save_signature", CZM_CALL_DEFAULT, false},
    {"layer_call_fn", CZM_CALL_LAYER, false},
    {"layer_call_fn", CZM_CALL_LAYER, true},
    {"layer_call_and_return_conditional_losses", CZM_CALL_LOSSES, false},
    {"layer_call_and_return_conditional_losses", CZM_CALL_LOSSES, true},
};

// ---- names

// The number after "name_", or 0: "name_12/x" has 12.
static unsigned long long number_after(const char *text) {
    enum { MOST_DIGITS = 15 };
    if (*text != '_' || strspn(text + 1, "0123456789") > MOST_DIGITS) return 0;
    return strtoull(text + 1, NULL, 10);
}

// Examines each name once, however many are in use.
const char *czm_free_name(czm_arena *arena, const czm_node_list *nodes, const char *name,
                          const char *ending) {
    const char *whole = czm_arena_format(arena, "%s%s", name, ending);
    unsigned long long highest = 0;
    bool is_taken = false;
    for (size_t i = 0; i < nodes->count; i++) {
        const char *other = nodes->items[i]->name;
        if (!czm_text_begins(other, name)) continue;
        is_taken |= *ending ? czm_text_begins(other, whole) : czm_text_equal(other, whole);
        unsigned long long number = number_after(other + strlen(name));
        if (number > highest) highest = number;
    }
    return is_taken ? czm_arena_format(arena, "%s_%llu", name, highest + 1) : name;
}

// A prefix that no function has. TensorFlow 2.0.0 shortens names of the form "__inference_NAME_NUMBER" when it loads
// them and restores them when it saves.
static const char *free_prefix(czm_arena *arena, const czm_model *model) {
    for (size_t k = 0;; k++) {
        const char *prefix = k ? czm_arena_format(arena, "__inference_network%zu_", k)
                               : "__inference_network_";
        bool is_free = true;
        for (size_t i = 0; i < model->functions.count; i++)
            is_free &= !czm_text_begins(model->functions.items[i]->name, prefix);
        if (is_free) return prefix;
    }
}

// ---- what the functions share

static const char result_name[] = "identity";

// An attribute of a function or node: {key=1, value=2}.
static void put_attr(czm_buffer *out, const char *name, czm_bytes value) {
    size_t entry = czm_put_begin(out, 5);
    czm_put_text(out, 1, name);
    czm_put_bytes(out, 2, value);
    czm_put_end(out, entry);
}

// AttrValue: s=2, func=10 {name=1}, list=1 {type=6 (packed), shape=7}.
static czm_bytes text_value(czm_arena *arena, const char *text) {
    czm_buffer b = czm_buffer_in(arena);
    czm_put_text(&b, 2, text);
    return czm_buffer_bytes(&b);
}

static czm_bytes function_value(czm_arena *arena, const char *name) {
    czm_buffer b = czm_buffer_in(arena);
    size_t function = czm_put_begin(&b, 10);
    czm_put_text(&b, 1, name);
    czm_put_end(&b, function);
    return czm_buffer_bytes(&b);
}

static czm_bytes types_value(czm_arena *arena, czm_dtype first, size_t resource_count) {
    czm_buffer b = czm_buffer_in(arena);
    size_t list = czm_put_begin(&b, 1);
    size_t packed = czm_put_begin(&b, 6);
    czm_put_raw_varint(&b, (uint64_t)first);
    for (size_t i = 0; i < resource_count; i++) czm_put_raw_varint(&b, CZM_DTYPE_RESOURCE);
    czm_put_end(&b, packed);
    czm_put_end(&b, list);
    return czm_buffer_bytes(&b);
}

static czm_bytes shapes_value(czm_arena *arena, czm_shape first, size_t unknown_count) {
    czm_buffer b = czm_buffer_in(arena);
    size_t list = czm_put_begin(&b, 1);
    czm_put_shape(&b, 7, first);
    for (size_t i = 0; i < unknown_count; i++) czm_put_shape(&b, 7, czm_shape_unknown());
    czm_put_end(&b, list);
    return czm_buffer_bytes(&b);
}

static void name_arguments(czm_arena *arena, czm_network *n) {
    size_t count = n->model->variables.count + 1;
    n->arguments = CZM_NEW_ARRAY(arena, char *, count);
    for (size_t i = 0; i < count; i++)
        n->arguments[i] = czm_arena_format(arena, "%s_%zu", n->argument, i);
}

// OpDef: input_arg=2, output_arg=3, is_stateful=17.
static czm_bytes signature_of(czm_arena *arena, const czm_network *n) {
    const czm_graph *graph = &n->model->main;
    czm_buffer b = czm_buffer_in(arena);
    czm_put_argument(&b, 2, n->arguments[0], graph->inputs.items[0].dtype);
    for (size_t i = 0; i < n->model->variables.count; i++)
        czm_put_argument(&b, 2, n->arguments[i + 1], CZM_DTYPE_RESOURCE);
    czm_put_argument(&b, 3, result_name, graph->outputs.items[0].dtype);
    if (czm_graph_is_stateful(graph)) czm_put_varint(&b, 17, true);
    return czm_buffer_bytes(&b);
}

// All attributes but "f", which is the last. Python gives the function a gradient if there is a _gradient_op_type,
// with any name. With ConfigProto {allow_soft_placement=7}, operations without a GPU kernel run on the CPU, as in a
// session.
static czm_bytes call_attrs_of(czm_arena *arena, const czm_network *n) {
    const czm_graph *graph = &n->model->main;
    czm_buffer b = czm_buffer_in(arena);
    put_attr(&b, "Tin",
             types_value(arena, graph->inputs.items[0].dtype, n->model->variables.count));
    put_attr(&b, "Tout", types_value(arena, graph->outputs.items[0].dtype, 0));
    put_attr(&b, "_gradient_op_type", text_value(arena, "PartitionedCall-0"));
    put_attr(&b, "_output_shapes", shapes_value(arena, n->output, 0));
    put_attr(&b, "config_proto", text_value(arena, "\x38\x01"));
    return czm_buffer_bytes(&b);
}

static czm_bytes call_inputs_of(czm_arena *arena, const czm_network *n) {
    czm_buffer b = czm_buffer_in(arena);
    for (size_t i = 0; i <= n->model->variables.count; i++) czm_put_text(&b, 3, n->arguments[i]);
    return czm_buffer_bytes(&b);
}

static void prepare(czm_arena *arena, czm_network *n) {
    name_arguments(arena, n);
    n->op = czm_op_name(czm_graph_is_stateful(&n->model->main) ? CZM_OP_StatefulPartitionedCall
                                                               : CZM_OP_PartitionedCall);
    n->signature = signature_of(arena, n);
    n->call_inputs = call_inputs_of(arena, n);
    n->call_attrs = call_attrs_of(arena, n);
    n->input_shapes = shapes_value(arena, n->input, n->model->variables.count);
}

// FunctionDef: signature=1, node_def=3, ret=4, attr=5.
static size_t begin_function(czm_buffer *out, const czm_network *n, const char *name) {
    size_t function = czm_put_begin(out, 1);
    size_t signature = czm_put_begin(out, 1);
    czm_put_text(out, 1, name);
    czm_put_raw(out, n->signature);
    czm_put_end(out, signature);
    return function;
}

static void end_function(czm_buffer *out, const czm_network *n, size_t function) {
    put_attr(out, "_input_shapes", n->input_shapes);
    czm_put_end(out, function);
}

// ---- the body

// Nodes that stay outside, in the main graph, have the name of their argument in `scratch`.
static bool is_outside(const czm_node *node) {
    return czm_node_is(node, CZM_OP_Placeholder) || czm_node_is(node, CZM_OP_VarHandleOp);
}

static void put_input(czm_buffer *out, uint32_t field, czm_tensor t) {
    if (is_outside(t.node))
        czm_put_text(out, field, t.node->scratch);
    else
        czm_put_body_tensor(out, field, t);
}

static void put_body(czm_buffer *out, const czm_network *n) {
    const czm_graph *graph = &n->model->main;
    graph->inputs.items[0].tensor.node->scratch = n->arguments[0];
    for (size_t i = 0; i < n->model->variables.count; i++)
        n->model->variables.items[i].handle->scratch = n->arguments[i + 1];
    size_t function = begin_function(out, n, n->body);
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (!is_outside(graph->nodes.items[i]))
            czm_put_node(out, CZM_FUNCTION_NODE, graph->nodes.items[i], put_input);
    czm_put_return(out, result_name, graph->outputs.items[0].tensor, put_input);
    end_function(out, n, function);
}

// ---- calls

static void put_wrapper(czm_buffer *out, const czm_network *n, const czm_call *call) {
    size_t function = begin_function(out, n, call->function);
    size_t node = czm_put_begin(out, CZM_FUNCTION_NODE);
    czm_put_text(out, 1, n->op);
    czm_put_text(out, 2, n->op);
    czm_put_raw(out, n->call_inputs);
    czm_put_raw(out, n->call_attrs);
    put_attr(out, "f", function_value(out->arena, n->body));
    czm_put_end(out, node);
    size_t entry = czm_put_begin(out, 4);
    czm_put_text(out, 1, result_name);
    czm_put_text(out, 2, czm_arena_format(out->arena, "%s:output:0", n->op));
    czm_put_end(out, entry);
    end_function(out, n, function);
}

void czm_put_main_call(czm_buffer *out, const czm_network *n, const char *name) {
    size_t node = czm_put_begin(out, CZM_GRAPH_NODE);
    czm_put_text(out, 1, name);
    czm_put_text(out, 2, n->op);
    czm_put_text(out, 3, n->model->main.inputs.items[0].tensor.node->name);
    for (size_t i = 0; i < n->model->variables.count; i++)
        czm_put_text(out, 3, n->model->variables.items[i].handle->name);
    czm_put_raw(out, n->call_attrs);
    put_attr(out, "f", function_value(out->arena, n->calls[0].function));
    czm_put_end(out, node);
}

// ---- all of them

czm_network czm_network_make(czm_arena *arena, const czm_model *model, czm_shape input,
                             czm_shape output) {
    czm_network network = {.model = model, .input = input, .output = output};
    const char *prefix = free_prefix(arena, model);
    network.body = czm_arena_format(arena, "%s0", prefix);
    network.argument = czm_free_name(arena, &model->main.nodes, "argument", "_");
    for (size_t i = 0; i < CZM_CALL_COUNT; i++)
        network.calls[i] =
            (czm_call){czm_arena_format(arena, "%s%s_%zu", prefix, rows[i].name, i + 1),
                       rows[i].form, rows[i].is_training};
    prepare(arena, &network);
    return network;
}

// A function to be written: one of the two is set, or none for the body.
typedef struct function {
    const char *name;
    const czm_graph *kept;
    const czm_call *call;
} function;

// Sorted by name: a file that is read again has the functions in another order.
static int compare_functions(const void *a, const void *b) {
    return strcmp(((const function *)a)->name, ((const function *)b)->name);
}

void czm_put_library(czm_buffer *out, uint32_t field, const czm_network *n) {
    const czm_graph_list *kept = &n->model->functions;
    size_t count = 0;
    function *all = CZM_NEW_ARRAY(out->arena, function, kept->count + CZM_CALL_COUNT + 1);
    all[count++] = (function){.name = n->body};
    for (size_t i = 0; i < CZM_CALL_COUNT; i++)
        all[count++] = (function){.name = n->calls[i].function, .call = &n->calls[i]};
    for (size_t i = 0; i < kept->count; i++)
        all[count++] = (function){.name = kept->items[i]->name, .kept = kept->items[i]};
    qsort(all, count, sizeof *all, compare_functions);
    size_t library = czm_put_begin(out, field);
    for (size_t i = 0; i < count; i++) {
        if (all[i].kept)
            czm_put_function(out, all[i].kept);
        else if (all[i].call)
            put_wrapper(out, n, all[i].call);
        else
            put_body(out, n);
    }
    czm_put_end(out, library);
}
