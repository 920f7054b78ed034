// SPDX-License-Identifier: Apache-2.0
//
// Picking elements by index, and putting them back. ONNX counts negative indices from the end;
// TensorFlow does not.
#include "op/number.h"
#include "read/onnx/import.h"

enum { MOST_ELEMENTS = 1 << 20 }; // of indices that are written out

// The indices with the size added to those below 0. A constant is changed in place.
static czm_tensor positive(czm_import_step *s, czm_import_value *v, czm_tensor size) {
    enum { MOST_INDICES = 1 << 16 };
    size_t count = 0;
    const double *numbers = v->constant ? czm_import_numbers(s, v, MOST_INDICES, &count) : NULL;
    bool has_negative = !numbers;
    for (size_t i = 0; i < count && numbers; i++) has_negative |= numbers[i] < 0;
    czm_tensor t = czm_import_plain(s, v);
    if (!has_negative) return t;
    czm_tensor moved = CZM_OUT(s, CZM_OP_AddV2, t, czm_import_cast(s, size, czm_tensor_dtype(t)));
    return CZM_OUT(s, CZM_OP_SelectV2, CZM_OUT(s, CZM_OP_Less, t, czm_import_scalar(s, t, 0)),
                   moved, t);
}

static czm_tensor size_at(czm_import_step *s, czm_tensor x, int place) {
    czm_shape shape = czm_import_stored_shape(s, x);
    if (shape.rank > place && shape.dims[place] != CZM_UNKNOWN)
        return czm_import_const_of(s, (int32_t)shape.dims[place]);
    return czm_import_element(s, CZM_OUT(s, CZM_OP_Shape, x), place);
}

czm_status czm_import_op_gather(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *index = czm_import_in(s, 1);
    czm_order order = czm_import_order(s, x);
    int rank = czm_import_order(s, index).rank, axis;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 0), order.rank, &axis));
    bool keeps_rank = rank == 0 || rank == 1; // then the other axes keep their places
    czm_tensor t = keeps_rank ? czm_import_made(s, x) : czm_import_plain(s, x);
    if (!keeps_rank) order = czm_order_plain(order.rank);
    int place = czm_order_place(&order, axis);
    czm_tensor y = CZM_OUT(s, CZM_OP_GatherV2, t, positive(s, index, size_at(s, t, place)),
                           czm_import_const_of(s, place));
    czm_order result = rank == 0   ? czm_order_without(&order, 1u << axis)
                       : rank == 1 ? order
                                   : czm_order_plain(order.rank + rank - 1);
    czm_import_put(s, 0, y, result);
    return CZM_OK;
}

// ---- coordinates of every element

// The place along `axis` of each element of a tensor with this shape, of the index's type.
static czm_tensor counting(czm_import_step *s, czm_dtype dtype, czm_shape shape, int axis) {
    int64_t count = czm_shape_count(shape);
    int64_t inner = czm_shape_count((czm_shape){shape.rank - axis - 1, shape.dims + axis + 1});
    double *numbers = CZM_NEW_ARRAY(s->run->context->arena, double, (size_t)count);
    for (int64_t i = 0; i < count; i++) numbers[i] = (double)(i / inner % shape.dims[axis]);
    return czm_import_numbers_const(s, dtype, numbers, shape.dims, (size_t)shape.rank);
}

static czm_status element_index(czm_import_step *s, czm_tensor x, czm_import_value *index, int axis,
                                czm_tensor *out) {
    czm_shape shape = czm_import_shape(s, index);
    czm_tensor parts[CZM_MOST_AXES];
    if (!czm_shape_is_small(shape, MOST_ELEMENTS))
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "the shape %s of its indices is open or too large",
                                 czm_shape_text(s->run->context->arena, shape));
    czm_dtype dtype = czm_import_type(index);
    for (int i = 0; i < shape.rank; i++)
        parts[i] = i == axis ? positive(s, index, size_at(s, x, axis))
                             : counting(s, dtype, shape, i);
    czm_node *node = czm_import_node(s, CZM_OP_Pack, parts, (size_t)shape.rank);
    czm_set_int(s->run->graph, node, "axis", -1);
    *out = czm_output(node);
    return CZM_OK;
}

czm_status czm_import_op_gather_elements(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *index = czm_import_in(s, 1);
    int axis, rank = czm_import_order(s, x).rank;
    czm_tensor t = czm_import_plain(s, x), places;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 0), rank, &axis));
    CZM_TRY(element_index(s, t, index, axis, &places));
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_GatherNd, t, places), czm_order_plain(rank));
    return CZM_OK;
}

static czm_status scattered(czm_import_step *s, czm_tensor x, czm_tensor index, czm_tensor updates,
                            int rank) {
    bool adds = czm_import_text_is(s, "reduction", "none", "add");
    if (!adds && !czm_import_text_is(s, "reduction", "none", "none"))
        return czm_import_reject(s, NULL, "its reduction is not supported");
    czm_import_put(s, 0,
                   CZM_OUT(s, adds ? CZM_OP_TensorScatterAdd : CZM_OP_TensorScatterUpdate, x, index,
                           updates),
                   czm_order_plain(rank));
    return CZM_OK;
}

czm_status czm_import_op_scatter_elements(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    int axis, rank = czm_import_order(s, x).rank;
    czm_tensor t = czm_import_plain(s, x), places;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 0), rank, &axis));
    CZM_TRY(element_index(s, t, czm_import_in(s, 1), axis, &places));
    return scattered(s, t, places, czm_import_plain(s, czm_import_in(s, 2)), rank);
}

// The sizes of the axes that a row of indices names, as a vector.
static czm_tensor row_sizes(czm_import_step *s, czm_tensor x, int64_t from, int64_t count) {
    int64_t begin = from, end = from + count, one = 1;
    return CZM_OUT(s, CZM_OP_StridedSlice, CZM_OUT(s, CZM_OP_Shape, x),
                   czm_import_const(s, &begin, 1), czm_import_const(s, &end, 1),
                   czm_import_const(s, &one, 1));
}

static czm_status row_length(czm_import_step *s, const czm_import_value *index, int64_t *length) {
    czm_shape shape = czm_import_shape(s, index);
    *length = shape.rank > 0 ? shape.dims[shape.rank - 1] : CZM_UNKNOWN;
    if (*length != CZM_UNKNOWN && *length <= CZM_MOST_AXES) return CZM_OK;
    return czm_import_reject(s, NULL, "the length of a row of its indices is not known");
}

// Puts the position in the batch before each row of indices.
static czm_status prefix_batch(czm_import_step *s, const czm_import_value *index, int batch,
                               czm_tensor *places) {
    czm_shape shape = czm_import_shape(s, index);
    czm_dims one = czm_dims_of(shape);
    czm_tensor parts[CZM_MOST_AXES + 2];
    one.at[one.rank - 1] = 1;
    if (!czm_shape_is_small(shape, MOST_ELEMENTS))
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "the shape %s of its indices is open or too large",
                                 czm_shape_text(s->run->context->arena, shape));
    for (int i = 0; i < batch; i++)
        parts[i] = counting(s, czm_import_type(index), czm_dims_shape(&one), i);
    parts[batch] = *places;
    parts[batch + 1] = czm_import_const_of(s, shape.rank - 1);
    *places = czm_output(czm_import_node(s, CZM_OP_ConcatV2, parts, (size_t)batch + 2));
    return CZM_OK;
}

// Number `axis` of each row of constant indices, `stride` numbers apart; NULL: it is computed.
static const double *places_along(czm_import_step *s, const czm_import_value *index, size_t axis,
                                  size_t axes, size_t *stride) {
    enum { MOST_NUMBERS = 1 << 22 };
    const bool has_columns = index->part_count == axes;
    const czm_import_value *of = has_columns ? index->parts[axis] : index;
    size_t count;
    const double *numbers = of->constant ? czm_import_numbers(s, of, MOST_NUMBERS, &count) : NULL;
    *stride = has_columns ? 1 : axes;
    return numbers && !has_columns ? numbers + axis : numbers;
}

// Whether all rows of indices with the same place along `axis` of the indices name the same place along this axis of
// the tensor: places[i].
static bool read_grid_axis(const double *numbers, size_t stride, czm_shape shape, int axis,
                           int64_t *places) {
    int64_t inner = 1, count = 1;
    for (int a = 0; a < shape.rank - 1; a++) {
        count *= shape.dims[a];
        if (a > axis) inner *= shape.dims[a];
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t at = i / inner % shape.dims[axis],
                place = czm_number_to_int(numbers[(size_t)i * stride]);
        if (i == at * inner) places[at] = place;
        if (place < 0 || places[at] != place) return false;
    }
    return count > 0;
}

// Indices that are a grid: along each of the first axes of `x`, the places that are picked.
static bool read_grid(czm_import_step *s, const czm_import_value *x, const czm_import_value *index,
                      int64_t *places[CZM_MOST_AXES]) {
    czm_shape shape = czm_import_shape(s, index), of = czm_import_shape(s, x);
    const int axes = shape.rank - 1;
    if (axes < 1 || axes > of.rank || !czm_shape_is_complete(shape) || shape.dims[axes] != axes)
        return false;
    for (int a = 0; a < axes; a++) {
        size_t stride;
        const double *numbers = places_along(s, index, (size_t)a, (size_t)axes, &stride);
        places[a] = CZM_NEW_ARRAY(s->run->context->arena, int64_t, (size_t)shape.dims[a] + 1);
        if (!numbers || !read_grid_axis(numbers, stride, shape, a, places[a])) return false;
    }
    return true;
}

// Whether each place is named `factor` times, as when an image grows.
static bool are_repeated(const int64_t *places, int64_t count, int64_t size) {
    bool is_whole = size > 0 && count % size == 0;
    for (int64_t i = 0; i < count && is_whole; i++) is_whole = places[i] == i / (count / size);
    return is_whole;
}

// The dynamo exporter writes a resize to the nearest pixel as GatherND: of the places, one axis is picked after the
// other, in the order in which the tensor is stored.
static bool gather_grid(czm_import_step *s, czm_import_value *x, const czm_import_value *index) {
    int64_t *places[CZM_MOST_AXES];
    if (!read_grid(s, x, index, places)) return false;
    czm_order order = czm_import_order(s, x);
    czm_shape shape = czm_import_shape(s, x), grid = czm_import_shape(s, index);
    czm_tensor t = czm_import_made(s, x);
    bool is_image = order.rank == 4 && grid.rank == 3 && czm_order_place(&order, 0) == 1 &&
                    czm_order_place(&order, 1) == 2;
    if (is_image && are_repeated(places[0], grid.dims[0], shape.dims[0]) &&
        are_repeated(places[1], grid.dims[1], shape.dims[1])) {
        t = CZM_OUT(s, CZM_OP_ResizeNearestNeighbor, t, czm_import_const(s, grid.dims, 2));
    } else {
        for (int a = 0; a < grid.rank - 1; a++)
            t = CZM_OUT(s, CZM_OP_GatherV2, t, czm_import_const(s, places[a], (size_t)grid.dims[a]),
                        czm_import_const_of(s, czm_order_place(&order, a)));
    }
    czm_import_put(s, 0, t, order);
    return true;
}

czm_status czm_import_op_gather_nd(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *index = czm_import_in(s, 1);
    int64_t length;
    CZM_TRY(row_length(s, index, &length));
    int64_t batch = czm_import_int(s, "batch_dims", 0), most = czm_import_order(s, index).rank - 1;
    if (batch == 0 && gather_grid(s, x, index)) return CZM_OK;
    bool fits = batch >= 0 && batch <= most;
    int rank = fits ? czm_import_order(s, x).rank + (int)(most - length - batch) : -1;
    if (rank < 0)
        return czm_import_reject(s, NULL, "batch_dims is %lld, which does not fit its inputs",
                                 (long long)batch);
    czm_tensor t = czm_import_plain(s, x);
    czm_tensor places = positive(s, index, row_sizes(s, t, batch, length));
    if (batch) CZM_TRY(prefix_batch(s, index, (int)batch, &places));
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_GatherNd, t, places), czm_order_plain(rank));
    return CZM_OK;
}

czm_status czm_import_op_scatter_nd(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *index = czm_import_in(s, 1);
    int64_t length;
    CZM_TRY(row_length(s, index, &length));
    czm_tensor t = czm_import_plain(s, x);
    czm_tensor updates = czm_import_plain(s, czm_import_in(s, 2));
    czm_tensor places = positive(s, index, row_sizes(s, t, 0, length));
    return scattered(s, t, places, updates, czm_import_order(s, x).rank);
}

czm_status czm_import_op_one_hot(czm_import_step *s) {
    czm_import_value *index = czm_import_in(s, 0);
    int64_t depth = 0, count = 1;
    int rank = czm_import_order(s, index).rank + 1, axis;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", -1), rank, &axis));
    count = (int64_t)czm_import_vector(s, czm_import_in(s, 1), &depth, 1);
    if (count != 1 || depth < 1 || depth > INT32_MAX)
        return czm_import_reject(s, NULL, "its depth is computed while the network runs");
    czm_tensor values = czm_import_plain(s, czm_import_in(s, 2));
    czm_tensor size = czm_import_const_of(s, (int32_t)depth);
    czm_tensor t = czm_import_cast(s, positive(s, index, size), CZM_DTYPE_INT64);
    czm_node *node = CZM_NODE(s, CZM_OP_OneHot, t, size, czm_import_element(s, values, 1),
                              czm_import_element(s, values, 0));
    czm_set_int(s->run->graph, node, "axis", axis == rank - 1 ? -1 : axis);
    czm_import_put(s, 0, czm_output(node), czm_order_plain(rank));
    return CZM_OK;
}

// ---- sampling at places that are computed

typedef struct sampling {
    bool is_nearest, is_cubic, is_reflected, is_zero, has_corners;
    int64_t size[2]; // height, width
    int64_t channels;
    czm_tensor pixels; // [batch, height * width, channels]
} sampling;

static czm_tensor clamped(czm_import_step *s, czm_tensor x, int64_t size) {
    return czm_import_with(s, CZM_OP_Maximum,
                           czm_import_with(s, CZM_OP_Minimum, x, (double)size - 1), 0);
}

// Coordinates beyond the image are those of its mirror image.
static czm_tensor reflected(czm_import_step *s, const sampling *g, czm_tensor x, int64_t size) {
    double low = g->has_corners ? 0 : -0.5, width = (double)size - (g->has_corners ? 1 : 0);
    if (width <= 0) return CZM_OUT(s, CZM_OP_ZerosLike, x);
    czm_tensor m =
        czm_import_with(s, CZM_OP_FloorMod, czm_import_with(s, CZM_OP_Sub, x, low), 2 * width);
    czm_tensor back = CZM_OUT(s, CZM_OP_Sub, czm_import_scalar(s, m, 2 * width), m);
    return czm_import_with(s, CZM_OP_AddV2, CZM_OUT(s, CZM_OP_Minimum, m, back), low);
}

// Coordinates in pixels, along an axis of `size` pixels, folded back into it according to the mode; those of cubic
// sampling are folded pixel by pixel.
static czm_tensor place(czm_import_step *s, const sampling *g, czm_tensor grid, int axis) {
    int64_t size = g->size[axis];
    czm_tensor x = czm_import_with(s, CZM_OP_AddV2, grid, 1);
    x = czm_import_with(s, CZM_OP_Mul, x,
                        g->has_corners ? ((double)size - 1) / 2 : (double)size / 2);
    if (!g->has_corners) x = czm_import_with(s, CZM_OP_Sub, x, 0.5);
    if (g->is_cubic) return x;
    if (g->is_reflected) x = reflected(s, g, x, size);
    return g->is_zero ? x : clamped(s, x, size);
}

// 1 inside the image, 0 outside.
static czm_tensor inside(czm_import_step *s, czm_tensor x, int64_t size) {
    czm_tensor low = CZM_OUT(s, CZM_OP_GreaterEqual, x, czm_import_scalar(s, x, 0));
    czm_tensor high = CZM_OUT(s, CZM_OP_LessEqual, x, czm_import_scalar(s, x, (double)size - 1));
    return czm_import_cast(s, CZM_OUT(s, CZM_OP_LogicalAnd, low, high), czm_tensor_dtype(x));
}

// The pixels at whole coordinates, times a weight: [batch, height, width, channels].
static czm_tensor tap(czm_import_step *s, const sampling *g, czm_tensor y, czm_tensor x,
                      czm_tensor weight) {
    czm_shape shape = czm_import_stored_shape(s, x);
    int64_t flat[] = {CZM_UNKNOWN, czm_dim_multiply(shape.dims[1], shape.dims[2])};
    int64_t image[] = {CZM_UNKNOWN, shape.dims[1], shape.dims[2], g->channels};
    czm_tensor row = czm_import_cast(s, clamped(s, y, g->size[0]), CZM_DTYPE_INT32);
    czm_tensor column = czm_import_cast(s, clamped(s, x, g->size[1]), CZM_DTYPE_INT32);
    czm_tensor index =
        CZM_OUT(s, CZM_OP_AddV2, czm_import_with(s, CZM_OP_Mul, row, (double)g->size[1]), column);
    czm_node *node = CZM_NODE(s, CZM_OP_GatherV2, g->pixels, czm_import_reshape(s, index, flat, 2),
                              czm_import_const_of(s, 1));
    czm_set_int(s->run->graph, node, "batch_dims", 1);
    if (g->is_zero) {
        czm_tensor is_inside =
            CZM_OUT(s, CZM_OP_Mul, inside(s, y, g->size[0]), inside(s, x, g->size[1]));
        weight = weight.node ? CZM_OUT(s, CZM_OP_Mul, weight, is_inside) : is_inside;
    }
    czm_tensor taken = czm_import_reshape(s, czm_output(node), image, 4);
    if (!weight.node) return taken;
    return CZM_OUT(s, CZM_OP_Mul, taken,
                   CZM_OUT(s, CZM_OP_ExpandDims, weight, czm_import_const_of(s, 3)));
}

static czm_tensor sample_linear(czm_import_step *s, const sampling *g, czm_tensor y, czm_tensor x) {
    czm_tensor base[2] = {CZM_OUT(s, CZM_OP_Floor, y), CZM_OUT(s, CZM_OP_Floor, x)}, sum = {0};
    czm_tensor rest[2] = {CZM_OUT(s, CZM_OP_Sub, y, base[0]), CZM_OUT(s, CZM_OP_Sub, x, base[1])};
    for (int i = 0; i < 4; i++) {
        czm_tensor at[2], weight[2];
        for (int k = 0; k < 2; k++) {
            bool is_next = i >> k & 1;
            at[k] = is_next ? czm_import_with(s, CZM_OP_AddV2, base[k], 1) : base[k];
            weight[k] = is_next ? rest[k]
                                : CZM_OUT(s, CZM_OP_Sub, czm_import_scalar(s, rest[k], 1), rest[k]);
        }
        czm_tensor part = tap(s, g, at[0], at[1], CZM_OUT(s, CZM_OP_Mul, weight[0], weight[1]));
        sum = sum.node ? CZM_OUT(s, CZM_OP_AddV2, sum, part) : part;
    }
    return sum;
}

// The weight of a pixel at this distance (0 to 2), with a = -0.75.
static czm_tensor cubic_weight(czm_import_step *s, czm_tensor d, bool is_near) {
    const double a = -0.75, near[] = {a + 2, -(a + 3), 0, 1}, far[] = {a, -5 * a, 8 * a, -4 * a};
    const double *c = is_near ? near : far;
    czm_tensor y = czm_import_with(s, CZM_OP_AddV2, czm_import_with(s, CZM_OP_Mul, d, c[0]), c[1]);
    y = CZM_OUT(s, CZM_OP_Mul, y, d);
    if (c[2] != 0) y = czm_import_with(s, CZM_OP_AddV2, y, c[2]);
    return czm_import_with(s, CZM_OP_AddV2, CZM_OUT(s, CZM_OP_Mul, y, d), c[3]);
}

// The four pixels of an axis, and their weights.
static void cubic_axis(czm_import_step *s, const sampling *g, czm_tensor x, int64_t size,
                       czm_tensor *at, czm_tensor *weight) {
    czm_tensor base = CZM_OUT(s, CZM_OP_Floor, x), rest = CZM_OUT(s, CZM_OP_Sub, x, base);
    for (int k = 0; k < 4; k++) {
        at[k] = czm_import_with(s, CZM_OP_AddV2, base, k - 1);
        if (g->is_reflected) at[k] = reflected(s, g, at[k], size);
        czm_tensor d = k < 2 ? czm_import_with(s, CZM_OP_AddV2, rest, 1 - k)
                             : CZM_OUT(s, CZM_OP_Sub, czm_import_scalar(s, rest, k - 1), rest);
        weight[k] = cubic_weight(s, d, k == 1 || k == 2);
    }
}

static czm_tensor sample_cubic(czm_import_step *s, const sampling *g, czm_tensor y, czm_tensor x) {
    czm_tensor rows[4], columns[4], vertical[4], horizontal[4], sum = {0};
    cubic_axis(s, g, y, g->size[0], rows, vertical);
    cubic_axis(s, g, x, g->size[1], columns, horizontal);
    for (int i = 0; i < 16; i++) {
        czm_tensor weight = CZM_OUT(s, CZM_OP_Mul, vertical[i / 4], horizontal[i % 4]);
        czm_tensor part = tap(s, g, rows[i / 4], columns[i % 4], weight);
        sum = i ? CZM_OUT(s, CZM_OP_AddV2, sum, part) : part;
    }
    return sum;
}

// Coordinate `index` of each place of the grid, which has x before y.
static czm_tensor grid_part(czm_import_step *s, czm_tensor grid, int64_t index) {
    int64_t begin[] = {0, 0, 0, index}, end[] = {0, 0, 0, index + 1}, ones[] = {1, 1, 1, 1};
    czm_node *node = CZM_NODE(s, CZM_OP_StridedSlice, grid, czm_import_const(s, begin, 4),
                              czm_import_const(s, end, 4), czm_import_const(s, ones, 4));
    czm_set_int(s->run->graph, node, "begin_mask", 7);
    czm_set_int(s->run->graph, node, "end_mask", 7);
    czm_set_int(s->run->graph, node, "shrink_axis_mask", 8);
    return czm_output(node);
}

static bool has_mode(const czm_import_step *s, const char *mode) {
    return czm_import_text_is(s, "mode", "linear", mode);
}

czm_status czm_import_op_grid_sample(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0), *grid = czm_import_in(s, 1);
    czm_shape shape = czm_import_shape(s, v), places = czm_import_shape(s, grid);
    sampling g = {.is_nearest = has_mode(s, "nearest"),
                  .is_cubic = has_mode(s, "cubic") || has_mode(s, "bicubic"),
                  .is_reflected = czm_import_text_is(s, "padding_mode", "zeros", "reflection"),
                  .is_zero = czm_import_text_is(s, "padding_mode", "zeros", "zeros"),
                  .has_corners = czm_import_int(s, "align_corners", 0) != 0};
    bool is_known = shape.rank == 4 && places.rank == 4 && shape.dims[1] > 0 && shape.dims[2] > 0 &&
                    shape.dims[3] > 0 && places.dims[1] > 0 && places.dims[2] > 0;
    if (shape.rank > 4 || places.rank > 4)
        return czm_import_reject(s, NULL, "sampling a volume is not supported");
    if (!is_known)
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "sampling a grid of an open size is not supported");
    if (!g.is_nearest && !g.is_cubic && !has_mode(s, "linear") && !has_mode(s, "bilinear"))
        return czm_import_reject(s, NULL, "its mode is not supported");
    g.size[0] = shape.dims[2];
    g.size[1] = shape.dims[3];
    g.channels = shape.dims[1];
    int64_t flat[] = {CZM_UNKNOWN, czm_dim_multiply(g.size[0], g.size[1]), g.channels};
    g.pixels = czm_import_reshape(s, czm_import_get(s, v, czm_order_channels_last(4)), flat, 3);
    czm_tensor t = czm_import_plain(s, grid);
    czm_tensor x = place(s, &g, grid_part(s, t, 0), 1), y = place(s, &g, grid_part(s, t, 1), 0);
    if (g.is_nearest) {
        x = CZM_OUT(s, CZM_OP_Round, x);
        y = CZM_OUT(s, CZM_OP_Round, y);
    }
    czm_tensor result = g.is_nearest ? tap(s, &g, y, x, (czm_tensor){0})
                        : g.is_cubic ? sample_cubic(s, &g, y, x)
                                     : sample_linear(s, &g, y, x);
    czm_import_put(s, 0, result, czm_order_channels_last(4));
    return CZM_OK;
}
