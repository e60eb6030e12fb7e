/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dns/history.h"

#include <sys/stat.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/state_dir.h"
#include "core/database/history.h"

static const char *read_copies(apr_pool_t *p, const cli_dns_call *call, apr_array_header_t **copies)
{
    mta_sts_database *db;
    const char *error = cli_database_open(p, call->database, call->state_dir, &db);

    if (db && !error) {
        error = mta_sts_history_cached_policies(db, mta_sts_database_host(p), apr_time_now(), p,
                                                copies);
    }
    error = error ? apr_pstrdup(p, error) : NULL; /* it may be allocated by the database */
    if (db) {
        mta_sts_database_close(db);
    }
    return error;
}

const char *cli_dns_read_history(apr_pool_t *p, cli_dns_call *call)
{
    const char *dir = cli_state_dir_find(call->state_dir), *error = NULL;
    apr_array_header_t *copies = NULL;
    struct stat info;
    int i;

    if (lstat(dir, &info) != 0 && !call->state_dir && !call->database) {
        return NULL; /* no history on this machine */
    }
    error = cli_state_dir_become_owner(p, dir);
    error = error ? error : read_copies(p, call, &copies);
    for (i = 0; copies && i < call->domains->nelts; i++) {
        cli_dns_domain *domain = &APR_ARRAY_IDX(call->domains, i, cli_dns_domain);

        if (domain->id) {
            domain->earlier_until =
                mta_sts_history_cached_until(copies, domain->domain, domain->id);
        }
    }
    return error;
}
