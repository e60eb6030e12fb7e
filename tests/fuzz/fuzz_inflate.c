/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "tlsrpt/report/inflate.h"

#define BYTES_MAX (1 << 20) /* of one input, inflated */

/* The result of reading a stream completely. */
typedef struct outcome {
    uint64_t hash; /* of the bytes, FNV-1a */
    size_t count;
    size_t members;
    size_t ignored;
    const char *error;
} outcome;

static void add(outcome *all, const char *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        all->hash = (all->hash ^ (unsigned char)bytes[i]) * 0x100000001b3;
    }
    all->count += len;
}

/* Whether the stream ends within BYTES_MAX. */
static int read_all(apr_pool_t *p, const char *bytes, size_t len, size_t size, outcome *all)
{
    tlsrpt_inflate *stream = tlsrpt_inflate_start(p, bytes, len);
    char piece[4096];
    apr_ssize_t count;

    memset(all, 0, sizeof(*all));
    CHECK(stream && size <= sizeof(piece));
    while ((count = tlsrpt_inflate_read(stream, piece, size)) > 0) {
        CHECK((size_t)count <= size);
        add(all, piece, (size_t)count);
        if (all->count > BYTES_MAX) {
            return 0;
        }
    }
    CHECK(tlsrpt_inflate_read(stream, piece, size) == count);
    all->members = tlsrpt_inflate_members(stream);
    all->ignored = tlsrpt_inflate_ignored(stream);
    all->error = tlsrpt_inflate_error(stream);
    CHECK((count < 0) == (all->error != NULL));
    return 1;
}

/* The size of the pieces, which the first byte gives, must not change the result. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *bytes = (const char *)data + 1;
    outcome large, small;

    if (size > 0 && read_all(p, bytes, size - 1, 4096, &large)) {
        CHECK(read_all(p, bytes, size - 1, (size_t)data[0] + 1, &small));
        CHECK((large.members > 0) == tlsrpt_inflate_is_gzip(bytes, size - 1));
        CHECK(large.members > 0 || (large.count == size - 1 && !large.error));
        CHECK(large.members == small.members && large.ignored == small.ignored);
        CHECK(large.ignored < size && large.members <= size);
        CHECK(large.error == small.error ||
              (large.error && small.error && strcmp(large.error, small.error) == 0));
        CHECK(large.error || (large.count == small.count && large.hash == small.hash));
    }
    apr_pool_destroy(p);
    return 0;
}
