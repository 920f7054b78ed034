// SPDX-License-Identifier: Apache-2.0
//
// Sources of numbers: constants, variables, fills and ranges; and ops that pass on their input.
#include "graph/tensor_proto.h"
#include "write/onnx/layout.h"
#include "write/onnx/ops.h"
#include "write/onnx/scope.h"

// ---- constants

// Splits interleaved real and imaginary parts.
static void put_complex(czm_onnx_step *step, czm_bytes content, czm_shape shape, size_t count) {
    float *parts[] = {CZM_NEW_ARRAY(step->arena, float, count),
                      CZM_NEW_ARRAY(step->arena, float, count)};
    for (size_t i = 0; i < 2 * count; i++)
        parts[i % 2][i / 2] = czm_load_float(content.data + i * sizeof(float));
    step->outputs[0].plain = czm_onnx_floats(step, parts[0], shape.dims, shape.rank);
    step->outputs[0].imaginary = czm_onnx_floats(step, parts[1], shape.dims, shape.rank);
    step->outputs[0].shape = shape;
}

void czm_onnx_const(czm_onnx_step *step) {
    czm_bytes tensor = czm_attr_tensor(step->node, "value");
    czm_dtype dtype = czm_attr_type(step->node, "dtype");
    czm_shape shape = czm_shape_read(step->arena, czm_wire_find(tensor, 2).bytes);
    if (!czm_onnx_dtype(dtype) && dtype != CZM_DTYPE_COMPLEX64) {
        czm_onnx_refuse(step, "ONNX has no constants of type %s", czm_dtype_name(dtype));
        return;
    }
    uint64_t count = 1;
    bool fits = czm_shape_is_complete(shape) && shape.rank <= CZM_ONNX_MOST_DIMS;
    for (int i = 0; fits && i < shape.rank; i++)
        fits = czm_mul_u64(count, (uint64_t)shape.dims[i], &count) && count < INT32_MAX;
    if (!fits) {
        czm_onnx_refuse(step, "a constant of this shape is not supported");
        return;
    }
    if (dtype == CZM_DTYPE_COMPLEX64) {
        put_complex(step, czm_tensor_content(step->arena, tensor, dtype, (size_t)count), shape,
                    (size_t)count);
        return;
    }
    czm_onnx_weight *w = czm_onnx_new_weight(step, step->node->name, dtype, shape.dims, shape.rank);
    w->content = czm_tensor_content(step->arena, tensor, dtype, (size_t)count);
    step->outputs[0].weight = w;
    step->outputs[0].shape = shape;
}

// ---- variables

void czm_onnx_handle(czm_onnx_step *step) {
    const czm_variable *v = czm_variable_of(&step->translator->variables, step->node);
    if (!v || v->rank > CZM_ONNX_MOST_DIMS || !czm_onnx_dtype(v->dtype)) {
        czm_onnx_refuse(step, "ONNX has no equivalent of this variable");
        return;
    }
    czm_onnx_weight *w =
        czm_onnx_new_weight(step, step->node->name, v->dtype, v->dims, (int)v->rank);
    w->source = v->source;
    step->outputs[0].weight = w;
    step->outputs[0].dtype = v->dtype;
    step->outputs[0].shape = (czm_shape){(int)v->rank, v->dims};
}

// The weight is the value of the variable's handle.
void czm_onnx_read(czm_onnx_step *step) {
    const czm_onnx_value *handle = czm_onnx_in(step, 0);
    step->outputs[0].weight = handle->weight;
    step->outputs[0].shape = handle->shape;
    if (!handle->weight) czm_onnx_refuse(step, "the variable is not known");
}

// ---- values that pass unchanged

void czm_onnx_pass(czm_onnx_step *step) {
    for (size_t i = 0; i < step->output_count && i < czm_onnx_in_count(step); i++) {
        const czm_onnx_value *value = czm_onnx_in(step, i);
        if (!value->plain && !value->planar && !value->weight && !value->list)
            czm_onnx_in_plain(step, i);
        czm_onnx_out_value(step, i, value);
    }
}

void czm_onnx_cast(czm_onnx_step *step) {
    czm_dtype from = czm_onnx_in(step, 0)->dtype, to = czm_attr_type(step->node, "DstT");
    if (!czm_onnx_dtype(from) || !czm_onnx_dtype(to)) {
        czm_onnx_refuse(step, "ONNX cannot cast %s to %s", czm_dtype_name(from),
                        czm_dtype_name(to));
    } else if (czm_onnx_dtype(from) == czm_onnx_dtype(to)) {
        czm_onnx_pass(step);
    } else {
        bool is_planar = czm_onnx_in_is_planar(step, 0);
        const char *name = czm_onnx_in_layout(step, 0, is_planar);
        czm_onnx_out_layout(step, 0, is_planar, czm_onnx_emit_cast(step, name, to));
    }
}

// RandomUniform(shape) and RandomStandardNormal: different numbers of the same distribution.
void czm_onnx_random(czm_onnx_step *step) {
    const char *like = CZM_ONNX(step, "Expand", czm_onnx_number(step, step->outputs[0].dtype, 0),
                                czm_onnx_in_int64(step, 0));
    czm_onnx_out(step, 0, CZM_ONNX(step, step->detail, like));
}

// ---- fills and ranges

void czm_onnx_fill(czm_onnx_step *step) {
    czm_onnx_out(step, 0,
                 CZM_ONNX(step, "Expand", czm_onnx_in_plain(step, 1), czm_onnx_in_int64(step, 0)));
}

void czm_onnx_range(czm_onnx_step *step) {
    czm_onnx_out(step, 0,
                 CZM_ONNX(step, "Range", czm_onnx_in_plain(step, 0), czm_onnx_in_plain(step, 1),
                          czm_onnx_in_plain(step, 2)));
}

// start + i * (stop - start) / (count - 1); one number is the start.
void czm_onnx_even(czm_onnx_step *step) { // LinSpace(start, stop, num)
    enum { MOST_NUMBERS = 1 << 16 };
    double count;
    if (!czm_onnx_in_number(step, 2, &count) || count < 1 || count > MOST_NUMBERS) {
        czm_onnx_refuse(step, "the number of its values is not known");
        return;
    }
    int64_t size = (int64_t)count;
    float *parts = CZM_NEW_ARRAY(step->arena, float, (size_t)size);
    for (int64_t i = 1; i < size; i++) parts[i] = (float)((double)i / (count - 1));
    const char *start = czm_onnx_in_plain(step, 0);
    const char *length = CZM_ONNX(step, "Sub", czm_onnx_in_plain(step, 1), start);
    const char *above = CZM_ONNX(step, "Mul", length, czm_onnx_floats(step, parts, &size, 1));
    czm_onnx_out(step, 0, CZM_ONNX(step, "Add", start, above));
}
