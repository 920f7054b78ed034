// SPDX-License-Identifier: Apache-2.0
//
// Room on the disk; see os_room.h. This is a separate file because fallocate() needs _GNU_SOURCE, which gives
// os_posix.c another strerror_r(). posix_fallocate() would write zeros to file systems that cannot reserve.
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include "base/os_room.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>

bool czm_room_reserve(int descriptor, uint64_t size) {
    return fallocate(descriptor, 0, 0, (off_t)size) == 0 || errno != ENOSPC;
}

#else

bool czm_room_reserve(int descriptor, uint64_t size) {
    (void)descriptor, (void)size;
    return true;
}

#endif
