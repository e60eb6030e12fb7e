/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/policy_match.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/text.h"
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

tlsrpt_policy_match tlsrpt_policy_match_compare(apr_pool_t *p, const char *type, const char *policy,
                                                const mta_sts_policy *served)
{
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
    return !served                                   ? TLSRPT_MATCH_UNKNOWN
           : is_same(read_policy(p, policy), served) ? TLSRPT_MATCH_CURRENT
                                                     : TLSRPT_MATCH_OLDER;
}

const char *tlsrpt_policy_match_name(tlsrpt_policy_match match)
{
    static const char *const names[] = {
        [TLSRPT_MATCH_CURRENT] = "current",     [TLSRPT_MATCH_OLDER] = "older",
        [TLSRPT_MATCH_NOT_FOUND] = "not-found", [TLSRPT_MATCH_UNSPECIFIED] = "unspecified",
        [TLSRPT_MATCH_DANE] = "dane",           [TLSRPT_MATCH_UNKNOWN] = "served-unknown",
    };

    return names[match];
}

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

const char *tlsrpt_policy_match_text(apr_pool_t *p, tlsrpt_policy_match match, const char *policy,
                                     const mta_sts_policy *served, const char *domain)
{
    const char *host,
        *name = domain && !mta_sts_name_parse_host(p, domain, MTA_STS_NAME_ALABEL, &host)
                    ? host
                    : "DOMAIN";

    switch (match) {
    case TLSRPT_MATCH_CURRENT:
        return "the policy that is served now";
    case TLSRPT_MATCH_OLDER:
        return apr_psprintf(
            p,
            "an older policy from its cache: %s; served now: %s. The sender fetches "
            "the new one when it sees the new id in the _mta-sts record%s. If it "
            "does not: mta-sts check %s",
            tlsrpt_policy_summary(p, policy), render(p, served), limit_text(p, policy), name);
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
