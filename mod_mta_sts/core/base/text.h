/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <apr_pools.h>

/*
 * Text from outside, made fit to be shown: in error messages, findings and logs.
 */

/*
 * The first bytes of a text as typed, at most 80 of them (then "..." follows the quote), in double
 * quotes, or in single ones if it contains double quotes only. Control characters, those that
 * change the direction of text, bytes that are not valid UTF-8, and what would be mistaken for the
 * end of the quotation or for such an escape become \xNN.
 *
 * @param p    pool of the result
 * @param text bytes, not necessarily NUL-terminated
 * @param len  their number
 */
const char *mta_sts_text_quote(apr_pool_t *p, const char *text, apr_size_t len);

/* The same for the path of a file, which is shown whole. */
const char *mta_sts_text_quote_path(apr_pool_t *p, const char *path);

/* The number of bytes, 1 to 4, of the valid UTF-8 sequence that begins at text; 0 where none does.
 * Overlong forms, surrogates and values above U+10FFFF are not valid (RFC 3629). len must be > 0.
 */
apr_size_t mta_sts_text_utf8_length(const char *text, apr_size_t len);

/* Whether a valid UTF-8 sequence of this length (see above) is a control character, or one that
 * changes the direction of text or breaks lines: it misleads who looks at a terminal. */
int mta_sts_text_is_unprintable(const char *text, apr_size_t length);

/* ASCII letters and digits, whatever the locale. */
static inline int mta_sts_text_is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

#endif
