// SPDX-License-Identifier: Apache-2.0
//
// Rewrites that change the element types of an op only.
#include "passes/lower.h"

static void become_cast(czm_lowering *l, czm_node *node, czm_tensor value, czm_dtype to) {
    czm_build_anew(l->graph, node, CZM_OP_Cast, &value, 1);
    czm_set_type(l->graph, node, "DstT", to);
}

// ---- means of integers, in int64

// int64 has its own kernel; uint64 does not fit into int64.
bool czm_whole_mean_applies(czm_lowering *l, czm_node *node) {
    static const czm_dtype whole[] = {CZM_DTYPE_UINT8, CZM_DTYPE_INT8,  CZM_DTYPE_UINT16,
                                      CZM_DTYPE_INT16, CZM_DTYPE_INT32, CZM_DTYPE_UINT32,
                                      CZM_DTYPE_INT64};
    (void)l;
    bool is_whole = false;
    for (size_t i = 0; i < CZM_COUNT_OF(whole); i++)
        is_whole |= czm_attr_type(node, "T") == whole[i];
    return is_whole && node->inputs.count == 2;
}

static czm_tensor add_size(czm_lowering *l, const czm_node *node, czm_tensor of) {
    czm_node *size = czm_lower_add(l, node, "size", CZM_OP_Size, CZM_INPUTS(of));
    czm_set_type(l->graph, size, "out_type", CZM_DTYPE_INT64);
    return czm_output(size);
}

// sum / (size of the input / size of the sum), rounded towards zero.
void czm_whole_mean_rewrite(czm_lowering *l, czm_node *node) {
    const czm_dtype wide = CZM_DTYPE_INT64, dtype = czm_attr_type(node, "T");
    czm_tensor value = czm_lower_cast(l, node, node->inputs.items[0], wide);
    czm_node *sum =
        czm_lower_add(l, node, "sum", CZM_OP_Sum, CZM_INPUTS(value, node->inputs.items[1]));
    czm_set_bool(l->graph, sum, "keep_dims", czm_attr_bool(node, "keep_dims"));
    czm_tensor one = czm_add_const(l->graph, czm_lower_name(l, node, "one"), wide,
                                   czm_bytes_of((const uint8_t[8]){1}, 8), NULL, 0);
    czm_node *sums = czm_lower_add(l, node, "sums", CZM_OP_Maximum,
                                   CZM_INPUTS(add_size(l, node, czm_output(sum)), one));
    czm_node *count = czm_lower_add(l, node, "count", CZM_OP_TruncateDiv,
                                    CZM_INPUTS(add_size(l, node, value), czm_output(sums)));
    czm_node *mean = czm_lower_add(l, node, "mean", CZM_OP_TruncateDiv,
                                   CZM_INPUTS(czm_output(sum), czm_output(count)));
    become_cast(l, node, czm_output(mean), dtype);
}

// ---- types without a kernel: compute in a wider type, and cast the result back

typedef struct promotion {
    const czm_node *node;
    czm_bytes attr; // the type attr that gets the wider type
    czm_dtype wider;
} promotion;

static czm_dtype own_type(const void *node, czm_bytes attr) {
    return czm_attr_type_named(node, attr);
}

static czm_dtype promoted_type(const void *user, czm_bytes attr) {
    const promotion *p = user;
    return czm_bytes_equal(attr, p->attr) ? p->wider : czm_attr_type_named(p->node, attr);
}

// The wider types: half precision is rounded from single. Integers wrap, and so do wider ones that are cast back.
// This is only certain for operations that compute or move numbers.
enum { MOST_WIDER = 2 };
static const struct {
    czm_dtype dtype, wider[MOST_WIDER];
} widths[] = {
    {CZM_DTYPE_HALF, {CZM_DTYPE_FLOAT}},
    {CZM_DTYPE_BFLOAT16, {CZM_DTYPE_FLOAT}},
    {CZM_DTYPE_INT8, {CZM_DTYPE_INT32, CZM_DTYPE_INT64}},
    {CZM_DTYPE_UINT8, {CZM_DTYPE_INT32, CZM_DTYPE_INT64}},
    {CZM_DTYPE_INT16, {CZM_DTYPE_INT32, CZM_DTYPE_INT64}},
    {CZM_DTYPE_UINT16, {CZM_DTYPE_INT32, CZM_DTYPE_INT64}},
    {CZM_DTYPE_UINT32, {CZM_DTYPE_INT64}},
};

static bool may_widen_integers(const czm_lowering *l, const czm_node *node) {
    return l->target != CZM_FOR_ONNX && czm_node_traits(node)->widens;
}

// Whether only output 0 has the type: a cast can replace only this output.
static bool only_first_output_has(const czm_op *op, czm_bytes attr) {
    for (size_t i = 0; i < op->output_count; i++)
        if (czm_bytes_equal(op->outputs[i].type_attr, attr) &&
            (i > 0 || op->outputs[i].count_attr.size))
            return false;
    return op->output_count > 0;
}

// Kernels that are registered and do not work: sums of bfloat16 lose their precision silently, LessEqual of bfloat16
// has two, of which TensorFlow can choose neither (docs/tf200-gaps.md), and Tile of uint32 and Where of float16 fail
// when they run.
static bool is_distrusted(const czm_node *node) {
    if (czm_node_is(node, CZM_OP_Tile)) return czm_attr_type(node, "T") == CZM_DTYPE_UINT32;
    if (czm_node_is(node, CZM_OP_Where)) return czm_attr_type(node, "T") == CZM_DTYPE_HALF;
    static const czm_op_kind ops[] = {CZM_OP_LessEqual, CZM_OP_Mean, CZM_OP_Sum};
    for (size_t i = 0; i < CZM_COUNT_OF(ops); i++)
        if (czm_node_is(node, ops[i])) return czm_attr_type(node, "T") == CZM_DTYPE_BFLOAT16;
    return false;
}

// A wider type for which there is a kernel; CZM_DTYPE_NONE: there is none.
static czm_dtype wider_type(const czm_lowering *l, const czm_node *node, czm_bytes attr) {
    czm_dtype dtype = czm_attr_type_named(node, attr);
    for (size_t i = 0; i < CZM_COUNT_OF(widths); i++) {
        bool may_widen = czm_dtype_is_floating(dtype) || may_widen_integers(l, node);
        if (widths[i].dtype != dtype || !may_widen) continue;
        for (size_t k = 0; k < MOST_WIDER && widths[i].wider[k]; k++) {
            promotion p = {node, attr, widths[i].wider[k]};
            if (czm_op_has_kernel(node->def, promoted_type, &p)) return p.wider;
        }
    }
    return CZM_DTYPE_NONE;
}

// The type attr without a kernel, with its wider type; false: there is none.
static bool find_promotion(const czm_lowering *l, const czm_node *node, promotion *p) {
    const czm_op *op = node->def;
    bool is_fine = czm_op_has_kernel(op, own_type, node) && !is_distrusted(node);
    if (!op->in_target || op->input_count == 0 || is_fine) return false;
    for (size_t i = 0; i < op->attr_count; i++) {
        czm_bytes attr = op->attrs[i].name;
        if (!czm_bytes_is(op->attrs[i].kind, "type") || !only_first_output_has(op, attr)) continue;
        *p = (promotion){node, attr, wider_type(l, node, attr)};
        if (p->wider != CZM_DTYPE_NONE) return true;
    }
    return false;
}

bool czm_promotion_applies(czm_lowering *l, czm_node *node) {
    promotion p;
    return find_promotion(l, node, &p);
}

void czm_promotion_rewrite(czm_lowering *l, czm_node *node) {
    promotion p;
    if (!find_promotion(l, node, &p)) return;
    czm_bytes attr = p.attr;
    const char *name = czm_arena_string(l->context->arena, attr);
    czm_dtype narrow = czm_attr_type_named(node, attr);
    czm_node *core = czm_lower_split(l, node, czm_dtype_name(p.wider));
    size_t input = 0;
    for (size_t size, i = 0; i < core->def->input_count; i++) {
        const czm_op_arg *arg = &core->def->inputs[i];
        if (!czm_arg_size(core, arg, &size)) return;
        for (size_t k = 0; k < size && input < core->inputs.count; k++, input++) {
            if (!czm_bytes_equal(arg->type_attr, attr)) continue;
            core->inputs.items[input] = czm_lower_cast(l, node, core->inputs.items[input], p.wider);
        }
    }
    czm_set_type(l->graph, core, name, p.wider);
    if (czm_bytes_equal(core->def->outputs[0].type_attr, attr))
        become_cast(l, node, czm_output(core), narrow);
    else
        czm_build_anew(l->graph, node, CZM_OP_Identity, CZM_INPUTS(czm_output(core)));
}
