/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_SOURCE_H
#define CLI_IMPORT_SOURCE_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "cli/common/files.h"
#include "cli/import/message.h"
#include "tlsrpt/report/limits.h"

/*
 * Where a subcommand reads reports from: a report file (JSON or gzip), a mail message, an mbox, a
 * Maildir or another directory of such files (cli/common/files.h), or "-" for standard input.
 * The type of a file is detected from its first bytes. Nothing is changed or moved. However many
 * there are, one file, or one message of an mbox, is in memory at a time.
 */

#define CLI_SOURCE_FILE_MAX (16 << 20) /* bytes of a file that is not an mbox */

/* How it is read. */
typedef struct cli_source_options {
    cli_message_options message;
    apr_size_t inflated; /* bytes of one member of an archive */
} cli_source_options;

/* For limits of reports, and no server that is believed; p is the pool of an empty list. */
cli_source_options cli_source_options_make(apr_pool_t *p, const tlsrpt_limits *limits);

/* One report, or what is no report; it lives until the visit ends. */
typedef struct cli_source_item {
    const char *name;    /* of the file, with the number of the message in an mbox; unescaped */
    const char *channel; /* "mail" or "file" */
    const char *bytes;   /* NULL: there is nothing to read, and error says why */
    apr_size_t len;
    const char *verified; /* see cli/import/message.h */
    const char *error;    /* in words, or NULL */
    int is_dmarc;         /* a DMARC report, which nobody asked for: bytes is NULL */
    int is_other;         /* a message without a report: bytes is NULL */
    int failed;           /* the error is one of this machine (no such file), not of a message */
} cli_source_item;

/* @param p of the visit, cleared after it */
typedef void cli_source_visit(void *data, apr_pool_t *p, const cli_source_item *item);

/*
 * Visits every report at path, in the order of the names of files.
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
 * The bytes of a file that may be one report and nothing else, as most files are.
 *
 * @param p pool of the bytes
 * @return NULL if it is a message or an mbox, or cannot be read so: cli_source_read_file does it
 */
const char *cli_source_load(apr_pool_t *p, const cli_file *file, apr_size_t *len);

#endif
