/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/guess.h"

#include <string.h>

#include <apr_lib.h>

#define UNPACK ": unpack it first"
#define UNCOMPRESS ": uncompress it first"
#define BASE64 "; this may be Base64: decode it first"
#define UTF16 "; this may be UTF-16: save it as UTF-8"
#define XML "; this is XML or HTML, such as a DMARC report"
#define ARRAY "; a JSON array is not a report: each report is an object of its own"
#define STRING "; this is a JSON string, perhaps a report that was encoded twice: decode it first"
#define ENCRYPTED "; this is encrypted: decrypt it first"

typedef struct signature {
    apr_size_t offset, len;
    const char *bytes, *text;
} signature;

#define AT(offset, bytes, text)                                                                    \
    {                                                                                              \
        offset, sizeof(bytes) - 1, bytes, text                                                     \
    }

static const signature signatures[] = {
    AT(0, "[", ARRAY),
    AT(0, "<", XML),
    AT(0, "\"{", STRING),
    AT(0, "\xff\xfe", UTF16),
    AT(0, "\xfe\xff", UTF16),
    AT(0, "{\0", UTF16),
    AT(0, "\0{", UTF16),
    AT(0, "BZh", "; this is bzip2" UNCOMPRESS),
    AT(0,
       "\xfd"
       "7zXZ",
       "; this is xz" UNCOMPRESS),
    AT(0, "\x28\xb5\x2f\xfd", "; this is Zstandard" UNCOMPRESS),
    AT(0, "\x1f\x9d", "; this is compress" UNCOMPRESS),
    AT(0, "7z\xbc\xaf", "; this is a 7z archive" UNPACK),
    AT(0, "Rar!", "; this is a RAR archive" UNPACK),
    AT(257, "ustar", "; this is a tar archive" UNPACK),
    AT(0, "%PDF", "; this is a PDF document"),
    AT(0, "eyJ", BASE64),
    AT(0, "ewo", BASE64),
    AT(0, "H4sI", BASE64),
    AT(0, "-----BEGIN PGP", ENCRYPTED),
    AT(0, "-----BEGIN PKCS7", ENCRYPTED),
    AT(0, "-----BEGIN CMS", ENCRYPTED),
};

const char *tlsrpt_guess(const char *bytes, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        const signature *one = &signatures[i];

        if (len >= one->offset + one->len &&
            memcmp(bytes + one->offset, one->bytes, one->len) == 0) {
            return one->text;
        }
    }
    return "";
}

const char *tlsrpt_guess_in_gzip(char first)
{
    switch (first) {
    case '[':
        return ARRAY;
    case '<':
        return XML;
    case '\x1f':
        return "; it is compressed twice: uncompress it once";
    case '\xff':
    case '\xfe':
        return UTF16;
    default:
        return apr_isalnum(first) || first == '.' ? "; if this is a tar archive, unpack it first"
                                                  : "";
    }
}
