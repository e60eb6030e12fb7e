/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/served.h"

#include <sys/stat.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "cli/common/apache.h"
#include "cli/common/database.h"
#include "cli/common/input.h"
#include "cli/common/state_dir.h"

struct cli_served {
    apr_pool_t *p;
    const mta_sts_policy *of_all; /* or NULL */
    apr_hash_t *domains;          /* domain -> mta_sts_policy * */
    apr_hash_t *policies;         /* domain -> tlsrpt_policies *, for domains that were asked for */
    mta_sts_database *db;         /* has the history; or NULL */
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

    served->p = p;
    served->domains = apr_hash_make(p);
    served->policies = apr_hash_make(p);
    if (!file) {
        ask_apache(p, served->domains);
        return served;
    }
    served->of_all = cli_read_valid_policy(p, name, file);
    return served->of_all ? served : NULL;
}

void cli_served_open_history(cli_served *served, const char *state_dir)
{
    const char *dir = cli_state_dir_find(state_dir);
    struct stat info;

    /* SQLite creates files next to its database, which must not belong to another user. */
    if (!served->of_all && stat(dir, &info) == 0 && info.st_uid == geteuid() &&
        cli_database_open(served->p, NULL, state_dir, &served->db)) {
        served->db = NULL;
    }
}

const tlsrpt_policies *cli_served_of(cli_served *served, const char *domain)
{
    tlsrpt_policies *policies = apr_hash_get(served->policies, domain, APR_HASH_KEY_STRING);

    if (policies) {
        return policies;
    }
    policies = apr_pcalloc(served->p, sizeof(*policies));
    policies->served = served->of_all ? served->of_all
                                      : apr_hash_get(served->domains, domain, APR_HASH_KEY_STRING);
    if (served->db) {
        tlsrpt_policies_add_history(served->db, domain, served->p, policies);
    }
    apr_hash_set(served->policies, apr_pstrdup(served->p, domain), APR_HASH_KEY_STRING, policies);
    return policies;
}
