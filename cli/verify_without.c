// SPDX-License-Identifier: Apache-2.0
//
// The verify command of a program without the image libraries.
#include <stdio.h>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/verify/verify.h"

size_t cli_image_component_count(void) { return 0; }

czm_component cli_image_component_at(size_t index) {
    (void)index;
    return (czm_component){0};
}

int cli_verify(int argc, char **argv) {
    (void)argc, (void)argv;
    cli_print(stderr, "error: czmodel verify: this program was built without verify\n"
                      "  fix:  use the program of a release, or build czmodel on a system with "
                      "libpng, libjpeg and libtiff\n");
    return CZM_ERROR_USAGE;
}
