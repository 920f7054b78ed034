// SPDX-License-Identifier: Apache-2.0
//
// Convolutions, forwards and backwards. A filter is [space..., channels in, channels out]; that of
// a depthwise convolution is [space..., channels in, outputs for each channel].
#include "shape/ops.h"

// An image and the filter that goes over it.
typedef struct convolution {
    int rank;
    czm_layout layout;
    czm_windows windows;
    czm_dims filter;
} convolution;

// The filter is always input 1; its rank distinguishes 2D from 3D.
static bool read_convolution(czm_step *step, int rank, convolution *c) {
    c->rank = rank;
    if (!czm_layout_of(step->node, rank, &c->layout)) return false;
    if (!czm_step_in_ranked(step, 1, rank, &c->filter)) return false;
    c->windows = czm_windows_of(step->node, rank);
    for (int i = 0; i < c->layout.space_rank; i++)
        c->windows.along[c->layout.space + i].size = c->filter.at[i];
    return true;
}

static int64_t filter_in(const convolution *c) { return c->filter.at[c->rank - 2]; }
static int64_t filter_out(const convolution *c) { return c->filter.at[c->rank - 1]; }

static bool divides(int64_t part, int64_t whole) {
    return part == CZM_UNKNOWN || whole == CZM_UNKNOWN || (part > 0 && whole % part == 0);
}

// Channels may come in groups, each of which has its share of the filter's outputs.
static bool channels_fit(int64_t image, const convolution *c) {
    int64_t in = filter_in(c);
    if (image == 0 || !divides(in, image)) return image == 0;
    bool is_known = image != CZM_UNKNOWN && in != CZM_UNKNOWN;
    return !is_known || divides(image / in, filter_out(c));
}

static void fault_channels(czm_step *step, int64_t channels, int64_t wanted) {
    czm_step_fault(step, "the input has %lld channel%s, but the filter %s accepts %lld",
                   (long long)channels, channels == 1 ? "" : "s", czm_step_in_text(step, 1),
                   (long long)wanted);
}

static bool fit_space(czm_step *step, const convolution *c, size_t input, czm_dims *dims) {
    int space = c->layout.space;
    return czm_windows_fit(step, &c->windows, czm_step_in_shape(step, input), space,
                           space + c->layout.space_rank, dims);
}

// The row's detail is the rank.
void czm_infer_convolution(czm_step *step) {
    convolution c;
    czm_dims dims;
    if (!read_convolution(step, step->detail, &c)) return;
    if (!czm_step_in_ranked(step, 0, c.rank, &dims)) return;
    int64_t *channels = &dims.at[c.layout.channel];
    if (!channels_fit(*channels, &c)) {
        fault_channels(step, *channels, filter_in(&c));
        return;
    }
    *channels = filter_out(&c);
    if (fit_space(step, &c, 0, &dims)) czm_step_set_dims(step, 0, &dims);
}

void czm_infer_depthwise(czm_step *step) {
    convolution c;
    czm_dims dims;
    if (!read_convolution(step, step->detail, &c)) return;
    if (!czm_step_in_ranked(step, 0, c.rank, &dims)) return;
    int64_t *channels = &dims.at[c.layout.channel], merged;
    if (!czm_dim_merge(*channels, filter_in(&c), &merged)) {
        fault_channels(step, *channels, filter_in(&c));
        return;
    }
    *channels = czm_dim_multiply(merged, filter_out(&c));
    if (fit_space(step, &c, 0, &dims)) czm_step_set_dims(step, 0, &dims);
}

// ---- backwards: the output is the image that a convolution turns into input 2

// Input 0 is the size of the output: all of it, or height and width alone.
static czm_dims wanted_sizes(const czm_step *step, const convolution *c, const czm_dims *small) {
    czm_dims sizes = czm_step_in_sizes(step, 0);
    int space_rank = c->layout.space_rank;
    if (sizes.rank != c->rank && sizes.rank != space_rank) sizes = czm_dims_unknown(c->rank);
    if (sizes.rank == space_rank) {
        czm_dims all = czm_dims_unknown(c->rank);
        all.at[c->layout.channel] = filter_in(c);
        for (int i = 0; i < space_rank; i++) all.at[c->layout.space + i] = sizes.at[i];
        sizes = all;
    }
    if (sizes.at[0] == CZM_UNKNOWN) sizes.at[0] = small->at[0];
    return sizes;
}

// Whether the convolution of an image of size `wanted` has the size of input 2.
static bool comes_back(const convolution *c, const czm_dims *wanted, const czm_dims *small) {
    int64_t merged, count;
    if (!czm_dim_merge(wanted->at[0], small->at[0], &merged)) return false;
    for (int i = c->layout.space; i < c->layout.space + c->layout.space_rank; i++) {
        if (!czm_window_count(&c->windows.along[i], c->windows.padding, wanted->at[i], &count) ||
            !czm_dim_merge(count, small->at[i], &merged))
            return false;
    }
    return true;
}

static void set_enlarged(czm_step *step, const convolution *c, const czm_dims *wanted,
                         const czm_dims *small) {
    if (comes_back(c, wanted, small))
        czm_step_set_dims(step, 0, wanted);
    else
        czm_step_fault(step,
                       "cannot enlarge %s to %s by this transposed convolution: its window and "
                       "stride lead to another size",
                       czm_step_in_text(step, 2), czm_step_text_of(step, czm_dims_shape(wanted)));
}

// The image that a transposed convolution enlarges; false: its rank or its channels do not fit the filter.
static bool read_small(czm_step *step, const convolution *c, int64_t wanted, czm_dims *small) {
    int64_t merged;
    if (!czm_step_in_ranked(step, 2, c->rank, small)) return false;
    int64_t channels = small->at[c->layout.channel];
    if (czm_dim_merge(channels, wanted, &merged)) return true;
    fault_channels(step, channels, wanted);
    return false;
}

void czm_infer_convolution_gradient(czm_step *step) {
    convolution c;
    czm_dims small;
    if (!read_convolution(step, step->detail, &c)) return;
    if (!read_small(step, &c, filter_out(&c), &small)) return;
    czm_dims wanted = wanted_sizes(step, &c, &small);
    int64_t made = wanted.at[c.layout.channel];
    if (!channels_fit(made, &c)) {
        czm_step_fault(step, "the output must have %lld channel%s, but the filter %s produces %lld",
                       (long long)made, made == 1 ? "" : "s", czm_step_in_text(step, 1),
                       (long long)filter_in(&c));
        return;
    }
    set_enlarged(step, &c, &wanted, &small);
}

void czm_infer_depthwise_gradient(czm_step *step) {
    convolution c;
    czm_dims small;
    if (!read_convolution(step, step->detail, &c)) return;
    if (!read_small(step, &c, czm_dim_multiply(filter_in(&c), filter_out(&c)), &small)) return;
    czm_dims wanted = wanted_sizes(step, &c, &small);
    set_enlarged(step, &c, &wanted, &small);
}
