// SPDX-License-Identifier: Apache-2.0
//
// Padding.
#include "write/onnx/layout.h"
#include "write/onnx/ops.h"

enum { MOST = CZM_ONNX_MOST_DIMS };

// ---- padding

typedef struct padding {
    int rank;
    bool is_planar, is_known; // known: not computed when the network runs
    int64_t order[MOST];      // the dimensions in TensorFlow's order, of the padded tensor
    int64_t pads[2 * MOST];   // all befores, then all afters, in that order
} padding;

static padding read_padding(const czm_onnx_step *step) {
    padding p = {.rank = czm_onnx_in(step, 0)->shape.rank,
                 .is_planar = czm_onnx_is_planar_image(step, 0)};
    int64_t told[2 * MOST];
    if (p.rank > MOST) return p;
    p.is_known = czm_onnx_in_ints(step, 1, told, 2 * MOST) == 2 * p.rank;
    for (int i = 0; i < p.rank; i++) {
        int64_t at = czm_onnx_axis_in_layout(i, p.rank, p.is_planar);
        p.order[at] = i;
        for (int side = 0; p.is_known && side < 2; side++)
            p.pads[at + side * p.rank] = told[2 * i + side];
    }
    return p;
}

static bool is_padded(const padding *p, int at) { return p->pads[at] || p->pads[at + p->rank]; }

static void swap(int64_t *a, int64_t *b) {
    int64_t old = *a;
    *a = *b;
    *b = old;
}

// ONNX Runtime 1.4.0 reflects wrongly if the last dimension has no padding: it is exchanged with a padded one. `turn`
// is the transpose that does and undoes this; false: none is needed.
static bool put_padded_last(padding *p, int64_t *turn) {
    int last = p->rank - 1, at = last;
    if (!p->is_known)
        at -= p->rank == 4 && !p->is_planar; // the columns of an image
    else
        while (at > 0 && !is_padded(p, at)) at--;
    for (int i = 0; i < p->rank; i++) turn[i] = i;
    swap(&turn[at], &turn[last]);
    swap(&p->order[at], &p->order[last]);
    for (int side = 0; side < 2; side++)
        swap(&p->pads[at + side * p->rank], &p->pads[last + side * p->rank]);
    return at != last;
}

// The index of the pixel that a pixel outside mirrors, if the edge pixel is repeated.
static int64_t mirrored(int64_t at, int64_t size) {
    if (at < 0) at = -at - 1;
    return at < size ? at : 2 * size - 1 - at;
}

// ONNX cannot repeat the edge pixel, so the pixels are gathered.
static void pad_symmetrically(czm_onnx_step *step, const padding *p) {
    czm_shape shape = czm_onnx_in(step, 0)->shape;
    const char *name = czm_onnx_in_layout(step, 0, p->is_planar);
    for (int at = 0; at < p->rank; at++) {
        int64_t before = p->pads[at], after = p->pads[at + p->rank];
        int64_t size = shape.dims[p->order[at]];
        if (!is_padded(p, at)) continue;
        if (size < 0 || size > INT32_MAX || before < 0 || before > size || after < 0 ||
            after > size) {
            czm_onnx_refuse_size(step, "the size of its mirrored input is not known");
            return;
        }
        int64_t *indices = CZM_NEW_ARRAY(step->arena, int64_t, (size_t)(before + size + after));
        for (int64_t k = 0; k < before + size + after; k++) indices[k] = mirrored(k - before, size);
        name = CZM_ONNX(step, "Gather", name,
                        czm_onnx_ints(step, indices, (size_t)(before + size + after)));
        czm_onnx_set_int(step, "axis", at);
    }
    czm_onnx_out_layout(step, 0, p->is_planar, name);
}

static const char *amounts_of(czm_onnx_step *step, const padding *p) {
    static const int64_t turned[] = {1, 0}, flat[] = {-1};
    if (p->is_known) return czm_onnx_ints(step, p->pads, 2 * (size_t)p->rank);
    const char *order = czm_onnx_ints(step, p->order, (size_t)p->rank);
    const char *name = CZM_ONNX(step, "Gather", czm_onnx_in_int64(step, 1), order);
    return czm_onnx_emit_reshape(step, czm_onnx_emit_transpose(step, name, turned, 2), flat, 1);
}

void czm_onnx_pad(czm_onnx_step *step) {
    padding p = read_padding(step);
    bool is_mirror = czm_node_is(step->node, CZM_OP_MirrorPad);
    bool is_symmetric = is_mirror && czm_attr_is(step->node, "mode", "SYMMETRIC");
    if (p.rank == CZM_UNKNOWN || p.rank > MOST || (is_symmetric && !p.is_known)) {
        czm_onnx_refuse_size(step, "its paddings are not known");
        return;
    }
    if (p.rank == 0) { // a single number has nothing beside it
        czm_onnx_pass(step);
        return;
    }
    if (is_symmetric) {
        pad_symmetrically(step, &p);
        return;
    }
    int64_t turn[MOST];
    bool is_turned = is_mirror && put_padded_last(&p, turn);
    const char *name = czm_onnx_in_layout(step, 0, p.is_planar);
    if (is_turned) name = czm_onnx_emit_transpose(step, name, turn, p.rank);
    const char *amounts = amounts_of(step, &p);
    name = czm_onnx_in_count(step) > 2
               ? CZM_ONNX(step, "Pad", name, amounts, czm_onnx_in_plain(step, 2))
               : CZM_ONNX(step, "Pad", name, amounts);
    czm_onnx_set_text(step, "mode", is_mirror ? "reflect" : "constant");
    if (is_turned) name = czm_onnx_emit_transpose(step, name, turn, p.rank);
    czm_onnx_out_layout(step, 0, p.is_planar, name);
}
