/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/show.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

/* In columns: subjects before messages are aligned, except for those that are longer than this. */
#define SUBJECT_WIDTH_MAX 44

mta_sts_severity cli_check_severity(const apr_array_header_t *domains)
{
    static const mta_sts_severity order[] = {MTA_STS_ERROR, MTA_STS_WARNING, MTA_STS_UNKNOWN};
    size_t i;
    int j;

    for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        for (j = 0; j < domains->nelts; j++) {
            if (APR_ARRAY_IDX(domains, j, cli_check_domain).result->severity == order[i]) {
                return order[i];
            }
        }
    }
    return MTA_STS_OK;
}

static void add_certificate(apr_array_header_t *list, const char *host, const char *address,
                            const mta_sts_peer *peer)
{
    cli_check_certificate *seen;

    if (peer->certificate && !peer->certificate->error) {
        seen = apr_array_push(list);
        seen->host = host;
        seen->address = address;
        seen->certificate = peer->certificate;
    }
}

apr_array_header_t *cli_check_certificates(apr_pool_t *p, const mta_sts_check_facts *facts)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(cli_check_certificate));
    int i, j;

    for (i = 0; i < facts->fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch =
            APR_ARRAY_IDX(facts->fetches, i, mta_sts_policy_fetch *);

        add_certificate(list, facts->host, fetch->address, &fetch->peer);
    }
    for (i = 0; i < facts->mxs->nelts; i++) {
        const mta_sts_check_mx *mx = APR_ARRAY_IDX(facts->mxs, i, mta_sts_check_mx *);

        for (j = 0; j < mx->probes->nelts; j++) {
            const mta_sts_mx_probe *probe = APR_ARRAY_IDX(mx->probes, j, mta_sts_mx_probe *);

            add_certificate(list, mx->host, probe->address, &probe->peer);
        }
    }
    return list;
}

static int is_shown(const mta_sts_finding *finding, int quiet)
{
    return !quiet || (finding->severity != MTA_STS_OK && finding->severity != MTA_STS_INFO);
}

static const char *title(apr_pool_t *p, const mta_sts_check_section *section)
{
    switch (section->part) {
    case MTA_STS_CHECK_DNS:
        return "DNS";
    case MTA_STS_CHECK_POLICY_HOST:
        return apr_pstrcat(p, "Policy host ", section->subject, NULL);
    case MTA_STS_CHECK_POLICY:
        return "Policy";
    case MTA_STS_CHECK_MX:
        return apr_pstrcat(p, "MX ", section->subject, NULL);
    default:
        return "TLSRPT";
    }
}

/* The width of the subjects that precede messages; 0 if the title already contains the subject. */
static int subject_width(const mta_sts_check_section *section, int quiet)
{
    size_t width = 0;
    int i;

    if (section->part != MTA_STS_CHECK_DNS) {
        return 0;
    }
    for (i = 0; i < section->findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(section->findings, i);

        if (is_shown(finding, quiet) && strlen(finding->subject) > width) {
            width = strlen(finding->subject);
        }
    }
    return width > SUBJECT_WIDTH_MAX ? SUBJECT_WIDTH_MAX : (int)width;
}

static void print_finding(const cli_style *style, const mta_sts_finding *finding, int width)
{
    printf("    %s%s%s ", cli_severity_colour(style, finding->severity),
           cli_severity_sign(style, finding->severity), cli_colour_end(style));
    if (width) {
        printf("%-*s  ", width, finding->subject);
    }
    if (finding->line) {
        printf("line %d: ", finding->line);
    }
    printf("%s", finding->message);
    if (finding->severity != MTA_STS_OK) {
        printf(" [%s]", finding->id);
    }
    putchar('\n');
    if (finding->fix) {
        printf("      %s\n", finding->fix);
    }
}

static void print_section(apr_pool_t *p, const cli_style *style,
                          const mta_sts_check_section *section, int quiet)
{
    int width = subject_width(section, quiet), titled = 0, i;

    for (i = 0; i < section->findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(section->findings, i);

        if (!is_shown(finding, quiet)) {
            continue;
        }
        if (!titled++) {
            printf("  %s\n", title(p, section));
        }
        print_finding(style, finding, width);
    }
}

static mta_sts_severity verdict_severity(const mta_sts_verdict *verdict)
{
    static const mta_sts_severity severities[] = {
        [MTA_STS_OUTCOME_DELIVERS] = MTA_STS_OK,
        [MTA_STS_OUTCOME_PARTLY] = MTA_STS_WARNING,
        [MTA_STS_OUTCOME_REFUSES] = MTA_STS_ERROR,
        [MTA_STS_OUTCOME_UNPROTECTED] = MTA_STS_WARNING,
        [MTA_STS_OUTCOME_NO_MAIL] = MTA_STS_WARNING,
        [MTA_STS_OUTCOME_UNKNOWN] = MTA_STS_UNKNOWN,
    };

    return severities[verdict->outcome];
}

static void print_domain(apr_pool_t *p, const cli_style *style, const cli_check_domain *domain,
                         int quiet)
{
    const mta_sts_check_result *result = domain->result;
    mta_sts_severity severity = verdict_severity(&result->verdict);
    int i;

    printf("%s\n", cli_domain_text(p, style, domain->domain));
    for (i = 0; i < result->sections->nelts; i++) {
        print_section(p, style, &APR_ARRAY_IDX(result->sections, i, mta_sts_check_section), quiet);
    }
    printf("  Verdict\n    %s%s%s a sender that enforces MTA-STS %s\n      %s\n",
           cli_severity_colour(style, severity), cli_severity_sign(style, severity),
           cli_colour_end(style), result->verdict.summary, result->verdict.advice);
    if (result->verdict.dane) {
        printf("      %s\n", result->verdict.dane);
    }
}

void cli_check_print(apr_pool_t *p, const cli_style *style, const apr_array_header_t *domains,
                     int quiet)
{
    int i, printed = 0;

    for (i = 0; i < domains->nelts; i++) {
        const cli_check_domain *domain = &APR_ARRAY_IDX(domains, i, cli_check_domain);

        if (quiet && domain->result->severity == MTA_STS_OK) {
            continue;
        }
        if (printed++) {
            putchar('\n');
        }
        print_domain(p, style, domain, quiet);
    }
}
