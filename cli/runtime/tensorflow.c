// SPDX-License-Identifier: Apache-2.0
//
// Runs a SavedModel in TensorFlow, through its C API (tensorflow/c/c_api.h) and a library that the user names. A
// process can load only one TensorFlow: its symbols are global.
//
// TensorFlow 2.0.0 comes as a Python package alone, whose libraries require symbols of the interpreter that are never
// used here; tests/engines/engine.py makes a library of dummies and says why.
#include <stddef.h>

#include "cli/runtime/runtime.h"
#include "codec/wire.h"

// ---- the API

typedef struct TF_Status TF_Status;
typedef struct TF_Graph TF_Graph;
typedef struct TF_Session TF_Session;
typedef struct TF_SessionOptions TF_SessionOptions;
typedef struct TF_Tensor TF_Tensor;
typedef struct TF_Operation TF_Operation;

typedef struct TF_Buffer {
    const void *data;
    size_t length;
    void (*release)(void *data, size_t length);
} TF_Buffer;

typedef struct TF_Output {
    TF_Operation *operation;
    int index;
} TF_Output;

enum { FLOAT = 1 }; // DT_FLOAT

typedef struct tf_api {
    const char *(*version)(void);
    TF_Status *(*new_status)(void);
    int (*code)(const TF_Status *);
    const char *(*message)(const TF_Status *);
    TF_Buffer *(*new_buffer)(void);
    TF_Graph *(*new_graph)(void);
    TF_SessionOptions *(*new_options)(void);
    TF_Session *(*load)(const TF_SessionOptions *, const TF_Buffer *, const char *folder,
                        const char *const *tags, int tag_count, TF_Graph *, TF_Buffer *meta_graph,
                        TF_Status *);
    void (*run)(TF_Session *, const TF_Buffer *, const TF_Output *inputs,
                TF_Tensor *const *input_values, int input_count, const TF_Output *outputs,
                TF_Tensor **output_values, int output_count, const TF_Operation *const *targets,
                int target_count, TF_Buffer *, TF_Status *);
    TF_Operation *(*operation)(TF_Graph *, const char *name);
    int (*output_count)(TF_Operation *);
    TF_Tensor *(*new_tensor)(int type, const int64_t *dims, int rank, size_t size);
    void (*delete_tensor)(TF_Tensor *);
    int (*type)(const TF_Tensor *);
    int (*rank)(const TF_Tensor *);
    int64_t (*dim)(const TF_Tensor *, int axis);
    void *(*data)(const TF_Tensor *);
} tf_api;

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
    {"TF_Version", offsetof(tf_api, version)},
    {"TF_NewStatus", offsetof(tf_api, new_status)},
    {"TF_GetCode", offsetof(tf_api, code)},
    {"TF_Message", offsetof(tf_api, message)},
    {"TF_NewBuffer", offsetof(tf_api, new_buffer)},
    {"TF_NewGraph", offsetof(tf_api, new_graph)},
    {"TF_NewSessionOptions", offsetof(tf_api, new_options)},
    {"TF_LoadSessionFromSavedModel", offsetof(tf_api, load)},
    {"TF_SessionRun", offsetof(tf_api, run)},
    {"TF_GraphOperationByName", offsetof(tf_api, operation)},
    {"TF_OperationNumOutputs", offsetof(tf_api, output_count)},
    {"TF_AllocateTensor", offsetof(tf_api, new_tensor)},
    {"TF_DeleteTensor", offsetof(tf_api, delete_tensor)},
    {"TF_TensorType", offsetof(tf_api, type)},
    {"TF_NumDims", offsetof(tf_api, rank)},
    {"TF_Dim", offsetof(tf_api, dim)},
    {"TF_TensorData", offsetof(tf_api, data)},
};

typedef struct session {
    tf_api api;
    TF_Status *status;
    TF_Session *handle;
    TF_Output input, output;
} session;

// The message of the last call; NULL if it succeeded.
static const char *fault_of(const session *s, czm_arena *arena) {
    if (s->api.code(s->status) == 0) return NULL;
    return czm_arena_format(arena, "TensorFlow: %s", s->api.message(s->status));
}

// ---- finding it

// The files of a TensorFlow in a folder, in the order of loading; the last one has the C API.
enum { MOST_FILES = 3 };
static const char *const layouts[][MOST_FILES] = {
    {"libtensorflow.so"},
    {"lib/libtensorflow.so"},
    {"libtensorflow_framework.so.2", "libtensorflow_cc.so.2"}, // Python package, 2.12 and newer
    {"libtensorflow_framework.so.2", "python/_pywrap_tensorflow_internal.so"},
    {"libpython_dummies.so", "tensorflow_core/libtensorflow_framework.so.2",
     "tensorflow_core/python/_pywrap_tensorflow_internal.so"}, // the files that engine.py makes of 2.0.0
};

static bool is_there(czm_arena *arena, const char *folder, const char *const *files) {
    for (size_t i = 0; i < MOST_FILES && files[i]; i++)
        if (czm_path_look(czm_path_join(arena, folder, files[i])) != CZM_PATH_FILE) return false;
    return true;
}

static void *open_layout(czm_arena *arena, const char *folder, const char *const *files) {
    void *library = NULL;
    for (size_t i = 0; i < MOST_FILES && files[i]; i++) {
        library = cli_library_open(arena, czm_path_join(arena, folder, files[i]), true);
        if (!library) return NULL;
    }
    return library;
}

static const char *open_engine(czm_arena *arena, const char *engine, void **library) {
    cli_environment_default("TF_CPP_MIN_LOG_LEVEL", "3"); // its messages contain what it would log
    size_t i = 0;
    if (czm_path_look(engine) == CZM_PATH_FOLDER) {
        while (i < CZM_COUNT_OF(layouts) && !is_there(arena, engine, layouts[i])) i++;
        if (i == CZM_COUNT_OF(layouts))
            return czm_arena_format(arena, "%s contains no TensorFlow C library", engine);
        *library = open_layout(arena, engine, layouts[i]);
    } else {
        *library = cli_library_open(arena, engine, true);
    }
    return *library ? NULL
                    : czm_arena_format(arena, "%s cannot be loaded: %s", engine,
                                       cli_library_fault(arena));
}

static const char *find_functions(czm_arena *arena, void *library, tf_api *api) {
    for (size_t i = 0; i < CZM_COUNT_OF(functions); i++)
        if (!cli_library_find(library, functions[i].name, (char *)api + functions[i].offset))
            return czm_arena_format(arena, "the library is not TensorFlow: it does not contain %s",
                                    functions[i].name);
    return NULL;
}

// ---- the signature
//
// MetaGraphDef: signature_def=5; SignatureDef: inputs=1, outputs=2; entries of maps: key=1, value=2;
// TensorInfo: name=1, dtype=2, tensor_shape=3; TensorShapeProto: dim=2 with size=1
// (tensorflow/core/protobuf/meta_graph.proto, framework/tensor_shape.proto).

// The value of `key` in the map `number`, or of the last entry if the key is missing.
static czm_bytes find_entry(czm_bytes message, uint32_t number, const char *key) {
    czm_wire wire = czm_wire_read(message);
    czm_field field;
    czm_bytes found = {0};
    while (czm_wire_next(&wire, &field)) {
        if (!czm_field_is(&field, number, CZM_WIRE_BYTES)) continue;
        found = czm_wire_find(field.bytes, 2).bytes;
        if (czm_bytes_is(czm_wire_find(field.bytes, 1).bytes, key)) break;
    }
    return found;
}

static void read_dims(czm_bytes info, int64_t dims[4]) {
    czm_wire wire = czm_wire_read(czm_wire_find(info, 3).bytes);
    czm_field field;
    for (size_t i = 0; i < 4; i++) dims[i] = -1;
    for (size_t i = 0; i < 4 && czm_wire_next(&wire, &field);)
        if (czm_field_is(&field, 2, CZM_WIRE_BYTES))
            dims[i++] = (int64_t)czm_wire_find(field.bytes, 1).value;
}

// "serving_default_x:0"
static const char *find_tensor(czm_arena *arena, session *s, TF_Graph *graph, czm_bytes info,
                               TF_Output *tensor) {
    char *name = czm_arena_string(arena, czm_wire_find(info, 1).bytes), *colon = strrchr(name, ':');
    if (czm_wire_find(info, 2).value != FLOAT)
        return czm_arena_format(arena, "tensor \"%s\" is not float32", name);
    tensor->index = 0;
    if (colon && strspn(colon + 1, "0123456789") == strlen(colon + 1) && strlen(colon) < 6) {
        for (const char *at = colon + 1; *at; at++)
            tensor->index = tensor->index * 10 + (*at - '0');
        *colon = '\0';
    }
    tensor->operation = s->api.operation(graph, name);
    if (tensor->operation && tensor->index < s->api.output_count(tensor->operation)) return NULL;
    return czm_arena_format(arena, "the graph has no tensor \"%s:%d\"", name, tensor->index);
}

// ---- running a tile

static const char *copy_output(czm_arena *arena, const session *s, TF_Tensor *tensor,
                               cli_grid *output) {
    if (s->api.rank(tensor) != 4 || s->api.type(tensor) != FLOAT)
        return "the network's output is not float32 of batch, height, width and classes";
    int64_t dims[4];
    for (int i = 0; i < 4; i++) dims[i] = s->api.dim(tensor, i);
    return cli_grid_take(arena, dims, s->api.data(tensor), output);
}

static const char *run(void *object, czm_arena *arena, const cli_grid *tile, cli_grid *output) {
    session *s = object;
    const int64_t dims[] = {1, (int64_t)tile->height, (int64_t)tile->width,
                            (int64_t)tile->channels};
    size_t size = tile->height * tile->width * tile->channels * sizeof(float);
    TF_Tensor *input = s->api.new_tensor(FLOAT, dims, 4, size), *result = NULL;
    memcpy(s->api.data(input), tile->values, size);
    s->api.run(s->handle, NULL, &s->input, &input, 1, &s->output, &result, 1, NULL, 0, NULL,
               s->status);
    const char *fault = fault_of(s, arena);
    if (!fault) fault = copy_output(arena, s, result, output);
    if (result) s->api.delete_tensor(result);
    s->api.delete_tensor(input);
    return fault;
}

static const char *load(czm_arena *arena, session *s, const char *folder,
                        const cli_signature *signature, int64_t dims[4]) {
    static const char *const tags[] = {"serve"};
    TF_Graph *graph = s->api.new_graph();
    TF_Buffer *meta_graph = s->api.new_buffer();
    s->handle =
        s->api.load(s->api.new_options(), NULL, folder, tags, 1, graph, meta_graph, s->status);
    CLI_TRY(fault_of(s, arena));
    czm_bytes definition =
        find_entry(czm_bytes_of(meta_graph->data, meta_graph->length), 5, signature->name);
    czm_bytes input = find_entry(definition, 1, signature->input);
    CLI_TRY(find_tensor(arena, s, graph, input, &s->input));
    read_dims(input, dims);
    return find_tensor(arena, s, graph, find_entry(definition, 2, signature->output), &s->output);
}

// TensorFlow's objects are not freed before the process ends.
const char *cli_tensorflow_open(czm_arena *arena, const char *engine, const char *folder,
                                const cli_signature *signature, cli_network *network) {
    void *library = NULL;
    CLI_TRY(open_engine(arena, engine, &library));
    session *s = CZM_NEW(arena, session);
    CLI_TRY(find_functions(arena, library, &s->api));
    s->status = s->api.new_status();
    *network = (cli_network){.session = s, .run = run};
    network->runtime = czm_arena_format(arena, "TensorFlow %s", s->api.version());
    return load(arena, s, folder, signature, network->dims);
}
