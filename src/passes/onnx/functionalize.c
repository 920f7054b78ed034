// SPDX-License-Identifier: Apache-2.0
//
// Old control flow; see functionalize.h. Source: tensorflow/python/ops/control_flow_ops.py (v1), whose invariants
// hold here: within a conditional, every value from outside comes through a Switch; within a loop, through an Enter.
#include "passes/onnx/functionalize.h"

#include "graph/build.h"

#include <stdlib.h>

enum { STEPS_OF_NODE = 4 }; // a node may lie in many regions

// A part of the main graph that becomes a function. Its nodes have a mark in `scratch`.
typedef struct region {
    czm_graph *graph;
    const char *frame;   // of the loop that it is in; NULL: it is a branch
    czm_node_list nodes; // inside
    czm_node_list ends;  // the nodes before it, which arguments replace
    bool is_closed;      // it contains no old control flow
} region;

// ---- which nodes

// A damaged node, whose inputs are not all there, is none of these.
static bool is_either(const czm_node *node, czm_op_kind op, czm_op_kind old_op, size_t inputs) {
    return (czm_node_is(node, op) || czm_node_is(node, old_op)) && node->inputs.count == inputs;
}

static bool is_switch(const czm_node *node) {
    return is_either(node, CZM_OP_Switch, CZM_OP_RefSwitch, 2);
}
static bool is_merge(const czm_node *node) {
    return is_either(node, CZM_OP_Merge, CZM_OP_RefMerge, 2);
}
static bool is_enter(const czm_node *node) {
    return is_either(node, CZM_OP_Enter, CZM_OP_RefEnter, 1);
}
static bool is_exit(const czm_node *node) {
    return is_either(node, CZM_OP_Exit, CZM_OP_RefExit, 1);
}
static bool is_condition(const czm_node *node) {
    return is_either(node, CZM_OP_LoopCond, CZM_OP_LoopCond, 1);
}

static bool is_next(const czm_node *node) {
    return is_either(node, CZM_OP_NextIteration, CZM_OP_RefNextIteration, 1);
}

static bool is_of_frame(const czm_node *enter, const char *frame) {
    return is_enter(enter) && czm_attr_is(enter, "frame_name", frame);
}

static bool is_end(const region *r, const czm_node *node) {
    if (czm_node_is(node, CZM_OP_Placeholder) || czm_node_is(node, CZM_OP_VarHandleOp)) return true;
    return r->frame ? is_of_frame(node, r->frame) : is_switch(node);
}

static bool is_old_control(const czm_node *node) {
    return is_switch(node) || is_merge(node) || is_enter(node) || is_next(node) || is_exit(node) ||
           is_condition(node);
}

static void meet(region *r, czm_node *node) {
    if (node->scratch) return;
    if (is_end(r, node)) {
        node->scratch = node;
        *CZM_APPEND(r->graph->arena, &r->ends) = node;
    } else if (is_old_control(node)) {
        r->is_closed = false;
    } else {
        node->scratch = node;
        *CZM_APPEND(r->graph->arena, &r->nodes) = node;
    }
}

static void forget(czm_node_list *nodes) {
    for (size_t i = 0; i < nodes->count; i++) nodes->items[i]->scratch = NULL;
}

// All nodes that `outputs` need, up to the ends of the region. The marks of its nodes are removed; those of the ends
// stay, because both branches share them.
static czm_node_list explore(region *r, const czm_tensor *outputs, size_t count) {
    r->nodes = (czm_node_list){0};
    for (size_t i = 0; i < count; i++) meet(r, outputs[i].node);
    for (size_t i = 0; i < r->nodes.count; i++) {
        const czm_tensor_list *inputs = &r->nodes.items[i]->inputs;
        czm_work(r->graph->arena, STEPS_OF_NODE + inputs->count, "conditionals and loops");
        for (size_t k = 0; k < inputs->count; k++) meet(r, inputs->items[k].node);
    }
    forget(&r->nodes);
    return r->nodes;
}

// ---- making functions

static int compare_orders(const void *a, const void *b) {
    uint32_t first = (*(czm_node *const *)a)->order, second = (*(czm_node *const *)b)->order;
    return (first > second) - (first < second);
}

// The source of an end's value.
static czm_tensor outside(czm_node *end) {
    return end->inputs.count ? end->inputs.items[0] : czm_output(end);
}

static czm_dtype dtype_of_end(czm_node *end) { return czm_tensor_dtype(outside(end)); }

static void add_argument(czm_graph *function, czm_node *end) {
    const char *name = czm_arena_format(function->arena, "arg%zu", function->inputs.count);
    czm_node *argument = czm_graph_add(function, name, CZM_OP__Arg);
    czm_set_type(function, argument, "T", dtype_of_end(end));
    end->scratch = argument;
    *CZM_APPEND(function->arena, &function->inputs) =
        (czm_port){name, czm_output(argument), dtype_of_end(end)};
}

static czm_tensor copied(czm_tensor tensor) {
    czm_node *copy = tensor.node->scratch;
    return (czm_tensor){copy, czm_node_is(copy, CZM_OP__Arg) ? 0 : tensor.index};
}

static void copy_node(czm_graph *function, czm_node *node) {
    czm_node *copy = czm_graph_add_named(function, node->name, node->op);
    copy->attrs = node->attrs;
    for (size_t i = 0; i < node->inputs.count; i++)
        czm_node_add_input(function, copy, copied(node->inputs.items[i]));
    node->scratch = copy;
}

// The nodes as a function of the ends.
static const char *add_function(czm_model *model, const char *name, const czm_node_list *ends,
                                czm_node_list *nodes, const czm_tensor *outputs, size_t count) {
    czm_graph *function = CZM_NEW(model->arena, czm_graph);
    *function =
        (czm_graph){.arena = model->arena, .ops = model->main.ops, .name = name, .is_used = true};
    czm_model_add_function(model, function);
    for (size_t i = 0; i < ends->count; i++) add_argument(function, ends->items[i]);
    if (nodes->count) qsort(nodes->items, nodes->count, sizeof *nodes->items, compare_orders);
    for (size_t i = 0; i < nodes->count; i++) copy_node(function, nodes->items[i]);
    for (size_t i = 0; i < count; i++)
        *CZM_APPEND(model->arena, &function->outputs) =
            (czm_port){czm_arena_format(model->arena, "out%zu", i), copied(outputs[i]),
                       czm_tensor_dtype(outputs[i])};
    forget(nodes);
    for (size_t i = 0; i < ends->count; i++) ends->items[i]->scratch = NULL;
    czm_graph_sort(function);
    return name;
}

// AttrValue.func.name
static void set_function(czm_graph *graph, czm_node *node, const char *attr, const char *function) {
    czm_buffer b = czm_buffer_in(graph->arena);
    size_t list = czm_put_begin(&b, 10);
    czm_put_bytes(&b, 1, czm_bytes_text(function));
    czm_put_end(&b, list);
    czm_set_attr(graph, node, attr, czm_buffer_bytes(&b));
}

// The values of the ends.
static void add_values(czm_arena *arena, czm_tensor_list *values, const czm_node_list *ends) {
    for (size_t i = 0; i < ends->count; i++) *CZM_APPEND(arena, values) = outside(ends->items[i]);
}

// ---- conditionals

static czm_tensor origin(czm_tensor tensor) {
    while (czm_node_is(tensor.node, CZM_OP_Identity) && tensor.node->inputs.count)
        tensor = tensor.node->inputs.items[0];
    return tensor;
}

// The Switch that a branch depends on: through its data or, if they are all constant, through a control edge to the
// pivot, an Identity of a Switch.
static czm_tensor switch_of(const czm_node_list *nodes, czm_tensor result) {
    if (is_switch(result.node)) return result;
    for (size_t i = 0; i < nodes->count; i++) {
        const czm_node *node = nodes->items[i];
        for (size_t k = 0; k < node->inputs.count; k++)
            if (is_switch(node->inputs.items[k].node)) return node->inputs.items[k];
        for (size_t k = 0; k < node->controls.count; k++) {
            czm_tensor pivot = origin(czm_output(node->controls.items[k]));
            if (is_switch(pivot.node)) return pivot;
        }
    }
    return (czm_tensor){0};
}

// Whether all Switches at the region's ends have the same condition.
static bool has_predicate(const region *r, czm_tensor predicate) {
    for (size_t i = 0; i < r->ends.count; i++) {
        const czm_node *end = r->ends.items[i];
        if (is_switch(end) && !czm_tensor_equal(origin(end->inputs.items[1]), origin(predicate)))
            return false;
    }
    return true;
}

static void become_if(czm_model *model, czm_node *merge, czm_tensor predicate, const region *r,
                      const char *yes, const char *no) {
    czm_graph *graph = &model->main;
    const czm_dtype result = czm_tensor_dtype(czm_output(merge));
    czm_tensor_list inputs = {0};
    *CZM_APPEND(graph->arena, &inputs) = predicate;
    add_values(graph->arena, &inputs, &r->ends);
    czm_build_anew(graph, merge, CZM_OP_If, inputs.items, inputs.count);
    czm_set_types(graph, merge, "Tout", &result, 1);
    set_function(graph, merge, "then_branch", yes);
    set_function(graph, merge, "else_branch", no);
}

static bool convert_merge(czm_model *model, czm_node *merge) {
    czm_tensor *results = merge->inputs.items;
    region r = {.graph = &model->main, .is_closed = true};
    czm_node_list first = explore(&r, &results[0], 1), second = explore(&r, &results[1], 1);
    czm_tensor a = switch_of(&first, results[0]), b = switch_of(&second, results[1]);
    czm_tensor either = a.node ? a : b;
    bool is_good = r.is_closed && either.node && !(a.node && b.node && a.index == b.index) &&
                   has_predicate(&r, either.node->inputs.items[1]);
    forget(&r.ends);
    if (!is_good) return false;
    bool is_first_true = a.node ? a.index == 1 : b.index == 0;
    const char *name[] = {czm_arena_format(model->arena, "%s/0", merge->name),
                          czm_arena_format(model->arena, "%s/1", merge->name)};
    add_function(model, name[0], &r.ends, &first, &results[0], 1);
    add_function(model, name[1], &r.ends, &second, &results[1], 1);
    become_if(model, merge, either.node->inputs.items[1], &r, name[is_first_true ? 0 : 1],
              name[is_first_true ? 1 : 0]);
    return true;
}

// ---- loops

// The variables of a loop: Merge(Enter, NextIteration), and the Switch that reads it.
typedef struct loop {
    const char *frame;
    czm_node *condition;            // LoopCond
    czm_node_list merges, switches; // one of each
    CZM_LIST(czm_tensor) next;      // the inputs of NextIteration
    czm_node_list enters;
} loop;

static const czm_node *enter_of(const czm_node *merge) {
    return is_merge(merge) && is_enter(merge->inputs.items[0].node) &&
                   is_next(merge->inputs.items[1].node)
               ? merge->inputs.items[0].node
               : NULL;
}

static czm_node *switch_after(const czm_graph *graph, const czm_node *merge) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        if (is_switch(node) && node->inputs.items[0].node == merge) return node;
    }
    return NULL;
}

static bool read_loop(czm_graph *graph, loop *l) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *merge = graph->nodes.items[i];
        const czm_node *enter = enter_of(merge);
        if (!enter || !is_of_frame(enter, l->frame)) continue;
        czm_node *after = switch_after(graph, merge);
        if (!after) return false;
        l->condition = after->inputs.items[1].node;
        *CZM_APPEND(graph->arena, &l->merges) = merge;
        *CZM_APPEND(graph->arena, &l->enters) = merge->inputs.items[0].node;
        *CZM_APPEND(graph->arena, &l->switches) = after;
        *CZM_APPEND(graph->arena, &l->next) = merge->inputs.items[1].node->inputs.items[0];
    }
    return l->condition && is_condition(l->condition);
}

static void mark(const czm_node_list *nodes) {
    for (size_t i = 0; i < nodes->count; i++) nodes->items[i]->scratch = nodes->items[i];
}

static czm_node_list joined(czm_arena *arena, const czm_node_list *a, const czm_node_list *b) {
    czm_node_list all = {0};
    for (size_t i = 0; i < a->count; i++) *CZM_APPEND(arena, &all) = a->items[i];
    for (size_t i = 0; i < b->count; i++) *CZM_APPEND(arena, &all) = b->items[i];
    return all;
}

// Readers of Exits read the outputs of the While.
static void redirect_exits(czm_graph *graph, const loop *l, czm_node *whole) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        for (size_t k = 0; is_exit(node) && k < l->switches.count; k++) {
            if (node->inputs.items[0].node != l->switches.items[k]) continue;
            czm_node_become(graph, node, CZM_OP_Identity);
            node->inputs.items[0] = (czm_tensor){whole, (uint32_t)k};
        }
    }
}

static void put_while(czm_model *model, const loop *l, const czm_node_list *found,
                      czm_node_list *in_condition, czm_node_list *in_body) {
    czm_graph *graph = &model->main;
    czm_arena *arena = model->arena;
    czm_node_list from_merges = joined(arena, &l->merges, found);
    czm_node_list from_switches = joined(arena, &l->switches, found);
    czm_node_list from_enters = joined(arena, &l->enters, found);
    czm_tensor *results = CZM_NEW_ARRAY(arena, czm_tensor, from_merges.count);
    for (size_t i = 0; i < from_merges.count; i++)
        results[i] = i < l->next.count ? l->next.items[i] : czm_output(from_merges.items[i]);
    const char *name = l->merges.items[0]->name;
    czm_tensor_list values = {0};
    add_values(arena, &values, &from_enters);
    czm_node *whole = czm_build_node(graph, name, CZM_OP_While, values.items, values.count);
    set_function(graph, whole, "cond",
                 add_function(model, czm_arena_format(arena, "%s/condition", name), &from_merges,
                              in_condition, l->condition->inputs.items, 1));
    set_function(graph, whole, "body",
                 add_function(model, czm_arena_format(arena, "%s/body", name), &from_switches,
                              in_body, results, from_merges.count));
    redirect_exits(graph, l, whole);
}

static bool convert_loop(czm_model *model, const char *frame) {
    loop l = {.frame = frame};
    if (!read_loop(&model->main, &l)) return false;
    region r = {.graph = &model->main, .frame = frame, .is_closed = true};
    mark(&l.merges);
    czm_node_list in_condition = explore(&r, l.condition->inputs.items, 1);
    forget(&l.merges);
    mark(&l.switches);
    czm_node_list in_body = explore(&r, l.next.items, l.next.count);
    forget(&l.switches);
    forget(&r.ends);
    if (r.is_closed) put_while(model, &l, &r.ends, &in_condition, &in_body);
    return r.is_closed;
}

// ---- all of it

static const char *frame_of(czm_arena *arena, const czm_node *enter) {
    czm_bytes name = czm_attr_string(enter, "frame_name");
    return czm_arena_format(arena, "%.*s", (int)name.size, (const char *)name.data);
}

// Converts one that contains no other one.
static bool convert_one(czm_model *model) {
    for (size_t i = 0; i < model->main.nodes.count; i++) {
        czm_node *node = model->main.nodes.items[i];
        if (!is_merge(node)) continue;
        const czm_node *enter = enter_of(node);
        if (enter ? convert_loop(model, frame_of(model->arena, enter)) : convert_merge(model, node))
            return true;
    }
    return false;
}

static bool has_merge(const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (is_merge(graph->nodes.items[i])) return true;
    return false;
}

// Whether a node reads output 1 of a Merge (which input arrived), which If does not have.
static bool asks_which(const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++) {
            czm_tensor read = graph->nodes.items[i]->inputs.items[k];
            if (is_merge(read.node) && read.index == 1) return true;
        }
    return false;
}

bool czm_onnx_functionalize(czm_model *model) {
    enum { MOST_CONVERSIONS = 1000 }; // each looks at the whole graph
    czm_graph *graph = &model->main;
    if (!has_merge(graph) || asks_which(graph)) return false;
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->scratch = NULL;
    for (int i = 0; i < MOST_CONVERSIONS && convert_one(model); i++) czm_graph_sort(graph);
    if (!has_merge(graph)) {
        for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->controls.count = 0;
        czm_graph_sort(graph);
    }
    return true;
}
