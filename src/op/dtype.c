// SPDX-License-Identifier: Apache-2.0
#include "op/dtype.h"

typedef struct row {
    const char *name;
    size_t size;
    bool is_floating;
    int onnx;
} row;

static const row rows[] = {
#define DTYPE(symbol, number, ...) [number] = {__VA_ARGS__},
#include "op/dtype.def"
#undef DTYPE
};

static row find(czm_dtype dtype) {
    bool is_known = dtype > 0 && (size_t)dtype < sizeof rows / sizeof *rows;
    return is_known ? rows[dtype] : (row){"unknown", 0, false, 0};
}

const char *czm_dtype_name(czm_dtype dtype) { return find(dtype).name; }
size_t czm_dtype_size(czm_dtype dtype) { return find(dtype).size; }
bool czm_dtype_is_floating(czm_dtype dtype) { return find(dtype).is_floating; }
int czm_dtype_in_onnx(czm_dtype dtype) { return find(dtype).onnx; }

czm_dtype czm_dtype_of_onnx(uint64_t number) {
    for (size_t i = 1; number && i < sizeof rows / sizeof *rows; i++)
        if ((uint64_t)rows[i].onnx == number) return (czm_dtype)i;
    return CZM_DTYPE_NONE;
}
