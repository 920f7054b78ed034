// SPDX-License-Identifier: Apache-2.0
//
// Shared by spatial.c and the functions of the kinds: a node that contains sizes as numbers, and the edit.
#ifndef CZM_EDIT_BAKED_H
#define CZM_EDIT_BAKED_H

#include "edit/spatial.h"

enum { CZM_MOST_SIZES = 16 };

// The value of a small tensor of integers.
typedef struct czm_sizes {
    size_t count;
    bool is_known[CZM_MOST_SIZES];
    int64_t values[CZM_MOST_SIZES];
} czm_sizes;

typedef struct czm_editor {
    czm_context *context;
    czm_model *model;
    const czm_baked_list *baked;
    czm_name_table
        maps; // of the nodes in it, by the old height and width of their images: czm_baked_list
    const czm_shapes *shapes; // of the latest round, for a small batch
    czm_arena *probing;       // of the shapes of a probe
    czm_layer_names names;
    czm_shape old_input; // of the joined model: the shape of its input
    int64_t height, width;
    bool is_changed; // a node reads other sizes since the latest inference
} czm_editor;

typedef struct czm_baked_kind {
    czm_op_kind op;
    size_t image, sizes; // inputs
    czm_status (*recompute)(czm_editor *e, czm_baked *b, czm_shape image,
                            const czm_sizes *now); // NULL: the op has no input for sizes
} czm_baked_kind;

// If the batch is open, shapes are those for a small batch.
struct czm_baked {
    const czm_baked_kind *kind;
    czm_node *node;
    czm_shape image;  // the old shape of the node's input
    czm_shape result; // and of its output
    czm_shape more_image,
        more_result;     // the same for another batch: different dimensions follow the batch
    czm_tensor input;    // the input of the part that the node is of
    czm_shape old_input; // its old shape
    czm_sizes sizes;     // the old values; the values that the exporter stored are known
    czm_node *partner;   // SpaceToBatchND: the BatchToSpaceND that undoes it
    czm_sizes crops;     // its old crops
    int64_t windows
        [2]; // pools: the number of windows along rows and columns that divide the map; 0: not divided
    bool
        is_adaptive; // a pool whose windows divide the map, beside another one that covers the whole map
    bool keeps_batch; // as many images came out as went in
    bool is_done;
};

czm_sizes czm_sizes_read(const czm_shapes *shapes, czm_tensor tensor);
bool czm_sizes_equal(const czm_sizes *a, const czm_sizes *b);

// A Const of integers.
czm_tensor czm_baked_ints(czm_editor *e, const czm_node *node, czm_dtype dtype,
                          const int64_t *values, const int64_t *dims, size_t rank);

// Replaces the sizes that a node reads. Sizes that are only known when it runs (the batch) still come from the old
// tensor.
void czm_baked_replace(czm_editor *e, czm_node *node, size_t input, const czm_sizes *fresh);

CZM_PRINTF(3, 4)
czm_status czm_baked_refuse(czm_editor *e, const czm_node *node, const char *format, ...);

// Reports an assumption.
CZM_PRINTF(3, 4)
void czm_baked_assume(czm_editor *e, const czm_node *node, const char *format, ...);

// The new value of a number that followed the part's height (axis 1) or width (axis 2); false: it would not be an
// integer.
bool czm_baked_scale(const czm_editor *e, const czm_baked *b, int axis, int64_t old,
                     int64_t *fresh);

// Sorts the nodes by the old sizes of their images, for the functions below.
void czm_baked_sort_maps(czm_editor *e);

// A map of the part that had this height and width, and has others now; false: there is none.
bool czm_baked_find_map(const czm_editor *e, const czm_baked *b, const int64_t old[2],
                        int64_t fresh[2]);

// The new values of a height and a width of the part, like those of a map of this size or of the input.
bool czm_baked_scale_pair(const czm_editor *e, const czm_baked *b, const int64_t old[2],
                          int64_t fresh[2]);

// Sets `windows` of a node that is being recorded.
void czm_baked_count_windows(czm_baked *b);
// Whether one of them covers the whole map.
bool czm_baked_covers_map(const czm_baked *b);

// ---- the kinds

extern const czm_baked_kind czm_baked_kinds[CZM_OP_KIND_COUNT];

czm_status czm_baked_reshape(czm_editor *e, czm_baked *b, czm_shape image, const czm_sizes *now);

#endif
