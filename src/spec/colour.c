// SPDX-License-Identifier: Apache-2.0
//
// Class colours. The reference tool's generator gives the fourth class the red of the first again;
// here the first three are its red, green and blue, and all later ones are distinct.
//
// The fully saturated, fully bright colours form a circle of 1530 steps (six edges of the colour
// cube, 255 steps each). Each third of it begins with red, green or blue; colour i lies in third
// i mod 3, and within its third the positions are visited in jumps close to the golden section, so
// that neighbours in the list are far apart. 317 and 510 have no common factor: the jumps come back
// only after all 510 positions.
#include "spec/spec.h"

enum { EDGE = 255, THIRD = 2 * EDGE, JUMP = 317 };

_Static_assert(CZM_MOST_CLASSES == 3 * THIRD, "every class has its own colour");

void czm_class_colour(size_t index, uint8_t rgb[3]) {
    size_t third = index % 3, position = index / 3 * JUMP % THIRD;
    size_t main = third, next = (third + 1) % 3, rest = (third + 2) % 3;
    rgb[main] = (uint8_t)(position <= EDGE ? EDGE : THIRD - position);
    rgb[next] = (uint8_t)(position <= EDGE ? position : EDGE);
    rgb[rest] = 0;
}

bool czm_class_has_own_colour(const czm_class *item, size_t index) {
    uint8_t rgb[3];
    czm_class_colour(index % CZM_MOST_CLASSES, rgb);
    return item->has_colour &&
           (item->red != rgb[0] || item->green != rgb[1] || item->blue != rgb[2]);
}
