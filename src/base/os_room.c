// SPDX-License-Identifier: Apache-2.0
//
// Room on the disk and in memory; see os_room.h and os.h. This is a separate file because fallocate() and madvise() need
// _GNU_SOURCE, which gives os_posix.c another strerror_r(). posix_fallocate() would write zeros to file systems that cannot reserve.
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include "base/os_room.h"
#include "base/os.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

bool czm_room_reserve(int descriptor, uint64_t size) {
    return fallocate(descriptor, 0, 0, (off_t)size) == 0 || errno != ENOSPC;
}

#else

bool czm_room_reserve(int descriptor, uint64_t size) {
    (void)descriptor, (void)size;
    return true;
}

#endif

// Only whole large pages inside the memory, so that no byte beside it is concerned.
void czm_memory_use_large_pages(void *memory, size_t size) {
#ifdef __linux__
    const size_t page = 2 << 20, skipped = (page - (uintptr_t)memory % page) % page;
    if (size < skipped + page) return;
    madvise((char *)memory + skipped, (size - skipped) / page * page, MADV_HUGEPAGE);
#else
    (void)memory, (void)size;
#endif
}
