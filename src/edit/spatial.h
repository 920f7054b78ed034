// SPDX-License-Identifier: Apache-2.0
//
// A new height and width. Sizes that the network computes from its input need no change. Sizes that the exporter
// stored as numbers are computed again here, by the rule of their node. This requires the old sizes: each part of the
// final graph (the network, each step that is a model) is recorded with its own sizes before the parts are joined.
#ifndef CZM_EDIT_SPATIAL_H
#define CZM_EDIT_SPATIAL_H

#include "graph/graph.h"
#include "shape/shape.h"

// A node that contains sizes as numbers, with their old values.
typedef struct czm_baked czm_baked;
typedef CZM_LIST(czm_baked *) czm_baked_list;

// Records the nodes of a part, which must be sorted.
void czm_spatial_record(czm_context *context, const czm_model *part, czm_baked_list *baked);

// What was recorded, of a copy of the joined model; czm_spatial_apply() changes the records.
czm_baked_list czm_spatial_copy(czm_arena *arena, const czm_baked_list *baked,
                                const czm_model *copy);

// Sets the new size of the joined model's input and computes the recorded nodes again. Reports nodes that require the
// old size.
CZM_MUST_CHECK czm_status czm_spatial_apply(czm_context *context, czm_model *model,
                                            const czm_baked_list *baked, int64_t height,
                                            int64_t width);

#endif
