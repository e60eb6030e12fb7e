/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/json_memory.h"

#include <jansson.h>

static _Thread_local apr_pool_t *pool;
static _Thread_local apr_size_t taken;

static void *take(size_t size)
{
    taken += size;
    return apr_palloc(pool, size);
}

static void give_back(void *memory)
{
    (void)memory; /* the pool does */
}

void cli_json_memory_start(void)
{
    json_set_alloc_funcs(take, give_back);
    json_object_seed(0); /* jansson would do it with the first object, on any thread */
}

void cli_json_memory_use(apr_pool_t *p)
{
    pool = p;
    taken = 0;
}

apr_size_t cli_json_memory_taken(void)
{
    return taken;
}
