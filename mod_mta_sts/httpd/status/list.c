/* SPDX-License-Identifier: Apache-2.0 */
/* The policy domains on one page of the list, and their order. */
#include <stdlib.h>
#include <string.h>

#include "httpd/status/losses.h"
#include "httpd/status/view.h"

/* Problems of a domain; domains with the worst ones are listed first. */
enum {
    TROUBLE_NONE,
    TROUBLE_CHECK,        /* unverified reports contain failures */
    TROUBLE_CHECK_LOSSES, /* unverified reports contain failures for which senders would refuse
                             mail */
    TROUBLE_WARNING,      /* a warning of the last start, or a certificate that expires soon */
    TROUBLE_FAILING,      /* sessions failed, according to verified reports */
    TROUBLE_ERROR,        /* an error of the last start, an expired certificate, or a policy that is
                             not served */
    TROUBLE_LOSING,       /* senders refuse mail */
};

typedef struct entry {
    const mts_domain *domain;
    int trouble;
    apr_int64_t failed; /* failed sessions in verified reports, or if there are none, in all
                           reports */
    int order;          /* by name */
} entry;

static void raise_to(apr_hash_t *troubles, apr_pool_t *p, const char *name, int trouble)
{
    int *known = apr_hash_get(troubles, name, APR_HASH_KEY_STRING);

    if (!known) {
        known = apr_pcalloc(p, sizeof(*known));
        apr_hash_set(troubles, name, APR_HASH_KEY_STRING, known);
    }
    *known = trouble > *known ? trouble : *known;
}

/* name -> trouble, for domains with failed sessions, refused mail, or findings of the last
 * start. */
static apr_hash_t *find_troubles(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    const mta_sts_findings *findings = view->startup->findings;
    apr_hash_t *troubles = apr_hash_make(view->p);
    int i;

    for (i = 0; !reports->problem && i < reports->failing->nelts; i++) {
        const tlsrpt_index_failing *domain =
            &APR_ARRAY_IDX(reports->failing, i, tlsrpt_index_failing);

        raise_to(troubles, view->p, domain->domain,
                 domain->verified_failed ? TROUBLE_FAILING : TROUBLE_CHECK);
    }
    for (i = 0; !reports->problem && i < reports->losses->nelts; i++) {
        const mts_status_loss *loss = &APR_ARRAY_IDX(reports->losses, i, mts_status_loss);

        raise_to(troubles, view->p, loss->domain,
                 loss->is_verified ? TROUBLE_LOSING : TROUBLE_CHECK_LOSSES);
    }
    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if (finding->severity == MTA_STS_ERROR || finding->severity == MTA_STS_WARNING) {
            raise_to(troubles, view->p, finding->subject,
                     finding->severity == MTA_STS_ERROR ? TROUBLE_ERROR : TROUBLE_WARNING);
        }
    }
    return troubles;
}

/* name -> const tlsrpt_index_failing * in reports->failing */
static apr_hash_t *find_failing(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    apr_hash_t *failing = apr_hash_make(view->p);
    int i;

    for (i = 0; !reports->problem && i < reports->failing->nelts; i++) {
        const tlsrpt_index_failing *domain =
            &APR_ARRAY_IDX(reports->failing, i, tlsrpt_index_failing);

        apr_hash_set(failing, domain->domain, APR_HASH_KEY_STRING, domain);
    }
    return failing;
}

static int matches(const mts_status_view *view, const mts_domain *domain,
                   const tlsrpt_index_failing *failing)
{
    if (view->query.search && !strstr(domain->name, view->query.search)) {
        return 0;
    }
    switch (view->query.show) {
    case MTS_STATUS_SHOW_FAILING:
        return failing != NULL;
    case MTS_STATUS_SHOW_NO_CERTIFICATE:
        return !domain->certificate || mta_sts_certificate_days(domain->certificate, view->now) < 0;
    case MTS_STATUS_SHOW_HOSTED:
    case MTS_STATUS_SHOW_WRONG:
        return 0;
    default:
        return 1;
    }
}

static int trouble_of(const mts_status_view *view, apr_hash_t *troubles, const mts_domain *domain)
{
    const int *known = apr_hash_get(troubles, domain->name, APR_HASH_KEY_STRING);
    int trouble = known ? *known : TROUBLE_NONE;
    mta_sts_severity severity = domain->certificate
                                    ? mta_sts_certificate_severity(domain->certificate, view->now)
                                    : MTA_STS_OK;

    if (severity == MTA_STS_ERROR || !mts_policies_reach_senders(domain->shown)) {
        return trouble > TROUBLE_ERROR ? trouble : TROUBLE_ERROR;
    }
    return severity == MTA_STS_WARNING && trouble < TROUBLE_WARNING ? TROUBLE_WARNING : trouble;
}

static int worst_first(const void *one, const void *other)
{
    const entry *a = one, *b = other;

    if (a->trouble != b->trouble) {
        return b->trouble - a->trouble;
    }
    return a->failed != b->failed ? (a->failed < b->failed ? 1 : -1) : a->order - b->order;
}

/* All matching domains: those with the worst problems first, then those with most failed sessions,
 * then by name. */
static apr_array_header_t *sort(const mts_status_view *view)
{
    const apr_array_header_t *all = view->domains->list;
    apr_array_header_t *entries = apr_array_make(view->p, all->nelts, sizeof(entry));
    apr_hash_t *troubles = find_troubles(view), *failing = find_failing(view);
    int i;

    for (i = 0; i < all->nelts; i++) {
        const mts_domain *domain = &APR_ARRAY_IDX(all, i, mts_domain);
        const tlsrpt_index_failing *failed =
            apr_hash_get(failing, domain->name, APR_HASH_KEY_STRING);

        if (matches(view, domain, failed)) {
            APR_ARRAY_PUSH(entries, entry) =
                (entry){domain, trouble_of(view, troubles, domain),
                        !failed                   ? 0
                        : failed->verified_failed ? failed->verified_failed
                                                  : failed->failed,
                        i};
        }
    }
    qsort(entries->elts, (size_t)entries->nelts, sizeof(entry), worst_first);
    return entries;
}

mts_status_list mts_status_list_of(const mts_status_view *view)
{
    const apr_array_header_t *entries = sort(view);
    mts_status_list list = {.found = entries->nelts, .pages = 1};
    int i, first = (view->query.page - 1) * MTS_STATUS_PAGE;

    list.domains = apr_array_make(view->p, MTS_STATUS_PAGE, sizeof(const mts_domain *));
    for (i = first; i < entries->nelts && i < first + MTS_STATUS_PAGE; i++) {
        APR_ARRAY_PUSH(list.domains, const mts_domain *) = APR_ARRAY_IDX(entries, i, entry).domain;
    }
    if (list.found) {
        list.pages = (list.found + MTS_STATUS_PAGE - 1) / MTS_STATUS_PAGE;
    }
    return list;
}

apr_hash_t *mts_status_list_shares(const mts_status_view *view, const mts_status_list *list)
{
    apr_array_header_t *names = apr_array_make(view->p, list->domains->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < list->domains->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) =
            APR_ARRAY_IDX(list->domains, i, const mts_domain *)->name;
    }
    return mts_status_shares_of(view->r, names, &view->query, view->now);
}
