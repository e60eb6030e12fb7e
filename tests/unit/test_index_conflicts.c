/* SPDX-License-Identifier: Apache-2.0 */
#include "index_fixture.h"
#include "mixed_reports.h"

#include <dlfcn.h>

#include <apr_dbd.h>

/* Which of several reports of one identity counts. */

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

/* Every third has the content of another one, written differently. The directories have not changed
 * for a long time, so that the first update notes that, not one of those whose cost is compared. */
static void store_forgeries(indexed *index)
{
    const char *digest;
    unsigned i;

    for (i = 0; i < FORGERIES; i++) {
        apr_pool_t *p;

        apr_pool_create(&p, index->p);
        digest = store_at(p, index->task.spool,
                          apr_pstrcat(p, contested(p, i - i % 3 / 2), i % 3 == 2 ? " " : "", NULL),
                          (MONDAY + 100) * DAY + apr_time_from_sec(receipts++), NULL);
        set_directory_back(index, digest);
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
