// SPDX-License-Identifier: Apache-2.0
//
// CZModels for tests, right and wrong: lists of members become ZIP archives, stored or deflated.
#ifndef CZM_TESTS_ARCHIVES_H
#define CZM_TESTS_ARCHIVES_H

#include <zlib.h>

#include "codec/checksum.h"
#include "support.h"

#define ID "6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11"

#define XML(version, more)                                                                      \
    "<?xml version='1.0' encoding='utf-8'?>\n<Model Version=\"" version "\"><Id>" ID "</Id>"    \
    "<ModelName>U-Net</ModelName><Status>Trained</Status>"                                      \
    "<FeatureExtractor>DeepNeuralNetwork</FeatureExtractor><Postprocessing />"                  \
    "<ColorHandling>SplitRgb</ColorHandling><Channels><Item PixelType=\"Gray16\" /></Channels>" \
    "<TrainingClasses>"                                                                         \
    "<Item colB=\"0\" colG=\"0\" colR=\"255\" LabelValue=\"1\" Name=\"Background\" />"          \
    "<Item colB=\"0\" colG=\"255\" colR=\"0\" LabelValue=\"2\" Name=\"Cell\" />"                \
    "</TrainingClasses><BorderSize>24</BorderSize>" more "</Model>"

typedef struct member {
    const char *name;
    czm_bytes content;
    bool is_link;
    int size_lie, crc_lie;
} member;

static inline czm_bytes pack(czm_arena *arena, czm_bytes plain, bool deflated) {
    if (!deflated) return plain;
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uint8_t *out = czm_arena_alloc(arena, plain.size + 100);
    z.next_in = (Bytef *)(uintptr_t)plain.data;
    z.avail_in = (uInt)plain.size;
    z.next_out = out;
    z.avail_out = (uInt)plain.size + 100;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return czm_bytes_of(out, z.total_out);
}

// The common part of a local header and a directory entry.
static inline void put_common(czm_buffer *b, const member *m, czm_bytes packed, bool deflated) {
    czm_put_raw_le(b, 0, 2);
    czm_put_raw_le(b, deflated ? 8 : 0, 2);
    czm_put_raw_le(b, 0x00210000, 4);
    czm_put_raw_le(b, czm_crc32(0, m->content) + (uint32_t)m->crc_lie, 4);
    czm_put_raw_le(b, packed.size, 4);
    czm_put_raw_le(b, (uint64_t)((int64_t)m->content.size + m->size_lie), 4);
    czm_put_raw_le(b, strlen(m->name), 2);
    czm_put_raw_le(b, 0, 2);
}

static inline czm_bytes archive_of(czm_arena *arena, const member *members, size_t count,
                                   bool deflated) {
    czm_buffer b = czm_buffer_in(arena), directory = czm_buffer_in(arena);
    for (size_t i = 0; i < count; i++) {
        const member *m = &members[i];
        czm_bytes packed = pack(arena, m->content, deflated);
        czm_put_raw(&directory, czm_bytes_of("PK\1\2\x14\3\x14\0", 8));
        put_common(&directory, m, packed, deflated);
        czm_put_raw_le(&directory, 0, 6);
        czm_put_raw_le(&directory, m->is_link ? 0120777u << 16 : 0100644u << 16, 4);
        czm_put_raw_le(&directory, b.size, 4);
        czm_put_raw(&directory, czm_bytes_text(m->name));
        czm_put_raw(&b, czm_bytes_of("PK\3\4\x14\0", 6));
        put_common(&b, m, packed, deflated);
        czm_put_raw(&b, czm_bytes_text(m->name));
        czm_put_raw(&b, packed);
    }
    uint64_t directory_at = b.size;
    czm_put_raw(&b, czm_buffer_bytes(&directory));
    czm_put_raw(&b, czm_bytes_of("PK\5\6\0\0\0\0", 8));
    czm_put_raw_le(&b, count, 2);
    czm_put_raw_le(&b, count, 2);
    czm_put_raw_le(&b, directory.size, 4);
    czm_put_raw_le(&b, directory_at, 4);
    czm_put_raw_le(&b, 0, 2);
    return czm_buffer_bytes(&b);
}

// The network inside: an archive that passes for a SavedModel until it is read.
static inline czm_bytes network_archive(czm_arena *arena) {
    const member members[] = {{"saved_model.pb", czm_bytes_text("graph"), false, 0, 0},
                              {"variables/variables.index", czm_bytes_text("index"), false, 0, 0}};
    return archive_of(arena, members, 2, false);
}

#endif
