/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_CONTENT_H
#define CLI_IMPORT_CONTENT_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * What a file, or a part of a mail message, contains: one report or several after each other (JSON
 * or gzip), an archive (zip) of one, or a DMARC report, which mailboxes receive beside TLS reports.
 */

#define CLI_CONTENT_MAX 10000 /* reports in one input */

typedef struct cli_content {
    const char *bytes; /* of one report, NULL: error says why not */
    apr_size_t len;
    const char *error;
    int is_dmarc; /* a DMARC report: bytes is NULL */
} cli_content;

/*
 * @param p     pool of the result
 * @param bytes borrowed by the result
 * @param most  bytes that are inflated of one member at most
 * @return array of cli_content, at least one; all bytes are in one of them
 */
apr_array_header_t *cli_content_split(apr_pool_t *p, const char *bytes, apr_size_t len,
                                      apr_size_t most);

/* Whether bytes begin as a report, an archive or a DMARC report does; a byte order mark and blanks
 * may come first. */
int cli_content_is_known(const char *bytes, apr_size_t len);

#endif
