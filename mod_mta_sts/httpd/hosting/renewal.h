/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_HOSTING_RENEWAL_H
#define HTTPD_HOSTING_RENEWAL_H

#include <httpd.h>

#include "core/hosting/pairs_check.h"

/*
 * New and renewed key pairs without a reload. The parent, as root, looks for changed files about
 * every ten seconds, and appends what it has read to shared memory, which it made before it created
 * its children. They read it at the next handshake. When that memory is full, pairs wait for the
 * next reload (pair-waits-for-reload).
 */

/* Makes the memory when httpd starts. */
void mts_renewal_prepare(apr_pool_t *pconf, server_rec *main);

/* Takes over what the parent has read since the last call, if there is anything. */
void mts_renewal_apply(void);

/* The state of the pairs, as the parent and the watchdog know it. */
typedef struct mts_pair_numbers {
    mta_sts_pairs_counts pairs;
    int missing; /* hosted domains without a pair */
    int changes; /* pairs read since the start */
} mts_pair_numbers;

/* All are 0 if no virtual host has any. */
mts_pair_numbers mts_renewal_numbers(void);

/* Stores the number of hosted domains without a pair. */
void mts_renewal_note_missing(int missing);

/* Registers the hook that runs in the parent. */
void mts_renewal_register_hooks(void);

#endif
