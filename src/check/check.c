// SPDX-License-Identifier: Apache-2.0
//
// The table of checks.
#include "check/check.h"

static void (*const checks[])(czm_context *, const czm_check_subject *) = {
    czm_check_interface,
    czm_check_ops,
};

void czm_checks_run(czm_context *context, const czm_check_subject *subject) {
    for (size_t i = 0; i < CZM_COUNT_OF(checks); i++) checks[i](context, subject);
}
