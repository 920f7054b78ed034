// SPDX-License-Identifier: Apache-2.0
//
// Pass "fold"; see fold.h. For TensorFlow 2.0.0, only nodes that it cannot compute become constants. For ONNX, small
// results become constants too, and large ones if they depend on an operation without an equivalent in ONNX.
#include "fold/fold.h"
#include "op/number.h"
#include "shape/shape.h"

enum { SMALL_VALUE = 1 << 16, LARGEST_VALUE = 1 << 21 }; // elements

typedef struct folding {
    czm_context *context;
    czm_model *model;
    czm_pass_target target;
    czm_graph *graph;
    const czm_variable_index *variables;
    const bool *is_open; // by order
    bool *is_rare;       // by order: it is a rare operation, or depends on one
    bool *is_wanted;     // by order: it will become a constant
} folding;

static bool is_source(const czm_node *node) {
    return czm_node_is(node, CZM_OP_Const) || czm_node_is(node, CZM_OP_VarHandleOp) ||
           czm_node_is(node, CZM_OP_ReadVariableOp);
}

static void find_rare(folding *f) {
    for (size_t i = 0; i < f->graph->nodes.count; i++) {
        const czm_node *node = f->graph->nodes.items[i];
        f->is_rare[node->order] = czm_node_traits(node)->is_rare;
        for (size_t k = 0; k < node->inputs.count; k++)
            f->is_rare[node->order] |= f->is_rare[node->inputs.items[k].node->order];
    }
}

// ---- the wanted nodes

static czm_dtype type_named(const void *node, czm_bytes attr) {
    return czm_attr_type_named(node, attr);
}

static bool can_run(const czm_node *node) {
    return node->def && node->def->in_target && czm_op_has_kernel(node->def, type_named, node);
}

// A constant outside the frame of a loop cannot be read inside.
static bool is_candidate(const folding *f, const czm_node *node) {
    bool is_closed = !f->is_open[node->order] && !is_source(node) && node->inputs.count > 0;
    for (size_t i = 0; is_closed && i < node->inputs.count; i++)
        is_closed = node->inputs.items[i].node->controls.count == 0;
    return is_closed && node->controls.count == 0 && node->def && !node->def->is_stateful;
}

static void want(folding *f, const czm_node *node) {
    if (is_candidate(f, node)) f->is_wanted[node->order] = true;
}

// For ONNX: the last node of each chain, whose reader does not become a constant.
static void find_last(folding *f) {
    for (size_t i = 0; i < f->graph->nodes.count; i++) {
        const czm_node *node = f->graph->nodes.items[i];
        for (size_t k = 0; f->is_open[node->order] && k < node->inputs.count; k++)
            want(f, node->inputs.items[k].node);
    }
    for (size_t i = 0; i < f->graph->outputs.count; i++)
        want(f, f->graph->outputs.items[i].tensor.node);
}

static bool find_wanted(folding *f) {
    size_t count = 0;
    if (f->target == CZM_FOR_ONNX) find_last(f);
    for (size_t i = 0; i < f->graph->nodes.count; i++) {
        const czm_node *node = f->graph->nodes.items[i];
        if (f->target != CZM_FOR_ONNX && !can_run(node)) want(f, node);
        count += f->is_wanted[node->order];
    }
    return count > 0;
}

// ---- computing

static czm_bytes read_weight(void *user, const czm_node *handle) {
    const folding *f = user;
    return czm_fold_read_weight(f->context, czm_variable_of(f->variables, handle),
                                LARGEST_VALUE * sizeof(double));
}

// All nodes that the wanted nodes depend on.
static bool *choose(const folding *f, bool is_rare) {
    bool *is_chosen = CZM_NEW_ARRAY(f->context->arena, bool, f->graph->nodes.count + 1);
    for (size_t i = f->graph->nodes.count; i-- > 0;) {
        const czm_node *node = f->graph->nodes.items[i];
        is_chosen[node->order] |= f->is_wanted[node->order] && f->is_rare[node->order] == is_rare;
        for (size_t k = 0; is_chosen[node->order] && k < node->inputs.count; k++)
            is_chosen[node->inputs.items[k].node->order] = true;
    }
    return is_chosen;
}

// ---- constants

static bool can_write(czm_dtype dtype) {
    return czm_dtype_size(dtype) > 0 && dtype != CZM_DTYPE_COMPLEX64 &&
           dtype != CZM_DTYPE_COMPLEX128;
}

// The value of a tensor as bytes; false if not all of it is known.
static bool write_value(const folding *f, czm_dtype dtype, czm_value value, czm_buffer *bytes) {
    *bytes = czm_buffer_in(f->context->arena);
    for (size_t i = 0; i < value.count; i++) {
        if (!value.elements[i].is_known || !czm_number_put(bytes, dtype, value.elements[i].number))
            return false;
    }
    return value.elements != NULL && can_write(dtype);
}

// Output 0 replaces the node in place. The readers of further outputs are redirected.
static void fold_node(folding *f, const czm_shapes *shapes, czm_node *node) {
    size_t count;
    if (!czm_node_output_count(node, &count) || count == 0) return;
    czm_tensor *constants = CZM_NEW_ARRAY(f->context->arena, czm_tensor, count);
    for (size_t i = 0; i < count; i++) {
        czm_tensor tensor = {node, (uint32_t)i};
        czm_shape shape = czm_shape_of(shapes, tensor);
        czm_dtype dtype = czm_tensor_dtype(tensor);
        czm_buffer bytes;
        if (!write_value(f, dtype, czm_value_of(shapes, tensor), &bytes)) return;
        constants[i] = czm_add_const(f->graph, node->name, dtype, czm_buffer_bytes(&bytes),
                                     shape.dims, (size_t)shape.rank);
    }
    node->scratch = constants;
}

static void follow(czm_tensor *tensor) {
    const czm_tensor *constants = tensor->node->scratch;
    if (constants) *tensor = constants[tensor->index];
}

static void fold_chosen(folding *f, bool is_rare) {
    size_t count = f->graph->nodes.count;
    const czm_computation computation = {.is_chosen = choose(f, is_rare),
                                         .most_elements = is_rare || f->target != CZM_FOR_ONNX
                                                              ? LARGEST_VALUE
                                                              : SMALL_VALUE,
                                         .read = read_weight,
                                         .user = f};
    const czm_shapes *shapes =
        czm_shapes_compute(f->context->arena, f->model, f->graph, &computation);
    for (size_t i = 0; i < count; i++) {
        czm_node *node = f->graph->nodes.items[i];
        if (f->is_wanted[node->order] && f->is_rare[node->order] == is_rare && node->order)
            fold_node(f, shapes, node);
    }
}

static void fold_graph(czm_context *context, czm_model *model, czm_pass_target target,
                       czm_graph *graph, const czm_variable_index *variables) {
    size_t count = graph->nodes.count;
    folding f = {context,
                 model,
                 target,
                 graph,
                 variables,
                 czm_fold_find_open(context->arena, graph, NULL),
                 CZM_NEW_ARRAY(context->arena, bool, count + 1),
                 CZM_NEW_ARRAY(context->arena, bool, count + 1)};
    find_rare(&f);
    if (!find_wanted(&f)) return;
    for (size_t i = 0; i < count; i++) graph->nodes.items[i]->scratch = NULL;
    fold_chosen(&f, false);
    fold_chosen(&f, true);
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++)
            follow(&graph->nodes.items[i]->inputs.items[k]);
    for (size_t i = 0; i < graph->outputs.count; i++) follow(&graph->outputs.items[i].tensor);
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->scratch = NULL;
}

void czm_fold_constants(czm_context *context, czm_model *model, czm_pass_target target) {
    const czm_variable_index variables = czm_variables_by_order(context->arena, model);
    fold_graph(context, model, target, &model->main, &variables);
    for (size_t i = 0; i < model->functions.count; i++)
        fold_graph(context, model, target, model->functions.items[i], &variables);
}
