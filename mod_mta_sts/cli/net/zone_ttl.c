/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/zone_ttl.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "core/dns/rdata.h"

/* The number of levels, from the domain upwards, that are tried as the apex of its zone. */
#define LEVELS 5

/* The maximum number of servers. One answer is sufficient; further servers are used if there is
 * none. */
#define SERVERS_MAX 4
#define ADDRESSES_MAX 3

/* For each query, in microseconds; working name servers need far less. */
#define QUESTION_TIMEOUT apr_time_from_sec(4)

/* The candidates for the apex of a domain's zone. */
typedef struct zone {
    const char *levels[LEVELS]; /* the domain, its parent and so on */
    mta_sts_answer servers[LEVELS];
    int count;
    const char *top; /* the level that is the apex, if an address of one of its servers is known */
} zone;

/* The addresses of one name server. */
typedef struct name_server {
    mta_sts_answer a;
    mta_sts_answer aaaa;
} name_server;

typedef struct reader {
    apr_pool_t *p;
    const apr_array_header_t *wanted; /* of cli_zone_ttl */
    apr_time_t end;
    cli_resolver *resolver;
    apr_hash_t *zones;   /* domain -> zone * */
    apr_hash_t *servers; /* host -> name_server * */
} reader;

static const cli_zone_ttl *wanted_at(const reader *r, int i)
{
    return &APR_ARRAY_IDX(r->wanted, i, cli_zone_ttl);
}

/* --- where the zones begin --- */

static void ask_about_zone(reader *r, const char *domain)
{
    zone *asked = apr_pcalloc(r->p, sizeof(*asked));
    const char *name = domain;

    apr_hash_set(r->zones, domain, APR_HASH_KEY_STRING, asked);
    while (name && asked->count < LEVELS) {
        asked->levels[asked->count] = name;
        cli_resolver_ask(r->resolver, r->p, name, MTA_STS_RDATA_NS,
                         &asked->servers[asked->count++]);
        name = strchr(name, '.');
        name = name ? name + 1 : NULL;
    }
}

static void find_zones(reader *r)
{
    int i;

    for (i = 0; i < r->wanted->nelts; i++) {
        const char *domain = wanted_at(r, i)->domain;

        if (!apr_hash_get(r->zones, domain, APR_HASH_KEY_STRING)) {
            ask_about_zone(r, domain);
        }
    }
    cli_resolver_wait(r->resolver, r->end);
}

/* The lowest level that has name servers, or -1. An alias does not count, because its name servers
 * belong to another name. */
static int level_of(const zone *z)
{
    int i;

    for (i = 0; i < z->count; i++) {
        if (z->servers[i].status == MTA_STS_ANSWER_OK && !z->servers[i].alias) {
            return i;
        }
    }
    return -1;
}

/* --- their name servers --- */

static void ask_about_server(reader *r, const char *host)
{
    name_server *asked;

    if (apr_hash_get(r->servers, host, APR_HASH_KEY_STRING)) {
        return;
    }
    asked = apr_palloc(r->p, sizeof(*asked));
    apr_hash_set(r->servers, host, APR_HASH_KEY_STRING, asked);
    cli_resolver_ask(r->resolver, r->p, host, MTA_STS_RDATA_A, &asked->a);
    cli_resolver_ask(r->resolver, r->p, host, MTA_STS_RDATA_AAAA, &asked->aaaa);
}

static const apr_array_header_t *servers_of(const zone *z)
{
    int level = level_of(z);

    return level < 0 ? NULL : z->servers[level].values;
}

static void find_servers(reader *r)
{
    apr_hash_index_t *index;
    int i;

    for (index = apr_hash_first(r->p, r->zones); index; index = apr_hash_next(index)) {
        const apr_array_header_t *hosts = servers_of(apr_hash_this_val(index));

        for (i = 0; hosts && i < hosts->nelts && i < SERVERS_MAX; i++) {
            ask_about_server(r, APR_ARRAY_IDX(hosts, i, const char *));
        }
    }
    cli_resolver_wait(r->resolver, r->end);
}

/* --- the answers of the name servers --- */

static int add_addresses(const char *top, const mta_sts_answer *addresses,
                         apr_array_header_t *authorities)
{
    int i;

    for (i = 0; i < addresses->values->nelts && i < ADDRESSES_MAX; i++) {
        cli_resolver_authority *added = apr_array_push(authorities);

        added->zone = top;
        added->address = APR_ARRAY_IDX(addresses->values, i, const char *);
    }
    return i;
}

static void add_authorities(const reader *r, zone *z, apr_array_header_t *authorities)
{
    const apr_array_header_t *hosts = servers_of(z);
    int found = 0, i;

    for (i = 0; hosts && i < hosts->nelts && i < SERVERS_MAX; i++) {
        const name_server *server =
            apr_hash_get(r->servers, APR_ARRAY_IDX(hosts, i, const char *), APR_HASH_KEY_STRING);

        found += add_addresses(z->levels[level_of(z)], &server->a, authorities);
        found += add_addresses(z->levels[level_of(z)], &server->aaaa, authorities);
    }
    z->top = found ? z->levels[level_of(z)] : NULL;
}

static apr_array_header_t *list_authorities(const reader *r)
{
    apr_array_header_t *authorities = apr_array_make(r->p, 4, sizeof(cli_resolver_authority));
    apr_hash_index_t *index;

    for (index = apr_hash_first(r->p, r->zones); index; index = apr_hash_next(index)) {
        add_authorities(r, apr_hash_this_val(index), authorities);
    }
    return authorities;
}

static int is_within(const char *name, const char *top)
{
    apr_size_t name_len = strlen(name), len = strlen(top);

    return name_len >= len && apr_cstr_casecmp(name + name_len - len, top) == 0 &&
           (name_len == len || name[name_len - len - 1] == '.');
}

/* For the target of an alias in another zone, the TTL from the resolver's cache remains. */
static void take_ttl(mta_sts_answer *answer, const mta_sts_answer *found, const char *top)
{
    if (found->status == MTA_STS_ANSWER_OK && (!found->alias || is_within(found->alias, top))) {
        answer->ttl = found->ttl;
        answer->ttl_is_authoritative = 1;
    }
}

static const char *top_of(const reader *r, int i)
{
    const zone *z = apr_hash_get(r->zones, wanted_at(r, i)->domain, APR_HASH_KEY_STRING);

    return z->top;
}

static void ask_zones(const reader *r, cli_resolver *zones)
{
    mta_sts_answer *found = apr_pcalloc(r->p, sizeof(*found) * (apr_size_t)r->wanted->nelts);
    int i;

    for (i = 0; i < r->wanted->nelts; i++) {
        if (top_of(r, i)) {
            cli_resolver_ask(zones, r->p, wanted_at(r, i)->name, wanted_at(r, i)->type, &found[i]);
        }
    }
    cli_resolver_wait(zones, r->end);
    for (i = 0; i < r->wanted->nelts; i++) {
        if (top_of(r, i)) {
            take_ttl(wanted_at(r, i)->answer, &found[i], top_of(r, i));
        }
    }
}

void cli_zone_ttl_read(apr_pool_t *p, const cli_resolver_options *options,
                       const apr_array_header_t *wanted, apr_time_t end)
{
    reader r = {.p = p, .wanted = wanted, .end = end};
    cli_resolver_options asked = *options;
    cli_resolver *zones;

    if (!wanted->nelts) {
        return;
    }
    r.zones = apr_hash_make(p);
    r.servers = apr_hash_make(p);
    asked.timeout = options->timeout < QUESTION_TIMEOUT ? options->timeout : QUESTION_TIMEOUT;
    /* If authorities is set, even to an empty list, answers are not validated. */
    asked.authorities = apr_array_make(p, 0, sizeof(cli_resolver_authority));
    if (cli_resolver_make(p, &asked, &r.resolver)) {
        return;
    }
    find_zones(&r);
    find_servers(&r);
    asked.authorities = list_authorities(&r);
    if (asked.authorities->nelts && !cli_resolver_make(p, &asked, &zones)) {
        ask_zones(&r, zones);
    }
}
