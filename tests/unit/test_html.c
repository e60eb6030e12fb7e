/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "httpd/status/html.h"

static const char *text_of(mta_sts_buffer *buffer)
{
    return apr_pstrmemdup(buffer->p, buffer->bytes, buffer->len);
}

static void text_is_escaped(void **state)
{
    static const struct {
        const char *text, *html;
    } cases[] = {
        {"plain", "plain"},
        {"", ""},
        {NULL, ""},
        {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {"a&amp;b", "a&amp;amp;b"},
        {"\" onload='x'", "&quot; onload=&#39;x&#39;"},
        {"B\xc3\xbc"
         "cher \xe2\x82\xac \xf0\x9f\x98\x80",
         "B\xc3\xbc"
         "cher \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"two\nlines\tand a tab", "two\nlines\tand a tab"},
        {"\x1b[31m\r\x7f", "\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc2\x85\xc2\x9b", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x80\xaetxt.exe", "\xef\xbf\xbdtxt.exe"},
        {"\xd8\x9c\xe2\x81\xa6\xe2\x80\xa8", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xff<\xc3", "\xef\xbf\xbd&lt;\xef\xbf\xbd"},
        {"\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"}, /* an overlong "<" */
    };
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mta_sts_buffer *buffer = mta_sts_buffer_make(*state);

        mts_html_text(buffer, cases[i].text);
        assert_string_equal(text_of(buffer), cases[i].html);
    }
}

static void what_is_filled_in_is_escaped_and_the_markup_is_not(void **state)
{
    mta_sts_buffer *buffer = mta_sts_buffer_make(*state);

    MTS_HTML(buffer, "<td title=\"%s\" width=\"%d%%\">%s</td>", "a\"b", 7, "<b>");
    assert_string_equal(text_of(buffer), "<td title=\"a&quot;b\" width=\"7%\">&lt;b&gt;</td>");
}

static void a_percent_sign_in_what_is_filled_in_means_nothing(void **state)
{
    mta_sts_buffer *buffer = mta_sts_buffer_make(*state);

    MTS_HTML(buffer, "%s%s", "%s%n%d", "%%");
    assert_string_equal(text_of(buffer), "%s%n%d%%");
}

static void a_buffer_grows_as_needed(void **state)
{
    mta_sts_buffer *buffer = mta_sts_buffer_make(*state);
    int i;

    for (i = 0; i < 100000; i++) {
        mta_sts_buffer_puts(buffer, "0123456789");
    }
    assert_int_equal(buffer->len, 1000000);
    assert_memory_equal(buffer->bytes + 999990, "0123456789", 10);
}

static void a_long_text_is_cut_between_characters(void **state)
{
    char *text = apr_pcalloc(*state, 1001);
    const char *cut;

    memset(text, 'a', 200);
    assert_ptr_equal(mts_html_shorten(*state, text), text);
    assert_null(mts_html_shorten(*state, NULL));
    memset(text + 199, 'b', 2);
    cut = mts_html_shorten(*state, text);
    assert_int_equal(strlen(cut), 203);
    assert_string_equal(cut + 199, "b\xe2\x80\xa6");
    memcpy(text + 199, "\xe2\x82\xac\xe2\x82\xac", 6);
    assert_string_equal(mts_html_shorten(*state, text) + 198, "a\xe2\x80\xa6");
    memset(text, '\x80', 1000);
    assert_string_equal(mts_html_shorten(*state, text), "\xe2\x80\xa6");
}

static void the_value_of_a_parameter_is_encoded(void **state)
{
    assert_string_equal(mts_html_parameter(*state, "a-z.0_9~"), "a-z.0_9~");
    assert_string_equal(mts_html_parameter(*state, "a&b=c d+%\"\xc3\xbc"),
                        "a%26b%3Dc%20d%2B%25%22%C3%BC");
}

static void counts_are_grouped(void **state)
{
    assert_string_equal(mts_html_count(*state, 0), "0");
    assert_string_equal(mts_html_count(*state, 999), "999");
    assert_string_equal(mts_html_count(*state, 1000), "1,000");
    assert_string_equal(mts_html_count(*state, -123456), "-123,456");
    assert_string_equal(mts_html_count(*state, APR_INT64_MAX), "9,223,372,036,854,775,807");
}

static void a_share_is_whole_only_where_nothing_is_missing(void **state)
{
    static const struct {
        apr_int64_t part, whole;
        const char *text;
    } cases[] = {
        {0, 0, "no sessions"},  {0, 5, "0 %"},
        {5, 5, "100 %"},        {1, 2, "50.0 %"},
        {999, 1000, "99.90 %"}, {999999, 1000000, "> 99.99 %"},
        {1, 200, "0.50 %"},     {1, 1000000, "< 0.01 %"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(mts_html_share(*state, cases[i].part, cases[i].whole), cases[i].text);
    }
}

static void bytes_and_durations_have_their_largest_unit(void **state)
{
    assert_string_equal(mts_html_bytes(*state, 0), "0 bytes");
    assert_string_equal(mts_html_bytes(*state, 1023), "1023 bytes");
    assert_string_equal(mts_html_bytes(*state, 1536), "1.5 KiB");
    assert_string_equal(mts_html_bytes(*state, 64 << 20), "64 MiB");
    assert_string_equal(mts_html_bytes(*state, APR_INT64_MAX), "8388608 TiB");
    assert_string_equal(mts_html_duration(*state, -5), "less than a minute");
    assert_string_equal(mts_html_duration(*state, 59), "less than a minute");
    assert_string_equal(mts_html_duration(*state, 60), "1 minute");
    assert_string_equal(mts_html_duration(*state, 7199), "1 hour");
    assert_string_equal(mts_html_duration(*state, 172800), "2 days");
}

static void times_are_those_of_utc(void **state)
{
    assert_string_equal(mts_html_time(*state, apr_time_from_sec(1795633113)),
                        "2026-11-25 18:58 UTC");
    assert_string_equal(mts_html_day(*state, apr_time_from_sec(1795633113)), "2026-11-25");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(text_is_escaped),
        POOL_TEST(what_is_filled_in_is_escaped_and_the_markup_is_not),
        POOL_TEST(a_percent_sign_in_what_is_filled_in_means_nothing),
        POOL_TEST(a_buffer_grows_as_needed),
        POOL_TEST(a_long_text_is_cut_between_characters),
        POOL_TEST(the_value_of_a_parameter_is_encoded),
        POOL_TEST(counts_are_grouped),
        POOL_TEST(a_share_is_whole_only_where_nothing_is_missing),
        POOL_TEST(bytes_and_durations_have_their_largest_unit),
        POOL_TEST(times_are_those_of_utc),
    };

    return RUN_POOL_TESTS(tests);
}
