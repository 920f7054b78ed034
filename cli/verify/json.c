// SPDX-License-Identifier: Apache-2.0
//
// The result as JSON for programs; docs/json.md lists the keys.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "cli/verify/verify.h"

// JSON has neither infinity nor NaN.
static json_t *real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *size(size_t value) { return json_integer((json_int_t)value); }

static json_t *comparison(const cli_comparison *c) {
    if (!c->runtime) return json_null();
    return json_pack("{s:s, s:o, s:s?}", "runtime", c->runtime, "difference",
                     c->fault ? json_null() : real(c->difference), "fault", c->fault);
}

static json_t *probabilities(const cli_probabilities *p) {
    return json_pack("{s:o, s:o, s:o}", "least", real((double)p->least), "most",
                     real((double)p->most), "sum_off", real(p->sum_off));
}

static json_t *input(const cli_result *r) {
    return json_pack("{s:o, s:o, s:o}", "least", real((double)r->fed.least), "most",
                     real((double)r->fed.most), "factor", real(r->factor));
}

static json_t *edges(const cli_edges *e, const czm_border_info *theory) {
    if (!e->is_known) return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "reach", size(e->reach), "seen", size(e->depth),
                     "receptive_field",
                     theory->is_known ? json_integer(theory->border) : json_null(), "beyond_border",
                     real(e->inside_border));
}

static json_t *tile(const cli_result *r) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "height", size(r->tiling.height), "width",
                     size(r->tiling.width), "border", size(r->tiling.border), "count",
                     size(r->tile_count), "seconds", real(r->seconds), "memory",
                     r->memory ? json_integer((json_int_t)r->memory) : json_null());
}

bool cli_result_print(const cli_result *r, const czm_border_info *theory) {
    json_t *document =
        json_pack("{s:s, s:b, s:s?, s:s, s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "czmodel",
                  czm_version(), "ok", !r->has_failed, "target", r->target, "network", r->network,
                  "runtime", r->runtime, "image", r->image, "input", input(r), "tile", tile(r),
                  "largest_class", r->has_classes ? real(r->largest_class.share) : json_null(),
                  "probabilities", probabilities(&r->probabilities), "edges",
                  edges(&r->edges, theory), "payload", comparison(&r->payload), "original",
                  comparison(&r->original));
    char *text =
        document ? json_dumps(document, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9))
                 : NULL;
    bool is_printed = text && puts(text) >= 0;
    free(text);
    json_decref(document);
    return is_printed;
}
