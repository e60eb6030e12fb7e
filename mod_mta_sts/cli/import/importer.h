/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_IMPORTER_H
#define CLI_IMPORT_IMPORTER_H

#include <apr_pools.h>

#include "cli/import/limits.h"
#include "cli/import/source.h"
#include "tlsrpt/spool/spool.h"

/*
 * Stores the reports that are found in files and messages, each once and within the quota, prints a
 * line for each of them, and counts them.
 */

typedef struct cli_importer {
    tlsrpt_spool *spool;
    const char *state_dir;
    const cli_limits *limits;
    apr_int64_t used[TLSRPT_AREAS]; /* bytes on disk; -1: not counted yet */
    int was_root;
    int from_file;   /* what is read was named: rejecting it is an exit status */
    int from_input;  /* it is standard input, as from a mail server */
    int is_quiet;    /* no line for a message without a report */
    int stored;      /* reports */
    int known;       /* number of reports that had been stored before */
    int quarantined; /* number of reports that were quarantined because they cannot be read */
    int other;       /* number of messages and parts that are not reports */
    int dmarc;       /* number of DMARC reports that were skipped */
    int rejected;    /* whether a file was not a report */
    int not_stored;  /* whether a report could not be stored */
} cli_importer;

/* Stores an item; data is the cli_importer. */
cli_source_visit cli_importer_take;

#endif
