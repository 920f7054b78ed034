// SPDX-License-Identifier: Apache-2.0
//
// Opens a Keras file: an HDF5 file of any Keras, or an archive of Keras 3 or late Keras 2. The result is a
// configuration and access to the weights; layer.h interprets them.
#ifndef CZM_KERAS_FILE_H
#define CZM_KERAS_FILE_H

#include "codec/hdf5.h"
#include "read/keras/config.h"
#include "read/source.h"

enum { CZM_KERAS_BLOCK = 256 * 1024 };

typedef struct czm_keras_file {
    const char *where;        // its name in messages
    const char *version;      // of Keras: "2.15.0"; "1.0.0" or "3" if the file does not contain it
    unsigned major, minor;    // minor UINT_MAX: the newest
    bool is_tensorflow_keras; // "2.2.4-tf": that inside TensorFlow
    bool is_theano;           // its kernels are flipped
    bool has_backend;         // false: the file does not name it (no file of Keras 1 does)
    bool is_archive;
    bool counts_twice; // early archives number layers with weights by twos
    czm_hdf5 *hdf5;
    const czm_hdf5_object *weights; // the group of the layers
    const char *prefix;             // in an archive: "layers"
    const json_t *config;           // of the model
    uint8_t *block;                 // that all streams of the file share
} czm_keras_file;

// `config_path` names a file with the text of model.to_json(), the architecture for an HDF5 file, which may contain
// weights alone. NULL: the file contains its architecture.
CZM_MUST_CHECK czm_status czm_keras_file_open(czm_context *context, const czm_source *source,
                                              const char *config_path, czm_keras_file *file);

// The fault of the HDF5 file, if it has one.
CZM_MUST_CHECK czm_status czm_keras_file_check(czm_context *context, const czm_keras_file *file);

// A list of names that may be split over several attributes ("weight_names0", "weight_names1" ...).
czm_hdf5_texts czm_keras_file_names(const czm_keras_file *file, czm_arena *arena,
                                    const czm_hdf5_object *object, const char *name);

#endif
