// SPDX-License-Identifier: Apache-2.0
//
// The tables of families and of ops; see family.h.
#include "draw/family.h"

#include <string.h>

#include "base/bytes.h"

const czm_family_style czm_family_styles[CZM_FAMILY_COUNT] = {
    [CZM_FAMILY_END] = {"input, output", "#d9d9d9"},
    [CZM_FAMILY_CONVOLUTION] = {"convolution", "#a9cbeb"},
    [CZM_FAMILY_MATRIX] = {"matrix product", "#cdb9e6"},
    [CZM_FAMILY_POOLING] = {"pooling", "#f6b8a6"},
    [CZM_FAMILY_RESIZING] = {"resizing", "#b5dfb0"},
    [CZM_FAMILY_JOIN] = {"join", "#fbe08d"},
    [CZM_FAMILY_SOFTMAX] = {"softmax", "#f4b6d2"},
    [CZM_FAMILY_NORMALISATION] = {"normalisation", "#bfe5e3"},
    [CZM_FAMILY_ACTIVATION] = {"activation", "#f3d3b4"},
    [CZM_FAMILY_OTHER] = {"other", "#ececec"},
};

// The first row whose text is part of the op's name counts. A NULL label: the op's own name.
static const struct {
    const char *part;
    czm_op_style style;
} ops[] = {
    {"Placeholder", {CZM_FAMILY_END, "input"}},
    {"Conv2DBackpropInput", {CZM_FAMILY_CONVOLUTION, "ConvTranspose"}},
    {"Conv3DBackpropInput", {CZM_FAMILY_CONVOLUTION, "ConvTranspose"}},
    {"Depthwise", {CZM_FAMILY_CONVOLUTION, "Depthwise"}},
    {"Conv", {CZM_FAMILY_CONVOLUTION, NULL}},
    {"MatMul", {CZM_FAMILY_MATRIX, "MatMul"}},
    {"Einsum", {CZM_FAMILY_MATRIX, NULL}},
    {"Pool", {CZM_FAMILY_POOLING, NULL}},
    {"Mean", {CZM_FAMILY_POOLING, NULL}},
    {"Resize", {CZM_FAMILY_RESIZING, "Resize"}},
    {"DepthToSpace", {CZM_FAMILY_RESIZING, NULL}},
    {"SpaceToDepth", {CZM_FAMILY_RESIZING, NULL}},
    {"Concat", {CZM_FAMILY_JOIN, "Concat"}},
    {"Pack", {CZM_FAMILY_JOIN, "Stack"}},
    {"Add", {CZM_FAMILY_JOIN, "Add"}},
    {"Sub", {CZM_FAMILY_JOIN, NULL}},
    {"Mul", {CZM_FAMILY_JOIN, "Multiply"}},
    {"Div", {CZM_FAMILY_JOIN, "Divide"}},
    {"Maximum", {CZM_FAMILY_JOIN, NULL}},
    {"Minimum", {CZM_FAMILY_JOIN, NULL}},
    {"Softmax", {CZM_FAMILY_SOFTMAX, NULL}},
    {"Norm", {CZM_FAMILY_NORMALISATION, "Norm"}},
    {"Rsqrt", {CZM_FAMILY_NORMALISATION, "Norm"}},
    {"LRN", {CZM_FAMILY_NORMALISATION, NULL}},
    {"elu", {CZM_FAMILY_ACTIVATION, NULL}},
    {"Elu", {CZM_FAMILY_ACTIVATION, NULL}},
    {"Sigmoid", {CZM_FAMILY_ACTIVATION, NULL}},
    {"Tanh", {CZM_FAMILY_ACTIVATION, NULL}},
    {"Soft", {CZM_FAMILY_ACTIVATION, NULL}},
    {"Erf", {CZM_FAMILY_ACTIVATION, "Gelu"}},
};

czm_op_style czm_op_style_of(const czm_layer_info *layer) {
    for (size_t i = 0; i < CZM_COUNT_OF(ops); i++) {
        if (!strstr(layer->op, ops[i].part)) continue;
        czm_op_style style = ops[i].style;
        if (!style.label) style.label = layer->op;
        if (style.family == CZM_FAMILY_JOIN && layer->input_count < 2)
            style.family = CZM_FAMILY_OTHER; // nothing to join: the other operand is a weight
        return style;
    }
    return (czm_op_style){CZM_FAMILY_OTHER, layer->op};
}
