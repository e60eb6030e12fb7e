/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_GUARDED_POOL_H
#define TESTS_FUZZ_GUARDED_POOL_H

#include <dlfcn.h>
#include <stdlib.h>

#include <apr_pools.h>

/*
 * Makes the memory of pools visible to AddressSanitizer. A pool gets its memory in pages and
 * divides them itself, so that reading beyond one object of a pool only reaches the next one. This
 * replaces APR's function: each object is allocated separately, and freed with its pool. Strings
 * that APR formats (apr_psprintf) are still allocated from pages.
 */

#define GUARDED_POOLS_MAX 1024

typedef struct guarded_block {
    struct guarded_block *next;
    char padding[16 - sizeof(void *)]; /* so that the object after it is aligned */
} guarded_block;

static struct guarded_pool {
    apr_pool_t *pool;
    guarded_block *blocks;
} guarded_pools[GUARDED_POOLS_MAX];
static int guarded_count;

static apr_status_t guarded_free(void *data)
{
    int i = guarded_count;

    while (i-- > 0 && guarded_pools[i].pool != data) {
    }
    if (i >= 0) {
        guarded_block *block = guarded_pools[i].blocks, *next;

        guarded_pools[i] = guarded_pools[--guarded_count];
        for (; block; block = next) {
            next = block->next;
            free(block);
        }
    }
    return APR_SUCCESS;
}

/* The list of a pool; NULL while its cleanup is being registered, which has to run last. */
static guarded_block **guarded_list(apr_pool_t *pool)
{
    static int is_registering;
    int i = guarded_count;

    while (i-- > 0 && guarded_pools[i].pool != pool) {
    }
    if (i < 0 && (is_registering || guarded_count == GUARDED_POOLS_MAX)) {
        return NULL;
    }
    if (i < 0) {
        is_registering = 1;
        apr_pool_cleanup_register(pool, pool, guarded_free, apr_pool_cleanup_null);
        is_registering = 0;
        i = guarded_count++;
        guarded_pools[i].pool = pool;
        guarded_pools[i].blocks = NULL;
    }
    return &guarded_pools[i].blocks;
}

void *apr_palloc(apr_pool_t *pool, apr_size_t size)
{
    static void *(*original)(apr_pool_t *, apr_size_t);
    guarded_block **list = guarded_list(pool), *block;

    if (!list) {
        original = original ? original
                            : (void *(*)(apr_pool_t *, apr_size_t))(apr_uintptr_t)dlsym(
                                  RTLD_NEXT, "apr_palloc");
        return original(pool, size);
    }
    block = malloc(sizeof(*block) + size);
    if (!block) {
        abort();
    }
    block->next = *list;
    *list = block;
    return block + 1;
}

#endif
