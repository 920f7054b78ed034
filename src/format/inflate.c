// SPDX-License-Identifier: Apache-2.0
//
// zlib in an arena; see inflate.h.
#include "format/inflate.h"

static void *allocate(void *arena, unsigned count, unsigned size) {
    return czm_arena_array(arena, count, size);
}

static void release(void *arena, void *memory) { (void)arena, (void)memory; }

z_stream *czm_inflate_stream(czm_arena *arena, int window_bits) {
    z_stream *stream = CZM_NEW(arena, z_stream);
    *stream = (z_stream){.zalloc = allocate, .zfree = release, .opaque = arena};
    (void)inflateInit2(stream, window_bits); // it fails by its memory alone, and that jumps
    return stream;
}
