/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/report/causes.h"
#include "cli/common/wrap.h"
#include "core/base/format.h"
#include "core/base/name.h"
#include "core/policy/text.h"
#include "tlsrpt/advice/explain.h"
#include "tlsrpt/advice/policy_match.h"

#define POLICIES_MAX 10 /* maximum number of policies for one domain */

static const char *domain_name(const cli_report_page *page, const tlsrpt_domain *domain)
{
    const char *host;

    if (!*domain->domain) {
        return "(domain not specified)";
    }
    return mta_sts_name_parse_host(page->p, domain->domain, MTA_STS_NAME_ALABEL, &host)
               ? mta_sts_format_name(page->p, domain->domain)
               : cli_domain_text(page->p, &page->style, host);
}

/* --- policies --- */

static int is_enforced(apr_pool_t *p, const tlsrpt_seen_policy *seen)
{
    return strcmp(seen->type, "sts") == 0 &&
           mta_sts_policy_text_read(p, seen->policy, strlen(seen->policy), mta_sts_findings_make(p))
                   ->mode == MTA_STS_MODE_ENFORCE;
}

/* Warns that in mode enforce, failures mean that mail is delayed or bounces. */
static void print_urgency(const cli_report_page *page, const tlsrpt_domain *domain)
{
    int i, enforced = 0;

    for (i = 0; i < domain->seen->nelts; i++) {
        const tlsrpt_seen_policy *seen = &APR_ARRAY_IDX(domain->seen, i, tlsrpt_seen_policy);

        enforced |= tlsrpt_evidence_counts(seen->is_verified) && is_enforced(page->p, seen);
    }
    if (enforced && domain->verified_failed) {
        putchar('\n');
        cli_report_print_sign(page, 2, MTA_STS_WARNING);
        cli_print_wrapped(
            4, "These senders applied a policy in mode enforce: if a failure is caused by an MX "
               "host, they delay or bounce the mail. Until it is fixed, set 'MTASTSMode "
               "testing' and publish the new policy id to stop the loss.");
    }
}

static tlsrpt_policy_match match_of(const cli_report_page *page, const tlsrpt_domain *domain,
                                    const tlsrpt_seen_policy *seen)
{
    return tlsrpt_policy_match_compare(page->p, seen->type, seen->policy,
                                       cli_served_of(page->call->served, domain->domain));
}

static void print_seen(const cli_report_page *page, const tlsrpt_domain *domain,
                       const tlsrpt_seen_policy *seen)
{
    tlsrpt_policy_match match = match_of(page, domain, seen);
    const char *text =
        tlsrpt_policy_match_text(page->p, match, seen->policy,
                                 cli_served_of(page->call->served, domain->domain), domain->domain);

    cli_report_print_sign(page, 2,
                          tlsrpt_policy_match_is_unexpected(match)
                              ? cli_report_severity(seen->is_verified, MTA_STS_WARNING)
                              : MTA_STS_INFO);
    cli_print_wrapped(
        4, apr_psprintf(page->p, "policy used by %s (%s%s, last on %s): %s",
                        mta_sts_format_names(page->p, seen->senders, CLI_NAMES_MAX),
                        tlsrpt_evidence_counts(seen->is_verified) ? "" : "unverified, ",
                        mta_sts_format_count(page->p, seen->sessions, "session", "sessions"),
                        mta_sts_format_last_date(page->p, seen->last), text));
}

/*
 * Prints the latest policies.
 *
 * @param unexpected_only only those that should not be in use
 */
static void print_policies(const cli_report_page *page, const tlsrpt_domain *domain,
                           int unexpected_only)
{
    int i, shown = 0;

    for (i = 0; i < domain->seen->nelts && shown < POLICIES_MAX; i++) {
        const tlsrpt_seen_policy *seen = &APR_ARRAY_IDX(domain->seen, i, tlsrpt_seen_policy);

        if (!unexpected_only || tlsrpt_policy_match_is_unexpected(match_of(page, domain, seen))) {
            print_seen(page, domain, seen);
            shown++;
        }
    }
}

/* --- domains --- */

static int count_senders(const tlsrpt_domain *domain, int is_verified)
{
    int i, count = 0;

    for (i = 0; i < domain->senders->nelts; i++) {
        count += APR_ARRAY_IDX(domain->senders, i, tlsrpt_sender).is_verified == is_verified;
    }
    return count;
}

/* The data to print about a domain: from its verified reports, or from its unverified ones. */
typedef struct part {
    const tlsrpt_domain *domain;
    int is_verified;
    apr_int64_t reports, successful, failed;
    int senders;
} part;

static part part_of(const tlsrpt_domain *domain, int is_verified)
{
    if (is_verified) {
        return (part){domain,
                      1,
                      domain->verified,
                      domain->verified_successful,
                      domain->verified_failed,
                      count_senders(domain, 1)};
    }
    return (part){domain,
                  0,
                  domain->reports - domain->verified,
                  domain->successful - domain->verified_successful,
                  domain->failed - domain->verified_failed,
                  count_senders(domain, 0)};
}

static int has_failed(const tlsrpt_domain *domain)
{
    return domain->failed > 0 || domain->causes->nelts > 0;
}

/* A short description of the latest policy that was reported. */
static const char *policy_in_short(const cli_report_page *page, const tlsrpt_domain *domain)
{
    const tlsrpt_seen_policy *last = &APR_ARRAY_IDX(domain->seen, 0, tlsrpt_seen_policy);

    return strcmp(last->type, "no-policy-found") == 0 ? "no policy found"
           : strcmp(last->type, "tlsa") == 0          ? "under DANE"
           : strcmp(last->type, "sts") != 0           ? ""
           : is_enforced(page->p, last)               ? "under enforce"
                                                      : "under MTA-STS, not enforced";
}

static void print_working(const cli_report_page *page, const tlsrpt_domain *domain)
{
    const part well = part_of(domain, domain->verified > 0), rest = part_of(domain, 0);
    const char *senders = mta_sts_format_count(page->p, well.senders, "sender", "senders");
    const char *policy = domain->seen->nelts ? policy_in_short(page, domain) : "";

    cli_report_print_sign(
        page, 0,
        well.successful && tlsrpt_evidence_counts(well.is_verified) ? MTA_STS_OK : MTA_STS_INFO);
    printf("%s: ", domain_name(page, domain));
    if (well.successful) {
        printf("all %s of %s delivered securely%s%s",
               mta_sts_format_count(page->p, well.successful, "session", "sessions"), senders,
               *policy ? ", " : "", policy);
    }
    else {
        printf("no sessions, reported by %s", senders);
    }
    printf(" (%s)%s", mta_sts_format_date_range(page->p, domain->begin, domain->end),
           cli_report_unverified(well.is_verified));
    if (well.is_verified && rest.reports) {
        printf("; %s not counted", mta_sts_format_count(page->p, rest.reports, "unverified report",
                                                        "unverified reports"));
    }
    putchar('\n');
    print_policies(page, domain, 1);
}

/* Both numbers are halved if the sum would overflow, so that failures are never shown as 100 %. */
static const char *share(apr_pool_t *p, const part *counted)
{
    apr_int64_t successful = counted->successful, rest = counted->failed;

    if (successful > APR_INT64_MAX - rest) {
        successful /= 2;
        rest /= 2;
    }
    return mta_sts_format_share(p, successful, successful + rest);
}

static const char *more_in_details(const cli_report_page *page, const part *ill)
{
    return tlsrpt_detailed_text(page->p, ill->failed,
                                tlsrpt_domain_detailed(ill->domain, ill->is_verified));
}

/* Prints the contents of the verified reports of a domain with failures, or of the unverified
 * ones. */
static void print_part(const cli_report_page *page, const part *ill)
{
    apr_int64_t all = tlsrpt_count_add(ill->successful, ill->failed);

    if (ill->failed) {
        printf("%s of %s delivered securely, %s failed%s%s\n", share(page->p, ill),
               mta_sts_format_count(page->p, all, "session", "sessions"),
               mta_sts_format_number(page->p, ill->failed), more_in_details(page, ill),
               cli_report_unverified(ill->is_verified));
    }
    else {
        printf("%s delivered securely%s%s%s\n",
               mta_sts_format_count(page->p, ill->successful, "session", "sessions"),
               ill->domain->failed ? "" : ", but failures are reported", more_in_details(page, ill),
               cli_report_unverified(ill->is_verified));
    }
}

static int has_verified_failures(const tlsrpt_domain *domain)
{
    return domain->verified_failed ||
           (domain->causes->nelts &&
            tlsrpt_evidence_counts(APR_ARRAY_IDX(domain->causes, 0, tlsrpt_cause).is_verified));
}

static void print_failing(const cli_report_page *page, const tlsrpt_domain *domain)
{
    const part first = part_of(domain, domain->verified > 0), rest = part_of(domain, 0);

    putchar('\n');
    cli_report_print_sign(page, 0,
                          cli_report_severity(has_verified_failures(domain), MTA_STS_ERROR));
    printf("%s: ", domain_name(page, domain));
    print_part(page, &first);
    if (first.is_verified && rest.reports) {
        printf(
            "  %s, not counted: ",
            mta_sts_format_count(page->p, rest.reports, "unverified report", "unverified reports"));
        print_part(page, &rest);
    }
    printf("  %s, %s, %s\n", mta_sts_format_date_range(page->p, domain->begin, domain->end),
           mta_sts_format_count(page->p, first.senders, "sender", "senders"),
           mta_sts_format_count(page->p, first.reports, "report", "reports"));
    cli_report_print_causes(page, domain);
    print_urgency(page, domain);
    putchar('\n');
    print_policies(page, domain, 0);
}

/* --- everything --- */

/* Whether there may be reports that were not requested. */
static int call_chooses(const cli_report_call *call)
{
    return call->filter.domain || call->filter.organization;
}

static void print_head(const cli_report_page *page, const cli_report_result *result)
{
    const tlsrpt_summary *sum = result->sum;
    apr_int64_t earlier = cli_report_earlier(result);
    int is_store = !page->call->path_count;

    printf("%s", mta_sts_format_count(page->p, sum->reports, "report", "reports"));
    if (page->call->filter.since) {
        printf(" since %s", mta_sts_format_date(page->p, page->call->filter.since));
    }
    if (page->call->received) {
        printf(" received since %s", mta_sts_format_time(page->p, page->call->received));
    }
    if (sum->duplicates + sum->conflicts) {
        printf("; %s not counted", mta_sts_format_count(page->p, sum->duplicates + sum->conflicts,
                                                        "duplicate", "duplicates"));
    }
    if (earlier) {
        printf("; %s about earlier days not shown (use --since all)",
               mta_sts_format_count(page->p, earlier, "report", "reports"));
    }
    if (result->skipped.older) {
        printf("; %s received earlier not shown",
               mta_sts_format_count(page->p, result->skipped.older, "report", "reports"));
    }
    if (sum->reports && sum->unverified == sum->reports) {
        printf("\nNone of these reports is verified; anyone can submit one.");
    }
    else if (sum->unverified) {
        printf("\n%" APR_INT64_T_FMT " of them are not verified; anyone can submit one.",
               sum->unverified);
    }
    if (sum->folded) {
        printf(
            "\n%s with more names than are summed up separately: the rest are shown as \"other\".",
            mta_sts_format_count(page->p, sum->folded, "report", "reports"));
    }
    putchar('\n');
    if (is_store && !result->is_incomplete && !sum->reports && !earlier && !result->skipped.older &&
        !call_chooses(page->call)) {
        cli_print_wrapped(0,
                          "Senders send one report a day to the address in the _smtp._tls record; "
                          "the first arrives after a day or two.");
    }
}

static void print_apart_row(const cli_report_page *page, const tlsrpt_apart *apart)
{
    const char *text = apr_psprintf(
        page->p, "%s, %s about %s: %s",
        apart->day < 0 ? "unspecified date" : mta_sts_format_date(page->p, apart->day + 1),
        mta_sts_format_name(page->p, apart->organization),
        *apart->domain ? mta_sts_format_name(page->p, apart->domain) : "(domain not specified)",
        mta_sts_format_count(page->p, tlsrpt_count_add(apart->successful, apart->failed), "session",
                             "sessions"));

    printf("    ");
    cli_print_wrapped(4, text);
}

/* Prints sums that are not plausible, which are not part of any other number. */
static void print_apart(const cli_report_page *page, const tlsrpt_summary *sum)
{
    int i;

    if (!sum->apart->nelts) {
        return;
    }
    putchar('\n');
    cli_report_print_sign(page, 2, MTA_STS_INFO);
    cli_print_wrapped(
        4, "Set apart, and not counted in any number: unverified reports with implausibly many "
           "sessions, compared with the other reports about the domain");
    for (i = 0; i < sum->apart->nelts; i++) {
        print_apart_row(page, &APR_ARRAY_IDX(sum->apart, i, const tlsrpt_apart));
    }
    if (sum->apart_count > i) {
        printf("    and %" APR_INT64_T_FMT " more\n", sum->apart_count - i);
    }
}

static int count_failed(const tlsrpt_summary *sum)
{
    int i, count = 0;

    for (i = 0; i < sum->domains->nelts; i++) {
        count += has_failed(APR_ARRAY_IDX(sum->domains, i, const tlsrpt_domain *));
    }
    return count;
}

/* Domains with failures come first, separated by an empty line. */
static void print_domain(const cli_report_page *page, const tlsrpt_domain *domain,
                         int is_first_well)
{
    if (has_failed(domain)) {
        print_failing(page, domain);
    }
    else if (!page->call->failures_only) {
        fputs(is_first_well ? "\n" : "", stdout);
        print_working(page, domain);
    }
}

static void end(apr_pool_t *p, const cli_report_call *call, const cli_report_result *result)
{
    cli_report_page page = {.call = call, .style = cli_output_style()};
    int i, failed = count_failed(result->sum);

    if (call->failures_only && !failed) {
        return;
    }
    apr_pool_create(&page.p, p);
    print_head(&page, result);
    for (i = 0; i < result->sum->domains->nelts; i++) {
        print_domain(&page, APR_ARRAY_IDX(result->sum->domains, i, tlsrpt_domain *), i == failed);
        apr_pool_clear(page.p);
    }
    print_apart(&page, result->sum);
    apr_pool_destroy(page.p);
}

const cli_report_format cli_report_text = {"", "", NULL, end, 0};
