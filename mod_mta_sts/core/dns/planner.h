/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_PLANNER_H
#define CORE_DNS_PLANNER_H

#include "core/dns/publication.h"

/* What the parts of mta_sts_publication_make() share, and nobody else. */
typedef struct mta_sts_planner {
    apr_pool_t *p;
    const mta_sts_publication_facts *facts;
    mta_sts_publication *publication; /* its records are planned first */
    mta_sts_findings *findings;
} mta_sts_planner;

/* Adds the findings, and the reasons to hold the MTA-STS record back. */
void mta_sts_planner_judge(mta_sts_planner *pl);

#endif
