// SPDX-License-Identifier: Apache-2.0
//
// What becomes of small graphs, for tables in text (tests/networks/graphs):
//
//     # a comment
//     do onnx                       the action on the graphs that follow
//     x:f[1,4]; y=Relu(x)           a graph (graph_text.h), whose output is called y; a line that ends
//                                   with ";" continues
//       1=Relu(input)               indented: the result (graph_print.h)
//
// The actions: onnx (translate it to both operator sets), lower, fold, branches, passes, defaults,
// twice (the network before itself),
// "size HEIGHT WIDTH", "before STEP", "after STEP", and "read OPERATOR-SET [LAYOUT]": the graph is one of ONNX
// (onnx_text.h), which is written to a file and read. A rejection is written as "! where: message".
//
//     tables [--update] [--write FOLDER] TABLE...
//     tables --print NETWORK...
//
// --print writes the graphs that are read from files of any kind.
// --update writes the results into the tables: check the difference before you commit it.
#include "graph_def.h"
#include "graph_print.h"
#include "onnx_text.h"
#include "splice_step.h"

#include "edit/spatial.h"
#include "fold/fold.h"
#include "passes/passes.h"
#include "read/network.h"
#include "write/onnx/translate.h"

typedef struct job {
    const char *verb, *rest; // "size" and "64 32"
    const char *graph;
    const char *folder; // where networks are written for the engines; NULL: nowhere
    const char *name;   // of their files
} job;

typedef struct subject {
    const char *text;
    struct subject *other; // that was joined to it; NULL: none
    parser parser;
    czm_context context;
    printer printer;
} subject;

// The model points at its parser: the subject stays where it is.
static void begin(subject *s, const char *text) {
    s->text = text;
    s->other = NULL;
    s->parser = parse(text);
    build(&s->parser);
    czm_model *model = &s->parser.model;
    model->layer_names.scope = "";
    model->exporter = "2.4.0";
    model->main.outputs.count = 0;
    add_output(&s->parser, czm_output(find_node(&s->parser, "y")));
    if (model->main.inputs.count > 1) model->main.inputs.count = 1;
    if (model->main.inputs.count)
        model->main.inputs.items[0].dtype = czm_tensor_dtype(model->main.inputs.items[0].tensor);
    czm_graph_sort(&model->main);
    s->context = (czm_context){s->parser.arena, czm_report_new()};
    s->printer = new_printer(s->context);
}

static void end(subject *s) {
    if (s->other) {
        czm_report_free(s->other->context.report);
        czm_arena_free(s->other->parser.arena);
    }
    czm_report_free(s->context.report);
    czm_arena_free(s->parser.arena);
}

static void print_findings(subject *s) {
    for (size_t i = 0; i < czm_report_count(s->context.report); i++) {
        const czm_finding *f = czm_report_at(s->context.report, i);
        print(&s->printer, "  ! %s: %s\n", f->where, f->finding);
    }
}

// ---- the actions

static void write_bytes(void *user, czm_bytes bytes) {
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, user), bytes.size);
}

static czm_status take_bytes(void *user, czm_bytes bytes) {
    write_bytes(user, bytes);
    return CZM_OK;
}

static FILE *open_result(const subject *s, const job *j, const char *ending) {
    FILE *file =
        fopen(czm_arena_format(s->context.arena, "%s/%s.%s", j->folder, j->name, ending), "wb");
    assert_non_null(file);
    return file;
}

static void write_graph(subject *s, const job *j, const char *ending) {
    enum { PRODUCER = 440 };
    if (!j->folder) return;
    const czm_model *model = &s->parser.model;
    FILE *file = open_result(s, j, ending);
    write_bytes(file, graph_def(s->context.arena, model, PRODUCER));
    fclose(file);
    file = open_result(s, j, czm_arena_format(s->context.arena, "%s.output", ending));
    czm_tensor output = model->main.outputs.items[0].tensor;
    fprintf(file, "%s:%u\n", output.node->name, output.index);
    fclose(file);
}

static void write_onnx(subject *s, const job *j, const czm_onnx_model *onnx) {
    const czm_onnx_plan *plan;
    uint64_t size;
    if (!j->folder) return;
    assert_int_equal(czm_onnx_plan_make(&s->context, onnx, &plan, &size), CZM_OK);
    FILE *file = open_result(s, j, czm_arena_format(s->context.arena, "%d.onnx", onnx->opset));
    assert_int_equal(czm_onnx_write(&s->context, plan, (czm_sink){take_bytes, file}), CZM_OK);
    fclose(file);
}

static const char *translated(const job *j, int opset, czm_arena *arena) {
    subject s;
    begin(&s, j->graph);
    czm_onnx_model onnx;
    write_graph(&s, j, "before.pb");
    czm_passes_run(&s.context, &s.parser.model, CZM_FOR_ONNX);
    if (czm_onnx_translate(&s.context, &s.parser.model, opset, &onnx) == CZM_OK) {
        print_onnx(&s.printer, &onnx);
        write_onnx(&s, j, &onnx);
    }
    print_findings(&s);
    const char *text = czm_arena_string(arena, czm_buffer_bytes(&s.printer.out));
    end(&s);
    return text;
}

static const char *translated_twice(const job *j, czm_arena *arena) {
    const char *old = translated(j, CZM_ONNX_OLD, arena), *new = translated(j, CZM_ONNX_NEW, arena);
    if (czm_text_equal(old, new)) return old;
    return czm_arena_format(arena, "  opset %d:\n%s  opset %d:\n%s", CZM_ONNX_OLD, old,
                            CZM_ONNX_NEW, new);
}

static void lower(subject *s, const char *rest) {
    (void)rest;
    czm_pass_lower(&s->context, &s->parser.model, CZM_FOR_TF200);
}

static void fold(subject *s, const char *rest) {
    (void)rest;
    czm_fold_constants(&s->context, &s->parser.model, CZM_FOR_TF200);
}

static void branches(subject *s, const char *rest) {
    (void)rest;
    czm_fold_branches(&s->context, &s->parser.model);
}

static void defaults(subject *s, const char *rest) {
    (void)rest;
    czm_fold_defaults(&s->parser.model);
}

static void passes(subject *s, const char *rest) {
    (void)rest;
    czm_passes_run(&s->context, &s->parser.model, CZM_FOR_TF200);
}

static void size(subject *s, const char *rest) {
    long long height, width;
    assert_int_equal(sscanf(rest, "%lld %lld", &height, &width), 2);
    czm_baked_list baked = {0};
    czm_spatial_record(&s->context, &s->parser.model, &baked);
    if (czm_spatial_apply(&s->context, &s->parser.model, &baked, height, width) != CZM_OK)
        s->parser.model.main.nodes.count = s->parser.model.main.outputs.count = 0;
}

static void splice(subject *s, const char *text, bool is_before) {
    czm_model *model = &s->parser.model;
    if (!splice_step(&s->context, model, text, is_before))
        model->main.nodes.count = model->main.outputs.count = 0;
}

// The model before itself, so that all names collide.
static void twice(subject *s, const char *rest) {
    (void)rest;
    s->other = CZM_NEW(s->context.arena, subject);
    begin(s->other, s->text);
    splice_model(&s->parser.model, &s->other->parser.model);
}

static void before(subject *s, const char *rest) { splice(s, rest, true); }
static void after(subject *s, const char *rest) { splice(s, rest, false); }

static const struct {
    const char *verb;
    void (*run)(subject *s, const char *rest);
} verbs[] = {{"lower", lower},       {"fold", fold},     {"branches", branches},
             {"defaults", defaults}, {"passes", passes}, {"size", size},
             {"before", before},     {"after", after},   {"twice", twice}};

static const char *rewritten(const job *j, czm_arena *arena) {
    subject s;
    begin(&s, j->graph);
    write_graph(&s, j, "before.pb");
    bool is_known = false;
    for (size_t i = 0; i < CZM_COUNT_OF(verbs); i++) {
        if (!czm_text_equal(verbs[i].verb, j->verb)) continue;
        verbs[i].run(&s, j->rest);
        is_known = true;
    }
    if (!is_known) fail_msg("nobody can do %s", j->verb);
    czm_model *model = &s.parser.model;
    if (model->main.outputs.count) czm_graph_sort(&model->main);
    print_model(&s.printer, model);
    if (model->main.outputs.count && j->folder) {
        czm_pass_names(&s.context, model, CZM_FOR_TF200);
        write_graph(&s, j, "after.pb");
    }
    print_findings(&s);
    const char *text = czm_arena_string(arena, czm_buffer_bytes(&s.printer.out));
    end(&s);
    return text;
}

// ---- networks in files

// Prints the graph that is read from the file, and the findings.
static void print_file(subject *s, const char *path, czm_network_choice choice) {
    czm_source *source = CZM_NEW(s->context.arena, czm_source);
    czm_model *model = CZM_NEW(s->context.arena, czm_model);
    s->printer = new_printer(s->context);
    if (czm_source_open(&s->context, path, source) == CZM_OK &&
        czm_network_read(&s->context, source, choice, model) == CZM_OK) {
        for (size_t i = 0; i < model->main.inputs.count; i++)
            print_input_of(&s->printer, model->main.inputs.items[i].tensor.node);
        print_model(&s->printer, model);
        czm_tensor output = model->main.outputs.items[0].tensor;
        if (!is_constant(output.node)) {
            print(&s->printer, "  return ");
            print_input(&s->printer, output);
            print(&s->printer, "\n");
        }
    }
    print_findings(s);
}

static const char *read_text_network(const job *j, czm_arena *arena) {
    subject s = {.parser = parse(j->graph)};
    int opset = atoi(j->rest);
    const char *gap = strchr(j->rest, ' ');
    czm_network_choice choice = {.layout = czm_onnx_layout_find(gap ? gap + 1 : NULL)};
    s.parser.is_plain = true;
    build(&s.parser);
    s.context = (czm_context){s.parser.arena, czm_report_new()};
    const char *path = j->folder ? czm_arena_format(arena, "%s/%s.onnx", j->folder, j->name)
                                 : "network.onnx";
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    write_bytes(file, onnx_file_of(&s.parser, opset));
    fclose(file);
    print_file(&s, path, choice);
    const char *text = czm_arena_string(arena, czm_buffer_bytes(&s.printer.out));
    end(&s);
    return text;
}

static void print_network(const char *path) {
    subject s = {.parser = {.arena = czm_arena_new(NULL)}};
    s.context = (czm_context){s.parser.arena, czm_report_new()};
    print_file(&s, path, (czm_network_choice){0});
    printf("== %s\n%s", path, printed(&s.printer));
    fflush(stdout);
    end(&s);
}

static const char *result_of(const job *j, czm_arena *arena) {
    if (czm_text_equal(j->verb, "read")) return read_text_network(j, arena);
    return czm_text_equal(j->verb, "onnx") ? translated_twice(j, arena) : rewritten(j, arena);
}

// ---- tables

typedef struct table {
    czm_arena *arena;
    const char *path;
    const char *rest; // not yet read
    czm_buffer out;   // the table as it should be
    job job;
    const char *expected;
    size_t number, line; // of the line that is read, and of the first one of its graph
    size_t graphs, faults;
} table;

static const table *current; // for what ends the program

static void tell_where(void) {
    if (current) fprintf(stderr, "%s:%zu: %s\n", current->path, current->line, current->job.graph);
}

static void end_graph(table *t) {
    if (!t->job.graph) return;
    t->graphs++;
    t->job.name = czm_arena_format(t->arena, "%s-%zu", t->job.verb, t->line);
    current = t;
    const char *actual = result_of(&t->job, t->arena);
    current = NULL;
    czm_put_raw(&t->out, czm_bytes_text(actual));
    if (!czm_text_equal(actual, t->expected)) {
        t->faults++;
        printf("%s:%zu: %s\nexpected:\n%sbecame:\n%s\n", t->path, t->line, t->job.graph,
               t->expected, actual);
    }
    t->job.graph = NULL;
    t->expected = "";
}

static void take_line(table *t, const char *line) {
    if (*line == ' ') {
        t->expected = czm_arena_format(t->arena, "%s%s\n", t->expected, line);
        return;
    }
    bool continues = t->job.graph && t->job.graph[strlen(t->job.graph) - 1] == ';';
    if (!continues) end_graph(t);
    czm_put_raw(&t->out, czm_bytes_text(line));
    czm_put_raw(&t->out, czm_bytes_text("\n"));
    if (*line == '#' || *line == '\0') return;
    if (strncmp(line, "do ", 3) == 0) {
        const char *gap = strchr(line + 3, ' ');
        size_t length = gap ? (size_t)(gap - line - 3) : strlen(line + 3);
        t->job.verb = czm_arena_string(t->arena, czm_bytes_of(line + 3, length));
        t->job.rest = gap ? gap + 1 : "";
        return;
    }
    if (!t->job.graph) t->line = t->number;
    t->job.graph = t->job.graph ? czm_arena_format(t->arena, "%s %s", t->job.graph, line) : line;
}

static const char *read_text(czm_arena *arena, const char *path) {
    czm_buffer text = czm_buffer_in(arena);
    char block[4096];
    size_t size;
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be read", path);
    while ((size = fread(block, 1, sizeof block, file)) > 0)
        czm_put_raw(&text, czm_bytes_of(block, size));
    fclose(file);
    return czm_arena_string(arena, czm_buffer_bytes(&text));
}

static size_t run_table(const char *path, const char *folder, bool is_update) {
    table t = {.arena = czm_arena_new(NULL), .path = path, .expected = ""};
    t.out = czm_buffer_in(t.arena);
    t.job.folder = folder;
    const char *at = read_text(t.arena, path);
    for (t.number = 1; *at; t.number++) {
        const char *stop = strchr(at, '\n');
        if (!stop) fail_msg("%s: the last line has no end", path);
        take_line(&t, czm_arena_string(t.arena, czm_bytes_of(at, (size_t)(stop - at))));
        at = stop + 1;
    }
    end_graph(&t);
    if (is_update && t.faults) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        write_bytes(file, czm_buffer_bytes(&t.out));
        fclose(file);
    }
    printf("%s: %zu graphs, %zu differ\n", path, t.graphs, t.faults);
    size_t faults = t.faults;
    czm_arena_free(t.arena);
    return faults;
}

int main(int argc, char **argv) {
    atexit(tell_where);
    size_t faults = 0;
    bool is_update = false, is_print = false;
    const char *folder = NULL;
    for (int i = 1; i < argc; i++) {
        if (czm_text_equal(argv[i], "--update"))
            is_update = true;
        else if (czm_text_equal(argv[i], "--write") && i + 1 < argc)
            folder = argv[++i];
        else if (czm_text_equal(argv[i], "--print"))
            is_print = true;
        else if (is_print)
            print_network(argv[i]);
        else
            faults += run_table(argv[i], folder, is_update);
    }
    return faults > 0 && !is_update;
}
