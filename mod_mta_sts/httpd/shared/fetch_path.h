/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_FETCH_PATH_H
#define HTTPD_SHARED_FETCH_PATH_H

#include <assert.h>
#include <string.h>

#include "core/base/network.h"
#include "httpd/shared/fetch_slot.h"
#include "httpd/shared/fetch_table.h"
#include "httpd/shared/mix.h"

/*
 * The part of httpd/shared/fetch_table.h that requests execute. All of it is inlined into the
 * function that records a served policy, which saves a third of its instructions (scripts/bench
 * fetch-log).
 *
 * Each slot has a word, which is changed atomically. It consists of a tag (the part of the key's
 * hash that does not select the slot) and a count. 0: the slot is free; the tag CLAIMED: a child
 * process is filling it, and the count is the time at which it began. If the process is killed at
 * that moment, the slot stays claimed until the watchdog frees it.
 */
#define MTS_FETCH_COUNT_BITS 24
#define MTS_FETCH_COUNT_MASK ((UINT64_C(1) << MTS_FETCH_COUNT_BITS) - 1)
#define MTS_FETCH_TAG_MASK (~MTS_FETCH_COUNT_MASK)
#define MTS_FETCH_CLAIMED MTS_FETCH_TAG_MASK
/* A bit that is 0 and a bit that is 1 in the tags of all keys, so that no tag is 0 or CLAIMED. */
#define MTS_FETCH_TAG_0 (UINT64_C(1) << MTS_FETCH_COUNT_BITS)
#define MTS_FETCH_TAG_1 (UINT64_C(2) << MTS_FETCH_COUNT_BITS)
#define MTS_FETCH_SETS (MTS_FETCH_SLOTS / MTS_FETCH_WAYS)

#define MTS_FETCH_INLINE static inline __attribute__((always_inline))

typedef struct mts_fetch_table {
    apr_uint64_t words[MTS_FETCH_SLOTS]; /* the words of each set are in one cache line */
    mts_fetch_slot slots[MTS_FETCH_SLOTS];
    apr_uint64_t secret[4];       /* so that nobody can construct keys that collide */
    apr_int64_t used;             /* approximate number of slots in use */
    apr_int64_t lost, lost_noted; /* requests lost since the start; how many of them are recorded in
                                     the database */
    apr_time_t lost_first; /* time of the first lost request that is not recorded yet; 0: same as
                              lost_last */
    apr_time_t lost_last;
} mts_fetch_table;

extern mts_fetch_table *mts_fetch_shared; /* NULL: there is no table */

/* Counts requests that are not recorded. */
__attribute__((cold)) void mts_fetch_table_lose(apr_int64_t number, apr_time_t now);

/* --- keys --- */

MTS_FETCH_INLINE apr_uint64_t mts_fetch_word(const void *bytes)
{
    apr_uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* One step of the hash, for 16 bytes. */
MTS_FETCH_INLINE apr_uint64_t mts_fetch_mix(apr_uint64_t hash, apr_uint64_t a, apr_uint64_t b,
                                            apr_uint64_t secret)
{
    return mts_mix(hash ^ a, secret ^ b);
}

/* The last bytes may be part of two words, which is unambiguous because the initial hash depends on
 * the length. */
MTS_FETCH_INLINE apr_uint64_t mts_fetch_hash(apr_uint64_t hash, const char *text, apr_size_t len,
                                             apr_uint64_t secret)
{
    const char *const end = text + len;
    apr_uint64_t rest = 0;

    if (len >= 16) {
        for (; text < end - 16; text += 16) {
            hash = mts_fetch_mix(hash, mts_fetch_word(text), mts_fetch_word(text + 8), secret);
        }
        return mts_fetch_mix(hash, mts_fetch_word(end - 16), mts_fetch_word(end - 8), secret);
    }
    if (len >= 8) {
        return mts_fetch_mix(hash, mts_fetch_word(text), mts_fetch_word(end - 8), secret);
    }
    for (; text < end; text++) {
        rest = rest << 8 | (unsigned char)*text;
    }
    return mts_fetch_mix(hash, rest, 0, secret);
}

MTS_FETCH_INLINE void mts_fetch_take_ipv4(const unsigned char *bytes, int is_whole,
                                          mts_fetch_position *position)
{
    static const unsigned char network[4] = {0xff, 0xff, 0xff}; /* MTA_STS_NETWORK_IPV4_BYTES */
    apr_uint32_t address, mask, words[2] = {0, 0};

    memcpy(&address, bytes, sizeof(address));
    memcpy(&mask, network, sizeof(mask));
    words[0] = is_whole ? address : address & mask;
    position->address[0] = mts_fetch_word(words);
    position->family = 4;
}

MTS_FETCH_INLINE void mts_fetch_take_ipv6(const unsigned char *bytes, int is_whole,
                                          mts_fetch_position *position)
{
    /* MTA_STS_NETWORK_IPV6_BYTES */
    static const unsigned char network[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const apr_uint64_t address = mts_fetch_word(bytes);

    position->address[0] = is_whole ? address : address & mts_fetch_word(network);
    position->address[1] = is_whole ? mts_fetch_word(bytes + 8) : 0;
    position->family = 6;
}

/* The part of an address that is recorded. IPv4-mapped IPv6 addresses count as IPv4. */
MTS_FETCH_INLINE void mts_fetch_take_address(const mts_fetch_key *key, mts_fetch_position *position)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    const apr_sockaddr_t *client = key->client;
    const unsigned char *bytes = client ? client->ipaddr_ptr : NULL;

    position->address[0] = position->address[1] = 0;
    position->family = 0;
    if (bytes && client->ipaddr_len == 4) {
        mts_fetch_take_ipv4(bytes, key->has_address, position);
    }
    else if (bytes && client->ipaddr_len == 16 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        mts_fetch_take_ipv4(bytes + sizeof(mapped), key->has_address, position);
    }
    else if (bytes && client->ipaddr_len == 16) {
        mts_fetch_take_ipv6(bytes, key->has_address, position);
    }
}

MTS_FETCH_INLINE void mts_fetch_find_position(const mts_fetch_key *key,
                                              mts_fetch_position *position)
{
    const apr_uint64_t *secret = mts_fetch_shared->secret;
    apr_uint64_t hash;

    mts_fetch_take_address(key, position);
    hash = (apr_uint64_t)key->now / MTA_STS_FETCH_HOUR << 24 | (apr_uint64_t)key->len << 16 |
           (apr_uint64_t)position->family << 8 | (apr_uint64_t)key->outcome;
    hash = mts_mix(hash ^ secret[1], key->policy ^ secret[0]) ^
           mts_mix(position->address[0] ^ secret[2], position->address[1] ^ secret[3]);
    hash = mts_fetch_hash(hash, key->domain, key->len, secret[0]);
    position->tag = (hash & MTS_FETCH_TAG_MASK & ~MTS_FETCH_TAG_0) | MTS_FETCH_TAG_1;
    position->at = (apr_size_t)(hash % MTS_FETCH_SETS) * MTS_FETCH_WAYS;
    /* Requests that were not served may use half of the slots only, so that they cannot displace
     * those that were. */
    position->end =
        position->at + (key->outcome == MTA_STS_FETCH_SERVED ? MTS_FETCH_WAYS : MTS_FETCH_WAYS / 2);
}

/* --- counting --- */

/* Increments the count of a slot if it has the tag; returns whether it did. */
MTS_FETCH_INLINE int mts_fetch_try(apr_uint64_t *word, apr_uint64_t tag)
{
    apr_uint64_t is = __atomic_load_n(word, __ATOMIC_ACQUIRE);

    do {
        if ((is ^ tag) >= MTS_FETCH_COUNT_MASK) { /* another tag, or the count is at its maximum */
            return 0;
        }
    } while (
        !__atomic_compare_exchange_n(word, &is, is + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return 1;
}

/*
 * Counts a request if its key is in the table already. Slots after a free one are not examined: if
 * the key is in one of them, it gets a second slot, and the watchdog adds up both.
 *
 * @param position out: to be passed to mts_fetch_table_insert
 * @return whether it was counted
 */
MTS_FETCH_INLINE int mts_fetch_table_count(const mts_fetch_key *key, mts_fetch_position *position)
{
    mts_fetch_table *const table = mts_fetch_shared;
    apr_uint64_t word;
    apr_size_t at;

    mts_fetch_find_position(key, position);
    for (at = position->at; at < position->end; at++) {
        word = __atomic_load_n(table->words + at, __ATOMIC_RELAXED);
        if (!word) {
            break;
        }
        if ((word ^ position->tag) <= MTS_FETCH_COUNT_MASK &&
            mts_fetch_try(table->words + at, position->tag)) {
            __atomic_store_n(&table->slots[at].last, key->now, __ATOMIC_RELAXED);
            return 1;
        }
    }
    position->at = at;
    return 0;
}

/* A time in units of about a second, 2^20 microseconds. */
MTS_FETCH_INLINE apr_uint64_t mts_fetch_claim_time(apr_time_t now)
{
    return ((apr_uint64_t)now >> 20) & MTS_FETCH_COUNT_MASK;
}

/*
 * Inserts a key with its first request; counts the request as lost if no slot is free.
 *
 * @param id    policy id that was served, or ""
 * @param agent User-Agent as sent, or ""; the watchdog records its first word, if it consists of
 *              harmless characters
 */
MTS_FETCH_INLINE void mts_fetch_table_insert(const mts_fetch_key *key,
                                             const mts_fetch_position *position,
                                             const char id[MTS_FETCH_ID_BYTES], const char *agent)
{
    mts_fetch_table *const table = mts_fetch_shared;
    const apr_uint64_t claimed = MTS_FETCH_CLAIMED | mts_fetch_claim_time(key->now);
    apr_size_t at = position->at;
    apr_uint64_t is = 0;

    for (;; at++, is = 0) {
        if (at == position->end) {
            mts_fetch_table_lose(1, key->now);
            return;
        }
        if (__atomic_compare_exchange_n(table->words + at, &is, claimed, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            break;
        }
    }
    __atomic_add_fetch(&table->used, 1, __ATOMIC_RELAXED);
    mts_fetch_slot_fill(table->slots + at, key, position, id, agent);
    is = claimed;
    /* This fails if the process was stopped for so long that the watchdog has freed the slot, and
     * counted the request as lost. */
    __atomic_compare_exchange_n(table->words + at, &is, position->tag | 1, 0, __ATOMIC_ACQ_REL,
                                __ATOMIC_RELAXED);
}

#endif
