// SPDX-License-Identifier: Apache-2.0
//
// Windows over images; see window.h. How TensorFlow pads: GetWindowedOutputSizeVerbose in
// core/framework/common_shape_fns.cc.
#include "view/window.h"

bool czm_is_channels_first(const czm_node *node) {
    return czm_attr_is(node, "data_format", "NCHW") || czm_attr_is(node, "data_format", "NCDHW");
}

bool czm_layout_of(const czm_node *node, int rank, czm_layout *layout) {
    czm_bytes format = czm_attr_string(node, "data_format");
    if (memchr(format.data ? format.data : (const void *)"", '_', format.size)) return false;
    bool is_first = czm_is_channels_first(node);
    *layout = (czm_layout){is_first ? 1 : rank - 1, is_first ? 2 : 1, rank - 2};
    return rank >= 2;
}

static czm_padding padding_of(const czm_node *node) {
    static const char *const names[] = {[CZM_PADDING_SAME] = "SAME",
                                        [CZM_PADDING_VALID] = "VALID",
                                        [CZM_PADDING_EXPLICIT] = "EXPLICIT"};
    for (int i = CZM_PADDING_SAME; i <= CZM_PADDING_EXPLICIT; i++)
        if (czm_attr_is(node, "padding", names[i])) return (czm_padding)i;
    return CZM_PADDING_UNKNOWN;
}

// TensorFlow's kernels compute windows in 32 bits.
static bool is_in_32_bits(int64_t number) { return number >= -INT32_MAX && number <= INT32_MAX; }

// Reads the list with one of two names, with `count` entries. All entries are `fallback` if there is no list, and
// unknown if it has another length. Entries of more than 32 bits are unknown.
static void read_list(const czm_node *node, const char *name, const char *other, int64_t fallback,
                      int count, int64_t *out) {
    if (!czm_node_attr(node, name).data) name = other;
    bool is_absent = !czm_node_attr(node, name).data;
    bool is_read = !is_absent && czm_attr_ints(node, name, out, (size_t)count) == (size_t)count;
    for (int i = 0; i < count; i++)
        if (!is_read || !is_in_32_bits(out[i])) out[i] = is_absent ? fallback : CZM_UNKNOWN;
}

czm_windows czm_windows_of(const czm_node *node, int rank) {
    int64_t strides[CZM_HIGHEST_RANK], dilations[CZM_HIGHEST_RANK], sizes[CZM_HIGHEST_RANK];
    int64_t paddings[2 * CZM_HIGHEST_RANK] = {0};
    czm_windows windows = {.padding = padding_of(node)};
    if (rank > CZM_HIGHEST_RANK) return (czm_windows){CZM_PADDING_UNKNOWN, {{0}}};
    read_list(node, "strides", "strides", CZM_UNKNOWN, rank, strides);
    read_list(node, "rates", "dilations", 1, rank, dilations);
    read_list(node, "ksizes", "ksize", 1, rank, sizes);
    if (windows.padding == CZM_PADDING_EXPLICIT &&
        czm_attr_ints(node, "explicit_paddings", paddings, 2 * (size_t)rank) != 2 * (size_t)rank)
        windows.padding = CZM_PADDING_UNKNOWN;
    for (int i = 0; i < 2 * rank; i++)
        if (!is_in_32_bits(paddings[i])) windows.padding = CZM_PADDING_UNKNOWN;
    for (int i = 0; i < rank; i++)
        windows.along[i] =
            (czm_window){sizes[i], strides[i], dilations[i], paddings[2 * i], paddings[2 * i + 1]};
    return windows;
}

int64_t czm_window_reach(const czm_window *w) {
    if (w->size <= 0 || w->dilation <= 0) return CZM_UNKNOWN;
    return czm_dim_add(czm_dim_multiply(w->size - 1, w->dilation), 1);
}

void czm_window_pad_same(czm_window *w, int64_t image, int64_t count) {
    int64_t total = czm_window_reach(w) - w->stride, covered = czm_dim_multiply(count, w->stride);
    if (image != CZM_UNKNOWN && covered != CZM_UNKNOWN) total += covered - image;
    if (total < 0) total = 0;
    w->before = total / 2;
    w->after = total - total / 2;
}

// SAME: ceil(image / stride). Otherwise the last window ends at or before the end of the padded image.
bool czm_window_count(const czm_window *w, czm_padding padding, int64_t image, int64_t *out) {
    *out = CZM_UNKNOWN;
    if (image == CZM_UNKNOWN || w->stride <= 0 || padding == CZM_PADDING_UNKNOWN) return true;
    if (padding == CZM_PADDING_SAME) {
        *out = image / w->stride + (image % w->stride != 0);
        return true;
    }
    if (w->before < 0 || w->after < 0) return true;
    int64_t reach = czm_window_reach(w);
    int64_t padded = czm_dim_add(image, czm_dim_add(w->before, w->after));
    if (reach == CZM_UNKNOWN || padded == CZM_UNKNOWN) return true;
    if (padded < reach) return false;
    *out = (padded - reach) / w->stride + 1;
    return true;
}
