/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <unbound.h>

#include "core/base/text.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define ROOT_ANCHOR "/usr/share/dns/root.key"
#define CLASS_IN 1
#define RCODE_NOERROR 0
#define RCODE_NXDOMAIN 3
#define PORT_MAX 65535

/* Questions under way at the same time; the rest waits its turn. */
#define IN_FLIGHT_MAX 200

/* As the zone has them: libunbound cuts TTLs to a day else. */
#define TTL_MAX "2147483647"

/*
 * libunbound asks a silent resolver five times, each time waiting at least this long, and then
 * reports SERVFAIL: not before 12 seconds. Without a minimum the wait is as short as the resolver
 * is fast for other names, down to 50 ms.
 */
#define WAIT_MS "2500"

/* A SERVFAIL after this time is libunbound's own: the resolver was silent. */
#define SILENCE apr_time_from_sec(10)

/* The look at the root is a luxury: it does not take longer. */
#define ROOT_TIMEOUT apr_time_from_sec(4)

typedef struct question {
    cli_resolver *resolver;
    apr_pool_t *p;
    const char *name;
    int type;
    int id;           /* libunbound's, while under way */
    apr_time_t begun; /* when libunbound was given it */
    apr_time_t end;   /* when its time is over */
    mta_sts_answer *answer;
} question;

struct cli_resolver {
    struct ub_ctx *context;
    int validates; /* it has a trust anchor that can be used */
    apr_interval_time_t timeout;
    apr_array_header_t *waiting;   /* of question * */
    apr_array_header_t *under_way; /* of question * */
};

static apr_status_t drop_context(void *context)
{
    ub_ctx_delete(context);
    return APR_SUCCESS;
}

static const char *check_server(apr_pool_t *p, const char *server)
{
    const char *at = strchr(server, '@');
    const char *address = at ? apr_pstrmemdup(p, server, (apr_size_t)(at - server)) : server;
    unsigned char bytes[16];
    char *rest = "";
    long port = at ? strtol(at + 1, &rest, 10) : 1;

    if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1) {
        return apr_psprintf(p, "the resolver %s is not an IP address, or ADDRESS@PORT",
                            mta_sts_text_quote(p, server, strlen(server)));
    }
    if (*rest || (at && (at[1] < '0' || at[1] > '9')) || port < 1 || port > PORT_MAX) {
        return apr_psprintf(p, "the resolver %s has a port that is not 1 to 65535",
                            mta_sts_text_quote(p, server, strlen(server)));
    }
    return NULL;
}

static const char *set_servers(apr_pool_t *p, struct ub_ctx *context, const char *server)
{
    const char *error = server ? check_server(p, server) : NULL;
    int rc;

    if (error) {
        return error;
    }
    rc = server ? ub_ctx_set_fwd(context, server) : ub_ctx_resolvconf(context, RESOLV_CONF);
    if (rc == 0) {
        return NULL;
    }
    return server ? apr_psprintf(p, "the resolver %s: %s",
                                 mta_sts_text_quote(p, server, strlen(server)), ub_strerror(rc))
                  : "no resolver in " RESOLV_CONF " can be read: specify one with --resolver";
}

static const char *set_anchor(apr_pool_t *p, struct ub_ctx *context, const char *path)
{
    FILE *file = fopen(path, "rb");
    int c = file ? getc(file) : EOF, number = errno;

    if (!file || ferror(file)) {
        number = errno;
        if (file) {
            fclose(file);
        }
        return apr_psprintf(p, "the trust anchor %s cannot be read: %s", path, strerror(number));
    }
    fclose(file);
    if (c == EOF) {
        return apr_psprintf(p, "the trust anchor %s is empty", path);
    }
    return ub_ctx_add_ta_file(context, path) == 0
               ? NULL
               : apr_psprintf(p, "the trust anchor %s cannot be used", path);
}

static const char *set_authorities(struct ub_ctx *context, const apr_array_header_t *authorities)
{
    int i;

    for (i = 0; authorities && i < authorities->nelts; i++) {
        const cli_resolver_authority *one = &APR_ARRAY_IDX(authorities, i, cli_resolver_authority);

        if (ub_ctx_set_stub(context, one->zone, one->address, 0) != 0) {
            return "the DNS library rejects the name servers of a zone";
        }
    }
    return NULL;
}

/*
 * A context that is ready to be asked; destroyed with p.
 *
 * @param anchor file, or NULL for none
 */
static const char *make_context(apr_pool_t *p, const cli_resolver_options *options,
                                const char *anchor, struct ub_ctx **context)
{
    const char *error;

    *context = ub_ctx_create();
    if (!*context) {
        return "the DNS library cannot be started";
    }
    apr_pool_cleanup_register(p, *context, drop_context, apr_pool_cleanup_null);
    ub_ctx_debugout(*context, NULL); /* what goes wrong is in the answers */
    ub_ctx_async(*context, 1);
    ub_ctx_set_option(*context, "cache-max-ttl:", TTL_MAX);
    ub_ctx_set_option(*context, "do-not-query-localhost:", "no");
    ub_ctx_set_option(*context, "infra-cache-min-rtt:", WAIT_MS);
    error = set_servers(p, *context, options->server);
    if (!error) {
        error = set_authorities(*context, options->authorities);
    }
    if (!error && anchor) {
        error = set_anchor(p, *context, anchor);
    }
    if (error) {
        return error;
    }
    /* It answers for this zone by itself else (RFC 6761). From here on nothing more can be set. */
    if (ub_ctx_zone_remove(*context, "test.") != 0) {
        return anchor ? apr_psprintf(p, "the trust anchor %s has no valid DS or DNSKEY records",
                                     anchor)
                      : "the DNS library cannot be set up";
    }
    return NULL;
}

/* Whether an answer for the root, signed by what the system trusts, gets through to us. */
static int root_validates(cli_resolver *resolver, apr_pool_t *p)
{
    mta_sts_answer answer;
    apr_interval_time_t timeout = resolver->timeout;

    resolver->timeout = timeout < ROOT_TIMEOUT ? timeout : ROOT_TIMEOUT;
    cli_resolver_ask(resolver, p, ".", MTA_STS_RDATA_SOA, &answer);
    cli_resolver_wait(resolver, apr_time_now() + resolver->timeout);
    resolver->timeout = timeout;
    return answer.dnssec == MTA_STS_DNSSEC_SECURE;
}

const char *cli_resolver_make(apr_pool_t *p, const cli_resolver_options *options,
                              cli_resolver **resolver)
{
    cli_resolver *made = apr_pcalloc(p, sizeof(*made));
    const char *anchor = options->authorities ? NULL : options->trust_anchor;
    int try_root = !anchor && !options->authorities && access(ROOT_ANCHOR, R_OK) == 0;
    const char *error;

    made->timeout = options->timeout;
    made->waiting = apr_array_make(p, 16, sizeof(question *));
    made->under_way = apr_array_make(p, 16, sizeof(question *));
    made->validates = try_root || anchor;
    error = make_context(p, options, try_root ? ROOT_ANCHOR : anchor, &made->context);
    if (!error && try_root && !root_validates(made, p)) {
        /* With that anchor every answer would be bogus. */
        made->validates = 0;
        error = make_context(p, options, NULL, &made->context);
    }
    *resolver = made;
    return error;
}

void cli_resolver_ask(cli_resolver *resolver, apr_pool_t *p, const char *name, int type,
                      mta_sts_answer *answer)
{
    question *asked = apr_pcalloc(p, sizeof(*asked));

    memset(answer, 0, sizeof(*answer));
    answer->values = apr_array_make(p, 2, sizeof(const char *));
    asked->resolver = resolver;
    asked->p = p;
    asked->name = name;
    asked->type = type;
    asked->answer = answer;
    APR_ARRAY_PUSH(resolver->waiting, question *) = asked;
}

typedef struct value {
    const char *text;
    int preference;
} value;

static int compare_values(const void *one, const void *other)
{
    const value *a = one, *b = other;

    return a->preference != b->preference ? (a->preference > b->preference ? 1 : -1)
                                          : strcmp(a->text, b->text);
}

/* In the order of preference, then of the texts: name servers shuffle them. */
static void take_values(question *asked, const struct ub_result *result)
{
    apr_array_header_t *values = apr_array_make(asked->p, 4, sizeof(value));
    value read;
    int i;

    for (i = 0; result->data[i]; i++) {
        read.text =
            mta_sts_rdata_text(asked->p, asked->type, (const unsigned char *)result->data[i],
                               (apr_size_t)result->len[i], &read.preference);
        if (read.text) {
            APR_ARRAY_PUSH(values, value) = read;
        }
    }
    qsort(values->elts, (size_t)values->nelts, sizeof(value), compare_values);
    for (i = 0; i < values->nelts; i++) {
        APR_ARRAY_PUSH(asked->answer->values, const char *) = APR_ARRAY_IDX(values, i, value).text;
    }
}

/* Bogus comes first: such a result has data all the same. */
static mta_sts_answer_status read_status(const struct ub_result *result)
{
    if (result->bogus) {
        return MTA_STS_ANSWER_BOGUS;
    }
    if (result->rcode == RCODE_NXDOMAIN) {
        return MTA_STS_ANSWER_NXDOMAIN;
    }
    if (result->rcode != RCODE_NOERROR) {
        return MTA_STS_ANSWER_SERVFAIL;
    }
    return result->havedata ? MTA_STS_ANSWER_OK : MTA_STS_ANSWER_NODATA;
}

static const char *read_alias(apr_pool_t *p, const char *name, const char *canonical)
{
    apr_size_t len = strlen(canonical);

    if (len > 1 && canonical[len - 1] == '.') {
        len--;
    }
    return strlen(name) == len && strncasecmp(name, canonical, len) == 0
               ? NULL
               : apr_pstrmemdup(p, canonical, len);
}

static void read_result(question *asked, const struct ub_result *result)
{
    mta_sts_answer *answer = asked->answer;

    answer->status = read_status(result);
    if (asked->resolver->validates && answer->status != MTA_STS_ANSWER_SERVFAIL) {
        answer->dnssec = result->secure ? MTA_STS_DNSSEC_SECURE : MTA_STS_DNSSEC_INSECURE;
    }
    if (result->why_bogus) {
        answer->detail = apr_pstrdup(asked->p, result->why_bogus);
    }
    if (answer->status == MTA_STS_ANSWER_OK) {
        answer->ttl = (apr_uint32_t)result->ttl;
        take_values(asked, result);
    }
    if (result->canonname && answer->status != MTA_STS_ANSWER_BOGUS) {
        answer->alias = read_alias(asked->p, asked->name, result->canonname);
    }
}

/* Takes a question out of those under way; its answer is final. */
static void settle(question *asked)
{
    apr_array_header_t *list = asked->resolver->under_way;
    question **all = (question **)list->elts;
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (all[i] == asked) {
            all[i] = all[--list->nelts];
            return;
        }
    }
}

static void take_result(void *baton, int rc, struct ub_result *result)
{
    question *asked = baton;

    if (rc == 0) {
        read_result(asked, result);
    }
    else {
        asked->answer->status = MTA_STS_ANSWER_SERVFAIL;
    }
    if (asked->answer->status == MTA_STS_ANSWER_SERVFAIL &&
        apr_time_now() - asked->begun >= SILENCE) {
        asked->answer->status = MTA_STS_ANSWER_TIMEOUT;
    }
    ub_resolve_free(result);
    settle(asked);
}

static void start(cli_resolver *resolver)
{
    while (resolver->waiting->nelts && resolver->under_way->nelts < IN_FLIGHT_MAX) {
        question *asked = *(question **)apr_array_pop(resolver->waiting);

        asked->begun = apr_time_now();
        asked->end = asked->begun + resolver->timeout;
        APR_ARRAY_PUSH(resolver->under_way, question *) = asked;
        if (ub_resolve_async(resolver->context, asked->name, asked->type, CLASS_IN, asked,
                             take_result, &asked->id) != 0) {
            asked->answer->status = MTA_STS_ANSWER_SERVFAIL;
            settle(asked);
        }
    }
}

static void give_up(question *asked)
{
    ub_cancel(asked->resolver->context, asked->id);
    asked->answer->status = MTA_STS_ANSWER_TIMEOUT;
    settle(asked);
}

/* Gives up what is over, and returns when the next will be. */
static apr_time_t expire(cli_resolver *resolver, apr_time_t end)
{
    apr_time_t now = apr_time_now(), next = end;
    int i;

    for (i = resolver->under_way->nelts - 1; i >= 0; i--) {
        question *asked = APR_ARRAY_IDX(resolver->under_way, i, question *);

        if (asked->end <= now || end <= now) {
            give_up(asked);
        }
        else if (asked->end < next) {
            next = asked->end;
        }
    }
    return next;
}

static void give_up_waiting(cli_resolver *resolver)
{
    while (resolver->waiting->nelts) {
        (*(question **)apr_array_pop(resolver->waiting))->answer->status = MTA_STS_ANSWER_TIMEOUT;
    }
}

void cli_resolver_wait(cli_resolver *resolver, apr_time_t end)
{
    struct pollfd readable = {.fd = ub_fd(resolver->context), .events = POLLIN};
    apr_time_t next, now;

    for (;;) {
        start(resolver);
        next = expire(resolver, end);
        now = apr_time_now();
        if (now >= end) {
            give_up_waiting(resolver);
        }
        if (!resolver->under_way->nelts && !resolver->waiting->nelts) {
            return;
        }
        if (poll(&readable, 1, (int)apr_time_as_msec(next > now ? next - now : 0) + 1) > 0) {
            ub_process(resolver->context);
        }
    }
}
