// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to a tree of layers; see layer.h.
#include "read/keras/layer.h"

enum { DEEPEST_NEST = 16, MOST_INPUTS = 4096 };

typedef struct reader {
    czm_context *context;
    const czm_keras_file *file;
    const char
        *ordering; // of the dimensions, which some layers of Keras 1 do not name; NULL: not found
} reader;

static czm_status read_layer(reader *r, const json_t *json, const char *prefix, unsigned depth,
                             czm_keras_layer **out);

czm_status czm_keras_refuse(czm_context *context, const czm_keras_file *file,
                            const czm_keras_layer *layer, czm_rule rule, const char *hint,
                            const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = czm_arena_vformat(context->arena, format, arguments);
    va_end(arguments);
    return czm_report_add(context->report, rule,
                          czm_arena_format(context->arena, "%s: layer \"%s\" (%s)", file->where,
                                           layer->path, layer->class_name),
                          hint, "%s", text);
}

static czm_status damaged(reader *r, const czm_keras_layer *layer, const char *what) {
    return czm_keras_refuse(r->context, r->file, layer, CZM_RULE_KERAS_DAMAGED, NULL, "%s", what);
}

// ---- names of Keras 1

typedef struct renaming {
    const char *before, *after;
} renaming;

static const renaming old_classes[] = {
    {"Convolution1D", "Conv1D"},
    {"Convolution2D", "Conv2D"},
    {"Convolution3D", "Conv3D"},
    {"AtrousConvolution1D", "Conv1D"},
    {"AtrousConvolution2D", "Conv2D"},
    {"Deconvolution2D", "Conv2DTranspose"},
    {"SeparableConvolution2D", "SeparableConv2D"},
};

static const renaming old_keys[] = {
    {"nb_filter", "filters"},
    {"border_mode", "padding"},
    {"bias", "use_bias"},
    {"subsample", "strides"},
    {"subsample_length", "strides"},
    {"atrous_rate", "dilation_rate"},
    {"output_dim", "units"},
    {"p", "rate"},
    {"filter_length", "kernel_size"},
    {"pool_length", "pool_size"},
    {"stride", "strides"},
    {"length", "size"},
    {"batch_shape", "batch_input_shape"},
};

static const char *modern_class(const char *name) {
    for (size_t i = 0; i < CZM_COUNT_OF(old_classes); i++)
        if (czm_text_equal(name, old_classes[i].before)) return old_classes[i].after;
    return name;
}

static int set_kernel_size(json_t *config) {
    static const char *const keys[] = {"kernel_dim1", "kernel_dim2", "kernel_dim3", "nb_row",
                                       "nb_col"};
    json_t *size = json_array();
    int failed = size == NULL;
    for (size_t i = 0; i < CZM_COUNT_OF(keys) && size; i++) {
        json_t *value = json_object_get(config, keys[i]);
        if (value) failed |= json_array_append(size, value);
    }
    if (json_array_size(size)) failed |= json_object_set(config, "kernel_size", size);
    json_decref(size);
    return failed;
}

static int set_data_format(reader *r, json_t *config) {
    const char *order = json_string_value(json_object_get(config, "dim_ordering"));
    if (order) r->ordering = order;
    if (!r->ordering || json_object_get(config, "data_format")) return 0;
    order = r->ordering;
    bool is_first = czm_text_equal(order, "th");
    return json_object_set_new(config, "data_format",
                               json_string(is_first ? "channels_first" : "channels_last"));
}

// LayerNormalization with rms_scaling has gamma and no beta, whatever its configuration states.
static int set_weights(json_t *config) {
    if (!json_is_true(json_object_get(config, "rms_scaling"))) return 0;
    return json_object_set_new(config, "scale", json_true()) |
           json_object_set_new(config, "center", json_false());
}

// Adds the new names to a configuration with old names. The configuration belongs to this call alone.
static czm_status modernise(reader *r, const json_t *config) {
    json_t *changed = (json_t *)config;
    int failed = 0;
    for (size_t i = 0; i < CZM_COUNT_OF(old_keys); i++) {
        json_t *value = json_object_get(config, old_keys[i].before);
        if (value && !json_object_get(config, old_keys[i].after))
            failed |= json_object_set(changed, old_keys[i].after, value);
    }
    failed |= set_kernel_size(changed) | set_data_format(r, changed) | set_weights(changed);
    return failed ? czm_report_out_of_memory(r->context->report) : CZM_OK;
}

// ---- weights that a class has

// A name of the list in layers.def: "-" not trainable; "?key" unless false, "=key" if there is a value,
// "!key" if there is none.
static void add_weight(reader *r, czm_keras_layer *layer, czm_bytes word) {
    czm_keras_weight weight = {.is_trainable = word.data[0] != '-'};
    const char *name = czm_arena_string(r->context->arena, word);
    name += !weight.is_trainable;
    size_t size = strcspn(name, "?=!");
    const char *key = name[size] ? name + size + 1 : NULL;
    const json_t *value = key ? czm_config_get(layer->config, key) : NULL;
    if (name[size] == '?' && json_is_false(value)) return;
    if (name[size] == '=' && (!value || json_is_false(value))) return;
    if (name[size] == '!' && value) return;
    weight.name = czm_arena_format(r->context->arena, "%.*s", (int)size, name);
    *CZM_APPEND(r->context->arena, &layer->weights) = weight;
}

static void add_weights(reader *r, czm_keras_layer *layer) {
    for (const char *at = layer->class->weights; *at; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");
        add_weight(r, layer, czm_bytes_of(at, size));
        at += size;
    }
}

bool czm_keras_layer_weight(const czm_keras_layer *layer, const char *name, size_t *index) {
    for (*index = 0; *index < layer->weights.count; ++*index)
        if (czm_text_equal(layer->weights.items[*index].name, name)) return true;
    return false;
}

// ---- classes

// Layers from a user's module, or registered with the name of a package.
static bool is_custom(const czm_keras_layer *layer, const json_t *json) {
    const char *registered = json_string_value(json_object_get(json, "registered_name"));
    bool is_foreign = layer->module && !czm_text_begins(layer->module, "keras") &&
                      !czm_text_begins(layer->module, "tf_keras") &&
                      !czm_text_begins(layer->module, "tensorflow");
    return is_foreign || strchr(layer->class_name, '>') || (registered && strchr(registered, '>'));
}

static czm_status find_class(reader *r, czm_keras_layer *layer, const json_t *json) {
    const char *hint = NULL;
    if (is_custom(layer, json))
        return czm_keras_refuse(
            r->context, r->file, layer, CZM_RULE_KERAS_LAYER, NULL,
            "the layer is a custom class: the file contains only its name, not its code");
    layer->class = czm_keras_class_find(layer->class_name);
    if (layer->class) return CZM_OK;
    const char *why = czm_keras_class_refusal(layer->class_name, &hint);
    return czm_keras_refuse(r->context, r->file, layer, CZM_RULE_KERAS_LAYER, hint, "%s",
                            why ? why : "the layer is not part of Keras");
}

static bool is_quantised(const czm_keras_layer *layer) {
    const json_t *dtype = czm_config_get(layer->config, "dtype");
    const char *name = json_is_string(dtype)
                           ? json_string_value(dtype)
                           : czm_config_text(czm_config_get(dtype, "config"), "name", "");
    return czm_config_get(layer->config, "quantization_config") || czm_text_begins(name, "int8") ||
           czm_text_begins(name, "float8") || strstr(czm_config_class(dtype), "Quantized");
}

// Keras 3 stores its operations in HDF5 without the module that distinguishes them from layers of the same name.
static bool is_lost_operation(const reader *r, const czm_keras_layer *layer) {
    return r->file->major >= 3 && !r->file->is_archive && !layer->module &&
           !czm_keras_is_input(layer) && json_is_object(layer->config) &&
           !json_object_get(layer->config, "trainable") && !json_object_get(layer->config, "dtype");
}

static czm_status check_layer(reader *r, czm_keras_layer *layer, const json_t *json) {
    if (is_lost_operation(r, layer))
        return czm_keras_refuse(r->context, r->file, layer, CZM_RULE_KERAS_LAYER,
                                "save the model as .keras",
                                "Keras 3 cannot load its operations from an HDF5 file");
    CZM_TRY(find_class(r, layer, json));
    if (is_quantised(layer))
        return czm_keras_refuse(r->context, r->file, layer, CZM_RULE_KERAS_LAYER,
                                "save the model before it is quantised", "the layer is quantised");
    add_weights(r, layer);
    return CZM_OK;
}

// ---- layers inside layers

static czm_status read_wrapped(reader *r, czm_keras_layer *layer, unsigned depth) {
    const json_t *inner = czm_config_get(layer->config, "layer");
    if (!json_is_object(inner)) return CZM_OK;
    czm_keras_layer *wrapped;
    CZM_TRY(read_layer(r, inner, czm_arena_format(r->context->arena, "%s/", layer->path), depth,
                       &wrapped));
    *CZM_APPEND(r->context->arena, &layer->inner) = wrapped;
    return CZM_OK;
}

// MultiHeadAttention contains four layers of class EinsumDense that its configuration does not list.
static czm_status add_projections(reader *r, czm_keras_layer *layer) {
    static const char *const names[] = {"query", "key", "value", "attention_output"};
    static const char *const unsupported[] = {"sliding_window", "use_gate"};
    json_t *config = czm_json_object(r->context->arena);
    for (size_t i = 0; i < CZM_COUNT_OF(unsupported); i++) {
        const json_t *value = czm_config_get(layer->config, unsupported[i]);
        if (value && !json_is_false(value))
            return czm_keras_refuse(r->context, r->file, layer, CZM_RULE_KERAS_LAYER, NULL,
                                    "%s is not supported", unsupported[i]);
    }
    bool has_bias = czm_config_bool(layer->config, "use_bias", true);
    if (!config || (has_bias && json_object_set_new(config, "bias_axes", json_string("x"))))
        return czm_report_out_of_memory(r->context->report);
    for (size_t i = 0; i < CZM_COUNT_OF(names); i++) {
        czm_keras_layer *inner = CZM_NEW(r->context->arena, czm_keras_layer);
        *inner = (czm_keras_layer){.name = names[i],
                                   .class_name = "EinsumDense",
                                   .config = config,
                                   .class = czm_keras_class_find("EinsumDense"),
                                   .is_trainable = true};
        inner->path = czm_arena_format(r->context->arena, "%s/%s", layer->path, names[i]);
        add_weights(r, inner);
        *CZM_APPEND(r->context->arena, &layer->inner) = inner;
    }
    return CZM_OK;
}

// ---- calls

static bool index_of(const json_t *value, size_t *index) {
    *index = (size_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) < INT32_MAX;
}

// ["conv2d", 0, 0], with or without arguments by name.
static bool reference_of(const czm_keras_model *model, const json_t *value,
                         czm_keras_reference *out) {
    const char *name = json_string_value(json_array_get(value, 0));
    if (!name || json_array_size(value) < 3) return false;
    out->layer = czm_name_find(&model->by_name, czm_bytes_text(name));
    return out->layer && index_of(json_array_get(value, 1), &out->node) &&
           index_of(json_array_get(value, 2), &out->tensor);
}

static bool keras_tensor_of(const czm_keras_model *model, const json_t *value,
                            czm_keras_reference *out) {
    return czm_text_equal(czm_config_class(value), "__keras_tensor__") &&
           reference_of(model, json_object_get(json_object_get(value, "config"), "keras_history"),
                        out);
}

typedef struct call_reader {
    reader *r;
    const czm_keras_model *model;
    bool is_new; // Keras 3: tensors are objects
    czm_keras_arguments *arguments;
} call_reader;

static bool tensor_of(const call_reader *c, const json_t *value, czm_keras_reference *out) {
    if (c->is_new) return keras_tensor_of(c->model, value, out);
    return json_array_size(value) == 3 && reference_of(c->model, value, out);
}

static void add_argument(call_reader *c, const char *name, const json_t *value) {
    czm_keras_argument argument = {.name = name, .value = czm_config_unwrap(value)};
    argument.is_tensor = tensor_of(c, value, &argument.from);
    *CZM_APPEND(c->r->context->arena, c->arguments) = argument;
}

// Each element of a list with tensors is an argument.
static void add_value(call_reader *c, const char *name, const json_t *value) {
    czm_keras_reference ignored;
    bool has_tensors = false;
    size_t count = tensor_of(c, value, &ignored) ? 0 : json_array_size(value);
    for (size_t i = 0; i < count; i++)
        has_tensors |= tensor_of(c, json_array_get(value, i), &ignored);
    if (!has_tensors) add_argument(c, name, value);
    for (size_t i = 0; i < count && has_tensors; i++)
        add_argument(c, name, json_array_get(value, i));
}

static void add_named(call_reader *c, const json_t *arguments) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)arguments, name, value) add_value(c, name, value);
}

static bool read_new_call(call_reader *c, const json_t *call) {
    const json_t *arguments = json_object_get(call, "args");
    for (size_t i = 0; i < json_array_size(arguments); i++)
        add_value(c, NULL, json_array_get(arguments, i));
    add_named(c, json_object_get(call, "kwargs"));
    return json_is_array(arguments);
}

// A tensor, or a constant: ["_CONSTANT_VALUE", -1, value, {...}].
static bool read_old_argument(call_reader *c, const json_t *entry) {
    czm_keras_argument argument = {0};
    const char *name = json_string_value(json_array_get(entry, 0));
    if (!name) return false;
    if (czm_text_equal(name, "_CONSTANT_VALUE"))
        argument.value = czm_config_unwrap(json_array_get(entry, 2));
    else
        argument.is_tensor = reference_of(c->model, entry, &argument.from);
    if (!argument.is_tensor && !argument.value) return false;
    *CZM_APPEND(c->r->context->arena, c->arguments) = argument;
    if (json_array_size(entry) > 3) add_named(c, json_array_get(entry, 3));
    return true;
}

static bool read_old_call(call_reader *c, const json_t *call) {
    for (size_t i = 0; i < json_array_size(call); i++)
        if (!read_old_argument(c, json_array_get(call, i))) return false;
    return json_is_array(call);
}

static bool add_call(call_reader *c, czm_keras_layer *layer, const json_t *call, bool is_one) {
    c->is_new = json_is_object(call);
    c->arguments = CZM_APPEND(c->r->context->arena, &layer->calls);
    if (c->is_new) return read_new_call(c, call);
    return is_one ? read_old_argument(c, call) : read_old_call(c, call);
}

// Late Keras 2 writes a call of an operation without the list around its only argument.
static czm_status read_calls(reader *r, const czm_keras_model *model, czm_keras_layer *layer,
                             const json_t *calls) {
    call_reader c = {.r = r, .model = model};
    for (size_t i = 0; i < json_array_size(calls); i++) {
        const json_t *call = json_array_get(calls, i);
        bool is_one = json_is_string(json_array_get(call, 0));
        if (!add_call(&c, layer, call, is_one))
            return damaged(r, layer, "a call of the layer refers to a tensor that does not exist");
    }
    return CZM_OK;
}

// ---- models

static void note_use(const czm_keras_reference *from) {
    if (from->node > from->layer->largest_call) from->layer->largest_call = from->node;
}

// The call that created a nested model is not stored. Keras 1 and 2 count it. Keras 3 counts it only in the list of
// outputs, and not for a Sequential.
static void count_calls(czm_keras_model *model) {
    for (size_t i = 0; i < model->layers.count; i++) {
        czm_keras_layer *layer = model->layers.items[i];
        bool counts_more = layer->largest_call >= layer->calls.count && layer->calls.count > 0;
        if (layer->model && counts_more) layer->first_call = 1;
    }
}

static void note_uses(czm_keras_model *model) {
    for (size_t i = 0; i < model->layers.count; i++) {
        czm_keras_layer *layer = model->layers.items[i];
        for (size_t k = 0; k < layer->calls.count; k++)
            for (size_t n = 0; n < layer->calls.items[k].count; n++)
                if (layer->calls.items[k].items[n].is_tensor)
                    note_use(&layer->calls.items[k].items[n].from);
    }
}

// One reference, a list of them, or a dictionary.
static bool read_ends(reader *r, const czm_keras_model *model, const json_t *value,
                      czm_keras_reference **items, size_t *count) {
    bool is_one = json_is_string(json_array_get(value, 0));
    size_t most = is_one                  ? 1
                  : json_is_object(value) ? json_object_size(value)
                                          : json_array_size(value);
    *items = CZM_NEW_ARRAY(r->context->arena, czm_keras_reference, most);
    *count = 0;
    if (is_one) return reference_of(model, value, &(*items)[(*count)++]);
    const char *name;
    json_t *one;
    json_object_foreach((json_t *)value, name,
                        one) if (!reference_of(model, one, &(*items)[(*count)++])) return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!reference_of(model, json_array_get(value, i), &(*items)[(*count)++])) return false;
    return *count > 0;
}

static czm_status read_functional(reader *r, czm_keras_layer *owner, const json_t *layers) {
    czm_keras_model *model = owner->model;
    bool is_new = false;
    for (size_t i = 0; i < model->layers.count; i++) {
        const json_t *calls = json_object_get(json_array_get(layers, i), "inbound_nodes");
        is_new |= json_is_object(json_array_get(calls, 0));
        CZM_TRY(read_calls(r, model, model->layers.items[i], calls));
    }
    if (!read_ends(r, model, json_object_get(owner->config, "input_layers"), &model->inputs.items,
                   &model->inputs.count) ||
        !read_ends(r, model, json_object_get(owner->config, "output_layers"), &model->outputs.items,
                   &model->outputs.count))
        return damaged(r, owner, "the model does not say which layers are its inputs and outputs");
    note_uses(model);
    for (size_t i = 0; i < model->outputs.count; i++) {
        czm_keras_reference *end = &model->outputs.items[i];
        bool is_functional = end->layer->model && !end->layer->model->is_sequential;
        if (is_new && is_functional && end->node > 0) end->node--;
        note_use(end);
    }
    count_calls(model);
    return CZM_OK;
}

static czm_status read_model(reader *r, czm_keras_layer *owner, const json_t *layers,
                             unsigned depth) {
    czm_arena *arena = r->context->arena;
    czm_keras_model *model = owner->model = CZM_NEW(arena, czm_keras_model);
    model->is_sequential = json_is_array(owner->config) ||
                           czm_text_equal(owner->class_name, "Sequential") ||
                           !json_object_get(owner->config, "input_layers");
    const char *prefix = depth ? czm_arena_format(arena, "%s/", owner->path) : "";
    for (size_t i = 0; i < json_array_size(layers); i++) {
        czm_keras_layer *layer;
        CZM_TRY(read_layer(r, json_array_get(layers, i), prefix, depth + 1, &layer));
        czm_name_slot *slot =
            czm_name_slot_for(arena, &model->by_name, czm_bytes_text(layer->name));
        if (slot->value && !model->is_sequential)
            return damaged(r, layer, "the model has two layers of this name");
        slot->value = layer;
        *CZM_APPEND(arena, &model->layers) = layer;
        bool is_kept = !layer->is_operation && !(model->is_sequential && czm_keras_is_input(layer));
        if (is_kept) *CZM_APPEND(arena, &owner->inner) = layer;
    }
    if (model->layers.count == 0) return damaged(r, owner, "the model has no layers");
    return model->is_sequential ? CZM_OK : read_functional(r, owner, layers);
}

// ---- one layer

static bool is_operation(const char *module) {
    return module &&
           (czm_text_begins(module, "keras.src.ops") || czm_text_begins(module, "keras.ops"));
}

static const char *name_of(const json_t *json, const json_t *config, const char *class) {
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!name) name = json_string_value(json_object_get(config, "name"));
    return name ? name : class;
}

static czm_status read_content(reader *r, const json_t *json, unsigned depth,
                               czm_keras_layer *layer) {
    const json_t *layers = json_is_array(layer->config) ? layer->config
                                                        : json_object_get(layer->config, "layers");
    bool is_model = json_is_array(layers) && !czm_text_equal(layer->class_name, "Merge");
    if (is_model) return read_model(r, layer, layers, depth);
    if (depth == 0)
        return czm_keras_refuse(
            r->context, r->file, layer, CZM_RULE_KERAS_LAYER, NULL,
            "the model is a custom class: the file does not contain a list of its layers");
    layer->is_operation = is_operation(layer->module);
    if (layer->is_operation) return CZM_OK;
    CZM_TRY(check_layer(r, layer, json));
    if (czm_text_equal(layer->class_name, "MultiHeadAttention")) return add_projections(r, layer);
    return read_wrapped(r, layer, depth + 1);
}

static czm_status read_layer(reader *r, const json_t *json, const char *prefix, unsigned depth,
                             czm_keras_layer **out) {
    czm_keras_layer *layer = *out = CZM_NEW(r->context->arena, czm_keras_layer);
    layer->config = json_object_get(json, "config");
    layer->class_name = modern_class(czm_config_class(json));
    layer->module = json_string_value(json_object_get(json, "module"));
    layer->name = name_of(json, layer->config, layer->class_name);
    layer->path = czm_arena_format(r->context->arena, "%s%s", prefix, layer->name);
    layer->is_trainable = czm_config_bool(layer->config, "trainable", true);
    if (!*layer->class_name) return damaged(r, layer, "a layer has no class");
    if (depth > DEEPEST_NEST) return damaged(r, layer, "models are nested too deeply");
    if (json_is_object(layer->config)) CZM_TRY(modernise(r, layer->config));
    return read_content(r, json, depth, layer);
}

czm_status czm_keras_layers_read(czm_context *context, const czm_keras_file *file,
                                 czm_keras_layer **root) {
    reader r = {.context = context, .file = file};
    return read_layer(&r, file->config, "", 0, root);
}
