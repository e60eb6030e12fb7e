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

static void inserted_text_is_escaped_and_markup_is_not(void **state)
{
    mta_sts_buffer *buffer = mta_sts_buffer_make(*state);

    MTS_HTML(buffer, "<td title=\"%s\" width=\"%d%%\">%s</td>", "a\"b", 7, "<b>");
    assert_string_equal(text_of(buffer), "<td title=\"a&quot;b\" width=\"7%\">&lt;b&gt;</td>");
}

static void percent_signs_in_inserted_text_have_no_meaning(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(text_is_escaped),
        POOL_TEST(inserted_text_is_escaped_and_markup_is_not),
        POOL_TEST(percent_signs_in_inserted_text_have_no_meaning),
        POOL_TEST(a_buffer_grows_as_needed),
        POOL_TEST(a_long_text_is_cut_between_characters),
        POOL_TEST(the_value_of_a_parameter_is_encoded),
    };

    return RUN_POOL_TESTS(tests);
}
