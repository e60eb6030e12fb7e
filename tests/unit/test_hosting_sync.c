/* SPDX-License-Identifier: Apache-2.0 */
#include "hosting_fixture.h"

#include "core/hosting/edit.h"

/* --- all rows --- */

static void compares_all_rows_in_pages(void **state)
{
    hosting h = begin(state);

    insert_many(&h, 0, 12000);
    sync_once(&h);
    assert_true(h.sync.is_full);
    assert_int_equal(h.sync.state.served, 12000);
    assert_served(&h, "d11999.example", "mx.example");
    h.sync.now += 61 * MINUTE;
    sync_once(&h);
    assert_true(h.sync.is_full);
    assert_false(h.sync.has_changed);
    end(&h);
}

/* What bypasses the triggers, as a restore does, is found within the hour. */
static void finds_changes_that_bypassed_the_triggers(void **state)
{
    hosting h = begin(state);

    insert_many(&h, 0, 6000);
    sync_once(&h);
    insert(&h, "e.example", "mx.example");
    sql(&h, "DELETE FROM mta_sts_policy WHERE domain BETWEEN 'd05000' AND 'd05500'");
    sql(&h, "UPDATE mta_sts_policy SET mx = 'new.example' WHERE domain = 'd00001.example'");
    sql(&h, "DELETE FROM mta_sts_policy_change");
    sync_once(&h);
    h.sync.now += 59 * MINUTE;
    sync_once(&h);
    assert_int_equal(h.sync.state.served, 6000);
    h.sync.now += 2 * MINUTE;
    sync_once(&h);
    assert_int_equal(h.sync.state.served, 6001 - 500);
    assert_served(&h, "d00001.example", "new.example");
    assert_served(&h, "e.example", "mx.example");
    assert_null(lookup(&h, "d05000.example"));
    end(&h);
}

static void reads_all_rows_if_changes_were_pruned(void **state)
{
    hosting h = begin(state);

    insert(&h, "a.example", "mx.example");
    sync_once(&h);
    insert(&h, "b.example", "mx.example");
    sql(&h, "UPDATE mta_sts_policy_change SET noted = noted - 100000");
    assert_done(mta_sts_source_prune(h.db));
    sync_once(&h);
    assert_true(h.sync.is_full);
    assert_served(&h, "b.example", "mx.example");
    end(&h);
}

static void reads_all_rows_of_another_database(void **state)
{
    hosting h = begin(state);

    insert(&h, "a.example", "mx.example");
    sync_once(&h);
    sql(&h, "DELETE FROM mta_sts_policy_change");
    sql(&h, "UPDATE mta_sts_policy_source SET id = 'restored'");
    sync_once(&h);
    assert_true(h.sync.is_full);
    end(&h);
}

static void truncate_is_noticed(void **state)
{
    hosting h = begin(state);

    insert(&h, "a.example", "mx.example");
    insert(&h, "b.example", "mx.example");
    sync_once(&h);
    sql(&h, "TRUNCATE mta_sts_policy");
    insert(&h, "b.example", "new.example");
    sync_once(&h);
    assert_null(lookup(&h, "a.example"));
    assert_served(&h, "b.example", "new.example");
    end(&h);
}

/* --- transactions that commit late --- */

/* By a serial number, the row would be lost: the later change has the larger number. */
static void a_row_that_commits_late_arrives(void **state)
{
    hosting h = begin(state);
    mta_sts_database *other = database_open(h.test);

    assert_done(mta_sts_database_begin(other));
    assert_done(mta_sts_database_run(
        other, "INSERT INTO mta_sts_policy (domain, mx) VALUES (%s, 'mx.example')", "a.example"));
    insert(&h, "b.example", "mx.example");
    sync_once(&h);
    insert(&h, "c.example", "mx.example");
    sync_once(&h);
    assert_null(lookup(&h, "a.example"));
    assert_served(&h, "c.example", "mx.example");
    assert_done(mta_sts_database_commit(other));
    sync_once(&h);
    assert_served(&h, "a.example", "mx.example");
    assert_false(h.sync.is_full);
    mta_sts_database_close(other);
    end(&h);
}

/* --- many deletions at once --- */

static void holds_back_most_deletions_until_they_are_confirmed(void **state)
{
    hosting h = begin(state);

    insert_many(&h, 0, 20);
    sync_once(&h);
    sql(&h, "DELETE FROM mta_sts_policy WHERE domain < 'd00011'");
    insert(&h, "e.example", "mx.example");
    sync_once(&h);
    assert_int_equal(h.sync.state.held, 11);
    assert_true(h.sync.has_changed);
    assert_served(&h, "d00001.example", "mx.example");
    assert_served(&h, "e.example", "mx.example");
    sync_once(&h);
    assert_false(h.sync.has_changed);
    h.sync.now += 2 * MINUTE;
    sync_once(&h);
    assert_int_equal(h.sync.state.held, 11);
    assert_done(mta_sts_source_confirm(h.db));
    sync_once(&h);
    assert_true(h.sync.has_changed);
    assert_int_equal(h.sync.state.held, 0);
    assert_null(lookup(&h, "d00001.example"));
    assert_served(&h, "d00012.example", "m2.example");
    assert_int_equal(h.sync.state.served, 10);
    end(&h);
}

static void serves_on_when_a_failed_restore_is_repaired(void **state)
{
    hosting h = begin(state);

    insert_many(&h, 0, 20);
    sync_once(&h);
    sql(&h, "DELETE FROM mta_sts_policy");
    sync_once(&h);
    assert_int_equal(h.sync.state.held, 20);
    insert_many(&h, 0, 20);
    h.sync.now += 2 * MINUTE;
    sync_once(&h);
    assert_int_equal(h.sync.state.held, 0);
    assert_int_equal(h.sync.state.served, 20);
    end(&h);
}

static void a_few_domains_can_all_be_deleted(void **state)
{
    hosting h = begin(state);

    insert_many(&h, 0, 9);
    sync_once(&h);
    sql(&h, "DELETE FROM mta_sts_policy");
    sync_once(&h);
    assert_int_equal(h.sync.state.served, 0);
    end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(compares_all_rows_in_pages),
        DATABASE_TESTS(finds_changes_that_bypassed_the_triggers),
        DATABASE_TESTS(reads_all_rows_if_changes_were_pruned),
        DATABASE_TESTS(reads_all_rows_of_another_database),
        PGSQL_TEST(truncate_is_noticed),
        PGSQL_TEST(a_row_that_commits_late_arrives),
        DATABASE_TESTS(holds_back_most_deletions_until_they_are_confirmed),
        DATABASE_TESTS(serves_on_when_a_failed_restore_is_repaired),
        DATABASE_TESTS(a_few_domains_can_all_be_deleted),
    };

    return RUN_DATABASE_TESTS(tests);
}
