/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/time.h"

#include <string.h>

#define FIRST_YEAR 1970
#define DAY_SECONDS 86400
#define YEAR_DAYS 365

/* The text that is left to parse, and how the text deviates from RFC 3339 so far. */
typedef struct reader {
    const char *at;
    mta_sts_time_form form;
} reader;

static void deviates(reader *r, mta_sts_time_form form)
{
    if (form > r->form) {
        r->form = form;
    }
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads exactly this many digits as a number from low to high; anything else makes the text
 * invalid. */
static int read_number(reader *r, int digits, int low, int high)
{
    int number = 0;

    for (; digits && is_digit(*r->at); digits--) {
        number = 10 * number + (*r->at++ - '0');
    }
    if (digits || number < low || number > high) {
        deviates(r, MTA_STS_TIME_INVALID);
    }
    return number;
}

/* Skips the next character if it is one of these; returns whether it was. */
static int skip_one_of(reader *r, const char *characters)
{
    if (!*r->at || !strchr(characters, *r->at)) {
        return 0;
    }
    r->at++;
    return 1;
}

static void expect(reader *r, char c)
{
    if (*r->at++ != c) {
        r->at--;
        deviates(r, MTA_STS_TIME_INVALID);
    }
}

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to a date from then on; month is 1 to 12. */
static apr_int64_t days_until(int year, int month, int day)
{
    int before = year - 1;
    /* Leap years before this one, minus the 477 until 1969. */
    apr_int64_t days = (apr_int64_t)(year - FIRST_YEAR) * YEAR_DAYS + before / 4 - before / 100 +
                       before / 400 - 477;

    while (--month > 0) {
        days += days_of(year, month);
    }
    return days + day - 1;
}

static apr_int64_t read_date(reader *r)
{
    int year, month, day;

    year = read_number(r, 4, FIRST_YEAR, 9999);
    expect(r, '-');
    month = read_number(r, 2, 1, 12);
    expect(r, '-');
    day = read_number(r, 2, 1, 31);
    if (r->form == MTA_STS_TIME_INVALID || day > days_of(year, month)) {
        deviates(r, MTA_STS_TIME_INVALID);
        return 0;
    }
    return days_until(year, month, day);
}

/* The fraction of a second in microseconds; further digits are ignored. */
static apr_int64_t read_fraction(reader *r)
{
    apr_int64_t fraction = 0, unit = APR_USEC_PER_SEC;

    if (!is_digit(*r->at)) {
        deviates(r, MTA_STS_TIME_INVALID);
    }
    for (; is_digit(*r->at); r->at++) {
        unit /= 10;
        fraction += unit * (*r->at - '0');
    }
    return fraction;
}

/* The time of day in microseconds. */
static apr_int64_t read_time_of_day(reader *r)
{
    int hour, minute, second;

    hour = read_number(r, 2, 0, 23);
    expect(r, ':');
    minute = read_number(r, 2, 0, 59);
    if (!skip_one_of(r, ":")) {
        deviates(r, MTA_STS_TIME_LENIENT);
        return apr_time_from_sec((apr_int64_t)hour * 3600 + minute * 60);
    }
    second = read_number(r, 2, 0, 60);
    return apr_time_from_sec((apr_int64_t)hour * 3600 + minute * 60 + second) +
           (skip_one_of(r, ".") ? read_fraction(r) : 0);
}

/* How far local time is ahead of UTC, in seconds. */
static int read_zone(reader *r)
{
    int sign = *r->at == '-' ? -1 : 1;
    int hours;

    if (!*r->at) {
        deviates(r, MTA_STS_TIME_NO_ZONE);
        return 0;
    }
    if (skip_one_of(r, "Zz")) {
        return 0;
    }
    if (!skip_one_of(r, "+-")) {
        deviates(r, MTA_STS_TIME_INVALID);
        return 0;
    }
    hours = read_number(r, 2, 0, 23);
    if (!skip_one_of(r, ":")) {
        deviates(r, MTA_STS_TIME_LENIENT);
    }
    return sign * (hours * 3600 + read_number(r, 2, 0, 59) * 60);
}

mta_sts_time_form mta_sts_time_parse(const char *text, apr_time_t *time)
{
    reader r = {.at = text, .form = MTA_STS_TIME_VALID};
    apr_time_t read = apr_time_from_sec(read_date(&r) * DAY_SECONDS);

    if (!*r.at) {
        deviates(&r, MTA_STS_TIME_LENIENT);
    }
    else if (skip_one_of(&r, "Tt ")) {
        if (r.at[-1] == ' ') {
            deviates(&r, MTA_STS_TIME_LENIENT);
        }
        read += read_time_of_day(&r);
        read -= apr_time_from_sec(read_zone(&r));
    }
    if (*r.at || read < 0) {
        deviates(&r, MTA_STS_TIME_INVALID);
    }
    if (r.form != MTA_STS_TIME_INVALID) {
        *time = read;
    }
    return r.form;
}

void mta_sts_time_order(apr_time_t *begin, apr_time_t *end)
{
    apr_time_t first = *end;

    if (first && first < *begin) {
        *end = *begin;
        *begin = first;
    }
}
