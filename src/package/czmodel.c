// SPDX-License-Identifier: Apache-2.0
//
// Writing the container; see czmodel.h.
#include "package/czmodel.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/uuid.h"
#include "codec/checksum.h"
#include "codec/zip.h"
#include "package/manifest.h"

// One member while its bytes are written, in the pipe's thread if there is one.
typedef struct member {
    uint64_t at;
    char fault[128];
} member;

typedef struct writer {
    czm_context *context;
    const czm_package *package;
    const char *model_id; // the package's, or one of the same length until it is known
    czm_file *file;
    uint64_t done, total; // bytes of all members, for the progress
    uint64_t left;        // bytes that the member still lacks
    uint32_t crc;         // of those that it has
    czm_pipe *pipe;       // NULL: no member was large enough yet, or there is no second thread
    member member;
} writer;

static czm_status unwritable(const writer *w, const char *fault) {
    return czm_report_add(w->context->report, CZM_RULE_FILE_UNWRITABLE, w->package->path,
                          "free some space or choose another folder", "writing failed: %s", fault);
}

static czm_status put_at(const writer *w, uint64_t at, czm_bytes bytes) {
    return czm_file_write_at(w->file, at, bytes.data, bytes.size) ? CZM_OK
                                                                  : unwritable(w, czm_file_error());
}

// In the pipe's thread, or in the only one.
static bool write_block(void *user, czm_bytes block) {
    writer *w = user;
    member *m = &w->member;
    if (!czm_file_write_at(w->file, m->at, block.data, block.size)) {
        snprintf(m->fault, sizeof m->fault, "%s", czm_file_error());
        return false;
    }
    m->at += block.size;
    return true;
}

static czm_status take_block(void *user, czm_bytes block) {
    writer *w = user;
    if (block.size > w->left) return CZM_ERROR_INVALID; // too long: stream_payload() reports it
    w->left -= block.size;
    w->crc = czm_crc32(w->crc, block);
    bool is_sound = w->pipe ? czm_pipe_put(w->pipe, block) : write_block(w, block);
    if (!is_sound) return CZM_ERROR_IO; // likewise
    w->done += block.size;
    const czm_package *p = w->package;
    return p->progress && !p->progress(p->user, w->done, w->total) ? CZM_ERROR_CANCELLED : CZM_OK;
}

// One thread reads and computes both checksums, another one writes, if the member is large enough to justify a
// thread.
static void begin_member(writer *w, const czm_payload *payload, uint64_t at) {
    enum { WORTH_A_THREAD = 8 << 20 };
    w->member = (member){.at = at};
    w->left = payload->size;
    w->crc = 0;
    if (!w->pipe && payload->size >= WORTH_A_THREAD)
        w->pipe = czm_pipe_open(w->context->arena, write_block, w);
}

static czm_status stream_payload(writer *w, const czm_payload *payload, uint64_t at,
                                 uint32_t *crc) {
    begin_member(w, payload, at);
    size_t since = czm_report_moment(w->context->report);
    czm_status status = payload->stream(payload, w->context, (czm_sink){take_block, w});
    if (w->pipe) czm_pipe_drain(w->pipe);
    *crc = w->crc;
    if (*w->member.fault) return unwritable(w, w->member.fault);
    bool is_told = czm_report_status(w->context->report, since) != CZM_OK;
    if (is_told || status == CZM_ERROR_CANCELLED || status == CZM_ERROR_MEMORY) return status;
    if (!status && w->left == 0) return CZM_OK;
    return czm_report_add(w->context->report, CZM_RULE_FILE_UNREADABLE, payload->name,
                          "do not change the model while it is converted",
                          "its size changed while it was read");
}

// ---- the inner archive

static void layout_payloads(writer *w, czm_zip_archive *inner) {
    const czm_package *p = w->package;
    inner->count = p->payload_count;
    inner->members = CZM_NEW_ARRAY(w->context->arena, czm_zip_member, inner->count);
    for (size_t i = 0; i < inner->count; i++) {
        inner->members[i] =
            (czm_zip_member){.name = p->payloads[i].name, .size = p->payloads[i].size};
        w->total += p->payloads[i].size;
    }
    czm_zip_layout(inner);
}

static czm_status stream_payloads(writer *w, czm_zip_archive *inner, uint64_t at) {
    for (int late = 0; late <= 1; late++)
        for (size_t i = 0; i < inner->count; i++)
            if (w->package->payloads[i].is_late == (bool)late)
                CZM_TRY(stream_payload(w, &w->package->payloads[i], at + inner->members[i].data_at,
                                       &inner->members[i].crc));
    return CZM_OK;
}

// Headers come last, when all checksums are known. The CRC-32 of the whole archive, which is a
// member itself, is combined from those of its parts: no byte is read twice.
static czm_status put_headers(writer *w, const czm_zip_archive *archive, uint64_t at,
                              uint32_t *whole) {
    uint32_t crc = 0;
    for (size_t i = 0; i < archive->count; i++) {
        const czm_zip_member *m = &archive->members[i];
        czm_buffer header = czm_buffer_in(w->context->arena);
        czm_zip_put_local_header(&header, archive, i);
        CZM_TRY(put_at(w, at + m->header_at, czm_buffer_bytes(&header)));
        crc = czm_crc32(crc, czm_buffer_bytes(&header));
        crc = czm_crc32_combine(crc, m->crc, m->size);
    }
    czm_buffer directory = czm_buffer_in(w->context->arena);
    czm_zip_put_directory(&directory, archive);
    CZM_TRY(put_at(w, at + archive->directory_at, czm_buffer_bytes(&directory)));
    *whole = czm_crc32(crc, czm_buffer_bytes(&directory));
    return CZM_OK;
}

// ---- payloads

static czm_status stream_extent(const czm_payload *self, czm_context *context, czm_sink sink) {
    enum { BLOCK = 256 * 1024 };
    const czm_extent *extent = self->data;
    uint8_t *block = czm_arena_alloc(context->arena, BLOCK);
    for (uint64_t at = 0; at < self->size;) {
        size_t size = self->size - at < BLOCK ? (size_t)(self->size - at) : BLOCK;
        if (!czm_file_read_at(extent->file, extent->offset + at, block, size))
            return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, self->name, NULL,
                                  "reading failed: %s", czm_file_error());
        CZM_TRY(sink.take(sink.user, czm_bytes_of(block, size)));
        at += size;
    }
    return CZM_OK;
}

czm_payload czm_payload_extent(czm_arena *arena, const char *name, czm_extent extent) {
    czm_extent *kept = CZM_NEW(arena, czm_extent);
    *kept = extent;
    return (czm_payload){name, extent.size, false, stream_extent, kept, NULL};
}

static czm_status stream_bytes(const czm_payload *self, czm_context *context, czm_sink sink) {
    (void)context;
    return sink.take(sink.user, czm_bytes_of(self->data, (size_t)self->size));
}

static void identify_bytes(const czm_payload *self, czm_arena *arena, czm_sha256 *sha) {
    (void)arena;
    czm_sha256_add(sha, czm_bytes_of(self->data, (size_t)self->size));
}

czm_payload czm_payload_bytes(czm_arena *arena, const char *name, czm_bytes bytes) {
    (void)arena;
    return (czm_payload){name, bytes.size, false, stream_bytes, bytes.data, identify_bytes};
}

// ---- the outer archive

static czm_status check_names(writer *w, const czm_zip_member *members, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (czm_text_equal(members[i].name, members[k].name))
                return czm_report_add(w->context->report, CZM_RULE_MEMBER_NAME, members[i].name,
                                      "rename the licence file",
                                      "two members of the archive have this name");
    return CZM_OK;
}

static uint32_t time_of_members(void) {
    const char *epoch = czm_environment("SOURCE_DATE_EPOCH");
    return czm_zip_dos_time(epoch ? strtoll(epoch, NULL, 10) : 0);
}

// The members of the container, in their order. NETWORK has no stream if it is an archive.
enum { METADATA, NETWORK, MOST_PARTS = 4 };

static czm_payload metadata_of(const writer *w) {
    const czm_package *p = w->package;
    czm_arena *arena = w->context->arena;
    if (p->format->container == CZM_CONTAINER_JSON)
        return czm_payload_bytes(arena, "model.json",
                                 czm_czann_write(arena, p->format, p->spec, &p->shapes,
                                                 w->model_id));
    return czm_payload_bytes(arena, czm_arena_format(arena, "%s.xml", w->model_id),
                             czm_manifest_write(arena, p->spec, p->format->version, w->model_id));
}

static czm_payload network_of(const writer *w, const czm_zip_archive *inner) {
    const czm_package *p = w->package;
    czm_payload network = {.size = inner->size};
    if (p->format->opset) network = p->payloads[0];
    network.name = p->format->container == CZM_CONTAINER_JSON
                       ? "model.model"
                       : czm_arena_format(w->context->arena, "%s.model", w->model_id);
    return network;
}

static czm_status list_parts(writer *w, const czm_zip_archive *inner, czm_payload *parts,
                             size_t *count) {
    const czm_package *p = w->package;
    czm_arena *arena = w->context->arena;
    parts[METADATA] = metadata_of(w);
    if (parts[METADATA].size == 0) return czm_report_out_of_memory(w->context->report);
    parts[NETWORK] = network_of(w, inner);
    *count = NETWORK + 1;
    if (p->license.name) parts[(*count)++] = p->license;
    if (p->format->container == CZM_CONTAINER_XML)
        parts[(*count)++] = czm_payload_bytes(arena,
                                              czm_arena_format(arena, "modelid=%s", w->model_id),
                                              czm_bytes_of("", 0));
    return CZM_OK;
}

// ---- the id

static void add_number(czm_sha256 *sha, uint64_t number) {
    uint8_t bytes[sizeof number];
    czm_store_le(bytes, number, sizeof bytes);
    czm_sha256_add(sha, czm_bytes_of(bytes, sizeof bytes));
}

// Adds each part with its size, so that different lists of parts give different bytes.
static void add_part(czm_sha256 *sha, czm_bytes bytes) {
    add_number(sha, bytes.size);
    czm_sha256_add(sha, bytes);
}

static void add_payload(const writer *w, czm_sha256 *sha, const czm_payload *payload,
                        uint32_t crc) {
    add_part(sha, czm_bytes_text(payload->name));
    add_number(sha, payload->identify ? 0 : payload->size);
    if (payload->identify)
        payload->identify(payload, w->context->arena, sha);
    else
        add_number(sha, crc);
}

// The id from the streamed bytes and the metadata, which contain an id of zeros.
static void derive_id(const writer *w, const czm_zip_archive *inner, const czm_zip_member *network,
                      const czm_payload *metadata, char id[37]) {
    const czm_package *p = w->package;
    czm_sha256 sha = czm_sha256_begin();
    uint8_t digest[CZM_SHA256_SIZE];
    add_part(&sha, czm_bytes_text(p->format->name));
    add_part(&sha, czm_bytes_of(metadata->data, (size_t)metadata->size));
    for (size_t i = 0; i < p->payload_count; i++)
        add_payload(w, &sha, &p->payloads[i], inner->count ? inner->members[i].crc : network->crc);
    czm_sha256_end(&sha, digest);
    czm_uuid_of_digest(digest, id);
}

// ---- the whole

static czm_status write_network(writer *w, czm_zip_archive *inner, const czm_payload *network,
                                czm_zip_member *place) {
    CZM_TRY(stream_payloads(w, inner, place->data_at)); // none of an ONNX network
    return network->stream ? stream_payload(w, network, place->data_at, &place->crc)
                           : put_headers(w, inner, place->data_at, &place->crc);
}

// Names and sizes; the placeholder names have their final length.
static void layout_parts(writer *w, const czm_payload *parts, czm_zip_archive *outer) {
    for (size_t i = 0; i < outer->count; i++) {
        outer->members[i] = (czm_zip_member){.name = parts[i].name, .size = parts[i].size};
        if (parts[i].stream) w->total += parts[i].size;
    }
    czm_zip_layout(outer);
}

// The network comes first, since a derived id, which is in names and metadata, follows from it.
static czm_status write_all(writer *w, uint64_t *size, char id[37]) {
    czm_zip_member members[MOST_PARTS] = {{0}};
    czm_zip_archive inner = {.dos_time = time_of_members()},
                    outer = {.dos_time = inner.dos_time, .members = members};
    czm_payload parts[MOST_PARTS];
    if (!w->package->format->opset) layout_payloads(w, &inner);
    CZM_TRY(list_parts(w, &inner, parts, &outer.count));
    layout_parts(w, parts, &outer);
    if (!czm_file_reserve(w->file, outer.size)) return unwritable(w, czm_file_error());
    CZM_TRY(write_network(w, &inner, &parts[NETWORK], &members[NETWORK]));

    if (!w->package->model_id) derive_id(w, &inner, &members[NETWORK], &parts[METADATA], id);
    w->model_id = id;
    CZM_TRY(list_parts(w, &inner, parts, &outer.count));
    for (size_t i = 0; i < outer.count; i++) members[i].name = parts[i].name;
    CZM_TRY(check_names(w, members, outer.count));
    for (size_t i = 0; i < outer.count; i++)
        if (i != NETWORK)
            CZM_TRY(stream_payload(w, &parts[i], members[i].data_at, &members[i].crc));
    uint32_t ignored;
    CZM_TRY(put_headers(w, &outer, 0, &ignored));
    *size = outer.size;
    return CZM_OK;
}

czm_status czm_package_write(czm_context *context, const czm_package *package, uint64_t *size,
                             char model_id[37]) {
    static const char unknown[] = "00000000-0000-0000-0000-000000000000";
    writer *w = CZM_NEW(context->arena, writer);
    *w = (writer){.context = context, .package = package, .model_id = model_id};
    memcpy(model_id, package->model_id ? package->model_id : unknown, sizeof unknown);
    const char *folder = czm_path_folder(context->arena, package->path);
    if (*folder && !czm_folder_create(context->arena, folder))
        return czm_report_add(context->report, CZM_RULE_FILE_UNWRITABLE, folder,
                              "choose a writable folder", "the folder cannot be created: %s",
                              czm_file_error());
    if (czm_path_look(package->path) == CZM_PATH_FOLDER)
        return czm_report_add(context->report, CZM_RULE_FILE_UNWRITABLE, package->path,
                              "choose another output name", "a folder has this name");
    w->file = czm_file_create_beside(context->arena, package->path);
    if (!w->file)
        return czm_report_add(context->report, CZM_RULE_FILE_UNWRITABLE, package->path,
                              "choose a writable folder",
                              "no file can be created in this folder: %s", czm_file_error());
    CZM_TRY(write_all(w, size, model_id));
    return czm_file_publish(w->file) ? CZM_OK : unwritable(w, czm_file_error());
}
