/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_INFLATE_H
#define TLSRPT_REPORT_INFLATE_H

#include <apr_pools.h>

/*
 * The bytes of a report one after another, inflated if they came as gzip (RFC 1952, of any number
 * of members). Whether they did is told by their first bytes alone: senders mislabel. It takes a
 * fixed amount of memory (zlib's 40 KiB), however much there is to inflate.
 *
 * Behind the last member may stand bytes that do not begin another one: they are ignored, as
 * gzip(1) does.
 */

typedef struct tlsrpt_inflate tlsrpt_inflate;

/* Whether these bytes begin as gzip does. */
int tlsrpt_inflate_is_gzip(const char *bytes, apr_size_t len);

/*
 * @param p      pool of the stream; what zlib takes is given back when it is cleared
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

/* In words, why tlsrpt_inflate_read gave -1; else NULL. */
const char *tlsrpt_inflate_error(const tlsrpt_inflate *stream);

/* The number of gzip members that were begun so far; 0: it is not gzip. */
apr_size_t tlsrpt_inflate_members(const tlsrpt_inflate *stream);

/* Bytes that were ignored behind the last member, known at the end. */
apr_size_t tlsrpt_inflate_ignored(const tlsrpt_inflate *stream);

#endif
