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

static position find_position(const char *what, const char *address, mts_network_width width,
                              apr_time_t now)
{
    apr_uint64_t hash = mts_network_hash(what, address, width);
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

/* Counts in the slot of the key, or in a free one. Returns 0 if there is none. */
static int count_in_slot(const position *at, apr_int64_t limit, mts_limit_state *state)
{
    apr_uint64_t *slot = find_slot(at);
    int i;

    if (slot && try_slot(slot, at, limit, state)) {
        return 1;
    }
    for (i = 0; i < WAYS; i++) {
        if (try_slot(&at->slots[i], at, limit, state)) {
            return 1;
        }
    }
    return 0;
}

mts_limit_state mts_limit_count(const char *what, const char *address, apr_int64_t limit,
                                apr_time_t now)
{
    position at = find_position(what, address, MTS_NETWORK_CLIENT, now);
    mts_limit_state state;

    if (count_in_slot(&at, limit, &state)) {
        return state;
    }
    /* There are too many addresses: those without a slot share a limit. */
    at.key = at.minute;
    return try_slot(at.others, &at, limit, &state) ? state : MTS_LIMIT_REACHED;
}

static int is_reached(const position *at, apr_int64_t limit)
{
    const apr_uint64_t *slot = find_slot(at);

    return slot && (apr_int64_t)(__atomic_load_n(slot, __ATOMIC_RELAXED) & COUNT_MASK) >= limit;
}

int mts_limit_is_reached(const char *what, const char *address, apr_int64_t limit, apr_time_t now)
{
    position at = find_position(what, address, MTS_NETWORK_CLIENT, now);

    return is_reached(&at, limit);
}

static apr_int64_t multiply(apr_int64_t limit, apr_int64_t clients)
{
    return limit * clients < (apr_int64_t)COUNT_MASK ? limit * clients : (apr_int64_t)COUNT_MASK;
}

/* What a client is refused does not count for its networks, so that one of them cannot use up the
 * limit of its neighbours. A network that finds no slot has no limit. */
mts_limit_state mts_limit_count_with_networks(const char *what, const char *address,
                                              apr_int64_t limit, apr_time_t now)
{
    position site = find_position(what, address, MTS_NETWORK_SITE, now);
    position wide = find_position(what, address, MTS_NETWORK_WIDE, now);
    apr_int64_t of_site = multiply(limit, MTS_LIMIT_CLIENTS_OF_SITE);
    apr_int64_t of_wide = multiply(limit, MTS_LIMIT_CLIENTS_OF_WIDE);
    mts_limit_state state, ignored;

    if (is_reached(&site, of_site) || is_reached(&wide, of_wide)) {
        return MTS_LIMIT_REACHED_BY_NETWORK;
    }
    state = mts_limit_count(what, address, limit, now);
    if (state == MTS_LIMIT_ALLOWED) {
        count_in_slot(&site, of_site, &ignored);
        count_in_slot(&wide, of_wide, &ignored);
    }
    return state;
}
