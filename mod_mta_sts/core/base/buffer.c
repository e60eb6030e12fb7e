/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/buffer.h"

#include <stdarg.h>
#include <string.h>

#include <apr_strings.h>

#define FIRST_SIZE 16384

mta_sts_buffer *mta_sts_buffer_make(apr_pool_t *p)
{
    mta_sts_buffer *buffer = apr_pcalloc(p, sizeof(*buffer));

    buffer->p = p;
    buffer->size = FIRST_SIZE;
    buffer->bytes = apr_palloc(p, buffer->size);
    return buffer;
}

static void grow(mta_sts_buffer *buffer, apr_size_t needed)
{
    char *larger;

    while (buffer->size < needed) {
        buffer->size *= 2;
    }
    larger = apr_palloc(buffer->p, buffer->size);
    memcpy(larger, buffer->bytes, buffer->len);
    buffer->bytes = larger;
}

void mta_sts_buffer_add(mta_sts_buffer *buffer, const char *bytes, apr_size_t len)
{
    if (buffer->size - buffer->len < len) {
        grow(buffer, buffer->len + len);
    }
    memcpy(buffer->bytes + buffer->len, bytes, len);
    buffer->len += len;
}

void mta_sts_buffer_puts(mta_sts_buffer *buffer, const char *text)
{
    mta_sts_buffer_add(buffer, text, strlen(text));
}

void mta_sts_buffer_printf(mta_sts_buffer *buffer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    mta_sts_buffer_puts(buffer, apr_pvsprintf(buffer->p, format, arguments));
    va_end(arguments);
}
