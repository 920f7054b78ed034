// SPDX-License-Identifier: Apache-2.0
//
// Recomputing sizes that an exporter stored as numbers; see spatial.h.
//
// The order matters: a node can be computed again when the size of its input is final, that is, when no node before
// it still has to be computed. So there are rounds: each infers all shapes, and computes every node whose input is
// final. The number of rounds is the number of such nodes in the longest chain.
#include "edit/spatial.h"

#include "edit/baked.h"
#include "graph/layer_name.h"

enum { PROBE_BATCH = 3, OTHER_PROBE_BATCH = 7 };

// ---- recording

typedef struct reader_index {
    czm_node_list *readers; // of each node, by order
} reader_index;

static reader_index index_readers(czm_arena *arena, const czm_graph *graph) {
    reader_index index = {CZM_NEW_ARRAY(arena, czm_node_list, graph->nodes.count + 1)};
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++)
            *CZM_APPEND(arena, &index.readers[graph->nodes.items[i]->inputs.items[k].node->order]) =
                graph->nodes.items[i];
    return index;
}

// The BatchToSpaceND after a SpaceToBatchND: between the two is the convolution, possibly with bias and activation.
static czm_node *find_partner(const reader_index *index, czm_node *node) {
    for (int steps = 0; steps < 8; steps++) {
        const czm_node_list *readers = &index->readers[node->order];
        if (readers->count != 1) return NULL;
        node = readers->items[0];
        if (czm_node_is(node, CZM_OP_BatchToSpaceND)) return node->inputs.count == 3 ? node : NULL;
    }
    return NULL;
}

// Whether a ScaleAndTranslate is a resize: its factors are those of its sizes.
static bool is_resize(const czm_shapes *shapes, const czm_baked *b) {
    czm_value factors = czm_value_of(shapes, b->node->inputs.items[2]);
    if (!factors.elements || factors.count != 2 || b->sizes.count != 2) return false;
    for (size_t i = 0; i < 2; i++) {
        double factor = (double)b->sizes.values[i] / (double)b->image.dims[1 + i];
        double gap = factors.elements[i].number - factor;
        bool is_known = factors.elements[i].is_known && b->image.dims[1 + i] > 0;
        if (!is_known || gap > 1e-5 * factor || gap < -1e-5 * factor) return false;
    }
    return true;
}

// Shapes of the part at its old size with a batch of so many images.
static const czm_shapes *infer_batch(czm_arena *arena, const czm_model *part, int64_t batch) {
    czm_shape input =
        czm_shape_read(arena, czm_attr_shape(part->main.inputs.items[0].tensor.node, "shape"));
    if (input.rank != 4) return czm_shapes_infer(arena, part, NULL);
    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, 4);
    memcpy(dims, input.dims, 4 * sizeof *dims);
    if (dims[0] == CZM_UNKNOWN) dims[0] = batch;
    const czm_shape shape = {4, dims};
    return czm_shapes_infer(arena, part, &shape);
}

// The stored sizes are those that are known for every batch.
static czm_sizes read_stored(const czm_shapes *few, const czm_shapes *any, czm_tensor tensor) {
    czm_sizes sizes = czm_sizes_read(few, tensor), stored = czm_sizes_read(any, tensor);
    for (size_t i = 0; i < sizes.count; i++)
        sizes.is_known[i] &= stored.count == sizes.count && stored.is_known[i];
    return sizes;
}

static bool has_batch(const czm_shapes *shapes, const czm_baked *b) {
    czm_shape in = czm_shape_of(shapes, b->input), out = czm_shape_of(shapes, czm_output(b->node));
    return in.rank > 0 && out.rank > 0 && in.dims[0] != CZM_UNKNOWN && in.dims[0] == out.dims[0];
}

void czm_spatial_record(czm_context *context, const czm_model *part, czm_baked_list *baked) {
    const czm_graph *graph = &part->main;
    const czm_shapes *shapes = czm_shapes_infer(context->arena, part, NULL);
    const czm_shapes *few = infer_batch(context->arena, part, PROBE_BATCH);
    const czm_shapes *more = infer_batch(context->arena, part, OTHER_PROBE_BATCH);
    czm_tensor input = graph->inputs.items[0].tensor;
    reader_index index = index_readers(context->arena, graph);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        const czm_baked_kind *kind = &czm_baked_kinds[czm_node_kind(node)];
        if (!kind->recompute || node->inputs.count <= kind->image ||
            node->inputs.count <= kind->sizes)
            continue;
        czm_baked *b = CZM_NEW(context->arena, czm_baked);
        *b = (czm_baked){.kind = kind,
                         .node = node,
                         .image = czm_shape_of(few, node->inputs.items[kind->image]),
                         .result = czm_shape_of(few, czm_output(node)),
                         .more_image = czm_shape_of(more, node->inputs.items[kind->image]),
                         .more_result = czm_shape_of(more, czm_output(node)),
                         .input = input,
                         .old_input = czm_shape_of(few, input),
                         .sizes = read_stored(few, shapes, node->inputs.items[kind->sizes])};
        if (b->image.rank < 1) continue;
        if (czm_node_is(node, CZM_OP_ScaleAndTranslate) && !is_resize(shapes, b)) continue;
        czm_baked_count_windows(b);
        b->keeps_batch = has_batch(few, b) && has_batch(more, b);
        if (czm_node_is(node, CZM_OP_SpaceToBatchND)) b->partner = find_partner(&index, node);
        if (b->partner) b->crops = czm_sizes_read(shapes, b->partner->inputs.items[2]);
        if (b->crops.count != b->sizes.count) b->partner = NULL;
        *CZM_APPEND(context->arena, baked) = b;
    }
}

czm_baked_list czm_spatial_copy(czm_arena *arena, const czm_baked_list *baked,
                                const czm_model *copy) {
    czm_baked_list list = {0};
    for (size_t i = 0; i < baked->count; i++) {
        const czm_baked *b = baked->items[i];
        czm_node *node = czm_graph_copied(&copy->main, b->node);
        czm_node *input = czm_graph_copied(&copy->main, b->input.node);
        if (!node || !input) continue; // the joined model does not use it
        czm_baked *fresh = CZM_NEW(arena, czm_baked);
        *fresh = *b;
        fresh->node = node;
        fresh->input.node = input;
        if (b->partner) fresh->partner = czm_graph_copied(&copy->main, b->partner);
        *CZM_APPEND(arena, &list) = fresh;
    }
    return list;
}

// ---- applying

static void set_input_size(czm_editor *e) {
    czm_graph *graph = &e->model->main;
    czm_node *input = graph->inputs.items[0].tensor.node;
    czm_shape old = czm_shape_read(e->context->arena, czm_attr_shape(input, "shape"));
    const int64_t dims[4] = {old.dims[0], e->height, e->width, old.dims[3]};
    czm_set_attr(graph, input, "shape", czm_shape_attr(e->context->arena, (czm_shape){4, dims}));
}

static bool has_changed(czm_shape before, czm_shape now) {
    if (before.rank != now.rank) return true;
    for (int i = 0; i < now.rank; i++)
        if (now.dims[i] != before.dims[i]) return true;
    return false;
}

// Whether the input shape of the node is known.
static bool is_settled(const czm_baked *b, czm_shape image) {
    if (image.rank != b->image.rank) return false;
    for (int i = 1; i < image.rank; i++)
        if (image.dims[i] == CZM_UNKNOWN) return false;
    return true;
}

static czm_status recompute(czm_editor *e, czm_baked *b) {
    czm_shape image = czm_shape_of(e->shapes, b->node->inputs.items[b->kind->image]);
    czm_sizes now = czm_sizes_read(e->shapes, b->node->inputs.items[b->kind->sizes]);
    for (size_t i = 0; i < now.count && now.count == b->sizes.count; i++)
        now.is_known[i] &= b->sizes.is_known[i];
    b->is_done = true;
    // Pooled maps keep their size while the input changes.
    bool is_changed = has_changed(b->image, image) ||
                      has_changed(b->old_input, czm_shape_of(e->shapes, b->input));
    return is_settled(b, image) && is_changed ? b->kind->recompute(e, b, image, &now) : CZM_OK;
}

// One round; sets *waiting if a node is left.
static czm_status recompute_ready(czm_editor *e, bool *waiting) {
    czm_graph *graph = &e->model->main;
    size_t count = graph->nodes.count;
    bool *above = CZM_NEW_ARRAY(e->context->arena, bool, count + 1);
    e->shapes = infer_batch(e->context->arena, e->model, PROBE_BATCH);
    *waiting = false;
    for (size_t i = 0; i < count; i++) {
        czm_node *node = graph->nodes.items[i];
        uint32_t order = node->order;
        czm_baked *b = node->scratch;
        for (size_t k = 0; k < node->inputs.count; k++) {
            uint32_t input = node->inputs.items[k].node->order;
            above[order] |= input <= count && above[input];
        }
        if (!b || b->is_done) continue;
        if (above[order]) {
            *waiting = true; // and all nodes after it
            continue;
        }
        e->is_changed = false;
        CZM_TRY(recompute(e, b));
        above[order] = e->is_changed; // then its new size is known in the next round
    }
    czm_graph_sort(graph);
    return CZM_OK;
}

// The shapes in If, While and similar nodes are those of the old size.
static void forget_shapes(czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        czm_remove_attr(graph->nodes.items[i], "output_shapes");
}

static void rescale_element(czm_editor *e, czm_graph *function, czm_node *node, czm_sizes sizes) {
    int32_t fresh[4];
    czm_shape old = e->old_input;
    if (sizes.count != 4 || sizes.values[1] < 1 || sizes.values[2] < 1) return;
    for (int i = 0; i < 4; i++) {
        int64_t now = sizes.values[i], size = i == 1 ? e->height : e->width;
        bool follows = (i == 1 || i == 2) && old.rank == 4 && old.dims[i] > 0;
        if (follows) now = now * size % old.dims[i] ? -1 : now * size / old.dims[i];
        fresh[i] = (int32_t)now;
    }
    node->inputs.items[2] =
        czm_add_const_ints(function,
                           czm_arena_format(function->arena, "%s/element_shape", node->name), fresh,
                           4, false);
}

// In functions, lists of maps contain the old size of their elements, which follows the input.
static void rescale_elements(czm_editor *e, czm_graph *function) {
    const czm_computation none = {
        .is_chosen = CZM_NEW_ARRAY(e->context->arena, bool, function->nodes.count + 1)};
    const czm_shapes *shapes = czm_shapes_compute(e->context->arena, e->model, function, &none);
    size_t count = function->nodes.count;
    for (size_t i = 0; i < count; i++) {
        czm_node *node = function->nodes.items[i];
        if (!czm_node_is(node, CZM_OP_TensorListGetItem) || node->inputs.count != 3) continue;
        rescale_element(e, function, node, czm_sizes_read(shapes, node->inputs.items[2]));
    }
    czm_graph_sort(function);
}

// The node that computes the output, without the Identities of an exporter.
static const czm_node *last_node(const czm_editor *e) {
    const czm_node *node = e->model->main.outputs.items[0].tensor.node;
    while (czm_node_is(node, CZM_OP_Identity) && node->inputs.count > 0)
        node = node->inputs.items[0].node;
    return node;
}

// A Reshape with old sizes could move pixels into the batch, and another one move them out again: no layer may do
// this unless it did so before.
static czm_status check_batch(czm_editor *e, int64_t batch) {
    for (size_t i = 0; i < e->baked->count; i++) {
        const czm_baked *b = e->baked->items[i];
        czm_shape now = czm_shape_of(e->shapes, czm_output(b->node));
        if (b->keeps_batch && now.rank > 0 && now.dims[0] != CZM_UNKNOWN && now.dims[0] != batch)
            return czm_baked_refuse(e, b->node,
                                    "the batch size changes: the layer stores the old size");
    }
    return CZM_OK;
}

// The probe's batch size is not the user's: the same fault for the batch of the file, or for one image.
static const char *text_of_fault(czm_editor *e, const czm_shape_fault *fault, czm_shape shape) {
    czm_shape declared =
        czm_shape_read(e->context->arena,
                       czm_attr_shape(e->model->main.inputs.items[0].tensor.node, "shape"));
    const int64_t batches[] = {declared.dims[0], 1};
    for (size_t i = 0; i < CZM_COUNT_OF(batches); i++) {
        int64_t *dims = CZM_NEW_ARRAY(e->context->arena, int64_t, 4);
        memcpy(dims, shape.dims, 4 * sizeof *dims);
        dims[0] = batches[i];
        const czm_shape image = {4, dims};
        const czm_shape_fault *same =
            czm_shapes_fault(czm_shapes_infer(e->context->arena, e->model, &image));
        if (same && same->node == fault->node) return same->text;
    }
    return fault->text;
}

// A concrete batch makes every shape complete, so every check is exact; the output must have the same batch.
static czm_status probe(czm_editor *e, int64_t batch) {
    czm_graph *graph = &e->model->main;
    czm_tensor input = graph->inputs.items[0].tensor;
    czm_shape declared = czm_shape_read(e->context->arena, czm_attr_shape(input.node, "shape"));
    int64_t *dims = CZM_NEW_ARRAY(e->context->arena, int64_t, 4); // the shapes refer to it
    memcpy(dims, (int64_t[]){batch, e->height, e->width, declared.dims[3]}, 4 * sizeof *dims);
    if (declared.dims[0] != CZM_UNKNOWN) dims[0] = declared.dims[0];
    const czm_shape shape = {4, dims};
    e->shapes = czm_shapes_infer(e->context->arena, e->model, &shape);
    CZM_TRY(check_batch(e, dims[0]));
    const czm_shape_fault *fault = czm_shapes_fault(e->shapes);
    if (fault) return czm_baked_refuse(e, fault->node, "%s", text_of_fault(e, fault, shape));
    czm_tensor output = graph->outputs.items[0].tensor;
    czm_shape result = czm_shape_of(e->shapes, output);
    if (result.rank > 0 && result.dims[0] != CZM_UNKNOWN && result.dims[0] != dims[0])
        return czm_baked_refuse(e, last_node(e),
                                "the batch size changes: a layer stores the old size");
    return CZM_OK;
}

// If a size was known before, it must be known now: otherwise it is not proven that the sizes agree, for example if a
// loop's body contains the old size.
static bool has_size(czm_shape shape) {
    return shape.rank == 4 && shape.dims[1] != CZM_UNKNOWN && shape.dims[2] != CZM_UNKNOWN;
}

// The node at which the size is lost: its inputs are known, its output is not.
static const czm_node *lost_at(const czm_editor *e) {
    const czm_node *node = last_node(e), *above = node;
    for (size_t i = 0; above && i < e->model->main.nodes.count; i++) { // old loops have no end
        node = above;
        above = NULL;
        for (size_t k = 0; k < node->inputs.count && !above; k++)
            if (!czm_shape_is_complete(czm_shape_of(e->shapes, node->inputs.items[k])))
                above = node->inputs.items[k].node;
    }
    return node;
}

static czm_status check_proof(czm_editor *e, bool was_known) {
    czm_tensor output = e->model->main.outputs.items[0].tensor;
    czm_shape result = czm_shape_of(e->shapes, output);
    if (!was_known || czm_shape_is_complete(result)) return CZM_OK;
    const czm_node *stopped = czm_shapes_stopped_at(e->shapes);
    if (!stopped) stopped = lost_at(e);
    return czm_baked_refuse(e, stopped,
                            "the output's size cannot be inferred beyond the operation %s",
                            stopped->op);
}

// If the output's size does not change with the input's, a layer stores the size.
static czm_status check_growth(czm_editor *e, czm_shape old_input, czm_shape old_output) {
    czm_tensor output = e->model->main.outputs.items[0].tensor;
    czm_shape now = czm_shape_of(e->shapes, output);
    if (old_output.rank != 4 || now.rank != 4 || old_input.rank != 4) return CZM_OK;
    const int64_t size[] = {e->height, e->width};
    for (int i = 1; i < 3; i++) {
        bool is_changed = old_input.dims[i] != CZM_UNKNOWN && old_input.dims[i] != size[i - 1];
        bool is_stuck = now.dims[i] != CZM_UNKNOWN && now.dims[i] == old_output.dims[i];
        if (is_changed && is_stuck)
            return czm_baked_refuse(e, last_node(e),
                                    "the output stays %lld x %lld: a layer stores the old size",
                                    (long long)now.dims[1], (long long)now.dims[2]);
    }
    return CZM_OK;
}

static czm_status recompute_all(czm_editor *e, bool was_known) {
    bool waiting = true;
    while (waiting) CZM_TRY(recompute_ready(e, &waiting));
    CZM_TRY(probe(e, PROBE_BATCH));
    CZM_TRY(check_proof(e, was_known));
    return probe(e, OTHER_PROBE_BATCH);
}

czm_status czm_spatial_apply(czm_context *context, czm_model *model, const czm_baked_list *baked,
                             int64_t height, int64_t width) {
    czm_editor e = {.context = context,
                    .model = model,
                    .baked = baked,
                    .height = height,
                    .width = width,
                    .names = model->layer_names};
    czm_graph *graph = &model->main;
    const czm_shapes *old = czm_shapes_infer(context->arena, model, NULL);
    czm_shape input = czm_shape_of(old, graph->inputs.items[0].tensor);
    czm_shape output = czm_shape_of(old, graph->outputs.items[0].tensor);
    e.old_input = input;
    set_input_size(&e);
    czm_model_forget_output_shape(model);
    forget_shapes(graph);
    for (size_t i = 0; i < model->functions.count; i++) {
        forget_shapes(model->functions.items[i]);
        rescale_elements(&e, model->functions.items[i]);
    }
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->scratch = NULL;
    for (size_t i = 0; i < baked->count; i++) baked->items[i]->node->scratch = baked->items[i];
    czm_status status = recompute_all(&e, has_size(input) || has_size(output));
    if (!status) status = check_growth(&e, input, output);
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->scratch = NULL;
    return status;
}
