/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/quota.h"

#include <stdlib.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>

#include "core/base/format.h"
#include "httpd/config/report_config.h"
#include "httpd/shared/counters.h"
#include "httpd/shared/module.h"
#include "httpd/shared/network.h"
#include "httpd/shared/room.h"

APLOG_USE_MODULE(mta_sts);

#define NETWORKS_MAX 10000 /* maximum number of networks that are distinguished while counting */
#define LISTED 5
#define LEVELS 2
/* In percent: how far usage must fall below a level before the level is logged again. */
#define HYSTERESIS 5

static const int levels[LEVELS] = {50, 80}; /* in percent */

typedef struct network {
    const char *name;
    apr_int64_t bytes;
} network;

struct mts_quota {
    server_rec *main;
    apr_pool_t *p;                      /* cleared after each count */
    apr_hash_t *networks[TLSRPT_AREAS]; /* name -> network */
    int directory;                      /* the next directory to count */
};

mts_quota *mts_quota_make(server_rec *main, apr_pool_t *p)
{
    mts_quota *quota = apr_pcalloc(p, sizeof(*quota));

    quota->main = main;
    apr_pool_create(&quota->p, p);
    return quota;
}

/* --- levels --- */

static apr_int64_t quota_of(const mts_quota *quota, tlsrpt_area area)
{
    const mts_report_config *config = mts_report_config_of(quota->main);

    return area == TLSRPT_REPORTS ? config->spool_quota : config->quarantine_quota;
}

static int percent_of(const mts_quota *quota, tlsrpt_area area)
{
    return (int)(mts_counters_used(area) / (quota_of(quota, area) / 100));
}

static int level_of(int percent)
{
    int level = 0;

    while (level < LEVELS && percent >= levels[level]) {
        level++;
    }
    return level;
}

/* Whether the level is higher than the one that was last logged. */
static int has_risen(const mts_quota *quota, tlsrpt_area area)
{
    int percent = percent_of(quota, area), *logged = &mts_counters_shared->quota_level[area];

    if (*logged > 0 && percent < levels[*logged - 1] - HYSTERESIS) {
        *logged = level_of(percent);
    }
    return level_of(percent) > *logged;
}

int mts_quota_has_risen(const mts_quota *quota)
{
    return has_risen(quota, TLSRPT_REPORTS) || has_risen(quota, TLSRPT_QUARANTINE);
}

/* --- counting --- */

typedef struct counting {
    mts_quota *quota;
    tlsrpt_area area;
    apr_pool_t *scratch;
} counting;

static void add_network(mts_quota *quota, tlsrpt_area area, const char *name, apr_int64_t bytes)
{
    apr_hash_t *networks = quota->networks[area];
    network *found = apr_hash_get(networks, name, APR_HASH_KEY_STRING);

    if (!found && apr_hash_count(networks) < NETWORKS_MAX) {
        found = apr_pcalloc(quota->p, sizeof(*found));
        found->name = apr_pstrdup(quota->p, name);
        apr_hash_set(networks, found->name, APR_HASH_KEY_STRING, found);
    }
    if (found) {
        found->bytes += bytes;
    }
}

/* A report that arrived by mail has no client address. */
static void visit(void *baton, const char *digest, apr_int64_t bytes, const tlsrpt_receipt *receipt)
{
    const counting *state = baton;

    (void)digest;
    if (!receipt || !receipt->peer) {
        return;
    }
    mts_room_recount_add(state->area, receipt->peer, bytes);
    add_network(state->quota, state->area,
                mts_network_name(state->scratch, receipt->peer, MTS_NETWORK_SITE), bytes);
    apr_pool_clear(state->scratch);
}

/* --- the log --- */

static int compare(const void *one, const void *other)
{
    const network *a = *(const network *const *)one, *b = *(const network *const *)other;

    return a->bytes < b->bytes ? 1 : a->bytes > b->bytes ? -1 : strcmp(a->name, b->name);
}

static const char *list_networks(apr_pool_t *p, apr_hash_t *networks)
{
    apr_array_header_t *sorted = apr_array_make(p, 16, sizeof(network *));
    const char *text = "";
    apr_hash_index_t *h;
    int i;

    for (h = apr_hash_first(p, networks); h; h = apr_hash_next(h)) {
        APR_ARRAY_PUSH(sorted, network *) = apr_hash_this_val(h);
    }
    qsort(sorted->elts, (size_t)sorted->nelts, sizeof(network *), compare);
    for (i = 0; i < sorted->nelts && i < LISTED; i++) {
        const network *one = APR_ARRAY_IDX(sorted, i, network *);

        text = apr_pstrcat(p, text, i ? ", " : "", one->name, " ",
                           mta_sts_format_size(p, one->bytes), NULL);
    }
    return sorted->nelts > LISTED
               ? apr_psprintf(p, "%s and %d others", text, sorted->nelts - LISTED)
           : *text ? text
                   : "none: they came by mail";
}

static void log_level(mts_quota *quota, tlsrpt_area area)
{
    apr_pool_t *p = quota->p;

    if (!has_risen(quota, area)) {
        return;
    }
    mts_counters_shared->quota_level[area] = level_of(percent_of(quota, area));
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, quota->main,
                 "%s %d%% of MTASTSReportQuota (%s of %s); most of it is from the networks: %s; if "
                 "they are not those of mail providers, refuse them with Require in a <Location> "
                 "for the report path, otherwise raise the quota [report-quota]",
                 area == TLSRPT_REPORTS ? "reports and their index use" : "the quarantine uses",
                 percent_of(quota, area), mta_sts_format_size(p, mts_counters_used(area)),
                 mta_sts_format_size(p, quota_of(quota, area)),
                 list_networks(p, quota->networks[area]));
}

static void begin(mts_quota *quota)
{
    tlsrpt_area area;

    mts_room_recount_begin();
    for (area = TLSRPT_REPORTS; area <= TLSRPT_QUARANTINE; area++) {
        quota->networks[area] = apr_hash_make(quota->p);
    }
}

static void end(mts_quota *quota)
{
    mts_room_recount_end();
    log_level(quota, TLSRPT_REPORTS);
    log_level(quota, TLSRPT_QUARANTINE);
    apr_pool_clear(quota->p);
    quota->directory = 0;
}

int mts_quota_count(mts_quota *quota, const tlsrpt_spool *spool)
{
    counting state = {quota, TLSRPT_REPORTS, NULL};

    if (quota->directory == 0) {
        begin(quota);
    }
    apr_pool_create(&state.scratch, quota->p);
    for (; state.area <= TLSRPT_QUARANTINE; state.area++) {
        tlsrpt_spool_directory_receipts(spool, state.area, quota->directory, visit, &state);
    }
    apr_pool_destroy(state.scratch);
    if (++quota->directory < TLSRPT_SPOOL_DIRECTORIES) {
        return 0;
    }
    end(quota);
    return 1;
}
