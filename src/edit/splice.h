// SPDX-License-Identifier: Apache-2.0
//
// Puts one model in front of another, or behind it. Placeholders become Identities of what feeds
// them now, in place, so that no reader has to be told; functions and variables move over.
#ifndef CZM_EDIT_SPLICE_H
#define CZM_EDIT_SPLICE_H

#include "graph/graph.h"

// `model` afterwards takes the step's input, under its own input's name.
void czm_splice_before(czm_model *model, const czm_model *step);

// `model` afterwards gives the step's output, under its own output's name.
void czm_splice_behind(czm_model *model, const czm_model *step);

#endif
