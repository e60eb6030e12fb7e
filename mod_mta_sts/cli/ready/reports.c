/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the reports in the spool of this machine, and the sums of all machines that share a
 * database. */
#include "cli/ready/call.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/command.h"
#include "cli/common/database.h"
#include "cli/common/store.h"
#include "core/database/database.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/advice/readiness_index.h"
#include "tlsrpt/index/index.h"
#include "tlsrpt/summary/tally.h"

static cli_ready_domain *domain_at(const cli_ready_call *call, int i)
{
    return APR_ARRAY_IDX(call->domains, i, cli_ready_domain *);
}

/* --- the spool --- */

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
    apr_pool_t *kept = domain->verified->pool;
    const tlsrpt_report *whole = report->reading->report;
    const char *signer = report->receipt->verified;
    apr_time_t received = tlsrpt_receipt_time(report->receipt);
    int verified = signer != NULL;

    tlsrpt_tally_add(domain->all, cut(p, whole, domain, verified, 1), report->reading->digest,
                     report->reading->len, signer, received);
    tlsrpt_tally_add(domain->weighed, cut(p, whole, domain, verified, 0), report->reading->digest,
                     report->reading->len, signer, received);
    if (verified) {
        APR_ARRAY_PUSH(domain->verified, const char *) = apr_pstrdup(kept, report->reading->digest);
    }
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

void cli_ready_read_spool(cli_ready_call *call, tlsrpt_spool *spool)
{
    const cli_store_range range = {.since = call->since};
    apr_pool_t *ptemp;
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        cli_ready_domain *domain = domain_at(call, i);

        domain->filter.since = call->since;
        domain->filter.domain = domain->domain;
        domain->verified = apr_array_make(call->p, 1, sizeof(const char *));
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

/* --- the index --- */

/* Whether the database may contain reports from other spools as well: it is not the one in the
 * state directory. */
static int is_shared(const cli_ready_call *call)
{
    cli_database named, own;

    return call->database && !cli_database_find(call->p, call->database, call->state_dir, &named) &&
           !cli_database_find(call->p, NULL, call->state_dir, &own) &&
           (strcmp(named.driver, own.driver) != 0 || strcmp(named.where, own.where) != 0);
}

/* Determines whether the index contains all reports of this spool that count. httpd adds a report
 * within a minute, if it is running and the index is not full. */
static const char *is_complete(mta_sts_database *db, apr_pool_t *p, const cli_ready_domain *domain,
                               int *complete)
{
    const apr_array_header_t *digests = domain->verified;
    const char *error = NULL;
    apr_pool_t *each;
    int i;

    *complete = 1;
    apr_pool_create(&each, p);
    for (i = 0; !error && *complete && digests && i < digests->nelts; i++) {
        tlsrpt_index_location place;

        apr_pool_clear(each);
        error = tlsrpt_index_find(db, APR_ARRAY_IDX(digests, i, const char *), NULL, each, &place);
        *complete = !error && place.is_here;
    }
    error = error ? apr_pstrdup(p, error) : NULL;
    apr_pool_destroy(each);
    return error;
}

/* The index contains the sums of all machines including this one, so they cannot be added to those
 * of the spool. It takes precedence if it contains all reports that count here; otherwise, both are
 * assessed. Unverified reports do not affect which one is used. */
static const char *read_domain(mta_sts_database *db, cli_ready_call *call, cli_ready_domain *domain)
{
    tlsrpt_readiness_facts *by_index = apr_pmemdup(call->p, &domain->facts, sizeof(*by_index));
    const char *error;
    int complete;

    by_index->domain = domain->domain;
    error = tlsrpt_readiness_read_index(db, call->p, call->since, by_index);
    error = error ? error : is_complete(db, call->p, domain, &complete);
    if (error) {
        return error;
    }
    if (complete && (by_index->reports || !domain->facts.reports)) {
        domain->facts = *by_index;
    }
    else if (!complete && by_index->evidence) {
        domain->by_index = by_index;
    }
    return NULL;
}

static void print_incomplete(const cli_subcommand *self, const cli_ready_domain *domain)
{
    fprintf(stderr,
            "mta-sts %s: the database does not contain all verified reports about %s that this "
            "machine has stored, so the stricter of two results applies: by the database, and by "
            "these reports. httpd adds new reports within a minute, and mta-sts reindex all of "
            "them\n",
            self->name, domain->domain);
}

const char *cli_ready_read_index(const cli_subcommand *self, cli_ready_call *call)
{
    mta_sts_database *db = NULL;
    const char *error;
    int i;

    if (!is_shared(call)) {
        return NULL;
    }
    error = cli_database_open(call->p, call->database, call->state_dir, &db);
    for (i = 0; db && !error && i < call->domains->nelts; i++) {
        cli_ready_domain *domain = domain_at(call, i);

        error = read_domain(db, call, domain);
        if (domain->by_index) {
            print_incomplete(self, domain);
        }
    }
    error = error ? apr_pstrdup(call->p, error) : NULL; /* it may be allocated by the database */
    if (db) {
        mta_sts_database_close(db);
    }
    return error;
}

/* --- the verdict --- */

/* The rank of a verdict for cli_ready_worst. */
static int rank(const tlsrpt_readiness *readiness)
{
    static const int ranks[] = {
        [TLSRPT_READY_YES] = 0,
        [TLSRPT_READY_UNKNOWN] = 1,
        [TLSRPT_READY_NOT_YET] = 2,
        [TLSRPT_READY_NO] = 3,
    };

    return ranks[readiness->ready];
}

void cli_ready_assess(const cli_ready_call *call, cli_ready_domain *domain)
{
    const tlsrpt_readiness *other;
    tlsrpt_readiness_facts by_index;

    domain->facts.domain = domain->domain;
    domain->facts.place = cli_command_options(call->p, "report");
    domain->readiness = tlsrpt_readiness_assess(call->p, &domain->facts, &call->limits);
    if (!domain->by_index) {
        return;
    }
    by_index = *domain->by_index;
    by_index.place = domain->facts.place;
    other = tlsrpt_readiness_assess(call->p, &by_index, &call->limits);
    if (rank(other) > rank(domain->readiness)) {
        domain->facts = by_index;
        domain->readiness = other;
    }
}
