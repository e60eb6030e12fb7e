/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_PARSE_H
#define TLSRPT_REPORT_PARSE_H

#include <apr_pools.h>

#include "tlsrpt/report/value.h"

/*
 * Parses the JSON of a report (RFC 8259). It accepts exactly what jansson accepts, in a quarter of
 * the time: an object of jansson is a hash table, of which a report has half a dozen, each with a
 * few members. What it refuses, it only refuses: jansson parses it again and describes the error.
 */

/* Reads the next bytes into the buffer; returns their number, 0 at the end or (size_t)-1 if they
 * cannot be read. The type is that of jansson's json_load_callback_t. */
typedef size_t tlsrpt_parse_read(void *buffer, size_t size, void *data);

/* Where the bytes come from: those in memory, then what can be read. */
typedef struct tlsrpt_parse_input {
    const char *bytes; /* borrowed */
    apr_size_t len;
    tlsrpt_parse_read *read; /* NULL: nothing else */
    void *data;              /* for read */
    apr_size_t longest;      /* string or number, as written */
    apr_size_t deepest;      /* arrays and objects */
} tlsrpt_parse_input;

/*
 * Parses the first value, which must be an array or an object. What follows it is ignored. Nothing
 * longer or deeper than the input promises is read.
 *
 * @param p         pool of the value
 * @param duplicate out: whether an object has two members with the same name
 * @return NULL if it is not JSON
 */
const tlsrpt_value *tlsrpt_parse(apr_pool_t *p, const tlsrpt_parse_input *input, int *duplicate);

#endif
