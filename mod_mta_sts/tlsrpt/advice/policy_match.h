/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_POLICY_MATCH_H
#define TLSRPT_ADVICE_POLICY_MATCH_H

#include <apr_pools.h>

#include "core/policy/policy.h"

/* How the policy that a sender applied, according to its report, compares to the policy that is
 * served now. */
typedef enum tlsrpt_policy_match {
    TLSRPT_MATCH_CURRENT,     /* the policy that is served now */
    TLSRPT_MATCH_OLDER,       /* another policy: an older one from the sender's cache */
    TLSRPT_MATCH_NOT_FOUND,   /* the sender found no policy, although one is served */
    TLSRPT_MATCH_UNSPECIFIED, /* the report does not specify the policy: the sender could not fetch
                                 or parse it */
    TLSRPT_MATCH_DANE,        /* TLSA records instead of an MTA-STS policy */
    TLSRPT_MATCH_UNKNOWN,     /* it is not known which policy is served now */
} tlsrpt_policy_match;

/*
 * @param p      scratch
 * @param type   policy type, as sent
 * @param policy the lines of policy-string, joined by LF; "" if none (as in tlsrpt_seen_policy)
 * @param served the policy served now, or NULL if that is not known
 */
tlsrpt_policy_match tlsrpt_policy_match_compare(apr_pool_t *p, const char *type, const char *policy,
                                                const mta_sts_policy *served);

/* "current", "older", "not-found", "unspecified", "dane" or "served-unknown", for programs. */
const char *tlsrpt_policy_match_name(tlsrpt_policy_match match);

/*
 * The same for people, with what to do if something has to be done.
 *
 * @param p      pool of the text
 * @param domain policy domain; left out if it is not a host name
 */
const char *tlsrpt_policy_match_text(apr_pool_t *p, tlsrpt_policy_match match, const char *policy,
                                     const mta_sts_policy *served, const char *domain);

/* A policy on one line: "mode enforce, mx mx1.example.com *.example.net, max_age 604800". If
 * policy-string is not a policy, its lines are quoted. Allocated from p. */
const char *tlsrpt_policy_summary(apr_pool_t *p, const char *policy);

#endif
