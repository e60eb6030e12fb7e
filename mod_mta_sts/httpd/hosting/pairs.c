/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hosting/pairs.h"

#include <pthread.h>
#include <string.h>

#include <apr_allocator.h>
#include <apr_strings.h>
#include <http_core.h>

#include "core/base/name.h"
#include "httpd/config/pair_config.h"
#include "httpd/config/report_config.h"
#include "version.h"

/* Written by the parent process before it creates child processes, and by each process while it
 * holds the lock. */
static mta_sts_pairs *pairs; /* NULL: not used */
static mts_pairs_check_pair *check_pair;
static mta_sts_pairs_users registered; /* the users for which mts_pairs_read was called */
#ifdef PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP
/* Prefers writers, so that many simultaneous handshakes cannot delay the one that stores a renewed
 * pair. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
#else
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
#endif

int mts_pairs_are_used(void)
{
    return pairs != NULL;
}

/* --- start --- */

/* Creates a pool with an allocator of its own, because the allocators of httpd's pools are not
 * thread-safe. */
static apr_pool_t *make_pool(apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_pool_t *pool;

    apr_allocator_create(&allocator);
    apr_pool_create_ex(&pool, parent, NULL, allocator);
    apr_allocator_owner_set(allocator, pool);
    return pool;
}

/* The key contains the version and the size, so that different versions of the module do not share
 * memory. */
static mta_sts_pairs *find_or_make(server_rec *main, int make)
{
    apr_pool_t *process = main->process->pool;
    const char *key =
        apr_psprintf(main->process->pconf, "mta-sts-pairs-%s-%" APR_SIZE_T_FMT, MTA_STS_DESCRIPTION,
                     sizeof(mta_sts_pairs_slot) + sizeof(mta_sts_pair));
    void *found = NULL;

    apr_pool_userdata_get(&found, key, process);
    if (!found && make) {
        found = mta_sts_pairs_make(make_pool(process));
        apr_pool_userdata_set(found, key, NULL, process);
    }
    return found;
}

static int is_any_used(const server_rec *s)
{
    while (s && !mts_pair_config_of(s)) {
        s = s->next;
    }
    return s != NULL;
}

static int is_dry_run(void)
{
    return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
}

static int begin(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    int is_used = is_any_used(main);
    mta_sts_pairs *found = is_dry_run() ? NULL : find_or_make(main, is_used);

    (void)plog;
    (void)ptemp;
    if (found) {
        mta_sts_pairs_begin(found, make_pool(pconf));
    }
    pairs = is_used ? found : NULL;
    registered = 0;
    return OK;
}

static int finish(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    mta_sts_pairs *found = is_dry_run() ? NULL : find_or_make(main, 0);

    (void)pconf;
    (void)plog;
    (void)ptemp;
    if (found) {
        mta_sts_pairs_sweep(found);
    }
    return OK;
}

static const char *run_check(void *baton, mta_sts_pairs_users users, const mta_sts_pair *pair)
{
    (void)baton;
    return check_pair(users, pair);
}

static void run_scan(const mts_pair_config *config, mta_sts_pairs_scan *scan, apr_pool_t *p)
{
    scan->globs = config->globs;
    scan->user = config->user;
    scan->now = apr_time_now();
    scan->check = run_check;
    mta_sts_pairs_run_scan(pairs, scan, p);
}

void mts_pairs_read(const server_rec *s, mts_pairs_check_pair *check, apr_pool_t *p)
{
    mta_sts_pairs_scan scan = {.changed = NULL};

    check_pair = check;
    registered |= mts_pair_config_of(s)->user;
    run_scan(mts_pair_config_of(s), &scan, p);
}

/* --- later --- */

void mts_pairs_read_again(server_rec *main,
                          void (*changed)(void *baton, mta_sts_pairs_slot *slot,
                                          const mta_sts_pair_text *text),
                          void *baton, apr_pool_t *p)
{
    mta_sts_pairs_scan scan = {.changed = changed, .baton = baton};
    mta_sts_pairs_users done = 0;
    const server_rec *s;

    pthread_rwlock_wrlock(&lock);
    mta_sts_pairs_next_round(pairs);
    for (s = main; s; s = s->next) {
        const mts_pair_config *config = mts_pair_config_of(s);

        if (config && (config->user & registered & ~done)) {
            done |= config->user;
            run_scan(config, &scan, p);
        }
    }
    pthread_rwlock_unlock(&lock);
}

void mts_pairs_check_again(server_rec *main, apr_pool_t *p)
{
    if (pairs && registered && mta_sts_pairs_check_again(pairs, run_check, NULL)) {
        mts_pairs_read_again(main, NULL, NULL, p);
    }
}

void mts_pairs_put(const char *path, mta_sts_pairs_users users, const mta_sts_pair_text *text,
                   apr_pool_t *p)
{
    pthread_rwlock_wrlock(&lock);
    mta_sts_pairs_put(pairs, path, users, text, p);
    pthread_rwlock_unlock(&lock);
}

int mts_pairs_find(mta_sts_pairs_users user, const char *name,
                   int (*use)(void *baton, const mta_sts_pairs_choice *choice), void *baton)
{
    mta_sts_pairs_choice choice;
    int result = -1;

    pthread_rwlock_rdlock(&lock);
    if (mta_sts_pairs_find(pairs, name, user, apr_time_now(), &choice)) {
        result = use ? use(baton, &choice) : 1;
    }
    pthread_rwlock_unlock(&lock);
    return result;
}

void mts_pairs_check(const server_rec *main, mta_sts_pairs_counts *counts,
                     mta_sts_findings *findings)
{
    *counts = (mta_sts_pairs_counts){0, 0, 0, 0};
    if (pairs) {
        pthread_rwlock_wrlock(&lock); /* a write lock, because counting allocates from the pool of
                                         the table */
        mta_sts_pairs_check(pairs, (int)mts_report_config_of(main)->certificate_days,
                            apr_time_now(), counts, findings);
        pthread_rwlock_unlock(&lock);
    }
}

static void push_hosts(void *baton, mta_sts_pairs_slot *slot)
{
    apr_array_header_t *hosts = baton;
    int i;

    for (i = 0; slot->pair && i < slot->pair->name_count; i++) {
        const char *name = slot->pair->names[i];

        if (strncmp(name, MTA_STS_POLICY_HOST_PREFIX, strlen(MTA_STS_POLICY_HOST_PREFIX)) == 0) {
            APR_ARRAY_PUSH(hosts, const char *) = apr_pstrdup(hosts->pool, name);
        }
    }
}

apr_array_header_t *mts_pairs_list_hosts(apr_pool_t *p)
{
    apr_array_header_t *hosts = apr_array_make(p, 64, sizeof(const char *));

    if (pairs) {
        pthread_rwlock_wrlock(&lock); /* as above */
        mta_sts_pairs_each(pairs, push_hosts, hosts);
        pthread_rwlock_unlock(&lock);
    }
    return hosts;
}

void mts_pairs_register_hooks(void)
{
    ap_hook_post_config(begin, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_config(finish, NULL, NULL, APR_HOOK_REALLY_LAST);
}
