// SPDX-License-Identifier: Apache-2.0
//
// The shape of a tensor, and the elements of a small one, as far as they are known. The views of this folder decode
// attributes and constant inputs of nodes; each kind has one reader. Inference, analyses, passes and back ends use
// it. They pass the values of the constant inputs, since each finds these in its own way.
#ifndef CZM_VIEW_VALUE_H
#define CZM_VIEW_VALUE_H

#include "graph/graph.h"

enum {
    CZM_UNKNOWN = -1,     // a dimension or rank that is not known
    CZM_HIGHEST_RANK = 32 // of the shapes of an analysis; more dimensions make the rank unknown
};

typedef struct czm_shape {
    int rank;            // CZM_UNKNOWN, or the number of dims
    const int64_t *dims; // CZM_UNKNOWN or 0 and more
} czm_shape;

// The value of a small tensor, element by element in row-major order. Integers and booleans are
// exact; floats are stored as doubles.
typedef struct czm_element {
    bool is_known;
    double number;
} czm_element;

typedef struct czm_value {
    const czm_element *elements; // NULL: no element is known
    size_t count;
} czm_value;

// A shape under construction. If there are too many dimensions, the rank stays unknown.
typedef struct czm_dims {
    int rank;
    int64_t at[CZM_HIGHEST_RANK];
} czm_dims;

czm_shape czm_shape_unknown(void);
czm_shape czm_shape_read(czm_arena *arena, czm_bytes shape_proto); // a TensorShapeProto
czm_bytes czm_shape_attr(czm_arena *arena, czm_shape shape);       // as a serialised AttrValue
bool czm_shape_is_complete(czm_shape shape);                       // rank and all dims known
const char *czm_shape_text(czm_arena *arena, czm_shape shape);     // "[?,256,256,1]", "unknown"

// Element `index` of a value as an integer; false if it is not known.
bool czm_value_int(czm_value value, size_t index, int64_t *out);

// All elements as integers: their number, or -1 if one is not known or there are more than `most`.
int czm_value_ints(czm_value value, int64_t *out, size_t most);

// The only element; false if it is not known, or not the only one.
bool czm_value_number(czm_value value, double *out);

// A dimension as a number from 0 on, which counts from the end if it is negative; false if there is none such.
bool czm_axis_find(int64_t axis, int rank, int *out);

// Marks the dimensions that a list of axes names; false if one is not known or does not exist.
bool czm_axes_mark(czm_value axes, int rank, bool *is_named);

// ---- arithmetic on dimensions: unknown if an operand is, or if there is no such size

int64_t czm_dim_add(int64_t a, int64_t b);
int64_t czm_dim_subtract(int64_t a, int64_t b);
int64_t czm_dim_multiply(int64_t a, int64_t b);

// Combines two facts about one dimension; false if they contradict each other.
bool czm_dim_merge(int64_t a, int64_t b, int64_t *out);

// ---- shapes

czm_dims czm_dims_of(czm_shape shape);
czm_dims czm_dims_unknown(int rank); // of `rank` unknown dims; the rank itself may be unknown
czm_shape czm_dims_shape(const czm_dims *dims); // a view of `dims`
void czm_dims_add(czm_dims *dims, int64_t dim);
void czm_dims_add_all(czm_dims *dims, czm_shape shape, int from, int to);
czm_shape czm_dims_keep(czm_arena *arena, const czm_dims *dims); // a copy in the arena

// The number of elements of a tensor, or CZM_UNKNOWN.
int64_t czm_shape_count(czm_shape shape);
// Whether all dimensions are known, and there are at most so many elements.
bool czm_shape_is_small(czm_shape shape, int64_t most);

bool czm_shape_equal(czm_shape a, czm_shape b);

// Combines two facts about the shape of one tensor; false if they contradict each other.
bool czm_shape_merge(czm_shape a, czm_shape b, czm_dims *out);

// The shape of the result of an element-wise operation (NumPy's rules); false if the shapes do not fit.
bool czm_shape_broadcast(czm_shape a, czm_shape b, czm_dims *out);

#endif
