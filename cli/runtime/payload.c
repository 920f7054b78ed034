// SPDX-License-Identifier: Apache-2.0
//
// Writes the SavedModel of a CZModel, or of its conversion, to a folder.
#include <stdio.h>

#include "base/bytes.h"
#include "cli/runtime/runtime.h"
#include "cli/terminal.h"

// Faults that check reports must not prevent a run.
static void allow_all(czm_arena *arena, czm_options *options) {
    const char **allow = CZM_NEW_ARRAY(arena, const char *, czm_rule_count());
    for (size_t i = 0; i < czm_rule_count(); i++)
        if (czm_rule_at(i)->can_be_allowed) allow[options->allow_count++] = czm_rule_at(i)->id;
    options->allow = allow;
}

// A SavedModel without metadata gets placeholder metadata.
static czm_status convert(czm_arena *arena, const char *target, const czm_inspection *model,
                          const char *scratch, czm_report *report, const char **container) {
    const czm_port_info *in = &model->input, *out = &model->output;
    size_t class_count = out->rank == 4 && out->dims[3] > 0 ? (size_t)out->dims[3] : 0;
    czm_class *classes = CZM_NEW_ARRAY(arena, czm_class, class_count);
    for (size_t i = 0; i < class_count; i++)
        classes[i].name = czm_arena_format(arena, "class %zu", i + 1);
    czm_metadata metadata = CZM_METADATA_INIT;
    metadata.model_path = target;
    metadata.color_handling = "ConvertToMonochrome";
    metadata.pixel_type = in->rank == 4 && in->dims[3] == 3 ? "Bgr24" : "Gray8";
    metadata.classes = classes;
    metadata.class_count = class_count;
    czm_options options = CZM_OPTIONS_INIT;
    options.source_path =
        model->kind == CZM_KIND_SAVED_MODEL || model->kind == CZM_KIND_KERAS ? NULL : target;
    options.metadata = &metadata;
    options.output_folder = scratch;
    allow_all(arena, &options);
    czm_result result = CZM_RESULT_INIT;
    czm_status status = czm_convert(&options, &result, report);
    *container = result.path;
    return status;
}

czm_status cli_payload_unpack(czm_arena *arena, const char *target, const czm_inspection *model,
                              const char *scratch, czm_report *report, const char **folder) {
    const char *container = target, *unpacked = czm_path_join(arena, scratch, "unpacked");
    czm_status status = model->kind == CZM_KIND_CZMODEL
                            ? CZM_OK
                            : convert(arena, target, model, scratch, report, &container);
    if (!status) status = czm_unpack(container, unpacked, NULL, NULL, report);
    czm_path_list list = {0};
    *folder = unpacked;
    if (status || !czm_folder_list(arena, unpacked, &list)) return status;
    for (size_t i = 0; i < list.count; i++)
        if (czm_text_ends_but_case(list.paths[i], "/saved_model.pb"))
            *folder = czm_path_folder(arena, czm_path_join(arena, unpacked, list.paths[i]));
    return CZM_OK;
}
