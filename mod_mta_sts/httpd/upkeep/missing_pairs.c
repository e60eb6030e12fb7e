/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/missing_pairs.h"

#include <apr_strings.h>

#include "core/base/monotonic.h"
#include "core/base/name.h"
#include "httpd/hosting/handshake.h"
#include "httpd/hosting/pairs.h"
#include "httpd/hosting/renewal.h"
#include "httpd/policy/hosts.h"
#include "httpd/shared/log_once.h"
#include "httpd/upkeep/spare_pairs.h"

#define PAGE 1000
#define PAGES_PER_STEP 20 /* takes some 50 ms, for which the next sync has to wait */
#define LISTED_MAX 19     /* plus a line about the others: the log lists 20 findings of each id */
#define INTERVAL apr_time_from_sec(60 * 60) /* interval of passes if nothing has changed */
#define PAUSE apr_time_from_sec(10)         /* minimum time between two passes */

/* A pass over all hosted domains, in steps. */
struct mts_missing_pairs {
    server_rec *main;
    int (*is_ending)(void *);
    mts_log_once *log;
    int is_due;      /* whether something has changed since the last pass began */
    int changes;     /* the counter of renewed pairs at that time */
    apr_time_t done; /* when the last pass ended (mta_sts_monotonic_now); 0: not yet */
    /* the pass that is running */
    apr_pool_t *pool; /* of the pass; NULL: none is running */
    mta_sts_findings *findings;
    const mts_hosts *hosts;
    const char *after; /* the last domain that was checked */
    int count;         /* number of domains without a pair so far */
    mts_spare_pairs *spare;
    int has_looked; /* whether all domains have been checked; the rest of the pass is about pairs
                       without a policy */
};

mts_missing_pairs *mts_missing_pairs_make(server_rec *main, apr_pool_t *p, int (*is_ending)(void *))
{
    mts_missing_pairs *missing = apr_pcalloc(p, sizeof(*missing));

    missing->main = main;
    missing->is_ending = is_ending;
    missing->log = mts_log_once_make(p, 0);
    return missing;
}

static void begin_pass(mts_missing_pairs *missing)
{
    apr_pool_create(&missing->pool, NULL);
    missing->findings = mta_sts_findings_make(missing->pool);
    missing->hosts = mts_hosts_collect(missing->pool, missing->main);
    missing->spare = mts_spare_pairs_begin(missing->main, missing->pool);
    missing->has_looked = 0;
    missing->after = "";
    missing->count = 0;
    missing->is_due = 0;
    missing->changes = mts_renewal_numbers().changes;
}

static void end_pass(mts_missing_pairs *missing)
{
    apr_pool_destroy(missing->pool);
    missing->pool = NULL;
    missing->done = mta_sts_monotonic_now();
}

/* Whether another virtual host, with its own certificate, answers for a domain. */
static int has_other_host(const mts_missing_pairs *missing, const char *domain, apr_pool_t *p)
{
    mts_served served = {.domain = domain, .server = missing->main};
    mts_host host = mts_hosts_find(missing->hosts, p, &served);

    return host.https && !mts_pair_config_of(host.https);
}

static void check_domain(mts_missing_pairs *missing, const char *domain, apr_pool_t *p)
{
    const char *host = apr_pstrcat(p, MTA_STS_POLICY_HOST_PREFIX, domain, NULL);

    if (mts_handshake_covers(host) || has_other_host(missing, domain, p)) {
        return;
    }
    if (missing->count++ < LISTED_MAX) {
        mta_sts_finding_add(missing->findings, MTA_STS_ERROR, "pair-missing",
                            apr_pstrdup(missing->pool, host),
                            "have a certificate issued for it; mta-sts policy list "
                            "--without-certificate lists all hosted domains without one",
                            "no key pair covers the policy host of this hosted domain, so senders "
                            "cannot fetch its policy");
    }
}

/* Returns the number of domains in the page, or -1 after an error, which the next sync reports. */
static int check_page(mts_missing_pairs *missing, mta_sts_snapshot *snapshot, apr_pool_t *p)
{
    apr_array_header_t *rows;
    int i;

    if (mta_sts_snapshot_rows(snapshot, missing->after, NULL, PAGE, p, &rows)) {
        return -1;
    }
    for (i = 0; i < rows->nelts; i++) {
        const mta_sts_snapshot_row *row = &APR_ARRAY_IDX(rows, i, mta_sts_snapshot_row);

        if (row->is_served) {
            check_domain(missing, row->domain, p);
        }
        if (i == rows->nelts - 1) {
            missing->after = apr_pstrdup(missing->pool, row->domain);
        }
    }
    return rows->nelts;
}

/* Does not give the exact number, because it would change, and be logged again, with each
 * certificate that is issued. */
static void report_rest(const mts_missing_pairs *missing)
{
    int at_least = 1;

    while (at_least <= (missing->count - LISTED_MAX) / 10) {
        at_least *= 10;
    }
    if (missing->count > LISTED_MAX) {
        mta_sts_finding_add(missing->findings, MTA_STS_ERROR, "pair-missing", "MTASTSCertificates",
                            NULL, "at least %d more hosted domains have no key pair", at_least);
    }
}

static void report(mts_missing_pairs *missing, apr_pool_t *scratch)
{
    report_rest(missing);
    mts_spare_pairs_report(missing->spare, missing->findings);
    mts_log_once_log(missing->log, missing->main, missing->findings, scratch);
    mts_log_once_end_round(missing->log);
    mts_renewal_note_missing(missing->count);
}

static int is_due(mts_missing_pairs *missing, int has_changed)
{
    apr_time_t since = mta_sts_monotonic_now() - missing->done;

    missing->is_due |= has_changed || mts_renewal_numbers().changes != missing->changes;
    return missing->pool || !missing->done || (missing->is_due && since > PAUSE) ||
           since > INTERVAL;
}

/* Returns whether all domains have been checked, or -1 after an error. */
static int check_some(mts_missing_pairs *missing, mta_sts_snapshot *snapshot, apr_pool_t *scratch)
{
    apr_pool_t *page;
    int i, count = PAGE;

    apr_pool_create(&page, scratch);
    for (i = 0; i < PAGES_PER_STEP && count == PAGE && !missing->is_ending(NULL); i++) {
        count = check_page(missing, snapshot, page);
        apr_pool_clear(page);
    }
    apr_pool_destroy(page);
    return count < 0 ? -1 : count < PAGE;
}

void mts_missing_pairs_check(mts_missing_pairs *missing, mta_sts_snapshot *snapshot,
                             int has_changed, apr_pool_t *scratch)
{
    if (!mts_pairs_are_used() || !is_due(missing, has_changed)) {
        return;
    }
    if (!missing->pool) {
        begin_pass(missing);
    }
    if (!missing->has_looked) {
        missing->has_looked = check_some(missing, snapshot, scratch);
    }
    else if (!mts_spare_pairs_step(missing->spare, snapshot, scratch)) {
        report(missing, scratch);
        end_pass(missing);
    }
    if (missing->has_looked < 0) {
        end_pass(missing);
        missing->is_due = 1;
    }
}
