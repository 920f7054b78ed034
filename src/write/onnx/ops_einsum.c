// SPDX-License-Identifier: Apache-2.0
//
// Einsum: "abc,cd->abd" names the dimensions of operands and result by letters. An Einsum of two operands that is a
// product of matrices is written as one, which ONNX Runtime computes faster than Einsum.
#include <limits.h>

#include "view/einsum.h"
#include "view/value.h"
#include "write/onnx/ops.h"

enum { MOST = CZM_ONNX_MOST_DIMS, RESULT = 2 };

// The dimensions of a product, grouped by their role.
typedef struct product {
    char terms[3][MOST + 1];              // of the operands, left and right, and of the result
    size_t inputs[2];                     // which input each operand is
    int64_t sizes[UCHAR_MAX + 1];         // of a letter
    char shared[MOST + 1];                // in all terms
    char left[MOST + 1], right[MOST + 1]; // in one operand and the result
    char inner[MOST + 1];                 // in both operands
} product;

// ---- reading the equation

// Whether the letters differ and their number is that of the dimensions.
static bool keep_term(const czm_einsum_term *from, char *term) {
    if (from->has_ellipsis || from->letters > MOST) return false;
    for (int i = 0; i < from->letters; i++)
        if (memchr(from->labels, from->labels[i], (size_t)i)) return false;
    memcpy(term, from->labels, (size_t)from->letters + 1);
    return true;
}

static bool read_sizes(const czm_onnx_step *step, product *p, int operand) {
    czm_shape shape = czm_onnx_in(step, (size_t)operand)->shape;
    const char *term = p->terms[operand];
    if (shape.rank != (int)strlen(term)) return false;
    for (int i = 0; i < shape.rank; i++) {
        int64_t *size = &p->sizes[(unsigned char)term[i]];
        if (!czm_dim_merge(*size, shape.dims[i], size)) return false;
    }
    return true;
}

static void add(char *letters, char letter) {
    size_t size = strlen(letters);
    letters[size] = letter;
    letters[size + 1] = '\0';
}

// False for a letter that one operand alone has, or the result alone.
static bool sort_letters(product *p) {
    for (const char *at = p->terms[RESULT]; *at; at++) {
        bool in_left = strchr(p->terms[0], *at), in_right = strchr(p->terms[1], *at);
        if (!in_left && !in_right) return false;
        add(in_left && in_right ? p->shared : in_left ? p->left : p->right, *at);
    }
    for (const char *at = p->terms[0]; *at; at++)
        if (strchr(p->terms[1], *at) && !strchr(p->terms[RESULT], *at)) add(p->inner, *at);
    size_t outer = strlen(p->shared) + strlen(p->inner);
    return *p->inner && strlen(p->terms[0]) == outer + strlen(p->left) &&
           strlen(p->terms[1]) == outer + strlen(p->right);
}

// The right operand is the one with the last letter of the result, so that the result needs no transposition.
static void put_last_right(product *p) {
    const char *result = p->terms[RESULT];
    if (*result == '\0' || !strchr(p->terms[0], result[strlen(result) - 1])) return;
    char old[MOST + 1];
    memcpy(old, p->terms[0], sizeof old);
    memcpy(p->terms[0], p->terms[1], sizeof old);
    memcpy(p->terms[1], old, sizeof old);
    p->inputs[0] = 1;
    p->inputs[1] = 0;
}

static bool read_product(const czm_onnx_step *step, product *p) {
    czm_einsum equation;
    czm_einsum_term term;
    *p = (product){.inputs = {0, 1}};
    for (size_t i = 0; i < CZM_COUNT_OF(p->sizes); i++) p->sizes[i] = CZM_UNKNOWN;
    if (czm_onnx_in_count(step) != 2 || !czm_einsum_read(step->node, &equation) ||
        !keep_term(&equation.output, p->terms[RESULT]))
        return false;
    for (int i = 0; i < 2; i++)
        if (!czm_einsum_next(&equation, &term) || !keep_term(&term, p->terms[i]) ||
            !read_sizes(step, p, i))
            return false;
    put_last_right(p);
    return czm_einsum_is_at_end(&equation) && sort_letters(p);
}

// ---- dimensions

// The dimensions of an operand in which each group of letters is one dimension.
typedef struct form {
    char letters[2 * MOST + 1];
    int groups[MOST + 2], count;
    int64_t dims[MOST + 2];
    bool is_merged;
} form;

static void add_each(form *f, const char *letters) {
    for (; *letters; letters++) {
        add(f->letters, *letters);
        f->groups[f->count++] = 1;
    }
}

static void add_merged(form *f, const char *letters) {
    f->is_merged |= strlen(letters) != 1;
    f->groups[f->count++] = (int)strlen(letters);
    for (; *letters; letters++) add(f->letters, *letters);
}

// The sizes for Reshape: 0 copies a size, -1 is the remaining size. The first `same` dimensions do not change. False
// if two sizes are unknown.
static bool find_dims(const product *p, form *f, int same) {
    const char *letter = f->letters;
    bool is_one_left = false;
    for (int i = 0; i < f->count; i++) {
        int64_t size = 1;
        for (int k = 0; k < f->groups[i]; k++, letter++)
            size = czm_dim_multiply(size, p->sizes[(unsigned char)*letter]);
        f->dims[i] = size != CZM_UNKNOWN ? size : i < same ? 0 : -1;
        if (f->dims[i] == -1 && is_one_left) return false;
        is_one_left |= f->dims[i] == -1;
    }
    return f->count <= MOST;
}

// An operand: the shared dimensions, those of `before`, those of `after`; each of the last two groups as one
// dimension. Without shared dimensions, the left operand keeps its dimensions.
static bool operand_form(const product *p, const char *before, const char *after, form *f) {
    bool is_batch = *p->shared, keeps_own = before == p->left && !is_batch;
    *f = (form){.count = 0};
    add_each(f, p->shared);
    if (keeps_own)
        add_each(f, before);
    else
        add_merged(f, before);
    if (is_batch || *after) add_merged(f, after);
    size_t same = keeps_own ? strlen(before) : strlen(p->shared) + (strlen(before) == 1);
    return find_dims(p, f, (int)same);
}

// The dimensions of the product of such operands.
static bool result_form(const product *p, form *f) {
    bool is_batch = *p->shared, is_left_merged = is_batch && strlen(p->left) != 1;
    bool is_right_merged = strlen(p->right) > 1 || (is_batch && !*p->right);
    *f = (form){.is_merged = is_left_merged || is_right_merged};
    add_each(f, p->shared);
    add_each(f, p->left);
    add_each(f, p->right);
    return find_dims(p, f, (int)(strlen(p->shared) + (is_left_merged ? 0 : strlen(p->left))));
}

// ---- writing it

// The dimension of `from` for each dimension of `to`; false if the order is the same.
static bool find_order(const char *from, const char *to, int64_t *order) {
    bool is_other = false;
    for (int i = 0; to[i]; i++) {
        order[i] = strchr(from, to[i]) - from;
        is_other |= order[i] != i;
    }
    return is_other;
}

static const char *stored_operand(czm_onnx_step *step, const czm_onnx_weight *stored,
                                  const int64_t *order, const form *f) {
    czm_onnx_weight *w = czm_onnx_weight_copy(step, stored);
    for (int i = 0; i < w->stored_rank; i++) w->order[i] = stored->order[order[i]];
    w->rank = f->count;
    for (int i = 0; i < f->count; i++) w->dims[i] = f->dims[i];
    return czm_onnx_weight_name(w);
}

static const char *operand(czm_onnx_step *step, const product *p, int side, const form *f) {
    int64_t order[MOST];
    bool is_turned = find_order(p->terms[side], f->letters, order);
    const czm_onnx_weight *stored = czm_onnx_in_weight(step, p->inputs[side]);
    if (stored) return stored_operand(step, stored, order, f);
    const char *name = czm_onnx_in_plain(step, p->inputs[side]);
    if (is_turned) name = czm_onnx_emit_transpose(step, name, order, (int)strlen(f->letters));
    return f->is_merged ? czm_onnx_emit_reshape(step, name, f->dims, f->count) : name;
}

static bool put_product(czm_onnx_step *step) {
    product p;
    form left, right, result;
    if (!read_product(step, &p) || !operand_form(&p, p.left, p.inner, &left) ||
        !operand_form(&p, p.inner, p.right, &right) || !result_form(&p, &result))
        return false;
    int64_t order[MOST];
    const char *a = operand(step, &p, 0, &left), *b = operand(step, &p, 1, &right);
    const char *name = CZM_ONNX(step, "MatMul", a, b);
    if (result.is_merged) name = czm_onnx_emit_reshape(step, name, result.dims, result.count);
    if (find_order(result.letters, p.terms[RESULT], order))
        name = czm_onnx_emit_transpose(step, name, order, result.count);
    czm_onnx_out(step, 0, name);
    return true;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Renames the letters to "a", "b" ... in the order of their occurrence: ONNX Runtime 1.4.0 rejects capitals, which
// Keras 3 uses. NULL: there are more than 26.
static char *with_small_letters(czm_arena *arena, czm_bytes equation) {
    char *text = czm_arena_string(arena, equation), letters[UCHAR_MAX + 1] = "", next = 'a';
    for (char *at = text; *at; at++) {
        if (!is_letter(*at)) continue;
        char *letter = &letters[(unsigned char)*at];
        if (*letter == '\0' && next > 'z') return NULL;
        if (*letter == '\0') *letter = next++;
        *at = *letter;
    }
    return text;
}

// The number of dimensions of "..." in an input; 0 without it, or if the rank is not known.
static int elided(const czm_onnx_step *step, size_t input, const czm_einsum_term *term) {
    int rank = czm_onnx_in(step, input)->shape.rank;
    return term->has_ellipsis && rank > term->letters ? rank - term->letters : 0;
}

// "..." must have the same number of dimensions in all inputs: new ones of size 1 are added in front.
static const char *aligned(czm_onnx_step *step, size_t input, const czm_einsum_term *term,
                           int most) {
    const char *name = czm_onnx_in_plain(step, input);
    int missing = most - elided(step, input, term), first = 0;
    if (!term->has_ellipsis || missing <= 0 || czm_onnx_in(step, input)->shape.rank == CZM_UNKNOWN)
        return name;
    while (term->labels[first] != CZM_EINSUM_ELLIPSIS) first++;
    int64_t axes[CZM_HIGHEST_RANK];
    for (int i = 0; i < missing; i++) axes[i] = first + i;
    return czm_onnx_emit_with_axes(step, "Unsqueeze", name, axes, missing, 13);
}

static const char **aligned_inputs(czm_onnx_step *step) {
    size_t count = czm_onnx_in_count(step), known = 0;
    const char **names = CZM_NEW_ARRAY(step->arena, const char *, count + 1);
    czm_einsum_term *terms = CZM_NEW_ARRAY(step->arena, czm_einsum_term, count + 1);
    czm_einsum einsum;
    int most = 0;
    bool is_read = czm_einsum_read(step->node, &einsum);
    while (is_read && known < count && czm_einsum_next(&einsum, &terms[known])) {
        int dims = elided(step, known, &terms[known]);
        if (dims > most) most = dims;
        known++;
    }
    for (size_t i = 0; i < count; i++)
        names[i] = i < known ? aligned(step, i, &terms[i], most) : czm_onnx_in_plain(step, i);
    return names;
}

void czm_onnx_einsum(czm_onnx_step *step) {
    if (put_product(step)) return;
    char *equation = with_small_letters(step->arena, czm_attr_string(step->node, "equation"));
    if (!equation) {
        czm_onnx_refuse(step, "its equation has more than 26 dimensions");
        return;
    }
    const char *name = czm_onnx_emit(step, "Einsum", aligned_inputs(step));
    czm_onnx_set_text(step, "equation", equation);
    czm_onnx_out(step, 0, name);
}
