// SPDX-License-Identifier: Apache-2.0
//
// The network of a Keras file as a SavedModel for TensorFlow 2.0.0, for the tests, whatever it is for:
//
//     keras_convert FILE FOLDER [CONFIG]
//
// FOLDER must have a folder "variables". Prints the findings; the status is that of the library.
#include <setjmp.h>
#include <stdio.h>

#include "passes/passes.h"
#include "read/keras/read.h"
#include "shape/shape.h"
#include "write/savedmodel/bundle.h"
#include "write/savedmodel/saved_model.h"

static czm_status put(void *user, czm_bytes block) {
    return fwrite(block.data, 1, block.size, user) == block.size ? CZM_OK : CZM_ERROR_IO;
}

static FILE *open_in(czm_arena *arena, const char *folder, const char *name) {
    return fopen(czm_path_join(arena, folder, name), "wb");
}

static czm_status write_bytes(czm_arena *arena, const char *folder, const char *name,
                              czm_bytes bytes) {
    FILE *file = open_in(arena, folder, name);
    if (!file) return CZM_ERROR_IO;
    czm_status status = put(file, bytes);
    fclose(file);
    return status;
}

static czm_status write_model(czm_context *context, const czm_model *model, const char *folder) {
    czm_arena *arena = context->arena;
    const czm_shapes *shapes = czm_shapes_infer(arena, model, NULL);
    czm_shape input = czm_shape_of(shapes, model->main.inputs.items[0].tensor);
    czm_shape output = czm_shape_of(shapes, model->main.outputs.items[0].tensor);
    const czm_shape_fault *fault = czm_shapes_fault(shapes);
    if (fault) fprintf(stderr, "%s: %s\n", fault->node->name, fault->text);
    czm_object_tree tree = czm_object_tree_make(arena, model);
    CZM_TRY(write_bytes(arena, folder, "saved_model.pb",
                        czm_saved_model_write(arena, model, &tree, input, output)));
    czm_bundle_plan plan = czm_bundle_plan_make(arena, model, &tree);
    FILE *data = open_in(arena, folder, "variables/variables.data-00000-of-00001");
    if (!data) return CZM_ERROR_IO;
    czm_status status = czm_bundle_data(context, &plan, (czm_sink){put, data});
    fclose(data);
    return status ? status
                  : write_bytes(arena, folder, "variables/variables.index",
                                czm_bundle_index(arena, &plan));
}

static czm_status run(czm_context *context, const char *path, const char *folder,
                      const char *config) {
    czm_source source;
    czm_model *model = CZM_NEW(context->arena, czm_model);
    CZM_TRY(czm_source_open(context, path, &source));
    if (source.kind != CZM_SOURCE_KERAS) return CZM_ERROR_USAGE;
    CZM_TRY(czm_keras_read(context, &source, config, NULL, model));
    czm_passes_run(context, model, CZM_FOR_TF200);
    return write_model(context, model, folder);
}

int main(int argc, char **argv) {
    jmp_buf out_of_memory;
    if (argc < 3) return CZM_ERROR_USAGE;
    czm_report *report = czm_report_new();
    if (setjmp(out_of_memory)) return CZM_ERROR_MEMORY;
    czm_context context = {czm_arena_new(&out_of_memory), report};
    czm_status status = run(&context, argv[1], argv[2], argc > 3 ? argv[3] : NULL);
    for (size_t i = 0; i < czm_report_count(report); i++) {
        const czm_finding *f = czm_report_at(report, i);
        fprintf(stderr, "%s: %s [%s]\n", f->where, f->finding, f->rule);
    }
    czm_arena_free(context.arena);
    czm_report_free(report);
    return (int)status;
}
