/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/smtp_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>
#include <openssl/err.h>

#include "core/base/name.h"
#include "core/check/smtp_reply.h"

#define INPUT_MAX 4096
#define HOSTNAME_MAX 256

typedef struct probe {
    cli_prober *prober;
    const char *host;
    int port;
    mta_sts_mx_probe *fact;
    int fd;
    short events;   /* for which it waits */
    apr_time_t end; /* when it times out */
    mta_sts_smtp_reply reply;
    SSL_CTX *context;
    SSL *ssl;
    int over;
} probe;

struct cli_prober {
    apr_pool_t *p;
    cli_tls_store *store;
    apr_interval_time_t timeout;
    const char *ehlo;              /* the whole command line */
    apr_array_header_t *waiting;   /* of probe * */
    apr_array_header_t *under_way; /* of probe * */
};

/* The name to send in EHLO; some servers reject anything but a host name. */
static const char *name_self(apr_pool_t *p)
{
    char self[HOSTNAME_MAX + 1] = "";
    const char *name;

    gethostname(self, HOSTNAME_MAX);
    return strchr(self, '.') && !mta_sts_name_parse_host(p, self, MTA_STS_NAME_ALABEL, &name)
               ? apr_pstrdup(p, name)
               : "[127.0.0.1]";
}

cli_prober *cli_prober_make(apr_pool_t *p, cli_tls_store *store, apr_interval_time_t timeout)
{
    cli_prober *prober = apr_pcalloc(p, sizeof(*prober));

    prober->p = p;
    prober->store = store;
    prober->timeout = timeout;
    prober->ehlo = apr_pstrcat(p, "EHLO ", name_self(p), "\r\n", NULL);
    prober->waiting = apr_array_make(p, 4, sizeof(probe *));
    prober->under_way = apr_array_make(p, 4, sizeof(probe *));
    return prober;
}

void cli_prober_add(cli_prober *prober, const char *host, const char *address, int port,
                    mta_sts_mx_probe *fact)
{
    probe *added = apr_pcalloc(prober->p, sizeof(*added));

    memset(fact, 0, sizeof(*fact));
    fact->address = address;
    added->prober = prober;
    added->host = host;
    added->port = port;
    added->fact = fact;
    added->fd = -1;
    APR_ARRAY_PUSH(prober->waiting, probe *) = added;
}

static apr_status_t drop_probe(void *baton)
{
    probe *one = baton;

    SSL_free(one->ssl);
    SSL_CTX_free(one->context);
    if (one->fd >= 0) {
        close(one->fd);
    }
    return APR_SUCCESS;
}

/* Ends a probe; its result is final. */
static void finish(probe *one, mta_sts_smtp_result result)
{
    one->fact->result = result;
    one->over = 1;
    apr_pool_cleanup_run(one->prober->p, one, drop_probe);
}

static void finish_with_error(probe *one, int number)
{
    switch (number) {
    case ECONNREFUSED:
        finish(one, MTA_STS_SMTP_REFUSED);
        break;
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        finish(one, MTA_STS_SMTP_NO_ROUTE);
        break;
    case ETIMEDOUT:
        finish(one, MTA_STS_SMTP_TIMEOUT);
        break;
    case ECONNRESET:
    case EPIPE:
        finish(one, MTA_STS_SMTP_CLOSED);
        break;
    default:
        one->fact->detail = apr_pstrdup(one->prober->p, strerror(number));
        finish(one, MTA_STS_SMTP_UNREACHABLE);
        break;
    }
}

static socklen_t make_address(const probe *one, struct sockaddr_storage *storage)
{
    struct sockaddr_in *in = (struct sockaddr_in *)storage;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;

    memset(storage, 0, sizeof(*storage));
    if (inet_pton(AF_INET, one->fact->address, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons((unsigned short)one->port);
        return sizeof(*in);
    }
    inet_pton(AF_INET6, one->fact->address, &in6->sin6_addr);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((unsigned short)one->port);
    return sizeof(*in6);
}

static void connect_to(probe *one)
{
    struct sockaddr_storage address;
    socklen_t len = make_address(one, &address);

    apr_pool_cleanup_register(one->prober->p, one, drop_probe, apr_pool_cleanup_null);
    one->end = apr_time_now() + one->prober->timeout;
    one->fact->stage = MTA_STS_SMTP_CONNECT;
    one->events = POLLOUT;
    one->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (one->fd < 0 ||
        (connect(one->fd, (struct sockaddr *)&address, len) != 0 && errno != EINPROGRESS)) {
        finish_with_error(one, errno);
    }
}

/* A command is only a few bytes long and the socket buffer is empty, so it is sent either
 * completely or not at all. */
static void send_command(const probe *one, const char *command)
{
    send(one->fd, command, strlen(command), MSG_NOSIGNAL);
}

static void expect_reply(probe *one, mta_sts_smtp_stage stage)
{
    memset(&one->reply, 0, sizeof(one->reply));
    one->fact->stage = stage;
    one->events = POLLIN;
}

static void finish_connect(probe *one)
{
    int number = 0;
    socklen_t len = sizeof(number);

    getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &number, &len);
    if (number) {
        finish_with_error(one, number);
        return;
    }
    expect_reply(one, MTA_STS_SMTP_GREETING);
}

static void finish_with_reply(probe *one, mta_sts_smtp_result result)
{
    one->fact->code = one->reply.code;
    one->fact->reply = apr_pstrdup(one->prober->p, one->reply.line);
    send_command(one, "QUIT\r\n");
    finish(one, result);
}

static void start_handshake(probe *one)
{
    one->fact->stage = MTA_STS_SMTP_HANDSHAKE;
    one->context = SSL_CTX_new(TLS_client_method());
    if (!one->context) {
        finish(one, MTA_STS_SMTP_TLS_FAILED);
        return;
    }
    cli_tls_watch(one->prober->p, one->context, one->prober->store, &one->fact->peer);
    one->ssl = SSL_new(one->context);
    if (!one->ssl || !SSL_set_fd(one->ssl, one->fd)) {
        finish(one, MTA_STS_SMTP_TLS_FAILED);
        return;
    }
    SSL_set_tlsext_host_name(one->ssl, one->host);
    SSL_set_connect_state(one->ssl);
    one->events = POLLIN | POLLOUT;
}

/* Handles the complete reply of a stage, and begins the next stage. */
static void take_reply(probe *one)
{
    if (one->reply.code / 100 != 2) {
        finish_with_reply(one, MTA_STS_SMTP_REJECTED);
        return;
    }
    switch (one->fact->stage) {
    case MTA_STS_SMTP_GREETING:
        send_command(one, one->prober->ehlo);
        expect_reply(one, MTA_STS_SMTP_EHLO);
        break;
    case MTA_STS_SMTP_EHLO:
        if (!one->reply.offers_starttls) {
            send_command(one, "QUIT\r\n");
            finish(one, MTA_STS_SMTP_NO_STARTTLS);
            return;
        }
        send_command(one, "STARTTLS\r\n");
        expect_reply(one, MTA_STS_SMTP_STARTTLS);
        break;
    default:
        start_handshake(one);
        break;
    }
}

/* Handles received bytes. More than one reply to a command is an error. */
static void take_bytes(probe *one, const char *bytes, apr_size_t len)
{
    apr_size_t used;

    switch (mta_sts_smtp_reply_read(&one->reply, bytes, len, &used)) {
    case MTA_STS_SMTP_REPLY_MORE:
        break;
    case MTA_STS_SMTP_REPLY_DONE:
        if (used == len) {
            take_reply(one);
            break;
        }
        /* fall through */
    case MTA_STS_SMTP_REPLY_INVALID:
        finish_with_reply(one, MTA_STS_SMTP_INVALID_REPLY);
        break;
    }
}

static void read_reply(probe *one)
{
    char bytes[INPUT_MAX];
    ssize_t got = recv(one->fd, bytes, sizeof(bytes), 0);

    if (got > 0) {
        take_bytes(one, bytes, (apr_size_t)got);
    }
    else if (got == 0) {
        finish(one, MTA_STS_SMTP_CLOSED);
    }
    else if (errno != EAGAIN && errno != EINTR) {
        finish_with_error(one, errno);
    }
}

static void fail_handshake(probe *one, int error)
{
    unsigned long last = ERR_peek_last_error();
    int reason = ERR_GET_REASON(last);

    if (error == SSL_ERROR_SYSCALL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        finish(one, MTA_STS_SMTP_CLOSED);
        return;
    }
    if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION) {
        finish(one, MTA_STS_SMTP_TLS_OLD);
        return;
    }
    one->fact->detail = ERR_reason_error_string(last);
    finish(one, MTA_STS_SMTP_TLS_FAILED);
}

static void go_on_with_handshake(probe *one)
{
    int rc, error;

    ERR_clear_error();
    rc = SSL_do_handshake(one->ssl);
    if (rc == 1) {
        SSL_write(one->ssl, "QUIT\r\n", 6);
        finish(one, MTA_STS_SMTP_SECURED);
        return;
    }
    error = SSL_get_error(one->ssl, rc);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        one->events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
        return;
    }
    fail_handshake(one, error);
}

static void go_on(probe *one)
{
    switch (one->fact->stage) {
    case MTA_STS_SMTP_CONNECT:
        finish_connect(one);
        break;
    case MTA_STS_SMTP_HANDSHAKE:
        go_on_with_handshake(one);
        break;
    default:
        read_reply(one);
        break;
    }
}

static void start(cli_prober *prober)
{
    while (prober->waiting->nelts && prober->under_way->nelts < CLI_PROBER_IN_FLIGHT_MAX) {
        probe *one = *(probe **)apr_array_pop(prober->waiting);

        connect_to(one);
        if (!one->over) {
            APR_ARRAY_PUSH(prober->under_way, probe *) = one;
        }
    }
}

int cli_prober_watch(cli_prober *prober, struct pollfd *sockets, apr_time_t *until)
{
    int i;

    start(prober);
    for (i = 0; i < prober->under_way->nelts; i++) {
        const probe *one = APR_ARRAY_IDX(prober->under_way, i, probe *);

        sockets[i].fd = one->fd;
        sockets[i].events = one->events;
        sockets[i].revents = 0;
        if (one->end < *until) {
            *until = one->end;
        }
    }
    return prober->under_way->nelts;
}

void cli_prober_step(cli_prober *prober, const struct pollfd *sockets, int count)
{
    apr_time_t now = apr_time_now();
    int i, kept = 0;

    for (i = 0; i < count; i++) {
        probe *one = APR_ARRAY_IDX(prober->under_way, i, probe *);

        if (sockets[i].revents) {
            go_on(one);
        }
        if (!one->over && one->end <= now) {
            finish(one, MTA_STS_SMTP_TIMEOUT);
        }
        if (!one->over) {
            APR_ARRAY_IDX(prober->under_way, kept++, probe *) = one;
        }
    }
    prober->under_way->nelts = kept;
}
