/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_KNOWN_H
#define HTTPD_ENDPOINT_KNOWN_H

#include "httpd/shared/counters.h"

/*
 * Remembers the outcome of the last few thousand bodies by a hash of the bytes as sent, so that
 * bytes that are sent again are neither inflated nor parsed again. Shared by all children, for one
 * configuration. A stored report may have been removed since, so callers must check that its file
 * exists.
 */

/* The hash of a body: 128 bits, keyed with a secret. */
typedef struct mts_known_key {
    apr_uint64_t hash[2];
} mts_known_key;

mts_known_key mts_known_key_of(const char *bytes, apr_size_t len);

/* How long it is remembered that a body was quarantined, if domains can become hosted at any
 * time. */
#define MTS_KNOWN_BRIEFLY apr_time_from_sec(10)

/*
 * Looks a body up.
 *
 * @param now     time of the request
 * @param digest  out: of the report (tlsrpt_reading); "" if it was rejected
 * @param outcome out: MTS_REPORT_NEW, MTS_REPORT_QUARANTINED, or why it was rejected
 * @return whether it is known
 */
int mts_known_find(const mts_known_key *key, apr_time_t now, char digest[TLSRPT_DIGEST_LENGTH + 1],
                   mts_counter *outcome);

/* Adds a body, which replaces another one. until: when it is forgotten; 0: with this
 * configuration. */
void mts_known_add(const mts_known_key *key, apr_time_t until, const char *digest,
                   mts_counter outcome);

/* Called in post_config: invalidates all entries, which depend on the previous configuration. */
void mts_known_prepare(void);

#endif
