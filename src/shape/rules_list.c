// SPDX-License-Identifier: Apache-2.0
//
// TensorLists. A list is a scalar handle; what is known of the shape of its elements travels with
// it as the handle's content.
#include "shape/rules.h"

// The value of an input as the shape of elements: a negative number alone leaves even the rank
// open.
static czm_shape element_shape(const czm_step *step, size_t input) {
    czm_dims sizes = czm_in_sizes(step, input);
    return czm_dims_keep(step->arena, &sizes);
}

// The content of the list in input 0, together with what the node itself says of the elements;
// false after a fault.
static bool merge_content(czm_step *step, czm_shape said, czm_dims *dims) {
    const czm_shape *content = czm_in_fact(step, 0).content;
    if (czm_shape_merge(content ? *content : czm_shape_unknown(), said, dims)) return true;
    czm_fault(step, "elements of %s shall be %s", text_of(step, *content), text_of(step, said));
    return false;
}

// Input 0 is the shape of the elements.
void czm_infer_list_new(czm_step *step) {
    czm_set_rank(step, 0, 0);
    czm_set_content(step, 0, element_shape(step, 0));
}

// The elements are the slices of input 0.
void czm_infer_list_from_tensor(czm_step *step) {
    czm_shape tensor = in_shape(step, 0);
    czm_set_rank(step, 0, 0);
    if (tensor.rank < 1) return;
    czm_dims dims = {.rank = 0};
    czm_dims_add_all(&dims, tensor, 1, tensor.rank);
    czm_set_content(step, 0, czm_dims_keep(step->arena, &dims));
}

// A list with other elements or more, all of the same kind.
void czm_infer_list_same(czm_step *step) {
    czm_set_rank(step, 0, 0);
    const czm_shape *content = czm_in_fact(step, 0).content;
    if (content) czm_set_content(step, 0, *content);
}

void czm_infer_list_get(czm_step *step) {
    czm_dims dims;
    if (merge_content(step, element_shape(step, 2), &dims)) czm_set_dims(step, 0, &dims);
}

void czm_infer_list_pop(czm_step *step) {
    czm_dims dims;
    if (!merge_content(step, element_shape(step, 1), &dims)) return;
    czm_infer_list_same(step);
    czm_set_dims(step, 1, &dims);
}

static void set_stacked(czm_step *step, int64_t count, const czm_dims *element) {
    czm_dims dims = {.rank = 0};
    czm_dims_add(&dims, count);
    czm_dims_add_all(&dims, czm_dims_shape(element), 0, element->rank);
    czm_set_dims(step, 0, &dims);
}

void czm_infer_list_stack(czm_step *step) {
    czm_dims element;
    int64_t count = czm_attr_int(step->node, "num_elements");
    if (merge_content(step, element_shape(step, 1), &element))
        set_stacked(step, count < 0 ? CZM_UNKNOWN : count, &element);
}

// Input 1 is the numbers of the elements to stack.
void czm_infer_list_gather(czm_step *step) {
    czm_dims element, numbers;
    if (!czm_in_ranked(step, 1, 1, &numbers)) return;
    if (merge_content(step, element_shape(step, 2), &element))
        set_stacked(step, numbers.at[0], &element);
}

// Elements differ in their first dimension, along which they are joined. Output 1 is their sizes.
void czm_infer_list_concat(czm_step *step) {
    czm_dims element;
    czm_shape said = in_count(step) > 1 ? element_shape(step, 1)
                                        : czm_in_attr_shape(step, "element_shape");
    if (!merge_content(step, said, &element)) return;
    if (element.rank > 0) element.at[0] = CZM_UNKNOWN;
    czm_set_dims(step, 0, &element);
    czm_set_rank(step, 1, 1);
}
