// SPDX-License-Identifier: Apache-2.0
//
// The checks: they compare a finished model and its metadata with the rules and report every
// finding. A check never modifies anything.
#ifndef CZM_CHECK_CHECK_H
#define CZM_CHECK_CHECK_H

#include "graph/graph.h"
#include "shape/shape.h"
#include "spec/spec.h"

// Everything that a check may look at.
typedef struct czm_check_subject {
    const czm_model *model;
    const czm_shapes *shapes;
    const czm_spec *spec;
} czm_check_subject;

// Runs all checks; the report has the findings.
void czm_checks_run(czm_context *context, const czm_check_subject *subject);

void czm_check_ops(czm_context *context, const czm_check_subject *subject);
void czm_check_interface(czm_context *context, const czm_check_subject *subject);

// The shape of the network's output: what inference knows, else what the signature says.
czm_shape czm_check_output_shape(czm_arena *arena, const czm_check_subject *subject);

#endif
