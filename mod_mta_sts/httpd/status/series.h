/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_SERIES_H
#define HTTPD_STATUS_SERIES_H

#include <httpd.h>

#include "httpd/policy/domains.h"
#include "httpd/status/query.h"
#include "tlsrpt/report/result_type.h"

/*
 * The sessions of policy domains by result, for Prometheus. The number of time series is bounded.
 */

/* "success", the result types of RFC 8460 section 4.3, "other" and "unspecified". */
#define MTS_STATUS_RESULTS (1 + TLSRPT_RESULT_TYPE_COUNT)

/* The value of the label result_type; a string constant. @param result 0..MTS_STATUS_RESULTS-1 */
const char *mts_status_result_label(int result);

/* The series of one policy domain, MX host or domain of MTASTSReportDomain, or of all of these
 * without a series of their own ("other"). Reports about any other names are in no series. */
typedef struct mts_status_series {
    const char *domain;
    apr_int64_t sessions[2 * MTS_STATUS_RESULTS]; /* by result: those in verified reports, followed
                                                     by those in unverified ones */
    apr_time_t end; /* end of the last day that a report is about; 0: unknown */
} mts_status_series;

#define MTS_STATUS_SERIES_MAX 500 /* maximum number of domains */

/*
 * Reads the series; those of domains with most failed sessions come first.
 *
 * @param omitted out: minimum number of policy domains with reports that are not in the list
 * @return array of mts_status_series, allocated from r->pool; NULL if the database cannot be read
 */
apr_array_header_t *mts_status_series_of(request_rec *r, const mts_domains *domains,
                                         const mts_status_query *query, apr_time_t now,
                                         int *omitted);

#endif
