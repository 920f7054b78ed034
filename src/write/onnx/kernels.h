// SPDX-License-Identifier: Apache-2.0
//
// The element types that ONNX Runtime supports, in every version that must load the network. The facts are in
// kernels.def, which tools/make_onnx_kernels.py measures.
#ifndef CZM_ONNX_KERNELS_H
#define CZM_ONNX_KERNELS_H

#include "base/arena.h"

typedef enum czm_onnx_type { // TensorProto.DataType
    CZM_ONNX_TYPE_UNKNOWN = 0,
#define DTYPE(symbol, number, name, size, is_floating, onnx) CZM_ONNX_TYPE_##symbol = onnx,
#include "op/dtype.def"
#undef DTYPE
} czm_onnx_type;

enum { CZM_ONNX_TYPE_SETS = 3 };

// A row of kernels.def.
typedef struct czm_onnx_kernel {
    const char *op;
    int opset;
    const char *inputs, *outputs;
    bool is_exact;
    uint32_t sets[CZM_ONNX_TYPE_SETS]; // bit n: the type of number n
} czm_onnx_kernel;

// The element types of a node: those that it has, and those that a kernel requires; by letter.
typedef struct czm_onnx_typing {
    const czm_onnx_kernel *kernel;
    czm_onnx_type have[CZM_ONNX_TYPE_SETS], want[CZM_ONNX_TYPE_SETS];
} czm_onnx_typing;

// Whether `wide` has every value of `narrow`.
bool czm_onnx_type_holds(czm_onnx_type wide, czm_onnx_type narrow);

// The number of the set for input or output `index`, or -1 for one whose type is fixed.
int czm_onnx_letter(const char *letters, size_t index);

// The fixed type of output `index`.
czm_onnx_type czm_onnx_fixed_type(const char *letters, size_t index);

// The kernel that needs the fewest casts. All casts are lossless: a wider type contains every value, and gives the
// result of the narrower type. `types` are those of the inputs; `made` is the result type of a Cast. false: there is
// no such kernel.
bool czm_onnx_find_kernel(const char *op, int opset, const czm_onnx_type *types, size_t count,
                          czm_onnx_type made, czm_onnx_typing *result);

#endif
