/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_DIGEST_H
#define TLSRPT_REPORT_DIGEST_H

#include <apr_pools.h>
#include <openssl/types.h>

/* SHA-256 as 64 hex digits, of all bytes at once or piece by piece. The process aborts if SHA-256
 * is not available or memory runs out. */

/* @param p pool of the digits; the bytes are borrowed for the call */
const char *tlsrpt_digest_of(apr_pool_t *p, const void *bytes, apr_size_t len);

/* Starts a digest that is computed piece by piece; it lives as long as p. */
EVP_MD_CTX *tlsrpt_digest_start(apr_pool_t *p);

void tlsrpt_digest_add(EVP_MD_CTX *digest, const void *bytes, apr_size_t len);

/* The digest of all pieces. Must be called once. The digits are allocated from p. */
const char *tlsrpt_digest_end(apr_pool_t *p, EVP_MD_CTX *digest);

#endif
