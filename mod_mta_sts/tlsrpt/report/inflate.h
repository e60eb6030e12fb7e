/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_INFLATE_H
#define TLSRPT_REPORT_INFLATE_H

#include <apr_pools.h>

/* Reads the bytes of a report, inflating them if they are gzip (RFC 1952, with any number of
 * members). That is detected by the first bytes alone, since senders mislabel reports. Takes a
 * fixed amount of memory (40 KiB for zlib), however much there is to inflate. Bytes after the last
 * member that do not begin another one are ignored, as by gzip(1).
 */

typedef struct tlsrpt_inflate tlsrpt_inflate;

/* Whether these bytes begin like gzip. */
int tlsrpt_inflate_is_gzip(const char *bytes, apr_size_t len);

/*
 * @param p      pool of the stream; the memory of zlib is freed when it is cleared
 * @param bytes borrowed until the stream's end
 * @return NULL if there is no memory
 */
tlsrpt_inflate *tlsrpt_inflate_start(apr_pool_t *p, const char *bytes, apr_size_t len);

/*
 * The next bytes.
 *
 * @param size room in buffer, at least 1
 * @return their number; 0 at the end; -1 where it is damaged or ends too early, now and ever after
 */
apr_ssize_t tlsrpt_inflate_read(tlsrpt_inflate *stream, char *buffer, apr_size_t size);

/* Text: why tlsrpt_inflate_read returned -1; else NULL. */
const char *tlsrpt_inflate_error(const tlsrpt_inflate *stream);

/* Number of gzip members so far; 0: it is not gzip. */
apr_size_t tlsrpt_inflate_members(const tlsrpt_inflate *stream);

/* Bytes ignored after the last member, known at the end. */
apr_size_t tlsrpt_inflate_ignored(const tlsrpt_inflate *stream);

#endif
