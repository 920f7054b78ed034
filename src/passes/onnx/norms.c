// SPDX-License-Identifier: Apache-2.0
//
// Joining normalisations; see norms.h. Two forms are recognised: (x - mean) * (rsqrt(variance + epsilon) * scale) +
// shift, which the reader of ONNX writes, and (x - mean) / sqrt(variance + epsilon) * scale + shift, which PyTorch's
// exporters do.
#include "passes/onnx/norms.h"

#include "graph/build.h"

enum { MOST_AXES = 8 };

typedef struct norm {
    const czm_shapes *shapes;
    czm_tensor image, scale, shift;
    double epsilon;
    int64_t groups; // 0: of the last dimension
} norm;

// The means of an image along some axes, which keep size 1.
typedef struct means {
    czm_tensor of;
    int64_t axes[MOST_AXES];
    int count;
    int64_t groups; // groups of channels that share their mean; 0: none
} means;

static bool is(czm_tensor t, czm_op_kind op) { return t.index == 0 && czm_node_is(t.node, op); }

static czm_tensor input(czm_tensor t, size_t i) { return t.node->inputs.items[i]; }

static bool read_number(const norm *n, czm_tensor t, double *number) {
    return czm_value_number(czm_value_of(n->shapes, t), number);
}

static bool is_plain_mean(const norm *n, czm_tensor t, means *m) {
    if (!is(t, CZM_OP_Mean)) return false;
    m->count = czm_value_ints(czm_value_of(n->shapes, input(t, 1)), m->axes, MOST_AXES);
    int rank = czm_shape_of(n->shapes, input(t, 0)).rank;
    m->of = input(t, 0);
    for (int i = 0; i < m->count; i++)
        if (m->axes[i] < 0) m->axes[i] += rank;
    return rank > 0 && m->count >= 0;
}

// [batch, 1, 1, channels] of the means by channel, which are averaged and repeated by groups.
static bool is_mean_of_groups(const norm *n, czm_tensor t, means *m) {
    means of_groups = {0};
    if (!is(t, CZM_OP_Reshape) || !is(input(t, 0), CZM_OP_Tile)) return false;
    czm_tensor repeated = input(input(t, 0), 0);
    if (!is_plain_mean(n, repeated, &of_groups) || !is(of_groups.of, CZM_OP_Reshape)) return false;
    czm_shape shape = czm_shape_of(n->shapes, of_groups.of);
    if (shape.rank != 3 || of_groups.count != 1 || of_groups.axes[0] != 2 || shape.dims[1] < 1)
        return false;
    m->groups = shape.dims[1];
    return is_plain_mean(n, input(of_groups.of, 0), m) &&
           !czm_attr_bool(input(of_groups.of, 0).node, "keep_dims");
}

static bool is_mean(const norm *n, czm_tensor t, means *m) {
    *m = (means){0};
    if (is_plain_mean(n, t, m)) return czm_attr_bool(t.node, "keep_dims");
    return is_mean_of_groups(n, t, m);
}

static bool are_alike(const means *a, const means *b) {
    bool same = a->count == b->count && a->groups == b->groups;
    for (int i = 0; same && i < a->count; i++) same = a->axes[i] == b->axes[i];
    return same;
}

// d * d
static bool is_square_of(const norm *n, czm_tensor t, czm_tensor d) {
    double exponent;
    if (is(t, CZM_OP_Square)) return czm_tensor_equal(input(t, 0), d);
    if (is(t, CZM_OP_Mul))
        return czm_tensor_equal(input(t, 0), d) && czm_tensor_equal(input(t, 1), d);
    return is(t, CZM_OP_Pow) && czm_tensor_equal(input(t, 0), d) &&
           read_number(n, input(t, 1), &exponent) && exponent == 2;
}

// The axes decide what kind it is.
static bool set_kind(norm *n, const means *m) {
    czm_shape shape = czm_shape_of(n->shapes, n->image);
    bool is_row = shape.rank > 1 && m->count == 1 && m->axes[0] == shape.rank - 1;
    bool is_image = shape.rank == 4 && m->count == 2 && m->axes[0] == 1 && m->axes[1] == 2;
    n->groups = is_row ? 0 : m->groups ? m->groups : is_image ? shape.dims[3] : 0;
    return is_row ? shape.dims[shape.rank - 1] > 0 && !m->groups : is_image && shape.dims[3] > 0;
}

// d = x - mean(x), variance = mean(d * d) + epsilon
static bool is_variance(norm *n, czm_tensor variance, czm_tensor d) {
    means of_image, of_squares;
    if (!is(variance, CZM_OP_AddV2) || !is(d, CZM_OP_Sub) ||
        !read_number(n, input(variance, 1), &n->epsilon))
        return false;
    n->image = input(d, 0);
    return is_mean(n, input(d, 1), &of_image) && czm_tensor_equal(of_image.of, n->image) &&
           is_mean(n, input(variance, 0), &of_squares) && is_square_of(n, of_squares.of, d) &&
           are_alike(&of_image, &of_squares) && set_kind(n, &of_image);
}

static bool is_inverse(norm *n, czm_tensor t, czm_tensor d) {
    return is(t, CZM_OP_Rsqrt) && is_variance(n, input(t, 0), d);
}

// d / deviation
static bool is_normal(norm *n, czm_tensor t) {
    if (is(t, CZM_OP_Mul)) return is_inverse(n, input(t, 1), input(t, 0));
    return is(t, CZM_OP_RealDiv) && is(input(t, 1), CZM_OP_Sqrt) &&
           is_variance(n, input(input(t, 1), 0), input(t, 0));
}

// One of the two operands, and the other one.
static bool is_scaled(norm *n, czm_tensor t) {
    if (!is(t, CZM_OP_Mul)) return false;
    for (size_t i = 0; i < 2; i++) {
        n->scale = input(t, 1 - i);
        if (is_normal(n, input(t, i))) return true;
    }
    czm_tensor factor = input(t, 1); // rsqrt(variance) * scale
    if (!is(factor, CZM_OP_Mul)) return false;
    n->scale = input(factor, 1);
    return is_inverse(n, input(factor, 0), input(t, 0));
}

// A number for each channel: [C], [1,1,C] ...
static bool is_vector(const norm *n, czm_tensor t) {
    czm_shape shape = czm_shape_of(n->shapes, t), image = czm_shape_of(n->shapes, n->image);
    bool is_last = shape.rank >= 1 && shape.rank <= image.rank &&
                   shape.dims[shape.rank - 1] == image.dims[image.rank - 1];
    for (int i = 0; i + 1 < shape.rank && is_last; i++) is_last = shape.dims[i] == 1;
    return is_last;
}

static bool find_norm(const czm_shapes *shapes, czm_node *node, norm *n) {
    *n = (norm){.shapes = shapes};
    if (!czm_node_is(node, CZM_OP_AddV2) || node->inputs.count != 2) return false;
    for (size_t i = 0; i < 2; i++) {
        n->shift = node->inputs.items[1 - i];
        if (is_scaled(n, node->inputs.items[i]))
            return is_vector(n, n->scale) && is_vector(n, n->shift) &&
                   czm_tensor_dtype(n->image) == CZM_DTYPE_FLOAT;
    }
    return false;
}

// In place, so that readers are unchanged.
static void join(czm_graph *graph, czm_node *node, const norm *n) {
    czm_build_anew(graph, node, CZM_OP_ClipByValue, CZM_INPUTS(n->image, n->scale, n->shift));
    czm_set_float(graph, node, "epsilon", (float)n->epsilon);
    czm_set_int(graph, node, CZM_ONNX_NORM_GROUPS, n->groups);
}

// By order: whether the output of a node reaches a product of matrices before an operation on images.
static bool *find_rows(const czm_graph *graph) {
    bool *is_row = CZM_NEW_ARRAY(graph->arena, bool, graph->nodes.count + 1);
    for (size_t i = graph->nodes.count; i-- > 0;) {
        const czm_node *node = graph->nodes.items[i];
        const czm_op_traits *traits = czm_node_traits(node);
        bool reaches = traits->multiplies || (is_row[node->order] && traits->keeps_rows);
        for (size_t k = 0; reaches && k < node->inputs.count; k++)
            is_row[node->inputs.items[k].node->order] = true;
    }
    return is_row;
}

bool czm_onnx_join_norms(czm_model *model, const czm_shapes *shapes) {
    czm_graph *graph = &model->main;
    size_t count = graph->nodes.count;
    const bool *is_row = find_rows(graph);
    bool is_changed = false;
    for (size_t i = 0; i < count; i++) {
        czm_node *node = graph->nodes.items[i];
        norm n;
        // Between convolutions the mean over channels stays a separate operation: a norm over rows would need
        // transpositions.
        if (!find_norm(shapes, node, &n)) continue;
        if (n.groups == 0 && !is_row[node->order] && czm_shape_of(shapes, n.image).rank == 4)
            continue;
        join(graph, node, &n);
        is_changed = true;
    }
    if (is_changed) czm_graph_sort(graph);
    return is_changed;
}
