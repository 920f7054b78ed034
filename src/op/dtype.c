// SPDX-License-Identifier: Apache-2.0
#include "op/dtype.h"

typedef struct row {
    const char *name;
    size_t size;
    bool is_floating;
} row;

static const row rows[] = {
#define DTYPE(symbol, number, name, size, is_floating) [number] = {name, size, is_floating},
#include "op/dtype.def"
#undef DTYPE
};

static row find(czm_dtype dtype) {
    bool is_known = dtype > 0 && (size_t)dtype < sizeof rows / sizeof *rows;
    return is_known ? rows[dtype] : (row){"unknown", 0, false};
}

const char *czm_dtype_name(czm_dtype dtype) { return find(dtype).name; }
size_t czm_dtype_size(czm_dtype dtype) { return find(dtype).size; }
bool czm_dtype_is_floating(czm_dtype dtype) { return find(dtype).is_floating; }
