/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_JSON_MEMORY_H
#define CLI_COMMON_JSON_MEMORY_H

#include <apr_pools.h>

/*
 * Lets jansson allocate from pools: the JSON of a report is freed with the report's pool, instead
 * of object by object, which saves much of the time. This changes jansson for the whole process, so
 * a subcommand may only do it if it uses jansson for nothing else. For one thread.
 */

/* Must be called before any other use of jansson. */
void cli_json_memory_start(void);

/* Makes jansson allocate from p from now on. Does nothing without cli_json_memory_start. */
void cli_json_memory_use(apr_pool_t *p);

#endif
