// SPDX-License-Identifier: Apache-2.0
//
// The largest tile: the side of the largest square input whose memory is within the limit, and the number that the
// side must be a multiple of.
#ifndef CZM_API_TILE_SIZE_H
#define CZM_API_TILE_SIZE_H

#include "api/target.h"

typedef struct czm_tile_size {
    int64_t largest;  // side in pixels; 0: no size other than the network's own works
    int64_t multiple; // 0: likewise
} czm_tile_size;

// Tries sizes on copies of the network, about ten.
czm_tile_size czm_tile_size_find(czm_arena *arena, const czm_target *target,
                                 const czm_check_subject *subject);

// Names the nearest sizes at which the output is as large as the input, as a hint; NULL: none is found.
const char *czm_tile_size_hint(czm_arena *arena, const czm_target *target,
                               const czm_check_subject *subject);

#endif
