/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/domains.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/policy/text.h"
#include "core/dns/publication.h"
#include "core/policy/record.h"
#include "core/dns/zone_text.h"
#include "httpd/policy/hosts.h"

/* The list of this child; protected by the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static apr_pool_t *pool;
static server_rec *main_server;
static const mts_domains *made;

/* Selects the definition that senders get: the first in order of precedence that is served over
 * https. */
static const mts_served *choose(const mts_served *served, int definitions)
{
    int i = 0;

    while (i < definitions && !mts_policies_reach_senders(served + i)) {
        i++;
    }
    return served + (i < definitions ? i : 0);
}

static int count_definitions(const mts_served *served, int left)
{
    int definitions = 1;

    while (definitions < left && strcmp(served->domain, served[definitions].domain) == 0 &&
           served->is_pattern == served[definitions].is_pattern) {
        definitions++;
    }
    return definitions;
}

static apr_array_header_t *make_list(apr_pool_t *p, mts_domains *domains)
{
    const apr_array_header_t *served = mts_policies_list(p, main_server);
    apr_array_header_t *list = apr_array_make(p, served->nelts, sizeof(mts_domain));
    int i, definitions;

    for (i = 0; i < served->nelts; i += definitions) {
        const mts_served *first = &APR_ARRAY_IDX(served, i, mts_served);
        mts_domain *domain = apr_array_push(list);

        definitions = count_definitions(first, served->nelts - i);
        *domain = (mts_domain){first->domain,      first, definitions, choose(first, definitions),
                               MTA_STS_MODE_UNSET, NULL};
        domain->mode = mta_sts_policy_rendered_mode(domain->shown->policy->text);
        domains->modes[domain->mode]++;
    }
    return list;
}

/* The certificate that expires first. Those that could not be read have no expiry date. */
static const mta_sts_certificate *first_to_end(const apr_array_header_t *certificates)
{
    const mta_sts_certificate *first = NULL;
    int i;

    for (i = 0; certificates && i < certificates->nelts; i++) {
        const mta_sts_certificate *other =
            APR_ARRAY_IDX(certificates, i, const mta_sts_certificate *);

        if (!other->error && (!first || other->not_after < first->not_after)) {
            first = other;
        }
    }
    return first;
}

static const mts_domains *make(apr_pool_t *p)
{
    mts_domains *domains = apr_pcalloc(p, sizeof(*domains));
    apr_pool_t *scratch;
    int i;

    domains->hosts = mts_hosts_collect(p, main_server);
    domains->list = make_list(p, domains);
    apr_pool_create(&scratch, p);
    for (i = 0; i < domains->list->nelts; i++) {
        mts_domain *domain = &APR_ARRAY_IDX(domains->list, i, mts_domain);

        domain->certificate =
            first_to_end(mts_hosts_find(domains->hosts, scratch, domain->shown).certificates);
        if (domain->certificate &&
            (!domains->first || domain->certificate->not_after < domains->first->not_after)) {
            domains->first = domain->certificate;
        }
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    return domains;
}

const mts_domains *mts_domains_of(const server_rec *s)
{
    (void)s;
    pthread_mutex_lock(&lock);
    if (!made) {
        made = make(pool);
    }
    pthread_mutex_unlock(&lock);
    return made;
}

static int compare(const void *name, const void *domain)
{
    return strcmp(name, ((const mts_domain *)domain)->name);
}

const mts_domain *mts_domains_find(const mts_domains *domains, const char *name)
{
    return bsearch(name, domains->list->elts, (size_t)domains->list->nelts, sizeof(mts_domain),
                   compare);
}

static const mta_sts_findings *judge(apr_pool_t *p, const mts_domains *domains,
                                     const mts_domain *domain, const mta_sts_policy *policy,
                                     apr_time_t now)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    int i;

    mta_sts_policy_check(policy, domain->name, findings);
    for (i = 0; i < findings->list->nelts; i++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(findings->list, i, mta_sts_finding);

        finding->file = domain->shown->policy->at->filename;
        finding->line = domain->shown->policy->at->line_num;
    }
    if (!domain->shown->is_pattern) {
        mts_hosts_judge(domains->hosts, domain->shown, now, findings);
    }
    return findings;
}

mts_domain_facts mts_domains_facts(apr_pool_t *p, const mts_domains *domains,
                                   const mts_domain *domain, apr_time_t now)
{
    const mts_policy *policy = domain->shown->policy;
    mts_domain_facts facts = {.domain = domain};

    facts.policy = mta_sts_policy_text_read(p, policy->text, policy->len, mta_sts_findings_make(p));
    facts.id = mta_sts_policy_id(p, policy->text, policy->len);
    facts.location = mts_config_location(p, policy->at);
    facts.is_served = mts_policies_reach_senders(domain->shown);
    facts.days = domain->certificate ? mta_sts_certificate_days(domain->certificate, now) : 0;
    facts.findings = judge(p, domains, domain, facts.policy, now);
    return facts;
}

const char *mts_domains_records(apr_pool_t *p, const mts_domains *domains,
                                const mts_domain_facts *facts)
{
    const mta_sts_publication_facts publication = {
        .domain = facts->domain->name,
        .id = facts->id,
        .policy = facts->policy,
        .ttl = MTA_STS_TTL_OF_ZONE,
        .endpoint = facts->domain->shown->is_pattern
                        ? NULL
                        : mts_hosts_endpoint(domains->hosts, p, facts->domain->shown),
    };

    if (facts->domain->shown->is_pattern) {
        return apr_psprintf(p,
                            "; for each of their policy domains:\n;_mta-sts.DOMAIN. IN TXT \"%s\"",
                            mta_sts_record_render(p, facts->id));
    }
    return mta_sts_zone_render(p,
                               mta_sts_publication_make(p, &publication, mta_sts_findings_make(p)));
}

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    made = NULL;
    main_server = main;
    apr_pool_create(&pool, pchild);
}

void mts_domains_register_hooks(void)
{
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
}
