/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_MEMORY_H
#define HTTPD_SHARED_MEMORY_H

#include <httpd.h>

/*
 * Blocks of memory that all child processes share, across graceful restarts. They belong to the
 * process pool: the first start creates them, later ones find them again.
 */

/* Must be called in pre_config: registers the name of a former lock for the Mutex directive. */
void mts_memory_register_lock(apr_pool_t *pconf);

/*
 * Creates a block, or finds it again. If that fails, the error is logged, and each child process
 * has private memory instead.
 *
 * @param main the main server
 * @param name name of the block, a string constant
 * @param size size in bytes; all bytes are initially 0
 * @return the memory
 */
void *mts_memory_make(server_rec *main, const char *name, apr_size_t size);

/* Whether all blocks that have been created so far are shared. */
int mts_memory_is_shared(void);

#endif
