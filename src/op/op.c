// SPDX-License-Identifier: Apache-2.0
//
// The tables of op.h, and decoding of OpDef messages. A row of op_table.inc is text:
//
//     OP(ConcatV2, 1, 0, "values:N*T axis:Tidx", "output:T", "N:int T:type Tidx:type=3003",
//        "T=1,2,3;Tidx=3,9")
//
//     arguments   name:type, name:N*type (count attr N), name:[T] (list attr T); `&` ends a
//                 reference; a type is an attr's name or a DataType number
//     attrs       name:kind, >MINIMUM, {ALLOWED,...} and =HEX for the serialised default, + before
//                 what 2.0.0 lacks
//     kernels     "" none, "*" any type, else alternatives "A=1,2;B=3" separated by |
#include "op/op.h"

#include <stdlib.h>

#include "base/list.h"
#include "codec/wire.h"

typedef struct row {
    const char *name;
    bool in_target, is_stateful;
    const char *inputs, *outputs, *attrs, *kernels;
} row;

static const row rows[] = {
#define OP(name, in_target, is_stateful, inputs, outputs, attrs, kernels) \
    {#name, in_target, is_stateful, inputs, outputs, attrs, kernels},
#include "op/op_table.inc"
#undef OP
};

const czm_op_traits czm_op_traits_of[CZM_OP_KIND_COUNT] = {
#define OP(op, ...) [CZM_OP_##op] = {.name = #op, __VA_ARGS__},
#define PASSES_ON .passes_on = true,
#define HANDS_ON .memory = CZM_OP_HANDS_ON,
#define OVERWRITES .memory = CZM_OP_OVERWRITES,
#define WEIGHT .memory = CZM_OP_IS_WEIGHT,
#define RANDOM .is_random = true,
#define ROLE(value) .role = CZM_ROLE_##value,
#define BY_VALUE(op) .by_value = CZM_OP_##op,
#define OPEN .is_open = true,
#define VARIABLE .is_variable = true,
#define ASSIGNS .assigns = true,
#define CALLS .calls = true,
#define PIVOT .is_pivot = true,
#define LOOKS_UP .looks_up = true,
#define RARE .is_rare = true,
#define SELECTS .selects = true,
#define WIDENS .widens = true,
#define KEEPS_ROWS .keeps_rows = true,
#define MULTIPLIES .multiplies = true,
#define SHIFTS .shifts = true,
#define MEASURES .measures = true,
#define GIVES(kind) .values = CZM_OP_##kind,
#include "op/ops.def"
};

// Rows of op_table.inc that have one in ops.def; the others have 0, which is CZM_OP_OTHER.
enum {
#define OP(name, ...) ROW_##name,
#include "op/op_table.inc"
#undef OP
};

static const uint16_t kinds[CZM_COUNT_OF(rows)] = {
#define OP(name, ...) [ROW_##name] = CZM_OP_##name,
#include "op/ops.def"
};

typedef CZM_LIST(czm_op_arg) arg_list;
typedef CZM_LIST(czm_op_attr) attr_list;

// Removes the text up to the first `end` from the front of `rest`, and returns it.
static czm_bytes cut(czm_bytes *rest, char end) {
    const uint8_t *found = rest->size ? memchr(rest->data, end, rest->size) : NULL;
    size_t size = found ? (size_t)(found - rest->data) : rest->size;
    czm_bytes head = czm_bytes_of(rest->data, size);
    size_t skip = found ? size + 1 : size;
    *rest = czm_bytes_of(rest->data + skip, rest->size - skip);
    return head;
}

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

static unsigned number_of(czm_bytes digits) {
    unsigned number = 0;
    for (size_t i = 0; i < digits.size && is_digit(digits.data[i]); i++)
        number = number * 10 + (unsigned)(digits.data[i] - '0');
    return number;
}

static czm_op_arg decode_arg(czm_bytes text) {
    czm_op_arg arg = {.name = cut(&text, ':')};
    if (text.size && text.data[text.size - 1] == '&') text.size--;
    if (text.size && text.data[0] == '[') {
        arg.list_attr = czm_bytes_of(text.data + 1, text.size - 2);
        return arg;
    }
    if (memchr(text.data, '*', text.size)) arg.count_attr = cut(&text, '*');
    if (text.size && is_digit(text.data[0]))
        arg.dtype = (czm_dtype)number_of(text);
    else
        arg.type_attr = text;
    return arg;
}

static const czm_op_arg *decode_args(czm_arena *arena, const char *text, size_t *count) {
    arg_list args = {0};
    for (czm_bytes rest = czm_bytes_text(text); rest.size;)
        *CZM_APPEND(arena, &args) = decode_arg(cut(&rest, ' '));
    *count = args.count;
    return args.items;
}

static uint8_t hex_digit(uint8_t c) { return (uint8_t)(is_digit(c) ? c - '0' : (c & 15) + 9); }

static czm_bytes decode_hex(czm_arena *arena, czm_bytes text) {
    uint8_t *bytes = czm_arena_alloc(arena, text.size / 2);
    for (size_t i = 0; i < text.size / 2; i++)
        bytes[i] = (uint8_t)(hex_digit(text.data[2 * i]) << 4 | hex_digit(text.data[2 * i + 1]));
    return czm_bytes_of(bytes, text.size / 2);
}

static czm_op_attr decode_attr(czm_arena *arena, czm_bytes text) {
    czm_op_attr attr = {.is_new = text.data[0] == '+'};
    if (attr.is_new) cut(&text, '+');
    attr.has_default = memchr(text.data, '=', text.size) != NULL;
    czm_bytes declaration = cut(&text, '=');
    attr.name = cut(&declaration, ':');
    attr.allowed = declaration;
    czm_bytes limits = cut(&attr.allowed, '{');
    if (attr.allowed.size) attr.allowed.size--; // the brace
    attr.kind = cut(&limits, '>');
    attr.has_minimum = limits.size > 0;
    bool is_negative = limits.size && limits.data[0] == '-';
    if (is_negative) cut(&limits, '-');
    attr.minimum = is_negative ? -(int)number_of(limits) : (int)number_of(limits);
    attr.default_value = decode_hex(arena, text);
    return attr;
}

static czm_op *decode_row(czm_arena *arena, const row *r) {
    czm_op *op = CZM_NEW(arena, czm_op);
    *op = (czm_op){.name = r->name,
                   .kind = (czm_op_kind)kinds[r - rows],
                   .in_target = r->in_target,
                   .is_stateful = r->is_stateful,
                   .kernels = czm_bytes_text(r->kernels)};
    op->inputs = decode_args(arena, r->inputs, &op->input_count);
    op->outputs = decode_args(arena, r->outputs, &op->output_count);
    attr_list attrs = {0};
    for (czm_bytes rest = czm_bytes_text(r->attrs); rest.size;)
        *CZM_APPEND(arena, &attrs) = decode_attr(arena, cut(&rest, ' '));
    op->attrs = attrs.items;
    op->attr_count = attrs.count;
    return op;
}

static int compare_row(const void *key, const void *entry) {
    const czm_bytes *name = key;
    return czm_bytes_compare(*name, czm_bytes_text(((const row *)entry)->name));
}

static const row *find_row(czm_bytes name) {
    return bsearch(&name, rows, CZM_COUNT_OF(rows), sizeof *rows, compare_row);
}

czm_op_kind czm_op_kind_named(czm_bytes name) {
    const row *r = find_row(name);
    return r ? (czm_op_kind)kinds[r - rows] : CZM_OP_OTHER;
}

const czm_op *czm_op_find(czm_op_registry *registry, czm_bytes name) {
    czm_op *op = czm_name_find(&registry->ops, name);
    if (op) return op;
    const row *r = find_row(name);
    if (!r) return NULL;
    op = decode_row(registry->arena, r);
    czm_name_slot_for(registry->arena, &registry->ops, czm_bytes_text(op->name))->value = op;
    return op;
}

const czm_op *czm_op_of(czm_op_registry *registry, czm_op_kind kind) {
    const czm_op **op = &registry->of_kind[kind];
    if (!*op) *op = czm_op_find(registry, czm_bytes_text(czm_op_name(kind)));
    return *op;
}

// OpDef.ArgDef: name=1, type=3, type_attr=4, number_attr=5, type_list_attr=6.
static czm_op_arg read_arg(czm_bytes message) {
    return (czm_op_arg){
        .name = czm_wire_find(message, 1).bytes,
        .dtype = (czm_dtype)(czm_wire_find(message, 3).value % CZM_DTYPE_REF),
        .type_attr = czm_wire_find(message, 4).bytes,
        .count_attr = czm_wire_find(message, 5).bytes,
        .list_attr = czm_wire_find(message, 6).bytes,
    };
}

// OpDef.AttrDef: name=1, type=2, default_value=3.
static czm_op_attr read_attr(czm_bytes message) {
    czm_field value = czm_wire_find(message, 3);
    return (czm_op_attr){.name = czm_wire_find(message, 1).bytes,
                         .kind = czm_wire_find(message, 2).bytes,
                         .has_default = value.number != 0,
                         .default_value = value.bytes,
                         .is_new = true};
}

// OpDef: name=1, input_arg=2, output_arg=3, attr=4, is_stateful=17.
czm_op *czm_op_read_definition(czm_op_registry *registry, czm_bytes op_def) {
    czm_arena *arena = registry->arena;
    arg_list inputs = {0}, outputs = {0};
    attr_list attrs = {0};
    bool is_stateful = false;
    czm_bytes name = {0};
    czm_wire wire = czm_wire_read(op_def);
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES)) name = f.bytes;
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES)) *CZM_APPEND(arena, &inputs) = read_arg(f.bytes);
        if (czm_field_is(&f, 3, CZM_WIRE_BYTES)) *CZM_APPEND(arena, &outputs) = read_arg(f.bytes);
        if (czm_field_is(&f, 4, CZM_WIRE_BYTES)) *CZM_APPEND(arena, &attrs) = read_attr(f.bytes);
        if (czm_field_is(&f, 17, CZM_WIRE_VARINT)) is_stateful = f.value != 0;
    }
    if (wire.damaged || name.size == 0) return NULL;
    czm_op *op = CZM_NEW(arena, czm_op);
    *op = (czm_op){.name = czm_arena_string(arena, name),
                   .is_stateful = is_stateful,
                   .inputs = inputs.items,
                   .input_count = inputs.count,
                   .outputs = outputs.items,
                   .output_count = outputs.count,
                   .attrs = attrs.items,
                   .attr_count = attrs.count};
    return op;
}

bool czm_op_add_definition(czm_op_registry *registry, czm_bytes op_def) {
    if (czm_op_find(registry, czm_wire_find(op_def, 1).bytes)) return true;
    czm_op *op = czm_op_read_definition(registry, op_def);
    if (!op) return false;
    czm_name_slot_for(registry->arena, &registry->ops, czm_bytes_text(op->name))->value = op;
    return true;
}

const czm_op_attr *czm_op_attr_find(const czm_op *op, czm_bytes name) {
    for (size_t i = 0; i < op->attr_count; i++)
        if (czm_bytes_equal(op->attrs[i].name, name)) return &op->attrs[i];
    return NULL;
}

// Kernels of ops on lists of types do not depend on the list: one kernel supports all lists.
static bool is_list_attr(const czm_op *op, czm_bytes name) {
    const czm_op_attr *attr = czm_op_attr_find(op, name);
    return attr && attr->kind.size > 5 && memcmp(attr->kind.data, "list(", 5) == 0;
}

static bool list_holds(czm_bytes numbers, unsigned number) {
    while (numbers.size)
        if (number_of(cut(&numbers, ',')) == number) return true;
    return false;
}

bool czm_op_has_kernel(const czm_op *op, czm_dtype (*dtype_of)(const void *, czm_bytes),
                       const void *node) {
    if (czm_bytes_is(op->kernels, "*")) return true;
    for (czm_bytes rest = op->kernels; rest.size;) {
        czm_bytes kernel = cut(&rest, '|');
        bool fits = true;
        while (kernel.size && fits) {
            czm_bytes types = cut(&kernel, ';'), attr = cut(&types, '=');
            fits = is_list_attr(op, attr) || list_holds(types, (unsigned)dtype_of(node, attr));
        }
        if (fits) return true;
    }
    return false;
}
