// SPDX-License-Identifier: Apache-2.0
//
// From variables to checkpoint tensors; see variables.h.
#include "read/savedmodel/variables.h"

#include "read/savedmodel/bundle.h"
#include "read/savedmodel/object_graph.h"

static bool is_variable(const czm_node *node) { return czm_node_traits(node)->is_variable; }

typedef CZM_LIST(czm_bytes) string_list;

// String `index` of a Const: TensorProto.string_val=8, whose last value repeats. The list is read once
// and kept in `scratch`: names and slices of all variables are in two such nodes.
static bool const_string(czm_arena *arena, czm_tensor t, size_t index, czm_bytes *string) {
    if (!czm_node_is(t.node, CZM_OP_Const)) return false;
    if (!t.node->scratch) {
        string_list *strings = t.node->scratch = CZM_NEW(arena, string_list);
        czm_wire wire = czm_wire_read(czm_attr_tensor(t.node, "value"));
        for (czm_field f; czm_wire_next(&wire, &f);)
            if (czm_field_is(&f, 8, CZM_WIRE_BYTES)) *CZM_APPEND(arena, strings) = f.bytes;
    }
    const string_list *strings = t.node->scratch;
    if (strings->count == 0) return false;
    *string = strings->items[index < strings->count ? index : strings->count - 1];
    return true;
}

// assign(variable, Identity*(RestoreV2(prefix, names, slices)[i])) gives a key; others do not.
static void note_assign(czm_arena *arena, const czm_node *assign, czm_name_table *keys) {
    if (assign->inputs.count < 2) return;
    czm_tensor variable = czm_identity_source(assign->inputs.items[0]);
    czm_tensor restored = czm_identity_source(assign->inputs.items[1]);
    czm_checkpoint_key *key = CZM_NEW(arena, czm_checkpoint_key);
    if (!is_variable(variable.node) || !czm_node_is(restored.node, CZM_OP_RestoreV2) ||
        restored.node->inputs.count != 3 ||
        !const_string(arena, restored.node->inputs.items[1], restored.index, &key->name) ||
        !const_string(arena, restored.node->inputs.items[2], restored.index, &key->slice))
        return;
    czm_name_slot_for(arena, keys, czm_bytes_text(variable.node->name))->value = key;
}

static czm_status read_keys(czm_context *context, czm_meta_graph *meta, czm_name_table *keys) {
    *keys = (czm_name_table){0};
    if (!meta->restore_op) return CZM_OK;
    czm_flat_graph flat;
    CZM_TRY(czm_flatten_main(context, meta, NULL, 0, meta->restore_op, &flat));
    for (size_t i = 0; i < flat.assigns.count; i++) {
        const czm_node *assign = flat.assigns.items[i];
        if (czm_node_is(assign, CZM_OP_Assign) || czm_node_is(assign, CZM_OP_AssignVariableOp))
            note_assign(context->arena, assign, keys);
    }
    return CZM_OK;
}

static const char *where_of(czm_context *context, const czm_meta_graph *meta,
                            const czm_node *node) {
    return czm_arena_format(context->arena, "%s: variable \"%s\"", meta->where, node->name);
}

// The declared shape must be the stored one, because readers of the variable depend on it.
static czm_status check_shape(czm_context *context, const czm_meta_graph *meta,
                              const czm_variable *v) {
    czm_bytes shape = czm_attr_shape(v->handle, "shape");
    if (czm_wire_find(shape, 3).value) return CZM_OK; // unknown rank
    size_t rank = 0;
    bool fits = czm_attr_type(v->handle, "dtype") == v->dtype;
    czm_wire wire = czm_wire_read(shape);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 2, CZM_WIRE_BYTES)) continue;
        int64_t dim = (int64_t)czm_wire_find(f.bytes, 1).value;
        if (rank < v->rank && dim >= 0) fits &= v->dims[rank] == dim;
        rank++;
    }
    if (fits && rank == v->rank) return CZM_OK;
    return czm_report_add(context->report, CZM_RULE_MODEL_DAMAGED,
                          where_of(context, meta, v->handle),
                          "copy saved_model.pb and the folder variables from the same export",
                          "its type or shape in the graph is not that in the checkpoint");
}

// The sources of the variables' values.
typedef struct store {
    czm_bundle *bundle;
    czm_name_table keys; // variable name -> czm_checkpoint_key
    czm_objects *objects;
} store;

// The restore function is used first; the object graph supplies missing keys.
static czm_status open_store(czm_context *context, const czm_source *source, czm_meta_graph *meta,
                             const czm_graph *graph, store *s) {
    CZM_TRY(read_keys(context, meta, &s->keys));
    CZM_TRY(czm_bundle_open(context, source, &s->bundle));
    CZM_TRY(czm_objects_read(context, meta, s->bundle, &s->objects));
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        if (!is_variable(node) || czm_name_find(&s->keys, czm_bytes_text(node->name))) continue;
        czm_objects_add_keys(s->objects, meta, &s->keys);
        break;
    }
    return CZM_OK;
}

// The names of moving statistics in Keras and tf.layers, alone or before "/part_0" of a partitioned variable.
static bool is_moving_statistic(const char *name) {
    return strstr(name, "moving_mean") || strstr(name, "moving_variance");
}

static czm_status resolve(czm_context *context, czm_meta_graph *meta, const store *s,
                          czm_node *node, czm_variable *variable) {
    const czm_checkpoint_key *key = czm_name_find(&s->keys, czm_bytes_text(node->name));
    if (!key)
        return czm_report_add(context->report, CZM_RULE_VARIABLE_MISSING,
                              where_of(context, meta, node),
                              "make it a saved variable or a constant, and export again",
                              "inference reads it, but loading the model does not restore it");
    *variable = (czm_variable){.handle = node, .name = node->name};
    CZM_TRY(czm_bundle_find(context, s->bundle, *key, variable));
    variable->is_trainable = czm_dtype_is_floating(variable->dtype) &&
                             !is_moving_statistic(node->name);
    czm_objects_describe(s->objects, key->name, variable);
    return check_shape(context, meta, variable);
}

czm_status czm_variables_resolve(czm_context *context, const czm_source *source,
                                 czm_meta_graph *meta, const czm_graph *graph,
                                 czm_variable_list *variables) {
    *variables = (czm_variable_list){0};
    store s = {0};
    czm_status worst = CZM_OK;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        if (!is_variable(node)) continue;
        if (!s.bundle) // a network without variables may have no checkpoint
            CZM_TRY(open_store(context, source, meta, graph, &s));
        czm_variable variable;
        czm_status status = resolve(context, meta, &s, node, &variable);
        if (status)
            worst = status;
        else
            *CZM_APPEND(context->arena, variables) = variable;
    }
    return worst;
}
