/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TABLE_FIXTURE_H
#define TESTS_UNIT_TABLE_FIXTURE_H

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

/* What tables of inputs are written with. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A string literal with its bytes counted, NULs inside included. */
#define BYTES(literal) literal, sizeof(literal) - 1

/* A list whose members are parted by newlines in `text`; one at the end makes no further member. */
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
