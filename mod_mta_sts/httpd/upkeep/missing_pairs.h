/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_MISSING_PAIRS_H
#define HTTPD_UPKEEP_MISSING_PAIRS_H

#include <httpd.h>

#include "core/hosting/snapshot.h"

/*
 * If a virtual host has MTASTSCertificates, reports hosted domains whose policy hosts have no key
 * pair (pair-missing): clients only get a TLS alert, which httpd does not log. Also reports pairs
 * without a policy (httpd/upkeep/spare_pairs.h).
 */

typedef struct mts_missing_pairs mts_missing_pairs;

mts_missing_pairs *mts_missing_pairs_make(server_rec *main, apr_pool_t *p,
                                          int (*is_ending)(void *));

/*
 * Runs one step of a pass, if rows or pairs have changed since the last pass, or after an hour.
 *
 * @param has_changed whether rows have changed
 * @param scratch     scratch memory
 */
void mts_missing_pairs_check(mts_missing_pairs *missing, mta_sts_snapshot *snapshot,
                             int has_changed, apr_pool_t *scratch);

#endif
