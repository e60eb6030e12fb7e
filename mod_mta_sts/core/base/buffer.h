/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_BUFFER_H
#define CORE_BASE_BUFFER_H

#include <apr_pools.h>

/* An answer while it is being made: bytes that grow at their end. Knows nothing of httpd. */
typedef struct mts_buffer {
    apr_pool_t *p;
    char *bytes;
    apr_size_t len, size;
} mts_buffer;

/* An empty one, it and its bytes allocated from p. */
mts_buffer *mts_buffer_make(apr_pool_t *p);

void mod_buffer_add(mts_buffer *buffer, const char *bytes, apr_size_t len);

/* Adds a string as it is. */
void mts_buffer_puts(mts_buffer *buffer, const char *text);

/* Formats as apr_psprintf does. */
void mts_buffer_printf(mts_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
