/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_READINESS_H
#define TLSRPT_ADVICE_READINESS_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/check/check.h"
#include "core/base/finding.h"
#include "core/policy/policy.h"
#include "tlsrpt/advice/explain.h"
#include "tlsrpt/summary/summary.h"

/*
 * Whether a domain is ready for mode enforce (or, where that is on, whether it is safe): a verdict
 * with its evidence, made from what reports tell and from a look at the live deployment. It asks
 * nobody and changes nothing.
 *
 * Reports are claims by strangers. What a report tells weighs if its sender was verified, or if the
 * policy in it is one that we served (in mode testing or enforce, for a domain goes from the one to
 * the other): that much its sender must have seen. What weighs nothing is told, but decides
 * nothing; and without a look at the mail servers, or a verified sender, nothing makes a domain
 * ready.
 */

/* What has to be there. */
typedef struct tlsrpt_readiness_limits {
    apr_time_t now; /* the time to judge for */
    int days;    /* that have reports, and that are without a failure of ours since; 1 at least */
    int senders; /* that reported; 1 at least */
} tlsrpt_readiness_limits;

typedef struct tlsrpt_readiness_facts {
    const char *domain;
    const mta_sts_policy *served;       /* now; NULL: there is none, or it is not known */
    const mta_sts_check_facts *looked;  /* the live deployment; NULL: nobody looked */
    const mta_sts_check_result *result; /* of looking, or NULL */
    const tlsrpt_domain *all;           /* what reports tell, without DANE; NULL: there is none */
    const tlsrpt_domain *weighed;       /* that part of it that weighs; NULL: nothing does */
} tlsrpt_readiness_facts;

typedef enum tlsrpt_ready {
    TLSRPT_READY_YES,
    TLSRPT_READY_NOT_YET, /* nothing speaks against it but that something is missing */
    TLSRPT_READY_NO,      /* mode enforce would hold up mail */
    TLSRPT_READY_UNKNOWN, /* could not be told */
} tlsrpt_ready;

typedef enum tlsrpt_readiness_part {
    TLSRPT_READINESS_POLICY, /* and what announces and serves it */
    TLSRPT_READINESS_MX,
    TLSRPT_READINESS_REPORTS,
} tlsrpt_readiness_part;
#define TLSRPT_READINESS_PARTS 3

/* In a fix, what stands between the words and a command that shows the state of the thing. */
#define TLSRPT_READINESS_SEE " To see it: "

typedef struct tlsrpt_readiness {
    tlsrpt_ready ready;
    const char *summary;                             /* the verdict in one line */
    mta_sts_findings *parts[TLSRPT_READINESS_PARTS]; /* the evidence; each part in the order in
                                                        which it is to be mended */
} tlsrpt_readiness;

/*
 * Judges the facts about one domain.
 *
 * @param p     pool of the result
 * @param facts borrowed by the result
 */
tlsrpt_readiness *tlsrpt_readiness_judge(apr_pool_t *p, const tlsrpt_readiness_facts *facts,
                                         const tlsrpt_readiness_limits *limits);

/* Days that have sessions; none of the future, which a report can claim as well, nor one that is
 * not told. weighed may be NULL. */
int tlsrpt_readiness_days(const tlsrpt_domain *weighed, apr_time_t now);

/* Whether what a report tells under a type of policy is about MTA-STS at all: not about DANE, which
 * goes before it (RFC 8461 section 2). */
int tlsrpt_readiness_concerns(const char *policy_type);

/*
 * Whether it weighs, as said above.
 *
 * @param p        scratch
 * @param verified whether the sender of the report was verified
 * @param served   array of const mta_sts_policy *: those that we served, now or earlier
 */
int tlsrpt_readiness_weighs(apr_pool_t *p, const tlsrpt_policy *policy, int verified,
                            const apr_array_header_t *served);

/* Whether senders in mode enforce refuse to deliver for such a failure, and the cause is ours; of a
 * failure that concerns MTA-STS. */
int tlsrpt_readiness_refuses(const tlsrpt_explanation *explanation);

/* "yes", "not-yet", "no" or "unknown". */
const char *tlsrpt_ready_name(tlsrpt_ready ready);

/* "policy", "mx" or "reports". */
const char *tlsrpt_readiness_part_name(tlsrpt_readiness_part part);

#endif
