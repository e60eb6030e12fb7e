/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_INFLATE_H
#define TLSRPT_REPORT_INFLATE_H

#include <apr_pools.h>

/* Reads the bytes of a report, and inflates them if they are gzip (RFC 1952, with any number of
 * members). Gzip is detected by its first bytes alone, since senders mislabel reports. Needs a
 * fixed amount of memory (40 KiB for zlib), however much there is to inflate. Bytes after the last
 * member that do not begin another one are ignored, as gzip(1) does. */

typedef struct tlsrpt_inflate tlsrpt_inflate;

/* Whether these bytes begin like gzip. */
int tlsrpt_inflate_is_gzip(const char *bytes, apr_size_t len);

/*
 * @param p      pool of the stream; zlib's memory is freed when it is cleared
 * @param bytes borrowed as long as the stream is used
 * @return NULL if memory runs out
 */
tlsrpt_inflate *tlsrpt_inflate_start(apr_pool_t *p, const char *bytes, apr_size_t len);

/*
 * Reads the next bytes.
 *
 * @param size room in buffer, at least 1
 * @return their number; 0 at the end; -1, in this and all later calls, if the data is damaged or
 *         truncated
 */
apr_ssize_t tlsrpt_inflate_read(tlsrpt_inflate *stream, char *buffer, apr_size_t size);

/* Why tlsrpt_inflate_read returned -1; else NULL. */
const char *tlsrpt_inflate_error(const tlsrpt_inflate *stream);

/* Number of gzip members so far; 0: the data is not gzip. */
apr_size_t tlsrpt_inflate_members(const tlsrpt_inflate *stream);

/* Bytes ignored after the last member, known at the end; 0 if all of them are zero. */
apr_size_t tlsrpt_inflate_ignored(const tlsrpt_inflate *stream);

#endif
