/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"
#include "tlsrpt/report/parser.h"

#define HIGH_SURROGATE 0xd800
#define LOW_SURROGATE 0xdc00
#define AFTER_SURROGATES 0xe000

static int hex_digit(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Parses the four hex digits after "\u"; -1 if they are missing. */
static int parse_unit(tlsrpt_parser *x)
{
    int i, digit, unit = 0;

    for (i = 0; i < 4; i++, x->at++) {
        digit = hex_digit(tlsrpt_parser_peek(x));
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

/* Parses the second half of a surrogate pair; -1 if it is missing. */
static int parse_low_surrogate(tlsrpt_parser *x)
{
    int unit;

    if (tlsrpt_parser_peek(x) != '\\') {
        return -1;
    }
    x->at++;
    if (tlsrpt_parser_peek(x) != 'u') {
        return -1;
    }
    x->at++;
    unit = parse_unit(x);
    return unit >= LOW_SURROGATE && unit < AFTER_SURROGATES ? unit : -1;
}

static int append_character(tlsrpt_parser *x, int c)
{
    char bytes[4];

    if (c < 0x80) {
        bytes[0] = (char)c;
        return tlsrpt_parser_append(x, bytes, 1);
    }
    if (c < 0x800) {
        bytes[0] = (char)(0xc0 | c >> 6);
        bytes[1] = (char)(0x80 | (c & 0x3f));
        return tlsrpt_parser_append(x, bytes, 2);
    }
    if (c < 0x10000) {
        bytes[0] = (char)(0xe0 | c >> 12);
        bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (c & 0x3f));
        return tlsrpt_parser_append(x, bytes, 3);
    }
    bytes[0] = (char)(0xf0 | c >> 18);
    bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
    bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
    bytes[3] = (char)(0x80 | (c & 0x3f));
    return tlsrpt_parser_append(x, bytes, 4);
}

/* Parses a code point after "\u". NUL is rejected, because strings are NUL-terminated. */
static int parse_code(tlsrpt_parser *x)
{
    int low, c = parse_unit(x);

    if (c <= 0 || (c >= LOW_SURROGATE && c < AFTER_SURROGATES)) {
        return 0;
    }
    if (c >= HIGH_SURROGATE && c < LOW_SURROGATE) {
        low = parse_low_surrogate(x);
        if (low < 0) {
            return 0;
        }
        c = 0x10000 + ((c - HIGH_SURROGATE) << 10) + (low - LOW_SURROGATE);
    }
    return append_character(x, c);
}

/* Parses an escape, at the byte after the backslash. */
static int parse_escape(tlsrpt_parser *x)
{
    static const char escapes[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
    int c = tlsrpt_parser_peek(x);
    const char *found;

    if (c <= 0) {
        return 0;
    }
    x->at++;
    if (c == 'u') {
        return parse_code(x);
    }
    found = strchr(escapes, c);
    return found && tlsrpt_parser_append(x, &characters[found - escapes], 1);
}

static int is_utf8(const char *text, apr_size_t len)
{
    apr_size_t length;

    while (len) {
        length = (signed char)*text > 0 ? 1 : mta_sts_text_utf8_length(text, len);
        if (!length) {
            return 0;
        }
        text += length;
        len -= length;
    }
    return 1;
}

/* Finds the first byte that ends a string or has a special meaning in it, or the end of the bytes
 * in memory. */
static const char *skip_plain(const tlsrpt_parser *x, int *high)
{
    const char *at = x->at;
    int bits = 0;

    while (at < x->end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ') {
        bits |= *at++;
    }
    *high |= bits & 0x80;
    return at;
}

/* Parses the rest of a string that has escapes or is not completely in memory. UTF-8 is validated
 * at the end, because a piece may end within a character. */
static int parse_by_parts(tlsrpt_parser *x, int high, const char **string)
{
    x->len = 0;
    for (;;) {
        const char *plain = x->at;
        int c;

        x->at = skip_plain(x, &high);
        if (!tlsrpt_parser_append(x, plain, (apr_size_t)(x->at - plain))) {
            return 0;
        }
        if (x->at == x->end && tlsrpt_parser_refill(x)) {
            continue;
        }
        c = tlsrpt_parser_peek(x);
        if (c < ' ') {
            return 0;
        }
        x->at++;
        if (c == '"') {
            *string = apr_pstrmemdup(x->p, x->text, x->len);
            return !high || is_utf8(x->text, x->len);
        }
        if (!parse_escape(x)) {
            return 0;
        }
    }
}

/* Most strings are completely in memory and need no conversion. */
int tlsrpt_parser_string(tlsrpt_parser *x, const char **string)
{
    const char *begin = ++x->at, *end;
    int high = 0;

    end = skip_plain(x, &high);
    if (end == x->end || *end != '"') {
        return parse_by_parts(x, high, string);
    }
    x->at = end + 1;
    *string = apr_pstrmemdup(x->p, begin, (apr_size_t)(end - begin));
    return !high || is_utf8(begin, (apr_size_t)(end - begin));
}
