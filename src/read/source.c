// SPDX-License-Identifier: Apache-2.0
//
// Folders and archives of SavedModels; see source.h.
#include "read/source.h"

#include "base/list.h"
#include "codec/hdf5.h"
#include "read/impostor.h"

#define MODEL_FILE "saved_model.pb"

static const char *const wrong_model_hint =
    "name the folder that tf.saved_model.save, model.export or model.save wrote: it contains "
    "saved_model.pb and usually a folder variables";

static czm_status not_a_model(czm_context *context, const char *path, const char *what,
                              const char *hint) {
    return czm_report_add(context->report, CZM_RULE_MODEL_KIND, path, hint, "this is %s", what);
}

typedef CZM_LIST(const char *) prefix_list;

// The folders inside the archive that contain saved_model.pb: "", "unet/". If `wanted` (such as "unet") is not "",
// only that folder and the folders below it.
static prefix_list find_prefixes(czm_arena *arena, const czm_unzip *zip, const char *wanted) {
    prefix_list found = {0};
    size_t size = strlen(wanted);
    for (size_t i = 0; i < zip->count; i++) {
        const char *name = zip->members[i].name;
        bool is_model = czm_text_equal(name, MODEL_FILE) || czm_text_ends(name, "/" MODEL_FILE);
        bool is_wanted = size == 0 || (czm_text_begins(name, wanted) && name[size] == '/');
        if (!is_model || !is_wanted) continue;
        const char *prefix =
            czm_arena_format(arena, "%.*s", (int)(strlen(name) - strlen(MODEL_FILE)), name);
        *CZM_APPEND(arena, &found) = prefix;
    }
    return found;
}

// The only SavedModel, or the one at the root; NULL: there are several.
static const char *only_prefix(const prefix_list *found, const char *wanted) {
    for (size_t i = 0; i < found->count; i++)
        if (strlen(found->items[i]) == (*wanted ? strlen(wanted) + 1 : 0)) return found->items[i];
    return found->count == 1 ? found->items[0] : NULL;
}

static czm_status several_models(czm_context *context, const czm_source *source,
                                 const prefix_list *found) {
    enum { MOST = 8 };
    const char *text = "";
    for (size_t i = 0; i < found->count && i < MOST; i++)
        text = czm_arena_format(context->arena, "%s%s%s/%.*s", text, i ? ", " : "", source->path,
                                (int)strlen(found->items[i]) - 1, found->items[i]);
    return czm_report_add(context->report, CZM_RULE_MODEL_KIND, source->path,
                          czm_arena_format(context->arena, "name one of them: %s%s", text,
                                           found->count > MOST ? " and more" : ""),
                          "the archive contains %zu SavedModels", found->count);
}

// The only ONNX file in the archive, below the wanted folder, or NULL.
static const char *only_onnx(const czm_unzip *zip, const char *inside) {
    const char *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < zip->count; i++) {
        const char *name = zip->members[i].name;
        if (!czm_text_begins(name, inside) || !czm_text_ends(name, ".onnx")) continue;
        found = name;
        count++;
    }
    return count == 1 ? found : NULL;
}

static czm_status choose_onnx(czm_context *context, czm_source *source, const char *member) {
    source->kind = CZM_SOURCE_ONNX;
    source->file = czm_path_base(member);
    source->prefix = czm_arena_format(context->arena, "%.*s", (int)(source->file - member), member);
    return CZM_OK;
}

static bool is_keras(const czm_unzip *zip) {
    return czm_unzip_find(zip, "config.json") && czm_unzip_find(zip, "metadata.json");
}

// A Keras archive has no other checksums than those of its members.
static czm_status open_keras(czm_context *context, czm_source *source) {
    czm_extraction *x = czm_extraction_in(context->arena);
    source->kind = CZM_SOURCE_KERAS;
    source->prefix = "";
    for (size_t i = 0; i < source->archive.count; i++) {
        const czm_unzip_member *member = &source->archive.members[i];
        const char *fault = czm_unzip_extract(x, member, NULL);
        if (fault)
            return czm_report_add(context->report, CZM_RULE_KERAS_DAMAGED,
                                  czm_source_where(context, source, member->name), NULL,
                                  "the archive's member is damaged: %s", fault);
    }
    return CZM_OK;
}

// `inside` is the wanted folder in the archive, or "".
static czm_status open_archive(czm_context *context, czm_extent whole, const char *inside,
                               czm_source *source) {
    source->is_archive = true;
    source->archive = czm_unzip_read(context->arena, whole);
    if (source->archive.fault)
        return czm_report_add(context->report, CZM_RULE_MODEL_DAMAGED, source->path,
                              "make the archive again", "the ZIP archive cannot be read: %s",
                              source->archive.fault);
    prefix_list found = find_prefixes(context->arena, &source->archive, inside);
    source->prefix = only_prefix(&found, inside);
    if (source->prefix) return CZM_OK;
    if (found.count) return several_models(context, source, &found);
    const char *onnx = only_onnx(&source->archive, inside);
    if (onnx) return choose_onnx(context, source, onnx);
    if (*inside)
        return czm_report_add(context->report, CZM_RULE_FILE_MISSING,
                              czm_path_join(context->arena, source->path, inside),
                              "name a folder in the archive that contains " MODEL_FILE,
                              "the archive has no SavedModel in this folder");
    if (is_keras(&source->archive)) return open_keras(context, source);
    czm_impostor kind = czm_impostor_of_archive(&source->archive);
    if (kind.what) return not_a_model(context, source->path, kind.what, kind.hint);
    return not_a_model(context, source->path, "a ZIP archive without " MODEL_FILE,
                       wrong_model_hint);
}

// ONNX has no magic number: a file is recognised by its first field or its name. A SavedModel begins with the same
// field, but with the value 1.
static bool is_onnx(const char *path, czm_extent file) {
    enum { OLDEST_IR = 3, NEWEST_IR = 64 };
    uint8_t head[2];
    return czm_text_ends(path, ".onnx") ||
           (file.size > sizeof head &&
            czm_file_read_at(file.file, file.offset, head, sizeof head) && head[0] == 0x08 &&
            head[1] >= OLDEST_IR && head[1] <= NEWEST_IR);
}

static czm_status open_file(czm_context *context, const char *inside, czm_source *source) {
    czm_file *file = czm_file_open(context->arena, source->path);
    if (!file)
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, source->path, NULL,
                              "the model cannot be opened: %s", czm_file_error());
    czm_extent whole = czm_extent_whole(file);
    if (czm_unzip_is_archive(whole)) return open_archive(context, whole, inside, source);
    czm_impostor kind = czm_impostor_of_file(context->arena, whole);
    bool is_hdf5 = czm_hdf5_is(whole);
    if (is_hdf5 || (is_onnx(source->path, whole) && !kind.what)) {
        source->kind = is_hdf5 ? CZM_SOURCE_KERAS : CZM_SOURCE_ONNX;
        source->file = czm_path_base(source->path);
        source->path = czm_path_folder(context->arena, source->path);
        return CZM_OK;
    }
    if (kind.what) return not_a_model(context, source->path, kind.what, kind.hint);
    if (strstr(source->path, ".data-0"))
        return not_a_model(context, source->path, "a data file of a TensorFlow checkpoint",
                           "name the folder of the SavedModel: weights alone do not describe a "
                           "network");
    if (czm_text_ends(source->path, MODEL_FILE))
        return not_a_model(context, source->path, "a file inside a SavedModel",
                           "name the folder that contains it");
    return not_a_model(context, source->path, "a file of an unknown kind", wrong_model_hint);
}

static czm_status check_folder(czm_context *context, const czm_source *source) {
    if (czm_source_has(context, source, MODEL_FILE)) return CZM_OK;
    if (czm_source_has(context, source, "saved_model.pbtxt"))
        return not_a_model(context, source->path, "a SavedModel in text form (saved_model.pbtxt)",
                           "export it in binary form");
    if (czm_source_has(context, source, "keras_metadata.pb") ||
        czm_source_has(context, source, "variables/variables.index"))
        return czm_report_add(context->report, CZM_RULE_FILE_MISSING,
                              czm_source_where(context, source, MODEL_FILE),
                              "copy the whole folder again", "the SavedModel is incomplete");
    czm_impostor kind = czm_impostor_of_folder(context->arena, source->path);
    if (kind.what) return not_a_model(context, source->path, kind.what, kind.hint);
    return not_a_model(context, source->path, "a folder without " MODEL_FILE, wrong_model_hint);
}

const char *czm_source_where(czm_context *context, const czm_source *source, const char *name) {
    return czm_path_join(context->arena, source->path,
                         czm_arena_format(context->arena, "%s%s", source->prefix, name));
}

static const czm_unzip_member *find_member(czm_context *context, const czm_source *source,
                                           const char *name) {
    const char *full = czm_arena_format(context->arena, "%s%s", source->prefix, name);
    return czm_unzip_find(&source->archive, full);
}

bool czm_source_has(czm_context *context, const czm_source *source, const char *name) {
    if (source->is_archive) return find_member(context, source, name) != NULL;
    return czm_path_look(czm_source_where(context, source, name)) == CZM_PATH_FILE;
}

static czm_status missing(czm_context *context, const czm_source *source, const char *name,
                          const char *reason) {
    return czm_report_add(context->report, CZM_RULE_FILE_MISSING,
                          czm_source_where(context, source, name),
                          "copy the whole SavedModel, the folder variables included",
                          "a file of the SavedModel cannot be opened: %s", reason);
}

struct czm_counted {
    czm_arena *arena;
    czm_name_table names;
};

czm_counted *czm_counted_in(czm_arena *arena) {
    czm_counted *counted = CZM_NEW(arena, czm_counted);
    counted->arena = arena;
    return counted;
}

// Weights may share bytes: the size of their files limits what is read and written of them.
static void count_file(const czm_source *source, const char *name, uint64_t size) {
    czm_counted *counted = source->counted;
    if (!counted) return;
    czm_name_slot *slot = czm_name_slot_for(counted->arena, &counted->names, czm_bytes_text(name));
    if (slot->value) return;
    slot->name =
        czm_bytes_text(czm_arena_format(counted->arena, "%s", name)); // it may live shortly
    slot->value = counted;
    czm_budget_input(counted->arena, CZM_DISK, size);
}

uint64_t czm_source_size(czm_context *context, const czm_source *source, const char *name) {
    if (source->is_archive) {
        const czm_unzip_member *m = find_member(context, source, name);
        count_file(source, name, czm_extent_on_disk(m->packed, m->packed_size));
        return m->size;
    }
    czm_file *file = czm_file_open(context->arena, czm_source_where(context, source, name));
    uint64_t size = file ? czm_file_size(file) : 0;
    count_file(source, name, size);
    return size;
}

czm_status czm_source_extent(czm_context *context, const czm_source *source, const char *name,
                             czm_extent *extent) {
    if (!source->is_archive) {
        czm_file *file = czm_file_open(context->arena, czm_source_where(context, source, name));
        if (!file) return missing(context, source, name, czm_file_error());
        *extent = czm_extent_whole(file);
        count_file(source, name, extent->size);
        return CZM_OK;
    }
    const czm_unzip_member *member = find_member(context, source, name);
    if (!member) return missing(context, source, name, "it is not in the archive");
    if (member->is_link) return missing(context, source, name, "it is a link in the archive");
    count_file(source, name, czm_extent_on_disk(member->packed, member->packed_size));
    const char *fault = czm_unzip_open(member, extent);
    if (!fault) return CZM_OK;
    return czm_report_add(context->report, CZM_RULE_MODEL_DAMAGED,
                          czm_source_where(context, source, name), "make the archive again",
                          "the archive's member is damaged: %s", fault);
}

// A clone of a repository without its large files contains pointers instead of them.
czm_status czm_source_check_pointer(czm_context *context, const czm_source *source,
                                    const char *name, czm_extent extent) {
    enum { LONGEST = 1024 };
    if (extent.size > LONGEST) return CZM_OK;
    czm_impostor kind = czm_impostor_of_file(context->arena, extent);
    if (!kind.what || !czm_text_begins(kind.what, "a Git LFS pointer")) return CZM_OK;
    return not_a_model(context, czm_source_where(context, source, name), kind.what, kind.hint);
}

czm_status czm_source_load(czm_context *context, const czm_source *source, const char *name,
                           czm_bytes *bytes) {
    czm_extent extent;
    CZM_TRY(czm_source_extent(context, source, name, &extent));
    if (extent.size > INT32_MAX) // protocol buffers, which all files loaded whole are, end there
        return czm_report_add(context->report, CZM_RULE_MODEL_DAMAGED,
                              czm_source_where(context, source, name), NULL,
                              "the file is larger than 2 GB, which TensorFlow cannot read");
    uint8_t *data = czm_arena_alloc(context->arena, (size_t)extent.size);
    if (!czm_file_read_at(extent.file, extent.offset, data, (size_t)extent.size))
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE,
                              czm_source_where(context, source, name), NULL, "reading failed: %s",
                              czm_file_error());
    *bytes = czm_bytes_of(data, (size_t)extent.size);
    return czm_source_check_pointer(context, source, name, extent);
}

// The size of a file on the disk; 0: it does not exist.
static uint64_t size_on_disk(czm_context *context, const czm_source *source, const char *name) {
    if (source->is_archive) {
        const czm_unzip_member *m = find_member(context, source, name);
        return m ? czm_extent_on_disk(m->packed, m->packed_size) : 0;
    }
    czm_file *file = czm_file_open(context->arena, czm_source_where(context, source, name));
    return file ? czm_file_size(file) : 0;
}

// Files that are read into memory count, weights only when they are opened. The readers of ONNX and HDF5 count separately.
static void count_input(czm_context *context, const czm_source *source) {
    static const char *const model[] = {MODEL_FILE, "variables/variables.index"};
    static const char *const archive[] = {"config.json", "metadata.json"};
    bool is_keras = source->kind == CZM_SOURCE_KERAS && source->is_archive;
    for (size_t i = 0; i < CZM_COUNT_OF(model); i++)
        czm_budget_input(context->arena, CZM_MEMORY,
                         size_on_disk(context, source, is_keras ? archive[i] : model[i]));
}

czm_status czm_source_open(czm_context *context, const char *path, czm_source *source) {
    const char *inside = "", *archive = czm_path_file_part(context->arena, path, &inside);
    *source = (czm_source){.path = archive ? archive : path,
                           .file = MODEL_FILE,
                           .prefix = "",
                           .counted = czm_counted_in(context->arena)};
    switch (czm_path_look(source->path)) {
    case CZM_PATH_FOLDER: CZM_TRY(check_folder(context, source)); break;
    case CZM_PATH_FILE: CZM_TRY(open_file(context, inside, source)); break;
    case CZM_PATH_MISSING:
        return czm_report_add(context->report, CZM_RULE_FILE_MISSING, path,
                              "in a specification, a path is relative to its JSON file",
                              "the model does not exist");
    default:
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, path, NULL,
                              "the model cannot be opened: %s", czm_file_error());
    }
    count_input(context, source);
    return CZM_OK;
}

czm_status czm_source_open_extent(czm_context *context, const char *where, czm_extent extent,
                                  czm_source *source) {
    *source = (czm_source){.path = where,
                           .file = MODEL_FILE,
                           .prefix = "",
                           .counted = czm_counted_in(context->arena)};
    CZM_TRY(open_archive(context, extent, "", source));
    count_input(context, source);
    return CZM_OK;
}

// An archive's members below the prefix, as if they were a folder's files.
static czm_path_list archive_files(czm_context *context, const czm_source *source) {
    size_t skip = strlen(source->prefix), count = 0;
    const char **paths = CZM_NEW_ARRAY(context->arena, const char *, source->archive.count);
    for (size_t i = 0; i < source->archive.count; i++) {
        const char *name = source->archive.members[i].name;
        bool is_folder = czm_text_ends(name, "/");
        if (czm_text_begins(name, source->prefix) && !is_folder && name[skip])
            paths[count++] = name + skip;
    }
    return (czm_path_list){paths, count};
}

czm_status czm_source_list(czm_context *context, const czm_source *source, czm_path_list *files) {
    if (source->is_archive)
        *files = archive_files(context, source);
    else if (!czm_folder_list(context->arena, source->path, files))
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, source->path, NULL,
                              "the folder cannot be listed: %s", czm_file_error());
    for (size_t i = 0; i < files->count; i++) {
        if (!czm_text_equal(files->paths[i], MODEL_FILE)) continue;
        memmove(files->paths + 1, files->paths, i * sizeof *files->paths);
        files->paths[0] = MODEL_FILE;
    }
    return CZM_OK;
}
