// SPDX-License-Identifier: Apache-2.0
//
// Comparing networks in ONNX; see diff.h. A SavedModel is translated first, to the other's operator set: the
// translation is the same each time, so that a .czann equals the SavedModel from which it was made.
#include "api/diff.h"
#include "codec/checksum.h"
#include "write/onnx/translate.h"
#include "write/onnx/write.h"

// ---- a SavedModel as ONNX

typedef struct scratch {
    czm_context *context;
    czm_file *file;
    uint64_t at;
} scratch;

static czm_status put(void *user, czm_bytes block) {
    scratch *s = user;
    if (!s->file || !czm_file_write_at(s->file, s->at, block.data, block.size))
        return czm_report_add(s->context->report, CZM_RULE_FILE_UNWRITABLE, "scratch file", NULL,
                              "%s", czm_file_error());
    s->at += block.size;
    return CZM_OK;
}

static czm_status translate(czm_diffing *d, czm_target *target, int64_t opset) {
    czm_arena *arena = d->context->arena;
    scratch s = {d->context, czm_file_scratch(arena), 0};
    czm_onnx_model *onnx = CZM_NEW(arena, czm_onnx_model);
    const czm_onnx_plan *plan;
    uint64_t size;
    int known = opset >= CZM_ONNX_NEW ? CZM_ONNX_NEW : CZM_ONNX_OLD;
    CZM_TRY(czm_onnx_translate(d->context, &target->model, known, onnx));
    CZM_TRY(czm_onnx_plan_make(d->context, onnx, &plan, &size));
    CZM_TRY(czm_onnx_write(d->context, plan, (czm_sink){put, &s}));
    return czm_onnx_file_read(d->context, target->options->source_path, NULL,
                              (czm_extent){.file = s.file, .size = s.at}, &target->onnx);
}

// ---- weights

static czm_status checksum(czm_diffing *d, const czm_onnx_file *file, czm_extent data,
                           uint32_t *crc) {
    enum { BLOCK = 64 * 1024 };
    uint8_t *block = czm_arena_alloc(d->context->arena, BLOCK);
    *crc = 0;
    for (uint64_t at = 0; at < data.size;) {
        size_t size = data.size - at < BLOCK ? (size_t)(data.size - at) : BLOCK;
        if (!czm_file_read_at(data.file, data.offset + at, block, size))
            return czm_report_add(d->context->report, CZM_RULE_FILE_UNREADABLE, file->where, NULL,
                                  "reading failed: %s", czm_file_error());
        *crc = czm_crc32(*crc, czm_bytes_of(block, size));
        at += size;
    }
    return CZM_OK;
}

static czm_status describe(czm_diffing *d, int side, size_t index, const char **text) {
    const czm_onnx_file *file = &d->targets[side].onnx;
    const czm_onnx_initializer *t = &file->initializers.items[index];
    uint32_t crc;
    CZM_TRY(checksum(d, file, t->data, &crc));
    *text = czm_arena_format(d->context->arena, "%s %s, CRC-32 %08x", czm_dtype_name(t->dtype),
                             czm_shape_text(d->context->arena, t->shape), (unsigned)crc);
    return CZM_OK;
}

static czm_status compare_weights(czm_diffing *d, size_t a, size_t b) {
    const char *a_text, *b_text;
    CZM_TRY(describe(d, 0, a, &a_text));
    CZM_TRY(describe(d, 1, b, &b_text));
    if (!czm_text_equal(a_text, b_text))
        czm_differ(d, "weights", d->targets[0].onnx.initializers.items[a].name, a_text, b_text);
    return CZM_OK;
}

// ---- operations

enum { INPUT = 1, ATTRIBUTE = 5 }; // fields of NodeProto

// The next field of a number; false, and no bytes, after the last one.
static bool next_of(czm_wire *wire, uint32_t number, czm_bytes *bytes) {
    *bytes = (czm_bytes){0};
    for (czm_field f; czm_wire_next(wire, &f);)
        if (czm_field_is(&f, number, CZM_WIRE_BYTES)) {
            *bytes = f.bytes;
            return true;
        }
    return false;
}

static bool same_attributes(const czm_onnx_operation *a, const czm_onnx_operation *b) {
    czm_wire x = czm_wire_read(a->message), y = czm_wire_read(b->message);
    for (czm_bytes p, q;;) {
        bool has_p = next_of(&x, ATTRIBUTE, &p), has_q = next_of(&y, ATTRIBUTE, &q);
        if (has_p != has_q || !czm_bytes_equal(p, q)) return false;
        if (!has_p) return true;
    }
}

// Names do not matter, and weights are compared separately. NULL: an omitted input.
static bool same_origin(const czm_onnx_origin *a, const czm_onnx_origin *b) {
    if (!a || !b) return a == b;
    return a->kind == b->kind &&
           (a->kind == CZM_ONNX_WEIGHT || (a->index == b->index && a->output == b->output));
}

// Sets *same if both have the same inputs, apart from the bytes of weights.
static czm_status compare_inputs(czm_diffing *d, size_t index, bool *same) {
    const czm_onnx_file *a = &d->targets[0].onnx, *b = &d->targets[1].onnx;
    czm_wire x = czm_wire_read(a->operations.items[index].message);
    czm_wire y = czm_wire_read(b->operations.items[index].message);
    for (czm_bytes p, q;;) {
        bool has_p = next_of(&x, INPUT, &p), has_q = next_of(&y, INPUT, &q);
        *same = has_p == has_q;
        if (!has_p || !has_q) return CZM_OK;
        const czm_onnx_origin *from_a = czm_onnx_origin_of(a, p),
                              *from_b = czm_onnx_origin_of(b, q);
        *same = same_origin(from_a, from_b);
        if (!*same) return CZM_OK;
        if (from_a && from_a->kind == CZM_ONNX_WEIGHT)
            CZM_TRY(compare_weights(d, from_a->index, from_b->index));
    }
}

static const char *operation_text(czm_diffing *d, const czm_onnx_operation *o) {
    return czm_arena_format(d->context->arena, "%s (%s)", o->op, o->name);
}

// Stops at the first difference, since positions after it do not correspond any more.
static czm_status compare_operations(czm_diffing *d) {
    const czm_onnx_file *a = &d->targets[0].onnx, *b = &d->targets[1].onnx;
    size_t a_count = a->operations.count, b_count = b->operations.count;
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        const czm_onnx_operation *x = &a->operations.items[i], *y = &b->operations.items[i];
        bool same = czm_text_equal(x->op, y->op) && same_attributes(x, y);
        if (same) CZM_TRY(compare_inputs(d, i, &same));
        if (same) continue;
        czm_differ(d, "graph",
                   czm_arena_format(d->context->arena, "network, operation %zu of %zu", i + 1,
                                    a_count),
                   operation_text(d, x), operation_text(d, y));
        return CZM_OK;
    }
    if (a_count != b_count)
        czm_differ(d, "graph", "network",
                   czm_arena_format(d->context->arena, "%zu operations", a_count),
                   czm_arena_format(d->context->arena, "%zu operations", b_count));
    return CZM_OK;
}

czm_status czm_diff_onnx(czm_diffing *d) {
    for (int side = 0; side < 2; side++) {
        czm_target *target = &d->targets[side];
        if (!target->has_onnx) CZM_TRY(translate(d, target, d->targets[1 - side].onnx.opset));
    }
    return compare_operations(d);
}
