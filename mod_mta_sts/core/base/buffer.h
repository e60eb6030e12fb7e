/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_BUFFER_H
#define CORE_BASE_BUFFER_H

#include <apr_pools.h>

/* A byte buffer that grows as data is appended, for text that is rendered piece by piece. The bytes
 * are not NUL-terminated. */
typedef struct mta_sts_buffer {
    apr_pool_t *p;
    char *bytes;
    apr_size_t len, size;
} mta_sts_buffer;

/* Creates an empty buffer; the buffer and its bytes are allocated from p. */
mta_sts_buffer *mta_sts_buffer_make(apr_pool_t *p);

/* Appends len bytes of any value. */
void mta_sts_buffer_add(mta_sts_buffer *buffer, const char *bytes, apr_size_t len);

/* Appends a string without its terminating NUL. */
void mta_sts_buffer_puts(mta_sts_buffer *buffer, const char *text);

/* Appends a string formatted as by apr_psprintf. */
void mta_sts_buffer_printf(mta_sts_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
