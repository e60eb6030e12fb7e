/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_KNOWN_H
#define HTTPD_ENDPOINT_KNOWN_H

#include "httpd/shared/counters.h"

/*
 * What became of the last few thousand bodies, by a hash of the bytes as sent: bytes that are sent
 * again are neither inflated nor parsed again. All children share it, for one configuration. A
 * stored report may have been removed since, so its file must be looked for.
 */

/* The hash of a body: 128 bits, with a secret. */
typedef struct mts_known_key {
    apr_uint64_t hash[2];
} mts_known_key;

mts_known_key mts_known_key_of(const char *bytes, apr_size_t len);

/*
 * Finds a body.
 *
 * @param digest out: of the report (tlsrpt_reading); "" if it was rejected
 * @param outcome out: MTS_REPORT_NEW, MTS_REPORT_QUARANTINED, or why it was rejected
 * @return whether it is known
 */
int mts_known_find(const mts_known_key *key, char digest[TLSRPT_DIGEST_LENGTH + 1],
                   mts_counter *outcome);

/* Remembers a body, in the place of another one. */
void mts_known_add(const mts_known_key *key, const char *digest, mts_counter outcome);

/* For post_config: what was known was about another configuration. */
void mts_known_prepare(void);

#endif
