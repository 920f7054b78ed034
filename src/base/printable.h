// SPDX-License-Identifier: Apache-2.0
//
// Text from files on its way out of the program: names in a model may be anything. What could disturb a
// terminal, or make it show another text than there is, never leaves the program.
#ifndef CZM_BASE_PRINTABLE_H
#define CZM_BASE_PRINTABLE_H

#include "base/bytes.h"

// Replaces by question marks, in place: control characters, those that change the direction of text, line
// separators, and what is not UTF-8. Returns `text`.
char *czm_make_printable(char *text);

#endif
