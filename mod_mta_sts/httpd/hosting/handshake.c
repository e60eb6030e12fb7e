/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hosting/handshake.h"

#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_optional_hooks.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/base/name.h"
#include "httpd/config/pair_config.h"
#include "httpd/hosting/pairs.h"
#include "httpd/hosting/renewal.h"
#include "httpd/shared/limit.h"
#include "httpd/shared/module.h"

APLOG_USE_MODULE(mta_sts);

#define NAME_SIZE 256 /* a DNS name with its NUL */
#define ACME_PROTOCOL "acme-tls/1"

/* Declared as in mod_ssl_openssl.h, which Debian does not install. mod_ssl calls it for each TLS
 * virtual host when httpd starts, as root. */
typedef int ssl_init_server_hook(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx);
#define ssl_HOOK_init_server_t ssl_init_server_hook

/* A virtual host with MTASTSCertificates; allocated from pconf. */
typedef struct vhost {
    struct vhost *next;
    server_rec *server;
    SSL_CTX *ctx;
    const mts_pair_config *config;
    apr_array_header_t *own; /* of X509 *: the virtual host's own certificates, owned by ctx */
} vhost;

static vhost *vhosts;

/* --- the name --- */

/* The server name in lower case, or NULL. */
static const char *server_name(const SSL *ssl, char name[NAME_SIZE])
{
    const char *sent = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    apr_size_t i;

    if (!sent || strlen(sent) >= NAME_SIZE) {
        return NULL;
    }
    for (i = 0; sent[i]; i++) {
        name[i] = (char)apr_tolower(sent[i]);
    }
    name[i] = '\0';
    return name;
}

static int is_policy_host(const char *name)
{
    return strncmp(name, MTA_STS_POLICY_HOST_PREFIX, strlen(MTA_STS_POLICY_HOST_PREFIX)) == 0;
}

/* Whether a certificate that SSLCertificateFile or mod_md has set covers a name. */
static int has_own_certificate(const vhost *host, const char *name)
{
    int i;

    for (i = 0; i < host->own->nelts; i++) {
        if (X509_check_host(APR_ARRAY_IDX(host->own, i, X509 *), name, 0, 0, NULL) == 1) {
            return 1;
        }
    }
    return 0;
}

/* Whether mod_md is answering an ACME challenge. Before TLS 1.3, this is not known yet when the
 * certificate is chosen; mod_ssl then replaces the certificate later. */
static int is_challenge(const SSL *ssl)
{
    const unsigned char *protocol;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &protocol, &len);
    return len == strlen(ACME_PROTOCOL) && memcmp(protocol, ACME_PROTOCOL, len) == 0;
}

static int has_not_expired(void *unused, const mta_sts_pairs_choice *choice)
{
    apr_time_t now = apr_time_now();
    int kind;

    (void)unused;
    for (kind = 0; kind < MTA_STS_PAIR_KINDS; kind++) {
        if (choice->by_kind[kind] && choice->by_kind[kind]->pair->not_after > now) {
            return 1;
        }
    }
    return 0;
}

int mts_handshake_covers(const char *name)
{
    const vhost *host = vhosts;

    mts_renewal_apply();
    while (host && mts_pairs_find(host->config->user, name, has_not_expired, NULL) != 1 &&
           !has_own_certificate(host, name)) {
        host = host->next;
    }
    return host != NULL;
}

/* --- callbacks for OpenSSL --- */

/* Replaces mod_ssl's server name callback, which has nothing left to do: mod_ssl has already
 * selected the virtual host in its ClientHello callback. */
static int check_name(SSL *ssl, int *alert, void *baton)
{
    const vhost *host = baton;
    char buffer[NAME_SIZE];
    const char *name = server_name(ssl, buffer);

    if (!name) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    mts_renewal_apply();
    if (mts_pairs_find(host->config->user, name, NULL, NULL) > 0 ||
        has_own_certificate(host, name)) {
        return SSL_TLSEXT_ERR_OK;
    }
    if (host->config->is_fallback || !is_policy_host(name)) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int use_pair(SSL *ssl, const mta_sts_pair *pair)
{
    return SSL_use_cert_and_key(ssl, pair->leaf, pair->key, mta_sts_pair_intermediates(pair), 1) ==
           1;
}

/* OpenSSL prefers the pair that is set last. */
static int present(void *baton, const mta_sts_pairs_choice *choice)
{
    static const mta_sts_pair_kind order[] = {MTA_STS_PAIR_OTHER, MTA_STS_PAIR_RSA,
                                              MTA_STS_PAIR_EC};
    SSL *ssl = baton;
    apr_size_t i;

    SSL_certs_clear(ssl);
    for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const mta_sts_pairs_slot *slot = choice->by_kind[order[i]];

        if (slot && !use_pair(ssl, slot->pair)) {
            return 0;
        }
    }
    return 1;
}

/* Returns 1 to continue, or 0 to abort the handshake. */
static int choose_pairs(SSL *ssl, void *baton)
{
    const vhost *host = baton;
    char buffer[NAME_SIZE];
    const char *name = server_name(ssl, buffer);

    if (!name || is_challenge(ssl) || mts_pairs_find(host->config->user, name, present, ssl) != 0) {
        return 1;
    }
    if (mts_limit_count("pair-broken", "", 1, apr_time_now()) == MTS_LIMIT_ALLOWED) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, host->server,
                     "%s: OpenSSL refuses to present its key pair: %s; restart httpd [pair-broken]",
                     name, ERR_reason_error_string(ERR_peek_last_error()));
    }
    return 0;
}

/* --- start --- */

static apr_array_header_t *own_certificates(apr_pool_t *p, SSL_CTX *ctx)
{
    apr_array_header_t *own = apr_array_make(p, 2, sizeof(X509 *));
    int more = SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_FIRST);

    for (; more; more = SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_NEXT)) {
        APR_ARRAY_PUSH(own, X509 *) = SSL_CTX_get0_certificate(ctx);
    }
    SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_FIRST);
    return own;
}

static int is_presentable(const vhost *host, const mta_sts_pair *pair)
{
    SSL *ssl = SSL_new(host->ctx);
    int result = ssl && use_pair(ssl, pair);

    SSL_free(ssl);
    return result;
}

static const char *check_pair(mta_sts_pairs_users users, const mta_sts_pair *pair)
{
    const vhost *host = vhosts;
    int result;

    ERR_set_mark();
    while (host && !((host->config->user & users) && is_presentable(host, pair))) {
        host = host->next;
    }
    result = host != NULL;
    ERR_pop_to_mark();
    return result ? NULL
                  : "OpenSSL refuses to present it: its key or a signature is too weak for the "
                    "security level of SSLCipherSuite";
}

static apr_status_t forget_vhosts(void *unused)
{
    (void)unused;
    vhosts = NULL;
    return APR_SUCCESS;
}

static vhost *add_vhost(apr_pool_t *p, server_rec *s, SSL_CTX *ctx)
{
    vhost *host = apr_pcalloc(p, sizeof(*host));

    if (!vhosts) {
        apr_pool_cleanup_register(p, NULL, forget_vhosts, apr_pool_cleanup_null);
    }
    host->server = s;
    host->ctx = ctx;
    host->config = mts_pair_config_of(s);
    host->own = own_certificates(p, ctx);
    host->next = vhosts;
    vhosts = host;
    return host;
}

static int init_server(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx)
{
    apr_pool_t *scratch;
    vhost *host;

    if (is_proxy || !mts_pair_config_of(s) || !mts_pairs_are_used()) {
        return DECLINED;
    }
    host = add_vhost(p, s, ctx);
    apr_pool_create(&scratch, p);
    mts_pairs_read(s, check_pair, scratch);
    apr_pool_destroy(scratch);
    SSL_CTX_set_cert_cb(ctx, choose_pairs, host);
    SSL_CTX_set_tlsext_servername_callback(ctx, check_name);
    SSL_CTX_set_tlsext_servername_arg(ctx, host);
    return OK;
}

void mts_handshake_register_hooks(void)
{
    APR_OPTIONAL_HOOK(ssl, init_server, init_server, NULL, NULL, APR_HOOK_MIDDLE);
}
