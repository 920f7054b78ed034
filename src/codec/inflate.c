// SPDX-License-Identifier: Apache-2.0
//
// zlib in an arena; see inflate.h.
#include "codec/inflate.h"

typedef struct request {
    czm_arena *arena;
    size_t count, size;
    void *memory;
} request;

static void grant(void *data) {
    request *r = data;
    r->memory = czm_arena_array(r->arena, r->count, r->size);
}

static void *allocate(void *arena, unsigned count, unsigned size) {
    request r = {arena, count, size, NULL};
    czm_arena_catch(arena, grant, &r);
    return r.memory;
}

static void release(void *arena, void *memory) { (void)arena, (void)memory; }

z_stream *czm_inflate_stream(czm_arena *arena, int window_bits) {
    z_stream *stream = CZM_NEW(arena, z_stream);
    *stream = (z_stream){.zalloc = allocate, .zfree = release, .opaque = arena};
    (void)inflateInit2(stream, window_bits); // only its memory can fail
    czm_arena_rethrow(arena);
    return stream;
}

int czm_inflate(z_stream *stream, int flush) {
    int status = inflate(stream, flush);
    czm_arena_rethrow(stream->opaque);
    return status;
}
