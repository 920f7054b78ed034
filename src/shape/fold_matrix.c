// SPDX-License-Identifier: Apache-2.0
//
// Values of ops on matrices, which are the last two dimensions. Products and inverses are summed in double precision
// and rounded once; if exact values are required, they are unknown.
#include "shape/view.h"

#include <math.h>

static czm_dtype output_dtype(const czm_step *step) {
    return czm_tensor_dtype(czm_output((czm_node *)step->node));
}

static size_t rows_of(czm_shape shape) { return (size_t)shape.dims[shape.rank - 2]; }
static size_t columns_of(czm_shape shape) { return (size_t)shape.dims[shape.rank - 1]; }

// ---- products

typedef struct factor {
    const czm_element *elements;
    const size_t *batches; // where the matrix for each batch of the result begins
    size_t row_step, column_step, rows, columns;
} factor;

// The matrices of an input, transposed if the attr says so.
static bool read_factor(const czm_step *step, size_t input, const char *attr, size_t count,
                        factor *f) {
    czm_shape shape = czm_step_in_shape(step, input), result = step->outputs[0].shape;
    f->elements = czm_step_in_known(step, input);
    if (!f->elements || shape.rank < 2) return false;
    bool is_transposed = czm_attr_bool(step->node, attr);
    size_t rows = rows_of(shape), columns = columns_of(shape);
    f->rows = is_transposed ? columns : rows;
    f->columns = is_transposed ? rows : columns;
    f->row_step = is_transposed ? 1 : columns;
    f->column_step = is_transposed ? columns : 1;
    czm_view view = czm_view_broadcast((czm_shape){shape.rank - 2, shape.dims},
                                       (czm_shape){result.rank - 2, result.dims});
    size_t *batches = CZM_NEW_ARRAY(step->arena, size_t, count);
    czm_view_positions(&view, count, batches);
    for (size_t i = 0; i < count; i++) batches[i] *= rows * columns;
    f->batches = batches;
    return true;
}

static double dot(const factor *a, const factor *b, size_t batch, size_t row, size_t column) {
    const czm_element *x = a->elements + a->batches[batch] + row * a->row_step;
    const czm_element *y = b->elements + b->batches[batch] + column * b->column_step;
    double sum = 0;
    for (size_t k = 0; k < a->columns; k++)
        sum += x[k * a->column_step].number * y[k * b->row_step].number;
    return sum;
}

// MatMul, whose attrs to transpose have names of their own (detail 0), and BatchMatMul.
void czm_fold_matmul(czm_step *step) {
    enum { MOST_PRODUCTS = 1 << 28 };
    czm_shape shape = step->outputs[0].shape;
    size_t count = 0;
    factor a, b;
    czm_element *elements = step->computation ? czm_step_new_elements(step, 0, &count) : NULL;
    if (!elements || count == 0 || shape.rank < 2) return;
    size_t rows = rows_of(shape), columns = columns_of(shape), batches = count / (rows * columns);
    if (!read_factor(step, 0, step->detail ? "adj_x" : "transpose_a", batches, &a) ||
        !read_factor(step, 1, step->detail ? "adj_y" : "transpose_b", batches, &b) ||
        a.columns != b.rows || count > MOST_PRODUCTS / (a.columns + 1))
        return;
    for (size_t i = 0; i < count; i++)
        elements[i] = czm_element_of(output_dtype(step), dot(&a, &b, i / (rows * columns),
                                                             i / columns % rows, i % columns));
    czm_step_set_elements(step, 0, elements, count);
}

// ---- inverses, by Gauss and Jordan with the largest pivots

static void swap_rows(double *matrix, size_t size, size_t a, size_t b) {
    for (size_t k = 0; k < size; k++) {
        double kept = matrix[a * size + k];
        matrix[a * size + k] = matrix[b * size + k];
        matrix[b * size + k] = kept;
    }
}

static size_t find_pivot(const double *matrix, size_t size, size_t column) {
    size_t best = column;
    for (size_t row = column + 1; row < size; row++)
        if (fabs(matrix[row * size + column]) > fabs(matrix[best * size + column])) best = row;
    return best;
}

// Transforms `matrix` to the unit matrix, and `inverse` from the unit matrix to the inverse; false: there is none.
static bool invert(double *matrix, double *inverse, size_t size) {
    for (size_t column = 0; column < size; column++) {
        size_t pivot = find_pivot(matrix, size, column);
        double scale = matrix[pivot * size + column];
        if (scale == 0) return false;
        swap_rows(matrix, size, pivot, column);
        swap_rows(inverse, size, pivot, column);
        for (size_t k = 0; k < size; k++) {
            matrix[column * size + k] /= scale;
            inverse[column * size + k] /= scale;
        }
        for (size_t row = 0; row < size; row++) {
            double scaled = matrix[row * size + column];
            for (size_t k = 0; row != column && k < size; k++) {
                matrix[row * size + k] -= scaled * matrix[column * size + k];
                inverse[row * size + k] -= scaled * inverse[column * size + k];
            }
        }
    }
    return true;
}

void czm_fold_matrix_inverse(czm_step *step) {
    enum { LARGEST_SIDE = 512 };
    czm_shape shape = czm_step_in_shape(step, 0);
    const czm_element *in = step->computation ? czm_step_in_known(step, 0) : NULL;
    size_t count = 0;
    if (!in || shape.rank < 2 || rows_of(shape) != columns_of(shape)) return;
    bool is_adjoint = czm_attr_bool(step->node, "adjoint");
    size_t size = rows_of(shape), square = size * size;
    czm_element *elements = size <= LARGEST_SIDE ? czm_step_new_elements(step, 0, &count) : NULL;
    if (!elements || count == 0) return;
    double *matrix = CZM_NEW_ARRAY(step->arena, double, square);
    double *inverse = CZM_NEW_ARRAY(step->arena, double, square);
    for (size_t from = 0; from < count; from += square) {
        for (size_t i = 0; i < square; i++) {
            matrix[i] = in[from + (is_adjoint ? i % size * size + i / size : i)].number;
            inverse[i] = i / size == i % size;
        }
        if (!invert(matrix, inverse, size)) return;
        for (size_t i = 0; i < square; i++)
            elements[from + i] = czm_element_of(output_dtype(step), inverse[i]);
    }
    czm_step_set_elements(step, 0, elements, count);
}

// ---- diagonals: only the main one, but in MatrixDiag, as in the shape rules

// The value of elements outside the diagonal in the later versions: input `input`, or 0.
static czm_element padding(const czm_step *step, size_t input) {
    const czm_element *given = czm_step_in_count(step) > input ? czm_step_in_known(step, input)
                                                               : NULL;
    return given ? *given : (czm_element){czm_step_in_count(step) <= input, 0};
}

void czm_fold_matrix_diag(czm_step *step) {
    czm_shape shape = step->outputs[0].shape, in = czm_step_in_shape(step, 0);
    czm_value value = czm_step_in_value(step, 0);
    int64_t number = 0;
    size_t count = 0;
    if (czm_step_in_count(step) > 1 && !czm_step_in_int(step, 1, &number)) return;
    czm_element *elements = value.elements ? czm_step_new_elements(step, 0, &count) : NULL;
    if (!elements || count == 0) return;
    size_t rows = rows_of(shape), columns = columns_of(shape), size = columns_of(in);
    czm_element other = padding(step, 4);
    for (size_t i = 0; i < count; i++) {
        size_t row = i / columns % rows, column = i % columns, at = number < 0 ? column : row;
        bool is_on = (int64_t)column - (int64_t)row == number && at < size;
        elements[i] = is_on ? value.elements[i / (rows * columns) * size + at] : other;
    }
    czm_step_set_elements(step, 0, elements, count);
}

void czm_fold_matrix_diag_part(czm_step *step) {
    czm_shape matrix = czm_step_in_shape(step, 0);
    czm_value value = czm_step_in_value(step, 0);
    size_t count = 0;
    czm_element *elements = value.elements ? czm_step_new_elements(step, 0, &count) : NULL;
    if (!elements || count == 0) return;
    size_t rows = rows_of(matrix), columns = columns_of(matrix);
    size_t size = columns_of(step->outputs[0].shape);
    for (size_t i = 0; i < count; i++)
        elements[i] = value.elements[i / size * rows * columns + i % size * (columns + 1)];
    czm_step_set_elements(step, 0, elements, count);
}

void czm_fold_matrix_set_diag(czm_step *step) {
    czm_shape shape = step->outputs[0].shape, diagonal = czm_step_in_shape(step, 1);
    czm_value value = czm_step_in_value(step, 0), on = czm_step_in_value(step, 1);
    int64_t number = 0;
    bool is_main = czm_step_in_count(step) < 3 ||
                   (czm_step_in_int(step, 2, &number) && number == 0);
    size_t count = 0;
    if (!value.elements || !on.elements || !is_main || shape.rank < 2 || diagonal.rank < 1) return;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    if (!elements || count == 0) return;
    size_t rows = rows_of(shape), columns = columns_of(shape), size = columns_of(diagonal);
    for (size_t i = 0; i < count; i++) {
        size_t row = i / columns % rows, at = i / (rows * columns) * size + row;
        bool is_on = row == i % columns && row < size && at < on.count;
        elements[i] = is_on ? on.elements[at] : value.elements[i];
    }
    czm_step_set_elements(step, 0, elements, count);
}

// Inputs 1 and 2 are the numbers of kept diagonals below and above the main one; negative: all.
void czm_fold_matrix_band(czm_step *step) {
    czm_shape shape = step->outputs[0].shape;
    czm_value value = czm_step_in_value(step, 0);
    int64_t below, above;
    size_t count = 0;
    if (!value.elements || shape.rank < 2 || !czm_step_in_int(step, 1, &below) ||
        !czm_step_in_int(step, 2, &above))
        return;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    int64_t rows = shape.dims[shape.rank - 2], columns = shape.dims[shape.rank - 1];
    for (size_t i = 0; elements && i < count; i++) {
        int64_t row = (int64_t)i / columns % rows, column = (int64_t)i % columns;
        bool stays = (below < 0 || row - column <= below) && (above < 0 || column - row <= above);
        elements[i] = stays ? value.elements[i] : (czm_element){true, 0};
    }
    if (elements) czm_step_set_elements(step, 0, elements, count);
}
