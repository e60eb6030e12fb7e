/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_PLANNER_H
#define CORE_DNS_PLANNER_H

#include "core/dns/publication.h"

/* Internal to mta_sts_publication_make(): the state that its source files share. */
typedef struct mta_sts_planner {
    apr_pool_t *p;
    const mta_sts_publication_facts *facts;
    mta_sts_publication *publication; /* its records are planned before mta_sts_planner_judge() is
                                         called */
    mta_sts_findings *findings;
} mta_sts_planner;

/* Adds the findings, and sets publication->hold if the MTA-STS record must not be published yet. */
void mta_sts_planner_judge(mta_sts_planner *pl);

#endif
