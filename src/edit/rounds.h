// SPDX-License-Identifier: Apache-2.0
//
// Computes the recorded nodes of a model again, each when the size of its input is final.
#ifndef CZM_EDIT_ROUNDS_H
#define CZM_EDIT_ROUNDS_H

#include "edit/baked.h"

enum { CZM_PROBE_BATCH = 3 }; // an open batch has this size meanwhile

// Computes all nodes that have a record in `scratch`. The main graph must be sorted, and is sorted again.
CZM_MUST_CHECK czm_status czm_baked_recompute(czm_editor *e);

// The shape of the model's input with so many images if the batch is open; NULL: it has no four dimensions.
const czm_shape *czm_batch_shape(czm_arena *arena, const czm_model *model, int64_t batch);

#endif
