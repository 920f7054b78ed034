// SPDX-License-Identifier: Apache-2.0
//
// Op table: rows decode to what TensorFlow's registries say, kernels, and ops of a model's own.
#include "op/op.h"

#include "codec/wire.h"
#include "support.h"

static const czm_op *find(czm_context *c, const char *name) {
    czm_op_registry *registry = CZM_NEW(c->arena, czm_op_registry);
    registry->arena = c->arena;
    return czm_op_find(registry, czm_bytes_text(name));
}

static void arguments_of_every_form(void **state) {
    czm_context *c = *state;
    const czm_op *concat = find(c, "ConcatV2");
    assert_true(concat->in_target && !concat->is_stateful);
    assert_int_equal(concat->input_count, 2);
    assert_text(concat->inputs[0].name, "values");
    assert_text(concat->inputs[0].count_attr, "N");
    assert_text(concat->inputs[0].type_attr, "T");
    assert_text(concat->inputs[1].type_attr, "Tidx");
    assert_int_equal(concat->inputs[1].count_attr.size, 0);
    const czm_op *split = find(c, "Split");
    assert_int_equal(split->inputs[0].dtype, CZM_DTYPE_INT32); // a fixed type
    assert_text(split->outputs[0].count_attr, "num_split");
    const czm_op *loop = find(c, "While");
    assert_text(loop->outputs[0].list_attr, "T");
    const czm_op *handle = find(c, "VarHandleOp");
    assert_true(handle->is_stateful && handle->input_count == 0);
    assert_int_equal(handle->outputs[0].dtype, CZM_DTYPE_RESOURCE);
    // References are marked in the table, and read as values.
    const czm_op *assign = find(c, "Assign");
    assert_text(assign->inputs[0].type_attr, "T");
}

static void defaults_and_new_attrs(void **state) {
    czm_context *c = *state;
    const czm_op *norm = find(c, "FusedBatchNormV3");
    const czm_op_attr *layout = czm_op_attr_find(norm, czm_bytes_text("data_format"));
    assert_true(layout->has_default && !layout->is_new);
    assert_text(layout->kind, "string");
    assert_text(czm_wire_find(layout->default_value, 2).bytes, "NHWC");
    const czm_op_attr *factor = czm_op_attr_find(norm, czm_bytes_text("exponential_avg_factor"));
    assert_true(factor->is_new && factor->has_default);
    assert_int_equal(czm_wire_find(factor->default_value, 4).value, 0x3f800000); // 1.0f
    assert_false(czm_op_attr_find(norm, czm_bytes_text("T"))->has_default);
    assert_null(czm_op_attr_find(norm, czm_bytes_text("t")));
}

static void what_the_target_lacks(void **state) {
    czm_context *c = *state;
    assert_false(find(c, "BatchMatMulV3")->in_target);
    assert_false(find(c, "DisableCopyOnRead")->in_target);
    assert_true(find(c, "BatchMatMulV2")->in_target);
    assert_null(find(c, "NoSuchOp"));
    assert_null(find(c, ""));
    assert_null(find(c, "Conv2D\x01"));
    assert_null(find(c, "Conv2"));
}

static czm_dtype type_given(const void *node, czm_bytes attr) {
    (void)attr;
    return *(const czm_dtype *)node;
}

static bool has_kernel(czm_context *c, const char *op, czm_dtype dtype) {
    return czm_op_has_kernel(find(c, op), type_given, &dtype);
}

static void kernels_by_element_type(void **state) {
    czm_context *c = *state;
    assert_true(has_kernel(c, "Conv2D", CZM_DTYPE_FLOAT));
    assert_true(has_kernel(c, "Conv2D", CZM_DTYPE_HALF));
    assert_false(has_kernel(c, "Conv2D", CZM_DTYPE_INT32));
    assert_false(has_kernel(c, "Conv2D", CZM_DTYPE_BFLOAT16));     // 14 must not be found in 1 or 4
    assert_true(has_kernel(c, "VarHandleOp", CZM_DTYPE_BFLOAT16)); // any type
    assert_false(has_kernel(c, "BatchMatMulV3", CZM_DTYPE_FLOAT)); // no op, no kernel
}

// Every row must be found: the table is sorted as the search expects, and decodes.
static void every_row_is_found(void **state) {
    czm_context *c = *state;
    static const char *const names[] = {
#define OP(name, in_target, is_stateful, inputs, outputs, attrs, kernels) #name,
#include "op/op_table.inc"
#undef OP
    };
    czm_op_registry registry = {.arena = c->arena};
    assert_true(CZM_COUNT_OF(names) > 1000);
    for (size_t i = 0; i < CZM_COUNT_OF(names); i++) {
        const czm_op *op = czm_op_find(&registry, czm_bytes_text(names[i]));
        if (!op) fail_msg("%s is not found", names[i]);
        assert_string_equal(op->name, names[i]);
        assert_ptr_equal(czm_op_find(&registry, czm_bytes_text(names[i])), op);
        for (size_t k = 0; k < op->input_count; k++) {
            const czm_op_arg *arg = &op->inputs[k];
            czm_bytes attr = arg->list_attr.size ? arg->list_attr : arg->type_attr;
            if (arg->dtype == CZM_DTYPE_NONE && !czm_op_attr_find(op, attr))
                fail_msg("%s: an argument has no type", names[i]);
        }
    }
}

static czm_bytes make_definition(czm_arena *arena, const char *name) {
    czm_buffer b = czm_buffer_in(arena);
    czm_put_text(&b, 1, name);
    size_t arg = czm_put_begin(&b, 2);
    czm_put_text(&b, 1, "x");
    czm_put_varint(&b, 3, CZM_DTYPE_FLOAT + CZM_DTYPE_REF);
    czm_put_end(&b, arg);
    size_t attr = czm_put_begin(&b, 4);
    czm_put_text(&b, 1, "k");
    czm_put_text(&b, 2, "int");
    size_t value = czm_put_begin(&b, 3);
    czm_put_varint(&b, 3, 7);
    czm_put_end(&b, value);
    czm_put_end(&b, attr);
    czm_put_varint(&b, 17, 1);
    return czm_buffer_bytes(&b);
}

static void ops_of_a_model(void **state) {
    czm_context *c = *state;
    czm_op_registry registry = {.arena = c->arena};
    assert_true(czm_op_add_definition(&registry, make_definition(c->arena, "Deblur")));
    const czm_op *op = czm_op_find(&registry, czm_bytes_text("Deblur"));
    assert_true(!op->in_target && op->is_stateful);
    assert_int_equal(op->inputs[0].dtype, CZM_DTYPE_FLOAT); // a reference counts as its base type
    assert_true(op->attrs[0].is_new && op->attrs[0].has_default);
    // The table has priority over the model.
    assert_true(czm_op_add_definition(&registry, make_definition(c->arena, "Relu")));
    assert_true(czm_op_find(&registry, czm_bytes_text("Relu"))->in_target);
    // No name, and damage.
    assert_false(czm_op_add_definition(&registry, (czm_bytes){0}));
    assert_false(czm_op_add_definition(&registry, czm_bytes_of("\x0a\x05"
                                                               "Blur",
                                                               6)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(arguments_of_every_form), TEST(defaults_and_new_attrs), TEST(what_the_target_lacks),
        TEST(kernels_by_element_type), TEST(every_row_is_found),     TEST(ops_of_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
