// SPDX-License-Identifier: Apache-2.0
//
// Reading ZIP archives; see unzip.h. Why not libzip: it depends on five compression and two crypto libraries, and we
// would still need our own checks of archives from strangers.
#include "codec/unzip.h"

#include "base/list.h"
#include "codec/checksum.h"
#include "codec/inflate.h"

enum {
    END_RECORD_SIZE = 22,
    END64_LOCATOR_SIZE = 20,
    END64_RECORD_SIZE = 56,
    DIRECTORY_ENTRY_SIZE = 46,
    LOCAL_HEADER_SIZE = 30,
    LONGEST_COMMENT = 0xffff,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8,
    FLAG_ENCRYPTED = 1,
    EXTRA_ZIP64 = 1,
    FILE_TYPE_MASK = 0170000,
    FILE_TYPE_LINK = 0120000,
    BLOCK = 64 * 1024,
};

#define LIMIT32 0xffffffffu
#define LARGEST_DIRECTORY (64u << 20)

static bool read_at(czm_extent extent, uint64_t offset, void *to, size_t size) {
    return offset <= extent.size && size <= extent.size - offset &&
           czm_file_read_at(extent.file, extent.offset + offset, to, size);
}

bool czm_unzip_is_archive(czm_extent extent) {
    uint8_t magic[4];
    return read_at(extent, 0, magic, sizeof magic) &&
           (memcmp(magic, "PK\3\4", 4) == 0 || memcmp(magic, "PK\5\6", 4) == 0);
}

const char *czm_unzip_first_name(czm_arena *arena, czm_extent archive) {
    uint8_t header[LOCAL_HEADER_SIZE];
    if (!czm_unzip_is_archive(archive) || !read_at(archive, 0, header, sizeof header)) return "";
    size_t size = czm_load_le16(header + 26);
    char *name = czm_arena_alloc(arena, size + 1);
    return read_at(archive, sizeof header, name, size) ? name : "";
}

typedef struct directory {
    uint64_t offset, size, count;
    uint64_t end;  // where the end records begin
    uint64_t used; // bytes of the members that were read so far
} directory;

static const char *read_end64(czm_extent archive, uint64_t end_at, directory *d) {
    uint8_t locator[END64_LOCATOR_SIZE], record[END64_RECORD_SIZE];
    if (end_at < END64_LOCATOR_SIZE ||
        !read_at(archive, end_at - END64_LOCATOR_SIZE, locator, sizeof locator) ||
        memcmp(locator, "PK\6\7", 4) != 0)
        return NULL; // a plain archive
    uint64_t at = czm_load_le64(locator + 8);
    if (!read_at(archive, at, record, sizeof record) || memcmp(record, "PK\6\6", 4) != 0)
        return "its ZIP64 end record is missing";
    *d = (directory){czm_load_le64(record + 48), czm_load_le64(record + 40),
                     czm_load_le64(record + 32), at, 0};
    return NULL;
}

// Searches the end record backwards from the end, over the longest possible comment.
static const char *find_directory(czm_arena *arena, czm_extent archive, directory *d) {
    size_t tail = archive.size < END_RECORD_SIZE + LONGEST_COMMENT
                      ? (size_t)archive.size
                      : END_RECORD_SIZE + LONGEST_COMMENT;
    uint8_t *bytes = czm_arena_alloc(arena, tail);
    if (tail < END_RECORD_SIZE || !read_at(archive, archive.size - tail, bytes, tail))
        return "it is too short";
    for (size_t i = tail - END_RECORD_SIZE + 1; i-- > 0;) {
        const uint8_t *end = bytes + i;
        if (memcmp(end, "PK\5\6", 4) != 0 || czm_load_le16(end + 20) != tail - i - END_RECORD_SIZE)
            continue;
        uint64_t at = archive.size - tail + i;
        *d = (directory){czm_load_le32(end + 16), czm_load_le32(end + 12), czm_load_le16(end + 10),
                         at, 0};
        return read_end64(archive, at, d);
    }
    return "its end record is missing: the file is cut off or is not a ZIP archive";
}

// Sizes and offsets that do not fit in 32 bits are in the ZIP64 extra field, in this order.
static bool read_extra64(czm_bytes extra, czm_unzip_member *m, uint64_t *header_at) {
    uint64_t *wide[] = {&m->size, &m->packed_size, header_at};
    while (extra.size >= 4) {
        size_t size = czm_load_le16(extra.data + 2);
        if (size > extra.size - 4) return false;
        const uint8_t *field = extra.data + 4, *end = field + size;
        if (czm_load_le16(extra.data) == EXTRA_ZIP64) {
            for (size_t i = 0; i < CZM_COUNT_OF(wide); i++) {
                if (*wide[i] != LIMIT32) continue;
                if (end - field < 8) return false;
                *wide[i] = czm_load_le64(field);
                field += 8;
            }
        }
        extra = czm_bytes_of(end, extra.size - 4 - size);
    }
    return true;
}

// If members together are larger than the archive, they overlap: a small file could unpack to terabytes.
static const char *locate_data(czm_extent archive, directory *d, uint64_t header_at,
                               czm_unzip_member *m) {
    uint8_t header[LOCAL_HEADER_SIZE];
    if (!read_at(archive, header_at, header, sizeof header) || memcmp(header, "PK\3\4", 4) != 0)
        return "a member's local header is not where the directory says";
    uint64_t data_at =
        header_at + LOCAL_HEADER_SIZE + czm_load_le16(header + 26) + czm_load_le16(header + 28);
    if (data_at > d->offset || m->packed_size > d->offset - data_at)
        return "a member extends into the directory of the archive";
    d->used += LOCAL_HEADER_SIZE + m->packed_size; // no overflow: each is smaller than the file
    if (d->used > d->offset) return "its members overlap";
    m->packed = czm_extent_part(archive, data_at, m->packed_size);
    return NULL;
}

static const char *check_member(const czm_unzip_member *m, uint64_t flags, uint64_t method) {
    if (flags & FLAG_ENCRYPTED) return "a member is encrypted";
    if (method != METHOD_STORED && method != METHOD_DEFLATED)
        return "a member is compressed by a method other than deflate";
    if (method == METHOD_STORED && m->size != m->packed_size)
        return "a stored member has two different sizes";
    if (method == METHOD_DEFLATED && m->size / CZM_BEST_RATIO > m->packed_size)
        return "a member claims more bytes than its compressed data can contain";
    return NULL;
}

// Old tools for old versions of ZEN write backslashes, against APPNOTE.TXT 4.4.17.1.
static const char *member_name(czm_arena *arena, czm_bytes stored) {
    char *name = czm_arena_string(arena, stored);
    for (char *c = name; *c; c++)
        if (*c == '\\') *c = '/';
    return name;
}

static const char *read_entry(czm_arena *arena, czm_extent archive, directory *d, czm_bytes *rest,
                              czm_unzip_member *m) {
    const uint8_t *e = rest->data;
    if (rest->size < DIRECTORY_ENTRY_SIZE || memcmp(e, "PK\1\2", 4) != 0)
        return "its directory is damaged";
    size_t name_size = czm_load_le16(e + 28), extra_size = czm_load_le16(e + 30);
    size_t size = DIRECTORY_ENTRY_SIZE + name_size + extra_size + czm_load_le16(e + 32);
    if (size > rest->size) return "its directory is damaged";
    czm_bytes name = czm_bytes_of(e + DIRECTORY_ENTRY_SIZE, name_size);
    if (memchr(name.data, 0, name.size)) return "a member's name contains a NUL";

    uint64_t header_at = czm_load_le32(e + 42);
    *m = (czm_unzip_member){
        .name = member_name(arena, name),
        .is_deflated = czm_load_le16(e + 10) == METHOD_DEFLATED,
        .is_link = (czm_load_le32(e + 38) >> 16 & FILE_TYPE_MASK) == FILE_TYPE_LINK,
        .crc = czm_load_le32(e + 16),
        .packed_size = czm_load_le32(e + 20),
        .size = czm_load_le32(e + 24),
    };
    if (!read_extra64(czm_bytes_of(name.data + name_size, extra_size), m, &header_at))
        return "a member's extra field is damaged";
    const char *fault = check_member(m, czm_load_le16(e + 8), czm_load_le16(e + 10));
    if (!fault) fault = locate_data(archive, d, header_at, m);
    if (m->is_deflated) m->unpacked = CZM_NEW(arena, czm_unpacked);
    if (m->is_deflated) m->unpacked->arena = arena;
    *rest = czm_bytes_of(e + size, rest->size - size);
    return fault;
}

static const char *read_members(czm_arena *arena, czm_extent archive, czm_unzip *zip) {
    directory d;
    const char *fault = find_directory(arena, archive, &d);
    if (fault) return fault;
    uint64_t end;
    if (!czm_add_u64(d.offset, d.size, &end) || end > d.end || d.size > LARGEST_DIRECTORY ||
        d.count > d.size / DIRECTORY_ENTRY_SIZE)
        return "its end record does not agree with its size";
    czm_budget_input(arena, CZM_MEMORY, czm_extent_on_disk(archive, d.size));
    czm_work(arena, d.count, "the members of an archive");
    uint8_t *bytes = czm_arena_alloc(arena, (size_t)d.size);
    if (!read_at(archive, d.offset, bytes, (size_t)d.size)) return "its directory cannot be read";
    czm_bytes rest = czm_bytes_of(bytes, (size_t)d.size);
    czm_unzip_member *members = CZM_NEW_ARRAY(arena, czm_unzip_member, (size_t)d.count);
    for (size_t i = 0; i < d.count; i++) {
        fault = read_entry(arena, archive, &d, &rest, &members[i]);
        if (fault) return fault;
        czm_bytes name = czm_bytes_text(members[i].name);
        czm_name_slot *slot = czm_name_slot_for(arena, &zip->by_name, name);
        if (!slot->value) slot->value = &members[i];
    }
    zip->members = members;
    zip->count = (size_t)d.count;
    return NULL;
}

czm_unzip czm_unzip_read(czm_arena *arena, czm_extent archive) {
    czm_unzip zip = {0};
    zip.fault = read_members(arena, archive, &zip);
    return zip;
}

const czm_unzip_member *czm_unzip_find(const czm_unzip *zip, const char *name) {
    return czm_name_find(&zip->by_name, czm_bytes_text(name));
}

// The extraction of a member.
struct czm_extraction {
    czm_arena *arena;
    const czm_unzip_member *member;
    czm_file *to; // NULL: the bytes are only checked
    uint64_t written;
    uint32_t crc;
    z_stream *stream;
    uint8_t in[BLOCK], out[BLOCK];
};

// Stops at the declared size.
static const char *put(czm_extraction *x, const uint8_t *data, size_t size) {
    if (size > x->member->size - x->written) return "it is larger than its directory entry says";
    if (x->to && !czm_file_write_at(x->to, x->written, data, size))
        return "there is no free space to unpack it";
    x->crc = czm_crc32(x->crc, czm_bytes_of(data, size));
    x->written += size;
    return NULL;
}

static const char *inflate_block(czm_extraction *x, size_t size, bool *ended) {
    x->stream->next_in = x->in;
    x->stream->avail_in = (uInt)size;
    do {
        x->stream->next_out = x->out;
        x->stream->avail_out = BLOCK;
        int status = czm_inflate(x->stream, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return "its compressed data is damaged";
        const char *fault = put(x, x->out, BLOCK - x->stream->avail_out);
        if (fault) return fault;
        *ended = status == Z_STREAM_END;
    } while (!*ended && x->stream->avail_out == 0);
    return NULL;
}

// Reads the stored bytes in blocks; those of a stored member are its content.
static const char *extract_blocks(czm_extraction *x) {
    const czm_unzip_member *m = x->member;
    bool ended = !m->is_deflated;
    for (uint64_t at = 0; at < m->packed_size && !(m->is_deflated && ended);) {
        size_t size = m->packed_size - at < BLOCK ? (size_t)(m->packed_size - at) : BLOCK;
        if (!read_at(m->packed, at, x->in, size)) return "it cannot be read";
        at += size;
        const char *fault = m->is_deflated ? inflate_block(x, size, &ended) : put(x, x->in, size);
        if (fault) return fault;
    }
    if (!ended || x->written != m->size) return "it ends too early";
    return x->crc == m->crc ? NULL : "its checksum does not match";
}

czm_extraction *czm_extraction_in(czm_arena *arena) {
    czm_extraction *x = CZM_NEW(arena, czm_extraction);
    x->arena = arena;
    x->stream = czm_inflate_stream(arena, -MAX_WBITS);
    return x;
}

// Counted even if the content is not kept: the unpacked size is limited by the size of the file.
static void count(czm_arena *arena, const czm_unzip_member *m) {
    if (!m->is_deflated) return;
    czm_budget_input(arena, CZM_DISK, czm_extent_on_disk(m->packed, m->packed_size));
    czm_budget_use(arena, CZM_DISK, m->size, "the deflated members of an archive");
}

const char *czm_unzip_extract(czm_extraction *x, const czm_unzip_member *member, czm_file *to) {
    count(x->arena, member);
    x->member = member;
    x->to = to;
    x->written = 0;
    x->crc = 0;
    (void)inflateReset(x->stream);
    return extract_blocks(x);
}

static const char *unpack_member(const czm_unzip_member *m) {
    czm_arena *arena = m->unpacked->arena;
    czm_file *scratch = czm_file_scratch(arena);
    if (!scratch) return "no file can be created in the temporary folder";
    uint64_t on_disk = czm_extent_on_disk(m->packed, m->packed_size);
    const char *fault = czm_unzip_extract(czm_extraction_in(arena), m, scratch);
    if (!fault)
        m->unpacked->content =
            (czm_extent){scratch, 0, m->size, on_disk ? m->size / on_disk + 1 : CZM_BEST_RATIO};
    return fault;
}

const char *czm_unzip_open(const czm_unzip_member *m, czm_extent *content) {
    const char *fault = NULL;
    if (m->is_deflated && !m->unpacked->content.file) fault = unpack_member(m);
    *content = m->is_deflated ? m->unpacked->content : m->packed;
    return fault;
}
