// SPDX-License-Identifier: Apache-2.0
//
// Variables by way of objects; see object_graph.h. Objects that do not fit are skipped: the caller reports a variable
// without a key.
#include "read/savedmodel/object_graph.h"

// The state of a variable in the model's own lists. The flags of variables do not consider frozen layers.
typedef enum training { NOT_LISTED, FIXED, TRAINED } training;

typedef struct object {
    czm_bytes message;
    size_t partner; // its id in the checkpoint, plus 1; 0: not known
    training training;
} object;

typedef CZM_LIST(object) object_list;

bool czm_objects_are_keras(czm_bytes object_graph) {
    czm_wire wire = czm_wire_read(object_graph);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 1, CZM_WIRE_BYTES)) continue;
        czm_bytes identifier = czm_wire_find(czm_wire_find(f.bytes, 4).bytes, 1).bytes;
        return identifier.size > 9 && memcmp(identifier.data, "_tf_keras_", 10) == 0;
    }
    return false;
}

struct czm_objects {
    czm_arena *arena;
    object_list saved, stored; // of the SavedModel, of the checkpoint
    czm_name_table by_key;     // checkpoint key -> object of `saved`
    czm_name_table by_name;    // name of a listed variable -> object of `saved`, or `ambiguous`
    object ambiguous;
};

static object_list read_objects(czm_arena *arena, czm_bytes graph) {
    object_list objects = {0};
    czm_wire wire = czm_wire_read(graph);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES))
            *CZM_APPEND(arena, &objects) = (object){.message = f.bytes};
    return objects;
}

// The children of a stored object by name; ids plus 1, so that 0 is "none".
static czm_name_table children_of(czm_arena *arena, czm_bytes message) {
    czm_name_table children = {0};
    czm_wire wire = czm_wire_read(message);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 1, CZM_WIRE_BYTES)) continue;
        size_t *id = CZM_NEW(arena, size_t);
        *id = (size_t)czm_wire_find(f.bytes, 1).value;
        czm_name_slot_for(arena, &children, czm_wire_find(f.bytes, 2).bytes)->value = id;
    }
    return children;
}

// Both graphs begin with the root; children of the same name belong together.
static void pair_objects(czm_objects *g) {
    CZM_LIST(size_t) todo = {0};
    if (g->saved.count == 0 || g->stored.count == 0) return;
    g->saved.items[0].partner = 1;
    *CZM_APPEND(g->arena, &todo) = 0;
    while (todo.count) {
        const object *o = &g->saved.items[todo.items[--todo.count]];
        czm_name_table children = children_of(g->arena, g->stored.items[o->partner - 1].message);
        czm_wire wire = czm_wire_read(o->message);
        for (czm_field f; czm_wire_next(&wire, &f);) {
            if (!czm_field_is(&f, 1, CZM_WIRE_BYTES)) continue;
            uint64_t id = czm_wire_find(f.bytes, 1).value;
            const size_t *partner = czm_name_find(&children, czm_wire_find(f.bytes, 2).bytes);
            if (!partner || *partner >= g->stored.count || id >= g->saved.count ||
                g->saved.items[id].partner)
                continue;
            g->saved.items[id].partner = *partner + 1;
            *CZM_APPEND(g->arena, &todo) = (size_t)id;
        }
    }
}

// The object that a child leads to, or NULL.
static object *child_object(czm_objects *g, czm_bytes child) {
    uint64_t id = czm_wire_find(child, 1).value;
    return id < g->saved.count ? &g->saved.items[id] : NULL;
}

static void mark(czm_objects *g, czm_bytes list, training found) {
    czm_wire wire = czm_wire_read(list);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        object *o = czm_field_is(&f, 1, CZM_WIRE_BYTES) ? child_object(g, f.bytes) : NULL;
        if (o && found > o->training) o->training = found;
    }
}

static czm_field saved_variable(const object *o) { return czm_wire_find(o->message, 7); }

static czm_bytes variable_name(const object *o) {
    return czm_wire_find(saved_variable(o).bytes, 6).bytes;
}

// Keras 3 saves each variable twice and lists one of the two.
static void index_names(czm_objects *g) {
    for (size_t i = 0; i < g->saved.count; i++) {
        object *o = &g->saved.items[i];
        if (!o->training) continue;
        czm_name_slot *slot = czm_name_slot_for(g->arena, &g->by_name, variable_name(o));
        const object *other = slot->value;
        slot->value = !other || other->training == o->training ? o : &g->ambiguous;
    }
}

static bool is_trained(const czm_objects *g, const object *o) {
    const object *listed = o->training ? o : czm_name_find(&g->by_name, variable_name(o));
    if (listed && listed->training) return listed->training == TRAINED;
    return czm_wire_find(saved_variable(o).bytes, 3).value != 0;
}

static void read_lists(czm_objects *g) {
    czm_wire wire = czm_wire_read(g->saved.count ? g->saved.items[0].message : (czm_bytes){0});
    for (czm_field f; czm_wire_next(&wire, &f);) {
        object *list = czm_field_is(&f, 1, CZM_WIRE_BYTES) ? child_object(g, f.bytes) : NULL;
        if (!list) continue;
        czm_bytes name = czm_wire_find(f.bytes, 2).bytes;
        if (czm_bytes_is(name, "variables")) mark(g, list->message, FIXED);
        if (czm_bytes_is(name, "trainable_variables")) mark(g, list->message, TRAINED);
    }
    index_names(g);
}

// The key of a variable's value, or an empty view.
static czm_bytes value_key(const czm_objects *g, uint64_t id) {
    if (id >= g->saved.count || !g->saved.items[id].partner) return (czm_bytes){0};
    czm_wire wire = czm_wire_read(g->stored.items[g->saved.items[id].partner - 1].message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES) &&
            czm_bytes_is(czm_wire_find(f.bytes, 1).bytes, "VARIABLE_VALUE"))
            return czm_wire_find(f.bytes, 3).bytes;
    return (czm_bytes){0};
}

typedef CZM_LIST(czm_bytes) name_list;

static name_list data_inputs(czm_arena *arena, czm_bytes node) {
    name_list inputs = {0};
    czm_wire wire = czm_wire_read(node);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 3, CZM_WIRE_BYTES) && f.bytes.size && f.bytes.data[0] != '^')
            *CZM_APPEND(arena, &inputs) = f.bytes;
    return inputs;
}

// The function that a call node calls: attr "f" of the NodeDef.
static czm_bytes called(czm_bytes node) {
    czm_wire wire = czm_wire_read(node);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 5, CZM_WIRE_BYTES) &&
            czm_bytes_is(czm_wire_find(f.bytes, 1).bytes, "f"))
            return czm_wire_find(czm_wire_find(czm_wire_find(f.bytes, 2).bytes, 10).bytes, 1).bytes;
    return (czm_bytes){0};
}

static void add_bound(const czm_objects *g, czm_bytes function, const name_list *inputs,
                      czm_name_table *keys) {
    czm_field packed = czm_wire_find(function, 2);
    size_t count = 0;
    for (czm_wire w = czm_wire_read(packed.bytes); w.at < w.end; count++) czm_wire_varint(&w);
    if (count > inputs->count) return;
    czm_wire ids = czm_wire_read(packed.bytes);
    for (size_t i = inputs->count - count; i < inputs->count; i++) {
        czm_checkpoint_key key = {value_key(g, czm_wire_varint(&ids)), {0}};
        czm_name_slot *slot = czm_name_slot_for(g->arena, keys, inputs->items[i]);
        if (slot->value || key.name.size == 0) continue;
        czm_checkpoint_key *kept = slot->value = CZM_NEW(g->arena, czm_checkpoint_key);
        *kept = key;
    }
}

czm_status czm_objects_read(czm_context *context, const czm_meta_graph *meta, czm_bundle *bundle,
                            czm_objects **objects) {
    czm_objects *g = *objects = CZM_NEW(context->arena, czm_objects);
    *g = (czm_objects){.arena = context->arena};
    if (meta->object_graph.size == 0) return CZM_OK;
    czm_bytes stored;
    CZM_TRY(czm_bundle_string(context, bundle, "_CHECKPOINTABLE_OBJECT_GRAPH", &stored));
    g->saved = read_objects(context->arena, meta->object_graph);
    g->stored = read_objects(context->arena, stored);
    pair_objects(g);
    read_lists(g);
    for (size_t i = 0; i < g->saved.count; i++) {
        czm_bytes key = value_key(g, i);
        if (key.size)
            czm_name_slot_for(context->arena, &g->by_key, key)->value = &g->saved.items[i];
    }
    return CZM_OK;
}

void czm_objects_describe(const czm_objects *g, czm_bytes key, czm_variable *variable) {
    const object *o = czm_name_find(&g->by_key, key);
    czm_field saved = o ? saved_variable(o) : (czm_field){0};
    if (!czm_field_is(&saved, 7, CZM_WIRE_BYTES)) return;
    czm_bytes name = variable_name(o);
    if (name.size) variable->name = czm_arena_string(g->arena, name);
    variable->is_trainable = is_trained(g, o);
}

void czm_objects_add_keys(const czm_objects *g, const czm_meta_graph *meta, czm_name_table *keys) {
    czm_name_table functions = {0};
    czm_wire wire = czm_wire_read(meta->object_graph);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 2, CZM_WIRE_BYTES)) continue;
        czm_bytes *message = CZM_NEW(g->arena, czm_bytes);
        *message = czm_wire_find(f.bytes, 2).bytes;
        czm_name_slot_for(g->arena, &functions, czm_wire_find(f.bytes, 1).bytes)->value = message;
    }
    for (size_t i = 0; i < meta->nodes.list.count; i++) {
        czm_bytes node = meta->nodes.list.items[i].message, function = called(node);
        const czm_bytes *concrete = function.size ? czm_name_find(&functions, function) : NULL;
        if (!concrete) continue;
        name_list inputs = data_inputs(g->arena, node);
        add_bound(g, *concrete, &inputs, keys);
    }
}
