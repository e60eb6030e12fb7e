/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/parser.h"

#include <string.h>

#define PIECE 65536 /* bytes read at a time */

int tlsrpt_parser_refill(tlsrpt_parser *x)
{
    size_t count;

    if (!x->input->read) {
        return 0;
    }
    x->piece = x->piece ? x->piece : apr_palloc(x->p, PIECE);
    count = x->input->read(x->piece, PIECE, x->input->data);
    if (!count || count == (size_t)-1) {
        return 0;
    }
    x->at = x->piece;
    x->end = x->piece + count;
    return 1;
}

int tlsrpt_parser_skip_blanks(tlsrpt_parser *x)
{
    int c = tlsrpt_parser_peek(x);

    while (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        x->at++;
        c = tlsrpt_parser_peek(x);
    }
    return c;
}

int tlsrpt_parser_append(tlsrpt_parser *x, const char *bytes, apr_size_t len)
{
    x->text = x->text ? x->text : apr_palloc(x->p, x->input->longest + 1);
    if (len > x->input->longest - x->len) {
        return 0;
    }
    memcpy(x->text + x->len, bytes, len);
    x->len += len;
    return 1;
}
