// SPDX-License-Identifier: Apache-2.0
//
// Runs a network, whatever runs it, and takes its time and memory.
#include "cli/verify/verify.h"

const char *cli_network_run(cli_network *network, czm_arena *arena, const cli_grid *tile,
                            cli_grid *output) {
    uint64_t before = cli_memory_now();
    if (network->runs == 0) cli_memory_begin();
    double begin = cli_seconds();
    const char *fault = network->run(network->session, arena, tile, output);
    double seconds = cli_seconds() - begin;
    if (fault) return fault;
    uint64_t most = cli_memory_most();
    if (network->runs == 0 && most > before) network->memory = most - before;
    if (network->runs == 0 || seconds < network->seconds) network->seconds = seconds;
    network->runs++;
    if (output->height == tile->height && output->width == tile->width) return NULL;
    return czm_arena_format(arena,
                            "a tile of %zu x %zu pixels (height x width) gives %zu x %zu; the "
                            "output must have the size of the input",
                            tile->height, tile->width, output->height, output->width);
}
