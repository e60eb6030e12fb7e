/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/option.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/similar.h"
#include "cli/common/wrap.h"
#include "core/base/text.h"
#include "core/base/time.h"

#define DAY apr_time_from_sec(86400)
#define LONG_ONLY 256 /* the first value that getopt_long() returns for rows without a letter */

static const cli_option help_row = {.name = "help", .letter = 'h', .help = "Print this help."};

static int count_rows(const cli_option *options)
{
    int count = 0;

    while (options[count].name) {
        count++;
    }
    return count;
}

/* --- reading options --- */

/* getopt_long()'s table. The value of row i without a letter is LONG_ONLY + i. */
static const struct option *long_options(apr_pool_t *p, const cli_option *options, int count)
{
    struct option *table = apr_pcalloc(p, sizeof(*table) * (apr_size_t)(count + 2));
    int i;

    for (i = 0; i < count; i++) {
        table[i].name = options[i].name;
        table[i].has_arg = options[i].value ? required_argument : no_argument;
        table[i].val = LONG_ONLY + i;
    }
    table[count].name = help_row.name;
    table[count].val = help_row.letter;
    return table;
}

static const char *short_options(apr_pool_t *p, const cli_option *options)
{
    const char *letters = ":h"; /* ":" distinguishes a missing value from an unknown option */

    for (; options->name; options++) {
        if (options->letter) {
            letters =
                apr_psprintf(p, "%s%c%s", letters, options->letter, options->value ? ":" : "");
        }
    }
    return letters;
}

static const cli_option *find_row(const cli_option *options, int found)
{
    if (found >= LONG_ONLY) {
        return &options[found - LONG_ONLY];
    }
    while (options->letter != found) {
        options++;
    }
    return options;
}

/* An argument up to its "=", because the value of a mistyped option may be a password. */
static const char *option_name(apr_pool_t *p, const char *arg)
{
    return apr_pstrmemdup(p, arg, strcspn(arg, "="));
}

/* "; did you mean --warning?", or "" */
static const char *suggestion(apr_pool_t *p, const cli_option *options, const char *name)
{
    int count = count_rows(options), i;
    const char **names = apr_palloc(p, sizeof(*names) * (apr_size_t)(count + 1)), *similar;

    for (i = 0; i < count; i++) {
        names[i] = options[i].name;
    }
    names[count] = help_row.name;
    similar = cli_similar(name, names, count + 1);
    return similar ? apr_pstrcat(p, "; did you mean --", similar, "?", NULL) : "";
}

static const char *unknown(apr_pool_t *p, const cli_option *options, const char *name)
{
    return apr_psprintf(p, "there is no option %s%s", name,
                        strncmp(name, "--", 2) == 0 ? suggestion(p, options, name + 2) : "");
}

static const char *take(apr_pool_t *p, const cli_option *options, int found, const char *arg,
                        void *call)
{
    const cli_option *row;

    if (found == ':') {
        return apr_psprintf(p, "%s needs a value", option_name(p, arg));
    }
    if (found == '?') {
        return unknown(p, options, option_name(p, arg));
    }
    row = find_row(options, found);
    return row->take(p, row, (char *)call + row->offset, optarg);
}

const char *cli_options_read(apr_pool_t *p, int argc, const char *const *argv,
                             const cli_option *options, void *call, cli_args *args)
{
    char *const *moved = (char *const *)argv; /* getopt_long() reorders the arguments, but does
                                                 not change them */
    const struct option *table = long_options(p, options, count_rows(options));
    const char *letters = short_options(p, options), *error = NULL;
    int found;

    args->help = 0;
    opterr = 0;
    optind = 0; /* one subcommand may call another */
    while (!error && (found = getopt_long(argc, moved, letters, table, NULL)) != -1) {
        if (found == help_row.letter) {
            args->help = 1;
            return NULL;
        }
        error = take(p, options, found, argv[optind - 1], call);
    }
    args->list = argv + optind;
    args->count = argc - optind;
    return error;
}

/* --- help --- */

/* "-w, --warning DAYS" */
static const char *label_of(apr_pool_t *p, const cli_option *option)
{
    return apr_pstrcat(p, option->letter ? apr_psprintf(p, "-%c, ", option->letter) : "", "--",
                       option->name, option->value ? " " : "", option->value, NULL);
}

static void print_row(apr_pool_t *p, const cli_option *option, int width)
{
    const char *label = label_of(p, option);

    printf("  %-*s  ", width, label);
    cli_print_wrapped(width + 4, option->help);
}

void cli_options_print(apr_pool_t *p, const cli_option *options)
{
    const cli_option *option;
    int width = 0;

    for (option = options; option->name; option++) {
        int len = (int)strlen(label_of(p, option));

        width = len > width ? len : width;
    }
    for (option = options; option->name; option++) {
        print_row(p, option, width);
    }
    print_row(p, &help_row, width);
}

/* --- values --- */

const char *cli_take_flag(apr_pool_t *p, const cli_option *option, void *target, const char *value)
{
    (void)p;
    (void)option;
    (void)value;
    *(int *)target = 1;
    return NULL;
}

const char *cli_take_text(apr_pool_t *p, const cli_option *option, void *target, const char *value)
{
    *(const char **)target = value;
    return *value ? NULL : apr_psprintf(p, "--%s needs a non-empty value", option->name);
}

const char *cli_take_texts(apr_pool_t *p, const cli_option *option, void *target, const char *value)
{
    return cli_take_text(p, option, apr_array_push(*(apr_array_header_t **)target), value);
}

const char *cli_take_number(apr_pool_t *p, const cli_option *option, void *target,
                            const char *value)
{
    const char *name = apr_pstrcat(p, "--", option->name, NULL);

    return cli_option_number(p, name, value, option->min, option->max, target);
}

const char *cli_take_choice(apr_pool_t *p, const cli_option *option, void *target,
                            const char *value)
{
    char *names = apr_pstrdup(p, option->value), *last, *name;
    const char *allowed = "", *end = strrchr(option->value, '|');
    int i = 0;

    for (name = apr_strtok(names, "|", &last); name; name = apr_strtok(NULL, "|", &last), i++) {
        if (strcmp(name, value) == 0) {
            *(int *)target = i;
            return NULL;
        }
        allowed = apr_pstrcat(p, allowed,
                              !i                                   ? ""
                              : name - names > end - option->value ? " or "
                                                                   : ", ",
                              name, NULL);
    }
    return apr_psprintf(p, "--%s takes %s, not %s", option->name, allowed,
                        mta_sts_text_quote(p, value, strlen(value)));
}

const char *cli_option_name(apr_pool_t *p, const char *text)
{
    apr_size_t len = strlen(text);

    return len > 1 && text[len - 1] == '.' && text[len - 2] != '.'
               ? apr_pstrmemdup(p, text, len - 1)
               : text;
}

const char *cli_option_number(apr_pool_t *p, const char *name, const char *text, int min, int max,
                              int *number)
{
    int value = 0;
    const char *c;

    for (c = text; *c >= '0' && *c <= '9' && value <= max; c++) {
        value = value * 10 + (*c - '0');
    }
    if (*c || c == text || value < min || value > max) {
        return apr_psprintf(p, "%s takes a number from %d to %d, not %s", name, min, max,
                            mta_sts_text_quote(p, text, strlen(text)));
    }
    *number = value;
    return NULL;
}

/* The number of seconds of the unit at the end of a time span; 0 if there is no such unit. */
static int seconds_of(char unit)
{
    return unit == 'h' ? 3600 : unit == 'd' ? 86400 : unit == 'w' ? 7 * 86400 : 0;
}

/* @param span out: the length of a span that ends now, or 0 */
static const char *read_time(apr_pool_t *p, const char *name, const char *text, apr_time_t *time,
                             apr_time_t *span)
{
    apr_size_t len = strlen(text);
    int seconds = len > 1 ? seconds_of(text[len - 1]) : 0, count = 0;

    *time = *span = 0;
    if (strcmp(text, "all") == 0) {
        return NULL;
    }
    if (seconds &&
        !cli_option_number(p, name, apr_pstrmemdup(p, text, len - 1), 1, 99999, &count)) {
        *span = apr_time_from_sec((apr_time_t)seconds * count);
        return NULL;
    }
    if (len > 9 && mta_sts_time_parse(text, time) != MTA_STS_TIME_INVALID) {
        return NULL;
    }
    return apr_psprintf(p,
                        "%s takes a time like 12h, 30d, 4w, a date like 2026-05-11, or all, "
                        "not %s",
                        name, mta_sts_text_quote(p, text, len));
}

const char *cli_option_time(apr_pool_t *p, const char *name, const char *text, apr_time_t now,
                            apr_time_t *time)
{
    apr_time_t span;
    const char *error = read_time(p, name, text, time, &span);

    *time = span ? now - span : *time;
    *time = *time > 0 ? *time : 0;
    return error;
}

apr_time_t cli_option_days_ago(apr_time_t now, int days)
{
    return now - now % DAY - (days - 1) * DAY;
}

const char *cli_option_since(apr_pool_t *p, const char *text, apr_time_t now, apr_time_t *since)
{
    apr_time_t span;
    const char *error = read_time(p, "--since", text, since, &span);

    if (span) { /* whole days include today */
        *since = span % DAY ? now - span : cli_option_days_ago(now, (int)(span / DAY));
    }
    *since = *since > 0 ? *since - *since % DAY : 0;
    return error;
}
