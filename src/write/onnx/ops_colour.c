// SPDX-License-Identifier: Apache-2.0
//
// Colours of images, as in tf.image: conversion between red, green, blue and hue, saturation, value
// (core/kernels/image/colorspace_op.h), contrast (core/kernels/adjust_contrast_op.cc).
#include "write/onnx/layout.h"
#include "write/onnx/ops.h"

enum { COLOURS = 3 };

// The channels of an image, each as an image; saturation and value have one number for red, green and blue.
typedef struct image {
    czm_onnx_layout layout;
    int64_t axis; // of the channels
    const char *channels[COLOURS];
} image;

static const char *number(czm_onnx_step *step, double value) {
    return czm_onnx_number(step, CZM_DTYPE_FLOAT, value);
}

static const char *between(czm_onnx_step *step, const char *x, double low, double high) {
    return CZM_ONNX(step, "Clip", x, number(step, low), number(step, high));
}

static bool open_image(czm_onnx_step *step, image *i) {
    int rank = czm_onnx_in(step, 0)->shape.rank;
    if (rank < 1 || czm_onnx_in(step, 0)->shape.dims[rank - 1] != COLOURS) {
        czm_onnx_refuse(step, "its image must have three channels");
        return false;
    }
    i->layout = czm_onnx_layout_among(step, 0, 1);
    i->axis = i->layout.is_planar ? 1 : rank - 1;
    const char *whole = czm_onnx_operand(step, 0, i->layout);
    for (int c = 0; c < COLOURS; c++) {
        i->channels[c] = CZM_ONNX(step, "Gather", whole, czm_onnx_int(step, c));
        czm_onnx_set_int(step, "axis", i->axis);
    }
    return true;
}

static void put_image(czm_onnx_step *step, const image *i) {
    const char *name = CZM_ONNX(step, "Concat", i->channels[0], i->channels[1], i->channels[2]);
    czm_onnx_set_int(step, "axis", i->axis);
    czm_onnx_put(step, i->layout, name);
}

// ---- hue, saturation and value

// The hue in sixths of the circle: `base` plus a fraction from the difference of two colours.
static const char *sector(czm_onnx_step *step, const char *norm, const char *more, const char *less,
                          double base) {
    const char *part = CZM_ONNX(step, "Mul", norm, CZM_ONNX(step, "Sub", more, less));
    return CZM_ONNX(step, "Add", part, number(step, base));
}

static void to_hsv(czm_onnx_step *step, image *i) {
    const char *r = i->channels[0], *g = i->channels[1], *b = i->channels[2];
    const char *zero = number(step, 0);
    const char *value = CZM_ONNX(step, "Max", r, g, b);
    const char *range = CZM_ONNX(step, "Sub", value, CZM_ONNX(step, "Min", r, g, b));
    const char *is_grey = CZM_ONNX(step, "Not", CZM_ONNX(step, "Greater", range, zero));
    const char *is_black = CZM_ONNX(step, "Not", CZM_ONNX(step, "Greater", value, zero));
    const char *norm = CZM_ONNX(step, "Div", number(step, 1.0 / 6), range);
    const char *hue =
        CZM_ONNX(step, "Where", CZM_ONNX(step, "Equal", r, value), sector(step, norm, g, b, 0),
                 CZM_ONNX(step, "Where", CZM_ONNX(step, "Equal", g, value),
                          sector(step, norm, b, r, 2.0 / 6), sector(step, norm, r, g, 4.0 / 6)));
    const char *turned = CZM_ONNX(step, "Add", hue, number(step, 1));
    hue = CZM_ONNX(step, "Where", CZM_ONNX(step, "Less", hue, zero), turned, hue);
    i->channels[0] = CZM_ONNX(step, "Where", is_grey, zero, hue);
    i->channels[1] = CZM_ONNX(step, "Where", is_black, zero, CZM_ONNX(step, "Div", range, value));
    i->channels[2] = value;
}

// The share of a colour in a hue: |sixth - centre| on a ramp.
static const char *share(czm_onnx_step *step, const char *sixth, double centre, double sign,
                         double shift) {
    const char *away = CZM_ONNX(step, "Abs", CZM_ONNX(step, "Sub", sixth, number(step, centre)));
    const char *ramp =
        CZM_ONNX(step, "Add", CZM_ONNX(step, "Mul", away, number(step, sign)), number(step, shift));
    return between(step, ramp, 0, 1);
}

static void to_rgb(czm_onnx_step *step, image *i) {
    const char *saturation = i->channels[1], *value = i->channels[2];
    const char *sixth = CZM_ONNX(step, "Mul", i->channels[0], number(step, 6));
    const char *grey = CZM_ONNX(step, "Sub", number(step, 1), saturation);
    const char *shares[] = {share(step, sixth, 3, 1, -1), share(step, sixth, 2, -1, 2),
                            share(step, sixth, 4, -1, 2)};
    for (int c = 0; c < COLOURS; c++) {
        const char *colour = CZM_ONNX(step, "Mul", saturation, shares[c]);
        i->channels[c] = CZM_ONNX(step, "Mul", CZM_ONNX(step, "Add", grey, colour), value);
    }
}

void czm_onnx_hsv_of(czm_onnx_step *step) { // RGBToHSV
    image i;
    if (!open_image(step, &i)) return;
    to_hsv(step, &i);
    put_image(step, &i);
}

void czm_onnx_rgb_of(czm_onnx_step *step) { // HSVToRGB
    image i;
    if (!open_image(step, &i)) return;
    to_rgb(step, &i);
    put_image(step, &i);
}

void czm_onnx_turn_hue(czm_onnx_step *step) { // AdjustHue(images, delta)
    image i;
    if (!open_image(step, &i)) return;
    to_hsv(step, &i);
    const char *hue = CZM_ONNX(step, "Add", i.channels[0], czm_onnx_in_plain(step, 1));
    i.channels[0] = CZM_ONNX(step, "Sub", hue, CZM_ONNX(step, "Floor", hue));
    to_rgb(step, &i);
    put_image(step, &i);
}

void czm_onnx_saturate(czm_onnx_step *step) { // AdjustSaturation(images, scale)
    image i;
    if (!open_image(step, &i)) return;
    to_hsv(step, &i);
    const char *more = CZM_ONNX(step, "Mul", i.channels[1], czm_onnx_in_plain(step, 1));
    i.channels[1] = between(step, more, 0, 1);
    to_rgb(step, &i);
    put_image(step, &i);
}

// ---- contrast

// AdjustContrastv2(images, factor): multiplies the distance from the mean of each channel.
void czm_onnx_contrast(czm_onnx_step *step) {
    int rank = czm_onnx_in(step, 0)->shape.rank;
    if (rank < 3) {
        czm_onnx_refuse(step, "the rank of its image is not known");
        return;
    }
    czm_onnx_layout layout = czm_onnx_layout_among(step, 0, 1);
    const int64_t last = layout.is_planar ? rank - 1 : rank - 2, axes[] = {last - 1, last};
    const char *whole = czm_onnx_operand(step, 0, layout);
    const char *mean = czm_onnx_emit_with_axes(step, "ReduceMean", whole, axes, 2, 18);
    czm_onnx_set_int(step, "keepdims", 1);
    const char *away = CZM_ONNX(step, "Sub", whole, mean);
    const char *more = CZM_ONNX(step, "Mul", away, czm_onnx_in_plain(step, 1));
    czm_onnx_put(step, layout, CZM_ONNX(step, "Add", more, mean));
}
