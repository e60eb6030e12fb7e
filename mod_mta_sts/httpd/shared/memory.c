/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/memory.h"

#include <apr_global_mutex.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include <util_mutex.h>

#include "httpd/shared/module.h"
#include "version.h"

APLOG_USE_MODULE(mta_sts);

#define LOCK_TYPE "mta-sts-report"

typedef struct shared {
    void *memory;
    apr_global_mutex_t *lock; /* NULL: not available */
} shared;

static apr_global_mutex_t *lock;

void mts_memory_register_lock(apr_pool_t *pconf)
{
    ap_mutex_register(pconf, LOCK_TYPE, NULL, APR_LOCK_DEFAULT, 0);
}

static void *make_memory(server_rec *main, apr_pool_t *pool, apr_size_t size)
{
    apr_shm_t *shm;
    apr_status_t status = apr_shm_create(&shm, size, NULL, pool);

    if (status == APR_SUCCESS) {
        return memset(apr_shm_baseaddr_get(shm), 0, size);
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING, status, main,
                 "shared memory: %" APR_SIZE_T_FMT
                 " bytes cannot be allocated, so each child keeps "
                 "its own counters; check that the system allows anonymous shared memory "
                 "[shared-memory-missing]",
                 size);
    return apr_pcalloc(pool, size);
}

static apr_global_mutex_t *make_lock(server_rec *main, apr_pool_t *pool)
{
    apr_global_mutex_t *made;
    apr_status_t status = ap_global_mutex_create(&made, NULL, LOCK_TYPE, NULL, main, pool, 0);

    if (status == APR_SUCCESS) {
        return made;
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING, status, main,
                 "lock " LOCK_TYPE ": cannot be created, so many reports at once use more memory; "
                 "check the Mutex directive [lock-missing]");
    return NULL;
}

/* The key has the version, so that a module of another version does not use this one's memory. */
void *mts_memory_make(server_rec *main, apr_size_t size)
{
    apr_pool_t *pool = main->process->pool;
    const char *key = apr_psprintf(main->process->pconf, "mta-sts-%s-%" APR_SIZE_T_FMT,
                                   MTA_STS_DESCRIPTION, size);
    void *found = NULL;
    shared *made;

    apr_pool_userdata_get(&found, key, pool);
    made = found;
    if (!made) {
        made = apr_palloc(pool, sizeof(*made));
        made->memory = make_memory(main, pool, size);
        made->lock = make_lock(main, pool);
        apr_pool_userdata_set(made, key, NULL, pool);
    }
    lock = made->lock;
    return made->memory;
}

void mts_memory_child_init(apr_pool_t *pchild, server_rec *main)
{
    apr_status_t status;

    if (!lock) {
        return;
    }
    status = apr_global_mutex_child_init(&lock, apr_global_mutex_lockfile(lock), pchild);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, status, main,
                     "lock " LOCK_TYPE ": a child cannot use it; check the Mutex directive "
                     "[lock-missing]");
        lock = NULL;
    }
}

void mts_memory_lock(void)
{
    if (lock) {
        apr_global_mutex_lock(lock);
    }
}

void mts_memory_unlock(void)
{
    if (lock) {
        apr_global_mutex_unlock(lock);
    }
}
