/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "findings_fixture.h"
#include "gzip_fixture.h"
#include "tlsrpt/report/inflate.h"

#define TEXT "{\"policies\": [], \"organization-name\": \"Example Mail\"}"

/* All bytes of a stream, read in pieces of some size; NULL if it is damaged. */
static const char *read_all(apr_pool_t *p, bytes given, apr_size_t size, const char **error,
                            apr_size_t *members, apr_size_t *ignored)
{
    char *copy = exact_copy(given.at, given.len), *piece = malloc(size);
    tlsrpt_inflate *stream;
    apr_pool_t *ptemp;
    const char *all = "";
    apr_ssize_t count;

    apr_pool_create(&ptemp, p);
    stream = tlsrpt_inflate_start(ptemp, copy, given.len);
    assert_non_null(stream);
    while ((count = tlsrpt_inflate_read(stream, piece, size)) > 0) {
        assert_true((apr_size_t)count <= size);
        all = apr_pstrcat(p, all, apr_pstrmemdup(p, piece, (apr_size_t)count), NULL);
    }
    assert_int_equal(tlsrpt_inflate_read(stream, piece, size), count); /* and in all further
                                                                          calls */
    *error = tlsrpt_inflate_error(stream);
    *members = tlsrpt_inflate_members(stream);
    *ignored = tlsrpt_inflate_ignored(stream);
    assert_int_equal(count < 0, *error != NULL);
    apr_pool_destroy(ptemp);
    free(copy);
    free(piece);
    return count < 0 ? NULL : all;
}

static void check_whole(apr_pool_t *p, bytes given, const char *expected, apr_size_t members,
                        apr_size_t ignored)
{
    static const apr_size_t sizes[] = {1, 2, 7, 16384};
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const char *error;
        apr_size_t members_found, ignored_found;

        assert_string_equal(read_all(p, given, sizes[i], &error, &members_found, &ignored_found),
                            expected);
        assert_int_equal(members_found, members);
        assert_int_equal(ignored_found, ignored);
    }
}

static void check_damaged(apr_pool_t *p, bytes given, const char *expected)
{
    const char *error;
    apr_size_t members, ignored;

    if (read_all(p, given, 64, &error, &members, &ignored)) {
        fail_msg("%d bytes were taken for whole", (int)given.len);
    }
    assert_string_equal(error, expected);
}

static void test_uncompressed_bytes_are_returned_unchanged(void **state)
{
    check_whole(*state, bytes_of(TEXT), TEXT, 0, 0);
    check_whole(*state, bytes_of(""), "", 0, 0);
    check_whole(*state, bytes_of("\x1f"), "\x1f", 0, 0);
}

static void test_gzip_is_inflated(void **state)
{
    check_whole(*state, gzip_of(*state, TEXT, strlen(TEXT)), TEXT, 1, 0);
    check_whole(*state, gzip_of(*state, "", 0), "", 1, 0);
}

/* RFC 1952 section 2.2. */
static void test_several_members_are_inflated_in_order(void **state)
{
    apr_pool_t *p = *state;
    bytes both = joined(p, gzip_of(p, "{\"a\"", 4), gzip_of(p, ":1}", 3));
    bytes with_empty = joined(p, gzip_of(p, "", 0), joined(p, gzip_of(p, "", 0), both));

    check_whole(p, both, "{\"a\":1}", 2, 0);
    check_whole(p, with_empty, "{\"a\":1}", 4, 0);
}

static void test_bytes_after_the_last_member_are_ignored(void **state)
{
    apr_pool_t *p = *state;
    bytes gzip = gzip_of(p, TEXT, strlen(TEXT));
    bytes zeros = {apr_pcalloc(p, 300), 300};

    check_whole(p, joined(p, gzip, bytes_of("junk")), TEXT, 1, 4);
    check_whole(p, joined(p, gzip, bytes_of("\x1f")), TEXT, 1, 1);
    check_whole(p, joined(p, gzip, zeros), TEXT, 1, 0);
    check_whole(p, joined(p, gzip, joined(p, zeros, bytes_of("junk"))), TEXT, 1, 304);
}

static void test_every_truncation_of_a_gzip_file_is_reported(void **state)
{
    bytes gzip = gzip_of(*state, TEXT, strlen(TEXT));

    for (gzip.len--; gzip.len >= 2; gzip.len--) {
        check_damaged(*state, gzip, "the gzip data is truncated");
    }
}

static void test_a_truncated_second_member_is_reported(void **state)
{
    apr_pool_t *p = *state;
    bytes gzip = gzip_of(p, TEXT, strlen(TEXT));
    bytes cut = gzip;

    cut.len -= 3;
    check_damaged(p, joined(p, gzip, cut), "the gzip data is truncated");
}

static void test_a_gzip_with_a_wrong_byte_is_damaged(void **state)
{
    apr_pool_t *p = *state;
    bytes gzip = gzip_of(p, TEXT, strlen(TEXT));
    bytes other = {apr_pmemdup(p, gzip.at, gzip.len), gzip.len};

    other.at[other.len - 5] ^= 1; /* its checksum */
    check_damaged(p, other, "the gzip data is damaged");
    other.at[other.len - 5] ^= 1;
    other.at[other.len - 1] ^= 1; /* its length */
    check_damaged(p, other, "the gzip data is damaged");
    other.at[other.len - 1] ^= 1;
    other.at[2] = 7; /* its method */
    check_damaged(p, other, "the gzip data is damaged");
}

static void test_empty_input_is_complete_and_nothing_is_copied(void **state)
{
    tlsrpt_inflate *stream = tlsrpt_inflate_start(*state, NULL, 0);
    char buffer[8];

    assert_int_equal(tlsrpt_inflate_read(stream, buffer, sizeof(buffer)), 0);
    assert_int_equal(tlsrpt_inflate_members(stream), 0);
    assert_null(tlsrpt_inflate_error(stream));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_empty_input_is_complete_and_nothing_is_copied),
        POOL_TEST(test_uncompressed_bytes_are_returned_unchanged),
        POOL_TEST(test_gzip_is_inflated),
        POOL_TEST(test_several_members_are_inflated_in_order),
        POOL_TEST(test_bytes_after_the_last_member_are_ignored),
        POOL_TEST(test_every_truncation_of_a_gzip_file_is_reported),
        POOL_TEST(test_a_truncated_second_member_is_reported),
        POOL_TEST(test_a_gzip_with_a_wrong_byte_is_damaged),
    };

    return RUN_POOL_TESTS(tests);
}
