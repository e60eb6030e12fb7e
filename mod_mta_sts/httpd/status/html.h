/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_HTML_H
#define HTTPD_STATUS_HTML_H

#include <apr_pools.h>

#include "core/base/buffer.h"

/*
 * Renders HTML that is safe by construction: markup can only come from string constants, and
 * everything inserted into it is escaped. Does not depend on httpd.
 */

/*
 * Adds markup. The argument after the buffer must be a string constant; in it, %s is replaced by a
 * string, escaped (NULL: nothing), %d by an int, %% by a percent sign.
 *
 *   MTS_HTML(page, "<td class=\"name\">%s</td>", report->organization);
 */
#define MTS_HTML(buffer, ...) mts_html_put(buffer, "" __VA_ARGS__)

void mts_html_put(mta_sts_buffer *buffer, const char *template, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Adds any bytes as text, for content and attribute values: & < > " ' become character references;
 * invisible characters (except LF and tab), characters that change the direction of text, and bytes
 * that are not valid UTF-8 become U+FFFD.
 */
void mts_html_text(mta_sts_buffer *buffer, const char *text);

/* Truncates a text that is longer than MTS_HTML_SHORT bytes, without splitting a character, and
 * adds an ellipsis, because texts in reports can be long. Shorter texts and NULL are returned
 * unchanged. */
#define MTS_HTML_SHORT 200
const char *mts_html_shorten(apr_pool_t *p, const char *text);

/* Percent-encodes the value of a query parameter. Allocated from p. */
const char *mts_html_parameter(apr_pool_t *p, const char *text);

#endif
