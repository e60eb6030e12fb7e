/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dns/history.h"

#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/state_dir.h"
#include "core/hosting/rollout_read.h"

/* The policy to be published counts as the current one, even if it is not served yet. */
static const char *read_domain(apr_pool_t *p, mta_sts_database *db, cli_dns_domain *domain)
{
    const mta_sts_rollout_query query = {.domain = domain->domain,
                                         .host = mta_sts_database_host(db),
                                         .now = apr_time_now(),
                                         .id = domain->id,
                                         .is_brief = 1};
    mta_sts_rollout *rollout;
    const char *error = mta_sts_rollout_read(db, &query, p, &rollout);

    if (!error && rollout) {
        domain->copies = mta_sts_rollout_copies(rollout);
        domain->facts.copies = &domain->copies;
    }
    return error;
}

static const char *read_domains(apr_pool_t *p, mta_sts_database *db, cli_dns_call *call)
{
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < call->domains->nelts; i++) {
        cli_dns_domain *domain = &APR_ARRAY_IDX(call->domains, i, cli_dns_domain);

        error = domain->id ? read_domain(p, db, domain) : NULL;
    }
    return error;
}

const char *cli_dns_read_history(apr_pool_t *p, cli_dns_call *call)
{
    const char *dir = cli_state_dir_find(call->state_dir), *error = NULL;
    mta_sts_database *db = NULL;
    struct stat info;
    const int exists = lstat(dir, &info) == 0; /* a named one does */

    if (!exists && !call->database) {
        return NULL; /* no history on this machine */
    }
    error = exists ? cli_state_dir_become_owner(p, dir) : NULL;
    error = error ? error : cli_database_open(p, call->database, call->state_dir, &db);
    if (!error && db) {
        error = read_domains(p, db, call);
    }
    error = error ? apr_pstrdup(p, error) : NULL; /* the database may own the text */
    if (db) {
        mta_sts_database_close(db);
    }
    return error;
}
