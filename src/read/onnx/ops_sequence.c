// SPDX-License-Identifier: Apache-2.0
//
// Sequences of tensors: a list in TorchScript, which a loop may fill, and the parts of a tensor whose number the
// exporter does not find. All positions must be known; then a sequence is only a list of values.
#include "read/onnx/import.h"

static czm_import_value **new_parts(czm_import_step *s, size_t count) {
    return CZM_NEW_ARRAY(s->run->context->arena, czm_import_value *, count + 1);
}

static czm_status put_sequence(czm_import_step *s, czm_import_value **parts, size_t count) {
    *s->outputs[0] = (czm_import_value){.name = s->outputs[0]->name,
                                        .parts = parts,
                                        .part_count = count,
                                        .is_sequence = true};
    return CZM_OK;
}

static czm_status sequence_of(czm_import_step *s, const czm_import_value **sequence) {
    *sequence = czm_import_in(s, 0);
    if ((*sequence)->is_sequence) return CZM_OK;
    return czm_import_reject(s, NULL, "its input \"%s\" is no sequence", (*sequence)->name);
}

// The position in input `at`, which is less than `count`; negative ones count from the end. Without the input it is the
// last one.
static czm_status find_position(czm_import_step *s, size_t at, size_t count, size_t *position) {
    const czm_import_value *v = czm_import_in(s, at);
    size_t numbers = 0;
    if (v && v->is_sequence) return czm_import_reject(s, NULL, "its position is a sequence");
    const double *number = v ? czm_import_numbers(s, v, 1, &numbers) : NULL;
    if (v && (!number || numbers != 1))
        return czm_import_reject(s, NULL, "its position is computed while the network runs");
    double wanted = number ? *number : -1, place = wanted < 0 ? wanted + (double)count : wanted;
    if (!(place >= 0 && place < (double)count))
        return czm_import_reject(s, NULL, "its position %.0f does not exist in a sequence of %zu",
                                 wanted, count);
    *position = (size_t)place;
    return CZM_OK;
}

czm_status czm_import_op_sequence_construct(czm_import_step *s) {
    for (size_t i = 0; i < s->input_count; i++)
        if (!s->inputs[i]) return czm_import_reject(s, NULL, "input %zu is absent", i);
    return put_sequence(s, s->inputs, s->input_count);
}

czm_status czm_import_op_sequence_insert(czm_import_step *s) {
    const czm_import_value *list;
    size_t position;
    CZM_TRY(sequence_of(s, &list));
    if (s->inputs[1]->is_sequence) return czm_import_reject(s, NULL, "it nests sequences");
    CZM_TRY(find_position(s, 2, list->part_count + 1, &position));
    czm_import_value **parts = new_parts(s, list->part_count + 1);
    czm_work(s->run->context->arena, list->part_count, "the sequences");
    for (size_t i = 0; i <= list->part_count; i++)
        parts[i] = i == position ? s->inputs[1] : list->parts[i - (i > position)];
    return put_sequence(s, parts, list->part_count + 1);
}

czm_status czm_import_op_sequence_erase(czm_import_step *s) {
    const czm_import_value *list;
    size_t position;
    CZM_TRY(sequence_of(s, &list));
    CZM_TRY(find_position(s, 1, list->part_count, &position));
    czm_import_value **parts = new_parts(s, list->part_count);
    czm_work(s->run->context->arena, list->part_count, "the sequences");
    for (size_t i = 0; i + 1 < list->part_count; i++) parts[i] = list->parts[i + (i >= position)];
    return put_sequence(s, parts, list->part_count - 1);
}

czm_status czm_import_op_sequence_at(czm_import_step *s) {
    const czm_import_value *list;
    size_t position;
    CZM_TRY(sequence_of(s, &list));
    CZM_TRY(find_position(s, 1, list->part_count, &position));
    czm_import_pass(s, 0, list->parts[position]);
    return CZM_OK;
}

czm_status czm_import_op_sequence_length(czm_import_step *s) {
    const czm_import_value *list;
    CZM_TRY(sequence_of(s, &list));
    double length = (double)list->part_count;
    czm_import_put(s, 0, czm_import_numbers_const(s, CZM_DTYPE_INT64, &length, NULL, 0),
                   czm_order_plain(0));
    return CZM_OK;
}

// ---- parts of a tensor

enum { MOST_PARTS = 1024 };

// A list of sizes, one size of all parts but the last one, or parts of size 1.
static czm_status part_sizes(czm_import_step *s, int64_t size, int64_t *sizes, size_t *count) {
    const czm_import_value *given = czm_import_in(s, 1);
    int64_t part = 1;
    bool is_list = given && czm_import_order(s, given).rank == 1;
    if (given)
        *count = czm_import_vector(s, given, is_list ? sizes : &part, is_list ? MOST_PARTS : 1);
    if (!is_list) *count = size > 0 && part > 0 ? (size_t)(size / part + (size % part != 0)) : 0;
    bool is_known = *count > 0 && *count <= MOST_PARTS;
    for (size_t i = 0; i < *count && is_known; i++) {
        if (!is_list) sizes[i] = i + 1 < *count ? part : size - part * (int64_t)i;
        is_known = sizes[i] >= 0;
    }
    if (is_known) return CZM_OK;
    return czm_import_reject(s, "export the network with a fixed size, or set the size",
                             "the sizes of its parts are not known, or they are too many");
}

static czm_import_form without_axis(czm_import_step *s, czm_import_form form, int axis) {
    int64_t place = czm_order_place(&form.order, axis);
    czm_node *squeeze = CZM_NODE(s, CZM_OP_Squeeze, form.tensor);
    czm_set_ints(s->run->graph, squeeze, "squeeze_dims", &place, 1);
    return (czm_import_form){czm_order_without(&form.order, 1u << axis), czm_output(squeeze)};
}

czm_status czm_import_op_split_to_sequence(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    int64_t *sizes = CZM_NEW_ARRAY(s->run->context->arena, int64_t, MOST_PARTS);
    int axis;
    size_t count = 0;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 0), order.rank, &axis));
    CZM_TRY(part_sizes(s, czm_import_dim(s, x, axis), sizes, &count));
    // ONNX Runtime drops the axis of parts of size 1, also if that size is given as a number.
    bool is_list = czm_import_in(s, 1) && czm_import_order(s, czm_import_in(s, 1)).rank == 1;
    bool keeps_axis = is_list || sizes[0] != 1 || czm_import_int(s, "keepdims", 1) != 0;
    czm_node *split = czm_import_split(s, x, axis, sizes, count);
    czm_import_value **parts = new_parts(s, count);
    for (size_t i = 0; i < count; i++) {
        czm_import_form form = {order, {split, (uint32_t)i}};
        if (!keeps_axis) form = without_axis(s, form, axis);
        parts[i] = czm_import_value_of(s->run, form.order, form.tensor);
        parts[i]->name = s->outputs[0]->name;
    }
    return put_sequence(s, parts, count);
}

// ---- joining

static czm_status stack(czm_import_step *s, const czm_import_value *list) {
    int rank = czm_import_order(s, list->parts[0]).rank + 1, axis;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 0), rank, &axis));
    if (rank > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "tensors of more than %d dimensions are not supported",
                                 CZM_MOST_AXES);
    czm_tensor *t = CZM_NEW_ARRAY(s->run->context->arena, czm_tensor, list->part_count);
    for (size_t i = 0; i < list->part_count; i++) t[i] = czm_import_plain(s, list->parts[i]);
    czm_node *node = czm_import_node(s, CZM_OP_Pack, t, list->part_count);
    czm_set_int(s->run->graph, node, "axis", axis);
    czm_import_put(s, 0, czm_output(node), czm_order_plain(rank));
    return CZM_OK;
}

czm_status czm_import_op_concat_from_sequence(czm_import_step *s) {
    const czm_import_value *list;
    CZM_TRY(sequence_of(s, &list));
    if (list->part_count == 0) return czm_import_reject(s, NULL, "its sequence is empty");
    if (czm_import_int(s, "new_axis", 0)) return stack(s, list);
    czm_import_step concat = *s;
    concat.inputs = list->parts;
    concat.input_count = list->part_count;
    return czm_import_op_concat(&concat);
}
