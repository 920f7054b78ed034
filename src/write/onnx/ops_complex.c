// SPDX-License-Identifier: Apache-2.0
//
// Complex numbers, which ONNX does not support: a value has a second tensor for the imaginary parts. Fourier
// transforms are products with matrices of cosines and sines.
#include <math.h>

#include "write/onnx/layout.h"
#include "write/onnx/ops.h"

typedef void rule(czm_onnx_step *step);

typedef struct pair {
    const char *real, *imaginary;
} pair;

static bool is_complex(czm_dtype dtype) {
    return dtype == CZM_DTYPE_COMPLEX64 || dtype == CZM_DTYPE_COMPLEX128;
}

static pair in_pair(const czm_onnx_step *step, size_t input) {
    const czm_onnx_value *value = czm_onnx_in(step, input);
    return (pair){value->plain, value->imaginary};
}

static void put(czm_onnx_step *step, pair p) {
    step->outputs[0].imaginary = p.imaginary;
    czm_onnx_out(step, 0, p.real);
}

// ---- rules for real numbers, applied to parts

// Replaces input `input` by its real or its imaginary part alone.
static void show_part(czm_onnx_step *step, size_t input, const czm_onnx_value *whole, int part) {
    czm_onnx_value *value = czm_onnx_in(step, input);
    if (!is_complex(whole->dtype)) return;
    *value = (czm_onnx_value){.plain = part ? whole->imaginary : whole->plain,
                              .shape = whole->shape,
                              .dtype = CZM_DTYPE_FLOAT};
}

static czm_onnx_value *save_inputs(const czm_onnx_step *step) {
    czm_onnx_value *saved = CZM_NEW_ARRAY(step->arena, czm_onnx_value, czm_onnx_in_count(step));
    for (size_t i = 0; i < czm_onnx_in_count(step); i++) saved[i] = *czm_onnx_in(step, i);
    return saved;
}

static void restore_inputs(const czm_onnx_step *step, const czm_onnx_value *saved) {
    for (size_t i = 0; i < czm_onnx_in_count(step); i++)
        if (is_complex(saved[i].dtype)) *czm_onnx_in(step, i) = saved[i];
}

// Runs the rule for real numbers.
static void run_real(czm_onnx_step *step, rule *translate, const char **results) {
    for (size_t i = 0; i < step->output_count; i++) {
        czm_onnx_value *out = &step->outputs[i];
        *out = (czm_onnx_value){.shape = out->shape, .dtype = CZM_DTYPE_FLOAT};
    }
    translate(step);
    for (size_t i = 0; i < step->output_count; i++)
        results[i] = czm_onnx_plain_of(step, &step->outputs[i]);
}

// Linear ops: once for the real and once for the imaginary parts.
static void in_parts(czm_onnx_step *step, rule *translate) {
    const czm_onnx_value *saved = save_inputs(step);
    const czm_onnx_value first = step->outputs[0];
    size_t count = step->output_count;
    const char **results = CZM_NEW_ARRAY(step->arena, const char *, 2 * count);
    for (int part = 0; part < 2; part++) {
        for (size_t i = 0; i < czm_onnx_in_count(step); i++) show_part(step, i, &saved[i], part);
        run_real(step, translate, results + (size_t)part * count);
        restore_inputs(step, saved);
    }
    for (size_t i = 0; i < count; i++) {
        czm_onnx_value *out = &step->outputs[i];
        *out = (czm_onnx_value){.plain = results[i],
                                .imaginary = results[count + i],
                                .shape = out->shape,
                                .dtype = first.dtype};
    }
}

static const char *product_of_parts(czm_onnx_step *step, rule *translate,
                                    const czm_onnx_value *saved, int first, int second) {
    const char **results = CZM_NEW_ARRAY(step->arena, const char *, step->output_count);
    const int parts[] = {first, second};
    for (size_t i = 0; i < czm_onnx_in_count(step); i++) show_part(step, i, &saved[i], parts[i]);
    run_real(step, translate, results);
    restore_inputs(step, saved);
    return results[0];
}

// Products: (a + bi) * (c + di) = ac - bd + (ad + bc) i.
static void in_products(czm_onnx_step *step, rule *translate) {
    if (czm_onnx_in_count(step) != 2) {
        czm_onnx_refuse(step, "only products of two complex tensors are supported");
        return;
    }
    const czm_onnx_value *saved = save_inputs(step);
    const czm_dtype dtype = step->outputs[0].dtype;
    const char *ac = product_of_parts(step, translate, saved, 0, 0);
    const char *bd = product_of_parts(step, translate, saved, 1, 1);
    const char *ad = product_of_parts(step, translate, saved, 0, 1);
    const char *bc = product_of_parts(step, translate, saved, 1, 0);
    step->outputs[0].dtype = dtype;
    put(step, (pair){CZM_ONNX(step, "Sub", ac, bd), CZM_ONNX(step, "Add", ad, bc)});
}

// ---- parts

static const char *zeros_like(czm_onnx_step *step, const char *name) {
    return CZM_ONNX(step, "Expand", czm_onnx_number(step, CZM_DTYPE_FLOAT, 0),
                    CZM_ONNX(step, "Shape", name));
}

static void cast(czm_onnx_step *step) {
    const czm_onnx_value *value = czm_onnx_in(step, 0);
    czm_dtype to = step->outputs[0].dtype;
    const char *real = czm_onnx_in_plain(step, 0);
    if (czm_onnx_dtype(is_complex(to) ? CZM_DTYPE_FLOAT : to) !=
        czm_onnx_dtype(is_complex(value->dtype) ? CZM_DTYPE_FLOAT : value->dtype))
        real = czm_onnx_emit_cast(step, real, is_complex(to) ? CZM_DTYPE_FLOAT : to);
    const char *imaginary = NULL;
    if (is_complex(to)) imaginary = value->imaginary ? value->imaginary : zeros_like(step, real);
    put(step, (pair){real, imaginary});
}

static void join(czm_onnx_step *step) {                           // Complex
    const char *zero = czm_onnx_number(step, CZM_DTYPE_FLOAT, 0); // for broadcasting
    const char *real = czm_onnx_in_plain(step, 0), *imaginary = czm_onnx_in_plain(step, 1);
    const char *none = CZM_ONNX(step, "Mul", CZM_ONNX(step, "Add", real, imaginary), zero);
    put(step, (pair){CZM_ONNX(step, "Add", real, none), CZM_ONNX(step, "Add", imaginary, none)});
}

static void real(czm_onnx_step *step) { czm_onnx_out(step, 0, in_pair(step, 0).real); }

static void imaginary(czm_onnx_step *step) { czm_onnx_out(step, 0, in_pair(step, 0).imaginary); }

static void conjugate(czm_onnx_step *step) {
    pair x = in_pair(step, 0);
    put(step, (pair){x.real, CZM_ONNX(step, "Neg", x.imaginary)});
}

static const char *square_size(czm_onnx_step *step, pair x) {
    return CZM_ONNX(step, "Add", CZM_ONNX(step, "Mul", x.real, x.real),
                    CZM_ONNX(step, "Mul", x.imaginary, x.imaginary));
}

static void size(czm_onnx_step *step) { // ComplexAbs
    czm_onnx_out(step, 0, CZM_ONNX(step, "Sqrt", square_size(step, in_pair(step, 0))));
}

static void angle(czm_onnx_step *step) {
    pair x = in_pair(step, 0);
    czm_onnx_out(step, 0, czm_onnx_angle_of(step, x.imaginary, x.real));
}

// (a + bi) / (c + di) = (a + bi) * (c - di) / (c c + d d)
static void quotient(czm_onnx_step *step) {
    pair x = in_pair(step, 0), y = in_pair(step, 1);
    const char *below = square_size(step, y);
    const char *along = CZM_ONNX(step, "Add", CZM_ONNX(step, "Mul", x.real, y.real),
                                 CZM_ONNX(step, "Mul", x.imaginary, y.imaginary));
    const char *across = CZM_ONNX(step, "Sub", CZM_ONNX(step, "Mul", x.imaginary, y.real),
                                  CZM_ONNX(step, "Mul", x.real, y.imaginary));
    put(step, (pair){CZM_ONNX(step, "Div", along, below), CZM_ONNX(step, "Div", across, below)});
}

// ---- Fourier transforms

// The transform along one axis. Longer inputs are cut to `length`, shorter ones are padded with zeros.
typedef struct wave {
    int64_t in, out, length;
    bool is_inverse;
    bool is_half; // only the first half of the frequencies exists, the others mirror them
} wave;

// The weight of input `j` for output `k`, without the cosine or sine.
static double weight_of(const wave *w, int64_t j) {
    bool is_half_of_inverse = w->is_half && w->is_inverse;
    int64_t used = is_half_of_inverse ? w->length / 2 + 1 : w->length;
    double mirrored = is_half_of_inverse && j > 0 && 2 * j != w->length ? 2 : 1;
    if (j >= used) return 0;
    return w->is_inverse ? mirrored / (double)w->length : 1;
}

static const char *matrix(czm_onnx_step *step, const wave *w, double (*function)(double)) {
    const double turn = 6.283185307179586;
    const int64_t dims[] = {w->in, w->out};
    float *numbers = CZM_NEW_MATRIX(step->arena, float, w->in, w->out);
    for (int64_t j = 0; j < w->in; j++)
        for (int64_t k = 0; k < w->out; k++) {
            double part = (double)(j * k % w->length) / (double)w->length;
            numbers[j * w->out + k] = (float)(weight_of(w, j) * function(turn * part));
        }
    return czm_onnx_floats(step, numbers, dims, 2);
}

// Forwards exp(-it) = cos t - i sin t, backwards exp(it); an imaginary part of NULL is none.
static pair transform_last(czm_onnx_step *step, pair x, const wave *w) {
    const char *cosines = matrix(step, w, cos), *sines = matrix(step, w, sin);
    const char *add = w->is_inverse ? "Sub" : "Add", *subtract = w->is_inverse ? "Add" : "Sub";
    const char *real = CZM_ONNX(step, "MatMul", x.real, cosines);
    const char *turned = CZM_ONNX(step, "MatMul", x.real, sines);
    if (!x.imaginary) return (pair){real, CZM_ONNX(step, "Neg", turned)};
    real = CZM_ONNX(step, add, real, CZM_ONNX(step, "MatMul", x.imaginary, sines));
    if (w->is_half) return (pair){real, NULL};
    const char *straight = CZM_ONNX(step, "MatMul", x.imaginary, cosines);
    return (pair){real, CZM_ONNX(step, subtract, straight, turned)};
}

static pair swap_axes(czm_onnx_step *step, pair x, int axis, int rank) {
    int64_t order[CZM_ONNX_MOST_DIMS];
    for (int i = 0; i < rank; i++) order[i] = i;
    order[axis] = rank - 1;
    order[rank - 1] = axis;
    return (pair){czm_onnx_emit_transpose(step, x.real, order, rank),
                  czm_onnx_emit_transpose(step, x.imaginary, order, rank)};
}

typedef struct fourier {
    int rank, axes; // the last `axes` are transformed
    bool is_inverse, is_half;
    wave waves[CZM_ONNX_MOST_DIMS]; // by axis
} fourier;

// From the name: "IRFFT2D" is the inverse one, of half the frequencies, in two dimensions.
static fourier fourier_of(const czm_onnx_step *step) {
    const char *op = step->node->op, *end = strstr(op, "FFT") + 3;
    return (fourier){.rank = czm_onnx_in(step, 0)->shape.rank,
                     .axes = *end ? *end - '0' : 1,
                     .is_inverse = op[0] == 'I',
                     .is_half = strchr(op, 'R') != NULL};
}

static bool find_waves(czm_onnx_step *step, fourier *f) {
    enum { LONGEST = 2048 };
    int64_t lengths[CZM_ONNX_MOST_DIMS];
    bool is_known = f->rank >= f->axes && f->rank <= CZM_ONNX_MOST_DIMS;
    if (f->is_half) is_known &= czm_onnx_in_ints(step, 1, lengths, CZM_ONNX_MOST_DIMS) == f->axes;
    for (int i = 0; is_known && i < f->axes; i++) {
        int axis = f->rank - f->axes + i;
        wave *w = &f->waves[axis];
        w->in = czm_onnx_in(step, 0)->shape.dims[axis];
        w->length = w->out = f->is_half ? lengths[i] : w->in;
        w->is_inverse = f->is_inverse;
        w->is_half = f->is_half && axis == f->rank - 1;
        if (w->is_half && !f->is_inverse) w->out = w->length / 2 + 1;
        is_known = w->in > 0 && w->length > 0 && w->in <= LONGEST && w->length <= LONGEST;
    }
    if (!is_known) czm_onnx_refuse_size(step, "its size is not known, or too large");
    return is_known;
}

// The halved axis comes first in the forward direction and last in the other.
static void fourier_transform(czm_onnx_step *step) {
    fourier f = fourier_of(step);
    if (!find_waves(step, &f)) return;
    pair x = {czm_onnx_in_plain(step, 0), czm_onnx_in(step, 0)->imaginary};
    int last = f.rank - 1;
    if (!f.is_inverse) x = transform_last(step, x, &f.waves[last]);
    for (int axis = last - 1; axis >= f.rank - f.axes; axis--) {
        x = swap_axes(step, x, axis, f.rank);
        x = swap_axes(step, transform_last(step, x, &f.waves[axis]), axis, f.rank);
    }
    if (f.is_inverse) x = transform_last(step, x, &f.waves[last]);
    put(step, x);
}

// ---- the table

// Ops on complex numbers have their own rule, or the rule for real numbers is applied to the parts.
static const struct {
    czm_op_kind op;
    rule *own;
    void (*lift)(czm_onnx_step *step, rule *translate);
} rows[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define OF_COMPLEX(function) .own = function,
#define LIFTS(function) .lift = function,
#include "op/ops.def"
};

bool czm_onnx_has_complex(const czm_onnx_step *step) {
    bool found = false;
    for (size_t i = 0; i < czm_onnx_in_count(step); i++)
        found |= is_complex(czm_onnx_in(step, i)->dtype);
    for (size_t i = 0; i < step->output_count; i++) found |= is_complex(step->outputs[i].dtype);
    return found;
}

void czm_onnx_complex(czm_onnx_step *step, void (*translate)(czm_onnx_step *step)) {
    czm_op_kind op = czm_node_kind(step->node);
    if (rows[op].own)
        rows[op].own(step);
    else if (rows[op].lift)
        rows[op].lift(step, translate);
    else
        czm_onnx_refuse(step, "it computes with complex numbers, which is not supported");
}
