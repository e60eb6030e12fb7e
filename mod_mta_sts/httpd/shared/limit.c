/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/limit.h"

#include "httpd/shared/counters.h"
#include "httpd/shared/network.h"

/*
 * A slot is one number, so that it can be changed atomically: the minute, the part of the key's
 * hash that does not select the slot, and the count. A slot whose minute is over is free.
 */
#define COUNT_BITS 20
#define HASH_BITS 20
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define HASH_MASK ((UINT64_C(1) << HASH_BITS) - 1)
#define WAYS MTS_LIMIT_WAYS

typedef struct position {
    apr_uint64_t *slots;  /* MTS_LIMIT_WAYS slots */
    apr_uint64_t *others; /* shared by all keys for which no slot is free */
    apr_uint64_t key;     /* minute and hash, with a count of 0 */
    apr_uint64_t minute;  /* the minute without a hash */
} position;

static position find_position(const char *what, const char *address, apr_time_t now)
{
    apr_uint64_t hash = mts_network_hash(what, address, MTS_NETWORK_CLIENT);
    apr_size_t set = (apr_size_t)(hash % (MTS_LIMIT_SLOTS / WAYS));
    apr_uint64_t minute = (apr_uint64_t)apr_time_sec(now) / 60 << (COUNT_BITS + HASH_BITS);
    position found = {
        .slots = mts_counters_shared->limits + set * WAYS,
        .others = mts_counters_shared->limits_of_others + set,
        .key = minute | ((hash >> 40 & HASH_MASK) << COUNT_BITS),
        .minute = minute,
    };

    return found;
}

static int is_key(apr_uint64_t slot, const position *at)
{
    return (slot & ~COUNT_MASK) == at->key;
}

static int is_free(apr_uint64_t slot, const position *at)
{
    return (slot & ~(COUNT_MASK | HASH_MASK << COUNT_BITS)) != at->minute;
}

/* Counts an event in a slot, if that belongs to the key or is free. */
static int try_slot(apr_uint64_t *slot, const position *at, apr_int64_t limit,
                    mts_limit_state *state)
{
    apr_uint64_t value = __atomic_load_n(slot, __ATOMIC_RELAXED), next;

    do {
        if (is_free(value, at)) {
            next = at->key + 1;
        }
        else if (!is_key(value, at)) {
            return 0;
        }
        else if ((apr_int64_t)(value & COUNT_MASK) >= limit) {
            *state = MTS_LIMIT_REACHED;
            return 1;
        }
        else {
            next = value + 1;
        }
    } while (
        !__atomic_compare_exchange_n(slot, &value, next, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    *state = MTS_LIMIT_ALLOWED;
    return 1;
}

/* The slot of the key, or NULL. */
static apr_uint64_t *find_slot(const position *at)
{
    int i;

    for (i = 0; i < WAYS; i++) {
        if (is_key(__atomic_load_n(&at->slots[i], __ATOMIC_RELAXED), at)) {
            return &at->slots[i];
        }
    }
    return NULL;
}

mts_limit_state mts_limit_count(const char *what, const char *address, apr_int64_t limit,
                                apr_time_t now)
{
    position at = find_position(what, address, now);
    apr_uint64_t *slot = find_slot(&at);
    mts_limit_state state;
    int i;

    if (slot && try_slot(slot, &at, limit, &state)) {
        return state;
    }
    for (i = 0; i < WAYS; i++) {
        if (try_slot(&at.slots[i], &at, limit, &state)) {
            return state;
        }
    }
    /* There are too many addresses: those without a slot share one limit. */
    at.key = at.minute;
    return try_slot(at.others, &at, limit, &state) ? state : MTS_LIMIT_REACHED;
}
