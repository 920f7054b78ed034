// SPDX-License-Identifier: Apache-2.0
//
// libczm: turns a TensorFlow SavedModel and its metadata into a CZModel file (model version
// 3.0.0) for ZEISS ZEN Intellesis, whose network loads and runs in TensorFlow 2.0.0.
//
//     czm_options options = CZM_OPTIONS_INIT;
//     options.spec_path = "model_spec.json";
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
#ifndef CZM_H
#define CZM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
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

/// One class of the segmentation. Its 1-based position is its label value.
typedef struct czm_class {
    const char *name;
    uint8_t red, green, blue;
    bool has_colour; ///< false: the library chooses a colour that no other class has
} czm_class;

/// The metadata of a model: what the JSON specification holds, for callers without a JSON file.
/// Relative paths are relative to the working directory. Keys and their meaning come from
/// czmodel 0.1.3's "ANN Model Specification".
typedef struct czm_metadata {
    size_t struct_size;         ///< set by CZM_METADATA_INIT
    const char *model_path;     ///< folder of a SavedModel, or a ZIP archive of one; required
    const char *model_name;     ///< NULL: the last component of model_path
    const char *color_handling; ///< "ConvertToMonochrome" or "SplitRgb"; required
    const char *pixel_type;     ///< such as "Gray16"; required
    const czm_class *classes;   ///< as many as the network's last output dimension; required
    size_t class_count;
    int64_t border_size;         ///< pixels, 0 or more
    const char *test_image_path; ///< NULL: none
    const char *license_path;    ///< NULL: none
    const char *postprocessing;  ///< text of the XML element Postprocessing; NULL: empty
} czm_metadata;

/// Returns false to stop the conversion. `done` and `total` count the bytes of weights.
typedef bool (*czm_progress)(void *user, uint64_t done, uint64_t total);

/// What to convert, and how. All zero but struct_size is the default.
typedef struct czm_options {
    size_t struct_size;               ///< set by CZM_OPTIONS_INIT
    const char *spec_path;            ///< the JSON specification; or NULL, with `metadata` set
    const czm_metadata *metadata;     ///< used when spec_path is NULL
    const char *output_folder;        ///< made if missing, parents too; required
    const char *output_name;          ///< NULL: "DNNModel"; ".czmodel" is appended unless there
    const char *model_name;           ///< overrides the name in the metadata
    const char *license_path;         ///< overrides the licence; relative to the working directory
    const char *signature;            ///< NULL: serving_default, else serve, else the only one
    const char *output;               ///< which of several outputs; NULL: there must be one
    const char *model_id;             ///< UUID in lower case hexadecimal; NULL: a new random one
    int64_t spatial_height;           ///< of the new input, pixels; 0: as exported
    int64_t spatial_width;            ///< likewise; both or none
    const char *const *preprocessing; ///< steps before the network, in order; see czmodel(1)
    size_t preprocessing_count;
    const char *const *postprocessing; ///< steps after the network, in order
    size_t postprocessing_count;
    bool as_is;            ///< pack the SavedModel's files untouched
    czm_progress progress; ///< may be NULL
    void *user;            ///< handed to `progress`
} czm_options;

/// What a successful conversion made. `path` belongs to the report.
typedef struct czm_result {
    size_t struct_size;   ///< set by CZM_RESULT_INIT
    const char *path;     ///< the file that was written
    char model_id[37];    ///< its UUID
    uint64_t size;        ///< its size in bytes
    uint64_t class_count; ///< classes named in its metadata
} czm_result;

#define CZM_METADATA_INIT \
    { sizeof(czm_metadata), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
#define CZM_OPTIONS_INIT \
    { sizeof(czm_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, 0, 0 }
#define CZM_RESULT_INIT \
    { sizeof(czm_result), 0, "", 0, 0 }

/// Converts a SavedModel into a CZModel.
///
/// The file appears under its final name only when it is complete; on any failure nothing is left
/// behind and an earlier file of that name is untouched. `result` may be NULL; it is filled only
/// on CZM_OK. `report` must not be NULL; earlier findings in it are kept.
/// Returns CZM_OK, or the status of the gravest fault (CZM_ERROR_IO before CZM_ERROR_INVALID);
/// every fault is in the report. Memory: some MB plus a few times saved_model.pb; weights are
/// streamed.
CZM_API czm_status czm_convert(const czm_options *options, czm_result *result, czm_report *report);

/// The library's version, such as "0.1.0".
CZM_API const char *czm_version(void);

#ifdef __cplusplus
}
#endif

#endif
