// SPDX-License-Identifier: Apache-2.0
//
// Conditionals and loops. Their functions become graphs inside the graph, which read outer values by name.
#include "write/onnx/ops.h"
#include "write/onnx/scope.h"

// The node's inputs from number `first` on, in plain layout, so that no inner graph has to make it.
static czm_onnx_value *arguments_of(czm_onnx_step *step, size_t first, size_t *count) {
    *count = czm_onnx_in_count(step) - first;
    czm_onnx_value *arguments = CZM_NEW_ARRAY(step->arena, czm_onnx_value, *count);
    for (size_t i = 0; i < *count; i++) {
        const czm_onnx_list *list = czm_onnx_in(step, first + i)->list;
        if (!list || list->element) czm_onnx_list_filled(step, czm_onnx_in(step, first + i));
        arguments[i] = *czm_onnx_in(step, first + i);
        arguments[i].open = NULL; // inner graphs read it, too
    }
    return arguments;
}

// ---- If

// An output of an inner graph must be made in it.
static const char *own(czm_onnx_step *step, czm_onnx_value *value) {
    return CZM_ONNX(step, "Identity", czm_onnx_plain_of(step, value));
}

static czm_onnx_graph *branch(czm_onnx_step *step, czm_bytes function,
                              const czm_onnx_value *arguments, size_t count) {
    czm_onnx_scope *outer = step->scope, inner;
    czm_onnx_value *results = CZM_NEW_ARRAY(step->arena, czm_onnx_value, step->output_count);
    czm_onnx_graph *graph = czm_onnx_begin_graph(step, &inner, "branch");
    bool is_good =
        czm_onnx_inline_function(step, function, arguments, count, results, step->output_count);
    for (size_t i = 0; is_good && i < step->output_count; i++)
        czm_onnx_graph_output(step, own(step, &results[i]), step->outputs[i].dtype,
                              czm_shape_unknown());
    czm_onnx_end_graph(step, outer);
    return is_good ? graph : NULL;
}

// A branch that is always taken needs no If.
static void take_branch(czm_onnx_step *step, czm_bytes function) {
    size_t count;
    czm_onnx_value *arguments = arguments_of(step, 1, &count);
    czm_onnx_value *results = CZM_NEW_ARRAY(step->arena, czm_onnx_value, step->output_count);
    if (!czm_onnx_inline_function(step, function, arguments, count, results, step->output_count))
        return;
    for (size_t i = 0; i < step->output_count; i++) {
        czm_onnx_plain_of(step, &results[i]);
        czm_onnx_out_value(step, i, &results[i]);
    }
}

static void put_if(czm_onnx_step *step, const char *condition, czm_onnx_graph *yes,
                   czm_onnx_graph *no) {
    czm_onnx_out(step, 0, CZM_ONNX(step, "If", condition));
    for (size_t i = 1; i < step->output_count; i++) czm_onnx_out(step, i, czm_onnx_emit_more(step));
    czm_onnx_set_graph(step, "then_branch", yes);
    czm_onnx_set_graph(step, "else_branch", no);
}

// A condition that is no scalar is true if it has elements (ToBool in core/kernels/functional_ops.cc).
static bool is_decided(const czm_onnx_step *step, bool *is_true) {
    czm_shape shape = czm_onnx_in(step, 0)->shape;
    double number = 1;
    if (shape.rank > 0 && !czm_shape_is_complete(shape)) return false;
    if (shape.rank <= 0 && !czm_onnx_in_number(step, 0, &number)) return false;
    *is_true = number != 0;
    for (int i = 0; i < shape.rank; i++) *is_true &= shape.dims[i] != 0;
    return true;
}

void czm_onnx_if(czm_onnx_step *step) {
    size_t count;
    bool is_true;
    czm_bytes then = czm_attr_function(step->node, "then_branch");
    czm_bytes otherwise = czm_attr_function(step->node, "else_branch");
    if (is_decided(step, &is_true)) {
        take_branch(step, is_true ? then : otherwise);
        return;
    }
    const char *condition = czm_onnx_in_plain(step, 0);
    if (czm_onnx_in(step, 0)->dtype != CZM_DTYPE_BOOL)
        condition = czm_onnx_emit_cast(step, condition, CZM_DTYPE_BOOL);
    czm_onnx_value *arguments = arguments_of(step, 1, &count);
    czm_onnx_graph *yes = branch(step, then, arguments, count);
    czm_onnx_graph *no = yes ? branch(step, otherwise, arguments, count) : NULL;
    if (no) put_if(step, condition, yes, no);
}

// ---- Case

typedef struct choice {
    czm_arena *arena;
    CZM_LIST(czm_bytes) functions;
} choice;

static void add_choice(void *user, czm_bytes name) {
    choice *c = user;
    *CZM_APPEND(c->arena, &c->functions) = name;
}

// A branch that returns the outputs so far.
static czm_onnx_graph *as_before(czm_onnx_step *step) {
    czm_onnx_scope *outer = step->scope, inner;
    czm_onnx_graph *graph = czm_onnx_begin_graph(step, &inner, "branch");
    for (size_t i = 0; i < step->output_count; i++)
        czm_onnx_graph_output(step, own(step, &step->outputs[i]), step->outputs[i].dtype,
                              czm_shape_unknown());
    czm_onnx_end_graph(step, outer);
    return graph;
}

// One If for each branch; only the one of the chosen branch changes the outputs. A number that is out of range means
// the last branch (core/kernels/functional_ops.cc of TensorFlow), which is the first one here.
static void put_case(czm_onnx_step *step, const choice *c) {
    size_t count, last = c->functions.count - 1;
    const char *number = czm_onnx_in_int64(step, 0);
    czm_onnx_value *arguments = arguments_of(step, 1, &count);
    czm_onnx_graph *no = branch(step, c->functions.items[last], arguments, count);
    for (size_t i = 0; no && i < last; i++) {
        czm_onnx_graph *yes = branch(step, c->functions.items[i], arguments, count);
        if (!yes) return;
        if (i > 0) no = as_before(step);
        const char *here = czm_onnx_number(step, CZM_DTYPE_INT64, (double)i);
        put_if(step, CZM_ONNX(step, "Equal", number, here), yes, no);
    }
}

void czm_onnx_case(czm_onnx_step *step) {
    double known;
    choice c = {.arena = step->arena};
    czm_attr_each_function(czm_node_attr(step->node, "branches"), add_choice, &c);
    if (c.functions.count == 0) {
        czm_onnx_refuse(step, "it has no branches");
        return;
    }
    size_t last = c.functions.count - 1;
    bool is_known = czm_onnx_in_number(step, 0, &known);
    if (is_known || last == 0)
        take_branch(step,
                    c.functions.items[is_known && known >= 0 && known < (double)last ? (size_t)known
                                                                                     : last]);
    else
        put_case(step, &c);
}

// ---- Loop

// The source of a tensor before Identity nodes.
static czm_tensor origin(czm_tensor tensor) {
    while (czm_node_is(tensor.node, CZM_OP_Identity)) tensor = tensor.node->inputs.items[0];
    return tensor;
}

// Whether the body returns this argument unchanged.
static bool is_kept(const czm_graph *body, size_t index) {
    return origin(body->outputs.items[index].tensor).node == body->inputs.items[index].tensor.node;
}

typedef struct loop {
    const czm_graph *body;
    czm_bytes cond_name, body_name;
    size_t count;
    const czm_onnx_value *start, *end; // before the loop, and after a round
    const char *go_on;                 // the first condition
} loop;

// A list that gets an element in each round.
static bool is_collected(const loop *l, size_t index) {
    return !is_kept(l->body, index) && l->start[index].list && !l->start[index].plain;
}

static bool is_state(const loop *l, size_t index) {
    return !is_kept(l->body, index) && !is_collected(l, index);
}

static const char *condition_for(czm_onnx_step *step, const loop *l, const czm_onnx_value *values) {
    czm_onnx_value result;
    if (!czm_onnx_inline_function(step, l->cond_name, values, l->count, &result, 1)) return NULL;
    return czm_onnx_plain_of(step, &result);
}

// Whether the tensor is an argument that grows in each round.
static bool is_counter(const loop *l, czm_tensor tensor) {
    tensor = origin(tensor);
    for (size_t i = 0; i < l->count; i++) {
        if (l->body->inputs.items[i].tensor.node != tensor.node) continue;
        const czm_node *next = origin(l->body->outputs.items[i].tensor).node;
        if (!czm_node_is(next, CZM_OP_AddV2) && !czm_node_is(next, CZM_OP_Add)) return false;
        return origin(next->inputs.items[0]).node == tensor.node &&
               czm_node_is(origin(next->inputs.items[1]).node, CZM_OP_Const);
    }
    return false;
}

// The element that an iteration writes, and its position, which must differ in each iteration.
static void put_element(czm_onnx_step *step, const loop *l, const czm_onnx_value *value) {
    const czm_onnx_list *list = value->list;
    if (!list || !list->element || !(list->is_single || is_counter(l, list->index))) {
        czm_onnx_refuse(step, "the order of the elements of a list is not known");
        return;
    }
    czm_onnx_graph_output(step, CZM_ONNX(step, "Identity", list->place), CZM_DTYPE_INT64,
                          (czm_shape){0, NULL});
    // ONNX Runtime 1.4 treats collected results of unknown shape as vectors
    czm_onnx_graph_output(step, CZM_ONNX(step, "Identity", list->element), list->dtype,
                          list->shape);
}

static czm_onnx_value *begin_body(czm_onnx_step *step, const loop *l) {
    czm_shape scalar = {0, NULL};
    czm_onnx_value *now = CZM_NEW_ARRAY(step->arena, czm_onnx_value, l->count);
    czm_onnx_graph_input(step, czm_onnx_new_name(step, "round"), CZM_DTYPE_INT64, scalar);
    czm_onnx_graph_input(step, czm_onnx_new_name(step, "condition"), CZM_DTYPE_BOOL, scalar);
    for (size_t i = 0; i < l->count; i++) {
        now[i] = l->start[i];
        if (!is_state(l, i)) continue;
        now[i] = (czm_onnx_value){.plain = czm_onnx_new_name(step, "state"),
                                  .dtype = now[i].dtype,
                                  .shape = czm_onnx_out_shape(step, i)};
        czm_onnx_graph_input(step, now[i].plain, now[i].dtype, czm_shape_unknown());
    }
    return now;
}

// Inputs: the iteration, the condition, and the loop's variables; outputs: the condition, the variables, and the
// collected values.
static void fill_body(czm_onnx_step *step, loop *l) {
    czm_onnx_value *now = begin_body(step, l);
    czm_onnx_value *next = CZM_NEW_ARRAY(step->arena, czm_onnx_value, l->count);
    if (!czm_onnx_inline_function(step, l->body_name, now, l->count, next, l->count)) return;
    l->end = next;
    for (size_t i = 0; i < l->count; i++) {
        if (is_kept(l->body, i)) next[i] = now[i];
        if (is_state(l, i)) czm_onnx_plain_of(step, &next[i]);
    }
    const char *go_on = condition_for(step, l, next);
    if (!go_on) return;
    czm_onnx_graph_output(step, CZM_ONNX(step, "Identity", go_on), CZM_DTYPE_BOOL,
                          (czm_shape){0, NULL});
    for (size_t i = 0; i < l->count; i++)
        if (is_state(l, i))
            czm_onnx_graph_output(step, own(step, &next[i]), now[i].dtype, czm_shape_unknown());
    for (size_t i = 0; i < l->count; i++)
        if (is_collected(l, i)) put_element(step, l, &next[i]);
}

static const char *next_output(czm_onnx_step *step, czm_onnx_node *node, size_t *used) {
    return (*used)++ ? czm_onnx_emit_more_of(step, node) : node->outputs[0];
}

static void put_loop(czm_onnx_step *step, const loop *l, czm_onnx_graph *body) {
    const char **inputs = CZM_NEW_ARRAY(step->arena, const char *, l->count + 3);
    size_t used = 2, made = 0;
    inputs[0] = "";
    inputs[1] = l->go_on;
    for (size_t i = 0; i < l->count; i++)
        if (is_state(l, i)) inputs[used++] = l->start[i].plain;
    czm_onnx_emit(step, "Loop", inputs);
    czm_onnx_node *node = czm_onnx_last(step);
    czm_onnx_set_graph(step, "body", body);
    for (size_t i = 0; i < l->count; i++) {
        if (is_kept(l->body, i)) czm_onnx_out_value(step, i, &l->start[i]);
        if (!is_state(l, i)) continue;
        step->outputs[i].dtype = l->start[i].dtype;
        czm_onnx_out(step, i, next_output(step, node, &made));
    }
    for (size_t i = 0; i < l->count; i++) {
        if (!is_collected(l, i)) continue;
        const char *places = next_output(step, node, &made);
        const char *elements = next_output(step, node, &made);
        czm_onnx_out(step, i, czm_onnx_list_of_rounds(step, l->end[i].list, places, elements));
    }
}

void czm_onnx_while(czm_onnx_step *step) {
    loop l = {.cond_name = czm_attr_function(step->node, "cond"),
              .body_name = czm_attr_function(step->node, "body")};
    l.body = czm_model_function(step->translator->model, l.body_name);
    l.start = arguments_of(step, 0, &l.count);
    if (!l.body || l.body->outputs.count != l.count || step->output_count != l.count) {
        czm_onnx_refuse(step, "its body is missing");
        return;
    }
    l.go_on = condition_for(step, &l, l.start);
    if (!l.go_on) return;
    czm_onnx_scope *outer = step->scope, inner;
    czm_onnx_graph *body = czm_onnx_begin_graph(step, &inner, "body");
    fill_body(step, &l);
    czm_onnx_end_graph(step, outer);
    if (step->translator->status == CZM_OK) put_loop(step, &l, body);
}
