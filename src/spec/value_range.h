// SPDX-License-Identifier: Apache-2.0
//
// The value range of pixels: what a container feeds to its network, and what the network expects. A
// .czmodel feeds the values of the pixel type (0 to 65535 for Gray16), a .czann values from 0 to 1
// (specifications). The factor between the two follows from the pixel type.
#ifndef CZM_SPEC_VALUE_RANGE_H
#define CZM_SPEC_VALUE_RANGE_H

#include "spec/format.h"
#include "spec/spec.h"

// "raw" or "unit"; false: neither.
bool czm_value_range_parse(const char *text, bool *is_unit);

// The largest value of a pixel type; 0: it has none (floating point), or it is no pixel type.
double czm_pixel_type_most(const char *pixel_type);

// What the values that a container of `format` feeds must be multiplied by, so that they are those
// that the network expects. 1: nothing is to be done; 0: the values differ and no factor is known.
double czm_value_factor(const czm_spec *spec, const czm_format *format);

#endif
