// SPDX-License-Identifier: Apache-2.0
//
// The input is a saved_model.pb, converted with the variables of a fixture; two fields that
// TensorFlow does not have determine the options:
//
//     1000   number of the fixture, in the order of their names
//     1001   what else to do, bit by bit: see `way`
//
// A written file must be valid.
#include "codec/wire.h"
#include "czm.h"
#include "fuzz.h"

enum { FIXTURE_FIELD = 1000, WAY_FIELD = 1001 };

typedef enum way {
    RESIZES = 1,
    FITS_BORDER = 2,
    STEPS_BEFORE = 4,
    STEPS_AFTER = 8,
    PACKS_AS_IS = 16,
    INSPECTS = 32, // instead of converting
} way;

static const char *models[64], *allowed[64];
static size_t model_count, allowed_count;
static const char *output_folder, *output_file;

// ---- the fixtures, copied, for each input becomes the saved_model.pb of one

static bool is_of_variables(const char *path) { return strstr(path, "/model/variables/") != NULL; }

static void copy_fixtures(void) {
    czm_arena *arena = czm_arena_new(NULL);
    czm_path_list files;
    FUZZ_EXPECT(czm_folder_list(arena, CZM_FIXTURES, &files));
    for (size_t i = 0; i < files.count; i++) {
        if (!is_of_variables(files.paths[i])) continue;
        fuzz_copy(czm_path_join(arena, CZM_FIXTURES, files.paths[i]), fuzz_path(files.paths[i]));
        const char *end = strstr(files.paths[i], "/variables/");
        const char *model =
            fuzz_path(czm_arena_format(arena, "%.*s", (int)(end - files.paths[i]), files.paths[i]));
        if (model_count == 0 || !czm_text_equal(models[model_count - 1], model)) {
            FUZZ_EXPECT(model_count < CZM_COUNT_OF(models));
            models[model_count++] = model;
        }
    }
    czm_arena_free(arena);
    FUZZ_EXPECT(model_count > 0);
    output_folder = fuzz_path("out");
    output_file = fuzz_path("out/DNNModel.czmodel");
}

// So that as much as possible is written.
static void allow_all(void) {
    for (size_t i = 0; i < czm_rule_count(); i++)
        if (czm_rule_at(i)->can_be_allowed) {
            FUZZ_EXPECT(allowed_count < CZM_COUNT_OF(allowed));
            allowed[allowed_count++] = czm_rule_at(i)->id;
        }
}

// ---- the work

static void convert(const char *model, way how, czm_report *report) {
    static const char *const before[] = {"scale=0.5", "rgb-to-bgr"}, *const after[] = {"softmax"};
    const czm_class classes[] = {{"a", 0, 0, 0, false},
                                 {"b", 0, 0, 0, false},
                                 {"c", 0, 0, 0, false}};
    czm_metadata metadata = CZM_METADATA_INIT;
    czm_options options = CZM_OPTIONS_INIT;
    metadata.model_path = model;
    metadata.color_handling = "SplitRgb";
    metadata.pixel_type = "Bgr24";
    metadata.classes = classes;
    metadata.class_count = CZM_COUNT_OF(classes);
    options.metadata = &metadata;
    options.output_folder = output_folder;
    options.allow = allowed;
    options.allow_count = allowed_count;
    options.border = how & FITS_BORDER ? "auto" : NULL;
    options.as_is = how & PACKS_AS_IS;
    options.spatial_height = options.spatial_width = how & RESIZES ? 32 : 0;
    options.preprocessing = before;
    options.preprocessing_count = how & STEPS_BEFORE ? CZM_COUNT_OF(before) : 0;
    options.postprocessing = after;
    options.postprocessing_count = how & STEPS_AFTER ? CZM_COUNT_OF(after) : 0;
    if (czm_convert(&options, NULL, report) == CZM_OK)
        fuzz_expect_sound(output_file);
    else
        FUZZ_EXPECT(czm_report_count(report) > 0);
}

static void inspect(const char *model, czm_report *report) {
    czm_inspection inspection;
    if (fuzz_inspect(model, report, &inspection) == CZM_OK)
        FUZZ_EXPECT(czm_inspection_svg(&inspection, report));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!model_count) {
        copy_fixtures();
        allow_all();
    }
    czm_bytes bytes = czm_bytes_of(data, size);
    czm_arena *arena = czm_arena_new(NULL);
    const char *model = models[czm_wire_find(bytes, FIXTURE_FIELD).value % model_count];
    way how = (way)(czm_wire_find(bytes, WAY_FIELD).value & 63);
    fuzz_write(czm_path_join(arena, model, "saved_model.pb"), bytes);
    czm_report *report = czm_report_new();
    if (how & INSPECTS)
        inspect(model, report);
    else
        convert(model, how, report);
    czm_report_free(report);
    czm_arena_free(arena);
    return 0;
}
