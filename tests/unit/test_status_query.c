/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "httpd/status/query.h"

static void an_empty_query_is_the_overview_of_30_days(void **state)
{
    static const char *const empty[] = {NULL, "", "&", "&&"};
    mts_status_query query;
    apr_size_t i;

    for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        assert_null(mts_status_query_read(*state, empty[i], &query));
        assert_null(query.domain);
        assert_null(query.search);
        assert_int_equal(query.range->days, 30);
        assert_int_equal(query.page, 1);
        assert_int_equal(query.format, MTS_STATUS_HTML);
        assert_int_equal(query.show, MTS_STATUS_SHOW_WORST);
        assert_false(mts_status_query_is_list(&query));
    }
}

static void every_parameter_is_read(void **state)
{
    mts_status_query query;

    assert_null(mts_status_query_read(
        *state, "domain=EXAMPLE.com&since=400d&show=failing&q=Ex%41+m&page=17&format=prometheus",
        &query));
    assert_string_equal(query.domain, "example.com");
    assert_string_equal(query.search, "exa m");
    assert_int_equal(query.range->days, 400);
    assert_int_equal(query.show, MTS_STATUS_SHOW_FAILING);
    assert_int_equal(query.page, 17);
    assert_int_equal(query.format, MTS_STATUS_PROMETHEUS);
}

static void a_domain_may_be_a_wildcard_a_u_label_or_none(void **state)
{
    static const struct {
        const char *args, *domain;
    } cases[] = {
        {"domain=mta-sts.*", "mta-sts.*"},
        {"domain=b%C3%BCcher.example", "xn--bcher-kva.example"},
        {"domain=", ""},
        {"domain", ""},
    };
    mts_status_query query;
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_null(mts_status_query_read(*state, cases[i].args, &query));
        assert_string_equal(query.domain, cases[i].domain);
    }
}

#define REPORT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void an_error_is_a_sentence(void **state)
{
    static const struct {
        const char *args, *part;
    } cases[] = {
        {"since=8d", "since=\"8d\" is not valid; use 7d, 30d, 90d, 400d or all"},
        {"since=", "since=\"\" is not valid"},
        {"since=30", "since=\"30\" is not valid"},
        {"page=0", "from 1 to"},
        {"page=-1", "from 1 to"},
        {"page=1e3", "from 1 to"},
        {"page=99999999999999999999", "from 1 to"},
        {"format=xml", "html, json or prometheus"},
        {"format=JSON", "html, json or prometheus"},
        {"show=worst", "all, failing, no-certificate, hosted or wrong"},
        {"show=", "all, failing, no-certificate, hosted or wrong"},
        {"domain=-x", "The domain"},
        {"domain=a/b", "The domain"},
        {"domain=%3Cscript%3E", "The domain"},
        {"debug=1", "\"debug\" is not a parameter of this page"},
        {"=1", "\"\" is not a parameter of this page"},
        {"<x>=1", "is not a parameter of this page"},
        {"q=%", "percent sign"},
        {"q=%zz", "percent sign"},
        {"q=a%00b", "percent sign"},
        {"%=1", "percent sign"},
        {"page=1&page=2", "twice"},
        {"report=", "64 hexadecimal digits"},
        {"report=../../etc/passwd", "64 hexadecimal digits"},
        {"report=" REPORT "0", "64 hexadecimal digits"},
        {"report=" REPORT "&domain=example.com", "cannot be combined"},
        {"format=html&report=" REPORT, "cannot be combined"},
    };
    mts_status_query query;
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *error = mts_status_query_read(*state, cases[i].args, &query);

        assert_non_null(error);
        assert_non_null(strstr(error, cases[i].part));
        assert_int_equal(error[strlen(error) - 1], '.');
    }
}

static void the_format_is_read_even_after_an_error(void **state)
{
    mts_status_query query;

    assert_non_null(
        strstr(mts_status_query_read(*state, "page=0&since=x&format=json", &query), "The page"));
    assert_int_equal(query.format, MTS_STATUS_JSON);
}

static void search_filter_and_page_ask_for_the_list(void **state)
{
    static const char *const lists[] = {"q=a", "show=all", "show=failing", "page=2"};
    mts_status_query query;
    apr_size_t i;

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        assert_null(mts_status_query_read(*state, lists[i], &query));
        assert_true(mts_status_query_is_list(&query));
    }
}

static void too_long_names_are_refused_not_cut(void **state)
{
    char *args = apr_pcalloc(*state, 100003);
    mts_status_query query;

    memcpy(args, "q=", 2);
    memset(args + 2, 'a', 253);
    assert_null(mts_status_query_read(*state, args, &query));
    memset(args + 2, 'a', 100000);
    assert_non_null(mts_status_query_read(*state, args, &query));
    memcpy(args, "domain=*", 8);
    assert_non_null(mts_status_query_read(*state, args, &query));
    memcpy(args, "domain=a", 8);
    assert_non_null(mts_status_query_read(*state, args, &query));
}

static void a_rendered_query_is_read_back(void **state)
{
    static const char *const texts[] = {
        "?",
        "?domain=example.com",
        ("?report=" REPORT),
        "?domain=example.com&since=7d&format=json",
        "?since=400d&q=a%26b%3D&page=3",
        "?show=no-certificate&q=a",
        "?show=hosted&q=a",
        "?show=wrong&page=2",
        "?show=all",
        "?since=all",
        "?domain=",
    };
    mts_status_query query;
    apr_size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_null(mts_status_query_read(*state, texts[i] + 1, &query));
        assert_string_equal(mts_status_query_render(*state, &query), texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(an_empty_query_is_the_overview_of_30_days),
        POOL_TEST(every_parameter_is_read),
        POOL_TEST(a_domain_may_be_a_wildcard_a_u_label_or_none),
        POOL_TEST(an_error_is_a_sentence),
        POOL_TEST(the_format_is_read_even_after_an_error),
        POOL_TEST(search_filter_and_page_ask_for_the_list),
        POOL_TEST(too_long_names_are_refused_not_cut),
        POOL_TEST(a_rendered_query_is_read_back),
    };

    return RUN_POOL_TESTS(tests);
}
