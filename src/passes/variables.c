// SPDX-License-Identifier: Apache-2.0
//
// Pass "variables": a reference variable (VariableV2) becomes a resource variable and a read of it, in place, so that
// there is one kind of variable to save and restore. Readers of the reference then read the value, so ops that pass
// references on become ops that pass values on.
#include "graph/build.h"
#include "passes/passes.h"

static void read_resource(czm_graph *graph, czm_node *node, czm_variable *variable) {
    czm_dtype dtype = czm_attr_type(node, "dtype");
    czm_node *handle = czm_build_variable(graph, node->name, dtype, czm_node_attr(node, "shape"));
    node->name = czm_arena_format(graph->arena, "%s/ReadVariableOp", node->name);
    czm_build_anew(graph, node, CZM_OP_ReadVariableOp, CZM_INPUTS(czm_output(handle)));
    czm_set_type(graph, node, "dtype", dtype);
    if (variable) variable->handle = handle;
}

void czm_pass_variables(czm_context *context, czm_model *model, czm_pass_target target) {
    (void)target;
    const czm_variable_index variables = czm_variables_by_order(context->arena, model);
    size_t count = model->main.nodes.count;
    for (size_t i = 0; i < count; i++) {
        czm_node *node = model->main.nodes.items[i];
        czm_op_kind by_value = czm_node_traits(node)->by_value;
        if (by_value) czm_node_become(&model->main, node, by_value);
        if (czm_node_is(node, CZM_OP_VariableV2) || czm_node_is(node, CZM_OP_Variable))
            read_resource(&model->main, node, czm_variable_of(&variables, node));
    }
}
