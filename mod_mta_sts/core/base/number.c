/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/number.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

#define DIGITS "0123456789"
#define UNITS "KMGT"

/* The number written in these digits, or max + 1 if it is greater than max. */
static apr_uint64_t read_digits(const char *text, apr_size_t digits, apr_uint64_t max)
{
    apr_uint64_t value = 0;
    apr_size_t i;

    for (i = 0; i < digits; i++) {
        apr_uint64_t digit = (apr_uint64_t)(text[i] - '0');

        if (digit > max || value > (max - digit) / 10) {
            return max + 1;
        }
        value = value * 10 + digit;
    }
    return value;
}

const char *mta_sts_number_parse(apr_pool_t *p, const char *text, apr_int64_t min, apr_int64_t max,
                                 apr_int64_t *value)
{
    apr_size_t digits = strspn(text, DIGITS);
    apr_uint64_t number = read_digits(text, digits, (apr_uint64_t)max);

    if (digits == 0 || text[digits] || number < (apr_uint64_t)min || number > (apr_uint64_t)max) {
        return apr_psprintf(p,
                            "%s is not allowed; allowed are whole numbers from %" APR_INT64_T_FMT
                            " to %" APR_INT64_T_FMT,
                            mta_sts_text_quote(p, text, strlen(text)), min, max);
    }
    *value = (apr_int64_t)number;
    return NULL;
}

/* The number of bits that a size suffix shifts by, or -1 if it is not a size suffix. */
static int shift_of(const char *suffix)
{
    const char *unit;

    if (!*suffix) {
        return 0;
    }
    unit = suffix[1] ? NULL : strchr(UNITS, suffix[0]);
    return unit ? 10 * (int)(unit - UNITS + 1) : -1;
}

const char *mta_sts_size_parse(apr_pool_t *p, const char *text, apr_int64_t min, apr_int64_t max,
                               apr_int64_t *bytes)
{
    apr_size_t digits = strspn(text, DIGITS);
    int shift = digits ? shift_of(text + digits) : -1;
    apr_uint64_t most = (apr_uint64_t)max >> (shift > 0 ? shift : 0);
    apr_uint64_t number = read_digits(text, digits, most);

    if (shift < 0 || number > most || (number << shift) < (apr_uint64_t)min) {
        return apr_psprintf(p,
                            "%s is not allowed; allowed are %s to %s bytes, written with digits "
                            "and, for the powers of 1024, K, M, G or T",
                            mta_sts_text_quote(p, text, strlen(text)), mta_sts_size_render(p, min),
                            mta_sts_size_render(p, max));
    }
    *bytes = (apr_int64_t)(number << shift);
    return NULL;
}

const char *mta_sts_size_render(apr_pool_t *p, apr_int64_t bytes)
{
    /* Not "%.1s" of &UNITS[unit - 1], which crashes gcc 12 at -O0. */
    static const char *const suffixes[] = {"", "K", "M", "G", "T"};
    int unit = 0;

    while (bytes && bytes % 1024 == 0 && UNITS[unit]) {
        bytes /= 1024;
        unit++;
    }
    return apr_psprintf(p, "%" APR_INT64_T_FMT "%s", bytes, suffixes[unit]);
}
