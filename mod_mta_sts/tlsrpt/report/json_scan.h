/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_JSON_SCAN_H
#define TLSRPT_REPORT_JSON_SCAN_H

#include <apr_pools.h>

/*
 * Scans JSON before it is parsed: determines its depth, the length of its strings and numbers, and
 * how much memory jansson would need for it, which can be 80 times its size ("{}," takes 240
 * bytes). tlsrpt_parse needs less memory; jansson parses only what tlsrpt_parse rejects, up to the
 * error. The bytes are passed piece by piece and not stored.
 *
 * The scan does not decide whether the bytes are valid JSON: if they are, its results are correct;
 * if they are not, the parser rejects them.
 */

typedef enum tlsrpt_json_where {
    TLSRPT_JSON_BEFORE, /* before the first value: a byte order mark and blanks */
    TLSRPT_JSON_BETWEEN,
    TLSRPT_JSON_LITERAL, /* a number, true, false or null */
    TLSRPT_JSON_STRING,
    TLSRPT_JSON_ESCAPE, /* in a string, after a backslash */
    TLSRPT_JSON_AFTER,  /* after the first value */
} tlsrpt_json_where;

/* The results so far; initially all 0. */
typedef struct tlsrpt_json_scan {
    tlsrpt_json_where where;
    apr_size_t before;   /* bytes before the first value */
    int marked;          /* whether these begin with a byte order mark */
    char first;          /* first byte of the first value; '\0': none yet */
    apr_size_t depth;    /* current nesting depth of arrays and objects */
    apr_size_t deepest;  /* largest nesting depth so far */
    apr_size_t length;   /* bytes of the current string or literal, as written */
    apr_size_t longest;  /* largest length of all strings and literals */
    apr_uint64_t memory; /* estimated number of bytes that jansson would need */
    apr_size_t trailing; /* number of bytes after the first value, not counting blanks */
} tlsrpt_json_scan;

/* Scans the next bytes. */
void tlsrpt_json_scan_feed(tlsrpt_json_scan *scan, const char *bytes, apr_size_t len);

#endif
