/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/resolver.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <unbound.h>

#include "cli/net/resolver_context.h"

#define ROOT_ANCHOR "/usr/share/dns/root.key"
#define CLASS_IN 1
#define RCODE_NOERROR 0
#define RCODE_NXDOMAIN 3

/* The maximum number of simultaneous queries; others wait. */
#define IN_FLIGHT_MAX 200

/* A SERVFAIL after this time is from libunbound itself, because the resolver did not respond. */
#define SILENCE apr_time_from_sec(10)

/* The test query for the root is optional, so it must not take longer. */
#define ROOT_TIMEOUT apr_time_from_sec(4)

typedef struct question {
    cli_resolver *resolver;
    apr_pool_t *p;
    const char *name;
    int type;
    int id;           /* libunbound's id while in flight */
    apr_time_t begun; /* when it was passed to libunbound */
    apr_time_t end;   /* when it times out */
    mta_sts_answer *answer;
} question;

struct cli_resolver {
    struct ub_ctx *context;
    int validates; /* whether it has a usable trust anchor */
    apr_interval_time_t timeout;
    apr_array_header_t *waiting;   /* of question * */
    apr_array_header_t *in_flight; /* of question * */
};

/* Whether an answer for the root validates with the system's trust anchor. */
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
    made->in_flight = apr_array_make(p, 16, sizeof(question *));
    made->validates = try_root || anchor;
    error = cli_resolver_context_make(p, options, try_root ? ROOT_ANCHOR : anchor, &made->context);
    if (!error && try_root && !root_validates(made, p)) {
        /* With this trust anchor, every answer would be bogus. */
        made->validates = 0;
        error = cli_resolver_context_make(p, options, NULL, &made->context);
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

/* Stores the values, sorted by preference, then by text, because name servers shuffle their
 * answers. */
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

/* Bogus is checked first, because bogus results contain data as well. */
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

/* Removes a question whose answer is final from those in flight. */
static void settle(question *asked)
{
    apr_array_header_t *list = asked->resolver->in_flight;
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
    while (resolver->waiting->nelts && resolver->in_flight->nelts < IN_FLIGHT_MAX) {
        question *asked = *(question **)apr_array_pop(resolver->waiting);

        asked->begun = apr_time_now();
        asked->end = asked->begun + resolver->timeout;
        APR_ARRAY_PUSH(resolver->in_flight, question *) = asked;
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

/* Ends queries that have timed out, and returns when the next one will. */
static apr_time_t expire(cli_resolver *resolver, apr_time_t end)
{
    apr_time_t now = apr_time_now(), next = end;
    int i;

    for (i = resolver->in_flight->nelts - 1; i >= 0; i--) {
        question *asked = APR_ARRAY_IDX(resolver->in_flight, i, question *);

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
        if (!resolver->in_flight->nelts && !resolver->waiting->nelts) {
            return;
        }
        if (poll(&readable, 1, (int)apr_time_as_msec(next > now ? next - now : 0) + 1) > 0) {
            ub_process(resolver->context);
        }
    }
}
