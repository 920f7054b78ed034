// SPDX-License-Identifier: Apache-2.0
//
// Proofs that values are probabilities; see prover.h. An op has two rules, one for claims with an
// axis and one for claims of bounds. A rule may add claims about the node's inputs, and returns
// whether its claim is true if these are.
#include "analysis/prover.h"

#include <math.h>

#include "view/window.h"

enum {
    MOST_CLAIMS = 4096, // the limit for a proof
    MOST_TERMS = 64,    // of a weighted mean
};

static const double rounding = 1e-6; // of constants, such as 1/3 in float32

typedef struct prover {
    czm_arena *arena;
    const czm_shapes *shapes;
    CZM_LIST(czm_claim) claims;
} prover;

static const czm_tensor none;

static czm_tensor input(const czm_node *node, size_t index) {
    return index < node->inputs.count ? node->inputs.items[index] : none;
}

static bool claim(prover *p, czm_tensor tensor, int axis, double low, double high) {
    if (!tensor.node || p->claims.count == MOST_CLAIMS) return false;
    *CZM_APPEND(p->arena, &p->claims) = (czm_claim){tensor, axis, low, high};
    return true;
}

// The same of another tensor.
static bool same_of(prover *p, czm_claim c, czm_tensor tensor, int axis) {
    return claim(p, tensor, axis, c.low, c.high);
}

czm_tensor czm_behind(czm_tensor tensor) {
    while (czm_node_traits(tensor.node)->passes_on && tensor.node->inputs.count)
        tensor = tensor.node->inputs.items[0];
    return tensor;
}

// ---- facts about a tensor

// A dimension, counted from the end.
static int64_t dim_of(const prover *p, czm_tensor tensor, int axis) {
    czm_shape shape = czm_shape_of(p->shapes, tensor);
    return axis > 0 && axis <= shape.rank ? shape.dims[shape.rank - axis] : CZM_UNKNOWN;
}

static bool find_number(const prover *p, czm_tensor tensor, double *number) {
    czm_value value = tensor.node ? czm_value_of(p->shapes, tensor) : (czm_value){0};
    return czm_value_number(value, number);
}

// The axis, counted from the end, of axis number `number` in a tensor of this rank; 0: none.
static int axis_from_end(double number, int rank) {
    if (!(number >= -rank && number < rank)) return 0;
    return number < 0 ? (int)-number : rank - (int)number;
}

static int find_axis(const prover *p, czm_tensor tensor, int rank) {
    double number;
    return find_number(p, tensor, &number) ? axis_from_end(number, rank) : 0;
}

static int rank_of(const prover *p, czm_tensor tensor) {
    return czm_shape_of(p->shapes, tensor).rank;
}

// ---- ops that do not change values, or move whole vectors

static bool first(prover *p, czm_claim c) { return same_of(p, c, input(c.tensor.node, 0), c.axis); }

static bool second(prover *p, czm_claim c) {
    return same_of(p, c, input(c.tensor.node, 1), c.axis);
}

static bool indexed(prover *p, czm_claim c) {
    return same_of(p, c, input(c.tensor.node, c.tensor.index), c.axis);
}

static bool cast(prover *p, czm_claim c) {
    const czm_node *node = c.tensor.node;
    return czm_dtype_is_floating(czm_attr_type(node, "SrcT")) &&
           czm_dtype_is_floating(czm_attr_type(node, "DstT")) && first(p, c);
}

static bool transpose(prover *p, czm_claim c) {
    czm_tensor permutation = input(c.tensor.node, 1);
    czm_value order = permutation.node ? czm_value_of(p->shapes, permutation) : (czm_value){0};
    int rank = (int)order.count; // at most CZM_LARGEST_VALUE
    if (!order.elements || c.axis > rank) return false;
    czm_element from = order.elements[rank - c.axis];
    int axis = from.is_known ? axis_from_end(from.number, rank) : 0;
    return axis && same_of(p, c, input(c.tensor.node, 0), axis);
}

// The axis of `size` elements in a shape, counted from the end, whose elements contain `inner` elements each; or 0.
static int locate_axis(czm_shape shape, int64_t size, int64_t inner) {
    int64_t behind = 1;
    for (int axis = 1; axis <= shape.rank && behind <= inner; axis++) {
        int64_t dim = shape.dims[shape.rank - axis];
        if (behind == inner && dim == size) return axis;
        if (dim <= 0 || dim > INT64_MAX / behind) return 0;
        behind *= dim;
    }
    return 0;
}

// Reshape, Squeeze, ExpandDims: the order in memory does not change.
static bool reshape(prover *p, czm_claim c) {
    czm_tensor from = input(c.tensor.node, 0);
    int64_t size = dim_of(p, c.tensor, c.axis), inner = 1;
    for (int axis = 1; axis < c.axis; axis++) {
        int64_t dim = dim_of(p, c.tensor, axis);
        if (dim <= 0 || dim > INT64_MAX / inner) return false;
        inner *= dim;
    }
    if (size == CZM_UNKNOWN || !from.node) return false;
    int axis = locate_axis(czm_shape_of(p->shapes, from), size, inner);
    return axis && same_of(p, c, from, axis);
}

// Slices, copies and paddings only shorten or only lengthen an axis: if its size is the same, its vectors are
// complete.
static bool keep_size(const prover *p, czm_claim c, czm_tensor from) {
    int64_t size = dim_of(p, c.tensor, c.axis);
    return from.node && size != CZM_UNKNOWN && size == dim_of(p, from, c.axis);
}

static bool keep(prover *p, czm_claim c) {
    return keep_size(p, c, input(c.tensor.node, 0)) && first(p, c);
}

static bool split(prover *p, czm_claim c) {
    return keep_size(p, c, input(c.tensor.node, 1)) && second(p, c);
}

static bool slice(prover *p, czm_claim c) {
    return czm_attr_int(c.tensor.node, "shrink_axis_mask") == 0 &&
           czm_attr_int(c.tensor.node, "new_axis_mask") == 0 && keep(p, c);
}

// Resizing and average pooling: each pixel becomes a mean of pixels (average pooling leaves
// padding out of its mean: tensorflow/core/kernels/avgpooling_op.cc).
static bool image(prover *p, czm_claim c) {
    return c.axis == 1 && !czm_is_channels_first(c.tensor.node) && first(p, c);
}

// The block's axes follow the batch; the axes after them do not change.
static bool batch_to_space(prover *p, czm_claim c) {
    czm_tensor block = input(c.tensor.node, 1);
    int64_t count = block.node ? dim_of(p, block, 1) : CZM_UNKNOWN;
    return count != CZM_UNKNOWN && rank_of(p, c.tensor) - c.axis > count && first(p, c);
}

// ---- joining

static bool each(prover *p, czm_claim c, size_t begin, size_t end, int axis) {
    bool can_hold = begin < end;
    for (size_t i = begin; i < end && can_hold; i++)
        can_hold = same_of(p, c, input(c.tensor.node, i), axis);
    return can_hold;
}

static bool all(prover *p, czm_claim c) {
    return each(p, c, 0, c.tensor.node->inputs.count, c.axis);
}

static bool all_but_last(prover *p, czm_claim c) {
    size_t count = c.tensor.node->inputs.count;
    return count > 0 && each(p, c, 0, count - 1, c.axis);
}

// Whether b is 1 - a.
static bool is_complement(const prover *p, czm_tensor a, czm_tensor b) {
    czm_node *minus = czm_behind(b).node;
    double one;
    return czm_node_is(minus, CZM_OP_Sub) && minus->inputs.count == 2 &&
           find_number(p, minus->inputs.items[0], &one) && one == 1 &&
           czm_tensor_equal(czm_behind(minus->inputs.items[1]), czm_behind(a));
}

// [p, 1 - p] or [1 - p, p], for a probability p.
static bool pair(prover *p, czm_claim c) {
    czm_tensor a = input(c.tensor.node, 0), b = input(c.tensor.node, 1);
    if (!a.node || !b.node || dim_of(p, c.tensor, c.axis) != 2) return false;
    if (is_complement(p, a, b)) return claim(p, a, 0, 0, 1);
    return is_complement(p, b, a) && claim(p, b, 0, 0, 1);
}

static bool concat(prover *p, czm_claim c) {
    const czm_node *node = c.tensor.node;
    size_t count = node->inputs.count;
    int axis = count ? find_axis(p, node->inputs.items[count - 1], rank_of(p, c.tensor)) : 0;
    if (axis == 0) return false;
    return axis == c.axis ? count == 3 && pair(p, c) : all_but_last(p, c);
}

static bool pack(prover *p, czm_claim c) {
    size_t count = c.tensor.node->inputs.count;
    int axis = axis_from_end((double)czm_attr_int(c.tensor.node, "axis"), rank_of(p, c.tensor));
    if (axis == 0) return false;
    if (axis == c.axis) return count == 2 && pair(p, c);
    return each(p, c, 0, count, axis < c.axis ? c.axis - 1 : c.axis);
}

// ---- weighted means

typedef struct term {
    czm_tensor tensor;
    double weight;
} term;

typedef CZM_LIST(term) term_list;

// Replaces a term that is a sum or a multiple of other terms by those terms; false: it is neither.
static bool expand(const prover *p, term_list *terms, term t) {
    const czm_node *node = czm_behind(t.tensor).node;
    czm_tensor a = input(node, 0), b = input(node, 1);
    double factor;
    switch (czm_node_kind(node)) {
    case CZM_OP_Add:
    case CZM_OP_AddV2:
    case CZM_OP_AddN:
        for (size_t i = 0; i < node->inputs.count && i <= MOST_TERMS; i++)
            *CZM_APPEND(p->arena, terms) = (term){node->inputs.items[i], t.weight};
        return true;
    case CZM_OP_Mul:
        if (!find_number(p, b, &factor)) {
            a = b;
            if (!find_number(p, input(node, 0), &factor)) return false;
        }
        *CZM_APPEND(p->arena, terms) = (term){a, t.weight * factor};
        return true;
    case CZM_OP_RealDiv:
        if (!find_number(p, b, &factor)) return false;
        *CZM_APPEND(p->arena, terms) = (term){a, t.weight / factor};
        return true;
    default: return false;
    }
}

static bool mean(prover *p, czm_claim c) {
    term_list terms = {0};
    double total = 0;
    if (!expand(p, &terms, (term){c.tensor, 1})) return false;
    for (size_t i = 0; i < terms.count; i++) {
        term t = terms.items[i];
        if (terms.count > MOST_TERMS || !t.tensor.node) return false;
        if (expand(p, &terms, t)) continue;
        bool fits = t.weight > 0 && keep_size(p, c, t.tensor); // else it would be broadcast
        if (!fits || !same_of(p, c, t.tensor, c.axis)) return false;
        total += t.weight;
    }
    return fabs(total - 1) < rounding;
}

// ---- softmax, whole or in parts

static bool softmax(prover *p, czm_claim c) {
    (void)p;
    return c.axis == 1; // tensorflow/core/ops/nn_ops.cc: along the last
}

// Whether the tensor is `op` (Max or Sum) of `from` along the axis, which keeps one element.
static bool is_reduction(const prover *p, czm_tensor tensor, czm_op_kind op, czm_tensor from,
                         int axis) {
    czm_node *node = czm_behind(tensor).node;
    return czm_node_is(node, op) && node->inputs.count == 2 && czm_attr_bool(node, "keep_dims") &&
           czm_tensor_equal(czm_behind(node->inputs.items[0]), from) &&
           find_axis(p, node->inputs.items[1], rank_of(p, from)) == axis;
}

// exp(x - max(x)): its largest value along the axis is 1, so the sum is at least 1.
static bool is_bounded_exponential(const prover *p, czm_tensor tensor, int axis) {
    if (!czm_node_is(tensor.node, CZM_OP_Exp) || !tensor.node->inputs.count) return false;
    czm_node *minus = czm_behind(tensor.node->inputs.items[0]).node;
    return czm_node_is(minus, CZM_OP_Sub) && minus->inputs.count == 2 &&
           is_reduction(p, minus->inputs.items[1], CZM_OP_Max, czm_behind(minus->inputs.items[0]),
                        axis);
}

// e / sum(e)
static bool quotient(prover *p, czm_claim c) {
    czm_tensor e = input(c.tensor.node, 0), sum = input(c.tensor.node, 1);
    if (!e.node || !sum.node) return false;
    e = czm_behind(e);
    return (is_reduction(p, sum, CZM_OP_Sum, e, c.axis) && is_bounded_exponential(p, e, c.axis)) ||
           mean(p, c);
}

static bool is_inverse(const czm_node *node) {
    return czm_node_kind(node) == CZM_OP_Reciprocal || czm_node_kind(node) == CZM_OP_Inv;
}

// e * (1 / sum(e))
static bool product(prover *p, czm_claim c) {
    for (size_t i = 0; i < 2; i++) {
        czm_tensor e = input(c.tensor.node, i), inverse = input(c.tensor.node, 1 - i);
        if (!e.node || !inverse.node) return false;
        inverse = czm_behind(inverse);
        if (is_inverse(inverse.node) && inverse.node->inputs.count &&
            is_reduction(p, inverse.node->inputs.items[0], CZM_OP_Sum, czm_behind(e), c.axis) &&
            is_bounded_exponential(p, czm_behind(e), c.axis))
            return true;
    }
    return mean(p, c);
}

// exp(log_softmax(x))
static bool exponential(prover *p, czm_claim c) {
    (void)p;
    czm_tensor from = input(c.tensor.node, 0);
    return from.node && czm_node_is(czm_behind(from).node, CZM_OP_LogSoftmax) && c.axis == 1;
}

// ---- bounds

static bool within(czm_claim c, double low, double high) {
    return c.low <= low + rounding && c.high >= high - rounding;
}

static bool unit(prover *p, czm_claim c) {
    (void)p;
    return within(c, 0, 1);
}

static bool relu6(prover *p, czm_claim c) {
    (void)p;
    return within(c, 0, 6);
}

static bool relu(prover *p, czm_claim c) {
    return c.low <= rounding && claim(p, input(c.tensor.node, 0), 0, -INFINITY, c.high);
}

static bool minimum_with(prover *p, czm_claim c, czm_tensor x, double most) {
    double high = c.high >= most - rounding ? INFINITY : c.high;
    return c.low <= most && claim(p, x, 0, c.low, high);
}

static bool maximum_with(prover *p, czm_claim c, czm_tensor x, double least) {
    double low = c.low <= least + rounding ? -INFINITY : c.low;
    return c.high >= least && claim(p, x, 0, low, c.high);
}

static bool shift(prover *p, czm_claim c, czm_tensor x, double by) {
    return claim(p, x, 0, c.low - by, c.high - by);
}

static bool scale(prover *p, czm_claim c, czm_tensor x, double by) {
    return by > 0 && claim(p, x, 0, c.low / by, c.high / by);
}

static bool unshift(prover *p, czm_claim c, czm_tensor x, double by) { return shift(p, c, x, -by); }

static bool unscale(prover *p, czm_claim c, czm_tensor x, double by) {
    return by > 0 && scale(p, c, x, 1 / by);
}

// number - x
static bool mirror(prover *p, czm_claim c, czm_tensor x, double number) {
    return claim(p, x, 0, number - c.high, number - c.low);
}

// The bounds of "x op number" and "number op x"; NULL: none.
typedef bool bound(prover *p, czm_claim c, czm_tensor x, double number);

#define no_bound NULL

static const struct operation {
    czm_op_kind op;
    bound *of_left, *of_right;
} operations[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define BOUNDS(left, right) .of_left = left, .of_right = right,
#include "op/ops.def"
};

static bool calculate(prover *p, czm_claim c) {
    const struct operation *o = &operations[czm_node_kind(c.tensor.node)];
    czm_tensor a = input(c.tensor.node, 0), b = input(c.tensor.node, 1);
    double number;
    if (o->of_left && find_number(p, b, &number)) return o->of_left(p, c, a, number);
    return o->of_right && find_number(p, a, &number) && o->of_right(p, c, b, number);
}

static bool clip(prover *p, czm_claim c) {
    double low, high;
    return find_number(p, input(c.tensor.node, 1), &low) &&
           find_number(p, input(c.tensor.node, 2), &high) && within(c, low, high);
}

// ---- the table

typedef struct rule {
    czm_op_kind op;
    bool (*of_axis)(prover *p, czm_claim c); // NULL: there is no proof for the op
    bool (*of_bounds)(prover *p, czm_claim c);
} rule;

#define never NULL

static const rule rules[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define PROVES(sum, bounds) .of_axis = sum, .of_bounds = bounds,
#include "op/ops.def"
};

static bool decide(prover *p, czm_claim c) {
    if (c.axis == 0 && c.low == -INFINITY && c.high == INFINITY) return true;
    const rule *r = &rules[czm_node_kind(c.tensor.node)];
    bool (*judge)(prover * p, czm_claim c) = c.axis ? r->of_axis : r->of_bounds;
    return judge && judge(p, c);
}

czm_ruling czm_prove(czm_arena *arena, const czm_shapes *shapes, czm_claim first_claim) {
    prover p = {.arena = arena, .shapes = shapes};
    czm_ruling ruling = {.is_proven = true, .last = first_claim};
    *CZM_APPEND(arena, &p.claims) = first_claim;
    for (size_t i = 0; i < p.claims.count && ruling.is_proven; i++) {
        ruling.last = p.claims.items[i];
        ruling.is_proven = decide(&p, ruling.last);
    }
    return ruling;
}
