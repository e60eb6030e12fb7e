/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_JSON_H
#define TLSRPT_REPORT_JSON_H

#include <jansson.h>

#include "core/base/finding.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"

/*
 * What parsed JSON tells as a report (RFC 8460 section 4.4), and how it deviates from that section.
 * Each kind of deviation is one finding, about its first place.
 */

/*
 * @param p        pool of the report
 * @param root     borrowed: the report's strings point into it
 * @param policies the array that it holds
 * @param findings gets the deviations
 * @param report   out: the report, if it can be read
 * @return NULL, or in words why it cannot
 */
const char *tlsrpt_report_from_json(apr_pool_t *p, const json_t *root, const json_t *policies,
                                    const tlsrpt_limits *limits, mta_sts_findings *findings,
                                    tlsrpt_report **report);

#endif
