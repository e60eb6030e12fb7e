/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/buffer.h"
#include "core/base/text.h"

#define CLAUSES_MAX 8 /* more would only make the message unreadable */

mta_sts_repair mta_sts_repair_begin(apr_pool_t *p, const char *text, apr_size_t len)
{
    mta_sts_repair repair = {.p = p, .text = apr_pstrmemdup(p, text, len), .len = len};

    repair.found = apr_array_make(p, 4, sizeof(const char *));
    return repair;
}

void mta_sts_repair_note(mta_sts_repair *repair, const char *clause)
{
    int i;

    for (i = 0; i < repair->found->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(repair->found, i, const char *), clause) == 0) {
            return;
        }
    }
    if (i < CLAUSES_MAX) {
        APR_ARRAY_PUSH(repair->found, const char *) = clause;
    }
}

void mta_sts_repair_set(mta_sts_repair *repair, const char *text, apr_size_t len,
                        const char *clause)
{
    if (len != repair->len || (len && memcmp(text, repair->text, len) != 0)) {
        repair->text = apr_pstrmemdup(repair->p, len ? text : "", len);
        repair->len = len;
        mta_sts_repair_note(repair, clause);
    }
}

const char *mta_sts_repair_clauses(const mta_sts_repair *repair)
{
    const char *clauses = "";
    int i, count = repair->found->nelts;

    for (i = 0; i < count; i++) {
        clauses = apr_pstrcat(repair->p, clauses,
                              i == 0           ? ""
                              : i == count - 1 ? " and "
                                               : ", ",
                              APR_ARRAY_IDX(repair->found, i, const char *), NULL);
    }
    return clauses;
}

/* --- encodings --- */

static void put_character(mta_sts_buffer *to, unsigned character)
{
    unsigned char bytes[3];
    apr_size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : 3;

    bytes[0] = (unsigned char)(len == 1   ? character
                               : len == 2 ? 0xc0 | character >> 6
                                          : 0xe0 | character >> 12);
    bytes[1] = (unsigned char)(0x80 | ((len == 2 ? character : character >> 6) & 0x3f));
    bytes[2] = (unsigned char)(0x80 | (character & 0x3f));
    mta_sts_buffer_add(to, (const char *)bytes, len);
}

/* 1: UTF-16 with the low byte first; 2: with the high byte first; 0: not UTF-16. */
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
            put_character(out, character >= 0xd800 && character < 0xe000 ? 0xfffd : character);
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

/* --- characters --- */

typedef struct range {
    unsigned first, last;
    const char *put; /* replacement; NULL: the ASCII character of a full-width one */
    const char *what;
} range;

static const range ranges[] = {
    {0x00a0, 0x00a0, " ", "a no-break space"},
    {0x2000, 0x200a, " ", "a typographic space"},
    {0x202f, 0x202f, " ", "a no-break space"},
    {0x205f, 0x205f, " ", "a typographic space"},
    {0x3000, 0x3000, " ", "a full-width space"},
    {0x00ad, 0x00ad, "", "an invisible character"},
    {0x200b, 0x200f, "", "an invisible character"},
    {0x202a, 0x202e, "", "an invisible character"},
    {0x2060, 0x2069, "", "an invisible character"},
    {0xfeff, 0xfeff, "", "a byte order mark"},
    {0x2018, 0x201b, "'", "typographic quotation marks"},
    {0x2032, 0x2032, "'", "typographic quotation marks"},
    {0x201c, 0x201f, "\"", "typographic quotation marks"},
    {0x2033, 0x2033, "\"", "typographic quotation marks"},
    {0x00ab, 0x00ab, "\"", "typographic quotation marks"},
    {0x00bb, 0x00bb, "\"", "typographic quotation marks"},
    {0x2010, 0x2015, "-", "a dash instead of a hyphen"},
    {0x2212, 0x2212, "-", "a dash instead of a hyphen"},
    {0x2028, 0x2029, "\n", "a Unicode line separator"},
    {0x0085, 0x0085, "\n", "a Unicode line separator"},
    {0x037e, 0x037e, ";", "a Greek question mark instead of a semicolon"},
    {0xff01, 0xff5e, NULL, "a full-width character"},
};
#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

static const range *find_range(unsigned character)
{
    apr_size_t i;

    for (i = 0; i < RANGES; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last) {
            return &ranges[i];
        }
    }
    return NULL;
}

/* The code point of a valid sequence of 2 or 3 bytes, the only lengths that are replaced. */
static unsigned character_at(const char *text, apr_size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;

    return length == 2   ? (bytes[0] & 0x1fu) << 6 | (bytes[1] & 0x3fu)
           : length == 3 ? (bytes[0] & 0x0fu) << 12 | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu)
                         : 0;
}

/* Only the first character of each kind is named. */
static int is_noted(const mta_sts_repair *repair, const char *what)
{
    int i;

    for (i = 0; i < repair->found->nelts; i++) {
        if (strstr(APR_ARRAY_IDX(repair->found, i, const char *), what)) {
            return 1;
        }
    }
    return 0;
}

static void replace_characters(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    apr_size_t i = 0;

    while (i < repair->len) {
        apr_size_t length = mta_sts_text_utf8_length(repair->text + i, repair->len - i);
        unsigned character = character_at(repair->text + i, length);
        const range *found = find_range(character);

        length = length ? length : 1;
        if (!found) {
            mta_sts_buffer_add(out, repair->text + i, length);
        }
        else if (found->put) {
            mta_sts_buffer_puts(out, found->put);
        }
        else {
            put_character(out, character - 0xff01 + '!');
        }
        if (found && !is_noted(repair, found->what)) {
            mta_sts_repair_note(
                repair, apr_psprintf(repair->p, "contains %s (U+%04X)", found->what, character));
        }
        i += length;
    }
    if (repair->len) {
        repair->text = apr_pstrmemdup(repair->p, out->len ? out->bytes : "", out->len);
        repair->len = out->len;
    }
}

/* CR alone ends lines in files of old Macs; CR before CRLF results from transfers in text mode. */
static void replace_cr(mta_sts_repair *repair)
{
    char *text = apr_pstrmemdup(repair->p, repair->text, repair->len);
    apr_size_t i, len = 0;
    int is_alone = 0;

    for (i = 0; i < repair->len; i++) {
        int is_end = text[i] == '\r';

        while (is_end && i + 1 < repair->len && text[i + 1] == '\r') {
            i++;
            is_alone = 1;
        }
        if (is_end && i + 1 < repair->len && text[i + 1] == '\n') {
            i++;
        }
        else {
            is_alone |= is_end;
        }
        text[len++] = is_end ? '\n' : text[i];
    }
    if (is_alone) {
        mta_sts_repair_set(repair, text, len, "has line ends of CR alone");
    }
}

void mta_sts_repair_characters(mta_sts_repair *repair)
{
    decode_utf16(repair);
    decode_windows(repair);
    replace_characters(repair);
    replace_cr(repair);
}
