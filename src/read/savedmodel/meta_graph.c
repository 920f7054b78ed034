// SPDX-License-Identifier: Apache-2.0
//
// saved_model.pb into records; see meta_graph.h.
#include "read/savedmodel/meta_graph.h"

#include <stdlib.h>

#include "base/enumeration.h"

static const char damaged_hint[] = "export the model again, or copy it again whole";

static czm_status damaged(czm_context *context, const char *where, const char *what) {
    return czm_report_add(context->report, CZM_RULE_MODEL_DAMAGED, where, damaged_hint,
                          "%s is not a well-formed protocol buffer", what);
}

static bool index_node(czm_arena *arena, czm_node_records *records, czm_bytes message) {
    czm_node_record record = {.message = message};
    czm_wire wire = czm_wire_read(message);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES)) record.name = f.bytes;
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES)) record.op = f.bytes;
    }
    if (wire.damaged || record.name.size == 0) return false;
    *CZM_APPEND(arena, &records->list) = record;
    return true;
}

// Only now: the list may have moved while it grew.
static bool index_names(czm_arena *arena, czm_node_records *records) {
    for (size_t i = 0; i < records->list.count; i++) {
        czm_node_record *record = &records->list.items[i];
        czm_name_slot *slot = czm_name_slot_for(arena, &records->by_name, record->name);
        if (slot->value) records->twice = record->name;
        if (slot->value) return false;
        slot->value = record;
    }
    return true;
}

static bool index_library(czm_arena *arena, czm_meta_graph *graph, czm_bytes library) {
    czm_wire wire = czm_wire_read(library);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 1, CZM_WIRE_BYTES)) continue;
        czm_field signature = czm_wire_find(f.bytes, 1);
        czm_bytes name = czm_wire_find(signature.bytes, 1).bytes;
        if (name.size == 0) return false;
        czm_function_record *function = CZM_NEW(arena, czm_function_record);
        function->name = czm_arena_string(arena, name);
        function->message = f.bytes;
        czm_name_slot_for(arena, &graph->functions, czm_bytes_text(function->name))->value =
            function;
    }
    return !wire.damaged;
}

static bool index_graph(czm_arena *arena, czm_meta_graph *graph, czm_bytes graph_def) {
    czm_wire wire = czm_wire_read(graph_def);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES) && !index_node(arena, &graph->nodes, f.bytes))
            return false;
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES) && !index_library(arena, graph, f.bytes))
            return false;
    }
    graph->record_count += graph->nodes.list.count;
    return !wire.damaged && index_names(arena, &graph->nodes);
}

static bool index_body(czm_arena *arena, czm_op_registry *ops, czm_function_record *function) {
    czm_wire wire = czm_wire_read(function->message);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES)) {
            function->signature = czm_op_read_definition(ops, f.bytes);
            if (!function->signature) return false;
        }
        if (czm_field_is(&f, 3, CZM_WIRE_BYTES) && !index_node(arena, &function->nodes, f.bytes))
            return false;
        if (czm_field_is(&f, 4, CZM_WIRE_BYTES)) {
            czm_bytes *tensor = CZM_NEW(arena, czm_bytes);
            *tensor = czm_wire_find(f.bytes, 2).bytes;
            czm_name_slot_for(arena, &function->returns, czm_wire_find(f.bytes, 1).bytes)->value =
                tensor;
        }
    }
    return !wire.damaged && function->signature && index_names(arena, &function->nodes);
}

czm_function_record *czm_meta_graph_function(czm_context *context, czm_meta_graph *graph,
                                             czm_bytes name, bool *is_damaged) {
    *is_damaged = false;
    czm_function_record *function = czm_name_find(&graph->functions, name);
    if (!function) return NULL;
    if (!function->is_indexed) {
        function->is_indexed = true;
        function->is_damaged = !index_body(context->arena, graph->ops, function);
        graph->record_count += function->nodes.list.count;
    }
    *is_damaged = function->is_damaged;
    return function;
}

// TensorInfo: name=1, dtype=2, tensor_shape=3, coo_sparse=4, composite_tensor=5.
static czm_signature_tensor read_tensor_info(czm_arena *arena, czm_bytes entry) {
    czm_bytes info = czm_wire_find(entry, 2).bytes;
    return (czm_signature_tensor){
        .key = czm_arena_string(arena, czm_wire_find(entry, 1).bytes),
        .tensor = czm_wire_find(info, 1).bytes,
        .dtype = (czm_dtype)(czm_wire_find(info, 2).value % CZM_DTYPE_REF),
        .shape = czm_wire_find(info, 3).bytes,
    };
}

static int compare_tensors(const void *a, const void *b) {
    return strcmp(((const czm_signature_tensor *)a)->key, ((const czm_signature_tensor *)b)->key);
}

static void sort_tensors(czm_signature_tensors *tensors) {
    if (tensors->count)
        qsort(tensors->items, tensors->count, sizeof *tensors->items, compare_tensors);
}

// A map entry {key=1, value=2: SignatureDef {inputs=1, outputs=2 (maps of TensorInfo)}}.
static void read_signature(czm_arena *arena, czm_meta_graph *graph, czm_bytes entry) {
    czm_signature signature = {.key = czm_arena_string(arena, czm_wire_find(entry, 1).bytes)};
    czm_wire wire = czm_wire_read(czm_wire_find(entry, 2).bytes);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES))
            *CZM_APPEND(arena, &signature.inputs) = read_tensor_info(arena, f.bytes);
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES))
            *CZM_APPEND(arena, &signature.outputs) = read_tensor_info(arena, f.bytes);
    }
    sort_tensors(&signature.inputs);
    sort_tensors(&signature.outputs);
    *CZM_APPEND(arena, &graph->signatures) = signature;
}

// MetaInfoDef: meta_graph_version=1, stripped_op_list=2 {op=1}, tensorflow_version=5.
static bool read_meta_info(czm_arena *arena, czm_meta_graph *graph, czm_bytes info) {
    const char *origin = czm_arena_string(arena, czm_wire_find(info, 1).bytes);
    graph->exporter = czm_arena_string(arena, czm_wire_find(info, 5).bytes);
    if (czm_text_begins(origin, CZM_EXPORTER)) graph->exporter = origin + strlen(CZM_EXPORTER);
    if (czm_text_begins(graph->exporter, "TensorFlow ")) graph->exporter += strlen("TensorFlow ");
    czm_wire wire = czm_wire_read(czm_wire_find(info, 2).bytes);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES) && !czm_op_add_definition(graph->ops, f.bytes))
            return false;
    return !wire.damaged;
}

static void read_meta_field(czm_arena *arena, czm_meta_graph *graph, const czm_field *f) {
    if (czm_field_is(f, 3, CZM_WIRE_BYTES)) {
        czm_bytes restore = czm_wire_find(f->bytes, 3).bytes; // SaverDef.restore_op_name
        if (restore.size) graph->restore_op = czm_arena_string(arena, restore);
    } else if (czm_field_is(f, 5, CZM_WIRE_BYTES)) {
        read_signature(arena, graph, f->bytes);
    } else if (czm_field_is(f, 6, CZM_WIRE_BYTES)) {
        czm_bytes info = czm_wire_find(f->bytes, 1).bytes; // AssetFileDef.tensor_info
        czm_bytes tensor = czm_wire_find(info, 1).bytes;
        if (tensor.size) czm_name_slot_for(arena, &graph->assets, tensor)->value = graph;
    } else if (czm_field_is(f, 7, CZM_WIRE_BYTES)) {
        graph->object_graph = f->bytes;
    }
}

static czm_status damaged_graph(czm_context *context, const czm_meta_graph *graph) {
    czm_bytes twice = graph->nodes.twice;
    if (twice.size == 0) return damaged(context, graph->where, "its graph");
    return czm_report_add(context->report, CZM_RULE_MODEL_DAMAGED, graph->where, damaged_hint,
                          "two nodes have the name \"%.*s\"", (int)twice.size,
                          (const char *)twice.data);
}

static czm_status read_meta_graph(czm_context *context, czm_meta_graph *graph, czm_bytes message) {
    czm_wire wire = czm_wire_read(message);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES) && !read_meta_info(context->arena, graph, f.bytes))
            return damaged(context, graph->where, "its meta information");
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES) && !index_graph(context->arena, graph, f.bytes))
            return damaged_graph(context, graph);
        read_meta_field(context->arena, graph, &f);
    }
    return wire.damaged ? damaged(context, graph->where, "its meta graph") : CZM_OK;
}

// The tags of a MetaGraphDef: for the choice, and as {"a", "b"} for messages.
typedef struct tag_set {
    bool has_serve;
    size_t count;
} tag_set;

static tag_set read_tags(czm_bytes meta_graph, czm_enumeration *seen) {
    tag_set tags = {0};
    czm_enumeration texts = czm_enumeration_in(seen->arena);
    czm_wire wire = czm_wire_read(czm_wire_find(meta_graph, 1).bytes);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 4, CZM_WIRE_BYTES)) continue;
        tags.has_serve |= czm_bytes_is(f.bytes, "serve");
        tags.count++;
        czm_enumerate(&texts, "\"", f.bytes, "\"");
    }
    czm_enumerate(seen, "{", czm_bytes_text(czm_enumeration_text(&texts)), "}");
    return tags;
}

// {"serve"} alone is preferred; any set that contains "serve" is accepted.
static czm_bytes choose(czm_bytes file, czm_enumeration *seen) {
    czm_bytes best = {0};
    size_t best_count = SIZE_MAX;
    czm_wire wire = czm_wire_read(file);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 2, CZM_WIRE_BYTES)) continue;
        tag_set tags = read_tags(f.bytes, seen);
        if (tags.has_serve && tags.count < best_count) best = f.bytes, best_count = tags.count;
    }
    return best;
}

czm_status czm_meta_graph_read(czm_context *context, const czm_source *source,
                               czm_meta_graph *graph) {
    czm_arena *arena = context->arena;
    *graph = (czm_meta_graph){.exporter = ""};
    graph->where = czm_source_where(context, source, "saved_model.pb");
    graph->ops = CZM_NEW(arena, czm_op_registry);
    graph->ops->arena = arena;
    czm_bytes file;
    CZM_TRY(czm_source_load(context, source, "saved_model.pb", &file));
    if (file.size == 0 || !czm_wire_is_valid(file)) return damaged(context, graph->where, "it");
    czm_enumeration seen = czm_enumeration_in(arena);
    czm_bytes chosen = choose(file, &seen);
    if (!chosen.data)
        return czm_report_add(context->report, CZM_RULE_SIGNATURE, graph->where,
                              "export the model for serving",
                              "no graph is tagged \"serve\"; there is %s",
                              seen.count ? czm_enumeration_text(&seen) : "none");
    return read_meta_graph(context, graph, chosen);
}
