/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_MEMORY_H
#define HTTPD_SHARED_MEMORY_H

#include <httpd.h>

/*
 * What all children share across graceful restarts: one block of memory and one lock. Both belong
 * to the process pool; they are created at the first start and found again at each later one.
 */

/* For pre_config: registers the lock with httpd, so that the Mutex directive applies to it. */
void mts_memory_register_lock(apr_pool_t *pconf);

/*
 * Creates both, or finds them again. A failure is logged; then each child has private memory, or
 * there is no lock.
 *
 * @param main the main server
 * @param size bytes of memory, all 0 at first
 * @return the memory
 */
void *mts_memory_make(server_rec *main, apr_size_t size);

/* To be called in each child before it uses the lock. */
void mts_memory_child_init(apr_pool_t *pchild, server_rec *main);

/* A process that dies while it holds the lock releases it. */
void mts_memory_lock(void);
void mts_memory_unlock(void);

#endif
