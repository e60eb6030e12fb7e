/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/served.h"

#include <apr_hash.h>

#include "cli/common/apache.h"
#include "cli/common/input.h"

struct cli_served {
    const mta_sts_policy *of_all; /* or NULL */
    apr_hash_t *domains;          /* domain -> mta_sts_policy * */
};

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
    served->of_all = cli_read_valid_policy(p, name, file);
    return served->of_all ? served : NULL;
}

const mta_sts_policy *cli_served_of(const cli_served *served, const char *domain)
{
    return served->of_all ? served->of_all
                          : apr_hash_get(served->domains, domain, APR_HASH_KEY_STRING);
}
