/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_SPOOL_H
#define TLSRPT_SPOOL_SPOOL_H

#include "tlsrpt/spool/area.h"
#include "tlsrpt/spool/file.h"
#include "tlsrpt/spool/layout.h"
#include "tlsrpt/spool/receipt.h"

/*
 * The spool: every report that was acknowledged, as received, in a file of its own. It is
 * authoritative; the database is an index that can be rebuilt from it.
 */

/* Quotas of the areas, in bytes on disk: the defaults, and the range of the directives. */
#define TLSRPT_QUOTA_REPORTS ((apr_int64_t)1 << 30)
#define TLSRPT_QUOTA_QUARANTINE ((apr_int64_t)64 << 20)
#define TLSRPT_QUOTA_MIN ((apr_int64_t)1 << 20)
#define TLSRPT_QUOTA_MAX ((apr_int64_t)1 << 40)

typedef enum tlsrpt_stored {
    TLSRPT_STORED,         /* new, and synced to disk */
    TLSRPT_STORED_ALREADY, /* existed before, and is on disk; if only the new receipt is verified,
                              it has replaced the old one */
    TLSRPT_NOT_STORED, /* nothing was stored; or the complete file was stored, and only syncing its
                          directory failed */
} tlsrpt_stored;

/*
 * Creates the object for the spool of a state directory. Opens nothing.
 *
 * @param p         pool of the spool
 * @param state_dir its path; borrowed
 */
tlsrpt_spool *tlsrpt_spool_make(apr_pool_t *p, const char *state_dir);

/*
 * Creates the directories of a state directory that are missing, and checks their type, owner, mode
 * and that they are writable. When run as root, it gives what it creates to the given owner.
 *
 * @param findings problems are added here, as errors
 * @return whether reports can be stored
 */
int tlsrpt_spool_prepare(const tlsrpt_spool *spool, uid_t owner, gid_t group,
                         mta_sts_findings *findings);

/*
 * Opens the spool of a state directory, prepares it for the user of this process, and removes stale
 * files in tmp/, which a crash has left.
 *
 * @param p        pool of the spool
 * @param findings errors are added here if it cannot be used, for example because of a symbolic
 *                 link, another owner or a read-only file system
 * @return NULL if it cannot be used
 */
tlsrpt_spool *tlsrpt_spool_open(apr_pool_t *p, const char *state_dir, mta_sts_findings *findings);

/*
 * Stores bytes: writes a temporary file, syncs it, renames it unless the target exists, and syncs
 * the directory. If another process removes the file or a directory in the meantime, it is written
 * again, up to three times in all. Any number of processes and threads may store at once; for equal
 * digests only one call returns TLSRPT_STORED.
 *
 * @param digest 64 lower-case hex digits
 * @param ptemp  scratch, and pool of reason
 * @param reason out: with TLSRPT_NOT_STORED, why
 */
tlsrpt_stored tlsrpt_spool_store(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                                 const tlsrpt_receipt *receipt, const char *bytes, apr_size_t len,
                                 apr_pool_t *ptemp, const char **reason);

/* The number of bytes that a report of this size occupies on disk: whole blocks of 4 KiB, including
 * the header line. */
apr_int64_t tlsrpt_spool_cost(apr_size_t len);

/* The number of bytes that can be written before only the reserve of the disk is left, which is 1%
 * of the disk, at most 64 MiB. 0 if only the reserve is left already; -1 if the file system cannot
 * be queried. */
apr_int64_t tlsrpt_spool_room(const tlsrpt_spool *spool);

/* Why another report of this cost would use the disk's reserve: of bytes, or of inodes (1% of them
 * as well, since many small reports use them up first). NULL if it would not, or if the file system
 * cannot be queried. */
const char *tlsrpt_spool_shortage(const tlsrpt_spool *spool, apr_int64_t cost);

#endif
