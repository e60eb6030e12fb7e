/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/served.h"

#include <stdio.h>

#include <apr_hash.h>

#include "cli/apache.h"
#include "cli/input.h"
#include "core/policy_text.h"

struct cli_served {
    const mta_sts_policy *of_all; /* or NULL */
    apr_hash_t *domains;          /* domain -> mta_sts_policy * */
};

/* Says what is wrong with a policy text. */
static void tell_errors(const char *name, const char *file, const mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if (finding->severity == MTA_STS_ERROR) {
            fprintf(stderr, "mta-sts %s: %s: line %d: %s [%s]\n", name, file, finding->line,
                    finding->message, finding->id);
        }
    }
}

static const mta_sts_policy *read_policy(apr_pool_t *p, const char *name, const char *file)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    apr_size_t len;
    const char *text = cli_read_policy(p, name, file, &len);
    const mta_sts_policy *policy;

    if (!text) {
        return NULL;
    }
    policy = mta_sts_policy_text_read(p, text, len, findings);
    if (!mta_sts_findings_count(findings, MTA_STS_ERROR)) {
        return policy;
    }
    tell_errors(name, file, findings);
    return NULL;
}

static void ask_apache(apr_pool_t *p, apr_hash_t *domains)
{
    apr_array_header_t *policies;
    int i;

    if (cli_apache_list(p, &policies)) {
        return; /* not every machine that reads reports serves policies */
    }
    for (i = 0; i < policies->nelts; i++) {
        const cli_apache_policy *of = &APR_ARRAY_IDX(policies, i, cli_apache_policy);

        apr_hash_set(domains, of->domain, APR_HASH_KEY_STRING, of->policy);
    }
}

cli_served *cli_served_read(apr_pool_t *p, const char *name, const char *file)
{
    cli_served *served = apr_pcalloc(p, sizeof(*served));

    served->domains = apr_hash_make(p);
    if (!file) {
        ask_apache(p, served->domains);
        return served;
    }
    served->of_all = read_policy(p, name, file);
    return served->of_all ? served : NULL;
}

const mta_sts_policy *cli_served_of(const cli_served *served, const char *domain)
{
    return served->of_all ? served->of_all
                          : apr_hash_get(served->domains, domain, APR_HASH_KEY_STRING);
}
