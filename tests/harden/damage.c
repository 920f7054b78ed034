// SPDX-License-Identifier: Apache-2.0
//
// Damages files and looks what becomes of them, all in one process:
//
//     damage FLIPS SMALL TRUNCATIONS MODEL...
//
// Of each SavedModel or file in ONNX or of Keras, and of the CZModel that it becomes, every file is cut off: at each length if
// it has no more than SMALL bytes, else at TRUNCATIONS lengths that are spread over it. And FLIPS
// bits are flipped, at random but the same in each run. Every time there must be a message, or a
// result to which the damage makes no difference where there are checksums, and that is sound where
// there are none: in saved_model.pb, and where a network is one file. No more memory than 10 times the input and 64 MB may be used,
// and no case may take 5 seconds.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/list.h"
#include "base/os.h"
#include "czm.h"

enum { SECONDS = 5, MEMORY_FACTOR = 10, MEMORY_MORE = 64 << 20 };

#define MODEL "work/model"
#define OUTPUT_FOLDER "work/out"
#define OUTPUT "work/out/DNNModel.czmodel"
#define CONTAINER "work/container.czmodel"
#define ORIGINAL "work/original.czmodel"
#define GRAPH_FILE "saved_model.pb"

// The required result for a damaged file.
typedef enum kind {
    GRAPH,     // a message, or a sound result: nothing protects its numbers
    VARIABLES, // a message, or the same result: the damaged part is not needed
    PACKED,    // a message, or no difference: the damaged part has no meaning
} kind;

typedef struct file {
    const char *path;
    kind kind;
    czm_bytes content;
} file;

typedef CZM_LIST(file) file_list;

typedef struct amount {
    size_t flips, small, truncations;
} amount;

typedef struct tally {
    size_t truncations, flips, refused, harmless;
} tally;

static const char *model_path = MODEL;
static const char *now_at; // for what stops the process
static size_t now_offset;

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "%s, damaged at %zu: %s\n", now_at, now_offset, what);
    exit(1);
}

// Signals too must say which case it was; the process is lost anyway.
static void stop(int number) {
    // NOLINTNEXTLINE(bugprone-signal-handler)
    fprintf(stderr, "%s, damaged at %zu: stopped by signal %d\n", now_at, now_offset, number);
    _Exit(1);
}

static void catch_signals(void) {
    static const int signals[] = {SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    for (size_t i = 0; i < CZM_COUNT_OF(signals); i++) signal(signals[i], stop);
}

// ---- memory

typedef struct header {
    _Alignas(max_align_t) size_t size;
} header;

static size_t in_use, peak;

static void *allocate(size_t size) {
    header *h = malloc(sizeof *h + size);
    if (!h) return NULL;
    h->size = size;
    in_use += size;
    if (in_use > peak) peak = in_use;
    return h + 1;
}

static void release(void *memory) {
    header *h = (header *)memory - 1;
    in_use -= h->size;
    free(h);
}

// ---- files

static czm_bytes load(czm_arena *arena, const char *path) {
    czm_arena *local = czm_arena_new(NULL);
    czm_file *from = czm_file_open(local, path);
    if (!from) fail("it cannot be read");
    size_t size = (size_t)czm_file_size(from);
    uint8_t *bytes = czm_arena_alloc(arena, size);
    if (!czm_file_read_at(from, 0, bytes, size)) fail("it cannot be read");
    czm_arena_free(local);
    return czm_bytes_of(bytes, size);
}

static void store(const char *path, czm_bytes content) {
    FILE *to = fopen(path, "wb");
    if (!to || (content.size && fwrite(content.data, content.size, 1, to) != 1) || fclose(to) != 0)
        fail("it cannot be written");
}

// A copy of the model in the working directory.
static void copy_model(czm_arena *arena, const char *model, file_list *files) {
    czm_path_list found;
    if (czm_path_look(model) == CZM_PATH_FILE) {
        if (!czm_folder_create(arena, "work")) fail("no folder can be made");
        model_path = czm_path_join(arena, "work", czm_path_base(model));
        *CZM_APPEND(arena, files) = (file){model_path, GRAPH, load(arena, model)};
        store(model_path, files->items[0].content);
        return;
    }
    if (!czm_folder_list(arena, model, &found)) fail("it cannot be listed");
    for (size_t i = 0; i < found.count; i++) {
        const char *path = czm_path_join(arena, MODEL, found.paths[i]);
        czm_bytes content = load(arena, czm_path_join(arena, model, found.paths[i]));
        if (!czm_folder_create(arena, czm_path_folder(arena, path))) fail("no folder can be made");
        store(path, content);
        bool is_graph = czm_text_equal(found.paths[i], GRAPH_FILE);
        *CZM_APPEND(arena, files) = (file){path, is_graph ? GRAPH : VARIABLES, content};
    }
}

// ---- the trials

static czm_status convert(czm_report *report) {
    const czm_class classes[] = {{"a", 0, 0, 0, false},
                                 {"b", 0, 0, 0, false},
                                 {"c", 0, 0, 0, false}};
    czm_metadata metadata = CZM_METADATA_INIT;
    czm_options options = CZM_OPTIONS_INIT;
    metadata.model_path = model_path;
    metadata.color_handling = "SplitRgb";
    metadata.pixel_type = "Bgr24";
    metadata.classes = classes;
    metadata.class_count = CZM_COUNT_OF(classes);
    options.metadata = &metadata;
    options.output_folder = OUTPUT_FOLDER;
    options.allow = (const char *[]){"input-size-undefined"};
    options.allow_count = 1;
    options.model_id = "6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11";
    return czm_convert(&options, NULL, report);
}

static czm_status check(const char *path, czm_report *report) {
    czm_options options = CZM_OPTIONS_INIT;
    options.source_path = path;
    options.allow = (const char *[]){"input-size-undefined"};
    options.allow_count = 1;
    return czm_check(&options, NULL, report);
}

static bool has_warnings(const czm_report *report) {
    for (size_t i = 0; i < czm_report_count(report); i++)
        if (czm_report_at(report, i)->severity != CZM_NOTE) return true;
    return false;
}

static void expect_same_result(czm_bytes expected) {
    czm_arena *arena = czm_arena_new(NULL);
    if (!czm_bytes_equal(load(arena, OUTPUT), expected)) fail("the damage was not found");
    czm_arena_free(arena);
}

static void expect_sound(const char *path) {
    czm_report *report = czm_report_new();
    if (check(path, report) != CZM_OK) fail("what was written is not sound");
    czm_report_free(report);
}

static void expect_no_difference(czm_report *report) {
    czm_differences differences = CZM_DIFFERENCES_INIT;
    bool says_something = has_warnings(report);
    if (czm_diff(CONTAINER, ORIGINAL, &differences, report) != CZM_OK)
        fail("it cannot be compared");
    if (differences.count && !says_something) fail("the damage was not found");
}

static void try_file(const file *f, czm_bytes original, tally *t) {
    czm_report *report = czm_report_new();
    alarm(SECONDS);
    czm_status status = f->kind == PACKED ? check(f->path, report) : convert(report);
    if (status && czm_report_count(report) == 0) fail("there is no message");
    if (!status && f->kind == GRAPH) expect_sound(OUTPUT);
    if (!status && f->kind == VARIABLES) expect_same_result(original);
    if (!status && f->kind == PACKED) expect_no_difference(report);
    alarm(0);
    status ? t->refused++ : t->harmless++;
    czm_report_free(report);
}

// ---- damage

static void cut_off(const file *f, amount a, czm_bytes original, tally *t) {
    size_t size = f->content.size, count = size <= a.small ? size : a.truncations;
    for (size_t i = 0; i < count; i++) {
        now_offset = size * i / count;
        store(f->path, czm_bytes_of(f->content.data, now_offset));
        try_file(f, original, t);
        t->truncations++;
    }
}

static uint64_t next_random(uint64_t *state) { // splitmix64
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void flip(const file *f, size_t count, czm_bytes original, tally *t) {
    uint64_t random = f->content.size;
    uint8_t *bytes = malloc(f->content.size);
    if (!bytes) fail("there is no memory");
    memcpy(bytes, f->content.data, f->content.size);
    for (size_t i = 0; i < count; i++) {
        now_offset = (size_t)(next_random(&random) % f->content.size);
        uint8_t bit = (uint8_t)(1 << next_random(&random) % 8);
        bytes[now_offset] ^= bit;
        store(f->path, czm_bytes_of(bytes, f->content.size));
        try_file(f, original, t);
        bytes[now_offset] ^= bit;
        t->flips++;
    }
    free(bytes);
}

static void damage(const file_list *files, amount a, czm_bytes original, tally *t) {
    for (size_t i = 0; i < files->count; i++) {
        const file *f = &files->items[i];
        now_at = f->path;
        cut_off(f, a, original, t);
        flip(f, a.flips / files->count + (i < a.flips % files->count), original, t);
        store(f->path, f->content);
    }
}

// The model's files, and the container that it becomes unless it must be rejected.
static file_list make_files(czm_arena *arena, const char *model) {
    file_list files = {0};
    czm_report *report = czm_report_new();
    copy_model(arena, model, &files);
    if (convert(report) == CZM_OK) {
        czm_bytes container = load(arena, OUTPUT);
        store(ORIGINAL, container);
        store(CONTAINER, container);
        *CZM_APPEND(arena, &files) = (file){CONTAINER, PACKED, container};
    } else if (!strstr(model, "refused")) {
        fail(czm_report_at(report, czm_report_count(report) - 1)->finding);
    }
    czm_report_free(report);
    return files;
}

static void damage_model(const char *model, amount a) {
    tally t = {0};
    now_at = model;
    czm_arena *arena = czm_arena_new(NULL);
    file_list files = make_files(arena, model);
    size_t size = 0, before = in_use;
    for (size_t i = 0; i < files.count; i++) size += files.items[i].content.size;
    peak = in_use;
    damage(&files, a, files.items[files.count - 1].content, &t);
    if (peak - before > MEMORY_FACTOR * size + MEMORY_MORE) fail("it takes too much memory");
    bool is_file = czm_path_look(model) == CZM_PATH_FILE;
    const char *name = czm_path_base(is_file ? model : czm_path_folder(arena, model));
    printf("%-30s %11zu %8zu %8zu %8zu %8.1f\n", name, t.truncations, t.flips, t.refused,
           t.harmless, (double)(peak - before) / 1e6);
    czm_arena_free(arena);
}

int main(int count, char **arguments) {
    if (count < 5) return 2;
    amount a = {strtoul(arguments[1], NULL, 10), strtoul(arguments[2], NULL, 10),
                strtoul(arguments[3], NULL, 10)};
    catch_signals();
    czm_arena_set_allocator(allocate, release);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%-30s %11s %8s %8s %8s %8s\n", "model", "truncations", "flips", "rejected", "harmless",
           "peak MB");
    for (int i = 4; i < count; i++) damage_model(arguments[i], a);
    return 0;
}
