// SPDX-License-Identifier: Apache-2.0
//
// The command "savedmodel2czmodel": the reference tool's name and arguments for czmodel convert.
#include "cli/commands.h"

#include "base/os.h"

static int run(int argc, char **argv) { return cli_convert_as("savedmodel2czmodel", NULL, argc, argv); }

int main(int argc, char **argv) { return czm_program_run(argc, argv, run); }
