// SPDX-License-Identifier: Apache-2.0
//
// Rewrites of pass "lower" for choices among many functions. TensorFlow 2.0.0's Python, when it loads functions,
// renames the functions that an attribute names, but not those that an attribute lists
// (python/saved_model/function_deserialization.py).
#include "passes/lower.h"

typedef struct branches {
    czm_model *model;
    CZM_LIST(czm_graph *) graphs;
    bool are_there;
} branches;

static void collect(void *user, czm_bytes name) {
    branches *b = user;
    czm_graph *graph = czm_model_function(b->model, name);
    if (graph)
        *CZM_APPEND(b->model->arena, &b->graphs) = graph;
    else
        b->are_there = false;
}

static branches branches_of(czm_model *model, const czm_node *node) {
    branches b = {.model = model, .are_there = true};
    czm_attr_each_function(czm_node_attr(node, "branches"), collect, &b);
    return b;
}

// The branches get one more argument, so no other node may name them.
bool czm_many_branches_applies(czm_lowering *l, czm_node *node) {
    branches b = branches_of(l->model, node);
    bool fits = b.are_there && b.graphs.count && node->inputs.count;
    for (size_t i = 0; i < b.graphs.count; i++)
        fits &= !b.graphs.items[i]->is_shared &&
                b.graphs.items[i]->inputs.count + 1 == node->inputs.count;
    return fits;
}

static czm_tensor add_argument(czm_graph *graph, const char *name, czm_dtype dtype) {
    czm_node *argument = czm_graph_add(graph, name, CZM_OP__Arg);
    czm_set_type(graph, argument, "T", dtype);
    *CZM_APPEND(graph->arena, &graph->inputs) = (czm_port){name, czm_output(argument), dtype};
    return czm_output(argument);
}

static bool has_input(const czm_graph *graph, const char *name) {
    for (size_t i = 0; i < graph->inputs.count; i++)
        if (czm_text_equal(graph->inputs.items[i].name, name)) return true;
    return false;
}

// Adds the index as an unused last argument of a branch.
static void accept_index(czm_graph *branch) {
    const char *name = "branch_index";
    for (size_t k = 1; has_input(branch, name); k++)
        name = czm_arena_format(branch->arena, "branch_index_%zu", k);
    add_argument(branch, name, CZM_DTYPE_INT32);
    czm_graph_sort(branch);
}

static const char *free_function_name(const czm_model *model, const char *base) {
    const char *name = czm_arena_format(model->arena, "%s_or_later", base);
    for (size_t k = 1; czm_model_function(model, czm_bytes_text(name)); k++)
        name = czm_arena_format(model->arena, "%s_or_later_%zu", base, k);
    return name;
}

// AttrValue.list=1 {func=9 {name=1}}
static void set_branches(czm_graph *graph, czm_node *node, czm_graph *const *items, size_t count) {
    czm_buffer b = czm_buffer_in(graph->arena);
    size_t list = czm_put_begin(&b, 1);
    for (size_t i = 0; i < count; i++) {
        size_t function = czm_put_begin(&b, 9);
        czm_put_text(&b, 1, items[i]->name);
        czm_put_end(&b, function);
    }
    czm_put_end(&b, list);
    czm_set_attr(graph, node, "branches", czm_buffer_bytes(&b));
}

static void set_types_of(czm_graph *graph, czm_node *node, const char *attr,
                         const czm_port_list *ports) {
    czm_dtype *types = CZM_NEW_ARRAY(graph->arena, czm_dtype, ports->count);
    for (size_t i = 0; i < ports->count; i++) types[i] = ports->items[i].dtype;
    czm_set_types(graph, node, attr, types, ports->count);
}

// A function of the arguments and the index that chooses among the branches after the first.
static czm_graph *make_rest(czm_model *model, const branches *b) {
    const czm_graph *first = b->graphs.items[0];
    czm_graph *rest = CZM_NEW(model->arena, czm_graph);
    *rest = (czm_graph){.arena = model->arena, .ops = model->ops, .is_used = true};
    rest->name = free_function_name(model, b->graphs.items[1]->name);
    czm_model_add_function(model, rest);
    czm_node *choice = czm_graph_add(rest, "case", CZM_OP_Case);
    czm_node_add_input(rest, choice, (czm_tensor){0});
    for (size_t i = 0; i < first->inputs.count; i++)
        czm_node_add_input(rest, choice,
                           add_argument(rest, czm_arena_format(model->arena, "arg%zu", i),
                                        first->inputs.items[i].dtype));
    set_types_of(rest, choice, "Tin", &rest->inputs);
    set_types_of(rest, choice, "Tout", &first->outputs);
    set_branches(rest, choice, b->graphs.items + 1, b->graphs.count - 1);
    const int32_t one = 1;
    choice->inputs.items[0] =
        czm_output(czm_build_node(rest, "index", CZM_OP_Sub,
                                  CZM_INPUTS(add_argument(rest, "branch_index", CZM_DTYPE_INT32),
                                             czm_add_const_ints(rest, "one", &one, 1, true))));
    for (size_t i = 0; i < first->outputs.count; i++)
        *CZM_APPEND(model->arena, &rest->outputs) =
            (czm_port){czm_arena_format(model->arena, "out%zu", i),
                       (czm_tensor){choice, (uint32_t)i}, first->outputs.items[i].dtype};
    czm_graph_sort(rest);
    return rest;
}

// AttrValue.func=10 {name=1}
static void set_function(czm_graph *graph, czm_node *node, const char *attr, const char *name) {
    czm_buffer b = czm_buffer_in(graph->arena);
    size_t function = czm_put_begin(&b, 10);
    czm_put_text(&b, 1, name);
    czm_put_end(&b, function);
    czm_set_attr(graph, node, attr, czm_buffer_bytes(&b));
}

// If the index is 0 the first branch runs, else a function of the others, whose Case is rewritten later. An index out
// of range means the last branch, here too.
void czm_many_branches_rewrite(czm_lowering *l, czm_node *node) {
    branches b = branches_of(l->model, node);
    czm_tensor_list inputs = node->inputs;
    czm_graph *first = b.graphs.items[0], *other = first;
    if (b.graphs.count == 2) other = b.graphs.items[1];
    if (b.graphs.count > 2) other = make_rest(l->model, &b);
    accept_index(first);
    if (b.graphs.count == 2) accept_index(other);

    czm_tensor index = inputs.items[0];
    czm_node *is_first = czm_lower_add(l, node, "is_first", CZM_OP_Equal,
                                       CZM_INPUTS(index, czm_lower_int(l, node, "zero", 0)));
    inputs.items[0] = czm_output(is_first);
    *CZM_APPEND(l->context->arena, &inputs) = index;
    czm_build_anew(l->graph, node, CZM_OP_If, inputs.items, inputs.count);
    set_types_of(l->graph, node, "Tout", &first->outputs);
    set_function(l->graph, node, "then_branch", first->name);
    set_function(l->graph, node, "else_branch", other->name);
}

// ---- StatelessCase, which is Case under a new name

bool czm_rename_applies(czm_lowering *l, czm_node *node) {
    (void)l;
    (void)node;
    return true;
}

void czm_rename_rewrite(czm_lowering *l, czm_node *node) {
    czm_node_become(l->graph, node, CZM_OP_Case);
}
