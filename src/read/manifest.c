// SPDX-License-Identifier: Apache-2.0
//
// Reading the metadata with expat; see manifest.h. `elements` is the table of the elements that contain text, `lists`
// that of the elements that contain items. Document types are rejected: no writer makes them, and with their entities
// a small file can expand to gigabytes.
#include "read/manifest.h"

#include <expat.h>
#include <stdlib.h>

#include "base/list.h"
#include "codec/wire.h"

enum { LARGEST_XML = 1 << 20, LONGEST_NUMBER = 18 };

enum {
    ID,
    MODEL_NAME,
    STATUS,
    FEATURE_EXTRACTOR,
    POSTPROCESSING,
    COLOR_HANDLING,
    BORDER_SIZE,
    SCALE_INPUTS,
    DESCRIPTION,
    ELEMENT_COUNT
};

static const struct {
    const char *name;
    bool is_required;
} elements[ELEMENT_COUNT] = {
    [ID] = {"Id", true},
    [MODEL_NAME] = {"ModelName", true},
    [STATUS] = {"Status", false},
    [FEATURE_EXTRACTOR] = {"FeatureExtractor", false},
    [POSTPROCESSING] = {"Postprocessing", false},
    [COLOR_HANDLING] = {"ColorHandling", true},
    [BORDER_SIZE] = {"BorderSize", true},
    [SCALE_INPUTS] = {"ScaleInputsByBitdepth", false},
    [DESCRIPTION] = {"Description", false},
};

typedef struct reader reader;
typedef void take_item(reader *r, const char *const *attributes);

struct reader {
    czm_arena *arena;
    XML_Parser parser;
    const char *fault; // the first; NULL: none
    int depth;         // of open elements
    take_item *take;   // of the list that is open, or NULL
    size_t element;    // that is open; ELEMENT_COUNT: none of the table
    czm_buffer text;   // of it
    const char *version, *texts[ELEMENT_COUNT];
    const char *other; // name of the open element if it is not known
    CZM_LIST(const char *) pixel_types, others;
    CZM_LIST(czm_class) classes;
};

CZM_PRINTF(2, 3) static void fail(reader *r, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (!r->fault) r->fault = czm_arena_vformat(r->arena, format, arguments);
    va_end(arguments);
    XML_StopParser(r->parser, XML_FALSE);
}

// ---- items of lists

static const char *find_attribute(reader *r, const char *const *attributes, const char *name) {
    for (; *attributes; attributes += 2)
        if (czm_text_equal(attributes[0], name))
            return czm_arena_format(r->arena, "%s", attributes[1]);
    fail(r, "an Item has no %s", name);
    return "";
}

static bool parse_number(const char *text, int64_t *number) {
    const char *digits = text + (*text == '-');
    size_t count = strspn(digits, "0123456789");
    *number = count && count <= LONGEST_NUMBER ? strtoll(text, NULL, 10) : 0;
    return count && count <= LONGEST_NUMBER && digits[count] == '\0';
}

static uint8_t find_colour(reader *r, const char *const *attributes, const char *name) {
    const char *text = find_attribute(r, attributes, name);
    int64_t number;
    if (!parse_number(text, &number) || number < 0 || number > UINT8_MAX)
        fail(r, "%s is \"%s\" instead of 0 to 255", name, text);
    return (uint8_t)number;
}

static void take_channel(reader *r, const char *const *attributes) {
    *CZM_APPEND(r->arena, &r->pixel_types) = find_attribute(r, attributes, "PixelType");
}

// ZEN's results contain label values, so a gap or another order would assign pixels to other classes.
static void take_class(reader *r, const char *const *attributes) {
    const char *label = find_attribute(r, attributes, "LabelValue");
    int64_t number;
    if (!parse_number(label, &number) || number != (int64_t)r->classes.count + 1)
        fail(r, "LabelValue is \"%s\" instead of %zu", label, r->classes.count + 1);
    *CZM_APPEND(r->arena, &r->classes) = (czm_class){
        .name = find_attribute(r, attributes, "Name"),
        .red = find_colour(r, attributes, "colR"),
        .green = find_colour(r, attributes, "colG"),
        .blue = find_colour(r, attributes, "colB"),
        .has_colour = true,
    };
}

static const struct {
    const char *name;
    take_item *take;
} lists[] = {{"Channels", take_channel}, {"TrainingClasses", take_class}};

// ---- callbacks of expat

static void begin_model(reader *r, const char *name, const char *const *attributes) {
    if (!czm_text_equal(name, "Model")) fail(r, "the outermost element is %s, not Model", name);
    for (; *attributes; attributes += 2)
        if (czm_text_equal(attributes[0], "Version"))
            r->version = czm_arena_format(r->arena, "%s", attributes[1]);
}

static void begin_element(reader *r, const char *name) {
    for (size_t i = 0; i < CZM_COUNT_OF(lists); i++)
        if (czm_text_equal(name, lists[i].name)) r->take = lists[i].take;
    for (size_t i = 0; i < ELEMENT_COUNT; i++)
        if (czm_text_equal(name, elements[i].name)) r->element = i;
    bool is_known = r->take || r->element < ELEMENT_COUNT;
    r->other = is_known ? NULL : czm_arena_format(r->arena, "%s", name);
    r->text = czm_buffer_in(r->arena);
}

typedef struct event {
    reader *r;
    const char *text; // the name of an element, or text
    int size;         // of text, bytes
    const char *const *attributes;
} event;

// Handles an event, without a jump across the frames of expat.
static void handle(void (*handler)(void *), event e) {
    if (!czm_arena_catch(e.r->arena, handler, &e)) XML_StopParser(e.r->parser, XML_FALSE);
}

static void begin(void *data) {
    const event *e = data;
    reader *r = e->r;
    if (r->depth == 0) begin_model(r, e->text, e->attributes);
    if (r->depth == 1) begin_element(r, e->text);
    if (r->depth == 2 && r->take && czm_text_equal(e->text, "Item")) r->take(r, e->attributes);
    r->depth++;
}

static void XMLCALL on_begin(void *user, const XML_Char *name, const XML_Char **attributes) {
    handle(begin, (event){user, name, 0, (const char *const *)attributes});
}

static void add_text(void *data) {
    const event *e = data;
    if (e->r->depth == 2 && (e->r->element < ELEMENT_COUNT || e->r->other))
        czm_put_raw(&e->r->text, czm_bytes_of(e->text, (size_t)e->size));
}

static void XMLCALL on_text(void *user, const XML_Char *text, int size) {
    handle(add_text, (event){user, text, size, NULL});
}

static void end(void *data) {
    const event *e = data;
    reader *r = e->r;
    if (--r->depth != 1) return;
    if (r->element < ELEMENT_COUNT) {
        if (r->texts[r->element]) fail(r, "there are two elements %s", e->text);
        r->texts[r->element] = czm_arena_string(r->arena, czm_buffer_bytes(&r->text));
    }
    if (r->other && r->text.size) *CZM_APPEND(r->arena, &r->others) = r->other;
    r->element = ELEMENT_COUNT;
    r->take = NULL;
    r->other = NULL;
}

static void XMLCALL on_end(void *user, const XML_Char *name) {
    handle(end, (event){user, name, 0, NULL});
}

static void reject_doctype(void *data) {
    fail(((event *)data)->r, "it has a document type (<!DOCTYPE>), which is not allowed");
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int has_subset) {
    (void)name, (void)system, (void)public, (void)has_subset;
    handle(reject_doctype, (event){user, NULL, 0, NULL});
}

// ---- the whole

static const char *parse(reader *r, czm_bytes xml) {
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    bool is_well_formed = XML_Parse(r->parser, (const char *)xml.data, (int)xml.size, XML_TRUE) ==
                          XML_STATUS_OK;
    czm_arena_rethrow(r->arena);
    if (r->fault || is_well_formed) return r->fault;
    return XML_ErrorString(XML_GetErrorCode(r->parser));
}

static const char *find_missing(const reader *r) {
    for (size_t i = 0; i < ELEMENT_COUNT; i++)
        if (elements[i].is_required && !r->texts[i]) return elements[i].name;
    if (r->pixel_types.count == 0) return "Channels/Item";
    return r->classes.count == 0 ? "TrainingClasses/Item" : NULL;
}

static const char *text_of(const reader *r, size_t element) {
    return r->texts[element] ? r->texts[element] : "";
}

static czm_manifest manifest_of(const reader *r) {
    return (czm_manifest){
        .version = r->version,
        .id = text_of(r, ID),
        .model_name = text_of(r, MODEL_NAME),
        .status = text_of(r, STATUS),
        .feature_extractor = text_of(r, FEATURE_EXTRACTOR),
        .postprocessing = text_of(r, POSTPROCESSING),
        .color_handling = text_of(r, COLOR_HANDLING),
        .pixel_types = r->pixel_types.items,
        .pixel_type_count = r->pixel_types.count,
        .classes = r->classes.items,
        .class_count = r->classes.count,
        .description = text_of(r, DESCRIPTION),
        .others = r->others.items,
        .other_count = r->others.count,
        .scales_inputs = czm_text_equal(text_of(r, SCALE_INPUTS), "true"),
    };
}

static czm_status check_version(czm_context *context, const char *where, const char *version) {
    static const char *const known[] = {"3.0.0", "3.1.0", "3.2.0"};
    for (size_t i = 0; i < CZM_COUNT_OF(known); i++)
        if (czm_text_equal(version, known[i])) return CZM_OK;
    return czm_report_add(context->report, CZM_RULE_MODEL_VERSION, where, NULL,
                          "the model version is \"%s\"", version);
}

static czm_status damaged(czm_context *context, const char *where, const char *what) {
    return czm_report_add(context->report, CZM_RULE_METADATA_DAMAGED, where, NULL, "%s", what);
}

// The version is checked first: a newer one may not have the elements that these versions require.
static czm_status finish(czm_context *context, const char *where, const reader *r,
                         czm_manifest *manifest) {
    if (!r->version) return damaged(context, where, "Model has no Version");
    CZM_TRY(check_version(context, where, r->version));
    const char *missing = find_missing(r);
    if (missing)
        return damaged(context, where, czm_arena_format(context->arena, "%s is missing", missing));
    *manifest = manifest_of(r);
    if (!parse_number(r->texts[BORDER_SIZE], &manifest->border_size))
        return damaged(context, where, "BorderSize is not a number");
    if (r->texts[FEATURE_EXTRACTOR] &&
        !czm_text_equal(manifest->feature_extractor, "DeepNeuralNetwork"))
        return damaged(
            context, where,
            czm_arena_format(context->arena,
                             "FeatureExtractor is \"%s\" instead of \"DeepNeuralNetwork\"",
                             manifest->feature_extractor));
    return CZM_OK;
}

static void free_parser(void *parser) { XML_ParserFree(parser); }

czm_status czm_manifest_read(czm_context *context, const char *where, czm_bytes xml,
                             czm_manifest *manifest) {
    reader r = {.arena = context->arena, .element = ELEMENT_COUNT};
    if (xml.size > LARGEST_XML) return damaged(context, where, "it is larger than 1 MB");
    r.parser = XML_ParserCreate(NULL);
    if (!r.parser) return czm_report_out_of_memory(context->report);
    czm_arena_defer(context->arena, free_parser, r.parser);
    const char *fault = parse(&r, xml);
    if (!fault) return finish(context, where, &r, manifest);
    if (XML_GetErrorCode(r.parser) == XML_ERROR_NO_MEMORY)
        return czm_report_out_of_memory(context->report);
    const char *place = czm_arena_format(context->arena, "%s:%llu:%llu", where,
                                         (unsigned long long)XML_GetCurrentLineNumber(r.parser),
                                         (unsigned long long)XML_GetCurrentColumnNumber(r.parser));
    return damaged(context, place, fault);
}

czm_metadata czm_manifest_metadata(czm_arena *arena, const czm_manifest *m) {
    const char **types = CZM_NEW_ARRAY(arena, const char *, m->pixel_type_count);
    for (size_t i = 0; i < m->pixel_type_count; i++)
        types[i] = czm_arena_format(arena, "%.*s", (int)strcspn(m->pixel_types[i], " "),
                                    m->pixel_types[i]);
    return (czm_metadata){
        .struct_size = sizeof(czm_metadata),
        .model_name = m->model_name,
        .color_handling = m->color_handling,
        .pixel_type = types[0],
        .pixel_types = types,
        .pixel_type_count = m->pixel_type_count > 1 ? m->pixel_type_count : 0,
        .postprocessing = m->postprocessing,
        .description = *m->description ? m->description : NULL,
        .classes = m->classes,
        .class_count = m->class_count,
        .border_size = m->border_size,
        .has_unit_range = m->scales_inputs,
    };
}
