// SPDX-License-Identifier: Apache-2.0
//
// Ops that pad, repeat and fill.
#include "onnx/array.h"
#include "onnx/ops.h"

enum { MOST = CZM_ONNX_MOST_DIMS };

// ---- padding

// [before, after] per dimension -> all befores, then all afters.
static bool read_paddings(const czm_onnx_step *step, int rank, bool is_planar, int64_t *pads) {
    int64_t told[2 * MOST];
    if (czm_in_ints(step, 1, told, 2 * MOST) != 2 * rank) return false;
    for (int i = 0; i < rank; i++) {
        int64_t at = czm_axis_in_layout(i, rank, is_planar);
        pads[at] = told[2 * i];
        pads[at + rank] = told[2 * i + 1];
    }
    return true;
}

// The index that a pixel outside is a mirror image of; `gap` is 1 if the border is not repeated.
static int64_t mirrored(int64_t at, int64_t size, int gap) {
    if (at < 0) at = -at - 1 + gap;
    return at < size ? at : 2 * size - 1 - gap - at;
}

// ONNX cannot repeat the border: the pixels are gathered.
static void pad_symmetrically(czm_onnx_step *step, const int64_t *pads, bool is_planar) {
    czm_shape shape = czm_in(step, 0)->shape;
    const char *name = czm_in_layout(step, 0, is_planar);
    for (int i = 0; i < shape.rank; i++) {
        int64_t at = czm_axis_in_layout(i, shape.rank, is_planar);
        int64_t before = pads[at], after = pads[at + shape.rank], size = shape.dims[i];
        if (before == 0 && after == 0) continue;
        if (size == CZM_UNKNOWN || before > size || after > size) {
            czm_refuse(step, "the size of what it mirrors is not known");
            return;
        }
        int64_t *indices = CZM_NEW_ARRAY(step->arena, int64_t, (size_t)(before + size + after));
        for (int64_t k = 0; k < before + size + after; k++)
            indices[k] = mirrored(k - before, size, 0);
        name = CZM_EMIT(step, "Gather", name,
                        czm_ints(step, indices, (size_t)(before + size + after)));
        czm_onnx_set_int(step->arena, czm_last(step), "axis", at);
    }
    czm_put(step, 0, is_planar, name);
}

// The same where the numbers are computed when the network runs.
static const char *computed_paddings(czm_onnx_step *step, int rank, bool is_planar) {
    static const int64_t turned[] = {1, 0}, flat[] = {-1};
    int64_t order[MOST];
    for (int i = 0; i < rank; i++) order[czm_axis_in_layout(i, rank, is_planar)] = i;
    const char *name = czm_in_int64(step, 1);
    if (is_planar) name = CZM_EMIT(step, "Gather", name, czm_ints(step, order, (size_t)rank));
    return czm_emit_reshape(step, czm_emit_transpose(step, name, turned, 2), flat, 1);
}

void czm_onnx_pad(czm_onnx_step *step) {
    int rank = czm_in(step, 0)->shape.rank;
    bool is_planar = czm_is_planar_image(step, 0);
    bool is_mirror = czm_text_equal(step->node->op, "MirrorPad");
    bool is_symmetric = is_mirror && czm_attr_is(step->node, "mode", "SYMMETRIC");
    int64_t pads[2 * MOST] = {0};
    bool is_known = rank != CZM_UNKNOWN && rank <= MOST &&
                    read_paddings(step, rank, is_planar, pads);
    if (rank == CZM_UNKNOWN || rank > MOST || (is_symmetric && !is_known)) {
        czm_refuse(step, "its paddings are not known");
        return;
    }
    if (is_symmetric) {
        pad_symmetrically(step, pads, is_planar);
        return;
    }
    const char *of = czm_in_layout(step, 0, is_planar),
               *amounts = is_known ? czm_ints(step, pads, 2 * (size_t)rank)
                                   : computed_paddings(step, rank, is_planar);
    const char *name = czm_in_count(step) > 2
                           ? CZM_EMIT(step, "Pad", of, amounts, czm_in_plain(step, 2))
                           : CZM_EMIT(step, "Pad", of, amounts);
    czm_onnx_set_text(step->arena, czm_last(step), "mode", is_mirror ? "reflect" : "constant");
    czm_put(step, 0, is_planar, name);
}

// ---- repeating and filling

void czm_onnx_tile(czm_onnx_step *step) {
    czm_out(step, 0, CZM_EMIT(step, "Tile", czm_in_plain(step, 0), czm_in_int64(step, 1)));
}

void czm_onnx_broadcast(czm_onnx_step *step) {
    czm_out(step, 0, CZM_EMIT(step, "Expand", czm_in_plain(step, 0), czm_in_int64(step, 1)));
}

void czm_onnx_fill(czm_onnx_step *step) {
    czm_out(step, 0, CZM_EMIT(step, "Expand", czm_in_plain(step, 1), czm_in_int64(step, 0)));
}

void czm_onnx_range(czm_onnx_step *step) {
    czm_out(step, 0,
            CZM_EMIT(step, "Range", czm_in_plain(step, 0), czm_in_plain(step, 1),
                     czm_in_plain(step, 2)));
}

// start + i * (stop - start) / (count - 1); one number is the start.
void czm_onnx_even(czm_onnx_step *step) { // LinSpace(start, stop, num)
    enum { MOST_NUMBERS = 1 << 16 };
    double count;
    if (!czm_in_number(step, 2, &count) || count < 1 || count > MOST_NUMBERS) {
        czm_refuse(step, "how many numbers it makes is not known");
        return;
    }
    int64_t size = (int64_t)count;
    float *parts = CZM_NEW_ARRAY(step->arena, float, (size_t)size);
    for (int64_t i = 1; i < size; i++) parts[i] = (float)((double)i / (count - 1));
    const char *start = czm_in_plain(step, 0);
    const char *length = CZM_EMIT(step, "Sub", czm_in_plain(step, 1), start);
    const char *above = CZM_EMIT(step, "Mul", length, czm_floats(step, parts, &size, 1));
    czm_out(step, 0, CZM_EMIT(step, "Add", start, above));
}
