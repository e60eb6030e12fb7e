/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/machine.h"

#include <string.h>

#include <apr_strings.h>

#include "core/database/identity.h"
#include "core/database/internal.h"

#define NAMES_MAX 10000 /* of one host name */
#define SILENT apr_time_from_sec(86400)
#define READ "SELECT host FROM mta_sts_machine WHERE identity = %s"
/* The database's clock, since that of a machine may be wrong. */
#define NOW "CAST(extract(epoch FROM now()) * 1000000 AS bigint)"
/* Counts the machines that have the name and still need it: they have confirmed what they serve
 * within a day, or have reports. */
#define COUNT                                                                                      \
    "SELECT count(*) FROM mta_sts_machine m WHERE m.host = %s AND (m.confirmed >= " NOW " - %lld"  \
    " OR EXISTS (SELECT 1 FROM tlsrpt_report r JOIN tlsrpt_string s ON s.id = r.host"              \
    " WHERE s.text = m.host))"
#define ADD                                                                                        \
    "INSERT INTO mta_sts_machine (identity, host, confirmed) VALUES (%s, %s, " NOW ")"             \
    " ON CONFLICT (host) DO UPDATE SET identity = excluded.identity,"                              \
    " confirmed = excluded.confirmed"
/* In a database of an earlier version, no machine has confirmed anything: their day begins now. */
#define BEGIN_DAY "UPDATE mta_sts_machine SET confirmed = " NOW " WHERE confirmed = 0"
#define CONFIRM "UPDATE mta_sts_machine SET confirmed = " NOW " WHERE identity = %s"
#define CHECK "SELECT count(*) FROM mta_sts_machine WHERE identity = %s AND host = %s"

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
                                      (long long)SILENT);
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

/* Must be called in a transaction, for which other machines wait. */
static const char *add_machine(mta_sts_database *db, const char *identity, apr_pool_t *p)
{
    const char *name, *error = read_host(db, identity);

    if (error || db->has_joined) {
        return error;
    }
    error = mta_sts_database_run(db, BEGIN_DAY);
    error = error ? error : find_free(db, p, &name);
    error = error ? error : mta_sts_database_run(db, ADD, identity, name);
    return error ? error : read_host(db, identity);
}

/* Whether a name was not derived from this host name: the state directory was copied from another
 * machine, or this machine was renamed. */
static int is_of_another(const char *name, const char *host)
{
    const apr_size_t len = strlen(host);

    return strncmp(name, host, len) != 0 || (name[len] && strncmp(name + len, " (", 2) != 0);
}

static const char *check(mta_sts_database *db)
{
    apr_int64_t count = 0;
    const char *error = mta_sts_database_rows(db, CHECK, mta_sts_database_take_number, &count,
                                              db->identity, db->host);

    if (error || count) {
        return error;
    }
    db->has_lost_name = 1;
    apr_snprintf(db->error, sizeof(db->error),
                 "%s: another machine has the name %s now, because this one was silent for a day; "
                 "this one gets another name",
                 db->name, db->host);
    return db->error;
}

/* Gives the machine a name, in a transaction of its own, unless it has one already. From now on,
 * write transactions check the name. */
static const char *join(mta_sts_database *db, const char *identity, apr_pool_t *p)
{
    const char *error = db->has_joined ? NULL : mta_sts_database_begin(db);

    if (!error && !db->has_joined) {
        error = add_machine(db, identity, p);
        error = error ? error : mta_sts_database_commit(db);
        mta_sts_database_rollback(db);
    }
    if (!error) {
        db->identity = apr_pstrdup(db->pool, identity);
        db->check = check;
    }
    return error;
}

const char *mta_sts_machine_join(mta_sts_database *db, const char *state_dir, apr_pool_t *p)
{
    const char *host, *identity, *error;

    if (!mta_sts_database_is_shared(db) || db->check) {
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
    return error ? error : join(db, identity, p);
}

int mta_sts_machine_has_lost_name(const mta_sts_database *db)
{
    return db->has_lost_name;
}

const char *mta_sts_machine_confirm(mta_sts_database *db)
{
    return db->identity ? mta_sts_database_run(db, CONFIRM, db->identity) : NULL;
}

const char *mta_sts_machine_earlier(mta_sts_database *db, apr_time_t *date)
{
    apr_int64_t now = *date;
    const char *error =
        mta_sts_database_is_shared(db)
            ? mta_sts_database_rows(db, "SELECT " NOW, mta_sts_database_take_number, &now)
            : NULL;

    *date = now < *date ? now : *date;
    return error;
}

const char *mta_sts_machine_find(mta_sts_database *db, const char *state_dir, apr_pool_t *p)
{
    const char *identity =
        state_dir && mta_sts_database_is_shared(db) ? mta_sts_identity_read(p, state_dir) : NULL;

    return identity ? read_host(db, identity) : NULL;
}
