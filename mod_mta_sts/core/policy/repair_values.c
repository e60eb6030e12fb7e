/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/policy/policy.h"

const char *mta_sts_repair_mx_host(mta_sts_repair *repair, const char *typed)
{
    const char *scheme = strstr(typed, "://"), *at = strchr(typed, '@'), *host;

    host = at ? at + 1 : scheme ? scheme + 3 : typed;
    host = apr_pstrmemdup(repair->p, host, strcspn(host, ":/"));
    if (strlen(host) != strlen(typed)) {
        mta_sts_repair_note(repair,
                            apr_psprintf(repair->p, "has \"%s\" instead of a host name", typed));
    }
    if (*host == '.' || (*host == '*' && host[1] && host[1] != '.')) {
        mta_sts_repair_note(repair, apr_psprintf(repair->p, "spells a wildcard as \"%s\"", host));
        return apr_pstrcat(repair->p, *host == '.' ? "*" : "*.", host + (*host == '*'), NULL);
    }
    return host;
}

/* Units by their beginning. */
static const struct {
    const char *unit;
    apr_int64_t seconds;
} units[] = {
    {"sec", 1},   {"min", 60},   {"mon", 2592000}, {"h", 3600},
    {"d", 86400}, {"w", 604800}, {"y", 31536000},
};

const char *mta_sts_repair_max_age(mta_sts_repair *repair, const char *value)
{
    apr_size_t digits = strspn(value, "0123456789"), i;
    const char *unit =
        mta_sts_format_lower(repair->p, value + digits + strspn(value + digits, " "));
    apr_int64_t number = digits && digits < 10 ? apr_atoi64(value) : 0;

    if (number && strcmp(unit, "s") == 0) {
        unit = "sec";
    }
    for (i = 0; number && i < sizeof(units) / sizeof(units[0]); i++) {
        apr_int64_t seconds = number * units[i].seconds;

        if (strncmp(unit, units[i].unit, strlen(units[i].unit)) == 0 &&
            seconds <= MTA_STS_MAX_AGE_MAX) {
            mta_sts_repair_note(repair, units[i].seconds == 1
                                            ? "has a unit after the number of seconds"
                                            : "has a max_age that is not in seconds");
            return apr_psprintf(repair->p, "%" APR_INT64_T_FMT, seconds);
        }
    }
    return value;
}

static const struct {
    const char *written, *meant;
} modes[] = {
    {"enforced", "enforce"}, {"enforcing", "enforce"}, {"enforcement", "enforce"},
    {"strict", "enforce"},   {"test", "testing"},      {"tested", "testing"},
    {"report", "testing"},   {"reporting", "testing"}, {"off", "none"},
    {"disabled", "none"},    {"disable", "none"},
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

static const char *const versions[] = {"stsv1", "stsv1.0", "sts1", "v=stsv1", "v1"};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

const char *mta_sts_repair_mode(apr_pool_t *p, const char *value)
{
    const char *lower = mta_sts_format_lower(p, value);
    apr_size_t i;

    for (i = 0; i < MODES; i++) {
        if (strcmp(modes[i].written, lower) == 0) {
            return modes[i].meant;
        }
    }
    return lower;
}

const char *mta_sts_repair_version(apr_pool_t *p, const char *value)
{
    const char *lower = mta_sts_format_lower(p, value);
    apr_size_t i;

    for (i = 0; i < VERSIONS; i++) {
        if (strcmp(versions[i], lower) == 0) {
            return "STSv1";
        }
    }
    return value;
}
