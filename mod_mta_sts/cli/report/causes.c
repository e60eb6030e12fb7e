/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report/causes.h"

#include <stdio.h>

#include <apr_strings.h>

#include "cli/common/wrap.h"
#include "core/base/format.h"
#include "core/base/time.h"

#define CAUSES_MAX 20 /* of one domain: anyone can send reports with any number */

/* Prints commands on lines of their own, so that they can be copied. */
static void print_explanation(const cli_report_page *page, const tlsrpt_explanation *explanation,
                              int others, int is_verified)
{
    if (!tlsrpt_evidence_counts(is_verified)) {
        cli_print_fact("check:", "Only unverified reports contain this, and anyone can submit one: "
                                 "check whether it is true before you change anything.");
    }
    cli_print_fact("what:", explanation->what);
    cli_print_fact("where:", tlsrpt_where_text(page->p, explanation, others));
    cli_print_fact("do:", explanation->action);
    if (explanation->command) {
        printf("%*s%s\n", CLI_FACT_INDENT, "", explanation->command);
    }
}

static void print_names(const cli_report_page *page, const char *label,
                        const apr_array_header_t *list)
{
    if (list->nelts) {
        cli_print_fact(label, mta_sts_format_names(page->p, list, CLI_NAMES_MAX));
    }
}

/* When a failure was first and last reported, and whether sessions succeeded since. */
static const char *since(const cli_report_page *page, const tlsrpt_domain *domain,
                         const tlsrpt_cause *cause)
{
    apr_int64_t secure = tlsrpt_secure_since(domain->days, cause);
    apr_time_t first = cause->first, last = cause->last;
    const char *text;

    mta_sts_time_order(&first, &last);
    text = apr_pstrcat(page->p, mta_sts_format_date(page->p, first), ", last seen ",
                       mta_sts_format_last_date(page->p, last), NULL);
    return secure ? apr_pstrcat(
                        page->p, text, "; ",
                        mta_sts_format_count(page->p, secure, "secure session", "secure sessions"),
                        " on later days", NULL)
                  : text;
}

static void print_facts(const cli_report_page *page, const tlsrpt_domain *domain,
                        const tlsrpt_cause *cause)
{
    cli_print_fact("since:", since(page, domain, cause));
    print_names(page, "reporter:", cause->senders);
    print_names(page, "from IP:", cause->sending_ips);
    print_names(page, "MX's IP:", cause->receiving_ips);
    print_names(page, "reason:", cause->reasons);
}

/* What the fetch log says of each sender. */
static void print_fetches(const cli_report_page *page, const tlsrpt_domain *domain,
                          const tlsrpt_cause *cause)
{
    apr_array_header_t *answers;
    int i;

    if (tlsrpt_fetch_answers_find(cli_served_database(page->call->served), domain->domain, cause,
                                  apr_time_now(), page->p, &answers)) {
        return; /* the database is only one more source */
    }
    for (i = 0; i < answers->nelts; i++) {
        const tlsrpt_fetch_answer *answer = &APR_ARRAY_IDX(answers, i, tlsrpt_fetch_answer);

        cli_print_fact("log:", apr_psprintf(page->p, "%s: %s",
                                            mta_sts_format_name(page->p, answer->organization),
                                            answer->text));
    }
}

static void print_cause(const cli_report_page *page, const tlsrpt_domain *domain,
                        const tlsrpt_cause *cause)
{
    const apr_array_header_t *list = tlsrpt_explain_cause(page->p, domain->domain, cause);
    int i;

    putchar('\n');
    cli_report_print_sign(page, 2, cli_report_severity(cause->is_verified, MTA_STS_ERROR));
    printf("%s failed: %s%s%s%s%s\n",
           mta_sts_format_count(page->p, cause->sessions, "session", "sessions"),
           *cause->result_type ? mta_sts_format_name(page->p, cause->result_type)
                               : "result type not specified",
           cause->receiving_mx ? " at " : "",
           cause->receiving_mx ? mta_sts_format_name(page->p, cause->receiving_mx) : "",
           tlsrpt_policy_type_text(page->p, cause->policy_type),
           cli_report_unverified(cause->is_verified));
    print_facts(page, domain, cause);
    for (i = 0; i < list->nelts; i++) {
        print_explanation(page, APR_ARRAY_IDX(list, i, const tlsrpt_explanation *),
                          tlsrpt_others_without_failure(domain->senders, cause),
                          cause->is_verified);
    }
    print_fetches(page, domain, cause);
}

/* Failed sessions without failure details, in verified reports or in unverified ones. */
static apr_int64_t undetailed(const tlsrpt_domain *domain, int is_verified)
{
    apr_int64_t counted = tlsrpt_domain_detailed(domain, is_verified);
    apr_int64_t failed =
        is_verified ? domain->verified_failed : domain->failed - domain->verified_failed;

    return failed > counted ? failed - counted : 0;
}

static void print_undetailed(const cli_report_page *page, const tlsrpt_domain *domain,
                             int is_verified)
{
    apr_int64_t rest = undetailed(domain, is_verified);

    if (rest) {
        putchar('\n');
        cli_report_print_sign(page, 2, cli_report_severity(is_verified, MTA_STS_ERROR));
        printf("%s failed: no details given%s\n",
               mta_sts_format_count(page->p, rest, "session", "sessions"),
               cli_report_unverified(is_verified));
        print_explanation(page, tlsrpt_explain_no_details(page->p, domain->domain), 0, is_verified);
    }
}

/* Prints the number of causes that are not listed. */
static void print_further(const cli_report_page *page, const apr_array_header_t *causes)
{
    apr_int64_t sessions = 0;
    int i, is_verified = 0;

    for (i = CAUSES_MAX; i < causes->nelts; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(causes, i, tlsrpt_cause);

        sessions = tlsrpt_count_add(sessions, cause->sessions);
        is_verified |= cause->is_verified;
    }
    if (causes->nelts > CAUSES_MAX) {
        putchar('\n');
        cli_report_print_sign(page, 2, cli_report_severity(is_verified, MTA_STS_ERROR));
        printf("%s failed for %d further causes: see --format json\n",
               mta_sts_format_count(page->p, sessions, "session", "sessions"),
               causes->nelts - CAUSES_MAX);
    }
}

void cli_report_print_causes(const cli_report_page *page, const tlsrpt_domain *domain)
{
    int i;

    for (i = 0; i < domain->causes->nelts && i < CAUSES_MAX; i++) {
        print_cause(page, domain, &APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause));
    }
    print_further(page, domain->causes);
    print_undetailed(page, domain, 1);
    print_undetailed(page, domain, 0);
}
