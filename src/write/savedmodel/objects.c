// SPDX-License-Identifier: Apache-2.0
//
// Objects; see objects.h.
#include "write/savedmodel/objects.h"

#include "write/savedmodel/structured.h"

// ---- the tree

typedef struct builder {
    czm_arena *arena;
    czm_object_tree *tree;
} builder;

static size_t add(builder *b, czm_object object) {
    *CZM_APPEND(b->arena, &b->tree->objects) = object;
    return b->tree->objects.count - 1;
}

static void add_child(builder *b, size_t parent, const char *name, size_t child) {
    *CZM_APPEND(b->arena, &b->tree->objects.items[parent].children) =
        (czm_object_child){name, child};
}

static size_t add_below(builder *b, size_t parent, const char *name, czm_object_kind kind) {
    size_t id = add(b, (czm_object){.kind = kind});
    add_child(b, parent, name, id);
    return id;
}

static const char *number(czm_arena *arena, size_t i) { return czm_arena_format(arena, "%zu", i); }

// Returns the number of the first; they are in the order of the model's variables.
static size_t add_variables(builder *b, size_t layer, const czm_variable_list *variables) {
    size_t first = b->tree->objects.count;
    b->tree->keys = CZM_NEW_ARRAY(b->arena, const char *, variables->count);
    for (size_t i = 0; i < variables->count; i++) {
        size_t id = add_below(b, layer, number(b->arena, i), CZM_OBJECT_VARIABLE);
        b->tree->objects.items[id].variable = &variables->items[i];
        b->tree->keys[i] =
            czm_arena_format(b->arena, "layer_with_weights-0/%zu/.ATTRIBUTES/VARIABLE_VALUE", i);
    }
    return first;
}

static void add_list(builder *b, const char *name, const czm_variable_list *variables, size_t first,
                     bool only_trainable) {
    size_t list = add_below(b, 0, name, CZM_OBJECT_LIST);
    for (size_t i = 0, count = 0; i < variables->count; i++)
        if (variables->items[i].is_trainable || !only_trainable)
            add_child(b, list, number(b->arena, count++), first + i);
}

static size_t add_function(builder *b, size_t parent, const char *name, czm_call_form form) {
    size_t id = add_below(b, parent, name, CZM_OBJECT_FUNCTION);
    b->tree->objects.items[id].form = form;
    return id;
}

czm_object_tree czm_object_tree_make(czm_arena *arena, const czm_model *model) {
    czm_object_tree tree = {0};
    builder b = {arena, &tree};
    const czm_variable_list *variables = &model->variables;
    size_t root = add(&b, (czm_object){.kind = CZM_OBJECT_MODEL});
    add_below(&b, root, "layer-0", CZM_OBJECT_INPUT);
    size_t layer = add_below(&b, root, "layer-1", CZM_OBJECT_LAYER);
    add_child(&b, root, "layer_with_weights-0", layer);
    size_t first = add_variables(&b, layer, variables);
    add_list(&b, "variables", variables, first, false);
    add_list(&b, "trainable_variables", variables, first, true);
    add_below(&b, root, "regularization_losses", CZM_OBJECT_LIST);
    size_t keras_api = add_below(&b, root, "keras_api", CZM_OBJECT_PLAIN);
    size_t signatures = add_below(&b, root, "signatures", CZM_OBJECT_SIGNATURES);
    add_function(&b, signatures, "serving_default", CZM_CALL_SIGNATURE);
    add_function(&b, root, "_default_save_signature", CZM_CALL_DEFAULT);
    size_t call = add_function(&b, root, "__call__", CZM_CALL_LAYER);
    size_t losses =
        add_function(&b, root, "call_and_return_all_conditional_losses", CZM_CALL_LOSSES);
    add_child(&b, keras_api, "call_and_return_conditional_losses", losses);
    add_child(&b, layer, "keras_api", keras_api);
    add_child(&b, layer, "__call__", call);
    add_child(&b, layer, "call_and_return_all_conditional_losses", losses);
    return tree;
}

// ---- Keras's description of the model and its layers, in JSON

// The common keys; `rest` contains the other keys of one object.
static const char *describe(czm_arena *arena, const char *class_name, const char *name,
                            const char *dtype, const char *rest) {
    return czm_arena_format(arena,
                            "{\"class_name\": \"%s\", \"name\": \"%s\", \"dtype\": \"%s\", "
                            "\"trainable\": true, \"expects_training_arg\": true, "
                            "\"activity_regularizer\": null, \"input_spec\": null, "
                            "\"must_restore_from_config\": false, \"stateful\": false, %s}",
                            class_name, name, dtype, rest);
}

static const char *input_type(const czm_network *n) {
    return czm_dtype_name(n->model->main.inputs.items[0].dtype);
}

// The type in which a layer computes: Keras casts its floating inputs to it.
static const char *compute_type(const czm_network *n) {
    return czm_dtype_is_floating(n->model->main.inputs.items[0].dtype) ? input_type(n) : "float32";
}

// "[null, 64, 64, 3]"
static const char *input_shape(czm_arena *arena, const czm_network *n) {
    const char *items = "";
    for (int i = 0; i < n->input.rank; i++) {
        const char *dim = n->input.dims[i] < 0
                              ? "null"
                              : czm_arena_format(arena, "%lld", (long long)n->input.dims[i]);
        items = czm_arena_format(arena, "%s%s%s", items, i ? ", " : "", dim);
    }
    return czm_arena_format(arena, "[%s]", items);
}

static const char *input_config(czm_arena *arena, const czm_network *n) {
    return czm_arena_format(arena,
                            "{\"batch_input_shape\": %s, \"dtype\": \"%s\", "
                            "\"sparse\": false, \"ragged\": false, \"name\": \"input\"}",
                            input_shape(arena, n), input_type(n));
}

static const char *describe_input(czm_arena *arena, const czm_network *n) {
    const char *rest = czm_arena_format(arena, "\"batch_input_shape\": %s, \"config\": %s",
                                        input_shape(arena, n), input_config(arena, n));
    return describe(arena, "InputLayer", "input", input_type(n), rest);
}

// Keras has no class of this name, and therefore builds the layer from its functions.
static const char layer_class[] = "ConvertedNetwork";
static const char layer_config[] = "{\"name\": \"network\", \"trainable\": true}";

static const char *describe_layer(czm_arena *arena, const czm_network *n) {
    return describe(arena, layer_class, "network", compute_type(n),
                    czm_arena_format(arena, "\"batch_input_shape\": null, \"config\": %s",
                                     layer_config));
}

static const char *describe_model(czm_arena *arena, const czm_network *n) {
    const char *rest = czm_arena_format(
        arena,
        "\"batch_input_shape\": null, \"is_graph_network\": true, \"config\": {"
        "\"name\": \"model\", \"layers\": ["
        "{\"class_name\": \"InputLayer\", \"config\": %s, \"name\": \"input\", "
        "\"inbound_nodes\": []}, "
        "{\"class_name\": \"%s\", \"config\": %s, \"name\": \"network\", "
        "\"inbound_nodes\": [[[\"input\", 0, 0, {}]]]}], "
        "\"input_layers\": [[\"input\", 0, 0]], \"output_layers\": [[\"network\", 0, 0]]}",
        input_config(arena, n), layer_class, layer_config);
    return describe(arena, "Functional", "model", compute_type(n), rest);
}

// ---- SavedObjectGraph

// SavedUserObject: identifier=1, version=2 {producer=1, min_consumer=2}, metadata=3.
static void put_user_object(czm_buffer *out, const char *identifier, const char *metadata) {
    size_t object = czm_put_begin(out, 4);
    czm_put_text(out, 1, identifier);
    size_t version = czm_put_begin(out, 2);
    czm_put_varint(out, 1, 1);
    czm_put_varint(out, 2, 1);
    czm_put_end(out, version);
    if (*metadata) czm_put_text(out, 3, metadata);
    czm_put_end(out, object);
}

static czm_shape variable_shape(const czm_variable *v) {
    return (czm_shape){(int)v->rank, v->dims};
}

// SavedVariable: dtype=1, shape=2, trainable=3, name=6.
static void put_variable(czm_buffer *out, const czm_variable *v) {
    size_t variable = czm_put_begin(out, 7);
    czm_put_varint(out, 1, (uint64_t)v->dtype);
    czm_put_shape(out, 2, variable_shape(v));
    if (v->is_trainable) czm_put_varint(out, 3, true);
    czm_put_text(out, 6, v->handle->name);
    czm_put_end(out, variable);
}

static void put_pair_of_texts(czm_buffer *out, const char *key, const char *const *texts,
                              size_t count) {
    size_t pair = czm_begin_pair(out, CZM_NAMED_TUPLE_VALUE, key);
    czm_open_structure list = czm_begin_structure(out, CZM_VALUE, CZM_LIST_VALUE);
    for (size_t i = 0; i < count; i++) czm_put_string_value(out, CZM_ELEMENT, texts[i]);
    czm_end_structure(out, list);
    czm_put_end(out, pair);
}

static void put_pair_of_none(czm_buffer *out, const char *key) {
    size_t pair = czm_begin_pair(out, CZM_NAMED_TUPLE_VALUE, key);
    czm_put_none(out, CZM_VALUE);
    czm_put_end(out, pair);
}

static void put_pair_of_nothing(czm_buffer *out, const char *key) {
    size_t pair = czm_begin_pair(out, CZM_NAMED_TUPLE_VALUE, key);
    czm_put_empty(out, CZM_VALUE, CZM_DICT_VALUE);
    czm_put_end(out, pair);
}

// The defaults of `training` and `mask`.
static void put_defaults(czm_buffer *out) {
    size_t pair = czm_begin_pair(out, CZM_NAMED_TUPLE_VALUE, "defaults");
    czm_open_structure list = czm_begin_structure(out, CZM_VALUE, CZM_LIST_VALUE);
    czm_put_bool_value(out, CZM_ELEMENT, false);
    czm_put_none(out, CZM_ELEMENT);
    czm_end_structure(out, list);
    czm_put_end(out, pair);
}

// inspect.FullArgSpec of def call(self, inputs, training=False, mask=None).
static void put_arguments(czm_buffer *out) {
    static const char *const args[] = {"self", "inputs", "training", "mask"};
    czm_open_structure spec = czm_begin_structure(out, 1, CZM_NAMED_TUPLE_VALUE);
    czm_put_text(out, 1, "FullArgSpec");
    put_pair_of_texts(out, "args", args, CZM_COUNT_OF(args));
    put_pair_of_none(out, "varargs");
    put_pair_of_none(out, "varkw");
    put_defaults(out);
    put_pair_of_texts(out, "kwonlyargs", NULL, 0);
    put_pair_of_nothing(out, "kwonlydefaults");
    put_pair_of_nothing(out, "annotations");
    czm_end_structure(out, spec);
}

// inspect.FullArgSpec of def signature(*args).
static void put_any_arguments(czm_buffer *out) {
    czm_open_structure spec = czm_begin_structure(out, 1, CZM_NAMED_TUPLE_VALUE);
    czm_put_text(out, 1, "FullArgSpec");
    put_pair_of_texts(out, "args", NULL, 0);
    size_t pair = czm_begin_pair(out, CZM_NAMED_TUPLE_VALUE, "varargs");
    czm_put_string_value(out, CZM_VALUE, "args");
    czm_put_end(out, pair);
    put_pair_of_none(out, "varkw");
    put_pair_of_none(out, "defaults");
    put_pair_of_texts(out, "kwonlyargs", NULL, 0);
    put_pair_of_none(out, "kwonlydefaults");
    put_pair_of_nothing(out, "annotations");
    czm_end_structure(out, spec);
}

static bool is_layer_call(czm_call_form form) {
    return form == CZM_CALL_LAYER || form == CZM_CALL_LOSSES;
}

static void put_input_spec(czm_buffer *out, const czm_network *n, czm_call_form form) {
    const czm_port *input = &n->model->main.inputs.items[0];
    czm_put_spec(out, CZM_ELEMENT, is_layer_call(form) ? "inputs" : input->name, n->input,
                 input->dtype);
}

// FunctionSpec: fullargspec=1, is_method=2, input_signature=5.
static void put_function_spec(czm_buffer *out, const czm_network *n, czm_call_form form) {
    size_t spec = czm_put_begin(out, 2);
    if (is_layer_call(form)) {
        put_arguments(out);
        czm_put_varint(out, 2, true);
        czm_put_none(out, 5);
    } else {
        put_any_arguments(out);
        czm_open_structure tuple = czm_begin_structure(out, 5, CZM_TUPLE_VALUE);
        put_input_spec(out, n, form);
        czm_end_structure(out, tuple);
    }
    czm_put_end(out, spec);
}

// SavedFunction: concrete_functions=1, function_spec=2.
// SavedBareConcreteFunction: concrete_function_name=1, argument_keywords=2,
// allowed_positional_arguments=3.
static void put_function(czm_buffer *out, const czm_network *n, czm_call_form form) {
    bool is_bare = form == CZM_CALL_SIGNATURE;
    size_t function = czm_put_begin(out, is_bare ? 8 : 6);
    for (size_t i = 0; i < CZM_CALL_COUNT; i++)
        if (n->calls[i].form == form) czm_put_text(out, 1, n->calls[i].function);
    if (is_bare) {
        czm_put_text(out, 2, n->model->main.inputs.items[0].name);
        czm_put_varint(out, 3, 1);
    } else {
        put_function_spec(out, n, form);
    }
    czm_put_end(out, function);
}

static void put_kind(czm_buffer *out, const czm_object *o, const czm_network *n) {
    switch (o->kind) {
    case CZM_OBJECT_MODEL:
        put_user_object(out, "_tf_keras_model", describe_model(out->arena, n));
        break;
    case CZM_OBJECT_INPUT:
        put_user_object(out, "_tf_keras_layer", describe_input(out->arena, n));
        break;
    case CZM_OBJECT_LAYER:
        put_user_object(out, "_tf_keras_layer", describe_layer(out->arena, n));
        break;
    case CZM_OBJECT_VARIABLE: put_variable(out, o->variable); break;
    case CZM_OBJECT_LIST: put_user_object(out, "trackable_list_wrapper", ""); break;
    case CZM_OBJECT_PLAIN: put_user_object(out, "_generic_user_object", ""); break;
    case CZM_OBJECT_SIGNATURES: put_user_object(out, "signature_map", ""); break;
    case CZM_OBJECT_FUNCTION: put_function(out, n, o->form); break;
    }
}

// ObjectReference: node_id=1, local_name=2.
static void put_child(czm_buffer *out, const czm_object_child *c) {
    size_t child = czm_put_begin(out, 1);
    czm_put_varint(out, 1, c->id);
    czm_put_text(out, 2, c->name);
    czm_put_end(out, child);
}

// ---- concrete functions

static void put_input_structure(czm_buffer *out, const czm_network *n, const czm_call *call) {
    czm_open_structure both = czm_begin_structure(out, 3, CZM_TUPLE_VALUE);
    bool is_by_key = call->form == CZM_CALL_SIGNATURE;
    czm_open_structure positions = czm_begin_structure(out, CZM_ELEMENT, CZM_TUPLE_VALUE);
    if (!is_by_key) put_input_spec(out, n, call->form);
    if (is_layer_call(call->form)) {
        czm_put_bool_value(out, CZM_ELEMENT, call->is_training);
        czm_put_none(out, CZM_ELEMENT);
    }
    czm_end_structure(out, positions);
    czm_open_structure keys = czm_begin_structure(out, CZM_ELEMENT, CZM_DICT_VALUE);
    if (is_by_key) {
        const czm_port *input = &n->model->main.inputs.items[0];
        size_t pair = czm_begin_pair(out, CZM_DICT_VALUE, input->name);
        czm_put_spec(out, CZM_VALUE, input->name, n->input, input->dtype);
        czm_put_end(out, pair);
    }
    czm_end_structure(out, keys);
    czm_end_structure(out, both);
}

static void put_output_structure(czm_buffer *out, const czm_network *n, czm_call_form form) {
    const czm_port *output = &n->model->main.outputs.items[0];
    if (form == CZM_CALL_LAYER) {
        czm_put_spec(out, 4, "", n->output, output->dtype);
    } else if (form == CZM_CALL_LOSSES) {
        czm_open_structure pair = czm_begin_structure(out, 4, CZM_TUPLE_VALUE);
        czm_put_spec(out, CZM_ELEMENT, "0", n->output, output->dtype);
        czm_put_empty(out, CZM_ELEMENT, CZM_LIST_VALUE);
        czm_end_structure(out, pair);
    } else {
        czm_open_structure keys = czm_begin_structure(out, 4, CZM_DICT_VALUE);
        size_t pair = czm_begin_pair(out, CZM_DICT_VALUE, output->name);
        czm_put_spec(out, CZM_VALUE, output->name, n->output, output->dtype);
        czm_put_end(out, pair);
        czm_end_structure(out, keys);
    }
}

// The objects of the functions' last arguments: the model's variables.
static czm_bytes bound_inputs(czm_arena *arena, const czm_object_tree *tree) {
    czm_buffer ids = czm_buffer_in(arena);
    for (size_t i = 0; i < tree->objects.count; i++)
        if (tree->objects.items[i].kind == CZM_OBJECT_VARIABLE) czm_put_raw_varint(&ids, i);
    return czm_buffer_bytes(&ids);
}

// A map entry {key=1, value=2: SavedConcreteFunction {bound_inputs=2,
// canonicalized_input_signature=3, output_signature=4}}.
static void put_concrete(czm_buffer *out, const czm_network *n, const czm_call *call,
                         czm_bytes bound) {
    size_t entry = czm_put_begin(out, 2);
    czm_put_text(out, 1, call->function);
    size_t concrete = czm_put_begin(out, 2);
    if (bound.size) czm_put_bytes(out, 2, bound);
    put_input_structure(out, n, call);
    put_output_structure(out, n, call->form);
    czm_put_end(out, concrete);
    czm_put_end(out, entry);
}

void czm_put_objects(czm_buffer *out, uint32_t field, const czm_object_tree *tree,
                     const czm_network *n) {
    size_t graph = czm_put_begin(out, field);
    for (size_t i = 0; i < tree->objects.count; i++) {
        const czm_object *o = &tree->objects.items[i];
        size_t object = czm_put_begin(out, 1);
        for (size_t k = 0; k < o->children.count; k++) put_child(out, &o->children.items[k]);
        put_kind(out, o, n);
        czm_put_end(out, object);
    }
    czm_bytes bound = bound_inputs(out->arena, tree);
    for (size_t i = 0; i < CZM_CALL_COUNT; i++) put_concrete(out, n, &n->calls[i], bound);
    czm_put_end(out, graph);
}

// ---- the checkpoint's objects

// SerializedTensor: name=1, full_name=2, checkpoint_key=3.
static void put_value(czm_buffer *out, const czm_variable *v, const char *key) {
    size_t value = czm_put_begin(out, 2);
    czm_put_text(out, 1, "VARIABLE_VALUE");
    czm_put_text(out, 2, v->handle->name);
    czm_put_text(out, 3, key);
    czm_put_end(out, value);
}

static bool is_stored(const czm_object_tree *tree, size_t id) {
    return tree->objects.items[id].kind != CZM_OBJECT_FUNCTION;
}

czm_bytes czm_object_tree_checkpoint(czm_arena *arena, const czm_object_tree *tree) {
    czm_buffer out = czm_buffer_in(arena);
    for (size_t i = 0, variable = 0; i < tree->objects.count && is_stored(tree, i); i++) {
        const czm_object *o = &tree->objects.items[i];
        size_t object = czm_put_begin(&out, 1);
        for (size_t k = 0; k < o->children.count; k++)
            if (is_stored(tree, o->children.items[k].id)) put_child(&out, &o->children.items[k]);
        if (o->variable) put_value(&out, o->variable, tree->keys[variable++]);
        czm_put_end(&out, object);
    }
    return czm_buffer_bytes(&out);
}
