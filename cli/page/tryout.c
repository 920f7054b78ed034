// SPDX-License-Identifier: Apache-2.0
//
// Runs a model on an image, except for the network itself, which ONNX Runtime Web runs in JavaScript
// (page/src/tryout.ts). JavaScript has to wait for that, so the walk over the tiles lives between its calls:
//
//     call "tryout_open"     reads the image, and writes the network in ONNX
//     call "tryout_begin"    with the input size of the network
//     tryout_next, tryout_put    for each tile
//     call "tryout_end"      where the results are
#include <setjmp.h>
#include <string.h>

#include "cli/page/page.h"
#include "cli/verify/verify.h"

static struct {
    czm_arena *arena; // of all that follows
    czm_report *report;
    czm_inspection model;
    cli_image image;
    cli_grid input;
    cli_tiles tiles;
    cli_grid output;
} tryout;

static jmp_buf out_of_memory;

// The address of a list of numbers, for a view in JavaScript.
static json_t *address(const void *memory) { return json_integer((json_int_t)(uintptr_t)memory); }

// Reports a fault of the image or the network. It is not a finding, since no rule is broken.
static czm_status fault(json_t **result, const char *text) {
    *result = json_pack("{s:s}", "fault", text);
    return CZM_ERROR_INVALID;
}

static czm_status begin_anew(void) {
    czm_arena_free(tryout.arena);
    czm_report_free(tryout.report);
    memset(&tryout, 0, sizeof tryout);
    tryout.arena = czm_arena_new(&out_of_memory);
    tryout.report = czm_report_new();
    tryout.model = (czm_inspection)CZM_INSPECTION_INIT;
    return tryout.arena && tryout.report ? CZM_OK : CZM_ERROR_MEMORY;
}

czm_status page_tryout_open(page_request *r, json_t **result) {
    const char *path = page_text(r, "image");
    if (begin_anew() || setjmp(out_of_memory)) return CZM_ERROR_MEMORY;
    czm_status status = czm_inspect(&r->options, &tryout.model, tryout.report);
    if (!status) status = czm_write_onnx(&r->options, page_text(r, "network"), r->report);
    if (status) return status;
    const char *text = cli_image_read(tryout.arena, path, &tryout.image);
    if (text) return fault(result, text);
    const cli_grid *p = &tryout.image.pixels;
    *result = json_pack("{s:I, s:I, s:I, s:o, s:s?}", "height", (json_int_t)p->height, "width",
                        (json_int_t)p->width, "channels", (json_int_t)p->channels, "pixels",
                        address(p->values), "unused", tryout.image.unused);
    return CZM_OK;
}

static size_t count_tiles(void) {
    cli_tiles walk = tryout.tiles;
    while (cli_tiles_next(&walk)) continue;
    return walk.count;
}

czm_status page_tryout_begin(page_request *r, json_t **result) {
    int64_t dims[4];
    const json_t *given = json_object_get(r->json, "dims");
    if (json_array_size(given) != CZM_COUNT_OF(dims))
        return fault(result, "the input of the network is not batch, height, width and channels");
    for (size_t i = 0; i < CZM_COUNT_OF(dims); i++)
        dims[i] = json_integer_value(json_array_get(given, i));
    if (setjmp(out_of_memory)) return CZM_ERROR_MEMORY;
    const cli_grid *p = &tryout.image.pixels;
    cli_tiling tiling = cli_tiling_choose(&tryout.model, dims, p->height, p->width);
    size_t channels = dims[3] > 0 ? (size_t)dims[3] : p->channels;
    float most = cli_image_fed_most(&tryout.model.metadata, tryout.image.most);
    const char *text =
        cli_image_prepare(tryout.arena, &tryout.image, channels, most, &tryout.input);
    if (!text) text = cli_tiles_begin(tryout.arena, &tiling, &tryout.input, &tryout.tiles);
    if (text) return fault(result, text);
    *result = json_pack("{s:[I, I, I], s:I}", "tile", (json_int_t)tiling.height,
                        (json_int_t)tiling.width, (json_int_t)channels, "count",
                        (json_int_t)count_tiles());
    return CZM_OK;
}

// The values of the next tile; NULL after the last one.
PAGE_EXPORT("tryout_next") const float *page_tryout_next(void) {
    return cli_tiles_next(&tryout.tiles) ? tryout.tiles.tile.values : NULL;
}

// Adds the output for this tile. Returns NULL, or what is wrong with it.
PAGE_EXPORT("tryout_put")
const char *page_tryout_put(const float *from, double height, double width, double channels) {
    const int64_t dims[] = {1, (int64_t)height, (int64_t)width, (int64_t)channels};
    if (setjmp(out_of_memory)) return "there is not enough memory";
    CLI_TRY(cli_grid_take(tryout.arena, dims, from, &tryout.output));
    return cli_tiles_put(tryout.arena, &tryout.tiles, &tryout.output);
}

czm_status page_tryout_end(page_request *r, json_t **result) {
    (void)r;
    if (setjmp(out_of_memory)) return CZM_ERROR_MEMORY;
    const cli_grid *a = &tryout.tiles.answer;
    uint8_t *classes = czm_arena_array(tryout.arena, a->height, a->width);
    for (size_t i = 0; i < a->height * a->width; i++)
        classes[i] = (uint8_t)cli_class_at(a, i / a->width, i % a->width);
    *result = json_pack("{s:I, s:o, s:o}", "classes", (json_int_t)a->channels, "mask",
                        address(classes), "probabilities", address(a->values));
    return CZM_OK;
}
