/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_CHART_H
#define HTTPD_STATUS_CHART_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/buffer.h"

/*
 * Sessions per day as a picture (SVG inside the page) and, for who cannot see it or wants the
 * numbers, as a table. Knows nothing of httpd.
 */

typedef struct mts_chart {
    const apr_array_header_t *days; /* of tlsrpt_day: by day, those without sessions left out */
    apr_time_t last;                /* some moment of the last day shown */
    int length;                     /* how many days are shown, 1..400 */
} mts_chart;

void mts_status_chart(mta_sts_buffer *page, const mts_chart *chart);

#endif
