// SPDX-License-Identifier: Apache-2.0
//
// The verify command: runs the network, and reports whether its output is what ZEN needs. The code for this is in
// cli/verify/ and, for running networks, in cli/runtime/.
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/runtime/runtime.h"
#include "cli/terminal.h"

typedef struct verification {
    czm_arena *arena;
    czm_report *report; // of the model; `later` contains the repeated findings of later calls
    czm_report *later;
    const char *target, *image_path, *preview, *engine, *runtime;
    czm_inspection model;
    const char *scratch;    // a folder that is removed with the arena
    czm_file *preview_file; // created before the network runs
    cli_image image;
    cli_grid input;  // the image in the form that the network expects
    cli_grid answer; // the output of the checked network, the first one that ran
    bool as_json;
    cli_result result; // `runtime` is set when there is an output
} verification;

// A tick, a cross, a triangle; and the mark of lines without a verdict.
static const char passed[] = "\xe2\x9c\x93", failed[] = "\xe2\x9c\x97", warned[] = "\xe2\x9a\xa0",
                  open_mark[] = "-";

#define TRY(call)                    \
    do {                             \
        czm_status status_ = (call); \
        if (status_) return status_; \
    } while (0)

// Reports a fault that ends the command.
static czm_status fault(czm_status status, const char *where, const char *text) {
    cli_print(stderr, "error: %s: %s\n", where, text);
    return status;
}

// A line of the result.
CZM_PRINTF(4, 5)
static void tell(const verification *v, const char *mark, const char *what, const char *format,
                 ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = czm_arena_vformat(v->arena, format, arguments);
    va_end(arguments);
    if (!v->as_json) cli_print(stdout, "  %s  %-14s %s\n", mark, what, text);
}

static const char *judge(verification *v, bool is_good) {
    v->result.has_failed |= !is_good;
    return is_good ? passed : failed;
}

// ---- the model

static czm_status prepare(verification *v) {
    czm_options options = CZM_OPTIONS_INIT;
    options.source_path = v->target;
    v->model = (czm_inspection)CZM_INSPECTION_INIT;
    TRY(czm_inspect(&options, &v->model, v->report));
    if (v->model.input.rank == 5)
        return fault(
            CZM_ERROR_INVALID, v->target,
            "the network is three-dimensional, and verify runs only networks for images; run "
            "it in ZEN or in ONNX Runtime");
    const char *folder = cli_temporary_folder(v->arena);
    const czm_new_folder *scratch =
        czm_folder_create_beside(v->arena, czm_path_join(v->arena, folder, "czmodel-verify"));
    if (!scratch) return fault(CZM_ERROR_IO, folder, czm_file_error());
    v->scratch = scratch->path;
    if (v->preview) v->preview_file = czm_file_create_beside(v->arena, v->preview);
    return v->preview && !v->preview_file ? fault(CZM_ERROR_IO, v->preview, czm_file_error())
                                          : CZM_OK;
}

// ---- the image

// The white of a generated image without a pixel type.
enum { USUAL_MOST = 255 };

static czm_status read_image(verification *v) {
    if (!v->image_path) v->image_path = v->model.metadata.test_image_path;
    if (!v->image_path) return CZM_OK;
    const char *text = cli_image_read(v->arena, v->image_path, &v->image);
    return text ? fault(CZM_ERROR_IO, v->image_path, text) : CZM_OK;
}

// The range that the network expects, as a clause; "" if the metadata do not state it.
static const char *expected_range(const verification *v, float most) {
    const czm_metadata *m = &v->model.metadata;
    bool is_known = m->has_unit_range || cli_pixel_type_most(m->pixel_type, 0) > 0;
    return is_known ? czm_arena_format(v->arena, "; the network expects 0 to %g", (double)most)
                    : "";
}

static void tell_values(const verification *v, float most) {
    cli_range fed = v->result.fed;
    const char *expected = expected_range(v, most);
    bool is_outside = *expected && (fed.least < 0 || fed.most > most * (1 + FLT_EPSILON));
    const char *factor =
        v->result.factor == 1
            ? ""
            : czm_arena_format(v->arena, " (the image times %.6g)", v->result.factor);
    tell(v, is_outside ? warned : open_mark, "values", "%g to %g are fed%s%s", (double)fed.least,
         (double)fed.most, factor, expected);
}

static czm_status prepare_image(verification *v, const cli_network *network) {
    v->result.tiling =
        cli_tiling_choose(&v->model, network->dims, v->image.pixels.height, v->image.pixels.width);
    if (!v->image_path)
        v->image =
            cli_image_generate(v->arena, v->result.tiling.height, v->result.tiling.width,
                               cli_pixel_type_most(v->model.metadata.pixel_type, USUAL_MOST));
    size_t channels = network->dims[3] > 0 ? (size_t)network->dims[3] : v->image.pixels.channels;
    float most = cli_image_fed_most(&v->model.metadata, v->image.most);
    const char *text = cli_image_prepare(v->arena, &v->image, channels, most, &v->input);
    if (text) return fault(CZM_ERROR_INVALID, v->target, text);
    const cli_grid *p = &v->image.pixels;
    v->result.fed = cli_range_of(&v->input);
    v->result.factor = v->image.most > 0 ? (double)most / (double)v->image.most : 1;
    tell(v, v->image.unused ? warned : open_mark, "image",
         "%s, %zu x %zu pixels (height x width)%s%s", v->image_path ? v->image_path : "generated",
         p->height, p->width, v->image.unused ? "; " : "", v->image.unused ? v->image.unused : "");
    tell_values(v, most);
    return CZM_OK;
}

// ---- the checks

// Whether each pixel has a class; without metadata, if the output has several channels.
static bool has_classes(const verification *v) {
    const char *type = v->model.metadata.model_type;
    return type ? czm_text_ends_but_case(type, "semanticsegmentation") : v->answer.channels > 1;
}

static void judge_probabilities(verification *v) {
    cli_probabilities p = v->result.probabilities = cli_probabilities_of(&v->answer);
    const char *type = v->model.metadata.model_type;
    if (type && !has_classes(v)) {
        tell(v, open_mark, "output", "%.3g to %.3g", (double)p.least, (double)p.most);
        return;
    }
    bool is_multi = type && strncmp(type, "Multi", strlen("Multi")) == 0;
    bool is_good = p.least >= -CLI_TOLERANCE && p.most <= 1 + CLI_TOLERANCE &&
                   (is_multi || p.sum_off <= 10 * CLI_TOLERANCE);
    const char *sums =
        is_multi ? ""
                 : czm_arena_format(v->arena, "; sums of a pixel are 1 within %.1e", p.sum_off);
    tell(v, judge(v, is_good), "probabilities", "%.3g to %.3g%s", (double)p.least, (double)p.most,
         sums);
}

// An image may contain only background, so this is no fault; but a wrong value range has the same effect.
static void judge_shares(verification *v, float most) {
    enum { MOST_PERMILLE = 999 };
    cli_result *r = &v->result;
    r->has_classes = has_classes(v) && v->answer.channels > 1;
    if (!r->has_classes) return;
    cli_largest_class c = r->largest_class = cli_largest_class_of(v->arena, &v->answer);
    const czm_metadata *m = &v->model.metadata;
    const char *name = c.index < m->class_count ? m->classes[c.index].name
                                                : czm_arena_format(v->arena, "%zu", c.index + 1);
    bool is_all = c.share * 1000 > MOST_PERMILLE;
    tell(v, is_all ? warned : open_mark, "largest class", "\"%s\" covers %.4g %% of the image%s",
         name, c.share * 100,
         is_all
             ? czm_arena_format(v->arena, "; values from %g to %g were fed%s", (double)r->fed.least,
                                (double)r->fed.most, expected_range(v, most))
             : "");
}

static void judge_classes(verification *v) {
    size_t named = v->model.metadata.class_count, found = v->answer.channels;
    if (named && named != found)
        tell(v, judge(v, false), "classes", "the metadata names %zu, the network gives %zu", named,
             found);
}

// Edge effects must not reach beyond the receptive field or the border. If the receptive field is unbounded, so that
// no border is enough, the line is a warning.
static const char *mark_edges(verification *v) {
    const cli_edges *e = &v->result.edges;
    const czm_border_info *theory = &v->model.border;
    if (e->depth <= v->result.tiling.border) return open_mark;
    bool is_as_told = !theory->is_known || e->reach <= (size_t)theory->border;
    bool is_inside = e->inside_border <= CLI_TOLERANCE;
    bool is_open = theory->is_unbounded || !v->model.has_metadata;
    return is_as_told && !is_inside && is_open ? warned : judge(v, is_as_told && is_inside);
}

static void judge_edges(verification *v) {
    const cli_edges *e = &v->result.edges;
    const czm_border_info *theory = &v->model.border;
    if (!e->is_known) {
        tell(v, open_mark, "tile edges", "the tile is too small to measure its edge effects");
        return;
    }
    const char *field = theory->is_unbounded ? "unbounded" : "not known";
    if (theory->is_known) field = czm_arena_format(v->arena, "%lld", (long long)theory->border);
    bool is_odd = theory->is_known && e->reach > (size_t)theory->border;
    tell(v, mark_edges(v), "tile edges",
         "edge effects reach %zu pixels into the tile; receptive field %s, border %zu; beyond it "
         "at most %.1e%s",
         e->reach, field, v->result.tiling.border, e->inside_border,
         is_odd ? "; the network treats positions differently" : "");
}

static void tell_cost(verification *v, const cli_network *network) {
    cli_result *r = &v->result;
    char memory[32];
    r->seconds = network->seconds;
    r->memory = network->memory;
    tell(v, open_mark, "a tile",
         "%zu x %zu pixels (height x width): %.3f s, %s of memory; %zu for the image",
         r->tiling.height, r->tiling.width, r->seconds,
         r->memory ? cli_size_text(memory, r->memory) : "unknown", r->tile_count);
}

// ---- the engine whose result is checked

// Reports a network that could not be run, unless a signal stopped the program.
static czm_status run_fault(const verification *v, const char *text) {
    return czm_signal_caught() ? CZM_ERROR_CANCELLED : fault(CZM_ERROR_INVALID, v->target, text);
}

static czm_status run(verification *v, cli_network *network, const char *what) {
    cli_result *r = &v->result;
    if (!v->as_json) cli_print(stdout, "%s, czmodel %s\n\n", v->target, czm_version());
    tell(v, open_mark, "network", "%s, in %s", what, network->runtime);
    TRY(prepare_image(v, network));
    const char *text =
        cli_tiles_run(v->arena, network, &r->tiling, &v->input, &v->answer, &r->tile_count);
    if (!text) text = cli_edges_measure(v->arena, network, &r->tiling, &v->input, &r->edges);
    if (text) return run_fault(v, text);
    r->runtime = network->runtime;
    r->network = what;
    tell_cost(v, network);
    judge_classes(v);
    judge_probabilities(v);
    judge_shares(v, cli_image_fed_most(&v->model.metadata, v->image.most));
    judge_edges(v);
    return CZM_OK;
}

static czm_status run_translation(verification *v) {
    czm_options options = CZM_OPTIONS_INIT;
    cli_network network = {0};
    options.source_path = v->target;
    const char *path = czm_path_join(v->arena, v->scratch, "network.onnx");
    TRY(czm_write_onnx(&options, path, v->later));
    const cli_onnx_place place = {v->runtime, czm_path_folder(v->arena, v->target)};
    const char *text = cli_onnx_open(v->arena, &place, path, &network);
    if (text && !network.runtime && v->engine) return CZM_OK; // the other engine is enough
    if (text && !network.runtime) return fault(CZM_ERROR_IO, "ONNX Runtime", text);
    if (text) return run_fault(v, text);
    return run(v, &network,
               v->model.opset ? "its ONNX file" : "the ONNX translation of its SavedModel");
}

// ---- in TensorFlow

// Runs another network on the same image.
static const char *compare(const verification *v, cli_network *network,
                           cli_comparison *comparison) {
    cli_grid answer;
    size_t tile_count;
    CLI_TRY(cli_tiles_run(v->arena, network, &v->result.tiling, &v->input, &answer, &tile_count));
    comparison->difference = cli_grid_difference(&v->answer, &answer);
    return NULL;
}

static czm_status run_payload(verification *v) {
    cli_network network = {0};
    cli_signature signature = {"serving_default", v->model.input.name, v->model.output.name};
    cli_comparison *c = &v->result.payload;
    const char *folder;
    TRY(cli_payload_unpack(v->arena, v->target, &v->model, v->scratch, v->later, &folder));
    const char *text = cli_tensorflow_open(v->arena, v->engine, folder, &signature, &network);
    if (text && !network.runtime) return fault(CZM_ERROR_IO, v->engine, text);
    if (!text && !v->result.runtime) return run(v, &network, "the SavedModel itself");
    if (!text) text = compare(v, &network, c);
    if (text) return run_fault(v, text);
    c->runtime = network.runtime;
    tell(v, judge(v, c->difference <= CLI_TOLERANCE), "SavedModel",
         "in %s, differs from its translation by at most %.1e", c->runtime, c->difference);
    return CZM_OK;
}

// The original may be newer than the engine, so it is no fault if it does not run.
static void run_original(verification *v) {
    bool is_bare = v->model.kind == CZM_KIND_SAVED_MODEL;
    const char *folder = is_bare ? v->target : v->model.metadata.model_path;
    if (!folder || czm_path_look(folder) != CZM_PATH_FOLDER) return;
    cli_network network = {0};
    cli_signature signature = {v->model.signature, v->model.input.name, v->model.output.name};
    cli_comparison *c = &v->result.original;
    c->fault = cli_tensorflow_open(v->arena, v->engine, folder, &signature, &network);
    if (!c->fault) c->fault = compare(v, &network, c);
    c->runtime = network.runtime;
    if (c->fault)
        tell(v, open_mark, "original", "does not run there: %.*s", (int)strcspn(c->fault, "\n"),
             c->fault);
    else
        tell(v, judge(v, c->difference <= CLI_TOLERANCE), "original",
             "in %s, differs by at most %.1e", c->runtime, c->difference);
}

// ---- the whole

static czm_status put_preview(const verification *v) {
    if (!v->preview) return CZM_OK;
    const czm_metadata *m = &v->model.metadata;
    const char *text = cli_preview_write(v->arena, v->preview_file, &v->image, &v->answer,
                                         has_classes(v), m->classes, m->class_count);
    if (text) return fault(CZM_ERROR_IO, v->preview, text);
    tell(v, open_mark, "preview", "%s", v->preview);
    return CZM_OK;
}

static czm_status verify(verification *v) {
    TRY(prepare(v));
    if (v->engine && v->model.opset)
        return fault(CZM_ERROR_USAGE, "--engine",
                     "it runs SavedModels, and the network of this model is ONNX");
    TRY(read_image(v));
    TRY(run_translation(v));
    if (v->engine) {
        TRY(run_payload(v));
        run_original(v);
    }
    TRY(put_preview(v));
    v->result.target = v->target;
    v->result.image = v->image_path;
    if (v->as_json && !cli_result_print(&v->result, &v->model.border))
        return fault(CZM_ERROR_IO, v->target, "the result cannot be written as JSON");
    return v->result.has_failed ? CZM_ERROR_INVALID : CZM_OK;
}

static czm_status verify_in_arena(verification *v) {
    jmp_buf out_of_memory;
    v->arena = czm_arena_new(&out_of_memory);
    if (!v->arena || setjmp(out_of_memory) != 0)
        return fault(CZM_ERROR_MEMORY, v->target, "there is not enough memory");
    return verify(v);
}

int cli_verify(int argc, char **argv) {
    verification v = {0};
    const char *memory_text = NULL;
    uint64_t memory = 0;
    cli_last last = {0};
    const cli_option options[] = {
        {"image", "FILE", "run on this image (default: TestImageFile, or a generated one)",
         &v.image_path, NULL, NULL},
        {"preview", "OUT.png", "draw image, classes and confidence", &v.preview, NULL, NULL},
        {"runtime", "PATH", "ONNX Runtime's library, or its folder", &v.runtime, NULL, NULL},
        {"engine", "PATH", "also run the SavedModel in this TensorFlow C library", &v.engine, NULL,
         NULL},
        {"json", NULL, "print JSON instead of lines", NULL, &v.as_json, NULL},
        CLI_MEMORY_ROW(&memory_text),
        CLI_LAST_ROWS(&last),
    };
    const cli_command command = {
        .name = "czmodel verify",
        .arguments = "TARGET",
        .purpose =
            "Runs the network in ONNX Runtime. Checks that its output is probabilities and that\n"
            "edge effects stay inside the border, and reports time and memory for one tile. A\n"
            "SavedModel is translated to ONNX for this.",
        .examples = "  czmodel verify model_spec.json --preview out.png\n"
                    "  czmodel verify DNNModel.czmodel --image cells.tif\n"
                    "  czmodel verify saved_model/ --engine /opt/tensorflow/lib/libtensorflow.so\n",
        .least = 1,
        .most = 1,
    };
    int status;
    if (cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status) == CLI_DONE)
        return status;
    if (!cli_memory_take(memory_text, &memory, command.name)) return CZM_ERROR_USAGE;
    v.target = argv[1];
    v.report = cli_report_new();
    v.later = cli_report_new();
    if (!v.report || !v.later) return CZM_ERROR_IO;
    czm_report_set_memory(v.report, memory);
    czm_report_set_memory(v.later, memory);
    czm_signals_catch();
    czm_status result = verify_in_arena(&v);
    cli_print_findings(v.report, CZM_WARNING);
    cli_print_findings(v.later, CZM_ERROR);
    czm_arena_free(v.arena);
    czm_report_free(v.later);
    czm_report_free(v.report);
    return cli_flush() ? cli_exit_status(result) : CZM_ERROR_IO;
}
