/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_PARSER_H
#define TLSRPT_REPORT_PARSER_H

#include "tlsrpt/report/parse.h"

/* The state of tlsrpt_parse. Functions that parse an element are called at its first byte; they
 * return whether it is valid, and then have consumed it. */

typedef struct tlsrpt_parser {
    apr_pool_t *p;
    const tlsrpt_parse_input *input;
    const char *at, *end; /* the bytes in memory that have not been consumed */
    char *piece;          /* the buffer for bytes that are read; NULL: not allocated yet */
    char *text; /* the buffer for a string or number that is copied in parts; NULL: not allocated
                   yet */
    apr_size_t len; /* number of bytes in text, whose size is enough for the longest string or
                       number */
    apr_size_t depth;
    int duplicate;
} tlsrpt_parser;

/* Reads more bytes when none are left in memory; returns whether there are any. */
int tlsrpt_parser_refill(tlsrpt_parser *x);

/* Returns the next byte without consuming it; -1 at the end. */
static inline int tlsrpt_parser_peek(tlsrpt_parser *x)
{
    return x->at < x->end || tlsrpt_parser_refill(x) ? (unsigned char)*x->at : -1;
}

/* Consumes blanks, and returns the byte after them as tlsrpt_parser_peek does. */
int tlsrpt_parser_skip_blanks(tlsrpt_parser *x);

/* Appends bytes to text; returns 0 if it would be longer than input->longest. */
int tlsrpt_parser_append(tlsrpt_parser *x, const char *bytes, apr_size_t len);

/* Parses a string, beginning at its quotation mark. */
int tlsrpt_parser_string(tlsrpt_parser *x, const char **string);

#endif
