// SPDX-License-Identifier: Apache-2.0
//
// The network as functions. Its nodes are the body of one function; further functions call it, one
// for each way in which TensorFlow 2's loaders call a Keras model. All have the same arguments, the
// input and then the variables, and one output.
#ifndef CZM_WRITE_CALLS_H
#define CZM_WRITE_CALLS_H

#include "write/savedmodel/graph_def.h"

// The arguments and the result of a function in Python.
typedef enum czm_call_form {
    CZM_CALL_SIGNATURE, // signature(key=image) -> {key: result}
    CZM_CALL_DEFAULT,   // default(image) -> {key: result}
    CZM_CALL_LAYER,     // layer(image, training, mask) -> result
    CZM_CALL_LOSSES,    // layer(image, training, mask) -> (result, losses)
} czm_call_form;

typedef struct czm_call {
    const char *function; // its name in the library
    czm_call_form form;
    bool is_training; // for which value of the argument `training`
} czm_call;

enum { CZM_CALL_COUNT = 6 };

// The data that all these functions share.
typedef struct czm_network {
    const czm_model *model;
    czm_shape input, output;
    const char *body;     // the function that has the nodes
    const char *argument; // "argument": arguments are argument_0 and so on
    czm_call calls[CZM_CALL_COUNT];

    // The common parts of functions and calls.
    const char *op; // of a call
    char **arguments;
    czm_bytes signature, call_inputs, call_attrs; // fields of OpDef and NodeDef
    czm_bytes input_shapes;                       // an AttrValue
} czm_network;

// Finds names that the model does not use. The shapes are those of the signature's input and output.
czm_network czm_network_make(czm_arena *arena, const czm_model *model, czm_shape input,
                             czm_shape output);

// A FunctionDefLibrary: these functions and those that If, While and similar nodes name, sorted by name.
void czm_put_library(czm_buffer *out, uint32_t field, const czm_network *network);

// The node of the main graph that calls the signature's function; output 0 is the result.
void czm_put_main_call(czm_buffer *out, const czm_network *network, const char *name);

// Returns "name", or "name_" and a number: a name that no node in the list has, or that, with a final "/" or "_", no
// name begins with.
const char *czm_free_name(czm_arena *arena, const czm_node_list *nodes, const char *name,
                          const char *ending);

#endif
