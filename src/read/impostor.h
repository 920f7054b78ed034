// SPDX-License-Identifier: Apache-2.0
//
// Files and folders that users name by mistake instead of a network: files of other programs, incomplete downloads,
// the wrong folder. Each kind is recognised by its content and has one remedy.
#ifndef CZM_READ_IMPOSTOR_H
#define CZM_READ_IMPOSTOR_H

#include "codec/unzip.h"
#include "report/report.h"

typedef struct czm_impostor {
    const char *what; // "a PyTorch file"; NULL: not recognised
    const char *hint; // may contain one %s, for the path
} czm_impostor;

// A file, by its first and last bytes.
czm_impostor czm_impostor_of_file(czm_arena *arena, czm_extent file);

// A ZIP archive without saved_model.pb, by the names of its members.
czm_impostor czm_impostor_of_archive(const czm_unzip *archive);

// A folder without saved_model.pb, by the names in it.
czm_impostor czm_impostor_of_folder(czm_arena *arena, const char *path);

#endif
