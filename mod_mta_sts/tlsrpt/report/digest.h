/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_DIGEST_H
#define TLSRPT_REPORT_DIGEST_H

#include <apr_pools.h>
#include <openssl/types.h>

/* SHA-256 as 64 hex digits in lower case, of all bytes at once or piece by piece. The process
 * aborts if SHA-256 is not available or memory is exhausted. */

/* The digest of some bytes, allocated from p. */
const char *tlsrpt_digest_of(apr_pool_t *p, const void *bytes, apr_size_t len);

/* Begins a digest that is computed piece by piece; it lives as long as p. */
EVP_MD_CTX *tlsrpt_digest_start(apr_pool_t *p);

void tlsrpt_digest_add(EVP_MD_CTX *digest, const void *bytes, apr_size_t len);

/* Ends a digest, once, and returns it; allocated from p. */
const char *tlsrpt_digest_end(apr_pool_t *p, EVP_MD_CTX *digest);

#endif
