/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_MEMORY_H
#define HTTPD_SHARED_MEMORY_H

#include <httpd.h>

/*
 * Blocks of memory that all children share across graceful restarts. They belong to the process
 * pool: the first start creates them, later ones find them again.
 */

/* Called in pre_config: makes the name of the former lock known to the Mutex directive. */
void mts_memory_register_lock(apr_pool_t *pconf);

/*
 * Creates a block, or finds it again. If that fails, the error is logged, and each child has
 * private memory.
 *
 * @param main the main server
 * @param name of the block, a constant
 * @param size in bytes; all are initially 0
 * @return the memory
 */
void *mts_memory_make(server_rec *main, const char *name, apr_size_t size);

/* Whether all blocks so far are shared. */
int mts_memory_is_shared(void);

#endif
