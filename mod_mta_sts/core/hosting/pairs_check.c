/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/pairs_check.h"

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/policy/certificate.h"

#define LISTED_MAX 19 /* plus a line about the others: the log lists 20 findings of each id */
#define SUBJECT "MTASTSCertificates"

typedef struct check {
    const mta_sts_pairs *pairs;
    int warning_days;
    apr_time_t now;
    mta_sts_pairs_counts *counts;
    mta_sts_findings *findings;
} check;

/* The messages about files that cannot be opened already contain the path. */
static void report_broken(const check *c, const mta_sts_pairs_slot *slot)
{
    apr_pool_t *p = c->findings->pool;
    const char *effect = slot->pair ? "; the previous pair is presented until it expires"
                                    : "; clients get no certificate for its names";

    mta_sts_finding_add(c->findings, slot->pair ? MTA_STS_WARNING : MTA_STS_ERROR, "pair-broken",
                        apr_pstrdup(p, slot->files.certificate),
                        "repair or renew it; the other pairs are not affected", "%s%s", slot->error,
                        effect);
}

/* Whether any user presents it for this name. */
static int is_presented(const check *c, const mta_sts_pairs_slot *slot, const char *name)
{
    mta_sts_pairs_users left, user;

    for (left = slot->users; left; left &= ~user) {
        mta_sts_pairs_choice choice;

        user = left & (~left + 1); /* the lowest bit */
        mta_sts_pairs_find(c->pairs, name, user, c->now, &choice);
        if (choice.by_kind[slot->pair->kind] == slot) {
            return 1;
        }
    }
    return 0;
}

/* The first name for which the pair is presented; NULL: other pairs replace it for all its
 * names. */
static const char *presented_name(const check *c, const mta_sts_pairs_slot *slot)
{
    int i;

    for (i = 0; i < slot->pair->name_count; i++) {
        if (is_presented(c, slot, slot->pair->names[i])) {
            return slot->pair->names[i];
        }
    }
    return NULL;
}

static void report_soon(const check *c, const mta_sts_pairs_slot *slot, const char *name)
{
    apr_pool_t *p = c->findings->pool;
    mta_sts_certificate_use use = {
        .where = apr_pstrcat(p, "in ", slot->files.certificate, NULL),
        .loss = "senders do not accept a policy from this host",
        .renew_fix = "check why it was not renewed: see the log of the ACME client",
        .warning_days = c->warning_days ? c->warning_days : -1,
    };
    mta_sts_certificate *certificate = mta_sts_certificate_of(p, slot->pair->leaf);

    mta_sts_certificate_judge(certificate, apr_pstrdup(p, name), c->now, &use, c->findings);
}

static int expires_soon(const check *c, const mta_sts_pair *pair)
{
    mta_sts_certificate dates = {.not_before = pair->not_before,
                                 .not_after = pair->not_after,
                                 .warning_days = c->warning_days};

    return mta_sts_certificate_severity(&dates, c->now) != MTA_STS_OK;
}

static void visit(void *baton, mta_sts_pairs_slot *slot)
{
    check *c = baton;
    const char *name;

    c->counts->used += slot->pair != NULL;
    c->counts->waiting += slot->is_waiting != 0;
    if (slot->error && c->counts->broken++ < LISTED_MAX) {
        report_broken(c, slot);
    }
    name = slot->pair && expires_soon(c, slot->pair) ? presented_name(c, slot) : NULL;
    if (name && c->counts->soon++ < LISTED_MAX) {
        report_soon(c, slot, name);
    }
}

static void report_rest(const check *c)
{
    apr_pool_t *p = c->findings->pool;

    if (!c->counts->used && !c->counts->broken) {
        mta_sts_finding_add(c->findings, MTA_STS_INFO, "pairs-none", SUBJECT, NULL,
                            "no key pair matches its paths yet");
    }
    if (c->counts->broken > LISTED_MAX) {
        mta_sts_finding_add(c->findings, MTA_STS_WARNING, "pair-broken", SUBJECT, NULL,
                            "%d more key pairs are broken", c->counts->broken - LISTED_MAX);
    }
    if (c->counts->soon > LISTED_MAX) {
        mta_sts_finding_add(c->findings, MTA_STS_WARNING, "certificate-expires-soon", SUBJECT, NULL,
                            "the certificates of %d more key pairs expire soon, or have expired",
                            c->counts->soon - LISTED_MAX);
    }
    if (c->counts->waiting) {
        mta_sts_finding_add(c->findings, MTA_STS_WARNING, "pair-waits-for-reload", SUBJECT,
                            "reload httpd: apachectl graceful",
                            "%s only after the next reload of httpd: since the last reload, more "
                            "were renewed than fit into the memory for them",
                            mta_sts_format_count(p, c->counts->waiting,
                                                 "new or renewed key pair is presented",
                                                 "new or renewed key pairs are presented"));
    }
}

void mta_sts_pairs_check(const mta_sts_pairs *pairs, int warning_days, apr_time_t now,
                         mta_sts_pairs_counts *counts, mta_sts_findings *findings)
{
    check c = {pairs, warning_days, now, counts, findings};

    *counts = (mta_sts_pairs_counts){0, 0, 0, 0};
    mta_sts_pairs_each(pairs, visit, &c);
    report_rest(&c);
}
