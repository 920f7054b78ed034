// SPDX-License-Identifier: Apache-2.0
//
// The verdict on probabilities as text; see probability.h. The proof is in prover.c. If it ends at an op whose
// results are not probabilities in any trained network, the claim is refuted.
#include "analysis/probability.h"

#include "analysis/prover.h"
#include "graph/layer_name.h"

// What the last op of a proof means for the output. The remedies: softmax converts logits, the output of a linear
// layer, to probabilities, and logarithms of probabilities back to probabilities; after another activation it would
// compute values that the network was not trained for.
typedef struct end {
    const char *what; // NULL: nothing
    const char *remedy;
    bool is_squashing; // its values are in 0..1; later changes of them are not known
} end;

static const end ends[] = {
    [CZM_OP_SUMS] = {"not of a softmax", "softmax", false},
    [CZM_OP_ACTIVATIONS] = {"not of a softmax", NULL, false},
    [CZM_OP_LOGARITHMS] = {"which gives logarithms of probabilities", "softmax", false},
    [CZM_OP_LIKELIHOODS] = {"whose channels need not sum to 1", NULL, true},
    [CZM_OP_SHARES] = {"but along another axis than the last", NULL, true},
};

// Whether a tensor is a vector of weights, possibly reshaped.
static bool is_weights(const czm_shapes *shapes, czm_tensor tensor) {
    if (czm_shape_of(shapes, tensor).rank < 1) return false;
    while (tensor.node->inputs.count && (czm_node_kind(tensor.node) == CZM_OP_Cast ||
                                         czm_node_traits(tensor.node)->memory == CZM_OP_HANDS_ON))
        tensor = czm_handed_on(tensor);
    return czm_node_traits(tensor.node)->memory == CZM_OP_IS_WEIGHT;
}

static bool adds_bias(const czm_shapes *shapes, const czm_node *node) {
    czm_op_kind kind = czm_node_kind(node);
    if (kind != CZM_OP_Add && kind != CZM_OP_AddV2) return false;
    for (size_t i = 0; i < node->inputs.count; i++)
        if (is_weights(shapes, node->inputs.items[i])) return true;
    return false;
}

// The row for the op at which the proof of a claim ended, or NULL.
static const end *find_end(const czm_shapes *shapes, czm_claim claim) {
    const czm_node *node = claim.tensor.node;
    const end *found = &ends[adds_bias(shapes, node) ? CZM_OP_SUMS : czm_node_traits(node)->values];
    return !found->what || (claim.axis == 0 && found->is_squashing) ? NULL : found;
}

// A fixed kernel may blur probabilities, and a Relu does not change them, so neither refutes the claim.
static bool works_on_probabilities(czm_arena *arena, const czm_shapes *shapes,
                                   const czm_node *node) {
    for (size_t i = 0; i < node->inputs.count; i++) {
        czm_claim claim = {node->inputs.items[i], 1, 0, 0};
        if (czm_prove(arena, shapes, claim).is_proven) return true;
    }
    return false;
}

static const char *layer_of(czm_arena *arena, const czm_model *model, const czm_node *node) {
    return czm_layer_name(arena, node->name, model->layer_names);
}

static czm_probability refuse(const czm_node *node, const char *remedy, const char *finding) {
    return (czm_probability){CZM_REFUTED, node, finding, {remedy}};
}

static czm_probability undecided(czm_arena *arena, const czm_model *model, const czm_node *node) {
    const char *finding = czm_arena_format(
        arena,
        "the output comes from %s in layer \"%s\": it is not known whether its values are "
        "probabilities",
        node->op, layer_of(arena, model, node));
    return (czm_probability){CZM_UNDECIDED, node, finding, {NULL}};
}

static bool is_softmax(const czm_node *node) { return czm_node_is(node, CZM_OP_Softmax); }

// A softmax or a sigmoid of values from 0 to 1 gives formally correct probabilities with little contrast: for two
// classes, 0 and 1 become 0.27 and 0.73.
static czm_probability accept(czm_arena *arena, const czm_model *model, const czm_shapes *shapes,
                              const czm_node *node) {
    czm_probability result = {CZM_PROVEN, node, NULL, {NULL}};
    bool is_squashing = is_softmax(node) || czm_node_is(node, CZM_OP_Sigmoid);
    if (!is_squashing || node->inputs.count != 1) return result;
    czm_claim claim = {node->inputs.items[0], 0, 0, 1};
    if (!czm_prove(arena, shapes, claim).is_proven) return result;
    result.finding =
        czm_arena_format(arena,
                         "the %s in layer \"%s\" receives values from 0 to 1 instead of logits, so "
                         "the probabilities of all classes are nearly equal",
                         is_softmax(node) ? "softmax" : "sigmoid", layer_of(arena, model, node));
    return result;
}

// Whether the last op of the proof gives logits, for a softmax or, with one channel, a sigmoid.
static bool gives_logits(const end *found) { return found && found->remedy; }

static czm_probability judge_one_channel(czm_arena *arena, const czm_shapes *shapes,
                                         czm_tensor output) {
    czm_ruling sum = czm_prove(arena, shapes, (czm_claim){output, 1, 0, 0});
    if (sum.is_proven)
        return refuse(sum.last.tensor.node, NULL,
                      "the output has one channel, and a softmax over one channel is 1 everywhere");
    czm_ruling unit = czm_prove(arena, shapes, (czm_claim){output, 0, 0, 1});
    const czm_node *node = unit.last.tensor.node;
    const end *found = unit.is_proven ? NULL : find_end(shapes, unit.last);
    if (!found)
        return refuse(node, unit.is_proven ? "sigmoid-to-softmax" : NULL,
                      "the output has one channel: a single probability does not sum to 1");
    czm_probability result = refuse(
        node, gives_logits(found) ? "sigmoid" : NULL,
        czm_arena_format(arena,
                         "the output has one channel, the result of %s, not of a sigmoid, and a "
                         "single probability would not sum to 1",
                         node->op));
    if (result.remedies[0]) result.remedies[1] = "sigmoid-to-softmax";
    return result;
}

static czm_probability judge_channels(czm_arena *arena, const czm_model *model,
                                      const czm_shapes *shapes, czm_tensor output) {
    czm_ruling ruling = czm_prove(arena, shapes, (czm_claim){output, 1, 0, 0});
    const czm_node *node = ruling.last.tensor.node;
    if (ruling.is_proven) return accept(arena, model, shapes, node);
    const end *found = find_end(shapes, ruling.last);
    if (!found || works_on_probabilities(arena, shapes, node)) return undecided(arena, model, node);
    bool is_of_pair = ruling.last.axis == 0; // p in [p, 1 - p] is no probability
    return refuse(node, is_of_pair ? NULL : found->remedy,
                  czm_arena_format(arena, "the output is the result of %s, %s", node->op,
                                   is_of_pair ? "not of a sigmoid" : found->what));
}

// For a multi-class segmentation: independent values from 0 to 1.
static czm_probability judge_values(czm_arena *arena, const czm_model *model,
                                    const czm_shapes *shapes, czm_tensor output) {
    czm_ruling ruling = czm_prove(arena, shapes, (czm_claim){output, 0, 0, 1});
    const czm_node *node = ruling.last.tensor.node;
    if (ruling.is_proven) return accept(arena, model, shapes, node);
    const end *found = find_end(shapes, ruling.last);
    if (!found) return undecided(arena, model, node);
    return refuse(node, gives_logits(found) ? "sigmoid" : NULL,
                  czm_arena_format(arena,
                                   "the output is the result of %s, not of a sigmoid: its values "
                                   "are not limited to 0 to 1",
                                   node->op));
}

// The last dimension: as inferred, else as in the signature.
static int64_t count_channels(czm_arena *arena, const czm_model *model, czm_shape inferred) {
    czm_shape declared = czm_shape_read(arena, model->output_shape);
    int64_t channels = inferred.rank > 0 ? inferred.dims[inferred.rank - 1] : CZM_UNKNOWN;
    if (channels != CZM_UNKNOWN || declared.rank <= 0) return channels;
    return declared.dims[declared.rank - 1];
}

static czm_probability judge_sum(czm_arena *arena, const czm_model *model, const czm_shapes *shapes,
                                 czm_tensor output, int64_t channels) {
    if (channels == 1) return judge_one_channel(arena, shapes, output);
    czm_probability result = judge_channels(arena, model, shapes, output);
    if (result.proof == CZM_PROVEN && channels == CZM_UNKNOWN)
        return (czm_probability){CZM_UNDECIDED,
                                 result.node,
                                 "the number of output channels is not known",
                                 {NULL}};
    return result;
}

czm_probability czm_probability_of(czm_arena *arena, const czm_model *model,
                                   const czm_shapes *shapes, bool sums_to_one) {
    const czm_port *output = &model->main.outputs.items[0];
    czm_shape shape = czm_shape_of(shapes, output->tensor);
    int64_t channels = count_channels(arena, model, shape);
    czm_probability result = sums_to_one ? judge_sum(arena, model, shapes, output->tensor, channels)
                                         : judge_values(arena, model, shapes, output->tensor);
    // The steps work on float32 images.
    bool is_image = shape.rank == 4 || shape.rank == 5;
    if (!is_image || output->dtype != CZM_DTYPE_FLOAT) result.remedies[0] = NULL;
    return result;
}
