// SPDX-License-Identifier: Apache-2.0
//
// Joins two models, one before the other. A Placeholder becomes, in place, an Identity of its new source, so that its
// readers are unchanged; functions and variables are moved.
#ifndef CZM_EDIT_SPLICE_H
#define CZM_EDIT_SPLICE_H

#include "graph/graph.h"

// Afterwards `model` has the step's input, under its own input's name.
void czm_splice_before(czm_model *model, const czm_model *step);

// Afterwards `model` has the step's output, under its own output's name.
void czm_splice_behind(czm_model *model, const czm_model *step);

#endif
