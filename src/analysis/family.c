// SPDX-License-Identifier: Apache-2.0
//
// The table of families; see family.h. Sources: csbdeep/internals/blocks.py (unet_block) and
// csbdeep/data/prepare.py (PercentileNormalizer), n2v/models/n2v_standard.py, stardist/models/model2d.py,
// cellpose/resnet_torch.py (CPnet), cellpose/vit.py (Transformer) and
// cellpose/transforms.py (normalize99).
#include "analysis/family.h"

#include "base/list.h"

#define LIMITS "normalize=LOW,HIGH"
#define MEANS "standardize=MEAN,DEVIATION"

static const czm_family families[] = {
    {"StarDist",
     {"prob", "dist"},
     false,
     "StarDist scales each image between its percentiles 1 and 99.8",
     LIMITS,
     "an object probability and distances to the object's edge"},
    {"Cellpose",
     {"res_down_0", "res_up_0"},
     false,
     "Cellpose scales each image between its percentiles 1 and 99",
     LIMITS,
     "flows and a cell probability"},
    {"Cellpose",
     {"patch_embed", "W2"},
     false,
     "Cellpose scales each image between its percentiles 1 and 99",
     LIMITS,
     "flows and a cell probability"},
    {"Noise2Void",
     {"channel_0down_level_0_no_0", "channel_0up_level_0_no_0"},
     true,
     "Noise2Void subtracts the means and divides by the standard deviations in its config.json",
     MEANS,
     "an image"},
    {"CSBDeep",
     {"down_level_0_no_0", "up_level_0_no_0"},
     true,
     "CSBDeep scales each image between two of its percentiles (CARE: 3 and 99.8)",
     LIMITS,
     "an image"},
};

// Whether a component of a name (between slashes, dots or colons) is this layer.
static bool has_layer(const char *name, const char *layer, bool may_have_prefix) {
    size_t wanted = strlen(layer);
    for (size_t size; *name; name += size + (name[size] != '\0')) {
        size = strcspn(name, "/.:");
        bool fits = size == wanted || (may_have_prefix && size > wanted);
        if (fits && memcmp(name + size - wanted, layer, wanted) == 0) return true;
    }
    return false;
}

static bool is_there(const czm_family *f, const char *layer, const char *const *names,
                     size_t count) {
    for (size_t i = 0; i < count; i++)
        if (has_layer(names[i], layer, f->may_have_prefix)) return true;
    return false;
}

const czm_family *czm_family_of(const char *const *names, size_t count) {
    for (size_t i = 0; i < CZM_COUNT_OF(families); i++) {
        const czm_family *f = &families[i];
        if (is_there(f, f->layers[0], names, count) && is_there(f, f->layers[1], names, count))
            return f;
    }
    return NULL;
}
