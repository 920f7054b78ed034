// SPDX-License-Identifier: Apache-2.0
//
// Rules about tiles: tile-memory, border-size, border.
#include "check/check.h"

#include "base/decimal.h"
// ---- memory

static double gib(uint64_t bytes) { return (double)bytes / CZM_GIB; }

void czm_check_tile_memory(czm_context *context, const czm_check_subject *subject) {
    const czm_tile_memory *m = &subject->memory;
    const char *where = czm_arena_format(subject->arena, "a tile of %s",
                                         czm_shape_text(subject->arena, subject->input));
    if (!m->is_known) {
        czm_report_add_as(context->report, CZM_RULE_TILE_MEMORY, CZM_NOTE, where,
                          czm_arena_format(subject->arena, "set the tile size: %s",
                                           czm_report_option(context->report,
                                                             CZM_OPTION_SPATIAL_DIMS,
                                                             "HEIGHT,WIDTH")),
                          "the memory for a tile cannot be estimated: the output size of layer "
                          "\"%s\" is not known",
                          czm_check_layer(subject, m->unknown_at));
        return;
    }
    const char *peak_at = czm_check_layer(subject, m->peak_at);
    if (m->weights + m->activations > CZM_TILE_MEMORY_LIMIT)
        czm_report_add(
            context->report, CZM_RULE_TILE_MEMORY, where, NULL,
            "weights (%s GiB) and activations (%s GiB at layer \"%s\") do not fit into 8 "
            "GiB",
            czm_decimal_text(context->arena, gib(m->weights), true, 1), czm_decimal_text(context->arena, gib(m->activations), true, 1), peak_at);
    else if (m->peak > CZM_TILE_MEMORY_LIMIT / 10 * 8)
        czm_report_add_as(context->report, CZM_RULE_TILE_MEMORY, CZM_WARNING, where, NULL,
                          "a tile needs about %s of 8 GiB, at layer \"%s\"", czm_decimal_text(context->arena, gib(m->peak), true, 1),
                          peak_at);
}

// ---- border

static const char *border_key(const czm_check_subject *s) {
    return czm_spec_key(s->arena, s->spec, "BorderSize");
}

static const char *border_where(const czm_check_subject *s) {
    return czm_spec_where(s->arena, s->spec, "BorderSize");
}

static void check_remainder(czm_context *context, const czm_check_subject *s) {
    if (s->input.rank != 4 && s->input.rank != 5) return;
    int64_t border = s->spec->border_size;
    int64_t height = s->input.dims[s->input.rank - 3], width = s->input.dims[s->input.rank - 2];
    if (height == CZM_UNKNOWN || width == CZM_UNKNOWN) return; // said before
    bool is_plausible = border >= 0 && border <= INT32_MAX;    // if not, it was said before
    if (!is_plausible || (2 * border < height && 2 * border < width)) return;
    czm_report_add(context->report, CZM_RULE_BORDER_SIZE, border_where(s), NULL,
                   "%s %lld removes the whole tile (%lld x %lld pixels)", border_key(s),
                   (long long)border, (long long)height, (long long)width);
}

static void tell_no_border(czm_context *context, const czm_check_subject *s,
                           const czm_receptive_field *field) {
    const char *layer = field->node ? czm_check_layer(s, field->node) : "";
    if (field->kind == CZM_FIELD_UNBOUNDED)
        czm_report_add_as(
            context->report, CZM_RULE_BORDER, CZM_NOTE, border_where(s),
            "run \"czmodel verify\": it compares two overlapping tiles",
            "the receptive field is the whole tile (layer \"%s\"): no border removes every edge "
            "effect",
            layer);
    else
        czm_report_add_as(
            context->report, CZM_RULE_BORDER, CZM_NOTE, border_where(s),
            "run \"czmodel verify\": it compares two overlapping tiles",
            "the receptive field cannot be computed: the analysis stops at layer \"%s\" (op %s)",
            layer, field->node ? field->node->op : "none");
}

void czm_check_border(czm_context *context, const czm_check_subject *subject) {
    if (!subject->spec || czm_report_has(context->report, CZM_RULE_INPUT_LAYOUT)) return;
    check_remainder(context, subject);
    if (subject->input.rank == 5) {
        czm_report_not_checked(context->report, CZM_RULE_BORDER); // only of images
        return;
    }
    czm_receptive_field field = czm_check_output_field(subject);
    if (field.kind == CZM_FIELD_NONE) return;
    if (field.kind != CZM_FIELD_BOUNDED) {
        tell_no_border(context, subject, &field);
        return;
    }
    int64_t needed = czm_field_border(&field), border = subject->spec->border_size;
    if (border < 0 || border >= needed) return;
    bool is_far_below = border * 4 < needed;
    czm_report_add_as(context->report, CZM_RULE_BORDER, is_far_below ? CZM_WARNING : CZM_NOTE,
                      border_where(subject),
                      czm_arena_format(subject->arena, "set %s to %lld, or use %s",
                                       border_key(subject), (long long)needed,
                                       czm_report_option(context->report, CZM_OPTION_BORDER,
                                                         "auto")),
                      "%s is %lld pixel%s; the receptive field requires at least %lld",
                      border_key(subject), (long long)border, border == 1 ? "" : "s",
                      (long long)needed);
}
