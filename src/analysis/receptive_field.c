// SPDX-License-Identifier: Apache-2.0
//
// Receptive fields; see receptive_field.h.
//
// Along an axis, position p of a tensor depends on the input's pixels from jump * p + low to
// jump * p + high. An enlargement makes `jump` smaller, and position p then reads one of several
// phases: `low` and `high` are the extremes over all of them. Since each enlargement has phases of
// its own, some position meets all extremes at once: the result is exact, though it is linear.
#include "analysis/receptive_field.h"

#include <math.h>

enum { HEIGHT, WIDTH, AXES };

typedef struct reach {
    double jump, low, high;
    double spread; // of SpaceToBatch: what the images of a batch lie apart, not yet in `high`
} reach;

// What is known of a tensor.
typedef struct fact {
    czm_field_kind kind;
    const czm_node *node;
    int dims[AXES]; // which dimensions of the tensor are height and width; -1: gone
    int64_t row;    // not 0: height and width are one dimension, of rows of this width
    reach along[AXES];
} fact;

struct czm_fields {
    const czm_graph *graph;
    const czm_shapes *shapes;
    fact *facts; // by position; the outputs of a node are alike
};

typedef struct visit {
    const czm_fields *fields;
    const czm_node *node;
    fact in; // the join of all inputs that depend on the image
} visit;

// ---- facts

static fact unbounded(const czm_node *node) {
    return (fact){.kind = CZM_FIELD_UNBOUNDED, .node = node};
}

static fact unknown(const czm_node *node) {
    return (fact){.kind = CZM_FIELD_UNKNOWN, .node = node};
}

static fact fact_of(const czm_fields *fields, czm_tensor tensor) {
    uint32_t order = tensor.node->order;
    return order ? fields->facts[order - 1] : (fact){.kind = CZM_FIELD_NONE};
}

static bool is_near(double a, double b) { return fabs(a - b) <= 1e-9 * (fabs(a) + fabs(b)); }

// Both tensors are read at the same position.
static fact join(const czm_node *node, fact a, fact b) {
    if (a.kind == CZM_FIELD_NONE) return b;
    if (b.kind == CZM_FIELD_NONE) return a;
    if (a.kind != CZM_FIELD_BOUNDED) return a;
    if (b.kind != CZM_FIELD_BOUNDED) return b;
    if (a.row != b.row) return unknown(node);
    for (int axis = 0; axis < AXES; axis++) {
        reach *x = &a.along[axis], *y = &b.along[axis];
        bool is_alike = is_near(x->jump, y->jump) && is_near(x->spread, y->spread);
        if (!is_alike || a.dims[axis] != b.dims[axis]) return unknown(node);
        if (y->low < x->low) x->low = y->low;
        if (y->high > x->high) x->high = y->high;
    }
    return a;
}

// ---- what a rule may ask

static czm_shape shape_of(const visit *v, size_t input) {
    return input < v->node->inputs.count
               ? czm_shape_of(v->fields->shapes, v->node->inputs.items[input])
               : czm_shape_unknown();
}

static czm_shape own_shape(const visit *v) {
    return czm_shape_of(v->fields->shapes, (czm_tensor){(czm_node *)v->node, 0});
}

// The integers of a small input; false if one is not known or there are more than `most`.
static bool ints_of(const visit *v, size_t input, int64_t *out, size_t most, size_t *count) {
    czm_value value = input < v->node->inputs.count
                          ? czm_value_of(v->fields->shapes, v->node->inputs.items[input])
                          : (czm_value){0};
    *count = value.count;
    if (!value.elements || value.count > most) return false;
    for (size_t i = 0; i < value.count; i++) {
        if (!value.elements[i].is_known) return false;
        out[i] = (int64_t)value.elements[i].number;
    }
    return true;
}

static bool depends(const visit *v, size_t input) {
    return input < v->node->inputs.count &&
           fact_of(v->fields, v->node->inputs.items[input]).kind != CZM_FIELD_NONE;
}

static bool is_space(const fact *f, int dim) {
    return f->dims[HEIGHT] == dim || f->dims[WIDTH] == dim;
}

static int64_t dim_of(czm_shape shape, int dim) {
    return dim >= 0 && dim < shape.rank ? shape.dims[dim] : CZM_UNKNOWN;
}

// ---- movements along an axis

// Position p reads positions p * stride + first to p * stride + last.
static void stretch(reach *r, double stride, double first, double last) {
    r->low += r->jump * first;
    r->high += r->jump * last;
    r->jump *= stride;
}

// Position p of `factor` times as many reads position p / factor rounded down.
static void enlarge(reach *r, double factor) { stretch(r, 1 / factor, -(factor - 1) / factor, 0); }

// ---- rules

static fact pass(const visit *v) { return v->in; }

static fact nothing(const visit *v) {
    (void)v;
    return (fact){.kind = CZM_FIELD_NONE};
}

static fact see_all(const visit *v) { return unbounded(v->node); }

// Over the last dimension: a matter of each pixel unless that is height or width.
static fact over_last(const visit *v) {
    return is_space(&v->in, shape_of(v, 0).rank - 1) ? unbounded(v->node) : v->in;
}

// ---- windows

typedef struct window {
    int64_t size, stride, dilation;
} window;

// SAME at a size that is not known is taken for a multiple of the stride.
static int64_t padding_before(const visit *v, window w, int dim, int64_t image) {
    int64_t explicit[16], span = (w.size - 1) * w.dilation + 1;
    if (czm_attr_is(v->node, "padding", "EXPLICIT"))
        return czm_attr_ints(v->node, "explicit_paddings", explicit, 16) > (size_t)dim * 2
                   ? explicit[dim * 2]
                   : 0;
    if (!czm_attr_is(v->node, "padding", "SAME")) return 0;
    int64_t rest = image == CZM_UNKNOWN ? 0 : image % w.stride;
    int64_t total = span - (rest ? rest : w.stride);
    return total > 0 ? total / 2 : 0;
}

// Where a data_format puts height and width among the dims of a list attr.
static int attr_dim(const visit *v, int rank, int axis) {
    bool is_first = czm_attr_is(v->node, "data_format", "NCHW") ||
                    czm_attr_is(v->node, "data_format", "NCDHW");
    (void)rank;
    return (is_first ? 2 : 1) + axis;
}

static int64_t entry(const visit *v, const char *attr, int dim, int64_t otherwise) {
    int64_t values[8];
    size_t count = czm_attr_ints(v->node, attr, values, 8);
    return (size_t)dim < count && count <= 8 ? values[dim] : otherwise;
}

typedef bool size_of_window(const visit *v, int dim, int axis, window *w);

static bool filter_window(const visit *v, int dim, int axis, window *w) {
    czm_shape filter = shape_of(v, 1);
    *w = (window){dim_of(filter, axis), entry(v, "strides", dim, 1), entry(v, "dilations", dim, 1)};
    return w->size != CZM_UNKNOWN;
}

static bool rated_window(const visit *v, int dim, int axis, window *w) {
    bool is_filter = czm_node_is(v->node, "Dilation2D");
    *w = (window){is_filter ? dim_of(shape_of(v, 1), axis) : entry(v, "ksizes", dim, 1),
                  entry(v, "strides", dim, 1), entry(v, "rates", dim, 1)};
    return w->size != CZM_UNKNOWN;
}

static bool pool_window(const visit *v, int dim, int axis, window *w) {
    (void)axis;
    *w = (window){entry(v, "ksize", dim, 1), entry(v, "strides", dim, 1), 1};
    return true;
}

static bool pool_window_of_inputs(const visit *v, int dim, int axis, window *w) {
    int64_t sizes[8], strides[8];
    size_t size_count, stride_count;
    (void)axis;
    if (!ints_of(v, 1, sizes, 8, &size_count) || !ints_of(v, 2, strides, 8, &stride_count) ||
        (size_t)dim >= size_count || (size_t)dim >= stride_count)
        return false;
    *w = (window){sizes[dim], strides[dim], 1};
    return true;
}

// Windows that a data_format lays over other dimensions than height and width do not move along
// them; that happens to images with the wrong layout only.
static fact slide(const visit *v, size_of_window *size) {
    fact out = v->in;
    czm_shape image = shape_of(v, 0);
    for (int axis = 0; axis < AXES; axis++) {
        window w;
        int dim = attr_dim(v, image.rank, axis);
        if (image.rank < 3 || out.dims[axis] != dim || out.row) return unknown(v->node);
        if (!size(v, dim, axis, &w) || w.size < 1 || w.stride < 1 || w.dilation < 1)
            return unknown(v->node);
        double before = (double)padding_before(v, w, dim, dim_of(image, dim));
        double span = (double)((w.size - 1) * w.dilation);
        stretch(&out.along[axis], (double)w.stride, -before, span - before);
    }
    return depends(v, 1) ? unbounded(v->node) : out;
}

static fact convolve(const visit *v) { return slide(v, filter_window); }
static fact pool(const visit *v) { return slide(v, pool_window); }
static fact slide_rated(const visit *v) { return slide(v, rated_window); }

static fact pool_by_inputs(const visit *v) {
    return depends(v, 1) || depends(v, 2) ? unknown(v->node) : slide(v, pool_window_of_inputs);
}

// Position p of the large image is reached from q where q * stride - before + t * dilation = p for
// a tap t of the filter.
static fact convolve_back(const visit *v) {
    fact out = v->in;
    czm_shape small = shape_of(v, 2), large = own_shape(v);
    for (int axis = 0; axis < AXES; axis++) {
        window w;
        int dim = attr_dim(v, small.rank, axis);
        if (small.rank != 4 || out.dims[axis] != dim || out.row ||
            !filter_window(v, dim, axis, &w) || w.stride < 1)
            return unknown(v->node);
        double before = (double)padding_before(v, w, dim, dim_of(large, dim));
        double span = (double)((w.size - 1) * w.dilation), stride = (double)w.stride;
        stretch(&out.along[axis], 1 / stride, (before - span) / stride, before / stride);
    }
    return depends(v, 1) ? unbounded(v->node) : out;
}

// ---- resizing

// Which positions around p / factor are read, at most.
typedef struct neighbours {
    double first, last;
} neighbours;

// Taps at floor(s) + low to floor(s) + high for s = (p + offset) * scale - offset.
static neighbours taps(double scale, double offset, int low, int high) {
    enum { MOST_PHASES = 64 };
    double phases = 1 / scale;
    neighbours found = {offset * scale - offset - 1 + low, offset * scale - offset + high};
    if (phases < 1 || phases > MOST_PHASES || !is_near(phases, floor(phases + 0.5))) return found;
    found = (neighbours){high, low};
    for (int p = 0; p < (int)(phases + 0.5); p++) {
        double source = (p + offset) * scale - offset, base = floor(source + 1e-9);
        bool is_on_tap = is_near(source - base + 1, 1);
        double first = base + (is_on_tap && low < 0 ? low : low) - p * scale;
        double last = base + (is_on_tap && high == 1 ? 0 : high) - p * scale;
        if (first < found.first) found.first = first;
        if (last > found.last) found.last = last;
    }
    return found;
}

static neighbours neighbours_of(const visit *v, double scale) {
    const czm_node *node = v->node;
    double offset = czm_attr_bool(node, "half_pixel_centers") ? 0.5 : 0;
    double wide = scale > 1 ? scale : 1;
    if (czm_attr_bool(node, "align_corners")) // drifts by less than a position over the image
        return (neighbours){-fabs(1 - scale) - 2, fabs(1 - scale) + 2};
    if (czm_node_is(node, "ResizeNearestNeighbor"))
        return scale <= 1 ? taps(scale, 0, 0, 0) : (neighbours){-1, scale};
    if (czm_node_is(node, "ResizeBilinear")) return taps(scale, offset, 0, 1);
    if (czm_node_is(node, "ResizeBicubic")) return taps(scale, offset, -1, 2);
    if (czm_node_is(node, "ResizeArea")) return (neighbours){-1, scale + 1};
    enum { WIDEST_KERNEL = 6 }; // ScaleAndTranslate: lanczos5, and one for the rounding
    return (neighbours){-WIDEST_KERNEL * wide, WIDEST_KERNEL * wide};
}

static fact resize(const visit *v) {
    fact out = v->in;
    czm_shape from = shape_of(v, 0), to = own_shape(v);
    for (int axis = 0; axis < AXES; axis++) {
        int64_t small = dim_of(from, 1 + axis), large = dim_of(to, 1 + axis);
        if (out.dims[axis] != 1 + axis || out.row || small < 1 || large < 1)
            return unknown(v->node);
        double scale = (double)small / (double)large;
        neighbours n = small == large && !czm_node_is(v->node, "ScaleAndTranslate")
                           ? (neighbours){0, 0}
                           : neighbours_of(v, scale);
        stretch(&out.along[axis], scale, n.first, n.last);
    }
    return out;
}

// ---- blocks of pixels that go into channels or batches

static fact depth_to_space(const visit *v) {
    fact out = v->in;
    int64_t block = czm_attr_int(v->node, "block_size");
    for (int axis = 0; axis < AXES; axis++) {
        if (out.dims[axis] != attr_dim(v, 4, axis) || out.row || block < 1) return unknown(v->node);
        enlarge(&out.along[axis], (double)block);
    }
    return out;
}

static fact space_to_depth(const visit *v) {
    fact out = v->in;
    int64_t block = czm_attr_int(v->node, "block_size");
    for (int axis = 0; axis < AXES; axis++) {
        if (out.dims[axis] != attr_dim(v, 4, axis) || out.row || block < 1) return unknown(v->node);
        stretch(&out.along[axis], (double)block, 0, (double)(block - 1));
    }
    return out;
}

typedef struct blocks {
    int64_t size[AXES], before[AXES];
} blocks;

// Blocks and paddings (or crops), which come for each dimension from the second on.
static bool read_blocks(const visit *v, blocks *b) {
    int64_t sizes[4], pads[8];
    size_t count, pad_count;
    if (!ints_of(v, 1, sizes, 4, &count) || !ints_of(v, 2, pads, 8, &pad_count) ||
        pad_count != 2 * count || v->in.row)
        return false;
    for (int axis = 0; axis < AXES; axis++) {
        size_t i = (size_t)(v->in.dims[axis] - 1);
        bool is_there = v->in.dims[axis] >= 1 && i < count;
        b->size[axis] = is_there ? sizes[i] : 1;
        b->before[axis] = is_there ? pads[2 * i] : 0;
        if (b->size[axis] < 1) return false;
    }
    return true;
}

static fact space_to_batch(const visit *v) {
    blocks b;
    fact out = v->in;
    if (!read_blocks(v, &b)) return unknown(v->node);
    for (int axis = 0; axis < AXES; axis++) {
        reach *r = &out.along[axis];
        if (r->spread > 0 && b.size[axis] > 1) return unknown(v->node);
        r->spread += r->jump * (double)(b.size[axis] - 1);
        stretch(r, (double)b.size[axis], (double)-b.before[axis], (double)-b.before[axis]);
    }
    return out;
}

// Back in place, each image of the batch is its own phase: nothing is spread any more.
static fact batch_to_space(const visit *v) {
    blocks b;
    fact out = v->in;
    if (!read_blocks(v, &b)) return unknown(v->node);
    for (int axis = 0; axis < AXES; axis++) {
        reach *r = &out.along[axis];
        double size = (double)b.size[axis], jump = r->jump / size;
        if (b.size[axis] > 1 && !is_near(r->spread, jump * (size - 1))) return unknown(v->node);
        if (b.size[axis] > 1) r->spread = 0;
        r->jump = jump;
        stretch(r, 1, (double)b.before[axis], (double)b.before[axis]);
    }
    return out;
}

// ---- paddings and slices

static fact pad(const visit *v) {
    fact out = v->in;
    int64_t pads[16];
    size_t count;
    bool is_known = ints_of(v, 1, pads, 16, &count);
    for (int axis = 0; axis < AXES; axis++) {
        int dim = out.dims[axis];
        if (dim < 0) continue;
        if (!is_known || (size_t)dim * 2 >= count || out.row) return unknown(v->node);
        stretch(&out.along[axis], 1, (double)-pads[2 * dim], (double)-pads[2 * dim]);
    }
    return out;
}

static fact slice(const visit *v) {
    fact out = v->in;
    int64_t begins[8];
    size_t count;
    bool is_known = ints_of(v, 1, begins, 8, &count);
    czm_shape from = shape_of(v, 0), to = own_shape(v);
    for (int axis = 0; axis < AXES; axis++) {
        int dim = out.dims[axis];
        bool is_whole = dim < 0 ||
                        (dim_of(from, dim) != CZM_UNKNOWN && dim_of(from, dim) == dim_of(to, dim));
        if (is_whole) continue;
        if (!is_known || (size_t)dim >= count || out.row) return unknown(v->node);
        stretch(&out.along[axis], 1, (double)begins[dim], (double)begins[dim]);
    }
    return out;
}

// The entries of a StridedSlice, one after the other, against the dimensions of input and output.
typedef struct cut {
    int from, to; // dimension of the input and of the output; -1: none
    int64_t begin, stride;
    bool is_known; // begin and stride
} cut;

static bool has_bit(const visit *v, const char *mask, size_t i) {
    return i < 32 && (czm_attr_int(v->node, mask) >> i & 1);
}

static size_t read_cuts(const visit *v, cut *cuts, size_t most) {
    int64_t begins[8], strides[8];
    size_t begin_count, stride_count, count = 0;
    bool has_begins = ints_of(v, 1, begins, 8, &begin_count);
    bool has_strides = ints_of(v, 3, strides, 8, &stride_count);
    int rank = shape_of(v, 0).rank, from = 0, to = 0;
    if (begin_count > 8 || rank < 0 || begin_count != stride_count) return 0;
    for (size_t i = 0; i < begin_count; i++) {
        if (has_bit(v, "ellipsis_mask", i)) {
            int later = 0; // dimensions that the entries behind it take
            for (size_t k = i + 1; k < begin_count; k++) later += !has_bit(v, "new_axis_mask", k);
            for (; from < rank - later && count < most; from++, to++)
                cuts[count++] = (cut){from, to, 0, 1, true};
        } else if (has_bit(v, "new_axis_mask", i)) {
            to++;
        } else if (count < most) {
            bool is_index = has_bit(v, "shrink_axis_mask", i);
            bool is_open = has_bit(v, "begin_mask", i);
            cuts[count++] = (cut){from, is_index ? -1 : to, has_begins && !is_open ? begins[i] : 0,
                                  has_strides ? strides[i] : 1,
                                  (has_begins || is_open) && has_strides};
            from++;
            to += !is_index;
        }
    }
    for (; from < rank && count < most; from++, to++) cuts[count++] = (cut){from, to, 0, 1, true};
    return count;
}

static fact strided_slice(const visit *v) {
    enum { MOST = 16 };
    cut cuts[MOST];
    size_t count = read_cuts(v, cuts, MOST);
    fact out = v->in;
    czm_shape from = shape_of(v, 0);
    for (int axis = 0; axis < AXES; axis++) {
        const cut *c = NULL;
        for (size_t i = 0; i < count; i++)
            if (cuts[i].from == v->in.dims[axis]) c = &cuts[i];
        if (v->in.dims[axis] < 0) continue;
        if (!c || !c->is_known || c->stride < 1 || out.row) return unknown(v->node);
        if (c->to < 0) return unbounded(v->node); // one row for all
        int64_t begin = c->begin;
        if (begin < 0 && dim_of(from, c->from) == CZM_UNKNOWN) return unknown(v->node);
        if (begin < 0) begin += dim_of(from, c->from);
        out.dims[axis] = c->to;
        stretch(&out.along[axis], (double)c->stride, (double)begin, (double)begin);
    }
    return out;
}

// ---- dimensions that come, go, and change places

static fact transpose(const visit *v) {
    fact out = v->in;
    int64_t order[8];
    size_t count;
    if (!ints_of(v, 1, order, 8, &count)) return unknown(v->node);
    for (int axis = 0; axis < AXES; axis++)
        for (size_t i = 0; i < count; i++)
            if (order[i] == v->in.dims[axis]) out.dims[axis] = (int)i;
    return out;
}

// How many elements lie before a dimension, all before it multiplied; CZM_UNKNOWN.
static int64_t elements_before(czm_shape shape, int dim) {
    int64_t product = 1;
    for (int i = 0; i < dim; i++) {
        if (shape.dims[i] <= 0 || product > INT64_MAX / shape.dims[i]) return CZM_UNKNOWN;
        product *= shape.dims[i];
    }
    return product;
}

// The dimension of `to` that begins where `before` elements lie before it, and, if there are
// several (of size 1), has `size` elements, or is the last.
static int find_dim(czm_shape to, int64_t before, int64_t size) {
    int found = -1;
    for (int i = 0; i < to.rank; i++) {
        if (elements_before(to, i) != before) continue;
        if (to.dims[i] == size) return i;
        found = i;
    }
    return found;
}

// Rows come apart, or become one dimension.
static fact reshape_rows(const visit *v, czm_shape from, czm_shape to) {
    fact out = v->in;
    int64_t before = elements_before(from, out.dims[HEIGHT]);
    int64_t both = dim_of(from, out.dims[HEIGHT]);
    int dim = find_dim(to, before, both);
    if (dim >= 0 && to.dims[dim] == both) {
        out.dims[HEIGHT] = out.dims[WIDTH] = dim;
        return out;
    }
    dim = find_dim(to, before, both / out.row);
    if (dim < 0 || dim + 1 >= to.rank || to.dims[dim] != both / out.row ||
        to.dims[dim + 1] != out.row)
        return unknown(v->node);
    out.row = 0;
    out.dims[HEIGHT] = dim;
    out.dims[WIDTH] = dim + 1;
    return out;
}

static bool merges_rows(const fact *in, czm_shape from, czm_shape to, int *dim) {
    int64_t height = dim_of(from, in->dims[HEIGHT]), width = dim_of(from, in->dims[WIDTH]);
    if (in->dims[WIDTH] != in->dims[HEIGHT] + 1 || height < 1 || width < 1) return false;
    *dim = find_dim(to, elements_before(from, in->dims[HEIGHT]), height * width);
    return *dim >= 0 && height > 1 && width > 1 && to.dims[*dim] == height * width;
}

// A dimension that stays, takes in what lies inside it, or is cut into parts of a row.
static bool reshape_axis(const visit *v, czm_shape from, czm_shape to, int axis, fact *out) {
    int64_t size = dim_of(from, v->in.dims[axis]);
    int dim = find_dim(to, elements_before(from, v->in.dims[axis]), size);
    if (dim < 0 || size < 1 || to.dims[dim] < 1) return false;
    int64_t now = to.dims[dim];
    out->dims[axis] = dim;
    if (now % size == 0)
        enlarge(&out->along[axis], (double)(now / size));
    else if (size % now == 0)
        stretch(&out->along[axis], (double)(size / now), 0, (double)(size / now - 1));
    else
        return false;
    return true;
}

// Reshape, Squeeze and ExpandDims: the order in memory stays.
static fact reshape(const visit *v) {
    czm_shape from = shape_of(v, 0), to = own_shape(v);
    fact out = v->in;
    int dim;
    bool is_complete = czm_shape_is_complete(from) && czm_shape_is_complete(to);
    if (!is_complete || out.dims[HEIGHT] < 0 || out.dims[WIDTH] < 0) return unknown(v->node);
    if (out.row) return reshape_rows(v, from, to);
    if (merges_rows(&v->in, from, to, &dim)) {
        out.row = dim_of(from, out.dims[WIDTH]);
        out.dims[HEIGHT] = out.dims[WIDTH] = dim;
        return out;
    }
    for (int axis = 0; axis < AXES; axis++)
        if (!reshape_axis(v, from, to, axis, &out)) return unknown(v->node);
    return out;
}

// `dim` is new (by 1) or gone (by -1): those behind it move.
static fact shift_dims(fact f, int dim, int by) {
    for (int axis = 0; axis < AXES; axis++)
        if (f.dims[axis] > dim || (by > 0 && f.dims[axis] == dim)) f.dims[axis] += by;
    return f;
}

static bool axis_of(const visit *v, size_t input, int rank, int *axis) {
    int64_t value;
    size_t count;
    if (rank < 1 || !ints_of(v, input, &value, 1, &count) || count != 1) return false;
    *axis = (int)(value < 0 ? value + rank : value);
    return *axis >= 0 && *axis < rank;
}

static bool axis_attr(const visit *v, const char *name, int rank, int *axis) {
    int64_t value = czm_attr_int(v->node, name);
    *axis = (int)(value < 0 ? value + rank : value);
    return rank > 0 && *axis >= 0 && *axis < rank;
}

static fact pack(const visit *v) {
    int axis;
    return axis_attr(v, "axis", own_shape(v).rank, &axis) ? shift_dims(v->in, axis, 1)
                                                          : unknown(v->node);
}

static fact unpack(const visit *v) {
    int axis;
    if (!axis_attr(v, "axis", shape_of(v, 0).rank, &axis)) return unknown(v->node);
    return is_space(&v->in, axis) ? unbounded(v->node) : shift_dims(v->in, axis, -1);
}

// Along other dimensions than height and width.
static fact along_axis(const visit *v, size_t axis_input, size_t image) {
    int axis;
    if (!axis_of(v, axis_input, shape_of(v, image).rank, &axis)) return unknown(v->node);
    return is_space(&v->in, axis) ? unbounded(v->node) : v->in;
}

static fact concat(const visit *v) { return along_axis(v, v->node->inputs.count - 1, 0); }
static fact concat_axis_first(const visit *v) { return along_axis(v, 0, 1); }
static fact split(const visit *v) { return along_axis(v, 0, 1); }
static fact split_sizes(const visit *v) { return along_axis(v, 2, 0); }
static fact accumulate(const visit *v) { return along_axis(v, 1, 0); }

static fact tile(const visit *v) {
    int64_t times[8];
    size_t count;
    if (!ints_of(v, 1, times, 8, &count)) return unknown(v->node);
    for (int axis = 0; axis < AXES; axis++)
        if (v->in.dims[axis] >= 0 && (size_t)v->in.dims[axis] < count &&
            times[v->in.dims[axis]] != 1)
            return unbounded(v->node);
    return v->in;
}

// What flips, rolls or sorts along some dimensions, which an input lists.
static fact along_axes(const visit *v) {
    int64_t axes[8];
    size_t count;
    int rank = shape_of(v, 0).rank;
    if (!ints_of(v, v->node->inputs.count - 1, axes, 8, &count) || rank < 0)
        return unknown(v->node);
    for (size_t i = 0; i < count; i++)
        if (is_space(&v->in, (int)(axes[i] < 0 ? axes[i] + rank : axes[i])))
            return unbounded(v->node);
    return v->in;
}

static fact gather(const visit *v) {
    int axis = 0;
    bool has_axis = v->node->inputs.count > 2;
    if (depends(v, 1)) return unbounded(v->node);
    if (has_axis && !axis_of(v, 2, shape_of(v, 0).rank, &axis)) return unknown(v->node);
    int more = shape_of(v, 1).rank - 1;
    if (is_space(&v->in, axis) || more < -1) return unbounded(v->node);
    return shift_dims(v->in, axis, more);
}

// ---- sums

static bool keeps_dims(const visit *v) { return czm_attr_bool(v->node, "keep_dims"); }

static fact reduce(const visit *v) {
    int64_t axes[8];
    size_t count;
    fact out = v->in;
    int rank = shape_of(v, 0).rank;
    if (rank < 0 || !ints_of(v, 1, axes, 8, &count)) return unknown(v->node);
    for (size_t i = 0; i < count; i++) {
        int axis = (int)(axes[i] < 0 ? axes[i] + rank : axes[i]);
        if (is_space(&v->in, axis)) return unbounded(v->node);
        for (int k = 0; k < AXES && !keeps_dims(v); k++) out.dims[k] -= v->in.dims[k] > axis;
    }
    return out;
}

static fact arg_reduce(const visit *v) {
    int axis;
    if (!axis_of(v, 1, shape_of(v, 0).rank, &axis)) return unknown(v->node);
    return is_space(&v->in, axis) ? unbounded(v->node) : shift_dims(v->in, axis, -1);
}

static bool is_transposed(const visit *v, size_t input) {
    static const char *const names[2][2] = {{"transpose_a", "adj_x"}, {"transpose_b", "adj_y"}};
    return czm_attr_bool(v->node, names[input][0]) || czm_attr_bool(v->node, names[input][1]);
}

// A weighted sum over the last dimension but one of these two, by the other operand, which must
// not depend on the image. The second operand's rows are what is summed.
static fact multiply_matrices(const visit *v) {
    if (depends(v, 0) && depends(v, 1)) return unbounded(v->node);
    size_t image = depends(v, 0) ? 0 : 1;
    int rank = shape_of(v, image).rank;
    if (rank < 2 || rank != own_shape(v).rank) return unknown(v->node);
    int summed = (image == 0) != is_transposed(v, image) ? rank - 1 : rank - 2;
    if (is_space(&v->in, summed)) return unbounded(v->node);
    fact out = v->in;
    for (int axis = 0; axis < AXES && is_transposed(v, image); axis++)
        if (out.dims[axis] >= rank - 2) out.dims[axis] = 2 * rank - 3 - out.dims[axis];
    return out;
}

// The letters of height and width in the equation's image must come out again.
static fact einsum(const visit *v) {
    czm_bytes equation = czm_attr_string(v->node, "equation");
    const char *text = czm_arena_string(v->fields->graph->arena, equation);
    const char *arrow = strstr(text, "->"), *comma = strchr(text, ',');
    bool is_second = depends(v, 1);
    if (depends(v, 0) && is_second) return unbounded(v->node);
    if (!arrow || strchr(text, '.') || strchr(text, ' ')) return unknown(v->node);
    const char *term = is_second && comma ? comma + 1 : text;
    fact out = v->in;
    for (int axis = 0; axis < AXES; axis++) {
        const char *place = strchr(arrow + 2, term[v->in.dims[axis]]);
        if (v->in.dims[axis] < 0 || !place) return unbounded(v->node);
        out.dims[axis] = (int)(place - (arrow + 2));
    }
    return out;
}

static fact batch_norm(const visit *v) {
    for (size_t i = 1; i < v->node->inputs.count; i++)
        if (depends(v, i)) return unbounded(v->node);
    return czm_attr_bool(v->node, "is_training") ? unbounded(v->node) : v->in;
}

// ---- the table

static const struct {
    const char *op;
    fact (*rule)(const visit *v);
} rules[] = {
    {"Abs", pass},
    {"Add", pass},
    {"AddN", pass},
    {"AddV2", pass},
    {"ArgMax", arg_reduce},
    {"ArgMin", arg_reduce},
    {"Atan2", pass},
    {"AvgPool", pool},
    {"BatchMatMul", multiply_matrices},
    {"BatchMatMulV2", multiply_matrices},
    {"BatchToSpaceND", batch_to_space},
    {"BiasAdd", pass},
    {"Cast", pass},
    {"Ceil", pass},
    {"CheckNumerics", pass},
    {"ClipByValue", pass},
    {"Concat", concat_axis_first},
    {"ConcatV2", concat},
    {"Conv2D", convolve},
    {"Conv2DBackpropInput", convolve_back},
    {"Cos", pass},
    {"Cumprod", accumulate},
    {"Cumsum", accumulate},
    {"DepthToSpace", depth_to_space},
    {"DepthwiseConv2dNative", convolve},
    {"Dilation2D", slide_rated},
    {"Div", pass},
    {"DivNoNan", pass},
    {"Einsum", einsum},
    {"Elu", pass},
    {"EnsureShape", pass},
    {"Equal", pass},
    {"Erf", pass},
    {"Erfc", pass},
    {"Exp", pass},
    {"ExpandDims", reshape},
    {"Expm1", pass},
    {"ExtractImagePatches", slide_rated},
    {"FFT", see_all},
    {"FFT2D", see_all},
    {"FakeQuantWithMinMaxArgs", pass},
    {"FakeQuantWithMinMaxVars", pass},
    {"Floor", pass},
    {"FloorDiv", pass},
    {"FloorMod", pass},
    {"FusedBatchNorm", batch_norm},
    {"FusedBatchNormV2", batch_norm},
    {"FusedBatchNormV3", batch_norm},
    {"Gather", gather},
    {"GatherV2", gather},
    {"Greater", pass},
    {"GreaterEqual", pass},
    {"IFFT", see_all},
    {"IFFT2D", see_all},
    {"IRFFT2D", see_all},
    {"Identity", pass},
    {"IdentityN", pass},
    {"L2Loss", see_all},
    {"LRN", pass},
    {"LeakyRelu", pass},
    {"Less", pass},
    {"LessEqual", pass},
    {"Log", pass},
    {"Log1p", pass},
    {"LogSoftmax", over_last},
    {"LogicalAnd", pass},
    {"LogicalNot", pass},
    {"LogicalOr", pass},
    {"MatMul", multiply_matrices},
    {"Max", reduce},
    {"MaxPool", pool},
    {"MaxPoolV2", pool_by_inputs},
    {"Maximum", pass},
    {"Mean", reduce},
    {"Min", reduce},
    {"Minimum", pass},
    {"MirrorPad", pad},
    {"Mod", pass},
    {"Mul", pass},
    {"MulNoNan", pass},
    {"Neg", pass},
    {"NotEqual", pass},
    {"OnesLike", nothing},
    {"Pack", pack},
    {"Pad", pad},
    {"PadV2", pad},
    {"PlaceholderWithDefault", pass},
    {"Pow", pass},
    {"PreventGradient", pass},
    {"Prod", reduce},
    {"RFFT2D", see_all},
    {"Rank", nothing},
    {"RealDiv", pass},
    {"Reciprocal", pass},
    {"Relu", pass},
    {"Relu6", pass},
    {"Reshape", reshape},
    {"ResizeArea", resize},
    {"ResizeBicubic", resize},
    {"ResizeBilinear", resize},
    {"ResizeNearestNeighbor", resize},
    {"ReverseV2", along_axes},
    {"Rint", pass},
    {"Roll", along_axes},
    {"Round", pass},
    {"Rsqrt", pass},
    {"ScaleAndTranslate", resize},
    {"Select", pass},
    {"SelectV2", pass},
    {"Selu", pass},
    {"Shape", nothing},
    {"ShapeN", nothing},
    {"Sigmoid", pass},
    {"Sign", pass},
    {"Sin", pass},
    {"Size", nothing},
    {"Slice", slice},
    {"Snapshot", pass},
    {"Softmax", over_last},
    {"Softplus", pass},
    {"Softsign", pass},
    {"SpaceToBatchND", space_to_batch},
    {"SpaceToDepth", space_to_depth},
    {"Split", split},
    {"SplitV", split_sizes},
    {"Sqrt", pass},
    {"Square", pass},
    {"SquaredDifference", pass},
    {"Squeeze", reshape},
    {"StopGradient", pass},
    {"StridedSlice", strided_slice},
    {"Sub", pass},
    {"Sum", reduce},
    {"Tanh", pass},
    {"Tile", tile},
    {"TopKV2", over_last},
    {"Transpose", transpose},
    {"Unpack", unpack},
    {"Xdivy", pass},
    {"Xlogy", pass},
    {"ZerosLike", nothing},
};

static fact infer(visit *v) {
    for (size_t i = 0; i < v->node->inputs.count; i++)
        v->in = join(v->node, v->in, fact_of(v->fields, v->node->inputs.items[i]));
    if (v->in.kind == CZM_FIELD_NONE || v->in.kind == CZM_FIELD_UNKNOWN) return v->in;
    for (size_t i = 0; i < CZM_COUNT_OF(rules); i++) {
        if (!czm_node_is(v->node, rules[i].op)) continue;
        fact found = v->in.kind == CZM_FIELD_BOUNDED || rules[i].rule == nothing ? rules[i].rule(v)
                                                                                 : v->in;
        return found;
    }
    return v->in.kind == CZM_FIELD_UNBOUNDED ? v->in : unknown(v->node);
}

czm_fields *czm_fields_infer(czm_arena *arena, const czm_model *model, const czm_shapes *shapes) {
    czm_fields *fields = CZM_NEW(arena, czm_fields);
    fields->graph = &model->main;
    fields->shapes = shapes;
    fields->facts = CZM_NEW_ARRAY(arena, fact, model->main.nodes.count);
    const czm_node *input = model->main.inputs.items[0].tensor.node;
    for (size_t i = 0; i < model->main.nodes.count; i++) {
        visit v = {.fields = fields, .node = model->main.nodes.items[i]};
        const reach own = {.jump = 1};
        fields->facts[i] = v.node == input ? (fact){CZM_FIELD_BOUNDED, NULL, {1, 2}, 0, {own, own}}
                                           : infer(&v);
    }
    return fields;
}

static int64_t pixels(double distance) {
    enum { FARTHEST = 1 << 30 };
    double whole = ceil(distance - 1e-6);
    return whole < 0 ? 0 : whole > FARTHEST ? FARTHEST : (int64_t)whole;
}

czm_receptive_field czm_field_of(const czm_fields *fields, czm_tensor tensor) {
    fact f = fact_of(fields, tensor);
    czm_receptive_field field = {.kind = f.kind, .node = f.node};
    for (int axis = 0; axis < AXES && f.kind == CZM_FIELD_BOUNDED; axis++) {
        field.before[axis] = pixels(-f.along[axis].low);
        field.after[axis] = pixels(f.along[axis].high + f.along[axis].spread);
    }
    return field;
}

int64_t czm_field_border(const czm_receptive_field *field) {
    int64_t border = 0;
    for (int axis = 0; axis < AXES; axis++) {
        if (field->before[axis] > border) border = field->before[axis];
        if (field->after[axis] > border) border = field->after[axis];
    }
    return border;
}
