// SPDX-License-Identifier: Apache-2.0
//
// A reader of HDF5 files with the features that Keras and similar writers use: groups, text attributes, datasets of
// numbers. It contains nothing about Keras. docs/formats/hdf5.md has the layout.
//
// Like the reader of the wire format it is sticky: after the first fault every call finds nothing, and the caller
// tests for a fault once. Each object is read once, when it is first used.
//
// A file may be damaged or hostile. Each address and size is compared with the file, and all metadata together may be
// at most a fixed number of bytes, so reading circular structures ends.
#ifndef CZM_CODEC_HDF5_H
#define CZM_CODEC_HDF5_H

#include "codec/unzip.h"

typedef struct czm_hdf5 czm_hdf5;
typedef struct czm_hdf5_object czm_hdf5_object; // a group or a dataset

typedef enum czm_hdf5_class {
    CZM_HDF5_OTHER, // not supported here
    CZM_HDF5_SIGNED,
    CZM_HDF5_UNSIGNED,
    CZM_HDF5_FLOAT,
    CZM_HDF5_OPAQUE,
    CZM_HDF5_TEXT,          // of a fixed length
    CZM_HDF5_VARIABLE_TEXT, // in a heap
} czm_hdf5_class;

typedef struct czm_hdf5_type {
    czm_hdf5_class class;
    uint32_t size; // bytes per element
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

// The elements of a text attribute, without the zeros at their ends.
typedef struct czm_hdf5_texts {
    const czm_bytes *items;
    size_t count;
} czm_hdf5_texts;

// Whether the extent is an HDF5 file. A block of user data may precede the signature.
bool czm_hdf5_is(czm_extent extent);

// The file lives as long as the arena. Test for a fault first.
czm_hdf5 *czm_hdf5_open(czm_arena *arena, czm_extent extent);

// NULL, or what is wrong with the file.
const char *czm_hdf5_fault(const czm_hdf5 *file);

const czm_hdf5_object *czm_hdf5_root(czm_hdf5 *file);

// The object at `path` ("a/b") from a group, or NULL. Only hard links are followed.
const czm_hdf5_object *czm_hdf5_find(czm_hdf5 *file, const czm_hdf5_object *group, czm_bytes path);

// The names of the objects in a group, in no particular order.
czm_hdf5_texts czm_hdf5_names(czm_hdf5 *file, const czm_hdf5_object *group);

// Whether the object has this attribute. `texts` (which may be NULL) is empty if it is not a text.
bool czm_hdf5_attribute(czm_hdf5 *file, const czm_hdf5_object *object, const char *name,
                        czm_hdf5_texts *texts);

// Whether the object is a dataset whose elements can be read.
bool czm_hdf5_dataset_of(czm_hdf5 *file, const czm_hdf5_object *object, czm_hdf5_dataset *dataset);

// Reads all elements in row-major order, whatever their layout and compression: `dataset->size` bytes that live as
// long as the arena. NULL after a fault.
const uint8_t *czm_hdf5_load(czm_hdf5 *file, const czm_hdf5_dataset *dataset);

#endif
