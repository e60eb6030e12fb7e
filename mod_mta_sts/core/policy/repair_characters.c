/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/buffer.h"
#include "core/base/text.h"

typedef struct range {
    unsigned first, last;
    const char *put; /* the replacement; NULL: the ASCII equivalent of a full-width character */
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
    {0x00b7, 0x00b7, " ", "an editor's mark for a blank"},
    {0x2420, 0x2423, " ", "an editor's mark for a blank"},
    {0x2192, 0x2192, " ", "an editor's mark for a tab"},
    {0x00b6, 0x00b6, "", "an editor's mark for a line end"},
    {0x21b5, 0x21b5, "", "an editor's mark for a line end"},
    {0x23ce, 0x23ce, "", "an editor's mark for a line end"},
    {0x240a, 0x240d, "", "an editor's mark for a line end"},
    {0x037e, 0x037e, ";", "a Greek question mark instead of a semicolon"},
    {0xff01, 0xff5e, NULL, "a full-width character"},
};
#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

static const range *find_range(unsigned character)
{
    apr_size_t i;

    for (i = 0; character && i < RANGES; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last) {
            return &ranges[i];
        }
    }
    return NULL;
}

/* The code point of a valid sequence of 2 or 3 bytes, the only lengths that are replaced; 0: of
 * another length. */
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

/* U+00B7 is allowed in names between two letters l (RFC 5892 appendix A.3). */
static int is_middle_dot(const mta_sts_repair *repair, apr_size_t at, unsigned character)
{
    return character == 0xb7 && at > 0 && strchr("lL", repair->text[at - 1]) &&
           strchr("lL", repair->text[at + 2]) && repair->text[at + 2];
}

static void replace_characters(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    apr_size_t i = 0;

    while (i < repair->len) {
        apr_size_t length = mta_sts_text_utf8_length(repair->text + i, repair->len - i);
        unsigned character = character_at(repair->text + i, length);
        const range *found = is_middle_dot(repair, i, character) ? NULL : find_range(character);

        length = length ? length : 1;
        if (!found) {
            mta_sts_buffer_add(out, repair->text + i, length);
        }
        else if (found->put) {
            mta_sts_buffer_puts(out, found->put);
        }
        else {
            mta_sts_buffer_printf(out, "%c", (int)(character - 0xff01 + '!'));
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

/* A lone CR ends lines in files from classic Mac OS; CR CRLF results from file transfers in text
 * mode. */
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
        mta_sts_repair_set(repair, text, len, "has lines that end with CR alone");
    }
}

void mta_sts_repair_characters(mta_sts_repair *repair)
{
    mta_sts_repair_encoding(repair);
    replace_characters(repair);
    mta_sts_repair_lookalikes(repair);
    replace_cr(repair);
}
