// SPDX-License-Identifier: Apache-2.0
//
// See device_name.h.
#include "base/device_name.h"

#include "base/bytes.h"

static const struct {
    const char *name;
    bool has_number; // of a port
} devices[] = {
    {"CON", false},    {"PRN", false},     {"AUX", false}, {"NUL", false},
    {"CONIN$", false}, {"CONOUT$", false}, {"COM", true},  {"LPT", true},
};

static bool begins_with(const char *name, size_t size, const char *device, size_t device_size) {
    for (size_t i = 0; i < device_size; i++) {
        char c = i < size ? name[i] : '\0';
        if ((c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) != device[i]) return false;
    }
    return true;
}

// A digit, or a superscript of Latin-1.
static bool is_port_number(const char *text, size_t size) {
    static const char *const superscripts[] = {"\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};
    for (size_t i = 0; size == 2 && i < CZM_COUNT_OF(superscripts); i++)
        if (memcmp(text, superscripts[i], 2) == 0) return true;
    return size == 1 && *text >= '0' && *text <= '9';
}

bool czm_is_device_name(const char *name) {
    size_t size = strcspn(name, ".:");
    while (size > 0 && name[size - 1] == ' ') size--;
    for (size_t i = 0; i < CZM_COUNT_OF(devices); i++) {
        size_t length = strlen(devices[i].name);
        if (!begins_with(name, size, devices[i].name, length)) continue;
        if (devices[i].has_number ? is_port_number(name + length, size - length) : size == length)
            return true;
    }
    return false;
}
