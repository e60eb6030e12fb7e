/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_HTML_H
#define HTTPD_STATUS_HTML_H

#include <apr_time.h>

#include "core/base/buffer.h"

/*
 * HTML that is safe by construction: markup stands in string constants only, and whatever is filled
 * into it is escaped. Knows nothing of httpd.
 */

/*
 * Adds markup. The first argument behind the buffer must be a string constant; in it, %s is
 * replaced by a string, escaped (NULL: nothing), %d by an int, %% by a percent sign.
 *
 *   MTS_HTML(page, "<td class=\"name\">%s</td>", report->organization);
 */
#define MTS_HTML(buffer, ...) mts_html_put(buffer, "" __VA_ARGS__)

void mts_html_put(mta_sts_buffer *buffer, const char *template, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Adds any bytes as text, which is good in attributes as well: & < > " ' become references;
 * characters that cannot be seen or that turn the direction of text, and bytes that are not valid
 * UTF-8, become U+FFFD, except for LF and tab.
 */
void mts_html_text(mta_sts_buffer *buffer, const char *text);

/* The beginning of a text, MTS_HTML_SHORT bytes at most and whole characters of UTF-8, then an
 * ellipsis; or the text itself. What a stranger wrote may be much longer than what anybody reads.
 */
#define MTS_HTML_SHORT 200
const char *mts_html_shorten(apr_pool_t *p, const char *text);

/* A text for the value of a query parameter: percent-encoded, allocated from p. */
const char *mts_html_parameter(apr_pool_t *p, const char *text);

/* A count for people: "1,234,567". Allocated from p. */
const char *mts_html_count(apr_pool_t *p, apr_int64_t count);

/* A part of a whole in percent, never rounded to "100 %" or "0 %" unless it is: "99.98 %", or
 * "no sessions" of nothing. Allocated from p. */
const char *mts_html_share(apr_pool_t *p, apr_int64_t part, apr_int64_t whole);

/* Bytes for people: "1.4 MiB". Allocated from p. */
const char *mts_html_bytes(apr_pool_t *p, apr_int64_t bytes);

/* "2026-11-25 18:49 UTC", and the day alone. Allocated from p. */
const char *mts_html_time(apr_pool_t *p, apr_time_t time);
const char *mts_html_day(apr_pool_t *p, apr_time_t time);

/* How long something lasts, in its largest unit: "3 hours". Less than a minute, or negative: "less
 * than a minute". Allocated from p. */
const char *mts_html_duration(apr_pool_t *p, apr_int64_t seconds);

#endif
