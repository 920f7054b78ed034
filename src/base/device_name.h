// SPDX-License-Identifier: Apache-2.0
//
// Names that Windows reserves for devices, with any ending: CON, nul.txt, COM1. Some versions of Windows create such
// a file, but most programs there cannot open it. Source: Microsoft's "Naming Files, Paths, and Namespaces".
#ifndef CZM_BASE_DEVICE_NAME_H
#define CZM_BASE_DEVICE_NAME_H

#include <stdbool.h>

// `name` has no folders.
bool czm_is_device_name(const char *name);

#endif
