// SPDX-License-Identifier: Apache-2.0
//
// libczm converts a network (a TensorFlow SavedModel, a Keras file or an ONNX file) and its metadata to a file for
// ZEISS ZEN: a CZModel that contains a SavedModel for TensorFlow 2.0.0 (model version 3.0.0), or a newer CZModel or a
// .czann that contains an ONNX network.
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
// Threads: calls share no mutable state. Any number of them may run at once, each with its own report.
// Ownership: the caller keeps what it passes, and it must live during the call only. Strings and arrays in results
// belong to the report and live until czm_report_free().
// Text is UTF-8. The library never prints, never exits and never changes the working directory.
//
// Versions: new members are appended to structs that begin with struct_size, and the library accepts every earlier
// size. A program that was compiled for an earlier release therefore runs with a later one.
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
    CZM_ERROR_USAGE = 2,     ///< the options are incomplete or contradict each other
    CZM_ERROR_IO = 3,        ///< a file or folder is missing or cannot be read or written
    CZM_ERROR_MEMORY = 4,    ///< out of memory
    CZM_ERROR_CANCELLED = 5, ///< the progress callback asked to stop
} czm_status;

typedef enum czm_severity {
    CZM_NOTE = 0,    ///< information
    CZM_WARNING = 1, ///< a file is written, but its results may be wrong
    CZM_ERROR = 2,   ///< no file is written
} czm_severity;

/// The options of the calls, and two things to do that findings advise. A finding names them as the front end that
/// shows it does; see czm_report_set_spelling().
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
    CZM_OPTION_VERIFY = 20, ///< runs the network on an image; has no value
    CZM_OPTION_NEW = 21,    ///< writes a specification for a network; has no value
    CZM_OPTION_COUNT = 22,
} czm_option;

/// How a front end writes an option. Without a value: `alone`. With a value: `before`, the value, `after`; `comma`
/// replaces each comma in the value. With `is_shell`, the value is written as one word of a POSIX shell, in quotes if
/// necessary; without, quotes and backslashes in it get a backslash. The command uses "--spatial-dims",
/// "--spatial-dims ", ",", ""; Python uses "spatial_dims", "spatial_dims=(", ", ", ")".
typedef struct czm_spelling {
    const char *alone;
    const char *before, *comma, *after;
    bool is_shell;
} czm_spelling;

/// One error, warning or note. All strings belong to the report.
typedef struct czm_finding {
    czm_severity severity;
    const char *rule;    ///< stable id of the rule, such as "class-count"
    const char *where;   ///< file, key, layer or node; never NULL, may be ""
    const char *finding; ///< what was found
    const char *why;     ///< the rule in one sentence, with its source
    const char *hint;    ///< how to fix it; may be ""
    size_t
        count; ///< 1, or for how many findings of the rule, which are not listed, this one stands
} czm_finding;

/// Collects the findings of calls, and owns their results. Only one call at a time may use a report.
typedef struct czm_report czm_report;

/// Returns a new, empty report, or NULL without memory. Free it with czm_report_free().
CZM_API czm_report *czm_report_new(void);
CZM_API void czm_report_free(czm_report *report);

/// The number of findings, in the order in which they were made. Of each rule, a call lists the first 100, and one that
/// states the number of the others.
CZM_API size_t czm_report_count(const czm_report *report);

/// Returns finding `index`, or NULL if there is none. It belongs to the report.
CZM_API const czm_finding *czm_report_at(const czm_report *report, size_t index);

/// Sets how findings write options. `spellings` has one row for each czm_option, CZM_OPTION_NONE included, and must
/// live as long as the report. By default, and for options beyond `count`, findings use the names of the members of
/// czm_options.
CZM_API void czm_report_set_spelling(czm_report *report, const czm_spelling *spellings,
                                     size_t count);

/// Sets how many bytes of memory each call that uses the report may use, and as much space for temporary files, if that
/// is more than the limit in proportion to the size of its input (SECURITY.md). The limit of the work grows with it.
/// 0, the default: only that limit.
CZM_API void czm_report_set_memory(czm_report *report, uint64_t bytes);

/// Returns an option as the front end of the report writes it. `value` may be NULL: the option alone. The text belongs
/// to the report; "" without memory.
CZM_API const char *czm_report_option(czm_report *report, czm_option option, const char *value);

/// Returns `text` as one word of a POSIX shell, in quotes if necessary, with a question mark for each control
/// character. It belongs to the report; "" without memory.
CZM_API const char *czm_report_quoted(czm_report *report, const char *text);

/// One rule of the rule book. All strings live as long as the program.
typedef struct czm_rule_info {
    const char *id;        ///< stable, such as "class-count"
    const char *subject;   ///< what it judges: "call", "container", "metadata", "network", "onnx",
                           ///< "keras", "both"
    czm_severity severity; ///< the highest severity of its findings
    bool can_be_allowed;   ///< whether czm_options.allow may name it
    const char *why;       ///< the rule in one sentence, with its source
    const char *hint;      ///< how its findings are usually fixed
    const char
        *statement;    ///< what is true if the rule passed, such as "weights: all checksums agree"
    czm_option option; ///< the option that does what `hint` says; CZM_OPTION_NONE: there is none
    const char *value; ///< for `option`; may be NULL
} czm_rule_info;

/// Returns the hint of rule `index` with its option, as the front end of the report writes it. It belongs to the report;
/// "" without memory or if there is no such rule.
CZM_API const char *czm_rule_hint(size_t index, czm_report *report);

/// The outcome of a rule in a call.
typedef enum czm_outcome {
    CZM_NOT_CHECKED = 0, ///< its subject was missing or could not be read
    CZM_PASSED = 1,      ///< checked, without findings
    CZM_FOUND = 2,       ///< checked, with findings
} czm_outcome;

CZM_API size_t czm_rule_count(void);

/// Returns rule `index` in the order of the rule book, or NULL if there is none.
CZM_API const czm_rule_info *czm_rule_at(size_t index);

/// Returns the outcome of rule `index` in the calls that used this report.
CZM_API czm_outcome czm_report_outcome(const czm_report *report, size_t index);

/// One class of the segmentation. Its position, counted from 1, is its label value.
typedef struct czm_class {
    const char *name;
    uint8_t red, green, blue;
    bool has_colour; ///< false: the library chooses a colour that no other class has
} czm_class;

/// The metadata of a model: the contents of the JSON specification, for callers without a JSON file.
/// Relative paths are relative to the working directory. Up to `postprocessing`, keys and their meaning come from
/// the "ANN Model Specification" of czmodel 0.1.3; after it, from the specification of .czann files of czmodel
/// 2.0.0 to 6.2.0.
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
    const char *model_type; ///< Type of a .czann; the values that only a .czmodel requires may then
                            ///< be missing. NULL: "SingleClassSemanticSegmentation", for a .czmodel
    const double *scaling;  ///< metres per pixel: x, y[, z]; NULL: not stated
    size_t scaling_count;   ///< 0, 2 or 3
    const int64_t *input_shape;  ///< height, width, channels as the author states them; -1: open
    size_t input_rank;           ///< 0: not stated
    const int64_t *output_shape; ///< likewise
    size_t output_rank;
    bool has_unit_range;  ///< the network expects pixel values from 0 to 1, as a .czann feeds them;
                          ///< false: the values of pixel_type, as a .czmodel feeds them
    const char *model_id; ///< UUID in lower case hexadecimal; NULL: not stated
    const int64_t
        *min_overlap; ///< overlap of tiles in pixels, along ([z,] y, x), even; NULL: twice
                      ///< border_size
    size_t min_overlap_count;
    const char *description;        ///< ModelDescription of a .czann; NULL: none
    const char *const *pixel_types; ///< the pixel type of each channel; pixel_type is the first
    size_t pixel_type_count;        ///< 0: pixel_type is the only one
} czm_metadata;

/// Returns false to stop the conversion. `done` and `total` count the bytes of weights.
typedef bool (*czm_progress)(void *user, uint64_t done, uint64_t total);

/// What to convert, and how. The default of every member but struct_size is zero.
typedef struct czm_options {
    size_t struct_size;           ///< set by CZM_OPTIONS_INIT
    const char *source_path;      ///< the JSON specification, or a container that is converted
                                  ///< to another format; or NULL, and `metadata` is used
    const czm_metadata *metadata; ///< used when source_path is NULL
    const char *output_folder; ///< created if missing, with its parents; required by czm_convert()
    const char *output_name;   ///< NULL: "DNNModel"; the extension is appended if it is missing
    const char *model_name;    ///< overrides the name in the metadata
    const char *license_path;  ///< overrides the licence; relative to the working directory
    const char *signature;     ///< NULL: serving_default, else serve, else the only one
    const char *output;        ///< one of several outputs; NULL: the network must have one output
    const char *model_id;      ///< UUID in lower case hexadecimal; NULL: that of the metadata, or
                               ///< one that is derived from the content
    int64_t spatial_height;    ///< new height of the input, pixels; 0: unchanged
    int64_t spatial_width;     ///< new width; set both or neither
    const char *const *preprocessing; ///< steps before the network, in order; see czmodel(1)
    size_t preprocessing_count;
    const char *const *postprocessing; ///< steps after the network, in order
    size_t postprocessing_count;
    const char *border;    ///< pixels; "auto": the required border; NULL: that of the metadata
    const char *format;    ///< one of czm_format_at(); NULL: that of the container; "3.0.0", or
                           ///< "3.1.0" for an ONNX file; "czann-1.1.0" for the later form of the
                           ///< specification
    const char *zen;       ///< a version of ZEN, "3.4" or "core 3.3": the newest format it accepts
    const char *extension; ///< "czseg", for formats of .czmodel files; NULL: that of the format
    const char *const *allow; ///< ids of rules whose errors become warnings
    size_t allow_count;
    bool strict;           ///< warnings become errors, except for the rules in `allow`
    bool as_is;            ///< pack the files of the network unchanged
    czm_progress progress; ///< may be NULL
    void *user;            ///< passed to `progress`
    bool no_factor; ///< only warn (pixel-range) if the format feeds other values than the network
                    ///< expects; false: insert the factor between them
    const char
        *value_range;   ///< values that the network expects: "raw" (those of the pixel type) or
                        ///< "unit" (0 to 1); NULL: those that the metadata state
    const char *layout; ///< of the images in an ONNX file: "nchw" (channels first) or "nhwc"
                        ///< (channels last); NULL: determined by its operations
    const char
        *config; ///< file with the text of model.to_json(): the architecture for a Keras file
                 ///< in HDF5, which may contain only weights; NULL: that of the file
} czm_options;

/// The names of the formats, the oldest first: "3.0.0" (contains a SavedModel for TensorFlow 2.0.0), "3.1.0",
/// "czann-1.0.0", "czann-1.1.0", "czann-2.0.0" (contain ONNX of operator set 12), "czann-2.1.0" (operator set 18).
/// Returns NULL if there is no format `index`.
CZM_API const char *czm_format_at(size_t index);

/// The result of a successful conversion. `path` belongs to the report.
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
            false, 0, 0, false, 0, 0, 0                                                            \
    }
#define CZM_RESULT_INIT \
    { sizeof(czm_result), 0, "", 0, 0 }

/// Does what CZM_OPTIONS_INIT does, for callers that cannot use macros. `struct_size` is the size of czm_options
/// in the caller's release.
CZM_API void czm_options_init(czm_options *options, size_t struct_size);

/// Converts a network to a file for ZEN.
///
/// Every rule that needs no weights is checked before the file is written, and all findings are reported. The file
/// appears under its final name when it is complete. After a failure no new file remains, and an earlier file of that
/// name is unchanged. `result` may be NULL; it is filled only if the call returns CZM_OK. `report` must not be NULL;
/// its earlier findings are kept.
/// Returns CZM_OK, or the status of the most severe error (CZM_ERROR_IO before CZM_ERROR_INVALID).
/// Memory: some MB plus a few times the size of saved_model.pb; weights are streamed.
CZM_API czm_status czm_convert(const czm_options *options, czm_result *result, czm_report *report);

// ---- looking at models
//
// In these calls, options->source_path may also be the folder or archive of a SavedModel, a Keras file, an ONNX file, or
// a container (.czmodel, .czseg, .czann). Its content determines its kind. Options for the output have no effect.

typedef enum czm_kind {
    CZM_KIND_SPECIFICATION = 0, ///< a JSON file or a czm_metadata, and its network
    CZM_KIND_SAVED_MODEL = 1,   ///< a SavedModel without metadata
    CZM_KIND_CZMODEL = 2,       ///< a container: .czmodel, .czseg or .czann
    CZM_KIND_ONNX = 3,          ///< an ONNX file without metadata
    CZM_KIND_KERAS = 4,         ///< a Keras file without metadata
} czm_kind;

/// An input or output of the network.
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

/// A layer of the original model: the nodes of the graph that share its name.
typedef struct czm_layer_info {
    const char *name;           ///< such as "block1/conv"
    const char *op;             ///< its main operation, such as "Conv2D"
    int rank;                   ///< of its output; -1: not known
    const int64_t *dims;        ///< -1: not known
    uint64_t parameters;        ///< numbers in the variables that it reads first
    int64_t receptive_field[2]; ///< height and width in input pixels; 0: not known, -1: unbounded
    const size_t *inputs;       ///< indices of the layers whose outputs it reads
    size_t input_count;
} czm_layer_info;

/// The memory for one tile in bytes, estimated (docs/tile-memory.md).
typedef struct czm_memory_info {
    bool is_known;          ///< false: a size in the network is not known; all numbers are 0
    const char *unknown_at; ///< the first layer whose size is not known; "" if all are known
    uint64_t weights;       ///< variables and constants
    uint64_t activations;   ///< the largest set of tensors that exist at the same time
    uint64_t workspace;     ///< temporary memory of a convolution
    uint64_t peak;          ///< the largest sum of the three
    const char *peak_at;    ///< the layer that is computed at the peak
    uint64_t limit;         ///< the limit of the specification: 8 GiB
    int64_t largest_tile;   ///< side of the largest square input that fits, pixels; 0: not known
    int64_t tile_multiple;  ///< the sides of inputs must be multiples of this; 0: not known
} czm_memory_info;

/// The required border.
typedef struct czm_border_info {
    bool is_known, is_unbounded;
    const char *reason; ///< the layer that makes it unknown or unbounded; "" if it is known
    int64_t border;     ///< pixels that remove every edge effect
} czm_border_info;

/// A network and its metadata. Strings and arrays belong to the report.
typedef struct czm_inspection {
    size_t struct_size; ///< set by CZM_INSPECTION_INIT
    czm_kind kind;
    const char *model_version; ///< of a container: "3.0.0", "czann-2.1.0"; "": no container
    const char *model_id;      ///< of a container; "": no container
    bool has_metadata;         ///< whether `metadata` is filled
    czm_metadata metadata;     ///< all its classes have colours
    bool has_network;          ///< false: the members after this one are empty
    int64_t opset;             ///< operator set of an ONNX network; 0: a SavedModel. Memory, border
                               ///< and layers are known if all its operations are supported;
                               ///< otherwise layer_count is 0
    const char *exporter; ///< version of TensorFlow that exported it, or the program that wrote
                          ///< the ONNX file; "": not known
    const char *needs;    ///< version of TensorFlow that the files require: "2.0.0", "newer"; ""
    const char *const *newer; ///< what TensorFlow 2.0.0 does not support in the files
    size_t newer_count;
    const czm_signature_info *signatures;
    size_t signature_count;
    const char *signature;       ///< the one that the next members describe
    czm_port_info input, output; ///< of it, with inferred shapes
    uint64_t parameters;         ///< numbers in the variables that inference reads, and in
                                 ///< floating-point constants
    uint64_t weight_bytes;       ///< their size
    const czm_op_count *ops;     ///< of the network after conversion, most frequent first
    size_t op_count;
    czm_memory_info memory;
    czm_border_info border;
    const czm_layer_info *layers;
    size_t layer_count;
} czm_inspection;

/// The oldest version of a product that accepts models of one version.
typedef struct czm_zen_info {
    const char *product; ///< "ZEN blue", "ZEN core"
    const char *since;   ///< such as "3.2"
} czm_zen_info;

/// How a check ended.
typedef struct czm_verdict {
    size_t struct_size; ///< set by CZM_VERDICT_INIT
    czm_kind kind;
    czm_status status;         ///< of the most severe error
    const char *model_version; ///< of the container, or of the one that would be written: "3.0.0"
    const czm_zen_info *zen;   ///< the products that accept containers of this version
    size_t zen_count;
} czm_verdict;

/// One place where two models differ.
typedef struct czm_difference {
    const char *section; ///< "metadata", "graph" or "weights"
    const char *where;   ///< key, layer or variable
    const char *a, *b;   ///< the values of both models; "": the model has none
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

/// Checks every rule, also those that read all weights, and writes nothing. For a specification or a network, it checks
/// what czm_convert() would write; for a container, its contents. Returns CZM_OK, or the status of the most severe
/// error. czm_report_outcome() returns which rules were checked. `verdict` may be NULL.
CZM_API czm_status czm_check(const czm_options *options, czm_verdict *verdict, czm_report *report);

/// Describes a model. Rules that only concern its use in ZEN are not checked.
CZM_API czm_status czm_inspect(const czm_options *options, czm_inspection *inspection,
                               czm_report *report);

/// Draws the graph of the layers. Returns SVG in UTF-8, which belongs to the report; NULL without memory.
CZM_API const char *czm_inspection_svg(const czm_inspection *inspection, czm_report *report);

/// Unpacks a container into a new or empty folder: model_spec.json, which can be converted again, the network, the
/// licence and the original metadata. After a failure no file remains. `progress` may be NULL.
CZM_API czm_status czm_unpack(const char *file, const char *folder, czm_progress progress,
                              void *user, czm_report *report);

/// Compares two models of any kind: metadata, graph, and weights by their checksums. Returns CZM_OK also
/// if they differ.
CZM_API czm_status czm_diff(const char *a, const char *b, czm_differences *differences,
                            czm_report *report);

/// Writes the network of a model of any kind as an ONNX file: the translation of the network, edited as the options
/// say, in the operator set of options->format (12 if that has none), or the ONNX file of a container. The file
/// appears when it is complete, and replaces an older one.
CZM_API czm_status czm_write_onnx(const czm_options *options, const char *path, czm_report *report);

/// Writes a complete specification for the network options->source_path. Each value that the network does not determine
/// is a guess, and a note in the report. An existing file is not overwritten.
CZM_API czm_status czm_new_spec(const czm_options *options, const char *json_path,
                                czm_report *report);

// ---- results as text: JSON for programs; docs/json.md lists the keys
//
// The texts belong to the report; NULL without memory.

/// Returns the verdict of czm_check() and all findings of its report.
CZM_API const char *czm_check_json(const czm_verdict *verdict, czm_report *report);

/// Returns the same as a page in Markdown, for people; `target` is its title.
CZM_API const char *czm_check_markdown(const char *target, const czm_verdict *verdict,
                                       czm_report *report);

CZM_API const char *czm_inspection_json(const czm_inspection *inspection, czm_report *report);
CZM_API const char *czm_differences_json(const czm_differences *differences, czm_report *report);

/// Returns the metadata as the XML of model version 3.0.0; NULL after an error, which is in the report.
/// `model_id` may be NULL: a new random one.
CZM_API const char *czm_metadata_xml(const czm_metadata *metadata, const char *model_id,
                                     czm_report *report);

/// Fills `metadata` with the values of a JSON specification; paths are not changed. Strings belong to the report.
CZM_API czm_status czm_metadata_from_json(const char *json_path, czm_metadata *metadata,
                                          czm_report *report);

/// The library's version, such as "0.1.0".
CZM_API const char *czm_version(void);

/// The processor instruction that computes the checksums of weights, such as "SSE4.2"; "table": the library uses
/// none.
CZM_API const char *czm_acceleration(void);

/// A library that this one is linked with: its name, the version that it reports, and its licence (an SPDX
/// expression).
typedef struct czm_component {
    const char *name, *version, *license;
} czm_component;

CZM_API size_t czm_component_count(void);

/// `index` must be less than czm_component_count().
CZM_API czm_component czm_component_at(size_t index);

#ifdef __cplusplus
}
#endif

#endif
