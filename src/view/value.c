// SPDX-License-Identifier: Apache-2.0
//
// Shapes and values: reads them, writes them as text, and merges two descriptions of one shape; see value.h.
#include "view/value.h"

#include <inttypes.h>
#include <stdio.h>

bool czm_value_int(czm_value value, size_t index, int64_t *out) {
    const double too_large = 9007199254740992.0; // 2^53: beyond it doubles skip integers
    if (!value.elements || index >= value.count || !value.elements[index].is_known) return false;
    double number = value.elements[index].number;
    if (!(number > -too_large && number < too_large)) return false;
    *out = (int64_t)number;
    return (double)*out == number;
}

int czm_value_ints(czm_value value, int64_t *out, size_t most) {
    if (!value.elements || value.count > most) return -1;
    for (size_t i = 0; i < value.count; i++)
        if (!czm_value_int(value, i, &out[i])) return -1;
    return (int)value.count;
}

bool czm_value_number(czm_value value, double *out) {
    if (!value.elements || value.count != 1 || !value.elements[0].is_known) return false;
    *out = value.elements[0].number;
    return true;
}

bool czm_axis_find(int64_t axis, int rank, int *out) {
    *out = (int)(axis < 0 ? axis + rank : axis);
    return axis >= -rank && axis < rank;
}

bool czm_axes_mark(czm_value axes, int rank, bool *is_named) {
    for (size_t i = 0; axes.elements && i < axes.count; i++) {
        int64_t value;
        int axis;
        if (!czm_value_int(axes, i, &value) || !czm_axis_find(value, rank, &axis)) return false;
        is_named[axis] = true;
    }
    return axes.elements != NULL;
}

czm_shape czm_shape_unknown(void) { return (czm_shape){CZM_UNKNOWN, NULL}; }

// TensorShapeProto: dim=2 {size=1}, unknown_rank=3.
czm_shape czm_shape_read(czm_arena *arena, czm_bytes shape_proto) {
    czm_dims dims = {0};
    czm_wire wire = czm_wire_read(shape_proto);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (czm_field_is(&f, 3, CZM_WIRE_VARINT) && f.value) return czm_shape_unknown();
        if (!czm_field_is(&f, 2, CZM_WIRE_BYTES)) continue;
        int64_t size = (int64_t)czm_wire_find(f.bytes, 1).value;
        czm_dims_add(&dims, size < 0 ? CZM_UNKNOWN : size);
    }
    return wire.damaged ? czm_shape_unknown() : czm_dims_keep(arena, &dims);
}

bool czm_shape_is_complete(czm_shape shape) {
    for (int i = 0; i < shape.rank; i++)
        if (shape.dims[i] == CZM_UNKNOWN) return false;
    return shape.rank != CZM_UNKNOWN;
}

const char *czm_shape_text(czm_arena *arena, czm_shape shape) {
    enum { LONGEST_DIM = 21 }; // the digits of an int64_t, and a comma
    if (shape.rank == CZM_UNKNOWN) return "unknown";
    size_t room = (size_t)shape.rank * LONGEST_DIM + sizeof "[]", used = 0;
    char *text = czm_arena_alloc(arena, room);
    text[used++] = '[';
    for (int i = 0; i < shape.rank; i++) {
        if (i) text[used++] = ',';
        if (shape.dims[i] == CZM_UNKNOWN)
            text[used++] = '?';
        else
            used += (size_t)snprintf(text + used, room - used, "%" PRId64, shape.dims[i]);
    }
    text[used] = ']';
    return text;
}

// ---- dimensions

int64_t czm_dim_add(int64_t a, int64_t b) {
    if (a == CZM_UNKNOWN || b == CZM_UNKNOWN || a > INT64_MAX - b) return CZM_UNKNOWN;
    return a + b;
}

int64_t czm_dim_subtract(int64_t a, int64_t b) {
    if (a == CZM_UNKNOWN || b == CZM_UNKNOWN || a < b) return CZM_UNKNOWN;
    return a - b;
}

int64_t czm_dim_multiply(int64_t a, int64_t b) {
    if (a == 0 || b == 0) return 0;
    if (a < 0 || b < 0 || a > INT64_MAX / b) return CZM_UNKNOWN;
    return a * b;
}

bool czm_dim_merge(int64_t a, int64_t b, int64_t *out) {
    *out = a == CZM_UNKNOWN ? b : a;
    return a == CZM_UNKNOWN || b == CZM_UNKNOWN || a == b;
}

// ---- shapes under construction

czm_dims czm_dims_unknown(int rank) {
    czm_dims dims = {.rank = rank > CZM_HIGHEST_RANK ? CZM_UNKNOWN : rank};
    for (int i = 0; i < dims.rank; i++) dims.at[i] = CZM_UNKNOWN;
    return dims;
}

czm_dims czm_dims_of(czm_shape shape) {
    czm_dims dims = {.rank = 0};
    czm_dims_add_all(&dims, shape, 0, shape.rank);
    return dims;
}

czm_shape czm_dims_shape(const czm_dims *dims) { return (czm_shape){dims->rank, dims->at}; }

void czm_dims_add(czm_dims *dims, int64_t dim) {
    if (dims->rank == CZM_HIGHEST_RANK) dims->rank = CZM_UNKNOWN;
    if (dims->rank != CZM_UNKNOWN) dims->at[dims->rank++] = dim;
}

void czm_dims_add_all(czm_dims *dims, czm_shape shape, int from, int to) {
    if (shape.rank == CZM_UNKNOWN) dims->rank = CZM_UNKNOWN;
    for (int i = from; i < to && i < shape.rank; i++) czm_dims_add(dims, shape.dims[i]);
}

czm_shape czm_dims_keep(czm_arena *arena, const czm_dims *dims) {
    if (dims->rank <= 0) return (czm_shape){dims->rank, NULL};
    int64_t *kept = CZM_NEW_ARRAY(arena, int64_t, (size_t)dims->rank);
    memcpy(kept, dims->at, (size_t)dims->rank * sizeof *kept);
    return (czm_shape){dims->rank, kept};
}

// ---- shapes

// A dimension of size 0 determines the result even if others are unknown.
int64_t czm_shape_count(czm_shape shape) {
    int64_t count = shape.rank == CZM_UNKNOWN ? CZM_UNKNOWN : 1;
    for (int i = 0; i < shape.rank; i++) count = czm_dim_multiply(count, shape.dims[i]);
    return count;
}

bool czm_shape_is_small(czm_shape shape, int64_t most) {
    int64_t count = czm_shape_count(shape);
    return czm_shape_is_complete(shape) && count != CZM_UNKNOWN && count <= most;
}

bool czm_shape_equal(czm_shape a, czm_shape b) {
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dims[i] != b.dims[i]) return false;
    return true;
}

bool czm_shape_merge(czm_shape a, czm_shape b, czm_dims *out) {
    *out = czm_dims_of(a.rank == CZM_UNKNOWN ? b : a);
    if (a.rank == CZM_UNKNOWN || b.rank == CZM_UNKNOWN) return true;
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (!czm_dim_merge(a.dims[i], b.dims[i], &out->at[i])) return false;
    return true;
}

// An unknown dimension and 1 give an unknown dimension; an unknown dimension and a larger one give the larger one.
static bool broadcast_dim(int64_t a, int64_t b, int64_t *out) {
    if (a == 1 || b == 1) {
        *out = a == 1 ? b : a;
        return true;
    }
    return czm_dim_merge(a, b, out);
}

bool czm_shape_broadcast(czm_shape a, czm_shape b, czm_dims *out) {
    *out = czm_dims_unknown(CZM_UNKNOWN);
    if (a.rank == CZM_UNKNOWN || b.rank == CZM_UNKNOWN) return true;
    out->rank = a.rank > b.rank ? a.rank : b.rank;
    for (int i = 0; i < out->rank; i++) { // from the last dimension to the first
        int64_t x = i < a.rank ? a.dims[a.rank - 1 - i] : 1;
        int64_t y = i < b.rank ? b.dims[b.rank - 1 - i] : 1;
        if (!broadcast_dim(x, y, &out->at[out->rank - 1 - i])) return false;
    }
    return true;
}

// AttrValue.shape=7; TensorShapeProto: dim=2 {size=1}, unknown_rank=3.
czm_bytes czm_shape_attr(czm_arena *arena, czm_shape shape) {
    czm_buffer value = czm_buffer_in(arena);
    size_t message = czm_put_begin(&value, 7);
    for (int i = 0; i < shape.rank; i++) {
        size_t dim = czm_put_begin(&value, 2);
        if (shape.dims[i]) czm_put_varint(&value, 1, (uint64_t)shape.dims[i]);
        czm_put_end(&value, dim);
    }
    if (shape.rank == CZM_UNKNOWN) czm_put_varint(&value, 3, true);
    czm_put_end(&value, message);
    return czm_buffer_bytes(&value);
}
