/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/json_scan.h"

#include <string.h>

/* What jansson 2.14 takes from malloc on a 64-bit machine, and an array's place for the value. A
 * string counts as a member's name, which takes more than a value. */
enum { OBJECT_MEMORY = 240, ARRAY_MEMORY = 144, STRING_MEMORY = 88, WORD_MEMORY = 40 };

static const char byte_order_mark[] = "\xef\xbb\xbf";
#define MARK_LENGTH (sizeof(byte_order_mark) - 1)

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One more octet of a string or word. */
static void lengthen(tlsrpt_json_scan *scan)
{
    scan->memory++;
    if (++scan->length > scan->longest) {
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

/* Behind a value: whether it was the first one, which holds all others. */
static void end_value(tlsrpt_json_scan *scan)
{
    scan->where = scan->depth ? TLSRPT_JSON_BETWEEN : TLSRPT_JSON_BEHIND;
}

static void scan_between(tlsrpt_json_scan *scan, char c)
{
    scan->where = TLSRPT_JSON_BETWEEN;
    switch (c) {
    case '{':
        open_value(scan, OBJECT_MEMORY);
        break;
    case '[':
        open_value(scan, ARRAY_MEMORY);
        break;
    case '}':
    case ']':
        scan->depth -= scan->depth > 0;
        end_value(scan);
        break;
    case '"':
        scan->memory += STRING_MEMORY;
        scan->length = 0;
        scan->where = TLSRPT_JSON_STRING;
        break;
    case ',':
    case ':':
        break;
    default:
        if (!is_blank(c)) {
            scan->memory += WORD_MEMORY;
            scan->length = 0;
            scan->where = TLSRPT_JSON_WORD;
            lengthen(scan);
        }
    }
}

/* A byte order mark counts only where it begins. */
static void scan_before(tlsrpt_json_scan *scan, char c)
{
    int in_mark = scan->before < MARK_LENGTH && c == byte_order_mark[scan->before] &&
                  (scan->before == 0 || scan->marked);

    if (in_mark || (is_blank(c) && (!scan->marked || scan->before >= MARK_LENGTH))) {
        scan->marked |= in_mark;
        scan->before++;
        return;
    }
    scan->first = c;
    scan_between(scan, c);
}

static void scan_word(tlsrpt_json_scan *scan, char c)
{
    if (!is_blank(c) && !memchr(",:{}[]\"", c, 7)) {
        lengthen(scan);
        return;
    }
    end_value(scan);
    if (scan->where == TLSRPT_JSON_BETWEEN) {
        scan_between(scan, c);
    }
    else {
        scan->behind += !is_blank(c);
    }
}

static void scan_string(tlsrpt_json_scan *scan, char c)
{
    if (scan->where == TLSRPT_JSON_STRING && c == '"') {
        end_value(scan);
        return;
    }
    scan->where =
        scan->where == TLSRPT_JSON_STRING && c == '\\' ? TLSRPT_JSON_ESCAPE : TLSRPT_JSON_STRING;
    lengthen(scan);
}

void tlsrpt_json_scan_feed(tlsrpt_json_scan *scan, const char *octets, apr_size_t len)
{
    const char *end = octets + len;

    for (; octets < end; octets++) {
        switch (scan->where) {
        case TLSRPT_JSON_BEFORE:
            scan_before(scan, *octets);
            break;
        case TLSRPT_JSON_BETWEEN:
            scan_between(scan, *octets);
            break;
        case TLSRPT_JSON_WORD:
            scan_word(scan, *octets);
            break;
        case TLSRPT_JSON_STRING:
        case TLSRPT_JSON_ESCAPE:
            scan_string(scan, *octets);
            break;
        case TLSRPT_JSON_BEHIND:
            scan->behind += !is_blank(*octets);
            break;
        }
    }
}
