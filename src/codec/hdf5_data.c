// SPDX-License-Identifier: Apache-2.0
//
// The datasets of HDF5: the places of their elements, and reading compressed ones; see hdf5.h.
#include "codec/checksum.h"
#include "codec/hdf5_parts.h"

enum { HIGHEST_RANK = 32, COMPACT = 0, CONTIGUOUS = 1, CHUNKED = 2, BYTES_PER_STEP = 8 };

// How a dataset is stored, from its layout message.
typedef struct layout {
    unsigned version, class;
    czm_hdf5_cursor rest; // of the message, after the part that all classes share
} layout;

typedef struct filter {
    unsigned id;
    czm_bytes values; // numbers of four bytes
} filter;

typedef struct chunk {
    uint64_t at[HIGHEST_RANK]; // its first element
    uint64_t address, size;
    uint32_t skipped; // a bit for each filter that was not applied
} chunk;

typedef struct chunk_reader {
    czm_hdf5 *file;
    const czm_hdf5_dataset *dataset;
    uint64_t shape[HIGHEST_RANK]; // of a chunk
    uint64_t size;                // of its unpacked bytes
    uint64_t most_packed;         // of its packed ones
    uint64_t unpacked;            // bytes of all chunks so far
    filter filters[HIGHEST_RANK];
    size_t filter_count;
    uint8_t *packed, *buffers[2]; // the stored bytes, and the results of the filters in turn
    uint8_t *out;
} chunk_reader;

// ---- where the elements lie

// Versions 1 and 2: version, rank, class, 5 bytes, address unless compact. Later: version, class.
static layout read_layout(czm_hdf5 *file, const czm_hdf5_object *object) {
    czm_hdf5_cursor c = {file, czm_hdf5_message_of(file, object, CZM_HDF5_LAYOUT)};
    layout l = {.version = (unsigned)czm_hdf5_take(&c, 1)};
    if (l.version < 3) czm_hdf5_take(&c, 1);
    l.class = (unsigned)czm_hdf5_take(&c, 1);
    if (l.version < 3) czm_hdf5_take_bytes(&c, 5);
    bool is_known = l.version >= 3 ? l.version <= 5 && l.class <= CHUNKED
                                   : l.version >= 1 && l.class == CONTIGUOUS;
    if (!is_known) czm_hdf5_fail(file, "a dataset is stored in a way that is not supported");
    if (czm_hdf5_message_of(file, object, CZM_HDF5_EXTERNAL_FILES).size)
        czm_hdf5_fail(file, "the numbers of a dataset lie in another file");
    l.rest = c;
    return l;
}

static bool count_bytes(const czm_hdf5_dataset *d, uint64_t *size) {
    *size = d->type.size;
    for (size_t i = 0; i < d->rank; i++)
        if (!czm_mul_u64(*size, (uint64_t)d->dims[i], size)) return false;
    return true;
}

// Compressed elements are unpacked into memory: their size may not exceed what the file can contain.
static bool is_possible(const czm_hdf5 *file, uint64_t size) {
    return size / CZM_BEST_RATIO <= file->extent.size;
}

bool czm_hdf5_dataset_of(czm_hdf5 *file, const czm_hdf5_object *object, czm_hdf5_dataset *d) {
    *d = (czm_hdf5_dataset){.object = object};
    if (!object || !czm_hdf5_message_of(file, object, CZM_HDF5_LAYOUT).size) return false;
    czm_bytes space = czm_hdf5_message_of(file, object, CZM_HDF5_DATASPACE);
    d->type = czm_hdf5_type_of(czm_hdf5_message_of(file, object, CZM_HDF5_DATATYPE));
    if (file->fault || !czm_hdf5_dims(file, space, &d->rank, &d->dims)) return false;
    layout l = read_layout(file, object);
    if (!count_bytes(d, &d->size)) czm_hdf5_fail(file, "the size of a dataset is out of range");
    if (l.class == CONTIGUOUS && !file->fault) {
        uint64_t address = czm_hdf5_take(&l.rest, 8);
        d->is_contiguous = address != CZM_HDF5_UNDEFINED;
        if (d->is_contiguous) d->data = czm_hdf5_place(file, address, d->size);
    }
    return !file->fault;
}

// ---- elements that were never stored

// Versions 1 and 2: version, two times, whether there is one, size, value. Version 3: version, flags
// (32: there is one), size, value.
static czm_bytes read_fill(czm_hdf5 *file, const czm_hdf5_object *object) {
    czm_hdf5_cursor c = {file, czm_hdf5_message_of(file, object, CZM_HDF5_FILL_VALUE)};
    if (c.rest.size == 0) return (czm_bytes){0};
    uint64_t version = czm_hdf5_take(&c, 1), has_value = 1;
    if (version == 3) {
        has_value = czm_hdf5_take(&c, 1) & 32;
    } else {
        czm_hdf5_take_bytes(&c, 2);
        has_value = czm_hdf5_take(&c, 1);
    }
    return has_value && c.rest.size >= 4 ? czm_hdf5_take_bytes(&c, czm_hdf5_take(&c, 4))
                                         : (czm_bytes){0};
}

static uint8_t *new_elements(czm_hdf5 *file, const czm_hdf5_dataset *d) {
    if (!is_possible(file, d->size))
        czm_hdf5_fail(file, "a dataset is larger than its file allows");
    if (file->fault) return NULL;
    uint8_t *out = czm_arena_alloc(file->arena, (size_t)d->size);
    czm_bytes value = read_fill(file, d->object);
    for (uint64_t at = 0; value.size == d->type.size && at < d->size; at += value.size)
        memcpy(out + at, value.data, value.size);
    return file->fault ? NULL : out;
}

// ---- filters

// Version 1: version, count, 6 bytes; later: version, count. Each filter: id, length of its name
// (version 1, or an id that is not HDF5's own), flags, number of values, name, values.
static void read_filters(chunk_reader *r) {
    czm_hdf5 *file = r->file;
    czm_hdf5_cursor c = {file, czm_hdf5_message_of(file, r->dataset->object, CZM_HDF5_FILTERS)};
    if (c.rest.size == 0) return;
    uint64_t version = czm_hdf5_take(&c, 1), count = czm_hdf5_take(&c, 1);
    if (version == 1) czm_hdf5_take_bytes(&c, 6);
    if (count > HIGHEST_RANK) czm_hdf5_fail(file, "a dataset has too many filters");
    for (uint64_t i = 0; i < count && !file->fault; i++) {
        filter *f = &r->filters[r->filter_count++];
        f->id = (unsigned)czm_hdf5_take(&c, 2);
        uint64_t name = version == 1 || f->id >= 256 ? czm_hdf5_take(&c, 2) : 0;
        czm_hdf5_take(&c, 2);
        uint64_t values = czm_hdf5_take(&c, 2);
        czm_hdf5_take_bytes(&c, version == 1 ? (name + 7) & ~(uint64_t)7 : name);
        f->values = czm_hdf5_take_bytes(&c, values * 4);
        if (version == 1 && (values & 1)) czm_hdf5_take_bytes(&c, 4);
    }
}

static czm_bytes inflate_chunk(chunk_reader *r, czm_bytes in, uint8_t *out, uint64_t room) {
    if (!r->file->inflater) r->file->inflater = czm_inflate_stream(r->file->arena, MAX_WBITS);
    z_stream *s = r->file->inflater;
    (void)inflateReset(s);
    s->next_in = (Bytef *)in.data;
    s->avail_in = (uInt)in.size;
    s->next_out = out;
    s->avail_out = room < UINT32_MAX ? (uInt)room : UINT32_MAX; // a chunk's size has 32 bits
    if (czm_inflate(s, Z_FINISH) == Z_STREAM_END) return czm_bytes_of(out, s->total_out);
    czm_hdf5_fail(r->file, "the compressed numbers of a dataset are damaged");
    return (czm_bytes){0};
}

// First bytes of all elements, then second bytes ...; a rest is not changed.
static czm_bytes unshuffle(chunk_reader *r, const filter *f, czm_bytes in, uint8_t *out) {
    size_t width = f->values.size >= 4 ? czm_load_le32(f->values.data) : r->dataset->type.size;
    size_t count = width ? in.size / width : 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < width; k++) out[i * width + k] = in.data[k * count + i];
    size_t done = count * width;
    if (in.size > done) memcpy(out + done, in.data + done, in.size - done);
    return czm_bytes_of(out, in.size);
}

// Sums of big-endian pairs of bytes, modulo 65535; the chunk ends with its checksum.
static czm_bytes check_fletcher(chunk_reader *r, czm_bytes in) {
    if (in.size >= 4) {
        size_t size = in.size - 4;
        uint32_t sum = 0, sums = 0;
        for (size_t i = 0; i < size; i += 2) {
            sum = (sum + ((uint32_t)in.data[i] << 8) + (i + 1 < size ? in.data[i + 1] : 0)) % 65535;
            sums = (sums + sum) % 65535;
        }
        uint32_t stored = czm_load_le32(in.data + size);
        if (stored % 65536 % 65535 == sum && (stored >> 16) % 65535 == sums)
            return czm_bytes_of(in.data, size);
    }
    czm_hdf5_fail(r->file, "the checksum of a dataset does not match");
    return (czm_bytes){0};
}

// Filters are undone in reverse order, alternating between two buffers.
static czm_bytes unpack(chunk_reader *r, const chunk *c, czm_bytes bytes) {
    enum { DEFLATE = 1, SHUFFLE = 2, FLETCHER = 3 };
    for (size_t i = r->filter_count; i-- > 0 && !r->file->fault;) {
        const filter *f = &r->filters[i];
        uint8_t *out = r->buffers[bytes.data == r->buffers[0]];
        if (i < 32 && (c->skipped >> i & 1)) continue;
        if (f->id == SHUFFLE && bytes.size > r->size + 4)
            czm_hdf5_fail(r->file, "the size of a chunk does not match its dataset");
        else if (f->id == DEFLATE)
            bytes = inflate_chunk(r, bytes, out, r->size + 4);
        else if (f->id == SHUFFLE)
            bytes = unshuffle(r, f, bytes, out);
        else if (f->id == FLETCHER)
            bytes = check_fletcher(r, bytes);
        else
            czm_hdf5_fail(r->file, "a dataset is compressed in a way that is not supported");
    }
    return bytes;
}

// ---- chunks

// Copies a chunk row by row, without the part beyond the dataset.
static void place_chunk(chunk_reader *r, const chunk *c, czm_bytes bytes) {
    const czm_hdf5_dataset *d = r->dataset;
    uint64_t at[HIGHEST_RANK] = {0};
    size_t last = d->rank - 1, width = d->type.size;
    uint64_t room = (uint64_t)d->dims[last] - c->at[last];
    size_t row = (size_t)(room < r->shape[last] ? room : r->shape[last]) * width;
    for (uint64_t from = 0; from < r->size; from += r->shape[last] * width) {
        uint64_t to = 0;
        bool is_inside = true;
        for (size_t i = 0; i < d->rank; i++) {
            is_inside &= c->at[i] + at[i] < (uint64_t)d->dims[i];
            to = to * (uint64_t)d->dims[i] + c->at[i] + at[i];
        }
        if (is_inside) memcpy(r->out + to * width, bytes.data + from, row);
        for (size_t i = last; i-- > 0;) {
            if (++at[i] < r->shape[i]) break;
            at[i] = 0;
        }
    }
}

static void read_chunk(chunk_reader *r, const chunk *c) {
    if (c->address == CZM_HDF5_UNDEFINED) return;
    for (size_t i = 0; i < r->dataset->rank; i++)
        if (c->at[i] >= (uint64_t)r->dataset->dims[i])
            czm_hdf5_fail(r->file, "a chunk lies outside its dataset");
    czm_extent place = czm_hdf5_place(r->file, c->address, c->size);
    r->unpacked += r->size;
    uint64_t row = r->shape[r->dataset->rank - 1] * r->dataset->type.size;
    uint64_t steps =
        (1 + r->filter_count) * (r->size / BYTES_PER_STEP) + r->size / row * r->dataset->rank;
    czm_work(r->file->arena, 1 + c->size + steps, "packed weights");
    if (c->size > r->most_packed || !is_possible(r->file, r->unpacked))
        czm_hdf5_fail(r->file, "the size of a chunk is impossible");
    if (r->file->fault) return;
    if (!czm_file_read_at(place.file, place.offset, r->packed, (size_t)c->size))
        czm_hdf5_fail(r->file, "it cannot be read");
    czm_bytes bytes = unpack(r, c, czm_bytes_of(r->packed, (size_t)c->size));
    if (!r->file->fault && bytes.size != r->size)
        czm_hdf5_fail(r->file, "the size of a chunk does not match its dataset");
    if (!r->file->fault) place_chunk(r, c, bytes);
}

static bool set_shape(chunk_reader *r, czm_hdf5_cursor *c, size_t width) {
    r->size = r->dataset->type.size;
    for (size_t i = 0; i < r->dataset->rank; i++) {
        r->shape[i] = czm_hdf5_take(c, width);
        if (!czm_mul_u64(r->size, r->shape[i], &r->size)) r->size = UINT64_MAX;
    }
    czm_hdf5_take_bytes(c, width); // the size of an element
    if (r->size == 0 || r->size == UINT64_MAX || !is_possible(r->file, r->size))
        czm_hdf5_fail(r->file, "the size of a chunk is impossible");
    r->most_packed = r->size + r->size / 8 + 64; // deflate can make data slightly longer
    if (!r->file->fault) r->packed = czm_arena_alloc(r->file->arena, (size_t)r->most_packed);
    for (size_t i = 0; i < CZM_COUNT_OF(r->buffers) && !r->file->fault; i++)
        r->buffers[i] = czm_arena_alloc(r->file->arena, (size_t)r->size + 4);
    return !r->file->fault;
}

// Layout 3: a B-tree, whose keys are the size, the filters that were skipped, and the place.
static void read_tree_of_chunks(chunk_reader *r, czm_hdf5_cursor *c) {
    size_t rank = r->dataset->rank;
    czm_hdf5_take(c, 1);
    uint64_t address = czm_hdf5_take(c, 8);
    if (!set_shape(r, c, 4)) return;
    czm_hdf5_entries entries = czm_hdf5_tree(r->file, address, 1, 16 + 8 * rank);
    for (size_t i = 0; i < entries.count && !r->file->fault; i++) {
        czm_hdf5_cursor key = {r->file, entries.items[i].key};
        chunk found = {.address = entries.items[i].child};
        found.size = czm_hdf5_take(&key, 4);
        found.skipped = (uint32_t)czm_hdf5_take(&key, 4);
        for (size_t k = 0; k < rank; k++) found.at[k] = czm_hdf5_take(&key, 8);
        read_chunk(r, &found);
    }
}

// The position of the next chunk in row-major order; false after the last.
static bool next_chunk(const chunk_reader *r, chunk *c) {
    for (size_t i = r->dataset->rank; i-- > 0;) {
        c->at[i] += r->shape[i];
        if (c->at[i] < (uint64_t)r->dataset->dims[i]) return true;
        c->at[i] = 0;
    }
    return false;
}

// "FADB", version, client, header, elements: an address; if filtered a size and skipped filters too.
static void read_array_of_chunks(chunk_reader *r, uint64_t header) {
    czm_hdf5_cursor c = czm_hdf5_structure(r->file, header, "FAHD", 28);
    czm_hdf5_take(&c, 1);
    bool is_filtered = czm_hdf5_take(&c, 1) == 1;
    uint64_t width = czm_hdf5_take(&c, 1), page_bits = czm_hdf5_take(&c, 1);
    uint64_t count = czm_hdf5_take(&c, 8), block = czm_hdf5_take(&c, 8), size;
    if (page_bits >= 64 || count > (uint64_t)1 << page_bits || width < 8 + is_filtered * 4u ||
        width > 20)
        czm_hdf5_fail(r->file, "a dataset is stored in a way that is not supported");
    if (r->file->fault || !czm_mul_u64(count, width, &size)) return;
    czm_hdf5_cursor elements = {r->file, czm_hdf5_read(r->file, block + 14, size)};
    chunk found = {{0}, 0, r->size, 0};
    do {
        found.address = czm_hdf5_take(&elements, 8);
        if (is_filtered) {
            found.size = czm_hdf5_take(&elements, (size_t)width - 12);
            found.skipped = (uint32_t)czm_hdf5_take(&elements, 4);
        }
        read_chunk(r, &found);
    } while (!r->file->fault && next_chunk(r, &found));
}

// Chunks without filters, one after the other.
static void read_row_of_chunks(chunk_reader *r, uint64_t address) {
    chunk found = {{0}, address, r->size, 0};
    if (address == CZM_HDF5_UNDEFINED) return;
    do read_chunk(r, &found);
    while (!r->file->fault && czm_add_u64(found.address, r->size, &found.address) &&
           next_chunk(r, &found));
}

// Layouts 4 and 5: flags, rank, width of the dimensions, the dimensions, the kind of index and its parameters.
static void read_indexed_chunks(chunk_reader *r, czm_hdf5_cursor *c) {
    enum { SINGLE = 1, IMPLICIT = 2, FIXED_ARRAY = 3, IS_FILTERED = 2 };
    unsigned flags = (unsigned)czm_hdf5_take(c, 1);
    czm_hdf5_take(c, 1);
    size_t width = (size_t)czm_hdf5_take(c, 1);
    if (width > 8) czm_hdf5_fail(r->file, "the size of a chunk is impossible");
    if (r->file->fault || !set_shape(r, c, width)) return;
    unsigned kind = (unsigned)czm_hdf5_take(c, 1);
    chunk only = {.size = r->size};
    if (kind == SINGLE && (flags & IS_FILTERED)) {
        only.size = czm_hdf5_take(c, 8);
        only.skipped = (uint32_t)czm_hdf5_take(c, 4);
    }
    if (kind == FIXED_ARRAY) czm_hdf5_take(c, 1);
    only.address = czm_hdf5_take(c, 8);
    if (kind == SINGLE)
        read_chunk(r, &only);
    else if (kind == IMPLICIT)
        read_row_of_chunks(r, only.address);
    else if (kind == FIXED_ARRAY && only.address != CZM_HDF5_UNDEFINED)
        read_array_of_chunks(r, only.address);
    else if (kind != FIXED_ARRAY)
        czm_hdf5_fail(r->file, "a dataset is stored in a way that is not supported");
}

static const uint8_t *read_chunks(czm_hdf5 *file, const czm_hdf5_dataset *d, layout *l) {
    chunk_reader *r = CZM_NEW(file->arena, chunk_reader);
    *r = (chunk_reader){.file = file, .dataset = d, .out = new_elements(file, d)};
    if (file->fault || d->size == 0) return r->out;
    if (d->rank == 0) czm_hdf5_fail(file, "a dataset is stored in a way that is not supported");
    read_filters(r);
    if (file->fault) return NULL;
    if (l->version == 3)
        read_tree_of_chunks(r, &l->rest);
    else
        read_indexed_chunks(r, &l->rest);
    return file->fault ? NULL : r->out;
}

// ---- reading

static const uint8_t *read_contiguous(czm_hdf5 *file, const czm_hdf5_dataset *d) {
    if (file->fault) return NULL;
    uint8_t *out = czm_arena_alloc(file->arena, (size_t)d->size);
    if (czm_file_read_at(d->data.file, d->data.offset, out, (size_t)d->size)) return out;
    czm_hdf5_fail(file, "it cannot be read");
    return NULL;
}

const uint8_t *czm_hdf5_load(czm_hdf5 *file, const czm_hdf5_dataset *d) {
    if (d->is_contiguous) return read_contiguous(file, d);
    layout l = read_layout(file, d->object);
    if (file->fault) return NULL;
    if (l.class == CHUNKED) return read_chunks(file, d, &l);
    if (l.class == CONTIGUOUS) return new_elements(file, d);
    czm_bytes compact = czm_hdf5_take_bytes(&l.rest, czm_hdf5_take(&l.rest, 2));
    if (!file->fault && compact.size < d->size) czm_hdf5_fail(file, "a structure ends too early");
    return file->fault ? NULL : compact.data;
}
