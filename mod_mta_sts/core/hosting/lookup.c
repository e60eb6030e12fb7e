/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/lookup.h"

#include <string.h>

#include <apr_strings.h>

#define FIND "SELECT t.text, t.id FROM served s JOIN texts t ON t.n = s.n WHERE s.domain = %s"
#define FIND_NAME                                                                                  \
    "SELECT 1 FROM served WHERE domain = %s AND n IS NOT NULL"                                     \
    " UNION ALL SELECT 1 FROM mx WHERE name IN (%s, %s) LIMIT 1"
#define READ_SYNCED "SELECT synced FROM state"

struct mta_sts_lookup {
    mta_sts_database *db;
    mta_sts_snapshot *snapshot;
    int is_synced; /* whether the snapshot was ever in sync */
};

const char *mta_sts_lookup_open(apr_pool_t *p, const char *file, mta_sts_lookup **lookup)
{
    mta_sts_database *db;
    const char *error = mta_sts_database_open_derived(p, file, 1, &db);

    *lookup = NULL;
    if (error) {
        return error;
    }
    *lookup = apr_pcalloc(p, sizeof(**lookup));
    (*lookup)->db = db;
    (*lookup)->snapshot = mta_sts_snapshot_reading(p, db);
    return NULL;
}

void mta_sts_lookup_close(mta_sts_lookup *lookup)
{
    mta_sts_database_close(lookup->db);
}

int mta_sts_lookup_is_current(const mta_sts_lookup *lookup)
{
    return mta_sts_database_is_same_file(lookup->db);
}

static int take_synced(void *baton, const char *const *columns)
{
    *(int *)baton = mta_sts_database_number(columns[0]) > 0;
    return 0;
}

/* Until its first sync the snapshot is empty, although there may be domains. */
static const char *check_synced(mta_sts_lookup *lookup)
{
    const char *error = lookup->is_synced ? NULL
                                          : mta_sts_database_rows(lookup->db, READ_SYNCED,
                                                                  take_synced, &lookup->is_synced);

    return error               ? error
           : lookup->is_synced ? NULL
                               : "the hosted domains have not been read from the database yet";
}

typedef struct finding {
    apr_pool_t *p;
    mta_sts_lookup_policy *policy;
    int is_damaged; /* the row has no text or id */
} finding;

static int take_policy(void *baton, const char *const *columns)
{
    finding *f = baton;

    f->is_damaged = !columns[0] || !columns[1];
    if (!f->is_damaged) {
        f->policy->len = strlen(columns[0]);
        f->policy->text = apr_pstrmemdup(f->p, columns[0], f->policy->len);
        f->policy->id = apr_pstrdup(f->p, columns[1]);
    }
    return 0;
}

mta_sts_lookup_result mta_sts_lookup_find(mta_sts_lookup *lookup, const char *domain, apr_pool_t *p,
                                          mta_sts_lookup_policy *policy, const char **error)
{
    finding f = {p, policy, 0};

    policy->text = NULL;
    *error = check_synced(lookup);
    if (!*error) {
        *error = mta_sts_database_rows(lookup->db, FIND, take_policy, &f, domain);
    }
    if (f.is_damaged && !*error) {
        *error = "the snapshot is damaged";
    }
    if (*error) {
        *error = apr_pstrdup(p, *error);
        return MTA_STS_LOOKUP_FAILED;
    }
    return policy->text ? MTA_STS_LOOKUP_FOUND : MTA_STS_LOOKUP_NONE;
}

static int take_any(void *baton, const char *const *columns)
{
    (void)columns;
    *(int *)baton = 1;
    return 0;
}

/* The pattern *.example.com matches hosts with exactly one more label (RFC 8461 section 4.1). */
mta_sts_lookup_result mta_sts_lookup_accepts(mta_sts_lookup *lookup, const char *name,
                                             apr_pool_t *p, const char **error)
{
    const char *parent = strchr(name, '.');
    int found = 0;

    *error = check_synced(lookup);
    if (!*error) {
        *error = mta_sts_database_rows(lookup->db, FIND_NAME, take_any, &found, name, name,
                                       parent ? apr_pstrcat(p, "*", parent, NULL) : name);
    }
    if (*error) {
        *error = apr_pstrdup(p, *error);
        return MTA_STS_LOOKUP_FAILED;
    }
    return found ? MTA_STS_LOOKUP_FOUND : MTA_STS_LOOKUP_NONE;
}

const char *mta_sts_lookup_state(mta_sts_lookup *lookup, apr_pool_t *p,
                                 mta_sts_snapshot_state *state)
{
    return mta_sts_snapshot_read_state(lookup->snapshot, p, state);
}

const char *mta_sts_lookup_database(mta_sts_lookup *lookup, mta_sts_database **db)
{
    *db = lookup->db;
    return check_synced(lookup);
}
