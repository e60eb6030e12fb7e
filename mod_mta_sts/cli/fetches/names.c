/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fetches/names.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "cli/common/output.h"
#include "cli/net/reverse.h"
#include "core/base/format.h"
#include "core/base/network.h"
#include "core/database/network_names.h"
#include "tlsrpt/index/origin.h"

#define DAY apr_time_from_sec(86400)
#define REPORTS_SINCE (90 * DAY)
#define NAMES_MAX 5      /* of one network */
#define ADDRESSES_MAX 20 /* maximum number of addresses that are looked up in one call */
/* Maximum number of those from reports, which come first; the log always has more. */
#define REPORTED_MAX 10
#define LOGGED_MAX                                                                                 \
    300 /* number of addresses in the log from which they are chosen; an IPv4 network has 256 */
#define NETWORK_ADDRESSES_MAX 3
#define LOOKUP_TIME apr_time_from_sec(5)
#define QUESTION_TIME apr_time_from_sec(3)

/* A name of a network. */
typedef struct name {
    const char *name;
    apr_time_t dns, report; /* when it was last confirmed; 0: never */
} name;

struct cli_names {
    apr_hash_t *networks; /* network -> array of name */
};

typedef struct search {
    apr_pool_t *p;
    mta_sts_database *db;
    apr_time_t now;
    const cli_names *names;
    apr_hash_t *addresses;      /* network -> array of const char * */
    apr_hash_t *waiting;        /* network -> itself: networks that are not due yet */
    int is_for_all;             /* whether to look up networks that are not shown */
    apr_array_header_t *wanted; /* of const char *: the keys of `addresses`, in order */
    int count, max;             /* of addresses */
} search;

/* Validates the address by creating a resolver, which sends no query without DNSSEC validation. */
const char *cli_names_take_resolver(apr_pool_t *p, const cli_option *option, void *target,
                                    const char *value)
{
    const cli_resolver_options asked = {
        .server = value,
        .timeout = QUESTION_TIME,
        .authorities = apr_array_make(p, 0, sizeof(cli_resolver_authority)),
    };
    cli_resolver *resolver;
    const char *error = cli_resolver_make(p, &asked, &resolver);

    *(const char **)target = value;
    return error ? apr_pstrcat(p, "--", option->name, ": ", error, NULL) : NULL;
}

static apr_array_header_t *names_of(const cli_names *names, const char *network)
{
    return apr_hash_get(names->networks, network, APR_HASH_KEY_STRING);
}

/* The entry of a name, or NULL if the network is not shown or has too many. */
static name *entry_of(const search *s, const char *network, const char *text)
{
    apr_array_header_t *list = names_of(s->names, network);
    name *entry;
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        entry = &APR_ARRAY_IDX(list, i, name);
        if (strcmp(entry->name, text) == 0) {
            return entry;
        }
    }
    if (!list || list->nelts >= NAMES_MAX) {
        return NULL;
    }
    entry = apr_array_push(list);
    memset(entry, 0, sizeof(*entry));
    entry->name = text;
    return entry;
}

/* --- what has to be looked up --- */

static void want(search *s, const char *network, const char *address)
{
    apr_array_header_t *list = apr_hash_get(s->addresses, network, APR_HASH_KEY_STRING);
    int i;

    if (s->count >= s->max || (list && list->nelts >= NETWORK_ADDRESSES_MAX)) {
        return;
    }
    for (i = 0; list && i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const char *), address) == 0) {
            return;
        }
    }
    if (!list) {
        list = apr_array_make(s->p, NETWORK_ADDRESSES_MAX, sizeof(const char *));
        apr_hash_set(s->addresses, network, APR_HASH_KEY_STRING, list);
        APR_ARRAY_PUSH(s->wanted, const char *) = network;
    }
    APR_ARRAY_PUSH(list, const char *) = address;
    s->count++;
}

static void want_logged(search *s, const char *domain)
{
    apr_array_header_t *list;
    int i;

    s->max = ADDRESSES_MAX;
    if (mta_sts_network_names_wanted(s->db, domain, s->now, LOGGED_MAX, s->p, &list)) {
        return;
    }
    for (i = 0; i < list->nelts; i++) {
        const mta_sts_network_address *one = &APR_ARRAY_IDX(list, i, mta_sts_network_address);

        want(s, one->network, one->address);
    }
}

static void want_reported(search *s, const char *network, const char *address)
{
    if (!apr_hash_get(s->waiting, network, APR_HASH_KEY_STRING)) {
        want(s, network, address);
    }
}

/* Adds the signers of reports, and the addresses in these reports to those to look up. */
static void take_reports(search *s)
{
    apr_array_header_t *list;
    int i;

    s->max = REPORTED_MAX;
    if (tlsrpt_index_signed_addresses(s->db, s->now - REPORTS_SINCE, s->p, &list) ||
        mta_sts_network_names_waiting(s->db, s->now, s->p, &s->waiting)) {
        return;
    }
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_signed_address *one = &APR_ARRAY_IDX(list, i, tlsrpt_signed_address);
        const char *network = mta_sts_network_of(s->p, one->address);
        name *entry = *network ? entry_of(s, network, one->signer) : NULL;

        if (entry && one->received > entry->report) {
            entry->report = one->received;
        }
        if (entry || (s->is_for_all && *network)) {
            want_reported(s, network, one->address);
        }
    }
}

/* --- looking up --- */

static void ask(const search *s, const char *network, apr_array_header_t *questions)
{
    const apr_array_header_t *list = apr_hash_get(s->addresses, network, APR_HASH_KEY_STRING);
    int i;

    for (i = 0; i < list->nelts; i++) {
        APR_ARRAY_PUSH(questions, cli_reverse) =
            (cli_reverse){.address = APR_ARRAY_IDX(list, i, const char *)};
    }
}

/* Collects the results of one network, which come next in the list. */
static mta_sts_network_result result_of(const search *s, const char *network,
                                        const apr_array_header_t *questions, int *next)
{
    const apr_array_header_t *list = apr_hash_get(s->addresses, network, APR_HASH_KEY_STRING);
    apr_array_header_t *zones = apr_array_make(s->p, NETWORK_ADDRESSES_MAX, sizeof(const char *));
    mta_sts_network_result result = {network, zones, 1};
    int i;

    for (i = 0; i < list->nelts; i++) {
        const cli_reverse *one = &APR_ARRAY_IDX(questions, (*next)++, cli_reverse);

        apr_array_cat(zones, one->zones);
        result.is_certain &= one->is_certain;
    }
    return result;
}

/* Looks up the addresses. If the results cannot be stored, they will be looked up again next
 * time. */
static void look_up(const search *s, const cli_names_options *options)
{
    const cli_resolver_options resolver = {.server = options->server, .timeout = QUESTION_TIME};
    apr_array_header_t *questions = apr_array_make(s->p, s->count + 1, sizeof(cli_reverse));
    apr_array_header_t *results = apr_array_make(s->p, 8, sizeof(mta_sts_network_result));
    int i, next = 0;

    for (i = 0; i < s->wanted->nelts; i++) {
        ask(s, APR_ARRAY_IDX(s->wanted, i, const char *), questions);
    }
    cli_reverse_find(s->p, &resolver, questions, apr_time_now() + LOOKUP_TIME);
    for (i = 0; i < s->wanted->nelts; i++) {
        APR_ARRAY_PUSH(results, mta_sts_network_result) =
            result_of(s, APR_ARRAY_IDX(s->wanted, i, const char *), questions, &next);
    }
    mta_sts_network_names_store(s->db, results, s->now, s->p);
}

static void take_names(const search *s)
{
    apr_array_header_t *list;
    int i;

    if (mta_sts_network_names_read(s->db, s->now, s->p, &list)) {
        return;
    }
    for (i = 0; i < list->nelts; i++) {
        const mta_sts_network_name *one = &APR_ARRAY_IDX(list, i, mta_sts_network_name);
        name *entry = entry_of(s, one->network, one->name);

        if (entry) {
            entry->dns = one->confirmed;
        }
    }
}

cli_names *cli_names_find(apr_pool_t *p, mta_sts_database *db, const cli_names_options *options,
                          const apr_array_header_t *domains, const apr_array_header_t *networks)
{
    cli_names *names = apr_palloc(p, sizeof(*names));
    search s = {.p = p, .db = db, .now = apr_time_now(), .names = names};
    int i;

    names->networks = apr_hash_make(p);
    s.addresses = apr_hash_make(p);
    s.wanted = apr_array_make(p, 8, sizeof(const char *));
    for (i = 0; i < networks->nelts; i++) {
        const char *network = APR_ARRAY_IDX(networks, i, const char *);

        if (*network && !names_of(names, network)) {
            apr_hash_set(names->networks, network, APR_HASH_KEY_STRING,
                         apr_array_make(p, 1, sizeof(name)));
        }
    }
    take_reports(&s);
    for (i = 0; i < domains->nelts; i++) {
        want_logged(&s, APR_ARRAY_IDX(domains, i, const char *));
    }
    if (s.count && !options->is_offline) {
        look_up(&s, options);
    }
    take_names(&s);
    return names;
}

void cli_names_learn(apr_pool_t *p, mta_sts_database *db, const cli_names_options *options)
{
    cli_names names = {.networks = apr_hash_make(p)};
    search s = {.p = p, .db = db, .now = apr_time_now(), .names = &names, .is_for_all = 1};

    s.addresses = apr_hash_make(p);
    s.wanted = apr_array_make(p, 8, sizeof(const char *));
    take_reports(&s);
    want_logged(&s, NULL);
    if (s.count) {
        look_up(&s, options);
    }
}

/* --- output --- */

const char *cli_names_text(apr_pool_t *p, const cli_names *names, const char *network)
{
    const apr_array_header_t *list = names_of(names, network);
    const char *text = NULL;
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        const name *one = &APR_ARRAY_IDX(list, i, name);

        text = apr_pstrcat(p, text ? text : "", text ? ", " : "", cli_printable(p, one->name),
                           !one->dns     ? " (named in its verified reports)"
                           : one->report ? " (confirmed by DNS, and named in its verified reports)"
                                         : " (confirmed by DNS)",
                           NULL);
    }
    return text;
}

static json_t *time_json(apr_pool_t *p, apr_time_t time)
{
    return time ? json_string(mta_sts_format_timestamp(p, time)) : json_null();
}

json_t *cli_names_json(apr_pool_t *p, const cli_names *names, const char *network)
{
    const apr_array_header_t *list = names_of(names, network);
    json_t *array = json_array();
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        const name *one = &APR_ARRAY_IDX(list, i, name);

        json_array_append_new(array, json_pack("{s:s, s:o, s:o}", "name", one->name,
                                               "dns_confirmed_at", time_json(p, one->dns),
                                               "reported_at", time_json(p, one->report)));
    }
    return array;
}
