// SPDX-License-Identifier: Apache-2.0
//
// Reading a network in ONNX; see file.h. Its fields are read through a buffer, since the weights between them may
// have gigabytes; only nodes, inputs and outputs are kept in memory.
#include "read/onnx/file.h"

#include "view/value.h"

enum { WINDOW = 4096, LARGEST_MESSAGE = 1 << 30 };

// TensorProto.int32_data, int64_data, raw_data, uint64_data; others have elements of fixed size
enum { INT32S = 5, INT64S = 7, RAW_DATA = 9, UINT64S = 11 };

// ---- fields in a file

typedef struct czm_onnx_window {
    czm_extent extent;
    uint64_t at; // of the next byte, in the extent
    uint8_t bytes[WINDOW];
    uint64_t begin; // the part of the extent in `bytes`
    size_t size;
} window;

typedef struct file_field {
    uint32_t number;
    czm_wire_kind kind;
    uint64_t value;
    czm_extent whole;  // with the tag
    czm_extent extent; // of a length-delimited field
} file_field;

static bool next_byte(window *w, uint8_t *byte) {
    if (w->at >= w->extent.size) return false;
    if (w->at < w->begin || w->at >= w->begin + w->size) {
        uint64_t left = w->extent.size - w->at;
        w->begin = w->at;
        w->size = left < WINDOW ? (size_t)left : WINDOW;
        if (!czm_file_read_at(w->extent.file, w->extent.offset + w->begin, w->bytes, w->size))
            return false;
    }
    *byte = w->bytes[w->at++ - w->begin];
    return true;
}

static bool next_varint(window *w, uint64_t *value) {
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte;
        if (!next_byte(w, &byte)) return false;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

static bool skip(window *w, uint64_t size) {
    if (size > w->extent.size - w->at) return false;
    w->at += size;
    return true;
}

// false: the field is damaged.
static bool next_value(window *w, file_field *f) {
    uint64_t tag;
    if (!next_varint(w, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX) return false;
    *f = (file_field){.number = (uint32_t)(tag >> 3), .kind = (czm_wire_kind)(tag & 7)};
    switch (f->kind) {
    case CZM_WIRE_VARINT: return next_varint(w, &f->value);
    case CZM_WIRE_FIXED64: return skip(w, 8);
    case CZM_WIRE_FIXED32: return skip(w, 4);
    case CZM_WIRE_BYTES:
        if (!next_varint(w, &f->value)) return false;
        f->extent = czm_extent_part(w->extent, w->at, f->value);
        return skip(w, f->value);
    default: return false;
    }
}

static bool next_field(window *w, file_field *f) {
    uint64_t begin = w->at;
    if (!next_value(w, f)) return false;
    f->whole = czm_extent_part(w->extent, begin, w->at - begin);
    return true;
}

// ---- the file

// The deepest nesting is model, graph, initializer.
enum { MODEL, GRAPH, INITIALIZER, LEVELS };

typedef struct reader {
    czm_context *context;
    czm_onnx_file *file;
    const char *name, *version; // of the producer
} reader;

typedef czm_status take_field(reader *r, const file_field *f);

CZM_PRINTF(2, 3) static czm_status damaged(const reader *r, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = czm_arena_vformat(r->context->arena, format, arguments);
    va_end(arguments);
    return czm_report_add(r->context->report, CZM_RULE_ONNX_DAMAGED, r->file->where, NULL, "%s",
                          text);
}

static window *open_window(reader *r, int level, czm_extent message) {
    if (!r->file->windows) r->file->windows = CZM_NEW_ARRAY(r->context->arena, window, LEVELS);
    window *w = &r->file->windows[level];
    w->extent = message;
    w->at = w->begin = w->size = 0;
    return w;
}

static czm_status each_field(reader *r, int level, czm_extent message, take_field *take) {
    window *w = open_window(r, level, message);
    while (w->at < message.size) {
        czm_work(r->context->arena, 1, "the fields of the file");
        file_field f;
        uint64_t at = message.offset - r->file->extent.offset + w->at;
        if (!next_field(w, &f))
            return damaged(r, "the file is cut off or damaged at byte %llu",
                           (unsigned long long)at);
        CZM_TRY(take(r, &f));
    }
    return CZM_OK;
}

static czm_status load(reader *r, czm_extent extent, czm_bytes *bytes) {
    if (extent.size > LARGEST_MESSAGE) return damaged(r, "a part of it is larger than 1 GiB");
    czm_budget_input(r->context->arena, CZM_MEMORY, czm_extent_on_disk(extent, extent.size));
    uint8_t *data = czm_arena_alloc(r->context->arena, (size_t)extent.size);
    *bytes = czm_bytes_of(data, (size_t)extent.size);
    return czm_file_read_at(extent.file, extent.offset, data, (size_t)extent.size)
               ? CZM_OK
               : czm_report_add(r->context->report, CZM_RULE_FILE_UNREADABLE, r->file->where, NULL,
                                "reading failed: %s", czm_file_error());
}

static const char *keep_text(reader *r, czm_bytes bytes) {
    return czm_arena_string(r->context->arena, bytes);
}

// ---- ends: ValueInfoProto {name=1, type=2 {tensor_type=1 {elem_type=1, shape=2 {dim=1 {value=1}}}}}

static czm_onnx_end end_of(reader *r, czm_extent field, czm_bytes message) {
    czm_bytes type = czm_wire_find(czm_wire_find(message, 2).bytes, 1).bytes;
    czm_onnx_end end = {field, keep_text(r, czm_wire_find(message, 1).bytes),
                        czm_dtype_of_onnx(czm_wire_find(type, 1).value), czm_shape_unknown()};
    czm_field shape = czm_wire_find(type, 2);
    if (shape.number == 0) return end;
    czm_dims dims = {0};
    czm_wire wire = czm_wire_read(shape.bytes);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 1, CZM_WIRE_BYTES)) continue;
        czm_field size = czm_wire_find(f.bytes, 1);
        czm_dims_add(&dims,
                     size.number && (int64_t)size.value > 0 ? (int64_t)size.value : CZM_UNKNOWN);
    }
    if (!wire.damaged) end.shape = czm_dims_keep(r->context->arena, &dims);
    return end;
}

// ---- weights

static bool take_dim(czm_dims *dims, uint64_t size) {
    czm_dims_add(dims, (int64_t)size);
    return size <= INT64_MAX;
}

static bool take_dims(czm_dims *dims, czm_bytes packed) {
    czm_wire wire = czm_wire_read(packed);
    while (wire.at < wire.end && !wire.damaged)
        if (!take_dim(dims, czm_wire_varint(&wire))) return false;
    return !wire.damaged;
}

bool czm_onnx_is_ready(const czm_onnx_initializer *t) {
    return !t->is_unpacked && t->field != INT32S && t->field != INT64S && t->field != UINT64S;
}

// Whether the number of bytes matches the shape; a value of variable size has at least one byte.
static bool has_its_bytes(const czm_onnx_initializer *t) {
    uint64_t count = 1;
    for (int i = 0; i < t->shape.rank; i++)
        if (!czm_mul_u64(count, (uint64_t)t->shape.dims[i], &count)) return false;
    if (!czm_onnx_is_ready(t)) return count <= t->data.size;
    return czm_dtype_size(t->dtype) == 0 ||
           (czm_mul_u64(count, czm_dtype_size(t->dtype), &count) && count == t->data.size);
}

// Where external data lie: StringStringEntryProto {key=1, value=2} of "location", "offset", "length".
typedef struct outside {
    const char *location, *offset, *length;
} outside;

// Values are in one field, or in separate fields, which must then follow each other.
static bool take_data(const file_field *f, czm_onnx_initializer *t) {
    bool is_single = f->kind != CZM_WIRE_BYTES;
    bool goes_on = is_single && t->is_unpacked && t->field == f->number;
    if (goes_on && f->whole.offset != t->data.offset + t->data.size) return false;
    if (goes_on)
        t->data.size += f->whole.size;
    else
        t->data = is_single ? f->whole : f->extent;
    t->field = f->number;
    t->is_unpacked = is_single;
    return true;
}

static czm_status take_outside(reader *r, czm_extent message, outside *o) {
    czm_bytes bytes;
    CZM_TRY(load(r, message, &bytes));
    czm_bytes key = czm_wire_find(bytes, 1).bytes;
    const char *value = keep_text(r, czm_wire_find(bytes, 2).bytes);
    if (czm_bytes_is(key, "location")) o->location = value;
    if (czm_bytes_is(key, "offset")) o->offset = value;
    if (czm_bytes_is(key, "length")) o->length = value;
    return CZM_OK;
}

static bool parse_size(const char *text, uint64_t *size) {
    size_t digits = strspn(text, "0123456789");
    *size = 0;
    for (size_t i = 0; i < digits; i++) *size = *size * 10 + (uint64_t)(text[i] - '0');
    return digits > 0 && digits < 19 && text[digits] == '\0';
}

// Only plain names below the file's folder: no "..", no drive, no other separator.
static bool is_below(const char *location) {
    if (!*location || czm_path_is_absolute(location) || strpbrk(location, "\\:")) return false;
    for (const char *at = location; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (czm_text_equal(at, "..") || czm_text_begins(at, "../")) return false;
    return true;
}

static czm_status open_outside(reader *r, const outside *o, czm_onnx_initializer *t) {
    uint64_t offset = 0, length = 0;
    if (!r->file->source) return damaged(r, "the weight \"%s\" lies in another file", t->name);
    if (!is_below(o->location))
        return damaged(r, "the weight \"%s\" lies in \"%s\", which is outside the file's folder",
                       t->name, o->location);
    czm_extent all;
    if (!czm_source_has(r->context, r->file->source, o->location))
        return czm_report_add(r->context->report, CZM_RULE_FILE_MISSING,
                              czm_source_where(r->context, r->file->source, o->location),
                              "put the file with the weights beside the .onnx file",
                              "the weight \"%s\" is stored in this file, which is missing",
                              t->name);
    CZM_TRY(czm_source_extent(r->context, r->file->source, o->location, &all));
    uint64_t size = all.size;
    bool is_sound = (!*o->offset || parse_size(o->offset, &offset)) && offset <= size &&
                    (!*o->length || parse_size(o->length, &length));
    if (!*o->length) length = size - offset;
    if (!is_sound || length > size - offset)
        return damaged(r, "the weight \"%s\" lies beyond the end of \"%s\"", t->name, o->location);
    t->data = czm_extent_part(all, offset, length);
    t->field = RAW_DATA;
    return CZM_OK;
}

czm_status czm_onnx_tensor_read(czm_context *context, czm_onnx_file *file, czm_extent message,
                                czm_onnx_initializer *t) {
    reader *r = &(reader){.context = context, .file = file};
    window *w = open_window(r, INITIALIZER, message);
    outside o = {"", "", ""};
    czm_dims dims = {0};
    czm_bytes bytes;
    bool is_outside = false, is_sound = true;
    *t = (czm_onnx_initializer){.name = "", .data = czm_extent_part(message, 0, 0)};
    for (file_field f; is_sound && w->at < message.size;) {
        is_sound = next_field(w, &f);
        if (!is_sound) break;
        switch (f.number) {
        case 1:
            if (f.kind == CZM_WIRE_VARINT) is_sound = take_dim(&dims, f.value);
            if (f.kind != CZM_WIRE_BYTES) break;
            CZM_TRY(load(r, f.extent, &bytes));
            is_sound = take_dims(&dims, bytes);
            break;
        case 2: t->dtype = czm_dtype_of_onnx(f.value); break;
        case 8:
            CZM_TRY(load(r, f.extent, &bytes));
            t->name = keep_text(r, bytes);
            break;
        case 4:
        case 5:
        case 7:
        case RAW_DATA:
        case 10:
        case 11: is_sound = take_data(&f, t); break;
        case 13: CZM_TRY(take_outside(r, f.extent, &o)); break;
        case 14: is_outside = f.value == 1; break;
        }
    }
    t->shape = czm_dims_keep(context->arena, &dims);
    if (is_outside) CZM_TRY(open_outside(r, &o, t));
    return is_sound && has_its_bytes(t)
               ? CZM_OK
               : damaged(r, "the number of bytes of the weight \"%s\" does not match its shape",
                         t->name);
}

static czm_status take_initializer(reader *r, czm_extent message) {
    czm_onnx_initializer *t = CZM_APPEND(r->context->arena, &r->file->initializers);
    return czm_onnx_tensor_read(r->context, r->file, message, t);
}

// ---- nodes

static const char *qualified(czm_arena *arena, czm_bytes domain, czm_bytes name) {
    const char *own = czm_arena_string(arena, name);
    if (domain.size == 0 || czm_bytes_is(domain, "ai.onnx")) return own;
    return czm_arena_format(arena, "%s::%s", czm_arena_string(arena, domain), own);
}

czm_onnx_operation czm_onnx_operation_of(czm_arena *arena, czm_bytes message, czm_extent extent) {
    return (czm_onnx_operation){qualified(arena, czm_wire_find(message, 7).bytes,
                                          czm_wire_find(message, 4).bytes),
                                czm_arena_string(arena, czm_wire_find(message, 3).bytes), message,
                                extent};
}

static czm_status take_node(reader *r, czm_extent message) {
    czm_bytes bytes;
    CZM_TRY(load(r, message, &bytes));
    if (!czm_wire_is_valid(bytes)) return damaged(r, "a node of it is damaged");
    *CZM_APPEND(r->context->arena, &r->file->operations) =
        czm_onnx_operation_of(r->context->arena, bytes, message);
    return CZM_OK;
}

static czm_status take_graph_field(reader *r, const file_field *f) {
    czm_bytes bytes;
    if (f->kind != CZM_WIRE_BYTES) return CZM_OK;
    switch (f->number) {
    case 1: return take_node(r, f->extent);
    case 5: return take_initializer(r, f->extent);
    case 11:
        CZM_TRY(load(r, f->extent, &bytes));
        *CZM_APPEND(r->context->arena, &r->file->inputs) = end_of(r, f->whole, bytes);
        return CZM_OK;
    case 12:
        CZM_TRY(load(r, f->extent, &bytes));
        *CZM_APPEND(r->context->arena, &r->file->outputs) = end_of(r, f->whole, bytes);
        return CZM_OK;
    default: return CZM_OK;
    }
}

// OperatorSetIdProto {domain=1, version=2}
static void take_opset(czm_bytes message, int64_t *opset) {
    czm_bytes domain = czm_wire_find(message, 1).bytes;
    if (domain.size == 0 || czm_bytes_is(domain, "ai.onnx"))
        *opset = (int64_t)czm_wire_find(message, 2).value;
}

// The key of a function: its name, then its overload.
static czm_bytes function_key(czm_arena *arena, const char *name, czm_bytes overload) {
    czm_bytes key = czm_bytes_text(name);
    if (overload.size == 0) return key;
    char *text = czm_arena_alloc(arena, key.size + 1 + overload.size);
    memcpy(text, name, key.size);
    memcpy(text + key.size + 1, overload.data, overload.size);
    return czm_bytes_of(text, key.size + 1 + overload.size);
}

const czm_onnx_function *czm_onnx_function_of(czm_arena *arena, const czm_onnx_file *file,
                                              const char *name, czm_bytes overload) {
    if (file->functions.count == 0) return NULL;
    return czm_name_find(&file->functions_by_name, function_key(arena, name, overload));
}

static czm_status take_function(reader *r, czm_extent message) {
    czm_arena *arena = r->context->arena;
    czm_bytes bytes;
    CZM_TRY(load(r, message, &bytes));
    if (!czm_wire_is_valid(bytes)) return damaged(r, "a function of it is damaged");
    czm_onnx_function *f = CZM_NEW(arena, czm_onnx_function);
    *f = (czm_onnx_function){.name = qualified(arena, czm_wire_find(bytes, 10).bytes,
                                               czm_wire_find(bytes, 1).bytes),
                             .message = bytes,
                             .extent = message};
    czm_wire wire = czm_wire_read(bytes);
    for (czm_field field; czm_wire_next(&wire, &field);)
        if (czm_field_is(&field, 9, CZM_WIRE_BYTES)) take_opset(field.bytes, &f->opset);
    *CZM_APPEND(arena, &r->file->functions) = f;
    czm_bytes key = function_key(arena, f->name, czm_wire_find(bytes, 13).bytes);
    czm_name_slot *slot = czm_name_slot_for(arena, &r->file->functions_by_name, key);
    if (!slot->value) slot->value = f;
    return CZM_OK;
}

static czm_status take_model_field(reader *r, const file_field *f) {
    czm_bytes bytes;
    if (f->number == 1) r->file->ir_version = (int64_t)f->value;
    if (f->kind != CZM_WIRE_BYTES) return CZM_OK;
    switch (f->number) {
    case 2:
    case 3:
        CZM_TRY(load(r, f->extent, &bytes));
        *(f->number == 2 ? &r->name : &r->version) = keep_text(r, bytes);
        return CZM_OK;
    case 7:
        if (r->file->graph.file) return damaged(r, "it contains two graphs");
        r->file->graph_field = f->whole;
        r->file->graph = f->extent;
        return each_field(r, GRAPH, f->extent, take_graph_field);
    case 8:
        CZM_TRY(load(r, f->extent, &bytes));
        take_opset(bytes, &r->file->opset);
        return CZM_OK;
    case 25: return take_function(r, f->extent);
    case 14:
        CZM_TRY(load(r, f->extent, &bytes));
        if (czm_bytes_is(czm_wire_find(bytes, 1).bytes, "exporter"))
            r->file->exporter = keep_text(r, czm_wire_find(bytes, 2).bytes);
        return CZM_OK;
    default: return CZM_OK;
    }
}

// ---- the whole

czm_status czm_onnx_file_read(czm_context *context, const char *where, const czm_source *source,
                              czm_extent extent, czm_onnx_file *file) {
    reader r = {.context = context, .file = file, .name = "", .version = ""};
    *file = (czm_onnx_file){.where = where, .source = source, .extent = extent, .exporter = ""};
    CZM_TRY(each_field(&r, MODEL, extent, take_model_field));
    file->producer = czm_arena_format(context->arena, "%s%s%s", r.name,
                                      *r.name && *r.version ? " " : "", r.version);
    if (file->operations.count == 0 && file->outputs.count == 0)
        return damaged(&r, "it contains no graph");
    if (file->opset < 1) return damaged(&r, "it does not name an operator set");
    CZM_TRY(czm_onnx_connect(context, file));
    return source ? CZM_OK : czm_onnx_check_inner(context, file);
}
