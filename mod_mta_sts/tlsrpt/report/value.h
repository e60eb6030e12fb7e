/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_VALUE_H
#define TLSRPT_REPORT_VALUE_H

#include <apr.h>

/*
 * A value of parsed JSON, with all values in it. All are allocated from one pool, of which 32 bytes
 * and the text are used for each. Every function takes NULL, a value that is absent.
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
    unsigned int count; /* of the elements or members; else 0 */
    const char *name;   /* of a member; NULL for an element */
    union {
        const char *string; /* valid UTF-8 without NUL */
        apr_int64_t integer;
        double real;
        const struct tlsrpt_value
            *first; /* element of an array, last member of an object; or NULL */
    } is;
    const struct tlsrpt_value *next; /* element, or the member before this one; or NULL */
} tlsrpt_value;

/* Whether it is of that type. NULL is of none. */
static inline int tlsrpt_value_is(const tlsrpt_value *value, tlsrpt_value_type type)
{
    return value && value->type == type;
}

/* The member of an object; NULL if there is none, or the value is no object. If several have this
 * name, it is the last one. */
const tlsrpt_value *tlsrpt_value_member(const tlsrpt_value *object, const char *name);

/* The first element of an array, whose `next` are the others; NULL if there is none, or the value
 * is no array. */
const tlsrpt_value *tlsrpt_value_first(const tlsrpt_value *array);

/* The number of elements; 0 if the value is no array. */
unsigned int tlsrpt_value_count(const tlsrpt_value *array);

#endif
