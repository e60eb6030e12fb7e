/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <apr_pools.h>

/*
 * Makes text from untrusted sources safe to print in error messages, findings and logs.
 */

/*
 * Quotes the first bytes of a text, at most 80 ("..." follows the quote if there are more), in
 * double quotes, or in single quotes if the text contains double quotes but no single quotes.
 * Control characters, characters that change the direction of text, bytes that are not valid UTF-8,
 * and anything that could be mistaken for the end of the quotation or for such an escape become
 * \xNN.
 *
 * @param p    pool of the result
 * @param text bytes, not necessarily NUL-terminated
 * @param len  their number
 */
const char *mta_sts_text_quote(apr_pool_t *p, const char *text, apr_size_t len);

/* The same for the path of a file, which is never truncated. */
const char *mta_sts_text_quote_path(apr_pool_t *p, const char *path);

/* The length, 1 to 4 bytes, of the valid UTF-8 sequence at the beginning of text, or 0 if there is
 * none. Overlong forms, surrogates and values above U+10FFFF are not valid (RFC 3629). len must be
 * > 0. */
apr_size_t mta_sts_text_utf8_length(const char *text, apr_size_t len);

/* Whether a valid UTF-8 sequence of this length is a control character, or a character that changes
 * the direction of text or breaks lines and so can mislead the reader of a terminal. */
int mta_sts_text_is_unprintable(const char *text, apr_size_t length);

/* The length in bytes of the longest prefix of a UTF-8 text that has at most max bytes and does not
 * end within a character. The text must be longer than max bytes. */
apr_size_t mta_sts_text_cut(const char *text, apr_size_t max);

/* ASCII letters and digits, in every locale. */
static inline int mta_sts_text_is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

#endif
