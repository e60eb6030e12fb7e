/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_PARSE_H
#define TLSRPT_REPORT_PARSE_H

#include <apr_pools.h>

#include "tlsrpt/report/value.h"

/*
 * Parses the JSON of a report (RFC 8259). It accepts exactly what jansson accepts, in a quarter of
 * the time: jansson makes a hash table of each object, although the objects of a report have only a
 * few members. This parser does not describe errors: jansson parses rejected JSON again to do that.
 */

/* Reads the next bytes into the buffer; returns their number, 0 at the end, or (size_t)-1 on an
 * error. The same type as jansson's json_load_callback_t. */
typedef size_t tlsrpt_parse_read(void *buffer, size_t size, void *data);

/* The source of the bytes: first those in memory, then those that `read` returns. */
typedef struct tlsrpt_parse_input {
    const char *bytes; /* borrowed */
    apr_size_t len;
    tlsrpt_parse_read *read; /* NULL: there are only the bytes in memory */
    void *data;              /* for read */
    apr_size_t longest;      /* maximum length of a string or number, as written */
    apr_size_t deepest;      /* maximum nesting depth of arrays and objects */
} tlsrpt_parse_input;

/*
 * Parses the first value, which must be an array or an object. Anything after it is ignored. A
 * value that exceeds input->longest or input->deepest is rejected.
 *
 * @param p         pool of the value
 * @param duplicate out: whether an object has two members with the same name
 * @return the value, or NULL if it is not valid JSON
 */
const tlsrpt_value *tlsrpt_parse(apr_pool_t *p, const tlsrpt_parse_input *input, int *duplicate);

#endif
