/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/json_memory.h"

#include <jansson.h>

static apr_pool_t *pool;

static void *allocate(size_t size)
{
    return apr_palloc(pool, size);
}

static void release(void *memory)
{
    (void)memory; /* the pool frees it */
}

void cli_json_memory_start(void)
{
    json_set_alloc_funcs(allocate, release);
}

void cli_json_memory_use(apr_pool_t *p)
{
    pool = p;
}
