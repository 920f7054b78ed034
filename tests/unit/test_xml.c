// SPDX-License-Identifier: Apache-2.0
//
// XML: valid characters and escapes.
#include "codec/xml.h"

#include "support.h"

static void what_xml_can_hold(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool can_hold;
        size_t at;
    } cases[] = {
        {"", true, 0},
        {"tab\tline\nreturn\r", true, 0},
        {"caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x94\xac", true, 0},
        {"\x7f\xc2\x80", true, 0}, // discouraged, but allowed
        {"\xef\xbf\xbd", true, 0}, // U+FFFD
        {"a\x01", false, 1},
        {"ab\x1b", false, 2},
        {"\xef\xbf\xbe", false, 0},     // U+FFFE
        {"\xed\xa0\x80", false, 0},     // half a surrogate pair
        {"\xc0\xaf", false, 0},         // an overlong slash
        {"\xf4\x90\x80\x80", false, 0}, // past U+10FFFF
        {"a\xc3", false, 1},            // cut off
        {"\xff", false, 0},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        size_t at = 99;
        bool can_hold = czm_xml_can_hold(czm_bytes_text(cases[i].text), &at);
        if (can_hold != cases[i].can_hold) fail_msg("case %zu", i);
        if (!can_hold) assert_int_equal(at, cases[i].at);
    }
    size_t at;
    assert_false(czm_xml_can_hold(czm_bytes_of("a\0", 2), &at));
    assert_int_equal(at, 1);
}

static void texts_are_escaped(void **state) {
    czm_context *c = *state;
    czm_buffer b = czm_buffer_in(c->arena);
    czm_xml_put_element(&b, "a", "<&>\"'\t\n\r\xc3\xa9");
    czm_xml_put_element(&b, "b", "");
    czm_xml_put(&b, "<c");
    czm_xml_put_attribute(&b, "n", "<&>\"'\t\n\r\xc3\xa9");
    czm_xml_put(&b, " />");
    assert_text(czm_buffer_bytes(&b), "<a>&lt;&amp;&gt;\"'\t\n&#13;\xc3\xa9</a><b />"
                                      "<c n=\"&lt;&amp;&gt;&quot;'&#09;&#10;&#13;\xc3\xa9\" />");
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(what_xml_can_hold), TEST(texts_are_escaped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
