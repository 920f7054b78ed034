// SPDX-License-Identifier: Apache-2.0
//
// The rules by name. An "infer" rule concludes the shapes of a node's outputs; a "fold" rule, which
// runs after it, the values of small ones. Which op has which is in rules.def.
#ifndef CZM_SHAPE_RULES_H
#define CZM_SHAPE_RULES_H

#include "shape/step.h"

typedef struct czm_shape_rule {
    const char *op;
    void (*infer)(czm_step *step);
    void (*fold)(czm_step *step); // NULL: values are not propagated
    int detail;                   // what makes the ops of one rule different
} czm_shape_rule;

extern const czm_shape_rule czm_shape_rules[];
extern const size_t czm_shape_rule_count;

// Details of element-wise ops and reductions: what they do with numbers.
typedef enum czm_arithmetic {
    CZM_NO_ARITHMETIC,
    CZM_ADD,
    CZM_SUBTRACT,
    CZM_MULTIPLY,
    CZM_DIVIDE,
    CZM_DIVIDE_REAL,
    CZM_DIVIDE_TRUNCATING,
    CZM_DIVIDE_FLOORING,
    CZM_MODULO_TRUNCATING,
    CZM_MODULO_FLOORING,
    CZM_MAXIMUM,
    CZM_MINIMUM,
    CZM_POWER,
    CZM_EQUAL,
    CZM_NOT_EQUAL,
    CZM_LESS,
    CZM_LESS_EQUAL,
    CZM_GREATER,
    CZM_GREATER_EQUAL,
    CZM_AND,
    CZM_OR,
    CZM_NEGATE,
    CZM_ABSOLUTE,
    CZM_SIGN,
    CZM_FLOOR,
    CZM_CEILING,
    CZM_ROUND,
    CZM_SQUARE_ROOT,
    CZM_SQUARE,
    CZM_NOT,
    CZM_CAST,
    CZM_RECTIFY,
    CZM_ZERO,
    CZM_ONE,
    CZM_RECIPROCAL,
    CZM_SQUARED_DIFFERENCE,
    CZM_DIVIDE_OR_ZERO,
    CZM_AND_BITS,
    CZM_OR_BITS,
    CZM_DIFFERING_BITS,
    CZM_SHIFT_LEFT,
    CZM_SHIFT_RIGHT,
    CZM_ROOT_RECIPROCAL, // from here on the last digit may be another one
    CZM_EXPONENTIAL,
    CZM_LOGARITHM,
    CZM_SINE,
    CZM_COSINE,
    CZM_HYPERBOLIC_TANGENT,
    CZM_LOGISTIC,
    CZM_ERROR_FUNCTION,
} czm_arithmetic;

// The element that a tensor of this type holds when a computation gives this number: unknown if
// that cannot be told exactly.
czm_element czm_element_of(czm_dtype dtype, double number);

// element-wise: rules_elementwise.c, fold_elementwise.c
void czm_infer_pass(czm_step *step);
void czm_infer_same(czm_step *step);
void czm_infer_broadcast(czm_step *step);
void czm_infer_compare(czm_step *step);
void czm_infer_merge_all(czm_step *step);
void czm_infer_bias(czm_step *step);
void czm_infer_ensure_shape(czm_step *step);
void czm_infer_bitcast(czm_step *step);
void czm_fold_unary(czm_step *step);
void czm_fold_binary(czm_step *step);
void czm_fold_select(czm_step *step);
void czm_fold_sum(czm_step *step);

// sources of tensors: rules_source.c, fold_const.c
void czm_infer_given(czm_step *step);
void czm_infer_shape_attr(czm_step *step);
void czm_infer_old_variable(czm_step *step);
void czm_infer_const(czm_step *step);
void czm_infer_handle(czm_step *step);
void czm_infer_read(czm_step *step);
void czm_infer_variable_shape(czm_step *step);
void czm_infer_sizes(czm_step *step);
void czm_infer_scatter_nd(czm_step *step);
void czm_infer_broadcast_to(czm_step *step);
void czm_infer_broadcast_args(czm_step *step);
void czm_infer_range(czm_step *step);
void czm_infer_linspace(czm_step *step);
void czm_infer_shape(czm_step *step);
void czm_infer_size(czm_step *step);
void czm_infer_rank(czm_step *step);
void czm_infer_ranks(czm_step *step);
void czm_infer_unique(czm_step *step);
void czm_infer_where(czm_step *step);
void czm_infer_multinomial(czm_step *step);
void czm_fold_const(czm_step *step);
void czm_fold_read(czm_step *step);
void czm_fold_fill(czm_step *step);
void czm_fold_broadcast_to(czm_step *step);
void czm_fold_range(czm_step *step);
void czm_fold_linspace(czm_step *step);

// sliding windows: rules_window.c, rules_convolution.c
void czm_infer_convolution(czm_step *step);
void czm_infer_depthwise(czm_step *step);
void czm_infer_convolution_gradient(czm_step *step);
void czm_infer_depthwise_gradient(czm_step *step);
void czm_infer_max_pool(czm_step *step);
void czm_infer_average_pool(czm_step *step);
void czm_infer_pool_by_inputs(czm_step *step);
void czm_infer_dilation(czm_step *step);
void czm_infer_patches(czm_step *step);

// images: rules_image.c
void czm_infer_batch_norm(czm_step *step);
void czm_infer_resize(czm_step *step);
void czm_infer_crop_and_resize(czm_step *step);
void czm_infer_depth_to_space(czm_step *step);
void czm_infer_space_to_depth(czm_step *step);
void czm_infer_space_to_batch(czm_step *step);
void czm_infer_batch_to_space(czm_step *step);

// rearranging: rules_array.c, rules_join.c, fold_array.c
void czm_infer_reshape(czm_step *step);
void czm_infer_squeeze(czm_step *step);
void czm_infer_expand_dims(czm_step *step);
void czm_infer_transpose(czm_step *step);
void czm_infer_tile(czm_step *step);
void czm_infer_pad(czm_step *step);
void czm_infer_concat(czm_step *step);
void czm_infer_concat_axis_first(czm_step *step);
void czm_infer_split(czm_step *step);
void czm_infer_split_sizes(czm_step *step);
void czm_infer_pack(czm_step *step);
void czm_infer_unpack(czm_step *step);
void czm_infer_one_hot(czm_step *step);
void czm_fold_first(czm_step *step);
void czm_fold_transpose(czm_step *step);
void czm_fold_tile(czm_step *step);
void czm_fold_reverse(czm_step *step);
void czm_fold_concat(czm_step *step);
void czm_fold_concat_axis_first(czm_step *step);
void czm_fold_pack(czm_step *step);
void czm_fold_split(czm_step *step);
void czm_fold_split_sizes(czm_step *step);
void czm_fold_unpack(czm_step *step);
void czm_fold_pad(czm_step *step);
void czm_fold_roll(czm_step *step);
void czm_fold_one_hot(czm_step *step);
void czm_fold_invert_permutation(czm_step *step);

// picking: rules_slice.c, rules_gather.c
void czm_infer_slice(czm_step *step);
void czm_infer_strided_slice(czm_step *step);
void czm_infer_gather(czm_step *step);
void czm_infer_gather_axis(czm_step *step);
void czm_infer_gather_nd(czm_step *step);
void czm_infer_resource_gather(czm_step *step);
void czm_infer_resource_gather_nd(czm_step *step);
void czm_infer_partition(czm_step *step);
void czm_infer_stitch(czm_step *step);
void czm_infer_segments(czm_step *step);
void czm_infer_numbered_segments(czm_step *step);
void czm_fold_slice(czm_step *step);
void czm_fold_strided_slice(czm_step *step);
void czm_fold_gather(czm_step *step);
void czm_fold_gather_axis(czm_step *step);
void czm_fold_gather_nd(czm_step *step);
void czm_fold_scatter(czm_step *step);
void czm_fold_sparse_to_dense(czm_step *step);
void czm_fold_slice_update(czm_step *step);

// reductions: rules_reduce.c
void czm_infer_reduce(czm_step *step);
void czm_infer_arg_reduce(czm_step *step);
void czm_infer_top_k(czm_step *step);
void czm_fold_reduce(czm_step *step);
void czm_fold_mean(czm_step *step);
void czm_fold_arg_reduce(czm_step *step);
void czm_fold_top_k(czm_step *step);
void czm_fold_cumulate(czm_step *step);

// matrices: rules_matrix.c, rules_einsum.c
void czm_infer_matmul(czm_step *step);
void czm_infer_batch_matmul(czm_step *step);
void czm_infer_matrix_diag(czm_step *step);
void czm_infer_matrix_diag_part(czm_step *step);
void czm_infer_diag(czm_step *step);
void czm_infer_diag_part(czm_step *step);
void czm_infer_determinant(czm_step *step);
void czm_infer_fourier(czm_step *step);
void czm_infer_einsum(czm_step *step);
void czm_fold_matmul(czm_step *step);
void czm_fold_matrix_inverse(czm_step *step);
void czm_fold_matrix_diag(czm_step *step);
void czm_fold_matrix_diag_part(czm_step *step);
void czm_fold_matrix_set_diag(czm_step *step);
void czm_fold_matrix_band(czm_step *step);

// control flow: rules_control.c
void czm_infer_if(czm_step *step);
void czm_infer_case(czm_step *step);
void czm_infer_while(czm_step *step);
void czm_infer_switch(czm_step *step);
void czm_infer_merge(czm_step *step);
void czm_infer_exit(czm_step *step);

// TensorLists: rules_list.c
void czm_infer_list_reserve(czm_step *step);
void czm_infer_list_empty(czm_step *step);
void czm_infer_list_from_tensor(czm_step *step);
void czm_infer_list_set(czm_step *step);
void czm_infer_list_push(czm_step *step);
void czm_infer_list_resize(czm_step *step);
void czm_infer_list_get(czm_step *step);
void czm_infer_list_pop(czm_step *step);
void czm_infer_list_stack(czm_step *step);
void czm_infer_list_gather(czm_step *step);
void czm_infer_list_concat(czm_step *step);
void czm_infer_array_gather(czm_step *step);

#endif
