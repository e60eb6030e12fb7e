/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/tls.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "core/check/tlsa.h"

/* No real chain is longer. */
#define CHAIN_MAX 10

typedef struct watch {
    apr_pool_t *p;
    mta_sts_peer *peer;
    int shown; /* number of certificates that the server sent */
} watch;

static apr_status_t drop_store(void *store)
{
    X509_STORE_free(store);
    return APR_SUCCESS;
}

const char *cli_tls_store_make(apr_pool_t *p, const char *ca_file, cli_tls_store **store)
{
    *store = X509_STORE_new();
    if (!*store) {
        return "OpenSSL cannot be started: free memory, or reinstall OpenSSL";
    }
    apr_pool_cleanup_register(p, *store, drop_store, apr_pool_cleanup_null);
    if (!ca_file) {
        X509_STORE_set_default_paths(*store);
        return NULL;
    }
    if (access(ca_file, R_OK) != 0) {
        return apr_psprintf(p, "the CA file %s cannot be read: %s", ca_file, strerror(errno));
    }
    if (X509_STORE_load_locations(*store, ca_file, NULL) != 1) {
        ERR_clear_error();
        return apr_psprintf(p, "the CA file %s contains no certificate in PEM format", ca_file);
    }
    return NULL;
}

/* The ex_data index at which a verification refers to its watch. */
static int watch_index(void)
{
    static int index = -1;

    if (index < 0) {
        index = X509_STORE_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }
    return index;
}

static mta_sts_trust read_error(int error, int shown)
{
    switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return MTA_STS_TRUST_SELF_SIGNED;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return MTA_STS_TRUST_UNKNOWN_CA;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return shown == 1 ? MTA_STS_TRUST_CHAIN_INCOMPLETE : MTA_STS_TRUST_UNKNOWN_CA;
    default:
        return MTA_STS_TRUST_CHAIN_INVALID;
    }
}

/* Records a verification error. The dates of the server's own certificate are checked elsewhere; of
 * all other errors, the first one counts. */
static int note_error(int ok, X509_STORE_CTX *verification)
{
    watch *w = X509_STORE_CTX_get_ex_data(verification, watch_index());
    int error = X509_STORE_CTX_get_error(verification);
    int own_date = X509_STORE_CTX_get_error_depth(verification) == 0 &&
                   (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID);

    if (!ok && !own_date && w->peer->trust == MTA_STS_TRUST_OK) {
        w->peer->trust = read_error(error, w->shown);
        if (w->peer->trust == MTA_STS_TRUST_CHAIN_INVALID) {
            w->peer->detail = apr_pstrdup(w->p, X509_verify_cert_error_string(error));
        }
    }
    return 1;
}

/* The certificates that the server sent, its own first. */
static apr_array_header_t *copy_chain(apr_pool_t *p, X509 *own, STACK_OF(X509) * sent)
{
    apr_array_header_t *chain = apr_array_make(p, 3, sizeof(mta_sts_der));
    int i;

    for (i = -1; i < sk_X509_num(sent) && chain->nelts < CHAIN_MAX; i++) {
        X509 *x509 = i < 0 ? own : sk_X509_value(sent, i);
        unsigned char *der = NULL;
        int len = i >= 0 && X509_cmp(x509, own) == 0 ? 0 : i2d_X509(x509, &der);

        if (len > 0) {
            mta_sts_der copy = {apr_pmemdup(p, der, (apr_size_t)len), len};

            APR_ARRAY_PUSH(chain, mta_sts_der) = copy;
        }
        OPENSSL_free(der);
    }
    return chain;
}

/* Replaces OpenSSL's verification: does the same, but lets the handshake continue. */
static int verify(X509_STORE_CTX *verification, void *baton)
{
    watch *w = baton;
    SSL *ssl = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *own = X509_STORE_CTX_get0_cert(verification);

    if (!own) {
        return 1;
    }
    w->shown = sk_X509_num(X509_STORE_CTX_get0_untrusted(verification));
    w->peer->trust = MTA_STS_TRUST_OK;
    w->peer->version = apr_pstrdup(w->p, SSL_get_version(ssl));
    w->peer->certificate = mta_sts_certificate_of(w->p, own);
    w->peer->chain = copy_chain(w->p, own, X509_STORE_CTX_get0_untrusted(verification));
    X509_STORE_CTX_set_ex_data(verification, watch_index(), w);
    X509_STORE_CTX_set_verify_cb(verification, note_error);
    if (X509_verify_cert(verification) <= 0 && w->peer->trust == MTA_STS_TRUST_OK) {
        w->peer->trust = MTA_STS_TRUST_CHAIN_INVALID;
    }
    X509_STORE_CTX_set_error(verification, X509_V_OK);
    ERR_clear_error();
    return 1;
}

void cli_tls_watch(apr_pool_t *p, SSL_CTX *context, cli_tls_store *store, mta_sts_peer *peer)
{
    watch *w = apr_pcalloc(p, sizeof(*w));

    w->p = p;
    w->peer = peer;
    SSL_CTX_set1_cert_store(context, store);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify, w);
}
