/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#define QUOTED_MAX 80

apr_size_t mta_sts_text_utf8_length(const char *text, apr_size_t len)
{
    /* RFC 3629 section 4: once the first two bytes are in range, any continuation bytes may
     * follow. */
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } forms[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *bytes = (const unsigned char *)text;
    apr_size_t i, form;

    if (bytes[0] < 0x80 && len) {
        return 1; /* the common case: ASCII */
    }
    for (form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
        if (bytes[0] >= forms[form].first_low && bytes[0] <= forms[form].first_high) {
            break;
        }
    }
    if (form == sizeof(forms) / sizeof(forms[0]) || forms[form].length > len) {
        return 0;
    }
    if (bytes[1] < forms[form].second_low || bytes[1] > forms[form].second_high) {
        return 0;
    }
    for (i = 2; i < forms[form].length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return forms[form].length;
}

/* Three-byte characters that change the direction of text or break lines on a terminal: U+200E,
 * U+200F, U+2028..U+202E, U+2066..U+2069. */
static int changes_direction(const unsigned char *bytes)
{
    return bytes[0] == 0xe2 && ((bytes[1] == 0x80 && (bytes[2] == 0x8e || bytes[2] == 0x8f ||
                                                      (bytes[2] >= 0xa8 && bytes[2] <= 0xae))) ||
                                (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9));
}

int mta_sts_text_is_unprintable(const char *text, apr_size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;

    switch (length) {
    case 1:
        return bytes[0] < 0x20 || bytes[0] == 0x7f;
    case 2:
        return (bytes[0] == 0xc2 && bytes[1] < 0xa0) || (bytes[0] == 0xd8 && bytes[1] == 0x9c);
    case 3:
        return changes_direction(bytes);
    default:
        return 0;
    }
}

/* Escapes invalid UTF-8, characters that could mislead a reader, and what would end the quotation
 * or look like an escape. */
static int needs_escape(const char *text, apr_size_t length, apr_size_t left, char mark)
{
    return length == 0 || mta_sts_text_is_unprintable(text, length) || *text == mark ||
           (*text == '\\' && left > 1 && text[1] == 'x');
}

static const char *quote(apr_pool_t *p, const char *text, apr_size_t len, apr_size_t max)
{
    apr_size_t shown = len > max ? max : len;
    char *quoted = apr_palloc(p, 4 * shown + sizeof("\"\"..."));
    char *out = quoted;
    char mark = memchr(text, '"', shown) && !memchr(text, '\'', shown) ? '\'' : '"';
    apr_size_t i = 0;

    *out++ = mark;
    while (i < shown) {
        apr_size_t length = mta_sts_text_utf8_length(text + i, len - i);

        if (i + length > shown) {
            break; /* never split a sequence */
        }
        if (!needs_escape(text + i, length, len - i, mark)) {
            memcpy(out, text + i, length);
            out += length;
            i += length;
            continue;
        }
        length = length ? length : 1;
        while (length--) {
            out += sprintf(out, "\\x%02x", (unsigned char)text[i++]);
        }
    }
    *out++ = mark;
    strcpy(out, i < len ? "..." : "");
    return quoted;
}

const char *mta_sts_text_quote(apr_pool_t *p, const char *text, apr_size_t len)
{
    return quote(p, text, len, QUOTED_MAX);
}

const char *mta_sts_text_quote_path(apr_pool_t *p, const char *path)
{
    return quote(p, path, strlen(path), PATH_MAX);
}

apr_size_t mta_sts_text_cut(const char *text, apr_size_t max)
{
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80) {
        max--;
    }
    return max;
}
