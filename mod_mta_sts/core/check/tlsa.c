/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/tlsa.h"

#include <stdio.h>
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { USAGE_DANE_TA = 2, USAGE_DANE_EE = 3 };
enum { SELECT_CERTIFICATE = 0, SELECT_KEY = 1 };
enum { MATCH_EXACT = 0, MATCH_SHA256 = 1, MATCH_SHA512 = 2 };

typedef struct tlsa {
    unsigned usage, selector, matching;
    const char *hex; /* in lower case */
} tlsa;

static apr_status_t drop_x509(void *x509)
{
    X509_free(x509);
    return APR_SUCCESS;
}

/* Returns NULL if the bytes are not a certificate. */
static X509 *parse(apr_pool_t *p, const mta_sts_der *der)
{
    const unsigned char *at = der->bytes;
    X509 *x509 = d2i_X509(NULL, &at, der->len);

    if (x509) {
        apr_pool_cleanup_register(p, x509, drop_x509, apr_pool_cleanup_null);
    }
    return x509;
}

/* Returns whether a record can be used for SMTP; usages 0 and 1 cannot (RFC 7672 section 3.1.3). */
static int read_record(apr_pool_t *p, const char *text, tlsa *record)
{
    static const apr_size_t lengths[] = {[MATCH_SHA256] = 64, [MATCH_SHA512] = 128};
    int used = 0;
    char *hex;

    if (sscanf(text, "%u %u %u %n", &record->usage, &record->selector, &record->matching, &used) <
            3 ||
        !used) {
        return 0;
    }
    hex = apr_pstrdup(p, text + used);
    apr_collapse_spaces(hex, hex);
    for (record->hex = hex; *hex; hex++) {
        *hex |= *hex >= 'A' && *hex <= 'F' ? 0x20 : 0;
    }
    return (record->usage == USAGE_DANE_TA || record->usage == USAGE_DANE_EE) &&
           record->selector <= SELECT_KEY && record->matching <= MATCH_SHA512 && *record->hex &&
           (record->matching == MATCH_EXACT || strlen(record->hex) == lengths[record->matching]);
}

/* The association data of a certificate in hex, or NULL if OpenSSL cannot compute it. */
static const char *data_of(apr_pool_t *p, X509 *x509, unsigned selector, unsigned matching)
{
    unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
    int len = selector == SELECT_KEY ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der)
                                     : i2d_X509(x509, &der);
    const EVP_MD *type = matching == MATCH_SHA256 ? EVP_sha256() : EVP_sha512();
    const char *hex = NULL;
    unsigned size;

    if (len > 0 && matching == MATCH_EXACT) {
        hex = apr_pescape_hex(p, der, (apr_size_t)len, 0);
    }
    else if (len > 0 && EVP_Digest(der, (size_t)len, digest, &size, type, NULL)) {
        hex = apr_pescape_hex(p, digest, size, 0);
    }
    OPENSSL_free(der);
    return hex;
}

static int matches(apr_pool_t *p, const tlsa *record, X509 *x509)
{
    const char *data = data_of(p, x509, record->selector, record->matching);

    return data && strcmp(data, record->hex) == 0;
}

/* Whether the server's certificate is valid for the host, or for the domain that the mail is for
 * (RFC 7672 section 3.2.2), and chains to the anchor. */
static int is_verified(STACK_OF(X509) * chain, X509 *anchor, const char *host, const char *domain)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int verified = 0;

    if (store && context && X509_STORE_add_cert(store, anchor) &&
        X509_STORE_CTX_init(context, store, sk_X509_value(chain, 0), chain)) {
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_PARTIAL_CHAIN);
        X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(context), host, 0);
        X509_VERIFY_PARAM_add1_host(X509_STORE_CTX_get0_param(context), domain, 0);
        verified = X509_verify_cert(context) == 1;
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return verified;
}

/* The certificate that a record contains in full, or NULL; servers need not send that
 * certificate. */
static X509 *anchor_of(apr_pool_t *p, const tlsa *record)
{
    apr_size_t len = strlen(record->hex) / 2;
    mta_sts_der der = {NULL, (long)len};
    unsigned char *bytes = apr_palloc(p, len + 1);

    if (record->selector != SELECT_CERTIFICATE || record->matching != MATCH_EXACT ||
        apr_unescape_hex(bytes, record->hex, (apr_ssize_t)len * 2, 0, &len) != APR_SUCCESS) {
        return NULL;
    }
    der.bytes = bytes;
    return parse(p, &der);
}

static mta_sts_tlsa_result compare_anchor(apr_pool_t *p, const tlsa *record, STACK_OF(X509) * chain,
                                          const char *host, const char *domain)
{
    X509 *anchor = anchor_of(p, record);
    mta_sts_tlsa_result result = MTA_STS_TLSA_MISMATCH;
    int i;

    for (i = 0; i < sk_X509_num(chain); i++) {
        if (matches(p, record, sk_X509_value(chain, i))) {
            if (is_verified(chain, sk_X509_value(chain, i), host, domain)) {
                return MTA_STS_TLSA_MATCH;
            }
            result = MTA_STS_TLSA_UNVERIFIED;
        }
    }
    return anchor && is_verified(chain, anchor, host, domain) ? MTA_STS_TLSA_MATCH : result;
}

static mta_sts_tlsa_result compare_all(apr_pool_t *p, const apr_array_header_t *records,
                                       STACK_OF(X509) * chain, const char *host, const char *domain)
{
    mta_sts_tlsa_result worst = MTA_STS_TLSA_UNUSABLE;
    int i;

    for (i = 0; i < records->nelts; i++) {
        mta_sts_tlsa_result one = MTA_STS_TLSA_UNUSABLE;
        tlsa record;

        if (read_record(p, APR_ARRAY_IDX(records, i, const char *), &record)) {
            one = record.usage == USAGE_DANE_TA ? compare_anchor(p, &record, chain, host, domain)
                  : matches(p, &record, sk_X509_value(chain, 0)) ? MTA_STS_TLSA_MATCH
                                                                 : MTA_STS_TLSA_MISMATCH;
        }
        if (one == MTA_STS_TLSA_MATCH) {
            return one;
        }
        worst = one == MTA_STS_TLSA_UNVERIFIED || worst == MTA_STS_TLSA_UNUSABLE ? one : worst;
    }
    return worst;
}

mta_sts_tlsa_result mta_sts_tlsa_compare(apr_pool_t *p, const apr_array_header_t *records,
                                         const apr_array_header_t *chain, const char *host,
                                         const char *domain)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    mta_sts_tlsa_result result = MTA_STS_TLSA_UNKNOWN;
    int i;

    for (i = 0; chain && stack && i < chain->nelts; i++) {
        X509 *x509 = parse(p, &APR_ARRAY_IDX(chain, i, mta_sts_der));

        if (x509) {
            sk_X509_push(stack, x509);
        }
    }
    if (stack && sk_X509_num(stack)) {
        result = compare_all(p, records, stack, host, domain);
    }
    sk_X509_free(stack);
    return result;
}

const char *mta_sts_tlsa_record(apr_pool_t *p, const apr_array_header_t *chain)
{
    X509 *own = chain && chain->nelts ? parse(p, &APR_ARRAY_IDX(chain, 0, mta_sts_der)) : NULL;
    const char *data = own ? data_of(p, own, SELECT_KEY, MATCH_SHA256) : NULL;

    return data ? apr_pstrcat(p, "3 1 1 ", data, NULL) : NULL;
}
