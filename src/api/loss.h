// SPDX-License-Identifier: Apache-2.0
//
// Metadata of a container that the new format cannot contain.
#ifndef CZM_API_LOSS_H
#define CZM_API_LOSS_H

#include "api/target.h"

typedef struct czm_loss {
    bool is_lost;
    const char *what, *value; // value: the value of `what`, or NULL
} czm_loss;

// "the id \"...\", the model name"; "": nothing is lost.
const char *czm_losses_text(czm_arena *arena, const czm_loss *losses, size_t count);

// The elements that czmodel has no place for; "" if there are none.
const char *czm_losses_of_elements(czm_arena *arena, const czm_manifest *manifest);

// How many channels name alternative pixel types.
bool czm_loss_has_alternatives(const czm_manifest *manifest);

// Reports the metadata that a conversion of a container or a specification loses.
void czm_report_loss(czm_context *context, const czm_target *target);

#endif
