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
    int is_unopened; /* after an error: whether the file could not be opened, which may be
                        temporary; if 0, its contents are not valid */
} tlsrpt_stored_file;

/*
 * Reads one file.
 *
 * @param p   pool of the file
 * @param max maximum size in bytes; a larger file is an error
 * @return NULL, or why it cannot be read
 */
const char *tlsrpt_spool_read(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                              apr_size_t max, apr_pool_t *p, tlsrpt_stored_file *file);

/* Whether a file with this digest exists. */
int tlsrpt_spool_has(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest);

/*
 * Corrects the time of receipt in a file, in place. The length of the header line does not change,
 * so a crash leaves either the old time or the new one.
 *
 * @param is_possible returns whether a time is possible and need not be corrected
 * @param received    the time that replaces an impossible one
 * @param ptemp       scratch
 * @return APR_SUCCESS; APR_EINVAL if the file does not begin with a header line; or another error
 */
apr_status_t tlsrpt_spool_restamp(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                                  int (*is_possible)(apr_time_t received), apr_time_t received,
                                  apr_pool_t *ptemp);

/* Removes one file. Returns APR_SUCCESS even if the file does not exist, but an error if its area
 * does not exist or cannot be read. */
apr_status_t tlsrpt_spool_remove(tlsrpt_spool *spool, tlsrpt_area area, const char *digest);

#endif
