// SPDX-License-Identifier: Apache-2.0
//
// Computes the receptive field of each node; see receptive_field.h. footprint.h has the algebra, field_ops.h the
// rules of ops.
#include "analysis/field_ops.h"

enum {
    ASSUMED_SIZE = 3840,  // of an image whose size is open: 2^8 * 3 * 5
    OUTPUTS_PER_NODE = 8, // on average, plus a constant
    SPARE_OUTPUTS = 65536,
};

struct czm_fields {
    czm_arena *arena;
    const czm_model *model;
    const czm_shapes *shapes;
    const czm_footprint **seen; // of all outputs of all nodes
    size_t *first; // by position of the node in the graph: its first output; and the end
};

static const czm_footprint nothing = {.kind = CZM_FIELD_NONE};

// ---- footprints by tensor

// The place of a tensor's footprint, or NULL.
static const czm_footprint **slot_of(const czm_fields *fields, czm_tensor t) {
    const czm_node_list *nodes = &fields->model->main.nodes;
    size_t position = t.node ? (size_t)t.node->order - 1 : nodes->count;
    if (position >= nodes->count || nodes->items[position] != t.node) return NULL;
    size_t slot = fields->first[position] + t.index;
    return slot < fields->first[position + 1] ? &fields->seen[slot] : NULL;
}

static const czm_footprint *find(const czm_fields *fields, czm_tensor t) {
    const czm_footprint **slot = slot_of(fields, t);
    return slot ? *slot : NULL;
}

// In damaged files, attributes may claim billions of outputs: these have no footprint.
static void make_room(czm_fields *fields) {
    const czm_node_list *nodes = &fields->model->main.nodes;
    size_t total = 0, most = nodes->count * OUTPUTS_PER_NODE + SPARE_OUTPUTS, count;
    fields->first = CZM_NEW_ARRAY(fields->arena, size_t, nodes->count + 1);
    for (size_t i = 0; i < nodes->count; i++) {
        fields->first[i] = total;
        if (!czm_node_output_count(nodes->items[i], &count)) count = 1;
        if (count <= most - total) total += count;
    }
    fields->first[nodes->count] = total;
    fields->seen = CZM_NEW_ARRAY(fields->arena, const czm_footprint *, total);
}

static const czm_footprint *give_up(const czm_fields *fields, czm_field_kind kind,
                                    const czm_node *node) {
    czm_footprint *f = CZM_NEW(fields->arena, czm_footprint);
    f->kind = kind;
    f->node = node;
    return f;
}

// ---- one node

// The footprint of a node that needs no rule: none, if no input depends on pixels, or that of an input that is not
// bounded. NULL: a rule is needed.
static const czm_footprint *see_trivial(const czm_fields *fields, const czm_node *node,
                                        const czm_footprint *const *inputs) {
    const czm_footprint *unknown = NULL;
    bool sees = false;
    for (size_t i = 0; i < node->inputs.count; i++) {
        if (inputs[i]->kind == CZM_FIELD_UNBOUNDED) return inputs[i];
        if (inputs[i]->kind == CZM_FIELD_UNKNOWN && !unknown) unknown = inputs[i];
        sees |= inputs[i]->kind != CZM_FIELD_NONE;
    }
    for (size_t i = 0; i < node->controls.count && !unknown; i++) { // which branch may depend on it
        const czm_footprint *control = find(fields, czm_output(node->controls.items[i]));
        if (!control || control->kind != CZM_FIELD_NONE)
            unknown = give_up(fields, CZM_FIELD_UNKNOWN, node);
    }
    if (unknown) return unknown;
    return sees ? NULL : &nothing;
}

static const czm_footprint *const *inputs_of(const czm_fields *fields, const czm_node *node) {
    const czm_footprint **inputs =
        CZM_NEW_ARRAY(fields->arena, const czm_footprint *, node->inputs.count);
    for (size_t i = 0; i < node->inputs.count; i++) {
        inputs[i] = find(fields, node->inputs.items[i]);
        if (!inputs[i]) inputs[i] = give_up(fields, CZM_FIELD_UNKNOWN, node); // of a loop
    }
    return inputs;
}

// Empty tensors have no pixels. Larger sizes are treated as damage, so that products of sizes stay small.
static bool has_pixels(czm_shape shape) {
    const int64_t most = (int64_t)1 << 40;
    int64_t count = 1;
    if (!czm_shape_is_complete(shape)) return false;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dims[i] < 1 || shape.dims[i] > most / count) return false;
        count *= shape.dims[i];
    }
    return true;
}

// Whether the rule may run: only inputs that it allows depend on pixels, and all shapes are known.
static bool is_ready(const czm_field_op *rule, const czm_field_step *step) {
    if (!rule->see || !has_pixels(step->out)) return false;
    for (size_t i = 0; i < step->node->inputs.count; i++) {
        if (step->inputs[i]->kind == CZM_FIELD_NONE) continue;
        if (rule->image != CZM_EVERY_INPUT && (size_t)rule->image != i) return false;
        if (!has_pixels(czm_see_shape(step, i))) return false;
    }
    return true;
}

static const czm_footprint *keep(const czm_fields *fields, const czm_field_step *step) {
    const czm_footprint *seen = &step->seen, *image = step->inputs[step->image];
    if (seen->kind == CZM_FIELD_BOUNDED && !czm_footprint_has_shape(seen, step->out))
        return give_up(fields, CZM_FIELD_UNKNOWN, step->node);
    if (seen->kind != CZM_FIELD_BOUNDED)
        return give_up(fields, seen->kind, seen->node ? seen->node : step->node);
    // One is a copy of the other, including padding bytes; a wrong result would only waste memory.
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
    if (memcmp(seen, image, sizeof *seen) == 0) return image;
    czm_footprint *kept = CZM_NEW(fields->arena, czm_footprint);
    *kept = *seen;
    return kept;
}

static const czm_footprint *see_output(const czm_fields *fields, const czm_field_op *rule,
                                       czm_field_step *step) {
    step->out = czm_shape_of(fields->shapes, (czm_tensor){(czm_node *)step->node, step->output});
    if (!is_ready(rule, step)) return give_up(fields, CZM_FIELD_UNKNOWN, step->node);
    step->seen = *step->inputs[step->image];
    rule->see(step);
    return keep(fields, step);
}

static void see_node(czm_fields *fields, size_t position) {
    const czm_node *node = fields->model->main.nodes.items[position];
    const czm_field_op *rule = &czm_field_ops[czm_node_kind(node)];
    const czm_footprint **outputs = &fields->seen[fields->first[position]];
    size_t count = fields->first[position + 1] - fields->first[position];
    if (count && outputs[0]) return; // the image
    czm_field_step step = {.node = node, .shapes = fields->shapes};
    step.inputs = inputs_of(fields, node);
    const czm_footprint *trivial =
        rule->see == czm_see_nothing ? &nothing : see_trivial(fields, node, step.inputs);
    while (!trivial && step.inputs[step.image]->kind == CZM_FIELD_NONE) step.image++;
    if (!trivial) step.in = czm_see_shape(&step, step.image);
    step.detail = rule->detail;
    for (size_t i = 0; i < count; i++) {
        step.output = (uint32_t)i;
        outputs[i] = trivial ? trivial : see_output(fields, rule, &step);
    }
}

// ---- the whole model

// All sizes; open ones are those of an image whose size is a multiple of every stride.
static const czm_shapes *complete_shapes(czm_arena *arena, const czm_model *model,
                                         const czm_shapes *shapes) {
    if (!model->main.inputs.count) return shapes;
    czm_dims dims = czm_dims_of(czm_shape_of(shapes, model->main.inputs.items[0].tensor));
    if ((dims.rank != 4 && dims.rank != 5) || czm_shape_is_complete(czm_dims_shape(&dims)))
        return shapes;
    if (dims.at[0] == CZM_UNKNOWN) dims.at[0] = 1;
    for (int i = 1; i + 1 < dims.rank; i++)
        if (dims.at[i] == CZM_UNKNOWN) dims.at[i] = ASSUMED_SIZE;
    czm_shape image = czm_dims_shape(&dims);
    return czm_shapes_infer(arena, model, &image);
}

static const czm_footprint *see_image(const czm_fields *fields, czm_tensor image) {
    czm_shape shape = czm_shape_of(fields->shapes, image);
    if ((shape.rank != 4 && shape.rank != 5) || !has_pixels(shape))
        return give_up(fields, CZM_FIELD_UNKNOWN, image.node);
    czm_footprint *pixels = CZM_NEW(fields->arena, czm_footprint);
    *pixels = czm_footprint_of_image(fields->arena, shape);
    return pixels;
}

static void see_inputs(czm_fields *fields) {
    const czm_port_list *inputs = &fields->model->main.inputs;
    for (size_t i = 0; i < inputs->count; i++) {
        const czm_footprint **slot = slot_of(fields, inputs->items[i].tensor);
        if (slot) *slot = see_image(fields, inputs->items[i].tensor);
    }
}

czm_fields *czm_fields_infer(czm_arena *arena, const czm_model *model, const czm_shapes *shapes) {
    czm_fields *fields = CZM_NEW(arena, czm_fields);
    *fields = (czm_fields){.arena = arena, .model = model};
    fields->shapes = complete_shapes(arena, model, shapes);
    make_room(fields);
    see_inputs(fields);
    for (size_t i = 0; i < model->main.nodes.count; i++) see_node(fields, i);
    return fields;
}

// ---- results

// The largest distance, in both directions, from the pixel of an index to a pixel that it depends on.
static bool measure(const czm_axis *a, int64_t *before, int64_t *after) {
    bool sees = false;
    for (int64_t i = 0; i < a->phases * a->period; i++) {
        int64_t pixel = i % a->period * a->jump / a->period;
        czm_span s = a->spans[i];
        if (s.low > s.high) continue;
        if (!sees || pixel - s.low > *before) *before = pixel - s.low;
        if (!sees || s.high - pixel > *after) *after = s.high - pixel;
        sees = true;
    }
    return sees;
}

czm_receptive_field czm_field_of(const czm_fields *fields, czm_tensor tensor) {
    const czm_footprint *seen = find(fields, tensor);
    if (!seen) return (czm_receptive_field){.kind = CZM_FIELD_UNKNOWN, .node = tensor.node};
    czm_receptive_field field = {.kind = seen->kind, .node = seen->node};
    for (int axis = 0; axis < CZM_FIELD_AXES && seen->kind == CZM_FIELD_BOUNDED; axis++)
        if (!measure(&seen->axes[axis], &field.before[axis], &field.after[axis]))
            return (czm_receptive_field){.kind = CZM_FIELD_NONE};
    return field;
}

static int64_t most_along(const czm_receptive_field *field, int axis) {
    return field->before[axis] > field->after[axis] ? field->before[axis] : field->after[axis];
}

int64_t czm_field_border(const czm_receptive_field *field) {
    int64_t height = most_along(field, 0), width = most_along(field, 1);
    return height > width ? height : width;
}

int64_t czm_field_slices(const czm_receptive_field *field) { return most_along(field, 2); }
