/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_FETCH_NOTE_H
#define HTTPD_POLICY_FETCH_NOTE_H

#include <httpd.h>

#include "core/database/fetches.h"
#include "httpd/config/policies.h"

/*
 * Records requests for policies in the fetch log (MTASTSFetchLog). This takes at most 300
 * instructions per request, even for the first one of its kind within some seconds, and for any
 * number of domains (scripts/bench fetch-log).
 */

/* Must be called in post_config. */
void mts_fetch_note_prepare(server_rec *main, apr_pool_t *ptemp);

/* Records a request for a policy host that has a policy here. */
void mts_fetch_note(const request_rec *r, mta_sts_fetch_outcome outcome,
                    const mts_requested *requested);

/* Records a request for the path of policies to a host that has no policy here.
 *
 * @param is_unknown whether it could not be determined if there is a policy
 */
void mts_fetch_note_refused(const request_rec *r, int is_unknown);

/* Whether a policy host, in lower case, is that of a hosted domain. Reads the snapshot, which takes
 * time. */
int mts_fetch_note_is_hosted(const conn_rec *c, const char *host);

/*
 * Records a TLS handshake that failed.
 *
 * @param host      policy host, in lower case, as it was sent
 * @param is_hosted as mts_fetch_note_is_hosted found; without that, a hosted domain is one of
 * others
 */
void mts_fetch_note_handshake(const conn_rec *c, const char *host, int is_hosted,
                              mta_sts_fetch_outcome outcome);

#endif
