// SPDX-License-Identifier: Apache-2.0
//
// Names that Windows keeps for devices, whatever their ending: CON, nul.txt, COM1. Not every Windows
// refuses such a file, but hardly a program there can open it. Source: Microsoft's "Naming Files,
// Paths, and Namespaces".
#ifndef CZM_BASE_DEVICE_NAME_H
#define CZM_BASE_DEVICE_NAME_H

#include <stdbool.h>

// Of a name without folders.
bool czm_is_device_name(const char *name);

#endif
