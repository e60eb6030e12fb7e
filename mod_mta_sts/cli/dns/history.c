/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dns/history.h"

#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/state_dir.h"
#include "core/database/history.h"
#include "core/hosting/past.h"
#include "core/hosting/rollout_read.h"

/* The same by the fetch log, which may be complete for the time that matters. */
static const char *read_log(apr_pool_t *p, mta_sts_database *db, apr_time_t now,
                            cli_dns_domain *domain)
{
    mta_sts_rollout *rollout;
    const char *error =
        mta_sts_rollout_read(db, domain->domain, mta_sts_database_host(db), now, p, &rollout);

    /* The policy to be published need not be served yet: then the log says nothing about it. */
    domain->earlier_until_by_log =
        !error && rollout && rollout->current && strcmp(rollout->current->id, domain->id) == 0
            ? mta_sts_rollout_by_log(rollout)
            : -1;
    return error;
}

/* From the history, and from the earlier rows of a hosted domain. */
static const char *read_domain(apr_pool_t *p, mta_sts_database *db,
                               const apr_array_header_t *copies, cli_dns_domain *domain)
{
    const apr_time_t now = apr_time_now();
    apr_array_header_t *past;
    const char *error = mta_sts_past_read(db, domain->domain, now, p, &past);
    apr_time_t until;

    domain->earlier_until = mta_sts_history_cached_until(copies, domain->domain, domain->id);
    if (error) {
        return error;
    }
    until = mta_sts_past_cached_until(past, domain->id, now);
    domain->earlier_until = until > domain->earlier_until ? until : domain->earlier_until;
    return domain->earlier_until ? read_log(p, db, now, domain) : NULL;
}

static const char *read_domains(apr_pool_t *p, mta_sts_database *db, cli_dns_call *call)
{
    apr_array_header_t *copies;
    const char *error =
        mta_sts_history_cached_policies(db, mta_sts_database_host(db), apr_time_now(), p, &copies);
    int i;

    for (i = 0; !error && i < call->domains->nelts; i++) {
        cli_dns_domain *domain = &APR_ARRAY_IDX(call->domains, i, cli_dns_domain);

        error = domain->id ? read_domain(p, db, copies, domain) : NULL;
    }
    return error;
}

const char *cli_dns_read_history(apr_pool_t *p, cli_dns_call *call)
{
    const char *dir = cli_state_dir_find(call->state_dir), *error = NULL;
    mta_sts_database *db = NULL;
    struct stat info;

    if (lstat(dir, &info) != 0 && !call->state_dir && !call->database) {
        return NULL; /* no history on this machine */
    }
    error = cli_state_dir_become_owner(p, dir);
    error = error ? error : cli_database_open(p, call->database, call->state_dir, &db);
    if (!error && db) {
        error = read_domains(p, db, call);
    }
    error = error ? apr_pstrdup(p, error) : NULL; /* it may be allocated by the database */
    if (db) {
        mta_sts_database_close(db);
    }
    return error;
}
