/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/fetch.h"

#include <errno.h>
#include <string.h>

#include <apr_strings.h>
#include <curl/curl.h>

#include "core/policy/text.h"

#define PATH "/.well-known/mta-sts.txt"

/* In bytes: the maximum size of all headers of a response, including those of 1xx responses. */
#define HEAD_MAX (64 * 1024)

/* The maximum number of simultaneous fetches; others wait. */
#define IN_FLIGHT_MAX 100

struct cli_fetcher {
    apr_pool_t *p;
    CURLM *multi;
    cli_tls_store *store;
    apr_interval_time_t timeout;
    apr_array_header_t *waiting; /* of transfer * */
    int under_way;
};

typedef struct transfer {
    cli_fetcher *fetcher;
    const char *host;
    int port;
    mta_sts_policy_fetch *fetch;
    CURL *easy;
    struct curl_slist *connect_to;
    char *text; /* MTA_STS_POLICY_READ_MAX bytes, allocated when the first byte arrives */
    apr_size_t len, head_len;
    int is_connected; /* whether the TCP connection was established; for libcurl, that includes the
                         TLS handshake */
    int too_long;
    char error[CURL_ERROR_SIZE];
} transfer;

static apr_status_t drop_multi(void *multi)
{
    curl_multi_cleanup(multi);
    curl_global_cleanup();
    return APR_SUCCESS;
}

/* Frees a transfer that is still running when the fetcher is destroyed. */
static apr_status_t drop_transfer(void *baton)
{
    transfer *t = baton;

    if (t->easy) {
        curl_multi_remove_handle(t->fetcher->multi, t->easy);
        curl_easy_cleanup(t->easy);
        curl_slist_free_all(t->connect_to);
        t->easy = NULL;
        t->fetcher->under_way--;
    }
    return APR_SUCCESS;
}

cli_fetcher *cli_fetcher_make(apr_pool_t *p, cli_tls_store *store, apr_interval_time_t timeout)
{
    cli_fetcher *fetcher = apr_pcalloc(p, sizeof(*fetcher));

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return NULL;
    }
    fetcher->p = p;
    fetcher->multi = curl_multi_init();
    fetcher->store = store;
    fetcher->timeout = timeout;
    fetcher->waiting = apr_array_make(p, 4, sizeof(transfer *));
    if (!fetcher->multi) {
        return NULL;
    }
    apr_pool_cleanup_register(p, fetcher->multi, drop_multi, apr_pool_cleanup_null);
    return fetcher;
}

void cli_fetcher_add(cli_fetcher *fetcher, const char *host, const char *address, int port,
                     mta_sts_policy_fetch *fetch)
{
    transfer *added = apr_pcalloc(fetcher->p, sizeof(*added));

    memset(fetch, 0, sizeof(*fetch));
    fetch->address = address;
    added->fetcher = fetcher;
    added->host = host;
    added->port = port;
    added->fetch = fetch;
    APR_ARRAY_PUSH(fetcher->waiting, transfer *) = added;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *baton)
{
    transfer *t = baton;
    size_t len = size * count;

    if (len > MTA_STS_POLICY_READ_MAX - t->len) {
        t->too_long = 1;
        return 0;
    }
    if (!t->text) {
        t->text = apr_palloc(t->fetcher->p, MTA_STS_POLICY_READ_MAX);
    }
    memcpy(t->text + t->len, bytes, len);
    t->len += len;
    return len;
}

/* Counts the bytes of the headers, for which libcurl has no limit. */
static size_t count_head(char *bytes, size_t size, size_t count, void *baton)
{
    transfer *t = baton;
    size_t len = size * count;

    (void)bytes;
    if (len > HEAD_MAX - t->head_len) {
        t->too_long = 1;
        return 0;
    }
    t->head_len += len;
    return len;
}

static CURLcode watch_tls(CURL *easy, void *context, void *baton)
{
    transfer *t = baton;

    (void)easy;
    t->is_connected = 1;
    cli_tls_watch(t->fetcher->p, context, t->fetcher->store, &t->fetch->peer);
    return CURLE_OK;
}

/* Makes each transfer independent: no redirects, no proxies, no reused connections. */
static void set_options(transfer *t)
{
    CURL *easy = t->easy;
    long timeout = (long)apr_time_as_msec(t->fetcher->timeout);
    int is_ipv6 = strchr(t->fetch->address, ':') != NULL;
    const char *connect_to =
        apr_psprintf(t->fetcher->p, is_ipv6 ? "::[%s]:%d" : "::%s:%d", t->fetch->address, t->port);

    t->connect_to = curl_slist_append(NULL, connect_to);
    curl_easy_setopt(easy, CURLOPT_URL,
                     apr_pstrcat(t->fetcher->p, "https://", t->host, PATH, NULL));
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, t->connect_to);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mta-sts-check/" MTA_STS_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, count_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    /* Problems of the certificate are recorded as facts: see cli/net/tls.h. */
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, watch_tls);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t);
}

static void start(cli_fetcher *fetcher)
{
    while (fetcher->waiting->nelts && fetcher->under_way < IN_FLIGHT_MAX) {
        transfer *t = *(transfer **)apr_array_pop(fetcher->waiting);

        t->easy = curl_easy_init();
        if (!t->easy) {
            continue;
        }
        set_options(t);
        apr_pool_cleanup_register(fetcher->p, t, drop_transfer, apr_pool_cleanup_null);
        curl_multi_add_handle(fetcher->multi, t->easy);
        fetcher->under_way++;
    }
}

static mta_sts_fetch_status read_connect_error(CURL *easy)
{
    long number = 0;

    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    switch (number) {
    case ECONNREFUSED:
        return MTA_STS_FETCH_REFUSED;
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return MTA_STS_FETCH_NO_ROUTE;
    case ETIMEDOUT:
        return MTA_STS_FETCH_CONNECT_TIMEOUT;
    default:
        return MTA_STS_FETCH_UNREACHABLE;
    }
}

/* libcurl has removed the error from OpenSSL's queue, so only its text is available. */
static int is_old_tls(const char *error)
{
    return strstr(error, "unsupported protocol") || strstr(error, "alert protocol version");
}

static mta_sts_fetch_status read_status(const transfer *t, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return MTA_STS_FETCH_ANSWERED;
    case CURLE_COULDNT_CONNECT:
        return read_connect_error(t->easy);
    case CURLE_OPERATION_TIMEDOUT:
        return t->is_connected ? MTA_STS_FETCH_TIMEOUT : MTA_STS_FETCH_CONNECT_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
        return is_old_tls(t->error)                    ? MTA_STS_FETCH_TLS_OLD
               : strstr(t->error, "unrecognized name") ? MTA_STS_FETCH_NAME_UNKNOWN
                                                       : MTA_STS_FETCH_TLS_FAILED;
    default:
        return t->too_long ? MTA_STS_FETCH_TOO_LONG : MTA_STS_FETCH_BROKEN;
    }
}

static void take_answer(const transfer *t)
{
    apr_pool_t *p = t->fetcher->p;
    mta_sts_policy_fetch *fetch = t->fetch;
    const char *type = NULL, *location = NULL;
    curl_off_t took = 0;
    long status = 0;

    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took);
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &location);
    fetch->took = (apr_interval_time_t)took;
    fetch->http_status = (int)status;
    fetch->content_type = type ? apr_pstrdup(p, type) : NULL;
    fetch->location = location ? apr_pstrdup(p, location) : NULL;
    fetch->text = t->text ? t->text : "";
    fetch->len = t->len;
}

static int wants_detail(mta_sts_fetch_status status)
{
    return status == MTA_STS_FETCH_UNREACHABLE || status == MTA_STS_FETCH_TLS_FAILED ||
           status == MTA_STS_FETCH_BROKEN;
}

static void finish(transfer *t, CURLcode code)
{
    t->fetch->status = read_status(t, code);
    if (t->fetch->status == MTA_STS_FETCH_ANSWERED) {
        take_answer(t);
    }
    else if (wants_detail(t->fetch->status)) {
        t->fetch->detail =
            apr_pstrdup(t->fetcher->p, t->error[0] ? t->error : curl_easy_strerror(code));
    }
    apr_pool_cleanup_run(t->fetcher->p, t, drop_transfer);
}

static void collect(cli_fetcher *fetcher)
{
    CURLMsg *message;
    transfer *t;
    int left;

    while ((message = curl_multi_info_read(fetcher->multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
            finish(t, message->data.result);
        }
    }
}

/* Waits for libcurl's sockets and for those of the caller. */
static void wait_for_sockets(cli_fetcher *fetcher, struct pollfd *others, int count,
                             apr_time_t until)
{
    apr_time_t left = until - apr_time_now();
    struct curl_waitfd extra[CLI_FETCHER_OTHERS_MAX];
    int i;

    for (i = 0; i < count; i++) {
        extra[i].fd = others[i].fd;
        extra[i].events = (short)((others[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
                                  (others[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
        extra[i].revents = 0;
    }
    curl_multi_poll(fetcher->multi, extra, (unsigned)count,
                    left > 0 ? (int)apr_time_as_msec(left) + 1 : 0, NULL);
    for (i = 0; i < count; i++) {
        others[i].revents = (short)((extra[i].revents & CURL_WAIT_POLLIN ? POLLIN : 0) |
                                    (extra[i].revents & CURL_WAIT_POLLOUT ? POLLOUT : 0));
    }
}

int cli_fetcher_step(cli_fetcher *fetcher, struct pollfd *others, int count, apr_time_t until)
{
    int running;

    start(fetcher);
    curl_multi_perform(fetcher->multi, &running);
    collect(fetcher);
    if (fetcher->under_way || count) {
        wait_for_sockets(fetcher, others, count, until);
    }
    return fetcher->under_way + fetcher->waiting->nelts;
}
