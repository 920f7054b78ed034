// SPDX-License-Identifier: Apache-2.0
//
// Eight threads convert and inspect the same networks at once, and write the same bytes. The preset "threads" finds
// what they share.
#include <pthread.h>

#include "codec/checksum.h"
#include "czm.h"
#include "support.h"

static const char *const networks[] = {
    CZM_FIXTURES "/tf221-keras3/model",
    CZM_FIXTURES "/tf115-while_loop/model",
    CZM_FIXTURES "/../../onnx/exports/unet_instance_17.onnx",
    "../../keras/tf2.0.0-small.h5",
    "../../keras/tf2.14.1-small.keras",
};
static const char *const formats[] = {"3.0.0", "3.1.0"};

enum { THREADS = 8, NETWORKS = CZM_COUNT_OF(networks), FORMATS = CZM_COUNT_OF(formats) };

typedef struct worker {
    pthread_t thread;
    char folder[16];
    uint32_t sums[NETWORKS][FORMATS]; // of the written files
} worker;

static uint32_t sum_of(const char *path) {
    czm_arena *arena = czm_arena_new(NULL);
    czm_file *file = czm_file_open(arena, path);
    size_t size = file ? (size_t)czm_file_size(file) : 0;
    uint8_t *bytes = czm_arena_alloc(arena, size);
    uint32_t sum = file && czm_file_read_at(file, 0, bytes, size)
                       ? czm_crc32(0, czm_bytes_of(bytes, size))
                       : 0;
    czm_arena_free(arena);
    return sum;
}

static uint32_t convert(const char *network, const char *format, const char *folder) {
    static const czm_class classes[] = {{"a", 0, 0, 0, false}, {"b", 0, 0, 0, false}};
    static const char *const allowed[] = {"input-channels", "input-size-undefined", "class-count",
                                          "probabilities",  "pixel-type-channels",  "border"};
    czm_metadata metadata = CZM_METADATA_INIT;
    metadata.model_path = network;
    metadata.color_handling = "ConvertToMonochrome";
    metadata.pixel_type = "Gray16";
    metadata.classes = classes;
    metadata.class_count = CZM_COUNT_OF(classes);
    czm_options options = CZM_OPTIONS_INIT;
    options.metadata = &metadata;
    options.output_folder = folder;
    options.format = format;
    options.allow = allowed;
    options.allow_count = CZM_COUNT_OF(allowed);
    czm_result result = CZM_RESULT_INIT;
    czm_report *report = czm_report_new();
    uint32_t sum = czm_convert(&options, &result, report) == CZM_OK ? sum_of(result.path) : 0;
    czm_report_free(report);
    return sum;
}

static bool inspect(const char *network) {
    czm_options options = CZM_OPTIONS_INIT;
    options.source_path = network;
    czm_inspection inspection = CZM_INSPECTION_INIT;
    czm_report *report = czm_report_new();
    bool is_done = czm_inspect(&options, &inspection, report) == CZM_OK &&
                   czm_inspection_json(&inspection, report);
    czm_report_free(report);
    return is_done;
}

static void *work(void *object) {
    worker *w = object;
    for (size_t n = 0; n < NETWORKS; n++)
        for (size_t f = 0; f < FORMATS && inspect(networks[n]); f++)
            w->sums[n][f] = convert(networks[n], formats[f], w->folder);
    return NULL;
}

static void threads_share_nothing(void **state) {
    static worker workers[THREADS];
    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        snprintf(workers[i].folder, sizeof workers[i].folder, "thread%zu", i);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) pthread_join(workers[i].thread, NULL);
    for (size_t n = 0; n < NETWORKS; n++)
        for (size_t f = 0; f < FORMATS; f++) assert_int_not_equal(workers[0].sums[n][f], 0);
    for (size_t i = 1; i < THREADS; i++)
        assert_memory_equal(workers[i].sums, workers[0].sums, sizeof workers[0].sums);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(threads_share_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
