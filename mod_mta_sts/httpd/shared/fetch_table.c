/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/fetch_table.h"

#include <string.h>

#include <apr_general.h>

#include "core/base/monotonic.h"
#include "core/base/network.h"
#include "httpd/shared/counters.h"
#include "httpd/shared/fetch_slot.h"
#include "httpd/shared/memory.h"
#include "httpd/shared/mix.h"

/*
 * A slot has a word, which is changed atomically: the part of the key's hash that does not select
 * the slot, and the count. 0: the slot is free; the tag CLAIMED: a child is filling it, and the
 * count is the second in which it began. A child that is killed in the middle of that leaves the
 * slot claimed, until the watchdog frees it.
 */
#define COUNT_BITS 24
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define TAG_MASK (~COUNT_MASK)
#define CLAIMED TAG_MASK
#define CLAIM_MAX 60 /* seconds */
#define SETS (MTS_FETCH_SLOTS / MTS_FETCH_WAYS)

typedef struct table {
    apr_uint64_t words[MTS_FETCH_SLOTS]; /* the words of a set share a cache line */
    mts_fetch_slot slots[MTS_FETCH_SLOTS];
    apr_uint64_t secret[4];       /* so that nobody can choose keys that collide */
    apr_int64_t used;             /* slots, approximately */
    apr_int64_t lost, lost_noted; /* since the start; how many of them are in the database */
    apr_time_t lost_first;        /* of those that are not; 0: see lost_last */
    apr_time_t lost_last;
} table;

static table *shared;

/* If the counters could not be shared, that was logged, and holds for the table as well. */
static void begin(server_rec *main)
{
    shared = mts_memory_is_shared() ? mts_memory_make(main, "fetches", sizeof(table)) : NULL;
    if (!mts_memory_is_shared()) {
        shared = NULL;
    }
    else if (!shared->secret[0]) {
        apr_generate_random_bytes((unsigned char *)shared->secret, sizeof(shared->secret));
    }
}

void mts_fetch_table_make(server_rec *main, int is_on)
{
    shared = NULL;
    if (is_on) {
        begin(main);
    }
    if (!shared) {
        mts_counters_shared->fetches_since = 0;
    }
    else if (!mts_counters_shared->fetches_since) {
        mts_counters_shared->fetches_since = apr_time_now();
        mts_counters_shared->fetches_elapsed = mta_sts_monotonic_now();
    }
}

int mts_fetch_table_exists(void)
{
    return shared != NULL;
}

/* What was recorded by a wrong clock is not known to be complete. Only the watchdog calls this. */
apr_time_t mts_fetch_table_since(void)
{
    mts_counters *const c = mts_counters_shared;

    mta_sts_monotonic_restart(&c->fetches_since, &c->fetches_elapsed);
    return c->fetches_since;
}

/* --- keys --- */

static inline apr_uint64_t read_word(const char *bytes, apr_size_t len)
{
    apr_uint64_t word = 0;

    memcpy(&word, bytes, len);
    return word;
}

static apr_uint64_t hash_text(apr_uint64_t hash, const char *text, apr_size_t len)
{
    const apr_uint64_t secret = shared->secret[0];
    apr_uint64_t rest = (apr_uint64_t)len << 56;

    for (; len >= 8; text += 8, len -= 8) {
        hash = mts_mix(hash ^ read_word(text, 8), secret);
    }
    for (; len; text++, len--) {
        rest = rest << 8 | (unsigned char)*text;
    }
    return mts_mix(hash ^ rest, secret);
}

static void read_ipv4(const unsigned char *bytes, int is_whole, mts_fetch_position *position)
{
    position->address[0] = position->address[1] = 0;
    memcpy(position->address, bytes, is_whole ? 4 : MTA_STS_NETWORK_IPV4_BYTES);
    position->family = 4;
}

static void read_ipv6(const unsigned char *bytes, int is_whole, mts_fetch_position *position)
{
    position->address[0] = position->address[1] = 0;
    memcpy(position->address, bytes, MTA_STS_NETWORK_IPV6_BYTES);
    if (is_whole) {
        memcpy(position->address, bytes, sizeof(position->address));
    }
    position->family = 6;
}

/* What is recorded of an address, which is IPv4 also if it was mapped into IPv6. */
static void read_address(const mts_fetch_key *key, mts_fetch_position *position)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    const apr_sockaddr_t *client = key->client;
    const unsigned char *bytes = client ? client->ipaddr_ptr : NULL;

    if (bytes && client->ipaddr_len == 4) {
        read_ipv4(bytes, key->has_address, position);
    }
    else if (bytes && client->ipaddr_len == 16 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        read_ipv4(bytes + sizeof(mapped), key->has_address, position);
    }
    else if (bytes && client->ipaddr_len == 16) {
        read_ipv6(bytes, key->has_address, position);
    }
    else {
        position->address[0] = position->address[1] = 0;
        position->family = 0;
    }
}

static void find_position(const mts_fetch_key *key, mts_fetch_position *position)
{
    const apr_uint64_t *secret = shared->secret;
    apr_uint64_t hash, tag;

    read_address(key, position);
    hash = (apr_uint64_t)(key->now / MTA_STS_FETCH_HOUR) << 16 |
           (apr_uint64_t)position->family << 8 | (apr_uint64_t)key->outcome;
    hash = hash_text(mts_mix(hash ^ secret[1], secret[0]), key->domain, key->len);
    hash = mts_mix(hash ^ position->address[0], secret[2]);
    hash = mts_mix(hash ^ position->address[1], secret[3]);
    hash = mts_mix(hash ^ key->policy, secret[2]);
    tag = hash & TAG_MASK;
    position->tag = tag == 0 || tag == CLAIMED ? UINT64_C(1) << COUNT_BITS : tag;
    position->set = (apr_size_t)(hash & COUNT_MASK) % SETS;
}

/* --- counting --- */

/* Whether the slot has the tag, and is counted in. */
static int try_slot(apr_size_t at, apr_uint64_t tag)
{
    apr_uint64_t word = __atomic_load_n(&shared->words[at], __ATOMIC_ACQUIRE);

    do {
        if ((word & TAG_MASK) != tag || (word & COUNT_MASK) == COUNT_MASK) {
            return 0;
        }
    } while (!__atomic_compare_exchange_n(&shared->words[at], &word, word + 1, 0, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    return 1;
}

int mts_fetch_table_count(const mts_fetch_key *key, mts_fetch_position *position)
{
    apr_size_t at, end;

    find_position(key, position);
    at = position->set * MTS_FETCH_WAYS;
    for (end = at + MTS_FETCH_WAYS; at < end; at++) {
        if ((__atomic_load_n(&shared->words[at], __ATOMIC_RELAXED) & TAG_MASK) == position->tag &&
            try_slot(at, position->tag)) {
            __atomic_store_n(&shared->slots[at].last, key->now, __ATOMIC_RELAXED);
            return 1;
        }
    }
    return 0;
}

static apr_uint64_t claim_at(apr_time_t now)
{
    return CLAIMED | ((apr_uint64_t)apr_time_sec(now) & COUNT_MASK);
}

static void lose(apr_int64_t number, apr_time_t now)
{
    apr_time_t none = 0;

    __atomic_compare_exchange_n(&shared->lost_first, &none, now, 0, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    __atomic_store_n(&shared->lost_last, now, __ATOMIC_RELAXED);
    __atomic_add_fetch(&shared->lost, number, __ATOMIC_RELEASE);
}

void mts_fetch_table_insert(const mts_fetch_key *key, const mts_fetch_position *position,
                            const char id[MTS_FETCH_ID_BYTES], const char *agent)
{
    apr_size_t at = position->set * MTS_FETCH_WAYS, end = at + MTS_FETCH_WAYS;
    apr_uint64_t claimed = claim_at(key->now);

    for (; at < end; at++) {
        apr_uint64_t word = 0;

        if (__atomic_compare_exchange_n(&shared->words[at], &word, claimed, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            __atomic_add_fetch(&shared->used, 1, __ATOMIC_RELAXED);
            mts_fetch_slot_fill(&shared->slots[at], key, position, id, agent);
            word = claimed;
            if (!__atomic_compare_exchange_n(&shared->words[at], &word, position->tag | 1, 0,
                                             __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
                lose(1, key->now); /* this child was stopped for so long that the slot was freed */
            }
            return;
        }
    }
    lose(1, key->now);
}

/* --- the watchdog --- */

/* Returns whether the word was still that. */
static int free_slot(apr_size_t at, apr_uint64_t word)
{
    if (!__atomic_compare_exchange_n(&shared->words[at], &word, 0, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        return 0;
    }
    __atomic_sub_fetch(&shared->used, 1, __ATOMIC_RELAXED);
    return 1;
}

/* A claim of a child that was killed: its request is lost. */
static void free_old_claim(apr_size_t at, apr_uint64_t word)
{
    apr_time_t now = apr_time_now();
    apr_uint64_t age = ((apr_uint64_t)apr_time_sec(now) - word) & COUNT_MASK;

    if (age > CLAIM_MAX && free_slot(at, word)) {
        lose(1, now);
    }
}

/* Nobody writes into a slot that is not claimed, but a child that was stopped while it filled one,
 * for so long that the slot was freed, may: then it may contain parts of two requests. */
static void take(apr_array_header_t *list, apr_size_t at, apr_uint64_t word)
{
    mts_fetch_taken taken = {.slot = at, .word = word};

    if (mts_fetch_slot_read(list->pool, &shared->slots[at], &taken.fetch)) {
        taken.fetch.requests = (apr_int64_t)(word & COUNT_MASK);
        APR_ARRAY_PUSH(list, mts_fetch_taken) = taken;
    }
    else if (free_slot(at, word)) {
        lose((apr_int64_t)(word & COUNT_MASK), apr_time_now());
    }
}

apr_array_header_t *mts_fetch_table_read(apr_size_t *at, int max, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, max, sizeof(mts_fetch_taken));

    for (; *at < MTS_FETCH_SLOTS && list->nelts < max; ++*at) {
        apr_uint64_t word = __atomic_load_n(&shared->words[*at], __ATOMIC_ACQUIRE);

        if ((word & TAG_MASK) == CLAIMED) {
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
    apr_uint64_t word = one->word, count = one->word & COUNT_MASK, rest;

    do {
        if ((word ^ one->word) & TAG_MASK || (word & COUNT_MASK) < count) {
            return; /* another watchdog was faster */
        }
        rest = (word & COUNT_MASK) == count ? 0 : word - count;
    } while (!__atomic_compare_exchange_n(&shared->words[one->slot], &word, rest, 0,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    if (!rest) {
        __atomic_sub_fetch(&shared->used, 1, __ATOMIC_RELAXED);
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
    return shared && __atomic_load_n(&shared->used, __ATOMIC_RELAXED) > MTS_FETCH_SLOTS / 4;
}

/* --- losses --- */

mts_fetch_losses mts_fetch_table_read_losses(void)
{
    mts_fetch_losses losses = {.all = __atomic_load_n(&shared->lost, __ATOMIC_ACQUIRE)};

    losses.requests = losses.all - __atomic_load_n(&shared->lost_noted, __ATOMIC_RELAXED);
    if (losses.requests) {
        losses.last = __atomic_load_n(&shared->lost_last, __ATOMIC_RELAXED);
        losses.first = __atomic_load_n(&shared->lost_first, __ATOMIC_RELAXED);
        losses.first = losses.first ? losses.first : losses.last;
    }
    return losses;
}

/* What was lost in the meantime, about the time of the last of them, remains. */
void mts_fetch_table_remove_losses(const mts_fetch_losses *losses)
{
    apr_int64_t noted = losses->all - losses->requests;

    if (losses->requests &&
        __atomic_compare_exchange_n(&shared->lost_noted, &noted, losses->all, 0, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) { /* else another watchdog was faster */
        __atomic_store_n(&shared->lost_first, 0, __ATOMIC_RELAXED);
    }
}

apr_int64_t mts_fetch_table_lost(void)
{
    return shared ? __atomic_load_n(&shared->lost, __ATOMIC_RELAXED) : 0;
}
