// SPDX-License-Identifier: Apache-2.0
//
// Conditionals that are decided beforehand; see fold.h. Networks contain them to distinguish training
// (keras_learning_phase, is_training) or initialisation from inference.
//
// Rounds: infer the values of conditions, store in node->scratch the replacements of the outputs of each decided
// node, and redirect every reader. A branch that replaces its If may contain conditionals, which the next round
// decides.
#include "fold/fold.h"

#include "graph/build.h"
#include "op/number.h"
#include "shape/shape.h"

enum { MOST_ROUNDS = 32, MOST_NODES = 1 << 20 }; // limits for hostile files

typedef struct folding {
    czm_context *context;
    czm_model *model;
    czm_graph *graph;
    const czm_shapes *shapes;
    const czm_effects *effects; // NULL: the graph has none
    czm_variable_index variables;
    const bool *is_open; // by order
    uint8_t *dead;       // by order: a set of dead outputs, or all
    bool is_changed;
} folding;

enum { ALL_OUTPUTS = 0xff };

static bool is_switch(const czm_node *node) {
    return czm_node_is(node, CZM_OP_Switch) || czm_node_is(node, CZM_OP_RefSwitch);
}

static bool is_merge(const czm_node *node) {
    return czm_node_is(node, CZM_OP_Merge) || czm_node_is(node, CZM_OP_RefMerge);
}

static bool is_if(const czm_node *node) {
    return czm_node_is(node, CZM_OP_If) || czm_node_is(node, CZM_OP_StatelessIf);
}

static bool is_case(const czm_node *node) {
    return czm_node_is(node, CZM_OP_Case) || czm_node_is(node, CZM_OP_StatelessCase);
}

static bool is_select(const czm_node *node) {
    return czm_node_is(node, CZM_OP_Select) || czm_node_is(node, CZM_OP_SelectV2);
}

static bool is_conditional(const czm_node *node) {
    return is_switch(node) || is_if(node) || is_case(node) || is_select(node);
}

// ---- the condition

// The value of the condition, if it does not depend on the network's input.
static bool read_condition(const folding *f, czm_tensor tensor, int64_t *number) {
    czm_value value = czm_value_of(f->shapes, tensor);
    if (f->is_open[tensor.node->order] || czm_shape_of(f->shapes, tensor).rank != 0 ||
        !value.elements || !value.elements[0].is_known)
        return false;
    *number = czm_number_to_int(value.elements[0].number);
    return true;
}

// ---- variables that never change. A condition may depend on one (whether the weights have been initialised) if no
// branch that runs assigns anything but the stored value.

// An assignment of the stored number.
static bool writes_same(const folding *f, const czm_node *effect, const czm_node *variable) {
    if (!czm_node_is(effect, CZM_OP_AssignVariableOp) || effect->inputs.count != 2) return false;
    czm_value fresh = czm_value_of(f->shapes, effect->inputs.items[1]);
    czm_work(f->context->arena, f->graph->nodes.count, "the variables that are assigned");
    for (size_t i = 0; i < f->graph->nodes.count && fresh.count == 1 && fresh.elements; i++) {
        czm_node *node = f->graph->nodes.items[i];
        if (!czm_node_is(node, CZM_OP_ReadVariableOp) || node->inputs.items[0].node != variable)
            continue;
        czm_value old = czm_value_of(f->shapes, czm_output(node));
        if (old.count == 1 && old.elements && old.elements[0].is_known)
            return fresh.elements[0].is_known && fresh.elements[0].number == old.elements[0].number;
    }
    return false;
}

static czm_bytes branch_of(const czm_node *node, int64_t number);

static bool may_change(const folding *f, const czm_node *effect, size_t input,
                       const czm_node *variable) {
    int64_t number;
    if (is_if(effect) && input > 0 && read_condition(f, effect->inputs.items[0], &number)) {
        const czm_graph *branch = czm_model_function(f->model, branch_of(effect, number));
        return !branch || branch->inputs.count < input ||
               czm_function_changes(f->effects, branch, input - 1);
    }
    return czm_effect_changes(f->effects, effect, input) && !writes_same(f, effect, variable);
}

// A variable that changes makes conditions unknown, so more variables may change.
static void find_open(folding *f) {
    bool *is_changed = CZM_NEW_ARRAY(f->context->arena, bool, f->graph->nodes.count + 1);
    for (bool is_settled = false; !is_settled;) {
        is_settled = true;
        czm_work(f->context->arena, f->graph->nodes.count + f->graph->effects.count,
                 "the variables on which conditions depend");
        f->is_open = czm_fold_find_open(f->context->arena, f->graph, is_changed);
        for (size_t i = 0; i < f->graph->effects.count; i++) {
            const czm_node *effect = f->graph->effects.items[i];
            for (size_t k = 0; k < effect->inputs.count; k++) {
                const czm_node *variable = czm_effect_variable(effect, k);
                if (variable->inputs.count || is_changed[variable->order] ||
                    !may_change(f, effect, k, variable))
                    continue;
                is_changed[variable->order] = true;
                is_settled = false;
            }
        }
    }
}

// ---- the replacement of a node

static void replace(folding *f, czm_node *node, czm_tensor *by) {
    node->scratch = by;
    f->is_changed = true;
}

static czm_tensor *new_tensors(const folding *f, size_t count) {
    return CZM_NEW_ARRAY(f->context->arena, czm_tensor, count ? count : 1);
}

static czm_tensor followed(czm_tensor t) {
    while (t.node->scratch) {
        const czm_tensor *by = t.node->scratch;
        if (!by[t.index].node) break;
        t = by[t.index];
    }
    return t;
}

static void follow_all(czm_node *node) {
    for (size_t i = 0; i < node->inputs.count; i++)
        node->inputs.items[i] = followed(node->inputs.items[i]);
    size_t kept = 0;
    for (size_t i = 0; i < node->controls.count; i++)
        if (!node->controls.items[i]->scratch)
            node->controls.items[kept++] = node->controls.items[i];
    node->controls.count = kept;
}

// ---- inlining a function

// Copies a function's nodes and connects them to the call's inputs from number `first` on. Their names begin with
// that of the call.
static czm_tensor *put_function(folding *f, const czm_node *call, const czm_graph *function,
                                size_t first) {
    czm_arena *arena = f->context->arena;
    for (size_t i = 0; i < function->nodes.count; i++) {
        czm_node *node = function->nodes.items[i];
        czm_node *copy =
            czm_graph_add_named(f->graph, czm_arena_format(arena, "%s/%s", call->name, node->name),
                                node->op);
        node->scratch = copy;
        copy->def = node->def;
        for (size_t k = 0; k < node->attrs.count; k++)
            *CZM_APPEND(arena, &copy->attrs) = node->attrs.items[k];
    }
    for (size_t i = 0; i < function->nodes.count; i++) {
        const czm_node *node = function->nodes.items[i];
        czm_node *copy = node->scratch;
        for (size_t k = 0; k < node->inputs.count; k++)
            czm_node_add_input(f->graph, copy,
                               (czm_tensor){node->inputs.items[k].node->scratch,
                                            node->inputs.items[k].index});
        for (size_t k = 0; k < node->controls.count; k++)
            *CZM_APPEND(arena, &copy->controls) = node->controls.items[k]->scratch;
    }
    for (size_t i = 0; i < function->inputs.count; i++) {
        czm_tensor *given = new_tensors(f, 1);
        *given = call->inputs.items[first + i];
        ((czm_node *)function->inputs.items[i].tensor.node->scratch)->scratch = given;
    }
    for (size_t i = 0; i < function->effects.count; i++)
        *CZM_APPEND(arena, &f->graph->effects) = function->effects.items[i]->scratch;
    czm_tensor *results = new_tensors(f, function->outputs.count);
    for (size_t i = 0; i < function->outputs.count; i++)
        results[i] = (czm_tensor){function->outputs.items[i].tensor.node->scratch,
                                  function->outputs.items[i].tensor.index};
    for (size_t i = 0; i < function->nodes.count; i++) function->nodes.items[i]->scratch = NULL;
    return results;
}

typedef struct chosen_branch {
    int64_t left; // the number of functions before the requested one
    czm_bytes name;
} chosen_branch;

static void take_branch(void *user, czm_bytes name) {
    chosen_branch *c = user;
    if (c->left-- >= 0) c->name = name; // beyond the last: the last
}

static czm_bytes branch_of(const czm_node *node, int64_t number) {
    if (is_if(node)) return czm_attr_function(node, number ? "then_branch" : "else_branch");
    chosen_branch c = {number < 0 ? INT32_MAX : number, {0}};
    czm_attr_each_function(czm_node_attr(node, "branches"), take_branch, &c);
    return c.name;
}

static void fold_call(folding *f, czm_node *node) {
    int64_t number;
    if (!node->inputs.count || !read_condition(f, node->inputs.items[0], &number)) return;
    const czm_graph *function = czm_model_function(f->model, branch_of(node, number));
    if (!function || function == f->graph || function->inputs.count + 1 != node->inputs.count ||
        f->graph->nodes.count + function->nodes.count > MOST_NODES)
        return;
    replace(f, node, put_function(f, node, function, 1));
}

// ---- Switch and Merge

static bool is_dead_tensor(const folding *f, czm_tensor t) {
    uint8_t dead = f->dead[t.node->order];
    return dead == ALL_OUTPUTS || (t.index < 2 && dead >> t.index & 1);
}

static bool is_dead_node(const folding *f, const czm_node *node) {
    for (size_t i = 0; i < node->inputs.count; i++)
        if (is_dead_tensor(f, node->inputs.items[i])) return true;
    for (size_t i = 0; i < node->controls.count; i++)
        if (f->dead[node->controls.items[i]->order] == ALL_OUTPUTS) return true;
    return false;
}

static void fold_switch(folding *f, czm_node *node) {
    int64_t number;
    if (node->inputs.count != 2 || !read_condition(f, node->inputs.items[1], &number)) return;
    czm_tensor *by = new_tensors(f, 2);
    by[0] = by[1] = node->inputs.items[0];
    f->dead[node->order] = number ? 1 : 2;
    replace(f, node, by);
}

// Replaces a Merge with only one live input. A Merge of a loop stays: values of the next iteration are not examined.
static void fold_merge(folding *f, czm_node *node) {
    size_t alive = 0;
    int32_t which = 0;
    for (size_t i = 0; i < node->inputs.count; i++) {
        if (is_dead_tensor(f, node->inputs.items[i])) continue;
        bool comes_back = node->inputs.items[i].node->order > node->order;
        alive += comes_back ? 2 : 1;
        which = (int32_t)i;
    }
    if (alive == 0) f->dead[node->order] = ALL_OUTPUTS;
    if (alive != 1 || node->inputs.count < 2) return;
    czm_tensor *by = new_tensors(f, 2);
    by[0] = node->inputs.items[which];
    by[1] = czm_add_const_ints(f->graph,
                               czm_arena_format(f->context->arena, "%s/value_index", node->name),
                               &which, 1, true);
    replace(f, node, by);
}

// ---- Select: the chosen value must have the shape of the result

static bool is_same(czm_shape a, czm_shape b) {
    return a.rank == b.rank && a.rank != CZM_UNKNOWN &&
           memcmp(a.dims, b.dims, (size_t)a.rank * sizeof *a.dims) == 0;
}

static void fold_select(folding *f, czm_node *node) {
    int64_t number;
    if (node->inputs.count != 3 || !read_condition(f, node->inputs.items[0], &number)) return;
    czm_tensor *by = new_tensors(f, 1);
    by[0] = node->inputs.items[number ? 1 : 2];
    czm_shape other = czm_shape_of(f->shapes, node->inputs.items[number ? 2 : 1]);
    bool fits = czm_node_is(node, CZM_OP_Select) || other.rank == 0 ||
                is_same(other, czm_shape_of(f->shapes, by[0]));
    if (fits) replace(f, node, by);
}

// ---- one graph

static void fold_node(folding *f, czm_node *node) {
    if (!is_merge(node) && is_dead_node(f, node)) {
        f->dead[node->order] = ALL_OUTPUTS;
        return;
    }
    if (is_switch(node))
        fold_switch(f, node);
    else if (is_merge(node))
        fold_merge(f, node);
    else if (is_if(node) || is_case(node))
        fold_call(f, node);
    else if (is_select(node))
        fold_select(f, node);
}

// Removes effects of dead nodes and of replaced nodes.
static void keep_effects(folding *f) {
    czm_node_list *effects = &f->graph->effects;
    size_t kept = 0;
    for (size_t i = 0; i < effects->count; i++) {
        czm_node *node = effects->items[i];
        bool is_gone = node->scratch || (node->order && f->dead[node->order] == ALL_OUTPUTS);
        if (!is_gone) effects->items[kept++] = node;
    }
    effects->count = kept;
}

// Nodes of TensorFlow 1 have control inputs for their branch; without branches, these are removed.
static void drop_idle_controls(czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (is_switch(graph->nodes.items[i])) return;
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->controls.count = 0;
}

static czm_bytes read_number(void *user, const czm_node *handle) {
    const folding *f = user;
    return czm_fold_read_weight(f->context, czm_variable_of(&f->variables, handle),
                                sizeof(int64_t));
}

static const czm_shapes *infer(folding *f) {
    size_t count = f->graph->nodes.count;
    bool *is_chosen = CZM_NEW_ARRAY(f->context->arena, bool, count + 1);
    for (size_t i = 0; i < count; i++)
        is_chosen[i + 1] = czm_node_is(f->graph->nodes.items[i], CZM_OP_ReadVariableOp);
    const czm_computation numbers = {is_chosen, 1, read_number, f};
    return czm_shapes_compute(f->context->arena, f->model, f->graph, &numbers);
}

static void fold_round(folding *f) {
    czm_graph *graph = f->graph;
    size_t count = graph->nodes.count; // inlined nodes are processed in the next round
    f->variables = czm_variables_by_order(f->context->arena, f->model);
    f->shapes = infer(f);
    if (graph->effects.count) f->effects = czm_effects_find(f->context->arena, f->model);
    find_open(f);
    f->dead = CZM_NEW_ARRAY(f->context->arena, uint8_t, count + 1);
    for (size_t i = 0; i < count; i++) graph->nodes.items[i]->scratch = NULL;
    for (size_t i = 0; i < count; i++) fold_node(f, graph->nodes.items[i]);
    if (!f->is_changed) return;
    keep_effects(f);
    for (size_t i = 0; i < graph->nodes.count; i++) follow_all(graph->nodes.items[i]);
    for (size_t i = 0; i < graph->outputs.count; i++)
        graph->outputs.items[i].tensor = followed(graph->outputs.items[i].tensor);
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->scratch = NULL;
    czm_graph_sort(graph);
    drop_idle_controls(graph);
}

static bool has_conditionals(const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (is_conditional(graph->nodes.items[i])) return true;
    return false;
}

static void fold_graph(czm_context *context, czm_model *model, czm_graph *graph) {
    for (int round = 0; round < MOST_ROUNDS && has_conditionals(graph); round++) {
        folding f = {.context = context, .model = model, .graph = graph};
        fold_round(&f);
        if (!f.is_changed) return;
    }
}

void czm_fold_branches(czm_context *context, czm_model *model) {
    for (size_t i = 0; i < model->functions.count; i++)
        fold_graph(context, model, model->functions.items[i]);
    fold_graph(context, model, &model->main);
}

// ---- placeholders with a default

void czm_fold_defaults(czm_model *model) {
    czm_graph *graph = &model->main;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        if (!czm_node_is(node, CZM_OP_PlaceholderWithDefault) || !node->inputs.count) continue;
        czm_build_anew(graph, node, CZM_OP_Identity, CZM_INPUTS(node->inputs.items[0]));
    }
}
