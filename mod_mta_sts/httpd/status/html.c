/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/html.h"

#include <stdarg.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026 */
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The character reference for a character that is special in markup; NULL for all others. */
static const char *reference_of(char character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void mts_html_text(mta_sts_buffer *buffer, const char *text)
{
    apr_size_t len = text ? strlen(text) : 0, i, length;

    for (i = 0; i < len; i += length ? length : 1) {
        const char *reference = reference_of(text[i]);

        length = mta_sts_text_utf8_length(text + i, len - i);
        if (reference) {
            mta_sts_buffer_puts(buffer, reference);
        }
        else if (length == 0 || (mta_sts_text_is_unprintable(text + i, length) && text[i] != '\n' &&
                                 text[i] != '\t')) {
            mta_sts_buffer_puts(buffer, REPLACEMENT);
        }
        else {
            mta_sts_buffer_add(buffer, text + i, length);
        }
    }
}

void mts_html_put(mta_sts_buffer *buffer, const char *template, ...)
{
    const char *percent;
    va_list arguments;

    va_start(arguments, template);
    while ((percent = strchr(template, '%')) != NULL) {
        mta_sts_buffer_add(buffer, template, (apr_size_t)(percent - template));
        if (percent[1] == 's') {
            mts_html_text(buffer, va_arg(arguments, const char *));
        }
        else if (percent[1] == 'd') {
            mta_sts_buffer_printf(buffer, "%d", va_arg(arguments, int));
        }
        else {
            mta_sts_buffer_puts(buffer, "%");
        }
        template = percent + 2;
    }
    va_end(arguments);
    mta_sts_buffer_puts(buffer, template);
}

const char *mts_html_shorten(apr_pool_t *p, const char *text)
{
    if (!text || strlen(text) <= MTS_HTML_SHORT) {
        return text;
    }
    return apr_pstrcat(p, apr_pstrmemdup(p, text, mta_sts_text_cut(text, MTS_HTML_SHORT)), ELLIPSIS,
                       NULL);
}

const char *mts_html_parameter(apr_pool_t *p, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = apr_palloc(p, 3 * strlen(text) + 1), *out = encoded;

    for (; *text; text++) {
        if (mta_sts_text_is_alnum(*text) || strchr("-._~", *text)) {
            *out++ = *text;
        }
        else {
            *out++ = '%';
            *out++ = digits[(unsigned char)*text >> 4];
            *out++ = digits[(unsigned char)*text & 15];
        }
    }
    *out = '\0';
    return encoded;
}
