// SPDX-License-Identifier: Apache-2.0
//
// The header of an image file: its format, determined by its content and never by its name, and the kind of its
// pixels. The pixels themselves are not read.
#ifndef CZM_CODEC_IMAGE_H
#define CZM_CODEC_IMAGE_H

#include "base/os.h"

typedef struct czm_image {
    const char *format; // "PNG", "JPEG", "TIFF", "BMP", "CZI"; NULL: no image that is known here
    int channels;       // samples per pixel (of its colours if it has a palette); 0: not known
    int bits;           // of a sample; 0: not known
    bool is_float;
    uint32_t width, height; // 0: not known
    const char *fault;      // NULL, or what is wrong; then only the format is known
} czm_image;

czm_image czm_image_read(czm_arena *arena, czm_file *file);

#endif
