/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/reverse.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/name.h"

/* The maximum number of names of one address, and of levels, going upwards, that are tried as the
 * apex of a zone. */
#define NAMES_MAX 3
#define LEVELS 8

/* One name of an address. */
typedef struct candidate {
    const char *host;
    mta_sts_answer addresses;
    const char *levels[LEVELS];
    mta_sts_answer apexes[LEVELS];
    int count; /* of levels */
} candidate;

typedef struct lookup {
    cli_reverse *wanted;
    int family;
    const char *address; /* in the form of mta_sts_rdata_text */
    mta_sts_answer ptr;
    candidate candidates[NAMES_MAX];
    int count;
} lookup;

typedef struct search {
    apr_pool_t *p;
    cli_resolver *resolver;
    lookup *lookups;
    int count;
} search;

static const char *reverse_ipv4(apr_pool_t *p, const unsigned char bytes[16])
{
    return apr_psprintf(p, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
}

static const char *reverse_ipv6(apr_pool_t *p, const unsigned char bytes[16])
{
    static const char digits[] = "0123456789abcdef";
    char *name = apr_palloc(p, 64 + sizeof("ip6.arpa")), *to = name;
    int i;

    for (i = 15; i >= 0; i--) {
        *to++ = digits[bytes[i] & 15];
        *to++ = '.';
        *to++ = digits[bytes[i] >> 4];
        *to++ = '.';
    }
    memcpy(to, "ip6.arpa", sizeof("ip6.arpa"));
    return name;
}

/* Whether a query was answered, even if the answer is empty. */
static int is_certain(const mta_sts_answer *answer)
{
    return answer->status == MTA_STS_ANSWER_OK || answer->status == MTA_STS_ANSWER_NODATA ||
           answer->status == MTA_STS_ANSWER_NXDOMAIN;
}

/* --- the names of the addresses --- */

static void ask_for_names(const search *s, lookup *one)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];

    one->family = strchr(one->wanted->address, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(one->family, one->wanted->address, bytes) != 1 ||
        !inet_ntop(one->family, bytes, text, sizeof(text))) {
        one->ptr.status = MTA_STS_ANSWER_NODATA;
        return;
    }
    one->address = apr_pstrdup(s->p, text);
    cli_resolver_ask(s->resolver, s->p,
                     one->family == AF_INET ? reverse_ipv4(s->p, bytes) : reverse_ipv6(s->p, bytes),
                     MTA_STS_RDATA_PTR, &one->ptr);
}

/* --- the addresses of the names --- */

static void ask_for_addresses(const search *s, lookup *one)
{
    int i;

    one->wanted->is_certain = is_certain(&one->ptr);
    for (i = 0; one->ptr.status == MTA_STS_ANSWER_OK && i < one->ptr.values->nelts; i++) {
        candidate *c = one->candidates + one->count;
        const char *name = APR_ARRAY_IDX(one->ptr.values, i, const char *);

        if (one->count < NAMES_MAX && strchr(name, '.') &&
            !mta_sts_name_parse_host(s->p, name, MTA_STS_NAME_ALABEL, &c->host)) {
            cli_resolver_ask(s->resolver, s->p, c->host,
                             one->family == AF_INET ? MTA_STS_RDATA_A : MTA_STS_RDATA_AAAA,
                             &c->addresses);
            one->count++;
        }
    }
}

static int is_confirmed(const lookup *one, const candidate *c)
{
    const apr_array_header_t *values = c->addresses.values;
    int i = 0;

    if (c->addresses.status != MTA_STS_ANSWER_OK) {
        return 0;
    }
    while (i < values->nelts && strcmp(APR_ARRAY_IDX(values, i, const char *), one->address) != 0) {
        i++;
    }
    return i < values->nelts;
}

/* --- the zones of the names --- */

/* Names with a single label are not tried. */
static void ask_for_apexes(const search *s, candidate *c)
{
    const char *name = c->host;

    while (c->count < LEVELS && strchr(name, '.')) {
        c->levels[c->count] = name;
        cli_resolver_ask(s->resolver, s->p, name, MTA_STS_RDATA_SOA, &c->apexes[c->count++]);
        name = strchr(name, '.') + 1;
    }
}

static void ask_for_zones(const search *s, lookup *one)
{
    int i;

    for (i = 0; i < one->count; i++) {
        candidate *c = one->candidates + i;

        one->wanted->is_certain &= is_certain(&c->addresses);
        if (is_confirmed(one, c)) {
            ask_for_apexes(s, c);
        }
    }
}

/* The zone is not known if it is not known for a lower level whether it is an apex. */
static const char *zone_of(const candidate *c, int *certain)
{
    int i;

    for (i = 0; i < c->count; i++) {
        if (!is_certain(&c->apexes[i])) {
            *certain = 0;
            return NULL;
        }
        if (c->apexes[i].status == MTA_STS_ANSWER_OK && !c->apexes[i].alias) {
            return c->levels[i];
        }
    }
    return NULL;
}

static void take_zones(const search *s, lookup *one)
{
    int i;

    (void)s;
    for (i = 0; i < one->count; i++) {
        const char *zone = zone_of(one->candidates + i, &one->wanted->is_certain);

        if (zone) {
            APR_ARRAY_PUSH(one->wanted->zones, const char *) = zone;
        }
    }
}

/* --- all of them --- */

static void take_step(const search *s, void (*step)(const search *, lookup *), apr_time_t end)
{
    int i;

    for (i = 0; i < s->count; i++) {
        step(s, s->lookups + i);
    }
    cli_resolver_wait(s->resolver, end);
}

void cli_reverse_find(apr_pool_t *p, const cli_resolver_options *options, apr_array_header_t *list,
                      apr_time_t end)
{
    search s = {.p = p, .count = list->nelts};
    cli_resolver_options asked = *options;
    int i;

    s.lookups = apr_pcalloc(p, sizeof(*s.lookups) * (apr_size_t)(s.count + 1));
    for (i = 0; i < s.count; i++) {
        s.lookups[i].wanted = &APR_ARRAY_IDX(list, i, cli_reverse);
        s.lookups[i].wanted->zones = apr_array_make(p, 1, sizeof(const char *));
        s.lookups[i].wanted->is_certain = 0;
    }
    /* If authorities is set, even to an empty list, answers are not validated. */
    asked.authorities = apr_array_make(p, 0, sizeof(cli_resolver_authority));
    if (!s.count || cli_resolver_make(p, &asked, &s.resolver)) {
        return;
    }
    take_step(&s, ask_for_names, end);
    take_step(&s, ask_for_addresses, end);
    take_step(&s, ask_for_zones, end);
    take_step(&s, take_zones, end);
}
