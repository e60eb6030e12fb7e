/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TABLE_FIXTURE_H
#define TESTS_UNIT_TABLE_FIXTURE_H

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

/* Macros for tables of inputs. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A string literal and its length, including NULs inside. */
#define BYTES(literal) literal, sizeof(literal) - 1

/* A list whose members are separated by newlines in `text`; a final newline adds no member. */
static inline apr_array_header_t *lines_of(apr_pool_t *p, const char *text)
{
    apr_array_header_t *lines = apr_array_make(p, 2, sizeof(const char *));

    while (*text) {
        apr_size_t len = strcspn(text, "\n");

        APR_ARRAY_PUSH(lines, const char *) = apr_pstrmemdup(p, text, len);
        text += len;
        text += *text == '\n';
    }
    return lines;
}

#endif
