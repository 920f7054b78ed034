// SPDX-License-Identifier: Apache-2.0
//
// A program of somebody else, for Windows: it loads the library when it runs, as Python does, and
// converts. Arguments: the library, a specification, a folder, the model's id.
#include <stdio.h>
#include <windows.h>

#include "czm.h"

typedef czm_report *new_report(void);
typedef czm_status convert(const czm_options *options, czm_result *result, czm_report *report);

int main(int argc, char **argv) {
    HMODULE library = argc == 5 ? LoadLibraryA(argv[1]) : NULL;
    if (!library) return 10;
    new_report *make = (new_report *)(void *)GetProcAddress(library, "czm_report_new");
    convert *call = (convert *)(void *)GetProcAddress(library, "czm_convert");
    if (!make || !call) return 11;
    czm_options options = CZM_OPTIONS_INIT;
    czm_result result = CZM_RESULT_INIT;
    options.source_path = argv[2];
    options.output_folder = argv[3];
    options.output_name = "made";
    options.model_id = argv[4];
    czm_status status = call(&options, &result, make());
    printf("%s\n", result.path);
    return status;
}
