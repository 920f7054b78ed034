// SPDX-License-Identifier: Apache-2.0
//
// Channels-first ops: most CPU kernels of TensorFlow 2.0.0 do not support NCHW. The op is computed channels last
// between two transposes. MaxPoolV2, whose windows are inputs, first becomes MaxPool.
#include "passes/lower.h"
#include "view/window.h"

// Which input is the image, and which one a list of its sizes.
typedef struct layout_op {
    czm_op_kind op;
    bool has_layout;
    size_t image;
    int sizes; // -1: none
} layout_op;

static const layout_op rows[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define LAYOUT(a, b) .has_layout = true, .image = a, .sizes = b,
#include "op/ops.def"
};

// Attributes that may have an entry per dimension.
static const char *const attrs_by_dimension[] = {"strides", "dilations", "ksize"};

enum { HIGHEST_RANK = 5 };

// The rank that the layout's name implies: "NCHW" has four letters. 0: not channels-first. BiasAdd uses NCHW for
// every rank.
static int channels_first_rank(const czm_lowering *l, const czm_node *node) {
    if (!czm_is_channels_first(node) || node->inputs.count == 0) return 0;
    if (czm_node_is(node, CZM_OP_BiasAdd)) {
        int rank = czm_lower_shape(l, node->inputs.items[0]).rank;
        return rank == CZM_UNKNOWN ? 4 : rank;
    }
    return (int)czm_attr_string(node, "data_format").size;
}

// Keras 2 writes LayerNormalization as a norm with the statistics of the image itself: there is no convolution, and
// no norm of ONNX needs the layout.
static bool stays_for_onnx(const czm_lowering *l, const czm_node *node) {
    return l->target == CZM_FOR_ONNX && czm_attr_bool(node, "is_training");
}

bool czm_layout_applies(czm_lowering *l, czm_node *node) {
    const layout_op *row = &rows[czm_node_kind(node)];
    if (!row->has_layout || row->image >= node->inputs.count || stays_for_onnx(l, node))
        return false;
    int rank = channels_first_rank(l, node);
    return rank >= 3 && rank <= HIGHEST_RANK;
}

// The permutations from channels first to channels last, and back.
static void permutations(int rank, int32_t *to_last, int32_t *to_first) {
    for (int i = 0; i < rank; i++) {
        to_last[i] = i == 0 ? 0 : i == rank - 1 ? 1 : i + 1;
        to_first[to_last[i]] = i;
    }
}

static void permute_attr(czm_lowering *l, czm_node *node, const char *name, int rank,
                         const int32_t *order) {
    int64_t values[HIGHEST_RANK], permuted[HIGHEST_RANK];
    if (!czm_node_has_attr(node, name)) return; // the default is the same in every dimension
    if (czm_attr_ints(node, name, values, HIGHEST_RANK) != (size_t)rank) return;
    for (int i = 0; i < rank; i++) permuted[i] = values[order[i]];
    czm_set_ints(l->graph, node, name, permuted, (size_t)rank);
}

// explicit_paddings has two entries a dimension.
static void permute_paddings(czm_lowering *l, czm_node *node, int rank, const int32_t *order) {
    int64_t values[2 * HIGHEST_RANK], permuted[2 * HIGHEST_RANK];
    size_t count = 2 * (size_t)rank;
    if (czm_attr_ints(node, "explicit_paddings", values, count) != count) return;
    for (int i = 0; i < rank; i++) {
        permuted[2 * i] = values[2 * order[i]];
        permuted[2 * i + 1] = values[2 * order[i] + 1];
    }
    czm_set_ints(l->graph, node, "explicit_paddings", permuted, count);
}

// Sizes of the whole image are reordered; sizes of height and width alone are not.
static czm_tensor permuted_sizes(czm_lowering *l, const czm_node *node, czm_tensor sizes, int rank,
                                 czm_tensor order) {
    czm_shape shape = czm_lower_shape(l, sizes);
    if (shape.rank == 1 && shape.dims[0] != CZM_UNKNOWN && shape.dims[0] != rank) return sizes;
    czm_tensor axis = czm_lower_int(l, node, "sizes/axis", 0);
    return czm_output(
        czm_lower_add(l, node, "sizes", CZM_OP_GatherV2, CZM_INPUTS(sizes, order, axis)));
}

void czm_layout_rewrite(czm_lowering *l, czm_node *node) {
    const layout_op *row = &rows[czm_node_kind(node)];
    int rank = channels_first_rank(l, node);
    int32_t to_last[HIGHEST_RANK], to_first[HIGHEST_RANK];
    permutations(rank, to_last, to_first);

    czm_node *core = czm_lower_split(l, node, "channels_last");
    czm_tensor last = czm_lower_ints(l, node, "to_last", to_last, (size_t)rank);
    czm_tensor first = czm_lower_ints(l, node, "to_first", to_first, (size_t)rank);
    czm_tensor *image = &core->inputs.items[row->image];
    *image =
        czm_output(czm_lower_add(l, node, "input", CZM_OP_Transpose, CZM_INPUTS(*image, last)));
    if (row->sizes >= 0)
        core->inputs.items[row->sizes] =
            permuted_sizes(l, node, core->inputs.items[row->sizes], rank, last);
    for (size_t i = 0; i < CZM_COUNT_OF(attrs_by_dimension); i++)
        permute_attr(l, core, attrs_by_dimension[i], rank, to_last);
    permute_paddings(l, core, rank, to_last);
    czm_set_string(l->graph, core, "data_format",
                   rank == 5 && !czm_node_is(core, CZM_OP_BiasAdd) ? "NDHWC" : "NHWC");

    czm_build_anew(l->graph, node, CZM_OP_Transpose, CZM_INPUTS(czm_output(core), first));
}

// ---- windows that are inputs

enum { WINDOW_DIMS = 4 };

static bool read_window(const czm_lowering *l, czm_tensor tensor, int64_t window[WINDOW_DIMS]) {
    return czm_value_ints(czm_lower_value(l, tensor), window, WINDOW_DIMS) == WINDOW_DIMS;
}

bool czm_constant_windows_applies(czm_lowering *l, czm_node *node) {
    int64_t window[WINDOW_DIMS];
    return node->inputs.count == 3 && read_window(l, node->inputs.items[1], window) &&
           read_window(l, node->inputs.items[2], window);
}

void czm_constant_windows_rewrite(czm_lowering *l, czm_node *node) {
    static const char *const attrs[] = {"ksize", "strides"};
    for (size_t i = 0; i < CZM_COUNT_OF(attrs); i++) {
        int64_t window[WINDOW_DIMS];
        read_window(l, node->inputs.items[1 + i], window);
        czm_set_ints(l->graph, node, attrs[i], window, WINDOW_DIMS);
    }
    node->inputs.count = 1;
    czm_node_become(l->graph, node, CZM_OP_MaxPool);
}
