/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_PARSER_H
#define TLSRPT_REPORT_PARSER_H

#include "tlsrpt/report/parse.h"

/* The state of tlsrpt_parse. Functions that parse something are called at its first byte and return
 * whether it is valid; it is consumed then. */

typedef struct tlsrpt_parser {
    apr_pool_t *p;
    const tlsrpt_parse_input *input;
    const char *at, *end; /* the bytes in memory that were not consumed */
    char *piece;          /* the buffer for those that were read; NULL: none yet */
    char *text;           /* of a string or number that is copied in parts; NULL: none yet */
    apr_size_t len;       /* of text, which has room for the longest one */
    apr_size_t depth;
    int duplicate;
} tlsrpt_parser;

/* Brings more bytes into memory, when there are none left; returns whether there are any. */
int tlsrpt_parser_refill(tlsrpt_parser *x);

/* The next byte, which is not consumed; -1 at the end. */
static inline int tlsrpt_parser_peek(tlsrpt_parser *x)
{
    return x->at < x->end || tlsrpt_parser_refill(x) ? (unsigned char)*x->at : -1;
}

/* Consumes blanks, and peeks. */
int tlsrpt_parser_skip_blanks(tlsrpt_parser *x);

/* Adds to text; 0 if it would be longer than promised. */
int tlsrpt_parser_append(tlsrpt_parser *x, const char *bytes, apr_size_t len);

/* Parses a string, at its quotation mark. */
int tlsrpt_parser_string(tlsrpt_parser *x, const char **string);

#endif
