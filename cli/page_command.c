// SPDX-License-Identifier: Apache-2.0
//
// The page command: opens czmodel.html (docs/page.md), which packages and releases contain.
#include <stdio.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/terminal.h"

// Relative to the folder of the program: its place in a release, and in packages and wheels.
static const char *const places[] = {"czmodel.html", "../share/czmodel/czmodel.html"};

static const char *find_page(czm_arena *arena, const char *folder) {
    for (size_t i = 0; i < CZM_COUNT_OF(places); i++) {
        const char *path = czm_path_join(arena, folder, places[i]);
        if (czm_path_look(path) == CZM_PATH_FILE) return path;
    }
    return NULL;
}

static int open_page(czm_arena *arena, void *data) {
    (void)data;
    const char *folder = czm_program_folder(arena);
    const char *page = folder ? find_page(arena, folder) : NULL;
    if (!page) {
        cli_print(
            stderr,
            "czmodel page: %s is missing in the program's folder, %s; the releases contain it\n",
            places[0], folder ? folder : "an unknown folder");
        return CZM_ERROR_IO;
    }
    cli_print(stdout, "%s\n", page);
    if (czm_file_show(arena, page)) return cli_flush() ? CZM_OK : CZM_ERROR_IO;
    cli_print(stderr,
              "czmodel page: no browser can be started (%s); open the file %s in your browser\n",
              czm_file_error(), page);
    return CZM_ERROR_IO;
}

int cli_page(int argc, char **argv) {
    cli_last last = {0};
    const cli_option options[] = {CLI_LAST_ROWS(&last)};
    const cli_command command = {
        .name = "czmodel page",
        .arguments = "",
        .purpose =
            "Opens czmodel as a page in the default browser, and prints the path of the page. It\n"
            "converts networks and tries them on images without the command line; no file leaves\n"
            "the computer.",
        .examples = "  czmodel page\n",
        .least = 0,
        .most = 0,
    };
    int status;
    if (cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status) == CLI_DONE)
        return status;
    return cli_with_arena(open_page, NULL);
}
