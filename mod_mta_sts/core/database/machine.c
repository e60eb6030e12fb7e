/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/machine.h"

#include <string.h>

#include <apr_strings.h>

#include "core/database/history.h"
#include "core/database/identity.h"
#include "core/database/internal.h"

#define NAMES_MAX 10000 /* of one host name */
#define SILENT apr_time_from_sec(86400)
#define READ "SELECT host FROM mta_sts_machine WHERE identity = %s"
/* Whether a machine has the name and needs it: it has confirmed what it serves within a day, or has
 * reports, or has not started completely yet. That depends on no clock that was not set. */
#define COUNT                                                                                      \
    "SELECT count(*) FROM mta_sts_machine m WHERE m.host = %s AND (NOT EXISTS"                     \
    " (SELECT 1 FROM mta_sts_history_host h WHERE h.host = m.host AND h.noted >= %lld"             \
    " AND h.noted < extract(epoch FROM now()) * 1000000 - %lld) OR EXISTS"                         \
    " (SELECT 1 FROM tlsrpt_report r JOIN tlsrpt_string s ON s.id = r.host WHERE s.text = "        \
    "m.host))"
#define ADD                                                                                        \
    "INSERT INTO mta_sts_machine (identity, host) VALUES (%s, %s)"                                 \
    " ON CONFLICT (host) DO UPDATE SET identity = excluded.identity"

static int take_host(void *baton, const char *const *columns)
{
    mta_sts_database *db = baton;

    db->host = mta_sts_database_text(db->pool, columns[0]);
    db->has_joined = 1;
    return 0;
}

static const char *read_host(mta_sts_database *db, const char *identity)
{
    return mta_sts_database_rows(db, READ, take_host, db, identity);
}

/* The first name that no other machine has or needs. */
static const char *find_free(mta_sts_database *db, apr_pool_t *p, const char **name)
{
    const char *host = mta_sts_database_host(db), *error;
    apr_int64_t count = 1;
    int i;

    for (i = 1; count && i <= NAMES_MAX; i++) {
        *name = i == 1 ? host : apr_psprintf(p, "%s (%d)", host, i);
        error = mta_sts_database_rows(db, COUNT, mta_sts_database_take_number, &count, *name,
                                      (long long)MTA_STS_HISTORY_FIRST, (long long)SILENT);
        if (error) {
            return error;
        }
    }
    return count ? apr_psprintf(
                       p,
                       "%s has too many machines that are named %s: give them different host names",
                       mta_sts_database_name(db), host)
                 : NULL;
}

/* In a transaction: other machines wait. */
static const char *add_machine(mta_sts_database *db, const char *identity, apr_pool_t *p)
{
    const char *name, *error = read_host(db, identity);

    if (error || db->has_joined) {
        return error;
    }
    error = find_free(db, p, &name);
    error = error ? error : mta_sts_database_run(db, ADD, identity, name);
    return error ? error : read_host(db, identity);
}

/* Whether a name is not that of a machine with this host name: the state directory is a copy of
 * that of another machine, or this one was renamed. */
static int is_of_another(const char *name, const char *host)
{
    const apr_size_t len = strlen(host);

    return strncmp(name, host, len) != 0 || (name[len] && strncmp(name + len, " (", 2) != 0);
}

const char *mta_sts_machine_join(mta_sts_database *db, const char *state_dir, apr_pool_t *p)
{
    const char *host, *identity, *error;

    if (!mta_sts_database_is_shared(db)) {
        return NULL;
    }
    host = mta_sts_database_host(db);
    error = mta_sts_identity_find(p, state_dir, &identity);
    error = error ? error : read_host(db, identity);
    if (!error && db->has_joined && is_of_another(mta_sts_database_host(db), host)) {
        db->host = host;
        db->has_joined = 0;
        error = mta_sts_identity_renew(p, state_dir, &identity);
    }
    if (error || db->has_joined) {
        return error;
    }
    error = mta_sts_database_begin(db);
    error = error ? error : add_machine(db, identity, p);
    error = error ? error : mta_sts_database_commit(db);
    mta_sts_database_rollback(db);
    return error;
}

const char *mta_sts_machine_find(mta_sts_database *db, const char *state_dir, apr_pool_t *p)
{
    const char *identity =
        state_dir && mta_sts_database_is_shared(db) ? mta_sts_identity_read(p, state_dir) : NULL;

    return identity ? read_host(db, identity) : NULL;
}
