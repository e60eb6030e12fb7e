/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <openssl/err.h>

#include "core/hosting/pair.h"

/* The two files of a key pair: the certificate with its chain, then the key, separated by "\n#\n".
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *bytes = (const char *)data, *error = NULL;
    const char *mark = memmem(bytes, size, "\n#\n", 3);
    mta_sts_pair_text text = {.certificate = bytes,
                              .certificate_len = mark ? (apr_size_t)(mark - bytes) : size};
    mta_sts_pair *pair;
    int i;

    text.key = mark ? mark + 3 : "";
    text.key_len = mark ? size - text.certificate_len - 3 : 0;
    pair = mta_sts_pair_read(mta_sts_pair_reader_make(p), &text, p, &error);
    CHECK((pair == NULL) == (error != NULL));
    CHECK(!error || is_printable(error));
    for (i = 0; pair && i < pair->name_count; i++) {
        CHECK(pair->names[i][strcspn(pair->names[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0');
    }
    if (pair) {
        CHECK(pair->name_count && mta_sts_pair_intermediates(pair));
        CHECK(mta_sts_pair_is_same(pair, pair));
        mta_sts_pair_is_better(pair, pair, apr_time_from_sec(1800000000));
    }
    mta_sts_pair_free(pair);
    ERR_clear_error(); /* libFuzzer takes what OpenSSL keeps for a leak, and searches for it */
    apr_pool_destroy(p);
    return 0;
}
