// SPDX-License-Identifier: Apache-2.0
//
// Liveness of tensors; see tile_memory.h. The first pass over the nodes finds, for each buffer, the last node that
// reads it. The second pass adds each buffer at the node that makes it, and removes it after the last reader. Several
// tensors may share a buffer, and some nodes overwrite an input.
#include "analysis/tile_memory.h"

// Integer tensors up to this rank contain sizes and positions: they need little memory, and their size need not be
// known.
enum { HIGHEST_RANK_OF_SIZES = 1 };

typedef struct buffer {
    uint64_t size;
    const czm_node *unknown_at; // the node that made it, if its size is not known
    size_t last_use; // position of the last node that reads it, or of the one that makes it
    bool is_weight;
} buffer;

// The buffers of a node's outputs; several tensors may share one.
typedef struct outputs {
    czm_op_memory how;
    buffer **buffers;
    size_t count;
} outputs;

typedef struct liveness {
    czm_arena *arena;
    const czm_model *model;
    const czm_shapes *shapes;
    outputs *made; // by position
    uint64_t live; // bytes, weights not counted
    czm_tile_memory found;
} liveness;

static uint64_t plus(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

static uint64_t times(uint64_t a, uint64_t b) {
    return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

// ---- sizes

static bool is_of_sizes(czm_tensor tensor, czm_shape shape) {
    czm_dtype dtype = czm_tensor_dtype(tensor);
    bool is_integer = dtype == CZM_DTYPE_INT32 || dtype == CZM_DTYPE_INT64;
    return is_integer && shape.rank >= 0 && shape.rank <= HIGHEST_RANK_OF_SIZES;
}

static bool size_of(const liveness *l, czm_tensor tensor, uint64_t *size) {
    czm_shape shape = czm_shape_of(l->shapes, tensor);
    size_t element = czm_dtype_size(czm_tensor_dtype(tensor));
    *size = element;
    if (element == 0) return true; // handles, texts
    if (!czm_shape_is_complete(shape)) {
        *size = 0;
        return is_of_sizes(tensor, shape);
    }
    for (int i = 0; i < shape.rank; i++) *size = times(*size, (uint64_t)shape.dims[i]);
    return true;
}

static uint64_t bytes_of(const liveness *l, czm_tensor tensor) {
    uint64_t size;
    return size_of(l, tensor, &size) ? size : 0;
}

// The temporary memory of a convolution: an assumption if the engine may choose among algorithms, otherwise what the
// CPU's kernel allocates (conv_grad_input_ops.cc: a column of the filter's size for each pixel of the small image).
static uint64_t workspace_of(const liveness *l, const czm_node *node) {
    bool is_transposed = czm_node_is(node, CZM_OP_Conv2DBackpropInput);
    if (!is_transposed && !czm_node_is(node, CZM_OP_Conv2D)) return 0;
    czm_tensor image = node->inputs.items[is_transposed ? 2 : 0];
    czm_shape small = czm_shape_of(l->shapes, image);
    czm_shape filter = czm_shape_of(l->shapes, node->inputs.items[1]);
    if (!czm_shape_is_complete(filter) || filter.rank != 4) return 0;
    bool is_point = filter.dims[0] == 1 && filter.dims[1] == 1;
    if (is_point) return 0; // a matrix product
    uint64_t in = bytes_of(l, image), out = bytes_of(l, czm_output((czm_node *)node));
    if (!is_transposed) return in > out ? in : out;
    if (!czm_shape_is_complete(small) || small.rank != 4 || small.dims[3] == 0) return 0;
    uint64_t column =
        times(times((uint64_t)filter.dims[0], (uint64_t)filter.dims[1]), (uint64_t)filter.dims[2]);
    return times(in / (uint64_t)small.dims[3], column);
}

// ---- buffers

// NULL: the tensor's node comes later (a loop), and its buffer is not counted twice.
static buffer *buffer_of(const liveness *l, czm_tensor tensor) {
    const outputs *made = &l->made[tensor.node->order - 1];
    return tensor.index < made->count ? made->buffers[tensor.index] : NULL;
}

static buffer *new_buffer(const liveness *l, czm_tensor tensor, size_t position, bool is_weight) {
    buffer *b = CZM_NEW(l->arena, buffer);
    b->last_use = position;
    b->is_weight = is_weight;
    if (!size_of(l, tensor, &b->size)) b->unknown_at = tensor.node;
    return b;
}

static void make_buffers(liveness *l, czm_node *node, size_t position) {
    outputs *made = &l->made[position];
    made->how = czm_node_traits(node)->memory;
    if (!czm_node_output_count(node, &made->count)) made->count = 1;
    made->buffers = CZM_NEW_ARRAY(l->arena, buffer *, made->count);
    for (size_t i = 0; i < made->count; i++) {
        czm_tensor tensor = {node, (uint32_t)i};
        if (made->how == CZM_OP_HANDS_ON && node->inputs.count) {
            made->buffers[i] = buffer_of(l, czm_handed_on(tensor));
            if (made->buffers[i]) continue;
        }
        made->buffers[i] = new_buffer(l, tensor, position, made->how == CZM_OP_IS_WEIGHT);
    }
}

// An output without readers may have any size.
static void use(liveness *l, czm_tensor tensor, size_t position) {
    buffer *b = buffer_of(l, tensor);
    if (!b) return;
    b->last_use = position;
    if (b->unknown_at && !l->found.unknown_at) l->found.unknown_at = b->unknown_at;
}

static void find_last_uses(liveness *l) {
    const czm_node_list *nodes = &l->model->main.nodes;
    for (size_t p = 0; p < nodes->count; p++) {
        czm_node *node = nodes->items[p];
        make_buffers(l, node, p);
        for (size_t i = 0; i < node->inputs.count; i++) use(l, node->inputs.items[i], p);
    }
    const czm_port_list *ends[] = {&l->model->main.inputs, &l->model->main.outputs};
    for (size_t e = 0; e < CZM_COUNT_OF(ends); e++) // the caller keeps them
        for (size_t i = 0; i < ends[e]->count; i++) use(l, ends[e]->items[i].tensor, nodes->count);
}

// ---- the sweep

// The input that an output of this size overwrites; NULL: none.
static buffer *overwritten(const liveness *l, const czm_node *node, size_t position,
                           uint64_t size) {
    for (size_t i = 0; i < node->inputs.count; i++) {
        buffer *b = buffer_of(l, node->inputs.items[i]);
        if (b && !b->is_weight && b->last_use == position && b->size == size) return b;
    }
    return NULL;
}

static void run(liveness *l, const czm_node *node, size_t position) {
    const outputs *made = &l->made[position];
    for (size_t i = 0; i < made->count; i++) {
        buffer *b = made->buffers[i];
        if (made->how == CZM_OP_HANDS_ON) continue;
        if (b->is_weight) {
            l->found.weights = plus(l->found.weights, b->size);
            continue;
        }
        buffer *replaced = made->how == CZM_OP_OVERWRITES ? overwritten(l, node, position, b->size)
                                                          : NULL;
        if (replaced)
            replaced->size = 0; // continues as the output
        else
            l->live = plus(l->live, b->size);
    }
}

static void note_peak(liveness *l, const czm_node *node) {
    uint64_t workspace = workspace_of(l, node), both = plus(l->live, workspace);
    if (l->live > l->found.activations) l->found.activations = l->live;
    if (workspace > l->found.workspace) l->found.workspace = workspace;
    if (l->found.peak_at && both <= l->found.peak) return;
    l->found.peak = both;
    l->found.peak_at = node;
}

static void release(liveness *l, buffer *b, size_t position) {
    if (!b || b->is_weight || b->last_use != position) return;
    l->live -= l->live < b->size ? l->live : b->size;
    b->size = 0; // once, however many tensors share it
}

static void sweep(liveness *l) {
    const czm_node_list *nodes = &l->model->main.nodes;
    for (size_t p = 0; p < nodes->count; p++) {
        const czm_node *node = nodes->items[p];
        run(l, node, p);
        note_peak(l, node);
        for (size_t i = 0; i < node->inputs.count; i++)
            release(l, buffer_of(l, node->inputs.items[i]), p);
        for (size_t i = 0; i < l->made[p].count; i++) release(l, l->made[p].buffers[i], p);
    }
}

static uint64_t size_of_variables(const czm_model *model) {
    uint64_t sum = 0;
    for (size_t i = 0; i < model->variables.count; i++)
        sum = plus(sum, model->variables.items[i].source->size);
    return sum;
}

czm_tile_memory czm_tile_memory_of(czm_arena *arena, const czm_model *model,
                                   const czm_shapes *shapes) {
    liveness l = {.arena = arena, .model = model, .shapes = shapes};
    l.made = CZM_NEW_ARRAY(arena, outputs, model->main.nodes.count);
    find_last_uses(&l);
    if (l.found.unknown_at) return (czm_tile_memory){.unknown_at = l.found.unknown_at};
    sweep(&l);
    l.found.is_known = true;
    l.found.weights = plus(l.found.weights, size_of_variables(model));
    l.found.peak = plus(l.found.peak, l.found.weights);
    return l.found;
}
