/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_CHART_H
#define HTTPD_STATUS_CHART_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/buffer.h"

/*
 * Sessions per day as two bar charts (inline SVG) and as a table. Successful and failed sessions
 * have separate scales, so that even one failure in a million sessions is visible, and different
 * patterns, for readers who cannot distinguish the colours. Does not depend on httpd.
 */

typedef struct mts_chart {
    const apr_array_header_t *days; /* of tlsrpt_day: sorted by day; days without sessions are
                                       left out */
    apr_time_t last;                /* any time on the last day shown */
    int length;                     /* number of days shown, 1..400 */
} mts_chart;

/* Adds the charts and the table to the page. */
void mts_status_chart(mta_sts_buffer *page, const mts_chart *chart);

#endif
