/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_HOSTING_RENEWAL_H
#define HTTPD_HOSTING_RENEWAL_H

#include <httpd.h>

#include "core/hosting/pairs_check.h"

/*
 * Presents new and renewed key pairs without a reload. The parent process, as root, checks for
 * changed files about every ten seconds, and appends the pairs that it has read to shared memory,
 * which it created before its child processes. These read them at the next handshake. When the
 * memory is full, further pairs wait for the next reload (pair-waits-for-reload).
 */

/* Creates the memory when httpd starts. */
void mts_renewal_prepare(apr_pool_t *pconf, server_rec *main);

/* Stores the pairs that the parent process has read since the last call, if there are any. */
void mts_renewal_apply(void);

/* The state of the pairs, as determined by the parent process and the watchdog. */
typedef struct mts_pair_numbers {
    mta_sts_pairs_counts pairs;
    int missing; /* hosted domains without a pair */
    int changes; /* number of pairs that were read since the start */
} mts_pair_numbers;

/* Reads the state; all numbers are 0 if no virtual host has MTASTSCertificates. */
mts_pair_numbers mts_renewal_numbers(void);

/* Stores the number of hosted domains without a pair. */
void mts_renewal_note_missing(int missing);

/* Registers the hook that runs in the parent process. */
void mts_renewal_register_hooks(void);

#endif
