// SPDX-License-Identifier: Apache-2.0
//
// Rule op-unsupported: every op, attribute and element type must be one that TensorFlow 2.0.0 has.
// Findings are grouped: one for each op or attribute, with the layers where it stands.
#include "check/check.h"
#include "graph/layer_name.h"
#include "view/resize.h"
#include "view/window.h"

enum { MOST_LAYERS = 8 };

// One finding and the layers that it concerns.
typedef struct complaint {
    const char *text; // also the key by which nodes are grouped
    const char *hint;
    size_t node_count;
    CZM_LIST(const char *) layers;
} complaint;

typedef struct collector {
    czm_arena *arena;
    czm_name_table by_text;
    CZM_LIST(complaint *) complaints;
    czm_layer_names names;
    const czm_shapes *shapes; // NULL in functions
    bool is_for_onnx;
} collector;

static bool has_layer(const complaint *c, const char *layer) {
    for (size_t i = 0; i < c->layers.count; i++)
        if (czm_text_equal(c->layers.items[i], layer)) return true;
    return false;
}

static void complain(collector *all, const czm_node *node, const char *text, const char *hint) {
    czm_name_slot *slot = czm_name_slot_for(all->arena, &all->by_text, czm_bytes_text(text));
    if (!slot->value) {
        complaint *fresh = CZM_NEW(all->arena, complaint);
        *fresh = (complaint){.text = text, .hint = hint};
        slot->value = fresh;
        *CZM_APPEND(all->arena, &all->complaints) = fresh;
    }
    complaint *c = slot->value;
    c->node_count++;
    if (c->layers.count > MOST_LAYERS) return;
    const char *layer = czm_layer_name(all->arena, node->name, all->names);
    if (!has_layer(c, layer)) *CZM_APPEND(all->arena, &c->layers) = layer;
}

static czm_dtype own_type(const void *node, czm_bytes attr) {
    return czm_attr_type_named(node, attr);
}

static const char *const op_hint =
    "replace the layer by one that needs only older operations, or export with an older TensorFlow";

// Nodes that TensorFlow 2.0.0's CPU kernels reject or compute wrongly and no rewrite could replace, mostly because a
// shape is not known (docs/tf200-gaps.md).
static bool is_dilated(const czm_node *node) {
    int rank = (int)czm_attr_list_size(node, "dilations");
    czm_windows windows = czm_windows_of(node, rank);
    for (int i = 0; i < rank && i < CZM_HIGHEST_RANK; i++)
        if (windows.along[i].dilation > 1) return true;
    return false;
}

static bool has_unequal_strides(const czm_node *node) {
    czm_windows windows = czm_windows_of(node, 4);
    return windows.along[1].stride != windows.along[2].stride;
}

static bool is_of_volumes(const czm_node *node) {
    return czm_attr_is(node, "data_format", "NDHWC");
}

static bool is_over_channels(const czm_node *node) {
    int64_t size = czm_windows_of(node, 4).along[3].size;
    return size != 1 && size != CZM_UNKNOWN;
}

static bool is_of_uint32(const czm_node *node) {
    return czm_attr_type(node, "T") == CZM_DTYPE_UINT32;
}

static bool has_corners_and_centers(const czm_node *node) {
    czm_resize resize = czm_resize_of(node);
    return resize.has_corners && resize.has_centers;
}

enum {
    UNEQUAL_STRIDES = 1 << 0,
    CHANNELS_FIRST = 1 << 1,
    OVER_CHANNELS = 1 << 2,
    DILATED = 1 << 3,
    VOLUMES = 1 << 4,
    CORNERS_AND_CENTERS = 1 << 5,
    UINT32 = 1 << 6,
};

static const struct {
    unsigned limit;
    bool (*is_so)(const czm_node *node);
    const char *what;
} limits[] = {
    {UNEQUAL_STRIDES, has_unequal_strides, "with strides that differ"},
    {CHANNELS_FIRST, czm_is_channels_first, "with channels first"},
    {OVER_CHANNELS, is_over_channels, "along channels"},
    {DILATED, is_dilated, "with dilations"},
    {VOLUMES, is_of_volumes, "on volumes"},
    {CORNERS_AND_CENTERS, has_corners_and_centers, "with aligned corners and pixel centres"},
    {UINT32, is_of_uint32, "of uint32"},
};

// An operation that cannot work inside ZEN, with a specific reason.
typedef struct unfitness {
    const char *reason, *hint;
} unfitness;

static const unfitness python = {"calls a Python function, which a SavedModel cannot contain",
                                 "write it with TensorFlow ops"};
static const unfitness xla = {"contains a program for XLA, which Keras writes with the JAX backend",
                              "set KERAS_BACKEND=tensorflow, load the network and export it again"};

static const struct {
    czm_op_kind op;
    const unfitness *unfit;
    unsigned limits; // of the kernels
    size_t first;    // the inputs from here on ...
    int most;        // ... may have so many dimensions; 0: any number
} rows[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define UNFIT(why) .unfit = &(why),
#define CANNOT(set) .limits = set,
#define MOST_DIMS(input, dims) .first = input, .most = dims,
#include "op/ops.def"
};

static bool check_fitness(collector *all, const czm_node *node) {
    const unfitness *unfit = rows[czm_node_kind(node)].unfit;
    if (unfit)
        complain(all, node,
                 czm_arena_format(all->arena, "the operation %s %s", node->op, unfit->reason),
                 unfit->hint);
    return !unfit;
}

static void check_runnable(collector *all, const czm_node *node) {
    unsigned set = rows[czm_node_kind(node)].limits;
    for (size_t i = 0; i < CZM_COUNT_OF(limits); i++)
        if ((set & limits[i].limit) && limits[i].is_so(node))
            complain(all, node,
                     czm_arena_format(all->arena,
                                      "TensorFlow 2.0.0 cannot compute the operation %s %s on the "
                                      "CPU, and czmodel has no replacement for it",
                                      node->op, limits[i].what),
                     op_hint);
}

// Pass "lower" replaces those of the other types.
static void check_lone_norm(collector *all, const czm_node *node) {
    if (!czm_node_is(node, CZM_OP_EuclideanNorm) || !all->shapes || node->inputs.count != 2 ||
        czm_shape_count(czm_shape_of(all->shapes, node->inputs.items[1])) != 0)
        return;
    complain(all, node,
             "TensorFlow 2.0.0 computes the operation EuclideanNorm over no axis wrongly for this "
             "element type",
             op_hint);
}

static void check_ranks(collector *all, const czm_node *node) {
    int most = rows[czm_node_kind(node)].most;
    size_t first = rows[czm_node_kind(node)].first;
    for (size_t i = first; all->shapes && most && i < node->inputs.count; i++) {
        int rank = czm_shape_of(all->shapes, node->inputs.items[i]).rank;
        if (rank <= most) continue;
        complain(all, node,
                 czm_arena_format(all->arena,
                                  "TensorFlow 2.0.0 computes the operation %s for up to %d "
                                  "dimensions, and the input has %d",
                                  node->op, most, rank),
                 op_hint);
    }
}

static void check_attrs(collector *all, const czm_node *node) {
    for (size_t i = 0; i < node->attrs.count; i++) {
        const czm_attr *attr = &node->attrs.items[i];
        const czm_op_attr *known = czm_op_attr_find(node->def, attr->name);
        bool is_note = attr->name.size && attr->name.data[0] == '_'; // of a runtime to itself
        if (is_note || (known && !known->is_new)) continue;
        complain(all, node,
                 czm_arena_format(all->arena,
                                  "the attribute \"%.*s\" of the operation %s is newer than "
                                  "TensorFlow 2.0.0",
                                  (int)attr->name.size, (const char *)attr->name.data, node->op),
                 op_hint);
    }
}

// ---- what TensorFlow 2.0.0 verifies of attributes when it loads a graph (ValidateNodeDef in
// core/framework/node_def_util.cc)

// Whether one of the texts between commas is the value.
static bool is_listed(czm_bytes list, czm_bytes value) {
    for (size_t from = 0, at = 0; at <= list.size; at++) {
        if (at < list.size && list.data[at] != ',') continue;
        if (czm_bytes_equal(czm_bytes_of(list.data + from, at - from), value)) return true;
        from = at + 1;
    }
    return false;
}

static bool is_kind(const czm_op_attr *attr, const char *kind) {
    return czm_bytes_is(attr->kind, kind);
}

// NULL: nothing is wrong with the element types.
static const char *types_fault(czm_arena *arena, const czm_op_attr *attr, czm_bytes value) {
    enum { MOST = 64 };
    int64_t types[MOST];
    size_t count = czm_attr_types(value, types, MOST);
    for (size_t i = 0; i < count && i < MOST; i++) {
        czm_dtype dtype = (czm_dtype)(types[i] % CZM_DTYPE_REF);
        const char *name = czm_dtype_name(dtype);
        if (dtype <= CZM_DTYPE_NONE || dtype > CZM_DTYPE_UINT64)
            return czm_arena_format(arena, "is %s", name);
        czm_bytes number = czm_bytes_text(czm_arena_format(arena, "%d", (int)dtype));
        if (attr->allowed.size && !is_listed(attr->allowed, number))
            return czm_arena_format(arena, "is %s, which it does not allow", name);
    }
    return NULL;
}

static const char *number_fault(czm_arena *arena, const czm_node *node, const czm_op_attr *attr) {
    const char *name = czm_arena_string(arena, attr->name);
    int64_t number = is_kind(attr, "int") ? czm_attr_int(node, name)
                                          : (int64_t)czm_attr_list_size(node, name);
    if (!attr->has_minimum || number >= attr->minimum) return NULL;
    return czm_arena_format(arena,
                            is_kind(attr, "int") ? "is %lld, which is below %d"
                                                 : "is a list of %lld, which is below %d",
                            (long long)number, attr->minimum);
}

// The key of the member of AttrValue that holds a value of this kind; every list has the same.
static int key_of(const czm_op_attr *attr) {
    static const struct {
        const char *kind;
        int key;
    } keys[] = {{"string", 0x12}, {"int", 0x18},   {"float", 0x25},  {"bool", 0x28},
                {"type", 0x30},   {"shape", 0x3A}, {"tensor", 0x42}, {"func", 0x52}};
    for (size_t i = 0; i < CZM_COUNT_OF(keys); i++)
        if (is_kind(attr, keys[i].kind)) return keys[i].key;
    return 0x0A;
}

static const char *attr_fault(czm_arena *arena, const czm_node *node, const czm_op_attr *attr) {
    czm_bytes value = czm_node_attr_named(node, attr->name);
    if (value.size == 0) return "has no value";
    if (value.data[0] != key_of(attr))
        return czm_arena_format(arena, "is no %s", czm_arena_string(arena, attr->kind));
    if (is_kind(attr, "type") || is_kind(attr, "list(type)") || is_kind(attr, "tensor")) {
        const char *fault = types_fault(arena, attr, value);
        if (fault) return fault;
    }
    if (is_kind(attr, "string") && attr->allowed.size) {
        czm_bytes text = czm_attr_string(node, czm_arena_string(arena, attr->name));
        if (!is_listed(attr->allowed, text))
            return czm_arena_format(arena, "is \"%.*s\"", (int)text.size, (const char *)text.data);
    }
    return number_fault(arena, node, attr);
}

static bool check_values(collector *all, const czm_node *node) {
    bool is_right = true;
    for (size_t i = 0; i < node->def->attr_count; i++) {
        const czm_op_attr *attr = &node->def->attrs[i];
        const char *fault = attr->is_new ? NULL : attr_fault(all->arena, node, attr);
        if (!fault) continue;
        is_right = false;
        complain(all, node,
                 czm_arena_format(all->arena,
                                  "the attribute \"%.*s\" of the operation %s %s; TensorFlow "
                                  "2.0.0 does not load it",
                                  (int)attr->name.size, (const char *)attr->name.data, node->op,
                                  fault),
                 op_hint);
    }
    return is_right;
}

// ---- and of inputs

static void check_inputs(collector *all, const czm_node *node) {
    const char *fault = czm_node_inputs_fault(all->arena, node);
    if (fault)
        complain(all, node,
                 czm_arena_format(all->arena,
                                  "the operation %s %s; TensorFlow 2.0.0 does not load it",
                                  node->op, fault),
                 op_hint);
}

// The types that determine a node's kernel, for the message: "T=bfloat16".
static const char *types_text(czm_arena *arena, const czm_node *node) {
    const char *text = "";
    for (size_t i = 0; i < node->def->attr_count; i++) {
        if (!czm_bytes_is(node->def->attrs[i].kind, "type")) continue;
        czm_bytes name = node->def->attrs[i].name;
        text = czm_arena_format(arena, "%s%s%.*s=%s", text, *text ? ", " : "", (int)name.size,
                                (const char *)name.data, czm_dtype_name(own_type(node, name)));
    }
    return *text ? text : "any type";
}

static void check_node(collector *all, const czm_node *node) {
    if (czm_node_is(node, CZM_OP__Arg) || !check_fitness(all, node)) return;
    if (!node->def || !node->def->in_target) {
        complain(all, node,
                 czm_arena_format(all->arena, "TensorFlow 2.0.0 does not support the operation %s",
                                  node->op),
                 op_hint);
        return;
    }
    check_attrs(all, node);
    check_inputs(all, node);
    check_runnable(all, node);
    check_ranks(all, node);
    check_lone_norm(all, node);
    if (check_values(all, node) && !czm_op_has_kernel(node->def, own_type, node))
        complain(all, node,
                 czm_arena_format(all->arena,
                                  "TensorFlow 2.0.0 cannot compute the operation %s with %s on the "
                                  "CPU",
                                  node->op, types_text(all->arena, node)),
                 op_hint);
}

// Operations that no engine can run are rejected in every format; TensorFlow's own limits do not apply to ONNX.
static void check_graph(collector *all, const czm_graph *graph, czm_layer_names names) {
    all->names = names;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        if (all->is_for_onnx)
            check_fitness(all, node);
        else
            check_node(all, node);
    }
}

static void check_shapes(czm_context *context, const czm_check_subject *subject) {
    const czm_shape_fault *fault = czm_shapes_fault(subject->shapes);
    if (fault)
        czm_report_add(context->report, CZM_RULE_OP_UNSUPPORTED,
                       czm_arena_format(context->arena, "layer \"%s\"",
                                        czm_check_layer(subject, fault->node)),
                       "correct the layer, and export the network again",
                       "%s: no engine can run it", fault->text);
}

static const char *layers_text(czm_arena *arena, const complaint *c) {
    const char *text = "";
    for (size_t i = 0; i < c->layers.count && i < MOST_LAYERS; i++)
        text = czm_arena_format(arena, "%s%s\"%s\"", text, i ? ", " : "", c->layers.items[i]);
    return c->layers.count > MOST_LAYERS ? czm_arena_format(arena, "%s and others", text) : text;
}

void czm_check_ops(czm_context *context, const czm_check_subject *subject) {
    collector all = {.arena = context->arena};
    const czm_model *model = subject->model;
    check_shapes(context, subject);
    all.is_for_onnx = subject->format && subject->format->opset;
    all.shapes = subject->shapes;
    check_graph(&all, &model->main, model->layer_names);
    all.shapes = NULL;
    for (size_t i = 0; i < model->functions.count; i++)
        check_graph(&all, model->functions.items[i],
                    czm_layer_names_of(context->arena, model->functions.items[i]));
    const char *exporter = subject->model->exporter;
    for (size_t i = 0; i < all.complaints.count; i++) {
        const complaint *c = all.complaints.items[i];
        czm_report_add(context->report, CZM_RULE_OP_UNSUPPORTED,
                       czm_arena_format(context->arena, "layer %s", layers_text(context->arena, c)),
                       c->hint, "%s (%zu node%s; the model was exported by TensorFlow %s)", c->text,
                       c->node_count, c->node_count == 1 ? "" : "s",
                       *exporter ? exporter : "of unknown version");
    }
}
