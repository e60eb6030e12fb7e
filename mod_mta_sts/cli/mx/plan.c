/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "cli/mx/call.h"
#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/text.h"
#include "core/policy/provider.h"
#include "core/policy/record.h"

static int contains(const apr_array_header_t *list, const char *text)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const char *), text) == 0) {
            return 1;
        }
    }
    return 0;
}

static void add(apr_array_header_t *list, const char *text)
{
    if (!contains(list, text)) {
        APR_ARRAY_PUSH(list, const char *) = text;
    }
}

/* --- comparing --- */

/* The first pattern that covers a host, or NULL. */
static const char *find_pattern(const mta_sts_policy *policy, const char *host)
{
    int i;

    for (i = 0; i < policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(policy->mx, i, const char *);

        if (mta_sts_name_matches_mx(pattern, host)) {
            return pattern;
        }
    }
    return NULL;
}

static const char *host_at(const cli_mx_plan *plan, int i)
{
    return APR_ARRAY_IDX(plan->facts->mxs, i, const mta_sts_check_mx *)->host;
}

static const char *find_host(const cli_mx_plan *plan, const char *pattern)
{
    int i;

    for (i = 0; i < plan->facts->mxs->nelts; i++) {
        if (mta_sts_name_matches_mx(pattern, host_at(plan, i))) {
            return host_at(plan, i);
        }
    }
    return NULL;
}

static void compare(apr_pool_t *p, cli_mx_plan *plan)
{
    int i;

    for (i = 0; i < plan->facts->mxs->nelts; i++) {
        const cli_mx_match host = {host_at(plan, i), find_pattern(plan->policy, host_at(plan, i))};

        APR_ARRAY_PUSH(plan->hosts, cli_mx_match) = host;
        if (!host.other) {
            add(plan->missing, mta_sts_provider_pattern(p, host.name));
        }
    }
    for (i = 0; i < plan->policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(plan->policy->mx, i, const char *);

        APR_ARRAY_PUSH(plan->patterns, cli_mx_match) =
            (cli_mx_match){pattern, find_host(plan, pattern)};
    }
}

/* --- deciding --- */

static void make_changed(const cli_mx_call *call, cli_mx_plan *plan)
{
    apr_pool_t *p = call->p;
    apr_array_header_t *mx = apr_array_make(p, plan->policy->mx->nelts + 1, sizeof(const char *));
    apr_size_t len;
    const char *text;
    int i;

    for (i = 0; i < plan->policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(plan->policy->mx, i, const char *);

        if (!contains(call->remove, pattern)) {
            add(mx, pattern);
        }
    }
    for (i = 0; i < plan->missing->nelts; i++) {
        add(mx, APR_ARRAY_IDX(plan->missing, i, const char *));
    }
    for (i = 0; i < call->add->nelts; i++) {
        add(mx, APR_ARRAY_IDX(call->add, i, const char *));
    }
    plan->changed = *plan->policy;
    plan->changed.mx = mx;
    plan->is_changed = mx->nelts != plan->policy->mx->nelts || call->remove->nelts;
    if (mx->nelts) {
        text = mta_sts_policy_render(p, &plan->changed, &len);
        plan->id = mta_sts_policy_id(p, text, len);
    }
}

/* Which hosts --remove would leave without a pattern although they are MX hosts. */
static void find_early(cli_mx_plan *plan)
{
    int i;

    for (i = 0; i < plan->hosts->nelts; i++) {
        const cli_mx_match *host = &APR_ARRAY_IDX(plan->hosts, i, cli_mx_match);

        if (host->other && !mta_sts_policy_covers(&plan->changed, host->name)) {
            add(plan->early, host->name);
        }
    }
}

/* A policy never gets there that makes senders refuse mail. */
static void refuse(const cli_mx_call *call, cli_mx_plan *plan)
{
    apr_pool_t *p = call->p;
    int i;

    if (!plan->is_mx_known) {
        add(plan->refused,
            apr_psprintf(p, "the MX records of %s could not be looked up (%s)", call->domain,
                         mta_sts_answer_status_name(plan->facts->mx.status)));
    }
    for (i = 0; i < plan->early->nelts; i++) {
        add(plan->refused,
            apr_psprintf(p, "%s is still an MX host: its MX record must be deleted first",
                         APR_ARRAY_IDX(plan->early, i, const char *)));
    }
    if (!plan->changed.mx->nelts) {
        add(plan->refused, "no mx would be left in the policy: to withdraw it, see "
                           "mta-sts-setup --remove, or mta-sts policy remove");
    }
    for (i = 0; i < plan->hosts->nelts; i++) {
        const char *host = APR_ARRAY_IDX(plan->hosts, i, cli_mx_match).name, *name;

        if (mta_sts_name_parse_host(p, host, MTA_STS_NAME_ALABEL, &name)) {
            add(plan->refused, "an MX record does not contain a host name: see mta-sts check");
        }
    }
}

static const char *check_request(const cli_mx_call *call, const cli_mx_plan *plan)
{
    int i;

    for (i = 0; i < call->remove->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(call->remove, i, const char *);

        if (!contains(plan->policy->mx, pattern)) {
            return apr_psprintf(call->p, "--remove: the policy has no mx %s; it has %s", pattern,
                                apr_array_pstrcat(call->p, plan->policy->mx, ' '));
        }
        if (contains(call->add, pattern)) {
            return apr_psprintf(call->p, "%s is both in --add and in --remove", pattern);
        }
    }
    return NULL;
}

const char *cli_mx_plan_make(const cli_mx_call *call, cli_mx_plan *plan)
{
    apr_pool_t *p = call->p;
    mta_sts_answer_status status = plan->facts->mx.status;

    plan->hosts = apr_array_make(p, 4, sizeof(cli_mx_match));
    plan->patterns = apr_array_make(p, 4, sizeof(cli_mx_match));
    plan->missing = apr_array_make(p, 2, sizeof(const char *));
    plan->early = apr_array_make(p, 2, sizeof(const char *));
    plan->refused = apr_array_make(p, 2, sizeof(const char *));
    plan->is_mx_known = status == MTA_STS_ANSWER_OK || status == MTA_STS_ANSWER_NODATA ||
                        status == MTA_STS_ANSWER_NXDOMAIN;
    compare(p, plan);
    make_changed(call, plan);
    find_early(plan);
    refuse(call, plan);
    return check_request(call, plan);
}

/* --- the steps --- */

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

/* A word for a shell. */
static const char *quote(apr_pool_t *p, const char *word)
{
    const char *text = "'", *end;

    for (; (end = strchr(word, '\'')); word = end + 1) {
        text =
            apr_pstrcat(p, text, apr_pstrmemdup(p, word, (apr_size_t)(end - word)), "'\\''", NULL);
    }
    return apr_pstrcat(p, text, word, "'", NULL);
}

/* The options of the request, to be repeated with --apply. */
static const char *command(const cli_mx_call *call)
{
    const char *text = "mta-sts mx --apply";
    int i;

    for (i = 0; i < call->add->nelts; i++) {
        text = apr_pstrcat(call->p, text, " --add '", APR_ARRAY_IDX(call->add, i, const char *),
                           "'", NULL);
    }
    for (i = 0; i < call->remove->nelts; i++) {
        text = apr_pstrcat(call->p, text, " --remove '",
                           APR_ARRAY_IDX(call->remove, i, const char *), "'", NULL);
    }
    if (call->is_state_dir_named) {
        text = apr_pstrcat(call->p, text, " --state-dir ", quote(call->p, call->state_dir), NULL);
    }
    if (call->database) {
        text = apr_pstrcat(call->p, text, " --database ", quote(call->p, call->database), NULL);
    }
    if (call->wait) {
        text = apr_psprintf(call->p, "%s --wait %d", text, call->wait);
    }
    return apr_pstrcat(call->p, text, " ", call->domain, NULL);
}

/* Where a line is to be changed. */
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

        if (!contains(plan->policy->mx, pattern)) {
            add_line(call, location, pattern, 1, steps);
        }
    }
    for (i = 0; i < call->remove->nelts; i++) {
        add_line(call, location, APR_ARRAY_IDX(call->remove, i, const char *), 0, steps);
    }
}

/* How to change the policy: by this command, or by hand. */
static void add_change(const cli_mx_call *call, const cli_mx_plan *plan, apr_array_header_t *steps)
{
    const apr_array_header_t *locations = plan->configured ? plan->configured->locations : NULL;
    int i;

    if (!plan->by_hand) {
        step(steps, apr_psprintf(call->p, "change the policy: %s", command(call)));
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

static void add_after(const cli_mx_call *call, const cli_mx_plan *plan, apr_array_header_t *steps)
{
    apr_pool_t *p = call->p;

    if (!call->add->nelts) {
        return;
    }
    if (plan->policy->mode == MTA_STS_MODE_ENFORCE) {
        step(steps,
             apr_psprintf(p,
                          "wait: senders that look at the id use the new policy once the TTL of "
                          "the record has passed%s; others may use the earlier one for its max_age "
                          "(%s), and would not deliver to a host that is not in it",
                          ttl_text(p, &plan->facts->record),
                          mta_sts_format_duration(p, plan->policy->max_age)));
    }
    step(steps, apr_psprintf(p, "only then publish the MX record of %s", names(p, call->add)));
}

const char *cli_mx_publication(const cli_mx_call *call, const cli_mx_plan *plan)
{
    const char *alias = plan->facts->record.alias;

    return alias ? apr_psprintf(call->p,
                                "have the id %s published in the TXT record at %s, where the CNAME "
                                "of _mta-sts.%s leads: it belongs to the party that runs that zone",
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
