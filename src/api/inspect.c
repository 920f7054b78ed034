// SPDX-License-Identifier: Apache-2.0
//
// czm_inspect(): all facts about a network, in one struct.
#include <stdlib.h>

#include "analysis/layers.h"
#include "api/call.h"
#include "api/target.h"
#include "api/tile_size.h"
#include "draw/svg.h"
#include "read/savedmodel/census.h"

typedef struct inspecting {
    const czm_options *options;
    czm_inspection *out;
} inspecting;

// ---- the file

static czm_port_info port_of(const char *name, czm_dtype dtype, czm_shape shape) {
    return (czm_port_info){name, czm_dtype_name(dtype), shape.rank, shape.dims};
}

static const char *keep(czm_arena *arena, const char *text) {
    return czm_arena_string(arena, czm_bytes_text(text));
}

static const czm_port_info *ports_of(czm_arena *arena, const czm_signature_tensors *tensors) {
    czm_port_info *ports = CZM_NEW_ARRAY(arena, czm_port_info, tensors->count);
    for (size_t i = 0; i < tensors->count; i++) {
        const czm_signature_tensor *t = &tensors->items[i];
        ports[i] = port_of(keep(arena, t->key), t->dtype, czm_shape_read(arena, t->shape));
    }
    return ports;
}

static void tell_census(czm_arena *arena, const czm_census *census, czm_inspection *out) {
    const char **newer = CZM_NEW_ARRAY(arena, const char *, census->newer.count);
    for (size_t i = 0; i < census->newer.count; i++) newer[i] = keep(arena, census->newer.items[i]);
    out->exporter = keep(arena, census->meta.exporter);
    out->newer = newer;
    out->newer_count = census->newer.count;
    out->needs = census->newer.count ? "newer" : "2.0.0";
    out->signature_count = census->meta.signatures.count;
    czm_signature_info *signatures = CZM_NEW_ARRAY(arena, czm_signature_info, out->signature_count);
    for (size_t i = 0; i < out->signature_count; i++) {
        const czm_signature *s = &census->meta.signatures.items[i];
        signatures[i] = (czm_signature_info){keep(arena, s->key), ports_of(arena, &s->inputs),
                                             ports_of(arena, &s->outputs), s->inputs.count,
                                             s->outputs.count};
    }
    out->signatures = signatures;
}

// The records of the whole file are freed again, since the network does not need them.
static czm_status tell_file(czm_context *context, const czm_source *source, czm_inspection *out) {
    czm_arena *arena = czm_arena_child(context->arena);
    czm_census census;
    czm_status status = czm_census_read(&(czm_context){arena, context->report}, source, &census);
    if (!status) tell_census(context->arena, &census, out);
    czm_arena_free(arena);
    return status;
}

static void tell_metadata(const czm_target *target, czm_inspection *out) {
    const czm_spec *spec = &target->spec;
    out->has_metadata = true;
    out->metadata = (czm_metadata){
        .struct_size = sizeof(czm_metadata),
        .model_path = spec->model_path,
        .model_name = spec->model_name,
        .color_handling = spec->color_handling,
        .pixel_type = spec->pixel_type,
        .classes = spec->classes,
        .class_count = spec->class_count,
        .border_size = spec->border_size,
        .test_image_path = spec->test_image_path,
        .license_path = spec->license_path,
        .postprocessing = spec->postprocessing,
        .model_type = spec->model_type,
        .scaling = spec->scaling,
        .scaling_count = spec->scaling_count,
        .input_shape = spec->input_shape,
        .input_rank = spec->input_rank,
        .output_shape = spec->output_shape,
        .output_rank = spec->output_rank,
        .has_unit_range = spec->has_unit_range,
        .min_overlap = spec->min_overlap,
        .min_overlap_count = spec->min_overlap_count,
        .description = spec->description,
        .pixel_types = spec->pixel_types,
        .pixel_type_count = spec->pixel_type_count,
    };
}

// ---- the network

static void tell_constants(const czm_model *model, const czm_shapes *shapes, czm_inspection *out) {
    for (size_t i = 0; i < model->main.nodes.count; i++) {
        czm_node *node = model->main.nodes.items[i];
        uint64_t elements = czm_constant_weights(shapes, node);
        out->parameters += elements;
        out->weight_bytes += elements * czm_dtype_size(czm_attr_type(node, "dtype"));
    }
}

static void tell_weights(const czm_model *model, czm_inspection *out) {
    for (size_t i = 0; i < model->variables.count; i++) {
        const czm_variable *v = &model->variables.items[i];
        uint64_t elements = 1;
        for (size_t d = 0; d < v->rank; d++) elements *= (uint64_t)v->dims[d];
        out->parameters += elements;
        out->weight_bytes += v->source->size;
    }
}

// Scalars and sizes of shapes are no weights.
static bool is_weight(const czm_onnx_initializer *t) {
    return t->shape.rank > 0 && t->dtype != CZM_DTYPE_INT64 && t->dtype != CZM_DTYPE_BOOL;
}

static void tell_onnx_weights(const czm_onnx_file *file, czm_inspection *out) {
    for (size_t i = 0; i < file->initializers.count; i++) {
        const czm_onnx_initializer *t = &file->initializers.items[i];
        uint64_t elements = 1;
        if (!is_weight(t)) continue;
        for (int d = 0; d < t->shape.rank; d++) elements *= (uint64_t)t->shape.dims[d];
        out->parameters += elements;
        out->weight_bytes += t->data.size;
    }
}

static int compare_counts(const void *a, const void *b) {
    const czm_op_count *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return strcmp(x->op, y->op);
}

typedef struct op_counts {
    czm_name_table by_op;
    CZM_LIST(czm_op_count *) list;
} op_counts;

static void count_op(czm_arena *arena, const char *op, op_counts *counts) {
    czm_name_slot *slot = czm_name_slot_for(arena, &counts->by_op, czm_bytes_text(op));
    if (!slot->value) {
        czm_op_count *fresh = CZM_NEW(arena, czm_op_count);
        slot->value = fresh;
        fresh->op = op;
        *CZM_APPEND(arena, &counts->list) = fresh;
    }
    ((czm_op_count *)slot->value)->count++;
}

static void count_graph(czm_arena *arena, const czm_graph *graph, op_counts *counts) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        count_op(arena, graph->nodes.items[i]->op, counts);
}

static void put_counts(czm_arena *arena, const op_counts *counts, czm_inspection *out) {
    czm_op_count *ops = CZM_NEW_ARRAY(arena, czm_op_count, counts->list.count);
    for (size_t i = 0; i < counts->list.count; i++) ops[i] = *counts->list.items[i];
    qsort(ops, counts->list.count, sizeof *ops, compare_counts);
    out->ops = ops;
    out->op_count = counts->list.count;
}

static void tell_ops(czm_arena *arena, const czm_model *model, czm_inspection *out) {
    op_counts counts = {0};
    count_graph(arena, &model->main, &counts);
    for (size_t i = 0; i < model->functions.count; i++)
        count_graph(arena, model->functions.items[i], &counts);
    put_counts(arena, &counts, out);
}

static void tell_onnx_ops(czm_arena *arena, const czm_onnx_file *file, czm_inspection *out) {
    op_counts counts = {0};
    for (size_t i = 0; i < file->operations.count; i++)
        count_op(arena, file->operations.items[i].op, &counts);
    put_counts(arena, &counts, out);
}

static void tell_memory(czm_arena *arena, const czm_target *target,
                        const czm_check_subject *subject, czm_inspection *out) {
    const czm_tile_memory *m = &subject->memory;
    czm_memory_info *info = &out->memory;
    info->limit = CZM_TILE_MEMORY_LIMIT;
    info->is_known = m->is_known;
    if (m->is_known) {
        info->weights = m->weights;
        info->activations = m->activations;
        info->workspace = m->workspace;
        info->peak = m->peak;
        if (m->peak_at) info->peak_at = czm_check_layer(subject, m->peak_at);
    } else if (m->unknown_at) {
        info->unknown_at = czm_check_layer(subject, m->unknown_at);
    }
    czm_tile_size size = czm_tile_size_find(arena, target, subject);
    info->largest_tile = size.largest;
    info->tile_multiple = size.multiple;
}

static void tell_border(const czm_check_subject *subject, czm_inspection *out) {
    czm_receptive_field field = czm_check_output_field(subject);
    out->border.is_known = field.kind == CZM_FIELD_BOUNDED || field.kind == CZM_FIELD_NONE;
    out->border.is_unbounded = field.kind == CZM_FIELD_UNBOUNDED;
    if (field.kind == CZM_FIELD_BOUNDED) out->border.border = czm_field_border(&field);
    if (!out->border.is_known && field.node)
        out->border.reason = czm_check_layer(subject, field.node);
}

static void tell_layers(const czm_check_subject *subject, czm_inspection *out) {
    czm_layer_list layers = czm_layers_of(subject->arena, subject->model, subject->tile_shapes);
    czm_layer_info *infos = CZM_NEW_ARRAY(subject->arena, czm_layer_info, layers.count);
    for (size_t i = 0; i < layers.count; i++) {
        infos[i] = layers.items[i].info;
        czm_receptive_field field = czm_field_of(subject->fields, layers.items[i].output);
        for (int axis = 0; axis < 2; axis++)
            infos[i].receptive_field[axis] = field.kind == CZM_FIELD_BOUNDED
                                                 ? field.before[axis] + 1 + field.after[axis]
                                             : field.kind == CZM_FIELD_UNBOUNDED ? -1
                                                                                 : 0;
    }
    out->layers = infos;
    out->layer_count = layers.count;
}

static const czm_check_subject *tell_ends(czm_context *context, const czm_target *target,
                                          czm_inspection *out) {
    const czm_model *model = &target->model;
    const czm_check_subject *subject = czm_check_subject_of(context->arena, model, NULL, NULL);
    const czm_port *input = &model->main.inputs.items[0], *output = &model->main.outputs.items[0];
    out->has_network = true;
    out->signature = model->signature;
    out->input = port_of(input->name, input->dtype, subject->input);
    out->output = port_of(output->name, output->dtype, subject->output);
    return subject;
}

static void tell_graph(czm_arena *arena, const czm_target *target, const czm_check_subject *subject,
                       czm_inspection *out) {
    tell_memory(arena, target, subject, out);
    tell_border(subject, out);
    tell_layers(subject, out);
}

static czm_status tell_source(czm_context *context, czm_target *target, czm_inspection *out) {
    bool is_saved_model = target->source.kind == CZM_SOURCE_SAVED_MODEL;
    if (is_saved_model) CZM_TRY(tell_file(context, &target->source, out));
    CZM_TRY(czm_target_read_model(context, target));
    const czm_check_subject *subject = tell_ends(context, target, out);
    if (!is_saved_model) out->exporter = target->model.exporter;
    tell_weights(&target->model, out);
    tell_constants(&target->model, subject->shapes, out);
    tell_ops(context->arena, &target->model, out);
    tell_graph(context->arena, target, subject, out);
    return CZM_OK;
}

static czm_status tell_onnx(czm_context *context, czm_target *target, czm_inspection *out) {
    CZM_TRY(czm_target_read_model(context, target));
    const czm_check_subject *subject = tell_ends(context, target, out);
    out->opset = target->onnx.opset;
    out->exporter = *target->onnx.exporter ? target->onnx.exporter : target->onnx.producer;
    tell_onnx_weights(&target->onnx, out);
    tell_onnx_ops(context->arena, &target->onnx, out);
    if (!target->model.has_only_ends) tell_graph(context->arena, target, subject, out);
    return CZM_OK;
}

static czm_status inspect(czm_context *context, void *data) {
    inspecting *i = data;
    czm_target *target = CZM_NEW(context->arena, czm_target);
    CZM_TRY(czm_options_take(context, &i->options));
    czm_status status = czm_target_open(context, i->options, target);
    i->out->kind = target->kind;
    if (target->has_spec) tell_metadata(target, i->out);
    if (target->kind == CZM_KIND_CZMODEL) {
        const czm_format *format = czm_format_of(target->container.kind, target->container.version);
        i->out->model_version = format ? format->name : target->container.version;
        i->out->model_id = target->container.id;
    }
    if (target->has_onnx) return tell_onnx(context, target, i->out);
    return target->has_source ? tell_source(context, target, i->out) : status;
}

// The nested metadata may also have the size of an earlier release; then the members after them have other offsets.
static void give(czm_inspection *given, czm_inspection *own) {
    size_t before = offsetof(czm_inspection, metadata), size = given->metadata.struct_size;
    if (given->struct_size == sizeof *given) size = sizeof(czm_metadata);
    if (size < CZM_FIRST_METADATA) size = CZM_FIRST_METADATA;
    own->metadata.struct_size = size;
    memcpy((size_t *)given + 1, (size_t *)own + 1, before - sizeof(size_t));
    memcpy(&given->metadata, &own->metadata, size);
    memcpy((char *)given + before + size, (char *)own + before + sizeof(czm_metadata),
           given->struct_size - before - size);
}

czm_status czm_inspect(const czm_options *options, czm_inspection *inspection, czm_report *report) {
    CZM_TRY(
        czm_check_size(report, "inspection", inspection, CZM_FIRST_INSPECTION, sizeof *inspection));
    czm_inspection found = CZM_INSPECTION_INIT;
    inspecting i = {options, &found};
    CZM_TRY(czm_call_and_keep(report, inspect, &i));
    give(inspection, &found);
    return CZM_OK;
}

// ---- the picture

typedef struct drawing {
    const czm_inspection *inspection;
    const char *text;
} drawing;

static czm_status draw(czm_context *context, void *data) {
    drawing *d = data;
    czm_bytes svg = czm_svg_draw(context->arena, d->inspection->layers, d->inspection->layer_count);
    d->text = czm_arena_string(context->arena, svg);
    return CZM_OK;
}

const char *czm_inspection_svg(const czm_inspection *inspection, czm_report *report) {
    drawing d = {inspection, NULL};
    return czm_call_and_keep(report, draw, &d) == CZM_OK ? d.text : NULL;
}
