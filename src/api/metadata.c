// SPDX-License-Identifier: Apache-2.0
//
// The metadata by itself, for bindings: from JSON, and as XML.
#include "api/call.h"
#include "base/uuid.h"
#include "package/manifest.h"
#include "spec/json_spec.h"
#include "spec/spec.h"

typedef struct reading {
    const char *path;
    czm_metadata *metadata;
} reading;

static czm_status read_json(czm_context *context, void *data) {
    const reading *r = data;
    size_t since = czm_report_moment(context->report);
    czm_edits edits;
    CZM_TRY(czm_json_spec_read(context, r->path, r->metadata, &edits));
    return czm_report_status(context->report, since);
}

czm_status czm_metadata_from_json(const char *json_path, czm_metadata *metadata,
                                  czm_report *report) {
    CZM_TRY(czm_check_size(report, "metadata", metadata, CZM_FIRST_METADATA, sizeof *metadata));
    czm_metadata found = CZM_METADATA_INIT;
    reading r = {json_path, &found};
    CZM_TRY(czm_call_and_keep(report, read_json, &r));
    czm_struct_give(metadata, &found);
    return CZM_OK;
}

typedef struct writing {
    const czm_metadata *metadata;
    const char *model_id;
    const char *xml;
} writing;

static czm_status write_xml(czm_context *context, void *data) {
    writing *w = data;
    char id[37];
    czm_spec spec;
    const czm_options none = CZM_OPTIONS_INIT;
    czm_metadata metadata = CZM_METADATA_INIT;
    CZM_TRY(czm_check_size(context->report, "metadata", w->metadata, CZM_FIRST_METADATA,
                           sizeof metadata));
    czm_struct_take(&metadata, w->metadata);
    if (w->model_id && !czm_uuid_is_valid(w->model_id))
        return czm_report_add(context->report, CZM_RULE_MODEL_ID, "model_id", NULL,
                              "\"%s\" is not a UUID in lower case hexadecimal", w->model_id);
    if (!w->model_id) czm_uuid_make(id);
    const czm_format *format = czm_format_find("3.0.0");
    CZM_TRY(czm_spec_of_metadata(context, &none, "metadata", &metadata, &spec));
    CZM_TRY(czm_spec_check_format(context, &spec, format)); // a .czann does without some members
    czm_bytes xml =
        czm_manifest_write(context->arena, &spec, format->version, w->model_id ? w->model_id : id);
    w->xml = czm_arena_string(context->arena, xml);
    return CZM_OK;
}

const char *czm_metadata_xml(const czm_metadata *metadata, const char *model_id,
                             czm_report *report) {
    writing w = {metadata, model_id, NULL};
    return czm_call_and_keep(report, write_xml, &w) == CZM_OK ? w.xml : NULL;
}
