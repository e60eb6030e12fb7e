/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "cli/check/show.h"

static const char *const status_names[] = {
    [MTA_STS_OK] = "OK",          [MTA_STS_INFO] = "OK",         [MTA_STS_WARNING] = "WARNING",
    [MTA_STS_ERROR] = "CRITICAL", [MTA_STS_UNKNOWN] = "UNKNOWN",
};

/* The maximum number of domains that are named, because Nagios stores only a few KiB of a line. */
#define NAMED_MAX 5
#define DAY apr_time_from_sec(24 * 60 * 60)

/* Prints a text without "|", which would begin performance data. */
static void print_text(const char *text)
{
    for (; *text; text++) {
        putchar(*text == '|' ? '/' : *text);
    }
}

void cli_check_print_nagios_error(const char *error)
{
    printf("MTA-STS %s: ", status_names[MTA_STS_UNKNOWN]);
    print_text(error);
    putchar('\n');
}

/* The first finding that has the domain's own severity. */
static const mta_sts_finding *find_reason(const mta_sts_check_result *result)
{
    int i, j;

    for (i = 0; i < result->sections->nelts; i++) {
        const mta_sts_findings *findings =
            APR_ARRAY_IDX(result->sections, i, mta_sts_check_section).findings;

        for (j = 0; j < findings->list->nelts; j++) {
            if (mta_sts_findings_at(findings, j)->severity == result->severity) {
                return mta_sts_findings_at(findings, j);
            }
        }
    }
    return NULL;
}

static void print_domain(const cli_check_domain *domain)
{
    const mta_sts_finding *reason = find_reason(domain->result);

    print_text(domain->domain);
    if (domain->result->severity == MTA_STS_OK || !reason) {
        print_text(": a sender that enforces MTA-STS ");
        print_text(domain->result->verdict.summary);
        return;
    }
    print_text(": ");
    print_text(reason->subject);
    print_text(": ");
    print_text(reason->message);
    printf(" [%s]", reason->id);
}

/* Prints the domains of the worst severity; if all are ok, their number. */
static void print_domains(const apr_array_header_t *domains, mta_sts_severity worst)
{
    int i, found = 0;

    if (worst == MTA_STS_OK && domains->nelts > 1) {
        printf("%d domains", domains->nelts);
        return;
    }
    for (i = 0; i < domains->nelts; i++) {
        const cli_check_domain *domain = &APR_ARRAY_IDX(domains, i, cli_check_domain);

        if (domain->result->severity == worst && found++ < NAMED_MAX) {
            print_text(found > 1 ? "; " : "");
            print_domain(domain);
        }
    }
    if (found > NAMED_MAX) {
        printf("; and %d more", found - NAMED_MAX);
    }
}

/* The number of days until a host's certificate expires, and below how many that is a warning. */
typedef struct validity {
    int left, warning;
} validity;

/* Prints the days until certificates expire, the lowest number for each host. */
static void print_days(apr_pool_t *p, const cli_check_options *options,
                       const apr_array_header_t *domains)
{
    apr_hash_t *days = apr_hash_make(p);
    apr_array_header_t *hosts = apr_array_make(p, 4, sizeof(const char *));
    apr_time_t now = apr_time_now();
    int i, j;

    for (i = 0; i < domains->nelts; i++) {
        const apr_array_header_t *list =
            cli_check_certificates(p, APR_ARRAY_IDX(domains, i, cli_check_domain).facts);

        for (j = 0; j < list->nelts; j++) {
            const cli_check_certificate *seen = &APR_ARRAY_IDX(list, j, cli_check_certificate);
            validity *fewest = apr_hash_get(days, seen->host, APR_HASH_KEY_STRING);
            validity found = {
                mta_sts_certificate_days(seen->certificate, now),
                (int)(mta_sts_certificate_soon(seen->certificate, options->warning_days) / DAY)};

            if (!fewest) {
                fewest = apr_palloc(p, sizeof(*fewest));
                *fewest = found;
                apr_hash_set(days, seen->host, APR_HASH_KEY_STRING, fewest);
                APR_ARRAY_PUSH(hosts, const char *) = seen->host;
            }
            *fewest = found.left < fewest->left ? found : *fewest;
        }
    }
    for (i = 0; i < hosts->nelts; i++) {
        const char *host = APR_ARRAY_IDX(hosts, i, const char *);

        const validity *one = apr_hash_get(days, host, APR_HASH_KEY_STRING);

        printf(" '%s_days'=%d;%d:;%d:", host, one->left, one->warning, options->error_days);
    }
}

void cli_check_print_nagios(apr_pool_t *p, const cli_check_options *options,
                            const apr_array_header_t *domains)
{
    mta_sts_severity worst = cli_check_severity(domains);
    int i, counts[MTA_STS_UNKNOWN + 1] = {0};

    for (i = 0; i < domains->nelts; i++) {
        counts[APR_ARRAY_IDX(domains, i, cli_check_domain).result->severity]++;
    }
    printf("MTA-STS %s: ", status_names[worst]);
    print_domains(domains, worst);
    printf(" | domains=%d warning=%d critical=%d unknown=%d", domains->nelts,
           counts[MTA_STS_WARNING], counts[MTA_STS_ERROR], counts[MTA_STS_UNKNOWN]);
    print_days(p, options, domains);
    putchar('\n');
}
