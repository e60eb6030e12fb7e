/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <jansson.h>

#include "report_fixture.h"
#include "tlsrpt/report/read.h"

/* Limits, one by one: the limit itself is accepted, one more is not. */

static void check_limit(apr_pool_t *p, const tlsrpt_limits *limits, bytes within, bytes beyond,
                        tlsrpt_outcome outcome, const char *reason)
{
    tlsrpt_reading *reading = read_bytes(p, within, limits);

    if (reading->outcome != TLSRPT_READ) {
        fail_msg("within the limit, but: %s", reading->reason);
    }
    reading = read_bytes(p, beyond, limits);
    assert_int_equal(reading->outcome, outcome);
    assert_string_equal(reading->reason, reason);
}

#define EMPTY "{\"policies\":[]}"

static void test_bytes_as_sent_are_limited(void **state)
{
    tlsrpt_limits limits = tlsrpt_limits_default;

    limits.sent = 100;
    check_limit(*state, &limits, repeated(*state, EMPTY, " ", 100 - strlen(EMPTY), ""),
                repeated(*state, EMPTY, " ", 101 - strlen(EMPTY), ""), TLSRPT_TOO_LARGE,
                "it is larger than 100 bytes");
}

static void test_bytes_inflated_are_limited(void **state)
{
    bytes within = repeated(*state, EMPTY, " ", 1000000 - strlen(EMPTY), "");
    bytes beyond = repeated(*state, EMPTY, " ", 1000001 - strlen(EMPTY), "");
    tlsrpt_limits limits = tlsrpt_limits_default;

    limits.inflated = 1000000;
    limits.sent = 2000000;
    check_limit(*state, &limits, within, beyond, TLSRPT_TOO_LARGE,
                "it is larger than 1000000 bytes");
    check_limit(*state, &limits, gzip_of(*state, within.at, within.len),
                gzip_of(*state, beyond.at, beyond.len), TLSRPT_TOO_LARGE,
                "it is larger than 1000000 bytes once inflated");
}

static void test_depth_is_limited(void **state)
{
    bytes within = repeated(*state, "{\"policies\":[],\"a\":", "[", 31, ""), beyond;

    beyond = repeated(*state, "{\"policies\":[],\"a\":", "[", 32, "");
    within = joined(*state, within, repeated(*state, "", "]", 31, "}"));
    beyond = joined(*state, beyond, repeated(*state, "", "]", 32, "}"));
    check_limit(*state, &tlsrpt_limits_default, within, beyond, TLSRPT_UNREADABLE,
                "its JSON is nested more than 32 deep");
    check_refused(*state, repeated(*state, "{\"policies\":", "[", 100000, ""), TLSRPT_UNREADABLE,
                  "its JSON is nested more than 32 deep");
    check_refused(*state, repeated(*state, "", "{\"a\":", 100000, ""), TLSRPT_UNREADABLE,
                  "its JSON is nested more than 32 deep");
}

static void test_strings_and_numbers_are_limited(void **state)
{
    static const char reason[] = "it has a string or number of more than 8192 bytes";

    check_limit(*state, &tlsrpt_limits_default,
                repeated(*state, "{\"policies\":[],\"a\":\"", "x", 8192, "\"}"),
                repeated(*state, "{\"policies\":[],\"a\":\"", "x", 8193, "\"}"), TLSRPT_UNREADABLE,
                reason);
    check_limit(
        *state, &tlsrpt_limits_default, repeated(*state, "{\"policies\":[],\"", "x", 8192, "\":0}"),
        repeated(*state, "{\"policies\":[],\"", "x", 8193, "\":0}"), TLSRPT_UNREADABLE, reason);
    check_refused(*state, repeated(*state, "{\"policies\":[],\"a\":", "1", 8193, "}"),
                  TLSRPT_UNREADABLE, reason);
}

static void test_policies_are_limited(void **state)
{
    check_limit(*state, &tlsrpt_limits_default,
                repeated(*state, "{\"policies\":[{}", ",{}", 9999, "]}"),
                repeated(*state, "{\"policies\":[{}", ",{}", 10000, "]}"), TLSRPT_UNREADABLE,
                "it has more than 10000 policies");
}

static void test_failures_of_all_policies_are_limited(void **state)
{
    tlsrpt_limits limits = tlsrpt_limits_default;

    limits.failures = 5;
    check_limit(*state, &limits,
                bytes_of("{\"policies\":[{\"failure-details\":[{},{}]},"
                         "{\"failure-details\":[{},{},{}]}]}"),
                bytes_of("{\"policies\":[{\"failure-details\":[{},{},{}]},"
                         "{\"failure-details\":[{},{},{}]}]}"),
                TLSRPT_UNREADABLE, "it has more than 5 failure details");
}

static void test_values_that_would_exhaust_the_memory_are_not_parsed(void **state)
{
    static const char reason[] =
        "its JSON has so many values that they take more than 16777216 bytes";
    bytes objects = repeated(*state, "{\"policies\":[{}", ",{}", 3400000, "]}");
    bytes keys = repeated(*state, "{\"policies\":[],\"a\":0", ",\"\":0", 1000000, "}");

    check_refused(*state, gzip_of(*state, objects.at, objects.len), TLSRPT_UNREADABLE, reason);
    check_refused(*state, gzip_of(*state, keys.at, keys.len), TLSRPT_UNREADABLE, reason);
}

/* Bytes of address space: pools use mmap() on some systems. */
static size_t in_use(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu", &pages), 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* A pool that returns its memory, as that of httpd's requests does. */
static apr_pool_t *frugal_pool(void)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;

    apr_allocator_create(&allocator);
    apr_allocator_max_free_set(allocator, 1 << 20);
    apr_pool_create_ex(&p, NULL, NULL, allocator);
    apr_allocator_owner_set(allocator, p);
    return p;
}

static size_t in_use_before_jansson;

static void *note_and_allocate(size_t size)
{
    in_use_before_jansson = in_use_before_jansson ? in_use_before_jansson : in_use();
    return malloc(size);
}

static void test_what_was_parsed_is_freed_before_jansson_parses_it_again(void **state)
{
    bytes cut = repeated(*state, "{\"policies\":[1", ",1", 150000, "");
    apr_pool_t *p = frugal_pool();
    size_t before = in_use();

    json_set_alloc_funcs(note_and_allocate, free);
    assert_int_equal(read_bytes(p, cut, &tlsrpt_limits_default)->outcome, TLSRPT_UNREADABLE);
    json_set_alloc_funcs(malloc, free);
    assert_int_not_equal(in_use_before_jansson, 0);
    assert_in_range(in_use_before_jansson - before, 0, 3 << 20);
    apr_pool_destroy(p);
}

static void test_failures_beyond_the_limit_take_no_memory(void **state)
{
    bytes numbers =
        repeated(*state, "{\"policies\":[{\"failure-details\":[1", ",1", 150000, "]}]}");
    tlsrpt_limits limits = tlsrpt_limits_default;
    apr_pool_t *p = frugal_pool();
    size_t before = in_use(), of_values, of_failures;

    limits.failures = 10;
    assert_string_equal(read_bytes(p, numbers, &limits)->reason,
                        "it has more than 10 failure details");
    of_failures = in_use() - before;
    apr_pool_destroy(p);
    p = frugal_pool();
    numbers = repeated(*state, "{\"policies\":[],\"failure-details\":[1", ",1", 150000, "]}");
    before = in_use();
    assert_int_equal(read_bytes(p, numbers, &limits)->outcome, TLSRPT_READ);
    of_values = in_use() - before;
    apr_pool_destroy(p);
    assert_in_range(of_failures, 0, of_values + (1 << 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_bytes_as_sent_are_limited),
        POOL_TEST(test_bytes_inflated_are_limited),
        POOL_TEST(test_depth_is_limited),
        POOL_TEST(test_strings_and_numbers_are_limited),
        POOL_TEST(test_policies_are_limited),
        POOL_TEST(test_failures_of_all_policies_are_limited),
        POOL_TEST(test_what_was_parsed_is_freed_before_jansson_parses_it_again),
        POOL_TEST(test_failures_beyond_the_limit_take_no_memory),
        POOL_TEST(test_values_that_would_exhaust_the_memory_are_not_parsed),
    };

    return RUN_POOL_TESTS(tests);
}
