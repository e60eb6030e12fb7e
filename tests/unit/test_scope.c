/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "tlsrpt/spool/scope.h"

static apr_array_header_t *list_of(apr_pool_t *p, const char *const *names)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(const char *));

    for (; *names; names++) {
        APR_ARRAY_PUSH(list, const char *) = *names;
    }
    return list;
}

static const char *const names[] = {"mx1.example.com", "example.com", "*.mail.example.net",
                                    "example.org",     "a.example",   NULL};
static const char *const aliases[] = {"mta-sts.*.customers.example", NULL};

static void test_names_are_found_themselves_and_by_patterns(void **state)
{
    static const struct {
        const char *name;
        int has;
    } cases[] = {
        {"example.com", 1},
        {"mx1.example.com", 1},
        {"a.example", 1},
        {"example.org", 1},
        {"a.mail.example.net", 1},
        {"mail.example.net", 0},
        {"b.a.mail.example.net", 0},
        {"one.customers.example", 1},
        {"customers.example", 0},
        {"xexample.com", 0},
        {"example.co", 0},
        {"example.comm", 0},
        {"example", 0},
        {"zzz.example", 0},
        {"0.example", 0},
        {"", 0},
        {"~mta-sts.*.customers.example", 0},
    };
    apr_pool_t *p = *state;
    const char *text = tlsrpt_scope_render(p, list_of(p, names), list_of(p, aliases));
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]) - 1; i++) {
        assert_int_equal(tlsrpt_scope_has(p, text, strlen(text), cases[i].name), cases[i].has);
        assert_int_equal(tlsrpt_scope_has(p, text, strlen(text) - 1, cases[i].name), cases[i].has);
    }
    assert_int_equal(tlsrpt_scope_has(p, "", 0, "example.com"), 0);
}

static void test_each_of_many_names_is_found(void **state)
{
    apr_pool_t *p = *state;
    apr_array_header_t *many = apr_array_make(p, 100000, sizeof(const char *));
    const char *text;
    int i;

    for (i = 0; i < 100000; i++) {
        APR_ARRAY_PUSH(many, const char *) = apr_psprintf(p, "d%d.example", (i * 7919) % 100000);
    }
    text = tlsrpt_scope_render(p, many, list_of(p, aliases));
    for (i = 0; i < 100000; i += 37) {
        assert_true(tlsrpt_scope_has(p, text, strlen(text), apr_psprintf(p, "d%d.example", i)));
        assert_false(tlsrpt_scope_has(p, text, strlen(text), apr_psprintf(p, "d%d.exampl", i)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_names_are_found_themselves_and_by_patterns),
        POOL_TEST(test_each_of_many_names_is_found),
    };

    return RUN_POOL_TESTS(tests);
}
