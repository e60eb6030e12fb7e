/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PRINTABLE_H
#define TESTS_PRINTABLE_H

#include <string.h>

#include "core/base/text.h"

/*
 * Whether a text can be printed to a log, a terminal or a page: it is not empty, valid
 * UTF-8 and without control characters. Used by unit tests and fuzz targets.
 */
static inline int is_printable(const char *text)
{
    apr_size_t len = strlen(text), i = 0;

    while (i < len) {
        apr_size_t length = mta_sts_text_utf8_length(text + i, len - i);
        unsigned char first = (unsigned char)text[i];

        if (length == 0 || first < 0x20 || first == 0x7f ||
            (first == 0xc2 && (unsigned char)text[i + 1] < 0xa0)) {
            return 0;
        }
        i += length;
    }
    return len > 0;
}

#endif
