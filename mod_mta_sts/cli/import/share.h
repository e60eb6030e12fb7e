/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_SHARE_H
#define CLI_IMPORT_SHARE_H

#include <apr_pools.h>

#include "tlsrpt/spool/spool.h"

/*
 * Shares MTASTSReportQuota among senders of mail, so that nobody who sends mail can use up the
 * space of all others, as httpd shares it among networks (httpd/shared/room.h). The sender is the
 * signer of a verified message; all mail without a verified signature has one share. Anybody can
 * register domains, but not as cheaply as invent names in one: subdomains share with their parent.
 *
 *   the first 3/4    each sender gets at most 1/4 of what the others leave of it
 *   up to 7/8        of verified mail; a signer gets at most 1/256 of what is left, or 16 KiB
 *   the last 1/16    as well, as long as all verified mail has at most 1/16
 *
 * In the quarantine, each sender gets at most 1/4 of what the others leave. What each sender holds
 * is counted in the receipts of all reports, and noted in the state directory, because that takes
 * seconds for a large spool. A spool that uses at most 1/16 of the quota needs no shares.
 */

#define CLI_SHARE_FILE "mail-shares"

/* A report by mail that is about to be stored. */
typedef struct cli_share_question {
    const tlsrpt_spool *spool;
    const char *state_dir;
    tlsrpt_area area;
    const char *verified; /* the domain of the signer, or NULL */
    apr_int64_t cost;     /* in bytes */
    apr_int64_t used;     /* in bytes: files of the area, without this report; corrected if they are
                             counted anew */
    apr_int64_t quota;
} cli_share_question;

/* Counts the report, if its sender may have it stored. Returns NULL, or why it may not. p is
 * scratch. */
const char *cli_share_take(apr_pool_t *p, cli_share_question *question);

#endif
