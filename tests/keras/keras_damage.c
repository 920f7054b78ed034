// SPDX-License-Identifier: Apache-2.0
//
// Keras files that are cut off or have a wrong bit, read with all their weights:
//
//     keras_damage STEP FLIPS FILE...
//
// Each file is cut off at each STEP-th length, which must be rejected, and FLIPS of its bits are flipped one after the
// other, the same in each run. Works in the current folder.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"
#include "read/keras/read.h"

static czm_status ignore(void *user, czm_bytes block) {
    *(size_t *)user += block.size;
    return CZM_OK;
}

static czm_status read_weights(czm_context *context, const czm_model *model) {
    size_t size = 0;
    for (size_t i = 0; i < model->variables.count; i++) {
        uint32_t crc32c;
        const czm_tensor_source *source = model->variables.items[i].source;
        CZM_TRY(source->stream(source, context, (czm_sink){ignore, &size}, &crc32c));
    }
    return CZM_OK;
}

static czm_status read_file(czm_context *context, const char *path) {
    czm_source source;
    czm_model *model = CZM_NEW(context->arena, czm_model);
    CZM_TRY(czm_source_open(context, path, &source));
    if (source.kind != CZM_SOURCE_KERAS) return CZM_ERROR_INVALID;
    CZM_TRY(czm_keras_read(context, &source, NULL, NULL, model));
    return read_weights(context, model);
}

// Reads these bytes as a file; a status without a message is a fault.
static czm_status try_bytes(const uint8_t *bytes, size_t size) {
    jmp_buf out_of_memory;
    czm_report *report = czm_report_new();
    if (setjmp(out_of_memory)) abort();
    czm_context context = {czm_arena_new(&out_of_memory), report};
    FILE *file = fopen("damaged", "wb");
    if (!file) abort();
    bool is_written = fwrite(bytes, 1, size, file) == size;
    if (fclose(file) || !is_written) abort();
    czm_status status = read_file(&context, "damaged");
    if (status && status != CZM_ERROR_INVALID) abort();
    czm_arena_free(context.arena);
    czm_report_free(report);
    return status;
}

static uint8_t *load(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) abort();
    *size = (size_t)ftell(file);
    uint8_t *bytes = malloc(*size + 1);
    rewind(file);
    if (!bytes || fread(bytes, 1, *size, file) != *size) abort();
    fclose(file);
    return bytes;
}

static int damage(const char *path, size_t step, size_t flips) {
    size_t size, accepted = 0;
    uint8_t *bytes = load(path, &size);
    uint32_t random = 1;
    if (try_bytes(bytes, size)) return fprintf(stderr, "%s: is not accepted\n", path);
    for (size_t cut = 0; cut < size; cut += step)
        if (!try_bytes(bytes, cut))
            return fprintf(stderr, "%s: is accepted with %zu bytes\n", path, cut);
    for (size_t i = 0; i < flips; i++) {
        random = random * 1664525 + 1013904223;
        size_t bit = (size_t)((uint64_t)random * 8 * size >> 32);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        accepted += try_bytes(bytes, size) == CZM_OK;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    printf("%s: %zu bytes, %zu of %zu flips accepted\n", path, size, accepted, flips);
    free(bytes);
    return 0;
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    for (int i = 3; i < count; i++)
        if (damage(arguments[i], (size_t)atoi(arguments[1]), (size_t)atoi(arguments[2]))) return 1;
    return 0;
}
