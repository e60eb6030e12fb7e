/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_MEMORY_H
#define HTTPD_SHARED_MEMORY_H

#include <httpd.h>

/*
 * What all children share across graceful restarts: one block of memory. It belongs to the process
 * pool; it is created at the first start and found again at each later one.
 */

/* For pre_config: makes the name of the former lock known to the Mutex directive. */
void mts_memory_register_lock(apr_pool_t *pconf);

/*
 * Creates it, or finds it again. A failure is logged; then each child has private memory.
 *
 * @param main the main server
 * @param size bytes of memory, all 0 at first
 * @return the memory
 */
void *mts_memory_make(server_rec *main, apr_size_t size);

#endif
