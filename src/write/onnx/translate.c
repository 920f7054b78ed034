// SPDX-License-Identifier: Apache-2.0
//
// The translation itself: which nodes are needed, the order of translation, and the removal of unused nodes. The
// rules are in ops_*.c, the table of them in op/ops.def.
#include "write/onnx/translate.h"

#include "passes/onnx/prepare.h"
#include "write/onnx/ops.h"
#include "write/onnx/runtime.h"
#include "write/onnx/scope.h"

enum { DEEPEST_NEST = 32, MOST_STEPS = 1 << 20 }; // limits for hostile files

// ---- the table

static const czm_onnx_op ops[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define ONNX(rule, text) .translate = czm_onnx_##rule, .detail = text,
#include "op/ops.def"
};

// ---- one node

static bool is_known(const czm_onnx_value *value) {
    if (!value->known.elements) return false;
    for (size_t i = 0; i < value->known.count; i++)
        if (!value->known.elements[i].is_known) return false;
    return true;
}

static bool is_settled(const czm_node *node) {
    const czm_onnx_value *values = node->scratch;
    size_t count;
    if (!czm_node_output_count(node, &count) || count == 0) return false;
    for (size_t i = 0; i < count; i++)
        if (!is_known(&values[i])) return false;
    return true;
}

// In a damaged file, inputs may be missing. Unknown ops are rejected anyway.
static bool has_all_inputs(const czm_node *node) {
    size_t count;
    return !node->def || (czm_node_input_count(node, &count) && count == node->inputs.count);
}

static bool reads_selection(const czm_node *node) {
    bool does = czm_node_traits(node)->selects;
    for (size_t i = 0; i < node->inputs.count && !does; i++) {
        czm_tensor in = node->inputs.items[i];
        does = ((const czm_onnx_value *)in.node->scratch)[in.index].may_be_empty;
    }
    return does;
}

static void note_empties(czm_onnx_step *step) {
    if (!reads_selection(step->node)) return;
    for (size_t i = 0; i < step->output_count; i++) {
        czm_onnx_value *value = &step->outputs[i];
        czm_tensor tensor = {(czm_node *)step->node, (uint32_t)i};
        const char *names[] = {value->plain, value->planar};
        value->may_be_empty =
            !czm_shape_is_complete(czm_shape_of_sample(step->scope->shapes, tensor));
        for (size_t k = 0; k < 2 && value->may_be_empty; k++)
            if (names[k])
                czm_name_slot_for(step->arena, &step->translator->empties, czm_bytes_text(names[k]))
                    ->value = value;
    }
}

static void translate_node(czm_onnx_translator *t, czm_onnx_scope *scope, const czm_node *node) {
    if (is_settled(node)) return;
    const czm_onnx_op *op = &ops[czm_node_kind(node)];
    size_t count;
    czm_onnx_step step = {
        t,          scope,    t->context->arena, node,
        op->detail, t->opset, node->scratch,     czm_node_output_count(node, &count) ? count : 1};
    if (!has_all_inputs(node)) {
        czm_onnx_refuse(&step, "an input is missing");
        return;
    }
    if (++t->steps > MOST_STEPS)
        czm_onnx_refuse(&step, "its functions expand to too many operations");
    else if (czm_attr_is(node, "bad_indices_policy", "IGNORE"))
        czm_onnx_refuse(&step, "it ignores positions outside the tensor, which ONNX cannot");
    else if (czm_onnx_has_complex(&step))
        czm_onnx_complex(&step, op->translate);
    else if (op->translate)
        op->translate(&step);
    else
        czm_onnx_refuse(&step, "ONNX has no equivalent of it, or czmodel does not support it");
    note_empties(&step);
}

// ---- values

// Makes the values of a node's outputs, with their inferred shapes.
static void new_values(czm_onnx_translator *t, const czm_onnx_scope *scope, czm_node *node) {
    size_t count;
    if (!czm_node_output_count(node, &count) || count == 0) count = 1;
    czm_onnx_value *values = CZM_NEW_ARRAY(t->context->arena, czm_onnx_value, count);
    for (size_t i = 0; i < count; i++) {
        czm_tensor tensor = {node, (uint32_t)i};
        values[i].dtype = czm_tensor_dtype(tensor);
        values[i].shape = czm_shape_of(scope->shapes, tensor);
        values[i].known = czm_value_of(scope->shapes, tensor);
    }
    node->scratch = values;
}

static void count_readers(const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++) {
            czm_tensor read = graph->nodes.items[i]->inputs.items[k];
            ((czm_onnx_value *)read.node->scratch)[read.index].readers++;
        }
    for (size_t i = 0; i < graph->outputs.count; i++) {
        czm_tensor read = graph->outputs.items[i].tensor;
        ((czm_onnx_value *)read.node->scratch)[read.index].readers++;
    }
}

static void begin_values(czm_onnx_translator *t, const czm_onnx_scope *scope,
                         const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++) new_values(t, scope, graph->nodes.items[i]);
    count_readers(graph);
}

// ---- a graph

// The mark of the first value counts for the node.
static void mark(czm_tensor tensor) { ((czm_onnx_value *)tensor.node->scratch)->is_needed = true; }

// Marks all nodes that the outputs need, except those that only known values depend on.
static void mark_needed(const czm_graph *graph) {
    for (size_t i = 0; i < graph->outputs.count; i++) mark(graph->outputs.items[i].tensor);
    for (size_t i = graph->nodes.count; i-- > 0;) {
        const czm_node *node = graph->nodes.items[i];
        const czm_onnx_value *values = node->scratch;
        if (!values->is_needed || is_settled(node)) continue;
        for (size_t k = 0; k < node->inputs.count; k++) mark(node->inputs.items[k]);
    }
}

static czm_onnx_value *value_of(czm_tensor tensor) {
    return (czm_onnx_value *)tensor.node->scratch + tensor.index;
}

static bool translate_nodes(czm_onnx_translator *t, czm_onnx_scope *scope, const czm_graph *graph) {
    mark_needed(graph);
    for (size_t i = 0; i < graph->nodes.count && t->status == CZM_OK; i++) {
        const czm_node *node = graph->nodes.items[i];
        bool is_given = czm_node_is(node, CZM_OP__Arg) || czm_node_is(node, CZM_OP_Placeholder);
        if (!is_given && ((czm_onnx_value *)node->scratch)->is_needed)
            translate_node(t, scope, node);
    }
    return t->status == CZM_OK;
}

static const czm_shapes *infer_function(czm_onnx_step *step, const czm_graph *graph,
                                        const czm_onnx_value *inputs) {
    czm_argument *arguments = CZM_NEW_ARRAY(step->arena, czm_argument, graph->inputs.count);
    for (size_t i = 0; i < graph->inputs.count; i++)
        arguments[i] =
            (czm_argument){inputs[i].shape, inputs[i].known,
                           czm_tensor_dtype(graph->inputs.items[i].tensor) == CZM_DTYPE_RESOURCE};
    return czm_shapes_infer_function(step->arena, step->translator->model, graph, arguments);
}

bool czm_onnx_inline_function(czm_onnx_step *step, czm_bytes name, const czm_onnx_value *inputs,
                              size_t input_count, czm_onnx_value *outputs, size_t output_count) {
    const czm_graph *graph = czm_model_function(step->translator->model, name);
    if (!graph || graph->inputs.count != input_count || graph->outputs.count != output_count) {
        czm_onnx_refuse(step, "its function \"%.*s\" is missing", (int)name.size,
                        (const char *)name.data);
        return false;
    }
    if (step->scope->nesting == DEEPEST_NEST) {
        czm_onnx_refuse(step, "functions call each other more deeply than is supported");
        return false;
    }
    czm_onnx_scope scope = *step->scope;
    scope.nesting++;
    scope.shapes = infer_function(step, graph, inputs);
    begin_values(step->translator, &scope, graph);
    for (size_t i = 0; i < input_count; i++) {
        czm_onnx_value *argument = value_of(graph->inputs.items[i].tensor);
        size_t readers = argument->readers;
        *argument = inputs[i];
        argument->readers = readers;
        argument->open = NULL;
    }
    if (!translate_nodes(step->translator, &scope, graph)) return false;
    for (size_t i = 0; i < output_count; i++) {
        outputs[i] = *value_of(graph->outputs.items[i].tensor);
        outputs[i].open = NULL;
    }
    return true;
}

// ---- nodes without readers

typedef struct sweep {
    czm_arena *arena;
    czm_name_table read;
} sweep;

static void read_name(sweep *s, const char *name) {
    if (*name) czm_name_slot_for(s->arena, &s->read, czm_bytes_text(name))->value = s;
}

// From the last node to the first; names of an outer graph may be read in an inner one.
static void sweep_graph(sweep *s, czm_onnx_graph *graph) {
    for (size_t i = 0; i < graph->outputs.count; i++) read_name(s, graph->outputs.items[i].name);
    for (size_t i = graph->nodes.count; i-- > 0;) {
        czm_onnx_node *node = graph->nodes.items[i];
        bool is_read = false;
        for (size_t k = 0; k < node->output_count; k++)
            is_read |= czm_name_find(&s->read, czm_bytes_text(node->outputs[k])) != NULL;
        if (!is_read) {
            graph->nodes.items[i] = NULL;
            continue;
        }
        for (size_t k = 0; k < node->input_count; k++) read_name(s, node->inputs[k]);
        for (size_t k = 0; k < node->attrs.count; k++)
            if (node->attrs.items[k].graph) sweep_graph(s, node->attrs.items[k].graph);
    }
    size_t kept = 0;
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]) graph->nodes.items[kept++] = graph->nodes.items[i];
    graph->nodes.count = kept;
    for (size_t i = 0; i < graph->weights.count; i++) {
        czm_onnx_weight *w = graph->weights.items[i];
        w->is_read = czm_name_find(&s->read, czm_bytes_text(w->name)) != NULL;
    }
}

// ---- the model

static czm_status begin_input(czm_onnx_translator *t, const czm_graph *graph) {
    const czm_port *port = &graph->inputs.items[0];
    czm_onnx_value *value = value_of(port->tensor);
    value->plain = czm_onnx_unique_name(t, "input");
    *CZM_APPEND(t->context->arena, &t->result->graph.inputs) =
        (czm_onnx_port){value->plain, value->dtype, value->shape};
    return CZM_OK;
}

// The output gets its own name, even if it is the input itself.
static void end_output(czm_onnx_translator *t, czm_onnx_scope *scope, const czm_graph *graph) {
    czm_tensor tensor = graph->outputs.items[0].tensor;
    czm_onnx_step step = {t,    scope,    t->context->arena,    tensor.node,
                          NULL, t->opset, tensor.node->scratch, 1};
    czm_onnx_value *value = value_of(tensor);
    const char *plain = czm_onnx_plain_of(&step, value);
    CZM_ONNX(&step, "Identity", plain);
    czm_onnx_last(&step)->outputs[0] = czm_onnx_unique_name(t, "output");
    *CZM_APPEND(t->context->arena, &t->result->graph.outputs) =
        (czm_onnx_port){czm_onnx_last(&step)->outputs[0], value->dtype, value->shape};
}

// If the input's rank is open, it is assumed to be an image: [batch, height, width, channels].
static const czm_shapes *shapes_of_pictures(czm_context *context, const czm_model *model,
                                            const czm_shapes *shapes) {
    static const int64_t dims[] = {CZM_UNKNOWN, CZM_UNKNOWN, CZM_UNKNOWN, CZM_UNKNOWN};
    const czm_shape picture = {CZM_COUNT_OF(dims), dims};
    if (czm_shape_of(shapes, model->main.inputs.items[0].tensor).rank != CZM_UNKNOWN) return shapes;
    return czm_shapes_infer_any(context->arena, model, &picture);
}

czm_status czm_onnx_translate(czm_context *context, czm_model *model, int opset,
                              czm_onnx_model *result) {
    const czm_shapes *shapes = czm_onnx_prepare(context->arena, model);
    *result = (czm_onnx_model){.opset = opset,
                               .exporter = czm_model_exporter(model),
                               .graph.name = "network"};
    czm_onnx_translator t = {.context = context,
                             .model = model,
                             .variables = czm_variables_by_order(context->arena, model),
                             .opset = opset,
                             .result = result};
    czm_onnx_scope scope = {.graph = &result->graph,
                            .shapes = shapes_of_pictures(context, model, shapes)};
    begin_values(&t, &scope, &model->main);
    CZM_TRY(begin_input(&t, &model->main));
    if (!translate_nodes(&t, &scope, &model->main)) return t.status;
    end_output(&t, &scope, &model->main);
    sweep s = {.arena = context->arena};
    sweep_graph(&s, &result->graph);
    if (t.status == CZM_OK) czm_onnx_fit_runtime(&t);
    return t.status;
}
