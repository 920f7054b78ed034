// SPDX-License-Identifier: Apache-2.0
//
// Results as JSON for programs. docs/json.md lists the keys. They are stable: new keys may be added, none is changed
// or removed.
#include "codec/json.h"
#include "api/call.h"

// Texts of the report are UTF-8; names in a network may be anything.
static json_t *text(czm_report *report, const char *value) {
    json_t *plain = json_string(value ? value : "");
    return plain ? plain : json_string(czm_report_keep(report, value));
}

static json_t *number(uint64_t value) { return json_integer((json_int_t)value); }

// Without memory, jansson omits values. This is noted, and finish() then returns nothing.
static void set(czm_report *report, json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value) != 0) czm_report_out_of_memory(report);
}

static void append(czm_report *report, json_t *array, json_t *value) {
    if (json_array_append_new(array, value) != 0) czm_report_out_of_memory(report);
}

static json_t *texts(czm_report *report, const char *const *items, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) append(report, array, text(report, items[i]));
    return array;
}

// Unknown dimensions are null.
static json_t *shape(czm_report *report, int rank, const int64_t *dims) {
    if (rank < 0) return json_null();
    json_t *array = json_array();
    for (int i = 0; i < rank; i++)
        append(report, array, dims[i] < 0 ? json_null() : json_integer(dims[i]));
    return array;
}

static bool is_whole(const czm_report *report) {
    return czm_report_status(report, czm_report_moment(report)) != CZM_ERROR_MEMORY;
}

// The text of a document, which belongs to the report; NULL without memory for a part of it. JSON escapes what is not
// ASCII, so that no name in it can disturb a terminal.
static const char *finish(json_t *document, czm_report *report) {
    czm_arena *arena = is_whole(report) ? czm_arena_new(NULL) : NULL;
    czm_bytes dump = {0};
    if (arena) dump = czm_json_write(arena, document, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    json_decref(document);
    if (dump.size == 0) czm_arena_free(arena);
    if (dump.size && czm_report_adopt(report, arena)) return (const char *)dump.data;
    czm_report_out_of_memory(report);
    return NULL;
}

static const char *const kinds[] = {
    [CZM_KIND_SPECIFICATION] = "specification",
    [CZM_KIND_SAVED_MODEL] = "SavedModel",
    [CZM_KIND_CZMODEL] = "CZModel",
    [CZM_KIND_ONNX] = "ONNX",
    [CZM_KIND_KERAS] = "Keras",
};

static const char *const severities[] = {
    [CZM_NOTE] = "note", [CZM_WARNING] = "warning", [CZM_ERROR] = "error"};

static const char *const outcomes[] = {
    [CZM_NOT_CHECKED] = "not checked", [CZM_PASSED] = "passed", [CZM_FOUND] = "found"};

// ---- check

static json_t *findings(czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < czm_report_count(report); i++) {
        const czm_finding *f = czm_report_at(report, i);
        json_t *object = json_object();
        set(report, object, "rule", text(report, f->rule));
        set(report, object, "severity", text(report, severities[f->severity]));
        set(report, object, "where", text(report, f->where));
        set(report, object, "finding", text(report, f->finding));
        set(report, object, "why", text(report, f->why));
        set(report, object, "hint", text(report, f->hint));
        append(report, array, object);
    }
    return array;
}

static json_t *rules(czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < czm_rule_count(); i++) {
        const czm_rule_info *rule = czm_rule_at(i);
        json_t *object = json_object();
        set(report, object, "rule", text(report, rule->id));
        set(report, object, "subject", text(report, rule->subject));
        set(report, object, "outcome", text(report, outcomes[czm_report_outcome(report, i)]));
        set(report, object, "statement", text(report, rule->statement));
        append(report, array, object);
    }
    return array;
}

static json_t *compatible(const czm_verdict *verdict, czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < verdict->zen_count && verdict->status == CZM_OK; i++) {
        json_t *object = json_object();
        set(report, object, "product", text(report, verdict->zen[i].product));
        set(report, object, "since", text(report, verdict->zen[i].since));
        append(report, array, object);
    }
    return array;
}

const char *czm_check_json(const czm_verdict *verdict, czm_report *report) {
    json_t *root = json_object();
    set(report, root, "czmodel", text(report, czm_version()));
    set(report, root, "kind", text(report, kinds[verdict->kind]));
    set(report, root, "model_version", text(report, verdict->model_version));
    set(report, root, "ok", json_boolean(verdict->status == CZM_OK));
    set(report, root, "status", json_integer(verdict->status));
    set(report, root, "zen", compatible(verdict, report));
    set(report, root, "findings", findings(report));
    set(report, root, "rules", rules(report));
    return finish(root, report);
}

// ---- inspect

static json_t *port(const czm_port_info *info, czm_report *report) {
    json_t *object = json_object();
    set(report, object, "name", text(report, info->name));
    set(report, object, "dtype", text(report, info->dtype));
    set(report, object, "shape", shape(report, info->rank, info->dims));
    return object;
}

static json_t *ports(const czm_port_info *items, size_t count, czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) append(report, array, port(&items[i], report));
    return array;
}

static json_t *signatures(const czm_inspection *in, czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < in->signature_count; i++) {
        const czm_signature_info *s = &in->signatures[i];
        json_t *object = json_object();
        set(report, object, "name", text(report, s->name));
        set(report, object, "inputs", ports(s->inputs, s->input_count, report));
        set(report, object, "outputs", ports(s->outputs, s->output_count, report));
        append(report, array, object);
    }
    return array;
}

static json_t *classes(const czm_metadata *m, czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < m->class_count; i++) {
        const czm_class *c = &m->classes[i];
        json_t *object = json_object();
        set(report, object, "name", text(report, c->name));
        set(report, object, "label", number(i + 1));
        set(report, object, "colour", json_pack("[iii]", c->red, c->green, c->blue));
        append(report, array, object);
    }
    return array;
}

// null: not stated.
static json_t *scaling(const czm_metadata *m, czm_report *report) {
    json_t *array = m->scaling_count ? json_array() : json_null();
    for (size_t i = 0; i < m->scaling_count; i++) append(report, array, json_real(m->scaling[i]));
    return array;
}

static json_t *metadata(const czm_metadata *m, czm_report *report) {
    json_t *object = json_object();
    set(report, object, "model_name", text(report, m->model_name));
    set(report, object, "color_handling", text(report, m->color_handling));
    set(report, object, "pixel_type", text(report, m->pixel_type));
    set(report, object, "border_size", json_integer(m->border_size));
    set(report, object, "postprocessing", text(report, m->postprocessing));
    set(report, object, "type", text(report, m->model_type));
    set(report, object, "unit_range", json_boolean(m->has_unit_range));
    set(report, object, "scaling", scaling(m, report));
    set(report, object, "classes", classes(m, report));
    return object;
}

static json_t *memory(const czm_memory_info *m, czm_report *report) {
    json_t *object = json_object();
    set(report, object, "known", json_boolean(m->is_known));
    set(report, object, "unknown_at", text(report, m->unknown_at));
    set(report, object, "weights", number(m->weights));
    set(report, object, "activations", number(m->activations));
    set(report, object, "workspace", number(m->workspace));
    set(report, object, "peak", number(m->peak));
    set(report, object, "peak_at", text(report, m->peak_at));
    set(report, object, "limit", number(m->limit));
    set(report, object, "largest_tile",
        m->largest_tile ? json_integer(m->largest_tile) : json_null());
    set(report, object, "tile_multiple",
        m->tile_multiple ? json_integer(m->tile_multiple) : json_null());
    return object;
}

static json_t *border(const czm_border_info *b, czm_report *report) {
    json_t *object = json_object();
    const char *kind = b->is_known ? "bounded" : b->is_unbounded ? "unbounded" : "unknown";
    set(report, object, "receptive_field", text(report, kind));
    set(report, object, "border", b->is_known ? json_integer(b->border) : json_null());
    set(report, object, "reason", text(report, b->reason));
    return object;
}

static json_t *operations(const czm_inspection *in, czm_report *report) {
    json_t *object = json_object();
    for (size_t i = 0; i < in->op_count; i++)
        set(report, object, czm_report_keep(report, in->ops[i].op), number(in->ops[i].count));
    return object;
}

// [height, width]; null: not known; "unbounded".
static json_t *receptive_field(const int64_t field[2]) {
    if (field[0] < 0 || field[1] < 0) return json_string("unbounded");
    return field[0] == 0 ? json_null()
                         : json_pack("[II]", (json_int_t)field[0], (json_int_t)field[1]);
}

static json_t *layer(const czm_layer_info *info, czm_report *report) {
    json_t *object = json_object(), *inputs = json_array();
    for (size_t i = 0; i < info->input_count; i++) append(report, inputs, number(info->inputs[i]));
    set(report, object, "name", text(report, info->name));
    set(report, object, "op", text(report, info->op));
    set(report, object, "shape", shape(report, info->rank, info->dims));
    set(report, object, "parameters", number(info->parameters));
    set(report, object, "receptive_field", receptive_field(info->receptive_field));
    set(report, object, "inputs", inputs);
    return object;
}

static json_t *network(const czm_inspection *in, czm_report *report) {
    json_t *object = json_object(), *layers = json_array();
    for (size_t i = 0; i < in->layer_count; i++)
        append(report, layers, layer(&in->layers[i], report));
    set(report, object, "opset", in->opset ? json_integer(in->opset) : json_null());
    set(report, object, "exporter", text(report, in->exporter));
    set(report, object, "needs", text(report, in->needs));
    set(report, object, "newer", texts(report, in->newer, in->newer_count));
    set(report, object, "signatures", signatures(in, report));
    set(report, object, "signature", text(report, in->signature));
    set(report, object, "input", port(&in->input, report));
    set(report, object, "output", port(&in->output, report));
    set(report, object, "parameters", number(in->parameters));
    set(report, object, "weight_bytes", number(in->weight_bytes));
    set(report, object, "ops", operations(in, report));
    set(report, object, "tile_memory", memory(&in->memory, report));
    set(report, object, "border", border(&in->border, report));
    set(report, object, "layers", layers);
    return object;
}

const char *czm_inspection_json(const czm_inspection *inspection, czm_report *report) {
    json_t *root = json_object();
    set(report, root, "czmodel", text(report, czm_version()));
    set(report, root, "kind", text(report, kinds[inspection->kind]));
    set(report, root, "model_version", text(report, inspection->model_version));
    set(report, root, "model_id", text(report, inspection->model_id));
    set(report, root, "metadata",
        inspection->has_metadata ? metadata(&inspection->metadata, report) : json_null());
    set(report, root, "network",
        inspection->has_network ? network(inspection, report) : json_null());
    return finish(root, report);
}

// ---- diff

const char *czm_differences_json(const czm_differences *differences, czm_report *report) {
    json_t *root = json_object(), *array = json_array();
    for (size_t i = 0; i < differences->count; i++) {
        const czm_difference *d = &differences->items[i];
        json_t *object = json_object();
        set(report, object, "section", text(report, d->section));
        set(report, object, "where", text(report, d->where));
        set(report, object, "a", text(report, d->a));
        set(report, object, "b", text(report, d->b));
        append(report, array, object);
    }
    set(report, root, "czmodel", text(report, czm_version()));
    set(report, root, "same", json_boolean(differences->count == 0));
    set(report, root, "differences", array);
    return finish(root, report);
}
