// SPDX-License-Identifier: Apache-2.0
//
// The table of kernels; see kernels.h.
#include "write/onnx/kernels.h"

#include <string.h>

// The sets of kernels.def.
enum {
#define DTYPE(symbol, number, name, size, is_floating, onnx) symbol = 1 << onnx,
#include "op/dtype.def"
#undef DTYPE
};

static const czm_onnx_kernel kernels[] = {
#define KERNEL(op, opset, inputs, outputs, is_exact, ...) \
    {op, opset, inputs, outputs, is_exact, {__VA_ARGS__}},
#include "write/onnx/kernels.def"
#undef KERNEL
};

// The types that contain every value of a type, the best first. Only exact operations may use floating-point types:
// sums and products of integers wrap, floating-point ones do not.
enum { MOST_WIDER = 4 };
#define TYPE(symbol) CZM_ONNX_TYPE_##symbol
#define NARROW \
    { TYPE(INT32), TYPE(INT64), TYPE(FLOAT), TYPE(DOUBLE) }
static const czm_onnx_type wider[][MOST_WIDER] = {
    [TYPE(FLOAT)] = {TYPE(DOUBLE)},
    [TYPE(UINT8)] = NARROW,
    [TYPE(INT8)] = NARROW,
    [TYPE(UINT16)] = NARROW,
    [TYPE(INT16)] = NARROW,
    [TYPE(INT32)] = {TYPE(INT64), TYPE(DOUBLE)},
    [TYPE(BOOL)] = {TYPE(UINT8), TYPE(INT32), TYPE(INT64), TYPE(FLOAT)},
    [TYPE(UINT32)] = {TYPE(INT64), TYPE(DOUBLE)},
    [TYPE(UINT64)] = {TYPE(UNKNOWN)},
};

bool czm_onnx_type_holds(czm_onnx_type wide, czm_onnx_type narrow) {
    bool holds = wide == narrow;
    for (int i = 0; i < MOST_WIDER; i++) holds |= wider[narrow][i] == wide;
    return holds;
}

static char letter_at(const char *letters, size_t index) {
    size_t count = strlen(letters);
    return count == 0 ? 0 : letters[index < count ? index : count - 1];
}

int czm_onnx_letter(const char *letters, size_t index) {
    char letter = letter_at(letters, index);
    return letter >= 'a' && letter < 'a' + CZM_ONNX_TYPE_SETS ? letter - 'a' : -1;
}

czm_onnx_type czm_onnx_fixed_type(const char *letters, size_t index) {
    switch (letter_at(letters, index)) {
    case 'F': return CZM_ONNX_TYPE_FLOAT;
    case 'L': return CZM_ONNX_TYPE_INT64;
    case 'B': return CZM_ONNX_TYPE_BOOL;
    default: return CZM_ONNX_TYPE_UNKNOWN;
    }
}

static bool is_floating(czm_onnx_type type) {
    return type == CZM_ONNX_TYPE_FLOAT || type == CZM_ONNX_TYPE_DOUBLE;
}

// The type itself if the set has it, or else the best wider one; unknown: there is none.
static czm_onnx_type fitting_type(czm_onnx_type type, uint32_t set, bool is_exact) {
    if (type == CZM_ONNX_TYPE_UNKNOWN || set >> type & 1) return type;
    for (int i = 0; i < MOST_WIDER; i++) {
        czm_onnx_type next = wider[type][i];
        if (next && set >> next & 1 && (is_exact || is_floating(type) == is_floating(next)))
            return next;
    }
    return CZM_ONNX_TYPE_UNKNOWN;
}

// The number of casts for this kernel; -1: it cannot be used.
static int fit(const czm_onnx_kernel *kernel, czm_onnx_typing *t) {
    int casts = 0;
    t->kernel = kernel;
    for (int i = 0; i < CZM_ONNX_TYPE_SETS; i++) {
        t->want[i] = fitting_type(t->have[i], kernel->sets[i], kernel->is_exact);
        if (t->want[i] == CZM_ONNX_TYPE_UNKNOWN && t->have[i] != CZM_ONNX_TYPE_UNKNOWN) return -1;
        casts += t->want[i] != t->have[i];
    }
    return casts;
}

bool czm_onnx_find_kernel(const char *op, int opset, const czm_onnx_type *given, size_t count,
                          czm_onnx_type made, czm_onnx_typing *result) {
    int fewest = -1;
    for (size_t i = 0; i < CZM_COUNT_OF(kernels); i++) {
        const czm_onnx_kernel *kernel = &kernels[i];
        if (kernel->opset != opset || strcmp(kernel->op, op) != 0) continue;
        czm_onnx_typing t = {kernel, {0}, {0}};
        if (made) t.have[1] = made; // of Cast
        for (size_t k = 0; k < count; k++) {
            int letter = czm_onnx_letter(kernel->inputs, k);
            if (letter >= 0 && given[k]) t.have[letter] = given[k];
        }
        int casts = fit(kernel, &t);
        if (casts < 0 || (fewest >= 0 && casts >= fewest)) continue;
        fewest = casts;
        *result = t;
    }
    return fewest >= 0;
}
