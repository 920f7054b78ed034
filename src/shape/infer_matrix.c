// SPDX-License-Identifier: Apache-2.0
//
// Matrices: products, diagonals, determinants. The last two dimensions are rows and columns.
#include "shape/ops.h"

// Rows and columns of an input after transposition.
static void read_matrix(const czm_dims *dims, bool is_transposed, int64_t *rows, int64_t *columns) {
    *rows = dims->at[dims->rank - (is_transposed ? 1 : 2)];
    *columns = dims->at[dims->rank - (is_transposed ? 2 : 1)];
}

// Appends the product's rows and columns to `dims`, which holds its batch dimensions.
static void multiply(czm_step *step, const czm_dims *a, const czm_dims *b, const char *attr_a,
                     const char *attr_b, czm_dims *dims) {
    int64_t rows, columns, inner_a, inner_b, merged;
    read_matrix(a, czm_attr_bool(step->node, attr_a), &rows, &inner_a);
    read_matrix(b, czm_attr_bool(step->node, attr_b), &inner_b, &columns);
    if (!czm_dim_merge(inner_a, inner_b, &merged)) {
        czm_step_fault(step, "cannot multiply the matrices %s and %s", czm_step_in_text(step, 0),
                       czm_step_in_text(step, 1));
        return;
    }
    czm_dims_add(dims, rows);
    czm_dims_add(dims, columns);
    czm_step_set_dims(step, 0, dims);
}

void czm_infer_matmul(czm_step *step) {
    czm_dims a, b, dims = {.rank = 0};
    if (czm_step_in_ranked(step, 0, 2, &a) && czm_step_in_ranked(step, 1, 2, &b))
        multiply(step, &a, &b, "transpose_a", "transpose_b", &dims);
}

static bool has_matrices(czm_step *step, size_t input, czm_dims *dims) {
    *dims = czm_dims_of(czm_step_in_shape(step, input));
    if (dims->rank >= 0 && dims->rank < 2)
        czm_step_fault(step, "%s needs matrices, not %s", step->node->op,
                       czm_step_in_text(step, input));
    return dims->rank >= 2;
}

void czm_infer_batch_matmul(czm_step *step) {
    czm_dims a, b, batch;
    if (!has_matrices(step, 0, &a) || !has_matrices(step, 1, &b)) return;
    czm_shape batch_a = {a.rank - 2, a.at}, batch_b = {b.rank - 2, b.at};
    if (czm_shape_broadcast(batch_a, batch_b, &batch))
        multiply(step, &a, &b, "adj_x", "adj_y", &batch);
    else
        czm_step_fault(step, "cannot multiply the matrices %s and %s", czm_step_in_text(step, 0),
                       czm_step_in_text(step, 1));
}

// ---- diagonals

static void set_shorter(czm_step *step, czm_dims *dims, int64_t rows, int64_t columns) {
    bool is_known = rows != CZM_UNKNOWN && columns != CZM_UNKNOWN;
    czm_dims_add(dims, !is_known ? CZM_UNKNOWN : rows < columns ? rows : columns);
    czm_step_set_dims(step, 0, dims);
}

// The later versions can read several diagonals, which are not supported: `first` is the input with their numbers.
static bool is_main_diagonal(const czm_step *step, size_t first) {
    int64_t number;
    return czm_step_in_count(step) <= first ||
           (czm_step_in_int(step, first, &number) && number == 0);
}

// The size of a side of the matrix in an input; if none is given, that of the diagonal and what is beside it.
static int64_t side(const czm_step *step, size_t input, int64_t diagonal, int64_t beside) {
    int64_t told = -1;
    if (czm_step_in_count(step) > input && !czm_step_in_int(step, input, &told)) return CZM_UNKNOWN;
    if (told == -1 && diagonal != CZM_UNKNOWN) return diagonal + beside;
    return told;
}

// One diagonal; a positive number counts columns to the right of the main one, a negative one rows below it. The
// matrix is square if neither side is given, else as small as possible.
void czm_infer_matrix_diag(czm_step *step) {
    czm_dims dims = czm_dims_of(czm_step_in_shape(step, 0));
    int64_t number = 0;
    if (czm_step_in_count(step) > 1 && !czm_step_in_int(step, 1, &number)) return;
    if (dims.rank < 1 || number < -INT32_MAX || number > INT32_MAX) return;
    int64_t diagonal = dims.at[dims.rank - 1], off = number < 0 ? -number : number;
    bool is_square = side(step, 2, CZM_UNKNOWN, 0) == -1 && side(step, 3, CZM_UNKNOWN, 0) == -1;
    dims.at[dims.rank - 1] = side(step, 2, diagonal, number < 0 || is_square ? off : 0);
    czm_dims_add(&dims, side(step, 3, diagonal, number > 0 || is_square ? off : 0));
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_matrix_diag_part(czm_step *step) {
    czm_dims matrix, dims = {.rank = 0};
    if (!has_matrices(step, 0, &matrix) || !is_main_diagonal(step, 1)) return;
    czm_dims_add_all(&dims, czm_dims_shape(&matrix), 0, matrix.rank - 2);
    set_shorter(step, &dims, matrix.at[matrix.rank - 2], matrix.at[matrix.rank - 1]);
}

// Diag: the shape, twice.
void czm_infer_diag(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    czm_dims dims = czm_dims_of(shape);
    czm_dims_add_all(&dims, shape, 0, shape.rank);
    czm_step_set_dims(step, 0, &dims);
}

// DiagPart: half of the dimensions, which are all there twice.
void czm_infer_diag_part(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    if (shape.rank == CZM_UNKNOWN || shape.rank % 2) return;
    int half = shape.rank / 2;
    czm_dims dims = czm_dims_unknown(half);
    for (int i = 0; i < half; i++) {
        if (czm_dim_merge(shape.dims[i], shape.dims[half + i], &dims.at[i])) continue;
        czm_step_fault(step, "%s has no diagonal", czm_step_text_of(step, shape));
        return;
    }
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_determinant(czm_step *step) {
    czm_dims dims;
    if (!has_matrices(step, 0, &dims)) return;
    dims.rank -= 2;
    czm_step_set_dims(step, 0, &dims);
}

// ---- Fourier transforms of real numbers

// Input 1 is the length along each of the last dimensions, of which the transform keeps half and
// one along the very last. The row's detail is how many these are, negative for the way back.
void czm_infer_fourier(czm_step *step) {
    czm_dims dims = czm_dims_of(czm_step_in_shape(step, 0)), lengths = czm_step_in_sizes(step, 1);
    int count = step->detail < 0 ? -step->detail : step->detail;
    if (dims.rank < count) return;
    if (lengths.rank != count) lengths = czm_dims_unknown(count);
    for (int i = 0; i < count; i++) dims.at[dims.rank - count + i] = lengths.at[i];
    int64_t *last = &dims.at[dims.rank - 1];
    if (step->detail > 0 && *last != CZM_UNKNOWN) *last = *last ? *last / 2 + 1 : 0;
    czm_step_set_dims(step, 0, &dims);
}
