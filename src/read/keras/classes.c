// SPDX-License-Identifier: Apache-2.0
//
// The table of layers, the messages for those that cannot be converted, and the names of classes.
#include "read/keras/layers.h"

static const czm_keras_class classes[] = {
#define LAYER(name, rank, weights, detail, function) \
    {name, weights, czm_keras_build_##function, detail, rank},
#include "read/keras/layers.def"
#undef LAYER
};

// Layers of Keras that a CZModel cannot contain.
typedef struct refusal {
    const char *name, *why, *hint;
} refusal;

#define FOR_SEQUENCES \
    "layers for sequences are not supported: a CZModel contains a network for images"
#define FOREIGN "the layer belongs to another library: the file contains only its name"
#define PREPROCESSING                                                                         \
    "layers that prepare text or tables are not supported: a CZModel contains a network for " \
    "images"
#define FOR_SOUND "layers for sound are not supported: a CZModel contains a network for images"
#define WITHOUT_IT "build the network without the layer, or save it as a SavedModel"

static const refusal refusals[] = {
    {"Lambda", "the layer contains Python code, which czmodel never runs",
     "replace it by a layer of Keras: scaling is Rescaling, or a step that scales before the "
     "network; or "
     "save the model as a SavedModel"},
    {"LSTM", FOR_SEQUENCES, WITHOUT_IT},
    {"GRU", FOR_SEQUENCES, WITHOUT_IT},
    {"SimpleRNN", FOR_SEQUENCES, WITHOUT_IT},
    {"RNN", FOR_SEQUENCES, WITHOUT_IT},
    {"Bidirectional", FOR_SEQUENCES, WITHOUT_IT},
    {"CuDNNLSTM", FOR_SEQUENCES, WITHOUT_IT},
    {"CuDNNGRU", FOR_SEQUENCES, WITHOUT_IT},
    {"StackedRNNCells", FOR_SEQUENCES, WITHOUT_IT},
    {"LSTMCell", FOR_SEQUENCES, WITHOUT_IT},
    {"GRUCell", FOR_SEQUENCES, WITHOUT_IT},
    {"SimpleRNNCell", FOR_SEQUENCES, WITHOUT_IT},
    {"Embedding", FOR_SEQUENCES, WITHOUT_IT},
    {"Masking", FOR_SEQUENCES, WITHOUT_IT},
    {"Attention", FOR_SEQUENCES, WITHOUT_IT},
    {"AdditiveAttention", FOR_SEQUENCES, WITHOUT_IT},
    {"GroupQueryAttention", FOR_SEQUENCES, WITHOUT_IT},
    {"GroupedQueryAttention", FOR_SEQUENCES, WITHOUT_IT},
    {"ReversibleEmbedding", FOR_SEQUENCES, WITHOUT_IT},
    {"TFSMLayer", FOREIGN, WITHOUT_IT},
    {"TorchModuleWrapper", FOREIGN, WITHOUT_IT},
    {"JaxLayer", FOREIGN, WITHOUT_IT},
    {"FlaxLayer", FOREIGN, WITHOUT_IT},
    {"MelSpectrogram", FOR_SOUND, WITHOUT_IT},
    {"STFTSpectrogram", FOR_SOUND, WITHOUT_IT},
    {"CategoryEncoding", PREPROCESSING, WITHOUT_IT},
    {"DenseFeatures", PREPROCESSING, WITHOUT_IT},
    {"Discretization", PREPROCESSING, WITHOUT_IT},
    {"HashedCrossing", PREPROCESSING, WITHOUT_IT},
    {"Hashing", PREPROCESSING, WITHOUT_IT},
    {"IntegerLookup", PREPROCESSING, WITHOUT_IT},
    {"StringLookup", PREPROCESSING, WITHOUT_IT},
    {"TextVectorization", PREPROCESSING, WITHOUT_IT},
};

const czm_keras_class *czm_keras_class_find(const char *name) {
    for (size_t i = 0; i < CZM_COUNT_OF(classes); i++)
        if (czm_text_equal(classes[i].name, name)) return &classes[i];
    return NULL;
}

const char *czm_keras_class_refusal(const char *name, const char **hint) {
    for (size_t i = 0; i < CZM_COUNT_OF(refusals); i++) {
        if (!czm_text_equal(refusals[i].name, name)) continue;
        *hint = refusals[i].hint;
        return refusals[i].why;
    }
    return NULL;
}

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

const char *czm_keras_snake_case(czm_arena *arena, const char *name) {
    size_t size = strlen(name), at = 0;
    char *out = czm_arena_alloc(arena, 2 * size + 1);
    for (size_t i = 0; i < size; i++) {
        bool begins_word = i && is_upper(name[i]) &&
                           (is_lower(name[i + 1]) || is_lower(name[i - 1]));
        if (begins_word && out[at - 1] != '_') out[at++] = '_';
        out[at++] = is_upper(name[i]) ? (char)(name[i] - 'A' + 'a') : name[i];
    }
    return out;
}
