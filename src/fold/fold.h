// SPDX-License-Identifier: Apache-2.0
//
// Decisions that follow from constants: which branch of a conditional runs (while the network is read), and the
// results of operations that a target cannot compute (before it is translated). src/shape computes the numbers.
#ifndef CZM_FOLD_FOLD_H
#define CZM_FOLD_FOLD_H

#include "graph/graph.h"

// Placeholders of the main graph that are not its input become their default values.
void czm_fold_defaults(czm_model *model);

// In all graphs, replaces If, Case, Switch, Merge and Select by the chosen branch, if the condition is a constant or
// a known variable. `context` is for reading such variables. Afterwards the graphs are sorted, and effects of
// branches that never run are removed.
void czm_fold_branches(czm_context *context, czm_model *model);

// Pass "fold": nodes that depend on constants and weights alone become constants, if the target cannot compute them;
// for ONNX also if they are small.
void czm_fold_constants(czm_context *context, czm_model *model, czm_pass_target target);

// ---- effects of graphs that are being read

// The variables that the functions of a model change, in their present state. Uses `scratch` of the nodes of their
// arguments, and clears it.
typedef struct czm_effects czm_effects;

czm_effects *czm_effects_find(czm_arena *arena, const czm_model *model);

// Whether an effect changes the variable of its input, and whether a function changes that of an argument.
bool czm_effect_changes(const czm_effects *effects, const czm_node *effect, size_t input);
bool czm_function_changes(const czm_effects *effects, const czm_graph *function, size_t argument);

// The variable of an input, if there is one.
const czm_node *czm_effect_variable(const czm_node *effect, size_t input);

// ---- for folding alone

// The bytes of the variable if there are at most `most`; else, or if it is NULL, empty.
czm_bytes czm_fold_read_weight(czm_context *context, const czm_variable *variable, uint64_t most);

// For each node of the sorted graph, by its order: whether it depends on anything but constants and variables, or on
// one of the nodes in `seeds` (by order; NULL: none).
bool *czm_fold_find_open(czm_arena *arena, const czm_graph *graph, const bool *seeds);

#endif
