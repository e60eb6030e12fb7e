/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/summary/tally.h"

#include <string.h>

#include <apr_strings.h>

#include "tlsrpt/summary/tally_internal.h"

/* The digits of a digest are random, so hashing the first eight is enough, and faster. */
static unsigned int hash_digest(const char *digest, apr_ssize_t *len)
{
    apr_uint64_t digits = 0;

    *len = *len == APR_HASH_KEY_STRING ? (apr_ssize_t)strlen(digest) : *len;
    memcpy(&digits, digest, *len < 8 ? (apr_size_t)*len : 8);
    return (unsigned int)(digits * APR_UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

tlsrpt_tally *tlsrpt_tally_make(apr_pool_t *p, const tlsrpt_filter *filter)
{
    static const tlsrpt_filter all = {.since = 0};
    tlsrpt_tally *tally = apr_pcalloc(p, sizeof(*tally));

    tally->p = p;
    apr_pool_create(&tally->ptemp, p);
    tally->filter = filter ? filter : &all;
    tally->texts = apr_hash_make(p);
    tally->digests = apr_hash_make_custom(p, hash_digest);
    tally->identities = apr_hash_make_custom(p, hash_digest);
    tally->reports = apr_array_make(p, 64, sizeof(tlsrpt_stored_report *));
    return tally;
}

static const char *intern(tlsrpt_tally *tally, const char *text)
{
    const char *known;

    if (!text) {
        return NULL;
    }
    known = apr_hash_get(tally->texts, text, APR_HASH_KEY_STRING);
    if (!known) {
        known = apr_pstrdup(tally->p, text);
        apr_hash_set(tally->texts, known, APR_HASH_KEY_STRING, known);
    }
    return known;
}

static int is_of_domain(const tlsrpt_tally *tally, const tlsrpt_policy *policy)
{
    return !tally->filter->domain ||
           (policy->domain && strcmp(policy->domain, tally->filter->domain) == 0);
}

/* The number of policies that the filter selects. */
static int count_policies(const tlsrpt_tally *tally, const tlsrpt_report *report)
{
    int i, count = 0;

    for (i = 0; i < report->policies->nelts; i++) {
        count += is_of_domain(tally, &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy));
    }
    return count;
}

static int is_filtered(const tlsrpt_tally *tally, const tlsrpt_report *report, int verified)
{
    const tlsrpt_filter *filter = tally->filter;

    return (filter->is_verified && !verified) || (filter->since && report->end <= filter->since) ||
           (filter->organization && strcasecmp(report->organization, filter->organization) != 0) ||
           (filter->domain && !count_policies(tally, report));
}

static const tlsrpt_stored_failure *store_failures(tlsrpt_tally *tally,
                                                   const apr_array_header_t *failures)
{
    tlsrpt_stored_failure *stored =
        apr_palloc(tally->p, sizeof(*stored) * (apr_size_t)(failures->nelts ? failures->nelts : 1));
    int i;

    for (i = 0; i < failures->nelts; i++) {
        const tlsrpt_failure *failure = &APR_ARRAY_IDX(failures, i, tlsrpt_failure);

        stored[i].result_type = intern(tally, failure->result_type);
        stored[i].mx = intern(tally, failure->receiving_mx);
        stored[i].reason = intern(tally, failure->reason);
        stored[i].receiving_ip = intern(tally, failure->receiving_ip);
        stored[i].sending_ip = intern(tally, failure->sending_ip);
        stored[i].sessions = failure->sessions;
    }
    return stored;
}

static const char *join_lines(tlsrpt_tally *tally, const apr_array_header_t *lines)
{
    return lines->nelts ? intern(tally, apr_array_pstrcat(tally->ptemp, lines, '\n')) : "";
}

static void store_policy(tlsrpt_tally *tally, const tlsrpt_policy *policy,
                         tlsrpt_stored_policy *stored)
{
    stored->domain = intern(tally, policy->domain ? policy->domain : "");
    stored->type = intern(tally, policy->type);
    stored->policy = join_lines(tally, policy->policy);
    stored->successful = policy->successful;
    stored->failed = policy->failed;
    stored->failures = store_failures(tally, policy->failures);
    stored->failure_count = policy->failures->nelts;
}

/* Copies the parts of a report that are needed to the tally's pool. */
static void store_report(tlsrpt_tally *tally, const tlsrpt_report *report, int verified,
                         tlsrpt_stored_report *stored)
{
    int count = count_policies(tally, report), i;
    tlsrpt_stored_policy *policies =
        apr_palloc(tally->p, sizeof(*policies) * (apr_size_t)(count ? count : 1));

    stored->organization = intern(tally, report->organization);
    stored->begin = report->begin;
    stored->end = report->end;
    stored->verified = verified;
    stored->policies = policies;
    stored->policy_count = count;
    for (i = 0; i < report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);

        if (is_of_domain(tally, policy)) {
            store_policy(tally, policy, policies++);
        }
    }
}

/* Texts are interned, so equal texts are the same pointer. */
static int is_same_failure(const tlsrpt_stored_failure *a, const tlsrpt_stored_failure *b)
{
    return a->result_type == b->result_type && a->mx == b->mx && a->reason == b->reason &&
           a->receiving_ip == b->receiving_ip && a->sending_ip == b->sending_ip &&
           a->sessions == b->sessions;
}

static int is_same_policy(const tlsrpt_stored_policy *a, const tlsrpt_stored_policy *b)
{
    int i;

    if (a->domain != b->domain || a->type != b->type || strcmp(a->policy, b->policy) != 0 ||
        a->successful != b->successful || a->failed != b->failed ||
        a->failure_count != b->failure_count) {
        return 0;
    }
    for (i = 0; i < a->failure_count; i++) {
        if (!is_same_failure(&a->failures[i], &b->failures[i])) {
            return 0;
        }
    }
    return 1;
}

/* Whether two reports with the same identity have the same content, however it is encoded. */
static int is_same(const tlsrpt_stored_report *a, const tlsrpt_stored_report *b)
{
    int i, same = a->policy_count == b->policy_count;

    for (i = 0; same && i < a->policy_count; i++) {
        same = is_same_policy(&a->policies[i], &b->policies[i]);
    }
    return same;
}

/* Handles another report with an identity that was counted: a duplicate or a conflict. A verified
 * report replaces an unverified one. */
static tlsrpt_counted add_again(tlsrpt_tally *tally, const tlsrpt_report *report, int verified,
                                tlsrpt_stored_report *stored)
{
    tlsrpt_stored_report again;
    int same;

    store_report(tally, report, verified, &again);
    same = is_same(stored, &again);
    if (verified && !stored->verified) {
        *stored = again;
    }
    tally->duplicates += same;
    tally->conflicts += !same;
    return same ? TLSRPT_DUPLICATE : TLSRPT_CONFLICT;
}

tlsrpt_counted tlsrpt_tally_add(tlsrpt_tally *tally, const tlsrpt_report *report,
                                const char *digest, int verified)
{
    const char *identity;
    tlsrpt_stored_report *stored;

    if (is_filtered(tally, report, verified)) {
        return TLSRPT_FILTERED;
    }
    apr_pool_clear(tally->ptemp);
    stored = apr_hash_get(tally->digests, digest, APR_HASH_KEY_STRING);
    if (stored && (stored->verified || !verified)) {
        tally->duplicates++;
        return TLSRPT_DUPLICATE;
    }
    identity = tlsrpt_report_identity(tally->ptemp, report);
    stored = stored ? stored : apr_hash_get(tally->identities, identity, APR_HASH_KEY_STRING);
    digest = apr_pstrdup(tally->p, digest);
    if (stored) {
        apr_hash_set(tally->digests, digest, APR_HASH_KEY_STRING, stored);
        return add_again(tally, report, verified, stored);
    }
    stored = apr_palloc(tally->p, sizeof(*stored));
    store_report(tally, report, verified, stored);
    apr_hash_set(tally->digests, digest, APR_HASH_KEY_STRING, stored);
    apr_hash_set(tally->identities, apr_pstrdup(tally->p, identity), APR_HASH_KEY_STRING, stored);
    APR_ARRAY_PUSH(tally->reports, tlsrpt_stored_report *) = stored;
    return TLSRPT_COUNTED;
}
