/* SPDX-License-Identifier: Apache-2.0 */
/* The checks before a row with mode enforce is stored: no tool stores one without evidence. */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/command.h"
#include "cli/policy/call.h"
#include "cli/ready/call.h"
#include "core/hosting/edit.h"
#include "core/policy/provider.h"

/* Maximum number of aliases that are compared; they are looked up at the same time. */
#define ALIASES_MAX 1000

const char cli_policy_consequence[] =
    "Effect on mail: senders that apply MTA-STS do not deliver to an MX host without STARTTLS, "
    "without a trusted certificate for its name, or without a matching mx in the policy. They try "
    "the next MX host; if none qualifies, they queue the mail, retry for days, and finally bounce "
    "it.";

/* The policy of a row; NULL if there is none, or it is not valid. */
static const mta_sts_policy *policy_of(apr_pool_t *p, const mta_sts_hosted_row *row)
{
    const mta_sts_hosted_policy *read =
        row->domain ? mta_sts_hosted_row_read(p, row, mta_sts_findings_make(p)) : NULL;

    return read ? &read->policy : NULL;
}

static int is_enforced(const mta_sts_policy *policy)
{
    return policy && policy->mode == MTA_STS_MODE_ENFORCE;
}

int cli_policy_enforces(apr_pool_t *p, const mta_sts_hosted_row *before,
                        const mta_sts_hosted_row *after)
{
    const mta_sts_policy *was = policy_of(p, before), *is = policy_of(p, after);

    return is_enforced(is) && (!is_enforced(was) || strcmp(apr_array_pstrcat(p, was->mx, ' '),
                                                           apr_array_pstrcat(p, is->mx, ' ')) != 0);
}

static void add(apr_array_header_t *list, const char *text)
{
    APR_ARRAY_PUSH(list, const char *) = text;
}

/* Compares the MX records with a policy: senders deliver no mail to a host that it does not
 * cover. */
static void compare(apr_pool_t *p, const char *domain, const mta_sts_check_facts *facts,
                    const mta_sts_policy *policy, apr_array_header_t *reasons)
{
    int i;

    for (i = 0; i < facts->mxs->nelts; i++) {
        const char *host = APR_ARRAY_IDX(facts->mxs, i, const mta_sts_check_mx *)->host;

        if (!mta_sts_policy_covers(policy, host)) {
            add(reasons, apr_psprintf(p,
                                      "no mx of the policy covers the MX host %s of %s: add %s to "
                                      "the mx of the policy [mx-not-in-policy]",
                                      host, domain, mta_sts_provider_pattern(p, host)));
        }
    }
}

static int is_answered(const mta_sts_answer *answer)
{
    return answer->status == MTA_STS_ANSWER_OK || mta_sts_answer_is_empty(answer);
}

/* If mode enforce is new, unknown facts are a reason not to store the row; otherwise, the change
 * may be a repair.
 */
static void note_unknown(const cli_policy_call *call, const char *domain, int is_new,
                         const char *error, apr_array_header_t *reasons)
{
    const char *text = apr_psprintf(
        call->p, "the mx of the policy could not be compared with the MX records of %s%s%s", domain,
        error ? ": " : "", error ? error : "");

    if (is_new) {
        add(reasons, text);
    }
    else {
        fprintf(call->talk, "note: %s; check it later with %s\n", text,
                cli_command(call->p, "mx", "", domain));
    }
}

/* For domains that are in mode enforce already, and for aliases, only the MX records are
 * compared. */
static void ask_dns(const cli_policy_call *call, apr_array_header_t *domains,
                    const mta_sts_policy *policy, int is_new, apr_array_header_t *reasons)
{
    cli_check_options network = call->network;
    const char *error;
    int i;

    network.no_smtp = 1;
    error = domains->nelts ? cli_check_run(call->p, &network, domains) : NULL;
    for (i = 0; i < domains->nelts; i++) {
        const cli_check_domain *one = &APR_ARRAY_IDX(domains, i, cli_check_domain);

        if (error || !is_answered(&one->facts->mx)) {
            note_unknown(call, one->domain, is_new, error, reasons);
        }
        else {
            compare(call->p, one->domain, one->facts, policy, reasons);
        }
    }
}

/* Adds the aliases of a domain, which get its policy at the same time. Returns NULL, or why they
 * cannot be read. */
static const char *add_aliases(const cli_policy_call *call, const char *domain,
                               apr_array_header_t *domains)
{
    apr_array_header_t *aliases;
    const char *error = mta_sts_edit_list_aliases(call->db, domain, ALIASES_MAX, call->p, &aliases);
    int i;

    for (i = 0; !error && i < aliases->nelts; i++) {
        APR_ARRAY_PUSH(domains, cli_check_domain) =
            (cli_check_domain){.domain = APR_ARRAY_IDX(aliases, i, const char *)};
    }
    return error;
}

static void add_findings(const cli_ready_call *ready, const cli_ready_domain *domain,
                         apr_array_header_t *reasons)
{
    int i, j;

    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        const mta_sts_findings *findings = domain->readiness->parts[i];

        for (j = 0; j < findings->list->nelts; j++) {
            const mta_sts_finding *one = mta_sts_findings_at(findings, j);
            int needs = cli_ready_is_unspecified(domain, one->subject, one->message);

            if (one->severity != MTA_STS_OK && one->severity != MTA_STS_INFO) {
                add(reasons, apr_psprintf(ready->p, "%s%s%s [%s]", needs ? one->subject : "",
                                          needs ? ": " : "", one->message, one->id));
            }
        }
    }
}

/* Adds the findings of `mta-sts ready`; steps: out: what to do. */
static void ask_ready(const cli_policy_call *call, const char *domain, const mta_sts_policy *policy,
                      apr_array_header_t *reasons, const apr_array_header_t **steps)
{
    cli_ready_call *ready = apr_pcalloc(call->p, sizeof(*ready));
    const cli_ready_domain *asked;

    ready->p = call->p;
    cli_ready_set_defaults(ready);
    ready->network = call->network;
    ready->state_dir = call->state_dir;
    ready->database = call->database;
    if (cli_ready_add(ready, domain) || cli_ready_gather(call->self, ready) != CLI_EXIT_OK) {
        add(reasons, apr_psprintf(call->p, "%s could not determine whether it is safe",
                                  cli_command(call->p, "ready", "", domain)));
        return;
    }
    asked = APR_ARRAY_IDX(ready->domains, 0, const cli_ready_domain *);
    if (cli_ready_worst(ready) != TLSRPT_READY_YES) {
        add_findings(ready, asked, reasons);
        if (!reasons->nelts) {
            add(reasons, asked->readiness->summary);
        }
        *steps = cli_ready_steps(ready, asked);
    }
    else if (asked->facts.deployment) {
        compare(call->p, domain, asked->facts.deployment, policy, reasons);
    }
}

static void print_list(const apr_array_header_t *list)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        fprintf(stderr, "  - %s\n", APR_ARRAY_IDX(list, i, const char *));
    }
}

static int refuse(const char *domain, int is_new, const apr_array_header_t *reasons,
                  const apr_array_header_t *steps)
{
    fflush(stdout);
    cli_policy_fail("nothing was changed: %s is not known to be safe for %s:",
                    is_new ? "mode enforce" : "this change under mode enforce", domain);
    print_list(reasons);
    if (steps && steps->nelts) {
        fputs("What to do:\n", stderr);
        print_list(steps);
    }
    fprintf(stderr, "--force stores it anyway. %s\n", cli_policy_consequence);
    return 0;
}

int cli_policy_gate(const cli_policy_call *call, const mta_sts_hosted_row *before,
                    const mta_sts_hosted_row *after)
{
    apr_array_header_t *reasons = apr_array_make(call->p, 4, sizeof(const char *));
    apr_array_header_t *domains = apr_array_make(call->p, 1, sizeof(cli_check_domain));
    const apr_array_header_t *steps = NULL;
    const mta_sts_policy *policy;
    const char *error;
    int is_new; /* mode enforce is not new if the previous row had it, even if not valid */

    if (!cli_policy_enforces(call->p, before, after)) {
        return 1;
    }
    policy = policy_of(call->p, after);
    is_new = !before->mode || strcmp(before->mode, mta_sts_mode_name(policy->mode)) != 0;
    if (call->is_forced) {
        fprintf(stderr, "mta-sts policy: storing without any check because of --force. %s\n",
                cli_policy_consequence);
        return 1;
    }
    if (is_new && !after->alias_of) {
        ask_ready(call, after->domain, policy, reasons, &steps);
    }
    else {
        APR_ARRAY_PUSH(domains, cli_check_domain) = (cli_check_domain){.domain = after->domain};
    }
    error = add_aliases(call, after->domain, domains);
    if (error) {
        add(reasons, error);
    }
    ask_dns(call, domains, policy, is_new, reasons);
    return reasons->nelts ? refuse(after->domain, is_new, reasons, steps) : 1;
}
