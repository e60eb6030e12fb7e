/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/digest.h"

#include <pthread.h>
#include <stdlib.h>

#include <apr_escape.h>
#include <openssl/evp.h>

/* Fetched once, because OpenSSL looks up EVP_sha256() again for each use, which takes longer than
 * computing most digests. */
static EVP_MD *sha256;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static apr_status_t free_digest(void *digest)
{
    EVP_MD_CTX_free(digest);
    return APR_SUCCESS;
}

EVP_MD_CTX *tlsrpt_digest_start(apr_pool_t *p)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    pthread_once(&once, fetch_sha256);
    if (!digest || !sha256 || !EVP_DigestInit_ex(digest, sha256, NULL)) {
        abort();
    }
    apr_pool_cleanup_register(p, digest, free_digest, apr_pool_cleanup_null);
    return digest;
}

void tlsrpt_digest_add(EVP_MD_CTX *digest, const void *bytes, apr_size_t len)
{
    EVP_DigestUpdate(digest, bytes, len);
}

const char *tlsrpt_digest_end(apr_pool_t *p, EVP_MD_CTX *digest)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int len;

    EVP_DigestFinal_ex(digest, bytes, &len);
    return apr_pescape_hex(p, bytes, len, 0);
}

const char *tlsrpt_digest_of(apr_pool_t *p, const void *bytes, apr_size_t len)
{
    EVP_MD_CTX *digest = tlsrpt_digest_start(p);
    const char *digits;

    tlsrpt_digest_add(digest, bytes, len);
    digits = tlsrpt_digest_end(p, digest);
    apr_pool_cleanup_run(p, digest, free_digest);
    return digits;
}
