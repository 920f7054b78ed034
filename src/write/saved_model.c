// SPDX-License-Identifier: Apache-2.0
//
// saved_model.pb, field by field; the messages are listed in read/meta_graph.h.
#include "write/saved_model.h"

#include <stdlib.h>

#include "write/saver.h"

// What TensorFlow 2.0.0 itself writes (tensorflow/core/public/version.h).
enum { PRODUCER = 119, MIN_CONSUMER = 12 };

typedef struct writer {
    czm_arena *arena;
    const czm_model *model;
    czm_buffer out;
} writer;

// ---- nodes

static const char *main_input(writer *w, czm_tensor t) {
    if (t.index == 0) return t.node->name;
    return czm_arena_format(w->arena, "%s:%u", t.node->name, (unsigned)t.index);
}

// In a function: "argument", or "node:output argument:index within it".
static const char *body_input(writer *w, czm_tensor t) {
    if (czm_node_is(t.node, "_Arg")) return t.node->name;
    size_t index = t.index;
    const czm_op *def = t.node->def;
    for (size_t size, i = 0; i < def->output_count; i++) {
        const czm_op_arg *arg = &def->outputs[i];
        if (!czm_arg_size(t.node, arg, &size)) break;
        if (index < size)
            return czm_arena_format(w->arena, "%s:%.*s:%zu", t.node->name, (int)arg->name.size,
                                    (const char *)arg->name.data, index);
        index -= size;
    }
    return t.node->name; // the checks have made sure that this does not happen
}

static int compare_attrs(const void *a, const void *b) {
    return czm_bytes_compare(((const czm_attr *)a)->name, ((const czm_attr *)b)->name);
}

static void put_attrs(writer *w, const czm_node *node) {
    if (node->attrs.count == 0) return;
    czm_attr *sorted = CZM_NEW_ARRAY(w->arena, czm_attr, node->attrs.count);
    memcpy(sorted, node->attrs.items, node->attrs.count * sizeof *sorted);
    qsort(sorted, node->attrs.count, sizeof *sorted, compare_attrs);
    for (size_t i = 0; i < node->attrs.count; i++) {
        size_t entry = czm_put_begin(&w->out, 5);
        czm_put_bytes(&w->out, 1, sorted[i].name);
        czm_put_bytes(&w->out, 2, sorted[i].value);
        czm_put_end(&w->out, entry);
    }
}

// NodeDef: name=1, op=2, input=3, attr=5. `field` is 1 in a GraphDef, 3 in a FunctionDef.
static void put_node(writer *w, uint32_t field, const czm_node *node,
                     const char *(*input_text)(writer *, czm_tensor)) {
    size_t message = czm_put_begin(&w->out, field);
    czm_put_text(&w->out, 1, node->name);
    czm_put_text(&w->out, 2, node->op);
    for (size_t i = 0; i < node->inputs.count; i++)
        czm_put_text(&w->out, 3, input_text(w, node->inputs.items[i]));
    for (size_t i = 0; i < node->controls.count; i++)
        czm_put_text(&w->out, 3, czm_arena_format(w->arena, "^%s", node->controls.items[i]->name));
    put_attrs(w, node);
    czm_put_end(&w->out, message);
}

// ---- functions

static void put_argument(writer *w, uint32_t field, const czm_port *port) {
    size_t arg = czm_put_begin(&w->out, field);
    czm_put_text(&w->out, 1, port->name);
    czm_put_varint(&w->out, 3, (uint64_t)port->dtype);
    czm_put_end(&w->out, arg);
}

static bool is_stateful(const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]->def && graph->nodes.items[i]->def->is_stateful) return true;
    return false;
}

static void put_function(writer *w, const czm_graph *graph) {
    size_t function = czm_put_begin(&w->out, 1);
    size_t signature = czm_put_begin(&w->out, 1);
    czm_put_text(&w->out, 1, graph->name);
    for (size_t i = 0; i < graph->inputs.count; i++) put_argument(w, 2, &graph->inputs.items[i]);
    for (size_t i = 0; i < graph->outputs.count; i++) put_argument(w, 3, &graph->outputs.items[i]);
    if (is_stateful(graph)) czm_put_varint(&w->out, 17, true);
    czm_put_end(&w->out, signature);
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (!czm_node_is(graph->nodes.items[i], "_Arg"))
            put_node(w, 3, graph->nodes.items[i], body_input);
    for (size_t i = 0; i < graph->outputs.count; i++) {
        size_t entry = czm_put_begin(&w->out, 4);
        czm_put_text(&w->out, 1, graph->outputs.items[i].name);
        czm_put_text(&w->out, 2, body_input(w, graph->outputs.items[i].tensor));
        czm_put_end(&w->out, entry);
    }
    czm_put_end(&w->out, function);
}

// Sorted by name: the order in which functions were met is not the same when read back.
static int compare_functions(const void *a, const void *b) {
    return strcmp((*(czm_graph *const *)a)->name, (*(czm_graph *const *)b)->name);
}

static void put_library(writer *w) {
    size_t count = w->model->functions.count;
    if (count == 0) return;
    czm_graph **sorted = CZM_NEW_ARRAY(w->arena, czm_graph *, count);
    memcpy(sorted, w->model->functions.items, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_functions);
    size_t library = czm_put_begin(&w->out, 2);
    for (size_t i = 0; i < count; i++) put_function(w, sorted[i]);
    czm_put_end(&w->out, library);
}

// ---- the graph and what surrounds it

// GraphDef: node=1, library=2, versions=4 {producer=1, min_consumer=2}.
static void put_graph(writer *w, const czm_saver *saver) {
    const czm_graph *graph = &w->model->main;
    size_t message = czm_put_begin(&w->out, 2);
    for (size_t i = 0; i < graph->nodes.count; i++)
        put_node(w, 1, graph->nodes.items[i], main_input);
    for (size_t i = 0; i < saver->graph.nodes.count; i++)
        put_node(w, 1, saver->graph.nodes.items[i], main_input);
    put_library(w);
    size_t versions = czm_put_begin(&w->out, 4);
    czm_put_varint(&w->out, 1, PRODUCER);
    czm_put_varint(&w->out, 2, MIN_CONSUMER);
    czm_put_end(&w->out, versions);
    czm_put_end(&w->out, message);
}

// MetaInfoDef: tags=4, tensorflow_version=5.
static void put_meta_info(writer *w) {
    size_t info = czm_put_begin(&w->out, 1);
    czm_put_text(&w->out, 4, "serve");
    czm_put_text(&w->out, 5, "2.0.0");
    czm_put_end(&w->out, info);
}

static void put_shape(writer *w, uint32_t field, czm_shape shape) {
    size_t message = czm_put_begin(&w->out, field);
    for (int i = 0; i < shape.rank; i++) {
        size_t dim = czm_put_begin(&w->out, 2);
        if (shape.dims[i] != 0) czm_put_varint(&w->out, 1, (uint64_t)shape.dims[i]);
        czm_put_end(&w->out, dim);
    }
    if (shape.rank == CZM_UNKNOWN) czm_put_varint(&w->out, 3, true);
    czm_put_end(&w->out, message);
}

static void put_tensor_info(writer *w, uint32_t field, const czm_port *port, czm_shape shape) {
    size_t entry = czm_put_begin(&w->out, field);
    czm_put_text(&w->out, 1, port->name);
    size_t info = czm_put_begin(&w->out, 2);
    czm_put_text(&w->out, 1,
                 czm_arena_format(w->arena, "%s:%u", port->tensor.node->name,
                                  (unsigned)port->tensor.index));
    czm_put_varint(&w->out, 2, (uint64_t)port->dtype);
    put_shape(w, 3, shape);
    czm_put_end(&w->out, info);
    czm_put_end(&w->out, entry);
}

static void put_signature(writer *w, czm_shape input, czm_shape output) {
    size_t entry = czm_put_begin(&w->out, 5);
    czm_put_text(&w->out, 1, "serving_default");
    size_t signature = czm_put_begin(&w->out, 2);
    put_tensor_info(w, 1, &w->model->main.inputs.items[0], input);
    put_tensor_info(w, 2, &w->model->main.outputs.items[0], output);
    czm_put_text(&w->out, 3, "tensorflow/serving/predict");
    czm_put_end(&w->out, signature);
    czm_put_end(&w->out, entry);
}

czm_bytes czm_saved_model_write(czm_arena *arena, const czm_model *model, czm_shape input,
                                czm_shape output) {
    writer w = {arena, model, czm_buffer_in(arena)};
    czm_saver saver = czm_saver_make(arena, model);
    czm_put_varint(&w.out, 1, 1); // the schema's version
    size_t meta_graph = czm_put_begin(&w.out, 2);
    put_meta_info(&w);
    put_graph(&w, &saver);
    czm_saver_put(&w.out, &saver);
    put_signature(&w, input, output);
    czm_put_end(&w.out, meta_graph);
    return czm_buffer_bytes(&w.out);
}
