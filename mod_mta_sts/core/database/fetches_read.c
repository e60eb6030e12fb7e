/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "core/database/fetches.h"

#define READ                                                                                       \
    "SELECT domain, network, address, outcome, id, agent, requests, first_at, last_at "            \
    "FROM mta_sts_fetch WHERE "
#define HOURS                                                                                      \
    "hour >= %lld AND hour <= %lld ORDER BY hour DESC, domain, network, address, outcome, id "     \
    "LIMIT %d"
#define READ_SPANS                                                                                 \
    "SELECT host, began, noted FROM mta_sts_fetch_span WHERE noted > %lld AND began < %lld "       \
    "AND host <> '' ORDER BY host, began"
/* The log begins with the first span, but not before the time up to which rows were deleted. */
#define READ_BEGAN                                                                                 \
    "SELECT max(known) FROM (SELECT min(began) AS known FROM mta_sts_fetch_span WHERE host <> '' " \
    "UNION ALL SELECT noted FROM mta_sts_fetch_span WHERE host = '') known_since"
#define READ_LOST                                                                                  \
    "SELECT coalesce(sum(requests), 0) FROM mta_sts_fetch_loss WHERE hour >= %lld AND hour <= "    \
    "%lld"
/* Machines that served policies at that time, but recorded nothing. */
#define READ_SILENT                                                                                \
    "SELECT host FROM mta_sts_history_host h WHERE noted >= %lld AND NOT EXISTS (SELECT 1 FROM "   \
    "mta_sts_fetch_span f WHERE f.host = h.host AND f.noted > %lld AND f.began < %lld) "           \
    "ORDER BY host LIMIT %d"

int mta_sts_fetch_take(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;
    mta_sts_fetch *one = apr_array_push(list);
    apr_pool_t *p = list->pool;

    one->domain = mta_sts_database_text(p, columns[0]);
    one->network = mta_sts_database_text(p, columns[1]);
    one->address = mta_sts_database_text(p, columns[2]);
    one->outcome = (int)mta_sts_database_number(columns[3]);
    one->id = mta_sts_database_text(p, columns[4]);
    one->agent = mta_sts_database_text(p, columns[5]);
    one->requests = mta_sts_database_number(columns[6]);
    one->first = mta_sts_database_number(columns[7]);
    one->last = mta_sts_database_number(columns[8]);
    return 1;
}

static long long hour_of(apr_time_t time)
{
    return (long long)(time / MTA_STS_FETCH_HOUR);
}

static apr_time_t end_of(const mta_sts_fetches_filter *filter)
{
    return filter->until ? filter->until - 1 : apr_time_now();
}

const char *mta_sts_fetches_read(mta_sts_database *db, const mta_sts_fetches_filter *filter,
                                 int max, apr_pool_t *p, apr_array_header_t **fetches)
{
    const long long first = hour_of(filter->since), last = hour_of(end_of(filter));

    *fetches = apr_array_make(p, 16, sizeof(mta_sts_fetch));
    return filter->domain
               ? mta_sts_database_rows(db, READ "domain = %s AND " HOURS, mta_sts_fetch_take,
                                       *fetches, filter->domain, first, last, max)
               : mta_sts_database_rows(db, READ HOURS, mta_sts_fetch_take, *fetches, first, last,
                                       max);
}

/* A name of a network has neither a comma nor a character that LIKE treats specially. */
#define SUM                                                                                        \
    "SELECT domain, network, '', outcome, id, '', sum(requests), min(first_at), max(last_at) "     \
    "FROM mta_sts_fetch WHERE domain IN (%s, '') AND hour >= %lld AND hour <= %lld "               \
    "AND %s LIKE '%%,' || network || ',%%' "                                                       \
    "GROUP BY domain, network, outcome, id ORDER BY domain, network, outcome, id"
#define COUNT_UNKNOWN                                                                              \
    "SELECT coalesce(sum(requests), 0) FROM mta_sts_fetch WHERE domain = %s AND hour >= %lld "     \
    "AND hour <= %lld AND network = ''"

const char *mta_sts_fetches_sum(mta_sts_database *db, const mta_sts_fetches_filter *filter,
                                const apr_array_header_t *networks, apr_pool_t *p,
                                apr_array_header_t **fetches)
{
    *fetches = apr_array_make(p, 4, sizeof(mta_sts_fetch));
    return mta_sts_database_rows(
        db, SUM, mta_sts_fetch_take, *fetches, filter->domain, hour_of(filter->since),
        hour_of(end_of(filter)),
        apr_pstrcat(p, ",", apr_array_pstrcat(p, networks, ','), ",", NULL));
}

const char *mta_sts_fetches_count_unknown(mta_sts_database *db,
                                          const mta_sts_fetches_filter *filter,
                                          apr_int64_t *requests)
{
    return mta_sts_database_rows(db, COUNT_UNKNOWN, mta_sts_database_take_number, requests,
                                 filter->domain, hour_of(filter->since), hour_of(end_of(filter)));
}

/* --- coverage --- */

/* Requests are written to the log at least once a minute, so the latest ones may not be in it
 * yet. */
#define SLACK apr_time_from_sec(120)

typedef struct covering {
    mta_sts_fetches_coverage *coverage;
    apr_time_t begin, end;
    apr_time_t noted; /* until when requests must be in the database: end, or earlier */
    const char *host; /* of the last span; NULL: none yet */
    apr_time_t until; /* until when that host's spans have been processed */
} covering;

static void add_gap(covering *c, const char *host, apr_time_t begin, apr_time_t end)
{
    apr_array_header_t *gaps = c->coverage->gaps;

    if (begin < end && gaps->nelts < MTA_STS_FETCHES_GAPS_MAX) {
        APR_ARRAY_PUSH(gaps, mta_sts_fetches_gap) =
            (mta_sts_fetches_gap){apr_pstrdup(gaps->pool, host), begin, end};
    }
}

static void end_host(covering *c)
{
    if (c->host) {
        add_gap(c, c->host, c->until, c->noted);
    }
}

static int take_span(void *baton, const char *const *columns)
{
    covering *c = baton;
    const char *host = mta_sts_database_text(c->coverage->gaps->pool, columns[0]);
    apr_time_t began = mta_sts_database_number(columns[1]);
    apr_time_t noted = mta_sts_database_number(columns[2]);

    if (!c->host || strcmp(c->host, host) != 0) {
        end_host(c);
        c->host = host;
        c->until = c->begin;
        c->coverage->machines++;
    }
    add_gap(c, c->host, c->until, began);
    c->until = noted > c->until ? noted : c->until;
    return 1;
}

static int take_silent(void *baton, const char *const *columns)
{
    covering *c = baton;

    add_gap(c, mta_sts_database_text(c->coverage->gaps->pool, columns[0]), c->begin, c->noted);
    return 1;
}

static const char *find_gaps(mta_sts_database *db, covering *c)
{
    const long long begin = (long long)c->begin, end = (long long)c->end;
    const char *error = mta_sts_database_rows(db, READ_SPANS, take_span, c, begin, end);

    end_host(c);
    return error ? error
                 : mta_sts_database_rows(db, READ_SILENT, take_silent, c, begin, begin, end,
                                         MTA_STS_FETCHES_GAPS_MAX);
}

const char *mta_sts_fetches_cover(mta_sts_database *db, apr_time_t begin, apr_time_t end,
                                  apr_time_t now, apr_pool_t *p, mta_sts_fetches_coverage *coverage)
{
    covering c = {.coverage = coverage, .begin = begin};
    const char *error;

    memset(coverage, 0, sizeof(*coverage));
    coverage->gaps = apr_array_make(p, 1, sizeof(mta_sts_fetches_gap));
    c.end = end > now ? now : end;
    c.noted = end > now - SLACK ? now - SLACK : end;
    error = find_gaps(db, &c);
    error = error ? error
                  : mta_sts_database_rows(db, READ_BEGAN, mta_sts_database_take_number,
                                          &coverage->began);
    return error ? error
                 : mta_sts_database_rows(db, READ_LOST, mta_sts_database_take_number,
                                         &coverage->lost, hour_of(begin), hour_of(end - 1));
}
