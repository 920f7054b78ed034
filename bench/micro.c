// SPDX-License-Identifier: Apache-2.0
//
// How fast the parts are that every byte of a network goes through, against memcpy: the wire parser,
// both checksums, and the archive writer. Prints a table in Markdown; see run.py.
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>

#include "base/os.h"
#include "codec/checksum.c" // NOLINT: for the form that serves processors without the instruction
#include "package/czmodel.h"

enum { BLOCK = 256 * 1024, BLOCKS = 2048, ROUNDS = 5 };

typedef struct bench {
    czm_arena *arena;
    uint8_t *from, *to;
    czm_bytes message; // many small fields
    volatile uint64_t sink;
} bench;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// Each gives the bytes that it went through.
static double copy(bench *b) {
    for (int i = 0; i < BLOCKS; i++) {
        memcpy(b->to, b->from, BLOCK);
        b->sink += b->to[i];
    }
    return (double)BLOCKS * BLOCK;
}

static double zip_crc32(bench *b) {
    for (int i = 0; i < BLOCKS; i++) b->sink += czm_crc32(0, czm_bytes_of(b->from, BLOCK));
    return (double)BLOCKS * BLOCK;
}

static double crc32c(bench *b) {
    for (int i = 0; i < BLOCKS; i++) b->sink += czm_crc32c(0, czm_bytes_of(b->from, BLOCK));
    return (double)BLOCKS * BLOCK;
}

static double crc32c_tables(bench *b) {
    for (int i = 0; i < BLOCKS; i++) b->sink += portable_crc32c(0, czm_bytes_of(b->from, BLOCK));
    return (double)BLOCKS * BLOCK;
}

static double parse(bench *b) {
    for (int i = 0; i < 64; i++) {
        czm_wire wire = czm_wire_read(b->message);
        for (czm_field f; czm_wire_next(&wire, &f);) b->sink += f.number;
    }
    return 64.0 * (double)b->message.size;
}

static czm_status stream_blocks(const czm_payload *self, czm_context *context, czm_sink sink) {
    (void)context;
    for (int i = 0; i < BLOCKS; i++) CZM_TRY(sink.take(sink.user, czm_bytes_of(self->data, BLOCK)));
    return CZM_OK;
}

static double write_archive(bench *b) {
    czm_report *report = czm_report_new();
    czm_arena *arena = czm_arena_new(NULL);
    czm_context context = {arena, report};
    const czm_spec spec = {.model_name = "m",
                           .color_handling = "SplitRgb",
                           .pixel_type = "Bgr24",
                           .postprocessing = ""};
    const czm_payload payload = {.name = "data",
                                 .size = (uint64_t)BLOCKS * BLOCK,
                                 .stream = stream_blocks,
                                 .data = b->from};
    const czm_package package = {.path = "bench.czmodel",
                                 .format = czm_format_find("3.0.0"),
                                 .model_id = "00000000-0000-4000-8000-000000000000",
                                 .spec = &spec,
                                 .payloads = &payload,
                                 .payload_count = 1};
    uint64_t size = 0;
    char id[37];
    if (czm_package_write(&context, &package, &size, id)) size = 0;
    remove("bench.czmodel");
    czm_arena_free(arena);
    czm_report_free(report);
    return (double)size;
}

static const struct {
    const char *name;
    double (*run)(bench *b);
} parts[] = {
    {"memcpy", copy},
    {"CRC-32 (ZIP)", zip_crc32},
    {"CRC-32C (checkpoint)", crc32c},
    {"CRC-32C by tables", crc32c_tables},
    {"wire parser, fields of 20 bytes", parse},
    {"archive writer, two threads", write_archive},
};

static czm_bytes make_message(czm_arena *arena) {
    czm_buffer buffer = czm_buffer_in(arena);
    for (int i = 0; i < 400000; i++)
        czm_put_text(&buffer, 1 + (uint32_t)i % 15, "layer/Conv2D/weight");
    return czm_buffer_bytes(&buffer);
}

int main(void) {
    bench b = {.arena = czm_arena_new(NULL)};
    b.from = czm_arena_alloc(b.arena, BLOCK);
    b.to = czm_arena_alloc(b.arena, BLOCK);
    b.message = make_message(b.arena);
    for (size_t i = 0; i < BLOCK; i++) b.from[i] = (uint8_t)(i * 2654435761u >> 11);
    printf("| part | GB/s |\n|---|---|\n");
    for (size_t p = 0; p < CZM_COUNT_OF(parts); p++) {
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            double begin = now(), bytes = parts[p].run(&b), speed = bytes / (now() - begin) / 1e9;
            if (speed > best) best = speed;
        }
        printf("| %s | %.1f |\n", parts[p].name, best);
    }
    czm_arena_free(b.arena);
    return 0;
}
