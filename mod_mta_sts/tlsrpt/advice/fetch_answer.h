/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_FETCH_ANSWER_H
#define TLSRPT_ADVICE_FETCH_ANSWER_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"
#include "tlsrpt/summary/summary.h"

/*
 * What the fetch log (core/database/fetches.h) says about a reported failure to fetch the policy:
 * whether the sender reached this server, and how the server responded. A sender is recognized by
 * its networks: those of sending-mta-ip in its report (RFC 8460 section 4.3), the one from which
 * the report was posted, and if the report was signed, those that belong to the signer according to
 * DNS (core/database/network_names.h). The answer claims nothing that is not recorded.
 */

typedef enum tlsrpt_fetch_kind {
    TLSRPT_FETCH_SERVED,     /* it got the policy each time */
    TLSRPT_FETCH_PARTLY,     /* it got the policy for some of its requests only */
    TLSRPT_FETCH_REFUSED,    /* it reached this server, but never got the policy */
    TLSRPT_FETCH_NOTHING,    /* no request from its networks reached this server */
    TLSRPT_FETCH_NO_NETWORK, /* its networks are not known */
    TLSRPT_FETCH_NOT_KNOWN,  /* the log has no record of that time, or an incomplete one */
} tlsrpt_fetch_kind;

/* "served", "partly-served", "not-served", "nothing", "network-unknown", "not-known" */
const char *tlsrpt_fetch_kind_name(tlsrpt_fetch_kind kind);

typedef struct tlsrpt_fetch_answer {
    const char *organization; /* the sender; NULL: the answer is about one report */
    tlsrpt_fetch_kind kind;
    apr_int64_t served, refused; /* number of requests */
    apr_time_t first, last;      /* times of the first and last of these requests; 0: none */
    const char *text;            /* for people: sentences */
} tlsrpt_fetch_answer;

typedef struct tlsrpt_fetch_question {
    const char *domain;
    const char *result_type;
    const apr_array_header_t *networks; /* of const char *, as in core/base/network.h */
    const char *signer;    /* domain of the verified DKIM signature; NULL or "": unverified */
    apr_time_t begin, end; /* date range of the report */
    apr_time_t now;
} tlsrpt_fetch_question;

/* Whether the log can explain failures of this type: those in which the sender tried to fetch the
 * policy. */
int tlsrpt_fetch_is_about(const char *result_type);

/*
 * Finds the answer for one report.
 *
 * @param db     NULL: the database cannot be read
 * @param p      pool of the answer
 * @param answer out
 * @return NULL, or an error (core/database/database.h)
 */
const char *tlsrpt_fetch_answer_find(mta_sts_database *db, const tlsrpt_fetch_question *question,
                                     apr_pool_t *p, tlsrpt_fetch_answer *answer);

#define TLSRPT_FETCH_ANSWERS_MAX 3

/*
 * Finds the answers for failures that were added up: one for each of the senders that reported
 * last, about the date range of its last report.
 *
 * @param answers out: of tlsrpt_fetch_answer, at most TLSRPT_FETCH_ANSWERS_MAX; empty if the log
 *                cannot explain such a failure
 */
const char *tlsrpt_fetch_answers_find(mta_sts_database *db, const char *domain,
                                      const tlsrpt_cause *cause, apr_time_t now, apr_pool_t *p,
                                      apr_array_header_t **answers);

#endif
