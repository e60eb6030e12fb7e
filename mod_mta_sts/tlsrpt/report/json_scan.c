/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/json_scan.h"

/* The memory in bytes that jansson 2.14 allocates on a 64-bit machine, including the slot in an
 * array. Every string is counted as the name of a member, which needs more than a value. */
enum { OBJECT_MEMORY = 240, ARRAY_MEMORY = 144, STRING_MEMORY = 88, LITERAL_MEMORY = 40 };

static const char byte_order_mark[] = "\xef\xbb\xbf";
#define MARK_LENGTH (sizeof(byte_order_mark) - 1)

/* The kinds of bytes outside of strings. */
typedef enum kind { OTHER, BLANK, SEPARATOR, OBJECT, ARRAY, CLOSING, QUOTE } kind;

static const unsigned char kinds[256] = {
    [' '] = BLANK,     ['\t'] = BLANK,    ['\n'] = BLANK, ['\r'] = BLANK,
    [','] = SEPARATOR, [':'] = SEPARATOR, ['{'] = OBJECT, ['['] = ARRAY,
    ['}'] = CLOSING,   [']'] = CLOSING,   ['"'] = QUOTE,
};

static kind kind_of(char c)
{
    return (kind)kinds[(unsigned char)c];
}

/* Counts further bytes of a string or literal. */
static void lengthen(tlsrpt_json_scan *scan, apr_size_t count)
{
    scan->memory += count;
    scan->length += count;
    if (scan->length > scan->longest) {
        scan->longest = scan->length;
    }
}

static void open_value(tlsrpt_json_scan *scan, unsigned int memory)
{
    scan->memory += memory;
    if (++scan->depth > scan->deepest) {
        scan->deepest = scan->depth;
    }
}

static void begin_text(tlsrpt_json_scan *scan, unsigned int memory, tlsrpt_json_where where)
{
    scan->memory += memory;
    scan->length = 0;
    scan->where = where;
}

/* Must be called at the end of a value. After the first value, which contains all others, the scan
 * is finished. */
static void end_value(tlsrpt_json_scan *scan)
{
    scan->where = scan->depth ? TLSRPT_JSON_BETWEEN : TLSRPT_JSON_AFTER;
}

/* Each of these functions scans as many bytes of its kind as there are, and returns the first byte
 * that it did not scan. There is at least one byte. */

static const char *scan_between(tlsrpt_json_scan *scan, const char *at, const char *end)
{
    scan->where = TLSRPT_JSON_BETWEEN;
    for (; at < end && scan->where == TLSRPT_JSON_BETWEEN; at++) {
        switch (kind_of(*at)) {
        case OBJECT:
            open_value(scan, OBJECT_MEMORY);
            break;
        case ARRAY:
            open_value(scan, ARRAY_MEMORY);
            break;
        case CLOSING:
            scan->depth -= scan->depth > 0;
            end_value(scan);
            break;
        case QUOTE:
            begin_text(scan, STRING_MEMORY, TLSRPT_JSON_STRING);
            break;
        case OTHER:
            begin_text(scan, LITERAL_MEMORY, TLSRPT_JSON_LITERAL);
            return at;
        case BLANK:
        case SEPARATOR:
            break;
        }
    }
    return at;
}

/* Counts bytes that began like a byte order mark, but are not one, as a literal. */
static void unmark(tlsrpt_json_scan *scan)
{
    scan->first = byte_order_mark[0];
    begin_text(scan, LITERAL_MEMORY, TLSRPT_JSON_LITERAL);
    lengthen(scan, scan->before);
    scan->before = 0;
    scan->marked = 0;
}

/* A byte order mark is recognized only at the beginning. */
static const char *scan_before(tlsrpt_json_scan *scan, const char *at, const char *end)
{
    for (; at < end; at++, scan->before++) {
        int in_mark = scan->before < MARK_LENGTH && (scan->before == 0 || scan->marked);

        if (in_mark && *at == byte_order_mark[scan->before]) {
            scan->marked = 1;
        }
        else if (in_mark && scan->marked) {
            unmark(scan);
            return at;
        }
        else if (kind_of(*at) != BLANK) {
            scan->first = *at;
            return scan_between(scan, at, end);
        }
    }
    return at;
}

static const char *scan_literal(tlsrpt_json_scan *scan, const char *at, const char *end)
{
    const char *begin = at;

    while (at < end && kind_of(*at) == OTHER) {
        at++;
    }
    lengthen(scan, (apr_size_t)(at - begin));
    if (at < end) {
        end_value(scan);
    }
    return at;
}

static const char *scan_string(tlsrpt_json_scan *scan, const char *at, const char *end)
{
    const char *begin = at;

    while (at < end && *at != '"' && *at != '\\') {
        at++;
    }
    if (at < end && *at == '\\') {
        scan->where = TLSRPT_JSON_ESCAPE;
        at++;
    }
    lengthen(scan, (apr_size_t)(at - begin));
    if (at < end && scan->where == TLSRPT_JSON_STRING) {
        end_value(scan);
        at++;
    }
    return at;
}

static const char *scan_escape(tlsrpt_json_scan *scan, const char *at, const char *end)
{
    (void)end;
    lengthen(scan, 1);
    scan->where = TLSRPT_JSON_STRING;
    return at + 1;
}

static const char *scan_after(tlsrpt_json_scan *scan, const char *at, const char *end)
{
    for (; at < end; at++) {
        scan->trailing += kind_of(*at) != BLANK;
    }
    return at;
}

void tlsrpt_json_scan_feed(tlsrpt_json_scan *scan, const char *bytes, apr_size_t len)
{
    static const char *(*const scanners[])(tlsrpt_json_scan *, const char *, const char *) = {
        [TLSRPT_JSON_BEFORE] = scan_before,   [TLSRPT_JSON_BETWEEN] = scan_between,
        [TLSRPT_JSON_LITERAL] = scan_literal, [TLSRPT_JSON_STRING] = scan_string,
        [TLSRPT_JSON_ESCAPE] = scan_escape,   [TLSRPT_JSON_AFTER] = scan_after,
    };
    const char *end = bytes + len;

    while (bytes < end) {
        bytes = scanners[scan->where](scan, bytes, end);
    }
}
