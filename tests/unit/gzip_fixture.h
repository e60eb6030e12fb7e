/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GZIP_FIXTURE_H
#define TESTS_UNIT_GZIP_FIXTURE_H

#include <string.h>

#include <apr_pools.h>
#include <zlib.h>

/* Bytes in a pool; only exact_copy ensures that nothing follows them in memory. */
typedef struct bytes {
    char *at;
    apr_size_t len;
} bytes;

/* One gzip member of these bytes. */
static inline bytes gzip_of(apr_pool_t *p, const char *text, apr_size_t len)
{
    z_stream zlib;
    bytes made;
    apr_size_t room;

    memset(&zlib, 0, sizeof(zlib));
    assert_int_equal(deflateInit2(&zlib, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    room = deflateBound(&zlib, len);
    made.at = apr_palloc(p, room);
    zlib.next_in = (Bytef *)text;
    zlib.avail_in = (uInt)len;
    zlib.next_out = (Bytef *)made.at;
    zlib.avail_out = (uInt)room;
    assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    made.len = room - zlib.avail_out;
    deflateEnd(&zlib);
    return made;
}

static inline bytes joined(apr_pool_t *p, bytes a, bytes b)
{
    bytes both = {apr_palloc(p, a.len + b.len + 1), a.len + b.len};

    memcpy(both.at, a.at, a.len);
    memcpy(both.at + a.len, b.at, b.len);
    return both;
}

static inline bytes bytes_of(const char *text)
{
    bytes made = {(char *)text, strlen(text)};

    return made;
}

#endif
