/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/policy/certificate.h"

static void check(apr_pool_t *p, X509 *x509)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const mta_sts_certificate *found = mta_sts_certificate_of(p, x509);
    int i;

    CHECK(!found->error || is_printable(found->error));
    if (found->error) {
        return;
    }
    for (i = 0; i < found->names->nelts; i++) {
        CHECK(*APR_ARRAY_IDX(found->names, i, const char *));
    }
    mta_sts_certificate_check(found, "mx1.example.com", apr_time_from_sec(1800000000), "renew it",
                              findings);
    mta_sts_certificate_days(found, apr_time_from_sec(1800000000));
    fuzz_check_findings(findings, 0);
}

/* A certificate as a server shows it (DER) or a file contains it (PEM). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const uint8_t *at = data;
    X509 *x509 = d2i_X509(NULL, &at, (long)size);
    BIO *bio = BIO_new_mem_buf(data, (int)size);

    if (!x509) {
        x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    }
    if (x509) {
        check(p, x509);
    }
    X509_free(x509);
    BIO_free(bio);
    ERR_clear_error(); /* libFuzzer takes what OpenSSL keeps for a leak, and searches for it */
    apr_pool_destroy(p);
    return 0;
}
