// SPDX-License-Identifier: Apache-2.0
//
// czm.h is enough by itself in C++, initialisers included.
#include "czm.h"

int main() {
    czm_options options = CZM_OPTIONS_INIT;
    czm_metadata metadata = CZM_METADATA_INIT;
    czm_result result = CZM_RESULT_INIT;
    return options.struct_size == sizeof options && metadata.struct_size == sizeof metadata &&
                   result.struct_size == sizeof result
               ? 0
               : 1;
}
