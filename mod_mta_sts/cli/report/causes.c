/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report/causes.h"

#include <stdio.h>

#include <apr_strings.h>

#include "cli/common/wrap.h"
#include "core/base/format.h"
#include "core/base/time.h"

#define CAUSES_MAX 20 /* of one domain; what a stranger sends must not drown the rest */

/* A command stands alone in its line, so that it can be copied. */
static void print_explanation(const cli_report_page *of, const tlsrpt_explanation *explanation,
                              int others)
{
    cli_print_fact("what:", explanation->what);
    cli_print_fact("where:", tlsrpt_where_text(of->p, explanation, others));
    cli_print_fact("do:", explanation->action);
    if (explanation->command) {
        printf("%*s%s\n", CLI_FACT_INDENT, "", explanation->command);
    }
}

static void print_names(const cli_report_page *of, const char *label,
                        const apr_array_header_t *list)
{
    if (list->nelts) {
        cli_print_fact(label, mta_sts_format_names(of->p, list, CLI_NAMES_MAX));
    }
}

/* From when to when, and what came after. */
static const char *since(const cli_report_page *of, const tlsrpt_domain *domain,
                         const tlsrpt_cause *cause)
{
    apr_int64_t secure = tlsrpt_secure_since(domain->days, cause);
    apr_time_t first = cause->first, last = cause->last;
    const char *text;

    mta_sts_time_order(&first, &last);
    text = apr_pstrcat(of->p, mta_sts_format_date(of->p, first), ", last seen ",
                       mta_sts_format_last_date(of->p, last), NULL);
    return secure ? apr_pstrcat(
                        of->p, text, "; ",
                        mta_sts_format_count(of->p, secure, "secure session", "secure sessions"),
                        " on later days", NULL)
                  : text;
}

static void print_facts(const cli_report_page *of, const tlsrpt_domain *domain,
                        const tlsrpt_cause *cause)
{
    cli_print_fact("since:", since(of, domain, cause));
    print_names(of, "reporter:", cause->senders);
    print_names(of, "from IP:", cause->sending_ips);
    print_names(of, "MX's IP:", cause->receiving_ips);
    print_names(of, "reason:", cause->reasons);
}

static void print_cause(const cli_report_page *of, const tlsrpt_domain *domain,
                        const tlsrpt_cause *cause)
{
    const apr_array_header_t *list = tlsrpt_explain_cause(of->p, domain->domain, cause);
    int i;

    putchar('\n');
    cli_report_print_sign(of, 2, MTA_STS_ERROR);
    printf("%s failed: %s%s%s%s\n",
           mta_sts_format_count(of->p, cause->sessions, "session", "sessions"),
           *cause->result_type ? mta_sts_format_name(of->p, cause->result_type)
                               : "result type not specified",
           cause->receiving_mx ? " at " : "",
           cause->receiving_mx ? mta_sts_format_name(of->p, cause->receiving_mx) : "",
           tlsrpt_policy_type_text(of->p, cause->policy_type));
    print_facts(of, domain, cause);
    for (i = 0; i < list->nelts; i++) {
        print_explanation(of, APR_ARRAY_IDX(list, i, const tlsrpt_explanation *),
                          tlsrpt_others_without_failure(domain->senders, cause));
    }
}

/* Failed sessions without failure details. */
static apr_int64_t undetailed(const tlsrpt_domain *domain)
{
    apr_int64_t counted = 0;
    int i;

    for (i = 0; i < domain->causes->nelts; i++) {
        counted =
            tlsrpt_count_add(counted, APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause).sessions);
    }
    return domain->failed > counted ? domain->failed - counted : 0;
}

/* The causes that are not shown one by one. */
static void print_further(const cli_report_page *of, const apr_array_header_t *causes)
{
    apr_int64_t sessions = 0;
    int i;

    for (i = CAUSES_MAX; i < causes->nelts; i++) {
        sessions = tlsrpt_count_add(sessions, APR_ARRAY_IDX(causes, i, tlsrpt_cause).sessions);
    }
    if (causes->nelts > CAUSES_MAX) {
        putchar('\n');
        cli_report_print_sign(of, 2, MTA_STS_ERROR);
        printf("%s failed for %d further causes: see --format json\n",
               mta_sts_format_count(of->p, sessions, "session", "sessions"),
               causes->nelts - CAUSES_MAX);
    }
}

void cli_report_print_causes(const cli_report_page *of, const tlsrpt_domain *domain)
{
    apr_int64_t rest = undetailed(domain);
    int i;

    for (i = 0; i < domain->causes->nelts && i < CAUSES_MAX; i++) {
        print_cause(of, domain, &APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause));
    }
    print_further(of, domain->causes);
    if (rest) {
        putchar('\n');
        cli_report_print_sign(of, 2, MTA_STS_ERROR);
        printf("%s failed: no details given\n",
               mta_sts_format_count(of->p, rest, "session", "sessions"));
        print_explanation(of, tlsrpt_explain_no_details(of->p, domain->domain), 0);
    }
}
