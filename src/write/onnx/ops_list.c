// SPDX-License-Identifier: Apache-2.0
//
// TensorLists: a list becomes a tensor with one more dimension in front. A list that is only reserved has no tensor
// yet, since the size of its elements may be unknown before the first is written.
#include "write/onnx/layout.h"
#include "write/onnx/ops.h"

// TensorListReserve(element_shape, num_elements)
void czm_onnx_list_reserve(czm_onnx_step *step) {
    double count;
    czm_onnx_list *list = CZM_NEW(step->arena, czm_onnx_list);
    list->dtype = czm_attr_type(step->node, "element_dtype");
    list->is_single = czm_onnx_in_number(step, 1, &count) && count == 1;
    list->count = CZM_ONNX(step, "Reshape", czm_onnx_in_int64(step, 1),
                           czm_onnx_ints(step, (const int64_t[]){1}, 1));
    step->outputs[0].list = list;
}

// A list that is a tensor has the type of its elements: it may be a variable of a loop.
static void put_tensor(czm_onnx_step *step, const char *name) {
    step->outputs[0].dtype = czm_attr_type(step->node, "element_dtype");
    czm_onnx_out(step, 0, name);
}

void czm_onnx_list_from_tensor(czm_onnx_step *step) {
    put_tensor(step, czm_onnx_in_plain(step, 0));
}

static const char *unsqueeze(czm_onnx_step *step, const char *of, int64_t axis) {
    return czm_onnx_emit_with_axes(step, "Unsqueeze", of, &axis, 1, 13);
}

// Zeros for the whole list, each element with the shape of `element`.
static const char *zeros(czm_onnx_step *step, czm_dtype dtype, const char *count,
                         const char *element) {
    const char *dims = CZM_ONNX(step, "Concat", count, CZM_ONNX(step, "Shape", element));
    czm_onnx_set_int(step, "axis", 0);
    return CZM_ONNX(step, "Expand", czm_onnx_number(step, dtype, 0), dims);
}

// `count` [1], or more if a position is beyond it, since a list may grow.
static const char *count_with(czm_onnx_step *step, const char *count, const char *places) {
    const char *last = CZM_ONNX(step, "ReduceMax", places);
    czm_onnx_set_int(step, "keepdims", 0);
    return CZM_ONNX(step, "Max", count, CZM_ONNX(step, "Add", last, czm_onnx_int(step, 1)));
}

const char *czm_onnx_list_of_rounds(czm_onnx_step *step, const czm_onnx_list *list,
                                    const char *places, const char *elements) {
    // if it is overwritten, the last element counts
    const char *one =
        CZM_ONNX(step, "Gather", elements, czm_onnx_number(step, CZM_DTYPE_INT64, -1));
    if (list->is_single && !list->grows) return unsqueeze(step, one, 0);
    const char *count = list->grows ? count_with(step, list->count, places) : list->count;
    return CZM_ONNX(step, "ScatterND", zeros(step, list->dtype, count, one),
                    unsqueeze(step, places, 1), elements);
}

const char *czm_onnx_list_filled(czm_onnx_step *step, czm_onnx_value *value) {
    const czm_onnx_list *list = value->list;
    if (value->plain || !list) return czm_onnx_plain_of(step, value);
    if (!list->element) {
        czm_onnx_refuse(step, "the list is read before it is filled");
        return "";
    }
    const int64_t at[] = {1, 1};
    const char *place = czm_onnx_emit_reshape(step, list->place, at, 2);
    const char *count = list->grows ? count_with(step, list->count, place) : list->count;
    value->dtype = list->dtype;
    return value->plain = CZM_ONNX(step, "ScatterND",
                                   zeros(step, list->dtype, count, list->element), place,
                                   unsqueeze(step, list->element, 0));
}

static const char *filled(czm_onnx_step *step) {
    return czm_onnx_list_filled(step, czm_onnx_in(step, 0));
}

static bool grows(const czm_node *node) {
    return czm_attr_bool(node, "resize_if_index_out_of_bounds");
}

// The list, extended by zeros up to the position.
static const char *grown(czm_onnx_step *step, const char *list, const char *place,
                         const char *element) {
    const char *count =
        CZM_ONNX(step, "Gather", CZM_ONNX(step, "Shape", list), czm_onnx_int(step, 0));
    const char *more = CZM_ONNX(step, "Sub", count_with(step, count, place), count);
    const char *parts[] = {list,
                           zeros(step, czm_attr_type(step->node, "element_dtype"), more, element),
                           NULL};
    return czm_onnx_emit_concat(step, parts, 0);
}

// TensorListSetItem(list, index, item). The first item of a reserved list is only stored: in a loop, the items of all
// iterations become the list at the end.
void czm_onnx_list_set(czm_onnx_step *step) {
    const czm_onnx_list *list = czm_onnx_in(step, 0)->list;
    if (list && !list->element && !czm_onnx_in(step, 0)->plain) {
        czm_onnx_list *now = CZM_NEW(step->arena, czm_onnx_list);
        *now = *list;
        now->index = step->node->inputs.items[1];
        now->place = czm_onnx_in_int64(step, 1);
        now->element = czm_onnx_in_plain(step, 2);
        now->shape = czm_onnx_in(step, 2)->shape;
        now->grows = grows(step->node);
        step->outputs[0].list = now;
        return;
    }
    const int64_t at[] = {1, 1};
    const char *place = czm_onnx_emit_reshape(step, czm_onnx_in_int64(step, 1), at, 2);
    const char *element = czm_onnx_in_plain(step, 2), *all = filled(step);
    if (grows(step->node)) all = grown(step, all, place, element);
    put_tensor(step, CZM_ONNX(step, "ScatterND", all, place, unsqueeze(step, element, 0)));
}

// TensorListGetItem(list, index), TensorListGather(list, indices)
void czm_onnx_list_get(czm_onnx_step *step) {
    czm_onnx_out(step, 0, CZM_ONNX(step, "Gather", filled(step), czm_onnx_in_plain(step, 1)));
}

void czm_onnx_list_stack(czm_onnx_step *step) { czm_onnx_out(step, 0, filled(step)); }

void czm_onnx_list_length(czm_onnx_step *step) {
    const czm_onnx_value *value = czm_onnx_in(step, 0);
    const char *count = value->list ? value->list->count : NULL;
    if (!count)
        count = CZM_ONNX(step, "Gather", CZM_ONNX(step, "Shape", czm_onnx_in_plain(step, 0)),
                         czm_onnx_int(step, 0));
    czm_onnx_out(step, 0,
                 czm_onnx_emit_cast(step, czm_onnx_emit_reshape(step, count, NULL, 0),
                                    CZM_DTYPE_INT32));
}
