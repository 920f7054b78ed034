// SPDX-License-Identifier: Apache-2.0
//
// Recording and checking sizes that an exporter stored as numbers; see spatial.h. rounds.c computes them again.
#include "edit/spatial.h"

#include "edit/rounds.h"
#include "graph/layer_name.h"

enum { OTHER_PROBE_BATCH = 7 };

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

// The stored sizes are those that are known for every batch.
static czm_sizes read_stored(const czm_shapes *few, const czm_shapes *any, czm_tensor tensor) {
    czm_sizes sizes = czm_sizes_read(few, tensor), stored = czm_sizes_read(any, tensor);
    for (size_t i = 0; i < sizes.count; i++)
        sizes.is_known[i] &= stored.count == sizes.count && stored.is_known[i];
    return sizes;
}

// By the address of the node, and the output.
static czm_bytes image_key(const czm_baked *b) {
    const czm_tensor *image = &b->node->inputs.items[b->kind->image];
    return czm_bytes_of(image, offsetof(czm_tensor, index) + sizeof image->index);
}

static bool has_batch(const czm_shapes *shapes, const czm_baked *b) {
    czm_shape in = czm_shape_of(shapes, b->input), out = czm_shape_of(shapes, czm_output(b->node));
    return in.rank > 0 && out.rank > 0 && in.dims[0] != CZM_UNKNOWN && in.dims[0] == out.dims[0];
}

// What the shapes of a part say about its nodes: at its old size, for no batch and for two.
typedef struct old_shapes {
    const czm_shapes *any, *few, *more;
    czm_tensor input;
    czm_shape input_shape;
} old_shapes;

static czm_shape kept_shape(czm_arena *arena, const czm_shapes *shapes, czm_tensor tensor) {
    czm_dims dims = czm_dims_of(czm_shape_of(shapes, tensor));
    return czm_dims_keep(arena, &dims);
}

// All but the input's shape lives in `scratch`.
static old_shapes infer_old(czm_arena *arena, czm_arena *scratch, const czm_model *part) {
    const czm_shape *few = czm_batch_shape(scratch, part, CZM_PROBE_BATCH);
    const czm_shape *more = czm_batch_shape(scratch, part, OTHER_PROBE_BATCH);
    old_shapes old = {.any = czm_shapes_infer(scratch, part, NULL),
                      .few = czm_shapes_infer(scratch, part, few),
                      .more = czm_shapes_infer(scratch, part, more),
                      .input = part->main.inputs.items[0].tensor};
    old.input_shape = kept_shape(arena, old.few, old.input);
    return old;
}

// NULL: the node contains no sizes.
static czm_baked *record(czm_arena *arena, const old_shapes *old, const reader_index *index,
                         czm_node *node) {
    const czm_baked_kind *kind = &czm_baked_kinds[czm_node_kind(node)];
    if (!kind->recompute || node->inputs.count <= kind->image || node->inputs.count <= kind->sizes)
        return NULL;
    czm_tensor image = node->inputs.items[kind->image];
    if (czm_shape_of(old->few, image).rank < 1) return NULL;
    czm_baked *b = CZM_NEW(arena, czm_baked);
    *b = (czm_baked){.kind = kind,
                     .node = node,
                     .image = kept_shape(arena, old->few, image),
                     .result = kept_shape(arena, old->few, czm_output(node)),
                     .more_image = kept_shape(arena, old->more, image),
                     .more_result = kept_shape(arena, old->more, czm_output(node)),
                     .input = old->input,
                     .old_input = old->input_shape,
                     .sizes = read_stored(old->few, old->any, node->inputs.items[kind->sizes])};
    if (czm_node_is(node, CZM_OP_ScaleAndTranslate) && !is_resize(old->any, b)) return NULL;
    czm_baked_count_windows(b);
    b->keeps_batch = has_batch(old->few, b) && has_batch(old->more, b);
    if (czm_node_is(node, CZM_OP_SpaceToBatchND)) b->partner = find_partner(index, node);
    if (b->partner) b->crops = czm_sizes_read(old->any, b->partner->inputs.items[2]);
    if (b->crops.count != b->sizes.count) b->partner = NULL;
    return b;
}

// Windows that divide a map belong to a pyramid if another pool covers the whole map.
static void find_pyramids(czm_arena *arena, const czm_baked_list *baked, size_t first) {
    czm_name_table covered = {0};
    for (size_t i = first; i < baked->count; i++)
        if (czm_baked_covers_map(baked->items[i]))
            czm_name_slot_for(arena, &covered, image_key(baked->items[i]))->value = baked->items[i];
    for (size_t i = first; i < baked->count; i++) {
        czm_baked *b = baked->items[i];
        b->is_adaptive = b->windows[0] && b->windows[1] && czm_name_find(&covered, image_key(b));
    }
}

void czm_spatial_record(czm_context *context, const czm_model *part, czm_baked_list *baked) {
    const czm_graph *graph = &part->main;
    czm_arena *scratch = czm_arena_child(context->arena);
    old_shapes old = infer_old(context->arena, scratch, part);
    reader_index index = index_readers(scratch, graph);
    size_t first = baked->count;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_baked *b = record(context->arena, &old, &index, graph->nodes.items[i]);
        if (b) *CZM_APPEND(context->arena, baked) = b;
    }
    find_pyramids(scratch, baked, first);
    czm_arena_free(scratch);
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
        int64_t product = czm_dim_multiply(now, size);
        if (follows) now = product < 0 || product % old.dims[i] ? -1 : product / old.dims[i];
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
    czm_arena_free(e->probing);
    e->probing = czm_arena_child(e->context->arena);
    e->shapes = czm_shapes_infer(e->probing, e->model, &shape);
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
    CZM_TRY(czm_baked_recompute(e));
    CZM_TRY(probe(e, CZM_PROBE_BATCH));
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
    czm_arena *scratch = czm_arena_child(context->arena);
    const czm_shapes *old = czm_shapes_infer(scratch, model, NULL);
    czm_shape input = kept_shape(context->arena, old, graph->inputs.items[0].tensor);
    czm_shape output = kept_shape(context->arena, old, graph->outputs.items[0].tensor);
    czm_arena_free(scratch);
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
    czm_baked_sort_maps(&e);
    czm_status status = recompute_all(&e, has_size(input) || has_size(output));
    if (!status) status = check_growth(&e, input, output);
    czm_arena_free(e.probing);
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->scratch = NULL;
    return status;
}
