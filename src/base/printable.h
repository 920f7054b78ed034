// SPDX-License-Identifier: Apache-2.0
//
// Text from files in output: names in a model may contain anything. Characters that could disturb a terminal, or make
// it show another text, are replaced.
#ifndef CZM_BASE_PRINTABLE_H
#define CZM_BASE_PRINTABLE_H

#include "base/bytes.h"

// Replaces by question marks, in place: control characters, those that change the direction of text, line separators,
// and invalid UTF-8. Returns `text`.
char *czm_make_printable(char *text);

#endif
