// SPDX-License-Identifier: Apache-2.0
//
// Small things about ONNX models; see onnx.h.
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

static czm_onnx_attr *add_attr(czm_arena *arena, czm_onnx_node *node, const char *name,
                               czm_onnx_attr_kind kind) {
    czm_onnx_attr *attr = CZM_APPEND(arena, &node->attrs);
    *attr = (czm_onnx_attr){.name = name, .kind = kind};
    return attr;
}

void czm_onnx_set_ints(czm_arena *arena, czm_onnx_node *node, const char *name,
                       const int64_t *values, size_t count) {
    int64_t *kept = CZM_NEW_ARRAY(arena, int64_t, count);
    if (count) memcpy(kept, values, count * sizeof *kept);
    czm_onnx_attr *attr = add_attr(arena, node, name, CZM_ONNX_INTS);
    attr->ints = kept;
    attr->count = count;
}

void czm_onnx_set_int(czm_arena *arena, czm_onnx_node *node, const char *name, int64_t value) {
    czm_onnx_set_ints(arena, node, name, &value, 1);
    node->attrs.items[node->attrs.count - 1].kind = CZM_ONNX_INT;
}

void czm_onnx_set_float(czm_arena *arena, czm_onnx_node *node, const char *name, double value) {
    add_attr(arena, node, name, CZM_ONNX_FLOAT)->number = (float)value;
}

void czm_onnx_set_text(czm_arena *arena, czm_onnx_node *node, const char *name, const char *text) {
    add_attr(arena, node, name, CZM_ONNX_STRING)->text = text;
}

void czm_onnx_set_graph(czm_arena *arena, czm_onnx_node *node, const char *name,
                        czm_onnx_graph *graph) {
    add_attr(arena, node, name, CZM_ONNX_GRAPH)->graph = graph;
}

int64_t czm_onnx_weight_count(const czm_onnx_weight *weight) {
    int64_t count = 1;
    for (int i = 0; i < weight->rank; i++) count *= weight->dims[i];
    return count;
}
