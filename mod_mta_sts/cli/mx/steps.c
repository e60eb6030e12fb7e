/* SPDX-License-Identifier: Apache-2.0 */
/* The steps, in an order in which no mail is refused. */
#include <string.h>

#include <apr_strings.h>

#include "cli/common/command.h"
#include "cli/mx/call.h"
#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/text.h"
#include "core/policy/record.h"

static const char *names(apr_pool_t *p, const apr_array_header_t *list)
{
    return apr_array_pstrcat(p, list, ' ');
}

static void step(apr_array_header_t *steps, const char *text)
{
    APR_ARRAY_PUSH(steps, const char *) = text;
}

static const char *ttl_text(apr_pool_t *p, const mta_sts_answer *answer)
{
    return answer->status == MTA_STS_ANSWER_OK && answer->ttl
               ? apr_psprintf(p, " (now %s in the answer; the zone may have more: mta-sts dns)",
                              mta_sts_format_duration(p, answer->ttl))
               : "";
}

/* The options of the request, to be repeated with --apply. */
static const char *command(const cli_mx_call *call)
{
    const char *text = "--apply";
    int i;

    for (i = 0; i < call->add->nelts; i++) {
        text = apr_pstrcat(call->p, text, " --add ",
                           cli_command_quote(call->p, APR_ARRAY_IDX(call->add, i, const char *)),
                           NULL);
    }
    for (i = 0; i < call->remove->nelts; i++) {
        text = apr_pstrcat(call->p, text, " --remove ",
                           cli_command_quote(call->p, APR_ARRAY_IDX(call->remove, i, const char *)),
                           NULL);
    }
    if (call->wait) {
        text = apr_psprintf(call->p, "%s --wait %d", text, call->wait);
    }
    return cli_command(call->p, "mx", text, call->domain);
}

/* Adds which line is to be changed. */
static void add_line(const cli_mx_call *call, const cli_apache_location *location,
                     const char *pattern, int is_new, apr_array_header_t *steps)
{
    const cli_mx_block *block = cli_mx_block_read(call->p, location->defined_at, call->domain);
    int line = block->lines ? cli_mx_block_line(block, pattern) : 0;
    const char *at = line ? apr_psprintf(call->p, "%s:%d", block->path, line) : NULL;

    step(steps, is_new ? apr_psprintf(call->p, "%s %s: MTASTSMx %s",
                                      at ? "add this line after"
                                         : "add this line where the policy is "
                                           "defined,",
                                      at ? at : location->defined_at, pattern)
                       : apr_psprintf(call->p, "remove %s from MTASTSMx %s %s", pattern,
                                      at ? "at" : "where the policy is defined,",
                                      at ? at : location->defined_at));
}

static void add_lines(const cli_mx_call *call, const cli_mx_plan *plan,
                      const cli_apache_location *location, apr_array_header_t *steps)
{
    int i;

    for (i = 0; i < plan->changed.mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(plan->changed.mx, i, const char *);

        if (!cli_mx_contains(plan->policy->mx, pattern)) {
            add_line(call, location, pattern, 1, steps);
        }
    }
    for (i = 0; i < call->remove->nelts; i++) {
        add_line(call, location, APR_ARRAY_IDX(call->remove, i, const char *), 0, steps);
    }
}

/* The command that changes the row without reading httpd's configuration. */
static const char *row_command(const cli_mx_call *call, const cli_mx_plan *plan)
{
    const char *text = "set";
    int i;

    for (i = 0; i < plan->changed.mx->nelts; i++) {
        text = apr_pstrcat(
            call->p, text, " --mx ",
            cli_command_quote(call->p, APR_ARRAY_IDX(plan->changed.mx, i, const char *)), NULL);
    }
    return cli_command(call->p, "policy", text, call->domain);
}

/* Adds how to change the policy: with this command, or manually. */
static void add_change(const cli_mx_call *call, const cli_mx_plan *plan, apr_array_header_t *steps)
{
    const apr_array_header_t *locations = plan->configured ? plan->configured->locations : NULL;
    int i;

    if (!plan->by_hand) {
        step(steps, apr_psprintf(call->p, "change the policy: %s", command(call)));
        return;
    }
    if (plan->configured && plan->configured->is_hosted) {
        step(steps, apr_psprintf(call->p, "change its row: %s", row_command(call, plan)));
        return;
    }
    for (i = 0; locations && i < locations->nelts; i++) {
        add_lines(call, plan, &APR_ARRAY_IDX(locations, i, cli_apache_location), steps);
    }
    if (locations && locations->nelts) {
        step(steps, "test and reload: sudo apachectl configtest && sudo apachectl graceful");
    }
    else {
        step(steps, apr_psprintf(call->p,
                                 "on the machine that serves mta-sts.%s, change the mx of the "
                                 "policy to: %s",
                                 call->domain, names(call->p, plan->changed.mx)));
    }
}

const char *cli_mx_removal_wait(const cli_mx_call *call, const cli_mx_plan *plan)
{
    return apr_psprintf(call->p,
                        "wait until the TTL of the MX records has passed since its record was "
                        "deleted%s: until then, senders may still deliver there",
                        ttl_text(call->p, &plan->facts->mx));
}

static void add_before(const cli_mx_call *call, const cli_mx_plan *plan, apr_array_header_t *steps)
{
    if (plan->early->nelts) {
        step(steps, apr_psprintf(call->p, "delete the MX record of %s in DNS",
                                 names(call->p, plan->early)));
    }
    if (call->remove->nelts) {
        step(steps, cli_mx_removal_wait(call, plan));
    }
}

apr_array_header_t *cli_mx_planned(const cli_mx_call *call, const cli_mx_plan *plan)
{
    apr_array_header_t *planned = apr_array_make(call->p, 2, sizeof(const char *));
    int i, j;

    for (i = 0; i < call->add->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(call->add, i, const char *);

        for (j = 0; j < plan->hosts->nelts; j++) {
            if (mta_sts_name_matches_mx(pattern,
                                        APR_ARRAY_IDX(plan->hosts, j, cli_mx_match).name)) {
                break;
            }
        }
        if (j == plan->hosts->nelts) {
            APR_ARRAY_PUSH(planned, const char *) = pattern;
        }
    }
    return planned;
}

static void add_after(const cli_mx_call *call, const cli_mx_plan *plan, apr_array_header_t *steps)
{
    apr_pool_t *p = call->p;
    const apr_array_header_t *planned = cli_mx_planned(call, plan);

    if (!planned->nelts) {
        return;
    }
    if (plan->policy->mode == MTA_STS_MODE_ENFORCE) {
        step(steps,
             apr_psprintf(p,
                          "wait: senders that check the id use the new policy once the TTL of "
                          "the record has passed%s; others may use the earlier one for its max_age "
                          "(%s), and would not deliver to a host that is not in it",
                          ttl_text(p, &plan->facts->record),
                          mta_sts_format_duration(p, plan->policy->max_age)));
    }
    step(steps, apr_psprintf(p, "only then publish the MX record of %s", names(p, planned)));
}

const char *cli_mx_publication(const cli_mx_call *call, const cli_mx_plan *plan)
{
    const char *alias = plan->facts->record.alias;

    return alias ? apr_psprintf(call->p,
                                "have the id %s published in the TXT record at %s, where the CNAME "
                                "of _mta-sts.%s points, by the operator of that zone",
                                plan->id, mta_sts_text_quote(call->p, alias, strlen(alias)),
                                call->domain)
                 : apr_psprintf(call->p, "publish _mta-sts.%s. IN TXT \"%s\"", call->domain,
                                mta_sts_record_render(call->p, plan->id));
}

apr_array_header_t *cli_mx_steps_after(const cli_mx_call *call, const cli_mx_plan *plan, int *first)
{
    apr_array_header_t *steps = apr_array_make(call->p, 6, sizeof(const char *));

    *first = 0;
    if (!plan->is_changed || !plan->changed.mx->nelts) {
        return steps;
    }
    add_before(call, plan, steps);
    add_change(call, plan, steps);
    *first = steps->nelts;
    step(steps, apr_psprintf(call->p, "once the new policy is served, %s",
                             cli_mx_publication(call, plan)));
    add_after(call, plan, steps);
    return steps;
}

apr_array_header_t *cli_mx_steps(const cli_mx_call *call, const cli_mx_plan *plan)
{
    int first;

    return cli_mx_steps_after(call, plan, &first);
}
