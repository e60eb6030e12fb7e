/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/writer.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

void cli_write_number(mta_sts_buffer *buffer, apr_int64_t number)
{
    char text[24], *digit = text + sizeof(text);
    apr_uint64_t left = number < 0 ? -(apr_uint64_t)number : (apr_uint64_t)number;

    do {
        *--digit = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    mta_sts_buffer_add(buffer, "-", number < 0);
    mta_sts_buffer_add(buffer, digit, (apr_size_t)(text + sizeof(text) - digit));
}

/* The code point of a valid sequence of two or three bytes. */
static unsigned int code_point(const char *text, apr_size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;

    return length == 1   ? bytes[0]
           : length == 2 ? (bytes[0] & 0x1fu) << 6 | (bytes[1] & 0x3fu)
                         : (bytes[0] & 0x0fu) << 12 | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu);
}

/* Adds one character, escaped if necessary; returns the number of its bytes. */
typedef apr_size_t add_character(mta_sts_buffer *buffer, const char *text, apr_size_t left);

static apr_size_t add_json_character(mta_sts_buffer *buffer, const char *text, apr_size_t left)
{
    apr_size_t length = mta_sts_text_utf8_length(text, left);
    char escape[8];

    if (length == 1 && (*text == '"' || *text == '\\')) {
        mta_sts_buffer_add(buffer, "\\", 1);
        mta_sts_buffer_add(buffer, text, 1);
    }
    else if (length == 0 || mta_sts_text_is_unprintable(text, length)) {
        snprintf(escape, sizeof(escape), "\\u%04x", length ? code_point(text, length) : 0xfffd);
        mta_sts_buffer_add(buffer, escape, 6);
    }
    else {
        mta_sts_buffer_add(buffer, text, length);
    }
    return length ? length : 1;
}

/* The number of bytes at text that need no escape. */
static apr_size_t plain_length(const char *text, apr_size_t left)
{
    apr_size_t i = 0;

    while (i < left && (unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x7f &&
           text[i] != '"' && text[i] != '\\') {
        i++;
    }
    return i;
}

/* Adds a quoted text after its opening quotation mark, which the caller has added. */
static void add_quoted(mta_sts_buffer *buffer, const char *text, add_character *add)
{
    apr_size_t left, length;

    for (left = strlen(text); left; text += length, left -= length) {
        length = plain_length(text, left);
        if (length) {
            mta_sts_buffer_add(buffer, text, length);
        }
        else {
            length = add(buffer, text, left);
        }
    }
    mta_sts_buffer_add(buffer, "\"", 1);
}

void cli_write_json(mta_sts_buffer *buffer, const char *text)
{
    if (!text) {
        mta_sts_buffer_add(buffer, "null", 4);
        return;
    }
    mta_sts_buffer_add(buffer, "\"", 1);
    add_quoted(buffer, text, add_json_character);
}

void cli_write_json_array(mta_sts_buffer *buffer, const apr_array_header_t *texts)
{
    int i;

    mta_sts_buffer_add(buffer, "[", 1);
    for (i = 0; i < texts->nelts; i++) {
        mta_sts_buffer_add(buffer, ",", i > 0);
        cli_write_json(buffer, APR_ARRAY_IDX(texts, i, const char *));
    }
    mta_sts_buffer_add(buffer, "]", 1);
}

/* Writes a number with a fixed number of digits, and the character after it; printf() would take
 * most of the time needed for a report. */
static char *put_digits(char *out, int number, int count, char after)
{
    int i;

    for (i = count; i > 0; i--) {
        out[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    out[count] = after;
    return out + count + 1;
}

void cli_write_time(mta_sts_buffer *buffer, apr_time_t time)
{
    apr_time_exp_t parts;
    char text[24], *out = text;

    if (!time || apr_time_exp_gmt(&parts, time) != APR_SUCCESS) {
        return;
    }
    out = put_digits(out, parts.tm_year + 1900, 4, '-');
    out = put_digits(out, parts.tm_mon + 1, 2, '-');
    out = put_digits(out, parts.tm_mday, 2, 'T');
    out = put_digits(out, parts.tm_hour, 2, ':');
    out = put_digits(out, parts.tm_min, 2, ':');
    out = put_digits(out, parts.tm_sec, 2, 'Z');
    mta_sts_buffer_add(buffer, text, (apr_size_t)(out - text));
}

/* Whether a spreadsheet would interpret a cell as a formula: also with full-width characters, and
 * after blanks. */
static int is_formula(const char *text)
{
    static const char *const beginnings[] = {
        "=",           "+", "-", "@", "\t", "\r", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
        "\xef\xbc\xa0"};
    size_t i;

    text += strspn(text, " ");
    for (i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Guards each part after a semicolon, because semicolons separate cells in Excel in many European
 * locales. */
static const char *guard_parts(apr_pool_t *p, const char *text)
{
    char *guarded, *out;

    if (!strchr(text, ';')) {
        return text;
    }
    guarded = out = apr_palloc(p, 2 * strlen(text) + 1);
    for (; *text; text++) {
        *out++ = *text;
        if (*text == ';' && is_formula(text + 1 + strspn(text + 1, " \""))) {
            *out++ = '\'';
        }
    }
    *out = '\0';
    return guarded;
}

static apr_size_t add_csv_character(mta_sts_buffer *buffer, const char *text, apr_size_t left)
{
    apr_size_t length = mta_sts_text_utf8_length(text, left), i;
    char escape[8];

    if (length && !mta_sts_text_is_unprintable(text, length)) {
        mta_sts_buffer_add(buffer, "\"", *text == '"');
        mta_sts_buffer_add(buffer, text, length);
        return length;
    }
    length = length ? length : 1;
    for (i = 0; i < length; i++) {
        snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)text[i]);
        mta_sts_buffer_add(buffer, escape, 4);
    }
    return length;
}

void cli_write_csv(mta_sts_buffer *buffer, const char *text)
{
    if (!text) {
        return;
    }
    mta_sts_buffer_add(buffer, "\"'", is_formula(text) ? 2 : 1);
    add_quoted(buffer, guard_parts(buffer->p, text), add_csv_character);
}
