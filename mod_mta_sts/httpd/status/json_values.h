/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_JSON_VALUES_H
#define HTTPD_STATUS_JSON_VALUES_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <jansson.h>

/* Values of the status page as JSON. Each is a new reference. */

/* RFC 3339 in UTC; 0 means unknown: null. */
json_t *mts_json_time(apr_pool_t *p, apr_time_t time);

/* NULL: null. Strings of reports are valid UTF-8, but a path of the file system can be any bytes.
 */
json_t *mts_json_text(const char *text);
json_t *mts_json_texts(const apr_array_header_t *texts);

/* Text from reports, limited in length. */
json_t *mts_json_short(apr_pool_t *p, const char *text);
json_t *mts_json_shorts(apr_pool_t *p, const apr_array_header_t *texts);

#endif
