/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_SPARE_PAIRS_H
#define HTTPD_UPKEEP_SPARE_PAIRS_H

#include <httpd.h>

#include "core/hosting/snapshot.h"

/*
 * Reports policy hosts that have a key pair but no policy (pair-without-policy): for example those
 * of former customers, whose certificates are still renewed.
 */

typedef struct mts_spare_pairs mts_spare_pairs;

/* Begins a pass over all pairs. p: pool of the pass. */
mts_spare_pairs *mts_spare_pairs_begin(server_rec *main, apr_pool_t *p);

/*
 * Checks some of the pairs.
 *
 * @param scratch scratch memory
 * @return whether there are more pairs; an error of the snapshot ends the pass
 */
int mts_spare_pairs_step(mts_spare_pairs *spare, mta_sts_snapshot *snapshot, apr_pool_t *scratch);

/* Adds the findings: for the first 19 hosts, and then the number of the others. */
void mts_spare_pairs_report(const mts_spare_pairs *spare, mta_sts_findings *findings);

#endif
