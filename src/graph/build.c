// SPDX-License-Identifier: Apache-2.0
//
// Making nodes from their inputs; see build.h.
#include "graph/build.h"

static bool is_list(const czm_op_arg *arg) { return arg->count_attr.size || arg->list_attr.size; }

// The number of inputs of each list argument: they share the inputs that the other arguments leave.
static size_t list_size(const czm_op *def, size_t input_count) {
    size_t lists = 0;
    for (size_t i = 0; i < def->input_count; i++) lists += is_list(&def->inputs[i]);
    size_t singles = def->input_count - lists;
    return lists && input_count > singles ? (input_count - singles) / lists : 0;
}

static const char *missing_attr(czm_graph *graph, const czm_node *node, czm_bytes name) {
    const char *text = czm_arena_string(graph->arena, name);
    return name.size && !czm_node_has_attr(node, text) ? text : NULL;
}

static void derive(czm_graph *graph, czm_node *node, const czm_op_arg *arg, size_t first,
                   size_t count) {
    czm_dtype *types = CZM_NEW_ARRAY(graph->arena, czm_dtype, count);
    for (size_t i = 0; i < count && first + i < node->inputs.count; i++)
        types[i] = czm_tensor_dtype(node->inputs.items[first + i]);
    const char *number = missing_attr(graph, node, arg->count_attr);
    const char *list = missing_attr(graph, node, arg->list_attr);
    const char *type = missing_attr(graph, node, arg->type_attr);
    if (number) czm_set_int(graph, node, number, (int64_t)count);
    if (list) czm_set_types(graph, node, list, types, count);
    if (type && count && types[0]) czm_set_type(graph, node, type, types[0]);
}

void czm_node_derive_attrs(czm_graph *graph, czm_node *node) {
    const czm_op *def = node->def;
    size_t size = def ? list_size(def, node->inputs.count) : 0;
    for (size_t i = 0, at = 0; def && i < def->input_count; i++) {
        size_t count = is_list(&def->inputs[i]) ? size : 1;
        derive(graph, node, &def->inputs[i], at, count);
        at += count;
    }
}

static void read_inputs(czm_graph *graph, czm_node *node, const czm_tensor *inputs, size_t count) {
    for (size_t i = 0; i < count; i++) czm_node_add_input(graph, node, inputs[i]);
    czm_node_derive_attrs(graph, node);
}

czm_node *czm_build_node(czm_graph *graph, const char *name, czm_op_kind op,
                         const czm_tensor *inputs, size_t count) {
    czm_node *node = czm_graph_add(graph, name, op);
    read_inputs(graph, node, inputs, count);
    return node;
}

void czm_build_anew(czm_graph *graph, czm_node *node, czm_op_kind op, const czm_tensor *inputs,
                    size_t count) {
    czm_node_become(graph, node, op);
    node->inputs = (czm_tensor_list){0};
    node->attrs = (czm_attr_list){0};
    read_inputs(graph, node, inputs, count);
}

czm_tensor czm_build_cast(czm_graph *graph, const char *name, czm_tensor tensor, czm_dtype to) {
    if (czm_tensor_dtype(tensor) == to) return tensor;
    czm_node *cast = czm_build_node(graph, name, CZM_OP_Cast, &tensor, 1);
    czm_set_type(graph, cast, "DstT", to);
    return czm_output(cast);
}

static czm_node *build_source(czm_graph *graph, const char *name, czm_op_kind op, czm_dtype dtype,
                              czm_bytes shape) {
    czm_node *node = czm_graph_add(graph, name, op);
    czm_set_type(graph, node, "dtype", dtype);
    czm_set_attr(graph, node, "shape", shape);
    return node;
}

czm_tensor czm_build_input(czm_graph *graph, const char *name, czm_dtype dtype, czm_bytes shape) {
    czm_tensor input = czm_output(build_source(graph, name, CZM_OP_Placeholder, dtype, shape));
    *CZM_APPEND(graph->arena, &graph->inputs) = (czm_port){name, input, dtype};
    return input;
}

czm_node *czm_build_variable(czm_graph *graph, const char *name, czm_dtype dtype, czm_bytes shape) {
    return build_source(graph, name, CZM_OP_VarHandleOp, dtype, shape);
}

czm_tensor czm_build_read(czm_graph *graph, const char *name, czm_node *handle) {
    czm_node *read =
        czm_build_node(graph, name, CZM_OP_ReadVariableOp, CZM_INPUTS(czm_output(handle)));
    czm_set_type(graph, read, "dtype", czm_attr_type(handle, "dtype"));
    return czm_output(read);
}
