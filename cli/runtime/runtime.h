// SPDX-License-Identifier: Apache-2.0
//
// Runs networks for the verify command, in ONNX Runtime or in TensorFlow. Only this folder loads shared libraries,
// reads the clock and measures memory; cli/verify/ does everything else, and does not depend on it. Functions that
// can fail return NULL, or what is wrong, as text in the arena.
#ifndef CZM_CLI_RUNTIME_H
#define CZM_CLI_RUNTIME_H

#include "cli/verify/verify.h"

// ---- networks (onnx.c, tensorflow.c, network.c)

typedef struct cli_network {
    const char *runtime; // such as "ONNX Runtime 1.23.2"
    int64_t dims[4];     // of the input: batch, height, width, channels; -1: open
    void *session;
    // Runs one tile. `output` is made by the first run and used again.
    const char *(*run)(void *session, czm_arena *arena, const cli_grid *tile, cli_grid *output);
    size_t runs;
    double seconds;  // of the fastest run
    uint64_t memory; // bytes that the first run needed; 0: not known
} cli_network;

// What to run: a SavedModel's signature, and the keys of its input and output.
typedef struct cli_signature {
    const char *name, *input, *output;
} cli_signature;

// Possible places of ONNX Runtime; onnx.c describes the search.
typedef struct cli_onnx_place {
    const char *runtime;      // its library or the folder of it, as the user named it; or NULL
    const char *model_folder; // the folder of the user's model: nothing in it is loaded
} cli_onnx_place;

// Both load their library when they are called. network->runtime is set after the library is loaded, even if the
// model fails. `engine` is a library or the folder of one.
const char *cli_onnx_open(czm_arena *arena, const cli_onnx_place *place, const char *path,
                          cli_network *network);
const char *cli_tensorflow_open(czm_arena *arena, const char *engine, const char *folder,
                                const cli_signature *signature, cli_network *network);

// The network's output for the whole image, in tiles (cli_tiles); stops after a signal.
const char *cli_tiles_run(czm_arena *arena, cli_network *network, const cli_tiling *tiling,
                          const cli_grid *image, cli_grid *answer, size_t *tile_count);

// Compares two overlapping tiles (cli_edge_tiles).
const char *cli_edges_measure(czm_arena *arena, cli_network *network, const cli_tiling *tiling,
                              const cli_grid *image, cli_edges *edges);

// Writes the SavedModel of the CZModel `target`, or of its conversion, to a folder in `scratch`.
czm_status cli_payload_unpack(czm_arena *arena, const char *target, const czm_inspection *model,
                              const char *scratch, czm_report *report, const char **folder);

// ---- the system (system_posix.c, system_windows.c)

// Whether this program can load libraries; a static one cannot.
bool cli_library_can_open(void);

// A shared library; its symbols serve later ones too if they are shared. NULL: cli_library_fault().
void *cli_library_open(czm_arena *arena, const char *path, bool is_shared);
const char *cli_library_fault(czm_arena *arena);

// Stores the address of a function of a library in `*function`; false: there is none.
bool cli_library_find(void *library, const char *name, void *function);

// Whether both paths lead to one folder, however they name it; false if it does not exist.
bool cli_folder_is(czm_arena *arena, const char *folder, const char *other);

// The folder of a package of the Python in whose environment this program lies, or else (not on Windows)
// of "python3"; NULL: there is none.
const char *cli_python_package(czm_arena *arena, const char *name);

// Sets a variable of the environment, unless it is set.
void cli_environment_default(const char *name, const char *value);

const char *cli_temporary_folder(czm_arena *arena);

double cli_seconds(void);

// Bytes of the process in memory, now and at most since cli_memory_begin(); 0: not known.
uint64_t cli_memory_now(void);
void cli_memory_begin(void);
uint64_t cli_memory_most(void);

#endif
