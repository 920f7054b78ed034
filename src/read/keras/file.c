// SPDX-License-Identifier: Apache-2.0
//
// Opening Keras files; see file.h.
#include "read/keras/file.h"

#include <limits.h>
#include <stdlib.h>

#include "base/list.h"

static czm_status damaged(czm_context *context, const char *where, const char *what) {
    return czm_report_add(context->report, CZM_RULE_KERAS_DAMAGED, where, NULL, "%s", what);
}

czm_status czm_keras_file_check(czm_context *context, const czm_keras_file *file) {
    const char *fault = czm_hdf5_fault(file->hdf5);
    if (!fault) return CZM_OK;
    return damaged(context, file->where,
                   czm_arena_format(context->arena, "the HDF5 file is damaged: %s", fault));
}

// ---- JSON

static czm_status read_json(czm_context *context, const char *where, czm_bytes text,
                            const json_t **out) {
    json_error_t error;
    *out = czm_json_read(context->arena, text, &error);
    if (json_is_object(*out)) return CZM_OK;
    if (!*out && json_error_code(&error) == json_error_out_of_memory)
        return czm_report_out_of_memory(context->report);
    return damaged(
        context, where,
        *out ? "the configuration is not a JSON object"
             : czm_arena_format(context->arena,
                                "the configuration is not valid JSON: line %d, column %d: "
                                "%s",
                                error.line, error.column, error.text));
}

// A separate configuration from model.to_json(), which also contains version and backend.
static czm_status load_json(czm_context *context, const char *path, const json_t **out) {
    czm_file *file = czm_file_open(context->arena, path);
    uint64_t size = file ? czm_file_size(file) : 0;
    uint8_t *text = size < INT32_MAX ? czm_arena_alloc(context->arena, (size_t)size) : NULL;
    if (!file || !text || !czm_file_read_at(file, 0, text, (size_t)size))
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, path, NULL,
                              "the configuration cannot be read: %s", czm_file_error());
    return read_json(context, path, czm_bytes_of(text, (size_t)size), out);
}

// ---- versions

static void set_version(czm_keras_file *file, const char *version, const char *backend) {
    char *rest;
    file->version = version;
    file->major = (unsigned)strtoul(version, &rest, 10);
    file->minor = *rest == '.' ? (unsigned)strtoul(rest + 1, NULL, 10) : UINT_MAX;
    file->is_tensorflow_keras = strstr(version, "-tf") != NULL;
    file->has_backend = backend != NULL || file->major >= 2;
    file->is_theano = backend && czm_text_equal(backend, "theano");
    file->counts_twice = file->major == 2 && (file->minor == 12 || file->minor == 13);
}

static const char *text_of(const czm_keras_file *file, czm_arena *arena,
                           const czm_hdf5_object *object, const char *name) {
    czm_hdf5_texts texts;
    bool is_there = czm_hdf5_attribute(file->hdf5, object, name, &texts) && texts.count == 1;
    return is_there ? czm_arena_string(arena, texts.items[0]) : NULL;
}

static const char *first_of(const char *a, const char *b, const char *c, const char *d) {
    return a ? a : b ? b : c ? c : d;
}

// Keras 3 writes its version neither into weights alone nor into model.to_json(), Keras 1 not into its files.
static void tell_version(czm_keras_file *file, czm_arena *arena, const json_t *config) {
    const czm_hdf5_object *root = czm_hdf5_root(file->hdf5);
    const char *version = first_of(text_of(file, arena, root, "keras_version"),
                                   text_of(file, arena, file->weights, "keras_version"),
                                   czm_config_text(config, "keras_version", NULL),
                                   file->is_archive ? "3" : "1.0.0");
    const char *backend = first_of(text_of(file, arena, root, "backend"),
                                   text_of(file, arena, file->weights, "backend"),
                                   czm_config_text(config, "backend", NULL), NULL);
    set_version(file, version, backend);
}

// ---- HDF5

czm_hdf5_texts czm_keras_file_names(const czm_keras_file *file, czm_arena *arena,
                                    const czm_hdf5_object *object, const char *name) {
    czm_hdf5_texts part;
    if (czm_hdf5_attribute(file->hdf5, object, name, &part)) return part;
    CZM_LIST(czm_bytes) all = {0};
    for (size_t i = 0;; i++) {
        const char *numbered = czm_arena_format(arena, "%s%zu", name, i);
        if (!czm_hdf5_attribute(file->hdf5, object, numbered, &part)) break;
        for (size_t k = 0; k < part.count; k++) *CZM_APPEND(arena, &all) = part.items[k];
    }
    return (czm_hdf5_texts){all.items, all.count};
}

static czm_status weights_alone(czm_context *context, const czm_keras_file *file) {
    return czm_report_add(context->report, CZM_RULE_KERAS_WEIGHTS, file->where, NULL,
                          "the file contains weights but no architecture");
}

// Reports what an HDF5 file without a configuration contains: weights of layers, or nothing of Keras.
static czm_status tell_content(czm_context *context, const czm_keras_file *file,
                               const czm_hdf5_object *root) {
    static const char *const groups[] = {"layers", "_layer_checkpoint_dependencies"};
    bool has_names = czm_hdf5_attribute(file->hdf5, root, "layer_names", NULL) ||
                     czm_hdf5_attribute(file->hdf5, root, "layer_names0", NULL);
    for (size_t i = 0; i < CZM_COUNT_OF(groups); i++)
        has_names |= czm_hdf5_find(file->hdf5, root, czm_bytes_text(groups[i])) != NULL;
    CZM_TRY(czm_keras_file_check(context, file));
    if (has_names) return weights_alone(context, file);
    return czm_report_add(context->report, CZM_RULE_MODEL_KIND, file->where,
                          "name a file that model.save wrote",
                          "this HDF5 file is not a Keras model");
}

// Weights alone: those of Keras 1 and 2 lie at the root, those of Keras 3 as in an archive.
static czm_status use_config(czm_context *context, const char *config_path, czm_keras_file *file) {
    static const char *const prefixes[] = {"layers", "_layer_checkpoint_dependencies"};
    CZM_TRY(load_json(context, config_path, &file->config));
    file->weights = czm_hdf5_root(file->hdf5);
    for (size_t i = 0; i < CZM_COUNT_OF(prefixes) && !file->prefix; i++)
        if (czm_hdf5_find(file->hdf5, file->weights, czm_bytes_text(prefixes[i])))
            file->prefix = prefixes[i];
    file->is_archive = file->prefix != NULL;
    return czm_keras_file_check(context, file);
}

static czm_status open_hdf5(czm_context *context, const char *config_path, czm_keras_file *file) {
    CZM_TRY(czm_keras_file_check(context, file));
    const czm_hdf5_object *root = czm_hdf5_root(file->hdf5);
    czm_hdf5_texts config;
    if (czm_hdf5_attribute(file->hdf5, root, "model_config", &config) && config.count == 1) {
        file->weights = czm_hdf5_find(file->hdf5, root, czm_bytes_text("model_weights"));
        CZM_TRY(czm_keras_file_check(context, file));
        if (!file->weights)
            return damaged(context, file->where, "the group model_weights is missing");
        if (config_path)
            CZM_TRY(load_json(context, config_path, &file->config));
        else
            CZM_TRY(read_json(context, file->where, config.items[0], &file->config));
    } else if (config_path) {
        CZM_TRY(use_config(context, config_path, file));
    } else {
        return tell_content(context, file, root);
    }
    tell_version(file, context->arena, file->config);
    return czm_keras_file_check(context, file);
}

// ---- archives

static czm_status open_archive(czm_context *context, const czm_source *source,
                               czm_keras_file *file) {
    czm_bytes config, metadata;
    czm_extent weights;
    const json_t *told;
    file->is_archive = true;
    CZM_TRY(czm_source_load(context, source, "config.json", &config));
    CZM_TRY(czm_source_load(context, source, "metadata.json", &metadata));
    if (!czm_source_has(context, source, "model.weights.h5") &&
        czm_source_has(context, source, "model.weights.npz"))
        return czm_report_add(
            context->report, CZM_RULE_KERAS_WEIGHTS, file->where,
            "save the model with its weights in HDF5, which is the default of Keras",
            "the weights are in NumPy's format (model.weights.npz)");
    CZM_TRY(czm_source_extent(context, source, "model.weights.h5", &weights));
    CZM_TRY(read_json(context, czm_source_where(context, source, "config.json"), config,
                      &file->config));
    CZM_TRY(
        read_json(context, czm_source_where(context, source, "metadata.json"), metadata, &told));
    set_version(file, czm_config_text(told, "keras_version", "3.0.0"), "tensorflow");
    file->hdf5 = czm_hdf5_open(context->arena, weights);
    file->weights = czm_hdf5_root(file->hdf5);
    bool is_new = czm_hdf5_find(file->hdf5, file->weights, czm_bytes_text("layers")) != NULL;
    file->prefix = is_new ? "layers" : "_layer_checkpoint_dependencies";
    file->counts_twice &= !is_new;
    return czm_keras_file_check(context, file);
}

czm_status czm_keras_file_open(czm_context *context, const czm_source *source,
                               const char *config_path, czm_keras_file *file) {
    const char *name = source->is_archive ? "" : source->file;
    czm_extent extent;
    *file =
        (czm_keras_file){.where = *name ? czm_source_where(context, source, name) : source->path};
    file->block = czm_arena_alloc(context->arena, CZM_KERAS_BLOCK);
    if (source->is_archive) return open_archive(context, source, file);
    CZM_TRY(czm_source_extent(context, source, name, &extent));
    file->hdf5 = czm_hdf5_open(context->arena, extent);
    return open_hdf5(context, config_path, file);
}
