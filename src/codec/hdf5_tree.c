// SPDX-License-Identifier: Apache-2.0
//
// The trees and heaps of HDF5; see hdf5_parts.h.
#include "codec/hdf5_parts.h"

enum {
    TREE_HEADER = 24,
    NEW_TREE_HEADER = 38,
    NODE_HEADER = 6, // of a node of a new tree: signature, version, type
    HEAP_HEADER = 142,
    DEEPEST_TREE = 16,
};

// ---- B-trees of version 1

typedef struct visit {
    uint64_t address;
    unsigned level;
} visit;

typedef CZM_LIST(visit) visit_list;

static uint64_t child_at(czm_bytes body, size_t key_size, size_t i) {
    return czm_load_le(body.data + i * (key_size + 8) + key_size, 8);
}

// "TREE", kind, level, number of entries, neighbours; then keys and children in turn. Children are pushed in reverse,
// so that they are popped in order.
static void read_tree_node(czm_hdf5 *file, visit v, unsigned kind, size_t key_size, bool is_root,
                           visit_list *stack, czm_hdf5_entries *entries) {
    czm_hdf5_cursor c = czm_hdf5_structure(file, v.address, "TREE", TREE_HEADER);
    uint64_t node_kind = czm_hdf5_take(&c, 1), level = czm_hdf5_take(&c, 1);
    size_t count = (size_t)czm_hdf5_take(&c, 2);
    if (!file->fault && (node_kind != kind || (!is_root && level != v.level)))
        czm_hdf5_fail(file, "a node of a tree has the wrong kind");
    czm_bytes body = czm_hdf5_read(file, v.address + TREE_HEADER, count * (key_size + 8));
    for (size_t i = 0; i < count && !file->fault; i++) {
        if (level)
            *CZM_APPEND(file->arena, stack) =
                (visit){child_at(body, key_size, count - 1 - i), (unsigned)level - 1};
        else
            *CZM_APPEND(file->arena, entries) =
                (czm_hdf5_entry){czm_bytes_of(body.data + i * (key_size + 8), key_size),
                                 child_at(body, key_size, i)};
    }
}

czm_hdf5_entries czm_hdf5_tree(czm_hdf5 *file, uint64_t address, unsigned kind, size_t key_size) {
    czm_hdf5_entries entries = {0};
    visit_list stack = {0};
    bool is_root = true;
    if (address != CZM_HDF5_UNDEFINED) *CZM_APPEND(file->arena, &stack) = (visit){address, 0};
    while (stack.count && !file->fault) {
        visit v = stack.items[--stack.count];
        read_tree_node(file, v, kind, key_size, is_root, &stack, &entries);
        is_root = false;
    }
    return entries;
}

// ---- B-trees of version 2

typedef struct new_tree {
    czm_hdf5 *file;
    uint64_t record_size;
    size_t count_width[DEEPEST_TREE]; // by depth: bytes of the number of a node's records
    size_t total_width[DEEPEST_TREE]; // and of those below it
    CZM_LIST(struct new_visit) stack;
    czm_hdf5_records records;
} new_tree;

typedef struct new_visit {
    uint64_t address, count;
    unsigned depth;
} new_visit;

static size_t width_of(uint64_t number) {
    size_t width = 0;
    for (; number; number >>= 8) width++;
    return width;
}

// The number of records that fit below a node determines the width of the numbers. Checksum and header need ten
// bytes.
static void find_widths(new_tree *t, uint64_t node_size, unsigned depth) {
    uint64_t most = (node_size - 10) / t->record_size, total = most;
    for (unsigned d = 0; d < depth; d++) {
        t->count_width[d] = width_of(most);
        t->total_width[d] = d ? width_of(total) : 0;
        uint64_t pointer = 8 + t->count_width[d] + t->total_width[d];
        most = (node_size - 10 - pointer) / (t->record_size + pointer);
        if (!czm_mul_u64(most + 1, total, &total) || !czm_add_u64(total, most, &total))
            total = UINT64_MAX;
    }
}

static void read_new_node(new_tree *t, new_visit v) {
    czm_hdf5 *file = t->file;
    uint64_t size = v.count * t->record_size, pointer = 0;
    if (v.depth) pointer = 8 + t->count_width[v.depth - 1] + t->total_width[v.depth - 1];
    czm_hdf5_cursor c = czm_hdf5_structure(file, v.address, v.depth ? "BTIN" : "BTLF",
                                           NODE_HEADER + size + (v.count + 1) * pointer);
    czm_hdf5_take_bytes(&c, 2);
    for (uint64_t i = 0; i < v.count && !file->fault; i++)
        *CZM_APPEND(file->arena, &t->records) = czm_hdf5_take_bytes(&c, t->record_size);
    for (uint64_t i = 0; i <= v.count && v.depth && !file->fault; i++) {
        new_visit child = {.address = czm_hdf5_take(&c, 8), .depth = v.depth - 1};
        child.count = czm_hdf5_take(&c, t->count_width[child.depth]);
        czm_hdf5_take_bytes(&c, t->total_width[child.depth]);
        *CZM_APPEND(file->arena, &t->stack) = child;
    }
}

// "BTHD", version, type, size of a node and of a record, depth, percentages, root, its records.
czm_hdf5_records czm_hdf5_new_tree(czm_hdf5 *file, uint64_t address) {
    new_tree t = {.file = file};
    czm_hdf5_cursor c = czm_hdf5_structure(file, address, "BTHD", NEW_TREE_HEADER);
    czm_hdf5_take_bytes(&c, 2);
    uint64_t node_size = czm_hdf5_take(&c, 4);
    t.record_size = czm_hdf5_take(&c, 2);
    unsigned depth = (unsigned)czm_hdf5_take(&c, 2);
    czm_hdf5_take_bytes(&c, 2);
    new_visit root = {.address = czm_hdf5_take(&c, 8), .depth = depth};
    root.count = czm_hdf5_take(&c, 2);
    if (t.record_size == 0 || node_size < 64 || depth >= DEEPEST_TREE)
        czm_hdf5_fail(file, "the size of a tree is impossible");
    if (file->fault) return t.records;
    find_widths(&t, node_size, depth);
    if (root.count) *CZM_APPEND(file->arena, &t.stack) = root;
    while (t.stack.count && !file->fault) read_new_node(&t, t.stack.items[--t.stack.count]);
    return t.records;
}

// ---- fractal heaps

typedef struct fractal_heap {
    czm_hdf5 *file;
    size_t offset_width, length_width;
    uint64_t width, first_size, largest_direct; // of the table of blocks
    uint64_t root, rows;                        // rows 0: the root is a direct block
} fractal_heap;

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

// See docs/formats/hdf5.md for the skipped fields.
static fractal_heap read_fractal_heap(czm_hdf5 *file, uint64_t address) {
    fractal_heap h = {.file = file};
    czm_hdf5_cursor c = czm_hdf5_structure(file, address, "FRHP", HEAP_HEADER);
    czm_hdf5_take_bytes(&c, 3);
    if (czm_hdf5_take(&c, 2)) czm_hdf5_fail(file, "a heap is compressed, which is not supported");
    czm_hdf5_take(&c, 1);
    uint64_t largest_object = czm_hdf5_take(&c, 4);
    czm_hdf5_take_bytes(&c, 96);
    h.width = czm_hdf5_take(&c, 2);
    h.first_size = czm_hdf5_take(&c, 8);
    h.largest_direct = czm_hdf5_take(&c, 8);
    h.offset_width = (size_t)(czm_hdf5_take(&c, 2) + 7) / 8;
    czm_hdf5_take_bytes(&c, 2);
    h.root = czm_hdf5_take(&c, 8);
    h.rows = czm_hdf5_take(&c, 2);
    h.length_width = (size_t)smaller(width_of(h.largest_direct), width_of(largest_object));
    bool is_possible = h.width && h.first_size && h.offset_width <= 8 && h.rows <= 64 &&
                       h.first_size < (uint64_t)1 << 32 && h.width < 1024;
    if (!is_possible) czm_hdf5_fail(file, "the size of a heap is impossible");
    return h;
}

static uint64_t row_size(const fractal_heap *h, uint64_t row) {
    uint64_t doublings = row > 1 ? row - 1 : 0;
    return doublings < 31 ? h->first_size << doublings : UINT64_MAX >> 1;
}

// How many rows an indirect block of this size has.
static uint64_t rows_within(const fractal_heap *h, uint64_t size) {
    uint64_t rows = 0;
    for (uint64_t unit = size / (h->first_size * h->width); unit; unit >>= 1) rows++;
    return rows;
}

// Finds the entry of an indirect block that covers `offset`. "FHIB", version, heap, offset, entries.
static bool descend(const fractal_heap *h, uint64_t offset, uint64_t *block, uint64_t *base,
                    uint64_t *rows) {
    uint64_t at = *base;
    czm_hdf5_structure(h->file, *block, "FHIB", 5);
    for (uint64_t row = 0; row < *rows && !h->file->fault; row++) {
        uint64_t size = row_size(h, row), column = (offset - at) / size;
        if (column < h->width) {
            uint64_t entry = *block + 13 + h->offset_width + 8 * (row * h->width + column);
            czm_hdf5_cursor c = {h->file, czm_hdf5_read(h->file, entry, 8)};
            *block = czm_hdf5_take(&c, 8);
            *base = at + column * size;
            *rows = size <= h->largest_direct ? 0 : rows_within(h, size);
            return !h->file->fault;
        }
        at += h->width * size;
    }
    czm_hdf5_fail(h->file, "an object lies outside its heap");
    return false;
}

// An identifier: kind in bits 4 and 5, then offset and length, or (kind 2) the object itself.
czm_bytes czm_hdf5_heap_object(czm_hdf5 *file, uint64_t heap, czm_bytes id) {
    czm_hdf5_cursor c = {file, id};
    unsigned flags = (unsigned)czm_hdf5_take(&c, 1), kind = flags >> 4 & 3;
    if (kind == 2) return czm_hdf5_take_bytes(&c, (flags & 15) + 1);
    if (kind) czm_hdf5_fail(file, "a heap contains a huge object, which is not supported");
    fractal_heap h = read_fractal_heap(file, heap);
    uint64_t offset = czm_hdf5_take(&c, h.offset_width), size = czm_hdf5_take(&c, h.length_width);
    uint64_t block = h.root, base = 0, rows = h.rows;
    for (unsigned depth = 0; rows && !file->fault; depth++) {
        if (depth == DEEPEST_TREE) czm_hdf5_fail(file, "a heap has no end");
        if (file->fault || !descend(&h, offset, &block, &base, &rows)) break;
    }
    czm_hdf5_structure(file, block, "FHDB", 5);
    return czm_hdf5_read(file, block + (offset - base), size);
}

// ---- the global heap

// A collection: its objects by the two bytes of their index.
typedef struct collection {
    czm_name_table objects; // czm_bytes
} collection;

// Index, references, 4 bytes, size, content padded to eight bytes. Index 0 is free space.
static bool read_global_object(czm_hdf5 *file, czm_hdf5_cursor *c, collection *into) {
    czm_bytes index = czm_hdf5_take_bytes(c, 2), *object = CZM_NEW(file->arena, czm_bytes);
    czm_hdf5_take_bytes(c, 6);
    uint64_t size = czm_hdf5_take(c, 8);
    if (file->fault || czm_load_le16(index.data) == 0) return false;
    *object = czm_hdf5_take_bytes(c, size);
    czm_hdf5_take_bytes(c, smaller(-size & 7, c->rest.size));
    czm_name_slot_for(file->arena, &into->objects, index)->value = object;
    return !file->fault;
}

// "GCOL", version, size; then objects.
static collection *read_collection(czm_hdf5 *file, uint64_t address) {
    collection *found = CZM_NEW(file->arena, collection);
    czm_hdf5_cursor c = czm_hdf5_structure(file, address, "GCOL", 16);
    czm_hdf5_take_bytes(&c, 4);
    uint64_t size = czm_hdf5_take(&c, 8);
    if (!file->fault && size < 16) czm_hdf5_fail(file, "a structure ends too early");
    if (file->fault) return found;
    c.rest = czm_hdf5_read(file, address + 16, size - 16);
    while (c.rest.size >= 16 && read_global_object(file, &c, found)) continue;
    return found;
}

czm_bytes czm_hdf5_global_object(czm_hdf5 *file, uint64_t address, uint64_t index) {
    czm_name_slot *slot = czm_hdf5_slot(file, &file->collections, address);
    if (!slot->value) slot->value = read_collection(file, address);
    const collection *found = slot->value;
    const uint8_t key[] = {(uint8_t)index, (uint8_t)(index >> 8)};
    const czm_bytes *object = czm_name_find(&found->objects, czm_bytes_of(key, sizeof key));
    return object && index >> 16 == 0 ? *object : (czm_bytes){0};
}
