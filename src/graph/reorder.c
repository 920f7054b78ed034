// SPDX-License-Identifier: Apache-2.0
//
// Another order of axes; see reorder.h.
//
// One side of the copy is a whole tensor in memory, and the other is a stream, which is processed in pieces that stay
// in the cache. Either the pieces of the stored tensor are spread over the memory of the result, or the pieces of the
// result are gathered from memory that contains the stored tensor. Each access to memory costs a whole cache line, so
// that the better way is the one whose pieces contain longer runs of neighbours in memory: a kernel of the order OIHW
// becomes HWIO by spreading, and HWIO becomes OIHW by gathering.
#include "graph/reorder.h"

#include "base/os.h"
#include "codec/checksum.h"

enum { LARGEST_PIECE = 1 << 20, BLOCK = 256 * 1024, TILE = 16, WORTH_A_THREAD = 2 << 20 };

// Distances in bytes between neighbours along an axis, in the stored tensor and in the result.
typedef struct axis {
    size_t length, from, to;
} axis;

typedef struct layout {
    size_t element, size; // bytes
    bool is_spread;       // the stream is the stored tensor; otherwise it is the result
    int rank;
    axis axes[CZM_REORDER_MOST_AXES]; // from the slowest to the fastest in the stream
    int cut; // a piece contains `together` indices along this axis, and the later axes
    size_t together;
} layout;

static size_t in_stream(const layout *l, int i) {
    return l->is_spread ? l->axes[i].from : l->axes[i].to;
}

static size_t in_memory(const layout *l, int i) {
    return l->is_spread ? l->axes[i].to : l->axes[i].from;
}

// ---- the layout

// Axes of length 1 are left out, and axes that are neighbours on both sides become one.
static void add_axis(layout *l, axis a) {
    axis *last = l->rank ? &l->axes[l->rank - 1] : NULL;
    if (a.length == 1) return;
    if (last && last->to == a.to * a.length)
        *last = (axis){last->length * a.length, a.from, a.to};
    else
        l->axes[l->rank++] = a;
}

// The axis, of those from `first` on, whose neighbours are closest in memory.
static int closest_in_memory(const layout *l, int first) {
    int best = first;
    for (int i = first + 1; i < l->rank; i++)
        if (in_memory(l, i) < in_memory(l, best)) best = i;
    return best;
}

static void choose_pieces(layout *l) {
    for (l->cut = 0; in_stream(l, l->cut) > LARGEST_PIECE;) l->cut++;
    l->together = LARGEST_PIECE / in_stream(l, l->cut);
    if (l->together > TILE) l->together -= l->together % TILE;
    if (l->together > l->axes[l->cut].length) l->together = l->axes[l->cut].length;
}

// How many elements of a piece are neighbours in memory.
static size_t run_length(const layout *l) {
    int closest = closest_in_memory(l, 0);
    if (closest == l->cut) return l->together;
    return closest < l->cut ? 1 : l->axes[closest].length;
}

static layout spreading(const czm_reorder *r) {
    layout l = {.element = r->element, .size = r->element, .is_spread = true};
    axis axes[CZM_REORDER_MOST_AXES];
    for (int i = r->rank - 1; i >= 0; i--) {
        axes[i] = (axis){.length = (size_t)r->dims[i], .from = l.size};
        l.size *= axes[i].length;
    }
    size_t distance = r->element;
    for (int k = r->rank - 1; k >= 0; k--) {
        axes[r->order[k]].to = distance;
        distance *= axes[r->order[k]].length;
    }
    for (int i = 0; i < r->rank; i++) add_axis(&l, axes[i]);
    return l;
}

static layout gathering(layout l) {
    l.is_spread = false;
    for (int i = 1; i < l.rank; i++) // sorts the axes
        for (int k = i; k > 0 && l.axes[k].to > l.axes[k - 1].to; k--) {
            axis slower = l.axes[k];
            l.axes[k] = l.axes[k - 1];
            l.axes[k - 1] = slower;
        }
    return l;
}

static layout best_layout(const czm_reorder *r) {
    layout spread = spreading(r), gather = gathering(spread);
    choose_pieces(&spread), choose_pieces(&gather);
    return run_length(&gather) < run_length(&spread) ? spread : gather;
}

// Whether no element moves.
static bool is_same(const layout *spread) { return spread->size == 0 || spread->rank < 2; }

// ---- copying a piece

static inline void copy_tiles(const uint8_t *from, uint8_t *to, axis rows, axis columns,
                              size_t element) {
    for (size_t r = 0; r < rows.length; r += TILE) {
        size_t row_end = rows.length - r < TILE ? rows.length : r + TILE;
        for (size_t c = 0; c < columns.length; c += TILE) {
            size_t column_end = columns.length - c < TILE ? columns.length : c + TILE;
            for (size_t i = r; i < row_end; i++)
                for (size_t k = c; k < column_end; k++)
                    memcpy(to + i * rows.to + k * columns.to,
                           from + i * rows.from + k * columns.from, element);
        }
    }
}

static void copy_plane(const uint8_t *from, uint8_t *to, axis rows, axis columns, size_t element) {
    switch (element) { // compilers turn memcpy() of a constant size into one instruction
    case 1: copy_tiles(from, to, rows, columns, 1); break;
    case 2: copy_tiles(from, to, rows, columns, 2); break;
    case 4: copy_tiles(from, to, rows, columns, 4); break;
    case 8: copy_tiles(from, to, rows, columns, 8); break;
    default: copy_tiles(from, to, rows, columns, element);
    }
}

static axis take_axis(layout *box, int i) {
    axis taken = box->axes[i];
    box->rank--;
    for (; i < box->rank; i++) box->axes[i] = box->axes[i + 1];
    return taken;
}

// The fastest axes of both sides make planes, and the other axes number them.
static void copy_box(layout box, const uint8_t *from, uint8_t *to) {
    axis rows = {1, 0, 0}, columns = take_axis(&box, box.rank - 1);
    size_t element = box.element, at[CZM_REORDER_MOST_AXES] = {0};
    if (columns.from == element && columns.to == element) {
        element *= columns.length;
        columns.length = 1;
    } else if (box.rank) {
        rows = take_axis(&box, closest_in_memory(&box, 0));
    }
    for (int i = 0; i >= 0;) {
        copy_plane(from, to, rows, columns, element);
        for (i = box.rank - 1; i >= 0; i--) {
            from += box.axes[i].from, to += box.axes[i].to;
            if (++at[i] < box.axes[i].length) break;
            from -= box.axes[i].from * at[i], to -= box.axes[i].to * at[i];
            at[i] = 0;
        }
    }
}

typedef struct piece {
    size_t size, in_memory; // bytes, and where its first element is
    layout box;
} piece;

// The piece that begins at byte `at` of the stream.
static piece piece_at(const layout *l, size_t at) {
    piece p = {.box = *l};
    size_t index = 0;
    for (int i = 0; i <= l->cut; i++) {
        index = at / in_stream(l, i);
        at %= in_stream(l, i);
        p.in_memory += index * in_memory(l, i);
    }
    for (int i = 0; i < l->cut; i++) take_axis(&p.box, 0);
    size_t left = p.box.axes[0].length - index;
    p.box.axes[0].length = left < l->together ? left : l->together;
    p.size = p.box.axes[0].length * in_stream(l, l->cut);
    return p;
}

void czm_reorder_copy(const czm_reorder *reorder, const uint8_t *from, uint8_t *to) {
    layout l = spreading(reorder);
    if (is_same(&l)) {
        if (l.size) memcpy(to, from, l.size);
        return;
    }
    l = best_layout(reorder);
    for (size_t at = 0; at < l.size;) {
        piece p = piece_at(&l, at);
        copy_box(p.box, from + (l.is_spread ? at : p.in_memory),
                 to + (l.is_spread ? p.in_memory : at));
        at += p.size;
    }
}

// ---- streaming

typedef struct reordered_source {
    czm_tensor_source base; // the first member, for callers
    const czm_tensor_source *origin;
    czm_reorder reorder;
} reordered_source;

// The stored tensor arrives in blocks: in `memory`, or in a piece that is spread over it when it is full. A second
// thread spreads large tensors while the next blocks are read.
typedef struct arrival {
    const layout *layout;
    czm_arena *arena;
    size_t arrived;
    uint8_t *memory; // NULL: nothing has arrived
    uint8_t *buffer;
    size_t at, filled; // bytes that were spread; that are in the buffer
    czm_pipe *pipe;
} arrival;

static bool spread(void *user, czm_bytes block) {
    arrival *a = user;
    while (block.size) {
        piece p = piece_at(a->layout, a->at);
        size_t size = p.size - a->filled < block.size ? p.size - a->filled : block.size;
        memcpy(a->buffer + a->filled, block.data, size);
        block = czm_bytes_of(block.data + size, block.size - size);
        a->filled += size;
        if (a->filled < p.size) break;
        copy_box(p.box, a->buffer, a->memory + p.in_memory);
        a->at += p.size, a->filled = 0;
    }
    return true;
}

// Not before the first block, with which the source has found that the file is large enough.
static void make_room(arrival *a) {
    const layout *l = a->layout;
    a->memory = czm_arena_alloc(a->arena, l->size);
    a->buffer = czm_arena_alloc(a->arena, l->together * in_stream(l, l->cut));
    if (l->is_spread && l->size >= WORTH_A_THREAD) a->pipe = czm_pipe_open(a->arena, spread, a);
}

static czm_status arrive(void *user, czm_bytes block) {
    arrival *a = user;
    if (block.size > a->layout->size - a->arrived) return CZM_ERROR_INVALID;
    if (!a->memory) make_room(a);
    if (!a->layout->is_spread)
        memcpy(a->memory + a->arrived, block.data, block.size);
    else if (a->pipe)
        czm_pipe_put(a->pipe, block);
    else
        spread(a, block);
    a->arrived += block.size;
    return CZM_OK;
}

static czm_status hand_over(const arrival *a, czm_sink sink, uint32_t *crc32c) {
    const layout *l = a->layout;
    *crc32c = 0;
    for (size_t at = 0, size; at < l->size; at += size) {
        czm_bytes block = czm_bytes_of(a->memory + at, l->size - at < BLOCK ? l->size - at : BLOCK);
        if (!l->is_spread) {
            piece p = piece_at(l, at);
            copy_box(p.box, a->memory + p.in_memory, a->buffer);
            block = czm_bytes_of(a->buffer, p.size);
        }
        *crc32c = czm_crc32c(*crc32c, block);
        CZM_TRY(sink.take(sink.user, block));
        size = block.size;
    }
    return CZM_OK;
}

static czm_status stream_reordered(const czm_tensor_source *self, czm_context *context,
                                   czm_sink sink, uint32_t *crc32c) {
    const reordered_source *s = (const reordered_source *)self;
    layout l = best_layout(&s->reorder);
    arrival a = {.layout = &l, .arena = czm_arena_child(context->arena)};
    uint32_t stored;
    czm_status status = s->origin->stream(s->origin, context, (czm_sink){arrive, &a}, &stored);
    if (a.pipe) czm_pipe_drain(a.pipe);
    if (!status) status = hand_over(&a, sink, crc32c);
    czm_arena_free(a.arena);
    return status;
}

const czm_tensor_source *czm_reorder_origin(const czm_tensor_source *source) {
    bool is_reordered = source->stream == stream_reordered;
    return is_reordered ? ((const reordered_source *)source)->origin : source;
}

// First one order, then the other.
static czm_reorder compose(const czm_reorder *first, const czm_reorder *then) {
    czm_reorder both = *first;
    for (int k = 0; k < both.rank; k++) both.order[k] = first->order[then->order[k]];
    return both;
}

const czm_tensor_source *czm_reorder_source(czm_arena *arena, const czm_tensor_source *source,
                                            const czm_reorder *reorder) {
    reordered_source *s = CZM_NEW(arena, reordered_source);
    *s = (reordered_source){{source->size, stream_reordered}, czm_reorder_origin(source), *reorder};
    if (s->origin != source)
        s->reorder = compose(&((const reordered_source *)source)->reorder, reorder);
    layout l = spreading(&s->reorder);
    return is_same(&l) ? s->origin : &s->base;
}
