/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_FETCHES_H
#define CORE_DATABASE_FETCHES_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/*
 * The fetch log: which networks requested the policy of which domain in which hour, and with which
 * outcome. It answers whether a sender that reports a failed fetch (sts-policy-fetch-error, RFC
 * 8460 section 4.3.2) has reached this server. The rows of machines that share a database are added
 * up.
 *
 * Anyone can send any number of requests for any host from many networks. So all names that are not
 * local are recorded as one, and the number of networks per domain and hour is limited, as is the
 * number of rows per day (core/database/fetch_room.h); all further requests are counted under
 * "other".
 */

/* FETCH(enumerator, name, text): the outcome of a request, or of a TLS handshake that failed before
 * a request. The numbers are stored, so new outcomes are appended. The name is for programs. */
#define MTA_STS_FETCH_OUTCOME_LIST(FETCH)                                                          \
    FETCH(MTA_STS_FETCH_SERVED, "served", "got the policy (200)")                                  \
    FETCH(MTA_STS_FETCH_METHOD, "method", "used neither GET nor HEAD (405)")                       \
    FETCH(MTA_STS_FETCH_WRONG_HOST, "wrong-host",                                                  \
          "asked for a host, or in a virtual host, that does not serve the policy")                \
    FETCH(MTA_STS_FETCH_PLAIN_HTTP, "plain-http", "asked over http instead of https")              \
    FETCH(MTA_STS_FETCH_UNKNOWN_DOMAIN, "unknown-domain",                                          \
          "asked for a policy host that was not served")                                           \
    FETCH(MTA_STS_FETCH_FAILED, "failed", "got an error (400 or 503)")                             \
    FETCH(MTA_STS_FETCH_TLS_NAME, "tls-name",                                                      \
          "failed in the TLS handshake, as there was no certificate for the policy host")          \
    FETCH(MTA_STS_FETCH_TLS_CERTIFICATE, "tls-certificate",                                        \
          "rejected the certificate in the TLS handshake")                                         \
    FETCH(MTA_STS_FETCH_TLS_VERSION, "tls-version",                                                \
          "had no version of TLS in common with this server")                                      \
    FETCH(MTA_STS_FETCH_TLS_GAVE_UP, "tls-gave-up",                                                \
          "ended the TLS handshake without giving a reason")                                       \
    FETCH(MTA_STS_FETCH_TLS_FAILED, "tls-failed", "failed in the TLS handshake for another reason")

typedef enum mta_sts_fetch_outcome {
#define FETCH(enumerator, name, text) enumerator,
    MTA_STS_FETCH_OUTCOME_LIST(FETCH)
#undef FETCH
        MTA_STS_FETCH_OUTCOMES
} mta_sts_fetch_outcome;

/* "served", "plain-http", ...; "unknown" for numbers of a later version. */
const char *mta_sts_fetch_outcome_name(int outcome);

/* What clients did, for people; follows the name of the client in a sentence: "got the policy
 * (200)". */
const char *mta_sts_fetch_outcome_text(int outcome);

/* Requests with the same properties in one hour (UTC). */
typedef struct mta_sts_fetch {
    const char *domain;  /* policy domain; "": others */
    const char *network; /* "192.0.2.0/24", "2001:db8::/48"; "": others */
    const char *address; /* "192.0.2.1"; "": only the network is recorded */
    int outcome;         /* mta_sts_fetch_outcome */
    const char *id;      /* policy id that was served, or "" */
    const char *agent;   /* first word of the User-Agent of the first request, or "" */
    apr_int64_t requests;
    apr_time_t first, last; /* times of the first and the last request, in the same hour; to the
                               second */
} mta_sts_fetch;

#define MTA_STS_FETCH_HOUR apr_time_from_sec(3600)

/* The limits, in rows unless stated otherwise. */
#define MTA_STS_FETCH_NETWORKS_MAX 200 /* of one domain in one hour, without "other" */
/* The same for requests that were not served, and for failed handshakes, which have a limit of
 * their own so that they cannot displace requests that were served. */
#define MTA_STS_FETCH_REFUSED_MAX 100
#define MTA_STS_FETCH_ROW_BYTES                                                                    \
    320 /* what a row takes on disk with its indexes, at most                                      \
           typically */

/* Why requests are recorded without their network, for people. */
#define MTA_STS_FETCH_NETWORK_UNKNOWN                                                              \
    "there were too many networks in one hour, or a proxy that terminates TLS hides the clients "  \
    "from httpd (see mod_remoteip)"

/* One machine's view of what it recorded. */
typedef struct mta_sts_fetches_machine {
    const char *host;      /* mta_sts_database_host */
    apr_time_t began;      /* since when it has recorded without interruption */
    apr_time_t noted;      /* until when everything will be in the database after this call; 0: more
                              calls follow */
    apr_int64_t lost;      /* requests that were not recorded */
    apr_time_t lost_first; /* time of the first of those */
    apr_time_t lost_last;
    apr_int64_t rows_max; /* maximum number of rows of all days in the database; each day gets a
                             share of what is left */
} mta_sts_fetches_machine;

/*
 * Adds requests, in one transaction.
 *
 * @param fetches of mta_sts_fetch; a few hundred at most
 * @param p       scratch
 */
const char *mta_sts_fetches_add(mta_sts_database *db, const mta_sts_fetches_machine *machine,
                                const apr_array_header_t *fetches, apr_pool_t *p);

/* What mta_sts_fetches_expire removes. */
typedef struct mta_sts_fetches_ages {
    apr_time_t keep;  /* requests before this time are deleted */
    apr_time_t full;  /* full addresses in hours that began before this time are replaced by their
                         network, */
    apr_time_t ahead; /* as are those in hours that begin after this time, because the clock was
                         ahead */
} mta_sts_fetches_ages;

/*
 * Removes data that is too old, in one transaction: replaces full addresses by their network, and
 * deletes rows.
 *
 * @param max     maximum number of rows to change
 * @param p       scratch
 * @param more    out: whether more rows are left, so that it has to be called again
 */
const char *mta_sts_fetches_expire(mta_sts_database *db, const mta_sts_fetches_ages *ages, int max,
                                   apr_pool_t *p, int *more);

/* Whether there are requests before a time, which would be deleted. */
const char *mta_sts_fetches_have_before(mta_sts_database *db, apr_time_t keep, int *found);

/* --- reading (fetches_read.c) --- */

typedef struct mta_sts_fetches_filter {
    const char *domain;      /* policy domain; "": others; NULL: all */
    apr_time_t since, until; /* selects hours that overlap this time; until: 0: now */
} mta_sts_fetches_filter;

/* A callback for rows with the columns domain, network, address, outcome, id, agent, requests, and
 * the first and last time; the baton is an array of mta_sts_fetch, from whose pool the strings are
 * allocated. */
int mta_sts_fetch_take(void *baton, const char *const *columns);

/* Reads at most `max` rows, the latest hour first, then by domain and network. fetches: out: array
 * of mta_sts_fetch, allocated from p. Returns NULL, or an error (core/database/database.h), like
 * the functions below. */
const char *mta_sts_fetches_read(mta_sts_database *db, const mta_sts_fetches_filter *filter,
                                 int max, apr_pool_t *p, apr_array_header_t **fetches);

/*
 * The requests of some networks for a domain, and those for others, summed up by outcome and policy
 * id. In one statement, however many networks there are.
 *
 * @param filter   with a domain
 * @param networks of const char *; not ""
 * @param fetches  out: of mta_sts_fetch, by domain and network
 */
const char *mta_sts_fetches_sum(mta_sts_database *db, const mta_sts_fetches_filter *filter,
                                const apr_array_header_t *networks, apr_pool_t *p,
                                apr_array_header_t **fetches);

/* The number of requests for a domain whose network is not recorded. */
const char *mta_sts_fetches_count_unknown(mta_sts_database *db,
                                          const mta_sts_fetches_filter *filter,
                                          apr_int64_t *requests);

/* A time in which a machine recorded nothing. */
typedef struct mta_sts_fetches_gap {
    const char *host;
    apr_time_t begin, end;
} mta_sts_fetches_gap;

#define MTA_STS_FETCHES_GAPS_MAX 8

/* How complete the log is for a period. */
typedef struct mta_sts_fetches_coverage {
    int machines;     /* number of machines that recorded during the period; 0: nothing is known */
    apr_time_t began; /* when the log begins: when the first machine began to record, or up to
                         when rows were deleted because of their age, whichever is later; 0: it
                         is empty */
    apr_array_header_t *gaps; /* of mta_sts_fetches_gap, at most MTA_STS_FETCHES_GAPS_MAX */
    apr_int64_t lost;         /* requests that were not recorded */
} mta_sts_fetches_coverage;

/*
 * Determines the coverage. Machines that served policies during the period
 * (core/database/history.h) and recorded nothing count as a gap.
 *
 * @param begin beginning of the period
 * @param end   of the period; limited to now
 */
const char *mta_sts_fetches_cover(mta_sts_database *db, apr_time_t begin, apr_time_t end,
                                  apr_time_t now, apr_pool_t *p,
                                  mta_sts_fetches_coverage *coverage);

#endif
