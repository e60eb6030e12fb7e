/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/network.h"
#include "core/base/text.h"
#include "tlsrpt/report/read.h"

/* The maximum number of bytes of a report id that are stored: its length is under the control of
 * the reporter. */
#define REPORT_ID_MAX 200

/* --- adding --- */

static const char *insert_report(tlsrpt_batch *batch, const tlsrpt_counted_row *added,
                                 apr_int64_t file, const tlsrpt_receipt *receipt,
                                 const char *report_id, const tlsrpt_facts *facts)
{
    const char *peer = receipt->peer ? mta_sts_network_of(batch->ptemp, receipt->peer) : "";
    long long channel_id;
    const char *error = tlsrpt_string_number(batch, TLSRPT_STRING, receipt->channel, &channel_id);

    return error ? error
                 : mta_sts_database_run(
                       batch->db,
                       "INSERT INTO tlsrpt_report (id, host, digest, file, received, channel,"
                       " verified, state, identity, organization, report_id, range_begin,"
                       " range_end, peer, signer) VALUES (%lld, %lld, %s, %lld, %lld, %lld, %lld,"
                       " %lld, %s, %lld, %s, %lld, %lld, %s, %s)",
                       added->id, batch->host, added->digest, (long long)file, added->received,
                       channel_id, added->verified, added->state, added->identity,
                       facts->organization, report_id, (long long)facts->begin,
                       (long long)facts->end, peer, receipt->verified ? receipt->verified : "");
}

static void add_conflict(tlsrpt_batch *batch, const tlsrpt_report *report,
                         const tlsrpt_stored_file *stored)
{
    apr_pool_t *p = batch->findings->pool;

    if (batch->findings->list->nelts >= MTA_STS_FINDINGS_MAX) {
        return;
    }
    mta_sts_finding_add(batch->findings, MTA_STS_WARNING, "report-conflict",
                        apr_pstrdup(p, stored->digest),
                        "compare both files: one of them may be forged. A verified report counts "
                        "instead of unverified ones; without a verified one, each report with "
                        "different sessions counts, as unverified",
                        "report %s of %s differs from a stored report with the same id",
                        mta_sts_text_quote(p, report->id, strlen(report->id)),
                        mta_sts_text_quote(p, report->organization, strlen(report->organization)));
}

/*
 * The date of receipt to store. A machine whose clock is not set yet writes 1970 to the file, and
 * such a report would expire as soon as the clock is set. It gets the earliest possible date
 * instead, by which undated.c recognizes it.
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
    tlsrpt_counted_row added = {.id = batch->next_report++, .digest = stored->digest};
    apr_pool_t *p = batch->ptemp;
    const tlsrpt_report *folded;
    int is_conflict = 0, replaces = 0;
    tlsrpt_facts facts;
    const char *error;

    added.verified = stored->receipt.verified != NULL;
    added.received = (long long)received_of(batch, stored->receipt.received);
    added.identity = tlsrpt_report_key(p, report, stored->receipt.verified);
    error =
        tlsrpt_cost_fold(batch, report, stored->len, (int)added.verified, added.received, &folded);
    if (!error) {
        error = tlsrpt_facts_of(batch, folded, (int)added.verified, &facts);
    }
    if (!error) {
        error = tlsrpt_counted_judge(batch, &added, &is_conflict, &replaces);
    }
    if (!error) {
        error = insert_report(batch, &added, file, &stored->receipt,
                              tlsrpt_string_shorten(p, report->id, REPORT_ID_MAX), &facts);
    }
    if (!error) {
        error = tlsrpt_facts_store(batch, added.id, added.received, &facts);
    }
    if (!error && added.state == TLSRPT_STATE_COUNTS) {
        tlsrpt_delta_add(batch, &facts);
    }
    if (!error && replaces) {
        error = tlsrpt_variants_hide(batch, &added);
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
    const tlsrpt_counted_row added = {.id = batch->next_report++,
                                      .digest = digest,
                                      .identity = "",
                                      .received = (long long)received_of(batch, apr_time_now()),
                                      .state = TLSRPT_STATE_UNREADABLE};
    static const tlsrpt_facts nothing = {0};
    static const tlsrpt_receipt unknown = {.channel = "-"};

    if (batch->findings->list->nelts < MTA_STS_FINDINGS_MAX) {
        mta_sts_finding_add(batch->findings, MTA_STS_WARNING, "report-unreadable",
                            apr_pstrdup(batch->findings->pool, digest),
                            "check the file: the disk may have damaged it", "%s", reason);
    }
    return insert_report(batch, &added, file, &unknown, "", &nothing);
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

const char *tlsrpt_row_remove(tlsrpt_batch *batch, long long report)
{
    tlsrpt_counted_row removed;
    const char *error = tlsrpt_counted_find(batch, report, &removed);

    if (error || !removed.id) {
        return error;
    }
    if (removed.state == TLSRPT_STATE_COUNTS) {
        error = tlsrpt_counted_change(batch, report, 0);
    }
    if (!error) {
        error = delete_rows(batch, report);
    }
    return error ? error : tlsrpt_counted_removed(batch, &removed);
}
