/* SPDX-License-Identifier: Apache-2.0 */
#include "index_fixture.h"
#include "mixed_reports.h"

#include <dlfcn.h>

#include <apr_dbd.h>

/* Sums in the index, and which of several contradicting reports counts. */

/* --- sums --- */

static void test_reports_are_summed_up(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    tlsrpt_domain *all;

    store(index, simple_json(p, "Google", "example.com", MONDAY, "10", "2"), "google.com");
    store(index, simple_json(p, "Google", "example.com", MONDAY + 1, "20", "0"), NULL);
    store(index,
          report_json(
              p, "Mail.ru", "r1", MONDAY + 1,
              apr_pstrcat(
                  p,
                  policy_json(
                      p, "sts", "example.com", "5", "7",
                      apr_pstrcat(p, failure_json(p, "certificate-expired", "mx1", "1", "4"), ",",
                                  failure_json(p, "certificate-expired", "mx1", "2", "3"), NULL)),
                  ",", policy_json(p, "tlsa", "example.org", "1", "0", ""), NULL)),
          NULL);
    update_index(index);
    assert_int_equal(index->all.added, 3);
    assert_string_equal(
        index_text(index, NULL),
        "3 reports, 0 duplicates, 0 conflicts, 2 unverified, 36+9\n"
        "example.com 3 reports 35+9, verified 1 10+2 in 1778371200..1778543999\n"
        " day 20583 10+2, verified 10+2\n"
        " day 20584 25+7, verified 0+0\n"
        " sender Google 1 reports 10+2 until 1778457599 verified\n"
        " sender Google 1 reports 20+0 until 1778543999\n"
        " sender Mail.ru 1 reports 5+7 until 1778543999\n"
        " cause sts certificate-expired at mx1 7 in 1778457600..1778543999 by Mail.ru: 1,2;"
        " 2001:db8::1,2001:db8::2; 192.0.2.1,192.0.2.2\n"
        " seen verified sts \"version: STSv1\nmode: sts\" by Google 12 until 1778457599\n"
        " seen sts \"version: STSv1\nmode: sts\" by Google,Mail.ru 32 until 1778543999\n"
        "example.org 1 reports 1+0, verified 0 0+0 in 1778457600..1778543999\n"
        " day 20584 1+0, verified 0+0\n"
        " sender Mail.ru 1 reports 1+0 until 1778543999\n"
        " seen tlsa \"version: STSv1\nmode: tlsa\" by Mail.ru 1 until 1778543999\n");
    assert_done(tlsrpt_index_sum_all(index->db, NULL, p, &all));
    assert_string_equal(
        domain_text(p, all),
        "* 3 reports 36+9, verified 1 10+2 in 1778371200..1778543999\n"
        " day 20583 10+2, verified 10+2\n"
        " day 20584 26+7, verified 0+0\n"
        " sender Google 1 reports 10+2 until 1778457599 verified\n"
        " sender Google 1 reports 20+0 until 1778543999\n"
        " sender Mail.ru 1 reports 6+7 until 1778543999\n"
        " cause sts certificate-expired at mx1 7 in 1778457600..1778543999 by Mail.ru: ; ; \n");
}

static void test_sums_equal_those_of_the_tally_for_any_query(void **state)
{
    static const tlsrpt_filter filters[] = {
        {0, NULL, NULL, 0},
        {(MONDAY + 2) * DAY, NULL, NULL, 0},
        {0, "d1.example", NULL, 0},
        {0, NULL, "GOOGLE", 0},
        {0, NULL, "", 0},
        {(MONDAY + 1) * DAY, "d2.example", "google", 0},
        {(MONDAY + 9) * DAY, NULL, NULL, 0},
        {0, "nothing.example", NULL, 0},
        {0, NULL, "Nobody", 0},
    };
    indexed *index = make_index(state);
    unsigned seed = 7, round, i;

    for (round = 0; round < 3; round++) {
        for (i = 0; i < 25; i++) {
            store_mixed(index, &seed);
        }
        update_index(index); /* a later report may replace one that counted */
        for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
            assert_string_equal(index_text(index, &filters[i]), tally_text(index, &filters[i]));
        }
    }
    assert_true(index->all.conflicts > 2);
}

static void test_sums_stop_at_the_largest_number(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    int day;

    for (day = 0; day < 3; day++) {
        store(index,
              report_json(p, "A", number(p, (unsigned)day), MONDAY + day / 2,
                          policy_json(p, "sts", "d.example", LARGEST, LARGEST,
                                      failure_json(p, "x", "mx", "1", LARGEST))),
              "example.net");
        update_index(index);
    }
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    assert_non_null(strstr(index_text(index, NULL), LARGEST "+" LARGEST));
}

/* Sessions of unverified reports, by another sender each day; what is set apart. */
static void test_what_is_not_plausible_is_set_apart_and_changes_nothing(void **state)
{
    static const struct {
        const char *sessions[5], *verified;
        int apart;
    } cases[] = {
        {{"50", "70", LARGEST}, NULL, 1},
        {{LARGEST, "50", "70"}, NULL, 1}, /* whichever is indexed first */
        {{LARGEST}, NULL, 1},             /* cannot be added exactly */
        {{"1000000"}, NULL, 0},           /* nothing to compare with */
        {{"1000000", "0"}, NULL, 1},
        {{"10000", "1"}, NULL, 0},
        {{"10001", "1"}, NULL, 1},
        {{"1000", "100000"}, NULL, 0},
        {{"1000", "100001"}, NULL, 1},
        {{"1000", "100000", "10000000"}, NULL, 0},
        {{"10", "2000000", "1000000"}, NULL, 2},
        {{"10", "1000000"}, "10000", 0},
        {{"10", "1000001"}, "10000", 1},
    };
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *domain = apr_psprintf(p, "d%u.example", (unsigned)i);
        const tlsrpt_filter filter = {.domain = domain};
        tlsrpt_summary *sum;
        int day;

        if (cases[i].verified) {
            store(index, simple_json(p, "V", domain, MONDAY, cases[i].verified, "0"), "v.net");
        }
        for (day = 0; day < 5 && cases[i].sessions[day]; day++) {
            store(index,
                  simple_json(p, apr_psprintf(p, "S%d", day), domain, MONDAY + day,
                              day % 2 ? "0" : cases[i].sessions[day],
                              day % 2 ? cases[i].sessions[day] : "0"),
                  NULL);
            update_index(index);
        }
        assert_done(tlsrpt_index_sum(index->db, &filter, 10, p, &sum));
        assert_int_equal(sum->apart_count, cases[i].apart);
        assert_int_equal(sum->reports, day + (cases[i].verified != NULL) - cases[i].apart);
        assert_string_equal(index_text(index, &filter), tally_text(index, &filter));
    }
    remove_everything(index);
    update_index(index);
    assert_nothing_is_left(index);
}

static void test_failure_details_that_are_not_plausible_are_set_apart(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    tlsrpt_summary *sum;

    store(index, simple_json(p, "A", "d.example", MONDAY, "50", "1"), NULL);
    store(index,
          report_json(p, "B", "b", MONDAY,
                      policy_json(p, "sts", "d.example", "1", "1",
                                  failure_json(p, "x", "mx", "1", "1000000"))),
          NULL);
    update_index(index);
    update_index(index);
    assert_done(tlsrpt_index_sum(index->db, NULL, 10, p, &sum));
    assert_int_equal(sum->apart_count, 1);
    assert_int_equal(sum->failed, 1);
    assert_null(strstr(index_text(index, NULL), "cause"));
    store(index, simple_json(p, "C", "d.example", MONDAY + 1, "50", "900000"), "v.net");
    update_index(index);
    assert_done(tlsrpt_index_sum(index->db, NULL, 10, p, &sum));
    assert_int_equal(sum->apart_count, 0); /* another report makes it plausible */
    assert_non_null(strstr(index_text(index, NULL), "cause"));
}

static void test_unusual_ranges_are_summed_up_as_in_the_tally(void **state)
{
    static const char *const ranges[] = {
        "\"start-datetime\":\"2026-05-10T10:00:00Z\",\"end-datetime\":\"2026-05-11T10:00:00Z\"",
        "\"start-datetime\":\"2026-05-10T00:00:00Z\",\"end-datetime\":\"2026-05-11T00:00:00Z\"",
        "\"start-datetime\":\"2026-05-12T00:00:00Z\",\"end-datetime\":\"2026-05-09T00:00:00Z\"",
        "\"start-datetime\":\"1970-01-01T00:00:00Z\",\"end-datetime\":\"9999-01-01T00:00:00Z\"",
        "",
    };
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    unsigned i;
    int day;

    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        store(index,
              apr_psprintf(p,
                           "{\"organization-name\":\"A\",\"report-id\":\"%u\",\"date-range\":{%s},"
                           "\"policies\":[%s]}",
                           i, ranges[i],
                           policy_json(p, "sts", "d.example", "1", "1",
                                       failure_json(p, "x", "mx", "1", "1"))),
              NULL);
    }
    update_index(index);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    for (day = -2; day < 4; day++) {
        const tlsrpt_filter filter = {(MONDAY + day) * DAY, NULL, NULL, 0};

        assert_string_equal(index_text(index, &filter), tally_text(index, &filter));
    }
}

static void test_an_empty_report_counts_as_a_report(void **state)
{
    indexed *index = make_index(state);

    store(index, "{\"policies\":[]}", NULL);
    store(index, "{\"policies\":[{}]}", NULL);
    update_index(index);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_long_texts_are_stored_completely(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    char *text = apr_palloc(p, 7001);

    memset(text, 'x', 7000);
    text[7000] = '\0';
    store(index,
          report_json(p, text, text, MONDAY,
                      policy_json(p, text, text, "1", "1", failure_json(p, text, text, text, "1"))),
          NULL);
    update_index(index);
    assert_int_equal(index->all.unreadable, 0);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

/* --- which one counts --- */

static void test_no_report_is_hidden_by_another_one_of_the_same_identity(void **state)
{
    indexed *index = make_index(state);

    store(index, variant(index, "1"), NULL);
    update_index(index);
    store(index, variant(index, "2"), NULL);
    update_index(index);
    assert_string_equal(states(index), "0 0");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    store(index, variant(index, "3"), "google.com");
    update_index(index);
    assert_string_equal(states(index), "2 2 0");
    store(index, variant(index, "4"), "google.com");
    store(index, variant(index, "5"), NULL);
    update_index(index);
    assert_string_equal(states(index), "2 2 0 2 2");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    assert_non_null(strstr(index_text(index, NULL), "4 conflicts, 0 unverified, 3+0"));
    assert_string_equal(findings_summary(index->p, index->findings),
                        "warning report-conflict@0, warning report-conflict@0, warning "
                        "report-conflict@0, warning report-conflict@0");
    assert_findings_are_printable(index->findings);
}

static void test_a_verified_report_is_not_hidden_by_one_of_another_signer(void **state)
{
    indexed *index = make_index(state);
    const char *forged = store(index, variant(index, "1"), "attacker.example");
    const char *real;

    update_index(index);
    real = store(index, variant(index, "2"), "google.com");
    store(index, variant(index, "4"), NULL);
    update_index(index);
    assert_string_equal(states(index), "0 0 2");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    assert_non_null(strstr(index_text(index, NULL), "1 conflicts, 0 unverified, 3+0"));
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, forged);
    update_index(index);
    assert_string_equal(states(index), "0 2");
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, real);
    update_index(index);
    assert_string_equal(states(index), "0");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_unverified_reports_count_again_after_the_verified_one_was_removed(void **state)
{
    indexed *index = make_index(state);
    const char *first = store(index, variant(index, "1"), NULL);
    const char *second = store(index, variant(index, "2"), "google.com");

    store(index, variant(index, "3"), NULL);
    update_index(index);
    assert_string_equal(states(index), "2 0 2");
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, second);
    update_index(index);
    assert_string_equal(states(index), "0 0");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, first);
    update_index(index);
    assert_string_equal(states(index), "0");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

/* However they are written: reports of some senders come twice, by mail and over HTTPS. */
static void test_unverified_reports_of_the_same_content_count_once(void **state)
{
    indexed *index = make_index(state);
    const char *first = store(index, variant(index, "1"), NULL);

    store(index, apr_pstrcat(index->p, " ", variant(index, "1"), NULL), NULL);
    update_index(index);
    assert_string_equal(states(index), "0 2");
    assert_non_null(strstr(index_text(index, NULL), "1 reports, 0 duplicates, 1 conflicts"));
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, first);
    update_index(index);
    assert_string_equal(states(index), "0");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

#define FORGERIES 1000

/* A report of one identity, whose numbers, policies and failures differ. */
static const char *contested(apr_pool_t *p, unsigned successful)
{
    const char *n = number(p, successful), *mx = apr_psprintf(p, "mx%u", successful % 7);
    const char *failures = apr_pstrcat(p, failure_json(p, "x", mx, "1", "1"), ",",
                                       failure_json(p, "y", "mx", "2", "1"), NULL);

    return report_json(p, "Google", "1", MONDAY,
                       apr_pstrcat(p, policy_json(p, "sts", "example.com", n, "2", failures), ",",
                                   policy_json(p, "tlsa", "example.org", "1", "0", ""), NULL));
}

/* Every third has the content of another one, written differently. */
static void store_forgeries(indexed *index)
{
    unsigned i;

    for (i = 0; i < FORGERIES; i++) {
        apr_pool_t *p;

        apr_pool_create(&p, index->p);
        store_at(p, index->task.spool,
                 apr_pstrcat(p, contested(p, i - i % 3 / 2), i % 3 == 2 ? " " : "", NULL),
                 (MONDAY + 100) * DAY + apr_time_from_sec(receipts++), NULL);
        apr_pool_destroy(p);
    }
}

/* Statements that were run since the test program began. */
static unsigned statements;

/* Counts, and does what the function of this name in libaprutil does. */
int apr_dbd_pbquery(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, int *rows,
                    apr_dbd_prepared_t *statement, const void **values)
{
    int (*query)(const apr_dbd_driver_t *, apr_pool_t *, apr_dbd_t *, int *, apr_dbd_prepared_t *,
                 const void **);

    statements++;
    *(void **)&query = dlsym(RTLD_NEXT, "apr_dbd_pbquery");
    return query(driver, pool, handle, rows, statement, values);
}

/* Rows that this connection has changed; PostgreSQL does not tell. */
static apr_int64_t changed_rows(const indexed *index)
{
    apr_int64_t changes = 0;

    if (!mta_sts_database_is_shared(index->db)) {
        assert_null(mta_sts_database_rows(index->db, "SELECT total_changes()",
                                          mta_sts_database_take_number, &changes));
    }
    return changes;
}

/* What an update costs: with PostgreSQL mostly the statements, with SQLite the rows. */
typedef struct cost {
    unsigned statements;
    apr_int64_t rows;
} cost;

static cost update_at_cost(indexed *index)
{
    const unsigned before = statements;
    const apr_int64_t rows = changed_rows(index);
    cost result;

    update_index(index);
    result.statements = statements - before;
    result.rows = changed_rows(index) - rows;
    return result;
}

static void assert_small(cost update, cost adding)
{
    assert_true(update.statements < adding.statements / 20);
    assert_true(update.rows <= adding.rows / 4);
}

/* Without the first line: of other bytes with the same content, the index says that they differ. */
static void assert_sums_are_those_of_the_tally(indexed *index)
{
    assert_string_equal(strchr(index_text(index, NULL), '\n'),
                        strchr(tally_text(index, NULL), '\n'));
}

/* What it takes is small beside what it took to add them. */
static void test_many_forged_reports_of_an_identity_are_replaced_by_the_verified_one(void **state)
{
    indexed *index = make_index(state);
    cost adding;
    const char *verified, *other;

    store_forgeries(index);
    adding = update_at_cost(index);
    assert_non_null(strstr(index_text(index, NULL), "667 reports, 0 duplicates, 333 conflicts"));
    assert_sums_are_those_of_the_tally(index);
    verified = store(index, contested(index->p, 7007), "google.com");
    assert_small(update_at_cost(index), adding);
    assert_non_null(strstr(index_text(index, NULL),
                           "1 reports, 0 duplicates, 1000 conflicts, 0 unverified, 7008+2"));
    assert_sums_are_those_of_the_tally(index);
    other = store(index, contested(index->p, 7008), "attacker.example");
    assert_small(update_at_cost(index), adding);
    assert_non_null(strstr(index_text(index, NULL), "0 unverified, 14017+4"));
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, verified);
    assert_small(update_at_cost(index), adding);
    assert_non_null(strstr(index_text(index, NULL), "0 unverified, 7009+2"));
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, other);
    assert_small(update_at_cost(index), adding);
    assert_non_null(strstr(index_text(index, NULL), "667 reports, 0 duplicates, 333 conflicts"));
    assert_sums_are_those_of_the_tally(index);
    remove_everything(index);
    update_index(index);
    assert_nothing_is_left(index);
}

static void test_a_report_received_again_verified_becomes_verified(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_filter all = {0, NULL, NULL, 0};

    store(index, variant(index, "1"), NULL);
    update_index(index);
    assert_non_null(strstr(index_text(index, &all), "1 unverified"));
    store(index, variant(index, "1"), "google.com");
    update_index(index);
    assert_non_null(strstr(index_text(index, &all), "0 unverified"));
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_the_same_report_in_the_spools_of_two_machines_counts_once(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_task other = index->task;
    const char *alone, *digest = store(index, variant(index, "1"), NULL);

    other.spool = make_spool(index->p, ((database_test *)*state)->directory, "other");
    other.host = "two.example.net";
    update_index(index);
    alone = strchr(index_text(index, NULL), '+');
    store_at(index->p, other.spool, variant(index, "1"), (MONDAY + 101) * DAY, NULL);
    update_with(index, &other);
    update_index(index);
    assert_string_equal(states(index), "0 1");
    assert_string_equal(strchr(index_text(index, NULL), '+'), alone);
    assert_non_null(strstr(index_text(index, NULL), "1 reports, 1 duplicates, 0 conflicts"));
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, digest);
    update_index(index);
    assert_string_equal(states(index), "0");
    assert_string_equal(strchr(index_text(index, NULL), '+'), alone);
}

static void test_copies_on_another_machine_of_what_several_signers_sent_are_duplicates(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_task other = index->task;

    other.spool = make_spool(index->p, ((database_test *)*state)->directory, "other");
    other.host = "two.example.net";
    store(index, variant(index, "1"), "google.com");
    store(index, variant(index, "2"), "b.example");
    update_index(index);
    store_at(index->p, other.spool, variant(index, "1"), (MONDAY + 102) * DAY, NULL);
    store_at(index->p, other.spool, variant(index, "2"), (MONDAY + 102) * DAY, NULL);
    update_with(index, &other);
    assert_string_equal(states(index), "0 0 1 1");
    assert_non_null(strstr(index_text(index, NULL), "2 reports, 2 duplicates, 0 conflicts"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_reports_are_summed_up),
        DATABASE_TESTS(test_sums_equal_those_of_the_tally_for_any_query),
        DATABASE_TESTS(test_sums_stop_at_the_largest_number),
        DATABASE_TESTS(test_what_is_not_plausible_is_set_apart_and_changes_nothing),
        DATABASE_TESTS(test_failure_details_that_are_not_plausible_are_set_apart),
        DATABASE_TESTS(test_unusual_ranges_are_summed_up_as_in_the_tally),
        DATABASE_TESTS(test_an_empty_report_counts_as_a_report),
        DATABASE_TESTS(test_long_texts_are_stored_completely),
        DATABASE_TESTS(test_no_report_is_hidden_by_another_one_of_the_same_identity),
        DATABASE_TESTS(test_a_verified_report_is_not_hidden_by_one_of_another_signer),
        DATABASE_TESTS(test_unverified_reports_count_again_after_the_verified_one_was_removed),
        DATABASE_TESTS(test_unverified_reports_of_the_same_content_count_once),
        DATABASE_TESTS(test_many_forged_reports_of_an_identity_are_replaced_by_the_verified_one),
        DATABASE_TESTS(test_a_report_received_again_verified_becomes_verified),
        PGSQL_TEST(test_copies_on_another_machine_of_what_several_signers_sent_are_duplicates),
        PGSQL_TEST(test_the_same_report_in_the_spools_of_two_machines_counts_once),
    };

    return RUN_DATABASE_TESTS(tests);
}
