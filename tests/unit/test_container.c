// SPDX-License-Identifier: Apache-2.0
//
// Opening CZModels of other writers, and of those who mean harm.
#include "read/container.h"

#include "archives.h"

#define XML_MEMBER ID ".xml"
#define MODEL_MEMBER ID ".model"
#define ID_MEMBER "modelid=" ID

enum { METADATA, NETWORK, LICENSE, MODEL_ID, COUNT };

typedef struct parts {
    member items[COUNT];
} parts;

static parts sound_parts(czm_context *c) {
    return (parts){{
        [METADATA] = {.name = XML_MEMBER, .content = czm_bytes_text(XML("3.0.0", ""))},
        [NETWORK] = {.name = MODEL_MEMBER, .content = network_archive(c->arena)},
        [LICENSE] = {.name = "LICENSE.txt", .content = czm_bytes_text("free for all")},
        [MODEL_ID] = {.name = ID_MEMBER},
    }};
}

static czm_status open_bytes(czm_context *c, czm_bytes bytes, czm_container *container) {
    write_file(c, "test.czmodel", bytes);
    return czm_container_open(c, "test.czmodel", container);
}

static czm_status open_parts(czm_context *c, const parts *p, bool deflated,
                             czm_container *container) {
    return open_bytes(c, archive_of(c->arena, p->items, COUNT, deflated), container);
}

static void assert_content(czm_extent extent, const char *expected) {
    char text[64] = {0};
    assert_int_equal(extent.size, strlen(expected));
    assert_true(czm_file_read_at(extent.file, extent.offset, text, strlen(expected)));
    assert_string_equal(text, expected);
}

static void stored_and_deflated_ones_are_read(void **state) {
    czm_context *c = *state;
    parts p = sound_parts(c);
    for (int deflated = 0; deflated <= 1; deflated++) {
        czm_container k;
        czm_extent graph;
        assert_int_equal(open_parts(c, &p, deflated, &k), CZM_OK);
        assert_true(czm_is_container(c, "test.czmodel"));
        assert_string_equal(k.id, ID);
        assert_string_equal(k.manifest.model_name, "U-Net");
        assert_text(k.text, XML("3.0.0", ""));
        assert_false(k.is_onnx);
        assert_int_equal(czm_source_extent(c, &k.network, "saved_model.pb", &graph), CZM_OK);
        assert_content(graph, "graph");
        assert_string_equal(k.license_name, "LICENSE.txt");
        assert_content(k.license, "free for all");
        assert_int_equal(czm_container_verify(c, &k), CZM_OK);
        assert_int_equal(czm_report_count(c->report), 0);
    }
}

static void any_order_will_do_and_no_licence(void **state) {
    czm_context *c = *state;
    parts p = sound_parts(c);
    const member turned[] = {p.items[MODEL_ID], p.items[NETWORK], p.items[METADATA]};
    czm_container k;
    assert_int_equal(open_bytes(c, archive_of(c->arena, turned, 3, true), &k), CZM_OK);
    assert_null(k.license_name);
    assert_int_equal(czm_report_count(c->report), 0);
}

static void a_licence_may_have_any_ending(void **state) {
    czm_context *c = *state;
    parts p = sound_parts(c);
    p.items[LICENSE].name = "licence.xml";
    czm_container k;
    assert_int_equal(open_parts(c, &p, false, &k), CZM_OK);
    assert_string_equal(k.license_name, "licence.xml");
    assert_string_equal(k.manifest.id, ID);
}

static void backslashes_are_slashes(void **state) {
    czm_context *c = *state;
    parts p = sound_parts(c);
    const member files[] = {{.name = "m\\saved_model.pb", .content = czm_bytes_text("graph")},
                            {.name = "m\\variables\\variables.index"}};
    p.items[NETWORK].content = archive_of(c->arena, files, 2, false);
    czm_container k;
    assert_int_equal(open_parts(c, &p, false, &k), CZM_OK);
    assert_string_equal(k.network.prefix, "m/");
    assert_true(czm_source_has(c, &k.network, "variables/variables.index"));
    p.items[LICENSE].name = "..\\licence";
    assert_int_equal(open_parts(c, &p, false, &k), CZM_ERROR_INVALID);
}

static void onnx_is_told_by_its_bytes(void **state) {
    czm_context *c = *state;
    parts p = sound_parts(c);
    p.items[NETWORK].content = czm_bytes_text("\x08\x07onnx");
    p.items[METADATA].content = czm_bytes_text(XML("3.1.0", ""));
    czm_container k;
    assert_int_equal(open_parts(c, &p, false, &k), CZM_OK);
    assert_true(k.is_onnx);
    assert_content(k.payload, "\x08\x07onnx");
    assert_int_equal(czm_container_verify(c, &k), CZM_OK);
    p.items[METADATA].content = czm_bytes_text(XML("3.0.0", ""));
    assert_int_equal(open_parts(c, &p, false, &k), CZM_ERROR_INVALID);
    assert_only_rule(c, "container-damaged");
}

static void another_id_is_a_warning(void **state) {
    czm_context *c = *state;
    parts p = sound_parts(c);
    p.items[MODEL_ID].name = "modelid=other";
    czm_container k;
    assert_int_equal(open_parts(c, &p, false, &k), CZM_OK);
    assert_string_equal(k.id, "other");
    assert_int_equal(czm_report_count(c->report), 3); // two names and the metadata
    for (size_t i = 0; i < 3; i++) assert_string_equal(rule_at(c, i), "container-id");
}

static void missing_and_surplus_members_are_found(void **state) {
    czm_context *c = *state;
    parts p = sound_parts(c);
    static const size_t required[] = {METADATA, NETWORK, MODEL_ID};
    czm_container k;
    for (size_t i = 0; i < CZM_COUNT_OF(required); i++) {
        parts less = p;
        less.items[required[i]] = p.items[LICENSE];
        less.items[LICENSE] = (member){.name = "another"};
        assert_int_equal(open_parts(c, &less, false, &k), CZM_ERROR_INVALID);
        assert_string_equal(rule_at(c, i), "container-member");
    }
    assert_int_equal(czm_report_count(c->report), CZM_COUNT_OF(required));
    member more[COUNT + 1] = {{.name = "readme"}};
    memcpy(more + 1, p.items, sizeof p.items);
    assert_int_equal(open_bytes(c, archive_of(c->arena, more, COUNT + 1, false), &k),
                     CZM_ERROR_INVALID);
    assert_string_equal(rule_at(c, CZM_COUNT_OF(required)), "container-member");
}

static const char *const dangerous[] = {
    "../a", "a/../../b", "..",  "/etc/passwd", "C:\\a",    "c:a", "\\\\server\\a",
    "a//b", "./a",       "a\n", "..\\a",       "a\\..\\b", "",
};

static void dangerous_names_are_rejected(void **state) {
    czm_context *c = *state;
    for (size_t i = 0; i < CZM_COUNT_OF(dangerous); i++) {
        parts outside = sound_parts(c), inside = outside;
        czm_container k;
        outside.items[LICENSE].name = dangerous[i];
        if (open_parts(c, &outside, false, &k) != CZM_ERROR_INVALID)
            fail_msg("\"%s\" is accepted", dangerous[i]);
        const member files[] = {{.name = "saved_model.pb"}, {.name = dangerous[i]}};
        inside.items[NETWORK].content = archive_of(c->arena, files, 2, false);
        if (open_parts(c, &inside, false, &k) != CZM_ERROR_INVALID)
            fail_msg("\"%s\" is accepted inside", dangerous[i]);
        assert_string_equal(rule_at(c, 2 * i), "container-member");
        assert_string_equal(rule_at(c, 2 * i + 1), "container-member");
    }
}

static void links_and_doubles_are_rejected(void **state) {
    czm_context *c = *state;
    parts link = sound_parts(c), twice = link;
    czm_container k;
    link.items[LICENSE].is_link = true;
    assert_int_equal(open_parts(c, &link, false, &k), CZM_ERROR_INVALID);
    twice.items[LICENSE] = twice.items[METADATA];
    assert_int_equal(open_parts(c, &twice, false, &k), CZM_ERROR_INVALID);
    const member files[] = {{.name = "saved_model.pb"}, {.name = "saved_model.pb"}};
    parts inside = sound_parts(c);
    inside.items[NETWORK].content = archive_of(c->arena, files, 2, false);
    assert_int_equal(open_parts(c, &inside, false, &k), CZM_ERROR_INVALID);
    for (size_t i = 0; i < 3; i++) assert_string_equal(rule_at(c, i), "container-member");
}

static void wrong_checksums_are_found(void **state) {
    czm_context *c = *state;
    for (size_t i = 0; i < 2 * COUNT; i++) {
        parts p = sound_parts(c);
        czm_container k;
        p.items[i / 2].crc_lie = 1;
        czm_status status = open_parts(c, &p, i % 2, &k);
        if (!status) status = czm_container_verify(c, &k);
        assert_int_equal(status, CZM_ERROR_INVALID);
        assert_int_equal(czm_report_count(c->report), i + 1);
        assert_string_equal(rule_at(c, i), "container-damaged");
    }
}

static void wrong_sizes_are_found(void **state) {
    czm_context *c = *state;
    static const int lies[] = {-1, 1, 1 << 30};
    for (size_t i = 0; i < CZM_COUNT_OF(lies); i++) {
        parts p = sound_parts(c);
        czm_container k;
        p.items[NETWORK].size_lie = lies[i];
        assert_int_equal(open_parts(c, &p, true, &k), CZM_ERROR_INVALID);
        assert_string_equal(rule_at(c, 2 * i), "container-damaged");
        assert_int_equal(open_parts(c, &p, false, &k), CZM_ERROR_INVALID);
        assert_string_equal(rule_at(c, 2 * i + 1), "container-damaged");
    }
}

static void bombs_in_bombs_are_rejected(void **state) {
    czm_context *c = *state;
    size_t size = 4 << 20;
    const member files[] = {{.name = "saved_model.pb"},
                            {.name = "zeros",
                             .content = czm_bytes_of(czm_arena_alloc(c->arena, size), size)}};
    parts p = sound_parts(c);
    czm_container k;
    p.items[NETWORK].content = archive_of(c->arena, files, 2, true);
    assert_int_equal(open_parts(c, &p, false, &k), CZM_OK);
    assert_int_equal(open_parts(c, &p, true, &k), CZM_ERROR_INVALID);
    assert_only_rule(c, "container-damaged");
}

// Every truncation: rejected, and recognised as a container if the first name is there.
static void no_truncation_is_accepted(void **state) {
    czm_context *c = *state;
    parts p = sound_parts(c);
    czm_bytes archive = archive_of(c->arena, p.items, COUNT, false);
    for (size_t size = 0; size < archive.size; size++) {
        czm_container k;
        czm_arena *arena = czm_arena_new(NULL);
        czm_context inner = {arena, c->report};
        assert_int_equal(open_bytes(&inner, czm_bytes_of(archive.data, size), &k),
                         CZM_ERROR_INVALID);
        assert_int_equal(czm_is_container(&inner, "test.czmodel"), size >= 30 + strlen(XML_MEMBER));
        czm_arena_free(arena);
    }
}

// Whatever is in a byte: an answer, and no access outside (AddressSanitizer looks). A byte of a
// member's content never passes.
static void no_byte_can_crash_it(void **state) {
    czm_context *c = *state;
    parts p = sound_parts(c);
    size_t content = 0, noticed = 0;
    for (size_t i = 0; i < COUNT; i++) content += p.items[i].content.size;
    czm_bytes archive = archive_of(c->arena, p.items, COUNT, false);
    uint8_t *copy = czm_arena_alloc(c->arena, archive.size);
    memcpy(copy, archive.data, archive.size);
    for (size_t i = 0; i < archive.size; i++) {
        czm_container k;
        czm_arena *arena = czm_arena_new(NULL);
        czm_context inner = {arena, c->report};
        size_t before = czm_report_moment(c->report);
        copy[i] ^= 0xff;
        czm_status status = open_bytes(&inner, czm_bytes_of(copy, archive.size), &k);
        if (!status) status = czm_container_verify(&inner, &k);
        copy[i] ^= 0xff;
        assert_true(!status || czm_report_moment(c->report) > before);
        noticed += status != CZM_OK;
        czm_arena_free(arena);
    }
    assert_true(noticed >= content);
}

static void other_archives_are_no_containers(void **state) {
    czm_context *c = *state;
    czm_bytes network = network_archive(c->arena);
    write_file(c, "network.zip", network);
    assert_false(czm_is_container(c, "network.zip"));
    write_file(c, "network.zip", czm_bytes_of(network.data, network.size / 2));
    assert_false(czm_is_container(c, "network.zip"));
    write_file(c, "text.czmodel", czm_bytes_text("no archive"));
    assert_false(czm_is_container(c, "text.czmodel"));
    assert_false(czm_is_container(c, "missing.czmodel"));
    assert_int_equal(czm_report_count(c->report), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(stored_and_deflated_ones_are_read),
        TEST(any_order_will_do_and_no_licence),
        TEST(a_licence_may_have_any_ending),
        TEST(backslashes_are_slashes),
        TEST(onnx_is_told_by_its_bytes),
        TEST(another_id_is_a_warning),
        TEST(missing_and_surplus_members_are_found),
        TEST(dangerous_names_are_rejected),
        TEST(links_and_doubles_are_rejected),
        TEST(wrong_checksums_are_found),
        TEST(wrong_sizes_are_found),
        TEST(bombs_in_bombs_are_rejected),
        TEST(no_truncation_is_accepted),
        TEST(no_byte_can_crash_it),
        TEST(other_archives_are_no_containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
