/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_SPOOL_H
#define TLSRPT_SPOOL_SPOOL_H

#include <sys/types.h>

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/finding.h"
#include "tlsrpt/spool/receipt.h"

/*
 * The spool: every report that was acknowledged, one file each, as its bytes came. It is the
 * truth; the database is an index that can be made from it again.
 *
 *   STATE-DIR/reports/ab/abcdef...   a report, named by the digest of tlsrpt_reading
 *   STATE-DIR/quarantine/ab/...      what could not be read to its end or is not about us
 *   STATE-DIR/tmp/...                being written; of no value after a crash
 *
 * A file is a header line with what was known at receipt (tlsrpt/receipt.h), then the raw bytes.
 * Names never come from a sender. Directories are 0700 and files 0600, whatever the umask, and
 * belong to the user that httpd's children run as.
 */

#define TLSRPT_DIGEST_LENGTH 64

typedef enum tlsrpt_area { TLSRPT_REPORTS, TLSRPT_QUARANTINE } tlsrpt_area;
#define TLSRPT_AREAS 2

/* What an area may take on disk, in bytes: unless told otherwise, and what may be told. */
#define TLSRPT_QUOTA_REPORTS ((apr_int64_t)1 << 30)
#define TLSRPT_QUOTA_QUARANTINE ((apr_int64_t)64 << 20)
#define TLSRPT_QUOTA_MIN ((apr_int64_t)1 << 20)
#define TLSRPT_QUOTA_MAX ((apr_int64_t)1 << 40)

typedef struct tlsrpt_spool tlsrpt_spool;

typedef enum tlsrpt_stored {
    TLSRPT_STORED,         /* new, and on disk */
    TLSRPT_STORED_ALREADY, /* was there before, on disk; a verified receipt replaced an unverified
                            */
    TLSRPT_NOT_STORED,     /* no part of it is left; the whole may be, if its directory could not be
                            brought to disk */
} tlsrpt_stored;

/*
 * The spool of a state directory, for any number of threads. It holds nothing open: each call finds
 * its directory anew, so that it goes on where the state directory was away for a while.
 *
 * @param p         pool of the spool
 * @param state_dir its path; borrowed
 */
tlsrpt_spool *tlsrpt_spool_make(apr_pool_t *p, const char *state_dir);

/*
 * Makes the directories of a state directory where they are missing, and looks whether they are as
 * they should be. Run as root, it gives what it makes to another user.
 *
 * @param findings what is wrong, as errors
 * @return whether reports can be kept
 */
int tlsrpt_spool_prepare(const tlsrpt_spool *spool, uid_t owner, gid_t group,
                         mta_sts_findings *findings);

/*
 * The spool of a state directory, prepared for our own user, and without what a crash left in tmp/.
 *
 * @param p        pool of the spool
 * @param findings why it cannot be used, or not as it should: a symlink or a foreign owner in the
 *                 way, a disk that cannot be written to
 * @return NULL if it cannot be used
 */
tlsrpt_spool *tlsrpt_spool_open(apr_pool_t *p, const char *state_dir, mta_sts_findings *findings);

/*
 * Keeps bytes: temporary file, fsync, rename into place where there is none, fsync of the
 * directory. What is removed meanwhile by others is written again, three times in all. Any number
 * of processes and threads may keep at once; of equal digests one becomes TLSRPT_STORED.
 *
 * @param digest 64 lower-case hex digits
 * @param ptemp  scratch, and pool of reason
 * @param reason out: why it is TLSRPT_NOT_STORED, in words
 */
tlsrpt_stored tlsrpt_spool_store(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                                 const tlsrpt_receipt *receipt, const char *bytes, apr_size_t len,
                                 apr_pool_t *ptemp, const char **reason);

/* Whether there is a file of this digest. */
int tlsrpt_spool_has(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest);

/* One file of the spool. */
typedef struct tlsrpt_stored_file {
    const char *digest;
    tlsrpt_receipt receipt;
    const char *bytes; /* raw, as they came */
    apr_size_t len;
    int is_closed; /* after an error: it could not be opened, which may pass; else what is in it is
                      wrong */
} tlsrpt_stored_file;

/*
 * Reads one file back.
 *
 * @param p   pool of the file
 * @param max bytes; a larger file is an error
 * @return NULL, or why it cannot be read
 */
const char *tlsrpt_spool_read(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                              apr_size_t max, apr_pool_t *p, tlsrpt_stored_file *file);

/* The path of a file, allocated from p. */
const char *tlsrpt_spool_path(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                              apr_pool_t *p);

/*
 * The directories of an area ("00".."ff"), each with the time of its last change, so that who has
 * seen a directory need not read it again.
 *
 * @param changed out: 0 if the directory is not there
 */
#define TLSRPT_SPOOL_DIRECTORIES 256
apr_status_t tlsrpt_spool_directory_changed(const tlsrpt_spool *spool, tlsrpt_area area,
                                            int directory, apr_time_t *changed);

/* The digests in one directory, an array of const char * in p; files of other names are left out.
 */
apr_array_header_t *tlsrpt_spool_directory_list(const tlsrpt_spool *spool, tlsrpt_area area,
                                                int directory, apr_pool_t *p);

/* One name in a directory. */
typedef struct tlsrpt_spool_entry {
    const char *digest;
    apr_int64_t file; /* its inode: another one once a verified receipt took an unverified one's
                         place */
} tlsrpt_spool_entry;

/*
 * The files in one directory; unlike tlsrpt_spool_directory_list it tells an empty directory from
 * one that cannot be looked at.
 *
 * @param findings why not, as errors
 * @return an array of tlsrpt_spool_entry in p, empty for a directory that is not there; NULL after
 * a finding, also where the area is not there
 */
apr_array_header_t *tlsrpt_spool_directory_files(const tlsrpt_spool *spool, tlsrpt_area area,
                                                 int directory, apr_pool_t *p,
                                                 mta_sts_findings *findings);

/*
 * Removes what came before a time, by the time at which its file was written.
 *
 * @return number of files removed
 */
apr_int64_t tlsrpt_spool_expire(tlsrpt_spool *spool, tlsrpt_area area, apr_time_t before);

/*
 * What is known of each file in one directory from its header line alone.
 *
 * @param digest  of the visit
 * @param receipt of the visit; NULL: the file cannot be opened, or has no such line
 */
typedef void tlsrpt_spool_visit(void *baton, const char *digest, const tlsrpt_receipt *receipt);
void tlsrpt_spool_directory_receipts(const tlsrpt_spool *spool, tlsrpt_area area, int directory,
                                     tlsrpt_spool_visit *visit, void *baton);

/* Removes one file; APR_SUCCESS also if it is not there, but not where its area is not there, or
 * cannot be looked at. */
apr_status_t tlsrpt_spool_remove(tlsrpt_spool *spool, tlsrpt_area area, const char *digest);

/* What a report of so many bytes costs on disk: whole blocks of 4 KiB, header line included. */
apr_int64_t tlsrpt_spool_cost(apr_size_t len);

/* Bytes that may be written before the disk's reserve is touched: one hundredth of it, or 64 MiB
 * if that is less. 0 if that is the case already; -1 if the disk cannot be asked. */
apr_int64_t tlsrpt_spool_room(const tlsrpt_spool *spool);

/* Removes what was left behind in tmp/: files that were not changed for ten minutes. */
void tlsrpt_spool_tidy(const tlsrpt_spool *spool);

/* Bytes on disk (see tlsrpt_spool_cost) and number of files of an area, counted now. */
void tlsrpt_spool_usage(const tlsrpt_spool *spool, tlsrpt_area area, apr_int64_t *bytes,
                        apr_int64_t *files);

#endif
