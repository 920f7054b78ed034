// SPDX-License-Identifier: Apache-2.0
//
// HDF5 files being read, as far as Keras and PyTables-like writers use them: groups, attributes that
// hold text, datasets of numbers. Knows nothing of Keras. docs/formats/hdf5.md has the layout.
//
// Like the reader of the wire format it is sticky: after the first fault every call finds nothing,
// and the fault is asked for once. Objects are read when they are asked for, each once.
//
// A file may be damaged or hostile. Each address and size is compared with the file, and all metadata
// together may be at most a fixed number of bytes, so that structures that loop come to an end.
#ifndef CZM_CODEC_HDF5_H
#define CZM_CODEC_HDF5_H

#include "codec/unzip.h"

typedef struct czm_hdf5 czm_hdf5;
typedef struct czm_hdf5_object czm_hdf5_object; // a group or a dataset

typedef enum czm_hdf5_class {
    CZM_HDF5_OTHER, // of no use here
    CZM_HDF5_SIGNED,
    CZM_HDF5_UNSIGNED,
    CZM_HDF5_FLOAT,
    CZM_HDF5_OPAQUE,
    CZM_HDF5_TEXT,          // of a fixed length
    CZM_HDF5_VARIABLE_TEXT, // in a heap
} czm_hdf5_class;

typedef struct czm_hdf5_type {
    czm_hdf5_class class;
    uint32_t size; // bytes an element
    bool is_big_endian;
} czm_hdf5_type;

typedef struct czm_hdf5_dataset {
    const czm_hdf5_object *object;
    czm_hdf5_type type;
    size_t rank;
    const int64_t *dims;
    uint64_t size;      // bytes of all elements
    bool is_contiguous; // the elements lie in `data`, in order
    czm_extent data;
} czm_hdf5_dataset;

// The elements of an attribute that holds text, without the zeros at their ends.
typedef struct czm_hdf5_texts {
    const czm_bytes *items;
    size_t count;
} czm_hdf5_texts;

// Whether the stretch is an HDF5 file: the signature may lie behind a block of the user.
bool czm_hdf5_is(czm_extent extent);

// Lives as long as the arena. Ask for the fault before anything else.
czm_hdf5 *czm_hdf5_open(czm_arena *arena, czm_extent extent);

// NULL, or what is wrong with the file.
const char *czm_hdf5_fault(const czm_hdf5 *file);

const czm_hdf5_object *czm_hdf5_root(czm_hdf5 *file);

// What `path` ("a/b") leads to from a group, or NULL. Links that are not hard lead nowhere.
const czm_hdf5_object *czm_hdf5_find(czm_hdf5 *file, const czm_hdf5_object *group, czm_bytes path);

// The names of what is in a group, in no particular order.
czm_hdf5_texts czm_hdf5_names(czm_hdf5 *file, const czm_hdf5_object *group);

// Whether the object has this attribute. `texts` (which may be NULL) is empty if it holds no text.
bool czm_hdf5_attribute(czm_hdf5 *file, const czm_hdf5_object *object, const char *name,
                        czm_hdf5_texts *texts);

// Whether the object is a dataset whose elements can be read.
bool czm_hdf5_dataset_of(czm_hdf5 *file, const czm_hdf5_object *object, czm_hdf5_dataset *dataset);

// Reads all elements, wherever and however packed they lie, in row-major order: `dataset->size` bytes
// that live as long as the arena. NULL after a fault.
const uint8_t *czm_hdf5_load(czm_hdf5 *file, const czm_hdf5_dataset *dataset);

#endif
