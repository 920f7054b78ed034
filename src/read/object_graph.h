// SPDX-License-Identifier: Apache-2.0
//
// The second way from variables to the checkpoint, which TensorFlow 2's own loader goes: a function
// that the graph calls binds objects to its last inputs, and the checkpoint stores its keys by the
// paths of objects. It is needed where SaverDef restores other variables than those that inference
// reads: tf.saved_model.save of a Keras 3 model writes such files.
//
//     MetaGraphDef.object_graph_def=7  SavedObjectGraph {nodes=1, concrete_functions=2 (map)}
//     SavedObject                      children=1 {node_id=1, local_name=2}
//     SavedConcreteFunction            bound_inputs=2 (object ids)
//     checkpoint "_CHECKPOINTABLE_OBJECT_GRAPH"
//         TrackableObjectGraph {nodes=1 {children=1, attributes=2 {name=1, checkpoint_key=3}}}
// Source: tensorflow/core/protobuf/{saved_object_graph,trackable_object_graph}.proto and
// tensorflow/python/saved_model/load.py.
#ifndef CZM_READ_OBJECT_GRAPH_H
#define CZM_READ_OBJECT_GRAPH_H

#include "read/bundle.h"
#include "read/meta_graph.h"

// Adds to `keys` (variable name -> czm_checkpoint_key) what it does not have yet.
void czm_object_graph_keys(czm_context *context, const czm_meta_graph *meta, czm_bundle *bundle,
                           czm_name_table *keys);

#endif
