// SPDX-License-Identifier: Apache-2.0
//
// Flattening; see flatten.h. How names are resolved:
//
//     main graph      "node", "node:index", "^node"
//     function body   "argument", "argument:index", "node:output:index", "^node"
//
// A call becomes a temporary node (a proxy): its outputs represent the returned tensors of an instance of the
// function, and the instance's arguments represent the inputs of the call. When all names are resolved, one sweep
// replaces the proxies by the tensors that they represent.
#include "read/savedmodel/flatten.h"

#include "read/savedmodel/proxy.h"

enum {
    DEEPEST_NEST = 100,
    FREE_NODES = 100000, // a graph may unfold to this many nodes ...
    GROWTH = 8,          // ... and then to so many times the nodes of the file
    BYTES_PER_STEP = 16,
};

// A scope of names: the main graph, or one instance of a function.
typedef struct scope {
    const struct scope *caller;
    unsigned depth;
    const char *prefix; // of node names: "" or "outer/inner/"
    czm_node_records *records;
    const czm_function_record *function; // NULL: the main graph
    czm_node *call;                      // NULL: not an instance that a call stands for
    czm_name_table nodes;                // record name -> czm_node
    czm_name_table arguments;            // argument name -> first of its nodes in `proxies`
    czm_node_list proxies;               // a node "_Arg" per argument tensor
    czm_tensor_list returns;
} scope;

typedef struct work {
    scope *scope;
    const czm_node_record *record;
    czm_node *node;
} work;

typedef struct flattener {
    czm_context *context;
    czm_meta_graph *meta;
    czm_flat_graph *flat;
    CZM_LIST(work) todo; // grows while it is processed
} flattener;

static czm_status damaged(const flattener *f, const scope *s, czm_bytes node, const char *format,
                          ...) CZM_PRINTF(4, 5);

static czm_status damaged(const flattener *f, const scope *s, czm_bytes node, const char *format,
                          ...) {
    czm_arena *arena = f->context->arena;
    va_list arguments;
    va_start(arguments, format);
    const char *text = czm_arena_vformat(arena, format, arguments);
    va_end(arguments);
    const char *where = s->function ? czm_arena_format(arena, "%s: function \"%s\", node \"%.*s\"",
                                                       f->meta->where, s->function->name,
                                                       (int)node.size, (const char *)node.data)
                                    : czm_arena_format(arena, "%s: node \"%.*s\"", f->meta->where,
                                                       (int)node.size, (const char *)node.data);
    return czm_report_add(f->context->report, CZM_RULE_MODEL_DAMAGED, where,
                          "export the model again", "%s", text);
}

static czm_bytes own_attr(const czm_node *node, const char *name) {
    for (size_t i = 0; i < node->attrs.count; i++)
        if (czm_bytes_is(node->attrs.items[i].name, name)) return node->attrs.items[i].value;
    return (czm_bytes){0};
}

// The function that a node calls and that must be inlined, or an empty name.
static czm_bytes called_function(const flattener *f, const czm_node *node) {
    if (czm_node_traits(node)->calls) return czm_attr_function(node, "f");
    czm_bytes op = czm_bytes_text(node->op);
    return czm_name_find(&f->meta->functions, op) ? op : (czm_bytes){0};
}

// ---- making nodes

// Names such as "StatefulPartitionedCall_3/" contain no information: names begin with the author's part.
static bool is_bare_call(czm_bytes name) {
    static const czm_op_kind calls[] = {CZM_OP_PartitionedCall, CZM_OP_StatefulPartitionedCall};
    for (size_t i = 0; i < CZM_COUNT_OF(calls); i++) {
        const char *call = czm_op_name(calls[i]);
        size_t size = strlen(call);
        if (name.size < size || memcmp(name.data, call, size) != 0) continue;
        if (name.size == size) return true;
        if (name.data[size] != '_') return false;
        for (size_t k = size + 1; k < name.size; k++)
            if (name.data[k] < '0' || name.data[k] > '9') return false;
        return name.size > size + 1;
    }
    return false;
}

static const char *strip_bare_calls(const char *path) {
    for (const char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1)
        if (!is_bare_call(czm_bytes_of(path, (size_t)(slash - path)))) break;
    return path;
}

static const char *inner_prefix(const flattener *f, const scope *s, const czm_node_record *call) {
    if (*s->prefix == '\0' && is_bare_call(call->name)) return "";
    return czm_arena_format(f->context->arena, "%s%.*s/", s->prefix, (int)call->name.size,
                            (const char *)call->name.data);
}

// AttrValue.placeholder=9 names an attr of the call, whose value replaces the placeholder.
static czm_bytes bind_attr(const scope *s, czm_bytes value) {
    czm_field placeholder = czm_wire_find(value, 9);
    if (!placeholder.number || !s->call) return value;
    czm_bytes function = own_attr(s->call, "f");
    czm_wire attrs = czm_wire_read(czm_wire_find(function, 10).bytes); // NameAttrList
    for (czm_field f; czm_wire_next(&attrs, &f);)
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES) &&
            czm_bytes_equal(czm_wire_find(f.bytes, 1).bytes, placeholder.bytes))
            return czm_wire_find(f.bytes, 2).bytes;
    for (size_t i = 0; i < s->call->attrs.count; i++)
        if (czm_bytes_equal(s->call->attrs.items[i].name, placeholder.bytes))
            return s->call->attrs.items[i].value;
    return value;
}

static void read_attrs(const flattener *f, const scope *s, czm_bytes message, czm_node *node) {
    czm_arena *arena = f->context->arena;
    czm_wire wire = czm_wire_read(message);
    for (czm_field field; czm_wire_next(&wire, &field);) {
        if (!czm_field_is(&field, 5, CZM_WIRE_BYTES)) continue;
        czm_bytes value = bind_attr(s, czm_wire_find(field.bytes, 2).bytes);
        *CZM_APPEND(arena, &node->attrs) = (czm_attr){czm_wire_find(field.bytes, 1).bytes,
                                                      czm_attr_with_usual_types(arena, value)};
    }
}

// The node of a record in a scope, made on first demand and put on the worklist.
static czm_node *demand(flattener *f, scope *s, const czm_node_record *record) {
    czm_arena *arena = f->context->arena;
    czm_name_slot *slot = czm_name_slot_for(arena, &s->nodes, record->name);
    if (slot->value) return slot->value;
    const char *name = czm_arena_format(arena, "%s%.*s", s->prefix, (int)record->name.size,
                                        (const char *)record->name.data);
    const czm_op *known = czm_op_find(f->meta->ops, record->op);
    czm_node *node = czm_graph_add_named(&f->flat->graph,
                                         *s->prefix ? name : strip_bare_calls(name),
                                         known ? known->name : czm_arena_string(arena, record->op));
    slot->value = node;
    read_attrs(f, s, record->message, node);
    *CZM_APPEND(arena, &f->todo) = (work){s, record, node};
    return node;
}

static czm_node *demand_named(flattener *f, scope *s, czm_bytes name) {
    const czm_node_record *record = czm_name_find(&s->records->by_name, name);
    return record ? demand(f, s, record) : NULL;
}

// ---- resolving names

static bool parse_index(czm_bytes text, uint32_t *index) {
    *index = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || *index > 100000000) return false;
        *index = *index * 10 + (uint32_t)(text.data[i] - '0');
    }
    return text.size > 0;
}

// Splits at colons into at most three parts; 0 if there are more.
static size_t split(czm_bytes text, czm_bytes parts[3]) {
    size_t count = 0;
    if (text.size == 0) return 0;
    const uint8_t *end = text.data + text.size;
    for (const uint8_t *at = text.data;; at++) {
        const uint8_t *colon = memchr(at, ':', (size_t)(end - at));
        if (count == 3) return 0;
        parts[count++] = czm_bytes_of(at, (size_t)((colon ? colon : end) - at));
        if (!colon) return count;
        at = colon;
    }
}

// The outputs of a node before its output argument `name`, by the op's or function's definition.
static bool output_base(const flattener *f, const czm_node *node, czm_bytes name, uint32_t *base) {
    const czm_op *def = node->def;
    czm_bytes function = called_function(f, node);
    bool is_damaged;
    if (!def && function.size) {
        const czm_function_record *record =
            czm_meta_graph_function(f->context, f->meta, function, &is_damaged);
        def = record && !is_damaged ? record->signature : NULL;
    }
    *base = 0;
    for (size_t size, i = 0; def && i < def->output_count; i++) {
        if (czm_bytes_equal(def->outputs[i].name, name)) return true;
        if (!czm_arg_size(node, &def->outputs[i], &size)) return false;
        *base += (uint32_t)size;
    }
    return false;
}

static bool resolve_in_main(flattener *f, scope *s, czm_bytes text, czm_tensor *tensor) {
    czm_bytes parts[3];
    size_t count = split(text, parts);
    if (count != 1 && count != 2) return false;
    if (count == 2 && !parse_index(parts[1], &tensor->index)) return false;
    tensor->node = demand_named(f, s, parts[0]);
    return tensor->node != NULL;
}

static bool resolve_argument(scope *s, const czm_bytes *parts, size_t count, czm_tensor *tensor) {
    const size_t *first = czm_name_find(&s->arguments, parts[0]);
    uint32_t index = 0;
    if (!first || count > 2 || (count == 2 && !parse_index(parts[1], &index))) return false;
    if (index >= s->proxies.count - *first) return false;
    *tensor = czm_output(s->proxies.items[*first + index]);
    return true;
}

static bool resolve_in_body(flattener *f, scope *s, czm_bytes text, czm_tensor *tensor) {
    czm_bytes parts[3];
    size_t count = split(text, parts);
    if (count == 0) return false;
    if (czm_name_find(&s->arguments, parts[0])) return resolve_argument(s, parts, count, tensor);
    tensor->node = demand_named(f, s, parts[0]);
    uint32_t base = 0, index = 0;
    if (!tensor->node) return false;
    if (count > 1 && !output_base(f, tensor->node, parts[1], &base)) return false;
    if (count > 2 && !parse_index(parts[2], &index)) return false;
    tensor->index = base + index;
    return true;
}

static czm_status resolve(flattener *f, scope *s, czm_bytes reader, czm_bytes text,
                          czm_tensor *tensor) {
    *tensor = (czm_tensor){0};
    bool is_found = s->function ? resolve_in_body(f, s, text, tensor)
                                : resolve_in_main(f, s, text, tensor);
    if (is_found) return CZM_OK;
    return damaged(f, s, reader, "it reads \"%.*s\", which does not exist", (int)text.size,
                   (const char *)text.data);
}

// ---- instances of functions

// A call has an input for each argument: a file may claim more of them than it has bytes.
static void add_arguments(flattener *f, scope *s, const czm_node *call) {
    czm_arena *arena = f->context->arena;
    const czm_op *signature = s->function->signature;
    for (size_t i = 0; i < signature->input_count; i++) {
        const czm_op_arg *arg = &signature->inputs[i];
        size_t size = 1, *first = CZM_NEW(arena, size_t);
        if (call && !czm_arg_size(call, arg, &size)) size = 1;
        size_t left = call ? call->inputs.count - s->proxies.count : size;
        if (size > left) size = left;
        *first = s->proxies.count;
        czm_name_slot_for(arena, &s->arguments, arg->name)->value = first;
        for (size_t k = 0; k < size; k++) {
            czm_node *node = CZM_NEW(arena, czm_node);
            node->name = czm_arena_string(arena, arg->name);
            czm_node_become(&f->flat->graph, node, CZM_OP__Arg);
            czm_set_type(&f->flat->graph, node, "T", arg->dtype);
            czm_proxy *p = CZM_NEW(arena, czm_proxy);
            if (call) *p = (czm_proxy){&call->inputs, true, s->proxies.count};
            node->scratch = call ? p : NULL;
            *CZM_APPEND(arena, &s->proxies) = node;
        }
    }
}

// Assignments and calls run even if nothing reads them.
static bool has_effect(const flattener *f, const czm_node_record *record) {
    const czm_op *known = czm_op_find(f->meta->ops, record->op);
    if (!known) return czm_name_find(&f->meta->functions, record->op) != NULL;
    const czm_op_traits *traits = &czm_op_traits_of[known->kind];
    return traits->assigns || traits->calls;
}

// Once for all instances of a function.
static void collect_effects(flattener *f, czm_node_records *records) {
    if (records->has_effects) return;
    records->has_effects = true;
    for (size_t i = 0; i < records->list.count; i++)
        if (has_effect(f, &records->list.items[i]))
            *CZM_APPEND(f->context->arena, &records->effects) = &records->list.items[i];
}

static void demand_effects(flattener *f, scope *s) {
    collect_effects(f, s->records);
    for (size_t i = 0; i < s->records->effects.count; i++)
        demand(f, s, s->records->effects.items[i]);
}

static czm_status resolve_returns(flattener *f, scope *s) {
    const czm_op *signature = s->function->signature;
    for (size_t i = 0; i < signature->output_count; i++) {
        const czm_bytes *text = czm_name_find(&s->function->returns, signature->outputs[i].name);
        if (!text)
            return damaged(f, s, signature->outputs[i].name, "the function does not return it");
        CZM_TRY(resolve(f, s, signature->outputs[i].name, *text,
                        CZM_APPEND(f->context->arena, &s->returns)));
    }
    return CZM_OK;
}

static czm_status find_function(flattener *f, const scope *s, czm_bytes reader, czm_bytes name,
                                czm_function_record **function) {
    bool is_damaged;
    *function = czm_meta_graph_function(f->context, f->meta, name, &is_damaged);
    if (*function && !is_damaged) return CZM_OK;
    return damaged(f, s, reader, "it uses the function \"%.*s\", which %s", (int)name.size,
                   (const char *)name.data, is_damaged ? "is damaged" : "is not in the file");
}

static bool is_within(const scope *s, const czm_function_record *function) {
    for (; s; s = s->caller)
        if (s->function == function) return true;
    return false;
}

static czm_status enter_function(flattener *f, const scope *s, const work *w, czm_bytes name) {
    czm_function_record *function;
    CZM_TRY(find_function(f, s, w->record->name, name, &function));
    if (is_within(s, function) || s->depth == DEEPEST_NEST)
        return damaged(f, s, w->record->name, "the function \"%s\" calls itself", function->name);
    scope *instance = CZM_NEW(f->context->arena, scope);
    *instance = (scope){.caller = s,
                        .depth = s->depth + 1,
                        .prefix = inner_prefix(f, s, w->record),
                        .records = &function->nodes,
                        .function = function,
                        .call = w->node};
    czm_proxy *p = CZM_NEW(f->context->arena, czm_proxy);
    *p = (czm_proxy){&instance->returns, false, 0};
    w->node->scratch = p;
    add_arguments(f, instance, w->node);
    demand_effects(f, instance);
    return resolve_returns(f, instance);
}

// ---- the worklist

static czm_status add_control(flattener *f, scope *s, const work *w, czm_bytes name) {
    if (czm_name_find(&s->arguments, name)) return CZM_OK;
    czm_node *source = demand_named(f, s, name);
    if (!source)
        return damaged(f, s, w->record->name, "its control input \"%.*s\" does not exist",
                       (int)name.size, (const char *)name.data);
    if (czm_node_traits(source)->is_pivot)
        *CZM_APPEND(f->context->arena, &w->node->controls) = source;
    return CZM_OK;
}

static czm_status add_inputs(flattener *f, const work *w) {
    czm_wire wire = czm_wire_read(w->record->message);
    for (czm_field field; czm_wire_next(&wire, &field);) {
        if (!czm_field_is(&field, 3, CZM_WIRE_BYTES)) continue;
        czm_bytes text = field.bytes;
        if (text.size && text.data[0] == '^') {
            czm_bytes name = czm_bytes_of(text.data + 1, text.size - 1);
            CZM_TRY(add_control(f, w->scope, w, name));
        } else {
            CZM_TRY(resolve(f, w->scope, w->record->name, text,
                            CZM_APPEND(f->context->arena, &w->node->inputs)));
        }
    }
    return CZM_OK;
}

static void note_function(void *user, czm_bytes name) {
    (void)name;
    *(bool *)user = true;
}

static czm_status work_off(flattener *f, const work *w) {
    CZM_TRY(add_inputs(f, w));
    if (czm_node_traits(w->node)->assigns)
        *CZM_APPEND(f->context->arena, &f->flat->assigns) = w->node;
    czm_bytes function = called_function(f, w->node);
    if (function.size) return enter_function(f, w->scope, w, function);
    bool has_functions = false;
    for (size_t i = 0; i < w->node->attrs.count; i++)
        czm_attr_each_function(w->node->attrs.items[i].value, note_function, &has_functions);
    if (has_functions) *CZM_APPEND(f->context->arena, &f->flat->functional) = w->node;
    return CZM_OK;
}

static czm_status work_off_all(flattener *f) {
    for (size_t i = 0; i < f->todo.count; i++) {
        work w = f->todo.items[i]; // a copy: the list moves while it grows
        czm_work(f->context->arena, 1 + w.record->message.size / BYTES_PER_STEP,
                 "the nodes of the graph and of the functions that it calls");
        CZM_TRY(work_off(f, &w));
        if (f->todo.count > FREE_NODES && f->todo.count / GROWTH > f->meta->record_count)
            return damaged(
                f, w.scope, w.record->name,
                "its functions call each other so often that the network has too many operations");
    }
    return CZM_OK;
}

// ---- the whole

// Control inputs matter only in old control flow, where they determine frame and branch.
static void drop_idle_controls(czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (czm_node_is(graph->nodes.items[i], CZM_OP_Switch) ||
            czm_node_is(graph->nodes.items[i], CZM_OP_RefSwitch))
            return;
    for (size_t i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->controls.count = 0;
}

static czm_status finish(flattener *f) {
    CZM_TRY(work_off_all(f));
    czm_graph *graph = &f->flat->graph;
    drop_idle_controls(graph);
    return czm_proxies_follow(f->context, f->meta->where, graph, 2 * f->todo.count);
}

static flattener begin(czm_context *context, czm_meta_graph *meta, czm_flat_graph *flat) {
    *flat = (czm_flat_graph){0};
    flat->graph.arena = context->arena;
    flat->graph.ops = meta->ops;
    return (flattener){.context = context, .meta = meta, .flat = flat};
}

czm_status czm_flatten_main(czm_context *context, czm_meta_graph *meta, const czm_bytes *tensors,
                            size_t tensor_count, const char *run, czm_flat_graph *flat) {
    flattener f = begin(context, meta, flat);
    scope *main_scope = CZM_NEW(context->arena, scope);
    *main_scope = (scope){.prefix = "", .records = &meta->nodes};
    for (size_t i = 0; i < tensor_count; i++) {
        czm_port port = {.name = ""};
        CZM_TRY(resolve(&f, main_scope, czm_bytes_text("(signature)"), tensors[i], &port.tensor));
        *CZM_APPEND(context->arena, &flat->graph.outputs) = port;
    }
    if (run && !demand_named(&f, main_scope, czm_bytes_text(run)))
        return damaged(&f, main_scope, czm_bytes_text(run), "the node is not there");
    return finish(&f);
}

czm_status czm_flatten_function(czm_context *context, czm_meta_graph *meta, czm_bytes name,
                                czm_flat_graph *flat) {
    flattener f = begin(context, meta, flat);
    scope outside = {.prefix = "", .records = &meta->nodes};
    czm_function_record *function;
    CZM_TRY(find_function(&f, &outside, name, name, &function));
    scope *s = CZM_NEW(context->arena, scope);
    *s = (scope){.prefix = "", .records = &function->nodes, .function = function};
    flat->graph.name = function->name;
    add_arguments(&f, s, NULL);
    demand_effects(&f, s);
    CZM_TRY(resolve_returns(&f, s));
    const czm_op *signature = function->signature;
    for (size_t i = 0; i < s->proxies.count; i++)
        *CZM_APPEND(context->arena, &flat->graph.inputs) =
            (czm_port){s->proxies.items[i]->name, czm_output(s->proxies.items[i]),
                       signature->inputs[i].dtype};
    for (size_t i = 0; i < s->returns.count; i++)
        *CZM_APPEND(context->arena, &flat->graph.outputs) =
            (czm_port){czm_arena_string(context->arena, signature->outputs[i].name),
                       s->returns.items[i], signature->outputs[i].dtype};
    return finish(&f);
}
