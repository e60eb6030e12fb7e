/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_FETCH_ANSWER_H
#define TLSRPT_ADVICE_FETCH_ANSWER_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"
#include "tlsrpt/summary/summary.h"

/*
 * What the fetch log (core/database/fetches.h) says about a reported failure to get the policy:
 * whether the sender reached this server, and what it got. A sender is recognized by its networks:
 * those of sending-mta-ip in its report (RFC 8460 section 4.3), the one that posted it, and if the
 * report was signed, those that belong to the signer by DNS (core/database/network_names.h). The
 * answer claims no more than is recorded.
 */

typedef enum tlsrpt_fetch_kind {
    TLSRPT_FETCH_SERVED,     /* it got the policy, each time */
    TLSRPT_FETCH_PARTLY,     /* it got the policy, and something else */
    TLSRPT_FETCH_REFUSED,    /* it reached this server, and got no policy */
    TLSRPT_FETCH_NOTHING,    /* nothing from its networks reached this server */
    TLSRPT_FETCH_NO_NETWORK, /* its networks are not known */
    TLSRPT_FETCH_NOT_KNOWN,  /* the log has no, or no complete, record of that time */
} tlsrpt_fetch_kind;

/* "served", "partly-served", "not-served", "nothing", "network-unknown", "not-known" */
const char *tlsrpt_fetch_kind_name(tlsrpt_fetch_kind kind);

typedef struct tlsrpt_fetch_answer {
    const char *organization; /* whose servers; NULL: of one report */
    tlsrpt_fetch_kind kind;
    apr_int64_t served, refused; /* requests */
    apr_time_t first, last;      /* of them; 0: none */
    const char *text;            /* for people: sentences */
} tlsrpt_fetch_answer;

typedef struct tlsrpt_fetch_question {
    const char *domain;
    const char *result_type;
    const apr_array_header_t *networks; /* of const char *, as in core/base/network.h */
    const char *signer;                 /* whose DKIM signature of the report was verified; NULL or
                                           "": nobody's */
    apr_time_t begin, end;              /* of the report */
    apr_time_t now;
} tlsrpt_fetch_question;

/* Whether the log can explain a failure: the sender tried to fetch the policy. */
int tlsrpt_fetch_is_about(const char *result_type);

/*
 * The answer for one report.
 *
 * @param db     NULL: it cannot be read
 * @param p      pool of the answer
 * @param answer out
 * @return NULL, or an error as in core/database/database.h
 */
const char *tlsrpt_fetch_answer_find(mta_sts_database *db, const tlsrpt_fetch_question *question,
                                     apr_pool_t *p, tlsrpt_fetch_answer *answer);

#define TLSRPT_FETCH_ANSWERS_MAX 3

/*
 * The answers for failures that were summed up: for each of the last senders in the index, about
 * the time of its last report.
 *
 * @param answers out: of tlsrpt_fetch_answer, at most TLSRPT_FETCH_ANSWERS_MAX; empty if the log
 *                cannot explain such a failure
 */
const char *tlsrpt_fetch_answers_find(mta_sts_database *db, const char *domain,
                                      const tlsrpt_cause *cause, apr_time_t now, apr_pool_t *p,
                                      apr_array_header_t **answers);

#endif
