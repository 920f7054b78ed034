// SPDX-License-Identifier: Apache-2.0
//
// The JSON specification file: syntax, keys and types. What the values mean is spec.c's.
#ifndef CZM_SPEC_JSON_SPEC_H
#define CZM_SPEC_JSON_SPEC_H

#include "base/os.h"
#include "report/report.h"

// A border that the file does not tell, or not as a whole number: that is in the report.
#define CZM_NO_BORDER INT64_MIN

// Fills `metadata` with what the file says, paths as written. Returns a fault only if the file
// cannot be read or is no JSON object; wrong and missing keys are in the report.
CZM_MUST_CHECK czm_status czm_json_spec_read(czm_context *context, const char *path,
                                             czm_metadata *metadata);

// The other way: the text of a specification, without the keys that have no value; NULL without
// memory.
const char *czm_json_spec_write(czm_arena *arena, const czm_metadata *metadata);

bool czm_text_equal_but_case(const char *a, const char *b);

#endif
