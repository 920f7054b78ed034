// SPDX-License-Identifier: Apache-2.0
//
// Grouping nodes into layers; see layers.h.
//
// The graph is read backwards. A node belongs to the layer of its first reader if it has that layer's name, or if the
// image does not flow through it (weights, values that are computed from weights, sizes). Otherwise it is the output
// of a new layer, which comes before all readers. So there are no circles, a layer with one output is never split,
// and one pass is enough.
#include "analysis/layers.h"

#include "graph/layer_name.h"

typedef struct row {
    const char *name; // of the layer, with the number of its use if it is not the first
    czm_tensor output;
    czm_node_list nodes; // last first
    size_t number;       // counted from the end of the network
    uint64_t parameters;
    const struct row *read_by;
} row;

// Facts about a node, by its position in the graph's order.
typedef struct place {
    bool has_image; // the image flows through it
    row *first_reader;
    uint32_t index; // of the output that the first reader reads
    row *own;       // NULL: only the output of the network reads it
} place;

typedef struct grouping {
    czm_arena *arena;
    const czm_model *model;
    place *places;
    CZM_LIST(row *) rows; // the last first
} grouping;

static place *place_of(const grouping *g, const czm_node *node) {
    return &g->places[node->order - 1];
}

// ---- which nodes make layers

// A value that a loop of TensorFlow 1 passes to its next iteration is treated as the image.
static void follow_image(grouping *g) {
    const czm_graph *graph = &g->model->main;
    for (size_t i = 0; i < graph->nodes.count; i++)
        g->places[i].has_image = czm_node_is(graph->nodes.items[i], CZM_OP_NextIteration);
    for (size_t i = 0; i < graph->inputs.count; i++)
        place_of(g, graph->inputs.items[i].tensor.node)->has_image = true;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        for (size_t k = 0; k < node->inputs.count && !czm_node_traits(node)->measures; k++)
            if (place_of(g, node->inputs.items[k].node)->has_image) g->places[i].has_image = true;
    }
}

static const char *name_of(const grouping *g, const czm_node *node) {
    czm_layer_names names = {g->model->layer_names.scope, false};
    return czm_layer_name(g->arena, node->name, names);
}

// Exporters end a network with Identity nodes of their own, which lie in no layer's scope.
static bool is_plumbing(const czm_node *node, const char *name) {
    size_t size = strlen(node->name), own = strlen(name);
    return czm_node_is(node, CZM_OP_Identity) && node->inputs.count == 1 && own <= size &&
           czm_text_equal(node->name + size - own, name);
}

static row *open_row(grouping *g, czm_node *node, const char *name) {
    row *fresh = CZM_NEW(g->arena, row);
    fresh->name = name;
    fresh->output = (czm_tensor){node, place_of(g, node)->index};
    fresh->number = g->rows.count;
    *CZM_APPEND(g->arena, &g->rows) = fresh;
    return fresh;
}

static row *row_for(grouping *g, czm_node *node) {
    const place *p = place_of(g, node);
    if (!p->has_image) return p->first_reader;
    const char *name = name_of(g, node);
    if (is_plumbing(node, name)) return p->first_reader;
    if (p->first_reader && czm_text_equal(p->first_reader->name, name)) return p->first_reader;
    return open_row(g, node, name);
}

static void tell_input(grouping *g, czm_tensor input, row *reader) {
    place *p = place_of(g, input.node);
    if (p->own) return; // a loop of TensorFlow 1 closes here
    if (p->first_reader && p->first_reader->number > reader->number) return;
    p->first_reader = reader;
    p->index = input.index;
}

// The network's output is that of the last layer, even if loops have bodies.
static void open_last_row(grouping *g) {
    czm_tensor output = g->model->main.outputs.items[0].tensor;
    while (is_plumbing(output.node, name_of(g, output.node))) output = output.node->inputs.items[0];
    place *p = place_of(g, output.node);
    p->index = output.index;
    p->first_reader = open_row(g, output.node, name_of(g, output.node));
}

static void group(grouping *g) {
    const czm_graph *graph = &g->model->main;
    open_last_row(g);
    for (size_t i = graph->nodes.count; i-- > 0;) {
        czm_node *node = graph->nodes.items[i];
        row *own = g->places[i].own = row_for(g, node);
        if (!own) continue;
        *CZM_APPEND(g->arena, &own->nodes) = node;
        for (size_t k = 0; k < node->inputs.count; k++) tell_input(g, node->inputs.items[k], own);
    }
}

// ---- the description of a layer

// Rsqrt often works on weights alone.
static const char *main_op(const grouping *g, const row *r) {
    const czm_node *best = r->output.node;
    for (size_t i = 1; i < r->nodes.count; i++) {
        const czm_node *node = r->nodes.items[i];
        czm_op_role role = czm_node_traits(node)->role, best_role = czm_node_traits(best)->role;
        bool counts = place_of(g, node)->has_image || role == CZM_ROLE_ROOT_NORM;
        if (counts && role && (!best_role || role < best_role)) best = node;
    }
    return best->op;
}

// A layer reads another layer if the image flows from it; sizes do not count.
static void find_inputs(const grouping *g, const row *r, czm_layer_info *info) {
    CZM_LIST(size_t) inputs = {0};
    for (size_t i = r->nodes.count; i-- > 0;) {
        const czm_node *node = r->nodes.items[i];
        for (size_t k = 0; k < node->inputs.count && place_of(g, node)->has_image; k++) {
            const place *p = place_of(g, node->inputs.items[k].node);
            if (!p->has_image || p->own->number <= r->number || p->own->read_by == r) continue;
            p->own->read_by = r;
            *CZM_APPEND(g->arena, &inputs) = g->rows.count - 1 - p->own->number;
        }
    }
    info->inputs = inputs.items;
    info->input_count = inputs.count;
}

uint64_t czm_constant_weights(const czm_shapes *shapes, czm_node *node) {
    czm_shape shape = czm_shape_of(shapes, czm_output(node));
    if (!czm_node_is(node, CZM_OP_Const) || !czm_dtype_is_floating(czm_attr_type(node, "dtype")))
        return 0;
    if (!czm_shape_is_complete(shape)) return 0;
    uint64_t elements = 1;
    for (int d = 0; d < shape.rank; d++) elements *= (uint64_t)shape.dims[d];
    return elements > 1 ? elements : 0;
}

static void count_constants(grouping *g, const czm_shapes *shapes) {
    for (size_t i = 0; i < g->model->main.nodes.count; i++) {
        czm_node *node = g->model->main.nodes.items[i];
        row *reader = place_of(g, node)->own;
        if (reader) reader->parameters += czm_constant_weights(shapes, node);
    }
}

static void count_parameters(grouping *g) {
    for (size_t i = 0; i < g->model->variables.count; i++) {
        const czm_variable *variable = &g->model->variables.items[i];
        if (!variable->handle->order) continue; // nothing reads it
        row *reader = place_of(g, variable->handle)->own;
        uint64_t elements = 1;
        for (size_t d = 0; d < variable->rank; d++) elements *= (uint64_t)variable->dims[d];
        if (reader) reader->parameters += elements;
    }
}

static czm_layer_list list_rows(const grouping *g, const czm_shapes *shapes) {
    czm_layer_list layers = {0};
    for (size_t i = g->rows.count; i-- > 0;) {
        const row *r = g->rows.items[i];
        czm_layer *layer = CZM_APPEND(g->arena, &layers);
        czm_shape shape = czm_shape_of(shapes, r->output);
        layer->info.name = czm_layer_name(g->arena, r->output.node->name, g->model->layer_names);
        layer->info.op = main_op(g, r);
        layer->info.rank = shape.rank;
        layer->info.dims = shape.dims;
        layer->info.parameters = r->parameters;
        layer->output = r->output;
        find_inputs(g, r, &layer->info);
    }
    return layers;
}

czm_layer_list czm_layers_of(czm_arena *arena, const czm_model *model, const czm_shapes *shapes) {
    grouping g = {.arena = arena, .model = model};
    g.places = CZM_NEW_ARRAY(arena, place, model->main.nodes.count);
    follow_image(&g);
    group(&g);
    count_parameters(&g);
    count_constants(&g, shapes);
    return list_rows(&g, shapes);
}
