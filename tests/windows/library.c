// SPDX-License-Identifier: Apache-2.0
//
// A program of somebody else, for Windows: it loads the library when it runs, as Python does, and
// converts. Arguments: the library, a specification, a folder, the model's id. Like Python, it gives text as UTF-8.
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include <shellapi.h>

#include "czm.h"

typedef czm_report *new_report(void);
typedef czm_status convert(const czm_options *options, czm_result *result, czm_report *report);

static const char *utf8(const wchar_t *text) {
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = malloc((size_t)size);
    if (bytes) WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
    return bytes;
}

int main(void) {
    int argc;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    HMODULE library = argv && argc == 5 ? LoadLibraryW(argv[1]) : NULL;
    if (!library) return 10;
    new_report *make = (new_report *)(void *)GetProcAddress(library, "czm_report_new");
    convert *call = (convert *)(void *)GetProcAddress(library, "czm_convert");
    if (!make || !call) return 11;
    czm_options options = CZM_OPTIONS_INIT;
    czm_result result = CZM_RESULT_INIT;
    options.source_path = utf8(argv[2]);
    options.output_folder = utf8(argv[3]);
    options.output_name = "made";
    options.model_id = utf8(argv[4]);
    czm_status status = call(&options, &result, make());
    printf("%s\n", result.path);
    return status;
}
