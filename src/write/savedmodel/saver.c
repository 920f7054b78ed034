// SPDX-License-Identifier: Apache-2.0
//
// The saver's nodes; see saver.h. In the scope "save":
//
//     Const "model"  ->  RestoreV2(Const, tensor_names, shape_and_slices)
//       each output  ->  Identity_i -> AssignVariableOp_i(handle_i, Identity_i)
//       all of them  ->  ^restore_all
//     SaveV2(Const, tensor_names, shape_and_slices, reads of all handles) -> ^control_dependency
#include "write/savedmodel/saver.h"

#include "graph/build.h"

typedef struct builder {
    czm_arena *arena;
    czm_saver *saver;
} builder;

static const char *name(builder *b, const char *rest) {
    return czm_arena_format(b->arena, "%s/%s", b->saver->scope, rest);
}

// "<scope>/<op>_<i>"
static const char *numbered(builder *b, czm_op_kind op, size_t i) {
    return czm_arena_format(b->arena, "%s/%s_%zu", b->saver->scope, czm_op_name(op), i);
}

// A vector of strings, or a scalar when `vector` is false: TensorProto.string_val=8.
static czm_tensor add_strings(builder *b, const char *node_name, const char *const *strings,
                              size_t count, bool is_vector) {
    czm_graph *graph = &b->saver->graph;
    czm_buffer value = czm_buffer_in(b->arena);
    size_t tensor = czm_put_begin(&value, 8);
    czm_put_varint(&value, 1, CZM_DTYPE_STRING);
    size_t shape = czm_put_begin(&value, 2);
    if (is_vector) {
        size_t dim = czm_put_begin(&value, 2);
        czm_put_varint(&value, 1, count);
        czm_put_end(&value, dim);
    }
    czm_put_end(&value, shape);
    for (size_t i = 0; i < count; i++) czm_put_text(&value, 8, strings[i]);
    czm_put_end(&value, tensor);
    czm_node *node = czm_graph_add(graph, node_name, CZM_OP_Const);
    czm_set_type(graph, node, "dtype", CZM_DTYPE_STRING);
    czm_set_attr(graph, node, "value", czm_buffer_bytes(&value));
    return czm_output(node);
}

static czm_node *add_done(builder *b, czm_tensor file) {
    return czm_build_node(&b->saver->graph, name(b, "control_dependency"), CZM_OP_Identity,
                          CZM_INPUTS(file));
}

static void add_restores(builder *b, czm_node *restore) {
    czm_graph *graph = &b->saver->graph;
    const czm_variable_list *variables = &b->saver->model->variables;
    czm_node_list assigns = {0};
    for (size_t i = 0; i < variables->count; i++) {
        czm_node *identity = czm_build_node(graph, numbered(b, CZM_OP_Identity, i), CZM_OP_Identity,
                                            CZM_INPUTS(((czm_tensor){restore, (uint32_t)i})));
        *CZM_APPEND(b->arena, &assigns) =
            czm_build_node(graph, numbered(b, CZM_OP_AssignVariableOp, i), CZM_OP_AssignVariableOp,
                           CZM_INPUTS(czm_output(variables->items[i].handle),
                                      czm_output(identity)));
    }
    czm_graph_add(graph, name(b, "restore_all"), CZM_OP_NoOp)->controls = assigns;
}

static void add_saves(builder *b, czm_tensor file, czm_tensor names, czm_tensor slices,
                      const czm_dtype *dtypes) {
    const czm_variable_list *variables = &b->saver->model->variables;
    czm_graph *graph = &b->saver->graph;
    czm_node *save = czm_build_node(graph, name(b, czm_op_name(CZM_OP_SaveV2)), CZM_OP_SaveV2,
                                    CZM_INPUTS(file, names, slices));
    czm_set_types(graph, save, "dtypes", dtypes, variables->count);
    for (size_t i = 0; i < variables->count; i++)
        czm_node_add_input(graph, save,
                           czm_build_read(graph, numbered(b, CZM_OP_ReadVariableOp, i),
                                          variables->items[i].handle));
    czm_node *done = add_done(b, file);
    *CZM_APPEND(b->arena, &done->controls) = save;
}

// RestoreV2 and SaveV2 require at least one tensor.
static void add_transfers(builder *b, const czm_object_tree *tree, czm_tensor file) {
    const czm_variable_list *variables = &b->saver->model->variables;
    size_t count = variables->count;
    const char **whole = CZM_NEW_ARRAY(b->arena, const char *, count);
    czm_dtype *dtypes = CZM_NEW_ARRAY(b->arena, czm_dtype, count);
    for (size_t i = 0; i < count; i++) {
        whole[i] = "";
        dtypes[i] = variables->items[i].dtype;
    }
    czm_tensor names = add_strings(b, name(b, "RestoreV2/tensor_names"), tree->keys, count, true);
    czm_tensor slices = add_strings(b, name(b, "RestoreV2/shape_and_slices"), whole, count, true);
    czm_node *restore = czm_build_node(&b->saver->graph, name(b, czm_op_name(CZM_OP_RestoreV2)),
                                       CZM_OP_RestoreV2, CZM_INPUTS(file, names, slices));
    czm_set_types(&b->saver->graph, restore, "dtypes", dtypes, count);
    add_restores(b, restore);
    add_saves(b, file, names, slices, dtypes);
}

czm_saver czm_saver_make(czm_arena *arena, const czm_model *model, const czm_object_tree *tree,
                         const czm_node_list *outer) {
    czm_saver saver = {.graph = {.arena = arena, .ops = model->ops}, .model = model};
    saver.scope = czm_free_name(arena, outer, "save", "/");
    builder b = {arena, &saver};
    const char *model_text = "model";
    czm_tensor file = add_strings(&b, name(&b, czm_op_name(CZM_OP_Const)), &model_text, 1, false);
    if (model->variables.count) {
        add_transfers(&b, tree, file);
    } else {
        czm_graph_add(&saver.graph, name(&b, "restore_all"), CZM_OP_NoOp);
        add_done(&b, file);
    }
    return saver;
}

// VariableDef: variable_name=1, initializer_name=2, snapshot_name=3, is_resource=5,
// initial_value_name=6.
static void put_variable_def(builder *b, czm_buffer *out, const czm_variable *v, size_t i) {
    size_t message = czm_put_begin(out, 1);
    czm_put_text(out, 1, czm_arena_format(b->arena, "%s:0", v->handle->name));
    czm_put_text(out, 2, numbered(b, CZM_OP_AssignVariableOp, i));
    czm_put_text(out, 3, czm_arena_format(b->arena, "%s:0", numbered(b, CZM_OP_ReadVariableOp, i)));
    czm_put_varint(out, 5, true);
    czm_put_text(out, 6, czm_arena_format(b->arena, "%s:0", numbered(b, CZM_OP_Identity, i)));
    czm_put_end(out, message);
}

// SaverDef: filename_tensor_name=1, save_tensor_name=2, restore_op_name=3, max_to_keep=4, version=7.
// MetaGraphDef: saver_def=3, collection_def=4 (map to {bytes_list=2 {value=1}}).
void czm_saver_put(czm_buffer *out, const czm_saver *saver) {
    const czm_variable_list *variables = &saver->model->variables;
    czm_saver copy = *saver;
    builder b = {out->arena, &copy};
    enum { SAVER_VERSION_2 = 2, MAX_TO_KEEP = 5 };
    size_t saver_def = czm_put_begin(out, 3);
    czm_put_text(out, 1, name(&b, "Const:0"));
    czm_put_text(out, 2, name(&b, "control_dependency:0"));
    czm_put_text(out, 3, name(&b, "restore_all"));
    czm_put_varint(out, 4, MAX_TO_KEEP);
    czm_put_varint(out, 7, SAVER_VERSION_2);
    czm_put_end(out, saver_def);

    if (variables->count == 0) return;
    size_t entry = czm_put_begin(out, 4);
    czm_put_text(out, 1, "variables");
    size_t collection = czm_put_begin(out, 2);
    size_t list = czm_put_begin(out, 2);
    for (size_t i = 0; i < variables->count; i++)
        put_variable_def(&b, out, &variables->items[i], i);
    czm_put_end(out, list);
    czm_put_end(out, collection);
    czm_put_end(out, entry);
}
