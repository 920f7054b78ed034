// SPDX-License-Identifier: Apache-2.0
//
// Surveys a whole file; see census.h.
#include "read/savedmodel/census.h"

#include <stdlib.h>

typedef struct counting {
    czm_arena *arena;
    czm_census *census;
    czm_name_table told;
} counting;

static void tell(counting *c, const char *text) {
    czm_name_slot *slot = czm_name_slot_for(c->arena, &c->told, czm_bytes_text(text));
    if (slot->value) return;
    slot->value = (void *)text;
    *CZM_APPEND(c->arena, &c->census->newer) = text;
}

// NodeDef: attr=5 {key=1, value=2}. Attributes that begin with "_" are a runtime's notes to itself.
static void count_attrs(counting *c, const czm_op *op, czm_bytes node) {
    czm_wire wire = czm_wire_read(node);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 5, CZM_WIRE_BYTES)) continue;
        czm_bytes name = czm_wire_find(f.bytes, 1).bytes;
        const czm_op_attr *known = czm_op_attr_find(op, name);
        if ((name.size && name.data[0] == '_') || (known && !known->is_new)) continue;
        tell(c, czm_arena_format(c->arena, "attribute %.*s of %s", (int)name.size,
                                 (const char *)name.data, op->name));
    }
}

static void count_nodes(counting *c, const czm_node_records *nodes) {
    for (size_t i = 0; i < nodes->list.count; i++) {
        const czm_node_record *node = &nodes->list.items[i];
        if (czm_name_find(&c->census->meta.functions, node->op)) continue; // a call
        const czm_op *op = czm_op_find(c->census->meta.ops, node->op);
        if (op && op->in_target)
            count_attrs(c, op, node->message);
        else
            tell(c, czm_arena_format(c->arena, "operation %.*s", (int)node->op.size,
                                     (const char *)node->op.data));
    }
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

czm_status czm_census_read(czm_context *context, const czm_source *source, czm_census *census) {
    *census = (czm_census){0};
    CZM_TRY(czm_meta_graph_read(context, source, &census->meta));
    counting c = {.arena = context->arena, .census = census};
    count_nodes(&c, &census->meta.nodes);
    const czm_name_table *functions = &census->meta.functions;
    for (size_t i = 0; i < functions->capacity; i++) {
        if (!functions->slots[i].value) continue;
        bool is_damaged = false;
        const czm_function_record *function =
            czm_meta_graph_function(context, &census->meta, functions->slots[i].name, &is_damaged);
        if (function) count_nodes(&c, &function->nodes);
    }
    if (census->newer.count)
        qsort(census->newer.items, census->newer.count, sizeof *census->newer.items, compare_texts);
    return CZM_OK;
}
