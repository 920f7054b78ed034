// SPDX-License-Identifier: Apache-2.0
//
// TensorLists, and the TensorArrays of TensorFlow 1. A list is a scalar handle; the number and the shape of its
// elements are facts of the handle.
#include "shape/ops.h"

// The value of an input as the shape of elements: a negative number alone leaves even the rank
// open.
static czm_shape element_shape(const czm_step *step, size_t input) {
    czm_dims sizes = czm_step_in_sizes(step, input);
    return czm_dims_keep(step->arena, &sizes);
}

static int64_t size_in(const czm_step *step, size_t input) {
    int64_t size;
    return czm_step_in_int(step, input, &size) && size >= 0 ? size : CZM_UNKNOWN;
}

static void set_list(czm_step *step, czm_shape element, int64_t count) {
    czm_step_set_rank(step, 0, 0);
    czm_step_set_content(step, 0, element, count);
}

static void set_reserved(czm_step *step) {
    if (!step->output_count || !step->outputs[0].content) return;
    czm_content *content = CZM_NEW(step->arena, czm_content);
    *content = *step->outputs[0].content;
    content->is_reserved = true;
    step->outputs[0].content = content;
}

// All elements of a list have the same shape: a new element may determine more of it.
static czm_shape with_item(const czm_step *step, size_t input) {
    czm_dims merged;
    czm_shape list = czm_step_in_content(step, 0).shape;
    return czm_shape_merge(list, czm_step_in_shape(step, input), &merged)
               ? czm_dims_keep(step->arena, &merged)
               : list;
}

// ---- lists

// TensorListReserve: inputs are the shape of the elements, and how many there are.
void czm_infer_list_reserve(czm_step *step) {
    set_list(step, element_shape(step, 0), size_in(step, 1));
    set_reserved(step);
}

// EmptyTensorList: input 1 is how many there can be.
void czm_infer_list_empty(czm_step *step) {
    set_list(step, element_shape(step, 0), 0);
    set_reserved(step);
}

// The elements are the slices of input 0.
void czm_infer_list_from_tensor(czm_step *step) {
    czm_shape tensor = czm_step_in_shape(step, 0);
    czm_dims dims = {.rank = 0};
    czm_step_set_rank(step, 0, 0);
    if (tensor.rank < 1) return;
    czm_dims_add_all(&dims, tensor, 1, tensor.rank);
    set_list(step, czm_dims_keep(step->arena, &dims), tensor.dims[0]);
}

// A newer attr allows this op to extend the list.
void czm_infer_list_set(czm_step *step) {
    czm_content list = czm_step_in_content(step, 0);
    bool may_grow = czm_attr_bool(step->node, "resize_if_index_out_of_bounds");
    set_list(step, with_item(step, 2), may_grow ? CZM_UNKNOWN : list.count);
}

void czm_infer_list_push(czm_step *step) {
    czm_content list = czm_step_in_content(step, 0);
    set_list(step, with_item(step, 1), czm_dim_add(list.count, 1));
}

void czm_infer_list_resize(czm_step *step) {
    set_list(step, czm_step_in_content(step, 0).shape, size_in(step, 1));
}

// ---- tensors from lists

// Combines the known shape of the elements of the list in input 0 with that in the node; false after a fault.
static bool merge_element(czm_step *step, czm_shape said, czm_dims *dims) {
    czm_shape element = czm_step_in_content(step, 0).shape;
    if (czm_shape_merge(element, said, dims)) return true;
    czm_step_fault(step, "the elements are %s instead of %s", czm_step_text_of(step, element),
                   czm_step_text_of(step, said));
    return false;
}

void czm_infer_list_get(czm_step *step) {
    czm_dims dims;
    if (merge_element(step, element_shape(step, 2), &dims)) czm_step_set_dims(step, 0, &dims);
}

void czm_infer_list_pop(czm_step *step) {
    czm_dims dims;
    czm_content list = czm_step_in_content(step, 0);
    if (!merge_element(step, element_shape(step, 1), &dims)) return;
    set_list(step, list.shape, czm_dim_subtract(list.count, 1));
    czm_step_set_dims(step, 1, &dims);
}

static void set_stacked(czm_step *step, int64_t count, czm_shape element) {
    czm_dims dims = {.rank = 0};
    czm_dims_add(&dims, count);
    czm_dims_add_all(&dims, element, 0, element.rank);
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_list_stack(czm_step *step) {
    czm_dims element;
    int64_t count = czm_step_in_content(step, 0).count,
            said = czm_attr_int(step->node, "num_elements");
    if (count == CZM_UNKNOWN && said >= 0) count = said;
    if (merge_element(step, element_shape(step, 1), &element))
        set_stacked(step, count, czm_dims_shape(&element));
}

// Input 1 is the numbers of the elements to stack.
void czm_infer_list_gather(czm_step *step) {
    czm_dims element, numbers;
    if (!czm_step_in_ranked(step, 1, 1, &numbers)) return;
    if (merge_element(step, element_shape(step, 2), &element))
        set_stacked(step, numbers.at[0], czm_dims_shape(&element));
}

// Elements differ in their first dimension, along which they are joined. Output 1 is their sizes.
void czm_infer_list_concat(czm_step *step) {
    czm_dims element;
    czm_shape said = czm_step_in_count(step) > 1 ? element_shape(step, 1)
                                                 : czm_step_in_attr_shape(step, "element_shape");
    if (!merge_element(step, said, &element)) return;
    if (element.rank > 0) element.at[0] = CZM_UNKNOWN;
    czm_step_set_dims(step, 0, &element);
    czm_step_set_rank(step, 1, 1);
}

// ---- TensorArrays: only the attributes of the node are known

// Inputs are the array and the numbers of the elements to stack.
void czm_infer_array_gather(czm_step *step) {
    czm_dims numbers;
    if (czm_step_in_ranked(step, 1, 1, &numbers))
        set_stacked(step, numbers.at[0], czm_step_in_attr_shape(step, "element_shape"));
}
