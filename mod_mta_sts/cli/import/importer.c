/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/importer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_user.h>

#include "cli/common/output.h"
#include "cli/import/share.h"
#include "core/base/number.h"
#include "core/base/text.h"
#include "tlsrpt/index/clock.h"
#include "tlsrpt/report/read.h"
#include "tlsrpt/report/report.h"

static const char *quote(apr_pool_t *p, const char *text)
{
    return mta_sts_text_quote(p, text, strlen(text));
}

/* Whether a rejection affects the exit status. With any status except 0 and 75, a mail server would
 * return the message to its sender, which anyone can forge; 75 would keep it in the queue for days.
 * So a message on standard input leads to status 0. Input that is not a message does not come from
 * a mail server. */
static int is_status(const cli_importer *importer, const cli_source_item *item)
{
    return importer->from_file || strcmp(item->channel, "mail") != 0;
}

/* Prints what was rejected. Mail servers log both standard error and standard output. */
static void reject(cli_importer *importer, apr_pool_t *p, const cli_source_item *item,
                   const char *what, const char *reason)
{
    fflush(stdout);
    fprintf(stderr, "mta-sts import: %s: %s: %s\n", cli_printable(p, item->name), what, reason);
    importer->rejected |= is_status(importer, item);
}

static void report_not_stored(cli_importer *importer, apr_pool_t *p, const cli_source_item *item,
                              const char *reason)
{
    fflush(stdout);
    fprintf(stderr, "mta-sts import: %s could not be stored: %s\n", cli_printable(p, item->name),
            reason);
    importer->not_stored = 1;
}

/* Whether the report fits within the quota of an area, which httpd and this command share. Usage
 * is counted once per call: several processes at the same time may exceed the quota by a few
 * reports. */
static int is_within_quota(cli_importer *importer, tlsrpt_area area, apr_int64_t cost)
{
    apr_int64_t files;

    if (importer->used[area] < 0) {
        tlsrpt_spool_usage(importer->spool, area, &importer->used[area], &files);
    }
    return importer->used[area] + cost <= importer->limits->quota[area];
}

/* Why a report cannot be stored because of the quota, or NULL. */
static const char *refuse_room(cli_importer *importer, apr_pool_t *p, tlsrpt_area area,
                               apr_int64_t cost)
{
    if (!is_within_quota(importer, area, cost)) {
        return apr_psprintf(p,
                            "%s/reports has reached the quota of %s bytes: remove old files "
                            "there, or raise MTASTSReportQuota (and --quota)",
                            importer->state_dir,
                            mta_sts_size_render(p, importer->limits->quota[area]));
    }
    return tlsrpt_spool_shortage(importer->spool, cost);
}

/* Why the sender of a mail has no share for a report, or NULL. */
static const char *refuse_share(cli_importer *importer, apr_pool_t *p, const cli_source_item *item,
                                tlsrpt_area area)
{
    cli_share_question question = {.spool = importer->spool,
                                   .state_dir = importer->state_dir,
                                   .area = area,
                                   .verified = item->verified,
                                   .cost = tlsrpt_spool_cost(item->len),
                                   .used = importer->used[area],
                                   .quota = importer->limits->quota[area]};
    const char *reason = strcmp(item->channel, "mail") == 0 ? cli_share_take(p, &question) : NULL;

    importer->used[area] = question.used;
    return reason;
}

/* A mail server tries a message on standard input again later. In a mailbox or a file it is
 * skipped, because it would hold up the messages of others. */
static void report_no_share(cli_importer *importer, apr_pool_t *p, const cli_source_item *item,
                            tlsrpt_area area, const char *reason)
{
    if (importer->from_input && area == TLSRPT_REPORTS) {
        report_not_stored(importer, p, item, reason);
    }
    else {
        reject(importer, p, item, "skipped", reason);
    }
}

/* Stores a report; one that is already stored needs no space. Returns 0 after printing why it was
 * not stored. */
static int store(cli_importer *importer, apr_pool_t *p, const cli_source_item *item,
                 tlsrpt_area area, const char *digest, tlsrpt_stored *stored)
{
    tlsrpt_receipt receipt = {.received = tlsrpt_clock_stamp(apr_time_now()),
                              .channel = item->channel,
                              .verified = item->verified};
    apr_int64_t cost = tlsrpt_spool_cost(item->len);
    const char *reason = refuse_room(importer, p, area, cost);

    int is_known = tlsrpt_spool_has(importer->spool, area, digest);

    if (reason && !is_known) {
        report_not_stored(importer, p, item, reason);
        return 0;
    }
    reason = is_known ? NULL : refuse_share(importer, p, item, area);
    if (reason) {
        report_no_share(importer, p, item, area, reason);
        return 0;
    }
    *stored = tlsrpt_spool_store(importer->spool, area, digest, &receipt, item->bytes, item->len, p,
                                 &reason);
    if (*stored == TLSRPT_NOT_STORED) {
        report_not_stored(importer, p, item, reason);
        return 0;
    }
    importer->used[area] += *stored == TLSRPT_STORED ? cost : 0;
    return 1;
}

/* Mail systems log only the beginning of a line (Postfix about 100 characters), so it begins with
 * whether the report is verified, and ends with its id. */
static void store_report(cli_importer *importer, apr_pool_t *p, const cli_source_item *item,
                         const tlsrpt_reading *reading)
{
    tlsrpt_stored stored;

    if (store(importer, p, item, TLSRPT_REPORTS, reading->digest, &stored)) {
        *(stored == TLSRPT_STORED ? &importer->stored : &importer->known) += 1;
        printf("%s: %s%s: %s: report of %s, id %s\n", cli_printable(p, item->name),
               item->verified ? "verified: signed by " : "not verified",
               item->verified ? cli_printable(p, item->verified) : "",
               stored == TLSRPT_STORED ? "stored" : "already stored",
               quote(p, reading->report->organization), quote(p, reading->report->id));
    }
}

/* Stores unreadable bytes, which an admin may want to examine; within a quota, because anyone can
 * fill the quarantine by mail. */
static void store_in_quarantine(cli_importer *importer, apr_pool_t *p, const cli_source_item *item,
                                const tlsrpt_reading *reading)
{
    const char *reason = reading->reason ? reading->reason : "it is not about a local domain";
    tlsrpt_stored stored;

    if (!is_within_quota(importer, TLSRPT_QUARANTINE, tlsrpt_spool_cost(item->len))) {
        reject(importer, p, item, "skipped, because the quarantine is full", reason);
    }
    else if (store(importer, p, item, TLSRPT_QUARANTINE, reading->digest, &stored)) {
        importer->quarantined++;
        reject(importer, p, item, "quarantined", reason);
    }
}

/* Adds what to do to an error. At this point, root has become the owner of the state directory. */
static const char *explain(const cli_importer *importer, apr_pool_t *p, const char *error)
{
    char *owner;

    if (!importer->was_root || geteuid() == 0 || strcmp(error, strerror(EACCES)) != 0 ||
        apr_uid_name_get(&owner, geteuid(), p) != APR_SUCCESS) {
        return error;
    }
    return apr_psprintf(p,
                        "%s (as %s, the owner of the state directory; use 'mta-sts import < FILE' "
                        "for files that only root can read)",
                        error, owner);
}

/* Reports bytes after a report that do not belong to another one. */
static void report_trailing(cli_importer *importer, apr_pool_t *p, const cli_source_item *item,
                            const tlsrpt_reading *reading)
{
    const char *trailing = tlsrpt_reading_trailing(reading);

    if (trailing) {
        fflush(stdout);
        fprintf(stderr, "mta-sts import: %s: %s, and were not read\n", cli_printable(p, item->name),
                trailing);
        importer->rejected |= is_status(importer, item);
    }
}

/* Handles an item without bytes. */
static void skip(cli_importer *importer, apr_pool_t *p, const cli_source_item *item)
{
    if (item->failed && !importer->from_file) {
        report_not_stored(importer, p, item, item->error);
        return;
    }
    importer->other++;
    if (!item->is_other || !importer->is_quiet) {
        reject(importer, p, item, "skipped", explain(importer, p, item->error));
    }
}

void cli_importer_take(void *data, apr_pool_t *p, const cli_source_item *item)
{
    cli_importer *importer = data;
    const tlsrpt_reading *reading;

    if (item->is_dmarc) {
        importer->dmarc++;
        return;
    }
    if (!item->bytes) {
        skip(importer, p, item);
        return;
    }
    reading = tlsrpt_report_read(p, item->bytes, item->len, &importer->limits->report);
    switch (reading->outcome) {
    case TLSRPT_READ:
        if (!cli_limits_admit(importer->limits, p, reading->report)) {
            store_in_quarantine(importer, p, item, reading);
            break;
        }
        store_report(importer, p, item, reading);
        report_trailing(importer, p, item, reading);
        break;
    case TLSRPT_UNREADABLE:
    case TLSRPT_NO_POLICIES:
        store_in_quarantine(importer, p, item, reading);
        break;
    case TLSRPT_NOT_A_REPORT:
    case TLSRPT_TOO_LARGE:
    case TLSRPT_NOT_ADMITTED: /* import uses no gate */
        importer->other++;
        reject(importer, p, item, "skipped", reading->reason);
    }
}
