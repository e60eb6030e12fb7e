/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_AREA_H
#define TLSRPT_SPOOL_AREA_H

#include <apr_errno.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "tlsrpt/spool/layout.h"
#include "tlsrpt/spool/receipt.h"

/* An area of the spool (tlsrpt_area): lists, expires and measures the files in its directories. */

/*
 * Reads when one directory of an area was last changed, so that callers need not read an unchanged
 * directory again.
 *
 * @param directory 0..TLSRPT_SPOOL_DIRECTORIES-1
 * @param changed   out: the modification time; 0 if the directory does not exist
 */
apr_status_t tlsrpt_spool_directory_changed(const tlsrpt_spool *spool, tlsrpt_area area,
                                            int directory, apr_time_t *changed);

/* Lists the digests in one directory: an array of const char *, allocated from p. Files with other
 * names are ignored. */
apr_array_header_t *tlsrpt_spool_directory_list(const tlsrpt_spool *spool, tlsrpt_area area,
                                                int directory, apr_pool_t *p);

/* One file in a directory. */
typedef struct tlsrpt_spool_entry {
    const char *digest;
    apr_int64_t file; /* its inode number, which changes when a verified receipt replaces an
                         unverified one */
} tlsrpt_spool_entry;

/*
 * Lists the files in one directory. Unlike tlsrpt_spool_directory_list, distinguishes an empty
 * directory from one that cannot be read.
 *
 * @param findings errors are added here if it cannot be read
 * @return an array of tlsrpt_spool_entry in p, empty if the directory does not exist; NULL after a
 * finding, also if the area does not exist
 */
apr_array_header_t *tlsrpt_spool_directory_files(const tlsrpt_spool *spool, tlsrpt_area area,
                                                 int directory, apr_pool_t *p,
                                                 mta_sts_findings *findings);

/*
 * Removes the files of an area that were last modified before a time.
 *
 * @param is_possible returns whether a file can have been modified at a time; if not, the clock was
 *                    wrong, and the file counts as modified now
 * @return number of files removed
 */
apr_int64_t tlsrpt_spool_expire(tlsrpt_spool *spool, tlsrpt_area area, apr_time_t before,
                                int (*is_possible)(apr_time_t modified));

/*
 * Reads the header line of each file in one directory.
 *
 * @param digest  valid during the call of visit
 * @param bytes   that the file occupies on disk
 * @param receipt valid during the call of visit; NULL if the file cannot be opened or does not
 *                begin with a header line
 */
typedef void tlsrpt_spool_visit(void *baton, const char *digest, apr_int64_t bytes,
                                const tlsrpt_receipt *receipt);
void tlsrpt_spool_directory_receipts(const tlsrpt_spool *spool, tlsrpt_area area, int directory,
                                     tlsrpt_spool_visit *visit, void *baton);

/* Removes stale files from tmp/: those that have not been modified for ten minutes. */
void tlsrpt_spool_remove_stale(const tlsrpt_spool *spool);

/* Counts the files of one directory, and the bytes that they occupy on disk (see
 * tlsrpt_spool_cost). */
void tlsrpt_spool_directory_usage(const tlsrpt_spool *spool, tlsrpt_area area, int directory,
                                  apr_int64_t *bytes, apr_int64_t *files);

/* The same for a whole area. */
void tlsrpt_spool_usage(const tlsrpt_spool *spool, tlsrpt_area area, apr_int64_t *bytes,
                        apr_int64_t *files);

#endif
