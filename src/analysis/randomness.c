// SPDX-License-Identifier: Apache-2.0
//
// Finding ops that draw random numbers; see randomness.h.
#include "analysis/randomness.h"

// From TensorFlow's op registries: random_ops.cc, stateful_random_ops.cc, stateless_random_ops*.cc,
// candidate_sampling_ops.cc and nn_ops.cc (fractional pooling chooses its regions at random). The
// stateless ones count, for their seed is drawn too, or every tile gets the same noise.
static const char *const random_ops[] = {
    "AllCandidateSampler",
    "FixedUnigramCandidateSampler",
    "FractionalAvgPool",
    "FractionalMaxPool",
    "LearnedUnigramCandidateSampler",
    "LogUniformCandidateSampler",
    "Multinomial",
    "NonDeterministicInts",
    "ParameterizedTruncatedNormal",
    "RandomCrop",
    "RandomGamma",
    "RandomIndexShuffle",
    "RandomPoisson",
    "RandomPoissonV2",
    "RandomShuffle",
    "RandomStandardNormal",
    "RandomUniform",
    "RandomUniformInt",
    "RiscRandomUniform",
    "SampleDistortedBoundingBox",
    "SampleDistortedBoundingBoxV2",
    "StatefulRandomBinomial",
    "StatefulStandardNormal",
    "StatefulStandardNormalV2",
    "StatefulTruncatedNormal",
    "StatefulUniform",
    "StatefulUniformFullInt",
    "StatefulUniformInt",
    "StatelessMultinomial",
    "StatelessParameterizedTruncatedNormal",
    "StatelessRandomBinomial",
    "StatelessRandomGammaV2",
    "StatelessRandomGammaV3",
    "StatelessRandomNormal",
    "StatelessRandomNormalV2",
    "StatelessRandomPoisson",
    "StatelessRandomUniform",
    "StatelessRandomUniformFullInt",
    "StatelessRandomUniformFullIntV2",
    "StatelessRandomUniformInt",
    "StatelessRandomUniformIntV2",
    "StatelessRandomUniformV2",
    "StatelessSampleDistortedBoundingBox",
    "StatelessShuffle",
    "StatelessTruncatedNormal",
    "StatelessTruncatedNormalV2",
    "ThreadUnsafeUnigramCandidateSampler",
    "TruncatedNormal",
    "UniformCandidateSampler",
    "XlaRngBitGenerator",
};

static bool draws(const czm_node *node) {
    for (size_t i = 0; i < CZM_COUNT_OF(random_ops); i++)
        if (czm_node_is(node, random_ops[i])) return true;
    return false;
}

static void collect(czm_arena *arena, const czm_graph *graph, czm_node_list *found) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (draws(graph->nodes.items[i])) *CZM_APPEND(arena, found) = graph->nodes.items[i];
}

czm_node_list czm_random_nodes(czm_arena *arena, const czm_model *model) {
    czm_node_list found = {0};
    collect(arena, &model->main, &found);
    for (size_t i = 0; i < model->functions.count; i++)
        collect(arena, model->functions.items[i], &found);
    return found;
}
