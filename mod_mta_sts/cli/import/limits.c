/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/limits.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/number.h"
#include "tlsrpt/report/limits.h"

#define SENT_MIN 1024 /* bytes, as the directive has it */

cli_limits cli_limits_make(void)
{
    cli_limits limits = {tlsrpt_limits_default, {TLSRPT_QUOTA_REPORTS, TLSRPT_QUOTA_QUARANTINE}};

    return limits;
}

/* Splits at the first comma. Returns what is behind it, or NULL if there is none. */
static const char *split(apr_pool_t *p, const char *text, const char **first)
{
    const char *comma = strchr(text, ',');

    *first = comma ? apr_pstrmemdup(p, text, (apr_size_t)(comma - text)) : text;
    return comma ? comma + 1 : NULL;
}

static const char *read_size(apr_pool_t *p, const char *option, const char *text, apr_int64_t min,
                             apr_int64_t max, apr_int64_t *bytes)
{
    const char *error = mta_sts_size_parse(p, text, min, max, bytes);

    return error ? apr_pstrcat(p, option, ": ", error, NULL) : NULL;
}

const char *cli_limits_set_size(cli_limits *limits, apr_pool_t *p, const char *text)
{
    const char *first, *second = split(p, text, &first), *error;
    apr_int64_t sent, inflated;

    if (!second) {
        return "--max-size takes two sizes, separated by a comma, like 1M,10M: bytes as sent, "
               "bytes "
               "inflated";
    }
    error = read_size(p, "--max-size", first, SENT_MIN, TLSRPT_SENT_MAX, &sent);
    if (!error) {
        error = read_size(p, "--max-size", second, SENT_MIN, TLSRPT_INFLATED_MAX, &inflated);
    }
    if (error) {
        return error;
    }
    if (inflated < sent) {
        return apr_psprintf(p, "--max-size: fewer bytes inflated (%s) than sent (%s)",
                            mta_sts_size_render(p, inflated), mta_sts_size_render(p, sent));
    }
    limits->report.sent = (apr_size_t)sent;
    limits->report.inflated = (apr_size_t)inflated;
    limits->report.memory = TLSRPT_MEMORY_OF(inflated);
    return NULL;
}

const char *cli_limits_set_quota(cli_limits *limits, apr_pool_t *p, const char *text)
{
    const char *first, *second = split(p, text, &first);
    const char *error = read_size(p, "--quota", first, TLSRPT_QUOTA_MIN, TLSRPT_QUOTA_MAX,
                                  &limits->quota[TLSRPT_REPORTS]);

    if (error || !second) {
        return error;
    }
    return read_size(p, "--quota", second, TLSRPT_QUOTA_MIN, TLSRPT_QUOTA_MAX,
                     &limits->quota[TLSRPT_QUARANTINE]);
}
