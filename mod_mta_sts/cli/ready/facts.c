/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ready/call.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/hosted.h"
#include "cli/common/input.h"
#include "cli/common/output.h"
#include "cli/common/store.h"
#include "core/database/database.h"
#include "core/database/history.h"
#include "core/hosting/rollout_read.h"
#include "core/policy/text.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/advice/readiness_index.h"
#include "tlsrpt/summary/tally.h"

static cli_ready_domain *domain_at(const cli_ready_call *call, int i)
{
    return APR_ARRAY_IDX(call->domains, i, cli_ready_domain *);
}

/* --- the policies that were served --- */

static void take_configured(cli_ready_call *call)
{
    int i;

    for (i = 0; i < call->configured->nelts; i++) {
        const cli_apache_policy *policy = &APR_ARRAY_IDX(call->configured, i, cli_apache_policy);
        cli_ready_domain *domain = apr_hash_get(call->by_name, policy->domain, APR_HASH_KEY_STRING);

        if (domain) {
            domain->configured = policy;
        }
    }
}

/* It does not matter if httpd's configuration is not available: this machine may not serve the
 * domains. */
static void read_apache(const cli_subcommand *self, cli_ready_call *call)
{
    apr_array_header_t *names = apr_array_make(call->p, call->domains->nelts, sizeof(const char *));
    cli_apache *apache = NULL;
    const char *error;
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) = domain_at(call, i)->domain;
    }
    cli_apache_list(call->p, &apache);
    call->configured =
        apache ? apache->policies : apr_array_make(call->p, 1, sizeof(cli_apache_policy));
    error = cli_hosted_add(call->p, apache, call->state_dir, names, call->configured);
    if (error) {
        fprintf(stderr, "mta-sts %s: %s\n", self->name, error);
    }
    take_configured(call);
}

static int read_files(const cli_subcommand *self, cli_ready_call *call)
{
    int i, j;

    for (i = 0; i < call->files->nelts; i++) {
        const mta_sts_policy *policy =
            cli_read_valid_policy(call->p, self->name, APR_ARRAY_IDX(call->files, i, const char *));

        if (!policy) {
            return CLI_EXIT_UNKNOWN;
        }
        for (j = 0; j < call->domains->nelts; j++) {
            cli_ready_domain *domain = domain_at(call, j);

            domain->given = domain->given ? domain->given : policy;
            tlsrpt_policies_add(call->p, &domain->facts.policies, policy, 0);
        }
    }
    return CLI_EXIT_OK;
}

/* --- the deployment --- */

static int query_network(const cli_subcommand *self, cli_ready_call *call)
{
    apr_array_header_t *checked =
        apr_array_make(call->p, call->domains->nelts, sizeof(cli_check_domain));
    const char *error;
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        const cli_ready_domain *domain = domain_at(call, i);
        cli_check_domain to_check = {.domain = domain->domain};

        if (domain->configured) {
            call->network.warning_days = domain->configured->certificate_days;
        }
        cli_check_domain_configure(&to_check, domain->configured);
        APR_ARRAY_PUSH(checked, cli_check_domain) = to_check;
    }
    error = cli_check_run(call->p, &call->network, checked);
    if (error == cli_check_no_network) {
        fprintf(stderr, "mta-sts ready: %s; --no-check uses only the reports\n", error);
        return CLI_EXIT_UNKNOWN;
    }
    if (error) {
        cli_usage_error(self, "%s", error);
        return CLI_EXIT_UNKNOWN;
    }
    for (i = 0; i < call->domains->nelts; i++) {
        domain_at(call, i)->facts.deployment = APR_ARRAY_IDX(checked, i, cli_check_domain).facts;
        domain_at(call, i)->facts.check = APR_ARRAY_IDX(checked, i, cli_check_domain).result;
    }
    return CLI_EXIT_OK;
}

/* Which policy is served now: the fetched one, else that of --policy, else the configured one. */
static void find_served(cli_ready_domain *domain)
{
    const mta_sts_policy *configured = domain->configured ? domain->configured->policy : NULL;
    tlsrpt_readiness_facts *facts = &domain->facts;

    facts->served = facts->check && facts->check->policy ? facts->check->policy
                    : domain->given                      ? domain->given
                                                         : configured;
}

/* Who may have copies of earlier policies. */
static const char *read_rollout(cli_ready_call *call, mta_sts_database *db,
                                cli_ready_domain *domain)
{
    const mta_sts_policy *served = domain->facts.served;
    mta_sts_rollout_query query = {
        .domain = domain->domain, .host = mta_sts_database_host(db), .now = call->limits.now};
    mta_sts_rollout *rollout;
    const char *text, *error;
    apr_size_t len;

    if (served) {
        text = mta_sts_policy_render(call->p, served, &len);
        query.id = mta_sts_policy_id(call->p, text, len);
    }
    error = mta_sts_rollout_read(db, &query, call->p, &rollout);
    domain->rollout = rollout;
    return error;
}

/* Reads which policies were served earlier, as the module recorded. */
static const char *read_database(cli_ready_call *call)
{
    mta_sts_database *db = NULL;
    const char *error = cli_database_open(call->p, call->database, call->state_dir, &db);
    int i;

    for (i = 0; db && !error && i < call->domains->nelts; i++) {
        cli_ready_domain *domain = domain_at(call, i);

        error = tlsrpt_policies_add_history(db, domain->domain, call->p, &domain->facts.policies);
        error = error ? error : read_rollout(call, db, domain);
    }
    error = error ? apr_pstrdup(call->p, error) : NULL; /* it may be allocated by the database */
    if (db) {
        mta_sts_database_close(db);
    }
    return error;
}

static int refuse_database(const cli_subcommand *self, const char *error)
{
    fprintf(stderr, "mta-sts %s: --database: %s\n", self->name, error);
    return CLI_EXIT_UNKNOWN;
}

/* Without the history, an earlier policy in a report is not recognized, and mode enforce counts as
 * new: that is an error only if --database was given. */
static int read_history(const cli_subcommand *self, cli_ready_call *call)
{
    const char *error = read_database(call);

    if (error && call->database) {
        return refuse_database(self, error);
    }
    if (error) {
        fprintf(stderr,
                "mta-sts %s: the record of served policies cannot be read: %s; so mode enforce "
                "counts as new, and earlier policies in reports are not recognized. Make it "
                "readable, or name the database with --database, and run this again\n",
                self->name, cli_printable(call->p, error));
    }
    return CLI_EXIT_OK;
}

/* --- the reports --- */

/* A copy of a report with only those policies that are relevant for the domain. */
static const tlsrpt_report *cut(apr_pool_t *p, const tlsrpt_report *report,
                                const cli_ready_domain *domain, int verified, int all)
{
    tlsrpt_report *part = apr_pmemdup(p, report, sizeof(*part));
    int i;

    part->policies = apr_array_make(p, 1, sizeof(tlsrpt_policy));
    for (i = 0; i < report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);

        if (policy->domain && strcmp(policy->domain, domain->domain) == 0 &&
            (all ? tlsrpt_evidence_is_mta_sts(policy->type)
                 : tlsrpt_evidence_is_about_enforce(policy, verified))) {
            APR_ARRAY_PUSH(part->policies, tlsrpt_policy) = *policy;
        }
    }
    return part;
}

static void count(apr_pool_t *p, const cli_store_report *report, cli_ready_domain *domain)
{
    const tlsrpt_report *whole = report->reading->report;
    const char *signer = report->receipt->verified;
    apr_time_t received = tlsrpt_receipt_time(report->receipt);
    int verified = signer != NULL;

    tlsrpt_tally_add(domain->all, cut(p, whole, domain, verified, 1), report->reading->digest,
                     report->reading->len, signer, received);
    tlsrpt_tally_add(domain->weighed, cut(p, whole, domain, verified, 0), report->reading->digest,
                     report->reading->len, signer, received);
}

/* Whether an earlier policy of the report is about the same domain. */
static int is_repeated(const apr_array_header_t *policies, int i)
{
    const char *domain = APR_ARRAY_IDX(policies, i, tlsrpt_policy).domain;
    int j;

    for (j = 0; j < i; j++) {
        const char *other = APR_ARRAY_IDX(policies, j, tlsrpt_policy).domain;

        if (other && strcmp(other, domain) == 0) {
            return 1;
        }
    }
    return 0;
}

static void take_report(void *data, apr_pool_t *p, const cli_store_report *report)
{
    cli_ready_call *call = data;
    const apr_array_header_t *policies;
    int i;

    if (report->is_unopened) {
        call->first_unopened = call->unopened++
                                   ? call->first_unopened
                                   : apr_pstrcat(call->p, report->path, ": ", report->error, NULL);
        return;
    }
    if (report->error || report->reading->outcome != TLSRPT_READ) {
        call->unreadable++;
        return;
    }
    policies = report->reading->report->policies;
    for (i = 0; i < policies->nelts; i++) {
        const char *name = APR_ARRAY_IDX(policies, i, tlsrpt_policy).domain;
        cli_ready_domain *domain =
            name ? apr_hash_get(call->by_name, name, APR_HASH_KEY_STRING) : NULL;

        if (domain && !is_repeated(policies, i)) {
            count(p, report, domain);
        }
    }
}

static const tlsrpt_domain *sum_of(const tlsrpt_summary *summary)
{
    return summary->domains->nelts ? APR_ARRAY_IDX(summary->domains, 0, tlsrpt_domain *) : NULL;
}

static void sum_up(cli_ready_domain *domain)
{
    const tlsrpt_summary *all = tlsrpt_tally_sum(domain->all);

    domain->facts.reports = sum_of(all);
    domain->facts.earlier = all->earlier;
    domain->facts.apart = all->apart_count;
    domain->facts.evidence = sum_of(tlsrpt_tally_sum(domain->weighed));
}

/* Reads the reports of this machine. */
static void read_spool(cli_ready_call *call, tlsrpt_spool *spool)
{
    const cli_store_range range = {.since = call->since};
    apr_pool_t *ptemp;
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        cli_ready_domain *domain = domain_at(call, i);

        domain->filter.since = call->since;
        domain->filter.domain = domain->domain;
        domain->all = tlsrpt_tally_make(call->p, &domain->filter);
        domain->weighed = tlsrpt_tally_make(call->p, &domain->filter);
    }
    apr_pool_create(&ptemp, call->p);
    cli_store_walk(ptemp, spool, &range, take_report, call);
    apr_pool_destroy(ptemp);
    for (i = 0; i < call->domains->nelts; i++) {
        sum_up(domain_at(call, i));
    }
}

/* Another machine that shares the database may receive the reports: its index has their sums.
 * Returns NULL, or an error text. */
static const char *read_index(cli_ready_call *call)
{
    mta_sts_database *db = NULL;
    const char *error = cli_database_open(call->p, call->database, call->state_dir, &db);
    int i;

    for (i = 0; db && !error && i < call->domains->nelts; i++) {
        cli_ready_domain *domain = domain_at(call, i);

        domain->facts.domain = domain->domain;
        error = domain->facts.reports
                    ? NULL
                    : tlsrpt_readiness_read_index(db, call->p, call->since, &domain->facts);
    }
    error = error ? apr_pstrdup(call->p, error) : NULL;
    if (db) {
        mta_sts_database_close(db);
    }
    return error;
}

/* Without a spool, --database is required: there the reports of other machines are. */
static int read_reports(const cli_subcommand *self, cli_ready_call *call)
{
    tlsrpt_spool *spool;
    const char *error = cli_store_open_reader(call->p, call->state_dir, &spool);

    if (error && !call->database) {
        fprintf(stderr,
                "mta-sts %s: %s; if another machine receives the reports and shares its database, "
                "specify that with --database\n",
                self->name, error);
        return CLI_EXIT_UNKNOWN;
    }
    if ((spool && cli_store_print_unreadable(call->p, self->name, call->state_dir)) ||
        read_history(self, call) != CLI_EXIT_OK) {
        return CLI_EXIT_UNKNOWN;
    }
    if (spool) {
        read_spool(call, spool);
    }
    error = read_index(call);
    if (error && call->database) {
        return refuse_database(self, error);
    }
    return CLI_EXIT_OK;
}

/* Reports are read last, because root gives up its rights for that, which may be needed for httpd's
 * configuration, files and DNSSEC anchors. */
int cli_ready_gather(const cli_subcommand *self, cli_ready_call *call)
{
    int status = read_files(self, call), i;

    read_apache(self, call);
    if (status == CLI_EXIT_OK && !call->no_check) {
        status = query_network(self, call);
    }
    for (i = 0; i < call->domains->nelts; i++) {
        find_served(domain_at(call, i));
    }
    if (status == CLI_EXIT_OK) {
        status = read_reports(self, call);
    }
    for (i = 0; status == CLI_EXIT_OK && i < call->domains->nelts; i++) {
        cli_ready_domain *domain = domain_at(call, i);

        domain->facts.domain = domain->domain;
        domain->readiness = tlsrpt_readiness_assess(call->p, &domain->facts, &call->limits);
    }
    return status;
}
