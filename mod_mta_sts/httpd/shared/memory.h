/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_MEMORY_H
#define HTTPD_SHARED_MEMORY_H

#include <httpd.h>

/*
 * One block of memory that all children share across graceful restarts. It belongs to the process
 * pool: the first start creates it, later ones find it again.
 */

/* Called in pre_config: makes the name of the former lock known to the Mutex directive. */
void mts_memory_register_lock(apr_pool_t *pconf);

/*
 * Creates the block, or finds it again. If that fails, the error is logged, and each child has
 * private memory.
 *
 * @param main the main server
 * @param size in bytes; all are initially 0
 * @return the memory
 */
void *mts_memory_make(server_rec *main, apr_size_t size);

#endif
