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
#include "httpd/hosting/hosting.h"
#include "httpd/hosting/renewal.h"
#include "httpd/policy/hosts.h"

/* A list, and the number of its holders: requests, and `current`. */
typedef struct made_list {
    mts_domains open;
    apr_pool_t *pool; /* pool that contains this object */
    int changes;      /* the counter of renewed key pairs when the list was created */
    int holders;
} made_list;

/* The newest list of this child process. The lock protects it, and the number of holders. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static made_list *current;
static server_rec *main_server;

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
        *domain = (mts_domain){.name = first->domain,
                               .served = first,
                               .definitions = definitions,
                               .shown = choose(first, definitions)};
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

static void add_certificates(apr_pool_t *p, mts_domains *domains)
{
    apr_pool_t *scratch;
    int i;

    apr_pool_create(&scratch, p);
    for (i = 0; i < domains->list->nelts; i++) {
        mts_domain *domain = &APR_ARRAY_IDX(domains->list, i, mts_domain);
        mts_host host;

        host = mts_hosts_find(domains->hosts, scratch, domain->shown);
        if (host.has_pair) { /* they are allocated by the call */
            host = mts_hosts_find(domains->hosts, p, domain->shown);
        }
        domain->certificate = first_to_end(host.certificates);
        if (domain->certificate &&
            (!domains->first || domain->certificate->not_after < domains->first->not_after)) {
            domains->first = domain->certificate;
        }
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
}

/* Creates a list in a pool with an allocator of its own, because its last holder frees it, in any
 * thread. */
static made_list *make(int changes)
{
    apr_pool_t *p;
    made_list *made;

    apr_pool_create_unmanaged_ex(&p, NULL, NULL);
    made = apr_pcalloc(p, sizeof(*made));
    made->pool = p;
    made->changes = changes;
    made->holders = 1;
    made->open.hosts = mts_hosts_collect(p, main_server);
    made->open.list = make_list(p, &made->open);
    add_certificates(p, &made->open);
    return made;
}

static void release(made_list *made)
{
    if (made && --made->holders == 0) {
        apr_pool_destroy(made->pool);
    }
}

static apr_status_t release_at_end(void *made)
{
    pthread_mutex_lock(&lock);
    release(made);
    pthread_mutex_unlock(&lock);
    return APR_SUCCESS;
}

const mts_domains *mts_domains_of(apr_pool_t *p)
{
    made_list *found;
    int changes = mts_renewal_numbers().changes;

    pthread_mutex_lock(&lock);
    if (!current || current->changes != changes) {
        release(current);
        current = make(changes);
    }
    found = current;
    found->holders++;
    pthread_mutex_unlock(&lock);
    apr_pool_cleanup_register(p, found, release_at_end, apr_pool_cleanup_null);
    return &found->open;
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

/* --- hosted domains --- */

static const char *find_row(mta_sts_lookup *lookup, apr_pool_t *p, void *baton)
{
    mta_sts_list_row *row = baton;

    return mta_sts_list_find(lookup, apr_pstrdup(p, row->domain), p, row);
}

static const mts_domain *make_hosted(const mts_domains *domains, apr_pool_t *p,
                                     const mta_sts_list_row *row)
{
    mts_policy *policy = apr_pcalloc(p, sizeof(*policy));
    mts_served *served = apr_pcalloc(p, sizeof(*served));
    mts_domain *domain = apr_pcalloc(p, sizeof(*domain));

    policy->text = row->text;
    policy->len = strlen(row->text);
    *served = (mts_served){.domain = row->domain, .policy = policy, .server = main_server};
    domain->name = row->domain;
    domain->served = domain->shown = served;
    domain->definitions = 1;
    domain->mode = mta_sts_policy_rendered_mode(row->text);
    domain->certificate = first_to_end(mts_hosts_find(domains->hosts, p, served).certificates);
    domain->is_hosted = 1;
    domain->row_wrong = row->wrong;
    domain->row_fix = row->fix;
    return domain;
}

const mts_domain *mts_domains_hosted(const server_rec *s, const mts_domains *domains, apr_pool_t *p,
                                     const char *name, mta_sts_list_row *row)
{
    *row = (mta_sts_list_row){.domain = name};
    if (!mts_hosting_is_on(s) || !*name || mts_domains_find(domains, name) ||
        mts_hosting_read(s, p, find_row, row)) {
        row->domain = NULL;
    }
    return row->domain && row->text ? make_hosted(domains, p, row) : NULL;
}

const mts_domain *mts_domains_known(const server_rec *s, const mts_domains *domains, apr_pool_t *p,
                                    const char *name)
{
    const mts_domain *domain = mts_domains_find(domains, name);
    mta_sts_list_row row;

    return domain ? domain : mts_domains_hosted(s, domains, p, name, &row);
}

/* --- facts --- */

static void locate(mta_sts_findings *findings, const ap_directive_t *at)
{
    int i;

    for (i = 0; at && i < findings->list->nelts; i++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(findings->list, i, mta_sts_finding);

        finding->file = at->filename;
        finding->line = at->line_num;
    }
}

static const mta_sts_findings *judge(apr_pool_t *p, const mts_domains *domains,
                                     const mts_domain *domain, const mta_sts_policy *policy,
                                     apr_time_t now)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);

    mta_sts_policy_check(policy, domain->name, findings);
    locate(findings, domain->shown->policy->at);
    if (domain->row_wrong) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "row-wrong", domain->name, domain->row_fix,
                            "%s; its last valid policy is still served", domain->row_wrong);
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
    facts.location = policy->at ? mts_config_location(p, policy->at) : "the database";
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
    (void)pchild;
    current = NULL;
    main_server = main;
}

void mts_domains_register_hooks(void)
{
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
}
