// SPDX-License-Identifier: Apache-2.0
//
// Operations between layers: TFOpLambda and SlicingOpLambda of Keras 2, keras.ops of Keras 3; see operations.h.
#include "read/keras/operations.h"

enum { MOST_RANK = CZM_KERAS_HIGHEST_RANK };

struct czm_keras_operation {
    const char *names;   // in Keras 3, and in Keras 2
    const char *options; // that the function reads
    czm_keras_tensor (*build)(czm_keras_call *c, czm_op_kind op);
    czm_op_kind op;
    unsigned operands; // 0: any number
};

typedef czm_keras_operation operation;

// ---- arguments

const json_t *czm_keras_option(const czm_keras_call *c, const char *name) {
    for (size_t i = 0; i < c->arguments->count; i++) {
        const czm_keras_argument *a = &c->arguments->items[i];
        if (a->name && !a->is_tensor && czm_text_equal(a->name, name) && !json_is_null(a->value))
            return a->value;
    }
    return czm_config_get(c->config, name);
}

// The value of an option with two names.
const json_t *czm_keras_either(const czm_keras_call *c, const char *a, const char *b) {
    const json_t *value = czm_keras_option(c, a);
    return value ? value : czm_keras_option(c, b);
}

static bool has_word(const char *list, const char *word) {
    size_t size = strlen(word);
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, " ");
        if (length == size && strncmp(at, word, size) == 0) return true;
        at += length + strspn(at + length, " ");
    }
    return false;
}

// A tensor, or a constant in its place: by position, or by the name of a parameter for it.
static bool is_operand(const operation *o, const czm_keras_argument *a) {
    static const char *const names = "x y a b x1 x2 values tensor value bias";
    if (a->name && has_word(o->options, a->name)) return false;
    if (!a->name || a->is_tensor) return true;
    return has_word(names, a->name) && (json_is_number(a->value) || json_is_array(a->value));
}

const czm_keras_argument *czm_keras_operand_at(const czm_keras_call *c, size_t index) {
    size_t seen = 0;
    for (size_t i = 0; i < c->arguments->count; i++)
        if (is_operand(c->operation, &c->arguments->items[i]) && seen++ == index)
            return &c->arguments->items[i];
    return NULL;
}

// An argument as operand `index`: a tensor, or a constant of this type.
static czm_keras_tensor operand_of(czm_keras_call *c, const czm_keras_argument *a, size_t index,
                                   czm_dtype dtype) {
    czm_keras_tensor out = c->in[0];
    if (a && a->is_tensor) return c->tensors[a - c->arguments->items];
    if (!a || !czm_keras_constant(c, CZM_KERAS_CONST, dtype, a->value, &out))
        czm_keras_fail(c, NULL, "operand %zu of the operation is missing or not a number",
                       index + 1);
    return out;
}

czm_keras_tensor czm_keras_operand_as(czm_keras_call *c, size_t index, czm_dtype dtype) {
    return operand_of(c, czm_keras_operand_at(c, index), index, dtype);
}

czm_keras_tensor *czm_keras_operands(czm_keras_call *c, size_t *count) {
    czm_dtype dtype = czm_keras_dtype(c->in[0]);
    czm_keras_tensor *all = CZM_NEW_ARRAY(c->arena, czm_keras_tensor, c->arguments->count);
    *count = 0;
    for (size_t i = 0; i < c->arguments->count; i++) {
        const czm_keras_argument *a = &c->arguments->items[i];
        if (!is_operand(c->operation, a)) continue;
        all[*count] = operand_of(c, a, *count, dtype);
        ++*count;
    }
    return all;
}

czm_keras_tensor czm_keras_operand(czm_keras_call *c, size_t index) {
    return czm_keras_operand_as(c, index, czm_keras_dtype(c->in[0]));
}

bool czm_keras_flag(const czm_keras_call *c, const char *name) {
    return json_is_true(czm_keras_option(c, name));
}

double czm_keras_number_or(const json_t *value, double absent) {
    return json_is_number(value) ? json_number_value(value) : absent;
}

// One axis, from 0.
int64_t czm_keras_axis(czm_keras_call *c, const char *name, size_t rank, int64_t absent) {
    int64_t axes[MOST_RANK];
    const json_t *value = czm_keras_option(c, name);
    if (!value) return absent < 0 ? absent + (int64_t)rank : absent;
    czm_keras_axes(c, value, rank, axes);
    return axes[0];
}

// The axes of the option "axis", or all.
size_t czm_keras_all_axes(czm_keras_call *c, int64_t *axes) {
    size_t rank = czm_keras_rank(c, c->in[0]);
    const json_t *axis = czm_keras_option(c, "axis");
    if (axis) return czm_keras_axes(c, axis, rank, axes);
    for (size_t i = 0; i < rank; i++) axes[i] = (int64_t)i;
    return rank;
}

// ---- arguments that are not read must not matter

// Whether a value is a default: null, false, 0, or a word for the default.
static bool is_usual(const json_t *value) {
    static const char *const words = "channels_last NHWC constant";
    const char *text = json_string_value(value);
    if (text) return has_word(words, text);
    return !value || json_is_null(value) || json_is_false(value) ||
           czm_keras_number_or(value, 1) == 0;
}

// An argument that the function does not read must not change the result.
static void check_option(czm_keras_call *c, const operation *o, const char *name,
                         const json_t *value) {
    if (has_word("name dtype function trainable", name) && !has_word(o->options, name)) {
        bool is_cast = czm_text_equal(name, "dtype") && json_is_string(value) &&
                       c->layer->is_operation;
        if (!is_cast || czm_text_equal(json_string_value(value), "float32")) return;
    }
    if (!has_word(o->options, name) && !is_usual(czm_config_unwrap(value)))
        czm_keras_fail(c, NULL, "the argument \"%s\" of the operation is not supported", name);
}

static void check_arguments(czm_keras_call *c, const operation *o) {
    size_t operands = 0;
    const char *key;
    json_t *value;
    for (size_t i = 0; i < c->arguments->count; i++) {
        const czm_keras_argument *a = &c->arguments->items[i];
        if (is_operand(o, a))
            operands++;
        else
            check_option(c, o, a->name, a->value);
    }
    json_object_foreach((json_t *)c->config, key, value) check_option(c, o, key, value);
    if (o->operands && operands != o->operands)
        czm_keras_fail(c, NULL, "the operation has %zu operand%s, and %zu %s supported", operands,
                       operands == 1 ? "" : "s", (size_t)o->operands,
                       o->operands == 1 ? "is" : "are");
}

// ---- activations

// With the number of the first option that is set.
czm_keras_tensor czm_keras_op_active(czm_keras_call *c, czm_op_kind op) {
    static const char *const options[] = {"alpha", "negative_slope", "threshold", "b", "beta"};
    const char *names = c->operation->names;
    const char *class = czm_arena_format(c->arena, "%.*s", (int)strcspn(names, " "), names);
    const char *activation = czm_keras_snake_case(c->arena, class);
    (void)op;
    for (size_t i = 0; i < CZM_COUNT_OF(options); i++) {
        const json_t *value = czm_keras_option(c, options[i]);
        double parameter = json_number_value(value);
        if (json_is_number(value))
            return czm_keras_activate_by_name(c, activation, c->in[0], &parameter);
    }
    return czm_keras_activate_by_name(c, activation, c->in[0], NULL);
}

// ---- the table

static const operation operations[] = {
#define OPERATION(name, names, function, op, operands, options) \
    {name " " names, options, czm_keras_op_##function, op, operands},
#include "read/keras/operations.def"
#undef OPERATION
};

static czm_keras_tensor run(czm_keras_call *c, const operation *o) {
    c->operation = o;
    if (c->in_count == 0) {
        czm_keras_fail_damaged(c, "the operation has no input");
        return czm_keras_number(c, CZM_KERAS_CONST, c->dtype, 0);
    }
    check_arguments(c, o);
    return c->b->status ? c->in[0] : o->build(c, o->op);
}

static czm_keras_tensor unknown(czm_keras_call *c, const char *name) {
    czm_keras_fail(c, "save the model as a SavedModel: then the operation itself is in the file",
                   "the operation \"%s\" is not supported", name);
    return c->in_count ? c->in[0] : czm_keras_number(c, CZM_KERAS_CONST, c->dtype, 0);
}

static czm_keras_tensor run_named(czm_keras_call *c, const char *name) {
    for (size_t i = 0; i < CZM_COUNT_OF(operations); i++)
        if (has_word(operations[i].names, name)) return run(c, &operations[i]);
    return unknown(c, name);
}

// TFOpLambda, SlicingOpLambda.
czm_keras_tensor czm_keras_build_operation(czm_keras_call *c) {
    return run_named(c, czm_config_text(c->config, "function", "__operators__.getitem"));
}

czm_keras_tensor czm_keras_operate(czm_keras_call *c) { return run_named(c, c->layer->class_name); }
