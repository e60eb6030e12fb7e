/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/buffer.h"
#include "core/base/text.h"

/* --- encodings --- */

static void put_character(mta_sts_buffer *to, unsigned character)
{
    unsigned char bytes[3];
    apr_size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : 3;

    character = character > 0xffff || character >> 11 == 0x1b ? 0xfffd : character;
    len = character == 0xfffd ? 3 : len;
    bytes[0] = (unsigned char)(len == 1   ? character
                               : len == 2 ? 0xc0 | character >> 6
                                          : 0xe0 | character >> 12);
    bytes[1] = (unsigned char)(0x80 | ((len == 2 ? character : character >> 6) & 0x3f));
    bytes[2] = (unsigned char)(0x80 | (character & 0x3f));
    mta_sts_buffer_add(to, (const char *)bytes, len);
}

/* Decodes a character of UTF-32, little-endian or big-endian. */
static unsigned utf32_at(const unsigned char *bytes, int is_low_first)
{
    const unsigned a = bytes[0], b = bytes[1], c = bytes[2], d = bytes[3];

    return is_low_first ? a | b << 8 | c << 16 | d << 24 : d | c << 8 | b << 16 | a << 24;
}

/* Whether the first two characters are valid in UTF-32; in UTF-16, the same bytes would not be. */
static int is_utf32(const mta_sts_repair *repair, int is_low_first)
{
    const unsigned char *bytes = (const unsigned char *)repair->text;
    unsigned first = repair->len < 8 ? 0 : utf32_at(bytes, is_low_first);
    unsigned second = repair->len < 8 ? 0 : utf32_at(bytes + 4, is_low_first);

    return first && first <= 0xffff && second && second <= 0xffff;
}

static void decode_utf32(mta_sts_repair *repair)
{
    int is_low_first = is_utf32(repair, 1);
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    apr_size_t i;

    if (!is_low_first && !is_utf32(repair, 0)) {
        return;
    }
    for (i = 0; i + 3 < repair->len; i += 4) {
        unsigned character = utf32_at((const unsigned char *)repair->text + i, is_low_first);

        if (character != 0xfeff) {
            put_character(out, character);
        }
    }
    mta_sts_repair_set(repair, out->bytes, out->len, "is encoded in UTF-32");
}

/* 1: UTF-16 little-endian; 2: big-endian; 0: not UTF-16. */
static int find_utf16(const unsigned char *bytes, apr_size_t len)
{
    if (len >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe) {
        return 1;
    }
    if (len >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff) {
        return 2;
    }
    if (len >= 4 && bytes[0] && !bytes[1] && bytes[2] && !bytes[3]) {
        return 1;
    }
    return len >= 4 && !bytes[0] && bytes[1] && !bytes[2] && bytes[3] ? 2 : 0;
}

static void decode_utf16(mta_sts_repair *repair)
{
    const unsigned char *bytes = (const unsigned char *)repair->text;
    int order = find_utf16(bytes, repair->len);
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    apr_size_t i;

    for (i = 0; order && i + 1 < repair->len; i += 2) {
        unsigned character = order == 1 ? bytes[i] | (unsigned)bytes[i + 1] << 8
                                        : bytes[i + 1] | (unsigned)bytes[i] << 8;

        if (character != 0xfeff) {
            put_character(out, character);
        }
    }
    if (order) {
        mta_sts_repair_set(repair, out->bytes, out->len, "is encoded in UTF-16");
    }
}

/* ASCII for the typographic characters that word processors write in Windows-1252; 0 for other
 * bytes. */
static unsigned from_windows(unsigned char byte)
{
    switch (byte) {
    case 0x91:
    case 0x92:
        return '\'';
    case 0x93:
    case 0x94:
        return '"';
    case 0x96:
    case 0x97:
        return '-';
    case 0xa0:
        return ' ';
    default:
        return 0;
    }
}

static void decode_windows(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    apr_size_t i = 0;

    while (i < repair->len) {
        apr_size_t length = mta_sts_text_utf8_length(repair->text + i, repair->len - i);
        unsigned character = length ? 0 : from_windows((unsigned char)repair->text[i]);

        length = length ? length : 1;
        if (character) {
            put_character(out, character);
        }
        else {
            mta_sts_buffer_add(out, repair->text + i, length);
        }
        i += length;
    }
    mta_sts_repair_set(repair, out->bytes, out->len,
                       "contains typographic characters encoded in Windows-1252");
}

void mta_sts_repair_encoding(mta_sts_repair *repair)
{
    decode_utf32(repair);
    decode_utf16(repair);
    decode_windows(repair);
}

/* --- letters of other alphabets that look like ASCII --- */

static const struct {
    unsigned character;
    char ascii;
} lookalikes[] = {
    {0x0430, 'a'}, {0x0435, 'e'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x043e, 'o'}, {0x0440, 'p'},
    {0x0441, 'c'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0501, 'd'}, {0x0410, 'A'},
    {0x0412, 'B'}, {0x0415, 'E'}, {0x041a, 'K'}, {0x041c, 'M'}, {0x041d, 'H'}, {0x041e, 'O'},
    {0x0420, 'P'}, {0x0421, 'C'}, {0x0422, 'T'}, {0x0425, 'X'}, {0x0405, 'S'}, {0x0406, 'I'},
    {0x03bf, 'o'}, {0x03bd, 'v'}, {0x0391, 'A'}, {0x0395, 'E'}, {0x0399, 'I'}, {0x039c, 'M'},
    {0x039f, 'O'}, {0x03a4, 'T'}, {0x03a7, 'X'}, {0x0131, 'i'},
};

/* The ASCII letter that a sequence of two bytes looks like, or 0. */
static char looks_like(const char *text, apr_size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned character = length == 2 ? (bytes[0] & 0x1fu) << 6 | (bytes[1] & 0x3fu) : 0;
    apr_size_t i;

    for (i = 0; character && i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++) {
        if (lookalikes[i].character == character) {
            return lookalikes[i].ascii;
        }
    }
    return 0;
}

/* The end of a word at text, if it mixes ASCII letters with letters that look like ASCII; else text
 * itself. A name that is entirely in another alphabet is legitimate. */
static const char *mixed_word(const char *text, const char *end)
{
    int has_ascii = 0, has_other = 0;
    const char *c = text;

    while (c < end) {
        apr_size_t length = mta_sts_text_utf8_length(c, (apr_size_t)(end - c));

        if (length <= 1 && !apr_isalnum(*c) && *c != '_') {
            break;
        }
        has_ascii |= length == 1 && apr_isalpha(*c);
        has_other |= length > 1;
        if (length != 1 && !looks_like(c, length)) {
            return text;
        }
        c += length;
    }
    return has_ascii && has_other ? c : text;
}

void mta_sts_repair_lookalikes(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *c = repair->text, *end = c + repair->len;
    const char *mixed = c; /* the end of the word that is replaced */
    int is_start = 1;

    while (c < end) {
        apr_size_t length = mta_sts_text_utf8_length(c, (apr_size_t)(end - c));
        char ascii = looks_like(c, length);

        mixed = is_start ? mixed_word(c, end) : mixed;
        is_start = length <= 1 && !apr_isalnum(*c) && *c != '_';
        length = length ? length : 1;
        mta_sts_buffer_add(out, ascii && c < mixed ? &ascii : c, ascii && c < mixed ? 1 : length);
        c += length;
    }
    mta_sts_repair_set(repair, out->bytes, out->len,
                       "contains letters of another alphabet that look like ASCII");
}
