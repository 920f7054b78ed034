// SPDX-License-Identifier: Apache-2.0
//
// Sizes as tensors, and the new values of numbers that followed the height or width; see baked.h.
#include "edit/baked.h"

#include "graph/build.h"

#include "graph/layer_name.h"
#include "op/number.h"

czm_status czm_baked_refuse(czm_editor *e, const czm_node *node, const char *format, ...) {
    czm_arena *arena = e->context->arena;
    va_list arguments;
    va_start(arguments, format);
    const char *text = czm_arena_vformat(arena, format, arguments);
    va_end(arguments);
    return czm_report_add(e->context->report, CZM_RULE_SPATIAL_DIMS,
                          czm_arena_format(arena, "layer \"%s\"",
                                           czm_layer_name(arena, node->name, e->names)),
                          NULL, "at height %lld and width %lld, %s", (long long)e->height,
                          (long long)e->width, text);
}

// ---- sizes as tensors

czm_sizes czm_sizes_read(const czm_shapes *shapes, czm_tensor tensor) {
    czm_sizes s = {0};
    czm_value value = czm_value_of(shapes, tensor);
    if (!value.elements || value.count > CZM_MOST_SIZES) return s;
    s.count = value.count;
    for (size_t i = 0; i < s.count; i++) {
        s.is_known[i] = value.elements[i].is_known;
        s.values[i] = s.is_known[i] ? czm_number_to_int(value.elements[i].number) : CZM_UNKNOWN;
    }
    return s;
}

bool czm_sizes_equal(const czm_sizes *a, const czm_sizes *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->is_known[i] != b->is_known[i] || (a->is_known[i] && a->values[i] != b->values[i]))
            return false;
    return true;
}

czm_tensor czm_baked_ints(czm_editor *e, const czm_node *node, czm_dtype dtype,
                          const int64_t *values, const int64_t *dims, size_t rank) {
    czm_buffer content = czm_buffer_in(e->context->arena);
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) count *= (size_t)dims[i];
    for (size_t i = 0; i < count; i++)
        czm_put_raw_le(&content, (uint64_t)values[i], czm_dtype_size(dtype));
    return czm_add_const(&e->model->main,
                         czm_arena_format(e->context->arena, "%s/size", node->name), dtype,
                         czm_buffer_bytes(&content), dims, rank);
}

static czm_tensor add_ints(czm_editor *e, const czm_node *node, int32_t value) {
    return czm_add_const_ints(&e->model->main,
                              czm_arena_format(e->context->arena, "%s/size/part", node->name),
                              &value, 1, false);
}

// Element `index` of the tensor, as a vector of one.
static czm_tensor slice_one(czm_editor *e, const czm_node *node, czm_tensor tensor, size_t index) {
    const char *name = czm_arena_format(e->context->arena, "%s/size/kept", node->name);
    czm_node *slice =
        czm_build_node(&e->model->main, name, CZM_OP_StridedSlice,
                       CZM_INPUTS(tensor, add_ints(e, node, (int32_t)index),
                                  add_ints(e, node, (int32_t)index + 1), add_ints(e, node, 1)));
    return czm_output(slice);
}

void czm_baked_replace(czm_editor *e, czm_node *node, size_t input, const czm_sizes *fresh) {
    e->is_changed = true;
    czm_tensor old = node->inputs.items[input];
    czm_dtype dtype = czm_tensor_dtype(old);
    const int64_t count = (int64_t)fresh->count, one = 1;
    bool is_complete = true;
    for (size_t i = 0; i < fresh->count; i++) is_complete &= fresh->is_known[i];
    if (is_complete) {
        node->inputs.items[input] = czm_baked_ints(e, node, dtype, fresh->values, &count, 1);
        return;
    }
    czm_arena *arena = e->context->arena;
    czm_graph *graph = &e->model->main;
    czm_tensor *parts = CZM_NEW_ARRAY(arena, czm_tensor, fresh->count + 1);
    for (size_t i = 0; i < fresh->count; i++)
        parts[i] = fresh->is_known[i] ? czm_baked_ints(e, node, dtype, &fresh->values[i], &one, 1)
                                      : slice_one(e, node, old, i);
    const int32_t axis = 0;
    parts[fresh->count] = czm_add_const_ints(graph,
                                             czm_arena_format(arena, "%s/size/axis", node->name),
                                             &axis, 1, true);
    node->inputs.items[input] =
        czm_output(czm_build_node(graph, czm_arena_format(arena, "%s/size", node->name),
                                  CZM_OP_ConcatV2, parts, fresh->count + 1));
}

void czm_baked_assume(czm_editor *e, const czm_node *node, const char *format, ...) {
    czm_arena *arena = e->context->arena;
    va_list arguments;
    va_start(arguments, format);
    const char *text = czm_arena_vformat(arena, format, arguments);
    va_end(arguments);
    czm_report_add(e->context->report, CZM_RULE_SPATIAL_ASSUMPTION,
                   czm_arena_format(arena, "layer \"%s\"",
                                    czm_layer_name(arena, node->name, e->names)),
                   "if the layer must always give its old size, do not change the network's", "%s",
                   text);
}

// ---- numbers that follow the input

bool czm_baked_scale(const czm_editor *e, const czm_baked *b, int axis, int64_t old,
                     int64_t *fresh) {
    czm_shape now = czm_shape_of(e->shapes, b->input);
    if (now.rank != 4 || b->old_input.rank != 4) return false;
    int64_t from = b->old_input.dims[axis], product = czm_dim_multiply(old, now.dims[axis]);
    if (from <= 0 || product == CZM_UNKNOWN || product % from != 0) return false;
    *fresh = product / from;
    return true;
}

static czm_bytes size_key(const int64_t size[2]) { return czm_bytes_of(size, 2 * sizeof *size); }

void czm_baked_sort_maps(czm_editor *e) {
    czm_arena *arena = e->context->arena;
    for (size_t i = 0; i < e->baked->count; i++) {
        czm_baked *b = e->baked->items[i];
        if (b->image.rank < 3) continue;
        czm_name_slot *slot = czm_name_slot_for(arena, &e->maps, size_key(b->image.dims + 1));
        if (!slot->value) slot->value = CZM_NEW(arena, czm_baked_list);
        *CZM_APPEND(arena, (czm_baked_list *)slot->value) = b;
    }
}

bool czm_baked_find_map(const czm_editor *e, const czm_baked *b, const int64_t old[2],
                        int64_t fresh[2]) {
    czm_shape input = czm_shape_of(e->shapes, b->input);
    if (b->old_input.rank == 4 && input.rank == 4 && b->old_input.dims[1] == old[0] &&
        b->old_input.dims[2] == old[1]) {
        memcpy(fresh, input.dims + 1, 2 * sizeof *fresh);
        return true;
    }
    const czm_baked_list *maps = czm_name_find(&e->maps, size_key(old));
    for (size_t i = 0; maps && i < maps->count; i++) {
        const czm_baked *other = maps->items[i];
        czm_work(e->context->arena, 1, "maps of the same size");
        if (!czm_tensor_equal(other->input, b->input)) continue;
        czm_shape now = czm_shape_of(e->shapes, other->node->inputs.items[other->kind->image]);
        if (now.rank != other->image.rank || now.dims[1] == CZM_UNKNOWN ||
            now.dims[2] == CZM_UNKNOWN)
            continue;
        fresh[0] = now.dims[1];
        fresh[1] = now.dims[2];
        if (fresh[0] != old[0] || fresh[1] != old[1]) return true;
    }
    return false;
}

bool czm_baked_scale_pair(const czm_editor *e, const czm_baked *b, const int64_t old[2],
                          int64_t fresh[2]) {
    int64_t pair[2] = {old[0], old[1]};
    bool is_map = czm_baked_find_map(e, b, old, pair);
    if (!is_map &&
        !(czm_baked_scale(e, b, 1, old[0], &pair[0]) && czm_baked_scale(e, b, 2, old[1], &pair[1])))
        return false;
    // A map that is larger than the input along one side alone is none.
    if (!is_map && (old[0] > b->old_input.dims[1]) != (old[1] > b->old_input.dims[2])) return false;
    memcpy(fresh, pair, sizeof pair);
    return true;
}
