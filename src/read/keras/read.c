// SPDX-License-Identifier: Apache-2.0
//
// Running the layers of a configuration: see read.h. A functional model is a graph of calls, which is processed back
// from its outputs with a stack; a Sequential is a chain. Models inside models are run where they are called, once
// for each call.
#include "read/keras/read.h"

#include "graph/build.h"
#include "graph/layer_name.h"
#include "read/keras/layers.h"

enum { MOST_CALLS = 100000, STEPS_OF_CALL = 16, MOST_NAMES = 8 };

typedef struct tensors {
    czm_keras_tensor *items;
    size_t count;  // 0: not made yet
    bool is_begun; // then: its inputs are being made
} tensors;

static tensors run_layer(czm_keras_builder *b, czm_keras_layer *layer, const char *outer,
                         const czm_keras_tensor *in, size_t count,
                         const czm_keras_arguments *arguments,
                         const czm_keras_tensor *of_arguments);

// Calls it with tensors alone.
static tensors run_on_tensors(czm_keras_builder *b, czm_keras_layer *layer, const char *outer,
                              const czm_keras_tensor *in, size_t count) {
    czm_keras_arguments *arguments = CZM_NEW(b->context->arena, czm_keras_arguments);
    for (size_t i = 0; i < count; i++)
        *CZM_APPEND(b->context->arena, arguments) = (czm_keras_argument){.is_tensor = true};
    return run_layer(b, layer, outer, in, count, arguments, in);
}

// ---- one layer

// Sets the types of a layer from its policy: the type that it computes in, and the type of its variables.
static void set_types(czm_keras_call *c) {
    static const struct {
        const char *name;
        czm_dtype dtype, stored;
    } policies[] = {
        {"float32", CZM_DTYPE_FLOAT, CZM_DTYPE_FLOAT},
        {"float16", CZM_DTYPE_HALF, CZM_DTYPE_HALF},
        {"bfloat16", CZM_DTYPE_BFLOAT16, CZM_DTYPE_BFLOAT16},
        {"float64", CZM_DTYPE_DOUBLE, CZM_DTYPE_DOUBLE},
        {"mixed_float16", CZM_DTYPE_HALF, CZM_DTYPE_FLOAT},
        {"mixed_bfloat16", CZM_DTYPE_BFLOAT16, CZM_DTYPE_FLOAT},
    };
    const json_t *value = czm_config_get(c->config, "dtype");
    const char *name = json_is_string(value)
                           ? json_string_value(value)
                           : czm_config_text(json_object_get(value, "config"), "name", "float32");
    c->dtype = c->stored = CZM_DTYPE_FLOAT;
    for (size_t i = 0; i < CZM_COUNT_OF(policies); i++) {
        if (!czm_text_equal(name, policies[i].name)) continue;
        c->dtype = policies[i].dtype;
        c->stored = policies[i].stored;
    }
}

// Layers cast floating-point inputs to the type that they compute in.
static const czm_keras_tensor *cast_inputs(czm_keras_call *c, const czm_keras_tensor *in,
                                           size_t count) {
    czm_keras_tensor *out = CZM_NEW_ARRAY(c->arena, czm_keras_tensor, count);
    for (size_t i = 0; i < count; i++) {
        bool is_floating = czm_dtype_is_floating(czm_keras_dtype(in[i]));
        out[i] = is_floating ? czm_keras_cast(c, "Cast", in[i], c->dtype) : in[i];
    }
    return out;
}

// "model/conv2d", or with a number where the layer is used again.
static const char *open_scope(czm_keras_builder *b, const char *outer, const char *name) {
    czm_arena *arena = b->context->arena;
    const char *scope = czm_arena_format(arena, "%s/%s", outer, name), *base = scope;
    czm_name_slot *slot = czm_name_slot_for(arena, &b->scopes, czm_bytes_text(scope));
    for (size_t *last = slot->value; slot->value;) {
        scope = czm_arena_format(arena, "%s_%zu", base, ++*last);
        slot = czm_name_slot_for(arena, &b->scopes, czm_bytes_text(scope));
    }
    slot->value = CZM_NEW(arena, size_t);
    return scope;
}

// Keras 2 keeps an explicit training=True at inference. Keras 3 writes it for random layers by default, and predict()
// overrides it.
static void check_training(czm_keras_call *c) {
    for (size_t i = 0; i < c->arguments->count; i++) {
        const czm_keras_argument *a = &c->arguments->items[i];
        bool is_told = a->name && czm_text_equal(a->name, "training") && json_is_true(a->value);
        if (is_told && c->b->file->major < 3)
            czm_keras_fail(
                c, "call the layer without training=True",
                "the layer is called with training=True: it would behave as in training");
    }
}

// Rejects further arguments of a call that would change the result.
static void check_arguments(czm_keras_call *c) {
    static const char *const inputs[] = {"training", "query", "value", "key", "inputs"};
    for (size_t i = 0; i < c->arguments->count; i++) {
        const czm_keras_argument *a = &c->arguments->items[i];
        bool is_known = !a->name;
        if (is_known && !a->is_tensor && !json_is_null(a->value) && !json_is_false(a->value))
            czm_keras_fail(c, "use an operation instead: x * 2",
                           "the layer is called with a constant, which is not supported");
        for (size_t k = 0; k < CZM_COUNT_OF(inputs) && !is_known; k++)
            is_known = czm_text_equal(a->name, inputs[k]);
        if (!is_known && (a->is_tensor || !(json_is_null(a->value) || json_is_false(a->value))))
            czm_keras_fail(c, NULL,
                           "the layer is called with the argument \"%s\", which is not supported",
                           a->name);
    }
}

static tensors run_class(czm_keras_builder *b, czm_keras_layer *layer, const char *outer,
                         const czm_keras_tensor *in, size_t count,
                         const czm_keras_arguments *arguments,
                         const czm_keras_tensor *of_arguments) {
    czm_keras_call c = {.b = b,
                        .arena = b->context->arena,
                        .graph = &b->model->main,
                        .layer = layer,
                        .config = layer->config,
                        .scope = open_scope(b, outer, layer->name),
                        .in_count = count,
                        .arguments = arguments,
                        .tensors = of_arguments};
    set_types(&c);
    bool is_layer = !layer->is_operation && layer->class->build != czm_keras_build_operation &&
                    layer->class->build != czm_keras_build_node_def;
    c.in = is_layer ? cast_inputs(&c, in, count) : in;
    check_training(&c);
    if (is_layer) check_arguments(&c);
    if (count == 0 && is_layer) czm_keras_fail_damaged(&c, "the layer has no input");
    tensors out = {CZM_NEW(c.arena, czm_keras_tensor), 1, false};
    if (!b->status)
        *out.items = layer->is_operation ? czm_keras_operate(&c) : layer->class->build(&c);
    return out;
}

// ---- functional models

typedef struct pending {
    czm_keras_layer *layer;
    size_t call;
} pending;

typedef struct functional {
    czm_keras_builder *b;
    const czm_keras_model *model;
    const char *scope;
    czm_name_table made; // by the layer's name: tensors of each call
    CZM_LIST(pending) stack;
} functional;

static tensors *made_of(functional *f, const czm_keras_layer *layer, size_t call) {
    czm_arena *arena = f->b->context->arena;
    czm_name_slot *slot = czm_name_slot_for(arena, &f->made, czm_bytes_text(layer->name));
    size_t count = layer->calls.count > 1 ? layer->calls.count : 1;
    if (!slot->value) slot->value = CZM_NEW_ARRAY(arena, tensors, count);
    return call < count ? &((tensors *)slot->value)[call] : NULL;
}

static void fail_layer(czm_keras_builder *b, const czm_keras_layer *layer, const char *what) {
    if (!b->status)
        b->status =
            czm_keras_refuse(b->context, b->file, layer, CZM_RULE_KERAS_DAMAGED, NULL, "%s", what);
}

// The tensor that is referred to; NULL: it is not made yet, and has been put on the stack.
static czm_keras_tensor tensor_of(functional *f, const czm_keras_reference *from) {
    size_t call = from->node - from->layer->first_call;
    tensors *made = made_of(f, from->layer, call);
    if (!made || from->node < from->layer->first_call) {
        fail_layer(f->b, from->layer,
                   "another layer refers to a call of this layer that does not exist");
        return NULL;
    }
    if (made->is_begun) {
        fail_layer(f->b, from->layer, "the layer's input depends on its own output");
        return NULL;
    }
    if (made->count == 0) {
        *CZM_APPEND(f->b->context->arena, &f->stack) = (pending){from->layer, call};
        return NULL;
    }
    if (made->count > from->tensor) return made->items[from->tensor];
    // Of an op with several outputs.
    czm_node *node = made->items[0]->node;
    size_t count;
    if (!czm_node_output_count(node, &count) || from->tensor >= count)
        fail_layer(f->b, from->layer,
                   "another layer refers to an output of this layer that does not exist");
    return czm_keras_keep(f->b->context->arena, (czm_tensor){node, (uint32_t)from->tensor});
}

// Makes a call if all its inputs exist; otherwise their calls are on the stack above it.
static void make(functional *f, pending p) {
    czm_arena *arena = f->b->context->arena;
    size_t before = f->stack.count, count = 0;
    if (p.call >= p.layer->calls.count) {
        fail_layer(f->b, p.layer, "the layer is not connected to an input of the model");
        return;
    }
    made_of(f, p.layer, p.call)->is_begun = true;
    const czm_keras_arguments *arguments = &p.layer->calls.items[p.call];
    czm_keras_tensor *of_arguments = CZM_NEW_ARRAY(arena, czm_keras_tensor, arguments->count);
    czm_keras_tensor *in = CZM_NEW_ARRAY(arena, czm_keras_tensor, arguments->count);
    for (size_t i = 0; i < arguments->count && !f->b->status; i++) {
        if (!arguments->items[i].is_tensor) continue;
        of_arguments[i] = in[count++] = tensor_of(f, &arguments->items[i].from);
    }
    if (f->b->status || f->stack.count > before) return;
    *made_of(f, p.layer, p.call) =
        run_layer(f->b, p.layer, f->scope, in, count, arguments, of_arguments);
    f->stack.count--;
}

static void make_all(functional *f) {
    while (f->stack.count && !f->b->status) {
        pending top = f->stack.items[f->stack.count - 1];
        if (made_of(f, top.layer, top.call)->count) {
            f->stack.count--;
            continue;
        }
        make(f, top);
    }
}

static tensors run_functional(czm_keras_builder *b, const czm_keras_model *model, const char *scope,
                              const czm_keras_tensor *in, size_t count,
                              const czm_keras_layer *owner) {
    functional f = {.b = b, .model = model, .scope = scope};
    tensors out = {CZM_NEW_ARRAY(b->context->arena, czm_keras_tensor, model->outputs.count), 0,
                   false};
    if (count != model->inputs.count)
        fail_layer(b, owner, "the model is called with a wrong number of inputs");
    for (size_t i = 0; i < count && !b->status; i++) {
        tensors *made = made_of(&f, model->inputs.items[i].layer, 0);
        *made = (tensors){CZM_NEW(b->context->arena, czm_keras_tensor), 1, false};
        made->items[0] = in[i];
    }
    for (size_t i = 0; i < model->outputs.count && !b->status; i++) {
        if (!tensor_of(&f, &model->outputs.items[i])) make_all(&f);
        if (!b->status) out.items[out.count++] = tensor_of(&f, &model->outputs.items[i]);
    }
    return out;
}

// ---- models

static tensors run_chain(czm_keras_builder *b, const czm_keras_model *model, const char *scope,
                         const czm_keras_tensor *in, size_t count) {
    tensors t = {(czm_keras_tensor *)in, count, false};
    for (size_t i = 0; i < model->layers.count && !b->status; i++) {
        czm_keras_layer *layer = model->layers.items[i];
        if (!czm_keras_is_input(layer)) t = run_on_tensors(b, layer, scope, t.items, t.count);
    }
    return t;
}

static tensors run_model(czm_keras_builder *b, const czm_keras_layer *layer, const char *scope,
                         const czm_keras_tensor *in, size_t count) {
    const czm_keras_model *model = layer->model;
    return model->is_sequential ? run_chain(b, model, scope, in, count)
                                : run_functional(b, model, scope, in, count, layer);
}

static tensors run_layer(czm_keras_builder *b, czm_keras_layer *layer, const char *outer,
                         const czm_keras_tensor *in, size_t count,
                         const czm_keras_arguments *arguments,
                         const czm_keras_tensor *of_arguments) {
    czm_work(b->context->arena, STEPS_OF_CALL + count, "calls of layers");
    if (++b->calls > MOST_CALLS) fail_layer(b, layer, "the model calls layers too often");
    if (b->status) return (tensors){(czm_keras_tensor *)in, count, false};
    if (!layer->model) return run_class(b, layer, outer, in, count, arguments, of_arguments);
    return run_model(b, layer, open_scope(b, outer, layer->name), in, count);
}

czm_keras_tensor czm_keras_run(czm_keras_builder *b, czm_keras_layer *layer, const char *outer,
                               const czm_keras_tensor *in, size_t count) {
    tensors t = run_on_tensors(b, layer, outer, in, count);
    return t.count ? t.items[0] : in[0];
}

// ---- the ends

static czm_dtype input_type(const json_t *config) {
    const json_t *value = czm_config_get(config, "dtype");
    if (!value) value = czm_config_get(config, "input_dtype");
    czm_dtype dtype = czm_config_dtype(value);
    return dtype ? dtype : CZM_DTYPE_FLOAT;
}

// [null, 128, 128, 3]; false: it is no shape.
static bool read_shape(const json_t *list, int64_t *dims, size_t *rank) {
    *rank = json_array_size(list);
    if (*rank == 0 || *rank > CZM_KERAS_HIGHEST_RANK) return false;
    for (size_t i = 0; i < *rank; i++) {
        const json_t *dim = json_array_get(list, i);
        dims[i] = CZM_UNKNOWN;
        if (!json_is_null(dim) && (czm_config_ints(dim, &dims[i], 1) != 1 || dims[i] < 1))
            return false;
    }
    return true;
}

// The layer that determines the input of a Sequential: its InputLayer, or its first layer, at any depth.
static const czm_keras_layer *first_layer(const czm_keras_layer *layer) {
    while (layer->model && layer->model->is_sequential) layer = layer->model->layers.items[0];
    return layer->model ? layer->model->inputs.items[0].layer : layer;
}

// A Sequential that was never built: the first kernel determines the channels.
static czm_shape shape_by_kernel(czm_arena *arena, const czm_keras_layer *layer) {
    size_t index, rank = layer->class ? layer->class->rank + 2 : 0;
    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, rank);
    if (rank < 3 || !czm_keras_layer_weight(layer, "kernel", &index)) return czm_shape_unknown();
    const czm_keras_weight *kernel = &layer->weights.items[index];
    if (kernel->rank != rank) return czm_shape_unknown();
    for (size_t i = 0; i + 1 < rank; i++) dims[i] = CZM_UNKNOWN;
    dims[rank - 1] = kernel->dims[rank - 2];
    return (czm_shape){(int)rank, dims};
}

static czm_shape input_shape(czm_arena *arena, const czm_keras_layer *owner,
                             const czm_keras_layer *layer) {
    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, CZM_KERAS_HIGHEST_RANK);
    size_t rank;
    bool is_there = read_shape(czm_config_get(layer->config, "batch_input_shape"), dims, &rank) ||
                    read_shape(czm_config_get(layer->config, "batch_shape"), dims, &rank) ||
                    read_shape(czm_config_get(owner->config, "build_input_shape"), dims, &rank);
    if (!is_there) return shape_by_kernel(arena, layer);
    if (owner->model->is_sequential) dims[0] = CZM_UNKNOWN; // it is that of the first data
    return (czm_shape){(int)rank, dims};
}

static czm_keras_tensor add_input(czm_keras_builder *b, const czm_keras_layer *owner,
                                  const czm_keras_layer *layer) {
    czm_arena *arena = b->context->arena;
    czm_dtype dtype = input_type(layer->config);
    const char *name = czm_keras_is_input(layer) ? layer->name
                                                 : czm_arena_format(arena, "%s_input", layer->name);
    czm_shape shape = input_shape(arena, owner, layer);
    if (shape.rank == CZM_UNKNOWN)
        fail_layer(b, layer, "the file does not contain the shape of the input");
    return czm_keras_keep(arena, czm_build_input(&b->model->main, name, dtype,
                                                 czm_shape_attr(arena, shape)));
}

static czm_keras_tensor *add_inputs(czm_keras_builder *b, const czm_keras_layer *root,
                                    size_t *count) {
    const czm_keras_model *model = root->model;
    *count = model->is_sequential ? 1 : model->inputs.count;
    czm_keras_tensor *in = CZM_NEW_ARRAY(b->context->arena, czm_keras_tensor, *count);
    for (size_t i = 0; i < *count && !b->status; i++)
        in[i] = add_input(b, root,
                          model->is_sequential ? first_layer(root) : model->inputs.items[i].layer);
    return in;
}

// The name of the layer that makes output `index`.
static const char *output_name(const czm_keras_layer *root, size_t index) {
    const czm_keras_model *model = root->model;
    return model->is_sequential ? model->layers.items[model->layers.count - 1]->name
                                : model->outputs.items[index].layer->name;
}

static czm_status choose_output(czm_keras_builder *b, const czm_keras_layer *root,
                                const char *wanted, size_t count, size_t *chosen) {
    czm_arena *arena = b->context->arena;
    const char *names = "";
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = output_name(root, i);
        if (i < MOST_NAMES)
            names = czm_arena_format(arena, "%s%s\"%s\"", names, i ? ", " : "", name);
        if (wanted ? !czm_text_equal(name, wanted) : i > 0) continue;
        *chosen = i;
        found++;
    }
    if (count > MOST_NAMES) names = czm_arena_format(arena, "%s and more", names);
    if (found && (wanted || count == 1)) return CZM_OK;
    if (wanted)
        return czm_report_add(b->context->report, CZM_RULE_ONE_OUTPUT, b->file->where, NULL,
                              "it has no output \"%s\", only %s", wanted, names);
    return czm_report_add(b->context->report, CZM_RULE_ONE_OUTPUT, b->file->where, NULL,
                          "it has %zu outputs: %s", count, names);
}

// Inputs that the output does not need are removed; only one may remain.
static czm_status keep_one_input(czm_keras_builder *b) {
    czm_graph *graph = &b->model->main;
    czm_port_list inputs = graph->inputs, kept = {0};
    const char *names = "";
    graph->inputs.count = 0;
    if (czm_graph_sort(graph)) return CZM_ERROR_INVALID; // made from inputs to outputs: cannot be
    for (size_t i = 0; i < inputs.count; i++) {
        const czm_port *port = &inputs.items[i];
        if (i < MOST_NAMES)
            names =
                czm_arena_format(b->context->arena, "%s%s\"%s\"", names, i ? ", " : "", port->name);
        if (port->tensor.node->order) *CZM_APPEND(b->context->arena, &kept) = *port;
    }
    graph->inputs = kept;
    if (kept.count == 1) return CZM_OK;
    return czm_report_add(b->context->report, CZM_RULE_ONE_INPUT, b->file->where,
                          "save a network whose only input is the image", "it has %zu inputs: %s%s",
                          inputs.count, names, inputs.count > MOST_NAMES ? " and more" : "");
}

static void collect_variables(czm_model *model) {
    for (size_t i = 0; i < model->main.nodes.count; i++) {
        czm_node *node = model->main.nodes.items[i];
        if (czm_node_is(node, CZM_OP_VarHandleOp))
            *CZM_APPEND(model->arena, &model->variables) = *(const czm_variable *)node->scratch;
    }
}

static czm_status build(czm_keras_builder *b, czm_keras_layer *root, const char *output) {
    size_t count, chosen = 0;
    czm_graph *graph = &b->model->main;
    czm_keras_tensor *in = add_inputs(b, root, &count);
    tensors out = {0};
    if (!b->status) out = run_model(b, root, root->name, in, count);
    CZM_TRY(b->status);
    CZM_TRY(choose_output(b, root, output, out.count, &chosen));
    czm_tensor result = *out.items[chosen];
    for (int i = 0; i < 2; i++) // of the function and of the signature, in a SavedModel of Keras 2
        result = czm_output(czm_build_node(graph, "Identity", CZM_OP_Identity, &result, 1));
    czm_shapes_catch_up(b->shapes);
    b->model->output_shape =
        czm_wire_find(czm_shape_attr(b->context->arena, czm_shape_of(b->shapes, result)), 7)
            .bytes; // AttrValue.shape
    *CZM_APPEND(b->context->arena, &graph->outputs) =
        (czm_port){output_name(root, chosen), result, czm_tensor_dtype(result)};
    CZM_TRY(keep_one_input(b));
    b->model->layer_names = czm_layer_names_of(b->context->arena, graph);
    collect_variables(b->model);
    return CZM_OK;
}

czm_status czm_keras_read(czm_context *context, const czm_source *source, const char *config_path,
                          const char *output, czm_model *model) {
    czm_keras_file *file = CZM_NEW(context->arena, czm_keras_file); // its weights are read later
    czm_keras_layer *root;
    CZM_TRY(czm_keras_file_open(context, source, config_path, file));
    CZM_TRY(czm_keras_layers_read(context, file, &root));
    CZM_TRY(czm_keras_weights_find(context, file, root));
    czm_op_registry *ops = CZM_NEW(context->arena, czm_op_registry);
    ops->arena = context->arena;
    *model = (czm_model){.arena = context->arena,
                         .ops = ops,
                         .exporter = czm_arena_format(context->arena, "Keras %s", file->version)};
    model->main = (czm_graph){.arena = context->arena, .ops = ops};
    model->signature = "serving_default";
    czm_keras_builder b = {.context = context, .file = file, .model = model};
    b.shapes = czm_shapes_follow(context->arena, model);
    return build(&b, root, output);
}
