// SPDX-License-Identifier: Apache-2.0
//
// Quantised numbers, computed as floats: what a pair of QuantizeLinear and DequantizeLinear does is
// exact in float32.
#include "read/onnx/import.h"

// A scale or zero point beside the tensor: one number, or one for each place of an axis.
static czm_status beside(czm_import_step *s, const czm_import_value *x, czm_import_value *v,
                         czm_tensor *out) {
    czm_order order = czm_import_order(s, x);
    int64_t count = czm_shape_count(czm_import_shape(s, v)), dims[CZM_MOST_AXES];
    int axis;
    if (czm_import_int(s, "block_size", 0))
        return czm_import_reject(s, NULL, "quantisation by blocks is not supported");
    *out = czm_import_plain(s, v);
    if (count == 1) {
        if (czm_import_order(s, v).rank) *out = czm_import_reshape(s, *out, NULL, 0);
        return CZM_OK;
    }
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 1), order.rank, &axis));
    for (int k = 0; k < order.rank; k++) dims[k] = order.axis[k] == axis ? count : 1;
    *out = czm_import_reshape(s, *out, dims, (size_t)order.rank);
    return CZM_OK;
}

czm_status czm_import_op_quantize(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0), *zero = czm_import_in(s, 2);
    int64_t wanted = czm_import_int(s, "output_dtype", 0);
    czm_dtype dtype = zero     ? czm_import_type(zero)
                      : wanted ? czm_onnx_dtype_of((uint64_t)wanted)
                               : CZM_DTYPE_UINT8;
    bool is_signed = dtype == CZM_DTYPE_INT8 || dtype == CZM_DTYPE_INT16;
    size_t bits = czm_dtype_size(dtype) * 8;
    if (bits == 0 || bits > 16 || czm_dtype_is_floating(dtype))
        return czm_import_reject(s, NULL, "its element type is not supported");
    czm_tensor scale, offset, x = czm_import_cast(s, czm_import_made(s, v), CZM_DTYPE_FLOAT);
    CZM_TRY(beside(s, v, czm_import_in(s, 1), &scale));
    czm_tensor y =
        CZM_OUT(s, CZM_OP_Round,
                CZM_OUT(s, CZM_OP_RealDiv, x, czm_import_cast(s, scale, CZM_DTYPE_FLOAT)));
    if (zero) {
        CZM_TRY(beside(s, v, zero, &offset));
        y = CZM_OUT(s, CZM_OP_AddV2, y, czm_import_cast(s, offset, CZM_DTYPE_FLOAT));
    }
    double low = is_signed ? -(double)(1 << (bits - 1)) : 0, high = low + (double)(1 << bits) - 1;
    y = CZM_OUT(s, CZM_OP_Maximum, y, czm_import_scalar(s, y, low));
    y = CZM_OUT(s, CZM_OP_Minimum, y, czm_import_scalar(s, y, high));
    czm_import_put(s, 0, czm_import_cast(s, y, dtype), czm_import_order(s, v));
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
