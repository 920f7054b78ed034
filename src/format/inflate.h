// SPDX-License-Identifier: Apache-2.0
//
// zlib with memory of an arena, so that it counts, and so that its end is not taken for damage.
#ifndef CZM_FORMAT_INFLATE_H
#define CZM_FORMAT_INFLATE_H

#include <zlib.h>

#include "base/arena.h"

// A stream for inflate(); with inflateReset() it serves again, since the arena takes nothing back. `window_bits`
// as for inflateInit2().
z_stream *czm_inflate_stream(czm_arena *arena, int window_bits);

#endif
