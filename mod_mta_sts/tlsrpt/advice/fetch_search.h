/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_FETCH_SEARCH_H
#define TLSRPT_ADVICE_FETCH_SEARCH_H

#include "core/database/fetches.h"
#include "tlsrpt/advice/fetch_answer.h"

/* What the fetch log contains about the sender of a report: the data of an answer. */
typedef struct tlsrpt_fetch_search {
    mta_sts_database *db; /* NULL: the database cannot be read */
    const tlsrpt_fetch_question *question;
    tlsrpt_fetch_answer *answer;
    apr_pool_t *p;
    apr_time_t begin, end;
    apr_int64_t outcomes[MTA_STS_FETCH_OUTCOMES]; /* of the sender, by outcome */
    apr_time_t last[MTA_STS_FETCH_OUTCOMES];
    apr_array_header_t *with, *without; /* of const char *: networks of the sender with and without
                                           requests for the domain */
    apr_array_header_t *named; /* those in `with` that belong to the sender only according to DNS */
    apr_int64_t others;        /* number of requests for the domain whose network is not recorded */
    apr_int64_t elsewhere;     /* number of requests of the sender for hosts whose names are not
                                  recorded */
    apr_time_t elsewhere_last;
    mta_sts_fetches_coverage coverage;
} tlsrpt_fetch_search;

/*
 * Reads the data.
 *
 * @param s in: db, question, answer (all 0) and p are set, the rest is 0; out: the rest, and the
 *          numbers and times of the answer
 */
const char *tlsrpt_fetch_search_read(tlsrpt_fetch_search *s);

#endif
