// SPDX-License-Identifier: Apache-2.0
//
// Shared by the ops that slide windows over images: the layout of the image, and strides, dilations and paddings in
// the form of ONNX.
#ifndef CZM_ONNX_WINDOW_H
#define CZM_ONNX_WINDOW_H

#include "write/onnx/step.h"

typedef struct czm_onnx_image {
    const char *name; // channels first
    int rank;
    bool is_padded;                       // SAME padding has been added to `name`
    bool is_planar_in_tensorflow;         // data_format "NCHW": nothing needs to be transposed
    int64_t channels;                     // CZM_UNKNOWN
    int64_t size[CZM_ONNX_MOST_DIMS];     // along the spatial dimensions; CZM_UNKNOWN
    int64_t out_size[CZM_ONNX_MOST_DIMS]; // of output 0, likewise
} czm_onnx_image;

// The image of input `input`, ready for ONNX; false if the node was rejected.
bool czm_onnx_image_of(czm_onnx_step *step, size_t input, czm_onnx_image *image);

// Gives the result the layout that it has in TensorFlow.
void czm_onnx_image_out(czm_onnx_step *step, const czm_onnx_image *image, size_t output,
                        const char *name);

// Position of a spatial dimension in TensorFlow's shape.
int czm_onnx_image_dim(const czm_onnx_image *image, int space);

// The window's size along the spatial dimensions, by ksize or ksizes.
void czm_onnx_kernel_of(const czm_onnx_step *step, const czm_onnx_image *image, int64_t *kernel);

// SAME padding of an image whose size is open depends on that size (where the stride is greater than 1): it is
// computed when the network runs, and added with the number `value`. Returns the amounts for czm_onnx_pad_by(), or
// NULL if the node's own attribute can state the padding, and nothing was added. ONNX's auto_pad would be right only
// for some strides, in some versions of ONNX Runtime.
const char *czm_onnx_pad_open(czm_onnx_step *step, czm_onnx_image *image, const int64_t *kernel,
                              double value);
const char *czm_onnx_pad_by(czm_onnx_step *step, const char *of, czm_dtype dtype,
                            const char *amounts, double value);

// Adds all padding of the node to the image, of open sizes too.
void czm_onnx_pad_image(czm_onnx_step *step, czm_onnx_image *image, const int64_t *kernel,
                        double value);

// Sets strides, dilations, kernel_shape and pads of the last node.
void czm_onnx_set_windows(czm_onnx_step *step, const czm_onnx_image *image, const int64_t *kernel);

// The same for a transposed convolution; false if attributes cannot express the size of its output.
bool czm_onnx_set_transposed(czm_onnx_step *step, const czm_onnx_image *image,
                             const int64_t *kernel);

// The same for one whose size is computed: it is cut out of the result `name`. Returns the slice.
const char *czm_onnx_cut_transposed(czm_onnx_step *step, const czm_onnx_image *image,
                                    const int64_t *kernel, const char *name);

// A max pool as the maximum of slices of the image, for element types without a kernel of MaxPool.
void czm_onnx_pool_slices(czm_onnx_step *step, czm_onnx_image *image, const int64_t *kernel,
                          double lowest);

#endif
