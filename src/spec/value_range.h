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

// The largest value of a pixel type; 0 for floating point, and for texts that are no pixel type.
double czm_pixel_type_most(const char *pixel_type);

// The factor that converts the values that a container of `format` feeds to those that the network expects. 1: they
// are equal; 0: they differ, and no factor is known.
double czm_value_factor(const czm_spec *spec, const czm_format *format);

#endif
