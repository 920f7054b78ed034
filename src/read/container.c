// SPDX-License-Identifier: Apache-2.0
//
// Reading containers; see container.h. In a CZModel, the id in the name of modelid=<id> determines the members with
// the metadata and the network; the remaining member is the licence.
#include "read/container.h"

#include "base/name_table.h"
#include "spec/json_spec.h"

#define ID_PREFIX "modelid="
#define METADATA_ENDING ".xml"
#define NETWORK_ENDING ".model"
#define CZANN_METADATA "model.json"
#define CZANN_NETWORK "model.model"

// ---- the kind of a file

static bool is_telling(const char *name) {
    return !strchr(name, '/') &&
           (czm_text_begins(name, ID_PREFIX) || czm_text_ends(name, NETWORK_ENDING) ||
            czm_text_equal(name, CZANN_METADATA));
}

// An archive without its directory still has the name of its first member: the id or, in files of this program and of
// czmodel 0.1.3, the metadata.
static bool looks_like_container(czm_arena *arena, const char *path) {
    czm_file *file = czm_file_open(arena, path);
    if (!file) return false;
    czm_extent whole = czm_extent_whole(file);
    if (!czm_unzip_is_archive(whole)) return false;
    czm_unzip zip = czm_unzip_read(arena, whole);
    for (size_t i = 0; i < zip.count; i++)
        if (is_telling(zip.members[i].name)) return true;
    const char *first = czm_unzip_first_name(arena, whole);
    return zip.fault && (is_telling(first) || czm_text_ends(first, METADATA_ENDING));
}

// The directory is read again when the archive is opened.
bool czm_is_container(czm_context *context, const char *path) {
    czm_arena *arena = czm_arena_child(context->arena);
    bool is_container = looks_like_container(arena, path);
    czm_arena_free(arena);
    return is_container;
}

// ---- members

static czm_status member_fault(czm_context *context, const czm_container *c, const char *what) {
    return czm_report_add(context->report, CZM_RULE_CONTAINER_MEMBER, c->path, NULL, "%s", what);
}

static czm_status damaged(czm_context *context, const char *path, const char *member,
                          const char *fault) {
    return czm_report_add(context->report, CZM_RULE_CONTAINER_DAMAGED,
                          czm_path_join(context->arena, path, member), NULL, "%s", fault);
}

// Components between slashes, none of them empty, "." or "..", without control characters; a name
// that ends with a slash is a folder's. "C:" begins an absolute path on Windows.
static bool is_plain(const char *name) {
    if (name[0] == '\0' || name[0] == '/' || name[1] == ':') return false;
    while (*name) {
        size_t size = strcspn(name, "/");
        if (size == 0 || (size <= 2 && memcmp(name, "..", size) == 0)) return false;
        for (size_t i = 0; i < size; i++)
            if ((uint8_t)name[i] < 0x20) return false;
        name += size + (name[size] == '/');
    }
    return true;
}

// Of the container or of the network inside it.
static czm_status check_names(czm_context *context, const czm_container *c, const czm_unzip *zip) {
    czm_name_table seen = {0};
    for (size_t i = 0; i < zip->count; i++) {
        const char *name = zip->members[i].name, *fault = NULL;
        czm_name_slot *slot = czm_name_slot_for(context->arena, &seen, czm_bytes_text(name));
        if (!is_plain(name))
            fault = "is not a plain relative path";
        else if (zip->members[i].is_link)
            fault = "is a symbolic link";
        else if (slot->value)
            fault = "occurs twice";
        if (fault)
            return member_fault(context, c,
                                czm_arena_format(context->arena, "the member \"%s\" %s", name,
                                                 fault));
        slot->value = (void *)name;
    }
    return CZM_OK;
}

// The member named <id><ending>, or else the only one with this ending.
static czm_status find_member(czm_context *context, const czm_container *c, const char *ending,
                              const czm_unzip_member **found) {
    const char *expected = czm_arena_format(context->arena, "%s%s", c->id, ending);
    size_t count = 0;
    for (size_t i = 0; i < c->archive.count; i++) {
        const czm_unzip_member *m = &c->archive.members[i];
        if (!czm_text_ends(m->name, ending)) continue;
        *found = m;
        count++;
        if (czm_text_equal(m->name, expected)) return CZM_OK;
    }
    if (count == 1) {
        czm_report_add(context->report, CZM_RULE_CONTAINER_ID, c->path, NULL,
                       "the id is %s, but there is a member \"%s\"", c->id, (*found)->name);
        return CZM_OK;
    }
    return member_fault(context, c,
                        czm_arena_format(context->arena, "the member \"%s\" is missing", expected));
}

static czm_status find_id(czm_context *context, czm_container *c, const czm_unzip_member **found) {
    *found = NULL;
    for (size_t i = 0; i < c->archive.count; i++) {
        const czm_unzip_member *m = &c->archive.members[i];
        if (!czm_text_begins(m->name, ID_PREFIX)) continue;
        if (*found) return member_fault(context, c, "there are two members \"" ID_PREFIX "...\"");
        *found = m;
        c->id = m->name + strlen(ID_PREFIX);
    }
    return *found ? CZM_OK
                  : member_fault(context, c, "the member \"" ID_PREFIX "<id>\" is missing");
}

static czm_status open_member(czm_context *context, const czm_container *c,
                              const czm_unzip_member *m, czm_extent *extent) {
    const char *fault = czm_unzip_open(m, extent);
    return fault ? damaged(context, c->path, m->name, fault) : CZM_OK;
}

// The member that is neither metadata nor network nor id.
static czm_status find_license(czm_context *context, czm_container *c,
                               const czm_unzip_member *const known[3]) {
    for (size_t i = 0; i < c->archive.count; i++) {
        const czm_unzip_member *m = &c->archive.members[i];
        if (m == known[0] || m == known[1] || m == known[2]) continue;
        if (c->license_name || strchr(m->name, '/'))
            return member_fault(context, c,
                                czm_arena_format(context->arena, "the member \"%s\" is not allowed",
                                                 m->name));
        c->license_name = m->name;
        CZM_TRY(open_member(context, c, m, &c->license));
    }
    return CZM_OK;
}

// ---- parts

static czm_status read_manifest(czm_context *context, czm_container *c, const char *where) {
    CZM_TRY(czm_manifest_read(context, where, c->text, &c->manifest));
    c->version = c->manifest.version;
    if (!czm_text_equal(c->manifest.id, c->id))
        czm_report_add(context->report, CZM_RULE_CONTAINER_ID, where, NULL,
                       "the id is %s, but the metadata contains \"%s\"", c->id, c->manifest.id);
    return CZM_OK;
}

static czm_status read_model_json(czm_context *context, czm_container *c, const char *where) {
    c->metadata = (czm_metadata)CZM_METADATA_INIT;
    CZM_TRY(czm_json_model_read(context, where, c->text, &c->metadata, &c->id, &c->version));
    if (czm_format_of(c->kind, c->version)) return CZM_OK;
    return czm_report_add(context->report, CZM_RULE_MODEL_VERSION, where, NULL,
                          "the version of the .czann is \"%s\"", c->version);
}

static czm_status read_metadata(czm_context *context, czm_container *c, const czm_unzip_member *m) {
    enum { LARGEST = 16 << 20 };
    czm_extent extent;
    if (m->size > LARGEST) return damaged(context, c->path, m->name, "it is too large");
    CZM_TRY(open_member(context, c, m, &extent));
    czm_budget_input(context->arena, CZM_MEMORY, czm_extent_on_disk(extent, extent.size));
    uint8_t *text = czm_arena_alloc(context->arena, (size_t)extent.size);
    if (!czm_file_read_at(extent.file, extent.offset, text, (size_t)extent.size))
        return damaged(context, c->path, m->name, czm_file_error());
    c->text = czm_bytes_of(text, (size_t)extent.size);
    const char *where = czm_path_join(context->arena, c->path, m->name);
    return c->kind == CZM_CONTAINER_JSON ? read_model_json(context, c, where)
                                         : read_manifest(context, c, where);
}

// Both archives may be deflated, so a few bytes could become gigabytes. Deflating twice saves nothing, so no valid
// file does it.
static bool claims_too_much(const czm_unzip *zip, uint64_t packed_size) {
    uint64_t total = 0;
    for (size_t i = 0; i < zip->count; i++)
        if (!czm_add_u64(total, zip->members[i].size, &total)) return true;
    return total / CZM_BEST_RATIO > packed_size;
}

// ONNX was introduced with model version 3.1.0; the first bytes determine the kind.
static czm_status open_network(czm_context *context, czm_container *c, const czm_unzip_member *m) {
    CZM_TRY(open_member(context, c, m, &c->payload));
    czm_budget_input(context->arena, CZM_DISK, czm_extent_on_disk(m->packed, m->packed_size));
    c->is_onnx = !czm_unzip_is_archive(c->payload);
    bool wants_saved_model = c->kind == CZM_CONTAINER_XML && czm_text_equal(c->version, "3.0.0");
    if (c->is_onnx && (c->payload.size == 0 || wants_saved_model))
        return damaged(context, c->path, m->name, "it is not an archive of a SavedModel");
    if (c->is_onnx) {
        c->network = (czm_source){.path = c->path,
                                  .kind = CZM_SOURCE_ONNX,
                                  .file = m->name,
                                  .is_archive = true,
                                  .archive = c->archive,
                                  .prefix = ""};
        return CZM_OK;
    }
    const char *where = czm_path_join(context->arena, c->path, m->name);
    CZM_TRY(czm_source_open_extent(context, where, c->payload, &c->network));
    if (claims_too_much(&c->network.archive, m->packed_size))
        return damaged(context, c->path, m->name,
                       "its members claim more bytes than the archive can contain");
    return check_names(context, c, &c->network.archive);
}

static czm_status open_archive(czm_context *context, czm_container *c) {
    czm_file *file = czm_file_open(context->arena, c->path);
    if (!file)
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, c->path, NULL,
                              "the file cannot be opened: %s", czm_file_error());
    c->archive = czm_unzip_read(context->arena, czm_extent_whole(file));
    if (c->archive.fault)
        return czm_report_add(context->report, CZM_RULE_CONTAINER_DAMAGED, c->path, NULL,
                              "the archive cannot be read: %s", c->archive.fault);
    return check_names(context, c, &c->archive);
}

enum { METADATA, NETWORK, ID }; // ID is NULL in a .czann

static czm_status find_parts(czm_context *context, czm_container *c,
                             const czm_unzip_member *members[3]) {
    members[METADATA] = czm_unzip_find(&c->archive, CZANN_METADATA);
    members[NETWORK] = czm_unzip_find(&c->archive, CZANN_NETWORK);
    members[ID] = NULL;
    c->kind = members[METADATA] ? CZM_CONTAINER_JSON : CZM_CONTAINER_XML;
    if (c->kind == CZM_CONTAINER_JSON)
        return members[NETWORK]
                   ? CZM_OK
                   : member_fault(context, c, "the member \"" CZANN_NETWORK "\" is missing");
    CZM_TRY(find_id(context, c, &members[ID]));
    CZM_TRY(find_member(context, c, METADATA_ENDING, &members[METADATA]));
    return find_member(context, c, NETWORK_ENDING, &members[NETWORK]);
}

czm_status czm_container_open(czm_context *context, const char *path, czm_container *container) {
    const czm_unzip_member *members[3];
    czm_container *c = container;
    *c = (czm_container){.path = path, .id = "", .version = ""};
    CZM_TRY(open_archive(context, c));
    CZM_TRY(find_parts(context, c, members));
    CZM_TRY(find_license(context, c, members));
    CZM_TRY(read_metadata(context, c, members[METADATA]));
    return open_network(context, c, members[NETWORK]);
}

// ---- checksums

static czm_status verify(czm_context *context, const char *path, const czm_unzip *zip) {
    czm_extraction *extraction = czm_extraction_in(context->arena);
    for (size_t i = 0; i < zip->count; i++) {
        const char *fault = czm_unzip_extract(extraction, &zip->members[i], NULL);
        if (fault) return damaged(context, path, zip->members[i].name, fault);
    }
    return CZM_OK;
}

czm_status czm_container_verify(czm_context *context, const czm_container *container) {
    CZM_TRY(verify(context, container->path, &container->archive));
    return container->is_onnx
               ? CZM_OK
               : verify(context, container->network.path, &container->network.archive);
}
