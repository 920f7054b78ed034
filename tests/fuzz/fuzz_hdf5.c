// SPDX-License-Identifier: Apache-2.0
//
// The input is an HDF5 file. Everything in it is visited: either all of it can be read, or there is a
// fault.
#include "codec/hdf5.h"
#include "fuzz.h"

enum { MOST_OBJECTS = 4096 };

typedef struct walk {
    czm_hdf5 *file;
    const czm_hdf5_object *stack[MOST_OBJECTS];
    size_t count, visited;
} walk;

static void visit(walk *w, const czm_hdf5_object *object) {
    static const char *const attributes[] = {"layer_names", "weight_names", "model_config", "name"};
    for (size_t i = 0; i < CZM_COUNT_OF(attributes); i++) {
        czm_hdf5_texts texts;
        czm_hdf5_attribute(w->file, object, attributes[i], &texts);
    }
    czm_hdf5_dataset dataset;
    if (czm_hdf5_dataset_of(w->file, object, &dataset)) {
        const uint8_t *bytes = czm_hdf5_load(w->file, &dataset);
        FUZZ_EXPECT((bytes == NULL) == (czm_hdf5_fault(w->file) != NULL));
    }
    czm_hdf5_texts names = czm_hdf5_names(w->file, object);
    for (size_t i = 0; i < names.count && w->visited + w->count < MOST_OBJECTS; i++) {
        const czm_hdf5_object *child = czm_hdf5_find(w->file, object, names.items[i]);
        if (child) w->stack[w->count++] = child;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *path;
    static walk w;
    if (!path) path = fuzz_path("model.h5");
    fuzz_write(path, czm_bytes_of(data, size));
    czm_arena *arena = czm_arena_new(NULL);
    czm_file *disk = czm_file_open(arena, path);
    FUZZ_EXPECT(disk);
    w = (walk){.file = czm_hdf5_open(arena, (czm_extent){.file = disk, .size = size})};
    const czm_hdf5_object *root = czm_hdf5_root(w.file);
    if (root) w.stack[w.count++] = root;
    while (w.count && !czm_hdf5_fault(w.file)) {
        w.visited++;
        visit(&w, w.stack[--w.count]);
    }
    czm_arena_free(arena);
    return 0;
}
