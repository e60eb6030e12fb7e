/* SPDX-License-Identifier: Apache-2.0 */
#include "hosting_fixture.h"

/* --- from rows to what is served --- */

static void serves_rows_and_their_changes(void **state)
{
    hosting h = begin(state);

    insert(&h, "a.example", "MX1.example mx2.example");
    sync_once(&h);
    assert_true(h.sync.is_full);
    assert_string_equal(lookup(&h, "a.example"),
                        "version: STSv1\r\nmode: testing\r\nmx: mx1.example\r\nmx: mx2.example\r\n"
                        "max_age: 604800\r\n");
    assert_null(lookup(&h, "b.example"));

    insert(&h, "b.example", "mx.example");
    sql(&h, "UPDATE mta_sts_policy SET mx = 'new.example' WHERE domain = 'a.example'");
    sync_once(&h);
    assert_false(h.sync.is_full);
    assert_served(&h, "a.example", "new.example");
    assert_served(&h, "b.example", "mx.example");
    assert_int_equal(h.sync.state.served, 2);

    sql(&h, "DELETE FROM mta_sts_policy WHERE domain = 'a.example'");
    sync_once(&h);
    assert_null(lookup(&h, "a.example"));
    assert_int_equal(h.sync.state.served, 1);
    end(&h);
}

static void writes_nothing_if_nothing_changed(void **state)
{
    hosting h = begin(state);
    apr_int64_t position;

    insert(&h, "a.example", "mx.example");
    sync_once(&h);
    position = h.sync.state.position;
    sync_once(&h);
    assert_false(h.sync.has_changed);
    sql(&h, "UPDATE mta_sts_policy SET mx = mx");
    sync_once(&h);
    assert_false(h.sync.has_changed);
    assert_true(h.sync.state.position >= position);
    end(&h);
}

static void has_nothing_to_say_before_its_first_sync(void **state)
{
    hosting h = begin(state);

    assert_string_equal(lookup(&h, "a.example"),
                        "the hosted domains have not been read from the database yet");
    end(&h);
}

static void an_alias_has_the_policy_of_its_target(void **state)
{
    hosting h = begin(state);

    insert(&h, "a.example", "mx.example");
    sql(&h, "INSERT INTO mta_sts_policy (domain, alias_of) VALUES ('b.example', 'a.example')");
    sync_once(&h);
    assert_served(&h, "b.example", "mx.example");
    sql(&h, "UPDATE mta_sts_policy SET mx = 'new.example' WHERE domain = 'a.example'");
    sync_once(&h);
    assert_served(&h, "b.example", "new.example");
    sql(&h, "DELETE FROM mta_sts_policy WHERE domain = 'a.example'");
    sync_once(&h);
    assert_served(&h, "b.example", "new.example"); /* its row is wrong now */
    assert_int_equal(wrong_rows(&h)->nelts, 1);
    end(&h);
}

/* --- wrong rows --- */

static void a_wrong_row_leaves_the_last_right_policy(void **state)
{
    hosting h = begin(state);
    const mta_sts_snapshot_wrong *wrong;

    insert(&h, "a.example", "mx.example");
    insert(&h, "b.example", "mx.example");
    sync_once(&h);
    sql(&h, "UPDATE mta_sts_policy SET mode = 'enforced' WHERE domain = 'a.example'");
    sql(&h, "UPDATE mta_sts_policy SET mx = 'b2.example' WHERE domain = 'b.example'");
    sync_once(&h);
    assert_served(&h, "a.example", "mx.example");
    assert_served(&h, "b.example", "b2.example");
    assert_int_equal(h.sync.state.wrong, 1);
    wrong = &APR_ARRAY_IDX(wrong_rows(&h), 0, mta_sts_snapshot_wrong);
    assert_string_equal(wrong->domain, "a.example");
    assert_true(wrong->is_served);
    assert_non_null(strstr(wrong->message, "mode: \"enforced\" is not a mode"));

    sql(&h, "UPDATE mta_sts_policy SET mode = 'testing', mx = 'right.example'"
            " WHERE domain = 'a.example'");
    sync_once(&h);
    assert_served(&h, "a.example", "right.example");
    assert_int_equal(wrong_rows(&h)->nelts, 0);
    end(&h);
}

typedef struct bad_row {
    const char *domain, *mode, *mx, *max_age; /* NULL: NULL */
    const char *message;                      /* part of it */
} bad_row;

static const char *repeat(apr_pool_t *p, const char *text, int times)
{
    char *made = apr_palloc(p, strlen(text) * (apr_size_t)times + 1), *out = made;

    while (times--) {
        out = apr_cpystrn(out, text, strlen(text) + 1);
    }
    return made;
}

static const char *many_mx(apr_pool_t *p, int count)
{
    const char *made = "";
    int i;

    for (i = 0; i < count; i++) {
        made = apr_pstrcat(p, made, apr_psprintf(p, "mx%04d.example.com ", i), NULL);
    }
    return made;
}

static void bad_rows_are_reported_and_harm_no_others(void **state)
{
    hosting h = begin(state);
    apr_pool_t *p = h.test->p;
    const bad_row rows[] = {
        {"Example.COM", "testing", "mx.example", "604800", "in lower case"},
        {"a.example.", "testing", "mx.example", "604800", "domain: "},
        {"b\xc3\xbc"
         "cher.example",
         "testing", "mx.example", "604800", "A-labels"},
        {"mta-sts.a.example", "testing", "mx.example", "604800", "domain: "},
        {"*.example", "testing", "mx.example", "604800", "domain: "},
        {"a b.example", "testing", "mx.example", "604800", "domain: "},
        {" a.example", "testing", "mx.example", "604800", "domain: "},
        {"a..example", "testing", "mx.example", "604800", "domain: "},
        {"-a.example", "testing", "mx.example", "604800", "domain: "},
        {"a_b.example", "testing", "mx.example", "604800", "domain: "},
        {"https://a.example/", "testing", "mx.example", "604800", "domain: "},
        {"user@a.example", "testing", "mx.example", "604800", "domain: "},
        {"192.0.2.1", "testing", "mx.example", "604800", "domain: "},
        {"a.example\n", "testing", "mx.example", "604800", "domain: "},
        {repeat(p, "abcdefghi.", 26), "testing", "mx.example", "604800", "domain: "},
        {"c1.example", NULL, "mx.example", "604800", "mode: it is NULL"},
        {"c2.example", "", "mx.example", "604800", "mode: "},
        {"c3.example", "Testing", "mx.example", "604800", "mode: "},
        {"c4.example", "enforce ", "mx.example", "604800", "mode: "},
        {"c5.example", "none", "", "604800", "no mx pattern"},
        {"c6.example", "testing", NULL, "604800", "no mx pattern"},
        {"c7.example", "testing", " \t\n ", "604800", "no mx pattern"},
        {"c8.example", "testing", "mx1.example,mx2.example", "604800", "mx: "},
        {"c9.example", "testing", "10 mx1.example", "604800", "mx: "},
        {"d1.example", "testing", "mx.*.example", "604800", "mx: "},
        {"d2.example", "testing", "192.0.2.1", "604800", "mx: "},
        {"d3.example", "testing", "mx.example\r\nmode: none", "604800", "mx: "},
        {"d4.example", "testing", many_mx(p, 1000), "604800", "longer than"},
        {"d5.example", "testing", many_mx(p, 450), "604800", "bytes"},
        {"d6.example", "testing", "mx.example", NULL, "max_age: it is NULL"},
        {"d7.example", "testing", "mx.example", "0", "max_age: "},
        {"d8.example", "testing", "mx.example", "-1", "max_age: "},
        {"d9.example", "testing", "mx.example", "31557601", "max_age: "},
        {"e1.example", "testing", "mx.example", "1e6", "max_age: "},
        {"e2.example", "testing", "mx.example", "99999999999999999999", "max_age: "},
        {"e3.example", "testing", "mx.example", " 604800", "max_age: "},
        {"e4.example", repeat(p, "x", 100000), "mx.example", "604800", "mode: "},
        {"e5.example", "testing", repeat(p, "x", 100000), "604800", "longer than"},
        {"e6.example", "testing", "mx.example", repeat(p, "9", 100000), "max_age: "},
    };
    const int count = sizeof(rows) / sizeof(rows[0]);
    const apr_array_header_t *wrong;
    int i, j;

    insert(&h, "a.example", "mx.example");
    sync_once(&h);
    for (i = 0; i < count; i++) {
        assert_done(mta_sts_database_run(
            h.db, "INSERT INTO mta_sts_policy (domain, mode, mx, max_age) VALUES (%s, %s, %s, %s)",
            rows[i].domain, rows[i].mode, rows[i].mx, rows[i].max_age));
    }
    insert(&h, "z.example", "mx.example");
    sync_once(&h);
    wrong = wrong_rows(&h);
    for (i = 0; i < count; i++) {
        for (j = 0; j < wrong->nelts; j++) {
            if (strcmp(APR_ARRAY_IDX(wrong, j, mta_sts_snapshot_wrong).domain, rows[i].domain) ==
                    0 &&
                strstr(APR_ARRAY_IDX(wrong, j, mta_sts_snapshot_wrong).message, rows[i].message)) {
                break;
            }
        }
        if (j == wrong->nelts) {
            fail_msg("row %d (%.40s) is not reported: %s", i, rows[i].domain, rows[i].message);
        }
        assert_null(lookup(&h, rows[i].domain));
    }
    assert_int_equal(wrong->nelts, count);
    assert_served(&h, "a.example", "mx.example");
    assert_served(&h, "z.example", "mx.example");
    end(&h);
}

/* A text that ends early would be another key. */
static void a_row_with_a_nul_is_refused(void **state)
{
    hosting h = begin(state);
    const char *const in_domain[] = {
        "INSERT INTO mta_sts_policy (domain, mx) VALUES ('a' || char(0) || '.example', 'm')", NULL};
    const char *const in_mx[] = {
        "INSERT INTO mta_sts_policy (domain, mx) VALUES ('a.example', 'm' || char(0) || 'x')",
        NULL};

    assert_non_null(mta_sts_database_run_all(h.db, in_domain));
    assert_non_null(mta_sts_database_run_all(h.db, in_mx));
    end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(serves_rows_and_their_changes),
        DATABASE_TESTS(writes_nothing_if_nothing_changed),
        SQLITE_TEST(has_nothing_to_say_before_its_first_sync),
        DATABASE_TESTS(an_alias_has_the_policy_of_its_target),
        DATABASE_TESTS(a_wrong_row_leaves_the_last_right_policy),
        DATABASE_TESTS(bad_rows_are_reported_and_harm_no_others),
        SQLITE_TEST(a_row_with_a_nul_is_refused),
    };

    return RUN_DATABASE_TESTS(tests);
}
