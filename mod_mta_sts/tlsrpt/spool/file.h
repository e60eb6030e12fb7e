/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_FILE_H
#define TLSRPT_SPOOL_FILE_H

#include <apr_errno.h>

#include "tlsrpt/spool/layout.h"
#include "tlsrpt/spool/receipt.h"

/* One file of the spool. */
typedef struct tlsrpt_stored_file {
    const char *digest;
    tlsrpt_receipt receipt;
    const char *bytes; /* raw, as received */
    apr_size_t len;
    int is_unopened; /* after an error: the file could not be opened, which may be temporary;
                        otherwise its content is wrong */
} tlsrpt_stored_file;

/*
 * Reads one file.
 *
 * @param p   pool of the file
 * @param max bytes; a larger file is an error
 * @return NULL, or why it cannot be read
 */
const char *tlsrpt_spool_read(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                              apr_size_t max, apr_pool_t *p, tlsrpt_stored_file *file);

/* Whether a file with this digest exists. */
int tlsrpt_spool_has(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest);

/*
 * Corrects the time of receipt of a file, in place: its header line keeps its length, so a crash
 * leaves the old time or the new one.
 *
 * @param is_possible whether a time can stay as it is
 * @param received    the time that replaces another
 * @param ptemp       scratch
 * @return APR_EINVAL if the file does not begin with a header line
 */
apr_status_t tlsrpt_spool_restamp(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                                  int (*is_possible)(apr_time_t received), apr_time_t received,
                                  apr_pool_t *ptemp);

/* Removes one file; APR_SUCCESS also if it does not exist, but not if its area does not exist or
 * cannot be read. */
apr_status_t tlsrpt_spool_remove(tlsrpt_spool *spool, tlsrpt_area area, const char *digest);

#endif
