// SPDX-License-Identifier: Apache-2.0
//
// Joining two models; see splice.h.
#include "edit/splice.h"

#include "graph/build.h"

typedef struct renaming {
    czm_arena *arena;
    czm_name_table *names; // old name -> new name, of functions
} renaming;

// NameAttrList: name=1, attr=2.
static void put_function(renaming *r, czm_buffer *out, uint32_t number, czm_bytes message) {
    czm_bytes old = czm_wire_find(message, 1).bytes;
    const char *fresh = czm_name_find(r->names, old);
    size_t function = czm_put_begin(out, number);
    czm_put_bytes(out, 1, fresh ? czm_bytes_text(fresh) : old);
    czm_wire wire = czm_wire_read(message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES)) czm_put_bytes(out, 2, f.bytes);
    czm_put_end(out, function);
}

// An AttrValue that names functions: func=10, or list=1 {func=9}. It contains nothing else.
static czm_bytes renamed(renaming *r, czm_bytes value) {
    czm_buffer out = czm_buffer_in(r->arena);
    czm_field function = czm_wire_find(value, 10);
    if (function.number) {
        put_function(r, &out, 10, function.bytes);
        return czm_buffer_bytes(&out);
    }
    size_t list = czm_put_begin(&out, 1);
    czm_wire wire = czm_wire_read(czm_wire_find(value, 1).bytes);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 9, CZM_WIRE_BYTES)) put_function(r, &out, 9, f.bytes);
    czm_put_end(&out, list);
    return czm_buffer_bytes(&out);
}

static void note_function(void *user, czm_bytes name) {
    (void)name;
    *(bool *)user = true;
}

static void rename_in_graph(renaming *r, czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        for (size_t k = 0; k < graph->nodes.items[i]->attrs.count; k++) {
            czm_attr *attr = &graph->nodes.items[i]->attrs.items[k];
            bool names_function = false;
            czm_attr_each_function(attr->value, note_function, &names_function);
            if (names_function) attr->value = renamed(r, attr->value);
        }
    }
}

// Functions of the step get new names if both models have a function of the same name.
static void move_functions(czm_model *model, const czm_model *step) {
    czm_name_table names = {0};
    renaming r = {model->arena, &names};
    size_t before = model->functions.count;
    for (size_t i = 0; i < step->functions.count; i++) {
        czm_graph *function = step->functions.items[i];
        const char *name = function->name;
        for (size_t k = 1; czm_model_function(model, czm_bytes_text(name)); k++)
            name = czm_arena_format(model->arena, "%s_%zu", function->name, k);
        czm_name_slot *slot =
            czm_name_slot_for(model->arena, &names, czm_bytes_text(function->name));
        slot->value = (void *)name;
        function->name = name;
        czm_model_add_function(model, function);
    }
    czm_graph main_graph = step->main;
    rename_in_graph(&r, &main_graph);
    for (size_t i = before; i < model->functions.count; i++)
        rename_in_graph(&r, model->functions.items[i]);
}

static void move_all(czm_model *model, const czm_model *step) {
    if (step->functions.count) move_functions(model, step);
    for (size_t i = 0; i < step->main.nodes.count; i++)
        *CZM_APPEND(model->arena, &model->main.nodes) = step->main.nodes.items[i];
    for (size_t i = 0; i < step->variables.count; i++)
        *CZM_APPEND(model->arena, &model->variables) = step->variables.items[i];
}

void czm_splice_before(czm_model *model, const czm_model *step) {
    czm_port *input = &model->main.inputs.items[0];
    const czm_port *step_input = &step->main.inputs.items[0];
    move_all(model, step);
    czm_build_anew(&model->main, input->tensor.node, CZM_OP_Identity,
                   CZM_INPUTS(step->main.outputs.items[0].tensor));
    input->tensor = step_input->tensor;
    input->dtype = step_input->dtype;
    czm_graph_sort(&model->main);
}

void czm_splice_behind(czm_model *model, const czm_model *step) {
    czm_port *output = &model->main.outputs.items[0];
    const czm_port *step_output = &step->main.outputs.items[0];
    czm_node *placeholder = step->main.inputs.items[0].tensor.node;
    move_all(model, step);
    czm_build_anew(&model->main, placeholder, CZM_OP_Identity, CZM_INPUTS(output->tensor));
    czm_model_forget_output_shape(model);
    output->tensor = step_output->tensor;
    output->dtype = step_output->dtype;
    czm_graph_sort(&model->main);
}
