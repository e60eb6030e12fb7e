/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/subcommand.h"
#include "cli/common/command.h"
#include "cli/policy/call.h"
#include "core/base/format.h"
#include "core/base/name.h"
#include "core/hosting/edit.h"
#include "core/hosting/rollout_read.h"
#include "core/hosting/source.h"

#define POLL apr_time_from_msec(300)

#define REMOVAL_MAX_AGE "86400" /* of mode none: RFC 8461 section 8.3 */

/* --- storing a row --- */

/* Completes a row: values that the options do not set remain as they were. */
static mta_sts_hosted_row complete(const cli_policy_call *call, const char *domain,
                                   const mta_sts_hosted_row *before)
{
    int has_own = call->mx->nelts || call->mode || call->max_age;
    mta_sts_hosted_row row = {.domain = domain, .alias_of = call->alias_of};

    if (call->alias_of || (before->alias_of && !has_own)) {
        row.alias_of = call->alias_of ? call->alias_of : before->alias_of;
        return row;
    }
    row.mx = call->mx->nelts ? apr_array_pstrcat(call->p, call->mx, ' ') : before->mx;
    row.mode = call->mode ? call->mode : before->mode ? before->mode : MTA_STS_HOSTED_MODE;
    row.max_age = call->max_age     ? call->max_age
                  : before->max_age ? before->max_age
                                    : MTA_STS_HOSTED_MAX_AGE;
    return row;
}

static int is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static const char *compare_rows(const mta_sts_hosted_row *a, const mta_sts_hosted_row *b)
{
    return is_same_text(a->mode, b->mode) && is_same_text(a->mx, b->mx) &&
                   is_same_text(a->max_age, b->max_age) && is_same_text(a->alias_of, b->alias_of)
               ? NULL
               : "nothing was changed: its row was changed by someone else in the meantime; run "
                 "this again";
}

/* Begins the transaction that changes a row. Judging the row takes time, so it must be unchanged
 * since then. */
static const char *begin_change(cli_policy_call *call, const char *domain,
                                const mta_sts_hosted_row *before)
{
    mta_sts_hosted_row now;
    const char *error = mta_sts_edit_begin(call->db);

    error = error ? error : mta_sts_edit_hold(call->db, domain);
    error = error ? error : mta_sts_edit_find(call->db, domain, call->p, &now);
    return error ? error : compare_rows(before, &now);
}

/*
 * Stores a row and reads it again, in one transaction; an alias then has the values of its target
 * domain. The values must still be those that were judged.
 *
 * @param before the row when it was judged
 * @param stored in: the expected row; out: the stored row
 */
static const char *store(cli_policy_call *call, const mta_sts_hosted_row *row,
                         const mta_sts_hosted_row *before, mta_sts_hosted_row *stored,
                         apr_int64_t *position)
{
    const mta_sts_hosted_row judged = *stored;
    const char *error = begin_change(call, row->domain, before);

    error = error            ? error
            : before->domain ? mta_sts_edit_set(call->db, row)
                             : mta_sts_edit_add(call->db, row);
    error = error ? error : mta_sts_edit_find(call->db, row->domain, call->p, stored);
    error = error ? error : compare_rows(&judged, stored);
    return error ? error : mta_sts_edit_position(call->db, row->domain, position);
}

/* --- waiting --- */

/* Finds the machines that do not serve a change yet; live: out: the number of machines that are
 * running. */
static const char *find_late(const cli_policy_call *call, apr_int64_t position,
                             apr_array_header_t *late, int *live)
{
    apr_array_header_t *machines;
    const char *error = mta_sts_source_machines(call->db, call->p, &machines);
    int i;

    apr_array_clear(late);
    *live = 0;
    for (i = 0; !error && i < machines->nelts; i++) {
        const mta_sts_source_machine *machine = &APR_ARRAY_IDX(machines, i, mta_sts_source_machine);

        if (machine->seen >= MTA_STS_SOURCE_ALIVE) {
            continue;
        }
        ++*live;
        if (machine->position < position) {
            APR_ARRAY_PUSH(late, const char *) = machine->host;
        }
    }
    return error;
}

/* Waits until all machines serve a change. */
static int wait_for_machines(cli_policy_call *call, apr_int64_t position)
{
    apr_time_t end = apr_time_now() + apr_time_from_sec(call->wait);
    apr_array_header_t *late = apr_array_make(call->p, 4, sizeof(const char *));
    const char *error;
    int live;

    for (;;) {
        error = find_late(call, position, late, &live);
        if (error) {
            return cli_policy_fail("%s", error);
        }
        if (live && !late->nelts) {
            fprintf(call->talk, "%s it.\n",
                    live == 1 ? "The only machine serves"
                              : apr_psprintf(call->p, "All %d machines serve", live));
            return CLI_EXIT_OK;
        }
        if (apr_time_now() >= end) {
            break;
        }
        apr_sleep(POLL);
    }
    return live ? cli_policy_fail("after %d seconds, %s still do not serve it: do not publish the "
                                  "record until they do",
                                  call->wait, mta_sts_format_names(call->p, late, 5))
                : cli_policy_fail("no httpd with MTASTSHosting on has used this database within "
                                  "the last %d minutes: start it before you publish the record",
                                  MTA_STS_SOURCE_ALIVE / 60);
}

/* --- set --- */

static const char *parse_names(cli_policy_call *call, const char *text, const char **domain)
{
    const char *error = mta_sts_name_parse_domain(call->p, cli_option_name(call->p, text), domain);

    if (!error && call->alias_of) {
        error = mta_sts_name_parse_domain(call->p, cli_option_name(call->p, call->alias_of),
                                          &call->alias_of);
    }
    if (!error && call->alias_of &&
        (call->mx->nelts || call->mode || call->max_age || strcmp(call->alias_of, *domain) == 0)) {
        return "--alias-of names another domain, and takes all its values from there";
    }
    return error;
}

/* Determines the row as it will be read after it is stored: an alias has the values of its target
 * domain. */
static const char *resolve(const cli_policy_call *call, const mta_sts_hosted_row *row,
                           mta_sts_hosted_row *resolved)
{
    const char *error = NULL;

    *resolved = *row;
    if (row->alias_of) {
        error = mta_sts_edit_find(call->db, row->alias_of, call->p, resolved);
        resolved->domain = row->domain;
        resolved->is_alias_broken = resolved->alias_of || !resolved->mx;
        resolved->alias_of = row->alias_of;
    }
    return error;
}

/* With --if-id, checks whether the policy of a row is the one that the caller expects. It is
 * compared again, together with the row, in the transaction that changes the row. */
static const char *check_id(const cli_policy_call *call, const mta_sts_hosted_row *before)
{
    const mta_sts_hosted_policy *policy =
        call->if_id && before->domain
            ? mta_sts_hosted_row_read(call->p, before, mta_sts_findings_make(call->p))
            : NULL;

    if (!call->if_id || (policy && strcmp(policy->id, call->if_id) == 0)) {
        return NULL;
    }
    return apr_psprintf(call->p,
                        "nothing was changed: the stored policy %s, not %s: somebody else "
                        "has changed it; look at it with %s",
                        policy           ? apr_psprintf(call->p, "has the id %s", policy->id)
                        : before->domain ? "is wrong"
                                         : "does not exist",
                        call->if_id, cli_command(call->p, "policy", "list", ""));
}

int cli_policy_set(cli_policy_call *call, const cli_args *args)
{
    mta_sts_findings *findings = mta_sts_findings_make(call->p);
    const mta_sts_hosted_policy *policy = NULL;
    mta_sts_hosted_row before, row, stored;
    apr_int64_t position;
    const char *domain, *alias = NULL, *error = parse_names(call, args->list[0], &domain);

    error = error ? error : mta_sts_edit_find(call->db, domain, call->p, &before);
    error = error ? error : check_id(call, &before);
    if (!error) {
        row = complete(call, domain, &before);
        error = resolve(call, &row, &stored);
        if (!error && !cli_policy_gate(call, &before, &stored)) {
            return CLI_EXIT_INVALID;
        }
        error = error ? error : store(call, &row, &before, &stored, &position);
        error = error ? error : mta_sts_edit_find_alias(call->db, domain, call->p, &alias);
    }
    if (error) {
        mta_sts_database_rollback(call->db);
        return cli_policy_fail("%s", error);
    }
    policy = mta_sts_hosted_row_read(call->p, &stored, findings);
    if (policy) {
        mta_sts_policy_check(&policy->policy, domain, findings);
    }
    cli_policy_print_findings("", findings);
    if (!policy) {
        mta_sts_database_rollback(call->db);
        return CLI_EXIT_INVALID;
    }
    error = mta_sts_database_commit(call->db);
    if (error) {
        return cli_policy_fail("%s", error);
    }
    fprintf(call->talk, "%s: stored in %s.\n", domain, mta_sts_database_name(call->db));
    if (call->wait && wait_for_machines(call, position) != CLI_EXIT_OK) {
        return CLI_EXIT_INVALID;
    }
    fputs(call->wait ? "" : "httpd serves it within seconds (--wait waits for that). After that:\n",
          call->talk);
    cli_policy_print_records(call, &stored, policy, before.alias_of != NULL, alias);
    return CLI_EXIT_OK;
}

/* --- remove --- */

static const char *end_change(cli_policy_call *call, const char *error)
{
    error = error ? error : mta_sts_database_commit(call->db);
    mta_sts_database_rollback(call->db);
    return error;
}

static int delete_row(cli_policy_call *call, const mta_sts_hosted_row *before)
{
    const char *domain = before->domain;
    const char *error = begin_change(call, domain, before);

    error = error ? error : mta_sts_edit_delete(call->db, domain);
    error = end_change(call, error);
    if (error) {
        return cli_policy_fail("%s", error);
    }
    if (call->as_nsupdate) {
        printf("update delete _mta-sts.%s.\nsend\n", domain);
    }
    fprintf(call->talk, "%s: deleted. Delete its records at _mta-sts.%s and mta-sts.%s, too.\n",
            domain, domain, domain);
    return CLI_EXIT_OK;
}

/* Reads from when on no sender may use a copy of the policy in the row. */
static const char *read_date(const cli_policy_call *call, const char *domain,
                             mta_sts_rollout_date *date)
{
    const mta_sts_rollout_query query = {.domain = domain,
                                         .host = mta_sts_database_host(call->db),
                                         .now = apr_time_now(),
                                         .only_hosted = 1};
    mta_sts_rollout *rollout;
    const char *error = mta_sts_rollout_read(call->db, &query, call->p, &rollout);

    *date = (mta_sts_rollout_date){.has_log = 1};
    if (!error && rollout) {
        *date = *mta_sts_rollout_withdrawal(rollout);
    }
    return error;
}

/* The first step of RFC 8461 section 8.3. */
static int withdraw(cli_policy_call *call, const mta_sts_hosted_row *before,
                    const mta_sts_rollout_date *date)
{
    const mta_sts_hosted_row row = {.domain = before->domain,
                                    .mode = mta_sts_mode_name(MTA_STS_MODE_NONE),
                                    .mx = before->mx,
                                    .max_age = REMOVAL_MAX_AGE};
    mta_sts_findings *findings = mta_sts_findings_make(call->p);
    const mta_sts_hosted_policy *policy = mta_sts_hosted_row_read(call->p, &row, findings);
    const char *error;

    if (!policy) {
        cli_policy_print_findings("", findings);
        return CLI_EXIT_INVALID;
    }
    error = begin_change(call, row.domain, before);
    error = error ? error : mta_sts_edit_set(call->db, &row);
    error = end_change(call, error);
    if (error) {
        return cli_policy_fail("%s", error);
    }
    fprintf(call->talk, "%s: has mode none from now on.\n", row.domain);
    cli_policy_print_records(call, &row, policy, before->alias_of != NULL, NULL);
    fprintf(
        call->talk, "%s %s\n", mta_sts_rollout_copies_text(call->p, date, 1),
        mta_sts_rollout_expected(date)
            ? "Leave the policy host as it is until then, and run this command again after that."
            : "If you run this command again, it deletes the row; to be certain, wait until then.");
    return CLI_EXIT_OK;
}

static int is_withdrawn(const mta_sts_hosted_row *row)
{
    return row->mode && strcmp(row->mode, "none") == 0 && !row->alias_of;
}

/* Deletes the row. If it is only according to the fetch log that no copies are left, prints until
 * when there may be some. */
static int finish(cli_policy_call *call, const mta_sts_hosted_row *row, const char *alias,
                  const mta_sts_rollout_date *date)
{
    if (alias && !call->is_forced) {
        return cli_policy_fail("%s is an alias of %s: remove it first (or use --force)", alias,
                               row->domain);
    }
    if (date->recorded) {
        fprintf(stderr, "mta-sts policy: %s: %s\n", row->domain,
                mta_sts_rollout_copies_text(call->p, date, 1));
    }
    return delete_row(call, row);
}

static int remove_row(cli_policy_call *call, const mta_sts_hosted_row *row, const char *alias)
{
    mta_sts_rollout_date date;
    const char *error = read_date(call, row->domain, &date);

    if (error) {
        return cli_policy_fail("%s", error);
    }
    if (call->is_forced || !date.recorded) {
        return finish(call, row, alias, &date);
    }
    if (!is_withdrawn(row)) {
        return withdraw(call, row, &date);
    }
    if (mta_sts_rollout_expected(&date)) {
        return cli_policy_fail("%s: %s Nothing was changed (--force deletes the row now)",
                               row->domain, mta_sts_rollout_copies_text(call->p, &date, 1));
    }
    return finish(call, row, alias, &date);
}

int cli_policy_remove(cli_policy_call *call, const cli_args *args)
{
    const char *domain, *alias = NULL, *error = parse_names(call, args->list[0], &domain);
    mta_sts_hosted_row row;

    error = error ? error : mta_sts_edit_find(call->db, domain, call->p, &row);
    error = error ? error : check_id(call, &row);
    error = error ? error : mta_sts_edit_find_alias(call->db, domain, call->p, &alias);
    if (error) {
        return cli_policy_fail("%s", error);
    }
    return row.domain
               ? remove_row(call, &row, alias)
               : cli_policy_fail("%s has no row in %s", domain, mta_sts_database_name(call->db));
}
