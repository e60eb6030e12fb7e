/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_LIMITS_H
#define CLI_IMPORT_LIMITS_H

#include <apr_pools.h>

#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/spool/spool.h"

/*
 * The limits of `mta-sts import`: those of httpd's module, which writes them into the state
 * directory at each start (limits.json; doc/dump-json.md), since import runs as a user who may not
 * read httpd's configuration. Options take precedence. Their values are one argument each, so that
 * a mail server's transport can pass them: "1M,10M".
 */

#define CLI_LIMITS_FILE "limits.json"

typedef struct cli_limits {
    tlsrpt_limits report;
    apr_int64_t quota[TLSRPT_AREAS]; /* bytes on disk, by tlsrpt_area */
    int has_size, has_quota;         /* set by an option */
    const char *names; /* the file of tlsrpt/spool/scope.h, mapped; NULL: reports about any domain are
                          stored */
    apr_size_t names_len;
} cli_limits;

/* The module's defaults. */
cli_limits cli_limits_make(void);

/*
 * Reads the value of --max-size: bytes as sent, a comma, bytes inflated.
 *
 * @param p pool of the error text
 * @return NULL, or what is wrong with it and what is allowed
 */
const char *cli_limits_set_size(cli_limits *limits, apr_pool_t *p, const char *text);

/* Reads the value of --quota: bytes of reports, and after a comma, bytes of the quarantine. */
const char *cli_limits_set_quota(cli_limits *limits, apr_pool_t *p, const char *text);

/* Whether a report is about a local domain, as the endpoint of httpd decides. p is for scratch
 * memory. */
int cli_limits_admit(const cli_limits *limits, apr_pool_t *p, const tlsrpt_report *report);

/*
 * Reads the limits that no option set from the state directory. Without the file they keep their
 * defaults.
 *
 * @param p pool of the error text
 * @return NULL, or why the file cannot be used; limits is unchanged then
 */
const char *cli_limits_load(cli_limits *limits, apr_pool_t *p, const char *state_dir);

#endif
