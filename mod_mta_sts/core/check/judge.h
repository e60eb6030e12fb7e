/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_JUDGE_H
#define CORE_CHECK_JUDGE_H

#include "core/check/check.h"
#include "core/policy/policy.h"

/*
 * The state of one call of mta_sts_check_judge(), shared by the files that implement it.
 */

typedef struct mta_sts_judge {
    apr_pool_t *p;
    const mta_sts_check_facts *facts;
    const mta_sts_check_limits *limits;
    mta_sts_check_result *result;
    const char *record_id;              /* the policy id in DNS, or NULL if senders see none */
    const mta_sts_policy_fetch *served; /* the fetch whose text is judged, or NULL */
    const mta_sts_policy *policy;       /* the policy in that text, as far as it can be parsed */
    mta_sts_findings *policy_findings;  /* of the section about the policy */
    const char *served_id;              /* the policy id of that text */
    int policy_valid;                   /* whether that text is valid */
    int policy_reachable;               /* whether a sender would get and use it */
    int policy_unknown; /* whether policy_reachable cannot be determined from this machine */
    int mx_good;        /* number of MX hosts with at least one address that is
                           fully valid */
    int mx_lost; /* number of MX hosts to which senders deliver in mode testing, but not in mode
                    enforce */
    int mx_undeliverable;   /* number of MX hosts that accept no mail in any mode */
    int mx_unknown;         /* number of MX hosts that could not be judged */
    const char *bad;        /* the first MX host of mx_lost, else of mx_undeliverable, or NULL */
    const char *bad_reason; /* why `bad` is in that group */
    mta_sts_mx_effect bad_effect;
    const char *unknown; /* the first MX host that could not be judged, or NULL */
} mta_sts_judge;

/* Adds a section; returns its empty list of findings, to which the caller adds. */
mta_sts_findings *mta_sts_judge_section(mta_sts_judge *judge, mta_sts_check_part part,
                                        const char *subject);

/* ", TTL 300 s, DNSSEC secure": the properties of an answer, to be appended to it. */
const char *mta_sts_judge_answer_note(apr_pool_t *p, const mta_sts_answer *answer);

/* Changes the severity from `from` to `to` in all findings from this index on. */
void mta_sts_judge_lower_severity(mta_sts_findings *findings, int index, mta_sts_severity from,
                                  mta_sts_severity to);

/* Whether the domain does not exist, in which case nothing else is reported. */
int mta_sts_judge_is_unknown(const mta_sts_check_facts *facts);

/* Each adds its sections and sets its part of the state. They are called in this order. */
void mta_sts_judge_dns(mta_sts_judge *judge);
void mta_sts_judge_policy_host(mta_sts_judge *judge);
void mta_sts_judge_policy(mta_sts_judge *judge);
void mta_sts_judge_mxs(mta_sts_judge *judge);
void mta_sts_judge_dane(mta_sts_judge *judge, int first); /* index of the first section of an MX
                                                             host */
void mta_sts_judge_tlsrpt(mta_sts_judge *judge);
void mta_sts_judge_verdict(mta_sts_judge *judge);

#endif
