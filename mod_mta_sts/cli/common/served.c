/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/served.h"

#include <sys/stat.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "cli/common/apache.h"
#include "cli/common/database.h"
#include "cli/common/hosted.h"
#include "cli/common/input.h"
#include "cli/common/state_dir.h"

#define ASKED_MAX 10000

struct cli_served {
    apr_pool_t *p;
    const mta_sts_policy *of_all; /* or NULL */
    cli_apache_run *apache;       /* a process that is still running, or NULL */
    cli_apache *configured;       /* its output, or NULL */
    const char *state_dir;        /* of --state-dir, or NULL */
    int asked;                    /* number of domains looked up among the hosted ones */
    apr_hash_t *domains;          /* domain -> mta_sts_policy * */
    apr_hash_t *policies;         /* domain -> tlsrpt_policies *, for domains that were asked for */
    mta_sts_database *db;         /* has the history; or NULL */
};

static void finish_apache(cli_served *served)
{
    const char *error = cli_apache_finish(served->p, served->apache, &served->configured);
    int i;

    served->apache = NULL;
    if (error) {
        served->configured = NULL;
        return; /* not every machine that reads reports serves policies */
    }
    for (i = 0; i < served->configured->policies->nelts; i++) {
        const cli_apache_policy *of =
            &APR_ARRAY_IDX(served->configured->policies, i, cli_apache_policy);

        apr_hash_set(served->domains, of->domain, APR_HASH_KEY_STRING, of->policy);
    }
}

cli_served *cli_served_read(apr_pool_t *p, const char *name, const char *file)
{
    cli_served *served = apr_pcalloc(p, sizeof(*served));

    served->p = p;
    served->domains = apr_hash_make(p);
    served->policies = apr_hash_make(p);
    if (!file) {
        served->apache = cli_apache_start(p); /* runs while the files are being listed */
        return served;
    }
    served->of_all = cli_read_valid_policy(p, name, file);
    return served->of_all ? served : NULL;
}

void cli_served_open_history(cli_served *served, const char *state_dir)
{
    const char *dir = cli_state_dir_find(state_dir);
    struct stat info;

    served->state_dir = state_dir;

    /* SQLite creates files next to its database, which must not belong to another user. */
    if (!served->of_all && stat(dir, &info) == 0 && info.st_uid == geteuid() &&
        cli_database_open(served->p, NULL, state_dir, &served->db)) {
        served->db = NULL;
    }
}

mta_sts_database *cli_served_database(const cli_served *served)
{
    return served->db;
}

/* Finds the policy of a hosted domain. The number of lookups is limited, because reports may be
 * about any number of domains. */
static const mta_sts_policy *find_hosted(cli_served *served, const char *domain)
{
    apr_array_header_t *names = apr_array_make(served->p, 1, sizeof(const char *));
    apr_array_header_t *found = apr_array_make(served->p, 1, sizeof(cli_apache_policy));

    if (!*domain || served->asked >= ASKED_MAX) {
        return NULL;
    }
    served->asked++;
    APR_ARRAY_PUSH(names, const char *) = domain;
    if (cli_hosted_add(served->p, served->configured, served->state_dir, names, found) ||
        !found->nelts) {
        return NULL;
    }
    return APR_ARRAY_IDX(found, 0, cli_apache_policy).policy;
}

const tlsrpt_policies *cli_served_of(cli_served *served, const char *domain)
{
    tlsrpt_policies *policies = apr_hash_get(served->policies, domain, APR_HASH_KEY_STRING);

    if (policies) {
        return policies;
    }
    if (served->apache) {
        finish_apache(served);
    }
    policies = apr_pcalloc(served->p, sizeof(*policies));
    policies->served = served->of_all ? served->of_all
                                      : apr_hash_get(served->domains, domain, APR_HASH_KEY_STRING);
    if (!policies->served) {
        policies->served = find_hosted(served, domain);
    }
    if (served->db) {
        tlsrpt_policies_add_history(served->db, domain, served->p, policies);
    }
    apr_hash_set(served->policies, apr_pstrdup(served->p, domain), APR_HASH_KEY_STRING, policies);
    return policies;
}
