/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_JSON_MEMORY_H
#define CLI_COMMON_JSON_MEMORY_H

#include <apr_pools.h>

/*
 * Lets jansson allocate from pools: what it makes of a report is freed with the report's pool, not
 * piece by piece, which saves much of its time. This changes jansson for the whole process, so only
 * a subcommand may do it that uses jansson for nothing else. For one thread.
 */

/* Before any other use of jansson. */
void cli_json_memory_start(void);

/* From now on memory comes from p. Without cli_json_memory_start, this changes nothing. */
void cli_json_memory_use(apr_pool_t *p);

#endif
