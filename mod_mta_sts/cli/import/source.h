/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_SOURCE_H
#define CLI_IMPORT_SOURCE_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "cli/common/files.h"
#include "cli/import/message.h"
#include "tlsrpt/report/limits.h"

/*
 * Reads reports from a report file (JSON or gzip), a mail message, an mbox, a Maildir or another
 * directory of such files (cli/common/files.h), or "-" for standard input. The type of a file is
 * detected from its first bytes. Nothing is changed or moved. Only one file, or one message of an
 * mbox, is in memory at a time.
 */

#define CLI_SOURCE_FILE_MAX (16 << 20) /* bytes of a file that is not an mbox */

/* How reports are read. */
typedef struct cli_source_options {
    cli_message_options message;
    apr_size_t inflated; /* limit of the inflated size of one member of an archive, in bytes */
} cli_source_options;

/* Returns options with these limits, and without trusted servers; the empty list is allocated from
 * p. */
cli_source_options cli_source_options_make(apr_pool_t *p, const tlsrpt_limits *limits);

/* One report, or something that is not a report, which is valid only during the visit. */
typedef struct cli_source_item {
    const char *name; /* name of the file, with the number of the message in an mbox; not escaped */
    const char *channel; /* "mail" or "file" */
    const char *bytes;   /* NULL: nothing can be read, see error */
    apr_size_t len;
    const char *verified; /* see cli/import/message.h */
    const char *error;    /* why, or NULL */
    int is_dmarc;         /* whether it is a DMARC report, which is ignored: bytes is NULL */
    int is_other;         /* whether it is a message without a report: bytes is NULL */
    int failed; /* whether the error is about this machine (such as a missing file), and not about a
                   message */
} cli_source_item;

/* @param p scratch; cleared after the visit */
typedef void cli_source_visit(void *data, apr_pool_t *p, const cli_source_item *item);

/*
 * Visits every report at path, sorted by file name.
 *
 * @param options borrowed
 */
void cli_source_read(apr_pool_t *p, const char *path, const cli_source_options *options,
                     cli_source_visit *visit, void *data);

/* The same for one file of a list. */
void cli_source_read_file(apr_pool_t *p, const cli_file *file, const cli_source_options *options,
                          cli_source_visit *visit, void *data);

/* The same for a mail message in memory; its bytes are borrowed. */
void cli_source_read_message(apr_pool_t *p, const char *name, const char *bytes, apr_size_t len,
                             const cli_source_options *options, cli_source_visit *visit,
                             void *data);

/*
 * Loads the bytes of a file that may be a single report, which most files are.
 *
 * @param p   pool of the bytes
 * @param max maximum size of the file, at most CLI_SOURCE_FILE_MAX
 * @return NULL if the file is a message or an mbox, is larger, or cannot be read; then use
 *         cli_source_read_file
 */
const char *cli_source_load(apr_pool_t *p, const cli_file *file, apr_size_t max, apr_size_t *len);

#endif
