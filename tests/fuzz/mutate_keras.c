// SPDX-License-Identifier: Apache-2.0
//
// Changes the configuration in a Keras file as JSON: what it becomes takes the old one's place, with blanks up to
// the old size. Seeds have room there (make_seeds.py). Every sixth time, or if there is none, bytes are changed.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "fuzz.h"

#define BEGIN "{\"class_name\""

// One value, and where it stands: `key` in an object, or `index` in an array.
typedef struct slot {
    json_t *in;
    const char *key;
    size_t index;
    json_t *value;
} slot;

typedef struct mutation {
    czm_arena *arena;
    uint64_t random;
    CZM_LIST(slot) slots;
} mutation;

static const char *const words[] = {
#define LAYER(class, rank, weights, detail, function) class,
#include "read/keras/layers.def"
#undef LAYER
    "Functional",    "Sequential", "same",     "valid",   "causal",  "channels_first",
    "channels_last", "relu",       "softmax",  "sigmoid", "float16", "mixed_float16",
    "float64",       "int8",       "bilinear", "",        "input",   "conv",
};

static const json_int_t numbers[] = {0,         1,         -1,        2,        3,   7,
                                     16,        255,       -2,        64,       257, 1 << 20,
                                     INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};

static size_t below(mutation *m, size_t count) { // splitmix64
    uint64_t z = m->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (size_t)((z ^ z >> 31) % count);
}

// All values below the root, breadth first.
static void collect(mutation *m, json_t *root) {
    *CZM_APPEND(m->arena, &m->slots) = (slot){NULL, NULL, 0, root};
    for (size_t i = 0; i < m->slots.count; i++) {
        json_t *value = m->slots.items[i].value, *item;
        const char *key;
        size_t index;
        json_object_foreach(value, key, item) * CZM_APPEND(m->arena, &m->slots) =
            (slot){value, key, 0, item};
        json_array_foreach(value, index, item) * CZM_APPEND(m->arena, &m->slots) =
            (slot){value, NULL, index, item};
    }
}

static json_t *new_value(mutation *m) {
    switch (below(m, 8)) {
    case 0:
    case 1: return json_integer(numbers[below(m, CZM_COUNT_OF(numbers))]);
    case 2: return json_real(below(m, 2) ? 1e300 : 0.5);
    case 3: return json_boolean(below(m, 2));
    case 4: return below(m, 2) ? json_null() : json_array();
    case 5: return json_string(words[below(m, CZM_COUNT_OF(words))]);
    default: return json_deep_copy(m->slots.items[below(m, m->slots.count)].value);
    }
}

static void change(mutation *m) {
    const slot *s = &m->slots.items[1 + below(m, m->slots.count - 1)];
    bool is_word = json_is_string(s->value) && below(m, 4);
    json_t *value = is_word ? json_string(words[below(m, CZM_COUNT_OF(words))]) : new_value(m);
    bool leaves_out = below(m, 6) == 0, doubles = below(m, 6) == 0;
    if (s->key) {
        if (leaves_out)
            json_object_del(s->in, s->key), json_decref(value);
        else
            json_object_set_new(s->in, s->key, value);
    } else if (leaves_out) {
        json_array_remove(s->in, s->index);
        json_decref(value);
    } else if (doubles) {
        json_array_insert_new(s->in, s->index, value);
    } else {
        json_array_set_new(s->in, s->index, value);
    }
}

static uint8_t *find(uint8_t *data, size_t size) {
    for (size_t i = 0; i + strlen(BEGIN) <= size; i++)
        if (memcmp(data + i, BEGIN, strlen(BEGIN)) == 0) return data + i;
    return NULL;
}

static bool put_back(const json_t *root, uint8_t *at, size_t room) {
    size_t size = json_dumpb(root, (char *)at, 0, JSON_COMPACT);
    if (size == 0 || size > room) return false;
    memset(at, ' ', room);
    return json_dumpb(root, (char *)at, room, JSON_COMPACT) == size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    uint8_t *at = find(data, size);
    json_error_t error;
    json_t *root =
        at ? json_loadb((char *)at, (size_t)(data + size - at), JSON_DISABLE_EOF_CHECK, &error)
           : NULL;
    bool is_done = false;
    if (root && seed % 6) {
        size_t room = (size_t)error.position;
        while (at + room < data + size && at[room] == ' ') room++;
        mutation m = {.arena = czm_arena_new(NULL), .random = seed};
        collect(&m, root);
        change(&m);
        is_done = put_back(root, at, room);
        czm_arena_free(m.arena);
    }
    json_decref(root);
    return is_done ? size : LLVMFuzzerMutate(data, size, max_size);
}
