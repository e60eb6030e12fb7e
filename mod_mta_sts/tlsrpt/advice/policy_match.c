/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/policy_match.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/text.h"
#include "core/database/history.h"
#include "core/hosting/past.h"
#include "core/policy/text.h"

static const mta_sts_policy *read_policy(apr_pool_t *p, const char *text)
{
    return mta_sts_policy_text_read(p, text, strlen(text), mta_sts_findings_make(p));
}

static int has_pattern(const mta_sts_policy *policy, const char *pattern)
{
    int i;

    for (i = 0; i < policy->mx->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(policy->mx, i, const char *), pattern) == 0) {
            return 1;
        }
    }
    return 0;
}

static int has_patterns_of(const mta_sts_policy *policy, const mta_sts_policy *other)
{
    int i;

    for (i = 0; i < other->mx->nelts; i++) {
        if (!has_pattern(policy, APR_ARRAY_IDX(other->mx, i, const char *))) {
            return 0;
        }
    }
    return 1;
}

/* The order of the mx patterns does not matter. */
static int is_same(const mta_sts_policy *one, const mta_sts_policy *other)
{
    return one->mode == other->mode && one->max_age == other->max_age &&
           has_patterns_of(one, other) && has_patterns_of(other, one);
}

/* --- the policies of a domain --- */

void tlsrpt_policies_add(apr_pool_t *p, tlsrpt_policies *policies, const mta_sts_policy *policy,
                         apr_time_t last)
{
    if (!policies->earlier) {
        policies->earlier = apr_array_make(p, 2, sizeof(tlsrpt_served_policy));
    }
    APR_ARRAY_PUSH(policies->earlier, tlsrpt_served_policy) = (tlsrpt_served_policy){policy, last};
}

static void begin_at(tlsrpt_policies *policies, apr_time_t first)
{
    if (!policies->since || first < policies->since) {
        policies->since = first;
    }
}

/* Adds the past rows of a hosted domain. It is not known when the first of them was stored, only
 * when it was replaced. */
static const char *add_rows(mta_sts_database *db, const char *domain, apr_pool_t *p,
                            tlsrpt_policies *policies)
{
    apr_array_header_t *past;
    const char *error = mta_sts_past_read(db, domain, apr_time_now(), p, &past);
    int i;

    for (i = 0; !error && i < past->nelts; i++) {
        const mta_sts_past_policy *one = &APR_ARRAY_IDX(past, i, mta_sts_past_policy);

        tlsrpt_policies_add(p, policies, &one->policy->policy, one->until);
        if (!one->is_current) {
            begin_at(policies, one->until);
        }
    }
    return error;
}

const char *tlsrpt_policies_add_history(mta_sts_database *db, const char *domain, apr_pool_t *p,
                                        tlsrpt_policies *policies)
{
    apr_array_header_t *entries;
    const char *error = mta_sts_history_read(db, domain, p, &entries);
    int i;

    for (i = 0; !error && i < entries->nelts; i++) {
        const mta_sts_history_entry *entry = &APR_ARRAY_IDX(entries, i, mta_sts_history_entry);

        tlsrpt_policies_add(p, policies, read_policy(p, entry->text), entry->last);
        begin_at(policies, entry->first);
    }
    return error ? error : add_rows(db, domain, p, policies);
}

/* When a policy was last served; -1: never, 0: at an unknown time. */
static apr_time_t last_served(const tlsrpt_policies *policies, const mta_sts_policy *policy)
{
    apr_time_t last = -1;
    int i;

    for (i = 0; policies->earlier && i < policies->earlier->nelts; i++) {
        const tlsrpt_served_policy *one =
            &APR_ARRAY_IDX(policies->earlier, i, tlsrpt_served_policy);

        if (one->last > last && is_same(one->policy, policy)) {
            last = one->last;
        }
    }
    return last;
}

static tlsrpt_policy_match compare_policy(const tlsrpt_policies *policies,
                                          const mta_sts_policy *policy)
{
    if (policies->served && is_same(policy, policies->served)) {
        return TLSRPT_MATCH_CURRENT;
    }
    if (last_served(policies, policy) >= 0) {
        return TLSRPT_MATCH_OLDER;
    }
    return policies->since    ? TLSRPT_MATCH_NEVER
           : policies->served ? TLSRPT_MATCH_OTHER
                              : TLSRPT_MATCH_UNKNOWN;
}

tlsrpt_policy_match tlsrpt_policy_match_compare(apr_pool_t *p, const char *type, const char *policy,
                                                const tlsrpt_policies *policies)
{
    const mta_sts_policy *served = policies->served;

    if (strcmp(type, "tlsa") == 0) {
        return TLSRPT_MATCH_DANE;
    }
    if (strcmp(type, "no-policy-found") == 0) {
        return !served                             ? TLSRPT_MATCH_UNKNOWN
               : served->mode == MTA_STS_MODE_NONE ? TLSRPT_MATCH_CURRENT
                                                   : TLSRPT_MATCH_NOT_FOUND;
    }
    if (strcmp(type, "sts") != 0 || !*policy) {
        return TLSRPT_MATCH_UNSPECIFIED;
    }
    if (!served && (!policies->earlier || !policies->earlier->nelts)) {
        return TLSRPT_MATCH_UNKNOWN; /* skips parsing, which takes time if there are many reports */
    }
    return compare_policy(policies, read_policy(p, policy));
}

const char *tlsrpt_policy_match_name(tlsrpt_policy_match match)
{
    static const char *const names[] = {
        [TLSRPT_MATCH_CURRENT] = "current",     [TLSRPT_MATCH_OLDER] = "older",
        [TLSRPT_MATCH_NEVER] = "never-served",  [TLSRPT_MATCH_OTHER] = "other",
        [TLSRPT_MATCH_NOT_FOUND] = "not-found", [TLSRPT_MATCH_UNSPECIFIED] = "unspecified",
        [TLSRPT_MATCH_DANE] = "dane",           [TLSRPT_MATCH_UNKNOWN] = "served-unknown",
    };

    return names[match];
}

int tlsrpt_policy_match_is_unexpected(tlsrpt_policy_match match)
{
    return match == TLSRPT_MATCH_OLDER || match == TLSRPT_MATCH_NEVER ||
           match == TLSRPT_MATCH_OTHER || match == TLSRPT_MATCH_NOT_FOUND;
}

/* --- for people --- */

static const char *patterns_of(apr_pool_t *p, const mta_sts_policy *policy)
{
    const char *text = apr_array_pstrcat(p, policy->mx, ' ');

    return strlen(text) > 200 ? apr_psprintf(p, "%.200s...", text) : text;
}

static const char *render(apr_pool_t *p, const mta_sts_policy *policy)
{
    return apr_psprintf(p, "mode %s, mx %s, max_age %" APR_INT64_T_FMT,
                        mta_sts_mode_name(policy->mode), patterns_of(p, policy), policy->max_age);
}

const char *tlsrpt_policy_summary(apr_pool_t *p, const char *policy)
{
    const mta_sts_policy *read = read_policy(p, policy);

    return read->mode == MTA_STS_MODE_UNSET || read->max_age < 0
               ? mta_sts_text_quote(p, policy, strlen(policy))
               : render(p, read);
}

/* How long a sender may continue to use the policy. */
static const char *limit_text(apr_pool_t *p, const char *policy)
{
    const mta_sts_policy *read = read_policy(p, policy);

    return read->max_age > 0
               ? apr_pstrcat(p, ", at the latest ", mta_sts_format_duration(p, read->max_age),
                             " after fetching it", NULL)
               : "";
}

/* "; served now: mode testing, ..." */
static const char *now_text(apr_pool_t *p, const tlsrpt_policies *policies)
{
    return policies->served ? apr_pstrcat(p, "; served now: ", render(p, policies->served), NULL)
                            : "; no policy of this domain is known to be served now";
}

static const char *older_text(apr_pool_t *p, const char *policy, const tlsrpt_policies *policies,
                              const char *name)
{
    apr_time_t last = last_served(policies, read_policy(p, policy));

    return apr_psprintf(
        p,
        "an older policy from its cache%s: %s%s. The sender fetches the new one when it sees the "
        "new id in the _mta-sts record%s. If it does not: mta-sts check %s",
        last > 0 ? apr_pstrcat(p, ", served here until ", mta_sts_format_date(p, last), NULL) : "",
        tlsrpt_policy_summary(p, policy), now_text(p, policies), limit_text(p, policy), name);
}

static const char *never_text(apr_pool_t *p, const char *policy, const tlsrpt_policies *policies,
                              const char *name)
{
    return apr_psprintf(
        p,
        "a policy that was never served here (the history begins on %s): %s%s. Either the report "
        "is forged, or another server or a hosting provider serves mta-sts.%s: mta-sts check %s",
        mta_sts_format_date(p, policies->since), tlsrpt_policy_summary(p, policy),
        now_text(p, policies), name, name);
}

static const char *other_text(apr_pool_t *p, const char *policy, const tlsrpt_policies *policies,
                              const char *name)
{
    return apr_psprintf(p,
                        "a policy other than the one that is served now: %s%s. It may be an older "
                        "one from its cache; whether it was ever served is not known here. mta-sts "
                        "check %s shows what is served",
                        tlsrpt_policy_summary(p, policy), now_text(p, policies), name);
}

const char *tlsrpt_policy_match_text(apr_pool_t *p, tlsrpt_policy_match match, const char *policy,
                                     const tlsrpt_policies *policies, const char *domain)
{
    const char *host,
        *name = domain && !mta_sts_name_parse_host(p, domain, MTA_STS_NAME_ALABEL, &host)
                    ? host
                    : "DOMAIN";

    switch (match) {
    case TLSRPT_MATCH_CURRENT:
        return "the policy that is served now";
    case TLSRPT_MATCH_OLDER:
        return older_text(p, policy, policies, name);
    case TLSRPT_MATCH_NEVER:
        return never_text(p, policy, policies, name);
    case TLSRPT_MATCH_OTHER:
        return other_text(p, policy, policies, name);
    case TLSRPT_MATCH_NOT_FOUND:
        return apr_psprintf(p,
                            "none found, although one is published: normal for about a day after "
                            "publishing, until old answers expire from DNS caches. If this "
                            "persists, check the _mta-sts record: mta-sts check %s",
                            name);
    case TLSRPT_MATCH_UNSPECIFIED:
        return "not specified";
    case TLSRPT_MATCH_DANE:
        return "TLSA records (DANE), which take precedence over MTA-STS";
    case TLSRPT_MATCH_UNKNOWN:
        break;
    }
    return *policy ? tlsrpt_policy_summary(p, policy) : "none found";
}
