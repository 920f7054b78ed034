// SPDX-License-Identifier: Apache-2.0
//
// The order of the work; see rounds.h. The size of a node's input is final when no node before it still has to be
// computed. So there are rounds: each computes every node whose input is final, and then infers the shapes that this
// changes. A node is looked at when its last input becomes final, so that the cost does not depend on the number of
// rounds, which is that of such nodes in the longest chain.
#include "edit/rounds.h"

#include <string.h>

// A node, by its position in the graph.
typedef struct place {
    czm_node *node;
    czm_node_list readers; // a reader occurs once for each input
    uint32_t waits;        // inputs that are not final
    uint32_t uses;         // readers, controls and ends; 0: the graph does not need it
    bool is_final;
} place;

// A set of positions, whose first member is found quickly.
typedef CZM_LIST(uint8_t) position_set;

// The inputs of a node before it is computed again.
typedef struct change {
    czm_node *node;
    czm_tensor_list before;
    bool is_partner; // it changes with a node before it
} change;

typedef struct rounds {
    czm_editor *e;
    czm_arena *arena; // of the shapes and the places
    czm_shapes *shapes;
    CZM_LIST(place) places;
    position_set due;         // nodes whose inputs are final
    position_set stale;       // nodes whose shapes are inferred again
    CZM_LIST(change) changes; // of the round
    czm_node_list unused;
    bool has_loops; // then all shapes are inferred again
} rounds;

// ---- sets of positions

static bool take_first(position_set *set, size_t from, size_t *position) {
    uint8_t *found = from < set->count ? memchr(set->items + from, true, set->count - from) : NULL;
    if (!found) return false;
    *found = false;
    *position = (size_t)(found - set->items);
    return true;
}

static size_t position_of(const czm_node *node) { return node->order - 1; }

static place *place_of(rounds *r, const czm_node *node) {
    return &r->places.items[position_of(node)];
}

// ---- which nodes are final

static void settle(rounds *r, size_t position) {
    place *p = &r->places.items[position];
    if (p->is_final) return;
    p->is_final = true;
    for (size_t i = 0; i < p->readers.count; i++) {
        const czm_node *reader = p->readers.items[i];
        bool is_behind = reader->order && position_of(reader) > position; // not in a loop
        place *waiting = is_behind ? place_of(r, reader) : NULL;
        if (waiting && waiting->waits && --waiting->waits == 0)
            r->due.items[position_of(reader)] = true;
    }
}

static void use(rounds *r, const czm_node *node) { place_of(r, node)->uses++; }

static void add_reader(rounds *r, czm_node *node, czm_node *reader) {
    *CZM_APPEND(r->arena, &place_of(r, node)->readers) = reader;
    use(r, node);
}

static void add_place(rounds *r, czm_node *node) {
    CZM_APPEND(r->arena, &r->places)->node = node;
    *CZM_APPEND(r->arena, &r->due) = false;
    *CZM_APPEND(r->arena, &r->stale) = false;
}

// Makes places for the nodes from position `first` on.
static void add_places(rounds *r, size_t first) {
    const czm_node_list *nodes = &r->e->model->main.nodes;
    for (size_t i = first; i < nodes->count; i++) add_place(r, nodes->items[i]);
    for (size_t i = first; i < nodes->count; i++) {
        czm_node *node = nodes->items[i];
        for (size_t k = 0; k < node->inputs.count; k++)
            add_reader(r, node->inputs.items[k].node, node);
        for (size_t k = 0; k < node->controls.count; k++) use(r, node->controls.items[k]);
    }
}

// Nodes that are added later do not wait.
static void count_waits(rounds *r) {
    for (size_t i = 0; i < r->places.count; i++) {
        place *p = &r->places.items[i];
        for (size_t k = 0; k < p->node->inputs.count; k++) {
            bool is_before = position_of(p->node->inputs.items[k].node) < i;
            p->waits += is_before;
            r->has_loops |= !is_before;
        }
        r->due.items[i] = p->waits == 0;
    }
}

static void begin(rounds *r) {
    czm_editor *e = r->e;
    const czm_graph *graph = &e->model->main;
    *r = (rounds){.e = e, .arena = czm_arena_child(e->context->arena)};
    e->shapes = r->shapes =
        czm_shapes_infer_live(r->arena, e->model,
                              czm_batch_shape(r->arena, e->model, CZM_PROBE_BATCH));
    add_places(r, 0);
    for (size_t i = 0; i < graph->inputs.count; i++) use(r, graph->inputs.items[i].tensor.node);
    for (size_t i = 0; i < graph->outputs.count; i++) use(r, graph->outputs.items[i].tensor.node);
    for (size_t i = 0; i < graph->effects.count; i++) use(r, graph->effects.items[i]);
    count_waits(r);
}

static void begin_again(rounds *r) {
    czm_graph_sort(&r->e->model->main);
    czm_arena_free(r->arena);
    begin(r);
}

// ---- one node

// Whether the input shape of the node is known.
static bool is_settled(const czm_baked *b, czm_shape image) {
    if (image.rank != b->image.rank) return false;
    for (int i = 1; i < image.rank; i++)
        if (image.dims[i] == CZM_UNKNOWN) return false;
    return true;
}

static czm_status recompute(czm_editor *e, czm_baked *b) {
    czm_shape image = czm_shape_of(e->shapes, b->node->inputs.items[b->kind->image]);
    czm_sizes now = czm_sizes_read(e->shapes, b->node->inputs.items[b->kind->sizes]);
    for (size_t i = 0; i < now.count && now.count == b->sizes.count; i++)
        now.is_known[i] &= b->sizes.is_known[i];
    b->is_done = true;
    // Pooled maps keep their size while the input changes.
    bool is_changed = !czm_shape_equal(b->image, image) ||
                      !czm_shape_equal(b->old_input, czm_shape_of(e->shapes, b->input));
    return is_settled(b, image) && is_changed ? b->kind->recompute(e, b, image, &now) : CZM_OK;
}

static change change_of(rounds *r, czm_node *node) {
    change c = {.node = node};
    for (size_t i = 0; i < node->inputs.count; i++)
        *CZM_APPEND(r->arena, &c.before) = node->inputs.items[i];
    return c;
}

static czm_status visit(rounds *r, size_t position) {
    czm_node *node = r->places.items[position].node;
    czm_baked *b = node->scratch;
    r->e->is_changed = false;
    if (b && !b->is_done) {
        change own = change_of(r, node), other = {0};
        if (b->partner) other = change_of(r, b->partner);
        other.is_partner = true;
        CZM_TRY(recompute(r->e, b));
        if (r->e->is_changed) *CZM_APPEND(r->arena, &r->changes) = own;
        if (r->e->is_changed && b->partner) *CZM_APPEND(r->arena, &r->changes) = other;
    }
    if (!r->e->is_changed) settle(r, position); // else its new size is known in the next round
    return CZM_OK;
}

// ---- the end of a round

static void drop_use(rounds *r, czm_node *node) {
    if (--place_of(r, node)->uses == 0) *CZM_APPEND(r->arena, &r->unused) = node;
}

// Nodes that the graph no longer needs are not computed, and their shapes are not known.
static void drop_unused(rounds *r) {
    while (r->unused.count) {
        czm_node *node = r->unused.items[--r->unused.count];
        settle(r, position_of(node));
        for (size_t i = 0; i < node->inputs.count; i++) drop_use(r, node->inputs.items[i].node);
        for (size_t i = 0; i < node->controls.count; i++) drop_use(r, node->controls.items[i]);
        r->due.items[position_of(node)] = false;
        node->order = 0;
    }
}

// Returns the first position of a reader, or `most` if that is smaller.
static size_t mark_readers(rounds *r, const czm_node_list *readers, size_t most) {
    for (size_t i = 0; i < readers->count; i++) {
        if (!readers->items[i]->order) continue;
        size_t position = position_of(readers->items[i]);
        r->stale.items[position] = true;
        if (position < most) most = position;
    }
    return most;
}

static void infer_stale(rounds *r) {
    for (size_t p = 0; take_first(&r->stale, p, &p);) {
        const place *at = &r->places.items[p];
        if (at->node->order && czm_shapes_again(r->shapes, at->node))
            p = mark_readers(r, &at->readers, p);
    }
}

static void follow_changes(rounds *r) {
    size_t count = r->places.count;
    czm_shapes_catch_up(r->shapes);
    add_places(r, count);
    for (size_t i = 0; i < r->changes.count; i++) {
        const change *c = &r->changes.items[i];
        r->stale.items[position_of(c->node)] = true;
        for (size_t k = 0; k < c->before.count; k++) {
            czm_node *now = c->node->inputs.items[k].node;
            if (now == c->before.items[k].node) continue;
            add_reader(r, now, c->node);
            drop_use(r, c->before.items[k].node);
        }
    }
    drop_unused(r);
    infer_stale(r);
    for (size_t i = 0; i < r->changes.count; i++)
        if (!r->changes.items[i].is_partner) settle(r, position_of(r->changes.items[i].node));
}

// Computes every node whose input is final.
static czm_status run(rounds *r) {
    r->changes.count = 0;
    for (size_t p = 0; take_first(&r->due, p, &p);) CZM_TRY(visit(r, p));
    return CZM_OK;
}

czm_status czm_baked_recompute(czm_editor *e) {
    rounds r = {.e = e};
    begin(&r);
    czm_status status = run(&r);
    while (!status && r.changes.count) {
        if (r.has_loops)
            begin_again(&r);
        else
            follow_changes(&r);
        status = run(&r);
    }
    czm_arena_free(r.arena);
    czm_graph_sort(&e->model->main);
    return status;
}

const czm_shape *czm_batch_shape(czm_arena *arena, const czm_model *model, int64_t batch) {
    czm_shape input =
        czm_shape_read(arena, czm_attr_shape(model->main.inputs.items[0].tensor.node, "shape"));
    if (input.rank != 4) return NULL;
    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, 4); // the shapes refer to it
    memcpy(dims, input.dims, 4 * sizeof *dims);
    if (dims[0] == CZM_UNKNOWN) dims[0] = batch;
    czm_shape *shape = CZM_NEW(arena, czm_shape);
    *shape = (czm_shape){4, dims};
    return shape;
}
