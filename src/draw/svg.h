// SPDX-License-Identifier: Apache-2.0
//
// Draws a table of layers.
#ifndef CZM_DRAW_SVG_H
#define CZM_DRAW_SVG_H

#include "base/arena.h"
#include "czm.h"

// SVG 1.1 without scripts or fonts. Full resolution is at the top, and the inputs of a layer are left of it. The same
// layers give the same bytes.
czm_bytes czm_svg_draw(czm_arena *arena, const czm_layer_info *layers, size_t count);

#endif
