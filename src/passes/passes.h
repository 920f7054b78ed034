// SPDX-License-Identifier: Apache-2.0
//
// The passes between reading and writing, in the order of the table in passes.c. A pass rewrites graphs and never
// checks them; it leaves nodes that it cannot rewrite to the checks.
#ifndef CZM_PASSES_PASSES_H
#define CZM_PASSES_PASSES_H

#include "graph/graph.h"

// Runs the passes for a target; the graphs are sorted before and after each.
void czm_passes_run(czm_context *context, czm_model *model, czm_pass_target target);

// Calls `run` for the main graph and for the graph of each function.
void czm_each_graph(czm_context *context, czm_model *model,
                    void (*run)(czm_context *context, czm_model *model, czm_graph *graph));

void czm_pass_variables(czm_context *context, czm_model *model, czm_pass_target target);
void czm_pass_lower(czm_context *context, czm_model *model, czm_pass_target target);
void czm_pass_clean(czm_context *context, czm_model *model, czm_pass_target target);
void czm_pass_names(czm_context *context, czm_model *model, czm_pass_target target);

#endif
