/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CHECK_SHOW_H
#define CLI_CHECK_SHOW_H

#include "cli/check/run.h"
#include "cli/common/output.h"

/*
 * The output formats of a check. domains is an array of cli_check_domain, each with its result.
 */

/* For people: findings for each part of the deployment, and the verdict. `quiet` omits findings
 * that are ok. */
void cli_check_print(apr_pool_t *p, const cli_style *style, const apr_array_header_t *domains,
                     int quiet);

/* One JSON object, as mta-sts-check(1) documents it. */
void cli_check_print_json(apr_pool_t *p, const apr_array_header_t *domains);

/* One line for Nagios and compatible programs, with performance data. */
void cli_check_print_nagios(apr_pool_t *p, const cli_check_options *options,
                            const apr_array_header_t *domains);

/* The same if nothing could be checked: prints the reason. */
void cli_check_print_nagios_error(const char *error);

/* The worst severity of all domains; MTA_STS_WARNING and MTA_STS_ERROR outrank MTA_STS_UNKNOWN. */
mta_sts_severity cli_check_severity(const apr_array_header_t *domains);

/* A certificate that a server presented. */
typedef struct cli_check_certificate {
    const char *host;
    const char *address;
    const mta_sts_certificate *certificate;
} cli_check_certificate;
/* Lists the certificates of a domain's servers: an array of cli_check_certificate, allocated from
 * p. */
apr_array_header_t *cli_check_certificates(apr_pool_t *p, const mta_sts_check_facts *facts);

#endif
