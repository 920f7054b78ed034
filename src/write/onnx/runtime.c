// SPDX-License-Identifier: Apache-2.0
//
// Changes for ONNX Runtime; see runtime.h. If it has no kernel for an element type, the node is computed in a wider
// type: the inputs are cast, and the result is cast back.
#include "write/onnx/runtime.h"

#include "write/onnx/kernels.h"

typedef struct fitting {
    czm_onnx_translator *translator;
    czm_arena *arena;
    int opset;
    czm_name_table types;   // name of a tensor -> its czm_onnx_type
    czm_name_table weights; // name of an initializer -> its czm_onnx_weight
} fitting;

static void fit_graph(fitting *f, czm_onnx_graph *graph);

static bool is_op(const czm_onnx_node *node, const char *op) {
    return node && czm_text_equal(node->op, op);
}

static czm_onnx_type type_of(const fitting *f, const char *name) {
    const czm_onnx_type *type = czm_name_find(&f->types, czm_bytes_text(name));
    return type ? *type : 0;
}

static void note_type(fitting *f, const char *name, czm_onnx_type type) {
    czm_onnx_type *kept = CZM_NEW(f->arena, czm_onnx_type);
    *kept = type;
    czm_name_slot_for(f->arena, &f->types, czm_bytes_text(name))->value = kept;
}

static czm_onnx_step step_for(fitting *f, czm_onnx_scope *scope, const czm_onnx_node *node) {
    return (czm_onnx_step){.translator = f->translator,
                           .scope = scope,
                           .arena = f->arena,
                           .node = node->source,
                           .opset = f->opset};
}

// ---- a product and a sum

// 1.4.0 joins MatMul and Add, and crashes if the shape of the added tensor is unknown. It does not join this pair of
// nodes.
static void part_from_product(fitting *f, czm_onnx_node *sum) {
    if (!is_op(sum, "Add") || f->opset != CZM_ONNX_OLD) return;
    for (size_t i = 0; i < 2; i++) {
        bool is_weight = czm_name_find(&f->weights, czm_bytes_text(sum->inputs[1 - i])) != NULL;
        if (is_op(czm_onnx_maker_of(f->translator, sum->inputs[i]), "MatMul") && !is_weight)
            sum->op = "Sum";
    }
}

// ---- half of a tensor

// The tensor of which the node is half, as in 0.5 * x * (1 + tanh(...)); NULL: it is something else.
static const char *halved_by(const fitting *f, const czm_onnx_node *node) {
    uint8_t half[sizeof(float)];
    czm_store_float(half, 0.5F);
    for (size_t i = 0; i < 2 && is_op(node, "Mul"); i++) {
        const czm_onnx_weight *w = czm_name_find(&f->weights, czm_bytes_text(node->inputs[i]));
        if (w && w->dtype == CZM_DTYPE_FLOAT &&
            czm_bytes_equal(w->content, czm_bytes_of(half, sizeof half)))
            return node->inputs[1 - i];
    }
    return NULL;
}

static size_t *count_for(fitting *f, czm_name_table *counts, const char *name) {
    czm_name_slot *slot = czm_name_slot_for(f->arena, counts, czm_bytes_text(name));
    if (!slot->value) slot->value = CZM_NEW(f->arena, size_t);
    return slot->value;
}

// 1.4 to 1.32 merge equal nodes, join the nodes of a GELU by tanh, and then miss its half if other nodes read that too.
// They do not join a quotient, which has the same values.
static void part_from_gelu(fitting *f, const czm_onnx_graph *graph, czm_name_table *readers) {
    czm_name_table halves = {0}; // name of a tensor -> the number of nodes that read half of it
    czm_onnx_scope scope = {.graph = (czm_onnx_graph *)graph};
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const char *of = halved_by(f, graph->nodes.items[i]);
        if (of)
            *count_for(f, &halves, of) += *count_for(f, readers, graph->nodes.items[i]->outputs[0]);
    }
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_onnx_node *node = graph->nodes.items[i];
        const char *of = halved_by(f, node);
        if (!of || *count_for(f, &halves, of) < 2) continue;
        czm_onnx_step step = step_for(f, &scope, node);
        node->op = "Div";
        node->inputs[0] = of;
        node->inputs[1] = czm_onnx_number(&step, CZM_DTYPE_FLOAT, 2);
        note_type(f, node->inputs[1], CZM_ONNX_TYPE_FLOAT);
    }
}

// ---- types

static czm_onnx_type made_by_cast(const czm_onnx_node *node) {
    return is_op(node, "Cast") ? (czm_onnx_type)node->attrs.items[0].ints[0] : 0;
}

static const char *emit_cast(fitting *f, czm_onnx_step *step, const char *of, czm_onnx_type to) {
    const char *name = CZM_ONNX(step, "Cast", of);
    czm_onnx_set_int(step, "to", to);
    note_type(f, name, to);
    return name;
}

// 1.4 to 1.16 join two casts, even if the first one rounds or wraps: a dimension that comes and goes separates them (of a
// Reshape to its own shape, 1.18 to 1.22 infer no dimensions). Casts of sizes from int64 to int32 and back are exact
// and stay.
static const char *apart_from_cast(fitting *f, czm_onnx_step *step, const char *name) {
    const czm_onnx_node *maker = czm_onnx_maker_of(f->translator, name);
    if (!is_op(maker, "Cast")) return name;
    czm_onnx_type from = type_of(f, maker->inputs[0]), to = type_of(f, name);
    bool is_size = from == CZM_ONNX_TYPE_INT64 && to == CZM_ONNX_TYPE_INT32;
    if (is_size || czm_onnx_type_holds(to, from)) return name;
    static const int64_t front = 0;
    name = czm_onnx_emit_with_axes(step, "Unsqueeze", name, &front, 1, 13);
    name = czm_onnx_emit_with_axes(step, "Squeeze", name, &front, 1, 13);
    note_type(f, name, to);
    return name;
}

static const char *widened(fitting *f, czm_onnx_step *step, const char *name, czm_onnx_type to) {
    return emit_cast(f, step, apart_from_cast(f, step, name), to);
}

static void widen_inputs(fitting *f, czm_onnx_step *step, czm_onnx_node *node,
                         const czm_onnx_typing *t) {
    for (size_t i = 0; i < node->input_count; i++) {
        int letter = czm_onnx_letter(t->kernel->inputs, i);
        if (letter < 0 || !*node->inputs[i] || t->have[letter] == t->want[letter]) continue;
        node->inputs[i] = widened(f, step, node->inputs[i], t->want[letter]);
    }
}

// The result gets a new name, and the cast result the old one.
static void narrow_outputs(fitting *f, czm_onnx_step *step, czm_onnx_node *node,
                           const czm_onnx_typing *t) {
    for (size_t i = 0; i < node->output_count; i++) {
        int letter = czm_onnx_letter(t->kernel->outputs, i);
        const char *name = node->outputs[i];
        note_type(f, name,
                  letter < 0 ? czm_onnx_fixed_type(t->kernel->outputs, i) : t->have[letter]);
        if (letter < 0 || t->have[letter] == t->want[letter]) continue;
        node->outputs[i] = czm_onnx_new_name(step, "wide");
        note_type(f, node->outputs[i], t->want[letter]);
        emit_cast(f, step, node->outputs[i], t->have[letter]);
        czm_onnx_last(step)->outputs[0] = name;
        czm_onnx_set_maker(f->translator, name, czm_onnx_last(step));
    }
}

// ---- no elements

static bool is_among(const czm_onnx_node *node, const char *const *ops, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is_op(node, ops[i])) return true;
    return false;
}

// 1.4.0 ends the process if these get no elements; the others give none.
static void check_empty(fitting *f, czm_onnx_step *step, const czm_onnx_node *node) {
    static const char *const ending[] = {"MatMul", "TopK", "OneHot"};
    static const char *const passing[] = {"Cast",    "Identity",  "Reshape",
                                          "Squeeze", "Transpose", "Unsqueeze"};
    czm_name_table *empties = &f->translator->empties;
    bool is_empty = false;
    for (size_t i = 0; i < node->input_count; i++)
        is_empty |= czm_name_find(empties, czm_bytes_text(node->inputs[i])) != NULL;
    if (is_empty && is_among(node, passing, CZM_COUNT_OF(passing)))
        czm_name_slot_for(f->arena, empties, czm_bytes_text(node->outputs[0]))->value = f;
    if (is_empty && f->opset == CZM_ONNX_OLD && is_among(node, ending, CZM_COUNT_OF(ending)))
        czm_onnx_refuse_opset(step, "must work in ONNX Runtime 1.4.0, which ends if the image "
                                    "selects no elements for this operation");
}

static const char *types_text(fitting *f, const czm_onnx_type *types, size_t count) {
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = czm_arena_format(f->arena, "%s%s%s", text, i ? ", " : "",
                                czm_dtype_name(czm_dtype_of_onnx((uint64_t)types[i])));
    return text;
}

static void fit_node(fitting *f, czm_onnx_scope *scope, czm_onnx_node *node) {
    czm_onnx_step step = step_for(f, scope, node);
    czm_onnx_type *types = CZM_NEW_ARRAY(f->arena, czm_onnx_type, node->input_count);
    czm_onnx_typing typing;
    part_from_product(f, node);
    check_empty(f, &step, node);
    if (is_op(node, "Cast")) node->inputs[0] = apart_from_cast(f, &step, node->inputs[0]);
    for (size_t i = 0; i < node->input_count; i++) types[i] = type_of(f, node->inputs[i]);
    if (!czm_onnx_find_kernel(node->op, f->opset, types, node->input_count, made_by_cast(node),
                              &typing)) {
        czm_onnx_refuse(&step, "ONNX Runtime has no kernel of %s for %s", node->op,
                        types_text(f, types, node->input_count));
        return;
    }
    widen_inputs(f, &step, node, &typing);
    *CZM_APPEND(f->arena, &scope->graph->nodes) = node;
    narrow_outputs(f, &step, node, &typing);
}

// ---- convolutions that branches read

// 1.18 to 1.22 end the process where nothing but the graph of an If or Loop reads a convolution, or what they merge
// into it. They merge no Sum.
static void part_from_branches(fitting *f, czm_onnx_scope *scope, czm_onnx_node *node) {
    static const char *const merged[] = {"Conv", "Add", "Mul", "BatchNormalization"};
    czm_onnx_step step = step_for(f, scope, node);
    for (size_t i = 0; i < CZM_COUNT_OF(merged); i++) {
        if (!is_op(node, merged[i])) continue;
        const char *name = node->outputs[0];
        node->outputs[0] = czm_onnx_new_name(&step, "apart");
        note_type(f, node->outputs[0], type_of(f, name));
        CZM_ONNX(&step, "Sum", node->outputs[0]);
        czm_onnx_last(&step)->outputs[0] = name;
        return;
    }
}

// ---- graphs

// How often nodes of the graph itself read a tensor, or it is the graph's output.
static czm_name_table count_readers(fitting *f, const czm_onnx_graph *graph) {
    czm_name_table readers = {0};
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->input_count; k++)
            ++*count_for(f, &readers, graph->nodes.items[i]->inputs[k]);
    for (size_t i = 0; i < graph->outputs.count; i++)
        ++*count_for(f, &readers, graph->outputs.items[i].name);
    return readers;
}

// The outputs of If and Loop have the types of their graphs' outputs; the first output of a Loop's graph is its
// condition.
static void fit_nest(fitting *f, czm_onnx_graph *graph, czm_onnx_node *node) {
    const czm_onnx_graph *inner = NULL;
    for (size_t i = 0; i < node->attrs.count; i++) {
        if (!node->attrs.items[i].graph) continue;
        inner = node->attrs.items[i].graph;
        fit_graph(f, node->attrs.items[i].graph);
    }
    size_t first = is_op(node, "Loop");
    for (size_t i = 0; inner && i < node->output_count; i++)
        note_type(f, node->outputs[i],
                  (czm_onnx_type)czm_onnx_dtype(inner->outputs.items[first + i].dtype));
    *CZM_APPEND(f->arena, &graph->nodes) = node;
}

static void fit_graph(fitting *f, czm_onnx_graph *graph) {
    czm_onnx_scope scope = {.graph = graph};
    czm_onnx_node **nodes = graph->nodes.items;
    size_t count = graph->nodes.count;
    czm_name_table readers = count_readers(f, graph);
    part_from_gelu(f, graph, &readers);
    graph->nodes.items = NULL;
    graph->nodes.count = graph->nodes.capacity = 0;
    for (size_t i = 0; i < graph->inputs.count; i++)
        note_type(f, graph->inputs.items[i].name,
                  (czm_onnx_type)czm_onnx_dtype(graph->inputs.items[i].dtype));
    for (size_t i = 0; i < count && f->translator->status == CZM_OK; i++) {
        if (is_op(nodes[i], "If") || is_op(nodes[i], "Loop")) {
            fit_nest(f, graph, nodes[i]);
            continue;
        }
        const char *name = nodes[i]->outputs[0];
        fit_node(f, &scope, nodes[i]);
        bool is_widened = nodes[i]->outputs[0] != name; // and a Cast stands behind it
        if (!is_widened && *count_for(f, &readers, name) == 0)
            part_from_branches(f, &scope, nodes[i]);
    }
}

void czm_onnx_fit_runtime(czm_onnx_translator *translator) {
    czm_onnx_graph *graph = &translator->result->graph;
    fitting f = {.translator = translator,
                 .arena = translator->context->arena,
                 .opset = translator->opset};
    for (size_t i = 0; i < graph->weights.count; i++) {
        const czm_onnx_weight *w = graph->weights.items[i];
        note_type(&f, w->name, (czm_onnx_type)czm_onnx_dtype(w->dtype));
        czm_name_slot_for(f.arena, &f.weights, czm_bytes_text(w->name))->value = (void *)w;
    }
    fit_graph(&f, graph);
}
