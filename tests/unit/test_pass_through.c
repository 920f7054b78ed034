// SPDX-License-Identifier: Apache-2.0
//
// Operations that pass a tensor on as it is: whatever is concluded about the tensor must survive each of
// them. The table of operations says which they are (op/ops.def); this test asks every consumer.
#include "analysis/probability.h"
#include "analysis/receptive_field.h"
#include "analysis/tile_memory.h"
#include "graph/build.h"
#include "graphs.h"
#include "write/onnx/translate.h"

static const int64_t image_dims[] = {1, 16, 16, 4};

// An image, a softmax, `op` unless it is CZM_OP_OTHER, and the output.
static czm_model *network(czm_context *c, czm_op_kind op) {
    czm_model *model = new_model(c);
    czm_graph *g = &model->main;
    model->layer_names.scope = "";
    czm_bytes shape = czm_shape_attr(c->arena, (czm_shape){4, image_dims});
    czm_node *image = czm_graph_add(g, "image", CZM_OP_Placeholder);
    czm_set_type(g, image, "dtype", CZM_DTYPE_FLOAT);
    czm_set_attr(g, image, "shape", shape);
    add_input(g, image);
    czm_tensor x = czm_output(image);
    czm_node *softmax = czm_build_node(g, "softmax", CZM_OP_Softmax, &x, 1), *end = softmax;
    bool has_many = op == CZM_OP_IdentityN;
    if (has_many)
        end = czm_build_node(g, "passes", op, CZM_INPUTS(x, czm_output(softmax)));
    else if (op)
        end = czm_build_node(g, "passes", op, CZM_INPUTS(czm_output(softmax)));
    if (czm_op_attr_find(end->def, czm_bytes_text("shape"))) czm_set_attr(g, end, "shape", shape);
    add_output(g, end, has_many);
    assert_null(czm_graph_sort(g));
    return model;
}

static void check(czm_context *c, czm_op_kind op) {
    czm_model *with = network(c, op), *without = network(c, CZM_OP_OTHER);
    czm_tensor output = with->main.outputs.items[0].tensor;
    const czm_shapes *shapes = czm_shapes_infer(c->arena, with, NULL);
    const czm_shapes *fewer = czm_shapes_infer(c->arena, without, NULL);

    czm_shape shape = czm_shape_of(shapes, output);
    assert_int_equal(shape.rank, 4);
    assert_memory_equal(shape.dims, image_dims, sizeof image_dims);

    czm_receptive_field field = czm_field_of(czm_fields_infer(c->arena, with, shapes), output);
    assert_int_equal(field.kind, CZM_FIELD_BOUNDED);
    assert_int_equal(czm_field_border(&field), 0);

    assert_int_equal(czm_probability_of(c->arena, with, shapes, true).proof, CZM_PROVEN);

    czm_tile_memory memory = czm_tile_memory_of(c->arena, with, shapes);
    assert_true(memory.is_known);
    assert_int_equal(memory.peak, czm_tile_memory_of(c->arena, without, fewer).peak);

    czm_onnx_model onnx = {0};
    assert_int_equal(czm_onnx_translate(c, with, CZM_ONNX_OLD, &onnx), CZM_OK);
}

static void test_every_consumer(void **state) {
    czm_context *c = *state;
    size_t count = 0;
    for (czm_op_kind op = CZM_OP_OTHER + 1; op < CZM_OP_KIND_COUNT; op++) {
        if (!czm_op_traits_of[op].passes_on && op != CZM_OP_IdentityN) continue;
        print_message("%s\n", czm_op_name(op)); // which one fails
        check(c, op);
        count++;
    }
    assert_true(count > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_every_consumer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
