// SPDX-License-Identifier: Apache-2.0
#include "czm.h"

const char *czm_version(void) { return CZM_VERSION; } // defined by the build from the file VERSION
