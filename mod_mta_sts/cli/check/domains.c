/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/domains.h"

#include "cli/common/hosted.h"
#include "cli/common/option.h"
#include "core/base/name.h"

cli_check_domains *cli_check_domains_make(apr_pool_t *p)
{
    cli_check_domains *domains = apr_pcalloc(p, sizeof(*domains));

    domains->p = p;
    domains->list = apr_array_make(p, 4, sizeof(cli_check_domain));
    domains->by_name = apr_hash_make(p);
    domains->certificate_days = -1;
    return domains;
}

/* Adds a domain. configured: its policy in this machine's httpd, or NULL if that is not known. */
static void add(cli_check_domains *domains, const char *domain, const cli_apache_policy *configured)
{
    cli_check_domain added = {.domain = domain};

    cli_check_domain_configure(&added, configured);
    if (!apr_hash_get(domains->by_name, domain, APR_HASH_KEY_STRING)) {
        apr_hash_set(domains->by_name, domain, APR_HASH_KEY_STRING, domain);
        APR_ARRAY_PUSH(domains->list, cli_check_domain) = added;
    }
}

const char *cli_check_domains_add(cli_check_domains *domains, const char *text)
{
    const char *domain;
    const char *error =
        mta_sts_name_parse_domain(domains->p, cli_option_name(domains->p, text), &domain);

    if (!error) {
        add(domains, domain, NULL);
    }
    return error;
}

const char *cli_check_domains_read(cli_check_domains *domains, int with_hosted)
{
    cli_apache *apache = NULL;
    const char *error = cli_apache_list(domains->p, &apache);
    int i;

    domains->apache = apache;
    if (!error && with_hosted) {
        error = cli_hosted_add(domains->p, apache, NULL, NULL, apache->policies);
        domains->apache = error ? NULL : apache; /* the configuration is not completely known */
    }
    if (!error && !apache->policies->nelts) {
        error = with_hosted ? "this machine hosts no domain yet"
                            : "httpd's configuration has no policy domain: --hosted checks those "
                              "in the database, too";
    }
    if (error) {
        return error;
    }
    for (i = 0; i < apache->policies->nelts; i++) {
        const cli_apache_policy *policy = &APR_ARRAY_IDX(apache->policies, i, cli_apache_policy);

        add(domains, policy->domain, policy);
    }
    domains->certificate_days = apache->certificate_days;
    return NULL;
}

static apr_array_header_t *names_of(const cli_check_domains *domains)
{
    apr_array_header_t *names =
        apr_array_make(domains->p, domains->list->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < domains->list->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) =
            APR_ARRAY_IDX(domains->list, i, cli_check_domain).domain;
    }
    return names;
}

const char *cli_check_domains_find_hosted(cli_check_domains *domains, const char *state_dir)
{
    apr_array_header_t *policies = apr_array_make(domains->p, 1, sizeof(cli_apache_policy));
    const apr_array_header_t *names = names_of(domains);
    const char *error = cli_hosted_add(domains->p, NULL, state_dir, names, policies);
    cli_apache *apache;
    int i;

    if (error || !policies->nelts) {
        return error;
    }
    if (!cli_apache_list(domains->p, &apache)) {
        error = cli_hosted_add(domains->p, apache, NULL, names, apache->policies);
        policies = apache->policies;
    }
    for (i = 0; i < domains->list->nelts; i++) {
        cli_check_domain *domain = &APR_ARRAY_IDX(domains->list, i, cli_check_domain);

        cli_check_domain_configure(domain, cli_apache_find(policies, domain->domain));
    }
    return error;
}
