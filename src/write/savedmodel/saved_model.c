// SPDX-License-Identifier: Apache-2.0
//
// saved_model.pb, field by field; the messages are listed in read/savedmodel/meta_graph.h.
#include "write/savedmodel/saved_model.h"

#include "write/savedmodel/saver.h"

// What TensorFlow 2.0.0 itself writes (tensorflow/core/public/version.h).
enum { PRODUCER = 119, MIN_CONSUMER = 12 };

typedef struct writer {
    const czm_network *network;
    const czm_saver *saver;
    const char *call; // the node that calls the network
    czm_buffer out;
} writer;

// The other nodes of the main graph besides the call and the saver: the input and the variables.
static czm_node_list outer_nodes(czm_arena *arena, const czm_model *model) {
    czm_node_list nodes = {0};
    *CZM_APPEND(arena, &nodes) = model->main.inputs.items[0].tensor.node;
    for (size_t i = 0; i < model->variables.count; i++)
        *CZM_APPEND(arena, &nodes) = model->variables.items[i].handle;
    return nodes;
}

// GraphDef: node=1, library=2, versions=4 {producer=1, min_consumer=2}.
static void put_graph(writer *w, const czm_node_list *outer) {
    czm_buffer *out = &w->out;
    size_t message = czm_put_begin(out, 2);
    for (size_t i = 0; i < outer->count; i++)
        czm_put_node(out, CZM_GRAPH_NODE, outer->items[i], czm_put_graph_tensor);
    czm_put_main_call(out, w->network, w->call);
    for (size_t i = 0; i < w->saver->graph.nodes.count; i++)
        czm_put_node(out, CZM_GRAPH_NODE, w->saver->graph.nodes.items[i], czm_put_graph_tensor);
    czm_put_library(out, 2, w->network);
    size_t versions = czm_put_begin(out, 4);
    czm_put_varint(out, 1, PRODUCER);
    czm_put_varint(out, 2, MIN_CONSUMER);
    czm_put_end(out, versions);
    czm_put_end(out, message);
}

// MetaInfoDef: meta_graph_version=1 (any text), tags=4, tensorflow_version=5.
static void put_meta_info(czm_buffer *out, const char *exporter) {
    size_t info = czm_put_begin(out, 1);
    if (*exporter) czm_put_text(out, 1, czm_arena_format(out->arena, CZM_EXPORTER "%s", exporter));
    czm_put_text(out, 4, "serve");
    czm_put_text(out, 5, "2.0.0");
    czm_put_end(out, info);
}

static void put_tensor_info(czm_buffer *out, uint32_t field, const czm_port *port, const char *node,
                            czm_shape shape) {
    size_t entry = czm_put_begin(out, field);
    czm_put_text(out, 1, port->name);
    size_t info = czm_put_begin(out, 2);
    czm_put_text(out, 1, czm_arena_format(out->arena, "%s:0", node));
    czm_put_varint(out, 2, (uint64_t)port->dtype);
    czm_put_shape(out, 3, shape);
    czm_put_end(out, info);
    czm_put_end(out, entry);
}

static void put_signature(writer *w) {
    czm_buffer *out = &w->out;
    const czm_network *n = w->network;
    const czm_port *input = &n->model->main.inputs.items[0];
    size_t entry = czm_put_begin(out, 5);
    czm_put_text(out, 1, "serving_default");
    size_t signature = czm_put_begin(out, 2);
    put_tensor_info(out, 1, input, input->tensor.node->name, n->input);
    put_tensor_info(out, 2, &n->model->main.outputs.items[0], w->call, n->output);
    czm_put_text(out, 3, "tensorflow/serving/predict");
    czm_put_end(out, signature);
    czm_put_end(out, entry);
}

// MetaGraphDef: meta_info_def=1, graph_def=2, saver_def=3, collection_def=4, signature_def=5,
// object_graph_def=7.
czm_bytes czm_saved_model_write(czm_arena *arena, const czm_model *model,
                                const czm_object_tree *tree, czm_shape input, czm_shape output) {
    czm_network network = czm_network_make(arena, model, input, output);
    czm_node_list outer = outer_nodes(arena, model);
    czm_saver saver = czm_saver_make(arena, model, tree, &outer);
    writer w = {&network, &saver,
                czm_free_name(arena, &outer, czm_op_name(CZM_OP_StatefulPartitionedCall), ""),
                czm_buffer_in(arena)};
    czm_put_varint(&w.out, 1, 1); // the schema's version
    size_t meta_graph = czm_put_begin(&w.out, 2);
    put_meta_info(&w.out, czm_model_exporter(model));
    put_graph(&w, &outer);
    czm_saver_put(&w.out, &saver);
    put_signature(&w);
    czm_put_objects(&w.out, 7, tree, &network);
    czm_put_end(&w.out, meta_graph);
    return czm_buffer_bytes(&w.out);
}
