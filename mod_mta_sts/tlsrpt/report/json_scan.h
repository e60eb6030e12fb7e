/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_JSON_SCAN_H
#define TLSRPT_REPORT_JSON_SCAN_H

#include <apr_pools.h>

/*
 * Scans JSON before it is parsed: how deep it is, how long its strings and numbers are, and how
 * much memory jansson would need for it, which can be 80 times its size ("{}," takes 240 bytes).
 * tlsrpt_parse needs less; jansson parses what that refuses, up to the error. The bytes are passed
 * piece by piece and not stored.
 *
 * The scan does not decide whether the bytes are valid JSON: if they are, its results are right; if
 * they are not, the parser refuses them.
 */

typedef enum tlsrpt_json_where {
    TLSRPT_JSON_BEFORE, /* the first value: a byte order mark and blanks */
    TLSRPT_JSON_BETWEEN,
    TLSRPT_JSON_LITERAL, /* a number, true, false or null */
    TLSRPT_JSON_STRING,
    TLSRPT_JSON_ESCAPE, /* after a backslash in a string */
    TLSRPT_JSON_AFTER,  /* the end of the first value */
} tlsrpt_json_where;

/* The results so far; initially all 0. */
typedef struct tlsrpt_json_scan {
    tlsrpt_json_where where;
    apr_size_t before;   /* bytes before the first value */
    int marked;          /* they begin with a byte order mark */
    char first;          /* first byte of the first value; '\0': none yet */
    apr_size_t depth;    /* of nested arrays and objects, now */
    apr_size_t deepest;  /* likewise, at most */
    apr_size_t length;   /* bytes of the current string or literal, as written */
    apr_size_t longest;  /* of all strings and literals */
    apr_uint64_t memory; /* bytes that jansson would need, estimated */
    apr_size_t trailing; /* bytes after the first value, without blanks */
} tlsrpt_json_scan;

/* Scans the next bytes. */
void tlsrpt_json_scan_feed(tlsrpt_json_scan *scan, const char *bytes, apr_size_t len);

#endif
