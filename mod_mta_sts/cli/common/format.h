/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_FORMAT_H
#define CLI_COMMON_FORMAT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

/* How text for people is put together from numbers, times and strangers' words. What is returned is
 * allocated from p. */

/* "1 session", "2 sessions" */
const char *cli_counted(apr_pool_t *p, apr_int64_t count, const char *one, const char *many);

/* A sender's word, short and harmless: as it is, or else quoted, escaped and cut (core/text.h). */
const char *cli_quoted(apr_pool_t *p, const char *text);

/* The day of a time (UTC), "2026-05-11"; of the end of a range, which may be the midnight behind
 * it; and both, "2026-05-11 to 2026-05-12", or one if they are the same. 0 is an untold time. */
const char *cli_date(apr_pool_t *p, apr_time_t time);
const char *cli_last_date(apr_pool_t *p, apr_time_t end);
const char *cli_dates(apr_pool_t *p, apr_time_t begin, apr_time_t end);

/* "Google, Microsoft and 3 more", of an array of const char *. */
const char *cli_names(apr_pool_t *p, const apr_array_header_t *list);

/* "97.20 %": cut to two digits, so that it is 100 only if rest is 0. Not of 0 and 0. */
const char *cli_share(apr_pool_t *p, apr_int64_t part, apr_int64_t rest);

/* Prints words in lines of 78 columns, and a line end. The cursor stands in column indent, where
 * the other lines begin, too. */
void cli_print_wrapped(int indent, const char *text);

/* The same behind a label of ten columns, all of it indented by five. */
#define CLI_FACT_INDENT 15
void cli_print_fact(const char *label, const char *text);

#endif
