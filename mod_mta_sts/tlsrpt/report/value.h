/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_VALUE_H
#define TLSRPT_REPORT_VALUE_H

#include <apr.h>

/*
 * A value of parsed JSON, with all values that it contains. All are allocated from one pool; each
 * takes 32 bytes and its text. All functions accept NULL, which means absent.
 */

typedef enum tlsrpt_value_type {
    TLSRPT_NULL,
    TLSRPT_BOOLEAN,
    TLSRPT_INTEGER,
    TLSRPT_REAL,
    TLSRPT_STRING,
    TLSRPT_ARRAY,
    TLSRPT_OBJECT,
} tlsrpt_value_type;

typedef struct tlsrpt_value {
    tlsrpt_value_type type;
    unsigned int count; /* number of elements or members; else 0 */
    const char *name;   /* name of a member; NULL for an element */
    union {
        const char *string; /* valid UTF-8 without NUL */
        apr_int64_t integer;
        double real;
        const struct tlsrpt_value
            *first; /* the first element of an array, or the last member of an object; or NULL */
    } is;
    const struct tlsrpt_value *next; /* the next element, or the previous member; or NULL */
} tlsrpt_value;

/* Whether a value has this type; 0 for NULL. */
static inline int tlsrpt_value_is(const tlsrpt_value *value, tlsrpt_value_type type)
{
    return value && value->type == type;
}

/* Finds the member of an object with this name; NULL if there is none, or the value is not an
 * object. If several members have the name, returns the last one. */
const tlsrpt_value *tlsrpt_value_member(const tlsrpt_value *object, const char *name);

/* The first element of an array, from which `next` leads to the others; NULL if there is none, or
 * the value is not an array. */
const tlsrpt_value *tlsrpt_value_first(const tlsrpt_value *array);

/* The number of elements; 0 if the value is not an array. */
unsigned int tlsrpt_value_count(const tlsrpt_value *array);

#endif
