// SPDX-License-Identifier: Apache-2.0
//
// The superblock, object headers and attributes of HDF5; see hdf5.h.
#include "codec/hdf5.h"

#include "codec/hdf5_parts.h"

enum {
    SIGNATURE_SIZE = 8,
    FIRST_USER_BLOCK = 512, // then 1024, 2048 ...
    MOST_BLOCKS = 4096,     // of one object header
    WINDOW = 4096,
    HIGHEST_RANK = 32,
    SHARED = 2, // flag of a message
};

#define MOST_METADATA (64u << 20)
#define METADATA_RATIO 16u // structures may be read several times, but not often
#define SPARE_METADATA 65536u

static const uint8_t signature[SIGNATURE_SIZE] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

// ---- bytes

void czm_hdf5_fail(czm_hdf5 *file, const char *fault) {
    if (!file->fault) file->fault = fault;
}

czm_extent czm_hdf5_place(czm_hdf5 *file, uint64_t address, uint64_t size) {
    uint64_t at, end;
    if (!file->fault && czm_add_u64(file->base, address, &at) && czm_add_u64(at, size, &end) &&
        end <= file->extent.size)
        return czm_extent_part(file->extent, at, size);
    czm_hdf5_fail(file, "it refers to bytes that lie outside the file");
    return (czm_extent){0};
}

// Structures count as input, each once.
static void count_input(czm_hdf5 *file, uint64_t size) {
    uint64_t left = file->extent.size - file->counted;
    if (size > left) size = left;
    file->counted += size;
    czm_budget_input(file->arena, CZM_MEMORY, czm_extent_on_disk(file->extent, size));
}

// Structures are small and lie close together, so that most of them are there already.
static bool read_at(czm_hdf5 *file, uint64_t offset, void *to, size_t size) {
    uint64_t end = file->extent.offset + file->extent.size;
    if (size > WINDOW) return czm_file_read_at(file->extent.file, offset, to, size);
    if (offset < file->window_at || offset + size > file->window_at + file->window_size) {
        file->window_size = 0;
        uint64_t wanted = end - offset < WINDOW ? end - offset : WINDOW;
        if (!czm_file_read_at(file->extent.file, offset, file->window, (size_t)wanted))
            return false;
        file->window_at = offset;
        file->window_size = wanted;
    }
    memcpy(to, file->window + (offset - file->window_at), size);
    return true;
}

czm_bytes czm_hdf5_read(czm_hdf5 *file, uint64_t address, uint64_t size) {
    czm_extent place = czm_hdf5_place(file, address, size);
    if (file->fault) return (czm_bytes){0};
    if (size > file->bytes_left) {
        czm_hdf5_fail(file, "its structures are larger than those of any real file, or do not end");
        return (czm_bytes){0};
    }
    file->bytes_left -= size;
    count_input(file, size);
    uint8_t *bytes = czm_arena_alloc(file->arena, (size_t)size);
    if (read_at(file, place.offset, bytes, (size_t)size)) return czm_bytes_of(bytes, (size_t)size);
    czm_hdf5_fail(file, "it cannot be read");
    return (czm_bytes){0};
}

czm_bytes czm_hdf5_take_bytes(czm_hdf5_cursor *c, uint64_t size) {
    if (size > c->rest.size) {
        czm_hdf5_fail(c->file, "a structure ends too early");
        c->rest.size = 0;
        return (czm_bytes){0};
    }
    czm_bytes taken = czm_bytes_of(c->rest.data, (size_t)size);
    // An empty rest may have no address to which 0 could be added.
    if (size) c->rest = czm_bytes_of(c->rest.data + size, c->rest.size - (size_t)size);
    return taken;
}

uint64_t czm_hdf5_take(czm_hdf5_cursor *c, size_t size) {
    czm_bytes taken = czm_hdf5_take_bytes(c, size);
    return czm_load_le(taken.data, taken.size);
}

czm_hdf5_cursor czm_hdf5_structure(czm_hdf5 *file, uint64_t address, const char *magic,
                                   uint64_t size) {
    czm_hdf5_cursor c = {file, czm_hdf5_read(file, address, size)};
    czm_bytes found = czm_hdf5_take_bytes(&c, strlen(magic));
    if (!file->fault && !czm_bytes_is(found, magic))
        czm_hdf5_fail(file, "a structure does not begin with its signature");
    if (file->fault) c.rest.size = 0;
    return c;
}

czm_bytes czm_hdf5_until_zero(czm_bytes text) {
    const uint8_t *zero = text.size ? memchr(text.data, 0, text.size) : NULL;
    return czm_bytes_of(text.data, zero ? (size_t)(zero - text.data) : text.size);
}

// ---- the superblock

// Finds the signature; false if there is none.
static bool find_signature(czm_extent extent, uint64_t *at) {
    uint8_t head[SIGNATURE_SIZE];
    for (*at = 0; *at < extent.size; *at = *at ? *at * 2 : FIRST_USER_BLOCK)
        if (extent.size - *at >= sizeof head &&
            czm_file_read_at(extent.file, extent.offset + *at, head, sizeof head) &&
            memcmp(head, signature, sizeof head) == 0)
            return true;
    return false;
}

bool czm_hdf5_is(czm_extent extent) {
    uint64_t at;
    return find_signature(extent, &at);
}

// Versions 0 and 1: versions, sizes at 13, base address, free space, end, driver, root's entry.
static uint64_t read_old_superblock(czm_hdf5 *file, unsigned version, uint64_t *end) {
    czm_hdf5_cursor c = {file, czm_hdf5_read(file, 0, version ? 100 : 96)};
    czm_hdf5_take_bytes(&c, 13);
    if (czm_hdf5_take(&c, 2) != 0x0808) czm_hdf5_fail(file, "its offsets do not have 8 bytes");
    czm_hdf5_take_bytes(&c, version ? 13 : 9);
    uint64_t base = czm_hdf5_take(&c, 8);
    czm_hdf5_take_bytes(&c, 8);
    *end = czm_hdf5_take(&c, 8);
    czm_hdf5_take_bytes(&c, 16); // the driver, and the name of the root
    file->root = czm_hdf5_take(&c, 8);
    return base;
}

// Versions 2 and 3: sizes, flags, base address, extension, end, root.
static uint64_t read_new_superblock(czm_hdf5 *file, uint64_t *end) {
    czm_hdf5_cursor c = {file, czm_hdf5_read(file, 0, 48)};
    czm_hdf5_take_bytes(&c, 9);
    if (czm_hdf5_take(&c, 2) != 0x0808) czm_hdf5_fail(file, "its offsets do not have 8 bytes");
    czm_hdf5_take_bytes(&c, 1);
    uint64_t base = czm_hdf5_take(&c, 8);
    czm_hdf5_take_bytes(&c, 8);
    *end = czm_hdf5_take(&c, 8);
    file->root = czm_hdf5_take(&c, 8);
    return base;
}

static void read_superblock(czm_hdf5 *file) {
    uint64_t end = 0;
    czm_bytes head = czm_hdf5_read(file, 0, SIGNATURE_SIZE + 1);
    unsigned version = head.size ? head.data[SIGNATURE_SIZE] : 0;
    if (version > 3) czm_hdf5_fail(file, "its version of HDF5 is not supported");
    if (file->fault) return;
    file->base = version < 2 ? read_old_superblock(file, version, &end)
                             : read_new_superblock(file, &end);
    if (!file->fault && end > file->extent.size)
        file->fault = czm_arena_format(file->arena, "it is cut off: it has %llu of %llu bytes",
                                       (unsigned long long)file->extent.size,
                                       (unsigned long long)end);
}

czm_hdf5 *czm_hdf5_open(czm_arena *arena, czm_extent extent) {
    czm_hdf5 *file = CZM_NEW(arena, czm_hdf5);
    uint64_t most = extent.size < MOST_METADATA / METADATA_RATIO
                        ? extent.size * METADATA_RATIO + SPARE_METADATA
                        : MOST_METADATA;
    *file = (czm_hdf5){.arena = arena,
                       .extent = extent,
                       .bytes_left = most,
                       .window = czm_arena_alloc(arena, WINDOW)};
    czm_budget_input(arena, CZM_WORK,
                     czm_extent_on_disk(extent, extent.size)); // a compressed file was unpacked
    if (find_signature(extent, &file->base))
        read_superblock(file);
    else
        czm_hdf5_fail(file, "it has no signature of HDF5");
    return file;
}

const char *czm_hdf5_fault(const czm_hdf5 *file) { return file->fault; }

// ---- object headers

typedef struct block {
    uint64_t address, size;
} block;

typedef struct header {
    czm_hdf5 *file;
    czm_hdf5_object *object;
    bool is_new;    // version 2
    bool has_order; // messages contain the order of their creation
    CZM_LIST(block) blocks;
} header;

static void add_block(header *h, uint64_t address, uint64_t size) {
    if (h->blocks.count == MOST_BLOCKS)
        czm_hdf5_fail(h->file, "an object's header has no end");
    else
        *CZM_APPEND(h->file->arena, &h->blocks) = (block){address, size};
}

// The rest of a header that is continued; the new version has a signature and a checksum there.
static void continue_at(header *h, czm_bytes body) {
    czm_hdf5_cursor c = {h->file, body};
    uint64_t address = czm_hdf5_take(&c, 8), size = czm_hdf5_take(&c, 8);
    if (h->is_new && size < 8) czm_hdf5_fail(h->file, "a structure ends too early");
    if (!h->file->fault)
        add_block(h, h->is_new ? address + 4 : address, h->is_new ? size - 8 : size);
}

static void read_message(header *h, czm_hdf5_cursor *c) {
    czm_hdf5_message message = {.kind = (unsigned)czm_hdf5_take(c, h->is_new ? 1 : 2)};
    uint64_t size = czm_hdf5_take(c, 2);
    message.is_shared = czm_hdf5_take(c, 1) & SHARED;
    czm_hdf5_take_bytes(c, !h->is_new ? 3 : h->has_order ? 2 : 0);
    message.body = czm_hdf5_take_bytes(c, size);
    if (message.kind == CZM_HDF5_CONTINUATION)
        continue_at(h, message.body);
    else if (message.kind)
        *CZM_APPEND(h->file->arena, &h->object->messages) = message;
}

// A gap smaller than a message may be left at the end.
static void read_block(header *h, block b) {
    size_t smallest = !h->is_new ? 8 : h->has_order ? 6 : 4;
    czm_hdf5_cursor c = {h->file, czm_hdf5_read(h->file, b.address, b.size)};
    while (!h->file->fault && c.rest.size >= smallest) read_message(h, &c);
}

static void begin_old_header(header *h, uint64_t address) {
    czm_hdf5_cursor c = {h->file, czm_hdf5_read(h->file, address, 16)};
    if (czm_hdf5_take(&c, 1) != 1)
        czm_hdf5_fail(h->file, "the header of an object has an unknown version");
    czm_hdf5_take_bytes(&c, 7);
    add_block(h, address + 16, czm_hdf5_take(&c, 4));
}

// "OHDR", version, flags, perhaps times and limits, size.
static void begin_new_header(header *h, uint64_t address) {
    czm_hdf5_cursor c = {h->file, czm_hdf5_read(h->file, address, 6)};
    czm_hdf5_take_bytes(&c, 5);
    unsigned flags = (unsigned)czm_hdf5_take(&c, 1);
    uint64_t at = address + 6 + (flags & 32 ? 16 : 0) + (flags & 16 ? 4 : 0);
    size_t width = (size_t)1 << (flags & 3);
    c.rest = czm_hdf5_read(h->file, at, width);
    h->has_order = flags & 4;
    add_block(h, at + width, czm_hdf5_take(&c, width));
}

static void read_header(czm_hdf5 *file, uint64_t address, czm_hdf5_object *object) {
    header h = {.file = file, .object = object};
    h.is_new = czm_bytes_is(czm_hdf5_read(file, address, 4), "OHDR");
    if (h.is_new)
        begin_new_header(&h, address);
    else
        begin_old_header(&h, address);
    for (size_t i = 0; i < h.blocks.count && !file->fault; i++) read_block(&h, h.blocks.items[i]);
}

czm_name_slot *czm_hdf5_slot(czm_hdf5 *file, czm_name_table *table, uint64_t address) {
    uint64_t *key = CZM_NEW(file->arena, uint64_t);
    *key = address;
    return czm_name_slot_for(file->arena, table, czm_bytes_of(key, sizeof *key));
}

const czm_hdf5_object *czm_hdf5_object_at(czm_hdf5 *file, uint64_t address) {
    if (file->fault) return NULL;
    czm_name_slot *slot = czm_hdf5_slot(file, &file->objects, address);
    if (slot->value) return slot->value;
    czm_hdf5_object *object = slot->value = CZM_NEW(file->arena, czm_hdf5_object);
    read_header(file, address, object);
    return file->fault ? NULL : object;
}

const czm_hdf5_object *czm_hdf5_root(czm_hdf5 *file) {
    return czm_hdf5_object_at(file, file->root);
}

static const czm_hdf5_message *find_message(const czm_hdf5_object *object, unsigned kind) {
    for (size_t i = 0; object && i < object->messages.count; i++)
        if (object->messages.items[i].kind == kind) return &object->messages.items[i];
    return NULL;
}

// Version 1: version, type, 6 bytes, address. Later: version, type, address, which is 2 of type.
czm_bytes czm_hdf5_resolve(czm_hdf5 *file, const czm_hdf5_message *message) {
    if (!message || !message->is_shared) return message ? message->body : (czm_bytes){0};
    czm_hdf5_cursor c = {file, message->body};
    unsigned version = (unsigned)czm_hdf5_take(&c, 1), type = (unsigned)czm_hdf5_take(&c, 1);
    if (version == 1) czm_hdf5_take_bytes(&c, 6);
    if (version > 2 && type != 2)
        czm_hdf5_fail(file, "it shares messages in a heap, which is not supported");
    const czm_hdf5_object *object = czm_hdf5_object_at(file, czm_hdf5_take(&c, 8));
    if (object) czm_work(file->arena, object->messages.count, "messages that objects share");
    const czm_hdf5_message *found = find_message(object, message->kind);
    if (found && !found->is_shared) return found->body;
    czm_hdf5_fail(file, "a shared message is missing");
    return (czm_bytes){0};
}

czm_bytes czm_hdf5_message_of(czm_hdf5 *file, const czm_hdf5_object *object,
                              czm_hdf5_message_kind kind) {
    return czm_hdf5_resolve(file, find_message(object, kind));
}

// ---- dataspaces and datatypes

// Version 1: version, rank, flags, 5 bytes. Version 2: version, rank, flags, type (2: null).
bool czm_hdf5_dims(czm_hdf5 *file, czm_bytes dataspace, size_t *rank, const int64_t **dims) {
    czm_hdf5_cursor c = {file, dataspace};
    unsigned version = (unsigned)czm_hdf5_take(&c, 1);
    *rank = (size_t)czm_hdf5_take(&c, 1);
    czm_hdf5_take(&c, 1);
    bool is_null = version == 2 && czm_hdf5_take(&c, 1) == 2;
    if (version == 1) czm_hdf5_take_bytes(&c, 5);
    if (*rank > HIGHEST_RANK) czm_hdf5_fail(file, "a shape has too many dimensions");
    if (file->fault || is_null || version < 1 || version > 2) return false;
    int64_t *found = CZM_NEW_ARRAY(file->arena, int64_t, *rank);
    for (size_t i = 0; i < *rank; i++) {
        uint64_t dim = czm_hdf5_take(&c, 8);
        if (dim > INT64_MAX) czm_hdf5_fail(file, "a dimension is out of range");
        found[i] = (int64_t)dim;
    }
    *dims = found;
    return !file->fault;
}

// The layout of a floating-point number: the positions of its parts, and the size of its exponent at 13.
static bool is_usual_float(czm_bytes datatype) {
    uint32_t size = czm_load_le32(datatype.data + 4);
    unsigned usual = size == 2 ? 5 : size == 4 ? 8 : size == 8 ? 11 : 0;
    return datatype.size >= 20 && datatype.data[13] == usual;
}

// Class and version, 3 bytes of flags, size; then the data of the class.
czm_hdf5_type czm_hdf5_type_of(czm_bytes datatype) {
    czm_hdf5_type type = {CZM_HDF5_OTHER, 0, false};
    enum { INTEGER = 0, FLOAT = 1, TEXT = 3, OPAQUE = 5, ENUMERATION = 8, VARIABLE = 9 };
    if (datatype.size < 8) return type;
    unsigned class = datatype.data[0] & 15, flags = datatype.data[1];
    type.size = czm_load_le32(datatype.data + 4);
    type.is_big_endian = (class == INTEGER || class == FLOAT) && (flags & 1);
    if (class == INTEGER) type.class = flags & 8 ? CZM_HDF5_SIGNED : CZM_HDF5_UNSIGNED;
    if (class == FLOAT && is_usual_float(datatype)) type.class = CZM_HDF5_FLOAT;
    if (class == TEXT) type.class = CZM_HDF5_TEXT;
    if (class == OPAQUE) type.class = CZM_HDF5_OPAQUE;
    if (class == ENUMERATION && type.size == 1) type.class = CZM_HDF5_UNSIGNED;
    if (class == VARIABLE && (flags & 15) == 1) type.class = CZM_HDF5_VARIABLE_TEXT;
    return type;
}

// ---- attributes

typedef struct attribute {
    czm_bytes name, type, space, data;
} attribute;

static czm_bytes padded(czm_hdf5_cursor *c, uint64_t size, bool has_padding) {
    czm_bytes part = czm_hdf5_take_bytes(c, size);
    uint64_t padding = has_padding ? -size & 7 : 0;
    if (padding <= c->rest.size) czm_hdf5_take_bytes(c, padding);
    return part;
}

// Version, flags (1: the type is shared), sizes of name, type and space; version 3 also a character
// set. The parts of version 1 are padded to eight bytes.
static attribute read_attribute(czm_hdf5 *file, czm_bytes body) {
    czm_hdf5_cursor c = {file, body};
    unsigned version = (unsigned)czm_hdf5_take(&c, 1), flags = (unsigned)czm_hdf5_take(&c, 1);
    uint64_t name = czm_hdf5_take(&c, 2), type = czm_hdf5_take(&c, 2), space = czm_hdf5_take(&c, 2);
    if (version == 3) czm_hdf5_take(&c, 1);
    attribute a = {czm_hdf5_until_zero(padded(&c, name, version == 1)),
                   padded(&c, type, version == 1),
                   padded(&c, space, version == 1),
                   {0}};
    a.data = c.rest;
    czm_hdf5_message shared = {CZM_HDF5_DATATYPE, version > 1 && (flags & 1), a.type};
    a.type = czm_hdf5_resolve(file, &shared);
    return a;
}

// Length, address of the collection, index.
static czm_bytes read_variable(czm_hdf5 *file, czm_hdf5_cursor *c) {
    uint64_t size = czm_hdf5_take(c, 4), collection = czm_hdf5_take(c, 8);
    uint64_t index = czm_hdf5_take(c, 4);
    if (size == 0 || file->fault) return (czm_bytes){0};
    czm_bytes object = czm_hdf5_global_object(file, collection, index);
    if (size > object.size) czm_hdf5_fail(file, "a text is longer than its place in the heap");
    return file->fault ? (czm_bytes){0} : czm_bytes_of(object.data, (size_t)size);
}

static czm_hdf5_texts read_texts(czm_hdf5 *file, const attribute *a) {
    czm_hdf5_texts texts = {0};
    czm_hdf5_type type = czm_hdf5_type_of(a->type);
    bool is_variable = type.class == CZM_HDF5_VARIABLE_TEXT;
    size_t rank;
    const int64_t *dims;
    if ((!is_variable && type.class != CZM_HDF5_TEXT) || type.size == 0 ||
        !czm_hdf5_dims(file, a->space, &rank, &dims))
        return texts;
    uint64_t count = 1, most = a->data.size / (is_variable ? 16 : type.size);
    for (size_t i = 0; i < rank; i++)
        if (!czm_mul_u64(count, (uint64_t)dims[i], &count)) count = UINT64_MAX;
    if (count > most) {
        czm_hdf5_fail(file, "an attribute has fewer bytes than its shape");
        return texts;
    }
    czm_bytes *items = CZM_NEW_ARRAY(file->arena, czm_bytes, (size_t)count);
    czm_hdf5_cursor c = {file, a->data};
    for (uint64_t i = 0; i < count && !file->fault; i++)
        items[i] = is_variable ? read_variable(file, &c)
                               : czm_hdf5_until_zero(czm_hdf5_take_bytes(&c, type.size));
    return file->fault ? texts : (czm_hdf5_texts){items, (size_t)count};
}

// Calls for each attribute until one has the name; those that lie in a heap come last.
static bool find_attribute(czm_hdf5 *file, const czm_hdf5_object *object, const char *name,
                           attribute *found) {
    enum { STEPS = 8 }; // to look at a name
    czm_work(file->arena, STEPS * object->messages.count, "attributes of an object");
    for (size_t i = 0; i < object->messages.count && !file->fault; i++) {
        const czm_hdf5_message *m = &object->messages.items[i];
        if (m->kind != CZM_HDF5_ATTRIBUTE) continue;
        *found = read_attribute(file, czm_hdf5_resolve(file, m));
        if (!file->fault && czm_bytes_is(found->name, name)) return true;
    }
    return false;
}

// Version, flags (1: orders are counted), perhaps the largest order; heap and tree.
static bool find_dense_attribute(czm_hdf5 *file, const czm_hdf5_object *object, const char *name,
                                 attribute *found) {
    const czm_hdf5_message *info = find_message(object, CZM_HDF5_ATTRIBUTE_INFO);
    if (!info || file->fault) return false;
    czm_hdf5_cursor c = {file, info->body};
    czm_hdf5_take(&c, 1);
    czm_hdf5_take_bytes(&c, czm_hdf5_take(&c, 1) & 1 ? 2 : 0);
    uint64_t heap = czm_hdf5_take(&c, 8), tree = czm_hdf5_take(&c, 8);
    if (heap == CZM_HDF5_UNDEFINED) return false;
    czm_hdf5_records records = czm_hdf5_new_tree(file, tree);
    for (size_t i = 0; i < records.count && !file->fault; i++) {
        czm_hdf5_cursor record = {file, records.items[i]};
        czm_bytes id = czm_hdf5_take_bytes(&record, 8);
        *found = read_attribute(file, czm_hdf5_heap_object(file, heap, id));
        if (!file->fault && czm_bytes_is(found->name, name)) return true;
    }
    return false;
}

bool czm_hdf5_attribute(czm_hdf5 *file, const czm_hdf5_object *object, const char *name,
                        czm_hdf5_texts *texts) {
    attribute a;
    if (!object || file->fault ||
        (!find_attribute(file, object, name, &a) && !find_dense_attribute(file, object, name, &a)))
        return false;
    if (texts) *texts = read_texts(file, &a);
    return !file->fault;
}
