// SPDX-License-Identifier: Apache-2.0
//
// The functions for rules; see step.h.
#include "shape/step.h"

// ---- inputs

bool czm_step_in_int(const czm_step *step, size_t input, int64_t *out) {
    czm_value value = czm_step_in_value(step, input);
    return value.count == 1 && czm_value_int(value, 0, out);
}

czm_dims czm_step_in_sizes(const czm_step *step, size_t input) {
    czm_fact fact = czm_step_in_fact(step, input);
    if (fact.shape.rank != 1) return czm_dims_unknown(CZM_UNKNOWN);
    int64_t count = fact.shape.dims[0], size;
    czm_dims dims = czm_dims_unknown(count > CZM_HIGHEST_RANK ? CZM_UNKNOWN : (int)count);
    for (int i = 0; i < dims.rank; i++)
        if (czm_value_int(fact.value, (size_t)i, &size) && size >= 0) dims.at[i] = size;
    return dims;
}

bool czm_step_in_ranked(czm_step *step, size_t input, int rank, czm_dims *dims) {
    czm_shape shape = czm_step_in_shape(step, input);
    *dims = shape.rank == CZM_UNKNOWN ? czm_dims_unknown(rank) : czm_dims_of(shape);
    if (dims->rank == rank) return true;
    czm_step_fault(step, "%s needs %d dimensions in input %zu, not %s", step->node->op, rank, input,
                   czm_step_text_of(step, shape));
    return false;
}

const czm_element *czm_step_in_known(const czm_step *step, size_t input) {
    czm_value value = czm_step_in_value(step, input);
    for (size_t i = 0; value.elements && i < value.count; i++)
        if (!value.elements[i].is_known) return NULL;
    return value.elements;
}

czm_shape czm_step_in_attr_shape(const czm_step *step, const char *name) {
    enum { VALUE_SHAPE = 7 }; // AttrValue.shape: an empty one means a scalar
    czm_field shape = czm_wire_find(czm_node_attr(step->node, name), VALUE_SHAPE);
    return shape.number ? czm_shape_read(step->arena, shape.bytes) : czm_shape_unknown();
}

czm_fact *czm_step_inputs_from(const czm_step *step, size_t first, size_t *count) {
    *count = czm_step_in_count(step) > first ? czm_step_in_count(step) - first : 0;
    czm_fact *facts = CZM_NEW_ARRAY(step->arena, czm_fact, *count);
    for (size_t i = 0; i < *count; i++) facts[i] = czm_step_in_fact(step, first + i);
    return facts;
}

// ---- outputs

void czm_step_set_shape(czm_step *step, size_t output, czm_shape shape) {
    if (output < step->output_count) step->outputs[output].shape = shape;
}

// Most ops do not change the shape: then the array of the first input is shared.
void czm_step_set_dims(czm_step *step, size_t output, const czm_dims *dims) {
    if (output >= step->output_count) return;
    czm_shape first = czm_step_in_shape(step, 0), view = czm_dims_shape(dims);
    czm_step_set_shape(step, output,
                       czm_shape_equal(first, view) ? first : czm_dims_keep(step->arena, dims));
}

void czm_step_set_rank(czm_step *step, size_t output, int rank) {
    czm_dims dims = czm_dims_unknown(rank);
    czm_step_set_dims(step, output, &dims);
}

void czm_step_set_fact(czm_step *step, size_t output, czm_fact fact) {
    if (output < step->output_count) step->outputs[output] = fact;
}

void czm_step_set_content(czm_step *step, size_t output, czm_shape shape, int64_t count) {
    if (output >= step->output_count) return;
    czm_content *content = CZM_NEW(step->arena, czm_content);
    *content = (czm_content){.shape = shape, .count = count};
    step->outputs[output].content = content;
}

void czm_step_set_elements(czm_step *step, size_t output, const czm_element *elements,
                           size_t count) {
    if (output >= step->output_count) return;
    czm_shape shape = step->outputs[output].shape;
    if (!czm_shape_is_complete(shape) || czm_shape_count(shape) != (int64_t)count) return;
    bool is_known = count == 0;
    for (size_t i = 0; i < count && !is_known; i++) is_known = elements[i].is_known;
    if (is_known) step->outputs[output].value = (czm_value){elements, count};
}

czm_element *czm_step_new_elements(czm_step *step, size_t output, size_t *count) {
    if (output >= step->output_count) return NULL;
    czm_shape shape = step->outputs[output].shape;
    int64_t size = czm_shape_is_complete(shape) ? czm_shape_count(shape) : CZM_UNKNOWN;
    if (size < 0 || (uint64_t)size > step->most_elements) return NULL;
    *count = (size_t)size;
    return CZM_NEW_ARRAY(step->arena, czm_element, *count);
}

bool czm_step_find_axis(czm_step *step, int64_t axis, int rank, int *out) {
    if (rank == CZM_UNKNOWN) return false;
    if (czm_axis_find(axis, rank, out)) return true;
    czm_step_fault(step, "dimension %lld does not exist: there are %d, counted from 0",
                   (long long)axis, rank);
    return false;
}

// ---- facts

czm_fact czm_fact_unknown(void) { return (czm_fact){.shape = czm_shape_unknown()}; }

static bool element_equal(czm_element a, czm_element b) {
    return a.is_known == b.is_known && (!a.is_known || a.number == b.number);
}

static bool value_equal(czm_value a, czm_value b) {
    if (!a.elements || !b.elements) return a.elements == b.elements;
    if (a.count != b.count) return false;
    for (size_t i = 0; i < a.count; i++)
        if (!element_equal(a.elements[i], b.elements[i])) return false;
    return true;
}

static bool content_equal(const czm_content *a, const czm_content *b) {
    if (a == b || !a || !b) return a == b;
    return a->count == b->count && a->is_reserved == b->is_reserved &&
           czm_shape_equal(a->shape, b->shape);
}

bool czm_fact_equal(const czm_fact *a, const czm_fact *b) {
    return czm_shape_equal(a->shape, b->shape) && value_equal(a->value, b->value) &&
           content_equal(a->content, b->content);
}

static czm_shape join_shapes(czm_arena *arena, czm_shape a, czm_shape b) {
    if (a.rank != b.rank) return czm_shape_unknown();
    if (czm_shape_equal(a, b)) return a;
    czm_dims dims = czm_dims_of(a);
    for (int i = 0; i < a.rank; i++)
        if (a.dims[i] != b.dims[i]) dims.at[i] = CZM_UNKNOWN;
    return czm_dims_keep(arena, &dims);
}

static czm_value join_values(czm_arena *arena, czm_value a, czm_value b) {
    if (!a.elements || !b.elements || a.count != b.count) return (czm_value){0};
    if (value_equal(a, b)) return a;
    czm_element *joined = CZM_NEW_ARRAY(arena, czm_element, a.count);
    for (size_t i = 0; i < a.count; i++)
        if (element_equal(a.elements[i], b.elements[i])) joined[i] = a.elements[i];
    return (czm_value){joined, a.count};
}

static const czm_content *join_contents(czm_arena *arena, const czm_content *a,
                                        const czm_content *b) {
    if (!a || !b || content_equal(a, b)) return a && b ? a : NULL;
    czm_content *joined = CZM_NEW(arena, czm_content);
    czm_dims merged;
    bool is_one_empty = a->is_reserved || b->is_reserved;
    if (is_one_empty && czm_shape_merge(a->shape, b->shape, &merged))
        joined->shape = czm_dims_keep(arena, &merged);
    else
        joined->shape = join_shapes(arena, a->shape, b->shape);
    joined->is_reserved = a->is_reserved && b->is_reserved;
    joined->count = a->count == b->count ? a->count : CZM_UNKNOWN;
    return joined;
}

czm_fact czm_fact_join(czm_arena *arena, const czm_fact *a, const czm_fact *b) {
    czm_fact joined = {.shape = join_shapes(arena, a->shape, b->shape),
                       .content = join_contents(arena, a->content, b->content)};
    if (czm_shape_is_complete(joined.shape)) joined.value = join_values(arena, a->value, b->value);
    return joined;
}
