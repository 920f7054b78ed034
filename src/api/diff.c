// SPDX-License-Identifier: Apache-2.0
//
// czm_diff(): compares two models. Both are converted to the form that a conversion writes, so that a SavedModel
// equals the container that was made from it.
#include "api/diff.h"

#include "api/call.h"
#include "graph/layer_name.h"
#include "graph/tensor_proto.h"
#include "view/value.h"

enum { MOST_DIFFERENCES = 1000 };

void czm_differ(czm_diffing *d, const char *section, const char *where, const char *a,
                const char *b) {
    if (d->found.count < MOST_DIFFERENCES)
        *CZM_APPEND(d->context->arena, &d->found) = (czm_difference){section, where, a, b};
}

// ---- metadata

static const char *colour_text(czm_arena *arena, const czm_class *c) {
    return czm_arena_format(arena, "%s (%d,%d,%d)", c->name, c->red, c->green, c->blue);
}

static void compare_texts(czm_diffing *d, const char *key, const char *a, const char *b) {
    a = a ? a : "", b = b ? b : "";
    if (!czm_text_equal(a, b)) czm_differ(d, "metadata", key, a, b);
}

static void compare_classes(czm_diffing *d, const czm_spec *a, const czm_spec *b) {
    czm_arena *arena = d->context->arena;
    size_t count = a->class_count > b->class_count ? a->class_count : b->class_count;
    for (size_t i = 0; i < count; i++)
        compare_texts(d, czm_arena_format(arena, "Classes[%zu]", i),
                      i < a->class_count ? colour_text(arena, &a->classes[i]) : "",
                      i < b->class_count ? colour_text(arena, &b->classes[i]) : "");
}

static void compare_metadata(czm_diffing *d) {
    const czm_spec *a = &d->targets[0].spec, *b = &d->targets[1].spec;
    czm_arena *arena = d->context->arena;
    if (!d->targets[0].has_spec || !d->targets[1].has_spec) return; // nothing to compare
    compare_texts(d, "Type", a->model_type, b->model_type);
    compare_texts(d, "ModelName", a->model_name, b->model_name);
    compare_texts(d, "ColorHandling", a->color_handling, b->color_handling);
    compare_texts(d, "PixelType", a->pixel_type, b->pixel_type);
    compare_texts(d, "BorderSize", czm_arena_format(arena, "%lld", (long long)a->border_size),
                  czm_arena_format(arena, "%lld", (long long)b->border_size));
    compare_texts(d, "Postprocessing", a->postprocessing, b->postprocessing);
    compare_classes(d, a, b);
}

// ---- the graph

// Where a tensor comes from: position of its node and output. Names do not matter.
static bool same_inputs(const czm_node *a, const czm_node *b) {
    if (a->inputs.count != b->inputs.count) return false;
    for (size_t i = 0; i < a->inputs.count; i++) {
        czm_tensor x = a->inputs.items[i], y = b->inputs.items[i];
        if (x.node->order != y.node->order || x.index != y.index) return false;
    }
    return true;
}

// Names of variables and attributes for a runtime do not affect the result.
static bool is_compared(const czm_attr *attr) {
    return !(attr->name.size && attr->name.data[0] == '_') &&
           !czm_bytes_is(attr->name, "shared_name") && !czm_bytes_is(attr->name, "container");
}

// The same numbers may be stored as bytes or as a list. Types are separate attributes.
static bool same_tensor(czm_arena *arena, const czm_node *a, const czm_node *b) {
    enum { MOST_NUMBERS = 1 << 20 };
    czm_bytes x = czm_attr_tensor(a, "value"), y = czm_attr_tensor(b, "value");
    czm_bytes shape = czm_wire_find(x, 2).bytes;
    int64_t count = czm_shape_count(czm_shape_read(arena, shape));
    czm_dtype dtype = czm_attr_type(a, "dtype");
    if (count < 0 || count > MOST_NUMBERS || !czm_bytes_equal(shape, czm_wire_find(y, 2).bytes))
        return false;
    czm_bytes content = czm_tensor_content(arena, x, dtype, (size_t)count);
    return (content.size || count == 0) &&
           czm_bytes_equal(content, czm_tensor_content(arena, y, dtype, (size_t)count));
}

static bool has_attrs_of(czm_arena *arena, const czm_node *a, const czm_node *b) {
    for (size_t i = 0; i < a->attrs.count; i++) {
        const czm_attr *attr = &a->attrs.items[i];
        if (!is_compared(attr) || czm_bytes_equal(attr->value, czm_node_attr_named(b, attr->name)))
            continue;
        if (!czm_node_is(a, CZM_OP_Const) || !czm_bytes_is(attr->name, "value") ||
            !same_tensor(arena, a, b))
            return false;
    }
    return true;
}

static bool same_node(czm_arena *arena, const czm_node *a, const czm_node *b) {
    return czm_text_equal(a->op, b->op) && same_inputs(a, b) && has_attrs_of(arena, a, b) &&
           has_attrs_of(arena, b, a);
}

static const char *node_text(czm_diffing *d, int side, const czm_node *node) {
    const char *layer =
        czm_layer_name(d->context->arena, node->name, d->targets[side].model.layer_names);
    return czm_arena_format(d->context->arena, "%s (%s)", node->op, layer);
}

// Stops at the first difference, since positions after it do not correspond any more.
static bool compare_nodes(czm_diffing *d, const czm_graph *a, const czm_graph *b,
                          const char *where) {
    size_t count = a->nodes.count < b->nodes.count ? a->nodes.count : b->nodes.count;
    for (size_t i = 0; i < count; i++) {
        const czm_node *x = a->nodes.items[i], *y = b->nodes.items[i];
        if (same_node(d->context->arena, x, y)) continue;
        czm_differ(d, "graph",
                   czm_arena_format(d->context->arena, "%s, operation %zu of %zu", where, i + 1,
                                    a->nodes.count),
                   node_text(d, 0, x), node_text(d, 1, y));
        return false;
    }
    if (a->nodes.count == b->nodes.count) return true;
    czm_differ(d, "graph", where,
               czm_arena_format(d->context->arena, "%zu operations", a->nodes.count),
               czm_arena_format(d->context->arena, "%zu operations", b->nodes.count));
    return false;
}

static bool compare_graphs(czm_diffing *d) {
    const czm_model *a = &d->targets[0].model, *b = &d->targets[1].model;
    bool same = compare_nodes(d, &a->main, &b->main, "network");
    if (a->functions.count != b->functions.count) {
        czm_differ(d, "graph", "functions",
                   czm_arena_format(d->context->arena, "%zu", a->functions.count),
                   czm_arena_format(d->context->arena, "%zu", b->functions.count));
        return false;
    }
    for (size_t i = 0; i < a->functions.count; i++)
        same &= compare_nodes(d, a->functions.items[i], b->functions.items[i],
                              czm_arena_format(d->context->arena, "function %s",
                                               a->functions.items[i]->name));
    return same;
}

// ---- weights

static czm_status discard(void *user, czm_bytes block) {
    (void)user, (void)block;
    return CZM_OK;
}

static czm_status checksum(czm_diffing *d, const czm_variable *v, uint32_t *crc) {
    czm_budget_use(d->context->arena, CZM_DISK, v->source->size, "the weights");
    return v->source->stream(v->source, d->context, (czm_sink){discard, NULL}, crc);
}

static const char *shape_text(czm_arena *arena, const czm_variable *v) {
    return czm_shape_text(arena, (czm_shape){(int)v->rank, v->dims});
}

static const char *weights_text(czm_arena *arena, const czm_variable *v, uint32_t crc) {
    return czm_arena_format(arena, "%s %s, CRC-32C %08x", czm_dtype_name(v->dtype),
                            shape_text(arena, v), (unsigned)crc);
}

// The variables are in the order of the graph, which is the same in both.
static czm_status compare_weights(czm_diffing *d) {
    czm_arena *arena = d->context->arena;
    const czm_variable_list *a = &d->targets[0].model.variables;
    const czm_variable_list *b = &d->targets[1].model.variables;
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        const czm_variable *x = &a->items[i], *y = &b->items[i];
        uint32_t x_crc, y_crc;
        CZM_TRY(checksum(d, x, &x_crc));
        CZM_TRY(checksum(d, y, &y_crc));
        const char *x_text = weights_text(arena, x, x_crc), *y_text = weights_text(arena, y, y_crc);
        if (!czm_text_equal(x_text, y_text))
            czm_differ(d, "weights", x->handle->name, x_text, y_text);
    }
    return CZM_OK;
}

// ---- both

static czm_status open_side(czm_diffing *d, int side, const czm_options *options) {
    czm_target *target = &d->targets[side];
    size_t since = czm_report_moment(d->context->report);
    czm_status status = czm_target_open(d->context, options, target);
    return status == czm_report_status(d->context->report, since) ? status : CZM_OK;
}

// A SavedModel that is compared with ONNX becomes ONNX.
static czm_status read_models(czm_diffing *d) {
    for (int side = 0; side < 2; side++) {
        czm_target *target = &d->targets[side];
        target->is_translated = d->targets[1 - side].has_onnx;
        if (czm_target_has_network(target)) CZM_TRY(czm_target_read_model(d->context, target));
    }
    return CZM_OK;
}

static czm_status compare_networks(czm_diffing *d) {
    const czm_target *a = &d->targets[0], *b = &d->targets[1];
    if (!czm_target_has_network(a) || !czm_target_has_network(b)) return CZM_OK;
    if (a->has_onnx || b->has_onnx) return czm_diff_onnx(d);
    return compare_graphs(d) ? compare_weights(d) : CZM_OK;
}

typedef struct request {
    const char *paths[2];
    czm_differences *out;
} request;

static czm_status diff(czm_context *context, void *data) {
    const request *r = data;
    czm_diffing *d = CZM_NEW(context->arena, czm_diffing);
    d->context = context;
    for (int side = 0; side < 2; side++) {
        czm_options *options = CZM_NEW(context->arena, czm_options);
        *options = (czm_options)CZM_OPTIONS_INIT;
        options->source_path = r->paths[side];
        CZM_TRY(open_side(d, side, options));
    }
    CZM_TRY(read_models(d));
    compare_metadata(d);
    CZM_TRY(compare_networks(d));
    r->out->items = d->found.items;
    r->out->count = d->found.count;
    return CZM_OK;
}

czm_status czm_diff(const char *a, const char *b, czm_differences *differences,
                    czm_report *report) {
    CZM_TRY(czm_check_size(report, "differences", differences, CZM_FIRST_DIFFERENCES,
                           sizeof *differences));
    czm_differences found = CZM_DIFFERENCES_INIT;
    request r = {{a, b}, &found};
    CZM_TRY(czm_call_and_keep(report, diff, &r));
    czm_struct_give(differences, &found);
    return CZM_OK;
}
