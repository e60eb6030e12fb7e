/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/ready/call.h"
#include "core/base/format.h"
#include "core/base/text.h"
#include "tlsrpt/advice/copies.h"
#include "tlsrpt/advice/evidence.h"

/* The state in Nagios for each verdict, and the severity that determines its appearance. */
static const struct {
    const char *status;
    mta_sts_severity severity;
} looks[] = {
    [TLSRPT_READY_YES] = {"ok", MTA_STS_OK},
    [TLSRPT_READY_NOT_YET] = {"warning", MTA_STS_WARNING},
    [TLSRPT_READY_NO] = {"critical", MTA_STS_ERROR},
    [TLSRPT_READY_UNKNOWN] = {"unknown", MTA_STS_UNKNOWN},
};

static const cli_ready_domain *domain_at(const cli_ready_call *call, int i)
{
    return APR_ARRAY_IDX(call->domains, i, cli_ready_domain *);
}

tlsrpt_ready cli_ready_worst(const cli_ready_call *call)
{
    static const tlsrpt_ready order[] = {TLSRPT_READY_NO, TLSRPT_READY_NOT_YET,
                                         TLSRPT_READY_UNKNOWN};
    size_t i;
    int j;

    if (call->unopened) { /* their contents are not known */
        for (j = 0; j < call->domains->nelts; j++) {
            if (domain_at(call, j)->readiness->ready == TLSRPT_READY_NO) {
                return TLSRPT_READY_NO;
            }
        }
        return TLSRPT_READY_UNKNOWN;
    }
    for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        for (j = 0; j < call->domains->nelts; j++) {
            if (domain_at(call, j)->readiness->ready == order[i]) {
                return order[i];
            }
        }
    }
    return TLSRPT_READY_YES;
}

/* --- for people --- */

static void print_sign(const cli_style *style, mta_sts_severity severity)
{
    printf("    %s%s%s ", cli_severity_colour(style, severity), cli_severity_sign(style, severity),
           cli_colour_end(style));
}

static void print_findings(const cli_style *style, const cli_ready_domain *domain,
                           const mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        print_sign(style, finding->severity);
        if (cli_ready_is_unspecified(domain, finding->subject, finding->message)) {
            printf("%s: ", finding->subject);
        }
        printf("%s", finding->message);
        if (finding->severity != MTA_STS_OK) {
            printf(" [%s]", finding->id);
        }
        putchar('\n');
    }
}

/* Prints a command on a line of its own, so that it can be copied. */
static void print_step(int number, const char *step)
{
    const char *see = strstr(step, TLSRPT_READINESS_COMMAND);

    if (see) {
        printf("    %d. %.*s\n      %s\n", number, (int)(see - step), step, see);
        return;
    }
    printf("    %d. %s\n", number, step);
}

static void print_steps(const cli_ready_call *call, const cli_ready_domain *domain)
{
    const apr_array_header_t *steps = cli_ready_steps(call, domain);
    int i;

    if (steps->nelts) {
        puts("  What to do");
    }
    for (i = 0; i < steps->nelts; i++) {
        print_step(i + 1, APR_ARRAY_IDX(steps, i, const char *));
    }
}

static void print_domain(const cli_ready_call *call, const cli_style *style,
                         const cli_ready_domain *domain)
{
    const tlsrpt_readiness *readiness = domain->readiness;
    const char *const titles[TLSRPT_READINESS_PARTS] = {
        [TLSRPT_READINESS_POLICY] = "Policy",
        [TLSRPT_READINESS_MX] = "Mail servers",
        [TLSRPT_READINESS_REPORTS] =
            call->since ? apr_pstrcat(call->p, "Reports since ",
                                      mta_sts_format_date(call->p, call->since), NULL)
                        : "Reports",
    };
    int i;

    printf("%s\n", cli_domain_text(call->p, style, domain->domain));
    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        if (readiness->parts[i]->list->nelts) {
            printf("  %s\n", titles[i]);
            print_findings(style, domain, readiness->parts[i]);
        }
    }
    puts("  Verdict");
    print_sign(style, looks[readiness->ready].severity);
    printf("%s\n", readiness->summary);
    print_steps(call, domain);
}

void cli_ready_print(const cli_ready_call *call, const cli_style *style)
{
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        if (i) {
            putchar('\n');
        }
        print_domain(call, style, domain_at(call, i));
    }
    if (call->unopened) {
        fflush(stdout);
        fprintf(stderr,
                "mta-sts ready: %d files of stored reports cannot be read, so the verdict is not "
                "known; the first: %s\n",
                call->unopened, call->first_unopened);
    }
    if (call->unreadable) {
        fflush(stdout);
        fprintf(stderr, "mta-sts ready: %d of the stored reports cannot be read; skipped\n",
                call->unreadable);
    }
}

/* --- for programs --- */

static json_t *change_to_json(const cli_ready_call *call, const cli_ready_domain *domain)
{
    const char *mode = cli_ready_mode(domain);
    json_t *locations = json_array();
    int i;

    for (i = 0; domain->configured && i < domain->configured->locations->nelts; i++) {
        const cli_apache_location *location =
            &APR_ARRAY_IDX(domain->configured->locations, i, cli_apache_location);

        json_array_append_new(
            locations, json_string(location->mode_at ? location->mode_at : location->defined_at));
    }
    if (!mode) {
        json_decref(locations);
        return json_null();
    }
    return json_pack("{s:o, s:o, s:s*}", "directive", json_sprintf("MTASTSMode %s", mode),
                     "locations", locations, "command", cli_ready_command(call, domain, mode));
}

static json_t *reports_to_json(const cli_ready_call *call, const cli_ready_domain *domain)
{
    const tlsrpt_domain *all = domain->facts.reports, *weighed = domain->facts.evidence;

    return json_pack("{s:s?, s:I, s:I, s:I, s:i, s:i, s:I, s:I}", "since",
                     call->since ? mta_sts_format_date(call->p, call->since) : NULL, "reports",
                     (json_int_t)(all ? all->reports : 0), "earlier_reports",
                     (json_int_t)domain->facts.earlier, "counted",
                     (json_int_t)(weighed ? weighed->reports : 0), "days",
                     tlsrpt_evidence_days(weighed, call->limits.now), "senders",
                     weighed ? weighed->senders->nelts : 0, "successful_sessions",
                     (json_int_t)(weighed ? weighed->successful : 0), "failed_sessions",
                     (json_int_t)(weighed ? weighed->failed : 0));
}

static json_t *sections_to_json(const tlsrpt_readiness *readiness)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        json_array_append_new(array,
                              json_pack("{s:s, s:o}", "part", tlsrpt_readiness_part_name(i),
                                        "findings", cli_findings_to_json(readiness->parts[i])));
    }
    return array;
}

static json_t *domain_to_json(const cli_ready_call *call, const cli_ready_domain *domain)
{
    const tlsrpt_readiness *readiness = domain->readiness;
    const mta_sts_policy *served = domain->facts.served;
    mta_sts_rollout_date date;
    int is_known = cli_ready_copies(domain, &date);

    return json_pack(
        "{s:s, s:s?, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "domain", domain->domain,
        "unicode", cli_domain_unicode(call->p, domain->domain), "status",
        looks[readiness->ready].status, "ready", tlsrpt_ready_name(readiness->ready), "summary",
        readiness->summary, "policy", served ? cli_policy_to_json(served) : json_null(), "reports",
        reports_to_json(call, domain), "sections", sections_to_json(readiness), "steps",
        cli_strings_to_json(cli_ready_steps(call, domain)), "change", change_to_json(call, domain),
        "earlier_copies", tlsrpt_copies_to_json(call->p, is_known ? &date : NULL, 1));
}

void cli_ready_print_json(const cli_ready_call *call)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        json_array_append_new(array, domain_to_json(call, domain_at(call, i)));
    }
    cli_print_json(json_pack("{s:s, s:i, s:o}", "status", looks[cli_ready_worst(call)].status,
                             "unreadable", call->unreadable + call->unopened, "domains", array));
}
