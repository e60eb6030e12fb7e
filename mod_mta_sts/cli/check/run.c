/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/run.h"

#include <signal.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "cli/net/fetch.h"
#include "cli/net/resolver.h"
#include "cli/net/smtp_probe.h"
#include "cli/net/tls.h"
#include "core/base/name.h"

#define HTTPS_PORT 443
#define SMTP_PORT 25

/* No real domain has more MX hosts; more would be an attack on this check. */
#define MX_MAX 50
#define ADDRESS_MAX 16

/* When each step must end, in seconds. DOMAINS_END and MX_END are relative to the start of the run;
 * NETWORK_END is relative to the start of the command, which may have read httpd's configuration
 * first. */
#define DOMAINS_END 20
#define MX_END 38
#define NETWORK_END 55

/* The state of one run. */
typedef struct gatherer {
    apr_pool_t *p;
    const cli_check_options *options;
    apr_time_t began;
    cli_resolver *resolver;
    cli_fetcher *fetcher;
    cli_prober *prober;
    apr_array_header_t *facts; /* of mta_sts_check_facts *, one for each domain */
    apr_hash_t *mxs;           /* host -> mta_sts_check_mx *, so that each host is queried only
                                  once */
} gatherer;

void cli_check_options_default(cli_check_options *options)
{
    memset(options, 0, sizeof(*options));
    options->timeout = CLI_CHECK_TIMEOUT;
    options->warning_days = -1;
}

static const char *make_gatherer(gatherer *g)
{
    const cli_check_options *options = g->options;
    apr_interval_time_t timeout = apr_time_from_sec(options->timeout);
    cli_resolver_options asked = {
        .server = options->server, .trust_anchor = options->trust_anchor, .timeout = timeout};
    cli_tls_store *store;
    const char *error;

    error = cli_tls_store_make(g->p, options->ca_file, &store);
    if (error) {
        return error;
    }
    g->fetcher = cli_fetcher_make(g->p, store, timeout);
    if (!g->fetcher) {
        return "libcurl cannot be started: free memory, or reinstall libcurl";
    }
    g->prober = cli_prober_make(g->p, store, timeout);
    g->facts = apr_array_make(g->p, 4, sizeof(mta_sts_check_facts *));
    g->mxs = apr_hash_make(g->p);
    return cli_resolver_make(g->p, &asked, &g->resolver);
}

static void print_progress(const gatherer *g, const char *what, int left)
{
    if (g->options->progress) {
        g->options->progress(what, left);
    }
}

static void wait_for_answers(gatherer *g, const char *what, int left, int end)
{
    print_progress(g, what, left);
    cli_resolver_wait(g->resolver, g->began + apr_time_from_sec(end));
}

/* --- the domains --- */

static void ask_about_domain(gatherer *g, const cli_check_domain *domain)
{
    mta_sts_check_facts *facts = apr_pcalloc(g->p, sizeof(*facts));

    facts->domain = domain->domain;
    facts->configured_id = domain->configured_id;
    facts->is_hosted = domain->is_hosted;
    facts->row_wrong = domain->row_wrong;
    facts->endpoint = domain->endpoint;
    facts->host = apr_pstrcat(g->p, MTA_STS_POLICY_HOST_PREFIX, domain->domain, NULL);
    facts->record_name = apr_pstrcat(g->p, "_mta-sts.", domain->domain, NULL);
    facts->tlsrpt_name = apr_pstrcat(g->p, "_smtp._tls.", domain->domain, NULL);
    facts->fetches = apr_array_make(g->p, 2, sizeof(mta_sts_policy_fetch *));
    facts->mxs = apr_array_make(g->p, 2, sizeof(mta_sts_check_mx *));
    cli_resolver_ask(g->resolver, g->p, facts->record_name, MTA_STS_RDATA_TXT, &facts->record);
    cli_resolver_ask(g->resolver, g->p, facts->tlsrpt_name, MTA_STS_RDATA_TXT, &facts->tlsrpt);
    cli_resolver_ask(g->resolver, g->p, facts->domain, MTA_STS_RDATA_MX, &facts->mx);
    cli_resolver_ask(g->resolver, g->p, facts->host, MTA_STS_RDATA_A, &facts->host_a);
    cli_resolver_ask(g->resolver, g->p, facts->host, MTA_STS_RDATA_AAAA, &facts->host_aaaa);
    APR_ARRAY_PUSH(g->facts, mta_sts_check_facts *) = facts;
}

static int is_failure(const mta_sts_answer *answer)
{
    return answer->status == MTA_STS_ANSWER_SERVFAIL || answer->status == MTA_STS_ANSWER_TIMEOUT;
}

static int all_failed(const mta_sts_check_facts *facts)
{
    return is_failure(&facts->record) && is_failure(&facts->tlsrpt) && is_failure(&facts->mx) &&
           is_failure(&facts->host_a) && is_failure(&facts->host_aaaa);
}

/* Whether DNS as a whole fails, so that nothing can be determined about any domain. */
static int lacks_dns(gatherer *g)
{
    mta_sts_answer root;
    int i;

    for (i = 0; i < g->facts->nelts; i++) {
        if (!all_failed(APR_ARRAY_IDX(g->facts, i, mta_sts_check_facts *))) {
            return 0;
        }
    }
    cli_resolver_ask(g->resolver, g->p, ".", MTA_STS_RDATA_SOA, &root);
    wait_for_answers(g, "asking DNS about the root", 1, DOMAINS_END);
    return is_failure(&root);
}

/* --- records at wrong names --- */

/* The names at which records are often published by mistake. */
static const struct {
    const char *prefix;
    int is_doubled; /* whether the name ends in the domain twice, because the editor of the zone
                       appended it again */
    int is_tlsrpt;
} wrong_names[] = {
    {"", 0, 0},           {"", 0, 1},           {"_mta-sts.mta-sts.", 0, 0}, {"_mta_sts.", 0, 0},
    {"mta_sts.", 0, 0},   {"mta-sts.", 0, 0},   {"_mta-sts.", 1, 0},         {"_tlsrpt.", 0, 1},
    {"_smtp-tls.", 0, 1}, {"_smtp_tls.", 0, 1}, {"_smtp._tls.", 1, 1},       {"smtp._tls.", 0, 1},
    {"_tls.", 0, 1},      {"_mtasts.", 0, 0},   {"_smtp.tls.", 0, 1},
};

/* Queries these names, if a record is missing. */
static void ask_about_misplaced(gatherer *g, mta_sts_check_facts *facts)
{
    apr_size_t i;

    facts->misplaced = apr_array_make(g->p, 2, sizeof(mta_sts_check_misplaced *));
    for (i = 0; i < sizeof(wrong_names) / sizeof(wrong_names[0]); i++) {
        mta_sts_check_misplaced *one;

        if (!mta_sts_check_lacks_record(wrong_names[i].is_tlsrpt ? &facts->tlsrpt : &facts->record,
                                        wrong_names[i].is_tlsrpt) ||
            facts->mx.status == MTA_STS_ANSWER_NXDOMAIN) {
            continue;
        }
        one = apr_pcalloc(g->p, sizeof(*one));
        one->name = apr_pstrcat(g->p, wrong_names[i].prefix, facts->domain,
                                wrong_names[i].is_doubled ? "." : NULL, facts->domain, NULL);
        one->is_tlsrpt = wrong_names[i].is_tlsrpt;
        cli_resolver_ask(g->resolver, g->p, one->name, MTA_STS_RDATA_TXT, &one->answer);
        APR_ARRAY_PUSH(facts->misplaced, mta_sts_check_misplaced *) = one;
    }
}

/* --- their MX hosts --- */

static mta_sts_check_mx *ask_about_mx(gatherer *g, const char *host)
{
    mta_sts_check_mx *mx = apr_hash_get(g->mxs, host, APR_HASH_KEY_STRING);
    int port = g->options->smtp_port ? g->options->smtp_port : SMTP_PORT;

    if (mx) {
        return mx;
    }
    mx = apr_pcalloc(g->p, sizeof(*mx));
    mx->host = host;
    mx->probes = apr_array_make(g->p, 2, sizeof(mta_sts_mx_probe *));
    apr_hash_set(g->mxs, host, APR_HASH_KEY_STRING, mx);
    cli_resolver_ask(g->resolver, g->p, host, MTA_STS_RDATA_A, &mx->a);
    cli_resolver_ask(g->resolver, g->p, host, MTA_STS_RDATA_AAAA, &mx->aaaa);
    cli_resolver_ask(g->resolver, g->p, apr_psprintf(g->p, "_%d._tcp.%s", port, host),
                     MTA_STS_RDATA_TLSA, &mx->tlsa);
    return mx;
}

/* If there is no MX record, the domain itself is the MX host if it has addresses (RFC 5321 section
 * 5.1). */
static void ask_about_mxs(gatherer *g, mta_sts_check_facts *facts)
{
    const apr_array_header_t *hosts = facts->mx.values;
    int i;

    if (facts->mx.status == MTA_STS_ANSWER_NODATA) {
        APR_ARRAY_PUSH(facts->mxs, mta_sts_check_mx *) = ask_about_mx(g, facts->domain);
    }
    if (facts->mx.status != MTA_STS_ANSWER_OK ||
        (hosts->nelts == 1 && strcmp(APR_ARRAY_IDX(hosts, 0, const char *), ".") == 0)) {
        return;
    }
    for (i = 0; i < hosts->nelts && i < MX_MAX; i++) {
        APR_ARRAY_PUSH(facts->mxs, mta_sts_check_mx *) =
            ask_about_mx(g, APR_ARRAY_IDX(hosts, i, const char *));
    }
}

static int has_addresses(const mta_sts_check_mx *mx)
{
    return mx->a.status == MTA_STS_ANSWER_OK || mx->aaaa.status == MTA_STS_ANSWER_OK;
}

static void drop_implicit_mx_without_address(mta_sts_check_facts *facts)
{
    if (facts->mx.status == MTA_STS_ANSWER_NODATA &&
        !has_addresses(APR_ARRAY_IDX(facts->mxs, 0, mta_sts_check_mx *))) {
        facts->mxs->nelts = 0;
    }
}

/* --- which addresses to connect to --- */

static const cli_check_connect *find_connect(const gatherer *g, const char *host)
{
    int i;

    for (i = 0; g->options->connects && i < g->options->connects->nelts; i++) {
        const cli_check_connect *connect =
            &APR_ARRAY_IDX(g->options->connects, i, cli_check_connect);

        if (strcmp(connect->host, host) == 0) {
            return connect;
        }
    }
    return NULL;
}

/* The addresses of one host to connect to: array of cli_check_connect. */
static apr_array_header_t *list_targets(const gatherer *g, const char *host, int port,
                                        const mta_sts_answer *a, const mta_sts_answer *aaaa)
{
    apr_array_header_t *targets = apr_array_make(g->p, 2, sizeof(cli_check_connect));
    const cli_check_connect *connect = find_connect(g, host);
    const mta_sts_answer *const answers[] = {a, aaaa};
    int i, j;

    if (connect) {
        APR_ARRAY_PUSH(targets, cli_check_connect) = *connect;
        return targets;
    }
    for (i = 0; i < 2; i++) {
        for (j = 0; j < answers[i]->values->nelts && j < ADDRESS_MAX; j++) {
            cli_check_connect *target = apr_array_push(targets);

            target->host = host;
            target->address = APR_ARRAY_IDX(answers[i]->values, j, const char *);
            target->port = port;
        }
    }
    return targets;
}

static void add_fetches(gatherer *g, mta_sts_check_facts *facts)
{
    const apr_array_header_t *targets =
        list_targets(g, facts->host, HTTPS_PORT, &facts->host_a, &facts->host_aaaa);
    int i;

    for (i = 0; i < targets->nelts; i++) {
        const cli_check_connect *target = &APR_ARRAY_IDX(targets, i, cli_check_connect);
        mta_sts_policy_fetch *fetch = apr_palloc(g->p, sizeof(*fetch));

        cli_fetcher_add(g->fetcher, facts->host, target->address, target->port, fetch);
        APR_ARRAY_PUSH(facts->fetches, mta_sts_policy_fetch *) = fetch;
    }
}

static void add_probes(gatherer *g, mta_sts_check_mx *mx)
{
    int port = g->options->smtp_port ? g->options->smtp_port : SMTP_PORT, i;
    const apr_array_header_t *targets = list_targets(g, mx->host, port, &mx->a, &mx->aaaa);

    for (i = 0; i < targets->nelts; i++) {
        const cli_check_connect *target = &APR_ARRAY_IDX(targets, i, cli_check_connect);
        mta_sts_mx_probe *probe = apr_palloc(g->p, sizeof(*probe));

        cli_prober_add(g->prober, mx->host, target->address, target->port, probe);
        APR_ARRAY_PUSH(mx->probes, mta_sts_mx_probe *) = probe;
    }
}

static void use_network(gatherer *g)
{
    struct pollfd sockets[CLI_PROBER_IN_FLIGHT_MAX];
    const apr_time_t end =
        (g->options->began ? g->options->began : g->began) + apr_time_from_sec(NETWORK_END);
    int probes, fetches;

    do {
        apr_time_t until = apr_time_now() + apr_time_from_sec(1);

        probes = cli_prober_watch(g->prober, sockets, &until);
        fetches = cli_fetcher_step(g->fetcher, sockets, probes, until);
        cli_prober_step(g->prober, sockets, probes);
        print_progress(g, "fetching policies and probing mail servers", fetches + probes);
    } while ((probes || fetches) && apr_time_now() < end);
}

/* --- the run --- */

const char cli_check_no_network[] =
    "no name server answers: check the network, or specify one with --resolver";

static const char *ask_dns(gatherer *g, const apr_array_header_t *domains)
{
    int i;

    for (i = 0; i < domains->nelts; i++) {
        ask_about_domain(g, &APR_ARRAY_IDX(domains, i, cli_check_domain));
    }
    wait_for_answers(g, "asking DNS about domains", domains->nelts, DOMAINS_END);
    if (lacks_dns(g)) {
        return cli_check_no_network;
    }
    for (i = 0; i < g->facts->nelts; i++) {
        ask_about_mxs(g, APR_ARRAY_IDX(g->facts, i, mta_sts_check_facts *));
        ask_about_misplaced(g, APR_ARRAY_IDX(g->facts, i, mta_sts_check_facts *));
    }
    wait_for_answers(g, "asking DNS about mail servers", (int)apr_hash_count(g->mxs), MX_END);
    for (i = 0; i < g->facts->nelts; i++) {
        drop_implicit_mx_without_address(APR_ARRAY_IDX(g->facts, i, mta_sts_check_facts *));
    }
    return NULL;
}

static void connect_all(gatherer *g)
{
    apr_hash_index_t *index;
    int i;

    for (i = 0; i < g->facts->nelts; i++) {
        add_fetches(g, APR_ARRAY_IDX(g->facts, i, mta_sts_check_facts *));
    }
    for (index = apr_hash_first(g->p, g->mxs); index && !g->options->no_smtp;
         index = apr_hash_next(index)) {
        add_probes(g, apr_hash_this_val(index));
    }
    use_network(g);
}

static void judge_all(gatherer *g, apr_array_header_t *domains)
{
    mta_sts_check_limits *limits = apr_pcalloc(g->p, sizeof(*limits));
    mta_sts_check_smtp smtp = g->options->no_smtp                       ? MTA_STS_CHECK_SMTP_SKIPPED
                              : mta_sts_check_smtp_is_blocked(g->facts) ? MTA_STS_CHECK_SMTP_BLOCKED
                                                                        : MTA_STS_CHECK_SMTP_PROBED;
    int i;

    limits->now = apr_time_now();
    limits->warning_days = g->options->warning_days;
    limits->error_days = g->options->error_days;
    for (i = 0; i < domains->nelts; i++) {
        cli_check_domain *domain = &APR_ARRAY_IDX(domains, i, cli_check_domain);
        mta_sts_check_facts *facts = APR_ARRAY_IDX(g->facts, i, mta_sts_check_facts *);

        facts->smtp = smtp;
        domain->facts = facts;
        domain->result = mta_sts_check_judge(g->p, facts, limits);
    }
}

const char *cli_check_run(apr_pool_t *p, const cli_check_options *options,
                          apr_array_header_t *domains)
{
    gatherer g = {.p = p, .options = options, .began = apr_time_now()};
    const char *error = make_gatherer(&g);

    if (error) {
        return error;
    }
    signal(SIGPIPE, SIG_IGN); /* servers may close connections at any time */
    error = ask_dns(&g, domains);
    if (error) {
        return error;
    }
    connect_all(&g);
    judge_all(&g, domains);
    return NULL;
}
