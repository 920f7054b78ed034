// SPDX-License-Identifier: Apache-2.0
//
// ZIP layout and headers; see zip.h.
#include "codec/zip.h"

enum {
    LOCAL_HEADER_SIZE = 30,
    DIRECTORY_ENTRY_SIZE = 46,
    END_RECORD_SIZE = 22,
    END64_RECORD_SIZE = 56,
    END64_LOCATOR_SIZE = 20,
    VERSION_STORED = 20,
    VERSION_ZIP64 = 45,
    SYSTEM_UNIX = 3,
    FLAG_UTF8 = 0x800,
    EXTRA_ZIP64 = 1,
};

#define LIMIT32 0xffffffffu
#define REGULAR_FILE_MODE (0100644u << 16)

static uint64_t narrow(uint64_t value) { return value < LIMIT32 ? value : LIMIT32; }

static bool is_wide(uint64_t value) { return value >= LIMIT32; }

// ZIP64 extra fields: the local header always contains both sizes, the directory only values that need 64 bits.
static uint64_t local_extra_size(const czm_zip_member *m) { return is_wide(m->size) ? 4 + 16 : 0; }

static uint64_t directory_extra_size(const czm_zip_member *m) {
    uint64_t fields = (is_wide(m->size) ? 16u : 0u) + (is_wide(m->header_at) ? 8u : 0u);
    return fields ? 4 + fields : 0;
}

static uint64_t version_of(uint64_t extra_size) {
    return extra_size ? VERSION_ZIP64 : VERSION_STORED;
}

static uint64_t flags_of(const czm_zip_member *m) {
    for (size_t i = 0; i < m->name_size; i++)
        if ((uint8_t)m->name[i] >= 0x80) return FLAG_UTF8;
    return 0;
}

static bool needs_end64(const czm_zip_archive *a, uint64_t directory_size) {
    return is_wide(a->directory_at) || is_wide(directory_size) || a->count >= 0xffff;
}

static uint64_t directory_size(const czm_zip_archive *a) {
    uint64_t size = 0;
    for (size_t i = 0; i < a->count; i++)
        size +=
            DIRECTORY_ENTRY_SIZE + a->members[i].name_size + directory_extra_size(&a->members[i]);
    return size;
}

void czm_zip_layout(czm_zip_archive *a) {
    uint64_t at = 0;
    for (size_t i = 0; i < a->count; i++) {
        czm_zip_member *m = &a->members[i];
        m->name_size = strlen(m->name);
        m->header_at = at;
        m->data_at = at + LOCAL_HEADER_SIZE + m->name_size + local_extra_size(m);
        at = m->data_at + m->size;
    }
    a->directory_at = at;
    uint64_t directory = directory_size(a);
    uint64_t end64 = needs_end64(a, directory) ? END64_RECORD_SIZE + END64_LOCATOR_SIZE : 0;
    a->size = at + directory + end64 + END_RECORD_SIZE;
}

// The part that local header and directory entry share: flags to extra size.
static void put_common(czm_buffer *b, const czm_zip_archive *a, const czm_zip_member *m,
                       uint64_t extra_size) {
    czm_put_raw_le(b, flags_of(m), 2);
    czm_put_raw_le(b, 0, 2); // stored
    czm_put_raw_le(b, a->dos_time, 4);
    czm_put_raw_le(b, m->crc, 4);
    czm_put_raw_le(b, narrow(m->size), 4);
    czm_put_raw_le(b, narrow(m->size), 4);
    czm_put_raw_le(b, m->name_size, 2);
    czm_put_raw_le(b, extra_size, 2);
}

static void put_extra(czm_buffer *b, uint64_t extra_size, bool size, uint64_t wide_size,
                      bool offset, uint64_t wide_offset) {
    if (!extra_size) return;
    czm_put_raw_le(b, EXTRA_ZIP64, 2);
    czm_put_raw_le(b, extra_size - 4, 2);
    if (size) czm_put_raw_le(b, wide_size, 8);
    if (size) czm_put_raw_le(b, wide_size, 8);
    if (offset) czm_put_raw_le(b, wide_offset, 8);
}

void czm_zip_put_local_header(czm_buffer *b, const czm_zip_archive *a, size_t index) {
    const czm_zip_member *m = &a->members[index];
    uint64_t extra = local_extra_size(m);
    czm_put_raw(b, czm_bytes_of("PK\3\4", 4));
    czm_put_raw_le(b, version_of(extra), 2);
    put_common(b, a, m, extra);
    czm_put_raw(b, czm_bytes_of(m->name, m->name_size));
    put_extra(b, extra, is_wide(m->size), m->size, false, 0);
}

static void put_directory_entry(czm_buffer *b, const czm_zip_archive *a, const czm_zip_member *m) {
    uint64_t extra = directory_extra_size(m);
    czm_put_raw(b, czm_bytes_of("PK\1\2", 4));
    czm_put_raw_le(b, version_of(extra) | SYSTEM_UNIX << 8, 2);
    czm_put_raw_le(b, version_of(extra), 2);
    put_common(b, a, m, extra);
    czm_put_raw_le(b, 0, 6); // no comment, first disk, no internal attributes
    czm_put_raw_le(b, REGULAR_FILE_MODE, 4);
    czm_put_raw_le(b, narrow(m->header_at), 4);
    czm_put_raw(b, czm_bytes_of(m->name, m->name_size));
    put_extra(b, extra, is_wide(m->size), m->size, is_wide(m->header_at), m->header_at);
}

static void put_end64(czm_buffer *b, const czm_zip_archive *a, uint64_t size) {
    czm_put_raw(b, czm_bytes_of("PK\6\6", 4));
    czm_put_raw_le(b, END64_RECORD_SIZE - 12, 8);
    czm_put_raw_le(b, VERSION_ZIP64 | SYSTEM_UNIX << 8, 2);
    czm_put_raw_le(b, VERSION_ZIP64, 2);
    czm_put_raw_le(b, 0, 8); // this disk, and the one of the directory
    czm_put_raw_le(b, a->count, 8);
    czm_put_raw_le(b, a->count, 8);
    czm_put_raw_le(b, size, 8);
    czm_put_raw_le(b, a->directory_at, 8);
    czm_put_raw(b, czm_bytes_of("PK\6\7", 4));
    czm_put_raw_le(b, 0, 4);
    czm_put_raw_le(b, a->directory_at + size, 8);
    czm_put_raw_le(b, 1, 4);
}

void czm_zip_put_directory(czm_buffer *b, const czm_zip_archive *a) {
    for (size_t i = 0; i < a->count; i++) put_directory_entry(b, a, &a->members[i]);
    uint64_t size = directory_size(a), count = a->count < 0xffff ? a->count : 0xffff;
    if (needs_end64(a, size)) put_end64(b, a, size);
    czm_put_raw(b, czm_bytes_of("PK\5\6", 4));
    czm_put_raw_le(b, 0, 4); // disks
    czm_put_raw_le(b, count, 2);
    czm_put_raw_le(b, count, 2);
    czm_put_raw_le(b, narrow(size), 4);
    czm_put_raw_le(b, narrow(a->directory_at), 4);
    czm_put_raw_le(b, 0, 2); // no comment
}

// Days since 1970 to a civil date, by counting years from 1 March (the leap day is then the last).
static void civil_date(int64_t days, int *year, int *month, int *day) {
    days += 719468; // from 0000-03-01
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

uint32_t czm_zip_dos_time(int64_t seconds) {
    const int64_t first = 315532800, last = 4354819198; // 1980-01-01 and 2107-12-31 23:59:58
    if (seconds < first) seconds = first;
    if (seconds > last) seconds = last;
    int year, month, day, second = (int)(seconds % 86400);
    civil_date(seconds / 86400, &year, &month, &day);
    uint32_t date = (uint32_t)((year - 1980) << 9 | month << 5 | day);
    uint32_t time = (uint32_t)(second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2);
    return date << 16 | time;
}
