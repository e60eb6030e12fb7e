/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_LOSSES_H
#define HTTPD_STATUS_LOSSES_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"
#include "httpd/policy/domains.h"
#include "tlsrpt/advice/explain.h"

/*
 * Mail that senders do not deliver because of mode enforce (RFC 8461 section 5), according to
 * reports about the last MTS_STATUS_LOSS_DAYS days and about policy domains of this server in this
 * mode.
 */

#define MTS_STATUS_LOSS_DAYS 14 /* the period of `mta-sts ready` */
#define MTS_STATUS_LOSSES_MAX 10

typedef struct mts_status_loss {
    const char *domain;
    apr_int64_t sessions; /* number of sessions that failed for causes that make senders refuse
                             mail */
    const tlsrpt_explanation *explanation; /* of the cause with the most sessions */
    int is_verified; /* whether the sessions are from verified reports; then only those are counted.
                        Anyone can submit unverified reports, so these are only a reason to check */
} mts_status_loss;

/*
 * Reads the losses from the index.
 *
 * @param server used to find hosted domains
 * @param domain NULL: all policy domains, beginning with those that have most failed sessions
 * @param p      pool of the list
 * @param losses out: of mts_status_loss, at most MTS_STATUS_LOSSES_MAX
 * @return NULL, or an error (core/database/database.h)
 */
const char *mts_status_losses_read(mta_sts_database *db, apr_pool_t *p, const server_rec *server,
                                   const mts_domains *domains, const char *domain, apr_time_t now,
                                   apr_array_header_t **losses);

#endif
