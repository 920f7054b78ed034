// SPDX-License-Identifier: Apache-2.0
//
// Reading TensorBundles; see bundle.h.
#include "read/savedmodel/bundle.h"

#include "codec/checksum.h"
#include "codec/sstable.h"

enum {
    BLOCK = 256 * 1024, // small enough for the second-level cache: two checksums and a write follow
    HIGHEST_RANK = 32,
    WHOLE = -1, // the length of a slice that spans its dimension
};

struct czm_bundle {
    const czm_source *source;
    const char *where; // of the index
    czm_sstable table;
    uint64_t shard_count;
    czm_extent *shards; // opened on demand: file is NULL before
    uint8_t *block;     // shared by all streams of the bundle
};

// A part of a tensor: start and length in each dimension.
typedef struct region {
    int64_t start[HIGHEST_RANK], length[HIGHEST_RANK];
} region;

typedef struct entry {
    czm_bytes key;
    czm_dtype dtype;
    size_t rank;
    int64_t dims[HIGHEST_RANK];
    uint64_t shard, offset, size;
    uint32_t crc;
    czm_bytes message; // for its slices
    bool has_slices;
} entry;

// The stored bytes of the region `covers` of the full tensor.
typedef struct piece {
    region covers;
    entry stored;
} piece;

typedef struct bundle_source {
    czm_tensor_source base; // the first member, for callers
    czm_bundle *bundle;
    const char *where; // for messages
    size_t rank, element_size;
    region wanted;
    CZM_LIST(piece) pieces;
} bundle_source;

static czm_status damaged(czm_context *context, const char *where, const char *what) {
    return czm_report_add(context->report, CZM_RULE_MODEL_DAMAGED, where,
                          "export the model again, or copy it again whole", "%s", what);
}

static const czm_record *find_record(const czm_bundle *b, czm_bytes key) {
    size_t low = 0, high = b->table.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = czm_bytes_compare(b->table.records[middle].key, key);
        if (order == 0) return &b->table.records[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

// TensorShapeProto: dim=2 {size=1}.
static bool read_dims(czm_bytes shape, entry *e) {
    czm_wire wire = czm_wire_read(shape);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 2, CZM_WIRE_BYTES)) continue;
        if (e->rank == HIGHEST_RANK) return false;
        e->dims[e->rank] = (int64_t)czm_wire_find(f.bytes, 1).value;
        if (e->dims[e->rank++] < 0) return false;
    }
    return !wire.damaged;
}

static bool count_elements(const int64_t *lengths, size_t rank, uint64_t *count) {
    *count = 1;
    for (size_t i = 0; i < rank; i++)
        if (!czm_mul_u64(*count, (uint64_t)lengths[i], count)) return false;
    return true;
}

static bool read_entry(const czm_record *record, entry *e) {
    *e = (entry){.key = record->key, .message = record->value};
    czm_wire wire = czm_wire_read(record->value);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        switch (f.number) {
        case 1: e->dtype = (czm_dtype)f.value; break;
        case 2:
            if (!read_dims(f.bytes, e)) return false;
            break;
        case 3: e->shard = f.value; break;
        case 4: e->offset = f.value; break;
        case 5: e->size = f.value; break;
        case 6: e->crc = (uint32_t)f.value; break;
        case 7: e->has_slices = true; break;
        default: break;
        }
    }
    return !wire.damaged;
}

// ---- opening

static const char *shard_name(czm_arena *arena, const czm_bundle *b, uint64_t shard) {
    return czm_arena_format(arena, "variables/variables.data-%05u-of-%05u", (unsigned)shard,
                            (unsigned)b->shard_count);
}

static czm_status open_shard(czm_context *context, czm_bundle *b, uint64_t shard,
                             czm_extent *extent) {
    if (!b->shards[shard].file) {
        const char *name = shard_name(context->arena, b, shard);
        CZM_TRY(czm_source_extent(context, b->source, name, &b->shards[shard]));
        CZM_TRY(czm_source_check_pointer(context, b->source, name, b->shards[shard]));
        czm_extent whole = b->shards[shard];
        czm_budget_input(context->arena, CZM_MEMORY, czm_extent_on_disk(whole, whole.size));
    }
    *extent = b->shards[shard];
    return CZM_OK;
}

static czm_status check_shard(czm_context *context, czm_bundle *b, uint64_t shard,
                              uint64_t needed) {
    czm_extent extent;
    const char *name = shard_name(context->arena, b, shard);
    if (!czm_source_has(context, b->source, name)) return CZM_OK; // reported if it is read
    uint64_t size = czm_source_size(context, b->source, name);
    if (size >= needed) return CZM_OK;
    CZM_TRY(open_shard(context, b, shard, &extent)); // it may be a pointer
    return czm_report_add(context->report, CZM_RULE_WEIGHTS_DAMAGED,
                          czm_source_where(context, b->source, name), "copy the file again",
                          "the file is truncated: it has %llu bytes, but the index requires %llu",
                          (unsigned long long)size, (unsigned long long)needed);
}

// Makes one finding for a truncated file, independent of the tensors in the missing part.
static czm_status check_shards(czm_context *context, czm_bundle *b) {
    uint64_t *needed = CZM_NEW_ARRAY(context->arena, uint64_t, (size_t)b->shard_count);
    for (size_t i = 1; i < b->table.count; i++) {
        entry e;
        uint64_t end;
        if (read_entry(&b->table.records[i], &e) && e.shard < b->shard_count &&
            czm_add_u64(e.offset, e.size, &end) && end > needed[e.shard])
            needed[e.shard] = end;
    }
    for (uint64_t i = 0; i < b->shard_count; i++)
        if (needed[i]) CZM_TRY(check_shard(context, b, i, needed[i]));
    return CZM_OK;
}

czm_status czm_bundle_open(czm_context *context, const czm_source *source, czm_bundle **out) {
    czm_bundle *b = *out = CZM_NEW(context->arena, czm_bundle);
    const char *name = "variables/variables.index";
    czm_bytes index;
    CZM_TRY(czm_source_load(context, source, name, &index));
    b->source = source;
    b->where = czm_source_where(context, source, name);
    b->table = czm_sstable_read(context->arena, index);
    if (b->table.fault)
        return damaged(context, b->where,
                       czm_arena_format(context->arena, "%s (at byte %llu)", b->table.fault,
                                        (unsigned long long)b->table.fault_at));
    if (b->table.count == 0 || b->table.records[0].key.size != 0)
        return damaged(context, b->where, "the index has no header");
    czm_bytes header = b->table.records[0].value;
    b->shard_count = czm_wire_find(header, 1).value;
    if (czm_wire_find(header, 2).value != 0)
        return damaged(context, b->where, "the weights are stored in big-endian order");
    if (b->shard_count == 0 || b->shard_count > 99999)
        return damaged(context, b->where, "the number of data files is not plausible");
    b->shards = CZM_NEW_ARRAY(context->arena, czm_extent, (size_t)b->shard_count);
    b->block = czm_arena_alloc(context->arena, BLOCK);
    return check_shards(context, b);
}

// ---- slices

// TensorSliceProto: extent=1 {start=1, length=2}; no length: the whole dimension.
static bool read_slice(czm_bytes message, const entry *full, region *r, region *as_stored) {
    size_t rank = 0;
    czm_wire wire = czm_wire_read(message);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 1, CZM_WIRE_BYTES)) continue;
        if (rank == full->rank) return false;
        czm_field length = czm_wire_find(f.bytes, 2);
        int64_t dim = full->dims[rank], start = (int64_t)czm_wire_find(f.bytes, 1).value;
        as_stored->start[rank] = start;
        as_stored->length[rank] = length.number ? (int64_t)length.value : WHOLE;
        r->start[rank] = start;
        r->length[rank] = length.number ? (int64_t)length.value : dim;
        if (start < 0 || start > dim || r->length[rank] < 0 || r->length[rank] > dim - start)
            return false;
        rank++;
    }
    return !wire.damaged && rank == full->rank;
}

// OrderedCode: an unsigned number is its length and its big-endian bytes.
static void put_ordered_number(czm_buffer *b, uint64_t value) {
    size_t size = 0;
    while (size < 8 && value >> 8 * size) size++;
    czm_put_raw_le(b, size, 1);
    for (size_t i = size; i-- > 0;) czm_put_raw_le(b, value >> 8 * i, 1);
}

// A string escapes 00 as 00 ff and ff as ff 00, and ends with 00 01.
static void put_ordered_string(czm_buffer *b, czm_bytes text) {
    for (size_t i = 0; i < text.size; i++) {
        czm_put_raw_le(b, text.data[i], 1);
        if (text.data[i] == 0x00) czm_put_raw_le(b, 0xff, 1);
        if (text.data[i] == 0xff) czm_put_raw_le(b, 0x00, 1);
    }
    czm_put_raw(b, czm_bytes_of("\x00\x01", 2));
}

// A signed number in n bytes has n leading bits that differ from its sign bit's complement, then
// the value in two's complement: one byte holds -64 .. 63, two -8192 .. 8191, and so on.
static void put_ordered_signed(czm_buffer *b, int64_t value) {
    uint64_t bits = (uint64_t)value, sign = value < 0 ? 0xff : 0;
    uint64_t magnitude = value < 0 ? ~bits : bits;
    size_t size = 1;
    while (size < 10 && magnitude >> (7 * size - 1)) size++;
    uint8_t bytes[10];
    for (size_t i = 0; i < 10; i++) bytes[9 - i] = (uint8_t)(i < 8 ? bits >> 8 * i : sign);
    uint8_t *first = bytes + 10 - size;
    static const uint8_t headers[11][2] = {{0, 0},    {0x80, 0},    {0xc0, 0},   {0xe0, 0},
                                           {0xf0, 0}, {0xf8, 0},    {0xfc, 0},   {0xfe, 0},
                                           {0xff, 0}, {0xff, 0x80}, {0xff, 0xc0}};
    first[0] ^= headers[size][0];
    if (size > 1) first[1] ^= headers[size][1];
    czm_put_raw(b, czm_bytes_of(first, size));
}

// The key under which a slice of a tensor is stored (core/util/saved_tensor_slice_util.cc).
static czm_bytes slice_key(czm_arena *arena, czm_bytes name, const region *r, size_t rank) {
    czm_buffer key = czm_buffer_in(arena);
    put_ordered_number(&key, 0);
    put_ordered_string(&key, name);
    put_ordered_number(&key, rank);
    for (size_t i = 0; i < rank; i++) {
        put_ordered_signed(&key, r->start[i]);
        put_ordered_signed(&key, r->length[i]);
    }
    return czm_buffer_bytes(&key);
}

static bool piece_is_sound(const czm_bundle *b, const piece *p, size_t rank, size_t element_size) {
    uint64_t count, size, end;
    return count_elements(p->covers.length, rank, &count) &&
           czm_mul_u64(count, element_size, &size) && size == p->stored.size &&
           p->stored.shard < b->shard_count && czm_add_u64(p->stored.offset, size, &end);
}

static bool find_slices(czm_arena *arena, const entry *full, bundle_source *s) {
    czm_wire wire = czm_wire_read(full->message);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 7, CZM_WIRE_BYTES)) continue;
        piece *p = CZM_APPEND(arena, &s->pieces);
        region as_stored;
        if (!read_slice(f.bytes, full, &p->covers, &as_stored)) return false;
        const czm_record *record =
            find_record(s->bundle, slice_key(arena, full->key, &as_stored, full->rank));
        if (!record || !read_entry(record, &p->stored) || p->stored.dtype != full->dtype)
            return false;
    }
    return true;
}

// ---- the part that a variable reads

static bool take_int(czm_bytes *text, int64_t *value) {
    size_t i = 0;
    for (*value = 0; i < text->size && text->data[i] >= '0' && text->data[i] <= '9'; i++) {
        if (*value > INT64_MAX / 10 - 10) return false;
        *value = *value * 10 + (text->data[i] - '0');
    }
    *text = czm_bytes_of(text->data + i, text->size - i);
    return i > 0;
}

static bool take_char(czm_bytes *text, char c) {
    if (text->size == 0 || text->data[0] != (uint8_t)c) return false;
    *text = czm_bytes_of(text->data + 1, text->size - 1);
    return true;
}

// "3 3 8 0,3:0,3:4,4", against the full shape of the entry.
static bool parse_slice(czm_bytes text, const entry *full, region *r) {
    for (size_t i = 0; i < full->rank; i++) {
        int64_t dim;
        if (!take_int(&text, &dim) || dim != full->dims[i] || !take_char(&text, ' ')) return false;
    }
    for (size_t i = 0; i < full->rank; i++) {
        if (i > 0 && !take_char(&text, ':')) return false;
        r->start[i] = 0, r->length[i] = full->dims[i];
        if (take_char(&text, '-')) continue;
        if (!take_int(&text, &r->start[i]) || !take_char(&text, ',') ||
            !take_int(&text, &r->length[i]) || r->start[i] > full->dims[i] ||
            r->length[i] > full->dims[i] - r->start[i])
            return false;
    }
    return text.size == 0;
}

static czm_status stream(const czm_tensor_source *self, czm_context *context, czm_sink sink,
                         uint32_t *crc32c);

czm_status czm_bundle_find(czm_context *context, czm_bundle *b, czm_checkpoint_key key,
                           czm_variable *variable) {
    czm_arena *arena = context->arena;
    const char *where = czm_arena_format(arena, "%s: tensor \"%.*s\"", b->where, (int)key.name.size,
                                         (const char *)key.name.data);
    const czm_record *record = find_record(b, key.name);
    if (!record)
        return czm_report_add(context->report, CZM_RULE_VARIABLE_MISSING, where,
                              "copy the folder variables together with saved_model.pb",
                              "the checkpoint does not contain this tensor");
    entry full;
    if (!read_entry(record, &full)) return damaged(context, where, "its entry is damaged");
    size_t element_size = czm_dtype_size(full.dtype);
    if (element_size == 0) return damaged(context, where, "weights cannot have its element type");

    bundle_source *s = CZM_NEW(arena, bundle_source);
    *s = (bundle_source){{.stream = stream}, b, where, full.rank, element_size, {{0}, {0}}, {0}};
    for (size_t i = 0; i < full.rank; i++) s->wanted.length[i] = full.dims[i];
    if (key.slice.size && !parse_slice(key.slice, &full, &s->wanted))
        return damaged(context, where, "a variable reads a part of it that does not exist");
    if (!full.has_slices)
        *CZM_APPEND(arena, &s->pieces) = (piece){.stored = full};
    else if (!find_slices(arena, &full, s))
        return damaged(context, where, "one of its slices is missing or damaged");
    if (!full.has_slices) memcpy(s->pieces.items[0].covers.length, full.dims, sizeof full.dims);
    for (size_t i = 0; i < s->pieces.count; i++)
        if (!piece_is_sound(b, &s->pieces.items[i], full.rank, element_size))
            return damaged(context, where, "its size does not agree with its shape");
    uint64_t count;
    if (!count_elements(s->wanted.length, full.rank, &count) ||
        !czm_mul_u64(count, element_size, &s->base.size))
        return damaged(context, where, "its shape is too large");

    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, full.rank);
    if (full.rank) memcpy(dims, s->wanted.length, full.rank * sizeof *dims);
    variable->dtype = full.dtype;
    variable->dims = dims;
    variable->rank = full.rank;
    variable->source = &s->base;
    return CZM_OK;
}

// ---- streaming

static czm_status read_piece(czm_context *context, const bundle_source *s, const piece *p,
                             uint64_t at, void *to, size_t size) {
    czm_extent shard;
    CZM_TRY(open_shard(context, s->bundle, p->stored.shard, &shard));
    if (p->stored.offset > shard.size || p->stored.size > shard.size - p->stored.offset)
        return czm_report_add(
            context->report, CZM_RULE_WEIGHTS_DAMAGED, s->where, "copy the folder variables again",
            "its %llu bytes at byte %llu lie beyond the end of the data file, which has %llu bytes",
            (unsigned long long)p->stored.size, (unsigned long long)p->stored.offset,
            (unsigned long long)shard.size);
    if (czm_file_read_at(shard.file, shard.offset + p->stored.offset + at, to, size)) return CZM_OK;
    return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, s->where, NULL,
                          "reading its bytes failed: %s", czm_file_error());
}

// Reads a whole piece, which its checksum covers; `sink` may be NULL.
static czm_status stream_piece(czm_context *context, const bundle_source *s, const piece *p,
                               const czm_sink *sink, uint32_t *crc32c) {
    uint8_t *block = s->bundle->block;
    *crc32c = 0;
    for (uint64_t at = 0; at < p->stored.size;) {
        size_t size = p->stored.size - at < BLOCK ? (size_t)(p->stored.size - at) : BLOCK;
        CZM_TRY(read_piece(context, s, p, at, block, size));
        czm_bytes bytes = czm_bytes_of(block, size);
        *crc32c = czm_crc32c(*crc32c, bytes);
        if (sink) CZM_TRY(sink->take(sink->user, bytes));
        at += size;
    }
    if (czm_crc32c_mask(*crc32c) == p->stored.crc) return CZM_OK;
    return czm_report_add(
        context->report, CZM_RULE_WEIGHTS_DAMAGED, s->where,
        "copy the model again from where it was trained",
        "its bytes do not match their checksum in the index: the weights are damaged");
}

static bool is_same_region(const region *a, const region *b, size_t rank) {
    return memcmp(a->start, b->start, rank * sizeof *a->start) == 0 &&
           memcmp(a->length, b->length, rank * sizeof *a->length) == 0;
}

// The piece that holds the element at `position`, and the element's number within it.
static const piece *find_piece(const bundle_source *s, const int64_t *position, uint64_t *number) {
    for (size_t k = 0; k < s->pieces.count; k++) {
        const region *r = &s->pieces.items[k].covers;
        bool is_inside = true;
        *number = 0;
        for (size_t i = 0; i < s->rank && is_inside; i++) {
            int64_t offset = position[i] - r->start[i];
            is_inside = offset >= 0 && offset < r->length[i];
            *number = *number * (uint64_t)r->length[i] + (uint64_t)offset;
        }
        if (is_inside) return &s->pieces.items[k];
    }
    return NULL;
}

// Collects a region row by row (along the last dimension) from the pieces that hold it. This is slow, and rare: a
// variable that was saved with one partition and is restored with another one.
static czm_status gather(const bundle_source *s, czm_context *context, czm_sink sink,
                         uint32_t *crc32c) {
    uint32_t ignored;
    for (size_t i = 0; i < s->pieces.count; i++)
        CZM_TRY(stream_piece(context, s, &s->pieces.items[i], NULL, &ignored));
    *crc32c = 0;
    int64_t position[HIGHEST_RANK];
    memcpy(position, s->wanted.start, sizeof position);
    size_t last = s->rank - 1; // a scalar is never partitioned
    for (uint64_t done = 0; done < s->base.size;) {
        uint64_t number;
        const piece *p = find_piece(s, position, &number);
        if (!p) return damaged(context, s->where, "its slices do not cover the whole tensor");
        int64_t row_end = s->wanted.start[last] + s->wanted.length[last];
        int64_t piece_end = p->covers.start[last] + p->covers.length[last];
        int64_t run = (row_end < piece_end ? row_end : piece_end) - position[last];
        if ((uint64_t)run > BLOCK / s->element_size) run = (int64_t)(BLOCK / s->element_size);
        czm_bytes bytes = czm_bytes_of(s->bundle->block, (size_t)run * s->element_size);
        CZM_TRY(read_piece(context, s, p, number * s->element_size, s->bundle->block, bytes.size));
        *crc32c = czm_crc32c(*crc32c, bytes);
        CZM_TRY(sink.take(sink.user, bytes));
        done += bytes.size;
        position[last] += run;
        for (size_t i = last; i > 0; i--) {
            if (position[i] < s->wanted.start[i] + s->wanted.length[i]) break;
            position[i] = s->wanted.start[i];
            position[i - 1]++;
        }
    }
    return CZM_OK;
}

static czm_status stream(const czm_tensor_source *self, czm_context *context, czm_sink sink,
                         uint32_t *crc32c) {
    const bundle_source *s = (const bundle_source *)self;
    for (size_t i = 0; i < s->pieces.count; i++)
        if (is_same_region(&s->pieces.items[i].covers, &s->wanted, s->rank))
            return stream_piece(context, s, &s->pieces.items[i], &sink, crc32c);
    *crc32c = 0;
    return s->base.size ? gather(s, context, sink, crc32c) : CZM_OK;
}

static czm_status string_is_damaged(czm_context *context, const char *where) {
    return czm_report_add(context->report, CZM_RULE_WEIGHTS_DAMAGED, where,
                          "copy the model again from where it was trained",
                          "its bytes do not match their checksum in the index");
}

// A string tensor: varint lengths, their masked CRC-32C (4 bytes), then the strings.
czm_status czm_bundle_string(czm_context *context, czm_bundle *b, const char *key,
                             czm_bytes *string) {
    enum { LARGEST = 64 << 20 };
    piece p = {0};
    bundle_source s = {.bundle = b,
                       .where =
                           czm_arena_format(context->arena, "%s: tensor \"%s\"", b->where, key)};
    const czm_record *record = find_record(b, czm_bytes_text(key));
    *string = (czm_bytes){0};
    if (!record || !read_entry(record, &p.stored) || p.stored.dtype != CZM_DTYPE_STRING ||
        p.stored.rank != 0 || p.stored.shard >= b->shard_count || p.stored.size > LARGEST)
        return CZM_OK;
    size_t size = (size_t)p.stored.size;
    uint8_t *bytes = czm_arena_alloc(context->arena, size);
    CZM_TRY(read_piece(context, &s, &p, 0, bytes, size));
    czm_wire wire = czm_wire_read(czm_bytes_of(bytes, size));
    uint64_t length = czm_wire_varint(&wire);
    size_t rest = (size_t)(wire.end - wire.at);
    if (wire.damaged || rest < 4 || length != rest - 4) return string_is_damaged(context, s.where);
    czm_bytes text = czm_bytes_of(wire.at + 4, (size_t)length);
    uint32_t masked_length, crc = czm_crc32c_string(text, &masked_length);
    if (czm_load_le32(wire.at) != masked_length || czm_crc32c_mask(crc) != p.stored.crc)
        return string_is_damaged(context, s.where);
    *string = text;
    return CZM_OK;
}
