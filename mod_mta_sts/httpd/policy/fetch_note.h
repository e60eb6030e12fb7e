/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_FETCH_NOTE_H
#define HTTPD_POLICY_FETCH_NOTE_H

#include <httpd.h>

#include "core/database/fetches.h"
#include "httpd/config/policies.h"

/*
 * Notes requests for policies in the fetch log (MTASTSFetchLog). A request costs at most 300
 * instructions, also the first of its kind within some seconds, whatever the number of domains
 * (scripts/bench fetch-log).
 */

/* Called in post_config. */
void mts_fetch_note_prepare(server_rec *main, apr_pool_t *ptemp);

/* Notes a request whose policy host has a policy here. */
void mts_fetch_note(const request_rec *r, mta_sts_fetch_outcome outcome,
                    const mts_requested *requested);

/* Notes a request for the path of policies for which there is none here.
 *
 * @param is_unknown whether that could not be found out
 */
void mts_fetch_note_refused(const request_rec *r, int is_unknown);

/* Whether a policy host, in lower case, is that of a hosted domain. Opens and reads a file. */
int mts_fetch_note_is_hosted(const conn_rec *c, const char *host);

/*
 * Notes a TLS handshake that failed.
 *
 * @param host      policy host, in lower case, as it was sent
 * @param is_hosted as mts_fetch_note_is_hosted found; without that, a hosted domain is one of
 * others
 */
void mts_fetch_note_handshake(const conn_rec *c, const char *host, int is_hosted,
                              mta_sts_fetch_outcome outcome);

#endif
