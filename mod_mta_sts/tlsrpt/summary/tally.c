/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/summary/tally.h"

#include <string.h>

#include <apr_strings.h>

#include "tlsrpt/summary/fold.h"
#include "tlsrpt/summary/tally_internal.h"

/* Digests are uniformly distributed, so it is enough, and faster, to hash their first eight
 * digits. */
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
    tally->variants = apr_hash_make(p);
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
        tally->allowance.cost += tlsrpt_cost_of_name(text);
        apr_hash_set(tally->texts, known, APR_HASH_KEY_STRING, known);
    }
    return known;
}

static int is_of_domain(const tlsrpt_tally *tally, const tlsrpt_policy *policy)
{
    return !tally->filter->domain ||
           (policy->domain && strcmp(policy->domain, tally->filter->domain) == 0);
}

/* The number of policies in a report that the filter selects. */
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

    return (filter->is_verified && !verified) ||
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

/* Copies the parts of a report that are needed into the tally's pool. */
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

static int is_known(void *baton, const char *name)
{
    const tlsrpt_tally *tally = baton;

    return apr_hash_get(tally->texts, name, APR_HASH_KEY_STRING) != NULL;
}

/* The report in the form in which it is added up. */
static const tlsrpt_report *fold(tlsrpt_tally *tally, const tlsrpt_report *report, apr_size_t len,
                                 apr_time_t received)
{
    report = tlsrpt_report_limit_dates(tally->ptemp, report, received);
    report = tlsrpt_fold_report(tally->ptemp, report, len);
    return tlsrpt_allowance_is_used_up(&tally->allowance, TLSRPT_TALLY_BASE)
               ? tlsrpt_fold_to_known(tally->ptemp, report, is_known, tally)
               : report;
}

static tlsrpt_stored_identity *find_identity(tlsrpt_tally *tally, const char *key)
{
    tlsrpt_stored_identity *found = apr_hash_get(tally->identities, key, TLSRPT_IDENTITY_DIGITS);

    if (!found) {
        found = apr_pcalloc(tally->p, sizeof(*found));
        apr_hash_set(tally->identities, key, TLSRPT_IDENTITY_DIGITS, found);
    }
    return found;
}

/* Stores a report, which counts unless a verified one with its identity is added later. */
static tlsrpt_stored_report *store_variant(tlsrpt_tally *tally, const tlsrpt_report *report,
                                           const char *key, int verified)
{
    tlsrpt_stored_report *stored = apr_pcalloc(tally->p, sizeof(*stored));

    store_report(tally, report, verified, stored);
    stored->is_folded = tlsrpt_fold_has_other(report);
    apr_hash_set(tally->variants, key, APR_HASH_KEY_STRING, stored);
    APR_ARRAY_PUSH(tally->reports, tlsrpt_stored_report *) = stored;
    tally->allowance.reports++;
    tally->allowance.cost += tlsrpt_cost_of_rows(report);
    return stored;
}

/* Stores the verified report in its identity. If there is an unverified report with the same
 * contents, that one no longer counts. */
static void replace_unverified(tlsrpt_tally *tally, tlsrpt_stored_identity *identity,
                               tlsrpt_stored_report *verified, const char *content)
{
    tlsrpt_stored_report *same = apr_hash_get(tally->variants, content, APR_HASH_KEY_STRING);

    identity->verified = identity->verified ? identity->verified : verified;
    if (same) {
        same->is_repeated = 1;
    }
    else {
        apr_hash_set(tally->variants, apr_pstrdup(tally->p, content), APR_HASH_KEY_STRING,
                     verified);
    }
}

/* Adds a report whose bytes are new, or verified for the first time. */
static tlsrpt_counted add_new(tlsrpt_tally *tally, const tlsrpt_report *whole,
                              const tlsrpt_report *report, const char *digest, const char *signer)
{
    const char *content = tlsrpt_report_key(tally->ptemp, whole, NULL);
    const char *key =
        apr_pstrdup(tally->p, signer ? tlsrpt_report_key(tally->ptemp, whole, signer) : content);
    tlsrpt_stored_identity *identity = find_identity(tally, key);
    tlsrpt_stored_report *stored = apr_hash_get(tally->variants, key, APR_HASH_KEY_STRING);
    int is_first = identity->reports == 0;

    if (stored || (!signer && identity->verified)) {
        int is_same = apr_hash_get(tally->variants, content, APR_HASH_KEY_STRING) != NULL;

        apr_hash_set(tally->digests, apr_pstrdup(tally->p, digest), APR_HASH_KEY_STRING,
                     stored ? stored : identity->verified);
        tally->duplicates += is_same;
        tally->conflicts += !is_same;
        return is_same ? TLSRPT_DUPLICATE : TLSRPT_CONFLICT;
    }
    stored = store_variant(tally, report, key, signer != NULL);
    stored->identity = identity;
    identity->reports++;
    apr_hash_set(tally->digests, apr_pstrdup(tally->p, digest), APR_HASH_KEY_STRING, stored);
    if (signer) {
        replace_unverified(tally, identity, stored, content);
    }
    return is_first ? TLSRPT_COUNTED : TLSRPT_COUNTED_TOO;
}

tlsrpt_counted tlsrpt_tally_add(tlsrpt_tally *tally, const tlsrpt_report *whole, const char *digest,
                                apr_size_t len, const char *signer, apr_time_t received)
{
    const tlsrpt_report *report;
    const tlsrpt_stored_report *known;

    apr_pool_clear(tally->ptemp);
    report = fold(tally, whole, len, received);
    if (is_filtered(tally, report, signer != NULL)) {
        return TLSRPT_FILTERED;
    }
    if (tally->filter->since && report->end <= tally->filter->since) {
        tally->earlier++;
        return TLSRPT_EARLIER;
    }
    known = apr_hash_get(tally->digests, digest, APR_HASH_KEY_STRING);
    if (known && (known->verified || !signer)) {
        tally->duplicates++;
        return TLSRPT_DUPLICATE;
    }
    return add_new(tally, whole, report, digest, signer);
}
