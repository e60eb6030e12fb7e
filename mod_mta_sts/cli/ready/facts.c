/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ready/call.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/hosted.h"
#include "cli/common/input.h"
#include "cli/common/output.h"
#include "cli/common/state_dir.h"
#include "cli/common/store.h"
#include "core/database/database.h"
#include "core/database/history.h"
#include "core/hosting/rollout_read.h"
#include "core/policy/text.h"

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

/* Errors are not fatal, because this machine need not serve the domains. */
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

/* Determines the policy that is served now: the fetched one, else that of --policy, else the
 * configured one. */
static void find_served(cli_ready_domain *domain)
{
    const mta_sts_policy *configured = domain->configured ? domain->configured->policy : NULL;
    tlsrpt_readiness_facts *facts = &domain->facts;

    facts->served = facts->check && facts->check->policy ? facts->check->policy
                    : domain->given                      ? domain->given
                                                         : configured;
}

/* Reads until when senders may have copies of earlier policies. */
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

/* Reads the earlier policies from the history that the module has recorded. */
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
    error = error ? apr_pstrdup(call->p, error) : NULL; /* the database may own the text */
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

/* Without the history, earlier policies in reports are not recognized, and mode enforce counts as
 * new. This is an error only if --database was given. */
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

static int refuse_spool(const cli_subcommand *self, const char *error)
{
    fprintf(stderr,
            "mta-sts %s: %s; if another machine receives the reports and shares its database, "
            "specify that with --database\n",
            self->name, error);
    return CLI_EXIT_UNKNOWN;
}

/* With --database, this machine need not have a spool. A spool that cannot be read is an error only
 * if --state-dir names a directory that is not a state directory. */
static int check_spool(const cli_subcommand *self, const cli_ready_call *call, const char *error)
{
    const char *dir = cli_state_dir_find(call->state_dir);
    struct stat info;
    int exists = lstat(dir, &info) == 0;

    if (call->state_dir || exists) {
        fprintf(stderr,
                "mta-sts %s: %s; the reports stored there count only as far as they are "
                "in the database of --database\n",
                self->name, error);
    }
    return call->state_dir && exists && cli_state_dir_become_owner(call->p, dir) ? CLI_EXIT_UNKNOWN
                                                                                 : CLI_EXIT_OK;
}

/* Without a spool, --database is required, which contains the reports of other machines. */
static int read_reports(const cli_subcommand *self, cli_ready_call *call)
{
    tlsrpt_spool *spool;
    const char *error = cli_store_open_reader(call->p, call->state_dir, &spool);

    if (error && !call->database) {
        return refuse_spool(self, error);
    }
    if ((error && check_spool(self, call, error) != CLI_EXIT_OK) ||
        (spool && cli_store_print_unreadable(call->p, self->name, call->state_dir)) ||
        read_history(self, call) != CLI_EXIT_OK) {
        return CLI_EXIT_UNKNOWN;
    }
    if (spool) {
        cli_ready_read_spool(call, spool);
    }
    error = cli_ready_read_index(self, call);
    return error ? refuse_database(self, error) : CLI_EXIT_OK;
}

/* Reports are read last, because root then drops its privileges, which may be needed for httpd's
 * configuration, for files, and for DNSSEC trust anchors. */
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
        cli_ready_assess(call, domain_at(call, i));
    }
    return status;
}
