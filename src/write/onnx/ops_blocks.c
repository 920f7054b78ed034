// SPDX-License-Identifier: Apache-2.0
//
// Moves blocks of pixels to the channels or to the batch, and back. The blocks of an image are moved to the batch as
//
//     [n, h, w, c] -> pad -> [n, h/b, b, w/b, b, c] -> [b, b, n, h/b, w/b, c] -> [b b n, h/b, w/b, c]
//
// (core/kernels/spacetobatch_op.cc), where b and the paddings may be different for height and width.
#include "view/window.h"
#include "write/onnx/ops.h"

enum { MOST = CZM_ONNX_MOST_DIMS };

// `count` sizes of the tensor from number `first` on, multiplied or divided by the factor.
static const char *some_sizes(czm_onnx_step *step, const char *of, int64_t first, size_t count,
                              const char *op, int64_t factor) {
    const int64_t picks[] = {first, first + 1};
    const char *sizes =
        CZM_ONNX(step, "Gather", CZM_ONNX(step, "Shape", of), czm_onnx_ints(step, picks, count));
    return CZM_ONNX(step, op, sizes, czm_onnx_int(step, factor));
}

// ONNX Runtime has kernels of both operations for floating-point numbers only: integers are moved by a transposition.
static void move_whole_numbers(czm_onnx_step *step, int64_t size) {
    static const int64_t order[] = {0, 1, 3, 2, 4, 5};
    bool is_into_depth = czm_text_equal(step->detail, "SpaceToDepth");
    const int64_t inner[] = {0, 0, 0, size, size, -1}, whole[] = {0, 0, 0, -1};
    const char *of = czm_onnx_in_plain(step, 0), *block = czm_onnx_int(step, size);
    const char *batch = some_sizes(step, of, 0, 1, "Div", 1), *sizes;
    if (is_into_depth)
        sizes = CZM_ONNX(step, "Concat", batch, some_sizes(step, of, 1, 1, "Div", size), block,
                         some_sizes(step, of, 2, 1, "Div", size), block, czm_onnx_int(step, -1));
    else
        sizes = CZM_ONNX(step, "Concat", batch, some_sizes(step, of, 1, 2, "Mul", size),
                         czm_onnx_int(step, -1));
    czm_onnx_set_int(step, "axis", 0);
    const char *name = is_into_depth ? CZM_ONNX(step, "Reshape", of, sizes)
                                     : czm_onnx_emit_reshape(step, of, inner, 6);
    name = czm_onnx_emit_transpose(step, name, order, 6);
    czm_onnx_out(step, 0,
                 is_into_depth ? czm_onnx_emit_reshape(step, name, whole, 4)
                               : CZM_ONNX(step, "Reshape", name, sizes));
}

// PyTorch's order of the channels, [channel, place in the block], is a mode in ONNX, and an exchange of the channels
// before the operation in TensorFlow.
static bool put_exchanged(czm_onnx_step *step, int64_t size) {
    czm_onnx_step above = *step;
    above.node = step->node->inputs.items[0].node;
    int64_t axis, channels = czm_onnx_in(step, 0)->shape.dims[3];
    size_t count;
    if (!czm_node_is(step->node, CZM_OP_DepthToSpace) ||
        !czm_node_is(above.node, CZM_OP_GatherV2) || czm_onnx_in_ints(&above, 2, &axis, 1) != 1 ||
        axis != 3 || channels < 1 || channels % (size * size))
        return false;
    const int64_t *places = czm_onnx_in_places(&above, 1, &count), area = size * size;
    if (!places || (int64_t)count != channels || czm_onnx_in(&above, 0)->shape.dims[3] != channels)
        return false;
    for (int64_t i = 0; i < channels; i++)
        if (places[i] != i % (channels / area) * area + i / (channels / area)) return false;
    const char *name = CZM_ONNX(step, "DepthToSpace", czm_onnx_in_planar(&above, 0));
    czm_onnx_set_int(step, "blocksize", size);
    czm_onnx_set_text(step, "mode", "CRD");
    czm_onnx_out_planar(step, 0, name);
    return true;
}

void czm_onnx_depth(czm_onnx_step *step) { // DepthToSpace, SpaceToDepth
    int64_t size = czm_attr_int(step->node, "block_size");
    if (czm_onnx_in(step, 0)->shape.rank != 4 || czm_is_channels_first(step->node)) {
        czm_onnx_refuse(step, "only images with channels last are supported");
        return;
    }
    if (!czm_dtype_is_floating(czm_onnx_in(step, 0)->dtype)) {
        move_whole_numbers(step, size);
        return;
    }
    if (put_exchanged(step, size)) return;
    const char *name = CZM_ONNX(step, step->detail, czm_onnx_in_planar(step, 0));
    czm_onnx_set_int(step, "blocksize", size);
    czm_onnx_out_planar(step, 0, name);
}

typedef struct blocks {
    int rank, count; // dimensions; the number of dimensions with blocks, from number 1 on
    int64_t space[MOST], batch[MOST]; // factors of all dimensions: [1, b, b, 1], [b b, 1, 1, 1]
    size_t change;                    // the input with the paddings or crops: [before, after] each
} blocks;

static int read_sizes(czm_onnx_step *step, int64_t *sizes) {
    if (!step->detail) return czm_onnx_in_ints(step, 1, sizes, MOST);
    sizes[0] = sizes[1] = czm_attr_int(step->node, step->detail);
    return 2;
}

static bool read_blocks(czm_onnx_step *step, blocks *b) {
    int64_t sizes[MOST];
    *b = (blocks){.rank = czm_onnx_in(step, 0)->shape.rank, .change = step->detail ? 1 : 2};
    b->count = read_sizes(step, sizes);
    bool is_known = b->count > 0 && b->rank > b->count && b->rank + b->count <= MOST;
    if (!is_known) {
        czm_onnx_refuse(step, "the size of its blocks is not known");
        return false;
    }
    for (int i = 0; i < b->rank; i++) b->space[i] = b->batch[i] = 1;
    for (int i = 0; i < b->count; i++) {
        b->space[i + 1] = sizes[i];
        b->batch[0] *= sizes[i];
    }
    return b->batch[0] > 0;
}

// ---- paddings and crops

static bool read_change(czm_onnx_step *step, const blocks *b, int64_t *change) {
    return czm_onnx_in_ints(step, b->change, change, 2 * MOST) == 2 * b->count;
}

// Pads, or crops if `sign` is -1: Pad accepts negative numbers.
static const char *emit_change(czm_onnx_step *step, const blocks *b, const char *of, int sign) {
    int64_t told[2 * MOST], pads[2 * MOST] = {0};
    if (read_change(step, b, told)) {
        for (int i = 0; i < b->count; i++) {
            pads[i + 1] = sign * told[2 * i];
            pads[i + 1 + b->rank] = sign * told[2 * i + 1];
        }
        return CZM_ONNX(step, "Pad", of, czm_onnx_ints(step, pads, 2 * (size_t)b->rank));
    }
    const int64_t turned[] = {1, 0}, flat[] = {-1}, others[] = {0, 1, 0, b->rank - b->count - 1};
    const char *name = czm_onnx_emit_transpose(step, czm_onnx_in_int64(step, b->change), turned, 2);
    if (sign < 0) name = CZM_ONNX(step, "Neg", name);
    name = CZM_ONNX(step, "Pad", name, czm_onnx_ints(step, others, CZM_COUNT_OF(others)));
    return CZM_ONNX(step, "Pad", of, czm_onnx_emit_reshape(step, name, flat, 1));
}

// ---- sizes

// The sizes for a Reshape: those of a tensor divided by some factors, then those of the blocks, then the first ones
// times other factors; as known numbers, and as a computed tensor.
typedef struct sizes {
    int64_t known[3 * MOST];
    const char *computed;
} sizes;

static sizes sizes_of(czm_onnx_step *step, const blocks *b, const char *tensor, const int64_t *dims,
                      const int64_t *divisor, const int64_t *factor) {
    sizes s;
    size_t rank = (size_t)b->rank;
    for (int i = 0; i < b->rank; i++) {
        bool is_known = dims[i] != CZM_UNKNOWN;
        s.known[i] = is_known ? dims[i] / divisor[i] : CZM_UNKNOWN;
        s.known[b->rank + b->count + i] = is_known ? s.known[i] * factor[i] : CZM_UNKNOWN;
    }
    for (int i = 0; i < b->count; i++) s.known[b->rank + i] = b->space[i + 1];
    const char *parts =
        CZM_ONNX(step, "Div", CZM_ONNX(step, "Shape", tensor), czm_onnx_ints(step, divisor, rank));
    const char *whole = CZM_ONNX(step, "Mul", parts, czm_onnx_ints(step, factor, rank));
    s.computed =
        CZM_ONNX(step, "Concat", parts, czm_onnx_ints(step, b->space + 1, (size_t)b->count), whole);
    czm_onnx_set_int(step, "axis", 0);
    return s;
}

static const char *reshape(czm_onnx_step *step, const char *of, const sizes *s,
                           const int64_t *picks, int count) {
    int64_t dims[2 * MOST];
    int open = 0;
    for (int i = 0; i < count; i++) {
        dims[i] = s->known[picks[i]];
        open += dims[i] == CZM_UNKNOWN;
    }
    if (open <= 1) return czm_onnx_emit_reshape(step, of, dims, count);
    return CZM_ONNX(step, "Reshape", of,
                    CZM_ONNX(step, "Gather", s->computed,
                             czm_onnx_ints(step, picks, (size_t)count)));
}

static const char *reshape_whole(czm_onnx_step *step, const blocks *b, const char *of,
                                 const sizes *s) {
    int64_t picks[MOST];
    for (int i = 0; i < b->rank; i++) picks[i] = b->rank + b->count + i;
    return reshape(step, of, s, picks, b->rank);
}

// ---- into the batch and out of it

void czm_onnx_space_to_batch(czm_onnx_step *step) {
    blocks b;
    if (!read_blocks(step, &b)) return;
    int64_t dims[MOST], change[2 * MOST], picks[2 * MOST] = {0}, order[2 * MOST];
    bool is_known = read_change(step, &b, change);
    for (int i = 0; i < b.rank; i++) {
        bool is_dealt = i > 0 && i <= b.count;
        dims[i] = czm_onnx_in(step, 0)->shape.dims[i];
        if (is_dealt && !is_known) dims[i] = CZM_UNKNOWN;
        if (is_dealt && dims[i] != CZM_UNKNOWN) dims[i] += change[2 * i - 2] + change[2 * i - 1];
        picks[is_dealt ? 2 * i - 1 : i ? i + b.count : 0] = i;
        if (is_dealt) picks[2 * i] = b.rank + i - 1;
    }
    for (int i = 0; i < b.count; i++) {
        order[i] = 2 * i + 2;
        order[b.count + 1 + i] = 2 * i + 1;
    }
    order[b.count] = 0;
    for (int i = 2 * b.count + 1; i < b.rank + b.count; i++) order[i] = i;
    const char *name = emit_change(step, &b, czm_onnx_in_plain(step, 0), 1);
    sizes s = sizes_of(step, &b, name, dims, b.space, b.batch);
    name = reshape(step, name, &s, picks, b.rank + b.count);
    name = czm_onnx_emit_transpose(step, name, order, b.rank + b.count);
    czm_onnx_out(step, 0, reshape_whole(step, &b, name, &s));
}

void czm_onnx_batch_to_space(czm_onnx_step *step) {
    blocks b;
    if (!read_blocks(step, &b)) return;
    int64_t picks[2 * MOST] = {0}, order[2 * MOST] = {b.count};
    for (int i = 0; i < b.count; i++) {
        picks[i] = b.rank + i;
        order[2 * i + 1] = b.count + 1 + i;
        order[2 * i + 2] = i;
    }
    for (int i = 0; i < b.rank; i++) picks[b.count + i] = i;
    for (int i = 2 * b.count + 1; i < b.rank + b.count; i++) order[i] = i;
    const char *name = czm_onnx_in_plain(step, 0);
    sizes s = sizes_of(step, &b, name, czm_onnx_in(step, 0)->shape.dims, b.batch, b.space);
    name = reshape(step, name, &s, picks, b.rank + b.count);
    name = czm_onnx_emit_transpose(step, name, order, b.rank + b.count);
    czm_onnx_out(step, 0, emit_change(step, &b, reshape_whole(step, &b, name, &s), -1));
}
