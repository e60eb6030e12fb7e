/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_CONTENT_H
#define CLI_IMPORT_CONTENT_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * Splits the contents of a file, or of a part of a mail message: one or several reports in a row
 * (JSON or gzip), a zip archive with one report, or a DMARC report, which mailboxes receive along
 * with TLS reports.
 */

#define CLI_CONTENT_MAX 10000 /* maximum number of reports in one input */

typedef struct cli_content {
    const char *bytes; /* bytes of one report; NULL: see error */
    apr_size_t len;
    const char *error;
    int is_dmarc; /* whether it is a DMARC report; bytes is NULL then */
} cli_content;

/*
 * Splits the contents.
 *
 * @param p     pool of the result
 * @param bytes borrowed by the result
 * @param most  limit of the inflated size of one member, in bytes
 * @return array of cli_content with at least one element; together they cover all bytes
 */
apr_array_header_t *cli_content_split(apr_pool_t *p, const char *bytes, apr_size_t len,
                                      apr_size_t most);

/* Whether bytes begin like a report, an archive or a DMARC report; a byte order mark and blanks may
 * precede it. */
int cli_content_is_known(const char *bytes, apr_size_t len);

#endif
