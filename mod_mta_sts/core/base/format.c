/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/format.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"
#include "core/base/time.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    apr_int64_t seconds;
    const char *singular, *plural;
} durations[] = {
    {86400, "day", "days"},
    {3600, "hour", "hours"},
    {60, "minute", "minutes"},
    {1, "second", "seconds"},
};

const char *mta_sts_format_number(apr_pool_t *p, apr_int64_t number)
{
    char digits[32], grouped[48], *out = grouped;
    int len = apr_snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, number), i;

    for (i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0 && digits[i - 1] != '-') {
            *out++ = ',';
        }
        *out++ = digits[i];
    }
    return apr_pstrmemdup(p, grouped, (apr_size_t)(out - grouped));
}

const char *mta_sts_format_count(apr_pool_t *p, apr_int64_t count, const char *singular,
                                 const char *plural)
{
    return apr_pstrcat(p, mta_sts_format_number(p, count), " ", count == 1 ? singular : plural,
                       NULL);
}

const char *mta_sts_format_share(apr_pool_t *p, apr_int64_t part, apr_int64_t whole)
{
    double percent;

    if (whole <= 0) {
        return "n/a";
    }
    if (part <= 0 || part >= whole) {
        return part <= 0 ? "0 %" : "100 %";
    }
    percent = 100.0 * (double)part / (double)whole;
    if (percent > 99.99 || percent < 0.01) {
        return percent > 50 ? "> 99.99 %" : "< 0.01 %";
    }
    return apr_psprintf(p, percent > 99 || percent < 1 ? "%.2f %%" : "%.1f %%", percent);
}

const char *mta_sts_format_size(apr_pool_t *p, apr_int64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double amount = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        return mta_sts_format_count(p, bytes, "byte", "bytes");
    }
    while (amount >= 1024 && unit + 1 < COUNT(units)) {
        amount /= 1024;
        unit++;
    }
    return apr_psprintf(p, amount < 10 ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}

const char *mta_sts_format_duration(apr_pool_t *p, apr_int64_t seconds)
{
    size_t i = 0;

    while (i + 1 < COUNT(durations) && (seconds == 0 || seconds % durations[i].seconds)) {
        i++;
    }
    return mta_sts_format_count(p, seconds / durations[i].seconds, durations[i].singular,
                                durations[i].plural);
}

const char *mta_sts_format_duration_rounded(apr_pool_t *p, apr_int64_t seconds)
{
    size_t i;

    for (i = 0; i + 1 < COUNT(durations); i++) {
        if (seconds >= durations[i].seconds) {
            return mta_sts_format_count(p, seconds / durations[i].seconds, durations[i].singular,
                                        durations[i].plural);
        }
    }
    return "less than a minute";
}

static const char *format_utc(apr_pool_t *p, apr_time_t time, const char *format)
{
    char text[64];
    apr_time_exp_t parts;
    apr_size_t len;

    if (apr_time_exp_gmt(&parts, time) != APR_SUCCESS ||
        apr_strftime(text, &len, sizeof(text), format, &parts) != APR_SUCCESS) {
        return "invalid time";
    }
    return apr_pstrmemdup(p, text, len);
}

const char *mta_sts_format_date(apr_pool_t *p, apr_time_t time)
{
    return time ? format_utc(p, time, "%Y-%m-%d") : "unspecified date";
}

const char *mta_sts_format_last_date(apr_pool_t *p, apr_time_t end)
{
    return mta_sts_format_date(p, end ? end - 1 : 0);
}

const char *mta_sts_format_date_range(apr_pool_t *p, apr_time_t begin, apr_time_t end)
{
    const char *first, *last;

    mta_sts_time_order(&begin, &end);
    first = mta_sts_format_date(p, begin);
    last = mta_sts_format_last_date(p, end);
    /* A range may begin and end at the same midnight. */
    return !end || end == begin || strcmp(first, last) == 0
               ? first
               : apr_pstrcat(p, first, " to ", last, NULL);
}

const char *mta_sts_format_time(apr_pool_t *p, apr_time_t time)
{
    return format_utc(p, time, "%Y-%m-%d %H:%M UTC");
}

const char *mta_sts_format_timestamp(apr_pool_t *p, apr_time_t time)
{
    return format_utc(p, time, "%Y-%m-%dT%H:%M:%SZ");
}

const char *mta_sts_format_name(apr_pool_t *p, const char *name)
{
    apr_size_t len = strlen(name);
    const char *quoted = mta_sts_text_quote(p, name, len);

    if (len == 0) {
        return "(no name)";
    }
    /* Lengths alone prove nothing: a name that was both escaped and truncated may have a quotation
     * of exactly this length. */
    return strlen(quoted) == len + 2 && memcmp(quoted + 1, name, len) == 0 &&
                   !strpbrk(name, ",()\"'")
               ? name
               : quoted;
}

const char *mta_sts_format_names(apr_pool_t *p, const apr_array_header_t *names, int max)
{
    int listed = names->nelts > max + 1 ? max : names->nelts, i;
    const char *text = "";

    for (i = 0; i < listed; i++) {
        const char *separator = !i ? "" : i + 1 == names->nelts ? " and " : ", ";

        text = apr_pstrcat(p, text, separator,
                           mta_sts_format_name(p, APR_ARRAY_IDX(names, i, const char *)), NULL);
    }
    return listed < names->nelts ? apr_psprintf(p, "%s and %d more", text, names->nelts - listed)
                                 : text;
}

const char *mta_sts_format_lower(apr_pool_t *p, const char *text)
{
    char *lower, *c;

    if (!text[strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")]) {
        return text;
    }
    lower = apr_pstrdup(p, text);
    for (c = lower; *c; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
    return lower;
}
