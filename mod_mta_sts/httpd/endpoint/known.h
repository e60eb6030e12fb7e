/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_KNOWN_H
#define HTTPD_ENDPOINT_KNOWN_H

#include "httpd/shared/counters.h"

/*
 * Remembers the outcomes of the last few thousand bodies by a hash of the bytes as sent, so that
 * bytes that are sent again need not be inflated and parsed again. Shared by all child processes
 * with the same configuration. A stored report may have been removed in the meantime, so callers
 * must check that its file exists.
 */

/* The hash of a body: 128 bits, keyed with a secret of this server. */
typedef struct mts_known_key {
    apr_uint64_t hash[2];
} mts_known_key;

/* Computes the hash of a body of len bytes. */
mts_known_key mts_known_key_of(const char *bytes, apr_size_t len);

/* How long a body is remembered as quarantined if domains can become hosted at any time, in
 * microseconds. */
#define MTS_KNOWN_BRIEFLY apr_time_from_sec(10)

/*
 * Looks a body up.
 *
 * @param now     time of the request
 * @param digest  out: the digest of the report (tlsrpt_reading); "" if it was rejected
 * @param outcome out: MTS_REPORT_NEW, MTS_REPORT_QUARANTINED, or the outcome of the rejection
 * @return whether the body is known
 */
int mts_known_find(const mts_known_key *key, apr_time_t now, char digest[TLSRPT_DIGEST_LENGTH + 1],
                   mts_counter *outcome);

/* Adds a body, which may replace another one. until: when it is forgotten; 0: when the
 * configuration changes. */
void mts_known_add(const mts_known_key *key, apr_time_t until, const char *digest,
                   mts_counter outcome);

/* Must be called in post_config: invalidates all entries, because they depend on the previous
 * configuration. */
void mts_known_prepare(void);

#endif
