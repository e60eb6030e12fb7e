/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/format.h"
#include "core/policy/policy.h"

#define NUMBER_MAX 32 /* in bytes; longer numbers are not real values */

/* Units, by the prefix of their names. */
static const struct {
    const char *unit;
    apr_int64_t seconds;
} units[] = {
    {"sec", 1},   {"min", 60},   {"mon", 2592000}, {"h", 3600},
    {"d", 86400}, {"w", 604800}, {"y", 31536000},
};

/* The number at text, in the notation of a spreadsheet or of a calculator ("604800.0", "6.048E+05",
 * "86400*7", "604.800"), if it is an integer; else 0. */
static apr_int64_t calculate(const char *text)
{
    apr_int64_t number = 0, factor = 0;
    int decimals = 0, groups = 0, exponent = 0;

    for (; apr_isdigit(*text) || (*text && strchr("._' ", *text)); text++) {
        int is_group = apr_isdigit(text[1]) && apr_isdigit(text[2]) && apr_isdigit(text[3]) &&
                       !apr_isdigit(text[4]);

        if (number > MTA_STS_MAX_AGE_MAX) {
            return 0;
        }
        if (apr_isdigit(*text)) {
            number = number * 10 + (*text - '0');
            decimals += decimals > 0;
        }
        else if (is_group && number && number < 1000 * (groups ? 1000000 : 1) &&
                 !strchr("eE", text[4] ? text[4] : ' ')) {
            groups++;
        }
        else if (*text == '.' && !decimals && !groups) {
            decimals = 1;
        }
        else {
            break;
        }
    }
    if (!number) {
        return 0;
    }
    if (*text == 'e' || *text == 'E') {
        long typed = strtol(text + 1, (char **)&text, 10);

        exponent = typed > -99 && typed < 99 ? (int)typed : 99;
    }
    for (exponent -= decimals ? decimals - 1 : 0; exponent > 0 && number <= MTA_STS_MAX_AGE_MAX;
         exponent--) {
        number *= 10;
    }
    for (; exponent < 0 && number % 10 == 0; exponent++) {
        number /= 10;
    }
    text += strspn(text, " ");
    if (*text == '*' && exponent == 0) {
        factor = calculate(text + 1 + strspn(text + 1, " "));
        return factor <= MTA_STS_MAX_AGE_MAX ? number * factor : 0;
    }
    return exponent || *text ? 0 : number;
}

const char *mta_sts_repair_max_age(mta_sts_repair *repair, const char *value)
{
    apr_size_t digits, i;
    const char *unit;
    apr_int64_t number;

    if (apr_tolower(*value) == 'p' && strpbrk(value, "0123456789")) { /* ISO 8601: "P7D", "PT12H" */
        value += strcspn(value, "0123456789");
    }
    digits = strspn(value, "0123456789");
    unit = mta_sts_format_lower(repair->p, value + digits + strspn(value + digits, " "));
    number = digits && digits < 10 ? apr_atoi64(value) : 0;
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
    number = strspn(value, "0123456789") < strlen(value) && strlen(value) <= NUMBER_MAX
                 ? calculate(value)
                 : 0;
    if (number > 0 && number <= MTA_STS_MAX_AGE_MAX) {
        mta_sts_repair_note(repair, "has a number of seconds that is not written in digits alone");
        return apr_psprintf(repair->p, "%" APR_INT64_T_FMT, number);
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

/* A word without the punctuation at its end. */
static const char *without_mark(apr_pool_t *p, const char *word)
{
    apr_size_t len = strlen(word);

    while (len && strchr(".,:!", word[len - 1])) {
        len--;
    }
    return apr_pstrmemdup(p, word, len);
}

const char *mta_sts_repair_mode(apr_pool_t *p, const char *value)
{
    const char *lower = without_mark(p, mta_sts_format_lower(p, value));
    apr_size_t i;

    for (i = 0; i < MODES; i++) {
        if (strcmp(modes[i].written, lower) == 0) {
            return modes[i].meant;
        }
    }
    return strncmp(lower, "enf", 3) == 0 && !lower[strspn(lower, "abcdefghijklmnopqrstuvwxyz")]
               ? "enforce"
               : lower; /* "enfore", "enforc" */
}

const char *mta_sts_repair_version(apr_pool_t *p, const char *value)
{
    const char *lower = without_mark(p, mta_sts_format_lower(p, value));
    apr_size_t i;

    for (i = 0; i < VERSIONS; i++) {
        if (strcmp(versions[i], lower) == 0) {
            return "STSv1";
        }
    }
    return value;
}
