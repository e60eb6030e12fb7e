/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_FETCH_TABLE_H
#define HTTPD_SHARED_FETCH_TABLE_H

#include <httpd.h>

#include "core/database/fetches.h"

/*
 * Requests for policies that are not in the database yet: counted by all children in shared memory,
 * and moved by the watchdog (httpd/upkeep/fetches.h). A table of fixed size without locks: nobody
 * waits for anybody, whatever happens to a child. When it is full, requests are counted as lost.
 */

#define MTS_FETCH_SLOTS 8192
#define MTS_FETCH_WAYS 8      /* number of slots in which a key may be stored */
#define MTS_FETCH_ID_BYTES 24 /* of a policy id, with the NUL after it */

/* What is the same for all requests that are counted together, apart from the agent. */
typedef struct mts_fetch_key {
    const char *domain; /* len bytes, need not end there; 0 bytes: others */
    apr_size_t len;     /* at most 253; a longer one is "other" */
    const apr_sockaddr_t *client;
    int has_address; /* whether the full address is recorded */
    mta_sts_fetch_outcome outcome;
    apr_uint64_t policy; /* a number of its own for each policy text; 0: none */
    apr_time_t now;
} mts_fetch_key;

/* Where a key belongs, for the two calls of one request. */
typedef struct mts_fetch_position {
    apr_uint64_t tag;
    apr_size_t at, end;      /* the slots where it may be */
    apr_uint64_t address[2]; /* what is recorded of it */
    int family;              /* 4, 6; 0: unknown */
} mts_fetch_position;

/*
 * Called in post_config, after mts_counters_make: creates the table, or finds that of the previous
 * start. There is none if the system has no shared memory.
 *
 * @param is_on whether requests are recorded
 */
void mts_fetch_table_make(server_rec *main, int is_on);

/* Whether there is one. */
int mts_fetch_table_exists(void);

/* Requests are counted by httpd/shared/fetch_path.h. */

/* An entry that the watchdog takes. */
typedef struct mts_fetch_taken {
    mta_sts_fetch fetch;
    apr_size_t slot;
    apr_uint64_t word; /* its key and count when it was read */
} mts_fetch_taken;

/*
 * Reads entries, beginning at a slot, without removing them.
 *
 * @param slot  in and out: where to begin, initially 0; MTS_FETCH_SLOTS at the end
 * @param max   number of entries at most
 * @param p     pool of the array
 * @return of mts_fetch_taken
 */
apr_array_header_t *mts_fetch_table_read(apr_size_t *slot, int max, apr_pool_t *p);

/* Removes what was read from the table; what was counted since then remains. */
void mts_fetch_table_remove(const apr_array_header_t *taken);

/* Whether the watchdog should come at once, because a quarter of the table is in use. */
int mts_fetch_table_is_filling(void);

/* Requests that were not recorded, and are not in the database as such. */
typedef struct mts_fetch_losses {
    apr_int64_t requests;
    apr_time_t first, last;
    apr_int64_t all; /* since the server was started */
} mts_fetch_losses;

mts_fetch_losses mts_fetch_table_read_losses(void);

/* Called when they are in the database; those since then remain. */
void mts_fetch_table_remove_losses(const mts_fetch_losses *losses);

/* All since the server was started. */
apr_int64_t mts_fetch_table_lost(void);

/* Since when requests are recorded without interruption. */
apr_time_t mts_fetch_table_since(void);

#endif
