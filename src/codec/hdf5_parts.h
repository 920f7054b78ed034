// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the HDF5 reader share; see hdf5.h. Addresses are relative to the superblock's
// base address, numbers are little-endian, offsets and lengths have 8 bytes.
#ifndef CZM_CODEC_HDF5_PARTS_H
#define CZM_CODEC_HDF5_PARTS_H

#include "base/list.h"
#include "base/name_table.h"
#include "codec/hdf5.h"
#include "codec/inflate.h"

#define CZM_HDF5_UNDEFINED UINT64_MAX // the address of data that were never stored

typedef enum czm_hdf5_message_kind {
    CZM_HDF5_DATASPACE = 1,
    CZM_HDF5_LINK_INFO = 2,
    CZM_HDF5_DATATYPE = 3,
    CZM_HDF5_FILL_VALUE = 5,
    CZM_HDF5_LINK = 6,
    CZM_HDF5_EXTERNAL_FILES = 7,
    CZM_HDF5_LAYOUT = 8,
    CZM_HDF5_FILTERS = 11,
    CZM_HDF5_ATTRIBUTE = 12,
    CZM_HDF5_CONTINUATION = 16,
    CZM_HDF5_SYMBOL_TABLE = 17,
    CZM_HDF5_ATTRIBUTE_INFO = 21,
} czm_hdf5_message_kind;

typedef struct czm_hdf5_message {
    unsigned kind;
    bool is_shared; // it is in another object's header; `body` contains the address
    czm_bytes body;
} czm_hdf5_message;

typedef struct czm_hdf5_link {
    czm_bytes name;
    uint64_t address; // of the object's header
} czm_hdf5_link;

struct czm_hdf5_object {
    CZM_LIST(czm_hdf5_message) messages;
    bool has_links; // they have been read
    CZM_LIST(czm_hdf5_link) links;
    czm_name_table by_name; // czm_hdf5_link
};

struct czm_hdf5 {
    czm_arena *arena;
    czm_extent extent;
    uint64_t base;
    uint64_t root;
    uint64_t bytes_left;                 // of metadata
    uint64_t counted;                    // as input
    czm_name_table objects, collections; // by the eight bytes of their address
    z_stream *inflater;                  // NULL: nothing was compressed so far
    uint8_t *window;                     // the bytes from the structure on that was read last
    uint64_t window_at, window_size;
    const char *fault;
};

// Notes the first fault.
void czm_hdf5_fail(czm_hdf5 *file, const char *fault);

// A copy of bytes at an address, which lives as long as the arena and counts as metadata; empty, with a fault, if
// they do not lie in the file.
czm_bytes czm_hdf5_read(czm_hdf5 *file, uint64_t address, uint64_t size);

// A text that may end with a zero.
czm_bytes czm_hdf5_until_zero(czm_bytes text);

// The place of `size` bytes at an address; a fault if they do not lie in the file.
czm_extent czm_hdf5_place(czm_hdf5 *file, uint64_t address, uint64_t size);

// ---- a cursor: the rest of a structure; beyond its end it returns zeros, and notes a fault

typedef struct czm_hdf5_cursor {
    czm_hdf5 *file;
    czm_bytes rest;
} czm_hdf5_cursor;

czm_bytes czm_hdf5_take_bytes(czm_hdf5_cursor *cursor, uint64_t size);
uint64_t czm_hdf5_take(czm_hdf5_cursor *cursor, size_t size);

// A cursor over the bytes after `magic` at an address; a fault if they do not begin with it.
czm_hdf5_cursor czm_hdf5_structure(czm_hdf5 *file, uint64_t address, const char *magic,
                                   uint64_t size);

// The slot of an address in a table of objects that were read.
czm_name_slot *czm_hdf5_slot(czm_hdf5 *file, czm_name_table *table, uint64_t address);

// ---- trees and heaps

// The children of the leaves of a B-tree of version 1 whose nodes are of this kind, in order, each with the preceding
// key of `key_size` bytes.
typedef struct czm_hdf5_entry {
    czm_bytes key;
    uint64_t child;
} czm_hdf5_entry;

typedef CZM_LIST(czm_hdf5_entry) czm_hdf5_entries;

czm_hdf5_entries czm_hdf5_tree(czm_hdf5 *file, uint64_t address, unsigned kind, size_t key_size);

// The records of a B-tree of version 2, in no particular order.
typedef CZM_LIST(czm_bytes) czm_hdf5_records;

czm_hdf5_records czm_hdf5_new_tree(czm_hdf5 *file, uint64_t address);

// The object of a fractal heap that an identifier names.
czm_bytes czm_hdf5_heap_object(czm_hdf5 *file, uint64_t heap, czm_bytes id);

// An object of the collection of the global heap at this address.
czm_bytes czm_hdf5_global_object(czm_hdf5 *file, uint64_t address, uint64_t index);

// ---- objects

const czm_hdf5_object *czm_hdf5_object_at(czm_hdf5 *file, uint64_t address);

// The message of this kind, also if it is shared; empty: there is none.
czm_bytes czm_hdf5_message_of(czm_hdf5 *file, const czm_hdf5_object *object,
                              czm_hdf5_message_kind kind);

// The body of a message that may be shared.
czm_bytes czm_hdf5_resolve(czm_hdf5 *file, const czm_hdf5_message *message);

// The dimensions of a dataspace, which live as long as the arena. false: it is null or not supported.
bool czm_hdf5_dims(czm_hdf5 *file, czm_bytes dataspace, size_t *rank, const int64_t **dims);

czm_hdf5_type czm_hdf5_type_of(czm_bytes datatype);

#endif
