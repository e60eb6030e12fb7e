/* SPDX-License-Identifier: Apache-2.0 */
/* The policies to be published. */
#include "cli/common/command.h"
#include "cli/dns/call.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/hosted.h"
#include "cli/common/input.h"
#include "core/base/name.h"
#include "core/policy/text.h"

static cli_dns_domain *domain_at(const cli_dns_call *call, int i)
{
    return &APR_ARRAY_IDX(call->domains, i, cli_dns_domain);
}

void cli_dns_add_domain(apr_pool_t *p, cli_dns_call *call, const char *domain)
{
    cli_dns_domain *added = apr_array_push(call->domains);

    memset(added, 0, sizeof(*added));
    added->domain = domain;
    added->host = apr_pstrcat(p, MTA_STS_POLICY_HOST_PREFIX, domain, NULL);
    added->findings = mta_sts_findings_make(p);
}

static int read_file(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const mta_sts_policy *policy;
    apr_size_t len;
    const char *text = cli_read_policy(p, self->name, call->file, &len);
    int i;

    if (!text) {
        return CLI_EXIT_USAGE;
    }
    policy = mta_sts_policy_text_read(p, text, len, findings);
    if (mta_sts_findings_count(findings, MTA_STS_ERROR)) {
        fprintf(stderr, "mta-sts dns: %s is not a valid policy: run 'mta-sts lint %s' to see why\n",
                call->file, call->file);
        return CLI_EXIT_INVALID;
    }
    for (i = 0; i < call->domains->nelts; i++) {
        domain_at(call, i)->policy = policy;
        domain_at(call, i)->id = mta_sts_policy_id(p, text, len);
    }
    return CLI_EXIT_OK;
}

static void take_configured(apr_pool_t *p, cli_dns_domain *domain,
                            const apr_array_header_t *configured)
{
    const cli_apache_policy *policy = cli_apache_find(configured, domain->domain);

    if (policy && policy->policy) {
        domain->policy = policy->policy;
        domain->id = policy->id;
        return;
    }
    if (policy) {
        mta_sts_finding_add(domain->findings, MTA_STS_ERROR, "row-wrong", domain->domain,
                            apr_pstrcat(p, "correct its row in the database: ",
                                        cli_command(p, "policy", "set", ""), NULL),
                            "%s", policy->row_wrong);
        return;
    }
    mta_sts_finding_add(domain->findings, MTA_STS_ERROR, "policy-not-configured", domain->domain,
                        "run 'apachectl -t -D DUMP_MTA_STS' to see the configured policies; leave "
                        "out --from-apache for a policy that another server serves",
                        "this machine's httpd is not configured to serve a policy for it");
}

/* Reads the configuration, and the hosted domains. The machine need not serve policies itself. */
const char *cli_dns_know_configured(apr_pool_t *p, cli_dns_call *call)
{
    apr_array_header_t *names = apr_array_make(p, call->domains->nelts, sizeof(const char *));
    cli_apache *apache = NULL;
    const char *error = cli_apache_list(p, &apache), *unread;
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) = domain_at(call, i)->domain;
    }
    call->configured = apache ? apache->policies : apr_array_make(p, 1, sizeof(cli_apache_policy));
    unread = cli_hosted_add(p, apache, call->state_dir, names, call->configured);
    if (unread) {
        fprintf(stderr, "mta-sts dns: %s\n", unread);
    }
    return error;
}

static int read_apache(apr_pool_t *p, cli_dns_call *call)
{
    const char *error = cli_dns_know_configured(p, call);
    const apr_array_header_t *configured = call->configured;
    int is_all = call->domains->nelts == 0, i;

    if (error && !configured->nelts) {
        fprintf(stderr, "mta-sts dns: %s\n", error);
        return CLI_EXIT_INVALID;
    }
    for (i = 0; is_all && i < configured->nelts; i++) {
        cli_dns_add_domain(p, call, APR_ARRAY_IDX(configured, i, cli_apache_policy).domain);
    }
    if (!call->domains->nelts) {
        fprintf(stderr, "mta-sts dns: httpd's configuration has no policy domain; specify the "
                        "hosted ones\n");
        return CLI_EXIT_INVALID;
    }
    for (i = 0; i < call->domains->nelts; i++) {
        take_configured(call->p, domain_at(call, i), configured);
    }
    return CLI_EXIT_OK;
}

int cli_dns_read_policies(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call)
{
    switch (call->source) {
    case CLI_DNS_FILE:
        return read_file(p, self, call);
    case CLI_DNS_APACHE:
        return read_apache(p, call);
    default:
        return CLI_EXIT_OK;
    }
}
