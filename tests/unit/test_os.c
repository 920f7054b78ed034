// SPDX-License-Identifier: Apache-2.0
//
// The operating system: who may look into a folder that is being made, and random bytes of a system without
// /dev/urandom. The linker leads open() here.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "support.h"

static bool has_urandom = true;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, mode_t mode);

int __wrap_open(const char *path, int flags, mode_t mode) {
    if (!has_urandom && strcmp(path, "/dev/urandom") == 0) return -1;
    return __real_open(path, flags, mode);
}

static mode_t mode_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static void a_folder_is_private_until_it_appears(void **state) {
    czm_context *c = *state;
    mode_t before = umask(027);
    czm_new_folder *folder = czm_folder_create_beside(c->arena, "appears");
    assert_non_null(folder);
    assert_int_equal(mode_of(folder->path), 0700);
    assert_true(czm_folder_publish(folder));
    assert_int_equal(mode_of("appears"), 0750);
    umask(before);
    assert_int_equal(remove("appears"), 0);
}

static void bytes_differ_without_urandom(void **state) {
    (void)state;
    uint8_t bytes[2][16] = {{0}};
    has_urandom = false;
    for (int i = 0; i < 2; i++) czm_random_bytes(bytes[i], sizeof bytes[i]);
    has_urandom = true;
    assert_memory_not_equal(bytes[0], bytes[1], sizeof bytes[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_folder_is_private_until_it_appears),
        TEST(bytes_differ_without_urandom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
