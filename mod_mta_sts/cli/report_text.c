/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/output.h"
#include "cli/report.h"
#include "cli/words.h"
#include "core/name.h"
#include "core/policy_text.h"

/* What is the same for all lines. */
typedef struct page {
    apr_pool_t *p; /* cleared behind each domain */
    const cli_report_call *call;
    cli_style style;
} page;

static const char *domain_name(const page *of, const tlsrpt_domain *domain)
{
    const char *host;

    if (!*domain->domain) {
        return "(no domain told)";
    }
    return mta_sts_name_parse_host(of->p, domain->domain, MTA_STS_NAME_ALABEL, &host)
               ? cli_shown(of->p, domain->domain)
               : cli_domain_text(of->p, &of->style, host);
}

/* --- lines --- */

static void print_sign(const page *of, int indent, mta_sts_severity severity)
{
    printf("%*s%s%s%s ", indent, "", cli_severity_colour(&of->style, severity),
           cli_severity_sign(&of->style, severity), cli_colour_end(&of->style));
}

/* A command stands alone in its line, so that it can be copied. */
static void print_explanation(const tlsrpt_explanation *explanation)
{
    cli_print_fact("what:", explanation->what);
    cli_print_fact("where:", tlsrpt_whose_text(explanation->whose));
    cli_print_fact("do:", explanation->action);
    if (explanation->command) {
        printf("%*s%s\n", CLI_FACT_INDENT, "", explanation->command);
    }
}

/* --- causes --- */

static const tlsrpt_explanation *explain(const page *of, const tlsrpt_domain *domain,
                                         const tlsrpt_cause *cause, const char *reason)
{
    const tlsrpt_facts facts = {.result_type = cause->result_type,
                                .reason = reason,
                                .domain = domain->domain,
                                .mx = cause->receiving_mx};

    return tlsrpt_explain(of->p, &facts);
}

static int has_explanation(const apr_array_header_t *list, const tlsrpt_explanation *wanted)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const tlsrpt_explanation *)->cause, wanted->cause) == 0) {
            return 1;
        }
    }
    return 0;
}

/* What the reasons give away; what the type alone tells only if that is nothing. */
static apr_array_header_t *explanations(const page *of, const tlsrpt_domain *domain,
                                        const tlsrpt_cause *cause)
{
    apr_array_header_t *list = apr_array_make(of->p, 2, sizeof(const tlsrpt_explanation *));
    const tlsrpt_explanation *general = explain(of, domain, cause, NULL);
    int i;

    for (i = 0; i < cause->reasons->nelts; i++) {
        const tlsrpt_explanation *special =
            explain(of, domain, cause, APR_ARRAY_IDX(cause->reasons, i, const char *));

        if (strcmp(special->cause, general->cause) != 0 && !has_explanation(list, special)) {
            APR_ARRAY_PUSH(list, const tlsrpt_explanation *) = special;
        }
    }
    if (!list->nelts) {
        APR_ARRAY_PUSH(list, const tlsrpt_explanation *) = general;
    }
    return list;
}

static void print_names(const page *of, const char *label, const apr_array_header_t *list)
{
    if (list->nelts) {
        cli_print_fact(label, cli_names(of->p, list));
    }
}

static void print_facts(const page *of, const tlsrpt_cause *cause)
{
    cli_print_fact("since:", apr_pstrcat(of->p, cli_date(of->p, cause->first), ", last told of ",
                                         cli_last_date(of->p, cause->last), NULL));
    print_names(of, "told by:", cause->senders);
    print_names(of, "from IP:", cause->sending_ips);
    print_names(of, "MX's IP:", cause->receiving_ips);
    print_names(of, "reason:", cause->reasons);
}

static void print_cause(const page *of, const tlsrpt_domain *domain, const tlsrpt_cause *cause)
{
    const apr_array_header_t *list = explanations(of, domain, cause);
    int i;

    putchar('\n');
    print_sign(of, 2, MTA_STS_ERROR);
    printf("%s failed: %s%s%s\n", cli_counted(of->p, cause->sessions, "session", "sessions"),
           *cause->result_type ? cli_shown(of->p, cause->result_type) : "no result type told",
           cause->receiving_mx ? " at " : "",
           cause->receiving_mx ? cli_shown(of->p, cause->receiving_mx) : "");
    print_facts(of, cause);
    for (i = 0; i < list->nelts; i++) {
        print_explanation(APR_ARRAY_IDX(list, i, const tlsrpt_explanation *));
    }
}

/* Failed sessions that no failure details tell of. */
static apr_int64_t undetailed(const tlsrpt_domain *domain)
{
    apr_int64_t told = 0;
    int i;

    for (i = 0; i < domain->causes->nelts; i++) {
        told = tlsrpt_count_add(told, APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause).sessions);
    }
    return domain->failed > told ? domain->failed - told : 0;
}

static void print_causes(const page *of, const tlsrpt_domain *domain)
{
    apr_int64_t rest = undetailed(domain);
    int i;

    for (i = 0; i < domain->causes->nelts; i++) {
        print_cause(of, domain, &APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause));
    }
    if (rest) {
        putchar('\n');
        print_sign(of, 2, MTA_STS_ERROR);
        printf("%s failed: no details told\n", cli_counted(of->p, rest, "session", "sessions"));
        print_explanation(tlsrpt_explain_no_details(of->p, domain->domain));
    }
}

/* --- policies --- */

static int is_enforced(apr_pool_t *p, const tlsrpt_seen *seen)
{
    return strcmp(seen->type, "sts") == 0 &&
           mta_sts_policy_text_read(p, seen->policy, strlen(seen->policy), mta_sts_findings_make(p))
                   ->mode == MTA_STS_MODE_ENFORCE;
}

/* In enforce, a failure is mail that waits or bounces. */
static void print_urgency(const page *of, const tlsrpt_domain *domain)
{
    int i, enforced = 0;

    for (i = 0; i < domain->seen->nelts; i++) {
        enforced |= is_enforced(of->p, &APR_ARRAY_IDX(domain->seen, i, tlsrpt_seen));
    }
    if (enforced && domain->failed) {
        putchar('\n');
        print_sign(of, 2, MTA_STS_WARNING);
        cli_print_wrapped(
            4, "These senders had a policy in mode enforce: where a failure is the MX's, "
               "they hold the mail back or bounce it. While it is being mended, "
               "`MTASTSMode testing` and the new id in DNS stop the loss.");
    }
}

static tlsrpt_held held_of(const page *of, const tlsrpt_domain *domain, const tlsrpt_seen *seen)
{
    return tlsrpt_held_compare(of->p, seen->type, seen->policy,
                               cli_served_of(of->call->served, domain->domain));
}

static int is_odd(tlsrpt_held held)
{
    return held == TLSRPT_HELD_OTHER || held == TLSRPT_HELD_NONE;
}

static void print_seen(const page *of, const tlsrpt_domain *domain, const tlsrpt_seen *seen)
{
    tlsrpt_held held = held_of(of, domain, seen);
    const char *text = tlsrpt_held_text(
        of->p, held, seen->policy, cli_served_of(of->call->served, domain->domain), domain->domain);

    print_sign(of, 2, is_odd(held) ? MTA_STS_WARNING : MTA_STS_INFO);
    cli_print_wrapped(4, apr_psprintf(of->p, "policy that %s had (%s, last on %s): %s",
                                      cli_names(of->p, seen->senders),
                                      cli_counted(of->p, seen->sessions, "session", "sessions"),
                                      cli_last_date(of->p, seen->last), text));
}

/*
 * @param odd_only only what is not as it should be
 */
static void print_policies(const page *of, const tlsrpt_domain *domain, int odd_only)
{
    int i;

    for (i = 0; i < domain->seen->nelts; i++) {
        const tlsrpt_seen *seen = &APR_ARRAY_IDX(domain->seen, i, tlsrpt_seen);

        if (!odd_only || is_odd(held_of(of, domain, seen))) {
            print_seen(of, domain, seen);
        }
    }
}

/* --- domains --- */

static int has_failed(const tlsrpt_domain *domain)
{
    return domain->failed > 0 || domain->causes->nelts > 0;
}

/* The last policy that was told, in few words. */
static const char *policy_in_short(const page *of, const tlsrpt_domain *domain)
{
    const tlsrpt_seen *last = &APR_ARRAY_IDX(domain->seen, 0, tlsrpt_seen);

    return strcmp(last->type, "no-policy-found") == 0 ? "no policy found"
           : strcmp(last->type, "tlsa") == 0          ? "under DANE"
           : strcmp(last->type, "sts") != 0           ? ""
           : is_enforced(of->p, last)                 ? "under enforce"
                                                      : "under MTA-STS, not enforced";
}

static void print_well(const page *of, const tlsrpt_domain *domain)
{
    const char *senders = cli_counted(of->p, domain->senders->nelts, "sender", "senders");
    const char *policy = domain->seen->nelts ? policy_in_short(of, domain) : "";

    print_sign(of, 0, domain->successful ? MTA_STS_OK : MTA_STS_INFO);
    printf("%s: ", domain_name(of, domain));
    if (domain->successful) {
        printf("all %s of %s delivered securely%s%s",
               cli_counted(of->p, domain->successful, "session", "sessions"), senders,
               *policy ? ", " : "", policy);
    }
    else {
        printf("no sessions, tell %s", senders);
    }
    printf(" (%s)\n", cli_dates(of->p, domain->begin, domain->end));
    print_policies(of, domain, 1);
}

static void print_ill(const page *of, const tlsrpt_domain *domain)
{
    putchar('\n');
    print_sign(of, 0, MTA_STS_ERROR);
    printf("%s: ", domain_name(of, domain));
    if (domain->failed) {
        printf("%s of %s delivered securely, %" APR_INT64_T_FMT " failed\n",
               cli_share(of->p, domain->successful, domain->failed),
               cli_counted(of->p, tlsrpt_count_add(domain->successful, domain->failed), "session",
                           "sessions"),
               domain->failed);
    }
    else {
        printf("%s delivered securely, but failures are told\n",
               cli_counted(of->p, domain->successful, "session", "sessions"));
    }
    printf("  %s, %s, %s\n", cli_dates(of->p, domain->begin, domain->end),
           cli_counted(of->p, domain->senders->nelts, "sender", "senders"),
           cli_counted(of->p, domain->reports, "report", "reports"));
    print_causes(of, domain);
    print_urgency(of, domain);
    putchar('\n');
    print_policies(of, domain, 0);
}

/* --- the whole --- */

static void print_head(const page *of, const cli_report_result *result)
{
    const tlsrpt_summary *sum = result->sum;
    int is_store = !of->call->path_count;

    printf("%s", cli_counted(of->p, sum->reports, "report", "reports"));
    if (is_store && of->call->since) {
        printf(" since %s", cli_date(of->p, of->call->since));
    }
    if (sum->duplicates + sum->conflicts) {
        printf("; %" APR_INT64_T_FMT " more came again and do not count",
               sum->duplicates + sum->conflicts);
    }
    if (result->older) {
        printf("; %s left out (--since all tells them, too)",
               cli_counted(of->p, result->older, "older one is", "older ones are"));
    }
    if (sum->reports && sum->unverified == sum->reports) {
        printf("\nNo sender is verified: anybody can send such reports.");
    }
    else if (sum->unverified) {
        printf("\nOf %" APR_INT64_T_FMT " of them the sender is not verified.", sum->unverified);
    }
    putchar('\n');
}

static int count_failed(const tlsrpt_summary *sum)
{
    int i, count = 0;

    for (i = 0; i < sum->domains->nelts; i++) {
        count += has_failed(APR_ARRAY_IDX(sum->domains, i, const tlsrpt_domain *));
    }
    return count;
}

/* Those that failed come first, and stand apart. */
static void print_domain(const page *of, const tlsrpt_domain *domain, int is_first_well)
{
    if (has_failed(domain)) {
        print_ill(of, domain);
    }
    else if (!of->call->failures_only) {
        fputs(is_first_well ? "\n" : "", stdout);
        print_well(of, domain);
    }
}

static void end(apr_pool_t *p, const cli_report_call *call, const cli_report_result *result)
{
    page of = {.call = call, .style = cli_style_of_output()};
    int i, failed = count_failed(result->sum);

    if (call->failures_only && !failed) {
        return;
    }
    apr_pool_create(&of.p, p);
    print_head(&of, result);
    for (i = 0; i < result->sum->domains->nelts; i++) {
        print_domain(&of, APR_ARRAY_IDX(result->sum->domains, i, tlsrpt_domain *), i == failed);
        apr_pool_clear(of.p);
    }
    apr_pool_destroy(of.p);
}

const cli_report_format cli_report_text = {"text", "", "", NULL, end, 0};
