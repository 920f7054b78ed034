// SPDX-License-Identifier: Apache-2.0
//
// Structure of graphs: making nodes, and the one traversal that gives every graph its order.
#include "graph/graph.h"

static czm_node *add(czm_graph *graph, czm_node content) {
    czm_node *node = CZM_NEW(graph->arena, czm_node);
    *node = content;
    *CZM_APPEND(graph->arena, &graph->nodes) = node;
    return node;
}

czm_node *czm_graph_add(czm_graph *graph, const char *name, czm_op_kind op) {
    const czm_op *def = czm_op_of(graph->ops, op);
    return add(graph, (czm_node){.name = name, .op = def->name, .def = def});
}

czm_node *czm_graph_add_named(czm_graph *graph, const char *name, const char *op) {
    const czm_op *def = czm_op_find(graph->ops, czm_bytes_text(op));
    return add(graph, (czm_node){.name = name, .op = op, .def = def});
}

void czm_node_become(czm_graph *graph, czm_node *node, czm_op_kind op) {
    node->def = czm_op_of(graph->ops, op);
    node->op = node->def->name;
}

void czm_node_add_input(czm_graph *graph, czm_node *node, czm_tensor input) {
    *CZM_APPEND(graph->arena, &node->inputs) = input;
}

czm_tensor czm_identity_source(czm_tensor t) {
    while (czm_node_is(t.node, CZM_OP_Identity) && t.node->inputs.count > 0) {
        czm_tensor *input = &t.node->inputs.items[0];
        if (input->node == t.node) return t;
        if (czm_node_is(input->node, CZM_OP_Identity) && input->node->inputs.count > 0)
            *input = input->node->inputs.items[0];
        t = *input;
    }
    return t;
}

czm_tensor czm_handed_on(czm_tensor output) {
    const czm_tensor_list *inputs = &output.node->inputs;
    bool is_each = czm_node_is(output.node, CZM_OP_IdentityN) && output.index < inputs->count;
    return inputs->items[is_each ? output.index : 0];
}

// Depth-first search with an explicit stack, since chains of 100,000 nodes are valid.
typedef struct visit {
    czm_node *node;
    size_t next; // the next input, then control input, to visit
} visit;

typedef struct sorter {
    czm_arena *arena, *scratch;
    CZM_LIST(visit) stack;
    czm_node_list sorted;
    czm_node_list back_edges; // NextIteration nodes whose own inputs are still to be visited
    const czm_node *circle;   // a node that depends on itself
} sorter;

#define NOT_SEEN 0u
#define ON_STACK UINT32_MAX

static void push(sorter *s, czm_node *node) {
    if (node->order == ON_STACK) s->circle = node;
    if (node->order != NOT_SEEN) return;
    node->order = ON_STACK;
    *CZM_APPEND(s->scratch, &s->stack) = (visit){node, 0};
}

static czm_node *next_dependency(visit *v) {
    const czm_node *node = v->node;
    size_t i = v->next++;
    if (i < node->inputs.count) return node->inputs.items[i].node;
    return node->controls.items[i - node->inputs.count];
}

static void visit_all_below(sorter *s, czm_node *root) {
    push(s, root);
    while (s->stack.count) {
        visit *top = &s->stack.items[s->stack.count - 1];
        if (top->next < top->node->inputs.count + top->node->controls.count) {
            czm_node *below = next_dependency(top);
            if (czm_node_is(below, CZM_OP_NextIteration) && czm_node_is(top->node, CZM_OP_Merge))
                *CZM_APPEND(s->scratch, &s->back_edges) = below;
            else
                push(s, below);
        } else {
            *CZM_APPEND(s->arena, &s->sorted) = top->node;
            top->node->order = (uint32_t)s->sorted.count;
            s->stack.count--;
        }
    }
}

const czm_node *czm_graph_sort(czm_graph *graph) {
    sorter s = {.arena = graph->arena, .scratch = czm_arena_child(graph->arena)};
    s.sorted = (czm_node_list){graph->nodes.items, 0, graph->nodes.capacity}; // in their place
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->order = NOT_SEEN;
    for (size_t i = 0; i < graph->outputs.count; i++)
        visit_all_below(&s, graph->outputs.items[i].tensor.node);
    for (size_t i = 0; i < graph->effects.count; i++) visit_all_below(&s, graph->effects.items[i]);
    for (size_t i = 0; i < s.back_edges.count; i++) visit_all_below(&s, s.back_edges.items[i]);
    for (size_t i = 0; i < graph->inputs.count; i++)
        visit_all_below(&s, graph->inputs.items[i].tensor.node);
    graph->nodes = s.sorted;
    czm_arena_free(s.scratch);
    return s.circle;
}

czm_variable_index czm_variables_by_order(czm_arena *arena, const czm_model *model) {
    size_t count = model->main.nodes.count + 1;
    czm_variable_index index = {CZM_NEW_ARRAY(arena, czm_variable *, count), count};
    for (size_t i = 0; i < model->variables.count; i++) {
        czm_variable *v = &model->variables.items[i];
        if (v->handle->order < count) index.by_order[v->handle->order] = v;
    }
    return index;
}

czm_variable *czm_variable_of(const czm_variable_index *index, const czm_node *handle) {
    czm_variable *found = handle->order < index->count ? index->by_order[handle->order] : NULL;
    return found && found->handle == handle ? found : NULL;
}

void czm_model_forget_output_shape(czm_model *model) {
    static const uint8_t unknown_rank[] = {3 << 3 | CZM_WIRE_VARINT, true}; // TensorShapeProto
    model->output_shape = czm_bytes_of(unknown_rank, sizeof unknown_rank);
}

czm_graph *czm_model_function(const czm_model *model, czm_bytes name) {
    return czm_name_find(&model->functions_by_name, name);
}

static czm_name_slot *slot_of(czm_model *model, const czm_graph *function) {
    return czm_name_slot_for(model->arena, &model->functions_by_name,
                             czm_bytes_text(function->name));
}

void czm_model_add_function(czm_model *model, czm_graph *function) {
    *CZM_APPEND(model->arena, &model->functions) = function;
    slot_of(model, function)->value = function;
}

void czm_model_keep_functions(czm_model *model, bool (*is_kept)(const czm_graph *function)) {
    size_t kept = 0;
    for (size_t i = 0; i < model->functions.count; i++) {
        czm_graph *function = model->functions.items[i];
        if (is_kept(function))
            model->functions.items[kept++] = function;
        else
            slot_of(model, function)->value = NULL;
    }
    model->functions.count = kept;
}

static bool sum_args(const czm_node *node, const czm_op_arg *args, size_t count, size_t *sum) {
    *sum = 0;
    for (size_t size, i = 0; i < count; i++) {
        if (!czm_arg_size(node, &args[i], &size)) return false;
        *sum += size;
    }
    return true;
}

bool czm_node_output_count(const czm_node *node, size_t *count) {
    return node->def && sum_args(node, node->def->outputs, node->def->output_count, count);
}

bool czm_node_input_count(const czm_node *node, size_t *count) {
    return node->def && sum_args(node, node->def->inputs, node->def->input_count, count);
}

czm_dtype czm_tensor_dtype(czm_tensor tensor) {
    const czm_op *def = tensor.node->def;
    size_t index = tensor.index;
    for (size_t size, i = 0; def && i < def->output_count; i++) {
        if (!czm_arg_size(tensor.node, &def->outputs[i], &size)) break;
        if (index < size) return czm_arg_dtype(tensor.node, &def->outputs[i], index);
        index -= size;
    }
    return CZM_DTYPE_NONE;
}

const char *czm_node_inputs_fault(czm_arena *arena, const czm_node *node) {
    size_t count, size, at = 0;
    if (!czm_node_input_count(node, &count)) return NULL;
    if (count != node->inputs.count)
        return czm_arena_format(arena, "has %zu input%s instead of %zu", node->inputs.count,
                                node->inputs.count == 1 ? "" : "s", count);
    for (size_t i = 0; i < node->def->input_count; i++) {
        const czm_op_arg *arg = &node->def->inputs[i];
        czm_arg_size(node, arg, &size);
        for (size_t k = 0; k < size; k++) {
            czm_dtype wanted = czm_arg_dtype(node, arg, k) % CZM_DTYPE_REF;
            czm_dtype given = czm_tensor_dtype(node->inputs.items[at++]) % CZM_DTYPE_REF;
            if (wanted != given && wanted != CZM_DTYPE_NONE && given != CZM_DTYPE_NONE)
                return czm_arena_format(arena, "reads a tensor of %s instead of %s",
                                        czm_dtype_name(given), czm_dtype_name(wanted));
        }
    }
    return NULL;
}

// TensorProto: dtype=1, tensor_shape=2 {dim=2 {size=1}}, tensor_content=4.
czm_tensor czm_add_const(czm_graph *graph, const char *name, czm_dtype dtype, czm_bytes content,
                         const int64_t *dims, size_t rank) {
    czm_node *node = czm_graph_add(graph, name, CZM_OP_Const);
    czm_buffer value = czm_buffer_in(graph->arena);
    size_t tensor = czm_put_begin(&value, 8); // AttrValue.tensor
    czm_put_varint(&value, 1, (uint64_t)dtype);
    size_t shape = czm_put_begin(&value, 2);
    for (size_t i = 0; i < rank; i++) {
        size_t dim = czm_put_begin(&value, 2);
        if (dims[i]) czm_put_varint(&value, 1, (uint64_t)dims[i]);
        czm_put_end(&value, dim);
    }
    czm_put_end(&value, shape);
    czm_put_bytes(&value, 4, content);
    czm_put_end(&value, tensor);
    czm_set_type(graph, node, "dtype", dtype);
    czm_set_attr(graph, node, "value", czm_buffer_bytes(&value));
    return czm_output(node);
}

czm_tensor czm_add_const_ints(czm_graph *graph, const char *name, const int32_t *values,
                              size_t count, bool is_scalar) {
    czm_buffer content = czm_buffer_in(graph->arena);
    int64_t dim = (int64_t)count;
    for (size_t i = 0; i < count; i++) czm_put_raw_le(&content, (uint32_t)values[i], 4);
    return czm_add_const(graph, name, CZM_DTYPE_INT32, czm_buffer_bytes(&content), &dim,
                         is_scalar ? 0 : 1);
}

const char *czm_model_exporter(const czm_model *model) {
    const char *exporter = model->exporter ? model->exporter : "";
    bool is_version = *exporter >= '0' && *exporter <= '9';
    return is_version ? czm_arena_format(model->arena, "TensorFlow %s", exporter) : exporter;
}
