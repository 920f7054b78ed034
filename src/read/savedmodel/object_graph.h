// SPDX-License-Identifier: Apache-2.0
//
// The objects that TensorFlow 2's own loader reads: the SavedModel lists them with their children, and the checkpoint
// stores its keys by the paths of objects. They contain, for each variable, its author's name for it and whether it
// is trainable.
//
// They are also the second way to find a variable in the checkpoint: a function that the graph calls binds objects to
// its last inputs. It is needed if SaverDef restores other variables than those that inference reads:
// tf.saved_model.save of a Keras 3 model writes such files.
//
//     MetaGraphDef.object_graph_def=7  SavedObjectGraph {nodes=1, concrete_functions=2 (map)}
//     SavedObject                      children=1 {node_id=1, local_name=2}, user_object=4, variable=7
//     SavedVariable                    trainable=3, name=6
//     SavedConcreteFunction            bound_inputs=2 (object ids)
//     checkpoint "_CHECKPOINTABLE_OBJECT_GRAPH"
//         TrackableObjectGraph {nodes=1 {children=1, attributes=2 {name=1, checkpoint_key=3}}}
// Source: tensorflow/core/protobuf/{saved_object_graph,trackable_object_graph}.proto and
// tensorflow/python/saved_model/load.py.
#ifndef CZM_READ_SAVEDMODEL_OBJECT_GRAPH_H
#define CZM_READ_SAVEDMODEL_OBJECT_GRAPH_H

#include "read/savedmodel/bundle.h"
#include "read/savedmodel/meta_graph.h"

// Whether the first object of a SavedObjectGraph is a Keras model: SavedUserObject {identifier=1}.
bool czm_objects_are_keras(czm_bytes object_graph);

typedef struct czm_objects czm_objects;

// The objects of the SavedModel and of the checkpoint, paired by their paths; objects without a partner are skipped.
CZM_MUST_CHECK czm_status czm_objects_read(czm_context *context, const czm_meta_graph *meta,
                                           czm_bundle *bundle, czm_objects **objects);

// Adds the missing entries to `keys` (variable name -> czm_checkpoint_key).
void czm_objects_add_keys(const czm_objects *g, const czm_meta_graph *meta, czm_name_table *keys);

// Sets name and is_trainable of the variable that the checkpoint stores under `key`; leaves both unchanged if no
// object is known for it.
void czm_objects_describe(const czm_objects *g, czm_bytes key, czm_variable *variable);

#endif
