// SPDX-License-Identifier: Apache-2.0
//
// The tables of families and of ops; see family.h.
#include "draw/family.h"

#include "base/bytes.h"
#include "op/op.h"

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

// By role; a NULL label: the op's own name.
static const czm_op_style styles[CZM_ROLE_COUNT] = {
    [CZM_ROLE_DEPTHWISE] = {CZM_FAMILY_CONVOLUTION, "Depthwise"},
    [CZM_ROLE_CONVOLUTION] = {CZM_FAMILY_CONVOLUTION, NULL},
    [CZM_ROLE_TRANSPOSED_CONVOLUTION] = {CZM_FAMILY_CONVOLUTION, "ConvTranspose"},
    [CZM_ROLE_PRODUCT] = {CZM_FAMILY_MATRIX, "MatMul"},
    [CZM_ROLE_EINSUM] = {CZM_FAMILY_MATRIX, NULL},
    [CZM_ROLE_POOL] = {CZM_FAMILY_POOLING, NULL},
    [CZM_ROLE_RESIZE] = {CZM_FAMILY_RESIZING, "Resize"},
    [CZM_ROLE_NORM] = {CZM_FAMILY_NORMALISATION, "Norm"},
    [CZM_ROLE_ROOT_NORM] = {CZM_FAMILY_NORMALISATION, "Norm"},
    [CZM_ROLE_RESPONSE_NORM] = {CZM_FAMILY_NORMALISATION, NULL},
    [CZM_ROLE_CONCAT] = {CZM_FAMILY_JOIN, "Concat"},
    [CZM_ROLE_STACK] = {CZM_FAMILY_JOIN, "Stack"},
    [CZM_ROLE_SIGMOID] = {CZM_FAMILY_ACTIVATION, NULL},
    [CZM_ROLE_TANH] = {CZM_FAMILY_ACTIVATION, NULL},
    [CZM_ROLE_SOFTMAX] = {CZM_FAMILY_SOFTMAX, NULL},
    [CZM_ROLE_SOFT] = {CZM_FAMILY_ACTIVATION, NULL},
    [CZM_ROLE_RELU] = {CZM_FAMILY_ACTIVATION, NULL},
    [CZM_ROLE_ELU] = {CZM_FAMILY_ACTIVATION, NULL},
    [CZM_ROLE_ERF] = {CZM_FAMILY_ACTIVATION, "Gelu"},
    [CZM_ROLE_MEAN] = {CZM_FAMILY_POOLING, NULL},
    [CZM_ROLE_MAXIMUM] = {CZM_FAMILY_JOIN, NULL},
    [CZM_ROLE_MINIMUM] = {CZM_FAMILY_JOIN, NULL},
    [CZM_ROLE_FROM_DEPTH] = {CZM_FAMILY_RESIZING, NULL},
    [CZM_ROLE_TO_DEPTH] = {CZM_FAMILY_RESIZING, NULL},
    [CZM_ROLE_MULTIPLY] = {CZM_FAMILY_JOIN, "Multiply"},
    [CZM_ROLE_DIVIDE] = {CZM_FAMILY_JOIN, "Divide"},
    [CZM_ROLE_ADD] = {CZM_FAMILY_JOIN, "Add"},
    [CZM_ROLE_SUBTRACT] = {CZM_FAMILY_JOIN, NULL},
    [CZM_ROLE_INPUT] = {CZM_FAMILY_END, "input"},
};

czm_op_style czm_op_style_of(const czm_layer_info *layer) {
    czm_op_role role = czm_op_traits_of[czm_op_kind_named(czm_bytes_text(layer->op))].role;
    czm_op_style style = styles[role];
    if (style.family == CZM_FAMILY_END && !style.label) style.family = CZM_FAMILY_OTHER; // no row
    if (!style.label) style.label = layer->op;
    if (style.family == CZM_FAMILY_JOIN && layer->input_count < 2)
        style.family = CZM_FAMILY_OTHER; // no second input: the other operand is a weight
    return style;
}
