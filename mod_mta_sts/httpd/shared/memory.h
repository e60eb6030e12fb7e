/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_MEMORY_H
#define HTTPD_SHARED_MEMORY_H

#include <httpd.h>

/*
 * What all children share, and what outlives a graceful restart: one piece of memory and one lock.
 * Both belong to the process pool, made at the first start and found again at each later one.
 */

/* Hook functions: where the lock is told to httpd, so that the Mutex directive knows it. */
void mts_memory_register_lock(apr_pool_t *pconf);

/*
 * Makes both, or finds them again. What cannot be made is logged; then each child has a piece of
 * memory of its own, or there is no lock.
 *
 * @param main the main server
 * @param size bytes of memory, all 0 at first
 * @return the memory
 */
void *mts_memory_make(server_rec *main, apr_size_t size);

/* In each child, before it uses the lock. */
void mts_memory_child_init(apr_pool_t *pchild, server_rec *main);

/* Whoever dies while he holds it gives it back. */
void mts_memory_lock(void);
void mts_memory_unlock(void);

#endif
