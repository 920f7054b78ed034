// SPDX-License-Identifier: Apache-2.0
//
// JSON with jansson; see json.h.
#include "codec/json.h"

#include <stdlib.h>

static void release(void *object) { json_decref(object); }

static json_t *load(czm_bytes text, json_error_t *error) {
    return json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, error);
}

// What jansson allocates at most for an object, an array, and a value in them, bytes.
enum { OBJECT_SIZE = 288, ARRAY_SIZE = 128, VALUE_SIZE = 144 };

static uint64_t size_of_values(czm_bytes text) {
    uint64_t size = text.size;
    bool is_quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (is_quoted && c == '\\') i++;
        if (c == '"') is_quoted = !is_quoted;
        if (is_quoted) continue;
        size += c == '{' ? OBJECT_SIZE : c == '[' ? ARRAY_SIZE : c == ',' ? VALUE_SIZE : 0;
    }
    return size;
}

static bool has_memory(size_t size) {
    void *probe = malloc(size);
    free(probe);
    return probe != NULL;
}

// Without memory, jansson 2.14 omits letters or reports a syntax error. So a result counts only if two readings agree
// and there is memory left. RFC 8259 lets a reader ignore a byte order mark, which Notepad and PowerShell write.
json_t *czm_json_read(czm_arena *arena, czm_bytes text, json_error_t *error) {
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = czm_bytes_of(text.data + 3, text.size - 3);
    json_error_t other;
    uint64_t size = size_of_values(text);
    czm_arena *meanwhile = czm_arena_child(arena); // for the second reading
    czm_arena_count(arena, size, "values of JSON");
    czm_arena_count(meanwhile, size, "values of JSON");
    json_t *root = load(text, error);
    if (root && !czm_arena_defer(arena, release, root)) root = NULL;
    json_t *again = load(text, &other);
    bool is_sure = root && again ? json_equal(root, again)
                                 : !root && !again && error->position == other.position &&
                                       has_memory(text.size + 1);
    json_decref(again);
    czm_arena_free(meanwhile);
    if (is_sure) return root;
    error->text[sizeof error->text - 1] = json_error_out_of_memory; // jansson's place of the code
    return NULL;
}

json_t *czm_json_object(czm_arena *arena) {
    json_t *object = json_object();
    return object && czm_arena_defer(arena, release, object) ? object : NULL;
}

json_t *czm_json_text(const void *items, size_t index) {
    return json_string(((const char *const *)items)[index]);
}

json_t *czm_json_real(const void *items, size_t index) {
    return json_real(((const double *)items)[index]);
}

json_t *czm_json_integer(const void *items, size_t index) {
    return json_integer(((const int64_t *)items)[index]);
}

int czm_json_add_list(json_t *object, const char *key, czm_json_value *value, const void *items,
                      size_t count) {
    json_t *list = json_array();
    int failed = json_object_set_new(object, key, list);
    for (size_t i = 0; i < count && !failed; i++)
        failed = json_array_append_new(list, value(items, i));
    return failed;
}

// json_dumps() would omit letters without memory; this call needs no memory for the text.
czm_bytes czm_json_write(czm_arena *arena, const json_t *root, size_t flags) {
    size_t size = json_dumpb(root, NULL, 0, flags);
    char *text = czm_arena_alloc(arena, size + sizeof "");
    if (!text || size == 0 || json_dumpb(root, text, size, flags) != size) return (czm_bytes){0};
    text[size] = '\0';
    return czm_bytes_of(text, size);
}
