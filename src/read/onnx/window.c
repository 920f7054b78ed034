// SPDX-License-Identifier: Apache-2.0
//
// The window of a convolution or pool; see window.h.
#include "read/onnx/window.h"

#include "view/window.h"

bool czm_import_window_has_pads(const czm_import_window *w) {
    for (int i = 0; i < w->places; i++)
        if (w->before[i] || w->after[i]) return true;
    return false;
}

czm_status czm_import_window_begin(czm_import_step *s, const czm_import_value *x,
                                   czm_import_window *w) {
    czm_shape shape = czm_import_shape(s, x);
    int axes = czm_import_order(s, x).rank - 2;
    *w = (czm_import_window){.axes = axes, .places = axes == 1 ? 2 : axes};
    for (int i = 0; i < CZM_MOST_SPATIAL; i++) w->kernel[i] = w->strides[i] = w->dilations[i] = 1;
    for (int i = 0; i < shape.rank; i++)
        if (shape.dims[i] > INT32_MAX)
            return czm_import_reject(s, NULL, "an image of the shape %s is not supported",
                                     czm_shape_text(s->run->context->arena, shape));
    if (axes >= 1 && axes <= CZM_MOST_SPATIAL) return CZM_OK;
    return czm_import_reject(s, NULL, "a %s of %d dimensions is not supported", s->operation->op,
                             axes);
}

czm_status czm_import_window_list(czm_import_step *s, const czm_import_window *w, const char *name,
                                  int64_t otherwise, int64_t *out) {
    int64_t list[CZM_MOST_SPATIAL];
    size_t count = czm_import_ints(s, name, list, CZM_MOST_SPATIAL);
    if (count && count != (size_t)w->axes)
        return czm_import_reject(s, NULL, "%s has %zu numbers for %d axes", name, count, w->axes);
    for (int i = 0; i < CZM_MOST_SPATIAL; i++) {
        int own = i - czm_import_window_first(w);
        out[i] = count && own >= 0 && own < w->axes ? list[own] : otherwise;
        if (out[i] < otherwise || out[i] > INT32_MAX / 4)
            return czm_import_reject(s, NULL, "%s contains %lld, which is not supported", name,
                                     (long long)out[i]);
    }
    return CZM_OK;
}

czm_status czm_import_window_pads(czm_import_step *s, czm_import_window *w) {
    int64_t pads[2 * CZM_MOST_SPATIAL] = {0};
    size_t count = czm_import_ints(s, "pads", pads, CZM_COUNT_OF(pads));
    bool is_valid = czm_import_text_is(s, "auto_pad", "NOTSET", "VALID");
    if (count && count != 2 * (size_t)w->axes)
        return czm_import_reject(s, NULL, "pads has %zu numbers for %d axes", count, w->axes);
    for (int i = 0; i < w->axes && count && !is_valid; i++) {
        int at = i + czm_import_window_first(w);
        w->before[at] = pads[i];
        w->after[at] = pads[i + w->axes];
        if (pads[i] < 0 || pads[i + w->axes] < 0 || pads[i] > INT32_MAX / 4 ||
            pads[i + w->axes] > INT32_MAX / 4)
            return czm_import_reject(s, NULL, "negative padding is not supported");
    }
    return CZM_OK;
}

czm_status czm_import_window_pad_same(czm_import_step *s, const czm_import_value *x,
                                      czm_import_window *w, bool is_upper) {
    w->is_same = false;
    for (int i = czm_import_window_first(w); i < w->places; i++) {
        czm_window same = {.size = w->kernel[i],
                           .stride = w->strides[i],
                           .dilation = w->dilations[i]};
        int64_t size = czm_import_dim(s, x, czm_import_window_axis(w, i)), count;
        if (size == CZM_UNKNOWN && w->strides[i] > 1)
            return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                     "auto_pad %s with strides depends on an open size",
                                     is_upper ? "SAME_UPPER" : "SAME_LOWER");
        czm_window_count(&same, CZM_PADDING_SAME, size, &count);
        czm_window_pad_same(&same, size, count);
        w->before[i] = is_upper ? same.before : same.after;
        w->after[i] = is_upper ? same.after : same.before;
    }
    return CZM_OK;
}

czm_status czm_import_window_read(czm_import_step *s, const czm_import_value *x,
                                  czm_import_window *w) {
    CZM_TRY(czm_import_window_list(s, w, "strides", 1, w->strides));
    CZM_TRY(czm_import_window_list(s, w, "dilations", 1, w->dilations));
    CZM_TRY(czm_import_window_pads(s, w));
    w->is_same = czm_import_text_is(s, "auto_pad", "NOTSET", "SAME_UPPER");
    if (czm_import_text_is(s, "auto_pad", "NOTSET", "SAME_LOWER"))
        return czm_import_window_pad_same(s, x, w, false);
    return CZM_OK;
}

czm_tensor czm_import_window_image(czm_import_step *s, czm_import_value *x,
                                   const czm_import_window *w) {
    czm_tensor t = czm_import_get(s, x, czm_order_channels_last(w->axes + 2));
    return w->axes == 1 ? CZM_OUT(s, CZM_OP_ExpandDims, t, czm_import_const_of(s, 1)) : t;
}

void czm_import_window_put(czm_import_step *s, czm_tensor y, const czm_import_window *w) {
    const int64_t height = 1;
    if (w->axes == 1) {
        czm_node *node = CZM_NODE(s, CZM_OP_Squeeze, y);
        czm_set_ints(s->run->graph, node, "squeeze_dims", &height, 1);
        y = czm_output(node);
    }
    czm_import_put(s, 0, y, czm_order_channels_last(w->axes + 2));
}

czm_tensor czm_import_window_padded(czm_import_step *s, czm_tensor x, const czm_import_window *w,
                                    double filler) {
    double amounts[2 * (CZM_MOST_SPATIAL + 2)] = {0};
    int64_t dims[] = {w->places + 2, 2};
    if (!czm_import_window_has_pads(w)) return x;
    for (int i = 0; i < w->places; i++) {
        amounts[2 * i + 2] = (double)w->before[i];
        amounts[2 * i + 3] = (double)w->after[i];
    }
    czm_tensor table = czm_import_numbers_const(s, CZM_DTYPE_INT32, amounts, dims, 2);
    if (filler == 0) return CZM_OUT(s, CZM_OP_Pad, x, table);
    return CZM_OUT(s, CZM_OP_PadV2, x, table, czm_import_scalar(s, x, filler));
}

void czm_import_window_set(czm_import_step *s, czm_node *node, const char *name,
                           const czm_import_window *w, const int64_t *list) {
    int64_t all[CZM_MOST_SPATIAL + 2] = {1, 1, 1, 1, 1};
    for (int i = 0; i < w->places; i++) all[i + 1] = list[i];
    czm_set_ints(s->run->graph, node, name, all, (size_t)w->places + 2);
}

void czm_import_window_set_padding(czm_import_step *s, czm_node *node, const czm_import_window *w) {
    int64_t pads[] = {0, 0, w->before[0], w->after[0], w->before[1], w->after[1], 0, 0};
    bool is_explicit = !w->is_same && czm_import_window_has_pads(w);
    czm_set_string(s->run->graph, node, "padding",
                   w->is_same    ? "SAME"
                   : is_explicit ? "EXPLICIT"
                                 : "VALID");
    if (is_explicit)
        czm_set_ints(s->run->graph, node, "explicit_paddings", pads, CZM_COUNT_OF(pads));
}
