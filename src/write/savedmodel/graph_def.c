// SPDX-License-Identifier: Apache-2.0
//
// Nodes and functions, field by field; see graph_def.h.
#include "write/savedmodel/graph_def.h"

#include <stdlib.h>

// Without a formatted copy, which would take most of the time for a large network.
static void put_index(czm_buffer *out, size_t index) {
    char digits[24];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + index % 10);
    while (index /= 10);
    digits[--at] = ':';
    czm_put_raw(out, czm_bytes_of(digits + at, sizeof digits - at));
}

void czm_put_graph_tensor(czm_buffer *out, uint32_t field, czm_tensor t) {
    size_t text = czm_put_begin(out, field);
    czm_put_raw(out, czm_bytes_text(t.node->name));
    if (t.index) put_index(out, t.index);
    czm_put_end(out, text);
}

// The output argument of output *index; *index becomes the position in it.
static czm_bytes output_argument(const czm_node *node, size_t *index) {
    const czm_op *def = node->def;
    for (size_t size, i = 0; i < def->output_count; i++) {
        if (!czm_arg_size(node, &def->outputs[i], &size)) break;
        if (*index < size) return def->outputs[i].name;
        *index -= size;
    }
    return (czm_bytes){0}; // the checks exclude this case
}

void czm_put_body_tensor(czm_buffer *out, uint32_t field, czm_tensor t) {
    size_t text = czm_put_begin(out, field), index = t.index;
    czm_put_raw(out, czm_bytes_text(t.node->name));
    if (!czm_node_is(t.node, CZM_OP__Arg)) {
        czm_bytes argument = output_argument(t.node, &index);
        czm_put_raw(out, czm_bytes_of(":", 1));
        czm_put_raw(out, argument);
        put_index(out, index);
    }
    czm_put_end(out, text);
}

static int compare_attrs(const void *a, const void *b) {
    return czm_bytes_compare(((const czm_attr *)a)->name, ((const czm_attr *)b)->name);
}

static void put_attrs(czm_buffer *out, const czm_node *node) {
    if (node->attrs.count == 0) return;
    czm_attr *sorted = CZM_NEW_ARRAY(out->arena, czm_attr, node->attrs.count);
    memcpy(sorted, node->attrs.items, node->attrs.count * sizeof *sorted);
    qsort(sorted, node->attrs.count, sizeof *sorted, compare_attrs);
    for (size_t i = 0; i < node->attrs.count; i++) {
        size_t entry = czm_put_begin(out, 5);
        czm_put_bytes(out, 1, sorted[i].name);
        czm_put_bytes(out, 2, sorted[i].value);
        czm_put_end(out, entry);
    }
}

// NodeDef: name=1, op=2, input=3, attr=5.
void czm_put_node(czm_buffer *out, uint32_t field, const czm_node *node,
                  czm_put_tensor *put_input) {
    size_t message = czm_put_begin(out, field);
    czm_put_text(out, 1, node->name);
    czm_put_text(out, 2, node->op);
    for (size_t i = 0; i < node->inputs.count; i++) put_input(out, 3, node->inputs.items[i]);
    for (size_t i = 0; i < node->controls.count; i++)
        czm_put_text(out, 3, czm_arena_format(out->arena, "^%s", node->controls.items[i]->name));
    put_attrs(out, node);
    czm_put_end(out, message);
}

void czm_put_argument(czm_buffer *out, uint32_t field, const char *name, czm_dtype dtype) {
    size_t arg = czm_put_begin(out, field);
    czm_put_text(out, 1, name);
    czm_put_varint(out, 3, (uint64_t)dtype);
    czm_put_end(out, arg);
}

bool czm_graph_is_stateful(const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]->def && graph->nodes.items[i]->def->is_stateful) return true;
    return false;
}

void czm_put_return(czm_buffer *out, const char *name, czm_tensor tensor, czm_put_tensor *put) {
    size_t entry = czm_put_begin(out, 4);
    czm_put_text(out, 1, name);
    put(out, 2, tensor);
    czm_put_end(out, entry);
}

void czm_put_function(czm_buffer *out, const czm_graph *graph) {
    size_t function = czm_put_begin(out, 1);
    size_t signature = czm_put_begin(out, 1);
    czm_put_text(out, 1, graph->name);
    for (size_t i = 0; i < graph->inputs.count; i++)
        czm_put_argument(out, 2, graph->inputs.items[i].name, graph->inputs.items[i].dtype);
    for (size_t i = 0; i < graph->outputs.count; i++)
        czm_put_argument(out, 3, graph->outputs.items[i].name, graph->outputs.items[i].dtype);
    if (czm_graph_is_stateful(graph)) czm_put_varint(out, 17, true);
    czm_put_end(out, signature);
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (!czm_node_is(graph->nodes.items[i], CZM_OP__Arg))
            czm_put_node(out, CZM_FUNCTION_NODE, graph->nodes.items[i], czm_put_body_tensor);
    for (size_t i = 0; i < graph->outputs.count; i++)
        czm_put_return(out, graph->outputs.items[i].name, graph->outputs.items[i].tensor,
                       czm_put_body_tensor);
    czm_put_end(out, function);
}

void czm_put_shape(czm_buffer *out, uint32_t field, czm_shape shape) {
    size_t message = czm_put_begin(out, field);
    for (int i = 0; i < shape.rank; i++) {
        size_t dim = czm_put_begin(out, 2);
        if (shape.dims[i] != 0) czm_put_varint(out, 1, (uint64_t)shape.dims[i]);
        czm_put_end(out, dim);
    }
    if (shape.rank == CZM_UNKNOWN) czm_put_varint(out, 3, true);
    czm_put_end(out, message);
}
