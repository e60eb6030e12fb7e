/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_HOSTING_FIXTURE_H
#define TESTS_UNIT_HOSTING_FIXTURE_H

#include "database_fixture.h"

#include "core/hosting/sync.h"
#include "core/hosting/tables.h"
#include "core/hosting/lookup.h"

#define T0 apr_time_from_sec(1800000000)
#define MINUTE apr_time_from_sec(60)

/* --- a database with hosted domains, and a snapshot --- */

typedef struct hosting {
    database_test *test;
    mta_sts_database *db;
    mta_sts_snapshot *snapshot;
    const char *file;
    mta_sts_sync sync;
} hosting;

static inline hosting begin(void **state)
{
    hosting h = {.test = *state, .sync = {.now = T0}};

    h.db = database_open(h.test);
    h.file = apr_pstrcat(h.test->p, h.test->directory, "/" MTA_STS_SNAPSHOT_FILE, NULL);
    assert_done(mta_sts_hosting_tables_make(h.db));
    assert_done(mta_sts_snapshot_open(h.test->p, h.file, &h.snapshot));
    return h;
}

static inline void end(hosting *h)
{
    mta_sts_snapshot_close(h->snapshot);
    mta_sts_database_close(h->db);
}

static inline void sql(hosting *h, const char *statement)
{
    const char *const statements[] = {statement, NULL};

    assert_done(mta_sts_database_run_all(h->db, statements));
}

static inline void insert(hosting *h, const char *domain, const char *mx)
{
    assert_done(mta_sts_database_run(
        h->db, "INSERT INTO mta_sts_policy (domain, mx) VALUES (%s, %s)", domain, mx));
}

static inline void insert_many(hosting *h, int from, int to)
{
    int i;

    assert_done(mta_sts_database_begin(h->db));
    for (i = from; i < to; i++) {
        insert(h, apr_psprintf(h->test->p, "d%05d.example", i),
               i % 2 ? "mx.example" : "m2.example");
    }
    assert_done(mta_sts_database_commit(h->db));
}

static inline void sync_once(hosting *h)
{
    assert_done(mta_sts_sync_run(h->db, h->snapshot, &h->sync, h->test->p));
}

/* The result of a lookup, as in a child process of httpd. */
static inline const char *lookup(hosting *h, const char *domain)
{
    mta_sts_lookup_policy policy;
    mta_sts_lookup *reader;
    const char *error;

    assert_done(mta_sts_lookup_open(h->test->p, h->file, &reader));
    mta_sts_lookup_find(reader, domain, h->test->p, &policy, &error);
    mta_sts_lookup_close(reader);
    return error ? error : policy.text;
}

static inline void assert_served(hosting *h, const char *domain, const char *mx)
{
    const char *text = lookup(h, domain);

    assert_non_null(text);
    assert_string_equal(text, apr_pstrcat(h->test->p, "version: STSv1\r\nmode: testing\r\nmx: ", mx,
                                          "\r\nmax_age: 604800\r\n", NULL));
}

static inline apr_array_header_t *wrong_rows(hosting *h)
{
    apr_array_header_t *wrong;

    assert_done(mta_sts_snapshot_list_wrong(h->snapshot, "", 100, h->test->p, &wrong));
    return wrong;
}

#endif
