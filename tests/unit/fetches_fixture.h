/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FETCHES_FIXTURE_H
#define TESTS_UNIT_FETCHES_FIXTURE_H

#include "database_fixture.h"

#include "core/database/fetches.h"

/* Shared by the tests of the fetch log. */

#define HOUR MTA_STS_FETCH_HOUR
#define DAY (24 * HOUR)
#define T0 (APR_INT64_C(20730) * DAY) /* the beginning of a day */
#define ID "0123456789abcdef0123"

static inline mta_sts_fetch fetch_at(const char *domain, const char *network, apr_time_t at)
{
    return (mta_sts_fetch){domain, network, "", MTA_STS_FETCH_SERVED, ID, "Postfix", 1, at, at};
}

static inline mta_sts_fetches_machine machine(const char *host, apr_time_t began, apr_time_t noted)
{
    return (mta_sts_fetches_machine){
        .host = host, .began = began, .noted = noted, .rows_max = 1000000};
}

static inline void add(mta_sts_database *db, const mta_sts_fetches_machine *of,
                       const mta_sts_fetch *list, int count, apr_pool_t *p)
{
    apr_array_header_t *fetches = apr_array_make(p, count + 1, sizeof(mta_sts_fetch));
    int i;

    for (i = 0; i < count; i++) {
        APR_ARRAY_PUSH(fetches, mta_sts_fetch) = list[i];
    }
    assert_done(mta_sts_fetches_add(db, of, fetches, p));
}

static inline apr_array_header_t *read_all(mta_sts_database *db, const char *domain, apr_pool_t *p)
{
    const mta_sts_fetches_filter filter = {domain, 0, T0 + 400 * DAY};
    apr_array_header_t *list;

    assert_done(mta_sts_fetches_read(db, &filter, 100000, p, &list));
    return list;
}

static inline const mta_sts_fetch *at(const apr_array_header_t *list, int i)
{
    assert_true(i < list->nelts);
    return &APR_ARRAY_IDX(list, i, mta_sts_fetch);
}

static inline const char *expire(mta_sts_database *db, apr_time_t keep, apr_time_t full, int max,
                                 apr_pool_t *p, int *more)
{
    const mta_sts_fetches_ages ages = {keep, full, T0 + 100 * DAY};

    return mta_sts_fetches_expire(db, &ages, max, p, more);
}

#endif
