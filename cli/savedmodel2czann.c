// SPDX-License-Identifier: Apache-2.0
//
// The command "savedmodel2czann": name, arguments and format of the reference tool's later versions
// for czmodel convert.
#include "cli/commands.h"

#include "base/os.h"

static int run(int argc, char **argv) {
    return cli_convert_as("savedmodel2czann", "czann-1.0.0", argc, argv);
}

int main(int argc, char **argv) { return czm_program_run(argc, argv, run); }
