/* SPDX-License-Identifier: Apache-2.0 */
/* Changes the policy: a row of the database (row.c), or a block in a file that mta-sts-setup wrote.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/common/shell.h"
#include "cli/mx/call.h"
#include "core/base/finding.h"
#include "core/policy/text.h"

#define SECONDS 60 /* for configtest and for the reload, each */
#define TRIES 5    /* number of checks whether the policy host serves the policy */
#define APACHE(words)                                                                              \
    "PATH=\"$PATH:/usr/local/sbin:/usr/sbin:/sbin\"; "                                             \
    "for name in apachectl apache2ctl; do "                                                        \
    "command -v $name >/dev/null && exec $name " words "; done; "                                  \
    "echo 'there is no apachectl on this machine' >&2; exit 127"

/* The configuration takes precedence over a row, and determines which database contains the row. If
 * it is not known, the change may have no effect, and the new id must not be published. If there is
 * no httpd on this machine, other machines serve the database. */
static const char *judge_hosting(const cli_mx_call *call, const cli_mx_plan *plan)
{
    return plan->unread && plan->has_apache
               ? apr_psprintf(call->p,
                              "it is not known whether this machine's httpd serves the row (%s)",
                              plan->unread)
               : NULL;
}

void cli_mx_find_definition(const cli_mx_call *call, cli_mx_plan *plan)
{
    const cli_apache_policy *configured = plan->configured;
    cli_mx_block *block;

    if (!configured) {
        plan->by_hand =
            plan->unread
                ? apr_psprintf(call->p,
                               "the configuration of this machine's httpd could not be read (%s), "
                               "and the policy is not in its database",
                               plan->unread)
                : "the policy is not in the configuration of this machine's httpd, nor in its "
                  "database";
    }
    else if (configured->is_hosted) {
        plan->by_hand = configured->row_wrong ? configured->row_wrong : judge_hosting(call, plan);
    }
    else if (configured->locations->nelts != 1) {
        plan->by_hand = "the policy is defined in several places";
    }
    else {
        block = cli_mx_block_read(
            call->p, APR_ARRAY_IDX(configured->locations, 0, cli_apache_location).defined_at,
            call->domain);
        plan->block = block;
        plan->by_hand = block->why;
    }
}

/* --- a block in a file --- */

/* Runs apachectl. Returns NULL, or what went wrong, with its complete output. */
static const char *run_apache(apr_pool_t *p, const char *command)
{
    const char *errors, *error = cli_shell_run(p, command, "", SECONDS, &errors);

    return error ? apr_psprintf(p, "%s%s%s", error, *errors ? ":\n" : "", errors) : NULL;
}

/* Verifies that httpd's configuration in the current files contains exactly the new policy. */
static const char *verify_configuration(const cli_mx_call *call, const cli_mx_plan *plan)
{
    cli_apache *apache;
    const char *error = cli_apache_list(call->p, &apache);
    const cli_apache_policy *found = error ? NULL : cli_apache_find(apache->policies, call->domain);

    return error                                   ? error
           : found && !strcmp(found->id, plan->id) ? NULL
                                                   : "httpd would serve another policy: it is also "
                                                     "defined elsewhere";
}

static const char *test(const cli_mx_call *call, const cli_mx_plan *plan)
{
    const char *error = run_apache(call->p, APACHE("configtest"));

    return error ? apr_pstrcat(call->p, "apachectl configtest: ", error, NULL)
                 : verify_configuration(call, plan);
}

/* Whether the file currently has this text. */
static int is_file(const cli_mx_call *call, const cli_mx_plan *plan, const char *text)
{
    const cli_mx_block *now = cli_mx_block_read(
        call->p, APR_ARRAY_IDX(plan->configured->locations, 0, cli_apache_location).defined_at,
        call->domain);

    return now->lines && !strcmp(now->path, plan->block->path) &&
           !strcmp(cli_mx_block_text(call->p, now), text);
}

/* Returns why the file is not the one that was compared, or NULL. */
static const char *check_file(const cli_mx_call *call, const cli_mx_plan *plan)
{
    return !is_file(call, plan, cli_mx_block_text(call->p, plan->block))
               ? "it was changed by someone else in the meantime; run this again"
           : !cli_mx_block_has(call->p, plan->block, plan->policy->mx)
               ? "its MTASTSMx lines are not those of the policy that was compared; run this "
                 "again, or change them by hand"
               : NULL;
}

/* @param is_unclear whether a reload was requested */
static int put_back(const cli_mx_call *call, const cli_mx_plan *plan, const char *error,
                    int is_unclear)
{
    const char *written = cli_mx_block_render(call->p, plan->block, plan->changed.mx);
    const char *other =
        is_file(call, plan, written)
            ? cli_mx_block_write(call->p, plan->block, cli_mx_block_text(call->p, plan->block))
            : apr_pstrcat(call->p, plan->block->path,
                          " was changed by someone else in the meantime", NULL);

    if (other) {
        return cli_mx_fail("%s\nThe file could not be restored: %s", error, other);
    }
    return cli_mx_fail("%s\n%s is as it was before, and httpd %s", error, plan->block->path,
                       is_unclear ? "may have been reloaded with the change: run apachectl graceful"
                                  : "was not reloaded with the change");
}

static const char *served_id(apr_pool_t *p, const cli_mx_call *call)
{
    apr_array_header_t *domains = apr_array_make(p, 1, sizeof(cli_check_domain));
    const mta_sts_policy *policy;
    apr_size_t len;
    const char *text;

    APR_ARRAY_PUSH(domains, cli_check_domain) = (cli_check_domain){.domain = call->domain};
    if (cli_check_run(p, &call->network, domains)) {
        return "";
    }
    policy = APR_ARRAY_IDX(domains, 0, cli_check_domain).result->policy;
    text = policy ? mta_sts_policy_render(p, policy, &len) : NULL;
    return text ? mta_sts_policy_id(p, text, len) : "";
}

static int is_served_now(const cli_mx_call *call, const cli_mx_plan *plan)
{
    int i;

    for (i = 0; i < TRIES; i++) {
        if (strcmp(served_id(call->p, call), plan->id) == 0) {
            return 1;
        }
        apr_sleep(APR_USEC_PER_SEC);
    }
    return 0;
}

/* Writes, tests and reloads, or puts the file back. Returns the exit status. */
static int change_file(const cli_mx_call *call, const cli_mx_plan *plan)
{
    apr_pool_t *p = call->p;
    const char *error =
        cli_mx_block_write(p, plan->block, cli_mx_block_render(p, plan->block, plan->changed.mx));

    if (error) {
        return cli_mx_fail("%s", error);
    }
    error = test(call, plan);
    if (error) {
        return put_back(call, plan, error, 0);
    }
    error = run_apache(p, APACHE("graceful"));
    return error ? put_back(call, plan, apr_pstrcat(p, "apachectl graceful: ", error, NULL), 1)
                 : CLI_EXIT_OK;
}

/* The same with signals blocked, so that it is not interrupted halfway; they are delivered
 * afterwards. */
static int change_file_whole(const cli_mx_call *call, const cli_mx_plan *plan)
{
    sigset_t held, before;
    int status;

    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigprocmask(SIG_BLOCK, &held, &before);
    status = change_file(call, plan);
    fflush(stdout);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* The same while holding the lock against other runs of this command and of mta-sts-setup. */
static int change_file_locked(const cli_mx_call *call, const cli_mx_plan *plan)
{
    cli_mx_locked lock;
    int status;
    const char *error = cli_mx_lock(call->p, plan->block->path, &lock);

    error = error ? error : check_file(call, plan);
    status = error ? cli_mx_fail("nothing was changed: %s: %s", plan->block->path, error)
                   : change_file_whole(call, plan);
    cli_mx_unlock(&lock);
    return status;
}

static int apply_block(const cli_mx_call *call, const cli_mx_plan *plan)
{
    apr_pool_t *p = call->p;
    const char *error = run_apache(p, APACHE("configtest"));

    if (error) {
        return cli_mx_fail("httpd's configuration already has errors, so nothing was changed. "
                           "apachectl configtest: %s",
                           error);
    }
    if (change_file_locked(call, plan) != CLI_EXIT_OK) {
        return CLI_EXIT_INVALID;
    }
    printf("%s:%d: changed; the configuration was tested, and httpd reloaded.\n", plan->block->path,
           plan->block->first);
    if (!is_served_now(call, plan)) {
        return cli_mx_fail("the policy host does not serve the new policy yet, or could not be "
                           "reached: see mta-sts check %s before you publish its id, %s",
                           call->domain, plan->id);
    }
    printf("The policy host serves it. Now %s\n", cli_mx_publication(call, plan));
    return CLI_EXIT_OK;
}

/* --- both --- */

/* Prints what is to be done after the change: all steps from the publication on. */
static void print_rest(const cli_mx_call *call, const cli_mx_plan *plan)
{
    int first, i, is_new = cli_mx_planned(call, plan)->nelts > 0;
    const apr_array_header_t *steps = cli_mx_steps_after(call, plan, &first);

    if (is_new && first < steps->nelts) {
        printf("After that:\n");
    }
    for (i = first; is_new && i < steps->nelts; i++) {
        printf("  %d. %s\n", i - first + 1, APR_ARRAY_IDX(steps, i, const char *));
    }
}

static int print_refused(const cli_mx_plan *plan)
{
    int i;

    for (i = 0; i < plan->refused->nelts; i++) {
        cli_mx_fail("nothing was changed: %s", APR_ARRAY_IDX(plan->refused, i, const char *));
    }
    return CLI_EXIT_INVALID;
}

int cli_mx_apply(const cli_mx_call *call, const cli_mx_plan *plan)
{
    int status;

    if (plan->refused->nelts) {
        return print_refused(plan);
    }
    if (plan->by_hand) {
        cli_mx_print(call, plan);
        fflush(stdout);
        return cli_mx_fail("--apply changes only hosted rows and what mta-sts-setup wrote: %s; "
                           "change it as shown",
                           plan->by_hand);
    }
    if (!cli_mx_consent(call, plan)) {
        return CLI_EXIT_INVALID;
    }
    if (call->remove->nelts) {
        printf("Before a pattern is removed: %s. When the record was deleted is not known here.\n",
               cli_mx_removal_wait(call, plan));
        fflush(stdout);
    }
    status = plan->configured->is_hosted ? cli_mx_apply_row(call, plan) : apply_block(call, plan);
    if (status == CLI_EXIT_OK) {
        print_rest(call, plan);
    }
    return status;
}
