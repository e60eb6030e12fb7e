/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_POLICY_MATCH_H
#define TLSRPT_ADVICE_POLICY_MATCH_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"
#include "core/policy/policy.h"

/* How the policy that a sender applied, according to its report, relates to those that were served
 * here. */
typedef enum tlsrpt_policy_match {
    TLSRPT_MATCH_CURRENT,   /* the policy that is served now */
    TLSRPT_MATCH_OLDER,     /* an older one that was served here, from the sender's cache */
    TLSRPT_MATCH_NEVER,     /* one that was never served here, according to the history */
    TLSRPT_MATCH_OTHER,     /* not the one served now, and it is not known what was served before */
    TLSRPT_MATCH_NOT_FOUND, /* the sender found no policy, although one is served */
    TLSRPT_MATCH_UNSPECIFIED, /* the report does not specify the policy: the sender could not fetch
                                 or parse it */
    TLSRPT_MATCH_DANE,        /* the sender used TLSA records instead of an MTA-STS policy */
    TLSRPT_MATCH_UNKNOWN,     /* it is not known which policies are or were served here */
} tlsrpt_policy_match;
#define TLSRPT_POLICY_MATCHES (TLSRPT_MATCH_UNKNOWN + 1)

/* A policy that was served. */
typedef struct tlsrpt_served_policy {
    const mta_sts_policy *policy;
    apr_time_t last; /* when it was last served; 0: unknown */
} tlsrpt_served_policy;

/* The policies of a domain, as they are known here. */
typedef struct tlsrpt_policies {
    const mta_sts_policy *served; /* now; NULL: not known */
    apr_array_header_t *earlier;  /* of tlsrpt_served_policy, in any order; may include the
                                     current one. NULL or empty: not known */
    apr_time_t since;             /* when their history begins; 0: not known */
} tlsrpt_policies;

/*
 * Adds the history of served policies (core/database/history.h) to the policies of a domain, and
 * the earlier rows of a hosted domain (core/hosting/past.h).
 *
 * @param p pool of the added policies
 * @return NULL, or why the history cannot be read
 */
const char *tlsrpt_policies_add_history(mta_sts_database *db, const char *domain, apr_pool_t *p,
                                        tlsrpt_policies *policies);

/* Adds one policy that was served, which is borrowed; last is 0 if the time is unknown. */
void tlsrpt_policies_add(apr_pool_t *p, tlsrpt_policies *policies, const mta_sts_policy *policy,
                         apr_time_t last);

/*
 * Compares the policy that a sender applied with the policies of the domain.
 *
 * @param p        scratch
 * @param type     policy type, as sent
 * @param policy   the lines of policy-string, joined by LF; "" if none (as in tlsrpt_seen_policy)
 * @param policies those of the domain
 */
tlsrpt_policy_match tlsrpt_policy_match_compare(apr_pool_t *p, const char *type, const char *policy,
                                                const tlsrpt_policies *policies);

/* "current", "older", "never-served", "other", "not-found", "unspecified", "dane" or
 * "served-unknown", for programs. */
const char *tlsrpt_policy_match_name(tlsrpt_policy_match match);

/* Whether a sender that supports MTA-STS should have used the served policy, but did not. */
int tlsrpt_policy_match_is_unexpected(tlsrpt_policy_match match);

/*
 * Describes a result for people, with what to do if anything is necessary.
 *
 * @param p      pool of the text
 * @param domain policy domain; left out of the text if it is not a host name
 */
const char *tlsrpt_policy_match_text(apr_pool_t *p, tlsrpt_policy_match match, const char *policy,
                                     const tlsrpt_policies *policies, const char *domain);

/* A policy on one line: "mode enforce, mx mx1.example.com *.example.net, max_age 604800". If
 * policy-string is not a policy, its lines are quoted. Allocated from p. */
const char *tlsrpt_policy_summary(apr_pool_t *p, const char *policy);

#endif
