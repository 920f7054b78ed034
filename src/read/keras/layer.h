// SPDX-License-Identifier: Apache-2.0
//
// The layers of a Keras configuration as a tree, in one form for all versions: models of layers, layers inside
// layers, and for each layer the calls that a functional model makes of it.
#ifndef CZM_KERAS_LAYER_H
#define CZM_KERAS_LAYER_H

#include "base/list.h"
#include "base/name_table.h"
#include "graph/graph.h"
#include "read/keras/file.h"

// A tensor while the graph is made, by its address, since it is passed on so often; NULL: none.
typedef const czm_tensor *czm_keras_tensor;

typedef struct czm_keras_call czm_keras_call;
typedef struct czm_keras_layer czm_keras_layer;
typedef struct czm_keras_model czm_keras_model;

// A class of layers: a row of layers.def.
typedef struct czm_keras_class {
    const char *name;
    const char *weights; // see layers.def
    czm_keras_tensor (*build)(czm_keras_call *call);
    czm_op_kind op; // what distinguishes it from related classes
    unsigned rank;  // spatial dimensions, if the class is one of a family
} czm_keras_class;

// The row of a class; NULL: it is not known, or cannot be converted.
const czm_keras_class *czm_keras_class_find(const char *name);

// The reason why a class of Keras cannot be converted; NULL: Keras has no such class.
const char *czm_keras_class_refusal(const char *name, const char **hint);

// "BatchNormalization" is batch_normalization, "Conv2DTranspose" conv2d_transpose, "PReLU" p_re_lu.
const char *czm_keras_snake_case(czm_arena *arena, const char *name);

// Output `tensor` of call `node` of a layer of the same model.
typedef struct czm_keras_reference {
    czm_keras_layer *layer;
    size_t node, tensor;
} czm_keras_reference;

// One argument of a call: a tensor, or a value of the configuration.
typedef struct czm_keras_argument {
    const char *name; // NULL: by its position
    bool is_tensor;
    czm_keras_reference from;
    const json_t *value;
} czm_keras_argument;

typedef CZM_LIST(czm_keras_argument) czm_keras_arguments;

typedef struct czm_keras_weight {
    const char *name; // "kernel"
    bool is_trainable;
    czm_hdf5_dataset dataset; // object NULL: not found yet
    // How old versions stored it, if that differs from its use; the dimensions are those of its use.
    bool is_reordered, is_flipped; // flipped along all dimensions but the last two
    size_t order[CZM_KERAS_HIGHEST_RANK];
    size_t rank;
    int64_t dims[CZM_KERAS_HIGHEST_RANK];
    czm_node *handle; // NULL: not used yet
} czm_keras_weight;

struct czm_keras_layer {
    const char *name, *class_name;
    const char *path; // for messages: "encoder/conv2d"
    const char *module;
    const json_t *config;
    const czm_keras_class *class; // NULL: a model, or an operation
    bool is_operation;            // of Keras 3, in config.json only
    bool is_trainable;
    czm_keras_model *model;              // NULL: no model
    CZM_LIST(czm_keras_layer *) inner;   // of a wrapper; of a model, its layers
    CZM_LIST(czm_keras_weight) weights;  // its own
    CZM_LIST(czm_keras_arguments) calls; // of a functional model
    size_t first_call;                   // 1: calls are counted from 1
    size_t largest_call;                 // that is referred to
};

struct czm_keras_model {
    bool is_sequential;
    czm_name_table by_name;
    CZM_LIST(czm_keras_layer *) layers;
    CZM_LIST(czm_keras_reference) inputs, outputs; // of a functional model
};

// The root is a layer whose `model` is the whole network.
CZM_MUST_CHECK czm_status czm_keras_layers_read(czm_context *context, const czm_keras_file *file,
                                                czm_keras_layer **root);

// The index of a weight; false: the layer has none of this name.
bool czm_keras_layer_weight(const czm_keras_layer *layer, const char *name, size_t *index);

static inline bool czm_keras_is_input(const czm_keras_layer *layer) {
    return czm_text_equal(layer->class_name, "InputLayer");
}

// Reports that a layer cannot be converted, or, with the rule KERAS_DAMAGED, that the file is wrong.
CZM_PRINTF(6, 7)
czm_status czm_keras_refuse(czm_context *context, const czm_keras_file *file,
                            const czm_keras_layer *layer, czm_rule rule, const char *hint,
                            const char *format, ...);

// Gives each weight of each layer the dataset that the file has for it.
CZM_MUST_CHECK czm_status czm_keras_weights_find(czm_context *context, const czm_keras_file *file,
                                                 czm_keras_layer *root);

#endif
