// SPDX-License-Identifier: Apache-2.0
//
// Recomputing sizes that an exporter stored as numbers; see spatial.h.
//
// The order matters: a node can be recomputed when the size of its own input is final, that is, when
// no node above it still waits. So the work goes in rounds: infer all shapes, recompute every node
// that has nothing waiting above it, and again. There are as many rounds as such nodes in a chain.
#include "edit/spatial.h"

#include "graph/layer_name.h"

enum { MOST_SIZES = 16, PROBE_BATCH = 3, OTHER_PROBE_BATCH = 7 };

typedef struct sizes {
    size_t count;
    bool is_known[MOST_SIZES];
    int64_t values[MOST_SIZES];
} sizes;

typedef struct baked_kind baked_kind;

struct czm_baked {
    const baked_kind *kind;
    czm_node *node;
    czm_shape image;       // the old shape of what the node works on
    czm_tensor picture;    // the input of the part that the node is of
    czm_shape old_picture; // its old shape
    sizes sizes;           // the old values of its sizes
    czm_node *partner;     // SpaceToBatchND: the BatchToSpaceND that undoes it
    sizes crops;           // its old crops
    bool keeps_batch;      // as many images came out as went in
    bool is_done;
};

typedef struct editor {
    czm_context *context;
    czm_model *model;
    const czm_baked_list *baked;
    const czm_shapes *shapes;
    czm_layer_names names;
    int64_t height, width;
} editor;

struct baked_kind {
    const char *op;
    size_t image, sizes; // inputs
    czm_status (*recompute)(editor *e, czm_baked *b, czm_shape image, const sizes *now);
};

static czm_status refuse(editor *e, const czm_node *node, const char *format, ...) CZM_PRINTF(3, 4);

static czm_status refuse(editor *e, const czm_node *node, const char *format, ...) {
    czm_arena *arena = e->context->arena;
    va_list arguments;
    va_start(arguments, format);
    const char *text = czm_arena_vformat(arena, format, arguments);
    va_end(arguments);
    return czm_report_add(e->context->report, CZM_RULE_SPATIAL_DIMS,
                          czm_arena_format(arena, "layer \"%s\"",
                                           czm_layer_name(arena, node->name, e->names)),
                          NULL, "at height %lld and width %lld, %s", (long long)e->height,
                          (long long)e->width, text);
}

// ---- sizes as tensors

static sizes read_sizes(const czm_shapes *shapes, czm_tensor tensor) {
    sizes s = {0};
    czm_value value = czm_value_of(shapes, tensor);
    if (!value.elements || value.count > MOST_SIZES) return s;
    s.count = value.count;
    for (size_t i = 0; i < s.count; i++) {
        s.is_known[i] = value.elements[i].is_known;
        s.values[i] = s.is_known[i] ? (int64_t)value.elements[i].number : CZM_UNKNOWN;
    }
    return s;
}

static bool is_same(const sizes *a, const sizes *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->is_known[i] != b->is_known[i] || (a->is_known[i] && a->values[i] != b->values[i]))
            return false;
    return true;
}

static czm_tensor add_sizes(editor *e, const czm_node *node, czm_dtype dtype, const int64_t *values,
                            const int64_t *dims, size_t rank) {
    czm_buffer content = czm_buffer_in(e->context->arena);
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) count *= (size_t)dims[i];
    for (size_t i = 0; i < count; i++)
        czm_put_raw_le(&content, (uint64_t)values[i], czm_dtype_size(dtype));
    return czm_add_const(&e->model->main,
                         czm_arena_format(e->context->arena, "%s/size", node->name), dtype,
                         czm_buffer_bytes(&content), dims, rank);
}

static czm_tensor add_ints(editor *e, const czm_node *node, int32_t value) {
    return czm_add_const_ints(&e->model->main,
                              czm_arena_format(e->context->arena, "%s/size/part", node->name),
                              &value, 1, false);
}

// Element `index` of the tensor, as a vector of one.
static czm_tensor slice_one(editor *e, const czm_node *node, czm_tensor tensor, czm_dtype dtype,
                            size_t index) {
    czm_graph *graph = &e->model->main;
    czm_node *slice = czm_add_node(graph,
                                   czm_arena_format(e->context->arena, "%s/size/kept", node->name),
                                   "StridedSlice", dtype, tensor, add_ints(e, node, (int32_t)index),
                                   add_ints(e, node, (int32_t)index + 1));
    czm_node_add_input(graph, slice, add_ints(e, node, 1));
    czm_set_type(graph, slice, "Index", CZM_DTYPE_INT32);
    return czm_output(slice);
}

// Replaces the sizes that a node reads. What is not known before it runs (the batch) is still taken
// from the old tensor.
static void replace_sizes(editor *e, czm_node *node, size_t input, const sizes *fresh) {
    czm_tensor old = node->inputs.items[input];
    czm_dtype dtype = czm_tensor_dtype(old);
    const int64_t count = (int64_t)fresh->count, one = 1;
    bool is_complete = true;
    for (size_t i = 0; i < fresh->count; i++) is_complete &= fresh->is_known[i];
    if (is_complete) {
        node->inputs.items[input] = add_sizes(e, node, dtype, fresh->values, &count, 1);
        return;
    }
    czm_graph *graph = &e->model->main;
    czm_node *joined = czm_graph_add(graph,
                                     czm_arena_format(e->context->arena, "%s/size", node->name),
                                     "ConcatV2");
    for (size_t i = 0; i < fresh->count; i++)
        czm_node_add_input(graph, joined,
                           fresh->is_known[i]
                               ? add_sizes(e, node, dtype, &fresh->values[i], &one, 1)
                               : slice_one(e, node, old, dtype, i));
    const int32_t axis = 0;
    czm_node_add_input(
        graph, joined,
        czm_add_const_ints(graph, czm_arena_format(e->context->arena, "%s/size/axis", node->name),
                           &axis, 1, true));
    czm_set_int(graph, joined, "N", count);
    czm_set_type(graph, joined, "T", dtype);
    czm_set_type(graph, joined, "Tidx", CZM_DTYPE_INT32);
    node->inputs.items[input] = czm_output(joined);
}

static size_t height_index(const czm_node *node) {
    return czm_attr_is(node, "data_format", "NCHW") ? 2 : 1;
}

// ---- transposed convolutions: out = in * stride + a rest that the padding fixes

static czm_status recompute_transposed(editor *e, czm_baked *b, czm_shape image, const sizes *now) {
    int64_t strides[4];
    size_t first = height_index(b->node), skipped = now->count == 4 ? 0 : first;
    if (now->count != 4 && now->count != 2) return CZM_OK;
    if (czm_attr_ints(b->node, "strides", strides, 4) != 4) return CZM_OK;
    sizes fresh = *now;
    for (size_t i = first; i < first + 2; i++) {
        size_t k = i - skipped;
        if (!now->is_known[k] || !b->sizes.is_known[k]) return CZM_OK;
        if (b->image.dims[i] == CZM_UNKNOWN) return CZM_OK; // what it stores is absolute
        fresh.values[k] =
            image.dims[i] * strides[i] + (b->sizes.values[k] - b->image.dims[i] * strides[i]);
    }
    if (is_same(&fresh, now)) return CZM_OK;
    if (!is_same(now, &b->sizes))
        return refuse(e, b->node,
                      "the output size of its transposed convolution is computed in a "
                      "way that is not understood");
    replace_sizes(e, b->node, b->kind->sizes, &fresh);
    return CZM_OK;
}

// ---- resizes: the factor stays

// Keras 2 stores the size as a product: of the input's size, which it knew, and the factor.
static bool is_product_of(const editor *e, czm_tensor size, const czm_baked *b) {
    if (!czm_node_is(size.node, "Mul") || size.node->inputs.count != 2) return false;
    for (size_t i = 0; i < 2; i++) {
        sizes factor = read_sizes(e->shapes, size.node->inputs.items[i]);
        if (factor.count == 2 && factor.is_known[0] && factor.is_known[1] &&
            factor.values[0] == b->image.dims[1] && factor.values[1] == b->image.dims[2])
            return true;
    }
    return false;
}

// What is pooled over the whole picture has one pixel at any size: a number that enlarges it again
// follows the picture.
static bool is_pooled(const czm_baked *b, czm_shape image, int axis) {
    return b->image.dims[axis] == 1 && image.dims[axis] == 1 && b->old_picture.rank == 4 &&
           b->sizes.count == 2 && b->sizes.values[axis - 1] > 1;
}

// ScaleAndTranslate takes the factors, too.
static void replace_factors(editor *e, czm_node *node, czm_shape image, const sizes *fresh) {
    czm_buffer content = czm_buffer_in(e->context->arena);
    const int64_t count = 2;
    for (size_t i = 0; i < 2; i++) {
        float factor = (float)fresh->values[i] / (float)image.dims[1 + i];
        uint32_t bits;
        memcpy(&bits, &factor, sizeof bits);
        czm_put_raw_le(&content, bits, sizeof bits);
    }
    node->inputs.items[2] =
        czm_add_const(&e->model->main, czm_arena_format(e->context->arena, "%s/scale", node->name),
                      CZM_DTYPE_FLOAT, czm_buffer_bytes(&content), &count, 1);
}

static czm_status recompute_resize(editor *e, czm_baked *b, czm_shape image, const sizes *now) {
    if (now->count != 2 || !is_same(now, &b->sizes)) return CZM_OK;
    if (!now->is_known[0] || !now->is_known[1]) return CZM_OK;
    bool is_factor = is_product_of(e, b->node->inputs.items[b->kind->sizes], b);
    czm_shape picture = czm_shape_of(e->shapes, b->picture);
    sizes fresh = *now;
    for (int i = 0; i < 2; i++) {
        bool follows_picture = !is_factor && is_pooled(b, image, 1 + i);
        czm_shape from = follows_picture ? b->old_picture : b->image;
        czm_shape to = follows_picture ? picture : image;
        int64_t old_in = from.dims[1 + i], product = to.dims[1 + i] * b->sizes.values[i];
        if (old_in == CZM_UNKNOWN || to.dims[1 + i] == CZM_UNKNOWN) continue; // absolute
        if (old_in == 0 || product % old_in != 0)
            return refuse(e, b->node,
                          "it would have to resize %s by the factor %lld/%lld, which gives no "
                          "whole size",
                          czm_shape_text(e->context->arena, to), (long long)b->sizes.values[i],
                          (long long)old_in);
        fresh.values[i] = product / old_in;
    }
    if (is_same(&fresh, now)) return CZM_OK;
    if (!is_factor)
        czm_report_add(e->context->report, CZM_RULE_SPATIAL_ASSUMPTION,
                       czm_arena_format(e->context->arena, "layer \"%s\"",
                                        czm_layer_name(e->context->arena, b->node->name, e->names)),
                       "if the layer must always give its old size, do not change the network's",
                       "its size %lld x %lld is taken as following its input, and becomes "
                       "%lld x %lld",
                       (long long)now->values[0], (long long)now->values[1],
                       (long long)fresh.values[0], (long long)fresh.values[1]);
    replace_sizes(e, b->node, b->kind->sizes, &fresh);
    if (czm_node_is(b->node, "ScaleAndTranslate")) replace_factors(e, b->node, image, &fresh);
    return CZM_OK;
}

// ---- dilated convolutions: the image is padded to a multiple of the dilation, and cropped again.
// What is padded beyond the crop is the convolution's own padding; a transposed one crops more.

static czm_status recompute_dealing(editor *e, czm_baked *b, czm_shape image, const sizes *now) {
    sizes blocks = read_sizes(e->shapes, b->node->inputs.items[1]);
    if (!b->partner || !is_same(now, &b->sizes) || now->count != 2 * blocks.count) return CZM_OK;
    int64_t paddings[MOST_SIZES], crops[MOST_SIZES];
    const int64_t dims[] = {(int64_t)blocks.count, 2};
    for (size_t i = 0; i < blocks.count; i++) {
        int64_t before = b->sizes.values[2 * i], block = blocks.values[i];
        int64_t end = b->sizes.values[2 * i + 1] - b->crops.values[2 * i + 1];
        int64_t own = end > 0 ? end : 0, cut = end < 0 ? -end : 0;
        bool is_known = b->sizes.is_known[2 * i] && b->sizes.is_known[2 * i + 1] &&
                        blocks.is_known[i] && block > 0 && (int)i + 1 < image.rank;
        if (!is_known) return CZM_OK;
        int64_t over = (image.dims[i + 1] + before + own) % block;
        int64_t extra = over ? block - over : 0;
        paddings[2 * i] = before;
        paddings[2 * i + 1] = own + extra;
        crops[2 * i] = b->crops.values[2 * i];
        crops[2 * i + 1] = cut + extra;
    }
    czm_dtype dtype = czm_tensor_dtype(b->node->inputs.items[2]);
    b->node->inputs.items[2] = add_sizes(e, b->node, dtype, paddings, dims, 2);
    dtype = czm_tensor_dtype(b->partner->inputs.items[2]);
    b->partner->inputs.items[2] = add_sizes(e, b->partner, dtype, crops, dims, 2);
    return CZM_OK;
}

// ---- reshapes

static bool product_of(const int64_t *dims, size_t count, int64_t *product) {
    *product = 1;
    for (size_t i = 0; i < count; i++) {
        if (dims[i] <= 0 || *product > INT64_MAX / dims[i]) return false;
        *product *= dims[i];
    }
    return true;
}

// A Tensordot with a fixed batch flattens all dimensions but the last, and unflattens them behind
// its MatMul: the flattening that made `rows` tells by what they are to be replaced.
static const czm_baked *flattening_of(const editor *e, const czm_baked *b) {
    for (size_t i = 0; i < e->baked->count; i++) {
        const czm_baked *other = e->baked->items[i];
        bool is_before = czm_node_is(other->node, "Reshape") && other->sizes.count == 2 &&
                         other->image.rank == (int)b->sizes.count;
        if (!is_before || other->sizes.values[0] != b->image.dims[0]) continue;
        bool fits = true;
        for (int k = 0; k + 1 < other->image.rank; k++)
            fits &= other->image.dims[k] == b->sizes.values[k];
        if (fits) return other;
    }
    return NULL;
}

// Tokens: [batch, height, width, channels] becomes [batch, height * width, channels].
static bool makes_tokens(const czm_baked *b) {
    const int64_t *old = b->image.dims, *to = b->sizes.values;
    int64_t pixels;
    return b->image.rank == 4 && b->sizes.count == 3 && b->sizes.is_known[1] &&
           b->sizes.is_known[2] && product_of(old + 1, 2, &pixels) && to[1] == pixels &&
           to[2] == old[3];
}

// The reshape whose tokens this one makes a picture of again.
static const czm_baked *tokens_of(const editor *e, const czm_baked *b) {
    if (b->image.rank != 3 || b->sizes.count != 4) return NULL;
    for (size_t i = 0; i < e->baked->count; i++) {
        const czm_baked *other = e->baked->items[i];
        if (czm_node_is(other->node, "Reshape") && makes_tokens(other) &&
            other->sizes.values[1] == b->image.dims[1] && b->sizes.is_known[1] &&
            b->sizes.is_known[2] && other->image.dims[1] == b->sizes.values[1] &&
            other->image.dims[2] == b->sizes.values[2])
            return other;
    }
    return NULL;
}

static czm_status recompute_reshape(editor *e, czm_baked *b, czm_shape image, const sizes *now) {
    if (!is_same(now, &b->sizes) || now->count == 0) return CZM_OK;
    sizes fresh = *now;
    size_t rank = (size_t)b->image.rank;
    int64_t old_rows, new_rows;
    const czm_baked *flattening = b->image.rank == 2 ? flattening_of(e, b) : NULL;
    bool keeps_front = rank >= 3 && now->count >= 3 && now->is_known[1] && now->is_known[2] &&
                       now->values[1] == b->image.dims[1] && now->values[2] == b->image.dims[2];
    bool flattens = now->count == 2 && rank >= 3 && now->is_known[0] && now->is_known[1] &&
                    product_of(b->image.dims, rank - 1, &old_rows) && now->values[0] == old_rows &&
                    now->values[1] == b->image.dims[rank - 1] &&
                    product_of(image.dims, rank - 1, &new_rows);
    const czm_baked *tokens = tokens_of(e, b);
    if (makes_tokens(b)) {
        fresh.values[1] = image.dims[1] * image.dims[2];
    } else if (tokens) {
        czm_shape to = czm_shape_of(e->shapes, tokens->node->inputs.items[0]);
        if (to.rank != 4 || to.dims[1] == CZM_UNKNOWN || to.dims[2] == CZM_UNKNOWN) return CZM_OK;
        fresh.values[1] = to.dims[1];
        fresh.values[2] = to.dims[2];
    } else if (keeps_front) { // only what stands behind height and width is rearranged
        fresh.values[1] = image.dims[1];
        fresh.values[2] = image.dims[2];
    } else if (flattens) {
        fresh.values[0] = new_rows;
    } else if (flattening) {
        czm_shape to = czm_shape_of(e->shapes, flattening->node->inputs.items[0]);
        for (int i = 0; i + 1 < to.rank; i++) fresh.values[i] = to.dims[i];
    } else {
        return CZM_OK; // if it does not fit any more, inference says so
    }
    replace_sizes(e, b->node, b->kind->sizes, &fresh);
    return CZM_OK;
}

static const baked_kind kinds[] = {
    {"Conv2DBackpropInput", 2, 0, recompute_transposed},
    {"CropAndResize", 0, 3, recompute_resize},
    {"ResizeArea", 0, 1, recompute_resize},
    {"ResizeBicubic", 0, 1, recompute_resize},
    {"ResizeBilinear", 0, 1, recompute_resize},
    {"ResizeNearestNeighbor", 0, 1, recompute_resize},
    {"ScaleAndTranslate", 0, 1, recompute_resize},
    {"SpaceToBatchND", 0, 2, recompute_dealing},
    {"Reshape", 0, 1, recompute_reshape},
};

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

// The BatchToSpaceND behind a SpaceToBatchND: between the two stands the convolution, perhaps
// with its bias and activation.
static czm_node *find_partner(const reader_index *index, czm_node *node) {
    for (int steps = 0; steps < 8; steps++) {
        const czm_node_list *readers = &index->readers[node->order];
        if (readers->count != 1) return NULL;
        node = readers->items[0];
        if (czm_node_is(node, "BatchToSpaceND")) return node->inputs.count == 3 ? node : NULL;
    }
    return NULL;
}

static const baked_kind *kind_of(const czm_node *node) {
    for (size_t i = 0; i < CZM_COUNT_OF(kinds); i++)
        if (czm_node_is(node, kinds[i].op)) return &kinds[i];
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
    czm_shape picture =
        czm_shape_read(arena, czm_attr_shape(part->main.inputs.items[0].tensor.node, "shape"));
    if (picture.rank != 4) return czm_shapes_infer(arena, part, NULL);
    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, 4);
    memcpy(dims, picture.dims, 4 * sizeof *dims);
    if (dims[0] == CZM_UNKNOWN) dims[0] = batch;
    const czm_shape shape = {4, dims};
    return czm_shapes_infer(arena, part, &shape);
}

static bool has_batch(const czm_shapes *shapes, const czm_baked *b) {
    czm_shape in = czm_shape_of(shapes, b->picture),
              out = czm_shape_of(shapes, czm_output(b->node));
    return in.rank > 0 && out.rank > 0 && in.dims[0] != CZM_UNKNOWN && in.dims[0] == out.dims[0];
}

void czm_spatial_record(czm_context *context, const czm_model *part, czm_baked_list *baked) {
    const czm_graph *graph = &part->main;
    const czm_shapes *shapes = czm_shapes_infer(context->arena, part, NULL);
    const czm_shapes *few = infer_batch(context->arena, part, PROBE_BATCH);
    const czm_shapes *more = infer_batch(context->arena, part, OTHER_PROBE_BATCH);
    czm_tensor picture = graph->inputs.items[0].tensor;
    reader_index index = index_readers(context->arena, graph);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        const baked_kind *kind = kind_of(node);
        if (!kind || node->inputs.count <= kind->image || node->inputs.count <= kind->sizes)
            continue;
        czm_baked *b = CZM_NEW(context->arena, czm_baked);
        *b = (czm_baked){.kind = kind,
                         .node = node,
                         .image = czm_shape_of(shapes, node->inputs.items[kind->image]),
                         .picture = picture,
                         .old_picture = czm_shape_of(shapes, picture),
                         .sizes = read_sizes(shapes, node->inputs.items[kind->sizes])};
        if (b->image.rank < 2 || b->sizes.count == 0) continue;
        if (czm_node_is(node, "ScaleAndTranslate") && !is_resize(shapes, b)) continue;
        b->keeps_batch = has_batch(few, b) && has_batch(more, b);
        if (czm_node_is(node, "SpaceToBatchND")) b->partner = find_partner(&index, node);
        if (b->partner) b->crops = read_sizes(shapes, b->partner->inputs.items[2]);
        if (b->crops.count != b->sizes.count) b->partner = NULL;
        *CZM_APPEND(context->arena, baked) = b;
    }
}

// ---- applying

static void set_input_size(editor *e) {
    czm_graph *graph = &e->model->main;
    czm_node *input = graph->inputs.items[0].tensor.node;
    czm_shape old = czm_shape_read(e->context->arena, czm_attr_shape(input, "shape"));
    const int64_t dims[4] = {old.dims[0], e->height, e->width, old.dims[3]};
    czm_set_attr(graph, input, "shape", czm_shape_attr(e->context->arena, (czm_shape){4, dims}));
}

static bool is_resized(const czm_baked *b, czm_shape image) {
    if (image.rank != b->image.rank) return false;
    bool is_changed = image.rank == 4 && (is_pooled(b, image, 1) || is_pooled(b, image, 2));
    for (int i = 0; i < image.rank; i++) {
        if (i > 0 && image.dims[i] == CZM_UNKNOWN) return false;
        is_changed |= image.dims[i] != b->image.dims[i];
    }
    return is_changed;
}

static czm_status recompute(editor *e, czm_baked *b) {
    czm_shape image = czm_shape_of(e->shapes, b->node->inputs.items[b->kind->image]);
    sizes now = read_sizes(e->shapes, b->node->inputs.items[b->kind->sizes]);
    b->is_done = true;
    return is_resized(b, image) ? b->kind->recompute(e, b, image, &now) : CZM_OK;
}

// One round; *waiting tells whether any node is left.
static czm_status recompute_ready(editor *e, bool *waiting) {
    czm_graph *graph = &e->model->main;
    size_t count = graph->nodes.count;
    bool *above = CZM_NEW_ARRAY(e->context->arena, bool, count + 1);
    e->shapes = czm_shapes_infer(e->context->arena, e->model, NULL);
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
        if (above[order])
            *waiting = true;
        else
            CZM_TRY(recompute(e, b));
        above[order] = true; // its new size is known in the next round
    }
    czm_graph_sort(graph);
    return CZM_OK;
}

// Recorded shapes of If, While and their kin are those of the old size.
static void forget_shapes(czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        czm_remove_attr(graph->nodes.items[i], "output_shapes");
}

// The node that computes the output: no author knows the Identities of an exporter.
static const czm_node *last_node(const editor *e) {
    const czm_node *node = e->model->main.outputs.items[0].tensor.node;
    while (czm_node_is(node, "Identity") && node->inputs.count > 0)
        node = node->inputs.items[0].node;
    return node;
}

// A Reshape with old sizes could hide pixels in the batch, and another one take them out again:
// no layer may do so that did not before.
static czm_status check_batch(editor *e, int64_t batch) {
    for (size_t i = 0; i < e->baked->count; i++) {
        const czm_baked *b = e->baked->items[i];
        czm_shape now = czm_shape_of(e->shapes, czm_output(b->node));
        if (b->keeps_batch && now.rank > 0 && now.dims[0] != CZM_UNKNOWN && now.dims[0] != batch)
            return refuse(e, b->node, "the batch size changes: the layer stores the old size");
    }
    return CZM_OK;
}

// The probe's batch size is not the user's: the same fault for the batch of the file, or for one image.
static const char *text_of_fault(editor *e, const czm_shape_fault *fault, czm_shape shape) {
    czm_shape declared = czm_shape_read(
        e->context->arena, czm_attr_shape(e->model->main.inputs.items[0].tensor.node, "shape"));
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

// A concrete batch makes every shape complete, and so every check exact; it must still be the batch
// at the end.
static czm_status probe(editor *e, int64_t batch) {
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
    if (fault) return refuse(e, fault->node, "%s", text_of_fault(e, fault, shape));
    czm_tensor output = graph->outputs.items[0].tensor;
    czm_shape result = czm_shape_of(e->shapes, output);
    if (result.rank > 0 && result.dims[0] != CZM_UNKNOWN && result.dims[0] != dims[0])
        return refuse(e, last_node(e), "the batch size changes: a layer stores the old size");
    return CZM_OK;
}

// Where the size was known before, all must be known now: else nobody has proved that the sizes
// meet. A loop whose body tells nothing may hold the old one.
static bool has_size(czm_shape shape) {
    return shape.rank == 4 && shape.dims[1] != CZM_UNKNOWN && shape.dims[2] != CZM_UNKNOWN;
}

// The node that lost the size: all is known of what goes into it, but not of what comes out.
static const czm_node *lost_at(const editor *e) {
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

static czm_status check_proof(editor *e, bool was_known) {
    czm_tensor output = e->model->main.outputs.items[0].tensor;
    czm_shape result = czm_shape_of(e->shapes, output);
    if (!was_known || czm_shape_is_complete(result)) return CZM_OK;
    const czm_node *stopped = czm_shapes_stopped_at(e->shapes);
    if (!stopped) stopped = lost_at(e);
    return refuse(e, stopped, "the output's size cannot be inferred beyond the operation %s",
                  stopped->op);
}

// An output that stays as it is while the input changes is the work of a layer that stores the size.
static czm_status check_growth(editor *e, czm_shape old_input, czm_shape old_output) {
    czm_tensor output = e->model->main.outputs.items[0].tensor;
    czm_shape now = czm_shape_of(e->shapes, output);
    if (old_output.rank != 4 || now.rank != 4 || old_input.rank != 4) return CZM_OK;
    const int64_t size[] = {e->height, e->width};
    for (int i = 1; i < 3; i++) {
        bool is_changed = old_input.dims[i] != CZM_UNKNOWN && old_input.dims[i] != size[i - 1];
        bool is_stuck = now.dims[i] != CZM_UNKNOWN && now.dims[i] == old_output.dims[i];
        if (is_changed && is_stuck)
            return refuse(e, last_node(e),
                          "the output stays %lld x %lld: a layer stores the old size",
                          (long long)now.dims[1], (long long)now.dims[2]);
    }
    return CZM_OK;
}

static czm_status recompute_all(editor *e, bool was_known) {
    bool waiting = true;
    while (waiting) CZM_TRY(recompute_ready(e, &waiting));
    CZM_TRY(probe(e, PROBE_BATCH));
    CZM_TRY(check_proof(e, was_known));
    return probe(e, OTHER_PROBE_BATCH);
}

czm_status czm_spatial_apply(czm_context *context, czm_model *model, const czm_baked_list *baked,
                             int64_t height, int64_t width) {
    editor e = {.context = context,
                .model = model,
                .baked = baked,
                .height = height,
                .width = width,
                .names = model->layer_names};
    czm_graph *graph = &model->main;
    const czm_shapes *old = czm_shapes_infer(context->arena, model, NULL);
    czm_shape input = czm_shape_of(old, graph->inputs.items[0].tensor);
    czm_shape output = czm_shape_of(old, graph->outputs.items[0].tensor);
    set_input_size(&e);
    czm_model_forget_output_shape(model);
    forget_shapes(graph);
    for (size_t i = 0; i < model->functions.count; i++) forget_shapes(model->functions.items[i]);
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->scratch = NULL;
    for (size_t i = 0; i < baked->count; i++) baked->items[i]->node->scratch = baked->items[i];
    czm_status status = recompute_all(&e, has_size(input) || has_size(output));
    if (!status) status = check_growth(&e, input, output);
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->scratch = NULL;
    return status;
}
