// SPDX-License-Identifier: Apache-2.0
//
// SHA-256: the examples of FIPS 180-4 and of NIST's test vectors, whole and in pieces.
#include "codec/sha256.h"
#include "support.h"

static void assert_digest(const char *text, size_t times, size_t piece, const char *expected) {
    czm_sha256 sha = czm_sha256_begin();
    uint8_t digest[CZM_SHA256_SIZE];
    char hex[2 * CZM_SHA256_SIZE + 1];
    for (size_t i = 0; i < times; i++)
        for (size_t at = 0; at < strlen(text); at += piece) {
            size_t size = strlen(text) - at < piece ? strlen(text) - at : piece;
            czm_sha256_add(&sha, czm_bytes_of(text + at, size));
        }
    czm_sha256_end(&sha, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, expected);
}

static void the_examples_of_the_standard(void **state) {
    (void)state;
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    const char *of_two = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    assert_digest("", 1, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest("abc", 1, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(two, 1, 56, of_two);
    for (size_t piece = 1; piece < 56; piece += 5) assert_digest(two, 1, piece, of_two);
    assert_digest("aaaaaaaaaa", 100000, 10,
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(the_examples_of_the_standard)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
