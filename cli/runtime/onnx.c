// SPDX-License-Identifier: Apache-2.0
//
// Runs an ONNX file in ONNX Runtime, which is searched when it is needed.
//
// Its C API is a table of functions that only ever grows at its end (onnxruntime_c_api.h: struct OrtApi;
// onnxruntime_c_api.cc asserts that version 1 ends at index 101). The functions declared here belong to version 1, so
// every ONNX Runtime since 1.0 has it, and no header is needed.
#include <stddef.h>

#include "cli/runtime/runtime.h"

// ---- the API

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtValue OrtValue;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtAllocator OrtAllocator;
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtShape OrtShape; // OrtTensorTypeAndShapeInfo

enum { API_VERSION = 1, LOG_ERRORS = 3, FLOAT = 1, DEVICE_ALLOCATOR = 0, MEMORY_DEFAULT = 0 };

typedef void (*unused)(void);

// The number in a comment is the index of the function in its line.
typedef struct ort_api {
    unused from_0[2];
    const char *(*message)(const OrtStatus *); // 2
    OrtStatus *(*create_env)(int level, const char *id, OrtEnv **);
    unused from_4[3];
    OrtStatus *(*create_session)(const OrtEnv *, const void *path, const OrtSessionOptions *,
                                 OrtSession **); // 7
    unused from_8[1];
    OrtStatus *(*run)(OrtSession *, const OrtRunOptions *, const char *const *input_names,
                      const OrtValue *const *inputs, size_t input_count,
                      const char *const *output_names, size_t output_count,
                      OrtValue **outputs); // 9
    OrtStatus *(*create_session_options)(OrtSessionOptions **);
    unused from_11[19];
    OrtStatus *(*input_count)(const OrtSession *, size_t *); // 30
    OrtStatus *(*output_count)(const OrtSession *, size_t *);
    unused from_32[1];
    OrtStatus *(*input_type)(const OrtSession *, size_t index, OrtTypeInfo **); // 33
    unused from_34[2];
    OrtStatus *(*input_name)(const OrtSession *, size_t index, OrtAllocator *, char **); // 36
    OrtStatus *(*output_name)(const OrtSession *, size_t index, OrtAllocator *, char **);
    unused from_38[11];
    OrtStatus *(*create_tensor)(const OrtMemoryInfo *, void *data, size_t size, const int64_t *dims,
                                size_t rank, int type, OrtValue **); // 49
    unused from_50[1];
    OrtStatus *(*tensor_data)(OrtValue *, void **); // 51
    unused from_52[3];
    OrtStatus *(*tensor_of_type)(const OrtTypeInfo *, const OrtShape **); // 55
    unused from_56[4];
    OrtStatus *(*element_type)(const OrtShape *, int *); // 60
    OrtStatus *(*rank)(const OrtShape *, size_t *);
    OrtStatus *(*dims)(const OrtShape *, int64_t *, size_t count);
    unused from_63[2];
    OrtStatus *(*shape_of_tensor)(const OrtValue *, OrtShape **); // 65
    unused from_66[3];
    OrtStatus *(*create_cpu_memory)(int allocator, int memory, OrtMemoryInfo **); // 69
    unused from_70[8];
    OrtStatus *(*default_allocator)(OrtAllocator **); // 78
    unused from_79[13];
    void (*release_env)(OrtEnv *); // 92
    void (*release_status)(OrtStatus *);
    unused from_94[1];
    void (*release_session)(OrtSession *); // 95
    void (*release_value)(OrtValue *);
    unused from_97[2];
    void (*release_shape)(OrtShape *); // 99
} ort_api;

_Static_assert(offsetof(ort_api, release_shape) == 99 * sizeof(unused), "a line is missing");

typedef struct ort_api_base {
    const ort_api *(*api)(uint32_t version);
    const char *(*version)(void);
} ort_api_base;

typedef struct session {
    const ort_api *api;
    OrtEnv *env;
    OrtSession *handle;
    OrtMemoryInfo *memory;
    const char *input, *output;
} session;

static const char *take_message(const ort_api *api, czm_arena *arena, OrtStatus *status) {
    if (!status) return NULL;
    const char *text = czm_arena_format(arena, "ONNX Runtime: %s", api->message(status));
    api->release_status(status);
    return text;
}

// A call of the API. Objects that were made before a fault are freed when the program ends.
#define TRY_ORT(call) CLI_TRY(take_message(api, arena, (call)))

// ---- finding it
//
// A library is loaded by its full path alone: the one that --runtime names, else the folder "onnxruntime" beside the
// program, else the package of the Python in whose environment the program lies. A search by name could find a
// library in the working folder that somebody else put there.

#ifdef _WIN32
#define LIBRARY "onnxruntime.dll"
#define BEGINS "onnxruntime.dll"
#elif defined(__APPLE__)
#define LIBRARY "libonnxruntime.dylib"
#define BEGINS "libonnxruntime."
#else
#define LIBRARY "libonnxruntime.so"
#define BEGINS "libonnxruntime."
#endif

#define HELP                                                                             \
    "install it with \"pip install onnxruntime\" (1.19 or newer), or give its library, " \
    "--runtime PATH/" LIBRARY

static void *open_in(czm_arena *arena, const char *folder) {
    czm_path_list list = {0};
    if (czm_path_look(folder) != CZM_PATH_FOLDER || !czm_folder_list(arena, folder, &list))
        return NULL;
    for (size_t i = 0; i < list.count; i++) {
        if (!czm_text_begins(czm_path_base(list.paths[i]), BEGINS)) continue;
        void *library = cli_library_open(arena, czm_path_join(arena, folder, list.paths[i]), false);
        if (library) return library;
    }
    return NULL;
}

static void *open_named(czm_arena *arena, const char *path) {
    const char *full = czm_path_absolute(arena, path);
    if (!full) return NULL;
    return czm_path_look(full) == CZM_PATH_FOLDER ? open_in(arena, full)
                                                  : cli_library_open(arena, full, false);
}

// If the program's folder is the working folder or contains the model, the folder "onnxruntime" might come from the
// model's author, so it is not used.
static void *open_beside(czm_arena *arena, const char *model_folder) {
    const char *folder = czm_program_folder(arena);
    if (!folder || cli_folder_is(arena, folder, ".") ||
        cli_folder_is(arena, folder, *model_folder ? model_folder : "."))
        return NULL;
    return open_in(arena, czm_path_join(arena, folder, "onnxruntime"));
}

static void *open_installed(czm_arena *arena, const char *model_folder) {
    void *library = open_beside(arena, model_folder);
    const char *package = library ? NULL : cli_python_package(arena, "onnxruntime");
    return package ? open_in(arena, czm_path_join(arena, package, "capi")) : library;
}

static const char *find_api(czm_arena *arena, const cli_onnx_place *place,
                            const ort_api_base **base) {
    if (!cli_library_can_open())
        return "this program is static and cannot load it; use the program of the Python package "
               "(\"pip install czmodel-native onnxruntime\")";
    void *library = place->runtime ? open_named(arena, place->runtime)
                                   : open_installed(arena, place->model_folder);
    if (!library && place->runtime)
        return czm_arena_format(arena, "it is not at %s, which --runtime names", place->runtime);
    if (!library) return "it is not installed; " HELP;
    const ort_api_base *(*get_base)(void);
    if (!cli_library_find(library, "OrtGetApiBase", &get_base))
        return "its library does not contain OrtGetApiBase; " HELP;
    *base = get_base();
    return (*base)->api(API_VERSION) ? NULL : "it lacks version 1 of its API; " HELP;
}

// ---- opening a file

static const char *count_ends(czm_arena *arena, const session *s) {
    const ort_api *api = s->api;
    size_t inputs = 0, outputs = 0;
    TRY_ORT(api->input_count(s->handle, &inputs));
    TRY_ORT(api->output_count(s->handle, &outputs));
    if (inputs == 1 && outputs == 1) return NULL;
    return czm_arena_format(arena, "the network has %zu inputs and %zu outputs, not one of each",
                            inputs, outputs);
}

static const char *name_ends(czm_arena *arena, session *s) {
    const ort_api *api = s->api;
    OrtAllocator *allocator;
    char *input, *output;
    TRY_ORT(api->default_allocator(&allocator));
    TRY_ORT(api->input_name(s->handle, 0, allocator, &input));
    TRY_ORT(api->output_name(s->handle, 0, allocator, &output));
    s->input = input;
    s->output = output;
    return NULL;
}

static const char *read_input_type(czm_arena *arena, const session *s, int64_t dims[4]) {
    const ort_api *api = s->api;
    OrtTypeInfo *type;
    const OrtShape *shape = NULL;
    int element = 0;
    size_t rank = 0;
    TRY_ORT(api->input_type(s->handle, 0, &type));
    TRY_ORT(api->tensor_of_type(type, &shape));
    if (!shape) return "the network's input is not a tensor";
    TRY_ORT(api->element_type(shape, &element));
    TRY_ORT(api->rank(shape, &rank));
    if (element != FLOAT || rank != 4)
        return "the network's input is not float32 of batch, height, width and channels";
    TRY_ORT(api->dims(shape, dims, rank));
    return NULL;
}

static void close_session(void *object) {
    session *s = object;
    if (s->handle) s->api->release_session(s->handle);
    if (s->env) s->api->release_env(s->env);
}

static const char *open_session(czm_arena *arena, const char *path, session *s) {
    const ort_api *api = s->api;
    OrtSessionOptions *options;
    TRY_ORT(api->create_env(LOG_ERRORS, "czmodel", &s->env));
    TRY_ORT(api->create_session_options(&options));
    TRY_ORT(api->create_cpu_memory(DEVICE_ALLOCATOR, MEMORY_DEFAULT, &s->memory));
    TRY_ORT(api->create_session(s->env, czm_path_native(arena, path), options, &s->handle));
    return NULL;
}

// ---- running a tile

static const char *copy_output(czm_arena *arena, const session *s, OrtValue *value,
                               cli_grid *output) {
    const ort_api *api = s->api;
    OrtShape *shape;
    size_t rank = 0;
    int element = 0;
    int64_t dims[4] = {0};
    void *data;
    TRY_ORT(api->shape_of_tensor(value, &shape));
    TRY_ORT(api->rank(shape, &rank));
    TRY_ORT(api->element_type(shape, &element));
    if (rank != 4 || element != FLOAT)
        return "the network's output is not float32 of batch, height, width and classes";
    TRY_ORT(api->dims(shape, dims, rank));
    TRY_ORT(api->tensor_data(value, &data));
    api->release_shape(shape);
    return cli_grid_take(arena, dims, data, output);
}

static const char *run(void *object, czm_arena *arena, const cli_grid *tile, cli_grid *output) {
    const session *s = object;
    const ort_api *api = s->api;
    const int64_t dims[] = {1, (int64_t)tile->height, (int64_t)tile->width,
                            (int64_t)tile->channels};
    size_t size = tile->height * tile->width * tile->channels * sizeof(float);
    OrtValue *input, *result = NULL;
    TRY_ORT(api->create_tensor(s->memory, tile->values, size, dims, 4, FLOAT, &input));
    const OrtValue *const inputs[] = {input};
    TRY_ORT(api->run(s->handle, NULL, &s->input, inputs, 1, &s->output, 1, &result));
    const char *fault = copy_output(arena, s, result, output);
    api->release_value(result);
    api->release_value(input);
    return fault;
}

const char *cli_onnx_open(czm_arena *arena, const cli_onnx_place *place, const char *path,
                          cli_network *network) {
    const ort_api_base *base = NULL;
    CLI_TRY(find_api(arena, place, &base));
    session *s = CZM_NEW(arena, session);
    s->api = base->api(API_VERSION);
    czm_arena_defer(arena, close_session, s);
    *network = (cli_network){.session = s, .run = run};
    network->runtime = czm_arena_format(arena, "ONNX Runtime %s", base->version());
    CLI_TRY(open_session(arena, path, s));
    CLI_TRY(count_ends(arena, s));
    CLI_TRY(name_ends(arena, s));
    return read_input_type(arena, s, network->dims);
}
