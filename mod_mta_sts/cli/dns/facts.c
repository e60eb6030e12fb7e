/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/command.h"
#include "cli/dns/call.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/apache.h"
#include "cli/net/resolver.h"
#include "cli/net/zone_ttl.h"
#include "core/base/name.h"
#include "core/policy/text.h"
#include "core/dns/rdata.h"

static cli_dns_domain *domain_at(const cli_dns_call *call, int i)
{
    return &APR_ARRAY_IDX(call->domains, i, cli_dns_domain);
}

/* --- DNS and the served policy --- */

static int explains_missing_policy(const mta_sts_finding *finding)
{
    return strcmp(finding->id, "policy-host-no-address") == 0 ||
           strcmp(finding->id, "alias-dangling") == 0 || strcmp(finding->id, "domain-unknown") == 0;
}

/* Copies the findings about the policy host, except for those that are ok. */
static void take_host_findings(const cli_check_domain *checked, mta_sts_findings *findings)
{
    const apr_array_header_t *sections = checked->result->sections;
    int i, j;

    for (i = 0; i < sections->nelts; i++) {
        const mta_sts_check_section *section = &APR_ARRAY_IDX(sections, i, mta_sts_check_section);

        for (j = 0; j < section->findings->list->nelts; j++) {
            const mta_sts_finding *finding = mta_sts_findings_at(section->findings, j);

            if ((section->part == MTA_STS_CHECK_POLICY_HOST && finding->severity != MTA_STS_OK) ||
                explains_missing_policy(finding)) {
                APR_ARRAY_PUSH(findings->list, mta_sts_finding) = *finding;
            }
        }
    }
}

static int is_usable(apr_pool_t *p, const cli_dns_domain *domain, const mta_sts_policy_fetch *fetch)
{
    mta_sts_check_limits limits = {.now = apr_time_now()};

    return mta_sts_policy_fetch_check(fetch, domain->host, &limits, mta_sts_findings_make(p));
}

static int is_unknown(const cli_dns_domain *domain)
{
    int i;

    for (i = 0; i < domain->findings->list->nelts; i++) {
        if (strcmp(mta_sts_findings_at(domain->findings, i)->id, "domain-unknown") == 0) {
            return 1;
        }
    }
    return 0;
}

/* Reports what is missing; for a domain that does not exist, nothing else. */
static void report_missing(apr_pool_t *p, const cli_dns_call *call, cli_dns_domain *domain)
{
    if (is_unknown(domain)) {
        return;
    }
    mta_sts_finding_add(
        domain->findings, MTA_STS_ERROR, "policy-missing", domain->domain,
        cli_apache_find(call->configured, domain->domain)
            ? apr_psprintf(p,
                           "this machine's httpd is configured to serve one: fix what is reported "
                           "above; until then %s prints its records",
                           cli_command(p, "dns", "--from-apache", domain->domain))
            : apr_psprintf(p,
                           "serve one first (on the web server: mta-sts-setup %s); --policy FILE "
                           "prints the records of a policy that is to be served",
                           domain->domain),
        "no valid policy is served, so there is nothing to publish");
}

/* Takes the policy at the first address from which senders would accept it as the one to be
 * published. */
static void take_served(apr_pool_t *p, const cli_dns_call *call, cli_dns_domain *domain,
                        const apr_array_header_t *fetches)
{
    int errors = mta_sts_findings_count(domain->findings, MTA_STS_ERROR), i;

    for (i = 0; i < fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch = APR_ARRAY_IDX(fetches, i, mta_sts_policy_fetch *);

        if (is_usable(p, domain, fetch)) {
            domain->policy = mta_sts_policy_text_read(p, fetch->text, fetch->len, domain->findings);
            domain->id = mta_sts_policy_id(p, fetch->text, fetch->len);
            break;
        }
    }
    if (!domain->policy || mta_sts_findings_count(domain->findings, MTA_STS_ERROR) > errors) {
        domain->policy = NULL;
        report_missing(p, call, domain);
    }
}

/* Senders may use any address, so a policy counts as served only if all addresses that respond
 * serve it. */
static void compare_served(apr_pool_t *p, cli_dns_domain *domain, const apr_array_header_t *fetches)
{
    mta_sts_publication_facts *facts = &domain->facts;
    int i;

    facts->served = MTA_STS_SERVED_NOTHING;
    for (i = 0; i < fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch = APR_ARRAY_IDX(fetches, i, mta_sts_policy_fetch *);

        if (is_usable(p, domain, fetch)) {
            facts->served_id = mta_sts_policy_id(p, fetch->text, fetch->len);
            facts->served = MTA_STS_SERVED_SAME;
            if (strcmp(facts->served_id, domain->id) != 0) {
                facts->served = MTA_STS_SERVED_OTHER;
                return;
            }
        }
        else if (!mta_sts_policy_fetch_is_unreached(fetch)) {
            facts->served = MTA_STS_SERVED_NOTHING;
            return;
        }
    }
}

static void take_answers(apr_pool_t *p, cli_dns_domain *domain, const mta_sts_check_facts *checked)
{
    mta_sts_answer *now = domain->facts.now;
    int i;

    now[MTA_STS_TYPE_MTA_STS] = checked->record;
    now[MTA_STS_TYPE_A] = checked->host_a;
    now[MTA_STS_TYPE_AAAA] = checked->host_aaaa;
    now[MTA_STS_TYPE_TLSRPT] = checked->tlsrpt;
    now[MTA_STS_TYPE_MX] = checked->mx;
    for (i = 0; i < MTA_STS_RECORD_TYPES; i++) {
        mta_sts_answer_check(&now[i], mta_sts_record_type_name(p, i, domain->domain),
                             apr_pstrcat(p, mta_sts_record_type_rdata_name(i), " record", NULL),
                             domain->findings);
    }
}

static void take_facts(apr_pool_t *p, const cli_dns_call *call, cli_dns_domain *domain,
                       const cli_check_domain *checked)
{
    take_answers(p, domain, checked->facts);
    take_host_findings(checked, domain->findings);
    if (call->source == CLI_DNS_SERVED) {
        take_served(p, call, domain, checked->facts->fetches);
    }
    if (domain->policy && !is_unknown(domain)) {
        compare_served(p, domain, checked->facts->fetches);
    }
}

/* When the additional DNS queries must have ended, in seconds from the start. */
#define DNS_END 58

/* Queries aliases separately, because the address lookup returns only the last name. Few policy
 * hosts are aliases. */
static const char *ask_for_aliases(apr_pool_t *p, cli_dns_call *call,
                                   const cli_resolver_options *options, apr_time_t end)
{
    cli_resolver *resolver = NULL;
    const char *error = NULL;
    int i;

    for (i = 0; i < call->domains->nelts && !error; i++) {
        mta_sts_publication_facts *facts = &domain_at(call, i)->facts;

        if (facts->now[MTA_STS_TYPE_A].alias || facts->now[MTA_STS_TYPE_AAAA].alias) {
            error = resolver ? NULL : cli_resolver_make(p, options, &resolver);
            if (!error) {
                cli_resolver_ask(resolver, p, domain_at(call, i)->host, MTA_STS_RDATA_CNAME,
                                 &facts->now[MTA_STS_TYPE_CNAME]);
            }
        }
    }
    if (resolver && !error) {
        cli_resolver_wait(resolver, end);
    }
    return error;
}

/* Determines how long caches may store the current records, which is the time to wait after a
 * change. */
static void ask_for_ttls(apr_pool_t *p, cli_dns_call *call, const cli_resolver_options *options,
                         apr_time_t end)
{
    apr_array_header_t *wanted = apr_array_make(p, 8, sizeof(cli_zone_ttl));
    int i, j;

    for (i = 0; i < call->domains->nelts; i++) {
        cli_dns_domain *domain = domain_at(call, i);

        for (j = 0; j < MTA_STS_RECORD_TYPES; j++) {
            if (domain->facts.now[j].status == MTA_STS_ANSWER_OK) {
                cli_zone_ttl *added = apr_array_push(wanted);

                added->domain = domain->domain;
                added->name = mta_sts_record_type_name(p, j, domain->domain);
                added->type = mta_sts_record_type_rdata(j);
                added->answer = &domain->facts.now[j];
            }
        }
    }
    cli_zone_ttl_read(p, options, wanted, end);
}

/* If the host has addresses and no alias was found, it is not an alias. */
static void set_alias_status(mta_sts_answer *now)
{
    if (now[MTA_STS_TYPE_CNAME].status == MTA_STS_ANSWER_NOT_QUERIED &&
        now[MTA_STS_TYPE_A].status != MTA_STS_ANSWER_NOT_QUERIED) {
        now[MTA_STS_TYPE_CNAME].status = now[MTA_STS_TYPE_A].status == MTA_STS_ANSWER_OK
                                             ? MTA_STS_ANSWER_NODATA
                                             : now[MTA_STS_TYPE_A].status;
    }
}

static const char *query_network(apr_pool_t *p, cli_dns_call *call)
{
    const cli_resolver_options options = {.server = call->network.server,
                                          .trust_anchor = call->network.trust_anchor,
                                          .timeout = apr_time_from_sec(call->network.timeout)};
    const apr_time_t end = call->network.began + apr_time_from_sec(DNS_END);
    apr_array_header_t *checked = apr_array_make(p, 2, sizeof(cli_check_domain));
    const char *error;
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        cli_check_domain domain = {.domain = domain_at(call, i)->domain};

        APR_ARRAY_PUSH(checked, cli_check_domain) = domain;
    }
    error = cli_check_run(p, &call->network, checked);
    if (error) {
        return error;
    }
    for (i = 0; i < call->domains->nelts; i++) {
        take_facts(p, call, domain_at(call, i), &APR_ARRAY_IDX(checked, i, cli_check_domain));
    }
    error = ask_for_aliases(p, call, &options, end);
    for (i = 0; i < call->domains->nelts; i++) {
        set_alias_status(domain_at(call, i)->facts.now);
    }
    if (!error) {
        ask_for_ttls(p, call, &options, end);
    }
    return error;
}

static void complete_facts(const cli_dns_call *call, cli_dns_domain *domain)
{
    const cli_apache_policy *configured = cli_apache_find(call->configured, domain->domain);

    domain->facts.endpoint = configured ? configured->endpoint : NULL;
    domain->facts.domain = domain->domain;
    domain->facts.id = domain->id;
    domain->facts.policy = domain->policy;
    domain->facts.ttl = call->ttl;
    domain->facts.rua = call->rua;
    domain->facts.addresses = call->addresses;
    domain->facts.cname = call->cname;
}

int cli_dns_gather(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call)
{
    const char *error;
    int status, i;

    call->network.began = apr_time_now();
    status = cli_dns_read_policies(p, self, call);
    if (status != CLI_EXIT_OK) {
        return status;
    }
    if (!call->is_offline && !call->configured) {
        cli_dns_know_configured(p, call);
    }
    error = call->is_offline ? NULL : query_network(p, call);
    if (error == cli_check_no_network) {
        fprintf(stderr, "mta-sts dns: %s\n", error);
        return CLI_EXIT_INVALID;
    }
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    for (i = 0; i < call->domains->nelts; i++) {
        complete_facts(call, domain_at(call, i));
    }
    return CLI_EXIT_OK;
}
