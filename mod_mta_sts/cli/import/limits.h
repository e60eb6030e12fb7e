/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_LIMITS_H
#define CLI_IMPORT_LIMITS_H

#include <apr_pools.h>

#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/spool/spool.h"

/*
 * How much `mta-sts import` takes in: the values of MTASTSReportMaxSize and MTASTSReportQuota,
 * which it cannot ask httpd for, since it runs as a user who may not read the configuration. One
 * word each, so that a mail server's transport can tell it: "1M,10M".
 */

typedef struct cli_limits {
    tlsrpt_limits report;
    apr_int64_t quota[TLSRPT_AREAS]; /* bytes on disk, by tlsrpt_area */
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

/* Reads the value of --quota: bytes of reports, and, behind a comma, bytes of the quarantine. */
const char *cli_limits_set_quota(cli_limits *limits, apr_pool_t *p, const char *text);

#endif
