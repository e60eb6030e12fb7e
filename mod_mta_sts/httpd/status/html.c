/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/html.h"

#include <stdarg.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026 */
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* What stands for a character that has a meaning in markup; NULL: itself. */
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
        else if (length == 0 ||
                 (mta_sts_text_misleads(text + i, length) && text[i] != '\n' && text[i] != '\t')) {
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
    apr_size_t len = MTS_HTML_SHORT;

    if (!text || strlen(text) <= len) {
        return text;
    }
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
        len--;
    }
    return apr_pstrcat(p, apr_pstrmemdup(p, text, len), ELLIPSIS, NULL);
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

const char *mts_html_count(apr_pool_t *p, apr_int64_t count)
{
    char digits[32], grouped[48], *out = grouped;
    int len = apr_snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, count), i;

    for (i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0 && digits[i - 1] != '-') {
            *out++ = ',';
        }
        *out++ = digits[i];
    }
    return apr_pstrmemdup(p, grouped, (apr_size_t)(out - grouped));
}

const char *mts_html_share(apr_pool_t *p, apr_int64_t part, apr_int64_t whole)
{
    double percent;

    if (whole <= 0) {
        return "no sessions";
    }
    percent = 100.0 * (double)part / (double)whole;
    if (part >= whole || part <= 0) {
        return part <= 0 ? "0 %" : "100 %";
    }
    if (percent > 99.99 || percent < 0.01) {
        return percent > 50 ? "> 99.99 %" : "< 0.01 %";
    }
    return apr_psprintf(p, percent > 99 || percent < 1 ? "%.2f %%" : "%.1f %%", percent);
}

const char *mts_html_bytes(apr_pool_t *p, apr_int64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double amount = (double)bytes / 1024;
    apr_size_t unit = 0;

    if (bytes < 1024) {
        return apr_psprintf(p, "%" APR_INT64_T_FMT " bytes", bytes);
    }
    while (amount >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        amount /= 1024;
        unit++;
    }
    return apr_psprintf(p, amount < 10 ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}

static const char *format_time(apr_pool_t *p, apr_time_t time, const char *format)
{
    char text[64];
    apr_time_exp_t exploded;
    apr_size_t len;

    apr_time_exp_gmt(&exploded, time);
    apr_strftime(text, &len, sizeof(text), format, &exploded);
    return apr_pstrdup(p, text);
}

const char *mts_html_time(apr_pool_t *p, apr_time_t time)
{
    return format_time(p, time, "%Y-%m-%d %H:%M UTC");
}

const char *mts_html_day(apr_pool_t *p, apr_time_t time)
{
    return format_time(p, time, "%Y-%m-%d");
}

const char *mts_html_duration(apr_pool_t *p, apr_int64_t seconds)
{
    static const struct {
        apr_int64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}};
    apr_size_t i;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        apr_int64_t number = seconds / units[i].seconds;

        if (number > 0) {
            return apr_psprintf(p, "%" APR_INT64_T_FMT " %s%s", number, units[i].name,
                                number == 1 ? "" : "s");
        }
    }
    return "less than a minute";
}
