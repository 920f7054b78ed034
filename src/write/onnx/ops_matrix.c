// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices.
#include "write/onnx/ops.h"

// Exchanges the last two dimensions.
static const char *transposed(czm_onnx_step *step, size_t input) {
    const czm_onnx_value *value = czm_onnx_in(step, input);
    int rank = value->shape.rank;
    czm_onnx_weight *stored = czm_onnx_in_weight(step, input);
    if (stored) {
        czm_onnx_weight *w = czm_onnx_weight_copy(step, stored);
        w->order[rank - 1] = stored->order[rank - 2];
        w->order[rank - 2] = stored->order[rank - 1];
        w->dims[rank - 1] = stored->dims[rank - 2];
        w->dims[rank - 2] = stored->dims[rank - 1];
        return w->name;
    }
    int64_t order[CZM_ONNX_MOST_DIMS];
    for (int i = 0; i < rank; i++) order[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    return czm_onnx_emit_transpose(step, czm_onnx_in_plain(step, input), order, rank);
}

// A product of integers may have a wider type than its operands.
static const char *factor(czm_onnx_step *step, size_t input, bool is_transposed) {
    const char *name = is_transposed ? transposed(step, input) : czm_onnx_in_plain(step, input);
    czm_dtype dtype = step->outputs[0].dtype;
    bool is_made = czm_onnx_dtype(dtype) &&
                   czm_onnx_dtype(dtype) != czm_onnx_dtype(czm_onnx_in(step, input)->dtype);
    return is_made ? czm_onnx_emit_cast(step, name, dtype) : name;
}

// "transpose_a transpose_b", the names of the attributes.
void czm_onnx_product(czm_onnx_step *step) {
    bool is_plain = czm_text_equal(step->detail, "transpose");
    bool a = czm_attr_bool(step->node, is_plain ? "transpose_a" : "adj_x");
    bool b = czm_attr_bool(step->node, is_plain ? "transpose_b" : "adj_y");
    if ((a && czm_onnx_in(step, 0)->shape.rank < 2) ||
        (b && czm_onnx_in(step, 1)->shape.rank < 2)) {
        czm_onnx_refuse(step, "the rank of its input is not known");
        return;
    }
    const char *first = factor(step, 0, a), *second = factor(step, 1, b);
    czm_onnx_out(step, 0, CZM_ONNX(step, "MatMul", first, second));
}

// ---- the diagonal

enum { LARGEST_MATRIX = 1 << 12 };

// Where the diagonal of a matrix of this size lies; NULL if the node was rejected.
static const char *diagonal_of(czm_onnx_step *step, int64_t rows, int64_t columns) {
    if (rows < 1 || columns < 1 || rows > LARGEST_MATRIX || columns > LARGEST_MATRIX) {
        czm_onnx_refuse_size(step, "the size of its matrix is not known, or too large");
        return NULL;
    }
    const int64_t dims[] = {rows, columns};
    float *mask = CZM_NEW_MATRIX(step->arena, float, rows, columns);
    for (int64_t i = 0; i < rows && i < columns; i++) mask[i * columns + i] = 1;
    return czm_onnx_emit_cast(step, czm_onnx_floats(step, mask, dims, 2), CZM_DTYPE_BOOL);
}

static int64_t last_dim(czm_shape shape, int from_end) {
    return shape.rank < from_end ? CZM_UNKNOWN : shape.dims[shape.rank - from_end];
}

// Later versions have the number of the diagonal as an input after the first ones.
static bool is_main_diagonal(czm_onnx_step *step, size_t number) {
    int64_t diagonal = 0;
    if (czm_onnx_in_count(step) <= number) return true;
    if (czm_onnx_in_ints(step, number, &diagonal, 1) == 1 && diagonal == 0) return true;
    czm_onnx_refuse(step, "only the main diagonal is supported");
    return false;
}

static const char *unsqueeze_last(czm_onnx_step *step, size_t input) {
    const int64_t last = czm_onnx_in(step, input)->shape.rank;
    return czm_onnx_emit_with_axes(step, "Unsqueeze", czm_onnx_in_plain(step, input), &last, 1, 13);
}

// The numbers of rows and columns may be omitted.
static bool is_square(czm_onnx_step *step, int64_t size) {
    int64_t told;
    for (size_t i = 2; i < 4 && i < czm_onnx_in_count(step); i++)
        if (czm_onnx_in_ints(step, i, &told, 1) != 1 || (told != -1 && told != size)) {
            czm_onnx_refuse(step, "only square matrices are supported");
            return false;
        }
    return true;
}

void czm_onnx_diag(czm_onnx_step *step) { // MatrixDiag(diagonal, k, rows, columns, padding)
    int64_t size = last_dim(czm_onnx_in(step, 0)->shape, 1);
    if (!is_main_diagonal(step, 1) || !is_square(step, size)) return;
    const char *mask = diagonal_of(step, size, size);
    if (!mask) return;
    const char *padding = czm_onnx_in_count(step) > 4
                              ? czm_onnx_in_plain(step, 4)
                              : czm_onnx_number(step, czm_onnx_in(step, 0)->dtype, 0);
    czm_onnx_out(step, 0, CZM_ONNX(step, "Where", mask, unsqueeze_last(step, 0), padding));
}

// The sum along the longer of the two dimensions, after all other elements are set to zero.
void czm_onnx_diag_part(czm_onnx_step *step) { // MatrixDiagPart(input, k, padding)
    czm_shape shape = czm_onnx_in(step, 0)->shape;
    const int64_t rows = last_dim(shape, 2), columns = last_dim(shape, 1);
    if (!is_main_diagonal(step, 1)) return;
    const char *mask = diagonal_of(step, rows, columns);
    if (!mask) return;
    const int64_t axis = rows > columns ? shape.rank - 2 : shape.rank - 1;
    const char *alone = CZM_ONNX(step, "Where", mask, czm_onnx_in_plain(step, 0),
                                 czm_onnx_number(step, czm_onnx_in(step, 0)->dtype, 0));
    const char *name = czm_onnx_emit_with_axes(step, "ReduceSum", alone, &axis, 1, 13);
    czm_onnx_set_int(step, "keepdims", 0);
    czm_onnx_out(step, 0, name);
}

void czm_onnx_set_diag(czm_onnx_step *step) { // MatrixSetDiag(input, diagonal, k)
    czm_shape shape = czm_onnx_in(step, 0)->shape;
    if (!is_main_diagonal(step, 2)) return;
    const char *mask = diagonal_of(step, last_dim(shape, 2), last_dim(shape, 1));
    if (!mask) return;
    // the diagonal along the longer side
    const int64_t axis =
        czm_onnx_in(step, 1)->shape.rank - (last_dim(shape, 2) > last_dim(shape, 1));
    const char *diagonal =
        czm_onnx_emit_with_axes(step, "Unsqueeze", czm_onnx_in_plain(step, 1), &axis, 1, 13);
    czm_onnx_out(step, 0, CZM_ONNX(step, "Where", mask, diagonal, czm_onnx_in_plain(step, 0)));
}

void czm_onnx_determinant(czm_onnx_step *step) {
    czm_onnx_out(step, 0, CZM_ONNX(step, "Det", czm_onnx_in_plain(step, 0)));
}

// Elements too far from the diagonal become 0; a negative distance keeps all.
void czm_onnx_band(czm_onnx_step *step) { // MatrixBandPart(input, num_lower, num_upper)
    czm_shape shape = czm_onnx_in(step, 0)->shape;
    int64_t below, above;
    if (shape.rank < 2 || czm_onnx_in_ints(step, 1, &below, 1) != 1 ||
        czm_onnx_in_ints(step, 2, &above, 1) != 1) {
        czm_onnx_refuse_size(step, "its size, or the width of its band, is not known");
        return;
    }
    const int64_t *size = shape.dims + shape.rank - 2;
    if (size[0] < 1 || size[1] < 1 || size[0] > LARGEST_MATRIX || size[1] > LARGEST_MATRIX) {
        czm_onnx_refuse_size(step, "the size of its matrix is not known, or too large");
        return;
    }
    float *mask = CZM_NEW_MATRIX(step->arena, float, size[0], size[1]);
    for (int64_t i = 0; i < size[0]; i++)
        for (int64_t k = 0; k < size[1]; k++)
            mask[i * size[1] + k] = (below < 0 || i - k <= below) && (above < 0 || k - i <= above);
    const char *inside =
        czm_onnx_emit_cast(step, czm_onnx_floats(step, mask, size, 2), CZM_DTYPE_BOOL);
    czm_onnx_out(step, 0,
                 CZM_ONNX(step, "Where", inside, czm_onnx_in_plain(step, 0),
                          czm_onnx_number(step, czm_onnx_in(step, 0)->dtype, 0)));
}

// ---- the cross product of vectors of three

static const char *turned(czm_onnx_step *step, size_t input, int64_t first) {
    const int64_t order[] = {first, (first + 1) % 3, (first + 2) % 3};
    const char *name =
        CZM_ONNX(step, "Gather", czm_onnx_in_plain(step, input), czm_onnx_ints(step, order, 3));
    czm_onnx_set_int(step, "axis", czm_onnx_in(step, input)->shape.rank - 1);
    return name;
}

void czm_onnx_cross(czm_onnx_step *step) {
    if (czm_onnx_in(step, 0)->shape.rank < 1 || czm_onnx_in(step, 1)->shape.rank < 1) {
        czm_onnx_refuse(step, "the rank of its input is not known");
        return;
    }
    const char *first = CZM_ONNX(step, "Mul", turned(step, 0, 1), turned(step, 1, 2));
    const char *second = CZM_ONNX(step, "Mul", turned(step, 0, 2), turned(step, 1, 1));
    czm_onnx_out(step, 0, CZM_ONNX(step, "Sub", first, second));
}
