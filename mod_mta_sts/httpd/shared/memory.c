/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/memory.h"

#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include <util_mutex.h>

#include "httpd/shared/module.h"
#include "version.h"

APLOG_USE_MODULE(mta_sts);

#define LOCK_TYPE "mta-sts-report"

/* This module no longer has a lock (see httpd/shared/tokens.h), but a Mutex directive with the name
 * of the former one must not prevent httpd from starting. */
void mts_memory_register_lock(apr_pool_t *pconf)
{
    ap_mutex_register(pconf, LOCK_TYPE, NULL, APR_LOCK_DEFAULT, 0);
}

/* Also stored in the process pool, because each reload loads the module again, which then finds the
 * same memory. */
static int has_failed;
#define FAILED_KEY "mta-sts-memory-failed"

int mts_memory_is_shared(void)
{
    return !has_failed;
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
    has_failed = 1;
    apr_pool_userdata_set(pool, FAILED_KEY, NULL, pool);
    return apr_pcalloc(pool, size);
}

/* The key contains the version, so that different versions of the module do not share memory. */
void *mts_memory_make(server_rec *main, const char *name, apr_size_t size)
{
    apr_pool_t *pool = main->process->pool;
    const char *key = apr_psprintf(main->process->pconf, "mta-sts-%s-%s-%" APR_SIZE_T_FMT, name,
                                   MTA_STS_DESCRIPTION, size);
    void *memory = NULL, *failed = NULL;

    apr_pool_userdata_get(&failed, FAILED_KEY, pool);
    has_failed |= failed != NULL;
    apr_pool_userdata_get(&memory, key, pool);
    if (!memory) {
        memory = make_memory(main, pool, size);
        apr_pool_userdata_set(memory, key, NULL, pool);
    }
    return memory;
}
