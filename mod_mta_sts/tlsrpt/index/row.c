/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"
#include "tlsrpt/report/read.h"

/* 128 bits are enough to distinguish identities, and are stored twice for each report. */
#define IDENTITY_LENGTH 32

/* Bytes of the report id that are stored: reporters choose its length. */
#define REPORT_ID_MAX 200

/* The columns of tlsrpt_report that decide which report counts. */
typedef struct row {
    long long id, verified, received, state;
    const char *digest, *identity; /* in p */
    apr_pool_t *p;
} row;

#define ROW_COLUMNS "SELECT id, verified, received, state, digest, identity FROM tlsrpt_report"

static int take_row(void *baton, const char *const *columns)
{
    row *found = baton;

    found->id = (long long)mta_sts_database_number(columns[0]);
    found->verified = (long long)mta_sts_database_number(columns[1]);
    found->received = (long long)mta_sts_database_number(columns[2]);
    found->state = (long long)mta_sts_database_number(columns[3]);
    found->digest = apr_pstrdup(found->p, columns[4]);
    found->identity = apr_pstrdup(found->p, columns[5]);
    return 0;
}

/* The report of an identity that counts, or should count. found->id: 0 if there is none. */
static const char *find_best(tlsrpt_batch *batch, const char *identity, row *found)
{
    memset(found, 0, sizeof(*found));
    found->p = batch->ptemp;
    return mta_sts_database_rows(batch->db,
                                 ROW_COLUMNS " WHERE identity = %s"
                                             " ORDER BY verified DESC, received, id LIMIT 1",
                                 take_row, found, identity);
}

/* Another row for the same bytes, from the spool of another host. */
static const char *find_twin(tlsrpt_batch *batch, const char *digest, long long id, int state,
                             row *found)
{
    memset(found, 0, sizeof(*found));
    found->p = batch->ptemp;
    return mta_sts_database_rows(
        batch->db, ROW_COLUMNS " WHERE digest = %s AND id <> %lld AND state = %d LIMIT 1", take_row,
        found, digest, id, state);
}

static int is_better(const row *a, const row *b)
{
    return a->verified != b->verified ? a->verified > b->verified : a->received < b->received;
}

static const char *set_state(tlsrpt_batch *batch, long long id, tlsrpt_index_state state)
{
    return mta_sts_database_run(batch->db, "UPDATE tlsrpt_report SET state = %d WHERE id = %lld",
                                (int)state, id);
}

static const char *count(tlsrpt_batch *batch, long long id, int is_more)
{
    tlsrpt_facts facts;
    const char *error = tlsrpt_facts_load(batch, id, &facts);

    if (!error) {
        (is_more ? tlsrpt_delta_add : tlsrpt_delta_subtract)(batch, &facts);
    }
    return error;
}

/* --- adding --- */

static const char *insert_report(tlsrpt_batch *batch, const row *added, apr_int64_t file,
                                 const char *channel, const char *report_id,
                                 const tlsrpt_facts *facts)
{
    long long channel_id;
    const char *error = tlsrpt_string_number(batch, TLSRPT_STRING, channel, &channel_id);

    return error ? error
                 : mta_sts_database_run(
                       batch->db,
                       "INSERT INTO tlsrpt_report (id, host, digest, file, received, channel,"
                       " verified, state, identity, organization, report_id, range_begin,"
                       " range_end) VALUES (%lld, %lld, %s, %lld, %lld, %lld, %lld, %lld, %s,"
                       " %lld, %s, %lld, %lld)",
                       added->id, batch->host, added->digest, (long long)file, added->received,
                       channel_id, added->verified, added->state, added->identity,
                       facts->organization, report_id, (long long)facts->begin,
                       (long long)facts->end);
}

/* The state of a new row that does not count: the same bytes may be in the index already. */
static const char *set_further_state(tlsrpt_batch *batch, row *added, const row *best)
{
    row twin;
    const char *error;

    added->state = TLSRPT_STATE_DUPLICATE;
    if (strcmp(best->digest, added->digest) == 0) {
        return NULL;
    }
    error = find_twin(batch, added->digest, added->id, TLSRPT_STATE_CONFLICT, &twin);
    if (!error && !twin.id) {
        added->state = TLSRPT_STATE_CONFLICT;
    }
    return error;
}

/* The report that has counted no longer does, because a better one was added. */
static const char *demote(tlsrpt_batch *batch, const row *added, const row *best)
{
    int is_same = strcmp(best->digest, added->digest) == 0;
    const char *error = count(batch, best->id, 0);
    row twin;

    if (!error) {
        error =
            set_state(batch, best->id, is_same ? TLSRPT_STATE_DUPLICATE : TLSRPT_STATE_CONFLICT);
    }
    if (!error && !is_same) {
        /* The new row now represents its bytes. */
        error = find_twin(batch, added->digest, added->id, TLSRPT_STATE_CONFLICT, &twin);
        if (!error && twin.id) {
            error = set_state(batch, twin.id, TLSRPT_STATE_DUPLICATE);
        }
    }
    return error;
}

/* Decides how a new row is counted. */
static const char *set_new_state(tlsrpt_batch *batch, row *added, int *is_conflict)
{
    row best;
    const char *error = find_best(batch, added->identity, &best);

    added->state = TLSRPT_STATE_COUNTS;
    *is_conflict = 0;
    if (error || !best.id) {
        return error;
    }
    *is_conflict = strcmp(best.digest, added->digest) != 0;
    return is_better(added, &best) ? demote(batch, added, &best)
                                   : set_further_state(batch, added, &best);
}

static void add_conflict(tlsrpt_batch *batch, const tlsrpt_report *report,
                         const tlsrpt_stored_file *stored)
{
    apr_pool_t *p = batch->findings->pool;

    if (batch->findings->list->nelts >= MTA_STS_FINDINGS_MAX) {
        return;
    }
    mta_sts_finding_add(
        batch->findings, MTA_STS_WARNING, "report-conflict", apr_pstrdup(p, stored->digest),
        "compare both files: one of them may be forged. The first verified report counts, or else "
        "the first",
        "report %s of %s differs from a stored report with the same id",
        mta_sts_text_quote(p, report->id, strlen(report->id)),
        mta_sts_text_quote(p, report->organization, strlen(report->organization)));
}

/*
 * When a report was received, if its time stamp can be true: a machine whose clock is not set yet
 * stamps with 1970, and such a report would expire as soon as the clock is right. Until then it has
 * the earliest date, by which undated.c recognizes it.
 */
static apr_time_t received_of(const tlsrpt_batch *batch, apr_time_t stamp)
{
    if (batch->trusts_date && !tlsrpt_is_possible_receipt(stamp)) {
        stamp = apr_time_now();
    }
    return stamp > TLSRPT_EARLIEST ? stamp : TLSRPT_EARLIEST;
}

static const char *add_read(tlsrpt_batch *batch, const tlsrpt_stored_file *stored, apr_int64_t file,
                            const tlsrpt_report *report, tlsrpt_index_state *state)
{
    row added = {.id = batch->next_report++, .digest = stored->digest};
    apr_pool_t *p = batch->ptemp;
    int is_conflict = 0;
    tlsrpt_facts facts;
    const char *error;

    added.verified = stored->receipt.verified != NULL;
    added.received = (long long)received_of(batch, stored->receipt.received);
    added.identity = apr_pstrmemdup(p, tlsrpt_report_identity(p, report), IDENTITY_LENGTH);
    error = tlsrpt_facts_of(batch, report, (int)added.verified, stored->len, &facts);
    if (!error) {
        error = set_new_state(batch, &added, &is_conflict);
    }
    if (!error) {
        error = insert_report(batch, &added, file, stored->receipt.channel,
                              tlsrpt_string_shorten(p, report->id, REPORT_ID_MAX), &facts);
    }
    if (!error) {
        error = tlsrpt_facts_store(batch, added.id, added.received, &facts);
    }
    if (!error && added.state == TLSRPT_STATE_COUNTS) {
        tlsrpt_delta_add(batch, &facts);
    }
    if (!error && is_conflict) {
        add_conflict(batch, report, stored);
    }
    *state = is_conflict ? TLSRPT_STATE_CONFLICT : (tlsrpt_index_state)added.state;
    return error;
}

const char *tlsrpt_row_add_unreadable(tlsrpt_batch *batch, const char *digest, apr_int64_t file,
                                      const char *reason)
{
    const row added = {.id = batch->next_report++,
                       .digest = digest,
                       .identity = "",
                       .received = (long long)received_of(batch, apr_time_now()),
                       .state = TLSRPT_STATE_UNREADABLE};
    static const tlsrpt_facts nothing = {0};

    if (batch->findings->list->nelts < MTA_STS_FINDINGS_MAX) {
        mta_sts_finding_add(batch->findings, MTA_STS_WARNING, "report-unreadable",
                            apr_pstrdup(batch->findings->pool, digest),
                            "check the file: the disk may have damaged it", "%s", reason);
    }
    return insert_report(batch, &added, file, "-", "", &nothing);
}

const char *tlsrpt_row_add(tlsrpt_batch *batch, const tlsrpt_stored_file *stored, apr_int64_t file,
                           tlsrpt_index_state *state)
{
    const tlsrpt_reading *reading =
        tlsrpt_report_read(batch->ptemp, stored->bytes, stored->len, &tlsrpt_limits_stored);
    const char *reason = reading->reason;

    if (!reason && strcmp(reading->digest, stored->digest) != 0) {
        reason = "its content does not match the digest in its name";
    }
    if (reason) {
        *state = TLSRPT_STATE_UNREADABLE;
        return tlsrpt_row_add_unreadable(batch, stored->digest, file, reason);
    }
    return add_read(batch, stored, file, reading->report, state);
}

/* --- removing --- */

static const char *find_row(tlsrpt_batch *batch, long long id, row *found)
{
    memset(found, 0, sizeof(*found));
    found->p = batch->ptemp;
    return mta_sts_database_rows(batch->db, ROW_COLUMNS " WHERE id = %lld", take_row, found, id);
}

static const char *delete_rows(tlsrpt_batch *batch, long long id)
{
    const char *error =
        mta_sts_database_run(batch->db, "DELETE FROM tlsrpt_failure WHERE report = %lld", id);

    if (!error) {
        error =
            mta_sts_database_run(batch->db, "DELETE FROM tlsrpt_policy WHERE report = %lld", id);
    }
    return error ? error
                 : mta_sts_database_run(batch->db, "DELETE FROM tlsrpt_report WHERE id = %lld", id);
}

/* Another row for the bytes that a removed row represented. */
static const char *promote_twin(tlsrpt_batch *batch, const row *removed)
{
    row twin;
    const char *error =
        find_twin(batch, removed->digest, removed->id, TLSRPT_STATE_DUPLICATE, &twin);

    return error || !twin.id ? error : set_state(batch, twin.id, TLSRPT_STATE_CONFLICT);
}

/* Makes the best of the remaining reports count. */
static const char *promote(tlsrpt_batch *batch, const row *removed)
{
    row best, twin;
    const char *error = find_best(batch, removed->identity, &best);

    if (error || !best.id) {
        return error;
    }
    error = set_state(batch, best.id, TLSRPT_STATE_COUNTS);
    if (!error) {
        error = count(batch, best.id, 1);
    }
    if (!error) {
        error = find_twin(batch, best.digest, best.id, TLSRPT_STATE_CONFLICT, &twin);
    }
    if (!error && twin.id) {
        error = set_state(batch, twin.id, TLSRPT_STATE_DUPLICATE);
    }
    return error || strcmp(best.digest, removed->digest) == 0 ? error
                                                              : promote_twin(batch, removed);
}

const char *tlsrpt_row_remove(tlsrpt_batch *batch, long long report)
{
    row removed;
    const char *error = find_row(batch, report, &removed);

    if (error || !removed.id) {
        return error;
    }
    if (removed.state == TLSRPT_STATE_COUNTS) {
        error = count(batch, report, 0);
    }
    if (!error) {
        error = delete_rows(batch, report);
    }
    if (!error && removed.state == TLSRPT_STATE_COUNTS) {
        error = promote(batch, &removed);
    }
    else if (!error && removed.state == TLSRPT_STATE_CONFLICT) {
        error = promote_twin(batch, &removed);
    }
    return error;
}
