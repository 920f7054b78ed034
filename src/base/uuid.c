// SPDX-License-Identifier: Apache-2.0
//
// UUIDs; see uuid.h.
#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"

static bool is_dash(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

enum { UUID_SIZE = 16 };

// RFC 9562, section 4: version and variant have fixed places.
static void write_uuid(const uint8_t *random, unsigned version, char uuid[37]) {
    uint8_t bytes[UUID_SIZE];
    memcpy(bytes, random, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    char *at = uuid;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (is_dash((size_t)(at - uuid))) *at++ = '-';
        at += snprintf(at, 3, "%02x", (unsigned)bytes[i]);
    }
}

void czm_uuid_make(char uuid[37]) {
    uint8_t bytes[UUID_SIZE];
    czm_random_bytes(bytes, sizeof bytes);
    write_uuid(bytes, 4, uuid);
}

void czm_uuid_of_digest(const uint8_t *digest, char uuid[37]) { write_uuid(digest, 8, uuid); }

bool czm_uuid_is_valid(const char *uuid) {
    for (size_t i = 0; i < 36; i++) {
        bool fits = is_dash(i) ? uuid[i] == '-' : uuid[i] && strchr("0123456789abcdef", uuid[i]);
        if (!fits) return false;
    }
    return uuid[36] == '\0';
}
