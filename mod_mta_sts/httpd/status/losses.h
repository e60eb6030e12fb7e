/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_LOSSES_H
#define HTTPD_STATUS_LOSSES_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"
#include "httpd/policy/domains.h"
#include "tlsrpt/advice/explain.h"

/*
 * Mail that senders do not deliver because of mode enforce (RFC 8461 section 5), according to the
 * reports of the last MTS_STATUS_LOSS_DAYS days about the policy domains of this server in that
 * mode.
 */

#define MTS_STATUS_LOSS_DAYS 14 /* the period of `mta-sts ready` */
#define MTS_STATUS_LOSSES_MAX 10

typedef struct mts_status_loss {
    const char *domain;
    apr_int64_t sessions;                  /* that failed for causes that make senders refuse
                                              mail */
    const tlsrpt_explanation *explanation; /* of the cause with the most sessions */
    int is_verified; /* whether the sessions are from verified reports, of which only those are
                        counted then. Anyone can submit unverified reports, so these are never
                        more than a reason to check */
} mts_status_loss;

/*
 * Reads them from the index.
 *
 * @param server for hosted domains
 * @param domain NULL: all policy domains, starting with those that have most failed sessions
 * @param p      pool of the list
 * @param losses out: of mts_status_loss, at most MTS_STATUS_LOSSES_MAX
 * @return NULL, or an error as in core/database/database.h
 */
const char *mts_status_losses_read(mta_sts_database *db, apr_pool_t *p, const server_rec *server,
                                   const mts_domains *domains, const char *domain, apr_time_t now,
                                   apr_array_header_t **losses);

#endif
