// SPDX-License-Identifier: Apache-2.0
//
// Assigns datasets to the weights of layers; see layer.h. HDF5 files of whole models list the weights of each
// outermost layer in Keras' order; archives have a path for each layer.
#include "read/keras/layer.h"

enum { WORK_OF_KEY = 4 }; // a key is searched, and its value compared

typedef struct slot {
    czm_keras_layer *layer;
    size_t index; // of the weight
} slot;

typedef struct finder {
    czm_context *context;
    const czm_keras_file *file;
    CZM_LIST(slot) slots;       // of the layer in hand
    czm_hdf5_texts layer_names; // of the outermost layers, once they are needed
    // In archives, a layer that several models share is stored at its first occurrence.
    CZM_LIST(czm_keras_layer *) found, missing;
} finder;

// ---- the order of Keras

static void add_own(finder *f, czm_keras_layer *layer, bool trainable) {
    for (size_t i = 0; i < layer->weights.count; i++)
        if (layer->weights.items[i].is_trainable == trainable)
            *CZM_APPEND(f->context->arena, &f->slots) = (slot){layer, i};
}

// The depth of nested layers is limited by layer.c.
static void add_slots(finder *f, czm_keras_layer *layer, bool trainable) {
    bool is_frozen = !layer->is_trainable; // with everything inside it
    if (trainable && is_frozen) return;
    if (trainable || is_frozen) add_own(f, layer, true);
    if (!trainable) add_own(f, layer, false);
    for (size_t i = 0; i < layer->inner.count; i++) {
        if (is_frozen) add_slots(f, layer->inner.items[i], true);
        add_slots(f, layer->inner.items[i], trainable);
    }
}

// ---- how a weight was stored

static void set_order(czm_keras_weight *w, size_t a, size_t b, size_t c, size_t d) {
    const size_t order[] = {a, b, c, d};
    w->is_reordered = true;
    for (size_t i = 0; i < CZM_COUNT_OF(order); i++) {
        w->order[i] = order[i];
        w->dims[i] = w->dataset.dims[order[i]];
    }
}

// Converts the kernels of Keras 1 to the layout of later versions.
static void modernise(const czm_keras_layer *layer, czm_keras_weight *w) {
    const char *class = layer->class_name;
    const char *format = czm_config_text(layer->config, "data_format", "channels_last");
    bool is_first = czm_text_equal(format, "channels_first");
    int64_t length = czm_config_int(layer->config, "kernel_size", 0);
    if (w->rank != 4) return;
    if (czm_text_equal(class, "Conv2DTranspose")) {
        if (is_first)
            set_order(w, 2, 3, 0, 1);
        else
            set_order(w, 0, 1, 3, 2);
    } else if (czm_text_equal(class, "Conv2D") && is_first) {
        set_order(w, 2, 3, 1, 0);
    } else if (czm_text_equal(class, "Conv1D")) {
        if (w->dims[0] != length || w->dims[1] != 1) set_order(w, 2, 3, 1, 0);
        w->rank = 3; // there was a dimension of size 1
        w->dims[1] = w->dims[2];
        w->dims[2] = w->dims[3];
    }
}

// Keras with Theano mirrors the kernels of these classes, and no others.
static bool is_mirrored_by_theano(const czm_keras_layer *layer, const czm_keras_weight *w) {
    static const char *const classes[] = {"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose",
                                          "ConvLSTM2D"};
    bool is_kernel = czm_text_equal(w->name, "kernel") ||
                     czm_text_equal(w->name, "recurrent_kernel");
    for (size_t i = 0; i < CZM_COUNT_OF(classes) && is_kernel; i++)
        if (czm_text_equal(layer->class_name, classes[i])) return true;
    return false;
}

// Whether a kernel has more than one pixel, so that mirroring changes it.
static bool has_extent(const czm_keras_weight *w) {
    for (size_t i = 0; i + 2 < w->rank; i++)
        if (w->dims[i] > 1) return true;
    return false;
}

// A variable of TensorFlow is called "convolution2d_1_W:0", one of Theano "convolution2d_1_W".
static bool is_named_by_tensorflow(czm_bytes name) {
    return name.size > 2 && memcmp(name.data + name.size - 2, ":0", 2) == 0;
}

// `name` is that of the weight in the file.
static czm_status accept(finder *f, slot s, czm_bytes name, const czm_hdf5_object *object) {
    czm_keras_weight *w = &s.layer->weights.items[s.index];
    bool is_there = czm_hdf5_dataset_of(f->file->hdf5, object, &w->dataset);
    czm_hdf5_type type = w->dataset.type;
    bool is_number = type.class == CZM_HDF5_OPAQUE
                         ? type.size == 2
                         : type.class >= CZM_HDF5_SIGNED && type.class <= CZM_HDF5_FLOAT &&
                               type.size >= 1 && type.size <= 8;
    CZM_TRY(czm_keras_file_check(f->context, f->file));
    if (!is_there || !is_number || w->dataset.rank > CZM_KERAS_HIGHEST_RANK)
        return czm_keras_refuse(f->context, f->file, s.layer, CZM_RULE_KERAS_DAMAGED, NULL,
                                "the weight \"%s\" is not in the file", w->name);
    w->rank = w->dataset.rank;
    if (w->rank) memcpy(w->dims, w->dataset.dims, w->rank * sizeof *w->dims);
    bool is_kernel = is_mirrored_by_theano(s.layer, w);
    if (is_kernel && f->file->major < 2) modernise(s.layer, w);
    w->is_flipped = is_kernel && f->file->is_theano;
    if (is_kernel && !f->file->has_backend && has_extent(w) && !is_named_by_tensorflow(name))
        return czm_keras_refuse(f->context, f->file, s.layer, CZM_RULE_KERAS_BACKEND, NULL,
                                "the file does not name its backend, and the weight \"%s\" is not "
                                "named as TensorFlow names it",
                                czm_arena_string(f->context->arena, name));
    return CZM_OK;
}

static czm_status wrong_count(finder *f, const czm_keras_layer *layer, size_t found,
                              size_t expected) {
    return czm_keras_refuse(f->context, f->file, layer, CZM_RULE_KERAS_DAMAGED, NULL,
                            "the file contains %zu weight%s of the layer, and %zu %s expected",
                            found, found == 1 ? "" : "s", expected, expected == 1 ? "is" : "are");
}

// ---- layers that several models share

// Whether two configurations agree. Objects in them, such as initialisers, have their own numbers. Only keys that both
// have are compared, so the smaller configuration limits the cost.
static bool is_same_config(czm_arena *arena, const json_t *a, const json_t *b) {
    const json_t *few = json_object_size(a) < json_object_size(b) ? a : b, *many = few == a ? b : a;
    const char *key;
    json_t *value;
    czm_work(arena, WORK_OF_KEY * json_object_size(few), "shared layers");
    json_object_foreach((json_t *)few, key, value) {
        json_t *other = json_object_get(many, key);
        bool is_plain = other && !json_is_object(value) && !json_is_object(other);
        if (is_plain && !json_equal(value, other)) return false;
    }
    return true;
}

static bool is_same_layer(czm_arena *arena, const czm_keras_layer *a, const czm_keras_layer *b) {
    czm_work(arena, 1, "shared layers");
    return a->weights.count == b->weights.count && czm_text_equal(a->class_name, b->class_name) &&
           czm_text_equal(a->name, b->name) && is_same_config(arena, a->config, b->config);
}

// ---- HDF5 files

// The group of a layer of the whole model: by its name, or by its place where the configuration has none,
// as for a Sequential of Keras 1.
static const czm_hdf5_object *group_of(finder *f, const czm_keras_layer *root, size_t index) {
    czm_hdf5 *hdf5 = f->file->hdf5;
    const char *name = root->inner.items[index]->name;
    const czm_hdf5_object *group = czm_hdf5_find(hdf5, f->file->weights, czm_bytes_text(name));
    if (group) return group;
    czm_hdf5_texts *names = &f->layer_names;
    if (!names->count)
        *names = czm_keras_file_names(f->file, f->context->arena, f->file->weights, "layer_names");
    bool has_all = names->count == root->inner.count;
    return has_all ? czm_hdf5_find(hdf5, f->file->weights, names->items[index]) : NULL;
}

// A layer that two models of the group share is stored once, at its first position.
static void share_slots(finder *f) {
    czm_arena *arena = f->context->arena;
    size_t kept = 0;
    for (size_t i = 0; i < f->slots.count; i++) {
        czm_keras_layer *layer = f->slots.items[i].layer;
        size_t k = 0;
        while (k < kept && (f->slots.items[k].layer == layer ||
                            !is_same_layer(arena, f->slots.items[k].layer, layer)))
            k++;
        if (k < kept)
            layer->weights = f->slots.items[k].layer->weights; // with its variables
        else
            f->slots.items[kept++] = f->slots.items[i];
    }
    f->slots.count = kept;
}

static czm_status find_in_group(finder *f, const czm_keras_layer *root, size_t index) {
    czm_hdf5 *hdf5 = f->file->hdf5;
    czm_keras_layer *layer = root->inner.items[index];
    const czm_hdf5_object *group = group_of(f, root, index);
    czm_hdf5_texts names = {0};
    if (group) names = czm_keras_file_names(f->file, f->context->arena, group, "weight_names");
    CZM_TRY(czm_keras_file_check(f->context, f->file));
    f->slots.count = 0;
    add_slots(f, layer, true);
    add_slots(f, layer, false);
    size_t expected = f->slots.count;
    if (names.count < expected) share_slots(f);
    if (names.count != f->slots.count) return wrong_count(f, layer, names.count, expected);
    for (size_t i = 0; i < names.count; i++)
        CZM_TRY(accept(f, f->slots.items[i], names.items[i],
                       czm_hdf5_find(hdf5, group, names.items[i])));
    return CZM_OK;
}

// ---- archives

static czm_status find_at(finder *f, czm_keras_layer *layer, const char *path);

static const czm_hdf5_object *child(finder *f, const char *path, const char *name) {
    const char *full = czm_arena_format(f->context->arena, "%s/%s", path, name);
    return czm_hdf5_find(f->file->hdf5, f->file->weights, czm_bytes_text(full));
}

static czm_status find_own(finder *f, czm_keras_layer *layer, const char *path) {
    bool has_cell = child(f, path, "cell") != NULL;
    const czm_hdf5_object *group = child(f, path, has_cell ? "cell/vars" : "vars");
    size_t found = czm_hdf5_names(f->file->hdf5, group).count, count = layer->weights.count;
    CZM_TRY(czm_keras_file_check(f->context, f->file));
    if (layer->inner.count || count == 0) return CZM_OK; // wrappers need no weights
    *(found ? CZM_APPEND(f->context->arena, &f->found)
            : CZM_APPEND(f->context->arena, &f->missing)) = layer;
    if (found == 0) return CZM_OK;
    if (found != count) return wrong_count(f, layer, found, count);
    for (size_t i = 0; i < count; i++) {
        czm_bytes name = czm_bytes_text(czm_arena_format(f->context->arena, "%zu", i));
        CZM_TRY(accept(f, (slot){layer, i}, name, czm_hdf5_find(f->file->hdf5, group, name)));
    }
    return CZM_OK;
}

// In a layer that is no model, the groups of inner layers have the names of its attributes.
static czm_status find_inner(finder *f, czm_keras_layer *layer, const char *path) {
    static const char *const of_attention[] = {"query_dense", "key_dense", "value_dense",
                                               "output_dense"};
    bool is_attention = czm_text_equal(layer->class_name, "MultiHeadAttention");
    for (size_t i = 0; i < layer->inner.count; i++) {
        const char *name = is_attention ? of_attention[i] : "layer";
        if (!child(f, path, name)) name = czm_arena_format(f->context->arena, "_%s", name);
        CZM_TRY(find_at(f, layer->inner.items[i],
                        czm_arena_format(f->context->arena, "%s/%s", path, name)));
    }
    return CZM_OK;
}

static bool has_weights(const czm_keras_layer *layer) {
    if (layer->weights.count) return true;
    for (size_t i = 0; i < layer->inner.count; i++)
        if (has_weights(layer->inner.items[i])) return true;
    return false;
}

// A counter for each class: conv2d, conv2d_1 ...
static czm_status find_in_model(finder *f, czm_keras_layer *model, const char *path) {
    czm_arena *arena = f->context->arena;
    czm_name_table counters = {0};
    for (size_t i = 0; i < model->inner.count; i++) {
        czm_keras_layer *layer = model->inner.items[i];
        const char *name = czm_keras_snake_case(arena, layer->class_name);
        czm_name_slot *counter = czm_name_slot_for(arena, &counters, czm_bytes_text(name));
        if (!counter->value) counter->value = CZM_NEW(arena, size_t);
        size_t *used = counter->value;
        if (*used) name = czm_arena_format(arena, "%s_%zu", name, *used);
        *used += f->file->counts_twice && has_weights(layer) ? 2 : 1;
        CZM_TRY(find_at(f, layer, czm_arena_format(arena, "%s%s/%s", path, f->file->prefix, name)));
    }
    return CZM_OK;
}

static czm_status find_at(finder *f, czm_keras_layer *layer, const char *path) {
    if (layer->model)
        return find_in_model(f, layer, czm_arena_format(f->context->arena, "%s/", path));
    CZM_TRY(find_own(f, layer, path));
    return find_inner(f, layer, path);
}

// Gives a layer without weights those of the only layer that is the same. Keras 2 and 3 mark some of
// these layers with a shared_object_id, but not all.
static czm_status find_shared(finder *f, czm_keras_layer *layer) {
    czm_keras_layer *same = NULL;
    for (size_t i = 0; i < f->found.count; i++) {
        if (!is_same_layer(f->context->arena, f->found.items[i], layer)) continue;
        if (same) return wrong_count(f, layer, 0, layer->weights.count);
        same = f->found.items[i];
    }
    if (!same) return wrong_count(f, layer, 0, layer->weights.count);
    layer->weights = same->weights; // with its variables
    return CZM_OK;
}

static czm_status find_in_archive(finder *f, czm_keras_layer *root) {
    CZM_TRY(find_in_model(f, root, ""));
    for (size_t i = 0; i < f->missing.count; i++) CZM_TRY(find_shared(f, f->missing.items[i]));
    return CZM_OK;
}

czm_status czm_keras_weights_find(czm_context *context, const czm_keras_file *file,
                                  czm_keras_layer *root) {
    finder f = {.context = context, .file = file};
    if (file->is_archive) return find_in_archive(&f, root);
    for (size_t i = 0; i < root->inner.count; i++) CZM_TRY(find_in_group(&f, root, i));
    return CZM_OK;
}
