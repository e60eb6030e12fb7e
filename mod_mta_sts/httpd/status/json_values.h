/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_JSON_VALUES_H
#define HTTPD_STATUS_JSON_VALUES_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <jansson.h>

/* Values of the status page as JSON. Each is a new reference. */

/* A time in RFC 3339 format (UTC); null for 0, which means unknown. */
json_t *mts_json_time(apr_pool_t *p, apr_time_t time);

/* A string; null for NULL. Strings in reports are valid UTF-8, but paths in the file system may
 * contain any bytes. */
json_t *mts_json_text(const char *text);
json_t *mts_json_texts(const apr_array_header_t *texts);

/* Texts from reports, truncated as by mts_html_shorten. */
json_t *mts_json_short(apr_pool_t *p, const char *text);
json_t *mts_json_shorts(apr_pool_t *p, const apr_array_header_t *texts);

#endif
