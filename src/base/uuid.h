// SPDX-License-Identifier: Apache-2.0
//
// UUIDs as text, such as "6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11" (RFC 9562).
#ifndef CZM_BASE_UUID_H
#define CZM_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

// A random UUID of version 4.
void czm_uuid_make(char uuid[37]);

// The UUID of version 8 that is made of the first 16 bytes of a digest.
void czm_uuid_of_digest(const uint8_t *digest, char uuid[37]);

// Whether the text is a UUID in lower case hexadecimal.
bool czm_uuid_is_valid(const char *uuid);

#endif
