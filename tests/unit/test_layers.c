// SPDX-License-Identifier: Apache-2.0
//
// Grouping nodes into layers.
#include "analysis/layers.h"

#include "graphs.h"
#include "read/savedmodel/model.h"

static czm_model *model_with_image(czm_context *c, czm_node **image) {
    czm_model *model = new_model(c);
    model->layer_names.scope = "model/";
    *image = czm_graph_add(&model->main, "image", CZM_OP_Placeholder);
    add_input(&model->main, *image);
    return model;
}

// A variable of so many numbers, and its value.
static czm_node *add_weight(czm_model *model, const char *name, const int64_t *dims, size_t rank) {
    czm_node *handle = czm_graph_add(&model->main, name, CZM_OP_VarHandleOp);
    *CZM_APPEND(model->arena, &model->variables) =
        (czm_variable){.handle = handle, .dtype = CZM_DTYPE_FLOAT, .dims = dims, .rank = rank};
    return handle;
}

static czm_layer_list layers_of(czm_context *c, czm_model *model, czm_node *output) {
    add_output(&model->main, output, 0);
    assert_null(czm_graph_sort(&model->main));
    return czm_layers_of(c->arena, model, czm_shapes_infer(c->arena, model, NULL));
}

static void assert_layer(const czm_layer *layer, const char *name, const char *op,
                         uint64_t parameters) {
    assert_string_equal(layer->info.name, name);
    assert_string_equal(layer->info.op, op);
    assert_int_equal(layer->info.parameters, parameters);
}

static void assert_reads(const czm_layer *layer, const char *inputs) {
    char text[64] = "";
    for (size_t i = 0; i < layer->info.input_count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%zu ", layer->info.inputs[i]);
    assert_string_equal(text, inputs);
}

static void weights_belong_to_their_layer(void **state) {
    czm_context *c = *state;
    czm_node *image;
    czm_model *model = model_with_image(c, &image);
    czm_graph *g = &model->main;
    static const int64_t kernel[] = {3, 3, 2, 8}, bias[] = {8};
    czm_node *read = add(g, "model/conv/Conv2D/ReadVariableOp", "ReadVariableOp",
                         add_weight(model, "conv/kernel", kernel, 4), NULL);
    czm_node *conv = add(g, "model/conv/Conv2D", "Conv2D", image, read);
    czm_node *shift = add(g, "model/conv/BiasAdd/ReadVariableOp", "ReadVariableOp",
                          add_weight(model, "conv/bias", bias, 1), NULL);
    czm_node *sum = add(g, "model/conv/BiasAdd", "BiasAdd", conv, shift);
    czm_node *relu = add(g, "model/conv/Relu", "Relu", sum, NULL);
    czm_node *end = add(g, "Identity", "Identity", relu, NULL);
    czm_layer_list layers = layers_of(c, model, end);
    assert_int_equal(layers.count, 2);
    assert_layer(&layers.items[0], "image", "Placeholder", 0);
    assert_reads(&layers.items[0], "");
    assert_layer(&layers.items[1], "conv", "Conv2D", 152);
    assert_reads(&layers.items[1], "0 ");
    assert_ptr_equal(layers.items[1].output.node, relu);
}

// The sorted order has what makes `b` between the two additions.
static void a_layer_with_one_output_stays_whole(void **state) {
    czm_context *c = *state;
    czm_node *image;
    czm_model *model = model_with_image(c, &image);
    czm_graph *g = &model->main;
    czm_node *a = add(g, "model/a/Relu", "Relu", image, NULL);
    czm_node *b = add(g, "model/b/Elu", "Elu", image, NULL);
    czm_node *first = add(g, "model/sum/add", "AddV2", image, a);
    czm_node *second = add(g, "model/sum/add_1", "AddV2", first, b);
    czm_layer_list layers = layers_of(c, model, second);
    assert_int_equal(layers.count, 4);
    assert_layer(&layers.items[1], "a", "Relu", 0);
    assert_layer(&layers.items[2], "b", "Elu", 0);
    assert_layer(&layers.items[3], "sum", "AddV2", 0);
    assert_reads(&layers.items[3], "0 1 2 ");
}

static void a_layer_applied_twice_is_two_rows(void **state) {
    czm_context *c = *state;
    czm_node *image;
    czm_model *model = model_with_image(c, &image);
    czm_graph *g = &model->main;
    static const int64_t kernel[] = {3, 3, 2, 2};
    czm_node *handle = add_weight(model, "conv/kernel", kernel, 4);
    czm_node *read = add(g, "model/conv/ReadVariableOp", "ReadVariableOp", handle, NULL);
    czm_node *again = add(g, "model/conv/ReadVariableOp_1", "ReadVariableOp", handle, NULL);
    czm_node *one = add(g, "model/conv/Conv2D", "Conv2D", image, read);
    czm_node *relu = add(g, "model/relu/Relu", "Relu", one, NULL);
    czm_node *two = add(g, "model/conv/Conv2D_1", "Conv2D", relu, again);
    czm_layer_list layers = layers_of(c, model, two);
    assert_int_equal(layers.count, 4);
    assert_layer(&layers.items[1], "conv", "Conv2D", 36);
    assert_reads(&layers.items[1], "0 ");
    assert_layer(&layers.items[2], "relu", "Relu", 0);
    assert_layer(&layers.items[3], "conv", "Conv2D", 0);
    assert_reads(&layers.items[3], "2 ");
}

// Keras 3 applies "conv" as "conv_1" and "conv_2".
static void an_echo_tells_two_uses_apart(void **state) {
    czm_context *c = *state;
    czm_node *image;
    czm_model *model = model_with_image(c, &image);
    model->layer_names.has_echo = true;
    czm_node *one = add(&model->main, "model/conv_1/Relu", "Relu", image, NULL);
    czm_node *two = add(&model->main, "model/conv_2/Relu", "Relu", one, NULL);
    czm_layer_list layers = layers_of(c, model, two);
    assert_int_equal(layers.count, 3);
    assert_layer(&layers.items[1], "conv", "Relu", 0);
    assert_layer(&layers.items[2], "conv", "Relu", 0);
}

// A resize to the size of a skip does not read the skip.
static void sizes_are_no_data(void **state) {
    czm_context *c = *state;
    czm_node *image;
    czm_model *model = model_with_image(c, &image);
    czm_graph *g = &model->main;
    czm_node *skip = add(g, "model/skip/Relu", "Relu", image, NULL);
    czm_node *pool = add(g, "model/pool/MaxPool", "MaxPool", skip, NULL);
    czm_node *size = add(g, "model/up/Shape", "Shape", skip, NULL);
    czm_node *up = add(g, "model/up/ResizeBilinear", "ResizeBilinear", pool, size);
    czm_layer_list layers = layers_of(c, model, up);
    assert_int_equal(layers.count, 4);
    assert_layer(&layers.items[3], "up", "ResizeBilinear", 0);
    assert_reads(&layers.items[3], "2 ");
}

// Batch normalisation of small ops scales with what comes of weights alone.
static void normalisation_shows_at_its_root(void **state) {
    czm_context *c = *state;
    czm_node *image;
    czm_model *model = model_with_image(c, &image);
    czm_graph *g = &model->main;
    static const int64_t dims[] = {4};
    czm_node *read = add(g, "model/norm/ReadVariableOp", "ReadVariableOp",
                         add_weight(model, "norm/variance", dims, 1), NULL);
    czm_node *root = add(g, "model/norm/batchnorm/Rsqrt", "Rsqrt", read, NULL);
    czm_node *scaled = add(g, "model/norm/batchnorm/mul", "Mul", image, root);
    czm_layer_list layers = layers_of(c, model, scaled);
    assert_int_equal(layers.count, 2);
    assert_layer(&layers.items[1], "norm", "Rsqrt", 4);
}

static void an_output_that_is_not_the_first(void **state) {
    czm_context *c = *state;
    czm_node *image;
    czm_model *model = model_with_image(c, &image);
    czm_graph *g = &model->main;
    czm_node *split = add(g, "model/halves/split", "Split", image, NULL);
    czm_node *relu = czm_graph_add(g, "model/relu/Relu", CZM_OP_Relu);
    czm_node_add_input(g, relu, (czm_tensor){split, 1});
    czm_layer_list layers = layers_of(c, model, relu);
    assert_int_equal(layers.count, 3);
    assert_int_equal(layers.items[1].output.index, 1);
}

static uint64_t count_numbers(const czm_model *model) {
    uint64_t sum = 0;
    for (size_t i = 0; i < model->variables.count; i++) {
        uint64_t elements = 1;
        for (size_t d = 0; d < model->variables.items[i].rank; d++)
            elements *= (uint64_t)model->variables.items[i].dims[d];
        sum += elements;
    }
    return sum;
}

// Real exports: every number of every variable counts once, and layers read earlier ones.
static void exported_models(void **state) {
    czm_context *c = *state;
    static const struct {
        const char *name;
        size_t least_layers;
    } cases[] = {{"tf115-ref_variables", 3}, {"tf115-while_loop", 3}, {"tf200-keras", 3},
                 {"tf215-layer_norm", 3},    {"tf221-keras3", 3},     {"tf221-while_cond", 3}};
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        czm_source source;
        czm_model model = {0};
        const char *path = czm_arena_format(c->arena, "%s/%s/model", CZM_FIXTURES, cases[i].name);
        assert_int_equal(czm_source_open(c, path, &source), CZM_OK);
        assert_int_equal(czm_model_read(c, &source, NULL, NULL, &model), CZM_OK);
        czm_layer_list layers =
            czm_layers_of(c->arena, &model, czm_shapes_infer(c->arena, &model, NULL));
        uint64_t parameters = 0;
        assert_true(layers.count >= cases[i].least_layers);
        assert_string_equal(layers.items[0].info.op, "Placeholder");
        for (size_t k = 0; k < layers.count; k++) {
            const czm_layer_info *info = &layers.items[k].info;
            parameters += info->parameters;
            for (size_t n = 0; n < info->input_count; n++) assert_true(info->inputs[n] < k);
        }
        assert_int_equal(layers.items[layers.count - 1].info.rank, 4);
        assert_int_equal(parameters, count_numbers(&model));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(weights_belong_to_their_layer),
        TEST(a_layer_with_one_output_stays_whole),
        TEST(a_layer_applied_twice_is_two_rows),
        TEST(an_echo_tells_two_uses_apart),
        TEST(sizes_are_no_data),
        TEST(normalisation_shows_at_its_root),
        TEST(an_output_that_is_not_the_first),
        TEST(exported_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
