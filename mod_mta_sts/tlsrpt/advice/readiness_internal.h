/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_READINESS_INTERNAL_H
#define TLSRPT_ADVICE_READINESS_INTERNAL_H

#include "tlsrpt/advice/readiness.h"

/* What the parts of tlsrpt_readiness_judge() share, and nobody else. */

#define READINESS_DAY apr_time_from_sec(86400)

typedef struct readiness_judge {
    apr_pool_t *p;
    const tlsrpt_readiness_facts *facts;
    const tlsrpt_readiness_limits *limits;
    tlsrpt_readiness *result;
    int is_enforced; /* mode enforce is on: what is only missing for going there is no matter */
} readiness_judge;

/* The severity of something that is missing for going to mode enforce. */
mta_sts_severity readiness_missing(const readiness_judge *judge);

/* Whether a report weighs whose sender is verified. */
int readiness_has_verified_sender(const readiness_judge *judge);

/* What the reports tell: how many there are, which policy they had, what failed. */
void readiness_judge_reports(readiness_judge *judge);
void readiness_judge_held(readiness_judge *judge);
void readiness_judge_failures(readiness_judge *judge);

/* "2026-11-25", UTC. */
const char *readiness_date(apr_pool_t *p, apr_time_t time);

/* The day that ends then; 0: it is not told. */
const char *readiness_last_date(apr_pool_t *p, apr_time_t end);

/* "a.example, b.example and 3 more", escaped for a terminal: of const char *. */
const char *readiness_names(apr_pool_t *p, const apr_array_header_t *names);

#endif
