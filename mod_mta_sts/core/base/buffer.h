/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_BUFFER_H
#define CORE_BASE_BUFFER_H

#include <apr_pools.h>

/* An answer while it is being made: bytes that grow at their end. Knows nothing of httpd. */
typedef struct mta_sts_buffer {
    apr_pool_t *p;
    char *bytes;
    apr_size_t len, size;
} mta_sts_buffer;

/* An empty one, it and its bytes allocated from p. */
mta_sts_buffer *mta_sts_buffer_make(apr_pool_t *p);

void mta_sts_buffer_add(mta_sts_buffer *buffer, const char *bytes, apr_size_t len);

/* Adds a string as it is. */
void mta_sts_buffer_puts(mta_sts_buffer *buffer, const char *text);

/* Formats as apr_psprintf does. */
void mta_sts_buffer_printf(mta_sts_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
