/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_LIMITS_H
#define CLI_IMPORT_LIMITS_H

#include <apr_pools.h>

#include "core/hosting/lookup.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/spool/spool.h"

/*
 * The limits of `mta-sts import`. The module writes its limits into the state directory at each
 * start (limits.json; doc/dump-json.md), because import runs as a user who may not be able to read
 * httpd's configuration. Options take precedence. Their values are single arguments, so that the
 * transport of a mail server can pass them: "1M,10M".
 */

#define CLI_LIMITS_FILE "limits.json"

typedef struct cli_limits {
    tlsrpt_limits report;
    apr_int64_t quota[TLSRPT_AREAS]; /* bytes on disk, by tlsrpt_area */
    int has_size, has_quota;         /* whether options have set them */
    apr_int64_t fetch_keep_days;     /* MTASTSFetchLogKeep; 0: there is no fetch log, or it is not
                                        known whether there is one */
    const char *names; /* the file of tlsrpt/spool/scope.h, mapped; NULL: reports about any domain
                          are stored */
    apr_size_t names_len;
    mta_sts_lookup *hosted; /* the snapshot of hosted domains; NULL: there are none */
} cli_limits;

/* The module's defaults. */
cli_limits cli_limits_make(void);

/*
 * Reads the value of --max-size: the limits for bytes as sent and for bytes inflated, separated by
 * a comma.
 *
 * @param p pool of the error text
 * @return NULL, or what is wrong and what is allowed
 */
const char *cli_limits_set_size(cli_limits *limits, apr_pool_t *p, const char *text);

/* Reads the value of --quota: bytes for reports, and optionally bytes for the quarantine after a
 * comma. Returns as cli_limits_set_size. */
const char *cli_limits_set_quota(cli_limits *limits, apr_pool_t *p, const char *text);

/* Whether a report is about a local domain, by the same rule as in httpd's endpoint. p: scratch
 * memory. */
int cli_limits_admit(const cli_limits *limits, apr_pool_t *p, const tlsrpt_report *report);

/*
 * Reads the limits that were not set by options from the state directory. Without the file, they
 * have their defaults.
 *
 * @param p pool of the error text
 * @return NULL, or why the file cannot be used; then limits is unchanged
 */
const char *cli_limits_load(cli_limits *limits, apr_pool_t *p, const char *state_dir);

/* Parses the text of the file. Returns NULL, or what is wrong; then limits is unchanged */
const char *cli_limits_read(cli_limits *limits, const char *text, apr_size_t len);

#endif
