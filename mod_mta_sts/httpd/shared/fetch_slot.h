/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_FETCH_SLOT_H
#define HTTPD_SHARED_FETCH_SLOT_H

#include "httpd/shared/fetch_table.h"

/*
 * The content of one slot of httpd/shared/fetch_table.c, which is in shared memory: what is read
 * from it may be damaged.
 */

#define MTS_FETCH_AGENT_MAX 32
#define MTS_FETCH_DOMAIN_MAX 253 /* RFC 1035, without a dot at the end */

/* What is stored when a slot is filled. Only `last`, the first member, changes afterwards. */
typedef struct mts_fetch_slot {
    apr_time_t last;
    apr_time_t first;
    apr_uint64_t address[2];
    unsigned char family; /* 4, 6; 0: unknown */
    unsigned char has_address;
    unsigned char outcome;
    char id[MTS_FETCH_ID_BYTES];
    char agent[MTS_FETCH_AGENT_MAX + 1];
    char domain[MTS_FETCH_DOMAIN_MAX + 1];
} mts_fetch_slot;

/* Fills a slot; parameters as for mts_fetch_table_insert. */
void mts_fetch_slot_fill(mts_fetch_slot *slot, const mts_fetch_key *key,
                         const mts_fetch_position *position, const char id[MTS_FETCH_ID_BYTES],
                         const char *agent);

/*
 * Reads a slot.
 *
 * @param p     pool of what fetch points to
 * @param fetch out: all but the number of requests
 * @return whether the slot can be what was filled in
 */
int mts_fetch_slot_read(apr_pool_t *p, const mts_fetch_slot *slot, mta_sts_fetch *fetch);

#endif
