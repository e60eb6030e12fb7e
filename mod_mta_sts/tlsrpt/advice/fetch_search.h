/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_FETCH_SEARCH_H
#define TLSRPT_ADVICE_FETCH_SEARCH_H

#include "core/database/fetches.h"
#include "tlsrpt/advice/fetch_answer.h"

/* What the fetch log has about the sender of a report, which an answer is made of. */
typedef struct tlsrpt_fetch_search {
    mta_sts_database *db; /* NULL: it cannot be read */
    const tlsrpt_fetch_question *question;
    tlsrpt_fetch_answer *answer;
    apr_pool_t *p;
    apr_time_t begin, end;
    apr_int64_t outcomes[MTA_STS_FETCH_OUTCOMES]; /* requests of the sender */
    apr_time_t last[MTA_STS_FETCH_OUTCOMES];
    apr_array_header_t *with, *without; /* of const char *: networks of the sender with requests
                                           for the domain, and those without */
    apr_array_header_t *named;          /* those with requests that are its own only by DNS */
    apr_int64_t others;                 /* requests for the domain whose network is not recorded */
    apr_int64_t elsewhere; /* requests of the sender for hosts that are not recorded by name */
    apr_time_t elsewhere_last;
    mta_sts_fetches_coverage coverage;
} tlsrpt_fetch_search;

/*
 * Reads it.
 *
 * @param s database, question, answer (all 0) and pool are set, the rest is 0; out: the rest, and
 *          the numbers and times of the answer
 */
const char *tlsrpt_fetch_search_read(tlsrpt_fetch_search *s);

#endif
