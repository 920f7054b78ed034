// SPDX-License-Identifier: Apache-2.0
//
// Networks of any shape as graphs for both back ends, many in one process, for the tests:
//
//     read_networks [OPSET]
//
// Each line of the standard input is
//
//     NETWORK<tab>LAYOUT<tab>OUTPUT<tab>RESULT
//
// with a file in ONNX or a SavedModel, and LAYOUT "nchw", "nhwc" or "-". Writes RESULT.pb (a GraphDef for
// TensorFlow 2.0.0 whose weights are constants) and RESULT.onnx (operator set 18 unless OPSET is another), and answers with one line
// for each: "ok INPUT... OUTPUT" with the tensors of the GraphDef, "ok RESULT.onnx", or the message.
#include <stdio.h>
#include <stdlib.h>

#include "api/call.h"
#include "check/check.h"
#include "graph_def.h"
#include "passes/passes.h"
#include "read/network.h"
#include "write/onnx/translate.h"
#include "write/onnx/write.h"

enum { MOST_FIELDS = 4 };

typedef struct job {
    const char *path, *layout, *output, *result;
    int opset;
    bool is_for_onnx;
} job;

// ---- the model

static czm_status judge(czm_context *context, const czm_model *model) {
    const czm_shapes *shapes = czm_shapes_infer(context->arena, model, NULL);
    czm_check_subject subject = {.arena = context->arena, .model = model, .shapes = shapes};
    size_t first = czm_report_count(context->report);
    czm_check_ops(context, &subject);
    return czm_report_status(context->report, first);
}

static czm_status read_model(czm_context *context, const job *j, czm_model *model) {
    czm_source *source = CZM_NEW(context->arena, czm_source);
    czm_network_choice choice = {.output = j->output, .layout = czm_onnx_layout_find(j->layout)};
    CZM_TRY(czm_source_open(context, j->path, source));
    CZM_TRY(czm_network_read(context, source, choice, model));
    czm_passes_run(context, model, j->is_for_onnx ? CZM_FOR_ONNX : CZM_FOR_TF200);
    return j->is_for_onnx ? CZM_OK : judge(context, model);
}

// ---- a GraphDef: node=1, library=2 {function=1}, versions=4 {producer=1}

static czm_status collect(void *user, czm_bytes block) {
    czm_put_raw(user, block);
    return CZM_OK;
}

static czm_status constant_of(czm_context *context, czm_model *model, const czm_variable *v,
                              czm_tensor *constant) {
    czm_buffer bytes = czm_buffer_in(context->arena);
    uint32_t crc32c;
    CZM_TRY(v->source->stream(v->source, context, (czm_sink){collect, &bytes}, &crc32c));
    const char *name = czm_arena_format(context->arena, "%s/constant", v->handle->name);
    *constant =
        czm_add_const(&model->main, name, v->dtype, czm_buffer_bytes(&bytes), v->dims, v->rank);
    return CZM_OK;
}

static void replace(czm_graph *graph, const czm_node *handle, czm_tensor by) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        for (size_t k = 0; k < node->inputs.count; k++) {
            czm_node *read = node->inputs.items[k].node;
            if (czm_node_is(read, CZM_OP_ReadVariableOp) && read->inputs.items[0].node == handle)
                node->inputs.items[k] = by;
        }
    }
    for (size_t i = 0; i < graph->outputs.count; i++) {
        czm_node *read = graph->outputs.items[i].tensor.node;
        if (czm_node_is(read, CZM_OP_ReadVariableOp) && read->inputs.items[0].node == handle)
            graph->outputs.items[i].tensor = by;
    }
}

static czm_status write_graph(czm_context *context, czm_model *model, const char *path) {
    enum { PRODUCER = 119 }; // TensorFlow 2.0.0
    for (size_t i = 0; i < model->variables.count; i++) {
        czm_tensor constant;
        CZM_TRY(constant_of(context, model, &model->variables.items[i], &constant));
        replace(&model->main, model->variables.items[i].handle, constant);
    }
    czm_graph_sort(&model->main);
    FILE *file = fopen(path, "wb");
    if (!file) return CZM_ERROR_IO;
    czm_bytes bytes = graph_def(context->arena, model, PRODUCER);
    bool is_written = fwrite(bytes.data, 1, bytes.size, file) == bytes.size;
    return fclose(file) == 0 && is_written ? CZM_OK : CZM_ERROR_IO;
}

// ---- ONNX

static czm_status put(void *user, czm_bytes block) {
    return fwrite(block.data, 1, block.size, user) == block.size ? CZM_OK : CZM_ERROR_IO;
}

static czm_status write_onnx(czm_context *context, czm_model *model, int opset, const char *path) {
    czm_onnx_model onnx;
    const czm_onnx_plan *plan;
    uint64_t size;
    CZM_TRY(czm_onnx_translate(context, model, opset, &onnx));
    CZM_TRY(czm_onnx_plan_make(context, &onnx, &plan, &size));
    FILE *file = fopen(path, "wb");
    if (!file) return CZM_ERROR_IO;
    czm_status status = czm_onnx_write(context, plan, (czm_sink){put, file});
    return fclose(file) == 0 ? status : CZM_ERROR_IO;
}

// ---- one network

static czm_status convert(czm_context *context, void *data) {
    const uint64_t enough = (uint64_t)4 << 30; // for the weights, which the graph contains
    job *j = data;
    czm_model *model = CZM_NEW(context->arena, czm_model);
    czm_budget_allow(context->arena, enough);
    CZM_TRY(read_model(context, j, model));
    const char *path =
        czm_arena_format(context->arena, "%s.%s", j->result, j->is_for_onnx ? "onnx" : "pb");
    CZM_TRY(j->is_for_onnx ? write_onnx(context, model, j->opset, path)
                           : write_graph(context, model, path));
    if (j->is_for_onnx) return printf("ok %s\n", path) > 0 ? CZM_OK : CZM_ERROR_IO;
    czm_tensor output = model->main.outputs.items[0].tensor;
    printf("ok");
    for (size_t i = 0; i < model->main.inputs.count; i++)
        printf(" %s:0", model->main.inputs.items[i].tensor.node->name);
    printf(" %s:%u\n", output.node->name, output.index);
    return CZM_OK;
}

static void run(job *j) {
    czm_report *report = czm_report_new();
    if (!report) exit(CZM_ERROR_MEMORY);
    if (czm_call(report, convert, j)) {
        size_t count = czm_report_count(report);
        const czm_finding *f = count ? czm_report_at(report, count - 1) : NULL;
        if (f)
            printf("%s: %s [%s]\n", f->where, f->finding, f->rule);
        else
            printf("writing failed\n");
    }
    czm_report_free(report);
    fflush(stdout);
}

int main(int argc, char **argv) {
    int opset = argc > 1 ? atoi(argv[1]) : CZM_ONNX_NEW;
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        char *fields[MOST_FIELDS] = {strtok(line, "\t\n")};
        for (size_t i = 1; i < MOST_FIELDS; i++) fields[i] = strtok(NULL, "\t\n");
        if (!fields[MOST_FIELDS - 1]) return CZM_ERROR_USAGE;
        job j = {.path = fields[0],
                 .layout = fields[1],
                 .output = fields[2],
                 .result = fields[3],
                 .opset = opset};
        run(&j);
        j.is_for_onnx = true;
        run(&j);
    }
    return CZM_OK;
}
