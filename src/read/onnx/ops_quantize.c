// SPDX-License-Identifier: Apache-2.0
//
// Quantised numbers, computed as floats: a pair of QuantizeLinear and DequantizeLinear is exact in float32.
#include "read/onnx/import.h"

// A scale or zero point for the tensor: one number, or one for each position of an axis.
static czm_status beside_axis(czm_import_step *s, const czm_import_value *x, czm_import_value *v,
                              int64_t wanted, czm_tensor *out) {
    czm_order order = czm_import_order(s, x);
    int64_t count = czm_shape_count(czm_import_shape(s, v)), dims[CZM_MOST_AXES];
    int axis;
    *out = czm_import_plain(s, v);
    if (count == 1) {
        if (czm_import_order(s, v).rank) *out = czm_import_reshape(s, *out, NULL, 0);
        return CZM_OK;
    }
    CZM_TRY(czm_import_axis(s, wanted, order.rank, &axis));
    for (int k = 0; k < order.rank; k++) dims[k] = order.axis[k] == axis ? count : 1;
    *out = czm_import_reshape(s, *out, dims, (size_t)order.rank);
    return CZM_OK;
}

static czm_status beside(czm_import_step *s, const czm_import_value *x, czm_import_value *v,
                         czm_tensor *out) {
    if (czm_import_int(s, "block_size", 0))
        return czm_import_reject(s, NULL, "quantisation by blocks is not supported");
    return beside_axis(s, x, v, czm_import_int(s, "axis", 1), out);
}

// x / scale + zero, rounded to integers and clipped to the range of the type, computed as floats.
static czm_status rounded(czm_import_step *s, czm_tensor x, czm_tensor scale, czm_tensor zero,
                          czm_dtype dtype, czm_tensor *y) {
    bool is_signed = dtype == CZM_DTYPE_INT8 || dtype == CZM_DTYPE_INT16;
    size_t bits = czm_dtype_size(dtype) * 8;
    if (bits == 0 || bits > 16 || czm_dtype_is_floating(dtype))
        return czm_import_reject(s, NULL, "its element type is not supported");
    double low = is_signed ? -(double)(1 << (bits - 1)) : 0, high = low + (double)(1 << bits) - 1;
    *y = CZM_OUT(s, CZM_OP_Round,
                 CZM_OUT(s, CZM_OP_RealDiv, x, czm_import_cast(s, scale, CZM_DTYPE_FLOAT)));
    if (zero.node) *y = CZM_OUT(s, CZM_OP_AddV2, *y, czm_import_cast(s, zero, CZM_DTYPE_FLOAT));
    *y = CZM_OUT(s, CZM_OP_Maximum, *y, czm_import_scalar(s, *y, low));
    *y = CZM_OUT(s, CZM_OP_Minimum, *y, czm_import_scalar(s, *y, high));
    *y = czm_import_cast(s, *y, dtype);
    return CZM_OK;
}

czm_status czm_import_op_quantize(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0), *zero = czm_import_in(s, 2);
    int64_t wanted = czm_import_int(s, "output_dtype", 0);
    czm_dtype dtype = zero     ? czm_import_type(zero)
                      : wanted ? czm_dtype_of_onnx((uint64_t)wanted)
                               : CZM_DTYPE_UINT8;
    czm_tensor scale, offset = {0}, x = czm_import_cast(s, czm_import_made(s, v), CZM_DTYPE_FLOAT);
    CZM_TRY(beside(s, v, czm_import_in(s, 1), &scale));
    if (zero) CZM_TRY(beside(s, v, zero, &offset));
    CZM_TRY(rounded(s, x, scale, offset, dtype, &x));
    czm_import_put(s, 0, x, czm_import_order(s, v));
    return CZM_OK;
}

czm_status czm_import_op_dequantize(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0), *zero = czm_import_in(s, 2);
    czm_tensor scale, offset;
    CZM_TRY(beside(s, v, czm_import_in(s, 1), &scale));
    czm_dtype dtype = czm_tensor_dtype(scale);
    czm_tensor x = czm_import_cast(s, czm_import_made(s, v), dtype);
    if (zero) {
        CZM_TRY(beside(s, v, zero, &offset));
        x = CZM_OUT(s, CZM_OP_Sub, x, czm_import_cast(s, offset, dtype));
    }
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_Mul, x, scale), czm_import_order(s, v));
    return CZM_OK;
}

// The scale and the zero point follow from the range of the tensor, which is extended to contain 0.
czm_status czm_import_op_dynamic_quantize(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    czm_tensor x = czm_import_made(s, v);
    int64_t flat[] = {CZM_UNKNOWN}, all = 0;
    czm_tensor row = czm_import_reshape(s, x, flat, 1), axis = czm_import_const(s, &all, 1);
    czm_tensor low = czm_import_with(s, CZM_OP_Minimum, CZM_OUT(s, CZM_OP_Min, row, axis), 0);
    czm_tensor high = czm_import_with(s, CZM_OP_Maximum, CZM_OUT(s, CZM_OP_Max, row, axis), 0);
    czm_tensor scale = czm_import_with(s, CZM_OP_RealDiv, CZM_OUT(s, CZM_OP_Sub, high, low), 255),
               zero;
    CZM_TRY(
        rounded(s, CZM_OUT(s, CZM_OP_Neg, low), scale, (czm_tensor){0}, CZM_DTYPE_UINT8, &zero));
    CZM_TRY(rounded(s, x, scale, zero, CZM_DTYPE_UINT8, &x));
    czm_import_put(s, 0, x, czm_import_order(s, v));
    czm_import_put(s, 1, scale, czm_order_plain(0));
    czm_import_put(s, 2, zero, czm_order_plain(0));
    return CZM_OK;
}

// ---- products of quantised numbers

// One of the two operands. The input numbers of its scale and zero point; 0: none.
typedef struct operand {
    size_t at, scale, zero;
    int64_t axis; // of a list of scales or zero points
} operand;

// (x - zero) * scale as floats.
static czm_status real_number(czm_import_step *s, operand o, czm_import_value **out) {
    czm_import_value *v = czm_import_in(s, o.at), *zero = czm_import_in(s, o.zero);
    czm_tensor other, x = czm_import_cast(s, czm_import_made(s, v), CZM_DTYPE_FLOAT);
    if (o.zero && zero) {
        CZM_TRY(beside_axis(s, v, zero, o.axis, &other));
        x = CZM_OUT(s, CZM_OP_Sub, x, czm_import_cast(s, other, CZM_DTYPE_FLOAT));
    }
    if (o.scale) {
        CZM_TRY(beside_axis(s, v, czm_import_in(s, o.scale), o.axis, &other));
        x = CZM_OUT(s, CZM_OP_Mul, x, czm_import_cast(s, other, CZM_DTYPE_FLOAT));
    }
    *out = czm_import_value_of(s->run, czm_import_order(s, v), x);
    (*out)->name = v->name;
    return CZM_OK;
}

// The same operation on real numbers, which is exact for sums of few terms.
static czm_status real_product(czm_import_step *s, czm_import_translate *translate, operand a,
                               operand b, czm_import_value *bias, czm_import_value *y) {
    czm_import_value *inputs[3] = {NULL, NULL, bias};
    czm_import_step inner = *s;
    CZM_TRY(real_number(s, a, &inputs[0]));
    CZM_TRY(real_number(s, b, &inputs[1]));
    *y = (czm_import_value){.name = ""};
    inner.inputs = inputs;
    inner.input_count = bias ? 3 : 2;
    inner.outputs = &y;
    inner.output_count = 1;
    return translate(&inner);
}

static czm_status integer_product(czm_import_step *s, czm_import_translate *translate,
                                  int64_t axis) {
    czm_import_value y;
    CZM_TRY(real_product(s, translate, (operand){0, 0, 2, 0}, (operand){1, 0, 3, axis}, NULL, &y));
    const czm_import_form *made = &y.forms.items[0];
    czm_import_put(s, 0, czm_import_cast(s, made->tensor, CZM_DTYPE_INT32), made->order);
    return CZM_OK;
}

static czm_status quantised_product(czm_import_step *s, czm_import_translate *translate,
                                    int64_t axis, czm_import_value *bias) {
    czm_import_value y, *zero = czm_import_in(s, 7);
    czm_tensor scale, offset, rounded_y;
    CZM_TRY(real_product(s, translate, (operand){0, 1, 2, 0}, (operand){3, 4, 5, axis}, bias, &y));
    const czm_import_form *made = &y.forms.items[0];
    CZM_TRY(beside_axis(s, &y, czm_import_in(s, 6), 0, &scale));
    CZM_TRY(beside_axis(s, &y, zero, 0, &offset));
    CZM_TRY(rounded(s, made->tensor, scale, offset, czm_import_type(zero), &rounded_y));
    czm_import_put(s, 0, rounded_y, made->order);
    return CZM_OK;
}

czm_status czm_import_op_matmul_integer(czm_import_step *s) {
    return integer_product(s, czm_import_op_matmul, -1);
}

czm_status czm_import_op_conv_integer(czm_import_step *s) {
    return integer_product(s, czm_import_op_conv, 0);
}

czm_status czm_import_op_qlinear_matmul(czm_import_step *s) {
    return quantised_product(s, czm_import_op_matmul, -1, NULL);
}

// The unit of the bias is the product of both scales.
czm_status czm_import_op_qlinear_conv(czm_import_step *s) {
    czm_import_value *given = czm_import_in(s, 8);
    if (!given) return quantised_product(s, czm_import_op_conv, 0, NULL);
    czm_tensor unit = CZM_OUT(s, CZM_OP_Mul, czm_import_plain(s, czm_import_in(s, 1)),
                              czm_import_plain(s, czm_import_in(s, 4)));
    czm_tensor whole = czm_import_cast(s, czm_import_plain(s, given), CZM_DTYPE_FLOAT);
    czm_import_value *bias =
        czm_import_value_of(s->run, czm_order_plain(1), CZM_OUT(s, CZM_OP_Mul, whole, unit));
    return quantised_product(s, czm_import_op_conv, 0, bias);
}
