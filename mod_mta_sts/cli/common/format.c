/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/format.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"
#include "core/base/time.h"

#define WIDTH 78    /* columns */
#define NAMES_MAX 5 /* in one line */

const char *cli_counted(apr_pool_t *p, apr_int64_t count, const char *one, const char *many)
{
    return apr_psprintf(p, "%" APR_INT64_T_FMT " %s", count, count == 1 ? one : many);
}

const char *cli_quoted(apr_pool_t *p, const char *text)
{
    const char *quoted = mta_sts_text_quote(p, text, strlen(text));
    apr_size_t len = strlen(text);

    return !len                                                               ? "(no name)"
           : strlen(quoted) == len + 2 && strncmp(quoted + 1, text, len) == 0 ? text
                                                                              : quoted;
}

const char *cli_date(apr_pool_t *p, apr_time_t time)
{
    apr_time_exp_t parts;

    if (!time || apr_time_exp_gmt(&parts, time) != APR_SUCCESS) {
        return "an untold day";
    }
    return apr_psprintf(p, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

const char *cli_last_date(apr_pool_t *p, apr_time_t end)
{
    return cli_date(p, end ? end - 1 : 0);
}

const char *cli_dates(apr_pool_t *p, apr_time_t begin, apr_time_t end)
{
    const char *first, *last;

    mta_sts_time_order(&begin, &end);
    first = cli_date(p, begin);
    last = cli_last_date(p, end);
    return !end || strcmp(first, last) == 0 ? first : apr_pstrcat(p, first, " to ", last, NULL);
}

const char *cli_names(apr_pool_t *p, const apr_array_header_t *list)
{
    const char *text = "";
    int i, count = list->nelts < NAMES_MAX ? list->nelts : NAMES_MAX;

    for (i = 0; i < count; i++) {
        text = apr_pstrcat(p, text, i ? ", " : "",
                           cli_quoted(p, APR_ARRAY_IDX(list, i, const char *)), NULL);
    }
    return list->nelts > count ? apr_psprintf(p, "%s and %d more", text, list->nelts - count)
                               : text;
}

const char *cli_share(apr_pool_t *p, apr_int64_t part, apr_int64_t rest)
{
    double per_cent = 100 * ((double)part / ((double)part + (double)rest));
    apr_int64_t hundredths = (apr_int64_t)(100 * per_cent);

    hundredths = rest && hundredths > 9999 ? 9999 : hundredths;
    return apr_psprintf(p, "%d.%02d %%", (int)(hundredths / 100), (int)(hundredths % 100));
}

void cli_print_wrapped(int indent, const char *text)
{
    int column = indent;

    while (*text) {
        int len = (int)strcspn(text, " ");

        if (column > indent && column + 1 + len > WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        printf("%s%.*s", column > indent ? " " : "", len, text);
        column += len + (column > indent);
        text += len;
        text += strspn(text, " ");
    }
    putchar('\n');
}

void cli_print_fact(const char *label, const char *text)
{
    printf("     %-10s", label);
    cli_print_wrapped(CLI_FACT_INDENT, text);
}
