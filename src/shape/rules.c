// SPDX-License-Identifier: Apache-2.0
//
// The table of rules; see rules.h for what a row means and rules.def for the rows.
#include "shape/rules.h"

#define czm_fold_nothing NULL

const czm_shape_rule czm_shape_rules[] = {
#define RULE(op, infer, fold, detail) {op, czm_infer_##infer, czm_fold_##fold, detail},
#include "shape/rules.def"
#undef RULE
};

const size_t czm_shape_rule_count = CZM_COUNT_OF(czm_shape_rules);
