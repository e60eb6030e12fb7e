/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/fetch_table.h"

#include <apr_general.h>

#include "core/base/monotonic.h"
#include "httpd/shared/counters.h"
#include "httpd/shared/fetch_path.h"
#include "httpd/shared/memory.h"

#define CLAIM_MAX 60 /* in units of mts_fetch_claim_time() */

mts_fetch_table *mts_fetch_shared;

/* If the counters could not be created in shared memory, that has been logged, and applies to the
 * table as well. */
static void begin(server_rec *main)
{
    mts_fetch_shared =
        mts_memory_is_shared() ? mts_memory_make(main, "fetches", sizeof(mts_fetch_table)) : NULL;
    if (!mts_memory_is_shared()) {
        mts_fetch_shared = NULL;
    }
    else if (!mts_fetch_shared->secret[0]) {
        apr_generate_random_bytes((unsigned char *)mts_fetch_shared->secret,
                                  sizeof(mts_fetch_shared->secret));
    }
}

void mts_fetch_table_make(server_rec *main, int is_on)
{
    mts_fetch_shared = NULL;
    if (is_on) {
        begin(main);
    }
    if (!mts_fetch_shared) {
        mts_counters_shared->fetches_since = 0;
    }
    else if (!mts_counters_shared->fetches_since) {
        mts_counters_shared->fetches_since = apr_time_now();
        mts_counters_shared->fetches_elapsed = mta_sts_monotonic_now();
    }
}

int mts_fetch_table_exists(void)
{
    return mts_fetch_shared != NULL;
}

/* Requests that were recorded while the clock was wrong are not known to be complete. Only the
 * watchdog calls this. */
apr_time_t mts_fetch_table_since(void)
{
    mts_counters *const c = mts_counters_shared;

    mta_sts_monotonic_restart(&c->fetches_since, &c->fetches_elapsed);
    return c->fetches_since;
}

void mts_fetch_table_lose(apr_int64_t number, apr_time_t now)
{
    apr_time_t none = 0;

    __atomic_compare_exchange_n(&mts_fetch_shared->lost_first, &none, now, 0, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    __atomic_store_n(&mts_fetch_shared->lost_last, now, __ATOMIC_RELAXED);
    __atomic_add_fetch(&mts_fetch_shared->lost, number, __ATOMIC_RELEASE);
}

/* --- the watchdog --- */

/* Frees a slot if its word is unchanged; returns whether it was. */
static int free_slot(apr_size_t at, apr_uint64_t word)
{
    if (!__atomic_compare_exchange_n(&mts_fetch_shared->words[at], &word, 0, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        return 0;
    }
    __atomic_sub_fetch(&mts_fetch_shared->used, 1, __ATOMIC_RELAXED);
    return 1;
}

/* Frees a slot that was claimed by a process that was killed; its request is lost. */
static void free_old_claim(apr_size_t at, apr_uint64_t word)
{
    apr_time_t now = apr_time_now();
    apr_uint64_t age = (mts_fetch_claim_time(now) - word) & MTS_FETCH_COUNT_MASK;

    if (age > CLAIM_MAX && free_slot(at, word)) {
        mts_fetch_table_lose(1, now);
    }
}

/* Only the process that has claimed a slot writes to it, with one exception: a process that was
 * stopped while it filled a slot, for so long that the slot was freed. Then the slot may contain
 * parts of two requests. */
static void take(apr_array_header_t *list, apr_size_t at, apr_uint64_t word)
{
    mts_fetch_taken taken = {.slot = at, .word = word};

    if (mts_fetch_slot_read(list->pool, &mts_fetch_shared->slots[at], &taken.fetch)) {
        taken.fetch.requests = (apr_int64_t)(word & MTS_FETCH_COUNT_MASK);
        APR_ARRAY_PUSH(list, mts_fetch_taken) = taken;
    }
    else if (free_slot(at, word)) {
        mts_fetch_table_lose((apr_int64_t)(word & MTS_FETCH_COUNT_MASK), apr_time_now());
    }
}

apr_array_header_t *mts_fetch_table_read(apr_size_t *at, int max, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, max, sizeof(mts_fetch_taken));

    for (; *at < MTS_FETCH_SLOTS && list->nelts < max; ++*at) {
        apr_uint64_t word = __atomic_load_n(&mts_fetch_shared->words[*at], __ATOMIC_ACQUIRE);

        if ((word & MTS_FETCH_TAG_MASK) == MTS_FETCH_CLAIMED) {
            free_old_claim(*at, word);
        }
        else if (word) {
            take(list, *at, word);
        }
    }
    return list;
}

static void remove_one(const mts_fetch_taken *one)
{
    apr_uint64_t word = one->word, count = one->word & MTS_FETCH_COUNT_MASK, rest;

    do {
        if ((word ^ one->word) & MTS_FETCH_TAG_MASK || (word & MTS_FETCH_COUNT_MASK) < count) {
            return; /* another watchdog was faster */
        }
        rest = (word & MTS_FETCH_COUNT_MASK) == count ? 0 : word - count;
    } while (!__atomic_compare_exchange_n(&mts_fetch_shared->words[one->slot], &word, rest, 0,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    if (!rest) {
        __atomic_sub_fetch(&mts_fetch_shared->used, 1, __ATOMIC_RELAXED);
    }
}

void mts_fetch_table_remove(const apr_array_header_t *taken)
{
    int i;

    for (i = 0; i < taken->nelts; i++) {
        remove_one(&APR_ARRAY_IDX(taken, i, mts_fetch_taken));
    }
}

int mts_fetch_table_is_filling(void)
{
    return mts_fetch_shared &&
           __atomic_load_n(&mts_fetch_shared->used, __ATOMIC_RELAXED) > MTS_FETCH_SLOTS / 4;
}

/* --- losses --- */

mts_fetch_losses mts_fetch_table_read_losses(void)
{
    mts_fetch_losses losses = {.all = __atomic_load_n(&mts_fetch_shared->lost, __ATOMIC_ACQUIRE)};

    losses.requests = losses.all - __atomic_load_n(&mts_fetch_shared->lost_noted, __ATOMIC_RELAXED);
    if (losses.requests) {
        losses.last = __atomic_load_n(&mts_fetch_shared->lost_last, __ATOMIC_RELAXED);
        losses.first = __atomic_load_n(&mts_fetch_shared->lost_first, __ATOMIC_RELAXED);
        losses.first = losses.first ? losses.first : losses.last;
    }
    return losses;
}

/* Losses in the meantime remain, with the time of the last of them. */
void mts_fetch_table_remove_losses(const mts_fetch_losses *losses)
{
    apr_int64_t noted = losses->all - losses->requests;

    if (losses->requests &&
        __atomic_compare_exchange_n(
            &mts_fetch_shared->lost_noted, &noted, losses->all, 0, __ATOMIC_RELAXED,
            __ATOMIC_RELAXED)) { /* otherwise another watchdog has removed them */
        __atomic_store_n(&mts_fetch_shared->lost_first, 0, __ATOMIC_RELAXED);
    }
}

apr_int64_t mts_fetch_table_lost(void)
{
    return mts_fetch_shared ? __atomic_load_n(&mts_fetch_shared->lost, __ATOMIC_RELAXED) : 0;
}
