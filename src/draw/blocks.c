// SPDX-License-Identifier: Apache-2.0
//
// Making blocks; see blocks.h. First, runs of layers become blocks. If there are too many, branches that meet again
// at the same resolution, such as a residual unit, are merged with the block from which they start. This is repeated,
// so that a stage of a ResNet is one block.
#include "draw/blocks.h"

#include <string.h>

#include "base/bytes.h"

enum {
    FOLD_REACH = 64, // blocks that a merged branch may have, which keeps the algorithm linear
    INPUT_ROW = 64,  // the sides of images fit into 63 bits
    MOST_ROWS = 128
};

typedef struct making {
    czm_arena *arena;
    const czm_layer_info *layers;
    size_t count;
    size_t *readers; // of each layer: how many
    size_t *row;     // of each layer
    size_t *owner;   // of each layer: its block
    size_t *seen_by; // of each block: 1 + the last block that has it as an input
    czm_row *rows;
    size_t row_count;
    CZM_LIST(czm_block) blocks;
} making;

// ---- rows

// Vectors, and matrices with the shape of images, are in the row of their inputs.
static bool has_pixels(const czm_layer_info *layer) {
    czm_family family = czm_op_style_of(layer).family;
    if (family == CZM_FAMILY_MATRIX || family == CZM_FAMILY_SOFTMAX) return false;
    if (layer->rank != 4 && (layer->rank != 5 || family > CZM_FAMILY_RESIZING)) return false;
    int64_t height = layer->dims[layer->rank - 3], width = layer->dims[layer->rank - 2];
    return height > 0 && width > 0 && (height > 1 || width > 1);
}

static double area_of(const czm_layer_info *layer) {
    return (double)layer->dims[layer->rank - 3] * (double)layer->dims[layer->rank - 2];
}

// How often the sides were halved since the input; pixels that padding adds or convolutions remove make no new row.
static size_t level_of(const making *m, const czm_layer_info *layer) {
    if (!has_pixels(&m->layers[0])) return INPUT_ROW;
    double full = area_of(&m->layers[0]), area = area_of(layer);
    size_t level = INPUT_ROW;
    while (area * 2 < full && level + 1 < MOST_ROWS) {
        area *= 4;
        level++;
    }
    while (area > full * 2 && level > 0) {
        area /= 4;
        level--;
    }
    return level;
}

static bool has_sizes_of(const czm_layer_info *layer, const czm_layer_info *other) {
    return layer->rank == other->rank && layer->rank >= 3 &&
           layer->dims[layer->rank - 3] == other->dims[layer->rank - 3] &&
           layer->dims[layer->rank - 2] == other->dims[layer->rank - 2];
}

static size_t row_of(making *m, const czm_layer_info *layer) {
    size_t input = layer->input_count ? layer->inputs[0] : 0;
    bool is_first = layer == &m->layers[0];
    if (!is_first && (!has_pixels(layer) || has_sizes_of(layer, &m->layers[input])))
        return m->row[input];
    size_t level = level_of(m, layer);
    if (!has_pixels(layer)) return level;
    int64_t height = layer->dims[layer->rank - 3], width = layer->dims[layer->rank - 2];
    czm_row *row = &m->rows[level];
    if (!row->height) *row = (czm_row){height, width, false};
    row->is_mixed |= row->height != height || row->width != width;
    return level;
}

// ---- runs

static int64_t channels_of(const czm_layer_info *layer) {
    return layer->rank > 0 ? layer->dims[layer->rank - 1] : -1;
}

static bool has_convolution(const making *m, const czm_block *block) {
    for (size_t i = 0; i < block->layers.count; i++)
        if (czm_op_style_of(&m->layers[block->layers.items[i]]).family == CZM_FAMILY_CONVOLUTION)
            return true;
    return false;
}

// Whether a layer continues the block of its input. A convolution to another number of channels begins a block, since
// a block shows one number.
static bool continues(const making *m, size_t index) {
    const czm_layer_info *layer = &m->layers[index];
    if (layer->input_count != 1) return false;
    size_t input = layer->inputs[0];
    const czm_block *block = &m->blocks.items[m->owner[input]];
    if (m->readers[input] != 1 || m->row[input] != m->row[index] || input == 0) return false;
    czm_family family = czm_op_style_of(layer).family;
    if (block->is_join) return czm_family_is_light(family);
    return family != CZM_FAMILY_CONVOLUTION || block->channels == channels_of(layer) ||
           !has_convolution(m, block);
}

static void add_layer(making *m, czm_block *block, size_t index) {
    *CZM_APPEND(m->arena, &block->layers) = index;
    block->channels = channels_of(&m->layers[index]);
}

static void add_input(making *m, czm_block *block, size_t index, size_t input) {
    if (m->seen_by[input] == index + 1) return;
    m->seen_by[input] = index + 1;
    *CZM_APPEND(m->arena, &block->inputs) = input;
}

static void place_layer(making *m, size_t index) {
    const czm_layer_info *layer = &m->layers[index];
    m->row[index] = row_of(m, layer);
    if (continues(m, index)) {
        m->owner[index] = m->owner[layer->inputs[0]];
        add_layer(m, &m->blocks.items[m->owner[index]], index);
        return;
    }
    m->owner[index] = m->blocks.count;
    czm_block *block = CZM_APPEND(m->arena, &m->blocks);
    block->row = m->row[index];
    block->is_join = czm_op_style_of(layer).family == CZM_FAMILY_JOIN;
    add_layer(m, block, index);
    for (size_t i = 0; i < layer->input_count; i++)
        add_input(m, block, m->owner[index], m->owner[layer->inputs[i]]);
}

// ---- folding

typedef struct fold {
    czm_block block;
    size_t first_input; // the earliest block that it reads, in the stack; SIZE_MAX: none
    size_t last_reader; // the latest block that reads it, in the old order
} fold;

typedef struct folding {
    making *m;
    fold *stack;
    size_t count;
    size_t *place; // of each old block: its place in the stack
} folding;

// The block where the branches start that meet at the top of the stack and have no other readers; SIZE_MAX: there is
// none at this resolution.
static size_t base_of(const folding *f, size_t now) {
    const fold *top = &f->stack[f->count - 1];
    size_t base = top->first_input;
    for (size_t i = f->count - 1; base != SIZE_MAX && i > base; i--) {
        const fold *part = &f->stack[i];
        bool is_read_later = part != top && part->last_reader > now;
        if (part->block.row != top->block.row || is_read_later) return SIZE_MAX;
        if (part->first_input == SIZE_MAX || f->count - base > FOLD_REACH) return SIZE_MAX;
        if (part->first_input < base) base = part->first_input;
    }
    return base;
}

// Merges the blocks from `first` to the top into one block with these inputs.
static void merge(folding *f, size_t first, czm_index_list inputs) {
    czm_arena *arena = f->m->arena;
    fold *merged = &f->stack[first];
    for (size_t i = first + 1; i < f->count; i++) {
        const czm_block *part = &f->stack[i].block;
        for (size_t k = 0; k < part->layers.count; k++)
            *CZM_APPEND(arena, &merged->block.layers) = part->layers.items[k];
    }
    const fold *top = &f->stack[f->count - 1];
    merged->block.inputs = inputs;
    merged->block.channels = top->block.channels;
    merged->block.is_join &= first + 1 == f->count;
    merged->last_reader = top->last_reader;
    f->count = first + 1;
}

static bool fold_top(folding *f, size_t now) {
    size_t base = base_of(f, now);
    if (base == SIZE_MAX) return false;
    fold *origin = &f->stack[base];
    bool takes_origin = base > 0 && origin->last_reader <= now &&
                        origin->block.row == f->stack[f->count - 1].block.row;
    if (takes_origin) {
        merge(f, base, origin->block.inputs);
        return true;
    }
    if (base + 2 == f->count) return false;
    czm_index_list inputs = {0};
    *CZM_APPEND(f->m->arena, &inputs) = base;
    merge(f, base + 1, inputs);
    f->stack[base + 1].first_input = base;
    return true;
}

static size_t *last_readers(const making *m) {
    size_t *last = CZM_NEW_ARRAY(m->arena, size_t, m->blocks.count);
    for (size_t i = 0; i < m->blocks.count; i++)
        for (size_t k = 0; k < m->blocks.items[i].inputs.count; k++)
            last[m->blocks.items[i].inputs.items[k]] = i;
    return last;
}

static void push(folding *f, size_t index, size_t last_reader) {
    const czm_block *block = &f->m->blocks.items[index];
    fold *top = &f->stack[f->count++];
    *top = (fold){*block, SIZE_MAX, last_reader};
    top->block.inputs = (czm_index_list){0};
    for (size_t i = 0; i < block->inputs.count; i++) {
        size_t input = f->place[block->inputs.items[i]];
        add_input(f->m, &top->block, index, input);
        if (input < top->first_input) top->first_input = input;
    }
}

static void fold_branches(making *m) {
    folding f = {.m = m};
    f.stack = CZM_NEW_ARRAY(m->arena, fold, m->blocks.count);
    f.place = CZM_NEW_ARRAY(m->arena, size_t, m->blocks.count);
    const size_t *last = last_readers(m);
    memset(m->seen_by, 0, m->count * sizeof *m->seen_by);
    for (size_t i = 0; i < m->blocks.count; i++) {
        push(&f, i, last[i]);
        while (fold_top(&f, i)) {}
        f.place[i] = f.count - 1;
    }
    for (size_t i = 0; i < f.count; i++) m->blocks.items[i] = f.stack[i].block;
    m->blocks.count = f.count;
}

// ---- the label of a block

static void count_term(czm_block *block, czm_op_style style) {
    size_t i = 0;
    while (i < block->term_count && strcmp(block->terms[i].label, style.label) != 0) i++;
    if (i == CZM_MOST_TERMS) {
        i--;
        block->terms[i] = (czm_term){"others", CZM_FAMILY_OTHER, block->terms[i].count};
    } else if (i == block->term_count) {
        block->terms[block->term_count++] = (czm_term){style.label, style.family, 0};
    }
    block->terms[i].count++;
}

static void count_terms(const making *m, czm_block *block, bool with_light) {
    for (size_t i = 0; i < block->layers.count; i++) {
        czm_op_style style = czm_op_style_of(&m->layers[block->layers.items[i]]);
        if (with_light || !czm_family_is_light(style.family)) count_term(block, style);
    }
}

static void name_blocks(making *m) {
    for (size_t i = 0; i < m->blocks.count; i++) {
        czm_block *block = &m->blocks.items[i];
        count_terms(m, block, false);
        if (block->term_count == 0) count_terms(m, block, true);
    }
}

// ---- the drawn blocks

static size_t cut(making *m) {
    size_t hidden = 0;
    for (; m->blocks.count > CZM_MOST_BLOCKS; m->blocks.count--)
        hidden += m->blocks.items[m->blocks.count - 1].layers.count;
    return hidden;
}

// The output of the last layer.
static void add_output(making *m) {
    size_t last = m->count - 1, from = m->blocks.count - 1;
    for (size_t i = 0; i < m->blocks.count; i++)
        for (size_t k = 0; k < m->blocks.items[i].layers.count; k++)
            if (m->blocks.items[i].layers.items[k] == last) from = i;
    size_t row = m->blocks.items[from].row;
    czm_block *block = CZM_APPEND(m->arena, &m->blocks);
    *block = (czm_block){.row = row}; // folding left something there
    block->terms[block->term_count++] = (czm_term){"output", CZM_FAMILY_END, 1};
    *CZM_APPEND(m->arena, &block->inputs) = from;
    add_layer(m, block, last);
}

// Resolutions at which nothing is drawn have no row.
static void drop_empty_rows(making *m) {
    size_t moved[MOST_ROWS] = {0}, kept = 0;
    for (size_t i = 0; i < m->blocks.count; i++) moved[m->blocks.items[i].row] = 1;
    for (size_t i = 0; i < MOST_ROWS; i++) {
        bool is_used = moved[i];
        moved[i] = kept;
        if (is_used) m->rows[kept++] = m->rows[i];
    }
    m->row_count = kept;
    for (size_t i = 0; i < m->blocks.count; i++)
        m->blocks.items[i].row = moved[m->blocks.items[i].row];
}

static void count_readers(making *m) {
    for (size_t i = 0; i < m->count; i++)
        for (size_t k = 0; k < m->layers[i].input_count; k++) m->readers[m->layers[i].inputs[k]]++;
}

czm_blocks czm_blocks_of(czm_arena *arena, const czm_layer_info *layers, size_t count) {
    making m = {.arena = arena, .layers = layers, .count = count};
    m.readers = CZM_NEW_ARRAY(arena, size_t, count);
    m.row = CZM_NEW_ARRAY(arena, size_t, count);
    m.owner = CZM_NEW_ARRAY(arena, size_t, count);
    m.seen_by = CZM_NEW_ARRAY(arena, size_t, count);
    count_readers(&m);
    m.rows = CZM_NEW_ARRAY(arena, czm_row, MOST_ROWS);
    for (size_t i = 0; i < count; i++) place_layer(&m, i);
    if (m.blocks.count > CZM_MANY_BLOCKS) fold_branches(&m);
    size_t hidden = cut(&m);
    name_blocks(&m);
    if (count && !hidden) add_output(&m);
    drop_empty_rows(&m);
    return (czm_blocks){m.blocks.items, m.blocks.count, m.rows, m.row_count, hidden};
}
