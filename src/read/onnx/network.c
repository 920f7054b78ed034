// SPDX-License-Identifier: Apache-2.0
//
// The walk through an ONNX network; see network.h. The files ops_*.c translate the operations.
#include "read/onnx/network.h"

#include "graph/layer_name.h"
#include "read/onnx/import.h"

enum { OLDEST_OPSET = 7 }; // in older ones, attributes determine the broadcasting

typedef enum layout_hint { OPEN, SAME, FIRST, LISTS } layout_hint; // LISTS: of sequences, too

typedef struct row {
    const char *op;
    czm_import_translate *translate;
    czm_op_kind kind;
    layout_hint layout;
    size_t least;
} row;

static const row rows[] = {
#define OP(name, function, op, layout, least) {#name, czm_import_op_##function, op, layout, least},
#include "read/onnx/ops.def"
#undef OP
};

static const row *find_row(const char *op) {
    for (size_t i = 0; i < CZM_COUNT_OF(rows); i++)
        if (czm_text_equal(rows[i].op, op)) return &rows[i];
    return NULL;
}

// ---- values

czm_import_value *czm_import_value_new(czm_import *run, czm_bytes name) {
    if (name.size == 0) return NULL;
    czm_import_value *v = CZM_NEW(run->scratch, czm_import_value);
    v->name = czm_arena_string(run->context->arena, name);
    czm_name_slot_for(run->scratch, &run->scope->values, name)->value = v;
    return v;
}

czm_import_value *czm_import_value_named(czm_import *run, czm_bytes name) {
    for (const czm_import_scope *scope = run->scope; scope && name.size; scope = scope->outer) {
        czm_import_value *v = czm_name_find(&scope->values, name);
        if (v) return v->is_absent ? NULL : v;
    }
    return czm_import_value_new(run, name);
}

static void add_weights(czm_import *run) {
    const czm_onnx_file *file = run->file;
    for (size_t i = 0; i < file->initializers.count; i++) {
        const czm_onnx_initializer *w = &file->initializers.items[i];
        czm_import_value *v = czm_import_value_named(run, czm_bytes_text(w->name));
        if (v) v->constant = w;
    }
}

// ---- one operation

static size_t count_fields(czm_bytes message, uint32_t number) {
    size_t count = 0;
    czm_wire wire = czm_wire_read(message);
    for (czm_field f; czm_wire_next(&wire, &f);) count += czm_field_is(&f, number, CZM_WIRE_BYTES);
    return count;
}

typedef czm_import_value *name_value(czm_import *run, czm_bytes name);

static void take_values(czm_import *run, czm_bytes message, uint32_t number, name_value *value_of,
                        czm_import_value **values) {
    czm_wire wire = czm_wire_read(message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, number, CZM_WIRE_BYTES)) *values++ = value_of(run, f.bytes);
}

// The second to last text in a list that Python printed: ['', 'stem', 'stem.0', 'conv2d'].
static czm_bytes last_but_one(czm_bytes list) {
    czm_bytes before = {0}, last = {0};
    for (size_t i = 0, begin = 0, quotes = 0; i < list.size; i++) {
        if (list.data[i] != '\'') continue;
        if (quotes++ % 2) {
            before = last;
            last = czm_bytes_of(list.data + begin, i - begin);
        }
        begin = i + 1;
    }
    return before;
}

// NodeProto.metadata_props=9 {key=1, value=2}: the dynamo exporter writes the modules around a node there.
static czm_bytes module_of(const czm_onnx_operation *o) {
    czm_wire wire = czm_wire_read(o->message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 9, CZM_WIRE_BYTES) &&
            czm_bytes_is(czm_wire_find(f.bytes, 1).bytes, "pkg.torch.onnx.name_scopes"))
            return last_but_one(czm_wire_find(f.bytes, 2).bytes);
    return (czm_bytes){0};
}

// PyTorch's exporters name the module: "/encoder/conv1/Conv", or in metadata_props. TensorFlow's names do not begin
// with a slash. An operation without a name gets the name of its first output.
static const char *step_name(const czm_import_step *s) {
    const char *name = s->operation->name;
    czm_bytes module = module_of(s->operation);
    if (module.size)
        name = czm_arena_format(s->run->context->arena, "%.*s/%s", (int)module.size,
                                (const char *)module.data, s->operation->op);
    if (!*name && s->output_count && s->outputs[0]) name = s->outputs[0]->name;
    while (*name == '/') name++;
    if (!*name) name = s->operation->op;
    const char *prefix = s->run->scope->prefix;
    return *prefix ? czm_arena_format(s->run->context->arena, "%s%s", prefix, name) : name;
}

// An order has no more than CZM_MOST_AXES.
static int rank_of(const czm_import_step *s, const czm_import_value *v) {
    if (v->is_sequence) return 0;
    if (v->constant) return v->constant->shape.rank;
    czm_shapes_catch_up(s->run->shapes);
    return czm_shape_of(s->run->shapes, v->forms.items[0].tensor).rank;
}

static czm_status check_inputs(czm_import_step *s) {
    for (size_t i = 0; i < s->input_count; i++)
        if (s->inputs[i] && !czm_import_is_made(s->inputs[i]))
            return czm_import_reject(s, NULL, "its input \"%s\" is a second input of the network",
                                     s->inputs[i]->name);
    for (size_t i = 0; i < s->input_count; i++)
        if (s->inputs[i] && rank_of(s, s->inputs[i]) > CZM_MOST_AXES)
            return czm_import_reject(s, NULL,
                                     "tensors of more than %d dimensions are not supported",
                                     CZM_MOST_AXES);
    return CZM_OK;
}

czm_status czm_import_translate_operation(czm_import *run, const czm_onnx_operation *operation) {
    const czm_import_call *call = run->scope->call;
    czm_import_step s = {.run = run, .operation = operation, .call = call};
    s.opset = call && call->function->opset ? call->function->opset : run->file->opset;
    s.input_count = count_fields(operation->message, 1);
    s.output_count = count_fields(operation->message, 2);
    s.inputs = CZM_NEW_ARRAY(run->scratch, czm_import_value *, s.input_count);
    s.outputs = CZM_NEW_ARRAY(run->scratch, czm_import_value *, s.output_count);
    take_values(run, operation->message, 1, czm_import_value_named, s.inputs);
    take_values(run, operation->message, 2, czm_import_value_new, s.outputs);
    while (s.input_count && !s.inputs[s.input_count - 1]) s.input_count--;
    s.name = step_name(&s);
    CZM_TRY(check_inputs(&s));
    const czm_onnx_function *function =
        czm_onnx_function_of(run->context->arena, run->file, operation->op,
                             czm_wire_find(operation->message, 8).bytes);
    if (function) return czm_import_call_function(&s, function);
    const row *found = find_row(operation->op);
    if (!found)
        return czm_import_reject(&s, NULL, "the operation %s is not supported", operation->op);
    s.op = found->kind;
    for (size_t i = 0; i < s.input_count && found->layout != LISTS; i++)
        if (s.inputs[i] && s.inputs[i]->is_sequence)
            return czm_import_reject(&s, NULL, "its input \"%s\" is a sequence of tensors",
                                     s.inputs[i]->name);
    for (size_t i = 0; i < found->least; i++)
        if (!czm_import_in(&s, i)) return czm_import_reject(&s, NULL, "input %zu is absent", i);
    if (s.output_count == 0 || !s.outputs[0])
        return czm_import_reject(&s, NULL, "its output is absent");
    return found->translate(&s);
}

// ---- layout

// Images and volumes have a layout.
static bool has_layout(int rank) { return rank == 4 || rank == 5; }

static bool moves_channels_first(czm_import *run, const czm_onnx_operation *o) {
    int64_t perm[CZM_MOST_AXES] = {0};
    czm_import_step s = {.run = run, .operation = o};
    size_t rank = czm_import_ints(&s, "perm", perm, CZM_MOST_AXES);
    if (!has_layout((int)rank)) return false;
    czm_order last = czm_order_channels_last((int)rank);
    for (int a = 0; a < last.rank; a++)
        if (perm[a] != czm_order_place(&last, a)) return false;
    return true;
}

// The tensors that are the input, changed element by element or padded.
static bool reads_image(const czm_name_table *images, const czm_onnx_operation *o) {
    czm_wire wire = czm_wire_read(o->message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 1, CZM_WIRE_BYTES) && czm_name_find(images, f.bytes)) return true;
    return false;
}

static void add_outputs(czm_arena *arena, czm_name_table *images, const czm_onnx_operation *o) {
    czm_wire wire = czm_wire_read(o->message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, 2, CZM_WIRE_BYTES) && f.bytes.size)
            czm_name_slot_for(arena, images, f.bytes)->value = images;
}

czm_onnx_layout czm_onnx_layout_find(const char *name) {
    static const char *const names[] = {[CZM_LAYOUT_NCHW] = "nchw", [CZM_LAYOUT_NHWC] = "nhwc"};
    for (int i = CZM_LAYOUT_NCHW; i <= CZM_LAYOUT_NHWC; i++)
        if (name && czm_text_equal(name, names[i])) return (czm_onnx_layout)i;
    return CZM_LAYOUT_UNKNOWN;
}

static czm_onnx_layout layout_of_operations(czm_import *run, const char *input) {
    czm_name_table images = {0};
    czm_name_slot_for(run->scratch, &images, czm_bytes_text(input))->value = &images;
    for (size_t i = 0; i < run->file->operations.count; i++) {
        const czm_onnx_operation *o = &run->file->operations.items[i];
        const row *r = find_row(o->op);
        if (!r || !reads_image(&images, o)) continue;
        if (r->layout == FIRST) return CZM_LAYOUT_NCHW;
        if (czm_text_equal(o->op, "Transpose") && moves_channels_first(run, o))
            return CZM_LAYOUT_NHWC;
        if (r->layout == SAME) add_outputs(run->scratch, &images, o);
    }
    return CZM_LAYOUT_UNKNOWN;
}

static bool is_channel_count(int64_t size) { return size >= 1 && size <= 4; }

// A volume may have as few slices as channels: what comes last decides.
static czm_onnx_layout layout_of_shape(czm_shape shape) {
    if (!has_layout(shape.rank)) return CZM_LAYOUT_UNKNOWN;
    bool is_first = is_channel_count(shape.dims[1]),
         is_last = is_channel_count(shape.dims[shape.rank - 1]);
    if (is_first && is_last && shape.rank == 5) return CZM_LAYOUT_NHWC;
    if (is_first == is_last) return CZM_LAYOUT_UNKNOWN;
    return is_first ? CZM_LAYOUT_NCHW : CZM_LAYOUT_NHWC;
}

static czm_status find_layout(czm_import *run, const czm_onnx_end *in, czm_onnx_layout *layout) {
    if (*layout == CZM_LAYOUT_UNKNOWN && has_layout(in->shape.rank))
        *layout = layout_of_operations(run, in->name);
    if (*layout == CZM_LAYOUT_UNKNOWN) *layout = layout_of_shape(in->shape);
    if (*layout != CZM_LAYOUT_UNKNOWN || !has_layout(in->shape.rank)) return CZM_OK;
    return czm_report_add(run->context->report, CZM_RULE_INPUT_LAYOUT, run->file->where,
                          czm_report_option(run->context->report, CZM_OPTION_LAYOUT, "nchw"),
                          "the operations of the network do not determine whether the input \"%s\" "
                          "is channels first or channels last",
                          in->name);
}

// ---- ends

static const char *node_name(czm_import *run, const char *name) {
    while (*name == '/') name++;
    return *name ? name : czm_arena_string(run->context->arena, czm_bytes_text("input"));
}

// Sizes of a sample: prime numbers, times 32 where a network may halve them. Two sizes that are computed in different
// ways differ for them.
static void assume_sample(czm_import *run, czm_tensor input, czm_dims dims) {
    static const int64_t sizes[CZM_MOST_AXES] = {7919, 32 * 103, 32 * 131};
    for (int k = 0; k < dims.rank; k++)
        if (dims.at[k] == CZM_UNKNOWN && sizes[k]) dims.at[k] = sizes[k];
    czm_shapes_catch_up(run->sample);
    czm_shapes_assume(run->sample, input, czm_dims_keep(run->context->arena, &dims));
}

static void add_input(czm_import *run, const czm_onnx_end *in, czm_onnx_layout layout) {
    int rank = in->shape.rank;
    czm_order order = layout == CZM_LAYOUT_NCHW ? czm_order_channels_last(rank)
                                                : czm_order_plain(rank);
    czm_dims dims = czm_order_apply(&order, in->shape);
    czm_tensor input = czm_build_input(run->graph, node_name(run, in->name), in->dtype,
                                       czm_shape_attr(run->context->arena, czm_dims_shape(&dims)));
    assume_sample(run, input, dims);
    czm_import_value *v = czm_import_value_named(run, czm_bytes_text(in->name));
    czm_import_keep(run, v, order, input);
}

// Whether the dimensions from `at` on are the depth, height and width of the input, which begin at `first`.
static bool has_extent(czm_shape shape, int at, czm_shape in, int first) {
    for (int i = 0; i < in.rank - 2; i++)
        if (shape.dims[at + i] != in.dims[first + i]) return false;
    return true;
}

// Computed images are stored channels last. A result in ONNX's order may have its channels first or last: the
// positions of height and width decide.
static czm_order output_order(czm_import_step *s, const czm_import_value *v, czm_onnx_layout layout,
                              czm_shape in) {
    czm_order made = czm_import_order(s, v), last = czm_order_channels_last(made.rank);
    czm_shape shape = czm_import_shape(s, v);
    if (!czm_order_is_plain(&made) || made.rank != in.rank) return last;
    if (v->forms.count > 1) { // a Transpose after the last image operation
        for (size_t i = 0; i < v->forms.count; i++)
            if (!czm_order_is_plain(&v->forms.items[i].order)) return made;
    }
    int h = layout == CZM_LAYOUT_NCHW ? 2 : 1;
    bool is_first = has_extent(shape, 2, in, h), is_last = has_extent(shape, 1, in, h);
    if (is_first != is_last) return is_first ? last : made;
    return layout == CZM_LAYOUT_NCHW ? last : made;
}

static czm_status add_output(czm_import *run, const czm_onnx_end *out, czm_onnx_layout layout,
                             czm_shape in) {
    czm_onnx_operation nothing = {"Output", out->name, {0}, {0}};
    czm_import_step s = {.run = run, .operation = &nothing, .name = out->name};
    czm_import_value *v = czm_import_value_named(run, czm_bytes_text(out->name));
    if (!v || !czm_import_is_made(v))
        return czm_import_reject(&s, NULL, "no operation computes this output");
    if (v->is_sequence) return czm_import_reject(&s, NULL, "this output is a sequence of tensors");
    czm_order made = czm_import_order(&s, v);
    bool is_image = made.rank == 4 || (made.rank == 5 && in.rank == 5);
    czm_order order = is_image ? output_order(&s, v, layout, in) : czm_order_plain(made.rank);
    // If a Transpose only renamed the axes of the result, it is already stored in the requested order.
    bool is_moved = is_image && !czm_order_is_plain(&made) && czm_order_equal(&made, &order);
    czm_tensor t = is_moved ? v->forms.items[0].tensor : czm_import_get(&s, v, order);
    *CZM_APPEND(run->context->arena, &run->graph->outputs) =
        (czm_port){node_name(run, out->name), t, czm_tensor_dtype(t)};
    run->model->output_shape =
        czm_wire_find(czm_shape_attr(run->context->arena, czm_import_stored_shape(&s, t)), 7).bytes;
    return CZM_OK;
}

static czm_status choose(czm_import *run, const char *wanted, const czm_onnx_end **in,
                         const czm_onnx_end **out) {
    const czm_onnx_file *file = run->file;
    czm_report *report = run->context->report;
    if (file->inputs.count != 1)
        return czm_report_add(report, CZM_RULE_ONE_INPUT, file->where,
                              "export a network whose only input is the image",
                              "it has %zu inputs%s%s", file->inputs.count,
                              file->inputs.count ? ": " : "",
                              czm_onnx_list_names(run->context->arena, file->inputs.items,
                                                  file->inputs.count));
    *in = &file->inputs.items[0];
    *out = NULL;
    if (!*(*in)->name)
        return czm_report_add(report, CZM_RULE_ONNX_DAMAGED, file->where, NULL,
                              "its input has no name");
    for (size_t i = 0; i < file->outputs.count; i++)
        if (wanted ? czm_text_equal(file->outputs.items[i].name, wanted) : file->outputs.count == 1)
            *out = &file->outputs.items[i];
    if (*out) return CZM_OK;
    const char *names =
        czm_onnx_list_names(run->context->arena, file->outputs.items, file->outputs.count);
    return wanted ? czm_report_add(report, CZM_RULE_ONE_OUTPUT, file->where, NULL,
                                   "it has no output \"%s\", only %s", wanted, names)
                  : czm_report_add(report, CZM_RULE_ONE_OUTPUT, file->where, NULL,
                                   "it has %zu outputs: %s", file->outputs.count, names);
}

// ---- the whole

static void begin_model(czm_import *run) {
    czm_arena *arena = run->context->arena;
    czm_model *model = run->model;
    *model = (czm_model){.arena = arena, .exporter = run->file->producer, .signature = ""};
    model->ops = CZM_NEW(arena, czm_op_registry);
    *model->ops = (czm_op_registry){.arena = arena};
    model->main = (czm_graph){.arena = arena, .ops = model->ops};
    run->graph = &model->main;
    run->scope = CZM_NEW(run->scratch, czm_import_scope);
    run->scope->prefix = "";
    run->shapes = czm_shapes_follow(run->scratch, model);
    run->sample = czm_shapes_follow(run->scratch, model);
}

// Keeps only the nodes that the output needs.
static void settle(czm_import *run) {
    czm_model *model = run->model;
    czm_graph_sort(run->graph);
    size_t kept = 0;
    for (size_t i = 0; i < model->variables.count; i++)
        if (model->variables.items[i].handle->order)
            model->variables.items[kept++] = model->variables.items[i];
    model->variables.count = kept;
    model->layer_names = czm_layer_names_of(run->context->arena, run->graph);
}

// Many operations can be computed for one size, but not for every size.
static czm_onnx_end with_size(czm_import *run, const czm_onnx_end *in, czm_onnx_choice choice) {
    czm_onnx_end sized = *in;
    czm_dims dims = czm_dims_of(in->shape);
    int64_t *size = &dims.at[choice.layout == CZM_LAYOUT_NCHW ? 2 : 1];
    if (in->shape.rank != 4) return sized;
    if (size[0] == CZM_UNKNOWN && choice.height) size[0] = choice.height;
    if (size[1] == CZM_UNKNOWN && choice.width) size[1] = choice.width;
    sized.shape = czm_dims_keep(run->context->arena, &dims);
    return sized;
}

static czm_status read_network(czm_import *run, czm_onnx_choice choice) {
    czm_onnx_file *file = run->file;
    czm_report *report = run->context->report;
    const czm_onnx_end *in = NULL, *out = NULL;
    if (file->opset < OLDEST_OPSET)
        return czm_report_add(report, CZM_RULE_ONNX_IMPORT, file->where,
                              "convert the file with onnx.version_converter, or export it again",
                              "it uses operator set %lld, but only %d and newer are supported",
                              (long long)file->opset, OLDEST_OPSET);
    CZM_TRY(choose(run, choice.output, &in, &out));
    if (in->shape.rank == CZM_UNKNOWN || in->shape.rank > CZM_MOST_AXES)
        return czm_report_add(
            report, CZM_RULE_ONNX_IMPORT, file->where, NULL,
            "the number of dimensions of the input \"%s\" is not known, or larger than %d",
            in->name, CZM_MOST_AXES);
    CZM_TRY(find_layout(run, in, &choice.layout));
    czm_onnx_end sized = with_size(run, in, choice);
    begin_model(run);
    add_weights(run);
    add_input(run, &sized, choice.layout);
    for (size_t i = 0; i < file->operations.count; i++)
        CZM_TRY(czm_import_translate_operation(run, &file->operations.items[i]));
    CZM_TRY(add_output(run, out, choice.layout, sized.shape));
    settle(run);
    return CZM_OK;
}

czm_status czm_onnx_network_read(czm_context *context, czm_onnx_file *file, czm_onnx_choice choice,
                                 czm_model *model) {
    czm_import run = {.context = context,
                      .file = file,
                      .model = model,
                      .scratch = czm_arena_child(context->arena)};
    czm_status status = read_network(&run, choice);
    czm_arena_free(run.scratch);
    return status;
}
