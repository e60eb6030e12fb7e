/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/inflate.h"

#include <limits.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#define WINDOW_BITS_GZIP (15 + 16)

struct tlsrpt_inflate {
    const char *next; /* the bytes that have not been read yet */
    apr_size_t left;
    apr_size_t members;
    apr_size_t ignored;
    int ended;
    const char *error;
    z_stream zlib;
};

int tlsrpt_inflate_is_gzip(const char *bytes, apr_size_t len)
{
    return len >= 2 && (unsigned char)bytes[0] == 0x1f && (unsigned char)bytes[1] == 0x8b;
}

static apr_status_t end_zlib(void *data)
{
    inflateEnd(data);
    return APR_SUCCESS;
}

tlsrpt_inflate *tlsrpt_inflate_start(apr_pool_t *p, const char *bytes, apr_size_t len)
{
    tlsrpt_inflate *stream = apr_pcalloc(p, sizeof(*stream));

    stream->next = bytes;
    stream->left = len;
    if (tlsrpt_inflate_is_gzip(bytes, len)) {
        if (inflateInit2(&stream->zlib, WINDOW_BITS_GZIP) != Z_OK) {
            return NULL;
        }
        apr_pool_cleanup_register(p, &stream->zlib, end_zlib, apr_pool_cleanup_null);
        stream->members = 1;
    }
    return stream;
}

static apr_ssize_t read_plain(tlsrpt_inflate *stream, char *buffer, apr_size_t size)
{
    apr_size_t count = size < stream->left ? size : stream->left;

    if (!count) { /* next may be NULL then */
        return 0;
    }
    memcpy(buffer, stream->next, count);
    stream->next += count;
    stream->left -= count;
    return (apr_ssize_t)count;
}

/* Some programs pad gzip files with zero bytes, as for tapes; these can be ignored. */
static int is_padding(const char *bytes, apr_size_t len)
{
    while (len && !*bytes) {
        bytes++;
        len--;
    }
    return !len;
}

/* Continues with the next member, or ends. */
static void end_member(tlsrpt_inflate *stream)
{
    if (tlsrpt_inflate_is_gzip(stream->next, stream->left)) {
        stream->members++;
        inflateReset(&stream->zlib);
        return;
    }
    stream->ended = 1;
    stream->ignored = is_padding(stream->next, stream->left) ? 0 : stream->left;
}

/* Calls zlib once, for a part of the bytes, because it counts them in unsigned int. */
static void inflate_piece(tlsrpt_inflate *stream, char *buffer, apr_size_t size, apr_size_t *count)
{
    z_stream *zlib = &stream->zlib;
    uInt given = stream->left < INT_MAX ? (uInt)stream->left : INT_MAX;
    uInt room = size < INT_MAX ? (uInt)size : INT_MAX;
    int status;

    zlib->next_in = (const Bytef *)stream->next;
    zlib->avail_in = given;
    zlib->next_out = (Bytef *)buffer;
    zlib->avail_out = room;
    status = inflate(zlib, Z_FINISH); /* output that fits into the buffer needs no window */
    stream->next += given - zlib->avail_in;
    stream->left -= given - zlib->avail_in;
    *count = room - zlib->avail_out;
    if (status == Z_STREAM_END) {
        end_member(stream);
    }
    else if (status != Z_OK && status != Z_BUF_ERROR) {
        stream->error = status == Z_MEM_ERROR
                            ? "there is not enough memory to inflate the gzip data"
                            : "the gzip data is damaged";
    }
    else if (!stream->left && zlib->avail_out) {
        stream->error = "the gzip data is truncated";
    }
}

apr_ssize_t tlsrpt_inflate_read(tlsrpt_inflate *stream, char *buffer, apr_size_t size)
{
    apr_size_t count = 0;

    if (!stream->members) {
        return read_plain(stream, buffer, size);
    }
    while (!count && !stream->ended && !stream->error) {
        inflate_piece(stream, buffer, size, &count);
    }
    return count ? (apr_ssize_t)count : stream->error ? -1 : 0;
}

const char *tlsrpt_inflate_error(const tlsrpt_inflate *stream)
{
    return stream->error;
}

apr_size_t tlsrpt_inflate_members(const tlsrpt_inflate *stream)
{
    return stream->members;
}

apr_size_t tlsrpt_inflate_ignored(const tlsrpt_inflate *stream)
{
    return stream->ignored;
}
