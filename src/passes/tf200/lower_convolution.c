// SPDX-License-Identifier: Apache-2.0
//
// Convolutions and pooling that TensorFlow 2.0.0's CPU kernels cannot do or do wrongly:
// dilations, explicit paddings, strides that differ. Nodes are channels-last here; the layout rewrite comes first.
#include "passes/lower.h"
#include "view/window.h"

// Height and width of an attr with an entry per dimension; false if it has not four.
static bool read_pair(const czm_node *node, const char *attr, int64_t pair[2]) {
    int64_t values[4] = {1, 1, 1, 1};
    size_t count = czm_attr_ints(node, attr, values, 4);
    pair[0] = values[1], pair[1] = values[2];
    return count == 4 && pair[0] > 0 && pair[1] > 0 && pair[0] < INT32_MAX && pair[1] < INT32_MAX;
}

static void set_pair(czm_lowering *l, czm_node *node, const char *attr, int64_t height,
                     int64_t width) {
    const int64_t values[4] = {1, height, width, 1};
    czm_set_ints(l->graph, node, attr, values, 4);
}

// The padding of height and width as [top, bottom, left, right]; false for SAME with strides, for
// then it depends on the size of the image.
static bool read_padding(const czm_node *node, const int64_t filter[4], const int64_t dilations[2],
                         int64_t padding[4]) {
    czm_windows windows = czm_windows_of(node, 4);
    bool is_same = windows.padding == CZM_PADDING_SAME, has_strides = false;
    for (int i = 0; i < 2; i++) {
        czm_window *w = &windows.along[1 + i];
        w->size = filter[i];
        w->dilation = dilations[i];
        if (is_same) czm_window_pad_same(w, CZM_UNKNOWN, CZM_UNKNOWN);
        padding[2 * i] = w->before;
        padding[2 * i + 1] = w->after;
        has_strides |= w->stride != 1;
    }
    return windows.padding != CZM_PADDING_UNKNOWN && !(is_same && has_strides);
}

// The padding of each dimension, before and after: a Const of shape [rank, 2].
static czm_tensor padding_table(czm_lowering *l, const czm_node *node, const int32_t *paddings,
                                int64_t rank) {
    czm_buffer content = czm_buffer_in(l->context->arena);
    const int64_t dims[] = {rank, 2};
    for (int64_t i = 0; i < 2 * rank; i++) czm_put_raw_le(&content, (uint32_t)paddings[i], 4);
    return czm_add_const(l->graph, czm_lower_name(l, node, "paddings"), CZM_DTYPE_INT32,
                         czm_buffer_bytes(&content), dims, 2);
}

static czm_tensor pad(czm_lowering *l, const czm_node *node, const char *suffix, czm_op_kind op,
                      const czm_tensor *inputs, size_t count) {
    czm_node *padded = czm_lower_add(l, node, suffix, op, inputs, count);
    czm_remove_attr(padded, "Tpaddings"); // int32, its default
    return czm_output(padded);
}

// ---- explicit paddings

bool czm_explicit_padding_applies(czm_lowering *l, czm_node *node) {
    (void)l;
    return czm_lower_is_channels_last(node) && czm_attr_is(node, "padding", "EXPLICIT") &&
           node->inputs.count > 0 && czm_attr_list_size(node, "explicit_paddings") == 8;
}

// The smallest value of a type, which never is the maximum: minus infinity, or the lowest integer.
static czm_tensor lowest(czm_lowering *l, const czm_node *node, czm_dtype dtype) {
    static const uint8_t single[] = {0, 0, 0x80, 0xff}, half[] = {0, 0xfc}, bfloat[] = {0x80, 0xff};
    static const uint8_t twice[] = {0, 0, 0, 0, 0, 0, 0xf0, 0xff};
    static const uint8_t zero[sizeof(uint64_t)] = {0}, low[] = {0, 0, 0, 0, 0, 0, 0, 0x80};
    bool is_unsigned = dtype == CZM_DTYPE_UINT8 || dtype == CZM_DTYPE_UINT16 ||
                       dtype == CZM_DTYPE_UINT32 || dtype == CZM_DTYPE_UINT64;
    size_t size = czm_dtype_size(dtype);
    czm_bytes value = dtype == CZM_DTYPE_HALF       ? czm_bytes_of(half, sizeof half)
                      : dtype == CZM_DTYPE_BFLOAT16 ? czm_bytes_of(bfloat, sizeof bfloat)
                      : dtype == CZM_DTYPE_DOUBLE   ? czm_bytes_of(twice, sizeof twice)
                      : dtype == CZM_DTYPE_FLOAT    ? czm_bytes_of(single, sizeof single)
                      : is_unsigned                 ? czm_bytes_of(zero, size)
                                                    : czm_bytes_of(low + sizeof low - size, size);
    return czm_add_const(l->graph, czm_lower_name(l, node, "lowest"), dtype, value, NULL, 0);
}

void czm_explicit_padding_rewrite(czm_lowering *l, czm_node *node) {
    int64_t values[8];
    int32_t paddings[8];
    czm_attr_ints(node, "explicit_paddings", values, 8);
    for (int i = 0; i < 8; i++) paddings[i] = (int32_t)values[i];
    czm_tensor *image = &node->inputs.items[0], table = padding_table(l, node, paddings, 4);
    if (czm_node_is(node, CZM_OP_MaxPool))
        *image = pad(l, node, "padded", CZM_OP_PadV2,
                     CZM_INPUTS(*image, table, lowest(l, node, czm_attr_type(node, "T"))));
    else
        *image = pad(l, node, "padded", CZM_OP_Pad, CZM_INPUTS(*image, table));
    czm_set_string(l->graph, node, "padding", "VALID");
    czm_remove_attr(node, "explicit_paddings");
}

// ---- dilations of depthwise convolutions, by rearranging the image

bool czm_dilated_depthwise_applies(czm_lowering *l, czm_node *node) {
    int64_t filter[4], dilations[2], strides[2], padding[4];
    return czm_lower_is_channels_last(node) && czm_lower_read_filter(l, node, 1, filter) &&
           read_pair(node, "dilations", dilations) && read_pair(node, "strides", strides) &&
           (dilations[0] > 1 || dilations[1] > 1) && strides[0] == 1 && strides[1] == 1 &&
           read_padding(node, filter, dilations, padding);
}

// The other inputs of SpaceToBatchND and BatchToSpaceND.
typedef struct dealing {
    czm_tensor block, paddings, crops;
} dealing;

// Height and width of an image, when the network runs.
static czm_tensor size_of(czm_lowering *l, czm_node *node, czm_tensor image) {
    const int32_t begin[] = {1}, end[] = {3}, step[] = {1};
    czm_node *shape = czm_lower_add(l, node, "shape", CZM_OP_Shape, CZM_INPUTS(image));
    czm_node *size =
        czm_lower_add(l, node, "size", CZM_OP_StridedSlice,
                      CZM_INPUTS(czm_output(shape), czm_lower_ints(l, node, "size/begin", begin, 1),
                                 czm_lower_ints(l, node, "size/end", end, 1),
                                 czm_lower_ints(l, node, "size/step", step, 1)));
    return czm_output(size);
}

static czm_tensor pack_columns(czm_lowering *l, czm_node *node, const char *name, czm_tensor first,
                               czm_tensor second) {
    czm_node *pack = czm_lower_add(l, node, name, CZM_OP_Pack, CZM_INPUTS(first, second));
    czm_set_int(l->graph, pack, "axis", 1);
    return czm_output(pack);
}

// The image must be padded to a multiple of the dilation; how much is computed from its size when
// the network runs, so that it fits every size:
//
//     extra = (-(size + padding)) mod dilation,  paddings = [[before, after + extra]],
//     crops = [[0, extra]]
static dealing plan_dealing(czm_lowering *l, czm_node *node, const int64_t d[2],
                            const int64_t p[4]) {
    const int32_t dilations[] = {(int32_t)d[0], (int32_t)d[1]}, zeros[] = {0, 0};
    const int32_t before[] = {(int32_t)p[0], (int32_t)p[2]};
    const int32_t after[] = {(int32_t)p[1], (int32_t)p[3]};
    const int32_t less[] = {-before[0] - after[0], -before[1] - after[1]};
    dealing plan = {.block = czm_lower_ints(l, node, "dilations", dilations, 2)};
    czm_tensor size = size_of(l, node, node->inputs.items[0]);
    czm_node *missing = czm_lower_add(l, node, "missing", CZM_OP_Sub,
                                      CZM_INPUTS(czm_lower_ints(l, node, "less", less, 2), size));
    czm_node *extra = czm_lower_add(l, node, "extra", CZM_OP_FloorMod,
                                    CZM_INPUTS(czm_output(missing), plan.block));
    czm_node *end = czm_lower_add(l, node, "after", CZM_OP_AddV2,
                                  CZM_INPUTS(czm_output(extra),
                                             czm_lower_ints(l, node, "after/base", after, 2)));
    plan.paddings = pack_columns(l, node, "paddings", czm_lower_ints(l, node, "before", before, 2),
                                 czm_output(end));
    plan.crops = pack_columns(l, node, "crops", czm_lower_ints(l, node, "crops/begin", zeros, 2),
                              czm_output(extra));
    return plan;
}

// SpaceToBatchND distributes the pixels to dilation x dilation smaller images, in which pixels at the distance of the
// dilation are neighbours.
void czm_dilated_depthwise_rewrite(czm_lowering *l, czm_node *node) {
    int64_t filter[4], d[2], p[4];
    czm_lower_read_filter(l, node, 1, filter);
    read_pair(node, "dilations", d);
    read_padding(node, filter, d, p);
    czm_tensor image = node->inputs.items[0], weights = node->inputs.items[1];
    dealing plan = plan_dealing(l, node, d, p);

    czm_node *dealt = czm_lower_add(l, node, "dealt", CZM_OP_SpaceToBatchND,
                                    CZM_INPUTS(image, plan.block, plan.paddings));

    czm_node *conv = czm_lower_copy(l, node, "conv");
    czm_node_add_input(l->graph, conv, czm_output(dealt));
    czm_node_add_input(l->graph, conv, weights);
    czm_set_string(l->graph, conv, "padding", "VALID");
    czm_remove_attr(conv, "explicit_paddings");
    set_pair(l, conv, "dilations", 1, 1);

    czm_build_anew(l->graph, node, CZM_OP_BatchToSpaceND,
                   CZM_INPUTS(czm_output(conv), plan.block, plan.crops));
}

// ---- dilations, by spreading the filter

// The dilations of height and width, or of a volume's three dimensions: their number, or 0.
static int read_dilations(const czm_node *node, int64_t dilations[3]) {
    int64_t values[5];
    int rank = czm_lower_rank(node), count = rank - 2;
    if (rank == 0 || czm_attr_ints(node, "dilations", values, 5) != (size_t)rank) return 0;
    for (int i = 0; i < count; i++) dilations[i] = values[i + 1];
    return count;
}

bool czm_dilated_filter_applies(czm_lowering *l, czm_node *node) {
    enum { MOST_TAPS = 1 << 20 };
    int64_t spread = 1; // elements of the larger filter
    int64_t d[3];
    int count = read_dilations(node, d);
    czm_shape filter = node->inputs.count > 1 ? czm_lower_shape(l, node->inputs.items[1])
                                              : czm_shape_unknown();
    bool is_dilated = false;
    if (count == 0 || filter.rank != count + 2) return false;
    for (int i = 0; i < count + 2; i++) {
        if (filter.dims[i] <= 0 || filter.dims[i] > MOST_TAPS) return false;
        if (i < count && (d[i] < 1 || d[i] >= MOST_TAPS / filter.dims[i])) return false;
        is_dilated |= i < count && d[i] > 1;
        spread = czm_dim_multiply(spread, filter.dims[i] * (i < count ? d[i] : 1));
    }
    return is_dilated && spread != CZM_UNKNOWN && spread <= INT32_MAX;
}

// A dilated filter is a larger one with zeros between its taps. Dimension by dimension, each tap gets a new
// dimension, which is padded with zeros; zeros after the last tap are cut off.
void czm_dilated_filter_rewrite(czm_lowering *l, czm_node *node) {
    static const int32_t origin[5];
    static const int64_t ones[] = {1, 1, 1, 1, 1};
    int64_t d[3];
    int32_t spread[5], size[5];
    size_t count = (size_t)read_dilations(node, d), rank = count + 2;
    const int64_t *f = czm_lower_shape(l, node->inputs.items[1]).dims;
    czm_tensor filter = node->inputs.items[1];
    for (size_t i = 0; i < rank; i++) spread[i] = size[i] = (int32_t)f[i];
    for (size_t i = 0; i < count; i++) {
        const int32_t zeros[] = {0, 0, 0, (int32_t)d[i] - 1, 0, 0};
        int32_t taps[] = {1, 1, -1};
        for (size_t k = 0; k <= i; k++) taps[0] *= spread[k];
        czm_tensor apart = czm_lower_reshape(l, node, "taps", filter,
                                             czm_lower_ints(l, node, "taps/shape", taps, 3));
        filter =
            pad(l, node, "spread", CZM_OP_Pad, CZM_INPUTS(apart, padding_table(l, node, zeros, 3)));
        spread[i] *= (int32_t)d[i];
        size[i] = spread[i] - (int32_t)d[i] + 1;
    }
    czm_tensor joined = czm_lower_reshape(l, node, "joined", filter,
                                          czm_lower_ints(l, node, "joined/shape", spread, rank));
    czm_node *cut =
        czm_lower_add(l, node, "filter", CZM_OP_Slice,
                      CZM_INPUTS(joined, czm_lower_ints(l, node, "filter/begin", origin, rank),
                                 czm_lower_ints(l, node, "filter/size", size, rank)));
    node->inputs.items[1] = czm_output(cut);
    czm_set_ints(l->graph, node, "dilations", ones, rank);
}

// ---- unequal strides of depthwise convolutions: all pixels are computed, and some are selected

// The first pixels that the strides select: with stride 1, SAME pads (taps - 1) / 2 pixels before the image, with
// larger strides fewer. False if this depends on an unknown size.
static bool first_pixels(const czm_lowering *l, const czm_node *node, const int64_t filter[4],
                         const int64_t strides[2], int32_t first[2]) {
    first[0] = first[1] = 0;
    czm_windows windows = czm_windows_of(node, 4);
    if (windows.padding != CZM_PADDING_SAME) return true;
    czm_shape image = czm_lower_shape(l, node->inputs.items[0]);
    if (image.rank != 4 || image.dims[1] <= 0 || image.dims[2] <= 0) return false;
    for (int i = 0; i < 2; i++) {
        int64_t size = image.dims[1 + i];
        czm_window w = windows.along[1 + i];
        w.size = filter[i];
        czm_window_pad_same(&w, size, (size + strides[i] - 1) / strides[i]);
        first[i] = (int32_t)((filter[i] - 1) / 2 - w.before);
    }
    return true;
}

bool czm_unequal_strides_applies(czm_lowering *l, czm_node *node) {
    int64_t filter[4], strides[2], dilations[2];
    int32_t first[2];
    return czm_lower_is_channels_last(node) && czm_lower_read_filter(l, node, 1, filter) &&
           read_pair(node, "strides", strides) && read_pair(node, "dilations", dilations) &&
           strides[0] != strides[1] && dilations[0] == 1 && dilations[1] == 1 &&
           first_pixels(l, node, filter, strides, first);
}

void czm_unequal_strides_rewrite(czm_lowering *l, czm_node *node) {
    int64_t filter[4], strides[2];
    int32_t first[2];
    czm_lower_read_filter(l, node, 1, filter);
    read_pair(node, "strides", strides);
    first_pixels(l, node, filter, strides, first);
    const int32_t begin[] = {0, first[0], first[1], 0}, end[] = {0, 0, 0, 0};
    const int32_t step[] = {1, (int32_t)strides[0], (int32_t)strides[1], 1};
    enum { TO_THE_END = 15 };

    czm_node *every = czm_lower_copy(l, node, "every");
    for (size_t i = 0; i < node->inputs.count; i++)
        czm_node_add_input(l->graph, every, node->inputs.items[i]);
    set_pair(l, every, "strides", 1, 1);
    czm_build_anew(l->graph, node, CZM_OP_StridedSlice,
                   CZM_INPUTS(czm_output(every), czm_lower_ints(l, node, "begin", begin, 4),
                              czm_lower_ints(l, node, "end", end, 4),
                              czm_lower_ints(l, node, "step", step, 4)));
    czm_set_int(l->graph, node, "end_mask", TO_THE_END);
}

// ---- transposed convolutions that name only height and width: batch and channels are added

bool czm_short_sizes_applies(czm_lowering *l, czm_node *node) {
    int64_t filter[4];
    if (!czm_lower_is_channels_last(node) || node->inputs.count != 3) return false;
    czm_shape sizes = czm_lower_shape(l, node->inputs.items[0]);
    return sizes.rank == 1 && sizes.dims[0] == 2 && czm_lower_read_filter(l, node, 1, filter);
}

void czm_short_sizes_rewrite(czm_lowering *l, czm_node *node) {
    int64_t filter[4];
    czm_lower_read_filter(l, node, 1, filter);
    const int32_t zero[] = {0}, one[] = {1}, channels[] = {(int32_t)filter[2]};
    czm_node *shape =
        czm_lower_add(l, node, "shape", CZM_OP_Shape, CZM_INPUTS(node->inputs.items[2]));
    czm_node *batch =
        czm_lower_add(l, node, "batch", CZM_OP_Slice,
                      CZM_INPUTS(czm_output(shape), czm_lower_ints(l, node, "batch/begin", zero, 1),
                                 czm_lower_ints(l, node, "batch/size", one, 1)));
    czm_node *sizes = czm_lower_add(l, node, "sizes", CZM_OP_ConcatV2,
                                    CZM_INPUTS(czm_output(batch), node->inputs.items[0],
                                               czm_lower_ints(l, node, "channels", channels, 1),
                                               czm_lower_int(l, node, "axis", 0)));
    node->inputs.items[0] = czm_output(sizes);
}
