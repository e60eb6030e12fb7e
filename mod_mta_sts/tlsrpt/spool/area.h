/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_AREA_H
#define TLSRPT_SPOOL_AREA_H

#include <apr_errno.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "tlsrpt/spool/layout.h"
#include "tlsrpt/spool/receipt.h"

/* An area of the spool: what its directories contain. */

/*
 * The time of the last change of one directory of an area, so that callers that have read a
 * directory need not read it again.
 *
 * @param directory 0..TLSRPT_SPOOL_DIRECTORIES-1
 * @param changed   out: 0 if the directory does not exist
 */
apr_status_t tlsrpt_spool_directory_changed(const tlsrpt_spool *spool, tlsrpt_area area,
                                            int directory, apr_time_t *changed);

/* The digests in one directory, an array of const char * in p; files with other names are
 * ignored. */
apr_array_header_t *tlsrpt_spool_directory_list(const tlsrpt_spool *spool, tlsrpt_area area,
                                                int directory, apr_pool_t *p);

/* One name in a directory. */
typedef struct tlsrpt_spool_entry {
    const char *digest;
    apr_int64_t file; /* its inode, which changes when a verified receipt replaces an unverified one
                       */
} tlsrpt_spool_entry;

/*
 * The files in one directory; unlike tlsrpt_spool_directory_list it distinguishes an empty
 * directory from one that cannot be read.
 *
 * @param findings why it cannot be read, as errors
 * @return an array of tlsrpt_spool_entry in p, empty if the directory does not exist; NULL after a
 * finding, also if the area does not exist
 */
apr_array_header_t *tlsrpt_spool_directory_files(const tlsrpt_spool *spool, tlsrpt_area area,
                                                 int directory, apr_pool_t *p,
                                                 mta_sts_findings *findings);

/*
 * Removes files that were last modified before a time.
 *
 * @param is_possible whether a file can have been modified then; if not, the date was wrong, and
 *                    the file counts as modified now
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

/* Removes leftovers from tmp/: files that were not modified for ten minutes. */
void tlsrpt_spool_remove_stale(const tlsrpt_spool *spool);

/* Bytes on disk (see tlsrpt_spool_cost) and number of files of one directory, counted now. */
void tlsrpt_spool_directory_usage(const tlsrpt_spool *spool, tlsrpt_area area, int directory,
                                  apr_int64_t *bytes, apr_int64_t *files);

/* The same of an area. */
void tlsrpt_spool_usage(const tlsrpt_spool *spool, tlsrpt_area area, apr_int64_t *bytes,
                        apr_int64_t *files);

#endif
