// SPDX-License-Identifier: Apache-2.0
//
// libczm: turns a TensorFlow SavedModel and its metadata into a CZModel file (model version
// 3.0.0) for ZEISS ZEN Intellesis, whose network loads and runs in TensorFlow 2.0.0.
//
//     czm_options options = CZM_OPTIONS_INIT;
//     options.source_path = "model_spec.json";
//     options.output_folder = "out";
//     czm_result result = CZM_RESULT_INIT;
//     czm_report *report = czm_report_new();
//     if (czm_convert(&options, &result, report) == CZM_OK) printf("%s\n", result.path);
//     for (size_t i = 0; i < czm_report_count(report); i++)
//         fprintf(stderr, "%s\n", czm_report_at(report, i)->finding);
//     czm_report_free(report);
//
// Threads: the library has no mutable globals; any number of conversions may run at once, each
// with its own report. Ownership: what the caller passes in stays the caller's and need only live
// during the call; strings that come out belong to the report and live until czm_report_free().
// Text is UTF-8. The library never prints, never exits and never changes the working directory.
//
// Versions: structs that begin with struct_size get new members only at their end, and the library
// accepts every earlier size. So a program that was compiled for an earlier release runs with a later
// one.
#ifndef CZM_H
#define CZM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(CZM_BUILDING)
#define CZM_API __declspec(dllexport)
#elif defined(_WIN32)
#define CZM_API
#elif defined(__GNUC__) || defined(__clang__)
#define CZM_API __attribute__((visibility("default")))
#else
#define CZM_API
#endif

/// How a call ended. The values 0 to 3 are also the command's exit statuses.
typedef enum czm_status {
    CZM_OK = 0,
    CZM_ERROR_INVALID = 1,   ///< the model or the specification breaks a rule or is damaged
    CZM_ERROR_USAGE = 2,     ///< the options contradict each other or lack something
    CZM_ERROR_IO = 3,        ///< a file or folder is missing or cannot be read or written
    CZM_ERROR_MEMORY = 4,    ///< out of memory
    CZM_ERROR_CANCELLED = 5, ///< the progress callback asked to stop
} czm_status;

typedef enum czm_severity {
    CZM_NOTE = 0,    ///< worth knowing
    CZM_WARNING = 1, ///< a file is written, but it may not do what its author wants
    CZM_ERROR = 2,   ///< no file is written
} czm_severity;

/// The options of the calls. A finding names an option in the words of the front end that shows it; see
/// czm_report_set_spelling().
typedef enum czm_option {
    CZM_OPTION_NONE = 0,
    CZM_OPTION_SIGNATURE = 1,
    CZM_OPTION_OUTPUT = 2,
    CZM_OPTION_SPATIAL_DIMS = 3, ///< value: height,width in pixels
    CZM_OPTION_PREPROCESSING = 4,
    CZM_OPTION_POSTPROCESSING = 5,
    CZM_OPTION_BORDER = 6,
    CZM_OPTION_FORMAT = 7,
    CZM_OPTION_ZEN = 8,
    CZM_OPTION_EXTENSION = 9,
    CZM_OPTION_MODEL_NAME = 10,
    CZM_OPTION_MODEL_ID = 11,
    CZM_OPTION_LICENSE = 12,
    CZM_OPTION_ALLOW = 13,
    CZM_OPTION_STRICT = 14, ///< has no value
    CZM_OPTION_AS_IS = 15,  ///< has no value
    CZM_OPTION_VALUE_RANGE = 16,
    CZM_OPTION_LAYOUT = 17, ///< "nchw" or "nhwc"
    CZM_OPTION_CONFIG = 18, ///< value: a file
    CZM_OPTION_MEMORY = 19,
    CZM_OPTION_COUNT = 20,
} czm_option;

/// How a front end writes an option: `alone`; and with a value: `before`, the value with `comma`
/// instead of each comma, `after`. With `is_shell`, the value is one word of a POSIX shell, quoted if it needs
/// to be; else quotes and backslashes in it get a backslash. A command has "--spatial-dims", "--spatial-dims ", ",", "";
/// Python has "spatial_dims", "spatial_dims=(", ", ", ")".
typedef struct czm_spelling {
    const char *alone;
    const char *before, *comma, *after;
    bool is_shell;
} czm_spelling;

/// One fault or remark. All strings belong to the report.
typedef struct czm_finding {
    czm_severity severity;
    const char *rule;    ///< stable id of the rule, such as "class-count"
    const char *where;   ///< file, key, layer or node; never NULL, may be ""
    const char *finding; ///< what was found
    const char *why;     ///< the rule in one sentence, with its source
    const char *hint;    ///< what repairs it; may be ""
} czm_finding;

/// Collects what a call has to say. One report serves one call at a time.
typedef struct czm_report czm_report;

/// Returns a new, empty report, or NULL when there is no memory. Free with czm_report_free().
CZM_API czm_report *czm_report_new(void);
CZM_API void czm_report_free(czm_report *report);

/// The number of findings, in the order in which they were made.
CZM_API size_t czm_report_count(const czm_report *report);

/// Finding `index`, or NULL when there is none. Belongs to the report.
CZM_API const czm_finding *czm_report_at(const czm_report *report, size_t index);

/// Sets how findings write options: `spellings` has one row for each czm_option, CZM_OPTION_NONE
/// included, and must live as long as the report. Rows beyond `count` and the default are the names of
/// the members of czm_options.
CZM_API void czm_report_set_spelling(czm_report *report, const czm_spelling *spellings,
                                     size_t count);

/// An option as the report's front end writes it. `value` may be NULL: the option alone. Belongs to the
/// report; "" without memory.
CZM_API const char *czm_report_option(czm_report *report, czm_option option, const char *value);

/// `text` as one word of a POSIX shell, in quotes if it needs them, with control characters as question
/// marks. Belongs to the report; "" without memory.
CZM_API const char *czm_report_quoted(czm_report *report, const char *text);

/// One rule of the rule book. All strings live as long as the program.
typedef struct czm_rule_info {
    const char *id;        ///< stable, such as "class-count"
    const char *subject;   ///< what it judges: "call", "container", "metadata", "network", "onnx",
                           ///< "keras", "both"
    czm_severity severity; ///< the gravest that its findings have
    bool can_be_allowed;   ///< whether czm_options.allow may name it
    const char *why;       ///< the rule in one sentence, with its source
    const char *hint;      ///< what usually repairs it
    const char *statement; ///< what is true if it passed, such as "weights: all checksums agree"
    czm_option option;     ///< does what `hint` says; CZM_OPTION_NONE: there is no such option
    const char *value;     ///< for `option`; may be NULL
} czm_rule_info;

/// The hint of rule `index` with its option, as the report's front end writes it. Belongs to the report; ""
/// without memory or if there is no such rule.
CZM_API const char *czm_rule_hint(size_t index, czm_report *report);

/// What became of a rule in a call.
typedef enum czm_outcome {
    CZM_NOT_CHECKED = 0, ///< its subject was not there, or could not be read
    CZM_PASSED = 1,      ///< checked, nothing found
    CZM_FOUND = 2,       ///< there are findings
} czm_outcome;

CZM_API size_t czm_rule_count(void);

/// Rule `index` in the order of the rule book, or NULL when there is none.
CZM_API const czm_rule_info *czm_rule_at(size_t index);

/// What became of rule `index` in the calls that this report served.
CZM_API czm_outcome czm_report_outcome(const czm_report *report, size_t index);

/// One class of the segmentation. Its 1-based position is its label value.
typedef struct czm_class {
    const char *name;
    uint8_t red, green, blue;
    bool has_colour; ///< false: the library chooses a colour that no other class has
} czm_class;

/// The metadata of a model: what the JSON specification holds, for callers without a JSON file.
/// Relative paths are relative to the working directory. Keys and their meaning come from
/// czmodel 0.1.3's "ANN Model Specification" and, behind `postprocessing`, from the specification of
/// .czann files that came with czmodel 2.0.0 to 6.2.0.
typedef struct czm_metadata {
    size_t struct_size;     ///< set by CZM_METADATA_INIT
    const char *model_path; ///< SavedModel (folder or ZIP archive), Keras or ONNX file; required
    const char *model_name; ///< NULL: the last component of model_path
    const char *color_handling; ///< "ConvertToMonochrome" or "SplitRgb"; required in .czmodel files
    const char *pixel_type;     ///< such as "Gray16"; required in .czmodel files
    const czm_class *classes;   ///< as many as the network's last output dimension; required
    size_t class_count;
    int64_t border_size;         ///< pixels, 0 or more
    const char *test_image_path; ///< NULL: none
    const char *license_path;    ///< NULL: none
    const char *postprocessing;  ///< text of the XML element Postprocessing; NULL: empty
    const char *model_type; ///< Type of a .czann; the values that only a .czmodel needs may then
                            ///< be missing. NULL: "SingleClassSemanticSegmentation", for a .czmodel
    const double *scaling;  ///< metres a pixel: x, y[, z]; NULL: not told
    size_t scaling_count;   ///< 0, 2 or 3
    const int64_t *input_shape;  ///< height, width, channels as the author states them; -1: open
    size_t input_rank;           ///< 0: not stated
    const int64_t *output_shape; ///< likewise
    size_t output_rank;
    bool
        has_unit_range; ///< the network expects pixels from 0 to 1, as a .czann feeds them, and not
                        ///< the values of pixel_type, as a .czmodel does
    const char *model_id;       ///< UUID in lower case hexadecimal; NULL: not told
    const int64_t *min_overlap; ///< of tiles, in pixels, by axis ([z,] y, x), even; NULL: twice
                                ///< border_size
    size_t min_overlap_count;
    const char *description; ///< ModelDescription of a .czann; NULL: none
    const char *const
        *pixel_types;        ///< of each channel, if there are several; pixel_type is the first
    size_t pixel_type_count; ///< 0: pixel_type is the only one
} czm_metadata;

/// Returns false to stop the conversion. `done` and `total` count the bytes of weights.
typedef bool (*czm_progress)(void *user, uint64_t done, uint64_t total);

/// What to convert, and how. All zero but struct_size is the default.
typedef struct czm_options {
    size_t struct_size;           ///< set by CZM_OPTIONS_INIT
    const char *source_path;      ///< the JSON specification, or a container to be converted
                                  ///< to another format; or NULL, with `metadata` set
    const czm_metadata *metadata; ///< used when source_path is NULL
    const char *output_folder;    ///< made if missing, parents too; czm_convert() requires it
    const char *output_name;      ///< NULL: "DNNModel"; the extension is appended unless there
    const char *model_name;       ///< overrides the name in the metadata
    const char *license_path;     ///< overrides the licence; relative to the working directory
    const char *signature;        ///< NULL: serving_default, else serve, else the only one
    const char *output;           ///< which of several outputs; NULL: there must be one
    const char *model_id;         ///< UUID in lower case hexadecimal; NULL: the metadata's, else
                                  ///< a new random one
    int64_t spatial_height;       ///< of the new input, pixels; 0: as exported
    int64_t spatial_width;        ///< likewise; both or none
    const char *const *preprocessing; ///< steps before the network, in order; see czmodel(1)
    size_t preprocessing_count;
    const char *const *postprocessing; ///< steps after the network, in order
    size_t postprocessing_count;
    const char *border;       ///< NULL: the metadata's; "auto": as the network needs; or pixels
    const char *format;       ///< one of czm_format_at(); NULL: a container's own; "3.0.0", with a
                              ///< network in ONNX "3.1.0"; "czann-1.1.0" of the later form of the
                              ///< specification
    const char *zen;          ///< the newest format that this ZEN accepts: "3.4", "core 3.3"
    const char *extension;    ///< NULL: the format's; "czseg" for a format of .czmodel files
    const char *const *allow; ///< ids of rules whose errors become warnings
    size_t allow_count;
    bool strict;           ///< warnings become errors, but for the rules in `allow`
    bool as_is;            ///< pack the network's files untouched
    czm_progress progress; ///< may be NULL
    void *user;            ///< handed to `progress`
    bool no_factor; ///< where the format feeds other values than the network expects, only warn
                    ///< (pixel-range) instead of inserting the factor
    const char *value_range; ///< what the network expects: "raw" (the values of the pixel type) or
                             ///< "unit" (0 to 1); NULL: as the metadata say
    const char *layout;      ///< of the images in an ONNX file: "nchw" (channels first) or "nhwc"
                             ///< (channels last); NULL: as its operations say
    const char *config; ///< file with what model.to_json() gives: the architecture of a Keras file
                        ///< in HDF5, which may contain weights alone; NULL: its own
    uint64_t memory; ///< bytes that the call may use at least; 0: in proportion to the size of its
                     ///< input (SECURITY.md)
} czm_options;

/// The names of the formats, the oldest first: "3.0.0" (a SavedModel for TensorFlow 2.0.0), "3.1.0",
/// "czann-1.0.0", "czann-1.1.0", "czann-2.0.0" (ONNX of operator set 12), "czann-2.1.0" (18). NULL:
/// there is no format `index`.
CZM_API const char *czm_format_at(size_t index);

/// What a successful conversion made. `path` belongs to the report.
typedef struct czm_result {
    size_t struct_size;   ///< set by CZM_RESULT_INIT
    const char *path;     ///< the file that was written
    char model_id[37];    ///< its UUID
    uint64_t size;        ///< its size in bytes
    uint64_t class_count; ///< classes named in its metadata
} czm_result;

#define CZM_METADATA_INIT                                                                        \
    {                                                                                            \
        sizeof(czm_metadata), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, 0, 0, 0, \
            0, 0, 0                                                                              \
    }
#define CZM_OPTIONS_INIT                                                                           \
    {                                                                                              \
        sizeof(czm_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, \
            false, 0, 0, false, 0, 0, 0, 0                                                         \
    }
#define CZM_RESULT_INIT \
    { sizeof(czm_result), 0, "", 0, 0 }

/// The same as CZM_OPTIONS_INIT, for callers that cannot use macros: `struct_size` is the size of
/// czm_options as the caller knows it.
CZM_API void czm_options_init(czm_options *options, size_t struct_size);

/// Converts a SavedModel into a CZModel.
///
/// Every rule that needs no weights is checked before anything is written, and all findings are
/// reported at once. The file appears under its final name only when it is complete; on any failure
/// nothing is left behind and an earlier file of that name is untouched. `result` may be NULL; it is
/// filled only on CZM_OK. `report` must not be NULL; earlier findings in it are kept.
/// Returns CZM_OK, or the status of the gravest fault (CZM_ERROR_IO before CZM_ERROR_INVALID).
/// Memory: some MB plus a few times saved_model.pb; weights are streamed.
CZM_API czm_status czm_convert(const czm_options *options, czm_result *result, czm_report *report);

// ---- looking at models
//
// In these calls options->source_path may also be the folder or archive of a SavedModel, a Keras
// file, an ONNX file, or a container (.czmodel, .czseg, .czann); what it is is determined by its content.
// Options that concern the output have no effect.

typedef enum czm_kind {
    CZM_KIND_SPECIFICATION = 0, ///< a JSON file or a czm_metadata, and the network it names
    CZM_KIND_SAVED_MODEL = 1,   ///< a SavedModel without metadata
    CZM_KIND_CZMODEL = 2,       ///< a finished container
    CZM_KIND_ONNX = 3,          ///< a network in ONNX without metadata
    CZM_KIND_KERAS = 4,         ///< a Keras file without metadata
} czm_kind;

/// A tensor at the network's edge.
typedef struct czm_port_info {
    const char *name;    ///< its key in the signature
    const char *dtype;   ///< such as "float32"
    int rank;            ///< -1: not known
    const int64_t *dims; ///< -1: not known
} czm_port_info;

typedef struct czm_signature_info {
    const char *name;
    const czm_port_info *inputs, *outputs;
    size_t input_count, output_count;
} czm_signature_info;

/// An operation and how often it occurs.
typedef struct czm_op_count {
    const char *op;
    size_t count;
} czm_op_count;

/// A layer as its author knows it: the nodes of the graph that share its name.
typedef struct czm_layer_info {
    const char *name;           ///< such as "block1/conv"
    const char *op;             ///< its main operation, such as "Conv2D"
    int rank;                   ///< of its output; -1: not known
    const int64_t *dims;        ///< -1: not known
    uint64_t parameters;        ///< numbers in the variables that it reads first
    int64_t receptive_field[2]; ///< input pixels that one output pixel sees: height, width;
                                ///< 0: not known, -1: unbounded
    const size_t *inputs;       ///< indices of the layers that it reads
    size_t input_count;
} czm_layer_info;

/// What a network needs to compute one tile, in bytes; an estimate (docs/tile-memory.md).
typedef struct czm_memory_info {
    bool is_known;          ///< false: a size in the network is not known; all numbers are 0
    const char *unknown_at; ///< the layer where knowledge ends; "" if it is known
    uint64_t weights;       ///< variables and constants
    uint64_t activations;   ///< the largest set of tensors that live at once
    uint64_t workspace;     ///< what a convolution may need beside them
    uint64_t peak;          ///< all together, at the worst moment
    const char *peak_at;    ///< the layer that is computed then
    uint64_t limit;         ///< what the specification grants: 8 GiB
    int64_t largest_tile;   ///< side of the largest square input that fits, pixels; 0: not known
    int64_t tile_multiple;  ///< the sides of inputs must be multiples of this; 0: not known
} czm_memory_info;

/// How far an output pixel sees.
typedef struct czm_border_info {
    bool is_known, is_unbounded;
    const char *reason; ///< the layer that makes it unknown or unbounded; "" if it is known
    int64_t border;     ///< pixels that remove every effect of the tile's edges
} czm_border_info;

/// A network and its metadata. Strings and arrays belong to the report.
typedef struct czm_inspection {
    size_t struct_size; ///< set by CZM_INSPECTION_INIT
    czm_kind kind;
    const char *model_version; ///< of a container: "3.0.0", "czann-2.1.0"; "" if there is none
    const char *model_id;      ///< of a container; ""
    bool has_metadata;         ///< whether `metadata` is filled
    czm_metadata metadata;     ///< its classes all have colours
    bool has_network;          ///< false: all that follows is empty
    int64_t opset;            ///< operator set of a network in ONNX; 0: it is a SavedModel. Memory,
                              ///< border and layers are known if all its operations are supported:
                              ///< layer_count is 0 otherwise
    const char *exporter;     ///< version of TensorFlow that exported it, or what wrote the ONNX
                              ///< file; "" if it is not told
    const char *needs;        ///< version of TensorFlow that the files need: "2.0.0", "newer"; ""
    const char *const *newer; ///< what TensorFlow 2.0.0 does not know of the files
    size_t newer_count;
    const czm_signature_info *signatures;
    size_t signature_count;
    const char *signature;       ///< the one that is looked at
    czm_port_info input, output; ///< its ends, with the shapes that inference found
    uint64_t parameters;         ///< weights: numbers in the variables that inference reads, and in
                                 ///< floating-point constants
    uint64_t weight_bytes;       ///< their size
    const czm_op_count *ops;     ///< of the network after conversion, most frequent first
    size_t op_count;
    czm_memory_info memory;
    czm_border_info border;
    const czm_layer_info *layers;
    size_t layer_count;
} czm_inspection;

/// The oldest version of a product that takes models of one version.
typedef struct czm_zen_info {
    const char *product; ///< "ZEN blue", "ZEN core"
    const char *since;   ///< such as "3.2"
} czm_zen_info;

/// How a check ended.
typedef struct czm_verdict {
    size_t struct_size; ///< set by CZM_VERDICT_INIT
    czm_kind kind;
    czm_status status;         ///< of the gravest fault
    const char *model_version; ///< of the container that there is or would be: "3.0.0"
    const czm_zen_info *zen;   ///< what takes containers of this version
    size_t zen_count;
} czm_verdict;

/// One place where two models differ.
typedef struct czm_difference {
    const char *section; ///< "metadata", "graph" or "weights"
    const char *where;   ///< key, layer or variable
    const char *a, *b;   ///< what each model has there; "" for nothing
} czm_difference;

typedef struct czm_differences {
    size_t struct_size; ///< set by CZM_DIFFERENCES_INIT
    const czm_difference *items;
    size_t count;
} czm_differences;

#define CZM_PORT_INFO_INIT \
    { "", "", -1, 0 }
#define CZM_MEMORY_INFO_INIT \
    { false, "", 0, 0, 0, 0, "", 0, 0, 0 }
#define CZM_INSPECTION_INIT                                                                      \
    {                                                                                            \
        sizeof(czm_inspection), CZM_KIND_SPECIFICATION, "", "", false, CZM_METADATA_INIT, false, \
            0, "", "", 0, 0, 0, 0, "", CZM_PORT_INFO_INIT, CZM_PORT_INFO_INIT, 0, 0, 0, 0,       \
            CZM_MEMORY_INFO_INIT, {false, false, "", 0}, 0, 0                                    \
    }
#define CZM_VERDICT_INIT \
    { sizeof(czm_verdict), CZM_KIND_SPECIFICATION, CZM_OK, "", 0, 0 }
#define CZM_DIFFERENCES_INIT \
    { sizeof(czm_differences), 0, 0 }

/// Checks every rule, those that need the weights' bytes too; writes nothing. A specification or a
/// SavedModel is judged by what czm_convert() would write, a CZModel by what it holds. Returns
/// CZM_OK, or the status of the gravest fault; czm_report_outcome() tells what was checked.
/// `verdict` may be NULL.
CZM_API czm_status czm_check(const czm_options *options, czm_verdict *verdict, czm_report *report);

/// Describes a model. Faults that only concern its use in ZEN are not looked for.
CZM_API czm_status czm_inspect(const czm_options *options, czm_inspection *inspection,
                               czm_report *report);

/// Draws the layers as a picture in SVG, UTF-8. Belongs to the report; NULL without memory.
CZM_API const char *czm_inspection_svg(const czm_inspection *inspection, czm_report *report);

/// Unpacks a CZModel into a new or empty folder: model_spec.json, which converts back, the
/// SavedModel, the licence and the original XML. On failure nothing is left behind. `progress` may be
/// NULL.
CZM_API czm_status czm_unpack(const char *file, const char *folder, czm_progress progress,
                              void *user, czm_report *report);

/// Compares two models of any kind: metadata, graph, and weights by their checksums. Returns CZM_OK
/// whether or not they differ.
CZM_API czm_status czm_diff(const char *a, const char *b, czm_differences *differences,
                            czm_report *report);

/// Writes the network of a model of any kind to the file `path`, in ONNX: the translation of a
/// SavedModel, rewritten and edited as the options say, in the operator set of options->format (12 if
/// that has none), or the ONNX file of a container. The file appears when it is complete, and replaces
/// an older one.
CZM_API czm_status czm_write_onnx(const czm_options *options, const char *path, czm_report *report);

/// Writes a specification for the SavedModel options->source_path with all that the network tells;
/// what had to be guessed is in the report, as notes. An existing file is not overwritten.
CZM_API czm_status czm_new_spec(const czm_options *options, const char *json_path,
                                czm_report *report);

// ---- the same as text: JSON for programs, whose keys are in docs/json.md
//
// The texts belong to the report; NULL without memory.

/// What czm_check() found: its verdict and all findings of its report.
CZM_API const char *czm_check_json(const czm_verdict *verdict, czm_report *report);

/// The same as a page in Markdown, for people; `target` is its title.
CZM_API const char *czm_check_markdown(const char *target, const czm_verdict *verdict,
                                       czm_report *report);

CZM_API const char *czm_inspection_json(const czm_inspection *inspection, czm_report *report);
CZM_API const char *czm_differences_json(const czm_differences *differences, czm_report *report);

/// The metadata as the XML of model version 3.0.0; NULL after a fault, which is in the report.
/// `model_id` may be NULL: a new random one.
CZM_API const char *czm_metadata_xml(const czm_metadata *metadata, const char *model_id,
                                     czm_report *report);

/// Fills `metadata` with what a JSON specification says, paths as they are written there. Strings
/// belong to the report.
CZM_API czm_status czm_metadata_from_json(const char *json_path, czm_metadata *metadata,
                                          czm_report *report);

/// The library's version, such as "0.1.0".
CZM_API const char *czm_version(void);

// The instruction by which this machine computes the checksums of weights, such as "SSE4.2", or "table" if
// the library knows none of its.
CZM_API const char *czm_acceleration(void);

// A library that this one is linked with: its name, its version as it says itself, and its licence
// (an SPDX expression).
typedef struct czm_component {
    const char *name, *version, *license;
} czm_component;

CZM_API size_t czm_component_count(void);

// `index` is less than the count.
CZM_API czm_component czm_component_at(size_t index);

#ifdef __cplusplus
}
#endif

#endif
