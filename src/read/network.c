// SPDX-License-Identifier: Apache-2.0
//
// Dispatch by the kind of file; see network.h.
#include "read/network.h"

#include "read/keras/read.h"
#include "read/savedmodel/model.h"

static czm_status read_saved_model(czm_context *context, const czm_source *source,
                                   czm_network_choice choice, czm_model *model) {
    return czm_model_read(context, source, choice.signature, choice.output, model);
}

static czm_status read_onnx(czm_context *context, const czm_source *source,
                            czm_network_choice choice, czm_model *model) {
    czm_onnx_file *file = source->onnx;
    const char *where = czm_source_where(context, source, source->file);
    czm_extent extent;
    if (choice.signature)
        return czm_report_add(context->report, CZM_RULE_SIGNATURE, where, "omit the option",
                              "an ONNX network has no signatures");
    if (!file) {
        file = CZM_NEW(context->arena, czm_onnx_file);
        CZM_TRY(czm_source_extent(context, source, source->file, &extent));
        CZM_TRY(czm_onnx_file_read(context, where, source, extent, file));
    }
    czm_onnx_choice open = {choice.output, choice.layout, choice.height, choice.width};
    return czm_onnx_network_read(context, file, open, model);
}

static czm_status read_keras(czm_context *context, const czm_source *source,
                             czm_network_choice choice, czm_model *model) {
    if (choice.signature)
        return czm_report_add(context->report, CZM_RULE_SIGNATURE, source->path, "omit the option",
                              "a Keras file has no signatures");
    return czm_keras_read(context, source, choice.config, choice.output, model);
}

typedef czm_status reader(czm_context *context, const czm_source *source, czm_network_choice choice,
                          czm_model *model);

static reader *const readers[] = {
    [CZM_SOURCE_SAVED_MODEL] = read_saved_model,
    [CZM_SOURCE_ONNX] = read_onnx,
    [CZM_SOURCE_KERAS] = read_keras,
};

czm_status czm_network_read(czm_context *context, const czm_source *source,
                            czm_network_choice choice, czm_model *model) {
    return readers[source->kind](context, source, choice, model);
}
