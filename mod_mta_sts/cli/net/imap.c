/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/imap.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <curl/curl.h>

#include "core/base/monotonic.h"
#include "core/base/text.h"

#define IDLE apr_time_from_sec(60) /* maximum time without a byte from the server */
/* Maximum number of bytes that the server sends until the login is complete. */
#define LOGIN_BYTES_MAX (64 * 1024)
#define LINE_MAX_LEN 512 /* maximum number of bytes of a line that are shown */
#define PIECE 16384

struct cli_imap {
    apr_pool_t *p;
    CURL *easy;
    const cli_imap_url *url;
    apr_time_t until;
    int commands;
    char *bytes; /* bytes that were received; those from `at` on have not been read yet */
    apr_size_t at, len, room;
    apr_size_t login_bytes;
    char line[LINE_MAX_LEN]; /* the last line with a tag during the login */
    char error[CURL_ERROR_SIZE];
};

static apr_status_t drop(void *data)
{
    cli_imap *imap = data;

    curl_easy_cleanup(imap->easy);
    curl_global_cleanup();
    free(imap->bytes);
    return APR_SUCCESS;
}

/* --- connecting and logging in --- */

/* Receives the server's lines during the login, and remembers the last tagged one, which says why
 * the login was rejected. */
static size_t watch_login(char *bytes, size_t size, size_t count, void *data)
{
    cli_imap *imap = data;
    size_t len = size * count, shown;

    imap->login_bytes += len;
    if (imap->login_bytes > LOGIN_BYTES_MAX) {
        return 0;
    }
    while (len && (bytes[len - 1] == '\r' || bytes[len - 1] == '\n')) {
        len--;
    }
    if (len && bytes[0] != '*' && bytes[0] != '+') {
        shown = len < LINE_MAX_LEN ? len : LINE_MAX_LEN - 1;
        memcpy(imap->line, bytes, shown);
        imap->line[shown] = '\0';
    }
    return size * count;
}

static void set_login(CURL *easy, const cli_imap_url *url, const cli_imap_login *login)
{
    curl_easy_setopt(easy, CURLOPT_USERNAME, url->user);
    if (login->token) {
        curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, login->token);
    }
    else {
        curl_easy_setopt(easy, CURLOPT_PASSWORD, login->password);
    }
    if (login->ca_file) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, login->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

static void set_options(cli_imap *imap)
{
    CURL *easy = imap->easy;
    apr_time_t left = imap->until - mta_sts_monotonic_now();
    long timeout = (long)apr_time_as_msec(left < IDLE ? left : IDLE);
    int is_ipv6 = strchr(imap->url->host, ':') != NULL;

    curl_easy_setopt(easy, CURLOPT_URL,
                     apr_psprintf(imap->p, is_ipv6 ? "%s://[%s]:%d/" : "%s://%s:%d/",
                                  imap->url->is_starttls ? "imap" : "imaps", imap->url->host,
                                  imap->url->port));
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L); /* with IMAP, this includes the login */
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout > 0 ? timeout : 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout > 0 ? timeout : 1L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, watch_login);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, imap);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, imap->error);
}

static const char *late(const cli_imap *imap)
{
    return apr_psprintf(imap->p,
                        mta_sts_monotonic_now() < imap->until ? "%s did not answer in time"
                                                              : "%s took longer than --max-time",
                        imap->url->host);
}

static int shows(const char *line, const char *secret)
{
    return secret && *secret && strstr(line, secret);
}

/* Quotes the text of the server, unless it contains a secret. */
static const char *quote_line(const cli_imap *imap, const cli_imap_login *login)
{
    const char *text = strchr(imap->line, ' ');

    return !text || shows(imap->line, login->password) || shows(imap->line, login->token)
               ? "no reason given"
               : mta_sts_text_quote(imap->p, text + 1, strlen(text + 1));
}

static const char *explain(const cli_imap *imap, const cli_imap_login *login, CURLcode code)
{
    apr_pool_t *p = imap->p;
    const char *host = imap->url->host;
    const char *detail = apr_pstrdup(p, imap->error[0] ? imap->error : curl_easy_strerror(code));

    switch (code) {
    case CURLE_LOGIN_DENIED:
        return apr_psprintf(p, "%s refused the login of %s: %s; %s", host,
                            mta_sts_text_quote(p, imap->url->user, strlen(imap->url->user)),
                            quote_line(imap, login),
                            login->token
                                ? "check that the token is for this user and for IMAP"
                                : "check the password (many providers require an app password)");
    case CURLE_PEER_FAILED_VERIFICATION:
        return apr_psprintf(p, "the certificate of %s is not valid: %s; nothing was sent", host,
                            detail);
    case CURLE_USE_SSL_FAILED:
        return apr_psprintf(p, "%s does not offer STARTTLS on port %d; use imaps://", host,
                            imap->url->port);
    case CURLE_SSL_CACERT_BADFILE:
        return login->ca_file ? apr_psprintf(p, "--ca-file %s cannot be read", login->ca_file)
                              : "the CA certificates of the system cannot be read, so nothing was "
                                "sent: install "
                                "the package ca-certificates, or specify --ca-file";
    case CURLE_OPERATION_TIMEDOUT:
        return late(imap);
    case CURLE_WRITE_ERROR:
        return apr_psprintf(p, "%s sent too much before the login", host);
    default:
        return apr_psprintf(p, "cannot log in at %s: %s", host, detail);
    }
}

const char *cli_imap_open(apr_pool_t *p, const cli_imap_url *url, const cli_imap_login *login,
                          apr_time_t until, cli_imap **imap)
{
    cli_imap *made = apr_pcalloc(p, sizeof(*made));
    CURLcode code;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return "libcurl cannot be initialized";
    }
    made->p = p;
    made->url = url;
    made->until = until;
    made->easy = curl_easy_init();
    if (!made->easy) {
        return "libcurl cannot be initialized";
    }
    apr_pool_cleanup_register(p, made, drop, apr_pool_cleanup_null);
    set_options(made);
    set_login(made->easy, url, login);
    code = curl_easy_perform(made->easy);
    *imap = made;
    return code == CURLE_OK ? NULL : explain(made, login, code);
}

/* --- commands --- */

static const char *lost(const cli_imap *imap, CURLcode code)
{
    return apr_psprintf(imap->p, "the connection to %s was lost: %s", imap->url->host,
                        code == CURLE_OK ? "the server closed it" : curl_easy_strerror(code));
}

/* Waits until the socket is ready. */
static const char *wait_for(const cli_imap *imap, short events)
{
    apr_time_t left = imap->until - mta_sts_monotonic_now();
    struct pollfd ready = {.events = events};
    curl_socket_t socket = CURL_SOCKET_BAD;

    curl_easy_getinfo(imap->easy, CURLINFO_ACTIVESOCKET, &socket);
    ready.fd = socket;
    if (socket == CURL_SOCKET_BAD) {
        return lost(imap, CURLE_OK);
    }
    left = left < IDLE ? left : IDLE;
    return left <= 0 || poll(&ready, 1, (int)apr_time_as_msec(left) + 1) == 0 ? late(imap) : NULL;
}

static const char *send_all(cli_imap *imap, const char *text)
{
    apr_size_t len = strlen(text);
    const char *error = NULL;

    while (len && !error) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(imap->easy, text, len, &sent);

        text += sent;
        len -= sent;
        error = code == CURLE_AGAIN ? wait_for(imap, POLLOUT)
                : code != CURLE_OK  ? lost(imap, code)
                                    : NULL;
    }
    return error;
}

/* Makes space for a piece after the bytes that have not been read yet. */
static void make_room(cli_imap *imap)
{
    imap->len -= imap->at;
    if (imap->at && imap->len) {
        memmove(imap->bytes, imap->bytes + imap->at, imap->len);
    }
    imap->at = 0;
    if (imap->room - imap->len < PIECE) {
        imap->room = 2 * imap->room + PIECE;
        imap->bytes = realloc(imap->bytes, imap->room);
        if (!imap->bytes) {
            abort();
        }
    }
}

/* Receives bytes, and waits for them if necessary. */
static const char *receive(cli_imap *imap)
{
    const char *error;
    size_t got = 0;
    CURLcode code;

    make_room(imap);
    do {
        code = curl_easy_recv(imap->easy, imap->bytes + imap->len, PIECE, &got);
        error = code == CURLE_AGAIN ? wait_for(imap, POLLIN) : NULL;
    } while (code == CURLE_AGAIN && !error);
    if (!error && (code != CURLE_OK || got == 0)) {
        error = lost(imap, code);
    }
    imap->len += got;
    return error;
}

/* Receives one complete response, which begins at imap->at. */
static const char *next(cli_imap *imap, apr_size_t most, apr_size_t *taken)
{
    const char *error = NULL;

    *taken = 0;
    while (!error && !*taken) {
        apr_size_t len = imap->len - imap->at;

        error = len ? cli_imap_response_find(imap->bytes + imap->at, len, most, taken) : NULL;
        if (!error && !*taken) {
            error = receive(imap);
        }
    }
    return error;
}

/* Handles a response, which is valid until the next one is read; the tagged response is copied. */
static const char *use(const cli_imap *imap, apr_pool_t *p, cli_imap_visit *visit, void *data,
                       cli_imap_response *response)
{
    if (response->kind == CLI_IMAP_DONE) {
        response->text = apr_pstrdup(p, response->text);
        response->code = response->code ? apr_pstrdup(p, response->code) : NULL;
        return NULL;
    }
    if (response->status == CLI_IMAP_BYE) {
        return apr_psprintf(imap->p, "%s ended the connection: %s", imap->url->host,
                            mta_sts_text_quote(imap->p, response->text, strlen(response->text)));
    }
    return visit ? visit(data, response) : NULL;
}

static const char *read_answer(cli_imap *imap, apr_pool_t *p, const char *tag, apr_size_t most,
                               cli_imap_visit *visit, void *data, cli_imap_response *done)
{
    const char *error = NULL;
    apr_size_t taken;
    apr_pool_t *each;

    apr_pool_create(&each, p);
    for (done->kind = CLI_IMAP_OTHER; !error && done->kind != CLI_IMAP_DONE;) {
        apr_pool_clear(each);
        error = next(imap, most, &taken);
        if (!error) {
            error = cli_imap_response_read(each, imap->bytes + imap->at, taken, tag, done);
            imap->at += taken;
            most -= taken;
        }
        error = error ? error : use(imap, p, visit, data, done);
    }
    apr_pool_destroy(each);
    return error;
}

const char *cli_imap_command(cli_imap *imap, apr_pool_t *p, const char *command, apr_size_t most,
                             cli_imap_visit *visit, void *data, cli_imap_response *done)
{
    const char *tag = apr_psprintf(p, "M%d", ++imap->commands);
    const char *error = send_all(imap, apr_pstrcat(p, tag, " ", command, "\r\n", NULL));

    return error ? error : read_answer(imap, p, tag, most, visit, data, done);
}

void cli_imap_close(cli_imap *imap)
{
    static const char logout[] = "M0 LOGOUT\r\n";
    size_t sent;

    (void)curl_easy_send(imap->easy, logout, sizeof(logout) - 1, &sent);
}
