/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/network_names.h"

#include <apr_strings.h>

#include "core/database/fetches.h"

#define DAY apr_time_from_sec(86400)
#define NAME_LIFE (30 * DAY)
/* After which time a network is looked up again, in microseconds. */
#define WAIT_NAMED (7 * DAY)
#define WAIT_NAMELESS DAY
#define WAIT_FAILED apr_time_from_sec(3600)

#define READ                                                                                       \
    "SELECT network, name, confirmed FROM mta_sts_network_name WHERE name <> '' AND until > %lld " \
    "ORDER BY network, name LIMIT %d"
#define IS_KNOWN "SELECT 1 FROM mta_sts_network_name n WHERE n.network = "
#define IS_WAITING " AND n.name = '' AND n.until > "
/* Uses the partial index on the few rows with full addresses. */
#define WANTED                                                                                     \
    "SELECT f.network, f.address FROM mta_sts_fetch f WHERE f.address <> '' AND f.hour >= 0 "      \
    "AND f.domain = %s AND NOT EXISTS (" IS_KNOWN "f.network" IS_WAITING "%lld) "                  \
    "GROUP BY f.network, f.address ORDER BY max(f.last_at) DESC, f.address LIMIT %d"
/* The same for any domain, but only for clients that got a policy: anyone can request a policy that
 * does not exist. */
#define RECENT 2000
#define WANTED_RECENTLY                                                                            \
    "SELECT f.network, f.address FROM (SELECT network, address, last_at FROM mta_sts_fetch WHERE " \
    "address <> '' AND hour >= 0 AND outcome = %d ORDER BY hour DESC LIMIT %d) f WHERE NOT "       \
    "EXISTS (" IS_KNOWN "f.network" IS_WAITING "%lld) GROUP BY f.network, f.address "              \
    "ORDER BY max(f.last_at) DESC, f.address LIMIT %d"
#define WAITING                                                                                    \
    "SELECT n.network FROM mta_sts_network_name n WHERE n.until > %lld AND n.name = '' LIMIT %d"
#define COUNT "SELECT count(*) FROM mta_sts_network_name"
#define STORE                                                                                      \
    "INSERT INTO mta_sts_network_name (network, name, confirmed, until) "                          \
    "VALUES (%s, %s, %lld, %lld) ON CONFLICT (network, name) DO UPDATE SET "                       \
    "confirmed = excluded.confirmed, until = excluded.until"
#define EXPIRE "DELETE FROM mta_sts_network_name WHERE until <= %lld"
#define FIND                                                                                       \
    "SELECT DISTINCT f.network FROM mta_sts_fetch f JOIN mta_sts_network_name n ON n.network = "   \
    "f.network WHERE f.domain = %s AND f.hour >= %lld AND f.hour <= %lld AND n.until > %lld AND "  \
    "n.name <> '' AND (n.name = %s OR substr(n.name, CAST(length(n.name) - %d AS INTEGER)) = %s) " \
    "ORDER BY 1 LIMIT "                                                                            \
    "%d"

static int take_name(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;
    mta_sts_network_name *one = apr_array_push(list);

    one->network = mta_sts_database_text(list->pool, columns[0]);
    one->name = mta_sts_database_text(list->pool, columns[1]);
    one->confirmed = mta_sts_database_number(columns[2]);
    return 1;
}

const char *mta_sts_network_names_read(mta_sts_database *db, apr_time_t now, apr_pool_t *p,
                                       apr_array_header_t **names)
{
    *names = apr_array_make(p, 16, sizeof(mta_sts_network_name));
    return mta_sts_database_rows(db, READ, take_name, *names, (long long)now,
                                 MTA_STS_NETWORK_NAMES_MAX);
}

static int take_address(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;
    mta_sts_network_address *one = apr_array_push(list);

    one->network = mta_sts_database_text(list->pool, columns[0]);
    one->address = mta_sts_database_text(list->pool, columns[1]);
    return 1;
}

const char *mta_sts_network_names_wanted(mta_sts_database *db, const char *domain, apr_time_t now,
                                         int max, apr_pool_t *p, apr_array_header_t **list)
{
    *list = apr_array_make(p, 16, sizeof(mta_sts_network_address));
    return domain
               ? mta_sts_database_rows(db, WANTED, take_address, *list, domain, (long long)now, max)
               : mta_sts_database_rows(db, WANTED_RECENTLY, take_address, *list,
                                       MTA_STS_FETCH_SERVED, RECENT, (long long)now, max);
}

static int take_waiting(void *baton, const char *const *columns)
{
    apr_hash_t *networks = baton;
    const char *network = mta_sts_database_text(apr_hash_pool_get(networks), columns[0]);

    apr_hash_set(networks, network, APR_HASH_KEY_STRING, network);
    return 1;
}

const char *mta_sts_network_names_waiting(mta_sts_database *db, apr_time_t now, apr_pool_t *p,
                                          apr_hash_t **networks)
{
    *networks = apr_hash_make(p);
    return mta_sts_database_rows(db, WAITING, take_waiting, *networks, (long long)now,
                                 MTA_STS_NETWORK_NAMES_MAX);
}

/* --- storing --- */

static const char *store_row(mta_sts_database *db, const char *network, const char *name,
                             apr_time_t now, apr_interval_time_t life)
{
    return mta_sts_database_run(db, STORE, network, name, (long long)now, (long long)(now + life));
}

static const char *store_result(mta_sts_database *db, const mta_sts_network_result *result,
                                apr_time_t now)
{
    const apr_interval_time_t wait = result->names->nelts ? WAIT_NAMED
                                     : result->is_certain ? WAIT_NAMELESS
                                                          : WAIT_FAILED;
    const char *error = store_row(db, result->network, "", now, wait);
    int i;

    for (i = 0; i < result->names->nelts && !error; i++) {
        error = store_row(db, result->network, APR_ARRAY_IDX(result->names, i, const char *), now,
                          NAME_LIFE);
    }
    return error;
}

static const char *store_results(mta_sts_database *db, const apr_array_header_t *results,
                                 apr_time_t now)
{
    apr_int64_t rows = 0;
    const char *error = mta_sts_database_run(db, EXPIRE, (long long)now);
    int i;

    error = error ? error : mta_sts_database_rows(db, COUNT, mta_sts_database_take_number, &rows);
    for (i = 0; i < results->nelts && !error && rows < MTA_STS_NETWORK_NAMES_MAX; i++) {
        const mta_sts_network_result *one = &APR_ARRAY_IDX(results, i, mta_sts_network_result);

        error = store_result(db, one, now);
        rows += 1 + one->names->nelts;
    }
    return error;
}

const char *mta_sts_network_names_store(mta_sts_database *db, const apr_array_header_t *results,
                                        apr_time_t now, apr_pool_t *p)
{
    const char *error = mta_sts_database_begin(db);

    if (error) {
        return error;
    }
    error = store_results(db, results, now);
    error = error ? error : mta_sts_database_commit(db);
    if (error) {
        error = apr_pstrdup(p, error);
        mta_sts_database_rollback(db);
    }
    return error;
}

/* --- by name --- */

static int take_network(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;

    APR_ARRAY_PUSH(list, const char *) = mta_sts_database_text(list->pool, columns[0]);
    return 1;
}

const char *mta_sts_network_names_find(mta_sts_database *db, const char *domain, const char *name,
                                       apr_time_t since, apr_time_t until, int max, apr_pool_t *p,
                                       apr_array_header_t **networks)
{
    *networks = apr_array_make(p, 4, sizeof(const char *));
    return mta_sts_database_rows(
        db, FIND, take_network, *networks, domain, (long long)(since / MTA_STS_FETCH_HOUR),
        (long long)((until - 1) / MTA_STS_FETCH_HOUR), (long long)apr_time_now(), name,
        (int)strlen(name), apr_pstrcat(p, ".", name, NULL), max);
}
