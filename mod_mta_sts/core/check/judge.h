/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_JUDGE_H
#define CORE_CHECK_JUDGE_H

#include "core/check/check.h"
#include "core/policy/policy.h"

/*
 * What the parts of mta_sts_check_judge() share, and nobody else: the state of one judgement.
 */

typedef struct mta_sts_judge {
    apr_pool_t *p;
    const mta_sts_check_facts *facts;
    const mta_sts_check_limits *limits;
    mta_sts_check_result *result;
    const char *record_id;              /* the id in DNS, or NULL if senders see none */
    const mta_sts_policy_fetch *served; /* brought the text that is judged; NULL: there is none */
    const mta_sts_policy *policy;       /* what that text says, as far as it can be understood */
    mta_sts_findings *policy_findings;  /* those of the section about it */
    const char *served_id;              /* the id of that text */
    int policy_valid;                   /* the text is right */
    int policy_reachable;               /* a sender would take it */
    int policy_unknown;                 /* cannot be determined from this machine */
    int mx_good;                        /* number of MX hosts with an address that is all right */
    int mx_lost;                        /* of those where mode enforce makes senders go away */
    int mx_alike;                       /* of those that take no mail in any mode */
    int mx_unknown;                     /* of those that could not be judged */
    const char *bad;        /* the first MX host that is lost, else that takes no mail, or NULL */
    const char *bad_reason; /* why */
    mta_sts_mx_effect bad_effect;
    const char *unknown; /* the first that could not be judged, or NULL */
} mta_sts_judge;

/* Adds a section for findings and returns them. */
mta_sts_findings *mta_sts_judge_section(mta_sts_judge *judge, mta_sts_check_part part,
                                        const char *subject);

/* ", TTL 300 s, DNSSEC secure": what is added after an answer. */
const char *mta_sts_judge_answer_note(apr_pool_t *p, const mta_sts_answer *answer);

/* Lowers findings, from the one at this index on: all of `from` become `to`. */
void mta_sts_judge_lower_severity(mta_sts_findings *findings, int index, mta_sts_severity from,
                                  mta_sts_severity to);

/* Whether the domain does not exist: then there is nothing else to say. */
int mta_sts_judge_is_unknown(const mta_sts_check_facts *facts);

/* Each adds its sections and sets its part of the state; in this order. */
void mta_sts_judge_dns(mta_sts_judge *judge);
void mta_sts_judge_policy_host(mta_sts_judge *judge);
void mta_sts_judge_policy(mta_sts_judge *judge);
void mta_sts_judge_mxs(mta_sts_judge *judge);
void mta_sts_judge_dane(mta_sts_judge *judge, int first); /* the first section of an MX host */
void mta_sts_judge_tlsrpt(mta_sts_judge *judge);
void mta_sts_judge_verdict(mta_sts_judge *judge);

#endif
