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

/* The input of an assessment of readiness (tlsrpt/advice/readiness.h), and its result. */

/* The most names that a finding lists. */
#define TLSRPT_READINESS_NAMES 3

#define TLSRPT_READINESS_DAY apr_time_from_sec(86400)

/* What is required unless the admin asks for something else, and the days (UTC) including today
 * whose reports are weighed. */
#define TLSRPT_READINESS_DAYS 14
#define TLSRPT_READINESS_SENDERS 2
#define TLSRPT_READINESS_SINCE 30

/* What is required before mode enforce is recommended. */
typedef struct tlsrpt_readiness_limits {
    apr_time_t now;   /* the time of the assessment */
    int days;         /* days with reports, and days without a blocking failure since; at least 1 */
    int senders;      /* that reported; at least 1 */
    int is_before_id; /* the id of the served policy is about to be published: that DNS has another
                         one is right, and mode enforce is not on before that */
} tlsrpt_readiness_limits;

typedef struct tlsrpt_readiness_facts {
    const char *domain;
    const mta_sts_policy *served;          /* now; NULL: none, or not known */
    tlsrpt_policies policies;              /* those that were served before */
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
    TLSRPT_READINESS_POLICY, /* and its announcement and policy host */
    TLSRPT_READINESS_MX,
    TLSRPT_READINESS_REPORTS,
} tlsrpt_readiness_part;
#define TLSRPT_READINESS_PARTS 3

/* In a fix, what separates the sentences from a command that shows the current state. */
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
    tlsrpt_policies policies; /* with the one that is served now */
    int is_enforced; /* mode enforce is on: what is required before switching to it is only info */
} tlsrpt_assessment;

/* The severity of something that is missing before switching to mode enforce. */
mta_sts_severity tlsrpt_assessment_missing(const tlsrpt_assessment *a);

/* The command that shows the reports about the domain. */
const char *tlsrpt_assessment_report(const tlsrpt_assessment *a);

/* "yes", "not-yet", "no" or "unknown". */
const char *tlsrpt_ready_name(tlsrpt_ready ready);

/* "policy", "mx" or "reports". */
const char *tlsrpt_readiness_part_name(tlsrpt_readiness_part part);

#endif
