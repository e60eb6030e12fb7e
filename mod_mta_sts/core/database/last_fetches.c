/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/last_fetches.h"

#include <apr_strings.h>

#include "core/database/fetches.h"

#define READ                                                                                       \
    "SELECT network, id, max(agent), max(last_at), sum(requests) FROM mta_sts_fetch "              \
    "WHERE domain = %s AND hour >= %lld AND last_at <= %lld AND outcome = %d "                     \
    "GROUP BY network, id "                                                                        \
    "ORDER BY 4 DESC, network, id LIMIT %d"
#define COUNT_OTHERS                                                                               \
    "SELECT coalesce(sum(requests), 0) FROM mta_sts_fetch WHERE domain = '' AND hour >= %lld "     \
    "AND hour <= %lld AND outcome = %d AND (id = '' OR id = %s)"

static long long hour_of(apr_time_t time)
{
    return (long long)(time / MTA_STS_FETCH_HOUR);
}

static int take(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;
    mta_sts_last_fetch *one = apr_array_push(list);
    apr_pool_t *p = list->pool;

    one->network = mta_sts_database_text(p, columns[0]);
    one->id = mta_sts_database_text(p, columns[1]);
    one->agent = mta_sts_database_text(p, columns[2]);
    one->last = mta_sts_database_number(columns[3]);
    one->requests = mta_sts_database_number(columns[4]);
    return 1;
}

const char *mta_sts_last_fetches_read(mta_sts_database *db, const char *domain, apr_time_t since,
                                      apr_time_t until, int max, apr_pool_t *p,
                                      apr_array_header_t **list)
{
    *list = apr_array_make(p, 16, sizeof(mta_sts_last_fetch));
    return mta_sts_database_rows(db, READ, take, *list, domain, hour_of(since), (long long)until,
                                 MTA_STS_FETCH_SERVED, max);
}

const char *mta_sts_last_fetches_count_others(mta_sts_database *db, const char *id,
                                              apr_time_t since, apr_time_t until,
                                              apr_int64_t *requests)
{
    *requests = 0;
    return mta_sts_database_rows(db, COUNT_OTHERS, mta_sts_database_take_number, requests,
                                 hour_of(since), hour_of(until), MTA_STS_FETCH_SERVED, id);
}
