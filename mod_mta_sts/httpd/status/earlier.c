/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/earlier.h"

#include <stdlib.h>
#include <string.h>

#include "core/database/history.h"
#include "core/hosting/past.h"

static mts_status_earlier *find(const apr_array_header_t *list, const char *id)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        mts_status_earlier *one = &APR_ARRAY_IDX(list, i, mts_status_earlier);

        if (strcmp(one->id, id) == 0) {
            return one;
        }
    }
    return NULL;
}

static void add(apr_array_header_t *list, const char *id, apr_int64_t max_age, apr_time_t served)
{
    const mts_status_earlier earlier = {id, served, served + apr_time_from_sec(max_age)};
    mts_status_earlier *known = find(list, id);

    if (!known) {
        APR_ARRAY_PUSH(list, mts_status_earlier) = earlier;
    }
    else if (earlier.until > known->until) {
        *known = earlier;
    }
}

static int last_first(const void *one, const void *other)
{
    const mts_status_earlier *a = one, *b = other;

    return a->until != b->until ? (a->until < b->until ? 1 : -1) : strcmp(a->id, b->id);
}

/* A policy without an end in the history was served until its machine was last recorded, and may be
 * served until the next record; on this machine, until now. */
static apr_time_t last_served(const mta_sts_history_entry *entry, const char *host, apr_time_t now)
{
    if (!entry->is_served) {
        return entry->last;
    }
    return strcmp(entry->host, host) == 0 ? now : entry->last + MTA_STS_HISTORY_INTERVAL;
}

/* The earlier rows of a hosted domain. */
static const char *add_rows(mta_sts_database *db, const char *domain, const char *id,
                            apr_time_t now, apr_array_header_t *list)
{
    apr_array_header_t *past;
    const char *error = mta_sts_past_read(db, domain, now, list->pool, &past);
    int i;

    for (i = 0; !error && i < past->nelts; i++) {
        const mta_sts_past_policy *one = &APR_ARRAY_IDX(past, i, mta_sts_past_policy);
        apr_int64_t max_age = one->policy->policy.max_age;

        if (!one->is_current && strcmp(one->policy->id, id) != 0 &&
            one->until + apr_time_from_sec(max_age) > now) {
            add(list, one->policy->id, max_age, one->until);
        }
    }
    return error;
}

const char *mts_status_earlier_read(mta_sts_database *db, const char *domain, const char *id,
                                    apr_time_t now, apr_pool_t *p, apr_array_header_t **list)
{
    const char *host = mta_sts_database_host(db);
    apr_array_header_t *entries;
    const char *error = mta_sts_history_read(db, domain, p, &entries);
    int i;

    *list = apr_array_make(p, 1, sizeof(mts_status_earlier));
    for (i = 0; !error && i < entries->nelts; i++) {
        const mta_sts_history_entry *entry = &APR_ARRAY_IDX(entries, i, mta_sts_history_entry);
        apr_time_t served = last_served(entry, host, now);

        if (strcmp(entry->id, id) != 0 && served + apr_time_from_sec(entry->max_age) > now) {
            add(*list, entry->id, entry->max_age, served);
        }
    }
    error = error ? error : add_rows(db, domain, id, now, *list);
    qsort((*list)->elts, (size_t)(*list)->nelts, sizeof(mts_status_earlier), last_first);
    return error;
}
