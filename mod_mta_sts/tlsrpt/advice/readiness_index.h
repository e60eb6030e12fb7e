/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_READINESS_INDEX_H
#define TLSRPT_ADVICE_READINESS_INDEX_H

#include "core/database/database.h"
#include "tlsrpt/advice/readiness.h"

/*
 * Reads what the index of reports (tlsrpt/index) says about the readiness of a domain: the reports
 * of all machines that share the database.
 *
 * @param p     pool of what is read
 * @param since reports about the days since then
 * @param facts in: domain; out: reports, evidence, earlier, apart
 * @return NULL, or an error as in core/database/database.h
 */
const char *tlsrpt_readiness_read_index(mta_sts_database *db, apr_pool_t *p, apr_time_t since,
                                        tlsrpt_readiness_facts *facts);

#endif
