/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/history.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/database/machine.h"
#include "core/policy/text.h"

/* How long a text stays in the history after the last cached copy has expired, in microseconds. */
#define REMEMBERED apr_time_from_sec(APR_INT64_C(400) * 86400)

#define READ_OPEN "SELECT domain, id FROM mta_sts_history WHERE host = %s AND last_served IS NULL"
#define READ_NOTED "SELECT noted FROM mta_sts_history_host WHERE host = %s"
#define CLOSE                                                                                      \
    "UPDATE mta_sts_history SET last_served = %lld "                                               \
    "WHERE host = %s AND domain = %s AND last_served IS NULL"
#define OPEN                                                                                       \
    "INSERT INTO mta_sts_history (host, domain, id, text, max_age, first_served) "                 \
    "VALUES (%s, %s, %s, %s, %lld, %lld)"
#define NOTE_AGAIN "UPDATE mta_sts_history_host SET noted = %lld WHERE host = %s"
#define NOTE_FIRST "INSERT INTO mta_sts_history_host (host, noted) VALUES (%s, %lld)"
#define CORRECT                                                                                    \
    "UPDATE mta_sts_history SET first_served = %lld "                                              \
    "WHERE host = %s AND last_served IS NULL AND first_served = %lld"
#define FORGET "DELETE FROM mta_sts_history WHERE last_served + max_age * 1000000 < %lld"
#define COUNT_OLD                                                                                  \
    "SELECT count(*) FROM (SELECT 1 FROM mta_sts_history"                                          \
    " WHERE last_served + max_age * 1000000 < %lld LIMIT 1) old"
/* Of machines that are gone: they have ended nothing. Those whose clock is behind are not. */
#define FORGET_GONE                                                                                \
    "DELETE FROM mta_sts_history WHERE last_served IS NULL AND EXISTS"                             \
    " (SELECT 1 FROM mta_sts_history_host n WHERE n.host = mta_sts_history.host"                   \
    " AND n.noted + mta_sts_history.max_age * 1000000 < %lld) AND NOT EXISTS"                      \
    " (SELECT 1 FROM mta_sts_machine m WHERE m.host = mta_sts_history.host"                        \
    " AND m.confirmed >= %lld)"
#define READ_DOMAIN                                                                                \
    "SELECT h.host, h.domain, h.id, h.text, h.max_age, h.first_served, "                           \
    "COALESCE(h.last_served, n.noted), CASE WHEN h.last_served IS NULL THEN 1 ELSE 0 END "         \
    "FROM mta_sts_history h LEFT JOIN mta_sts_history_host n ON n.host = h.host "                  \
    "WHERE h.domain = %s ORDER BY 8 DESC, 7 DESC, 6 DESC, 1"

/* State shared by the steps of recording. */
typedef struct note {
    mta_sts_database *db;
    const mta_sts_history_machine *machine;
    apr_pool_t *p;
    apr_hash_t *open; /* domain -> id: policies that were served before and have not been found
                         among the current ones so far */
    apr_time_t noted; /* when the machine was last seen; 0: never */
    apr_array_header_t *changes;
} note;

static long long number(apr_time_t time)
{
    return (long long)time;
}

static int take_open(void *baton, const char *const *columns)
{
    note *n = baton;

    apr_hash_set(n->open, mta_sts_database_text(n->p, columns[0]), APR_HASH_KEY_STRING,
                 mta_sts_database_text(n->p, columns[1]));
    return 1;
}

static int take_noted(void *baton, const char *const *columns)
{
    ((note *)baton)->noted = mta_sts_database_number(columns[0]);
    return 0;
}

static const char *read_before(note *n)
{
    const char *error = mta_sts_database_rows(n->db, READ_NOTED, take_noted, n, n->machine->host);

    return error ? error : mta_sts_database_rows(n->db, READ_OPEN, take_open, n, n->machine->host);
}

/* The end of a text that is no longer served. A server that has been running since the last
 * confirmation served it until the current policies took effect; if the server was restarted in the
 * meantime, the end is unknown, and the latest possible time is used. The end is never before the
 * last confirmation: an earlier start means that the clock was set back, or is not set yet. */
static long long end_of_before(const note *n)
{
    apr_time_t started = n->machine->started;
    apr_time_t last = n->noted + MTA_STS_HISTORY_INTERVAL;

    if (started + MTA_STS_HISTORY_INTERVAL < n->noted) {
        return number(last);
    }
    return number(n->noted >= n->machine->running || last > started ? started : last);
}

static const char *end(note *n, const char *domain)
{
    return mta_sts_database_run(n->db, CLOSE, end_of_before(n), n->machine->host, domain);
}

static long long max_age_of(const mta_sts_history_served *served, apr_pool_t *p)
{
    return (long long)mta_sts_policy_text_read(p, served->text, served->len,
                                               mta_sts_findings_make(p))
        ->max_age;
}

static const char *begin(note *n, const mta_sts_history_served *served, apr_pool_t *scratch)
{
    return mta_sts_database_run(n->db, OPEN, n->machine->host, served->domain, served->id,
                                served->text, max_age_of(served, scratch),
                                number(n->machine->started));
}

static const char *note_one(note *n, const mta_sts_history_served *served, apr_pool_t *scratch)
{
    const char *before = apr_hash_get(n->open, served->domain, APR_HASH_KEY_STRING);
    const char *error = NULL;

    apr_hash_set(n->open, served->domain, APR_HASH_KEY_STRING, NULL);
    if (before && strcmp(before, served->id) == 0) {
        return NULL;
    }
    if (before) {
        const mta_sts_history_change change = {apr_pstrdup(n->p, served->domain), before,
                                               apr_pstrdup(n->p, served->id)};

        APR_ARRAY_PUSH(n->changes, mta_sts_history_change) = change;
        error = end(n, served->domain);
    }
    return error ? error : begin(n, served, scratch);
}

static const char *note_each(note *n, const apr_array_header_t *served)
{
    const char *error = NULL;
    apr_pool_t *scratch;
    int i;

    apr_pool_create(&scratch, n->p);
    for (i = 0; !error && i < served->nelts; i++) {
        error = note_one(n, &APR_ARRAY_IDX(served, i, mta_sts_history_served), scratch);
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    return error;
}

static const char *end_the_others(note *n)
{
    const char *error = NULL;
    apr_hash_index_t *h;

    for (h = apr_hash_first(n->p, n->open); h && !error; h = apr_hash_next(h)) {
        error = end(n, apr_hash_this_key(h));
    }
    return error;
}

static const char *note_host(note *n)
{
    long long now = number(n->machine->now);

    return n->noted ? mta_sts_database_run(n->db, NOTE_AGAIN, now, n->machine->host)
                    : mta_sts_database_run(n->db, NOTE_FIRST, n->machine->host, now);
}

static const char *note_all(note *n, const apr_array_header_t *served)
{
    const char *error = read_before(n);

    error = error ? error : note_each(n, served);
    error = error ? error : end_the_others(n);
    error = error ? error : note_host(n);
    return error ? error : mta_sts_machine_confirm(n->db);
}

static int compare_changes(const void *one, const void *other)
{
    return strcmp(((const mta_sts_history_change *)one)->domain,
                  ((const mta_sts_history_change *)other)->domain);
}

const char *mta_sts_history_record(mta_sts_database *db, const mta_sts_history_machine *machine,
                                   const apr_array_header_t *served, apr_pool_t *p,
                                   apr_array_header_t **changes)
{
    note n = {
        db, machine, p, apr_hash_make(p), 0, apr_array_make(p, 4, sizeof(mta_sts_history_change))};
    const char *error = mta_sts_database_begin(db);

    *changes = n.changes;
    if (error) {
        return error;
    }
    error = note_all(&n, served);
    error = error ? error : mta_sts_database_commit(db);
    if (error) {
        apr_array_clear(n.changes);
        error = apr_pstrdup(p, error);
        mta_sts_database_rollback(db);
    }
    qsort(n.changes->elts, (size_t)n.changes->nelts, sizeof(mta_sts_history_change),
          compare_changes);
    return error;
}

/* Corrects what was recorded before the clock was set. */
static const char *correct(mta_sts_database *db, const mta_sts_history_machine *machine)
{
    return machine->started == machine->stamped
               ? NULL
               : mta_sts_database_run(db, CORRECT, number(machine->started), machine->host,
                                      number(machine->stamped));
}

const char *mta_sts_history_confirm(mta_sts_database *db, const mta_sts_history_machine *machine)
{
    const char *error = mta_sts_database_begin(db);

    error =
        error ? error : mta_sts_database_run(db, NOTE_AGAIN, number(machine->now), machine->host);
    error = error ? error : correct(db, machine);
    error = error ? error : mta_sts_machine_confirm(db);
    error = error ? error : mta_sts_database_commit(db);
    mta_sts_database_rollback(db);
    return error;
}

/* --- expiry --- */

static const char *forget(mta_sts_database *db, long long before)
{
    const char *error = mta_sts_database_begin(db);

    error = error ? error : mta_sts_database_run(db, FORGET, before);
    error = error ? error : mta_sts_database_run(db, FORGET_GONE, before, before);
    error = error ? error : mta_sts_database_commit(db);
    mta_sts_database_rollback(db);
    return error;
}

const char *mta_sts_history_expire(mta_sts_database *db, apr_time_t now, int is_date_trusted,
                                   int *is_waiting)
{
    const char *error = mta_sts_machine_earlier(db, &now);
    const long long before = number(now - REMEMBERED);
    apr_int64_t count = 0;

    if (!error && is_date_trusted) {
        error = forget(db, before);
    }
    else if (!error) {
        error = mta_sts_database_rows(db, COUNT_OLD, mta_sts_database_take_number, &count, before);
    }
    *is_waiting = count > 0;
    return error;
}

/* --- reading --- */

/* The baton that receives rows. */
typedef struct reader {
    apr_pool_t *p;
    apr_array_header_t *list;
} reader;

static int take_entry(void *baton, const char *const *columns)
{
    reader *v = baton;
    mta_sts_history_entry *entry = apr_array_push(v->list);

    entry->host = mta_sts_database_text(v->p, columns[0]);
    entry->domain = mta_sts_database_text(v->p, columns[1]);
    entry->id = mta_sts_database_text(v->p, columns[2]);
    entry->text = mta_sts_database_text(v->p, columns[3]);
    entry->max_age = mta_sts_database_number(columns[4]);
    entry->first = mta_sts_database_number(columns[5]);
    entry->last = mta_sts_database_number(columns[6]);
    entry->is_served = mta_sts_database_number(columns[7]) != 0;
    return 1;
}

const char *mta_sts_history_read(mta_sts_database *db, const char *domain, apr_pool_t *p,
                                 apr_array_header_t **entries)
{
    reader v = {p, apr_array_make(p, 4, sizeof(mta_sts_history_entry))};

    *entries = v.list;
    return mta_sts_database_rows(db, READ_DOMAIN, take_entry, &v, domain);
}
