// SPDX-License-Identifier: Apache-2.0
//
// What verify is where it could not be built.
#include <stdio.h>

#include "cli/commands.h"
#include "czm.h"

int cli_verify(int argc, char **argv) {
    (void)argc, (void)argv;
    fprintf(stderr,
            "error: czmodel verify: this program was built without it, as Python packages are\n"
            "  fix:  build czmodel where what Debian calls libpng-dev, libjpeg-dev and "
            "libtiff-dev is installed\n");
    return CZM_ERROR_USAGE;
}
