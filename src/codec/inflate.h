// SPDX-License-Identifier: Apache-2.0
//
// zlib with memory of an arena: the budget of a call includes it, and a lack of it is not mistaken for damage.
#ifndef CZM_CODEC_INFLATE_H
#define CZM_CODEC_INFLATE_H

#include <zlib.h>

#include "base/arena.h"

// A stream for czm_inflate(). inflateReset() makes it ready for other data: use it again, since memory of an
// arena is not given back. `window_bits` as for inflateInit2().
z_stream *czm_inflate_stream(czm_arena *arena, int window_bits);

// inflate(); running out of memory jumps after zlib has returned.
int czm_inflate(z_stream *stream, int flush);

#endif
