// SPDX-License-Identifier: Apache-2.0
//
// Results as JSON for programs. The keys are documented in docs/json.md and are stable: new ones
// may come, none changes or goes.
#include <jansson.h>
#include <stdlib.h>

#include "api/call.h"

// Texts of the report are UTF-8; names in a network may be anything.
static json_t *text(czm_report *report, const char *value) {
    json_t *plain = json_string(value ? value : "");
    return plain ? plain : json_string(czm_report_keep(report, value));
}

static json_t *number(uint64_t value) { return json_integer((json_int_t)value); }

static json_t *texts(czm_report *report, const char *const *items, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(array, text(report, items[i]));
    return array;
}

// Unknown dimensions are null.
static json_t *shape(int rank, const int64_t *dims) {
    if (rank < 0) return json_null();
    json_t *array = json_array();
    for (int i = 0; i < rank; i++)
        json_array_append_new(array, dims[i] < 0 ? json_null() : json_integer(dims[i]));
    return array;
}

static void set(json_t *object, const char *key, json_t *value) {
    json_object_set_new(object, key, value);
}

// JSON escapes what is not ASCII, so that no name in it can disturb a terminal. The text of a document, in the report's keeping; NULL if anything of it found no memory.
static const char *finish(json_t *document, czm_report *report) {
    char *dump = document ? json_dumps(document, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
    const char *kept = dump ? czm_report_keep_text(report, dump) : NULL;
    free(dump);
    json_decref(document);
    if (!kept) czm_report_out_of_memory(report);
    return kept;
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
        set(object, "rule", text(report, f->rule));
        set(object, "severity", text(report, severities[f->severity]));
        set(object, "where", text(report, f->where));
        set(object, "finding", text(report, f->finding));
        set(object, "why", text(report, f->why));
        set(object, "hint", text(report, f->hint));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *rules(czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < czm_rule_count(); i++) {
        const czm_rule_info *rule = czm_rule_at(i);
        json_t *object = json_object();
        set(object, "rule", text(report, rule->id));
        set(object, "subject", text(report, rule->subject));
        set(object, "outcome", text(report, outcomes[czm_report_outcome(report, i)]));
        set(object, "statement", text(report, rule->statement));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *compatible(const czm_verdict *verdict, czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < verdict->zen_count && verdict->status == CZM_OK; i++) {
        json_t *object = json_object();
        set(object, "product", text(report, verdict->zen[i].product));
        set(object, "since", text(report, verdict->zen[i].since));
        json_array_append_new(array, object);
    }
    return array;
}

const char *czm_check_json(const czm_verdict *verdict, czm_report *report) {
    json_t *root = json_object();
    set(root, "czmodel", text(report, czm_version()));
    set(root, "kind", text(report, kinds[verdict->kind]));
    set(root, "model_version", text(report, verdict->model_version));
    set(root, "ok", json_boolean(verdict->status == CZM_OK));
    set(root, "status", json_integer(verdict->status));
    set(root, "zen", compatible(verdict, report));
    set(root, "findings", findings(report));
    set(root, "rules", rules(report));
    return finish(root, report);
}

// ---- inspect

static json_t *port(const czm_port_info *info, czm_report *report) {
    json_t *object = json_object();
    set(object, "name", text(report, info->name));
    set(object, "dtype", text(report, info->dtype));
    set(object, "shape", shape(info->rank, info->dims));
    return object;
}

static json_t *ports(const czm_port_info *items, size_t count, czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(array, port(&items[i], report));
    return array;
}

static json_t *signatures(const czm_inspection *in, czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < in->signature_count; i++) {
        const czm_signature_info *s = &in->signatures[i];
        json_t *object = json_object();
        set(object, "name", text(report, s->name));
        set(object, "inputs", ports(s->inputs, s->input_count, report));
        set(object, "outputs", ports(s->outputs, s->output_count, report));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *classes(const czm_metadata *m, czm_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < m->class_count; i++) {
        const czm_class *c = &m->classes[i];
        json_t *object = json_object();
        set(object, "name", text(report, c->name));
        set(object, "label", number(i + 1));
        set(object, "colour", json_pack("[iii]", c->red, c->green, c->blue));
        json_array_append_new(array, object);
    }
    return array;
}

// null: not told.
static json_t *scaling(const czm_metadata *m) {
    json_t *array = m->scaling_count ? json_array() : json_null();
    for (size_t i = 0; i < m->scaling_count; i++)
        json_array_append_new(array, json_real(m->scaling[i]));
    return array;
}

static json_t *metadata(const czm_metadata *m, czm_report *report) {
    json_t *object = json_object();
    set(object, "model_name", text(report, m->model_name));
    set(object, "color_handling", text(report, m->color_handling));
    set(object, "pixel_type", text(report, m->pixel_type));
    set(object, "border_size", json_integer(m->border_size));
    set(object, "postprocessing", text(report, m->postprocessing));
    set(object, "type", text(report, m->model_type));
    set(object, "unit_range", json_boolean(m->has_unit_range));
    set(object, "scaling", scaling(m));
    set(object, "classes", classes(m, report));
    return object;
}

static json_t *memory(const czm_memory_info *m, czm_report *report) {
    json_t *object = json_object();
    set(object, "known", json_boolean(m->is_known));
    set(object, "unknown_at", text(report, m->unknown_at));
    set(object, "weights", number(m->weights));
    set(object, "activations", number(m->activations));
    set(object, "workspace", number(m->workspace));
    set(object, "peak", number(m->peak));
    set(object, "peak_at", text(report, m->peak_at));
    set(object, "limit", number(m->limit));
    set(object, "largest_tile", m->largest_tile ? json_integer(m->largest_tile) : json_null());
    set(object, "tile_multiple", m->tile_multiple ? json_integer(m->tile_multiple) : json_null());
    return object;
}

static json_t *border(const czm_border_info *b, czm_report *report) {
    json_t *object = json_object();
    const char *kind = b->is_known ? "bounded" : b->is_unbounded ? "unbounded" : "unknown";
    set(object, "receptive_field", text(report, kind));
    set(object, "border", b->is_known ? json_integer(b->border) : json_null());
    set(object, "reason", text(report, b->reason));
    return object;
}

static json_t *operations(const czm_inspection *in, czm_report *report) {
    json_t *object = json_object();
    for (size_t i = 0; i < in->op_count; i++)
        set(object, czm_report_keep(report, in->ops[i].op), number(in->ops[i].count));
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
    for (size_t i = 0; i < info->input_count; i++)
        json_array_append_new(inputs, number(info->inputs[i]));
    set(object, "name", text(report, info->name));
    set(object, "op", text(report, info->op));
    set(object, "shape", shape(info->rank, info->dims));
    set(object, "parameters", number(info->parameters));
    set(object, "receptive_field", receptive_field(info->receptive_field));
    set(object, "inputs", inputs);
    return object;
}

static json_t *network(const czm_inspection *in, czm_report *report) {
    json_t *object = json_object(), *layers = json_array();
    for (size_t i = 0; i < in->layer_count; i++)
        json_array_append_new(layers, layer(&in->layers[i], report));
    set(object, "opset", in->opset ? json_integer(in->opset) : json_null());
    set(object, "exporter", text(report, in->exporter));
    set(object, "needs", text(report, in->needs));
    set(object, "newer", texts(report, in->newer, in->newer_count));
    set(object, "signatures", signatures(in, report));
    set(object, "signature", text(report, in->signature));
    set(object, "input", port(&in->input, report));
    set(object, "output", port(&in->output, report));
    set(object, "parameters", number(in->parameters));
    set(object, "weight_bytes", number(in->weight_bytes));
    set(object, "ops", operations(in, report));
    set(object, "tile_memory", memory(&in->memory, report));
    set(object, "border", border(&in->border, report));
    set(object, "layers", layers);
    return object;
}

const char *czm_inspection_json(const czm_inspection *inspection, czm_report *report) {
    json_t *root = json_object();
    set(root, "czmodel", text(report, czm_version()));
    set(root, "kind", text(report, kinds[inspection->kind]));
    set(root, "model_version", text(report, inspection->model_version));
    set(root, "model_id", text(report, inspection->model_id));
    set(root, "metadata",
        inspection->has_metadata ? metadata(&inspection->metadata, report) : json_null());
    set(root, "network", inspection->has_network ? network(inspection, report) : json_null());
    return finish(root, report);
}

// ---- diff

const char *czm_differences_json(const czm_differences *differences, czm_report *report) {
    json_t *root = json_object(), *array = json_array();
    for (size_t i = 0; i < differences->count; i++) {
        const czm_difference *d = &differences->items[i];
        json_t *object = json_object();
        set(object, "section", text(report, d->section));
        set(object, "where", text(report, d->where));
        set(object, "a", text(report, d->a));
        set(object, "b", text(report, d->b));
        json_array_append_new(array, object);
    }
    set(root, "czmodel", text(report, czm_version()));
    set(root, "same", json_boolean(differences->count == 0));
    set(root, "differences", array);
    return finish(root, report);
}
