// SPDX-License-Identifier: Apache-2.0
//
// The inspect command: describes a model as text, as JSON, as a drawing.
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

enum { SHAPE_TEXT = 96, MOST_NEWER = 6 };

static void put_title(const char *title) { cli_print(stdout, "%-14s ", title); }

static const char *shape_text(char buffer[SHAPE_TEXT], int rank, const int64_t *dims) {
    if (rank < 0) return "unknown";
    int at = snprintf(buffer, SHAPE_TEXT, "[");
    for (int i = 0; i < rank && at < SHAPE_TEXT - 24; i++) {
        if (i) at += snprintf(buffer + at, SHAPE_TEXT - (size_t)at, ",");
        at += dims[i] < 0
                  ? snprintf(buffer + at, SHAPE_TEXT - (size_t)at, "?")
                  : snprintf(buffer + at, SHAPE_TEXT - (size_t)at, "%lld", (long long)dims[i]);
    }
    snprintf(buffer + at, SHAPE_TEXT - (size_t)at, "]");
    return buffer;
}

static void put_port(const char *title, const czm_port_info *port) {
    char shape[SHAPE_TEXT];
    put_title(title);
    cli_print(stdout, "%s  %s %s\n", port->name, port->dtype,
              shape_text(shape, port->rank, port->dims));
}

static void put_metadata(const czm_metadata *m) {
    put_title("model name");
    cli_print(stdout, "%s\n", m->model_name ? m->model_name : "");
    put_title("type");
    cli_print(stdout, "%s\n", m->model_type);
    put_title("images");
    if (m->has_unit_range) cli_print(stdout, "values from 0 to 1, ");
    if (m->pixel_type) cli_print(stdout, "%s, ", m->pixel_type);
    if (m->color_handling) cli_print(stdout, "%s, ", m->color_handling);
    cli_print(stdout, "border %lld px\n", (long long)m->border_size);
    for (size_t i = 0; i < m->scaling_count; i++) {
        if (i == 0) put_title("scaling");
        cli_print(stdout, "%s%g%s", i ? " x " : "", m->scaling[i],
                  i + 1 == m->scaling_count ? " m a pixel\n" : "");
    }
    put_title("classes");
    for (size_t i = 0; i < m->class_count; i++)
        cli_print(stdout, "%s%zu %s (%d,%d,%d)", i ? ", " : "", i + 1, m->classes[i].name,
                  m->classes[i].red, m->classes[i].green, m->classes[i].blue);
    cli_print(stdout, "\n");
}

static void put_origin(const czm_inspection *in) {
    put_title("exporter");
    bool is_version = *in->exporter >= '0' && *in->exporter <= '9';
    cli_print(stdout, "%s%s\n", is_version || !*in->exporter ? "TensorFlow " : "",
              *in->exporter ? in->exporter : "of unknown version");
    if (in->kind == CZM_KIND_KERAS || !in->signature_count)
        return; // neither signatures nor operations
    put_title("needs");
    cli_print(stdout, in->newer_count ? "a TensorFlow newer than 2.0.0:" : "TensorFlow 2.0.0");
    for (size_t i = 0; i < in->newer_count && i < MOST_NEWER; i++)
        cli_print(stdout, "%s %s", i ? "," : "", in->newer[i]);
    if (in->newer_count > MOST_NEWER)
        cli_print(stdout, " and %zu more", in->newer_count - MOST_NEWER);
    cli_print(stdout, "%s\n",
              in->newer_count && in->kind != CZM_KIND_CZMODEL ? " (conversion removes it)" : "");
    put_title("signatures");
    for (size_t i = 0; i < in->signature_count; i++)
        cli_print(stdout, "%s%s%s", i ? ", " : "", in->signatures[i].name,
                  strcmp(in->signatures[i].name, in->signature) == 0 ? " (used)" : "");
    cli_print(stdout, "\n");
}

static void put_memory(const czm_memory_info *m) {
    char peak[32], weights[32];
    put_title("tile memory");
    if (m->is_known)
        cli_print(stdout, "about %s (weights %s), most at layer \"%s\"\n",
                  cli_size_text(peak, m->peak), cli_size_text(weights, m->weights), m->peak_at);
    else
        cli_print(stdout, "not computable: the size of layer \"%s\" is not known\n", m->unknown_at);
    put_title("largest tile");
    if (m->largest_tile)
        cli_print(stdout, "%lld x %lld px in %llu GiB; sides are multiples of %lld\n",
                  (long long)m->largest_tile, (long long)m->largest_tile,
                  (unsigned long long)(m->limit >> 30), (long long)m->tile_multiple);
    else
        cli_print(stdout, "only its own size was found to work\n");
}

static void put_border(const czm_border_info *b) {
    put_title("border");
    if (b->is_known)
        cli_print(stdout, "%lld px remove every edge effect\n", (long long)b->border);
    else if (b->is_unbounded)
        cli_print(stdout, "unbounded: the receptive field of layer \"%s\" is the whole tile\n",
                  b->reason);
    else
        cli_print(stdout, "unknown: the analysis stops at layer \"%s\"\n", b->reason);
}

static void put_ops(const czm_inspection *in) {
    put_title("operations");
    for (size_t i = 0; i < in->op_count; i++)
        cli_print(stdout, "%s%s %zu", i ? ", " : "", in->ops[i].op, in->ops[i].count);
    cli_print(stdout, "\n");
}

static void put_layers(const czm_inspection *in) {
    cli_print(stdout, "\n%-40s %-22s %-22s %12s  %s\n", "layer", "operation", "output",
              "parameters", "receptive field");
    for (size_t i = 0; i < in->layer_count; i++) {
        const czm_layer_info *layer = &in->layers[i];
        char shape[SHAPE_TEXT];
        cli_print(stdout, "%-40s %-22s %-22s %12llu  ", layer->name, layer->op,
                  shape_text(shape, layer->rank, layer->dims),
                  (unsigned long long)layer->parameters);
        if (layer->receptive_field[0] > 0)
            cli_print(stdout, "%lld x %lld\n", (long long)layer->receptive_field[0],
                      (long long)layer->receptive_field[1]);
        else
            cli_print(stdout, layer->receptive_field[0] < 0 ? "unbounded\n" : "-\n");
    }
}

static void put_onnx_origin(const czm_inspection *in) {
    put_title("exporter");
    cli_print(stdout, "%s\n", *in->exporter ? in->exporter : "unknown");
    put_title("needs");
    cli_print(stdout, "ONNX operator set %lld\n", (long long)in->opset);
}

static void put_network(const czm_inspection *in) {
    char bytes[32];
    (in->opset ? put_onnx_origin : put_origin)(in);
    put_port("input", &in->input);
    put_port("output", &in->output);
    put_title("parameters");
    cli_print(stdout, "%llu (%s)\n", (unsigned long long)in->parameters,
              cli_size_text(bytes, in->weight_bytes));
    bool has_layers = !in->opset || in->layer_count;
    if (has_layers) put_memory(&in->memory);
    if (has_layers) put_border(&in->border);
    put_ops(in);
    if (has_layers) put_layers(in);
}

static void put_inspection(const char *target, const czm_inspection *in) {
    static const char *const kinds[] = {
        [CZM_KIND_SPECIFICATION] = "specification",
        [CZM_KIND_SAVED_MODEL] = "SavedModel",
        [CZM_KIND_CZMODEL] = "CZModel",
        [CZM_KIND_ONNX] = "ONNX",
        [CZM_KIND_KERAS] = "Keras",
    };
    put_title("model");
    cli_print(stdout, "%s (%s%s%s)\n", target, kinds[in->kind], *in->model_version ? " " : "",
              in->model_version);
    if (*in->model_id) {
        put_title("model id");
        cli_print(stdout, "%s\n", in->model_id);
    }
    if (in->has_metadata) put_metadata(&in->metadata);
    if (in->has_network) put_network(in);
}

static bool write_picture(const char *path, const czm_inspection *in, czm_report *report) {
    if (!in->has_network || (in->opset && !in->layer_count)) {
        cli_print(stderr, "error: the network has no layers that can be drawn\n");
        return false;
    }
    return cli_write_file(path, czm_inspection_svg(in, report));
}

static int inspect(const cli_model_options *m, bool as_json, const char *svg) {
    czm_report *report = cli_report_new();
    if (!report) return CZM_ERROR_IO;
    czm_inspection in = CZM_INSPECTION_INIT;
    czm_report_set_memory(report, m->memory);
    czm_status status = czm_inspect(&m->options, &in, report);
    // a note names the ONNX operation that is not supported
    cli_print_findings(report, in.opset && !in.layer_count ? CZM_NOTE : CZM_WARNING);
    bool is_told = true;
    if (status == CZM_OK && as_json)
        is_told = cli_put_json(czm_inspection_json(&in, report));
    else if (status == CZM_OK)
        put_inspection(m->options.source_path, &in);
    if (status == CZM_OK && svg) is_told &= write_picture(svg, &in, report);
    is_told &= cli_flush();
    czm_report_free(report);
    return is_told ? cli_exit_status(status) : CZM_ERROR_IO;
}

int cli_inspect(int argc, char **argv) {
    cli_model_options m = {.options = CZM_OPTIONS_INIT};
    bool as_json = false;
    const char *svg = NULL;
    cli_last last = {0};
    const cli_option own[] = {
        {"json", NULL, "print JSON instead of text", NULL, &as_json, NULL},
        {"svg", "FILE", "draw the network", &svg, NULL, NULL},
        CLI_LAST_ROWS(&last),
    };
    cli_option options[CLI_MODEL_OPTION_ROWS + CZM_COUNT_OF(own)];
    cli_model_option_rows(&m, options);
    memcpy(options + CLI_MODEL_OPTION_ROWS, own, sizeof own);
    const cli_command command = {
        .name = "czmodel inspect",
        .arguments = "TARGET",
        .purpose =
            "Reports what a JSON specification, a network or a container contains: exporter,\n"
            "inputs and outputs, layers, the memory for one tile, the required border, and the\n"
            "required version of TensorFlow.\n\n" CLI_STEPS,
        .examples = "  czmodel inspect saved_model/\n"
                    "  czmodel inspect DNNModel.czmodel --json\n"
                    "  czmodel inspect model_spec.json --svg network.svg\n",
        .least = 1,
        .most = 1,
    };
    int status;
    if (cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status) == CLI_DONE)
        return status;
    m.options.source_path = argv[1];
    status = cli_model_options_take(&m, command.name) ? inspect(&m, as_json, svg) : CZM_ERROR_USAGE;
    cli_model_options_free(&m);
    return status;
}
