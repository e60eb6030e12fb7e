/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_JSON_H
#define TLSRPT_REPORT_JSON_H

#include "core/base/finding.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/report/value.h"

/* Converts parsed JSON to a report (RFC 8460 section 4.4), and reports how it deviates from that
 * section: one finding for each kind of deviation, about its first occurrence. */

/*
 * @param p        pool of the report
 * @param root     borrowed: the report's strings point into it
 * @param policies the array of policies in root
 * @param findings out: deviations are added here
 * @param report   out: the report; set unless an error is returned
 * @return NULL, or a text that says why the report cannot be read
 */
const char *tlsrpt_report_from_json(apr_pool_t *p, const tlsrpt_value *root,
                                    const tlsrpt_value *policies, const tlsrpt_limits *limits,
                                    mta_sts_findings *findings, tlsrpt_report **report);

#endif
