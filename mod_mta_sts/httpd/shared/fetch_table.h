/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_FETCH_TABLE_H
#define HTTPD_SHARED_FETCH_TABLE_H

#include <httpd.h>

#include "core/database/fetches.h"

/*
 * Requests for policies that are not in the database yet: all child processes count them in shared
 * memory, and the watchdog moves them (httpd/upkeep/fetches.h). The table has a fixed size and is
 * lock-free: no process ever waits for another one, even if that is killed. When the table is full,
 * requests are counted as lost.
 */

#define MTS_FETCH_SLOTS 8192
#define MTS_FETCH_WAYS 8      /* number of slots in which a key may be stored */
#define MTS_FETCH_ID_BYTES 24 /* of a policy id, including its terminating NUL */

/* The properties by which requests are counted together; they may differ in the agent. */
typedef struct mts_fetch_key {
    const char *domain; /* len bytes, not NUL-terminated; 0 bytes: others */
    apr_size_t len;     /* at most 253; a longer one is "other" */
    const apr_sockaddr_t *client;
    int has_address; /* whether to record the full address */
    mta_sts_fetch_outcome outcome;
    apr_uint64_t policy; /* a number that is unique for each policy text; 0: none */
    apr_time_t now;
} mts_fetch_key;

/* The position of a key in the table, passed between the two calls for one request. */
typedef struct mts_fetch_position {
    apr_uint64_t tag;
    apr_size_t at, end;      /* the slots in which it may be */
    apr_uint64_t address[2]; /* the part that is recorded */
    int family;              /* 4, 6; 0: unknown */
} mts_fetch_position;

/*
 * Must be called in post_config, after mts_counters_make: creates the table, or finds that of the
 * previous start. There is no table if shared memory is not available.
 *
 * @param is_on whether requests are to be recorded
 */
void mts_fetch_table_make(server_rec *main, int is_on);

/* Whether there is a table. */
int mts_fetch_table_exists(void);

/* Requests are counted by httpd/shared/fetch_path.h. */

/* An entry that the watchdog has read. */
typedef struct mts_fetch_taken {
    mta_sts_fetch fetch;
    apr_size_t slot;
    apr_uint64_t word; /* tag and count when it was read */
} mts_fetch_taken;

/*
 * Reads entries, beginning at a slot, without removing them.
 *
 * @param slot  in and out: the next slot to read, initially 0; MTS_FETCH_SLOTS: the end was reached
 * @param max   maximum number of entries
 * @param p     pool of the array
 * @return of mts_fetch_taken
 */
apr_array_header_t *mts_fetch_table_read(apr_size_t *slot, int max, apr_pool_t *p);

/* Removes the requests that were read from the table; those that were counted in the meantime
 * remain. */
void mts_fetch_table_remove(const apr_array_header_t *taken);

/* Whether the watchdog should run now, because a quarter of the table is in use. */
int mts_fetch_table_is_filling(void);

/* Requests that were not recorded, and whose loss is not in the database yet. */
typedef struct mts_fetch_losses {
    apr_int64_t requests;
    apr_time_t first, last;
    apr_int64_t all; /* since the server was started */
} mts_fetch_losses;

/* Reads the losses without removing them. */
mts_fetch_losses mts_fetch_table_read_losses(void);

/* Must be called when the losses are in the database; losses in the meantime remain. */
void mts_fetch_table_remove_losses(const mts_fetch_losses *losses);

/* The number of lost requests since the server was started. */
apr_int64_t mts_fetch_table_lost(void);

/* Since when requests have been recorded without interruption. */
apr_time_t mts_fetch_table_since(void);

#endif
