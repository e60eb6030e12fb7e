/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_BUFFER_H
#define CLI_COMMON_BUFFER_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

/*
 * Text that grows in a pool, and the ways in which subcommands write strangers' words into it. None
 * of them lets a control character through, nor one that changes the direction of text.
 */

typedef struct cli_buffer {
    apr_pool_t *p;
    char *at; /* not NUL-terminated */
    apr_size_t len, room;
} cli_buffer;

void cli_buffer_add(cli_buffer *buffer, const char *bytes, apr_size_t len);
void cli_buffer_text(cli_buffer *buffer, const char *text);
void cli_buffer_number(cli_buffer *buffer, apr_int64_t number);

/* A JSON string, or null for NULL. Bytes that are not UTF-8 become U+FFFD. */
void cli_buffer_json(cli_buffer *buffer, const char *text);

/* A JSON array of the strings in an array of const char *. */
void cli_buffer_json_array(cli_buffer *buffer, const apr_array_header_t *texts);

/* A time as RFC 3339 in UTC, in seconds: "2026-05-11T00:00:00Z"; nothing if it is 0. */
void cli_buffer_time(cli_buffer *buffer, apr_time_t time);

/*
 * A cell of CSV (RFC 4180), in quotes; empty for NULL. What a spreadsheet would take for a formula
 * gets an apostrophe in front, also behind a semicolon, where some part cells; misleading
 * characters become \xNN, as in core/text.h.
 */
void cli_buffer_csv(cli_buffer *buffer, const char *text);

#endif
