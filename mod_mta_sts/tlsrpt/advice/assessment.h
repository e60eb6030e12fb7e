/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_ASSESSMENT_H
#define TLSRPT_ADVICE_ASSESSMENT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/finding.h"
#include "core/check/check.h"
#include "core/policy/policy.h"
#include "tlsrpt/advice/policy_match.h"
#include "tlsrpt/summary/summary.h"

/* The input and the result of an assessment of readiness for mode enforce
 * (tlsrpt/advice/readiness.h). */

/* The maximum number of names that a finding lists. */
#define TLSRPT_READINESS_NAMES 3

#define TLSRPT_READINESS_DAY apr_time_from_sec(86400)

/* The default requirements, and the number of days (UTC, including today) whose reports are
 * considered. */
#define TLSRPT_READINESS_DAYS 14
#define TLSRPT_READINESS_SENDERS 2
#define TLSRPT_READINESS_SINCE 30

/* The requirements for recommending mode enforce. */
typedef struct tlsrpt_readiness_limits {
    apr_time_t now; /* the time of the assessment */
    int days; /* required days with reports, and days since the last blocking failure; at least 1 */
    int senders;      /* required number of senders that report; at least 1 */
    int is_before_id; /* whether the id of the served policy is about to be published: then DNS
                         rightly has a different id, and mode enforce is not in effect yet */
} tlsrpt_readiness_limits;

typedef struct tlsrpt_readiness_facts {
    const char *domain;
    const mta_sts_policy *served; /* the policy that is served now; NULL: none, or not known */
    tlsrpt_policies policies;     /* the policies that were served before */
    const mta_sts_check_facts *deployment; /* the live deployment; NULL: it was not checked */
    const mta_sts_check_result *check;     /* the result of checking it, or NULL */
    const tlsrpt_domain *reports;          /* all reports, without DANE; NULL: none */
    const tlsrpt_domain *evidence;         /* the reports that count (evidence.h); NULL: none */
    apr_int64_t apart;                     /* senders and days that are set apart */
    apr_int64_t earlier;                   /* reports about days before the period */
    const char *place; /* options of mta-sts report, each with a blank before it; NULL: none */
} tlsrpt_readiness_facts;

typedef enum tlsrpt_ready {
    TLSRPT_READY_YES,
    TLSRPT_READY_NOT_YET, /* no problem was found, but something is still missing */
    TLSRPT_READY_NO,      /* mode enforce would block mail */
    TLSRPT_READY_UNKNOWN, /* could not be determined */
} tlsrpt_ready;

typedef enum tlsrpt_readiness_part {
    TLSRPT_READINESS_POLICY, /* with the MTA-STS record and the policy host */
    TLSRPT_READINESS_MX,
    TLSRPT_READINESS_REPORTS,
} tlsrpt_readiness_part;
#define TLSRPT_READINESS_PARTS 3

/* In a fix, separates the sentences from a command that shows the current state. */
#define TLSRPT_READINESS_COMMAND " To check: "

typedef struct tlsrpt_readiness {
    tlsrpt_ready ready;
    const char *summary;                             /* the result on one line */
    mta_sts_findings *parts[TLSRPT_READINESS_PARTS]; /* the evidence; each part in the order in
                                                        which it should be fixed */
} tlsrpt_readiness;

/* An assessment in progress, shared by its parts. */
typedef struct tlsrpt_assessment {
    apr_pool_t *p;
    const tlsrpt_readiness_facts *facts;
    const tlsrpt_readiness_limits *limits;
    tlsrpt_readiness *result;
    tlsrpt_policies policies; /* including the policy that is served now */
    int is_enforced; /* whether mode enforce is in effect already: then missing requirements are
                        only info */
} tlsrpt_assessment;

/* The severity of a requirement for mode enforce that is not met. */
mta_sts_severity tlsrpt_assessment_missing(const tlsrpt_assessment *a);

/* The command that shows the reports about the domain. */
const char *tlsrpt_assessment_report(const tlsrpt_assessment *a);

/* "yes", "not-yet", "no" or "unknown". */
const char *tlsrpt_ready_name(tlsrpt_ready ready);

/* "policy", "mx" or "reports". */
const char *tlsrpt_readiness_part_name(tlsrpt_readiness_part part);

#endif
