// SPDX-License-Identifier: Apache-2.0
//
// Element types and attributes of ONNX models; see onnx.h.
#include "write/onnx/onnx.h"

// TensorProto.DataType
static const int dtypes[] = {
    [CZM_DTYPE_FLOAT] = 1,   [CZM_DTYPE_HALF] = 1,  [CZM_DTYPE_BFLOAT16] = 1,
    [CZM_DTYPE_DOUBLE] = 1,  [CZM_DTYPE_UINT8] = 2, [CZM_DTYPE_INT8] = 3,
    [CZM_DTYPE_UINT16] = 4,  [CZM_DTYPE_INT16] = 5, [CZM_DTYPE_INT32] = 6,
    [CZM_DTYPE_INT64] = 7,   [CZM_DTYPE_BOOL] = 9,  [CZM_DTYPE_UINT32] = 12,
    [CZM_DTYPE_UINT64] = 13,
};

int czm_onnx_dtype(czm_dtype dtype) {
    return (size_t)dtype < CZM_COUNT_OF(dtypes) ? dtypes[dtype] : 0;
}

size_t czm_onnx_element_size(czm_dtype dtype) {
    return czm_dtype_is_floating(dtype) ? sizeof(float) : czm_dtype_size(dtype);
}

int64_t czm_onnx_weight_count(const czm_onnx_weight *weight) {
    int64_t count = 1;
    for (int i = 0; i < weight->rank; i++) count *= weight->dims[i];
    return count;
}
