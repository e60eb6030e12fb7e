/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_FETCH_SLOT_H
#define HTTPD_SHARED_FETCH_SLOT_H

#include <string.h>

#include "httpd/shared/fetch_table.h"

/*
 * The contents of one slot of httpd/shared/fetch_table.c. It is in shared memory, so its contents
 * may be damaged.
 */

#define MTS_FETCH_AGENT_MAX 32
#define MTS_FETCH_DOMAIN_MAX 253 /* RFC 1035, without the trailing dot */

/* A slot. After it has been filled, only `last` changes. */
typedef struct mts_fetch_slot {
    apr_time_t last;
    apr_time_t first;
    apr_uint64_t address[2];
    unsigned char family; /* 4, 6; 0: unknown */
    unsigned char has_address;
    unsigned char outcome;
    char id[MTS_FETCH_ID_BYTES];
    char agent[MTS_FETCH_AGENT_MAX + 1]; /* the beginning of the User-Agent, as sent */
    char domain[MTS_FETCH_DOMAIN_MAX + 1];
} mts_fetch_slot;

/* Copies a text and terminates it with NUL. Most texts have 8 to 32 bytes, for which this takes a
 * third of the instructions of memcpy(): some bytes are copied twice instead of one by one. */
static inline void mts_fetch_slot_copy(char *to, const char *from, apr_size_t len)
{
    apr_size_t i = 0;

    if (len >= 16) {
        for (; i < len - 16; i += 16) {
            memcpy(to + i, from + i, 16);
        }
        memcpy(to + (len - 16), from + (len - 16), 16);
    }
    else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + (len - 8), from + (len - 8), 8);
    }
    else {
        for (; i < len; i++) {
            to[i] = from[i];
        }
    }
    to[len] = '\0';
}

/*
 * Fills a slot; parameters as for mts_fetch_table_insert. Requests execute this, so everything that
 * can be deferred is done when the slot is read.
 */
static inline void mts_fetch_slot_fill(mts_fetch_slot *slot, const mts_fetch_key *key,
                                       const mts_fetch_position *position,
                                       const char id[MTS_FETCH_ID_BYTES], const char *agent)
{
    slot->first = key->now;
    /* A request that was counted in the previous entry of this slot may still store its time. */
    __atomic_store_n(&slot->last, key->now, __ATOMIC_RELAXED);
    slot->address[0] = position->address[0];
    slot->address[1] = position->address[1];
    slot->family = (unsigned char)position->family;
    slot->has_address = (unsigned char)key->has_address;
    slot->outcome = (unsigned char)key->outcome;
    memcpy(slot->id, id, MTS_FETCH_ID_BYTES);
    mts_fetch_slot_copy(slot->agent, agent, strnlen(agent, MTS_FETCH_AGENT_MAX));
    mts_fetch_slot_copy(slot->domain, key->domain, key->len);
}

/*
 * Reads a slot.
 *
 * @param p     pool of the strings in fetch
 * @param fetch out: all members except the number of requests
 * @return whether the contents of the slot are plausible
 */
int mts_fetch_slot_read(apr_pool_t *p, const mts_fetch_slot *slot, mta_sts_fetch *fetch);

#endif
