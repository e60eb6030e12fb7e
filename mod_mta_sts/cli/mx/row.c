/* SPDX-License-Identifier: Apache-2.0 */
/* Changes the policy of a hosted domain, which is a row of the database. */
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/state_dir.h"
#include "cli/mx/call.h"
#include "core/base/finding.h"
#include "core/hosting/edit.h"

/* The id of the policy that was compared. */
static const char *compared_id(const cli_mx_call *call, const cli_mx_plan *plan)
{
    apr_size_t len;
    const char *text = mta_sts_policy_render(call->p, plan->policy, &len);

    return text ? mta_sts_policy_id(call->p, text, len) : "";
}

/* Returns NULL, or why the row must not be changed: an alias has the policy of another domain,
 * which must be changed instead; and since all mx patterns of the row are replaced, its policy must
 * still be the one that was compared. */
static const char *judge_row(const cli_mx_call *call, const cli_mx_plan *plan,
                             const mta_sts_hosted_row *row)
{
    const mta_sts_hosted_policy *policy;

    if (!row->domain) {
        return "the domain has no row in the database";
    }
    if (row->alias_of) {
        return apr_psprintf(call->p, "it is an alias of %s: change the row of that domain",
                            row->alias_of);
    }
    policy = mta_sts_hosted_row_read(call->p, row, mta_sts_findings_make(call->p));
    return policy && strcmp(policy->id, compared_id(call, plan)) == 0
               ? NULL
               : "the row has changed, and httpd does not serve it yet; run this again in a few "
                 "seconds";
}

static const char *check_row(const cli_mx_call *call, const cli_mx_plan *plan)
{
    mta_sts_database *db = NULL;
    mta_sts_hosted_row row;
    const char *error = cli_database_open(call->p, call->database, call->state_dir, &db);
    error = error || db ? error : "there is no database: specify MTASTSDatabase with --database";
    error = error ? error : mta_sts_edit_find(db, call->domain, call->p, &row);
    error = error ? apr_pstrdup(call->p, error) : judge_row(call, plan, &row);
    if (db) {
        mta_sts_database_close(db);
    }
    return error;
}

/* Becomes the owner of the state directory. No lock is needed: a change of the row by another run,
 * on this machine or another one, is detected by the id. */
static const char *enter(const cli_mx_call *call)
{
    const char *dir = cli_state_dir_find(call->state_dir);
    struct stat info;

    return lstat(dir, &info) == 0 ? cli_state_dir_become_owner(call->p, dir) : NULL;
}

/* The arguments for `mta-sts policy`. */
static apr_array_header_t *make_words(const cli_mx_call *call, const cli_mx_plan *plan)
{
    apr_array_header_t *words = apr_array_make(call->p, 16, sizeof(const char *));
    int i;

    APR_ARRAY_PUSH(words, const char *) = cli_policy.name;
    APR_ARRAY_PUSH(words, const char *) = "set";
    for (i = 0; i < plan->changed.mx->nelts; i++) {
        APR_ARRAY_PUSH(words, const char *) = "--mx";
        APR_ARRAY_PUSH(words, const char *) = APR_ARRAY_IDX(plan->changed.mx, i, const char *);
    }
    /* Detects changes by other runs, because there is no lock. */
    APR_ARRAY_PUSH(words, const char *) = "--if-id";
    APR_ARRAY_PUSH(words, const char *) = compared_id(call, plan);
    if (call->wait) {
        APR_ARRAY_PUSH(words, const char *) = "--wait";
        APR_ARRAY_PUSH(words, const char *) = apr_itoa(call->p, call->wait);
    }
    if (call->state_dir) {
        APR_ARRAY_PUSH(words, const char *) = "--state-dir";
        APR_ARRAY_PUSH(words, const char *) = call->state_dir;
    }
    if (call->database) {
        APR_ARRAY_PUSH(words, const char *) = "--database";
        APR_ARRAY_PUSH(words, const char *) = call->database;
    }
    if (call->network.server) { /* for the comparison with the MX records */
        APR_ARRAY_PUSH(words, const char *) = "--resolver";
        APR_ARRAY_PUSH(words, const char *) = call->network.server;
    }
    APR_ARRAY_PUSH(words, const char *) = call->domain;
    APR_ARRAY_PUSH(words, const char *) = NULL;
    return words;
}

int cli_mx_apply_row(const cli_mx_call *call, const cli_mx_plan *plan)
{
    const apr_array_header_t *words = make_words(call, plan);
    const char *error = enter(call);

    error = error ? error : check_row(call, plan);
    return error ? cli_mx_fail("nothing was changed: %s", error)
                 : cli_policy.run(call->p, &cli_policy, words->nelts - 1,
                                  (const char *const *)words->elts);
}
