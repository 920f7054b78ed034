// SPDX-License-Identifier: Apache-2.0
//
// Which pixels of the input each element of a tensor depends on: the algebra of receptive fields.
//
// The row-major index of a tensor is written as a number with several digits. LONG digits count along the image's
// height, its width and, in a volume, z. PHASE digits count inside a block of pixels, for example after
// SpaceToBatchND. PLAIN digits do not concern space: batch, channels. A dimension of the tensor consists of any
// number of neighbouring digits. So reshaping and transposing only regroup digits, and moving pixels or rows to the
// batch needs no arithmetic.
//
// Along each axis of the image, the spans of pixels repeat: after `period` steps of the LONG digit they are moved by
// `jump` pixels. A table contains the spans of one period, for each value of the PHASE digit. The image is infinite,
// and so is this pattern.
//
// The operations are sticky: once the kind is not CZM_FIELD_BOUNDED, they do nothing. If they cannot be exact, the
// spans become larger, never smaller.
#ifndef CZM_ANALYSIS_FOOTPRINT_H
#define CZM_ANALYSIS_FOOTPRINT_H

#include "analysis/receptive_field.h"
#include "shape/step.h"

enum { CZM_MOST_DIGITS = 16, CZM_LONGEST_PERIOD = 256 };

typedef struct czm_span {
    int64_t low, high; // the first and last pixel; low > high: none
} czm_span;

typedef enum czm_digit_role { CZM_PLAIN, CZM_LONG, CZM_PHASE } czm_digit_role;

typedef struct czm_digit {
    czm_digit_role role;
    int axis; // of the image: 0 height, 1 width, 2 z; of a PLAIN digit 0
    int dim;  // the tensor's dimension that it is a part of
    int64_t extent;
} czm_digit;

typedef struct czm_axis {
    int64_t period, jump;
    int64_t phases;        // extent of the PHASE digit; 1: there is none
    const czm_span *spans; // [phases][period]
} czm_axis;

// Digits from the most significant on. PLAIN and PHASE digits have an extent of more than 1.
typedef struct czm_footprint {
    czm_field_kind kind;
    const czm_node *node; // what makes it unbounded or unknown
    czm_arena *arena;
    int count;
    czm_digit digits[CZM_MOST_DIGITS];
    czm_axis axes[CZM_FIELD_AXES];
} czm_footprint;

// The indices first, first + step, ..., last; none if last < first.
typedef struct czm_taps {
    int64_t first, last, step;
} czm_taps;

// A window that slides along a dimension: output q * outputs + r depends on the inputs q * inputs + t for all t of
// taps[r].
typedef struct czm_slide {
    int64_t outputs, inputs;
    const czm_taps *taps;
} czm_slide;

// The footprint of the input itself; `shape` has four dimensions, or five with z, and is complete.
czm_footprint czm_footprint_of_image(czm_arena *arena, czm_shape shape);

// Ends the analysis: the pixels are not known, or are all pixels.
void czm_footprint_fail(czm_footprint *f, czm_field_kind kind);

bool czm_footprint_is_long(const czm_footprint *f,
                           int dim); // whether the dimension contains a LONG digit
int64_t czm_footprint_extent(const czm_footprint *f, int dim);
bool czm_footprint_has_shape(const czm_footprint *f, czm_shape shape);

// Each element depends on the pixels of all elements along this dimension, which then has `extent` elements.
// Unbounded if the dimension is LONG.
void czm_footprint_mix(czm_footprint *f, int dim, int64_t extent);

// Slides a window along a dimension, which then has `extent` elements.
void czm_footprint_slide(czm_footprint *f, int dim, const czm_slide *slide, int64_t extent);

// Output o depends on input o * stride + offset.
void czm_footprint_pick(czm_footprint *f, int dim, int64_t offset, int64_t stride, int64_t extent);

// ---- dimensions

void czm_footprint_insert(czm_footprint *f, int dim, int64_t extent); // a new dimension
void czm_footprint_remove(czm_footprint *f, int dim);                 // one of extent 1
void czm_footprint_permute(czm_footprint *f, const int *to, int rank);
void czm_footprint_repeat(czm_footprint *f, int dim, int64_t times); // as Tile does
void czm_footprint_reshape(czm_footprint *f, czm_shape shape);

// Splits a dimension into two, the inner one of extent `inner`; and joins the dimensions dim and dim + 1.
void czm_footprint_split(czm_footprint *f, int dim, int64_t inner);
void czm_footprint_fuse(czm_footprint *f, int dim);

// ---- several tensors

// Repeats dimensions of extent 1 as `shape` requires, and adds leading dimensions.
void czm_footprint_broadcast(czm_footprint *f, int rank, czm_shape shape);

// Each element depends on the pixels of its counterparts in both. The shapes are the same.
void czm_footprint_join(czm_footprint *f, const czm_footprint *other);

#endif
