/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_CHART_H
#define HTTPD_STATUS_CHART_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/buffer.h"

/*
 * Sessions per day as two bar charts (inline SVG) and as a table. Secure and failed sessions have a
 * scale each, so that failures are visible even where they are one in a million; they also have a
 * pattern, for readers who do not see the colours. Does not depend on httpd.
 */

typedef struct mts_chart {
    const apr_array_header_t *days; /* of tlsrpt_day: by day, those without sessions left out */
    apr_time_t last;                /* any time of the last day shown */
    int length;                     /* number of days shown, 1..400 */
} mts_chart;

void mts_status_chart(mta_sts_buffer *page, const mts_chart *chart);

#endif
