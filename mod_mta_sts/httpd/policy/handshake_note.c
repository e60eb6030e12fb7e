/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/handshake_note.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_optional_hooks.h>
#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/base/name.h"
#include "httpd/policy/fetch_note.h"
#include "httpd/shared/fetch_table.h"

#define NAME_SIZE 256 /* a DNS name with its NUL */
#define NO_ALERT (-1)

/* Declared as in mod_ssl_openssl.h, which Debian does not install. */
typedef int ssl_pre_handshake_hook(conn_rec *c, SSL *ssl, int is_proxy);
#define ssl_HOOK_pre_handshake_t ssl_pre_handshake_hook

/* The handshake of one connection; allocated from its pool. */
typedef struct handshake {
    conn_rec *c;
    int is_done;
    int alert;            /* number of the first alert (RFC 8446 section 6), or NO_ALERT */
    int is_sent;          /* whether httpd sent this alert */
    int is_old;           /* whether the TLS version was older than 1.2 when it was sent */
    int is_covered;       /* whether the presented certificate covers the name */
    int is_hosted;        /* whether the name is the policy host of a hosted domain */
    char name[NAME_SIZE]; /* the requested server name, in lower case; "": not known, or too long */
} handshake;

/* The index of the handshake in the ex_data of an SSL object, which is the same each time this
 * module is loaded; -1: nothing is recorded. */
static int place = -1;
#define PLACE_KEY "mta-sts-handshake-place"

/* --- the name --- */

static void take_name(handshake *h, const char *name, apr_size_t len)
{
    apr_size_t i;

    if (len >= NAME_SIZE || memchr(name, '\0', len)) {
        return;
    }
    for (i = 0; i < len; i++) {
        h->name[i] = (char)apr_tolower(name[i]);
    }
    h->name[len] = '\0';
}

/* Parses the extension, for the time before OpenSSL has done so: a list with a 2-byte length, of
 * one entry with the type host_name (0), a 2-byte length, and the name. */
static void read_extension(handshake *h, const SSL *ssl)
{
    const unsigned char *bytes;
    size_t size, len;

    if (SSL_client_hello_get0_ext((SSL *)ssl, TLSEXT_TYPE_server_name, &bytes, &size) == 1 &&
        size > 5 && bytes[2] == TLSEXT_NAMETYPE_host_name) {
        len = (size_t)bytes[3] << 8 | bytes[4];
        if (len <= size - 5) {
            take_name(h, (const char *)bytes + 5, len);
        }
    }
}

static void find_name(handshake *h, const SSL *ssl)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    if (name) {
        take_name(h, name, strlen(name));
    }
}

static int is_policy_host(const handshake *h)
{
    return strncmp(h->name, MTA_STS_POLICY_HOST_PREFIX, strlen(MTA_STS_POLICY_HOST_PREFIX)) == 0;
}

/* --- the progress --- */

static void take_alert(handshake *h, const SSL *ssl, int is_sent, int alert)
{
    const X509 *certificate = SSL_get_certificate(ssl);

    h->alert = alert;
    h->is_sent = is_sent;
    h->is_old = SSL_version(ssl) < TLS1_2_VERSION;
    if (!*h->name) {
        read_extension(h, ssl);
    }
    h->is_covered =
        *h->name && certificate && X509_check_host((X509 *)certificate, h->name, 0, 0, NULL) == 1;
    h->is_hosted = is_policy_host(h) && mts_fetch_note_is_hosted(h->c, h->name);
}

typedef void info_callback(const SSL *ssl, int where, int value);

/* OpenSSL calls it at each step of the handshake. It replaces the callback of mod_ssl, and calls
 * it. */
static void note_progress(const SSL *ssl, int where, int value)
{
    info_callback *others = SSL_CTX_get_info_callback(SSL_get_SSL_CTX(ssl));
    handshake *h = SSL_get_ex_data(ssl, place);

    if (others) {
        others(ssl, where, value);
    }
    if (!h || h->is_done) {
        return;
    }
    if (!*h->name) {
        find_name(h, ssl);
    }
    if (where & SSL_CB_HANDSHAKE_DONE) {
        h->is_done = 1;
    }
    else if ((where & SSL_CB_ALERT) && h->alert == NO_ALERT) {
        take_alert(h, ssl, (where & SSL_CB_WRITE) != 0, value & 0xff);
    }
}

/* --- the cause --- */

/* Alerts about a certificate (RFC 8446 section 6.2). */
static int is_about_certificate(int alert)
{
    return (alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN) ||
           alert == SSL_AD_UNKNOWN_CA;
}

static mta_sts_fetch_outcome outcome_of(const handshake *h)
{
    if (h->alert == SSL_AD_UNRECOGNIZED_NAME) {
        return MTA_STS_FETCH_TLS_NAME;
    }
    /* If an old version is enabled, the security level rejects it later, with other alerts. */
    if (h->alert == SSL_AD_PROTOCOL_VERSION || (h->is_sent && h->is_old)) {
        return MTA_STS_FETCH_TLS_VERSION;
    }
    if (h->alert == NO_ALERT || h->alert == SSL_AD_CLOSE_NOTIFY ||
        h->alert == SSL_AD_USER_CANCELLED) {
        return MTA_STS_FETCH_TLS_GAVE_UP;
    }
    if (!h->is_sent && is_about_certificate(h->alert)) {
        return h->is_covered ? MTA_STS_FETCH_TLS_CERTIFICATE : MTA_STS_FETCH_TLS_NAME;
    }
    return MTA_STS_FETCH_TLS_FAILED;
}

/* Whether httpd itself aborted the handshake by stopping. If the cause is known, the handshake had
 * failed before that: after a graceful restart, a child process ends with its last connections. */
static int is_broken_off(mta_sts_fetch_outcome outcome)
{
    int state;

    return outcome == MTA_STS_FETCH_TLS_GAVE_UP &&
           ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

/* Called at the end of the connection, while its pool can still be used; possibly by the listener
 * thread or in a signal handler, so nothing here may take time or a lock. */
static apr_status_t end(void *baton)
{
    const handshake *h = baton;

    if (!h->is_done && is_policy_host(h) && !is_broken_off(outcome_of(h))) {
        mts_fetch_note_handshake(h->c, h->name, h->is_hosted, outcome_of(h));
    }
    return APR_SUCCESS;
}

static int pre_handshake(conn_rec *c, SSL *ssl, int is_proxy)
{
    handshake *h;

    if (is_proxy || place < 0) {
        return DECLINED;
    }
    h = apr_palloc(c->pool, sizeof(*h));
    h->c = c;
    h->is_done = 0;
    h->alert = NO_ALERT;
    h->is_sent = h->is_old = h->is_covered = h->is_hosted = 0;
    h->name[0] = '\0';
    SSL_set_ex_data(ssl, place, h);
    SSL_set_info_callback(ssl, note_progress);
    apr_pool_pre_cleanup_register(c->pool, h, end);
    return OK;
}

/* --- start --- */

/* OpenSSL does not release indexes, so there is one for the process; the pool stores it plus 1. */
static int find_place(apr_pool_t *process)
{
    void *stored = NULL;

    apr_pool_userdata_get(&stored, PLACE_KEY, process);
    if (!stored) {
        stored = (void *)(apr_uintptr_t)(SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL) + 1);
        apr_pool_userdata_set(stored, PLACE_KEY, NULL, process);
    }
    return (int)(apr_uintptr_t)stored - 1;
}

void mts_handshake_note_prepare(server_rec *main)
{
    place = mts_fetch_table_exists() ? find_place(main->process->pool) : -1;
}

void mts_handshake_note_register_hooks(void)
{
    APR_OPTIONAL_HOOK(ssl, pre_handshake, pre_handshake, NULL, NULL, APR_HOOK_MIDDLE);
}
