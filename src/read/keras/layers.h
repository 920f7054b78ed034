// SPDX-License-Identifier: Apache-2.0
//
// The functions of layers.def, by the file that has them. Each turns one call of a layer into nodes.
#ifndef CZM_KERAS_LAYERS_H
#define CZM_KERAS_LAYERS_H

#include "read/keras/build.h"

// layers_window.c
czm_keras_tensor czm_keras_build_convolution(czm_keras_call *c);
czm_keras_tensor czm_keras_build_depthwise(czm_keras_call *c);
czm_keras_tensor czm_keras_build_separable(czm_keras_call *c);
czm_keras_tensor czm_keras_build_transposed(czm_keras_call *c);
czm_keras_tensor czm_keras_build_convolution_lstm(czm_keras_call *c);
czm_keras_tensor czm_keras_build_local(czm_keras_call *c);
czm_keras_tensor czm_keras_build_pool(czm_keras_call *c);
czm_keras_tensor czm_keras_build_global_pool(czm_keras_call *c);
czm_keras_tensor czm_keras_build_adaptive_pool(czm_keras_call *c);

// layers_size.c
czm_keras_tensor czm_keras_build_repeat(czm_keras_call *c);
czm_keras_tensor czm_keras_build_upsample(czm_keras_call *c);
czm_keras_tensor czm_keras_build_zero_padding(czm_keras_call *c);
czm_keras_tensor czm_keras_build_cropping(czm_keras_call *c);
czm_keras_tensor czm_keras_build_resizing(czm_keras_call *c);
czm_keras_tensor czm_keras_build_random_crop(czm_keras_call *c);
czm_keras_tensor czm_keras_build_center_crop(czm_keras_call *c);
czm_keras_tensor czm_keras_build_reshape(czm_keras_call *c);
czm_keras_tensor czm_keras_build_flatten(czm_keras_call *c);
czm_keras_tensor czm_keras_build_permute(czm_keras_call *c);
czm_keras_tensor czm_keras_build_repeat_vector(czm_keras_call *c);

// layers_dense.c
czm_keras_tensor czm_keras_build_dense(czm_keras_call *c);
czm_keras_tensor czm_keras_build_einsum_dense(czm_keras_call *c);
czm_keras_tensor czm_keras_build_attention(czm_keras_call *c);
czm_keras_tensor czm_keras_build_dot(czm_keras_call *c);
czm_keras_tensor czm_keras_build_time_distributed(czm_keras_call *c);
czm_keras_tensor czm_keras_build_wrapped(czm_keras_call *c);

// layers_norm.c
czm_keras_tensor czm_keras_build_batch_normalization(czm_keras_call *c);
czm_keras_tensor czm_keras_build_rms_normalization(czm_keras_call *c);
czm_keras_tensor czm_keras_build_layer_normalization(czm_keras_call *c);
czm_keras_tensor czm_keras_build_group_normalization(czm_keras_call *c);
czm_keras_tensor czm_keras_build_unit_normalization(czm_keras_call *c);
czm_keras_tensor czm_keras_build_normalization(czm_keras_call *c);
czm_keras_tensor czm_keras_build_rescaling(czm_keras_call *c);

// layers_contrast.c
czm_keras_tensor czm_keras_build_auto_contrast(czm_keras_call *c);
czm_keras_tensor czm_keras_build_clahe(czm_keras_call *c);

// layers_pointwise.c
czm_keras_tensor czm_keras_build_identity(czm_keras_call *c);
czm_keras_tensor czm_keras_build_dropout(czm_keras_call *c);
czm_keras_tensor czm_keras_build_activation(czm_keras_call *c);
czm_keras_tensor czm_keras_build_relu(czm_keras_call *c);
czm_keras_tensor czm_keras_build_leaky_relu(czm_keras_call *c);
czm_keras_tensor czm_keras_build_prelu(czm_keras_call *c);
czm_keras_tensor czm_keras_build_elu(czm_keras_call *c);
czm_keras_tensor czm_keras_build_thresholded_relu(czm_keras_call *c);
czm_keras_tensor czm_keras_build_softmax(czm_keras_call *c);
czm_keras_tensor czm_keras_build_merge(czm_keras_call *c);
czm_keras_tensor czm_keras_build_average(czm_keras_call *c);
czm_keras_tensor czm_keras_build_concatenate(czm_keras_call *c);
czm_keras_tensor czm_keras_build_old_merge(czm_keras_call *c);

// operation.c
czm_keras_tensor czm_keras_build_operation(czm_keras_call *c);

// node_def.c
czm_keras_tensor czm_keras_build_node_def(czm_keras_call *c);

// ---- shared by several of these files

// BiasAdd if the layer has a bias, and its activation.
czm_keras_tensor czm_keras_finish(czm_keras_call *c, czm_keras_tensor y);

// An op of the last axis, such as Softmax, along any axis.
czm_keras_tensor czm_keras_along_last(czm_keras_call *c, czm_op_kind op, czm_keras_tensor x,
                                      int64_t axis);

// Divided by its length along `axes`. Its square is at least `least`; 0: the default of Keras.
czm_keras_tensor czm_keras_unit(czm_keras_call *c, czm_keras_tensor x, const int64_t *axes,
                                size_t count, double least);

// The first half along an axis, times the sigmoid of the second.
czm_keras_tensor czm_keras_glu(czm_keras_call *c, czm_keras_tensor x, int64_t axis);

// Each slice along an axis several times.
czm_keras_tensor czm_keras_repeat_along(czm_keras_call *c, czm_keras_tensor x, size_t axis,
                                        int64_t times);

typedef struct czm_keras_sampling {
    const char *method;   // of tf.image.resize: "bilinear"
    bool has_half_pixels; // false: as before TensorFlow 2
    bool has_antialias;
} czm_keras_sampling;

// The input as [batch, height, width, channels] in the type that the layer computes in, and back in the order
// of the layer's configuration.
czm_keras_tensor czm_keras_images(czm_keras_call *c);
czm_keras_tensor czm_keras_as_before(czm_keras_call *c, czm_keras_tensor x);

// Resizes [batch, height, width, channels].
czm_keras_tensor czm_keras_resize(czm_keras_call *c, czm_keras_sampling how, czm_keras_tensor x,
                                  czm_keras_tensor size);

// From `begin` to before `end` along one axis.
czm_keras_tensor czm_keras_slice(czm_keras_call *c, czm_keras_tensor x, int64_t axis, int64_t begin,
                                 int64_t end);

// A concatenation along an axis, counted from 0.
czm_keras_tensor czm_keras_concatenate(czm_keras_call *c, const czm_keras_tensor *parts,
                                       size_t count, int64_t axis);

#endif
