/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "core/base/monotonic.h"
#include "core/base/text.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/spool/known_date.h"

/* In microseconds: a directory that changed this recently may change again without getting a new
 * modification time. */
#define SETTLED apr_time_from_sec(2)

/* The index may use half of the quota, or this many bytes if that is more. */
#define QUOTA_PART 2
#define LEAST ((apr_int64_t)4 << 20)

/* A row of the index and whether its file is still there. */
typedef struct known_row {
    long long id;
    apr_int64_t file;
    const char *digest;
    int is_there;
} known_row;

/* --- one directory --- */

/* A file that cannot be opened gets no row, so that it is tried again, because the reason may be
 * temporary. */
static void add_unopened(tlsrpt_updating *t, const tlsrpt_spool_entry *entry, const char *reason)
{
    mta_sts_findings *findings = t->batch.findings;

    t->has_unopened = 1;
    t->done->unopened++;
    if (findings->list->nelts < MTA_STS_FINDINGS_MAX) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "report-not-opened",
                            apr_pstrdup(findings->pool, entry->digest),
                            "check the owner of the file, and whether httpd may open more files "
                            "(ulimit -n); it will be tried again",
                            "%s", reason);
    }
}

/* What is there but is no file, such as a symbolic link, is a report that cannot be read. */
static int is_gone(const tlsrpt_updating *t, const char *digest)
{
    struct stat info;

    return lstat(tlsrpt_spool_path(t->task->spool, TLSRPT_REPORTS, digest, t->batch.ptemp),
                 &info) != 0 &&
           errno == ENOENT;
}

static const char *add_file(tlsrpt_updating *t, const tlsrpt_spool_entry *entry)
{
    tlsrpt_batch *batch = &t->batch;
    tlsrpt_index_state state = TLSRPT_STATE_UNREADABLE;
    tlsrpt_stored_file stored;
    const char *error,
        *reason = tlsrpt_spool_read(t->task->spool, TLSRPT_REPORTS, entry->digest,
                                    tlsrpt_limits_stored.sent, batch->ptemp, &stored);

    if (reason && is_gone(t, entry->digest)) {
        return NULL; /* removed in the meantime */
    }
    if (reason && stored.is_unopened) {
        add_unopened(t, entry, reason);
        return NULL;
    }
    error = reason ? tlsrpt_row_add_unreadable(batch, entry->digest, entry->file, reason)
                   : tlsrpt_row_add(batch, &stored, entry->file, &state);
    t->done->added++;
    t->done->conflicts += state == TLSRPT_STATE_CONFLICT;
    t->done->unreadable += state == TLSRPT_STATE_UNREADABLE;
    return error;
}

static int push_row(void *baton, const char *const *columns)
{
    apr_array_header_t *rows = baton;
    known_row *row = apr_array_push(rows);

    row->id = (long long)mta_sts_database_number(columns[0]);
    row->digest = mta_sts_database_text(rows->pool, columns[1]);
    row->file = mta_sts_database_number(columns[2]);
    row->is_there = 0;
    return 1;
}

/* Reads the rows of a directory, allocated from the pool of the list, and indexes them by
 * digest. */
static const char *find_rows(tlsrpt_updating *t, int directory, apr_array_header_t *rows,
                             apr_hash_t *by_digest)
{
    const char *first = apr_psprintf(rows->pool, "%02x", (unsigned)directory);
    const char *error;
    int i;

    /* "g" sorts after the last hex digit. */
    error = mta_sts_database_rows(t->batch.db,
                                  "SELECT id, digest, file FROM tlsrpt_report"
                                  " WHERE digest >= %s AND digest < %s AND host = %lld",
                                  push_row, rows, first, apr_pstrcat(rows->pool, first, "g", NULL),
                                  t->batch.host);
    for (i = 0; i < rows->nelts; i++) {
        known_row *row = &APR_ARRAY_IDX(rows, i, known_row);

        apr_hash_set(by_digest, row->digest, APR_HASH_KEY_STRING, row);
    }
    return error;
}

/* Adds the files without a row, or with a row for another inode. */
static const char *add_files(tlsrpt_updating *t, const apr_array_header_t *files,
                             apr_hash_t *by_digest, int *is_whole)
{
    const char *error = NULL;
    int i;

    for (i = 0; i < files->nelts && !error; i++) {
        const tlsrpt_spool_entry *entry = &APR_ARRAY_IDX(files, i, tlsrpt_spool_entry);
        known_row *row = apr_hash_get(by_digest, entry->digest, APR_HASH_KEY_STRING);

        if (row && row->file == entry->file) {
            row->is_there = 1;
            continue;
        }
        if (!row && t->task->is_full) {
            t->has_unopened = 1; /* so the directory will be read again */
            t->done->left_out++;
            continue;
        }
        if (tlsrpt_updating_is_over(t)) {
            *is_whole = 0;
            return NULL;
        }
        if (row) {
            row->is_there = 1;
            error = tlsrpt_row_remove(&t->batch, row->id);
        }
        if (!error) {
            error = add_file(t, entry);
        }
        t->has_progressed = 1;
        apr_pool_clear(t->batch.ptemp);
    }
    return error;
}

static const char *remove_rows(tlsrpt_updating *t, const apr_array_header_t *rows, int *is_whole)
{
    const char *error = NULL;
    int i;

    for (i = 0; i < rows->nelts && !error; i++) {
        const known_row *row = &APR_ARRAY_IDX(rows, i, known_row);

        if (row->is_there) {
            continue;
        }
        if (tlsrpt_updating_is_over(t)) {
            *is_whole = 0;
            return NULL;
        }
        error = tlsrpt_row_remove(&t->batch, row->id);
        t->done->gone++;
        t->has_progressed = 1;
        apr_pool_clear(t->batch.ptemp);
    }
    return error;
}

static const char *store_directory_time(tlsrpt_updating *t, int directory, apr_time_t changed)
{
    return mta_sts_database_run(t->batch.db,
                                "INSERT INTO tlsrpt_directory (host, directory, changed)"
                                " VALUES (%lld, %d, %lld)"
                                " ON CONFLICT (host, directory) DO UPDATE SET"
                                " changed = excluded.changed",
                                t->batch.host, directory, (long long)changed);
}

/* Synchronizes the rows with the files of a directory.
 *
 * @param p         scratch
 * @param is_whole  out: whether the directory is completely in the index
 */
static const char *compare(tlsrpt_updating *t, int directory, apr_pool_t *p, int *is_whole)
{
    apr_array_header_t *rows = apr_array_make(p, 16, sizeof(known_row));
    apr_hash_t *by_digest = apr_hash_make(p);
    const apr_array_header_t *files = tlsrpt_spool_directory_files(t->task->spool, TLSRPT_REPORTS,
                                                                   directory, p, t->batch.findings);
    const char *error;

    if (!files) {
        t->is_broken = 1; /* a finding was added; the next call tries again */
        return NULL;
    }
    error = find_rows(t, directory, rows, by_digest);
    if (!error) {
        error = add_files(t, files, by_digest, is_whole);
    }
    if (!error && *is_whole) {
        error = remove_rows(t, rows, is_whole);
    }
    return error;
}

/* A time in the far future was set before the clock was set back. */
static int is_recent(apr_time_t changed)
{
    return llabs((long long)(apr_time_now() - changed)) < SETTLED;
}

static const char *update_directory(tlsrpt_updating *t, int directory, apr_time_t changed,
                                    int *is_whole)
{
    const char *error;
    apr_pool_t *p;

    *is_whole = 1;
    t->has_unopened = 0;
    apr_pool_create(&p, t->batch.p);
    error = compare(t, directory, p, is_whole);
    apr_pool_destroy(p);
    if (error || t->is_broken || !*is_whole) {
        return error;
    }
    t->has_progressed = 1;
    return t->has_unopened || is_recent(changed) ? NULL
                                                 : store_directory_time(t, directory, changed);
}

/* --- the directories in turn --- */

static int take_directory(void *baton, const char *const *columns)
{
    tlsrpt_updating *t = baton;
    apr_int64_t directory = mta_sts_database_number(columns[0]);

    if (directory >= 0 && directory < TLSRPT_SPOOL_DIRECTORIES) {
        t->known[directory] = mta_sts_database_number(columns[1]);
    }
    return 1;
}

/* Whether a directory must be read. Its modification time must be read before its contents. */
static int has_changed(tlsrpt_updating *t, int directory, apr_time_t *changed)
{
    return tlsrpt_spool_directory_changed(t->task->spool, TLSRPT_REPORTS, directory, changed) !=
               APR_SUCCESS ||
           *changed != t->known[directory];
}

/* Must be called when all directories have been visited. */
static void end_round(tlsrpt_updating *t)
{
    t->done->directories = t->task->directory;
    t->task->directory = 0;
}

/* Continues where the last call stopped, until all directories have been visited or the time budget
 * is used up. */
static const char *update_directories(tlsrpt_updating *t)
{
    int *directory = &t->task->directory, is_whole = 1;
    const char *error = NULL;
    apr_time_t changed;

    for (; *directory < TLSRPT_SPOOL_DIRECTORIES && !error; *directory += 1) {
        if (!has_changed(t, *directory, &changed)) {
            continue;
        }
        if (tlsrpt_updating_is_over(t)) {
            is_whole = 0;
        }
        else {
            error = update_directory(t, *directory, changed, &is_whole);
        }
        if (!is_whole) {
            t->done->directories = *directory;
            t->done->more = 1;
            return error;
        }
        if (t->is_broken) {
            break; /* the other directories would fail in the same way */
        }
    }
    end_round(t);
    return error;
}

/* Reads when the last report of this machine was received; 0 if that is not known. */
static const char *find_last_receipt(tlsrpt_updating *t, apr_time_t *received)
{
    return mta_sts_database_rows(t->batch.db,
                                 "SELECT received FROM tlsrpt_report WHERE received > %lld"
                                 " AND host = %lld ORDER BY received DESC LIMIT 1",
                                 mta_sts_database_take_number, received, (long long)TLSRPT_EARLIEST,
                                 t->batch.host);
}

/* Checks the clock. If no date was noted, for example because an earlier version was running, the
 * date of the last receipt is used instead. */
static const char *check_clock(tlsrpt_updating *t)
{
    tlsrpt_clock *clock = t->task->clock;
    const char *error = NULL;
    apr_time_t known = 0;

    if (clock) {
        known = clock->offset ? 0 : tlsrpt_spool_known_date(t->task->spool);
        error = clock->offset || known ? NULL : find_last_receipt(t, &known);
    }
    if (clock && !error) {
        t->trust = tlsrpt_clock_check(clock, apr_time_now(), mta_sts_monotonic_now(), known);
    }
    t->batch.trusts_date = t->trust == TLSRPT_CLOCK_TRUSTED;
    return error;
}

/* Notes the date once a minute, which is precise enough. */
static void note_date(const tlsrpt_index_task *task)
{
    apr_time_t now = apr_time_now();

    if (task->clock &&
        llabs((long long)(now - tlsrpt_spool_known_date(task->spool))) > apr_time_from_sec(60)) {
        tlsrpt_spool_note_date(task->spool, now);
    }
}

int tlsrpt_index_is_full(const tlsrpt_spool *spool, apr_int64_t bytes, apr_int64_t quota)
{
    apr_int64_t budget = quota / QUOTA_PART > LEAST ? quota / QUOTA_PART : LEAST;

    return bytes && (bytes > budget || tlsrpt_spool_room(spool) == 0);
}

static const char *update(tlsrpt_updating *t)
{
    const char *error = check_clock(t);

    if (!error) {
        error = tlsrpt_undated_correct(t);
    }
    if (!error) {
        error = tlsrpt_expire(t);
    }
    if (!error) {
        error = mta_sts_database_rows(
            t->batch.db, "SELECT directory, changed FROM tlsrpt_directory WHERE host = %lld",
            take_directory, t, t->batch.host);
    }
    if (!error) {
        error = update_directories(t);
    }
    return error;
}

const char *tlsrpt_index_update(mta_sts_database *db, tlsrpt_index_task *task, apr_pool_t *p,
                                mta_sts_findings *findings, tlsrpt_index_done *done)
{
    tlsrpt_updating *t = apr_pcalloc(p, sizeof(*t));
    int directory = task->directory;
    const char *error;

    memset(done, 0, sizeof(*done));
    t->task = task;
    t->done = done;
    t->deadline = mta_sts_monotonic_now() + task->budget;
    error = tlsrpt_batch_begin(&t->batch, db, task->host, p, findings);
    if (error) {
        return error;
    }
    error = tlsrpt_batch_end(&t->batch, update(t));
    if (error) {
        task->directory = directory; /* the work on later directories was rolled back */
        return error;
    }
    task->removed += done->gone + done->expired;
    if (t->trust != TLSRPT_CLOCK_TRUSTED) {
        return NULL;
    }
    note_date(task);
    return done->more ? NULL : tlsrpt_expire_daily(db, task);
}
