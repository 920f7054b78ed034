// SPDX-License-Identifier: Apache-2.0
//
// Room on the disk for a file of POSIX systems that is about to be written.
#ifndef CZM_BASE_OS_ROOM_H
#define CZM_BASE_OS_ROOM_H

#include <stdbool.h>
#include <stdint.h>

// Reserves room for `size` bytes of the open file. false if the disk is full; errno has the reason.
// true also where nothing can be reserved: on systems other than Linux, on some file systems.
bool czm_room_reserve(int descriptor, uint64_t size);

#endif
