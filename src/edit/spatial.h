// SPDX-License-Identifier: Apache-2.0
//
// A new height and width. What the network computes from its input's size follows by itself; what
// the exporter stored as numbers is recomputed here, by the rule that made it. For that the old
// sizes must be known: each part of the final graph (the network, each step that is a model) is
// recorded with its own sizes before the parts are joined.
#ifndef CZM_EDIT_SPATIAL_H
#define CZM_EDIT_SPATIAL_H

#include "graph/graph.h"
#include "shape/shape.h"

// A node that holds sizes as numbers, with what they were for the old size.
typedef struct czm_baked czm_baked;
typedef CZM_LIST(czm_baked *) czm_baked_list;

// Records the nodes of a part, which must be sorted.
void czm_spatial_record(czm_context *context, const czm_model *part, czm_baked_list *baked);

// Gives the joined model's input the new size and recomputes what was recorded. Reports what
// depends on the old size.
CZM_MUST_CHECK czm_status czm_spatial_apply(czm_context *context, czm_model *model,
                                            const czm_baked_list *baked, int64_t height,
                                            int64_t width);

#endif
