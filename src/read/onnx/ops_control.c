// SPDX-License-Identifier: Apache-2.0
//
// Operations that contain operations: functions of the file, branches, loops. They are expanded: a branch with a
// known condition, a loop once for each iteration.
#include "read/onnx/import.h"

enum {
    GRAPH_NODE = 1,
    GRAPH_WEIGHT = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12, // GraphProto
    FUNCTION_INPUT = 4,
    FUNCTION_OUTPUT = 5,
    FUNCTION_NODE = 7, // FunctionProto
    DEEPEST = 32,
    MOST_ROUNDS = 1024,
};

// ---- scopes

// Sets `inner` in each case: a compiler does not know that a rejection is never CZM_OK.
static czm_status enter(czm_import_step *s, czm_import_scope *outer, czm_import_scope **inner) {
    czm_import *run = s->run;
    *inner = CZM_NEW(run->scratch, czm_import_scope);
    if (run->scope->depth == DEEPEST)
        return czm_import_reject(
            s, NULL, "functions, branches and loops are nested more than %d levels deep", DEEPEST);
    **inner = (czm_import_scope){.outer = outer,
                                 .call = run->scope->call,
                                 .prefix = run->scope->prefix,
                                 .depth = run->scope->depth + 1};
    return CZM_OK;
}

// Binds a name of the scope to a value of another scope, or to none.
static void bind(czm_import_step *s, czm_import_scope *scope, czm_bytes name,
                 const czm_import_value *value) {
    czm_import_value *own = CZM_NEW(s->run->scratch, czm_import_value);
    if (value) czm_import_copy(own, value);
    own->name = czm_arena_string(s->run->context->arena, name);
    own->is_absent = value == NULL;
    czm_name_slot_for(s->run->scratch, &scope->values, name)->value = own;
}

static czm_status read_weights(czm_import_step *s, czm_bytes graph) {
    czm_import *run = s->run;
    czm_wire wire = czm_wire_read(graph);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, GRAPH_WEIGHT, CZM_WIRE_BYTES)) continue;
        czm_onnx_initializer *w = CZM_NEW(run->context->arena, czm_onnx_initializer);
        CZM_TRY(czm_onnx_tensor_read(run->context, run->file, czm_import_extent_of(s, f.bytes), w));
        czm_import_value *v = czm_import_value_new(run, czm_bytes_text(w->name));
        if (v) v->constant = w;
    }
    return CZM_OK;
}

static czm_status translate_nodes(czm_import_step *s, czm_bytes body, uint32_t number) {
    czm_import *run = s->run;
    czm_wire wire = czm_wire_read(body);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, number, CZM_WIRE_BYTES)) continue;
        czm_work(run->context->arena, 1, "the operations inside of operations");
        czm_onnx_operation inner =
            czm_onnx_operation_of(run->context->arena, f.bytes, czm_import_extent_of(s, f.bytes));
        CZM_TRY(czm_import_translate_operation(run, &inner));
    }
    return CZM_OK;
}

static czm_bytes name_of(const czm_field *f, bool is_graph) {
    return is_graph ? czm_wire_find(f->bytes, 1).bytes : f->bytes; // ValueInfoProto.name
}

// The value of output number `at` of a body, which must have been computed.
static czm_status output_of(czm_import_step *s, czm_bytes name, const czm_import_value **value) {
    *value = czm_import_value_named(s->run, name);
    if (*value && czm_import_is_made(*value)) return CZM_OK;
    return czm_import_reject(s, NULL, "no operation computes its result \"%s\"",
                             czm_arena_string(s->run->context->arena, name));
}

// Translates a graph in a new scope, and returns its outputs.
static czm_status run_graph(czm_import_step *s, czm_import_scope *scope, czm_bytes graph,
                            const czm_import_value **outputs, size_t most, size_t *count) {
    czm_import_scope *before = s->run->scope;
    s->run->scope = scope;
    CZM_TRY(read_weights(s, graph));
    CZM_TRY(translate_nodes(s, graph, GRAPH_NODE));
    czm_wire wire = czm_wire_read(graph);
    *count = 0;
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, GRAPH_OUTPUT, CZM_WIRE_BYTES)) continue;
        if (*count == most)
            return czm_import_reject(s, NULL, "its graph has more than %zu results", most);
        CZM_TRY(output_of(s, name_of(&f, true), &outputs[(*count)++]));
    }
    s->run->scope = before;
    return CZM_OK;
}

static czm_bytes graph_attr(const czm_import_step *s, const char *name) {
    return czm_wire_find(czm_import_attr(s, name), 6).bytes;
}

// ---- functions of the file

czm_status czm_import_call_function(czm_import_step *s, const czm_onnx_function *function) {
    czm_import *run = s->run;
    czm_import_scope *before = run->scope, *scope;
    for (const czm_import_call *c = before->call; c; c = c->caller)
        if (c->function == function)
            return czm_import_reject(s, NULL, "the function %s calls itself", function->name);
    CZM_TRY(enter(s, NULL, &scope));
    czm_import_call *call = CZM_NEW(run->context->arena, czm_import_call);
    *call = (czm_import_call){function, s->operation, before->call};
    scope->call = call;
    scope->prefix = czm_arena_format(run->context->arena, "%s/", s->name);
    size_t input = 0, output = 0;
    czm_wire wire = czm_wire_read(function->message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, FUNCTION_INPUT, CZM_WIRE_BYTES))
            bind(s, scope, f.bytes, czm_import_in(s, input++));
    run->scope = scope;
    s->call = call; // where the bytes of the nodes lie
    CZM_TRY(translate_nodes(s, function->message, FUNCTION_NODE));
    wire = czm_wire_read(function->message);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        const czm_import_value *value;
        if (!czm_field_is(&f, FUNCTION_OUTPUT, CZM_WIRE_BYTES)) continue;
        if (output < s->output_count && s->outputs[output]) {
            CZM_TRY(output_of(s, f.bytes, &value));
            czm_import_pass(s, output, value);
        }
        output++;
    }
    run->scope = before;
    return CZM_OK;
}

// ---- branches

// A condition that depends on the size of the image, or on its pixels.
static czm_status reject_condition(czm_import_step *s, czm_import_value *condition) {
    if (!condition->is_sequence &&
        czm_import_is_made_of(czm_import_made(s, condition), CZM_OP_Shape))
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "its condition depends on the size of the image, which is open");
    return czm_import_reject(s, NULL, "its condition depends on values that the network computes");
}

czm_status czm_import_op_if(czm_import_step *s) {
    size_t count;
    const double *condition = czm_import_numbers(s, czm_import_in(s, 0), 1, &count);
    if (!condition || count != 1) return reject_condition(s, czm_import_in(s, 0));
    czm_import_scope *scope;
    CZM_TRY(enter(s, s->run->scope, &scope));
    const czm_import_value **outputs =
        CZM_NEW_ARRAY(s->run->context->arena, const czm_import_value *, s->output_count);
    CZM_TRY(run_graph(s, scope, graph_attr(s, *condition != 0 ? "then_branch" : "else_branch"),
                      outputs, s->output_count, &count));
    for (size_t i = 0; i < count; i++) czm_import_pass(s, i, outputs[i]);
    return CZM_OK;
}

// ---- loops

typedef CZM_LIST(czm_tensor) tensor_list;

typedef struct rounds {
    czm_bytes body;
    size_t states, scans;
    const czm_import_value **state;
    tensor_list *rows;                // for each collected output: a tensor per iteration
    int *ranks;                       // of these tensors
    const czm_import_value **outputs; // of one round
} rounds;

static rounds begin_rounds(czm_import_step *s, const char *attr, size_t states, size_t first) {
    czm_arena *arena = s->run->context->arena;
    size_t scans = s->output_count > states ? s->output_count - states : 0;
    rounds r = {.body = graph_attr(s, attr), .states = states, .scans = scans};
    r.state = CZM_NEW_ARRAY(arena, const czm_import_value *, states + 1);
    r.rows = CZM_NEW_ARRAY(arena, tensor_list, scans + 1);
    r.ranks = CZM_NEW_ARRAY(arena, int, scans + 1);
    r.outputs = CZM_NEW_ARRAY(arena, const czm_import_value *, states + scans + 1);
    for (size_t i = 0; i < states; i++) r.state[i] = czm_import_in(s, first + i);
    return r;
}

// Translates the body once with these inputs. `extra` is the number of outputs before the states.
static czm_status run_round(czm_import_step *s, rounds *r, const czm_import_value **inputs,
                            size_t input_count, size_t extra) {
    czm_import_scope *scope;
    size_t at = 0, count;
    CZM_TRY(enter(s, s->run->scope, &scope));
    czm_wire wire = czm_wire_read(r->body);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, GRAPH_INPUT, CZM_WIRE_BYTES)) continue;
        bind(s, scope, name_of(&f, true), at < input_count ? inputs[at] : NULL);
        at++;
    }
    CZM_TRY(run_graph(s, scope, r->body, r->outputs, r->states + r->scans + extra, &count));
    if (count < r->states + extra)
        return czm_import_reject(s, NULL, "its body has %zu results for %zu loop values", count,
                                 r->states);
    for (size_t i = 0; i < r->states; i++) r->state[i] = r->outputs[extra + i];
    for (size_t i = 0; i < r->scans && extra + r->states + i < count; i++) {
        czm_import_value *row = CZM_NEW(s->run->scratch, czm_import_value);
        czm_import_copy(row, r->outputs[extra + r->states + i]);
        r->ranks[i] = czm_import_order(s, row).rank;
        *CZM_APPEND(s->run->context->arena, &r->rows[i]) = czm_import_plain(s, row);
    }
    return CZM_OK;
}

static czm_status end_rounds(czm_import_step *s, const rounds *r) {
    for (size_t i = 0; i < r->states; i++)
        if (r->state[i]) czm_import_pass(s, i, r->state[i]);
    for (size_t i = 0; i < r->scans; i++) {
        int64_t axes[CZM_MOST_AXES] = {0};
        if (!s->outputs[r->states + i]) continue;
        size_t count = r->rows[i].count;
        czm_import_ints(s, "scan_output_axes", axes, CZM_MOST_AXES);
        if (count == 0 || i >= CZM_MOST_AXES || r->ranks[i] >= CZM_MOST_AXES)
            return czm_import_reject(s, NULL, "the results of %zu iterations cannot be stacked",
                                     count);
        czm_node *node = czm_import_node(s, CZM_OP_Pack, r->rows[i].items, count);
        czm_set_int(s->run->graph, node, "axis", axes[i]);
        czm_import_put(s, r->states + i, czm_output(node), czm_order_plain(r->ranks[i] + 1));
    }
    return CZM_OK;
}

static czm_import_value *number_value(czm_import_step *s, czm_dtype dtype, double number) {
    return czm_import_value_of(s->run, czm_order_plain(0),
                               czm_import_numbers_const(s, dtype, &number, NULL, 0));
}

// Whether another iteration follows; an absent condition is true.
static czm_status goes_on(czm_import_step *s, const czm_import_value *condition, bool *goes) {
    size_t count = 0;
    const double *number = condition ? czm_import_numbers(s, condition, 1, &count) : NULL;
    *goes = !condition || (number && count == 1 && *number != 0);
    if (!condition || (number && count == 1)) return CZM_OK;
    return czm_import_reject(
        s, NULL, "its number of iterations depends on values that the network computes");
}

czm_status czm_import_op_loop(czm_import_step *s) {
    const czm_import_value *trips = czm_import_in(s, 0), *condition = czm_import_in(s, 1);
    size_t count, states = s->input_count > 2 ? s->input_count - 2 : 0;
    const double *most = trips ? czm_import_numbers(s, trips, 1, &count) : NULL;
    if (trips && !most)
        return czm_import_reject(
            s, "export the network with a fixed size, or set the size",
            "its number of iterations depends on values that the network computes");
    rounds r = begin_rounds(s, "body", states, 2);
    const czm_import_value **inputs =
        CZM_NEW_ARRAY(s->run->context->arena, const czm_import_value *, states + 2);
    bool goes;
    CZM_TRY(goes_on(s, condition, &goes));
    for (int i = 0; goes && (!most || i < *most); i++) {
        if (i == MOST_ROUNDS)
            return czm_import_reject(s, NULL, "it has more than %d iterations", MOST_ROUNDS);
        inputs[0] = number_value(s, CZM_DTYPE_INT64, i);
        inputs[1] = number_value(s, CZM_DTYPE_BOOL, 1);
        for (size_t k = 0; k < states; k++) inputs[k + 2] = r.state[k];
        CZM_TRY(run_round(s, &r, inputs, states + 2, 1));
        CZM_TRY(goes_on(s, r.outputs[0], &goes));
    }
    return end_rounds(s, &r);
}

// One row of an input that is scanned, along an axis.
static czm_import_value *row_of(czm_import_step *s, czm_import_value *x, int axis, int64_t index) {
    czm_order order = czm_import_order(s, x);
    czm_tensor t = CZM_OUT(s, CZM_OP_GatherV2, czm_import_made(s, x),
                           czm_import_const_of(s, (int32_t)index),
                           czm_import_const_of(s, czm_order_place(&order, axis)));
    return czm_import_value_of(s->run, czm_order_without(&order, 1u << axis), t);
}

czm_status czm_import_op_scan(czm_import_step *s) {
    int64_t scanned = czm_import_int(s, "num_scan_inputs", 0), backwards[CZM_MOST_AXES] = {0};
    int64_t wanted[CZM_MOST_AXES] = {0}, length = CZM_UNKNOWN;
    int axes[CZM_MOST_AXES];
    if (s->opset < 9 || scanned < 1 || scanned > CZM_MOST_AXES ||
        (size_t)scanned > s->input_count || czm_import_has(s, "scan_output_directions"))
        return czm_import_reject(s, NULL, "this form of Scan is not supported");
    size_t states = s->input_count - (size_t)scanned;
    czm_import_ints(s, "scan_input_axes", wanted, CZM_MOST_AXES);
    czm_import_ints(s, "scan_input_directions", backwards, CZM_MOST_AXES);
    for (int64_t i = 0; i < scanned; i++) {
        czm_import_value *x = czm_import_in(s, states + (size_t)i);
        if (!x) return czm_import_reject(s, NULL, "input %zu is absent", states + (size_t)i);
        CZM_TRY(czm_import_axis(s, wanted[i], czm_import_order(s, x).rank, &axes[i]));
        length = czm_import_dim(s, x, axes[i]);
    }
    if (length < 1 || length > MOST_ROUNDS)
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "%lld iterations are not supported", (long long)length);
    rounds r = begin_rounds(s, "body", states, 0);
    const czm_import_value **inputs =
        CZM_NEW_ARRAY(s->run->context->arena, const czm_import_value *, s->input_count);
    for (int64_t k = 0; k < length; k++) {
        for (size_t i = 0; i < states; i++) inputs[i] = r.state[i];
        for (int64_t i = 0; i < scanned; i++)
            inputs[states + (size_t)i] = row_of(s, czm_import_in(s, states + (size_t)i), axes[i],
                                                backwards[i] ? length - 1 - k : k);
        CZM_TRY(run_round(s, &r, inputs, s->input_count, 0));
    }
    return end_rounds(s, &r);
}
