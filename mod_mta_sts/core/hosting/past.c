/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/past.h"

#include <string.h>

#include <apr_strings.h>

#include "core/hosting/edit.h"
#include "core/hosting/tables.h"

/* A panel may change a row any number of times; only the latest values are read. */
#define READ_MAX 1000

/* An alias also has the past of its target domain. */
#define READ                                                                                       \
    "SELECT domain, mode, mx, max_age, ended, alias_of FROM (SELECT * FROM mta_sts_policy_past "   \
    "WHERE"                                                                                        \
    " domain = %s OR domain IN (SELECT alias_of FROM mta_sts_policy WHERE domain = %s)"            \
    " OR domain IN (SELECT alias_of FROM mta_sts_policy_past WHERE domain = %s)"                   \
    " ORDER BY n DESC LIMIT %d) l ORDER BY n"

/* A target of which the domain was an alias, and until when. */
typedef struct alias {
    const char *target;
    apr_time_t until;
} alias;

typedef struct reader {
    apr_pool_t *p;
    apr_array_header_t *policies;
    apr_array_header_t *aliases; /* of alias */
} reader;

/* Adds the policy of a row. A row that is not valid prolongs the policy before it. */
static void add(reader *r, const mta_sts_hosted_row *row, apr_time_t until, int is_current)
{
    const mta_sts_hosted_policy *policy =
        mta_sts_hosted_row_read(r->p, row, mta_sts_findings_make(r->p));
    mta_sts_past_policy *last =
        r->policies->nelts
            ? &APR_ARRAY_IDX(r->policies, r->policies->nelts - 1, mta_sts_past_policy)
            : NULL;

    if (policy) {
        APR_ARRAY_PUSH(r->policies, mta_sts_past_policy) =
            (mta_sts_past_policy){policy, until, is_current};
    }
    else if (last) {
        last->until = until;
        last->is_current = is_current;
    }
}

/* Records the target of an alias, whose other values have no meaning. */
static void note_alias(reader *r, const char *target, apr_time_t until)
{
    alias *last =
        r->aliases->nelts ? &APR_ARRAY_IDX(r->aliases, r->aliases->nelts - 1, alias) : NULL;

    if (!last || strcmp(last->target, target) != 0) {
        last = apr_array_push(r->aliases);
        last->target = apr_pstrdup(r->p, target);
    }
    last->until = until;
}

static int take_past(void *baton, const char *const *columns)
{
    reader *r = baton;
    apr_time_t until = apr_time_from_sec(mta_sts_database_number(columns[4]));
    const mta_sts_hosted_row row = {.domain = apr_pstrdup(r->p, columns[0]),
                                    .mode = columns[1],
                                    .mx = columns[2],
                                    .max_age = columns[3]};

    if (columns[5]) {
        note_alias(r, columns[5], until);
    }
    else {
        add(r, &row, until, 0);
    }
    return 1;
}

/* Adds the current policies of the targets of earlier aliases, because they may have been the same
 * then. The targets' past is read together with that of the domain. */
static const char *add_targets(mta_sts_database *db, reader *r)
{
    const char *error = NULL;
    int i;

    for (i = 0; i < r->aliases->nelts && !error; i++) {
        const alias *one = &APR_ARRAY_IDX(r->aliases, i, alias);
        mta_sts_hosted_row row;

        error = mta_sts_edit_find(db, one->target, r->p, &row);
        if (!error && row.domain) {
            add(r, &row, one->until, 0);
        }
    }
    return error;
}

const char *mta_sts_past_read(mta_sts_database *db, const char *domain, apr_time_t now,
                              apr_pool_t *p, apr_array_header_t **policies)
{
    reader r = {p, apr_array_make(p, 4, sizeof(mta_sts_past_policy)),
                apr_array_make(p, 1, sizeof(alias))};
    const char *problem, *error = mta_sts_hosting_tables_check(db, &problem);
    mta_sts_hosted_row row;

    *policies = r.policies;
    if (error || problem) {
        return error;
    }
    error = mta_sts_database_rows(db, READ, take_past, &r, domain, domain, domain, READ_MAX);
    error = error ? error : add_targets(db, &r);
    error = error ? error : mta_sts_edit_find(db, domain, p, &row);
    if (!error && row.domain) {
        add(&r, &row, now, 1);
    }
    return error;
}
