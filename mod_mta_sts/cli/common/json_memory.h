/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_JSON_MEMORY_H
#define CLI_COMMON_JSON_MEMORY_H

#include <apr_pools.h>

/*
 * Lets jansson take its memory from pools: what it makes of a report is given back with the
 * report's pool, not piece by piece, which saves much of its time. This changes jansson for the
 * whole process, so only a subcommand may do it that uses jansson for nothing else.
 */

/* Before there are threads, and before any other use of jansson. */
void cli_json_memory_start(void);

/* From now on, on this thread, memory comes from p. Without cli_json_memory_start, no change. */
void cli_json_memory_use(apr_pool_t *p);

/* Bytes that this thread took since. */
apr_size_t cli_json_memory_taken(void);

#endif
