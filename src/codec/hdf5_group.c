// SPDX-License-Identifier: Apache-2.0
//
// The groups of HDF5, in all forms of their links; see hdf5.h.
#include "codec/hdf5_parts.h"

enum { BYTES_PER_STEP = 16 };

static void add_link(czm_hdf5 *file, czm_hdf5_object *group, czm_bytes name, uint64_t address) {
    if (file->fault) return;
    czm_work(file->arena, 1 + name.size / BYTES_PER_STEP, "names of groups");
    czm_hdf5_link *link = CZM_NEW(file->arena, czm_hdf5_link);
    *link = (czm_hdf5_link){name, address};
    *CZM_APPEND(file->arena, &group->links) = *link;
    czm_name_slot_for(file->arena, &group->by_name, name)->value = link;
}

static czm_bytes name_at(czm_hdf5 *file, czm_bytes heap, uint64_t offset) {
    if (offset <= heap.size)
        return czm_hdf5_until_zero(czm_bytes_of(heap.data + offset, heap.size - (size_t)offset));
    czm_hdf5_fail(file, "a name lies outside its heap");
    return (czm_bytes){0};
}

// "HEAP", version, size, free list, address of the names.
static czm_bytes read_local_heap(czm_hdf5 *file, uint64_t address) {
    czm_hdf5_cursor c = czm_hdf5_structure(file, address, "HEAP", 32);
    czm_hdf5_take_bytes(&c, 4);
    uint64_t size = czm_hdf5_take(&c, 8);
    czm_hdf5_take_bytes(&c, 8);
    return czm_hdf5_read(file, czm_hdf5_take(&c, 8), size);
}

// "SNOD", version, 1 byte, count, then entries of 40 bytes: name, header, kind (2: a soft link).
static void read_symbols(czm_hdf5 *file, czm_hdf5_object *group, uint64_t address, czm_bytes heap) {
    czm_hdf5_cursor c = czm_hdf5_structure(file, address, "SNOD", 8);
    czm_hdf5_take_bytes(&c, 2);
    uint64_t count = czm_hdf5_take(&c, 2);
    c.rest = czm_hdf5_read(file, address + 8, count * 40);
    for (uint64_t i = 0; i < count && !file->fault; i++) {
        czm_bytes name = name_at(file, heap, czm_hdf5_take(&c, 8));
        uint64_t header_address = czm_hdf5_take(&c, 8), kind = czm_hdf5_take(&c, 4);
        czm_hdf5_take_bytes(&c, 20);
        if (kind != 2) add_link(file, group, name, header_address);
    }
}

static void read_symbol_table(czm_hdf5 *file, czm_hdf5_object *group, czm_bytes body) {
    czm_hdf5_cursor c = {file, body};
    uint64_t tree = czm_hdf5_take(&c, 8), heap_address = czm_hdf5_take(&c, 8);
    czm_bytes heap = read_local_heap(file, heap_address);
    czm_hdf5_entries nodes = czm_hdf5_tree(file, tree, 0, 8);
    for (size_t i = 0; i < nodes.count && !file->fault; i++)
        read_symbols(file, group, nodes.items[i].child, heap);
}

// Version, flags, perhaps type (0: hard), order, character set; length and name; address.
static void read_link(czm_hdf5 *file, czm_hdf5_object *group, czm_bytes body) {
    czm_hdf5_cursor c = {file, body};
    czm_hdf5_take(&c, 1);
    unsigned flags = (unsigned)czm_hdf5_take(&c, 1);
    uint64_t type = flags & 8 ? czm_hdf5_take(&c, 1) : 0;
    czm_hdf5_take_bytes(&c, (flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0));
    czm_bytes name = czm_hdf5_take_bytes(&c, czm_hdf5_take(&c, (size_t)1 << (flags & 3)));
    if (type == 0) add_link(file, group, name, czm_hdf5_take(&c, 8));
}

// Version, flags, perhaps the largest order; heap and tree. Records end with the heap's identifier.
static void read_dense_links(czm_hdf5 *file, czm_hdf5_object *group, czm_bytes body) {
    czm_hdf5_cursor c = {file, body};
    czm_hdf5_take(&c, 1);
    czm_hdf5_take_bytes(&c, czm_hdf5_take(&c, 1) & 1 ? 8 : 0);
    uint64_t heap = czm_hdf5_take(&c, 8), tree = czm_hdf5_take(&c, 8);
    if (heap == CZM_HDF5_UNDEFINED) return;
    czm_hdf5_records records = czm_hdf5_new_tree(file, tree);
    for (size_t i = 0; i < records.count && !file->fault; i++) {
        czm_hdf5_cursor record = {file, records.items[i]};
        czm_hdf5_take_bytes(&record, 4); // the hash of the name
        read_link(file, group, czm_hdf5_heap_object(file, heap, record.rest));
    }
}

static void read_links(czm_hdf5 *file, czm_hdf5_object *group) {
    group->has_links = true;
    for (size_t i = 0; i < group->messages.count && !file->fault; i++) {
        const czm_hdf5_message *m = &group->messages.items[i];
        if (m->kind == CZM_HDF5_SYMBOL_TABLE) read_symbol_table(file, group, m->body);
        if (m->kind == CZM_HDF5_LINK) read_link(file, group, m->body);
        if (m->kind == CZM_HDF5_LINK_INFO) read_dense_links(file, group, m->body);
    }
}

static czm_hdf5_object *with_links(czm_hdf5 *file, const czm_hdf5_object *group) {
    czm_hdf5_object *object = (czm_hdf5_object *)group; // the links are a cache
    if (object && !file->fault && !object->has_links) read_links(file, object);
    return object;
}

const czm_hdf5_object *czm_hdf5_find(czm_hdf5 *file, const czm_hdf5_object *group, czm_bytes path) {
    while (path.size && group) {
        const uint8_t *slash = memchr(path.data, '/', path.size);
        size_t size = slash ? (size_t)(slash - path.data) : path.size,
               skip = size + (slash != NULL);
        const czm_hdf5_link *link = NULL;
        if (size) {
            const czm_hdf5_object *here = with_links(file, group);
            link = czm_name_find(&here->by_name, czm_bytes_of(path.data, size));
            group = link ? czm_hdf5_object_at(file, link->address) : NULL;
        }
        path = czm_bytes_of(path.data + skip, path.size - skip);
    }
    return file->fault ? NULL : group;
}

czm_hdf5_texts czm_hdf5_names(czm_hdf5 *file, const czm_hdf5_object *group) {
    const czm_hdf5_object *object = with_links(file, group);
    if (!object) return (czm_hdf5_texts){0};
    czm_bytes *names = CZM_NEW_ARRAY(file->arena, czm_bytes, object->links.count);
    for (size_t i = 0; i < object->links.count; i++) names[i] = object->links.items[i].name;
    return (czm_hdf5_texts){names, object->links.count};
}
