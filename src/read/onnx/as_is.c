// SPDX-License-Identifier: Apache-2.0
//
// A file that stays as it is: a model of its ends, and whether it holds all of its weights; see file.h.
#include "graph/build.h"
#include "read/onnx/file.h"
#include "view/value.h"

// ---- weights of inner graphs

typedef enum part { PART_NODE, PART_ATTRIBUTE, PART_GRAPH, PART_FUNCTION, PART_TENSOR } part;

typedef struct inner {
    part part;
    czm_bytes message;
} inner;

// Which fields of a message are messages of the next kind.
static const struct {
    part in;
    uint32_t field;
    part part;
} ways_in[] = {
    {PART_NODE, 5, PART_ATTRIBUTE},   {PART_FUNCTION, 7, PART_NODE},
    {PART_GRAPH, 1, PART_NODE},       {PART_GRAPH, 5, PART_TENSOR},
    {PART_ATTRIBUTE, 5, PART_TENSOR}, {PART_ATTRIBUTE, 10, PART_TENSOR},
    {PART_ATTRIBUTE, 6, PART_GRAPH},  {PART_ATTRIBUTE, 11, PART_GRAPH},
};

// Whether a message contains, at any depth, a TensorProto whose data_location (14) is EXTERNAL.
static bool leads_outside(czm_arena *arena, part kind, czm_bytes message) {
    CZM_LIST(inner) stack = {0};
    *CZM_APPEND(arena, &stack) = (inner){kind, message};
    while (stack.count) {
        inner top = stack.items[--stack.count];
        if (top.part == PART_TENSOR && czm_wire_find(top.message, 14).value == 1) return true;
        czm_wire wire = czm_wire_read(top.message);
        for (czm_field f; top.part != PART_TENSOR && czm_wire_next(&wire, &f);) {
            czm_work(arena, 1, "the fields of inner graphs");
            for (size_t i = 0; i < CZM_COUNT_OF(ways_in); i++)
                if (ways_in[i].in == top.part && czm_field_is(&f, ways_in[i].field, CZM_WIRE_BYTES))
                    *CZM_APPEND(arena, &stack) = (inner){ways_in[i].part, f.bytes};
        }
    }
    return false;
}

static czm_status tell_outside(czm_context *context, const czm_onnx_file *file, const char *name) {
    return czm_report_add(context->report, CZM_RULE_ONNX_DAMAGED, file->where,
                          "save the network with its weights in one file, or omit the option that "
                          "packs the file unchanged",
                          "weights inside \"%s\" are stored in another file", name);
}

czm_status czm_onnx_check_inner(czm_context *context, const czm_onnx_file *file) {
    for (size_t i = 0; i < file->operations.count; i++)
        if (leads_outside(context->arena, PART_NODE, file->operations.items[i].message))
            return tell_outside(context, file, file->operations.items[i].name);
    for (size_t i = 0; i < file->functions.count; i++)
        if (leads_outside(context->arena, PART_FUNCTION, file->functions.items[i]->message))
            return tell_outside(context, file, file->functions.items[i]->name);
    return CZM_OK;
}

// ---- as a model

const char *czm_onnx_list_names(czm_arena *arena, const czm_onnx_end *ends, size_t count) {
    const char *text = "";
    for (size_t i = 0; i < count && i < 16; i++)
        text = czm_arena_format(arena, "%s%s\"%s\"", text, i ? ", " : "", ends[i].name);
    return text;
}

static czm_status one(czm_context *context, const czm_onnx_file *file, czm_rule rule,
                      const char *what, const czm_onnx_end *ends, size_t count) {
    if (count == 1) return CZM_OK;
    return czm_report_add(context->report, rule, file->where, NULL, "it has %zu %s%s%s", count,
                          what, count ? ": " : "",
                          czm_onnx_list_names(context->arena, ends, count));
}

static czm_bytes shape_proto(czm_arena *arena, czm_shape shape) {
    return czm_wire_find(czm_shape_attr(arena, shape), 7).bytes;
}

czm_status czm_onnx_file_model(czm_context *context, const czm_onnx_file *file, czm_model *model) {
    czm_arena *arena = context->arena;
    CZM_TRY(
        one(context, file, CZM_RULE_ONE_INPUT, "inputs", file->inputs.items, file->inputs.count));
    CZM_TRY(one(context, file, CZM_RULE_ONE_OUTPUT, "outputs", file->outputs.items,
                file->outputs.count));
    const czm_onnx_end *in = &file->inputs.items[0], *out = &file->outputs.items[0];
    *model = (czm_model){.arena = arena,
                         .exporter = file->producer,
                         .signature = "",
                         .ir_version = file->ir_version,
                         .opset = file->opset,
                         .has_only_ends = true};
    for (size_t i = 0; i < file->operations.count; i++)
        *CZM_APPEND(arena, &model->names) = file->operations.items[i].name;
    for (size_t i = 0; i < file->initializers.count; i++)
        *CZM_APPEND(arena, &model->names) = file->initializers.items[i].name;
    model->ops = CZM_NEW(arena, czm_op_registry);
    *model->ops = (czm_op_registry){.arena = arena};
    model->main = (czm_graph){.arena = arena, .ops = model->ops};
    model->output_shape = shape_proto(arena, out->shape);
    czm_tensor input =
        czm_build_input(&model->main, in->name, in->dtype, czm_shape_attr(arena, in->shape));
    czm_node *network = czm_graph_add_named(&model->main, out->name, "ONNX");
    czm_node_add_input(&model->main, network, input);
    *CZM_APPEND(arena, &model->main.outputs) =
        (czm_port){out->name, czm_output(network), out->dtype};
    czm_graph_sort(&model->main);
    return CZM_OK;
}
