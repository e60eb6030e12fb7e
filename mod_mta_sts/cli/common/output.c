/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/output.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <idn2.h>

#include "core/base/name.h"
#include "core/base/text.h"

void cli_print_findings(const mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        printf("%s: ", mta_sts_severity_name(finding->severity));
        if (finding->line) {
            printf("line %d: ", finding->line);
        }
        else {
            printf("%s: ", finding->subject);
        }
        printf("%s [%s]\n", finding->message, finding->id);
        if (finding->fix) {
            printf("    %s\n", finding->fix);
        }
    }
}

json_t *cli_findings_to_json(const mta_sts_findings *findings)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s, s:s, s:s?, s:o}", "severity",
                             mta_sts_severity_name(finding->severity), "id", finding->id, "subject",
                             finding->subject, "message", finding->message, "fix", finding->fix,
                             "line", finding->line ? json_integer(finding->line) : json_null()));
    }
    return array;
}

json_t *cli_strings_to_json(const apr_array_header_t *strings)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < strings->nelts; i++) {
        json_array_append_new(array, json_string(APR_ARRAY_IDX(strings, i, const char *)));
    }
    return array;
}

json_t *cli_policy_to_json(const mta_sts_policy *policy)
{
    return json_pack("{s:s, s:s, s:o, s:I}", "version", "STSv1", "mode",
                     mta_sts_mode_name(policy->mode), "mx", cli_strings_to_json(policy->mx),
                     "max_age", (json_int_t)policy->max_age);
}

const char *cli_printable(apr_pool_t *p, const char *text)
{
    const char *quoted = mta_sts_text_quote_path(p, text);
    apr_size_t len = strlen(text);

    return strlen(quoted) == len + 2 && strncmp(quoted + 1, text, len) == 0 ? text : quoted;
}

cli_style cli_output_style(void)
{
    const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
    cli_style style = {.is_terminal = isatty(STDOUT_FILENO)};

    setlocale(LC_CTYPE, "");
    style.has_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    style.has_colour = style.is_terminal && !(no_colour && *no_colour) && terminal &&
                       strcmp(terminal, "dumb") != 0;
    return style;
}

/* The appearance of each severity. */
static const struct {
    const char *utf8;
    const char *ascii;
    const char *colour;
} looks[] = {
    [MTA_STS_OK] = {"\xe2\x9c\x94", "+", "\x1b[32m"},
    [MTA_STS_INFO] = {"\xc2\xb7", "-", "\x1b[36m"},
    [MTA_STS_WARNING] = {"\xe2\x9a\xa0", "!", "\x1b[33m"},
    [MTA_STS_ERROR] = {"\xe2\x9c\x98", "x", "\x1b[31m"},
    [MTA_STS_UNKNOWN] = {"?", "?", "\x1b[35m"},
};

const char *cli_severity_sign(const cli_style *style, mta_sts_severity severity)
{
    return style->has_utf8 ? looks[severity].utf8 : looks[severity].ascii;
}

const char *cli_severity_colour(const cli_style *style, mta_sts_severity severity)
{
    return style->has_colour ? looks[severity].colour : "";
}

const char *cli_colour_end(const cli_style *style)
{
    return style->has_colour ? "\x1b[0m" : "";
}

/* U-labels that do not convert back to the same domain are not shown, because they may be meant to
 * deceive. */
const char *cli_domain_unicode(apr_pool_t *p, const char *domain)
{
    char *decoded = NULL;
    const char *text = NULL, *back;

    if (!strstr(domain, "xn--") || idn2_to_unicode_8z8z(domain, &decoded, 0) != IDN2_OK) {
        return NULL;
    }
    text = apr_pstrdup(p, decoded);
    idn2_free(decoded);
    return !mta_sts_name_parse_host(p, text, MTA_STS_NAME_ULABEL, &back) &&
                   strcmp(back, domain) == 0 && strcmp(text, domain) != 0
               ? text
               : NULL;
}

static void show_progress(const char *what, int left)
{
    if (left) {
        fprintf(stderr, "\r\x1b[K%s: %d", what, left);
    }
    else {
        fputs("\r\x1b[K", stderr);
    }
    fflush(stderr);
}

cli_progress *cli_progress_if_terminal(void)
{
    return isatty(STDERR_FILENO) ? show_progress : NULL;
}

const char *cli_domain_text(apr_pool_t *p, const cli_style *style, const char *domain)
{
    const char *unicode = style->has_utf8 ? cli_domain_unicode(p, domain) : NULL;

    return unicode ? apr_pstrcat(p, unicode, " (", domain, ")", NULL) : domain;
}

void cli_print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}
