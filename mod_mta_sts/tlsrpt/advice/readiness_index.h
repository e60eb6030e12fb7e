/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_READINESS_INDEX_H
#define TLSRPT_ADVICE_READINESS_INDEX_H

#include "core/database/database.h"
#include "tlsrpt/advice/readiness.h"

/*
 * Reads the sums of the reports about a domain from the index (tlsrpt/index), for an assessment:
 * reports of all machines that share the database.
 *
 * @param p     pool of the results
 * @param since only reports about the days from then on
 * @param facts in: domain; out: reports, evidence, earlier, apart
 * @return NULL, or an error (core/database/database.h)
 */
const char *tlsrpt_readiness_read_index(mta_sts_database *db, apr_pool_t *p, apr_time_t since,
                                        tlsrpt_readiness_facts *facts);

#endif
