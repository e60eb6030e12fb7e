/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

/*
 * Values of options that several subcommands have. Each function returns NULL, or what is wrong
 * with the value and what is allowed, allocated from p.
 */

#define CLI_PORT_MAX 65535

/* Reads a decimal number of min..max, which must not be negative; name is that of the option. */
const char *cli_option_number(apr_pool_t *p, const char *name, const char *text, int min, int max,
                              int *number);

/*
 * Reads a time in the past: a number of hours, days or weeks ago ("12h", "30d", "4w"), a date
 * ("2026-05-11", in UTC), or "all".
 *
 * @param since out: 0 for "all"
 */
const char *cli_option_since(apr_pool_t *p, const char *text, apr_time_t now, apr_time_t *since);

/*
 * Reads HOST=ADDRESS:PORT of --connect, where an IPv6 address stands in brackets.
 *
 * @param connects array of cli_check_connect, to which it is added
 */
const char *cli_option_connect(apr_pool_t *p, const char *text, apr_array_header_t *connects);

#endif
