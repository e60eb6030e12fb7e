/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/limit.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/evp.h>

#include "httpd/shared/counters.h"

/*
 * A slot is one number, so that it changes atomically: the minute, the part of the key's hash that
 * does not select the slot, and the count. A slot of another minute is free.
 */
#define COUNT_BITS 20
#define HASH_BITS 20
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define HASH_MASK ((UINT64_C(1) << HASH_BITS) - 1)
#define WAYS 8 /* slots that a key may be in */

typedef struct position {
    apr_uint64_t *slots; /* WAYS of them */
    apr_uint64_t key;    /* minute and hash, the count being 0 */
    apr_uint64_t minute; /* the same without hash */
} position;

/* The bytes of an address that identify a client. Returns their number. */
static apr_size_t bytes_of(const char *address, unsigned char bytes[16])
{
    char text[INET6_ADDRSTRLEN];

    apr_cpystrn(text, address, sizeof(text));
    text[strcspn(text, "%")] = '\0'; /* a zone */
    if (inet_pton(AF_INET6, text, bytes) == 1) {
        return 8;
    }
    return inet_pton(AF_INET, text, bytes) == 1 ? 4 : 0;
}

/* The secret keeps a client from finding addresses that share slots with others. */
static apr_uint64_t hash_of(const char *what, const char *address)
{
    unsigned char input[sizeof(mts_counters_shared->secret) + 32 + 16];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *end = input + sizeof(mts_counters_shared->secret);
    apr_uint64_t hash = 0;

    memset(input, 0, sizeof(input));
    memcpy(input, mts_counters_shared->secret, sizeof(mts_counters_shared->secret));
    apr_cpystrn((char *)end, what, 32);
    end += 32;
    end += bytes_of(address, end);
    if (EVP_Digest(input, (size_t)(end - input), digest, NULL, EVP_sha256(), NULL)) {
        memcpy(&hash, digest, sizeof(hash));
    }
    return hash;
}

static position find_position(const char *what, const char *address, apr_time_t now)
{
    apr_uint64_t hash = hash_of(what, address);
    apr_uint64_t minute = (apr_uint64_t)apr_time_sec(now) / 60 << (COUNT_BITS + HASH_BITS);
    position found = {
        .slots = mts_counters_shared->limits + hash % (MTS_LIMIT_SLOTS / WAYS) * WAYS,
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

/* Counts in one slot, if it belongs to the key or is free. */
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

/* The slot that holds the key, or NULL. */
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
    return MTS_LIMIT_UNKNOWN;
}

void mts_limit_uncount(const char *what, const char *address, apr_time_t now)
{
    position at = find_position(what, address, now);
    apr_uint64_t *slot = find_slot(&at), value;

    if (!slot) {
        return;
    }
    value = __atomic_load_n(slot, __ATOMIC_RELAXED);
    while (is_key(value, &at) && (value & COUNT_MASK) > 0 &&
           !__atomic_compare_exchange_n(slot, &value, value - 1, 0, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
    }
}
