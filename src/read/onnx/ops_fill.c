// SPDX-License-Identifier: Apache-2.0
//
// Repeating tensors, and making them: constants, ranges, triangles, diagonals.
#include "read/onnx/import.h"

// Two-sided: a 1 in the shape keeps the input's size.
czm_status czm_import_op_expand(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *shape = czm_import_in(s, 1);
    int64_t wanted[CZM_MOST_AXES];
    size_t count = czm_import_vector(s, shape, wanted, CZM_MOST_AXES);
    if (count > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "a shape of more than %d dimensions is not supported",
                                 CZM_MOST_AXES);
    czm_order own = czm_import_order(s, x);
    czm_tensor t = czm_import_plain(s, x);
    czm_dims target = {0};
    bool is_known = true;
    for (size_t i = 0; i < count; i++) is_known &= wanted[i] != CZM_UNKNOWN_INT && wanted[i] > 0;
    czm_shape given = {(int)count, wanted};
    is_known = is_known && czm_shape_broadcast(czm_import_shape(s, x), given, &target);
    for (int i = 0; i < target.rank; i++) is_known &= target.at[i] != CZM_UNKNOWN;
    int rank = own.rank > (int)count ? own.rank : (int)count;
    czm_tensor y;
    if (is_known) {
        y = CZM_OUT(s, CZM_OP_BroadcastTo, t, czm_import_const(s, target.at, (size_t)target.rank));
    } else {
        bool is_bool = czm_import_type(x) == CZM_DTYPE_BOOL;
        czm_tensor sizes = czm_import_cast(s, czm_import_plain(s, shape), CZM_DTYPE_INT32);
        czm_tensor ones = CZM_OUT(s, CZM_OP_Fill, sizes, czm_import_scalar(s, t, 1));
        y = CZM_OUT(s, is_bool ? CZM_OP_LogicalAnd : CZM_OP_Mul, t, ones);
    }
    czm_import_put(s, 0, y, czm_order_plain(rank));
    return CZM_OK;
}

czm_status czm_import_op_tile(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    int64_t times[CZM_MOST_AXES], stored[CZM_MOST_AXES];
    czm_order order = czm_import_order(s, x);
    size_t count = czm_import_vector(s, czm_import_in(s, 1), times, CZM_MOST_AXES);
    bool is_known = count == (size_t)order.rank;
    for (size_t i = 0; i < count && is_known; i++) is_known = times[i] != CZM_UNKNOWN_INT;
    for (int k = 0; k < order.rank && is_known; k++) stored[k] = times[order.axis[k]];
    if (is_known)
        czm_import_put(s, 0,
                       CZM_OUT(s, CZM_OP_Tile, czm_import_made(s, x),
                               czm_import_const(s, stored, (size_t)order.rank)),
                       order);
    else
        czm_import_put(s, 0,
                       CZM_OUT(s, CZM_OP_Tile, czm_import_plain(s, x),
                               czm_import_plain(s, czm_import_in(s, 1))),
                       czm_order_plain(order.rank));
    return CZM_OK;
}

// The tensor of an attribute, by its place in the file.
static czm_status tensor_attr(czm_import_step *s, const char *name, czm_onnx_initializer *tensor) {
    czm_extent extent = czm_import_extent_of(s, czm_wire_find(czm_import_attr(s, name), 5).bytes);
    return czm_onnx_tensor_read(s->run->context, s->run->file, extent, tensor);
}

static void put_list(czm_import_step *s, czm_dtype dtype, const double *numbers, size_t count,
                     bool is_scalar) {
    int64_t dim = (int64_t)count;
    czm_tensor t = czm_import_numbers_const(s, dtype, numbers, &dim, is_scalar ? 0 : 1);
    czm_import_put(s, 0, t, czm_order_plain(is_scalar ? 0 : 1));
}

czm_status czm_import_op_constant(czm_import_step *s) {
    enum { LONGEST = 4096 };
    if (czm_import_has(s, "value")) {
        czm_onnx_initializer *t = CZM_NEW(s->run->context->arena, czm_onnx_initializer);
        CZM_TRY(tensor_attr(s, "value", t));
        t->name = "";
        s->outputs[0]->constant = t;
        return CZM_OK;
    }
    double *numbers = CZM_NEW_ARRAY(s->run->context->arena, double, LONGEST);
    int64_t *ints = CZM_NEW_ARRAY(s->run->context->arena, int64_t, LONGEST);
    size_t count = 1;
    bool is_float = czm_import_has(s, "value_float"), is_int = czm_import_has(s, "value_int");
    if (is_float) numbers[0] = czm_import_float(s, "value_float", 0);
    if (is_int) numbers[0] = (double)czm_import_int(s, "value_int", 0);
    if (czm_import_has(s, "value_ints")) {
        count = czm_import_ints(s, "value_ints", ints, LONGEST);
        for (size_t i = 0; i < count && i < LONGEST; i++) numbers[i] = (double)ints[i];
    } else if (czm_import_has(s, "value_floats")) {
        count = czm_import_floats(s, "value_floats", numbers, LONGEST);
        if (count <= LONGEST) put_list(s, CZM_DTYPE_FLOAT, numbers, count, false);
        if (count <= LONGEST) return CZM_OK;
    } else if (!is_float && !is_int) {
        return czm_import_reject(s, NULL, "its value is neither a tensor nor numbers");
    }
    if (count > LONGEST) return czm_import_reject(s, NULL, "it has more than %d numbers", LONGEST);
    put_list(s, is_float ? CZM_DTYPE_FLOAT : CZM_DTYPE_INT64, numbers, count, is_float || is_int);
    return CZM_OK;
}

czm_status czm_import_op_constant_of_shape(czm_import_step *s) {
    czm_import_value *shape = czm_import_in(s, 0);
    double number = 0;
    czm_dtype dtype = CZM_DTYPE_FLOAT;
    if (czm_import_has(s, "value")) {
        czm_onnx_initializer t;
        size_t count;
        CZM_TRY(tensor_attr(s, "value", &t));
        const double *numbers = czm_import_weight_numbers(s->run->context, &t, 1, &count);
        if (!numbers || count != 1)
            return czm_import_reject(s, NULL, "its value is not one number");
        number = *numbers;
        dtype = t.dtype;
    }
    int64_t sizes[CZM_MOST_AXES];
    size_t rank = czm_import_vector(s, shape, sizes, CZM_MOST_AXES);
    if (rank > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "a shape of more than %d dimensions is not supported",
                                 CZM_MOST_AXES);
    czm_tensor value = czm_import_numbers_const(s, dtype, &number, NULL, 0);
    bool is_known = true;
    for (size_t i = 0; i < rank; i++) is_known &= sizes[i] != CZM_UNKNOWN_INT;
    czm_tensor dims = is_known ? czm_import_const(s, sizes, rank)
                               : czm_import_cast(s, czm_import_plain(s, shape), CZM_DTYPE_INT32);
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_Fill, dims, value), czm_order_plain((int)rank));
    return CZM_OK;
}

// [rows, columns] of integers or real numbers: 1 where column - row lies between two limits.
static czm_tensor band(czm_import_step *s, czm_dtype dtype, int64_t rows, int64_t columns,
                       int64_t low, int64_t high) {
    int64_t dims[] = {rows, columns};
    double *numbers = CZM_NEW_MATRIX(s->run->context->arena, double, rows, columns);
    for (int64_t i = 0; i < rows * columns; i++) {
        int64_t distance = i % columns - i / columns;
        numbers[i] = distance >= low && distance <= high;
    }
    return czm_import_numbers_const(s, dtype, numbers, dims, 2);
}

static bool is_band_size(int64_t rows, int64_t columns) {
    return rows >= 0 && columns >= 0 && rows <= CZM_IMPORT_MOST_PIXELS &&
           columns <= CZM_IMPORT_MOST_PIXELS / (rows + 1);
}

czm_status czm_import_op_trilu(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *k = czm_import_in(s, 1);
    int rank = czm_import_order(s, x).rank;
    bool is_upper = czm_import_int(s, "upper", 1) != 0;
    int64_t first = 0, rows = czm_import_dim(s, x, rank - 2),
            columns = czm_import_dim(s, x, rank - 1);
    if (k && (czm_import_vector(s, k, &first, 1) != 1 || first == CZM_UNKNOWN_INT))
        return czm_import_reject(s, NULL, "its diagonal is computed while the network runs");
    if (rank < 2 || !is_band_size(rows, columns))
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "a triangle of an open size is not supported");
    czm_tensor t = czm_import_plain(s, x);
    czm_tensor is_kept = band(s, CZM_DTYPE_BOOL, rows, columns, is_upper ? first : -INT64_MAX,
                              is_upper ? INT64_MAX : first);
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_SelectV2, is_kept, t, CZM_OUT(s, CZM_OP_ZerosLike, t)),
                   czm_order_plain(rank));
    return CZM_OK;
}

czm_status czm_import_op_eye_like(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    int64_t wanted = czm_import_int(s, "dtype", 0), k = czm_import_int(s, "k", 0);
    int64_t rows = czm_import_dim(s, x, 0), columns = czm_import_dim(s, x, 1);
    czm_dtype dtype = wanted ? czm_dtype_of_onnx((uint64_t)wanted) : czm_import_type(x);
    if (czm_import_order(s, x).rank != 2 || !is_band_size(rows, columns) || !czm_dtype_size(dtype))
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "a diagonal of an open size is not supported");
    czm_import_put(s, 0, band(s, dtype, rows, columns, k, k), czm_order_plain(2));
    return CZM_OK;
}

czm_status czm_import_op_range(czm_import_step *s) {
    czm_tensor t[3];
    for (size_t i = 0; i < 3; i++) {
        czm_import_value *v = czm_import_in(s, i);
        if (!v) return czm_import_reject(s, NULL, "it does not have three operands");
        t[i] = czm_import_plain(s, v);
        if (czm_import_order(s, v).rank) t[i] = czm_import_reshape(s, t[i], NULL, 0);
    }
    czm_node *node = CZM_NODE(s, CZM_OP_Range, t[0], t[1], t[2]);
    czm_import_put(s, 0, czm_output(node), czm_order_plain(1));
    return CZM_OK;
}
