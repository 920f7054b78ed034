// SPDX-License-Identifier: Apache-2.0
//
// Prints the contents of a file, read by the reader of HDF5, for hdf5.py to compare:
//
//     hdf5_dump FILE ATTRIBUTE...
//
//     group PATH
//     text PATH ATTRIBUTE HEX...        the elements of a text attribute
//     numbers PATH CLASS SIZE BIG DIMS... CRC   CRC-32 of the elements as they are stored
//     fault TEXT
#include <stdio.h>

#include "base/list.h"
#include "codec/checksum.h"
#include "codec/hdf5.h"

typedef struct place {
    const char *path;
    const czm_hdf5_object *object;
} place;

static czm_arena *arena;
static czm_hdf5 *file;

static void print_text(czm_bytes text) {
    printf(" x"); // an empty text is one too
    for (size_t i = 0; i < text.size; i++) printf("%02x", text.data[i]);
}

static void print_attribute(const place *p, const char *name) {
    czm_hdf5_texts texts;
    if (!czm_hdf5_attribute(file, p->object, name, &texts)) return;
    printf("text %s %s", p->path, name);
    for (size_t i = 0; i < texts.count; i++) print_text(texts.items[i]);
    printf("\n");
}

static void print_dataset(const place *p, const czm_hdf5_dataset *d) {
    const uint8_t *bytes = czm_hdf5_load(file, d);
    if (!bytes) return;
    printf("numbers %s %d %u %d", p->path, (int)d->type.class, (unsigned)d->type.size,
           d->type.is_big_endian);
    for (size_t i = 0; i < d->rank; i++) printf(" %lld", (long long)d->dims[i]);
    printf(" %08x\n", (unsigned)czm_crc32(0, czm_bytes_of(bytes, (size_t)d->size)));
}

int main(int argc, char **argv) {
    arena = czm_arena_new(NULL);
    czm_file *disk = argc > 1 ? czm_file_open(arena, argv[1]) : NULL;
    if (!disk) return 2;
    file = czm_hdf5_open(arena, czm_extent_whole(disk));
    CZM_LIST(place) todo = {0};
    *CZM_APPEND(arena, &todo) = (place){"/", czm_hdf5_root(file)};
    for (size_t i = 0; i < todo.count && i < 100000 && !czm_hdf5_fault(file); i++) {
        place p = todo.items[i];
        czm_hdf5_dataset dataset;
        for (int k = 2; k < argc; k++) print_attribute(&p, argv[k]);
        if (czm_hdf5_dataset_of(file, p.object, &dataset)) {
            print_dataset(&p, &dataset);
            continue;
        }
        printf("group %s\n", p.path);
        czm_hdf5_texts names = czm_hdf5_names(file, p.object);
        for (size_t k = 0; k < names.count; k++) {
            const char *name = czm_arena_string(arena, names.items[k]);
            const char *path = czm_arena_format(arena, "%s%s/", p.path, name);
            *CZM_APPEND(arena, &todo) =
                (place){path, czm_hdf5_find(file, p.object, names.items[k])};
        }
    }
    if (czm_hdf5_fault(file)) printf("fault %s\n", czm_hdf5_fault(file));
    czm_arena_free(arena);
    return 0;
}
