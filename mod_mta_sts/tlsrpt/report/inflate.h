/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_INFLATE_H
#define TLSRPT_REPORT_INFLATE_H

#include <apr_pools.h>

/* Reads the bytes of a report, and decompresses them if they are gzip (RFC 1952, with any number of
 * members). Gzip is detected by its first bytes alone, because senders mislabel reports. Uses a
 * fixed amount of memory (40 KiB for zlib) for any amount of data. Bytes after the last member that
 * do not begin another one are ignored, as by gzip(1). */

typedef struct tlsrpt_inflate tlsrpt_inflate;

/* Whether the bytes begin with the magic number of gzip. */
int tlsrpt_inflate_is_gzip(const char *bytes, apr_size_t len);

/*
 * Opens a stream.
 *
 * @param p     pool of the stream; zlib's memory is freed when it is cleared
 * @param bytes borrowed while the stream is in use
 * @return the stream, or NULL if memory is exhausted
 */
tlsrpt_inflate *tlsrpt_inflate_start(apr_pool_t *p, const char *bytes, apr_size_t len);

/*
 * Reads the next bytes.
 *
 * @param size size of buffer in bytes, at least 1
 * @return the number of bytes read; 0 at the end; -1, in this and all later calls, if the data is
 *         damaged or truncated
 */
apr_ssize_t tlsrpt_inflate_read(tlsrpt_inflate *stream, char *buffer, apr_size_t size);

/* Why tlsrpt_inflate_read returned -1, as a string constant; else NULL. */
const char *tlsrpt_inflate_error(const tlsrpt_inflate *stream);

/* The number of gzip members so far; 0: the data is not gzip. */
apr_size_t tlsrpt_inflate_members(const tlsrpt_inflate *stream);

/* The number of bytes that were ignored after the last member, known at the end of the stream; 0 if
 * all of these bytes are zero. */
apr_size_t tlsrpt_inflate_ignored(const tlsrpt_inflate *stream);

#endif
