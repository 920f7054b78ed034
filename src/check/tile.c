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
            czm_decimal_text(context->arena, gib(m->weights), true, 1),
            czm_decimal_text(context->arena, gib(m->activations), true, 1), peak_at);
    else if (m->peak > CZM_TILE_MEMORY_LIMIT / 10 * 8)
        czm_report_add_as(context->report, CZM_RULE_TILE_MEMORY, CZM_WARNING, where, NULL,
                          "a tile needs about %s of 8 GiB, at layer \"%s\"",
                          czm_decimal_text(context->arena, gib(m->peak), true, 1), peak_at);
}

// ---- border

// The later form of the specification contains twice the border.
static const char *key_of_border(const czm_spec *spec) {
    return spec->is_later ? "MinOverlap" : "BorderSize";
}

static const char *border_key(const czm_check_subject *s) {
    return czm_spec_key(s->arena, s->spec, key_of_border(s->spec));
}

static const char *border_where(const czm_check_subject *s) {
    return czm_spec_where(s->arena, s->spec, key_of_border(s->spec));
}

static long long stated(const czm_check_subject *s, int64_t border) {
    return (long long)(s->spec->is_later ? 2 * border : border);
}

static void check_remainder(czm_context *context, const czm_check_subject *s) {
    if (s->input.rank != 4 && s->input.rank != 5) return;
    int64_t border = s->spec->border_size;
    int64_t height = s->input.dims[s->input.rank - 3], width = s->input.dims[s->input.rank - 2];
    if (height == CZM_UNKNOWN || width == CZM_UNKNOWN) return; // reported before
    bool is_plausible = border >= 0 && border <= INT32_MAX;    // if not, it was reported before
    if (!is_plausible || (2 * border < height && 2 * border < width)) return;
    czm_report_add(context->report, CZM_RULE_BORDER_SIZE, border_where(s), NULL,
                   "%s %lld removes the whole tile (%lld x %lld pixels)", border_key(s),
                   stated(s, border), (long long)height, (long long)width);
}

static void tell_no_border(czm_context *context, const czm_check_subject *s,
                           const czm_receptive_field *field) {
    const char *layer = field->node ? czm_check_layer(s, field->node) : "";
    const char *hint =
        s->input.rank == 5
            ? "enter the width of the margin in which the result is unreliable"
            : czm_arena_format(context->arena,
                               "run the network on an image, and look at the edges of tiles: %s",
                               czm_report_option(context->report, CZM_OPTION_VERIFY, NULL));
    if (field->kind == CZM_FIELD_UNBOUNDED)
        czm_report_add_as(
            context->report, CZM_RULE_BORDER, CZM_NOTE, border_where(s), hint,
            "the receptive field is the whole tile (layer \"%s\"): no border removes every edge "
            "effect",
            layer);
    else
        czm_report_add_as(
            context->report, CZM_RULE_BORDER, CZM_NOTE, border_where(s), hint,
            "the receptive field cannot be computed: the analysis stops at layer \"%s\" (op %s)",
            layer, field->node ? field->node->op : "none");
}

// Along z, of a volume.
static void check_slices(czm_context *context, const czm_check_subject *s,
                         const czm_receptive_field *field) {
    const czm_spec *spec = s->spec;
    int64_t overlap = spec->min_overlap_count == 3 ? spec->min_overlap[0] : 0;
    int64_t needed = 2 * czm_field_slices(field);
    if (overlap >= needed) return;
    czm_report_add_as(
        context->report, CZM_RULE_BORDER, overlap * 4 < needed ? CZM_WARNING : CZM_NOTE,
        czm_spec_where(s->arena, spec, "MinOverlap"),
        czm_arena_format(s->arena, "set the first value of MinOverlap to %lld, or use %s",
                         (long long)needed,
                         czm_report_option(context->report, CZM_OPTION_BORDER, "auto")),
        "MinOverlap along z is %lld slice%s; the receptive field requires at least %lld",
        (long long)overlap, overlap == 1 ? "" : "s", (long long)needed);
}

void czm_check_border(czm_context *context, const czm_check_subject *subject) {
    if (!subject->spec || czm_report_has(context->report, CZM_RULE_INPUT_LAYOUT)) return;
    check_remainder(context, subject);
    czm_receptive_field field = czm_check_output_field(subject);
    if (field.kind == CZM_FIELD_NONE) return;
    if (field.kind != CZM_FIELD_BOUNDED) {
        tell_no_border(context, subject, &field);
        return;
    }
    if (subject->input.rank == 5) check_slices(context, subject, &field);
    int64_t needed = czm_field_border(&field), border = subject->spec->border_size;
    if (border < 0 || border >= needed) return;
    bool is_far_below = border * 4 < needed;
    czm_report_add_as(context->report, CZM_RULE_BORDER, is_far_below ? CZM_WARNING : CZM_NOTE,
                      border_where(subject),
                      czm_arena_format(subject->arena, "set %s to %lld, or use %s",
                                       border_key(subject), stated(subject, needed),
                                       czm_report_option(context->report, CZM_OPTION_BORDER,
                                                         "auto")),
                      "%s is %lld pixel%s; the receptive field requires at least %lld",
                      border_key(subject), stated(subject, border), border == 1 ? "" : "s",
                      stated(subject, needed));
}
