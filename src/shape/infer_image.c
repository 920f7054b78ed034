// SPDX-License-Identifier: Apache-2.0
//
// Images: normalisation, resizing, cropping, and moving pixels between space, depth and batch.
#include "shape/ops.h"

// Inputs are the image, scale, offset, mean and variance, with one value per channel. In training mode, mean and
// variance may be empty. The content of output 5 depends on the device. data_format has a letter for each dimension.
void czm_infer_batch_norm(czm_step *step) {
    czm_dims dims, scale;
    czm_layout layout;
    size_t most = czm_attr_bool(step->node, "is_training") ? 3 : 5;
    size_t rank = czm_attr_string(step->node, "data_format").size;
    if ((rank != 4 && rank != 5) || !czm_step_in_ranked(step, 0, (int)rank, &dims)) return;
    if (!czm_layout_of(step->node, dims.rank, &layout)) return;
    int64_t channels = dims.at[layout.channel];
    for (size_t i = 1; i < most; i++) {
        if (!czm_step_in_ranked(step, i, 1, &scale)) return;
        if (!czm_dim_merge(channels, scale.at[0], &channels)) {
            czm_step_fault(step,
                           "input %s does not have the %lld channels that it is normalised for",
                           czm_step_in_text(step, 0), (long long)scale.at[0]);
            return;
        }
    }
    dims.at[layout.channel] = channels;
    czm_step_set_dims(step, 0, &dims);
    czm_dims parameters = {.rank = 1, .at = {channels}};
    for (size_t i = 1; i < 5; i++) czm_step_set_dims(step, i, &parameters);
}

// Images are [batch, height, width, channels]. The new size is the value of the input that the row
// names.
void czm_infer_resize(czm_step *step) {
    czm_dims dims, sizes = czm_step_in_sizes(step, (size_t)step->detail);
    if (!czm_step_in_ranked(step, 0, 4, &dims)) return;
    dims.at[1] = sizes.rank == 2 ? sizes.at[0] : CZM_UNKNOWN;
    dims.at[2] = sizes.rank == 2 ? sizes.at[1] : CZM_UNKNOWN;
    czm_step_set_dims(step, 0, &dims);
}

// Inputs are images, boxes, the image of each box, and the size of the crops.
void czm_infer_crop_and_resize(czm_step *step) {
    czm_dims dims, boxes, images, sizes = czm_step_in_sizes(step, 3);
    if (!czm_step_in_ranked(step, 0, 4, &dims) || !czm_step_in_ranked(step, 1, 2, &boxes)) return;
    if (!czm_step_in_ranked(step, 2, 1, &images)) return;
    if (!czm_dim_merge(boxes.at[0], images.at[0], &dims.at[0])) {
        czm_step_fault(step, "boxes %s and their images %s differ in number",
                       czm_step_in_text(step, 1), czm_step_in_text(step, 2));
        return;
    }
    dims.at[1] = sizes.rank == 2 ? sizes.at[0] : CZM_UNKNOWN;
    dims.at[2] = sizes.rank == 2 ? sizes.at[1] : CZM_UNKNOWN;
    czm_step_set_dims(step, 0, &dims);
}

// ---- space and depth

// dim / by; false if there is a remainder.
static bool split_dim(int64_t *dim, int64_t by) {
    if (*dim == CZM_UNKNOWN || by == CZM_UNKNOWN) *dim = CZM_UNKNOWN;
    if (*dim == CZM_UNKNOWN) return true;
    if (by <= 0 || *dim % by != 0) return false;
    *dim /= by;
    return true;
}

static bool read_blocks(czm_step *step, czm_layout *layout, int64_t *size, czm_dims *dims) {
    *size = czm_attr_int(step->node, "block_size");
    return *size > 0 && czm_layout_of(step->node, 4, layout) &&
           czm_step_in_ranked(step, 0, 4, dims);
}

void czm_infer_depth_to_space(czm_step *step) {
    czm_layout layout;
    czm_dims dims;
    int64_t size;
    if (!read_blocks(step, &layout, &size, &dims)) return;
    for (int i = layout.space; i < layout.space + 2; i++)
        dims.at[i] = czm_dim_multiply(dims.at[i], size);
    if (!split_dim(&dims.at[layout.channel], czm_dim_multiply(size, size))) {
        czm_step_fault(step, "cannot spread the channels of %s over blocks of %lld by %lld pixels",
                       czm_step_in_text(step, 0), (long long)size, (long long)size);
        return;
    }
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_space_to_depth(czm_step *step) {
    czm_layout layout;
    czm_dims dims;
    int64_t size;
    if (!read_blocks(step, &layout, &size, &dims)) return;
    dims.at[layout.channel] =
        czm_dim_multiply(dims.at[layout.channel], czm_dim_multiply(size, size));
    for (int i = layout.space; i < layout.space + 2; i++) {
        if (split_dim(&dims.at[i], size)) continue;
        czm_step_fault(step, "cannot cut %s into blocks of %lld by %lld pixels",
                       czm_step_in_text(step, 0), (long long)size, (long long)size);
        return;
    }
    czm_step_set_dims(step, 0, &dims);
}

// ---- space and batch

// Blocks along the dimensions after the batch, and the pixels that are added or removed. The V1 ops have a block size
// as attr and margins as input 1, the ND ops have both as inputs.
typedef struct blocks {
    int rank;      // how many dimensions have blocks; CZM_UNKNOWN
    int64_t total; // number of blocks
    int64_t size[CZM_HIGHEST_RANK];
    int64_t margin[CZM_HIGHEST_RANK]; // before and after together
} blocks;

static int64_t margin_of(czm_value margins, size_t dimension) {
    int64_t before, after;
    bool is_known = czm_value_int(margins, 2 * dimension, &before) &&
                    czm_value_int(margins, 2 * dimension + 1, &after);
    return is_known && before >= 0 && after >= 0 ? czm_dim_add(before, after) : CZM_UNKNOWN;
}

static blocks read_margins(const czm_step *step) {
    blocks b = {.rank = 2, .total = 1};
    bool is_nd = czm_step_in_count(step) == 3;
    czm_dims sizes = czm_step_in_sizes(step, 1);
    if (is_nd) b.rank = sizes.rank;
    for (int i = 0; i < b.rank; i++) {
        b.size[i] = is_nd ? sizes.at[i] : czm_attr_int(step->node, "block_size");
        if (b.size[i] <= 0) b.size[i] = CZM_UNKNOWN;
        b.margin[i] = margin_of(czm_step_in_value(step, is_nd ? 2 : 1), (size_t)i);
        b.total = czm_dim_multiply(b.total, b.size[i]);
    }
    return b;
}

// The image as far as it is known; false if its rank is unknown, or after a fault.
static bool read_batch(czm_step *step, blocks *b, czm_dims *dims) {
    *b = read_margins(step);
    bool is_nd = czm_step_in_count(step) == 3;
    if (!is_nd && !czm_step_in_ranked(step, 0, 4, dims)) return false;
    if (is_nd) *dims = czm_dims_of(czm_step_in_shape(step, 0));
    if (dims->rank == CZM_UNKNOWN) return false;
    if (b->rank == CZM_UNKNOWN) {
        czm_step_set_rank(step, 0, dims->rank);
        return false;
    }
    if (dims->rank > b->rank) return true;
    czm_step_fault(step, "cannot cut %s into blocks along %d dimensions", czm_step_in_text(step, 0),
                   b->rank);
    return false;
}

void czm_infer_space_to_batch(czm_step *step) {
    blocks b;
    czm_dims dims;
    if (!read_batch(step, &b, &dims)) return;
    dims.at[0] = czm_dim_multiply(dims.at[0], b.total);
    for (int i = 0; i < b.rank; i++) {
        int64_t padded = czm_dim_add(dims.at[i + 1], b.margin[i]);
        dims.at[i + 1] = padded;
        if (split_dim(&dims.at[i + 1], b.size[i])) continue;
        czm_step_fault(step,
                       "cannot cut %s, padded to %lld along dimension %d, into blocks of %lld",
                       czm_step_in_text(step, 0), (long long)padded, i + 1, (long long)b.size[i]);
        return;
    }
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_batch_to_space(czm_step *step) {
    blocks b;
    czm_dims dims;
    if (!read_batch(step, &b, &dims)) return;
    if (!split_dim(&dims.at[0], b.total)) {
        czm_step_fault(step, "cannot put %s together from %lld blocks", czm_step_in_text(step, 0),
                       (long long)b.total);
        return;
    }
    for (int i = 0; i < b.rank; i++) {
        int64_t whole = czm_dim_multiply(dims.at[i + 1], b.size[i]);
        if (whole != CZM_UNKNOWN && b.margin[i] != CZM_UNKNOWN && whole < b.margin[i]) {
            czm_step_fault(step, "cannot crop %lld from dimension %d of %s, which becomes %lld",
                           (long long)b.margin[i], i + 1, czm_step_in_text(step, 0),
                           (long long)whole);
            return;
        }
        dims.at[i + 1] = czm_dim_subtract(whole, b.margin[i]);
    }
    czm_step_set_dims(step, 0, &dims);
}
