// SPDX-License-Identifier: Apache-2.0
//
// TensorArrays as TensorLists; see functionalize.h. The operations of a TensorArray have its handle as an input, and
// a flow, a number that orders them (core/ops/data_flow_ops.cc). Each operation reads the flow of the previous one,
// so the flow can be replaced by the list itself.
#include "passes/onnx/functionalize.h"

#include "graph/build.h"

enum { ELEMENT_SHAPE = -1, END = -2, MOST_DIMS = 8 };

// The inputs of the TensorList's operation: numbers of the old one's.
static const struct {
    czm_op_kind op, list;
    int inputs[4];
} rows[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define AS_LIST(name, ...) .list = CZM_OP_##name, .inputs = {__VA_ARGS__},
#include "op/ops.def"
};

static bool is_number(const czm_shapes *shapes, czm_tensor tensor, double number) {
    double known;
    return czm_value_number(czm_value_of(shapes, tensor), &known) && known == number;
}

// All elements in their order: 0, 1, 2 ... as a range, or as numbers.
static bool is_in_order(const czm_shapes *shapes, const czm_node *scatter) {
    const czm_node *range = scatter->inputs.items[1].node;
    czm_value value = czm_value_of(shapes, scatter->inputs.items[1]);
    size_t known = 0;
    while (value.elements && known < value.count && value.elements[known].is_known &&
           value.elements[known].number == (double)known)
        known++;
    if (value.elements && known == value.count) return true;
    return czm_node_is(range, CZM_OP_Range) && range->inputs.count == 3 &&
           is_number(shapes, range->inputs.items[0], 0) &&
           is_number(shapes, range->inputs.items[2], 1);
}

static bool is_array(const czm_node *node) { return strncmp(node->op, "TensorArray", 11) == 0; }

static bool has_list(const czm_shapes *shapes, const czm_node *node) {
    size_t wanted;
    bool is_whole = czm_node_input_count(node, &wanted) && node->inputs.count == wanted;
    bool is_scatter = czm_node_is(node, CZM_OP_TensorArrayScatterV3);
    return is_whole && rows[czm_node_kind(node)].list && (!is_scatter || is_in_order(shapes, node));
}

static bool are_all_known(const czm_graph *graph, const czm_shapes *shapes) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (is_array(graph->nodes.items[i]) && !has_list(shapes, graph->nodes.items[i]))
            return false;
    return true;
}

// Whether the array of a handle, which is already a list, may be written beyond its size.
static bool grows_on(const czm_node *handle) {
    while (handle->inputs.count && !czm_node_is(handle, CZM_OP_TensorListReserve))
        handle = handle->inputs.items[0].node;
    return czm_attr_bool(handle, "resize_if_index_out_of_bounds");
}

static void become_list(czm_graph *graph, czm_node *node) {
    czm_op_kind array = czm_node_kind(node);
    czm_tensor_list inputs = {0};
    czm_dtype dtype = czm_attr_type(node, czm_node_has_attr(node, "T") ? "T" : "dtype");
    bool grows =
        czm_attr_bool(node, "dynamic_size") ||
        (czm_node_is(node, CZM_OP_TensorArrayWriteV3) && grows_on(node->inputs.items[0].node));
    for (const int *input = rows[array].inputs; *input != END; input++)
        *CZM_APPEND(graph->arena, &inputs) =
            *input == ELEMENT_SHAPE
                ? czm_add_const_ints(graph, node->name, (const int32_t[]){-1}, 1, true)
                : node->inputs.items[*input];
    czm_build_anew(graph, node, rows[array].list, inputs.items, inputs.count);
    czm_set_type(graph, node, "element_dtype", dtype);
    czm_set_type(graph, node, "shape_type", CZM_DTYPE_INT32);
    if (grows) czm_set_bool(graph, node, "resize_if_index_out_of_bounds", true);
}

// The flow was output 1 of the array.
static void take_first(czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++) {
            czm_tensor *read = &graph->nodes.items[i]->inputs.items[k];
            if (czm_node_is(read->node, CZM_OP_TensorListReserve)) read->index = 0;
        }
}

bool czm_onnx_list_arrays(czm_model *model, const czm_shapes *shapes) {
    czm_graph *graph = &model->main;
    size_t count = graph->nodes.count;
    bool is_changed = false;
    if (!are_all_known(graph, shapes)) return false;
    for (size_t i = 0; i < count; i++) {
        czm_node *node = graph->nodes.items[i];
        if (!is_array(node)) continue;
        become_list(graph, node);
        is_changed = true;
    }
    if (!is_changed) return false;
    take_first(graph);
    czm_graph_sort(graph);
    return true;
}

// ---- the shape of the elements, which TensorLists have and TensorArrays lack

// The node that made the list.
static czm_node *source_of(czm_node *node) {
    enum { MOST_STEPS = 64 };
    for (int i = 0; i < MOST_STEPS && node->inputs.count; i++, node = node->inputs.items[0].node)
        if (czm_node_is(node, CZM_OP_TensorListReserve) ||
            czm_node_is(node, CZM_OP_TensorListFromTensor))
            break;
    return node;
}

// Notes the shape of a written tensor, without the dimensions that are not the element's.
static void note_shape(czm_graph *graph, const czm_shapes *shapes, czm_node *node) {
    bool is_whole = czm_node_is(node, CZM_OP_TensorListFromTensor);
    if (!is_whole && !czm_node_is(node, CZM_OP_TensorListSetItem)) return;
    czm_shape all = czm_shape_of(shapes, node->inputs.items[is_whole ? 0 : 2]);
    if (all.rank < is_whole || all.rank > MOST_DIMS) return;
    czm_shape *element = CZM_NEW(graph->arena, czm_shape);
    *element = (czm_shape){all.rank - is_whole, all.dims + is_whole};
    source_of(node)->scratch = element;
}

static void tell_shape(czm_graph *graph, czm_node *node) {
    const czm_shape *shape = source_of(node)->scratch;
    for (size_t row = 0; shape && row < CZM_COUNT_OF(rows); row++) {
        if (!rows[row].list || !czm_node_is(node, rows[row].list)) continue;
        int32_t dims[MOST_DIMS];
        for (int i = 0; i < shape->rank; i++) dims[i] = (int32_t)shape->dims[i];
        for (size_t i = 0; rows[row].inputs[i] != END; i++)
            if (rows[row].inputs[i] == ELEMENT_SHAPE)
                node->inputs.items[i] =
                    czm_add_const_ints(graph, node->name, dims, (size_t)shape->rank, false);
    }
}

void czm_onnx_tell_elements(czm_model *model, const czm_shapes *shapes) {
    czm_graph *graph = &model->main;
    size_t count = graph->nodes.count;
    for (size_t i = 0; i < count; i++) graph->nodes.items[i]->scratch = NULL;
    for (size_t i = 0; i < count; i++) note_shape(graph, shapes, graph->nodes.items[i]);
    for (size_t i = 0; i < count; i++) tell_shape(graph, graph->nodes.items[i]);
    czm_graph_sort(graph);
}
