// SPDX-License-Identifier: Apache-2.0
//
// Shared by the files for Windows.
#ifndef CZM_OS_WINDOWS_H
#define CZM_OS_WINDOWS_H

#include <wchar.h>

#include "base/arena.h"

char *czm_narrow(czm_arena *arena, const wchar_t *text); // as UTF-8

#endif
