// SPDX-License-Identifier: Apache-2.0
//
// Runs a network on the tiles of an image, in any engine, and measures its time and memory.
#include "cli/runtime/runtime.h"

static const char *run(cli_network *network, czm_arena *arena, const cli_grid *tile,
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
    return NULL;
}

const char *cli_tiles_run(czm_arena *arena, cli_network *network, const cli_tiling *tiling,
                          const cli_grid *image, cli_grid *answer, size_t *tile_count) {
    cli_tiles tiles;
    cli_grid output = {0};
    CLI_TRY(cli_tiles_begin(arena, tiling, image, &tiles));
    while (cli_tiles_next(&tiles)) {
        if (czm_signal_caught()) return "stopped";
        CLI_TRY(run(network, arena, &tiles.tile, &output));
        CLI_TRY(cli_tiles_put(arena, &tiles, &output));
    }
    *answer = tiles.answer;
    *tile_count = tiles.count;
    return NULL;
}

const char *cli_edges_measure(czm_arena *arena, cli_network *network, const cli_tiling *tiling,
                              const cli_grid *image, cli_edges *edges) {
    cli_edge_tiles tiles;
    cli_grid here = {0}, there = {0};
    *edges = (cli_edges){0};
    if (!cli_edges_begin(arena, tiling, image, &tiles)) return NULL;
    CLI_TRY(run(network, arena, &tiles.here, &here));
    CLI_TRY(run(network, arena, &tiles.there, &there));
    return cli_edges_compare(arena, &tiles, &here, &there, edges);
}
