// SPDX-License-Identifier: Apache-2.0
//
// The objects that TensorFlow 2's loaders make of a SavedModel: a functional Keras model of an input and
// one layer, which has the variables and calls the network (calls.h).
//
//     0 model        children: layer-0, layer-1 (also called layer_with_weights-0), variables,
//                    trainable_variables, regularization_losses, keras_api, signatures, __call__,
//                    call_and_return_all_conditional_losses, _default_save_signature
//     1   input
//     2   layer      children: its variables, "0", "1" ..., and the functions and keras_api
//     3     variable dtype, shape, name, trainable
//         keras_api  child: call_and_return_conditional_losses, which Keras calls
//         signatures child: serving_default
//
// The checkpoint also contains all objects except functions, with the same numbers; the path from the model to a
// variable is its key there. Source: tensorflow/core/protobuf/{saved_object_graph,trackable_object_graph}.proto,
// tensorflow/python/keras/saving/saved_model/load.py.
#ifndef CZM_WRITE_OBJECTS_H
#define CZM_WRITE_OBJECTS_H

#include "write/savedmodel/calls.h"

typedef struct czm_object_child {
    const char *name;
    size_t id;
} czm_object_child;

typedef enum czm_object_kind {
    CZM_OBJECT_MODEL,
    CZM_OBJECT_INPUT,
    CZM_OBJECT_LAYER,
    CZM_OBJECT_VARIABLE,
    CZM_OBJECT_LIST,
    CZM_OBJECT_PLAIN,
    CZM_OBJECT_SIGNATURES,
    CZM_OBJECT_FUNCTION,
} czm_object_kind;

typedef struct czm_object {
    czm_object_kind kind;
    const czm_variable *variable; // of a variable
    czm_call_form form;           // of a function
    CZM_LIST(czm_object_child) children;
} czm_object;

typedef struct czm_object_tree {
    CZM_LIST(czm_object) objects; // functions come last
    const char **keys;            // of the model's variables in the checkpoint, in their order
} czm_object_tree;

czm_object_tree czm_object_tree_make(czm_arena *arena, const czm_model *model);

// A SavedObjectGraph.
void czm_put_objects(czm_buffer *out, uint32_t field, const czm_object_tree *tree,
                     const czm_network *network);

// The TrackableObjectGraph that the checkpoint has under "_CHECKPOINTABLE_OBJECT_GRAPH".
czm_bytes czm_object_tree_checkpoint(czm_arena *arena, const czm_object_tree *tree);

#endif
