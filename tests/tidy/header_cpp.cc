// SPDX-License-Identifier: Apache-2.0
//
// czm.h is enough by itself in C++, initialisers included.
#include "czm.h"

int main() {
    czm_options options = CZM_OPTIONS_INIT;
    czm_metadata metadata = CZM_METADATA_INIT;
    czm_result result = CZM_RESULT_INIT;
    czm_inspection inspection = CZM_INSPECTION_INIT;
    czm_verdict verdict = CZM_VERDICT_INIT;
    czm_differences differences = CZM_DIFFERENCES_INIT;
    return options.struct_size == sizeof options && metadata.struct_size == sizeof metadata &&
                   result.struct_size == sizeof result &&
                   inspection.struct_size == sizeof inspection &&
                   verdict.struct_size == sizeof verdict &&
                   differences.struct_size == sizeof differences
               ? 0
               : 1;
}
