// SPDX-License-Identifier: Apache-2.0
//
// "czmodel convert", which is also the whole of "savedmodel2czmodel".
#ifndef CZM_CLI_CONVERT_COMMAND_H
#define CZM_CLI_CONVERT_COMMAND_H

#include "cli/options.h"

int cli_convert(int argc, char **argv);

// `name` is how the user calls it: the reference's program has the same arguments.
int cli_convert_as(const char *name, int argc, char **argv);

#endif
