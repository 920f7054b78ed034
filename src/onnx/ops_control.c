// SPDX-License-Identifier: Apache-2.0
//
// Conditionals and loops. Their functions become graphs within the graph; what these read from
// outside, they see by its name.
#include "onnx/ops.h"
#include "onnx/scope.h"

// The node's inputs from number `first` on, with plain names, so that no inner graph needs to make
// them.
static czm_onnx_value *arguments_of(czm_onnx_step *step, size_t first, size_t *count) {
    *count = czm_in_count(step) - first;
    czm_onnx_value *arguments = CZM_NEW_ARRAY(step->arena, czm_onnx_value, *count);
    for (size_t i = 0; i < *count; i++) {
        czm_in_plain(step, first + i);
        arguments[i] = *czm_in(step, first + i);
    }
    return arguments;
}

// ---- If

// An output of an inner graph must be made in it.
static const char *own(czm_onnx_step *step, czm_onnx_value *value) {
    return CZM_EMIT(step, "Identity", czm_plain_of(step, value));
}

static czm_onnx_graph *branch(czm_onnx_step *step, const char *attr,
                              const czm_onnx_value *arguments, size_t count) {
    czm_onnx_scope *outer = step->scope, inner;
    czm_onnx_value *results = CZM_NEW_ARRAY(step->arena, czm_onnx_value, step->output_count);
    czm_onnx_graph *graph = czm_begin_graph(step, &inner, attr);
    bool is_good = czm_inline_function(step, czm_attr_function(step->node, attr), arguments, count,
                                       results, step->output_count);
    for (size_t i = 0; is_good && i < step->output_count; i++)
        czm_graph_output(step, own(step, &results[i]), step->outputs[i].dtype, czm_shape_unknown());
    czm_end_graph(step, outer);
    return is_good ? graph : NULL;
}

// A branch that is always taken needs no If.
static void take_branch(czm_onnx_step *step, const char *attr) {
    size_t count;
    czm_onnx_value *arguments = arguments_of(step, 1, &count);
    czm_onnx_value *results = CZM_NEW_ARRAY(step->arena, czm_onnx_value, step->output_count);
    if (!czm_inline_function(step, czm_attr_function(step->node, attr), arguments, count, results,
                             step->output_count))
        return;
    for (size_t i = 0; i < step->output_count; i++) {
        czm_plain_of(step, &results[i]);
        czm_out_value(step, i, &results[i]);
    }
}

void czm_onnx_if(czm_onnx_step *step) {
    size_t count;
    double known;
    if (czm_in_number(step, 0, &known)) {
        take_branch(step, known != 0 ? "then_branch" : "else_branch");
        return;
    }
    const char *condition = czm_in_plain(step, 0);
    if (czm_in(step, 0)->dtype != CZM_DTYPE_BOOL)
        condition = czm_emit_cast(step, condition, CZM_DTYPE_BOOL);
    czm_onnx_value *arguments = arguments_of(step, 1, &count);
    czm_onnx_graph *yes = branch(step, "then_branch", arguments, count);
    czm_onnx_graph *no = yes ? branch(step, "else_branch", arguments, count) : NULL;
    if (!no) return;
    czm_out(step, 0, CZM_EMIT(step, "If", condition));
    for (size_t i = 1; i < step->output_count; i++) czm_out(step, i, czm_emit_more(step));
    czm_onnx_set_graph(step->arena, czm_last(step), "then_branch", yes);
    czm_onnx_set_graph(step->arena, czm_last(step), "else_branch", no);
}

// ---- Loop

// Whether the body hands this argument on as it got it.
static bool is_kept(const czm_graph *body, size_t index) {
    czm_tensor out = body->outputs.items[index].tensor;
    while (czm_node_is(out.node, "Identity")) out = out.node->inputs.items[0];
    return out.node == body->inputs.items[index].tensor.node;
}

typedef struct loop {
    const czm_graph *body;
    czm_bytes cond_name, body_name;
    size_t count;
    const czm_onnx_value *start;
    const char *go_on; // the first condition
} loop;

static const char *condition_for(czm_onnx_step *step, const loop *l, const czm_onnx_value *values) {
    czm_onnx_value result;
    if (!czm_inline_function(step, l->cond_name, values, l->count, &result, 1)) return NULL;
    return czm_plain_of(step, &result);
}

// Inputs: the round, the condition, and what changes; outputs: the condition and what has changed.
static void fill_body(czm_onnx_step *step, const loop *l) {
    czm_shape scalar = {0, NULL};
    czm_onnx_value *now = CZM_NEW_ARRAY(step->arena, czm_onnx_value, l->count);
    czm_onnx_value *next = CZM_NEW_ARRAY(step->arena, czm_onnx_value, l->count);
    czm_graph_input(step, czm_new_name(step, "round"), CZM_DTYPE_INT64, scalar);
    czm_graph_input(step, czm_new_name(step, "condition"), CZM_DTYPE_BOOL, scalar);
    for (size_t i = 0; i < l->count; i++) {
        now[i] = l->start[i];
        if (is_kept(l->body, i)) continue;
        now[i] = (czm_onnx_value){.plain = czm_new_name(step, "state"),
                                  .dtype = now[i].dtype,
                                  .shape = czm_out_shape(step, i)};
        czm_graph_input(step, now[i].plain, now[i].dtype, czm_shape_unknown());
    }
    if (!czm_inline_function(step, l->body_name, now, l->count, next, l->count)) return;
    for (size_t i = 0; i < l->count; i++) {
        if (is_kept(l->body, i)) next[i] = now[i];
        czm_plain_of(step, &next[i]);
    }
    const char *go_on = condition_for(step, l, next);
    if (!go_on) return;
    czm_graph_output(step, CZM_EMIT(step, "Identity", go_on), CZM_DTYPE_BOOL, scalar);
    for (size_t i = 0; i < l->count; i++)
        if (!is_kept(l->body, i))
            czm_graph_output(step, own(step, &next[i]), now[i].dtype, czm_shape_unknown());
}

static void put_loop(czm_onnx_step *step, const loop *l, const czm_onnx_graph *body) {
    const char **inputs = CZM_NEW_ARRAY(step->arena, const char *, l->count + 3);
    size_t used = 2, made = 0;
    inputs[0] = "";
    inputs[1] = l->go_on;
    for (size_t i = 0; i < l->count; i++)
        if (!is_kept(l->body, i)) inputs[used++] = l->start[i].plain;
    const char *first = czm_emit(step, "Loop", inputs);
    czm_onnx_node *node = czm_last(step);
    for (size_t i = 0; i < l->count; i++) {
        if (is_kept(l->body, i))
            czm_out(step, i, l->start[i].plain);
        else
            czm_out(step, i, made++ ? czm_emit_more(step) : first);
    }
    czm_onnx_set_graph(step->arena, node, "body", body);
}

void czm_onnx_while(czm_onnx_step *step) {
    loop l = {.cond_name = czm_attr_function(step->node, "cond"),
              .body_name = czm_attr_function(step->node, "body")};
    l.body = czm_model_function(step->translator->model, l.body_name);
    l.start = arguments_of(step, 0, &l.count);
    if (!l.body || l.body->outputs.count != l.count || step->output_count != l.count) {
        czm_refuse(step, "its body is not there");
        return;
    }
    l.go_on = condition_for(step, &l, l.start);
    if (!l.go_on) return;
    czm_onnx_scope *outer = step->scope, inner;
    czm_onnx_graph *body = czm_begin_graph(step, &inner, "body");
    fill_body(step, &l);
    czm_end_graph(step, outer);
    if (step->translator->status == CZM_OK) put_loop(step, &l, body);
}
