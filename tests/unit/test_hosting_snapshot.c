/* SPDX-License-Identifier: Apache-2.0 */
#include "hosting_fixture.h"

#include "core/hosting/edit.h"
#include "core/hosting/list.h"
#include "core/database/history.h"
#include "core/hosting/past.h"
#include "core/hosting/rollout_read.h"
#include "core/hosting/source.h"
#include "core/hosting/peek.h"

/* --- the file --- */

static void replaces_a_damaged_snapshot(void **state)
{
    hosting h = begin(state);
    FILE *file;

    insert(&h, "a.example", "mx.example");
    sync_once(&h);
    mta_sts_snapshot_close(h.snapshot);
    file = fopen(h.file, "r+");
    fputs("this is no database at all", file);
    fclose(file);
    assert_done(mta_sts_snapshot_open(h.test->p, h.file, &h.snapshot));
    sync_once(&h);
    assert_served(&h, "a.example", "mx.example");
    end(&h);
}

static void a_reader_makes_no_file(void **state)
{
    database_test *test = *state;
    const char *file = apr_pstrcat(test->p, test->directory, "/" MTA_STS_SNAPSHOT_FILE, NULL);
    mta_sts_lookup *reader;

    assert_non_null(mta_sts_lookup_open(test->p, file, &reader));
    assert_int_not_equal(access(file, F_OK), 0);
}

static void a_reader_survives_a_rewritten_file(void **state)
{
    hosting h = begin(state);
    const char *const rewrite[] = {"CREATE TABLE other (n INTEGER)", "VACUUM", NULL};
    mta_sts_lookup_policy policy;
    mta_sts_lookup *reader;
    mta_sts_database *writer;
    const char *error;

    insert(&h, "a.example", "mx.example");
    sync_once(&h);
    assert_done(mta_sts_lookup_open(h.test->p, h.file, &reader));
    assert_int_equal(mta_sts_lookup_find(reader, "a.example", h.test->p, &policy, &error),
                     MTA_STS_LOOKUP_FOUND);
    assert_done(mta_sts_database_open_derived(h.test->p, h.file, 0, &writer));
    assert_done(mta_sts_database_run_all(writer, rewrite));
    mta_sts_database_close(writer);
    assert_int_equal(mta_sts_lookup_find(reader, "a.example", h.test->p, &policy, &error),
                     MTA_STS_LOOKUP_FOUND);
    mta_sts_lookup_close(reader);
    end(&h);
}

static void a_damaged_row_is_an_error_and_no_crash(void **state)
{
    static const char *const columns[] = {"text", "id"};
    hosting h = begin(state);
    mta_sts_lookup_policy policy;
    mta_sts_lookup *reader;
    const char *error;
    unsigned i;

    insert(&h, "a.example", "mx.example");
    sync_once(&h);
    for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        database_damage(h.test->p, h.file, "texts", columns[i]);
        assert_done(mta_sts_lookup_open(h.test->p, h.file, &reader));
        assert_int_equal(mta_sts_lookup_find(reader, "a.example", h.test->p, &policy, &error),
                         MTA_STS_LOOKUP_FAILED);
        assert_string_equal(error, "the snapshot is damaged");
        mta_sts_lookup_close(reader);
    }
    end(&h);
}

static void knows_about_which_names_reports_are_accepted(void **state)
{
    static const char *const accepted[] = {"a.example", "b.example", "mx.example",
                                           "one.more.example"};
    static const char *const others[] = {"c.example",          "wrong.example", "more.example",
                                         "a.one.more.example", "example",       ""};
    hosting h = begin(state);
    mta_sts_lookup *reader;
    const char *error;
    apr_size_t i;

    insert(&h, "a.example", "mx.example");
    insert(&h, "b.example", "*.more.example");
    insert(&h, "wrong.example", "");
    sync_once(&h);
    assert_done(mta_sts_lookup_open(h.test->p, h.file, &reader));
    for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        assert_int_equal(mta_sts_lookup_accepts(reader, accepted[i], h.test->p, &error),
                         MTA_STS_LOOKUP_FOUND);
    }
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(mta_sts_lookup_accepts(reader, others[i], h.test->p, &error),
                         MTA_STS_LOOKUP_NONE);
    }
    mta_sts_lookup_close(reader);
    end(&h);
}

/* --- machines --- */

static void machines_are_known_by_their_identity(void **state)
{
    hosting h = begin(state);
    const mta_sts_source_machine one = {"id-1", "web.example", 5, 0, 10, 1};
    const mta_sts_source_machine other = {"id-2", "web.example", 6, 0, 20, 0};
    const mta_sts_source_machine later = {"id-1", "web.example", 7, 0, 11, 0};
    apr_array_header_t *machines;

    assert_done(mta_sts_source_note_machine(h.db, &one));
    assert_done(mta_sts_source_note_machine(h.db, &other));
    assert_done(mta_sts_source_note_machine(h.db, &later));
    assert_done(mta_sts_source_machines(h.db, h.test->p, &machines));
    assert_int_equal(machines->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(machines, 0, mta_sts_source_machine).machine, "id-1");
    assert_int_equal(APR_ARRAY_IDX(machines, 0, mta_sts_source_machine).position, 7);
    assert_int_equal(APR_ARRAY_IDX(machines, 0, mta_sts_source_machine).served, 11);
    assert_true(APR_ARRAY_IDX(machines, 0, mta_sts_source_machine).seen < 60);
    end(&h);
}

/* --- lists --- */

static apr_array_header_t *page(hosting *h, const char *part, int only_wrong, int skip, int limit)
{
    const mta_sts_list_query query = {part, only_wrong};
    apr_array_header_t *rows;
    mta_sts_lookup *reader;

    assert_done(mta_sts_lookup_open(h->test->p, h->file, &reader));
    assert_done(mta_sts_list_page(reader, &query, skip, limit, h->test->p, &rows));
    mta_sts_lookup_close(reader);
    return rows;
}

static apr_int64_t count(hosting *h, const char *part, int only_wrong)
{
    const mta_sts_list_query query = {part, only_wrong};
    mta_sts_lookup *reader;
    apr_int64_t found;

    assert_done(mta_sts_lookup_open(h->test->p, h->file, &reader));
    assert_done(mta_sts_list_count(reader, &query, &found));
    mta_sts_lookup_close(reader);
    return found;
}

static const char *domain_of(const apr_array_header_t *rows, int i)
{
    return APR_ARRAY_IDX(rows, i, mta_sts_list_row).domain;
}

static void lists_domains_page_by_page(void **state)
{
    hosting h = begin(state);
    apr_array_header_t *rows;

    insert_many(&h, 0, 120);
    insert(&h, "d00007.example.", "mx.example");
    insert(&h, "d_0.example", "not a host");
    sync_once(&h);
    assert_int_equal(count(&h, NULL, 0), 122);
    assert_int_equal(count(&h, NULL, 1), 2);
    assert_int_equal(count(&h, "0007", 0), 12); /* also d00070 to d00079 */
    assert_int_equal(count(&h, "%", 0), 0);
    assert_int_equal(count(&h, "_", 0), 1);

    rows = page(&h, NULL, 0, 100, 50);
    assert_int_equal(rows->nelts, 22);
    rows = page(&h, "0007", 0, 1, 2);
    assert_int_equal(rows->nelts, 2);
    assert_string_equal(domain_of(rows, 0), "d00007.example.");
    assert_string_equal(domain_of(rows, 1), "d00070.example");
    rows = page(&h, NULL, 1, 0, 10);
    assert_int_equal(rows->nelts, 2);
    assert_string_equal(domain_of(rows, 1), "d_0.example");
    assert_null(APR_ARRAY_IDX(rows, 1, mta_sts_list_row).text);
    assert_non_null(APR_ARRAY_IDX(rows, 1, mta_sts_list_row).wrong);
    end(&h);
}

static void is_peeked_into_by_any_user(void **state)
{
    hosting h = begin(state);
    apr_array_header_t *names = apr_array_make(h.test->p, 2, sizeof(const char *));
    mta_sts_peek peek;

    insert_many(&h, 0, 3);
    insert(&h, "end", "mx.example"); /* a key may be any text */
    insert(&h, "zz", "mx.example");
    sync_once(&h);
    APR_ARRAY_PUSH(names, const char *) = "d00001.example";
    APR_ARRAY_PUSH(names, const char *) = "e.example";
    assert_done(mta_sts_peek_find(h.test->p, h.test->directory, names, &peek));
    assert_true(peek.exists);
    assert_int_equal(peek.state.served, 5);
    assert_true(peek.state.synced == T0);
    assert_int_equal(peek.rows->nelts, 1);
    assert_string_equal(domain_of(peek.rows, 0), "d00001.example");
    assert_non_null(APR_ARRAY_IDX(peek.rows, 0, mta_sts_list_row).text);
    assert_null(APR_ARRAY_IDX(peek.rows, 0, mta_sts_list_row).wrong);
    assert_done(mta_sts_peek_all(h.test->p, h.test->directory, &peek));
    assert_int_equal(peek.rows->nelts, 5);
    assert_done(mta_sts_peek_all(h.test->p, "/nonexistent", &peek));
    assert_false(peek.exists);
    end(&h);
}

/* --- editing --- */

/* Until when senders may have cached a policy that the row had. */
static apr_time_t cached_until(const hosting *h, apr_time_t now)
{
    const mta_sts_rollout_query query = {
        .domain = "a.example", .host = "web", .now = now, .only_hosted = 1};
    mta_sts_rollout *rollout;

    assert_done(mta_sts_rollout_read(h->db, &query, h->test->p, &rollout));
    assert_non_null(rollout);
    return mta_sts_rollout_withdrawal(rollout)->recorded;
}

static void knows_until_when_senders_may_have_cached_a_policy(void **state)
{
    hosting h = begin(state);
    apr_time_t now = apr_time_now(), until;
    apr_array_header_t *past;
    mta_sts_hosted_row row = {"a.example", "enforce", "mx.example", "1000000", NULL, 0};
    apr_int64_t position;

    assert_done(mta_sts_edit_begin(h.db));
    assert_done(mta_sts_edit_set(h.db, &row));
    assert_done(mta_sts_edit_position(h.db, "a.example", &position));
    assert_done(mta_sts_database_commit(h.db));
    sync_once(&h);
    assert_true(position > 0 && h.sync.state.position >= position);

    row.max_age = "wrong";
    assert_done(mta_sts_edit_set(h.db, &row));
    row.max_age = "86400";
    row.mode = "none";
    assert_done(mta_sts_edit_set(h.db, &row));
    assert_done(mta_sts_past_read(h.db, "a.example", now, h.test->p, &past));
    until = cached_until(&h, now);
    assert_true(until >= now + apr_time_from_sec(999900) &&
                until < now + apr_time_from_sec(1001000));
    assert_int_equal(cached_until(&h, now + apr_time_from_sec(1002000)), 0);
    assert_int_equal(past->nelts, 2);
    end(&h);
}

/* What the machines serve: "CURRENT-MODE; EARLIER-MODE by HOSTS", the modes of the policies. */
static const char *rollout_text(const hosting *h)
{
    const mta_sts_rollout_query query = {
        .domain = "a.example", .host = "web1", .now = apr_time_now()};
    apr_pool_t *p = h->test->p;
    mta_sts_rollout *rollout;
    const char *text;
    int i;

    assert_done(mta_sts_rollout_read(h->db, &query, p, &rollout));
    text = rollout->current ? mta_sts_mode_name(rollout->current->policy->mode) : "nothing";
    for (i = 0; i < rollout->earlier->nelts; i++) {
        const mta_sts_rollout_policy *one =
            APR_ARRAY_IDX(rollout->earlier, i, mta_sts_rollout_policy *);

        text =
            apr_pstrcat(p, text, "; ", mta_sts_mode_name(one->policy->mode),
                        one->is_served ? " by " : "", apr_array_pstrcat(p, one->hosts, '+'), NULL);
    }
    return text;
}

static void note_machine(const hosting *h, const char *host, apr_int64_t position)
{
    const mta_sts_source_machine machine = {
        .machine = host, .host = host, .position = position, .served = 1};

    assert_done(mta_sts_source_note_machine(h->db, &machine));
}

/* A machine serves a configured policy in mode testing, or none. */
static void configure(const hosting *h, const char *host, int is_configured)
{
    static const char text[] =
        "version: STSv1\r\nmode: testing\r\nmx: mx.example\r\nmax_age: 86400\r\n";
    const mta_sts_history_served one = {"a.example", "testing-id", text, sizeof(text) - 1};
    const apr_time_t now = apr_time_now();
    const mta_sts_history_machine machine = {host, now, now, now, now};
    apr_array_header_t *changes, *served = apr_array_make(h->test->p, 1, sizeof(one));

    if (is_configured) {
        APR_ARRAY_PUSH(served, mta_sts_history_served) = one;
    }
    assert_done(mta_sts_history_record(h->db, &machine, served, h->test->p, &changes));
}

static void knows_which_machines_serve_which_policy(void **state)
{
    hosting h = begin(state);
    mta_sts_hosted_row row = {"a.example", "enforce", "mx.example", "1000000", NULL, 0};
    apr_int64_t position;

    assert_done(mta_sts_edit_set(h.db, &row));
    row.mode = "none";
    assert_done(mta_sts_edit_set(h.db, &row));
    assert_done(mta_sts_edit_position(h.db, "a.example", &position));
    assert_string_equal(rollout_text(&h), "none; enforce");
    note_machine(&h, "web1", position);
    note_machine(&h, "web2", position - 1);
    assert_string_equal(rollout_text(&h), "none; enforce by web2");
    note_machine(&h, "web1", position - 1);
    assert_string_equal(rollout_text(&h), "enforce"); /* nobody has read the change yet */
    note_machine(&h, "web1", position);
    note_machine(&h, "web2", position);
    assert_string_equal(rollout_text(&h), "none; enforce");
    /* httpd prefers what is configured. */
    configure(&h, "web1", 1);
    assert_string_equal(rollout_text(&h), "testing; none by web2; enforce");
    configure(&h, "web2", 1);
    assert_null(strstr(rollout_text(&h), " by "));
    assert_memory_equal(rollout_text(&h), "testing; ", 9);
    configure(&h, "web1", 0);
    assert_non_null(strstr(rollout_text(&h), "none by web1"));
    configure(&h, "web2", 0);
    assert_memory_equal(rollout_text(&h), "none; ", 6);
    assert_done(mta_sts_edit_delete(h.db, "a.example"));
    assert_done(mta_sts_edit_position(h.db, "a.example", &position));
    assert_memory_equal(rollout_text(&h), "none; ", 6); /* until they have read it */
    note_machine(&h, "web1", position);
    note_machine(&h, "web2", position);
    assert_memory_equal(rollout_text(&h), "nothing; ", 9);
    end(&h);
}

/* The row of an alias has no values of its own. */
static void knows_that_the_policy_of_a_former_alias_may_be_cached(void **state)
{
    hosting h = begin(state);
    apr_time_t now = apr_time_now(), until;
    mta_sts_hosted_row target = {"b.example", "enforce", "mx.example", "1000000", NULL, 0};
    mta_sts_hosted_row row = {"a.example", NULL, NULL, NULL, "b.example", 0};

    assert_done(mta_sts_edit_set(h.db, &target));
    assert_done(mta_sts_edit_set(h.db, &row));
    row = (mta_sts_hosted_row){"a.example", "none", "mx.example", "86400", NULL, 0};
    assert_done(mta_sts_edit_set(h.db, &row));
    until = cached_until(&h, now);
    assert_true(until >= now + apr_time_from_sec(999900) &&
                until < now + apr_time_from_sec(1001000));
    end(&h);
}

static void makes_its_tables_once(void **state)
{
    hosting h = begin(state);

    insert(&h, "a.example", "mx.example");
    assert_done(mta_sts_hosting_tables_make(h.db));
    sync_once(&h);
    assert_served(&h, "a.example", "mx.example");
    end(&h);
}

static void a_database_without_tables_is_explained(void **state)
{
    mta_sts_database *db = database_open(*state);
    const char *problem;

    assert_done(mta_sts_hosting_tables_check(db, &problem));
    assert_non_null(strstr(problem, "mta-sts policy init"));
    assert_done(mta_sts_hosting_tables_make(db));
    assert_done(mta_sts_hosting_tables_check(db, &problem));
    assert_null(problem);
    mta_sts_database_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(replaces_a_damaged_snapshot),
        SQLITE_TEST(a_reader_makes_no_file),
        SQLITE_TEST(a_reader_survives_a_rewritten_file),
        SQLITE_TEST(a_damaged_row_is_an_error_and_no_crash),
        SQLITE_TEST(knows_about_which_names_reports_are_accepted),
        DATABASE_TESTS(machines_are_known_by_their_identity),
        DATABASE_TESTS(lists_domains_page_by_page),
        DATABASE_TESTS(is_peeked_into_by_any_user),
        DATABASE_TESTS(knows_until_when_senders_may_have_cached_a_policy),
        DATABASE_TESTS(knows_which_machines_serve_which_policy),
        DATABASE_TESTS(knows_that_the_policy_of_a_former_alias_may_be_cached),
        DATABASE_TESTS(makes_its_tables_once),
        DATABASE_TESTS(a_database_without_tables_is_explained),
    };

    return RUN_DATABASE_TESTS(tests);
}
