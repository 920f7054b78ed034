// SPDX-License-Identifier: Apache-2.0
//
// czm_unpack(): a container becomes a folder with a specification that converts back. The folder has a temporary name
// until it is complete.
#include "api/call.h"
#include "api/loss.h"
#include "base/os.h"
#include "codec/xml.h"
#include "read/container.h"
#include "spec/json_spec.h"
#include "spec/spec.h"

#define SPEC_FILE "model_spec.json"

// The files with the original metadata of the container.
static const char *const metadata_files[] = {
    [CZM_CONTAINER_XML] = "metadata.xml",
    [CZM_CONTAINER_JSON] = "model.json",
};

typedef struct unpacking {
    czm_context *context;
    const char *file, *folder;
    czm_container container;
    const char *license, *network; // their names in the folder
    czm_new_folder *target;
    czm_progress progress; // may be NULL
    void *user;
    uint64_t done, total; // bytes of the network
} unpacking;

// `name` is that of a file in the folder; "": the folder itself.
static czm_status unwritable(const unpacking *u, const char *name, const char *reason) {
    const char *where = *name ? czm_path_join(u->context->arena, u->folder, name) : u->folder;
    return czm_report_add(u->context->report, CZM_RULE_FILE_UNWRITABLE, where,
                          "name a new or empty folder on a disk with free space", "%s", reason);
}

// ---- names

static const char *metadata_file(const unpacking *u) { return metadata_files[u->container.kind]; }

static const char *model_name(const unpacking *u) {
    const czm_container *c = &u->container;
    const char *name = c->kind == CZM_CONTAINER_XML ? c->manifest.model_name
                                                    : c->metadata.model_name;
    return name ? name : "";
}

static bool is_taken(const unpacking *u, const char *name) {
    const char *const taken[] = {SPEC_FILE, metadata_file(u), u->license};
    for (size_t i = 0; i < CZM_COUNT_OF(taken); i++)
        if (taken[i] && czm_text_equal_but_case(name, taken[i])) return true;
    return false;
}

// The name must be valid on every file system and in JSON, and give the same model name again (".zip" at the end
// would be removed).
static bool is_usable(const char *name) {
    enum { LONGEST = 200 };
    size_t size = strlen(name), at;
    if (size == 0 || size > LONGEST || !czm_xml_can_hold(czm_bytes_text(name), &at)) return false;
    if (strpbrk(name, "/\\<>:\"|?*\t\n\r") || name[0] == '.' || strchr(". ", name[size - 1]))
        return false;
    return !czm_text_ends_but_case(name, ".zip");
}

// The last name is always free: only one name in the folder is not our own.
static const char *choose_name(const unpacking *u, const char *first, const char *second,
                               const char *last) {
    if (is_usable(first) && !is_taken(u, first)) return first;
    return is_taken(u, second) ? last : second;
}

static void choose_names(unpacking *u) {
    const czm_container *c = &u->container;
    if (c->license_name) u->license = choose_name(u, c->license_name, "license.txt", "");
    const char *onnx = czm_arena_format(u->context->arena, "%s.onnx", model_name(u));
    u->network = c->is_onnx ? choose_name(u, onnx, "model.onnx", "network.onnx")
                            : choose_name(u, model_name(u), "model", "network");
}

// ---- files

static czm_status create(const unpacking *u, const char *name, czm_file **file) {
    czm_arena *arena = u->context->arena;
    const char *path = czm_path_join(arena, u->target->path, name);
    *file = NULL;
    if (czm_folder_create(arena, czm_path_folder(arena, path)))
        *file = czm_file_create_beside(arena, path);
    return *file ? CZM_OK : unwritable(u, name, czm_file_error());
}

static czm_status publish(const unpacking *u, const char *name, czm_file *file) {
    return czm_file_publish(file) ? CZM_OK : unwritable(u, name, czm_file_error());
}

static czm_status write_bytes(const unpacking *u, const char *name, czm_bytes bytes) {
    czm_file *file;
    CZM_TRY(create(u, name, &file));
    if (!czm_file_write_at(file, 0, bytes.data, bytes.size))
        return unwritable(u, name, czm_file_error());
    return publish(u, name, file);
}

// Counts `size` more bytes; returns whether to continue.
static czm_status advance(unpacking *u, uint64_t size) {
    u->done += size;
    return u->progress && !u->progress(u->user, u->done, u->total) ? CZM_ERROR_CANCELLED : CZM_OK;
}

static czm_status write_extent(unpacking *u, const char *name, czm_extent from) {
    enum { BLOCK = 64 * 1024 };
    uint8_t *block = czm_arena_alloc(u->context->arena, BLOCK);
    czm_file *file;
    CZM_TRY(create(u, name, &file));
    for (uint64_t at = 0; at < from.size;) {
        size_t size = from.size - at < BLOCK ? (size_t)(from.size - at) : BLOCK;
        if (!czm_file_read_at(from.file, from.offset + at, block, size) ||
            !czm_file_write_at(file, at, block, size))
            return unwritable(u, name, czm_file_error());
        CZM_TRY(advance(u, size));
        at += size;
    }
    return publish(u, name, file);
}

static czm_status write_member(const unpacking *u, czm_extraction *extraction, const char *name,
                               const czm_unzip_member *member) {
    czm_file *file;
    CZM_TRY(create(u, name, &file));
    const char *fault = czm_unzip_extract(extraction, member, file);
    return fault ? unwritable(u, name, fault) : publish(u, name, file);
}

static czm_status write_saved_model(unpacking *u) {
    const czm_source *source = &u->container.network;
    czm_extraction *extraction = czm_extraction_in(u->context->arena);
    size_t skip = strlen(source->prefix);
    for (size_t i = 0; i < source->archive.count; i++) {
        const czm_unzip_member *m = &source->archive.members[i];
        bool is_folder = m->name[strlen(m->name) - 1] == '/';
        if (is_folder || !czm_text_begins(m->name, source->prefix)) continue;
        const char *name = czm_path_join(u->context->arena, u->network, m->name + skip);
        CZM_TRY(write_member(u, extraction, name, m));
        CZM_TRY(advance(u, m->size));
    }
    return CZM_OK;
}

static czm_status write_network(unpacking *u) {
    return u->container.is_onnx ? write_extent(u, u->network, u->container.payload)
                                : write_saved_model(u);
}

// ---- the specification

static czm_status write_spec(const unpacking *u) {
    const czm_container *c = &u->container;
    czm_metadata metadata = c->kind == CZM_CONTAINER_JSON
                                ? c->metadata
                                : czm_manifest_metadata(u->context->arena, &c->manifest);
    metadata.model_path = u->network;
    metadata.license_path = u->license;
    const czm_edits none = {0};
    const char *text = czm_json_spec_write(u->context->arena, &metadata, &none);
    if (!text) return czm_report_out_of_memory(u->context->report);
    return write_bytes(u, SPEC_FILE, czm_bytes_text(text));
}

// ---- what the JSON cannot contain

// The later form can contain everything of a model.json except these values; the first form cannot contain a name.
static bool loses_name(const unpacking *u) {
    const czm_container *c = &u->container;
    const char *wanted =
        czm_arena_format(u->context->arena, "%s%s", model_name(u), c->is_onnx ? ".onnx" : "");
    return c->kind == CZM_CONTAINER_XML && !czm_text_equal(wanted, u->network);
}

static const char *losses_of_both(const unpacking *u) {
    const czm_container *c = &u->container;
    const czm_loss losses[] = {
        {true, "the id", c->id},
        {loses_name(u), "the model name", model_name(u)},
        {!czm_text_equal(c->version, "3.0.0"), "the model version", c->version},
        {u->license && !czm_text_equal(u->license, c->license_name), "the licence's name",
         c->license_name},
    };
    return czm_losses_text(u->context->arena, losses, CZM_COUNT_OF(losses));
}

static const char *losses_of_xml(const unpacking *u) {
    czm_arena *arena = u->context->arena;
    const czm_manifest *m = &u->container.manifest;
    const char *others = czm_losses_of_elements(arena, m);
    const czm_loss losses[] = {
        {*m->postprocessing != '\0', "Postprocessing", m->postprocessing},
        {*m->description != '\0', "Description", m->description},
        {czm_loss_has_alternatives(m), "all pixel types of", m->pixel_types[0]},
        {*others != '\0', others, NULL},
    };
    return czm_losses_text(arena, losses, CZM_COUNT_OF(losses));
}

static const char *options_of(const unpacking *u) {
    const czm_container *c = &u->container;
    const czm_format *format = czm_format_of(c->kind, c->version);
    bool has_other_format = format && format != &czm_formats[0];
    const struct {
        czm_option option;
        const char *value; // NULL: nothing is lost
    } lost[] = {
        {CZM_OPTION_MODEL_ID, c->id},
        {CZM_OPTION_FORMAT, has_other_format ? format->name : NULL},
        {CZM_OPTION_MODEL_NAME, loses_name(u) ? model_name(u) : NULL},
    };
    const char *text = "";
    for (size_t i = 0; i < CZM_COUNT_OF(lost); i++)
        if (lost[i].value)
            text = czm_arena_format(u->context->arena, "%s%s%s", text, *text ? " " : "",
                                    czm_report_option(u->context->report, lost[i].option,
                                                      lost[i].value));
    return text;
}

static void note_loss(const unpacking *u) {
    czm_arena *arena = u->context->arena;
    const char *more = u->container.kind == CZM_CONTAINER_XML ? losses_of_xml(u) : "";
    czm_report_add(u->context->report, CZM_RULE_UNPACK_LOSS, SPEC_FILE,
                   czm_arena_format(arena, "convert it with %s; %s contains the other values",
                                    options_of(u), metadata_file(u)),
                   "it does not contain %s%s%s", losses_of_both(u), *more ? ", " : "", more);
}

// ---- the whole

static czm_status check_folder(const unpacking *u) {
    if (*u->folder == '\0') return unwritable(u, "", "the name of the folder is empty");
    switch (czm_path_look(u->folder)) {
    case CZM_PATH_MISSING: return CZM_OK;
    case CZM_PATH_FOLDER:
        return czm_folder_is_empty(u->context->arena, u->folder)
                   ? CZM_OK
                   : unwritable(u, "", "the folder is not empty");
    default: return unwritable(u, "", "the path exists but is not a folder");
    }
}

static czm_status create_folder(unpacking *u) {
    czm_arena *arena = u->context->arena;
    const char *parent = czm_path_folder(arena, u->folder);
    if (*parent == '\0' || czm_folder_create(arena, parent))
        u->target = czm_folder_create_beside(arena, u->folder);
    return u->target ? CZM_OK : unwritable(u, "", czm_file_error());
}

static czm_status write_all(unpacking *u) {
    const czm_container *c = &u->container;
    CZM_TRY(write_network(u));
    if (u->license) CZM_TRY(write_extent(u, u->license, c->license));
    CZM_TRY(write_bytes(u, metadata_file(u), c->text));
    CZM_TRY(write_spec(u));
    return czm_folder_publish(u->target) ? CZM_OK : unwritable(u, "", czm_file_error());
}

// The file is verified before the first folder is made.
static czm_status unpack(czm_context *context, void *data) {
    unpacking *u = data;
    u->context = context;
    const char *folder = czm_path_join(context->arena, "", u->folder); // slashes, on Windows too
    size_t size = strlen(folder);
    while (size > 1 && folder[size - 1] == '/') size--;
    u->folder = czm_arena_format(context->arena, "%.*s", (int)size, folder);
    CZM_TRY(check_folder(u));
    if (czm_path_look(u->file) == CZM_PATH_MISSING)
        return czm_report_add(context->report, CZM_RULE_FILE_MISSING, u->file, "correct the path",
                              "there is no such file");
    CZM_TRY(czm_container_open(context, u->file, &u->container));
    CZM_TRY(czm_container_verify(context, &u->container));
    choose_names(u);
    u->total = u->container.payload.size;
    CZM_TRY(create_folder(u));
    CZM_TRY(write_all(u));
    note_loss(u);
    return CZM_OK;
}

czm_status czm_unpack(const char *file, const char *folder, czm_progress progress, void *user,
                      czm_report *report) {
    unpacking u = {.file = file, .folder = folder, .progress = progress, .user = user};
    return czm_call(report, unpack, &u);
}
