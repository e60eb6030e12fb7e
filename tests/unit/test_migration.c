/* SPDX-License-Identifier: Apache-2.0 */
#include "mixed_reports.h"

#include "core/database/schema.h"

/* Databases of version 1, whose sums of failures did not include the type of policy. */

#define CAUSES_OF_1                                                                                \
    "CREATE TABLE tlsrpt_cause (domain BIGINT NOT NULL, last_day BIGINT NOT NULL,"                 \
    " organization BIGINT NOT NULL, type BIGINT NOT NULL, mx BIGINT NOT NULL,"                     \
    " reason BIGINT NOT NULL, receiving_ip BIGINT NOT NULL, sending_ip BIGINT NOT NULL,"           \
    " parts BIGINT NOT NULL, sessions BIGINT NOT NULL, range_begin BIGINT NOT NULL,"               \
    " range_end BIGINT NOT NULL, PRIMARY KEY (domain, last_day, organization, type, mx, reason,"   \
    " receiving_ip, sending_ip))"
#define INDEX_OF_1 "CREATE INDEX tlsrpt_cause_day ON tlsrpt_cause (last_day)"
/* Sums that were capped are left out: SQLite's sum() would overflow. */
#define SUMS_OF_1                                                                                  \
    "INSERT INTO tlsrpt_cause SELECT domain, last_day, organization, type, mx, reason,"            \
    " receiving_ip, sending_ip, sum(parts), sum(sessions), min(range_begin), max(range_end)"       \
    " FROM kept WHERE sessions < 4611686018427387904"                                              \
    " GROUP BY domain, last_day, organization, type, mx, reason, receiving_ip, sending_ip"

/* Its rows do not matter, because version 4 computes them again. */
#define SESSIONS_OF_1                                                                              \
    "CREATE TABLE tlsrpt_sum (domain BIGINT NOT NULL, last_day BIGINT NOT NULL,"                   \
    " day BIGINT NOT NULL, organization BIGINT NOT NULL, type BIGINT NOT NULL,"                    \
    " seen BIGINT NOT NULL, parts BIGINT NOT NULL, reports BIGINT NOT NULL,"                       \
    " verified BIGINT NOT NULL, successful BIGINT NOT NULL, failed BIGINT NOT NULL,"               \
    " range_begin BIGINT NOT NULL, range_end BIGINT NOT NULL,"                                     \
    " PRIMARY KEY (domain, last_day, day, organization, type, seen))"

/* Turns a database into what version 1 would have left. */
static void make_old(indexed *index)
{
    static const char *const statements[] = {
        "CREATE TABLE kept AS SELECT * FROM tlsrpt_cause",
        "DROP TABLE tlsrpt_cause",
        CAUSES_OF_1,
        INDEX_OF_1,
        SUMS_OF_1,
        "DROP TABLE kept",
        "DROP TABLE tlsrpt_sum",
        SESSIONS_OF_1,
        "ALTER TABLE tlsrpt_string RENAME TO tlsrpt_word",
        "ALTER TABLE tlsrpt_directory RENAME COLUMN directory TO folder",
        "ALTER TABLE tlsrpt_directory RENAME TO tlsrpt_folder",
        "DROP TABLE tlsrpt_day_cost",
        "ALTER TABLE tlsrpt_report DROP COLUMN peer",
        "DROP INDEX tlsrpt_report_signer",
        "ALTER TABLE tlsrpt_report DROP COLUMN signer",
        "DROP INDEX tlsrpt_report_host",
        "DROP TABLE mta_sts_machine",
        "DROP TABLE mta_sts_network_name",
        "DROP TABLE mta_sts_fetch",
        "DROP TABLE mta_sts_fetch_span",
        "DROP TABLE mta_sts_fetch_loss",
        "DROP TABLE mta_sts_fetch_day",
        "UPDATE mta_sts_schema SET version = 1",
        NULL,
    };

    assert_done(mta_sts_database_run_all(index->db, statements));
}

static void open_again(indexed *index, database_test *test)
{
    mta_sts_database_close(index->db);
    index->db = database_open(test);
}

static int append_all(void *baton, const char *const *columns)
{
    text_rows *rows = baton;
    int i;

    for (i = 0; i < 14; i++) {
        rows->text = apr_pstrcat(rows->p, rows->text, columns[i], i < 13 ? " " : "\n", NULL);
    }
    return 1;
}

static const char *rows_of_causes(indexed *index)
{
    text_rows rows = {index->p, ""};

    assert_done(mta_sts_database_rows(
        index->db,
        "SELECT domain, last_day, organization, policy_type, type, mx, reason, receiving_ip,"
        " sending_ip, verified, parts, sessions, range_begin, range_end FROM tlsrpt_cause"
        " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
        append_all, &rows));
    return rows.text;
}

static int take_version(void *baton, const char *const *columns)
{
    *(int *)baton = atoi(columns[0]);
    return 0;
}

/* Not the statement that open() uses, because SQLite would not run that again after the tables
 * changed. */
static int version_of(mta_sts_database *db)
{
    int version = 0;

    assert_done(mta_sts_database_rows(db, "SELECT max(version) FROM mta_sts_schema", take_version,
                                      &version));
    return version;
}

/* Reports that agree, contradict, replace each other, cannot be read, or have no or unusual dates.
 */
static void store_all_kinds(indexed *index)
{
    static const char *const ranges[] = {
        "\"start-datetime\":\"2026-05-10T00:00:00Z\",\"end-datetime\":\"2026-05-11T00:00:00Z\"",
        "\"start-datetime\":\"2026-05-12T00:00:00Z\",\"end-datetime\":\"2026-05-09T00:00:00Z\"",
        "\"end-datetime\":\"2026-05-11T00:00:00Z\"",
        "\"start-datetime\":\"1970-01-01T00:00:00Z\",\"end-datetime\":\"9999-01-01T00:00:00Z\"",
        "",
    };
    apr_pool_t *p = index->p;
    unsigned seed = 11, i;

    for (i = 0; i < 60; i++) {
        store_mixed(index, &seed);
    }
    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        const char *failure = failure_json(p, "x", "mx", "1", i % 2 ? LARGEST : "1");

        store(index,
              apr_psprintf(p,
                           "{\"organization-name\":\"A\",\"report-id\":\"%u\",\"date-range\":{%s},"
                           "\"policies\":[%s,%s]}",
                           i, ranges[i], policy_json(p, "sts", "d.example", "1", "1", failure),
                           policy_json(p, "sts", "d.example", "1", "1", failure)),
              "example.net");
    }
}

/* Reads the whole spool again. */
static void rebuild(indexed *index)
{
    int more = 1;

    while (more) {
        assert_done(tlsrpt_index_forget(index->db, HOST, apr_time_from_sec(60), index->p, &more));
    }
    update_index(index);
}

static void test_migrating_version_1_gives_the_sums_of_a_new_database(void **state)
{
    indexed *index = make_index(state);
    const char *rows, *sums;

    store_all_kinds(index);
    update_index(index);
    assert_true(index->all.conflicts > 2);
    rows = rows_of_causes(index);
    make_old(index);
    open_again(index, *state);
    assert_int_equal(version_of(index->db), mta_sts_database_schema_version());
    assert_string_equal(rows_of_causes(index), rows);
    sums = index_text(index, NULL);
    assert_string_equal(sums, tally_text(index, NULL));
    rebuild(index);
    assert_string_equal(index_text(index, NULL), sums);
}

static void test_removing_all_reports_from_migrated_sums_leaves_nothing(void **state)
{
    indexed *index = make_index(state);

    store_all_kinds(index);
    update_index(index);
    make_old(index);
    open_again(index, *state);
    remove_everything(index);
    update_index(index);
    assert_int_equal(count_rows(index, "tlsrpt_cause"), 0);
}

/* What was not served was not counted by itself. */
static void test_migrating_version_7_counts_what_was_not_served(void **state)
{
    static const char *const statements[] = {
        "ALTER TABLE mta_sts_fetch_day DROP COLUMN refused",
        "ALTER TABLE mta_sts_fetch_day DROP COLUMN removals",
        "ALTER TABLE mta_sts_machine DROP COLUMN confirmed",
        "DROP INDEX tlsrpt_report_host",
        "INSERT INTO mta_sts_fetch_day (day, entries) VALUES (20000, 3)",
        "INSERT INTO mta_sts_fetch_day (day, entries) VALUES (20001, 1)",
        "INSERT INTO mta_sts_fetch VALUES"
        " ('d.example', 480000, '192.0.2.0/24', '', 0, '', '', 1, 0, 0),"
        " ('d.example', 480000, '192.0.2.0/24', '', 1, '', '', 1, 0, 0),"
        " ('d.example', 480023, '192.0.2.0/24', '', 2, '', '', 1, 0, 0),"
        " ('', 480023, '', '', 2, '', '', 1, 0, 0),"
        " ('d.example', 480024, '192.0.2.0/24', '', 0, '', '', 1, 0, 0)",
        "UPDATE mta_sts_schema SET version = 7",
        NULL,
    };
    indexed *index = make_index(state);
    apr_int64_t refused = -1;

    assert_done(mta_sts_database_run_all(index->db, statements));
    open_again(index, *state);
    assert_int_equal(version_of(index->db), mta_sts_database_schema_version());
    assert_done(mta_sts_database_rows(
        index->db, "SELECT refused + 10 * removals FROM mta_sts_fetch_day WHERE day = 20000",
        mta_sts_database_take_number, &refused));
    assert_int_equal(refused, 2);
    assert_done(mta_sts_database_rows(index->db,
                                      "SELECT refused FROM mta_sts_fetch_day WHERE day = 20001",
                                      mta_sts_database_take_number, &refused));
    assert_int_equal(refused, 0);
}

static void test_a_failed_migration_changes_nothing(void **state)
{
    indexed *index = make_index(state);
    database_test *test = *state;
    mta_sts_database *db;
    int rows;

    store_all_kinds(index);
    update_index(index);
    make_old(index);
    /* The index, the last step, fails because its name is taken. */
    assert_done(mta_sts_database_run(index->db, "DROP INDEX tlsrpt_cause_day"));
    assert_done(mta_sts_database_run(index->db, "CREATE TABLE tlsrpt_cause_day (a BIGINT)"));
    rows = count_rows(index, "tlsrpt_cause");
    assert_non_null(mta_sts_database_open(test->p, test->driver, test->where, &db));
    assert_int_equal(version_of(index->db), 1);
    assert_int_equal(count_rows(index, "tlsrpt_cause"), rows);

    assert_done(mta_sts_database_run(index->db, "DROP TABLE tlsrpt_cause_day"));
    open_again(index, test);
    assert_int_equal(version_of(index->db), mta_sts_database_schema_version());
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static int take_text(void *baton, const char *const *columns)
{
    text_rows *rows = baton;

    rows->text = apr_pstrcat(rows->p, rows->text, columns[0], "\n", NULL);
    return 1;
}

/* With a large index this takes longer than the usual limit of a statement, so it would never
 * succeed. */
static void test_a_migration_has_a_longer_timeout_than_other_statements(void **state)
{
    static const char *const noting[] = {
        "CREATE TABLE noted (text TEXT)",
        "CREATE RULE note AS ON DELETE TO mta_sts_schema DO ALSO"
        " INSERT INTO noted SELECT current_setting('statement_timeout')",
        NULL,
    };
    indexed *index = make_index(state);
    text_rows rows = {index->p, ""};

    make_old(index);
    assert_done(mta_sts_database_run_all(index->db, noting));
    open_again(index, *state);
    assert_done(mta_sts_database_rows(index->db,
                                      "SELECT text FROM noted UNION ALL"
                                      " SELECT current_setting('statement_timeout')",
                                      take_text, &rows));
    assert_string_equal(rows.text, "1h\n1min\n");
    assert_done(mta_sts_database_run(index->db, "DROP RULE note ON mta_sts_schema"));
    assert_done(mta_sts_database_run(index->db, "DROP TABLE noted"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_migrating_version_1_gives_the_sums_of_a_new_database),
        DATABASE_TESTS(test_removing_all_reports_from_migrated_sums_leaves_nothing),
        DATABASE_TESTS(test_migrating_version_7_counts_what_was_not_served),
        PGSQL_TEST(test_a_migration_has_a_longer_timeout_than_other_statements),
        DATABASE_TESTS(test_a_failed_migration_changes_nothing),
    };

    return RUN_DATABASE_TESTS(tests);
}
