// SPDX-License-Identifier: Apache-2.0
//
// czm_check(): a conversion without its last step, which also verifies every weight byte.
#include "api/call.h"
#include "api/target.h"
#include "base/enumeration.h"
#include "read/savedmodel/census.h"

typedef struct checking {
    const czm_options *options;
    czm_verdict verdict;
} checking;

// TensorFlow rejects a file with an unknown operation or attribute anywhere. A conversion removes unused ones; in a
// finished file, each is a fault.
static czm_status check_whole_file(czm_context *context, const czm_target *target) {
    czm_census census;
    czm_arena *arena = czm_arena_child(context->arena);
    czm_enumeration list = czm_enumeration_in(arena);
    CZM_TRY(czm_census_read(&(czm_context){arena, context->report}, &target->source, &census));
    for (size_t i = 0; i < census.newer.count; i++)
        czm_enumerate(&list, "", czm_bytes_text(census.newer.items[i]), "");
    if (list.count)
        czm_report_add(context->report, CZM_RULE_OP_UNSUPPORTED, target->container.path,
                       "unpack it, and convert the specification that it contains",
                       "TensorFlow 2.0.0 does not support a part of the file: %s",
                       czm_enumeration_text(&list));
    czm_arena_free(arena);
    return CZM_OK;
}

static czm_status check_network(czm_context *context, czm_target *target) {
    bool is_finished = target->kind == CZM_KIND_CZMODEL && target->has_source;
    if (is_finished) CZM_TRY(check_whole_file(context, target));
    CZM_TRY(czm_target_read_model(context, target));
    czm_target_judge(context, target);
    return czm_target_verify_weights(context, target);
}

static czm_status check_target(czm_context *context, const czm_options *options,
                               czm_target *target) {
    size_t since = czm_report_moment(context->report);
    czm_status status = czm_target_open(context, options, target);
    if (!status && target->kind == CZM_KIND_CZMODEL)
        status = czm_container_verify(context, &target->container);
    // The network is checked even if the metadata have faults.
    if (czm_target_has_network(target)) status = check_network(context, target);
    czm_status worst = czm_report_status(context->report, since);
    return worst ? worst : status;
}

static void fill_verdict(czm_context *context, const czm_target *target, czm_verdict *verdict) {
    verdict->kind = target->kind;
    const czm_container *c = &target->container;
    bool is_finished = target->kind == CZM_KIND_CZMODEL;
    const czm_format *format = is_finished ? czm_format_of(c->kind, c->version) : target->format;
    const char *version = format ? format->name : c->version ? c->version : "";
    verdict->model_version = czm_report_keep(context->report, version);
    if (!format) return;
    verdict->zen = format->zen;
    verdict->zen_count = CZM_COUNT_OF(format->zen);
}

static czm_status check(czm_context *context, void *data) {
    checking *c = data;
    czm_target target;
    CZM_TRY(czm_options_take(context, &c->options));
    czm_status status = check_target(context, c->options, &target);
    fill_verdict(context, &target, &c->verdict);
    return status;
}

czm_status czm_check(const czm_options *options, czm_verdict *verdict, czm_report *report) {
    if (verdict)
        CZM_TRY(czm_check_size(report, "verdict", verdict, CZM_FIRST_VERDICT, sizeof *verdict));
    checking c = {.options = options, .verdict = CZM_VERDICT_INIT};
    c.verdict.status = czm_call(report, check, &c);
    if (verdict) czm_struct_give(verdict, &c.verdict);
    return c.verdict.status;
}
