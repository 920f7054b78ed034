// SPDX-License-Identifier: Apache-2.0
//
// The connections of a graph in ONNX: what computes each tensor; see file.h.
#include "read/onnx/file.h"

static czm_status damaged(czm_context *context, const czm_onnx_file *file, const char *text) {
    return czm_report_add(context->report, CZM_RULE_ONNX_DAMAGED, file->where, NULL, "%s", text);
}

// ---- origins

const czm_onnx_origin *czm_onnx_origin_of(const czm_onnx_file *file, czm_bytes name) {
    return czm_name_find(&file->origins, name);
}

static void know(czm_arena *arena, czm_onnx_file *file, czm_bytes name, czm_onnx_origin origin) {
    czm_onnx_origin *kept = CZM_NEW(arena, czm_onnx_origin);
    *kept = origin;
    czm_name_slot_for(arena, &file->origins, name)->value = kept;
}

static void know_weights(czm_arena *arena, czm_onnx_file *file) {
    for (size_t i = 0; i < file->initializers.count; i++)
        know(arena, file, czm_bytes_text(file->initializers.items[i].name),
             (czm_onnx_origin){CZM_ONNX_WEIGHT, i, 0});
}

// Up to IR version 3, initializers are also listed as inputs.
static void know_inputs(czm_arena *arena, czm_onnx_file *file) {
    size_t count = 0;
    for (size_t i = 0; i < file->inputs.count; i++) {
        czm_bytes name = czm_bytes_text(file->inputs.items[i].name);
        if (czm_onnx_origin_of(file, name)) continue;
        know(arena, file, name, (czm_onnx_origin){CZM_ONNX_INPUT, count, 0});
        file->inputs.items[count++] = file->inputs.items[i];
    }
    file->inputs.count = count;
}

static void know_outputs(czm_arena *arena, czm_onnx_file *file, size_t index) {
    size_t output = 0;
    czm_wire wire = czm_wire_read(file->operations.items[index].message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES))
            know(arena, file, f.bytes, (czm_onnx_origin){CZM_ONNX_OPERATION, index, output++});
}

// ---- the order of the operations

typedef enum state { NEW, WAITING, PLACED } state;

typedef struct sorter {
    czm_arena *arena;
    const czm_onnx_operation *operations;
    size_t count;
    czm_name_table makers; // by the names of tensors: a pointer to the state of the operation
    state *states;
    CZM_LIST(size_t) stack;
    CZM_LIST(czm_onnx_operation) sorted;
} sorter;

static void know_makers(sorter *s) {
    for (size_t i = 0; i < s->count; i++) {
        czm_wire wire = czm_wire_read(s->operations[i].message);
        for (czm_field f; czm_wire_next(&wire, &f);)
            if (czm_field_is(&f, 2, CZM_WIRE_BYTES) && f.bytes.size)
                czm_name_slot_for(s->arena, &s->makers, f.bytes)->value = &s->states[i];
    }
}

static void push_what_it_reads(sorter *s, size_t index) {
    czm_wire wire = czm_wire_read(s->operations[index].message);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (!czm_field_is(&f, 1, CZM_WIRE_BYTES)) continue;
        const state *maker = czm_name_find(&s->makers, f.bytes);
        if (maker && *maker == NEW) *CZM_APPEND(s->arena, &s->stack) = (size_t)(maker - s->states);
    }
}

// An operation is placed when it is on top of the stack for the second time: what it reads is then placed.
static void place(sorter *s, size_t first) {
    *CZM_APPEND(s->arena, &s->stack) = first;
    while (s->stack.count) {
        size_t top = s->stack.items[s->stack.count - 1];
        if (s->states[top] == NEW) {
            s->states[top] = WAITING;
            push_what_it_reads(s, top);
            continue;
        }
        s->stack.count--;
        if (s->states[top] == WAITING) *CZM_APPEND(s->arena, &s->sorted) = s->operations[top];
        s->states[top] = PLACED;
    }
}

// The operations from `first` on: each after those that it reads, unless they form a cycle. ONNX requires this order,
// but ONNX Runtime does not, and editors of graphs append operations.
static void sort_from(czm_arena *arena, czm_onnx_file *file, size_t first) {
    size_t count = file->operations.count - first;
    czm_onnx_operation *operations = file->operations.items + first;
    sorter s = {.arena = arena,
                .operations = operations,
                .count = count,
                .states = CZM_NEW_ARRAY(arena, state, count)};
    know_makers(&s);
    for (size_t i = 0; i < count; i++) place(&s, i);
    memcpy(operations, s.sorted.items, count * sizeof *operations);
}

// ---- all

// The first input of an operation that nothing before it computes; empty.
static czm_bytes missing_input(const czm_onnx_file *file, size_t index) {
    czm_wire wire = czm_wire_read(file->operations.items[index].message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES) && f.bytes.size &&
            !czm_onnx_origin_of(file, f.bytes))
            return f.bytes;
    return (czm_bytes){0};
}

static czm_status connect_operations(czm_context *context, czm_onnx_file *file) {
    czm_arena *arena = context->arena;
    bool is_sorted = false;
    for (size_t i = 0; i < file->operations.count; i++) {
        czm_bytes missing = missing_input(file, i);
        if (missing.size && !is_sorted) {
            sort_from(arena, file, i);
            is_sorted = true;
            missing = missing_input(file, i);
        }
        const czm_onnx_operation *o = &file->operations.items[i];
        if (missing.size)
            return damaged(
                context, file,
                czm_arena_format(
                    arena,
                    "the operation %s (\"%s\") reads \"%s\", which no operation before it computes",
                    o->op, o->name, czm_arena_string(arena, missing)));
        know_outputs(arena, file, i);
    }
    return CZM_OK;
}

czm_status czm_onnx_connect(czm_context *context, czm_onnx_file *file) {
    know_weights(context->arena, file);
    know_inputs(context->arena, file);
    CZM_TRY(connect_operations(context, file));
    for (size_t i = 0; i < file->outputs.count; i++)
        if (!czm_onnx_origin_of(file, czm_bytes_text(file->outputs.items[i].name)))
            return damaged(context, file,
                           czm_arena_format(context->arena,
                                            "no operation computes the output \"%s\"",
                                            file->outputs.items[i].name));
    return CZM_OK;
}
