/* SPDX-License-Identifier: Apache-2.0 */
/* Determines what to do: a plan without duplicate steps. */
#include <string.h>

#include <apr_strings.h>

#include "cli/common/command.h"
#include "cli/ready/call.h"
#include "core/base/text.h"
#include "core/policy/provider.h"

static int is_of_name(char c)
{
    return c == '.' || c == '-' || c == '_' || mta_sts_text_is_alnum(c);
}

/* Whether a text contains a name before `end`, and not as a part of a longer name. */
static int has_name(const char *text, const char *end, const char *name)
{
    apr_size_t len = strlen(name);
    const char *at = text;

    while ((at = strstr(at, name)) != NULL && at + len <= end) {
        if ((at == text || !is_of_name(at[-1])) && !is_of_name(at[len])) {
            return 1;
        }
        at++;
    }
    return 0;
}

int cli_ready_is_unspecified(const cli_ready_domain *domain, const char *subject, const char *text)
{
    const char *see = strstr(text, TLSRPT_READINESS_COMMAND);

    return strcmp(subject, domain->domain) != 0 &&
           !has_name(text, see ? see : text + strlen(text), subject);
}

/* --- the steps --- */

const char *cli_ready_mode(const cli_ready_domain *domain)
{
    mta_sts_mode mode = domain->facts.served ? domain->facts.served->mode : MTA_STS_MODE_NONE;

    return mode == MTA_STS_MODE_TESTING && domain->readiness->ready == TLSRPT_READY_YES  ? "enforce"
           : mode == MTA_STS_MODE_ENFORCE && domain->readiness->ready == TLSRPT_READY_NO ? "testing"
                                                                                         : NULL;
}

/* The number of domains whose mode is set in this line. */
static int count_domains(const cli_ready_call *call, const char *mode_at)
{
    int i, j, count = 0;

    for (i = 0; i < call->configured->nelts; i++) {
        const apr_array_header_t *locations =
            APR_ARRAY_IDX(call->configured, i, cli_apache_policy).locations;

        for (j = 0; j < locations->nelts; j++) {
            const char *mode = APR_ARRAY_IDX(locations, j, cli_apache_location).mode_at;

            if (mode && strcmp(mode, mode_at) == 0) {
                count++;
                break;
            }
        }
    }
    return count;
}

static const char *step_at(const cli_ready_call *call, const cli_apache_location *location,
                           const char *mode)
{
    int domains = location->mode_at ? count_domains(call, location->mode_at) : 0;

    if (!location->mode_at) {
        return apr_psprintf(call->p, "add this line after %s: MTASTSMode %s", location->defined_at,
                            mode);
    }
    if (domains > 1) {
        return apr_psprintf(call->p,
                            "change the line at %s to: MTASTSMode %s (this changes %d domains; "
                            "for this one alone, add it at %s)",
                            location->mode_at, mode, domains, location->defined_at);
    }
    return apr_psprintf(call->p, "change the line at %s to: MTASTSMode %s", location->mode_at,
                        mode);
}

/* Adds a step unless it is in the list. */
static void add(apr_array_header_t *steps, const char *step)
{
    int i;

    for (i = 0; i < steps->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(steps, i, const char *), step) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(steps, const char *) = step;
}

/* Adds the MX hosts that the same change of the policy should add. */
static void add_patterns(const cli_ready_call *call, const cli_ready_domain *domain,
                         apr_array_header_t *steps)
{
    const mta_sts_findings *findings = domain->readiness->parts[TLSRPT_READINESS_MX];
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if (strcmp(finding->id, "mx-not-in-policy") == 0) {
            add(steps,
                apr_psprintf(call->p, "add %s to the mx of the policy (%s)", finding->subject,
                             domain->configured && domain->configured->is_hosted
                                 ? "column mx of its row"
                                 : "MTASTSMx"));
        }
    }
}

/* The first MX host that the policy does not cover, or NULL. */
static const mta_sts_finding *find_uncovered(const cli_ready_domain *domain)
{
    const mta_sts_findings *findings = domain->readiness->parts[TLSRPT_READINESS_MX];
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        if (strcmp(mta_sts_findings_at(findings, i)->id, "mx-not-in-policy") == 0) {
            return mta_sts_findings_at(findings, i);
        }
    }
    return NULL;
}

/* Adds a single step for all MX hosts that the policy does not cover, because they need only one
 * new id. */
static void add_uncovered(const cli_ready_call *call, const cli_ready_domain *domain,
                          apr_array_header_t *steps)
{
    const mta_sts_findings *findings = domain->readiness->parts[TLSRPT_READINESS_MX];
    const char *patterns = "";
    int i, count = 0;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);
        const char *one = apr_psprintf(call->p, "\"mx: %s\"",
                                       mta_sts_provider_pattern(call->p, finding->subject));

        if (strcmp(finding->id, "mx-not-in-policy") == 0 && !strstr(patterns, one)) {
            patterns = apr_pstrcat(call->p, patterns, count++ ? ", " : "", one, NULL);
        }
    }
    if (count) {
        add(steps,
            count == 1
                ? find_uncovered(domain)->fix
                : apr_psprintf(call->p, "add %s to the policy, then publish its new id", patterns));
    }
}

/* Whether a change of the policy includes this step or contradicts it, so that the plan has no
 * duplicates. */
static int is_superseded(const cli_ready_domain *domain, const char *mode, const char *id)
{
    int is_none = domain->facts.served && domain->facts.served->mode == MTA_STS_MODE_NONE;

    if (!mode && find_uncovered(domain)) {
        return strcmp(id, "id-differs") == 0 || strcmp(id, "record-missing") == 0 ||
               strcmp(id, "mx-not-in-policy") == 0;
    }
    return ((mode || is_none) && strcmp(id, "id-differs") == 0) ||
           (mode && (strcmp(id, "record-missing") == 0 || strcmp(id, "mx-not-in-policy") == 0));
}

const char *cli_ready_command(const cli_ready_call *call, const cli_ready_domain *domain,
                              const char *mode)
{
    return domain->configured && domain->configured->is_hosted
               ? cli_command(call->p, "policy",
                             apr_psprintf(call->p, "set --mode %s --wait 60", mode), domain->domain)
               : NULL;
}

static void add_change(const cli_ready_call *call, const cli_ready_domain *domain, const char *mode,
                       apr_array_header_t *steps)
{
    apr_pool_t *p = call->p;
    int i;

    for (i = 0; domain->configured && i < domain->configured->locations->nelts; i++) {
        add(steps,
            step_at(call, &APR_ARRAY_IDX(domain->configured->locations, i, cli_apache_location),
                    mode));
    }
    add_patterns(call, domain, steps);
    if (domain->configured && domain->configured->is_hosted) {
        add(steps, apr_pstrcat(p, "store it in the database, with your panel or with: ",
                               cli_ready_command(call, domain, mode), NULL));
    }
    else if (domain->configured) {
        add(steps, "reload httpd: sudo apachectl graceful");
    }
    else {
        add(steps, apr_psprintf(p,
                                "on the machine that serves mta-sts.%s, set the policy's mode to "
                                "%s (MTASTSMode %s), and reload httpd",
                                domain->domain, mode, mode));
    }
    add(steps, apr_psprintf(p, "publish the new policy id, printed by: %s",
                            cli_command(p, "dns", "", domain->domain)));
}

static void add_fixes(const cli_ready_call *call, const cli_ready_domain *domain,
                      mta_sts_severity severity, apr_array_header_t *steps)
{
    const char *mode = cli_ready_mode(domain);
    int i, j;

    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        const mta_sts_findings *findings = domain->readiness->parts[i];

        for (j = 0; j < findings->list->nelts; j++) {
            const mta_sts_finding *finding = mta_sts_findings_at(findings, j);

            if (finding->severity == severity && finding->fix &&
                !is_superseded(domain, mode, finding->id)) {
                add(steps, cli_ready_is_unspecified(domain, finding->subject, finding->fix)
                               ? apr_pstrcat(call->p, finding->subject, ": ", finding->fix, NULL)
                               : finding->fix);
            }
        }
    }
}

int cli_ready_copies(const cli_ready_domain *domain, mta_sts_rollout_date *date)
{
    const char *mode = cli_ready_mode(domain);

    if (!domain->rollout) {
        return 0;
    }
    *date = mode && strcmp(mode, "testing") == 0 ? *mta_sts_rollout_withdrawal(domain->rollout)
                                                 : mta_sts_rollout_copies(domain->rollout);
    return 1;
}

/* Adds until when senders may act on copies of earlier policies. */
static void add_copies(const cli_ready_call *call, const cli_ready_domain *domain,
                       apr_array_header_t *steps)
{
    mta_sts_rollout_date date;

    if (cli_ready_copies(domain, &date) && date.recorded) {
        add(steps,
            apr_psprintf(call->p,
                         "keep every MX host named in an earlier policy until the senders' "
                         "copies of that policy have expired. %s" TLSRPT_READINESS_COMMAND "%s",
                         mta_sts_rollout_copies_text(call->p, &date, 1),
                         cli_command(call->p, "rollout", "", domain->domain)));
    }
}

apr_array_header_t *cli_ready_steps(const cli_ready_call *call, const cli_ready_domain *domain)
{
    apr_array_header_t *steps = apr_array_make(call->p, 4, sizeof(const char *));
    const char *mode = cli_ready_mode(domain);

    if (mode) {
        add_change(call, domain, mode, steps);
    }
    else {
        add_uncovered(call, domain, steps);
    }
    add_fixes(call, domain, MTA_STS_ERROR, steps);
    add_fixes(call, domain, MTA_STS_WARNING, steps);
    add_fixes(call, domain, MTA_STS_UNKNOWN, steps);
    add_copies(call, domain, steps);
    if (mode && strcmp(mode, "testing") == 0) {
        add(steps, apr_psprintf(call->p,
                                "when this is done, ask again whether mode enforce is safe: "
                                "%s",
                                cli_command(call->p, "ready", "", domain->domain)));
    }
    return steps;
}
