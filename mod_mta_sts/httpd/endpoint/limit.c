/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/endpoint/limit.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/evp.h>

#include "httpd/shared/counters.h"

/*
 * A slot is one number, so that it changes at once: the minute, what is left of the hash of its key
 * behind the number of the slot, and the count. A slot of another minute is free.
 */
#define COUNT_BITS 20
#define HASH_BITS 20
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define HASH_MASK ((UINT64_C(1) << HASH_BITS) - 1)
#define WAYS 8 /* slots that a key may be in */

typedef struct place {
    apr_uint64_t *slots; /* WAYS of them */
    apr_uint64_t key;    /* minute and hash, the count being 0 */
    apr_uint64_t minute; /* the same without hash */
} place;

/* The bytes of an address by which clients are told apart. Returns their number. */
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

/* Only who knows the secret could find two addresses that share their slots. */
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

static place find_place(const char *what, const char *address, apr_time_t now)
{
    apr_uint64_t hash = hash_of(what, address);
    apr_uint64_t minute = (apr_uint64_t)apr_time_sec(now) / 60 << (COUNT_BITS + HASH_BITS);
    place found = {
        .slots = mts_counters_shared->limits + hash % (MTS_LIMIT_SLOTS / WAYS) * WAYS,
        .key = minute | ((hash >> 40 & HASH_MASK) << COUNT_BITS),
        .minute = minute,
    };

    return found;
}

static int is_key(apr_uint64_t slot, const place *at)
{
    return (slot & ~COUNT_MASK) == at->key;
}

static int is_free(apr_uint64_t slot, const place *at)
{
    return (slot & ~(COUNT_MASK | HASH_MASK << COUNT_BITS)) != at->minute;
}

/* Counts in one slot, if it is or can be the key's. */
static int try_slot(apr_uint64_t *slot, const place *at, apr_int64_t limit, mts_limit_state *state)
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
    *state = MTS_LIMIT_TAKEN;
    return 1;
}

/* The slot that the key has already, or NULL. */
static apr_uint64_t *find_slot(const place *at)
{
    int i;

    for (i = 0; i < WAYS; i++) {
        if (is_key(__atomic_load_n(&at->slots[i], __ATOMIC_RELAXED), at)) {
            return &at->slots[i];
        }
    }
    return NULL;
}

mts_limit_state mts_limit_take(const char *what, const char *address, apr_int64_t limit,
                               apr_time_t now)
{
    place at = find_place(what, address, now);
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

void mts_limit_give_back(const char *what, const char *address, apr_time_t now)
{
    place at = find_place(what, address, now);
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
