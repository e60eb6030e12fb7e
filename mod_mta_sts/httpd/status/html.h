/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_HTML_H
#define HTTPD_STATUS_HTML_H

#include <apr_time.h>

#include "core/base/buffer.h"

/*
 * HTML that is safe by construction: markup is in string constants only, and everything inserted
 * into it is escaped. Does not depend on httpd.
 */

/*
 * Adds markup. The argument after the buffer must be a string constant; in it, %s is replaced by a
 * string, escaped (NULL: nothing), %d by an int, %% by a percent sign.
 *
 *   MTS_HTML(page, "<td class=\"name\">%s</td>", report->organization);
 */
#define MTS_HTML(buffer, ...) mts_html_put(buffer, "" __VA_ARGS__)

void mts_html_put(mts_buffer *buffer, const char *template, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Adds any bytes as text, for content and attribute values: & < > " ' become references; invisible
 * characters, characters that change the direction of text, and bytes that are not valid UTF-8
 * become U+FFFD, except for LF and tab.
 */
void mts_html_text(mts_buffer *buffer, const char *text);

/* A text that is longer than MTS_HTML_SHORT bytes is cut between characters and ends with an
 * ellipsis: text in reports can be long. Other texts and NULL are returned unchanged. */
#define MTS_HTML_SHORT 200
const char *mts_html_shorten(apr_pool_t *p, const char *text);

/* Percent-encodes the value of a query parameter. Allocated from p. */
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
