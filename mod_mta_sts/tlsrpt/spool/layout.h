/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_LAYOUT_H
#define TLSRPT_SPOOL_LAYOUT_H

#include <sys/types.h>

#include <apr_pools.h>

#include "core/base/finding.h"

/*
 * How the spool is laid out in the state directory:
 *
 *   STATE-DIR/reports/ab/abcdef...   a report, named by the digest of tlsrpt_reading
 *   STATE-DIR/quarantine/ab/...      files that are damaged, or reports about other domains
 *   STATE-DIR/tmp/...                files that are being written; useless after a crash
 *   STATE-DIR/last-date              empty; its modification time is the last trusted date
 *
 * A file is a header line that records how it was received (tlsrpt/spool/receipt.h), followed by
 * the raw bytes. File names never come from a sender. Directories have mode 0700 and files 0600,
 * regardless of the umask, and belong to the user as which httpd's child processes run.
 */

#define TLSRPT_DIGEST_LENGTH 64
#define TLSRPT_SPOOL_DIRECTORIES 256 /* of an area: "00".."ff" */
#define TLSRPT_SPOOL_TMP "tmp"
#define TLSRPT_SPOOL_DATE "last-date"

typedef enum tlsrpt_area { TLSRPT_REPORTS, TLSRPT_QUARANTINE } tlsrpt_area;
#define TLSRPT_AREAS 2

/* The names of the areas' directories. */
extern const char *const tlsrpt_spool_areas[TLSRPT_AREAS];

/* The spool of a state directory; any number of threads may share it. It keeps nothing open: each
 * call opens its directory again, so that it recovers if the state directory was temporarily
 * unavailable. */
typedef struct tlsrpt_spool {
    const char *state_dir;
    ino_t synced[TLSRPT_AREAS][TLSRPT_SPOOL_DIRECTORIES]; /* inodes of the directories whose entries
                                                             this process has synced to disk */
} tlsrpt_spool;

/* Bytes that a file of this size occupies on disk. */
static inline apr_int64_t tlsrpt_spool_blocks(apr_int64_t size)
{
    return (size + 4095) / 4096 * 4096;
}

/* Whether a name is 64 lower-case hex digits. */
int tlsrpt_spool_is_digest(const char *name);

/* The directory of a digest, 0..TLSRPT_SPOOL_DIRECTORIES-1. */
int tlsrpt_spool_directory_of(const char *digest);

/* The path of a file, allocated from p. */
const char *tlsrpt_spool_path(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                              apr_pool_t *p);

/* Opens the directory of an area. Returns a descriptor, which the caller closes, or -1 after a
 * finding; without a finding if the directory does not exist and make is 0. */
int tlsrpt_spool_open_area(const tlsrpt_spool *spool, tlsrpt_area area, int make,
                           mta_sts_findings *findings);

/* Opens one directory of an area ("ab") for reading. Returns a descriptor, which the caller closes,
 * or -1, without a finding, if it does not exist or its owner or mode is not accepted. */
int tlsrpt_spool_open_directory(const tlsrpt_spool *spool, tlsrpt_area area, const char *name,
                                apr_pool_t *ptemp);

#endif
