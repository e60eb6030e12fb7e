/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_OUTPUT_H
#define CLI_COMMON_OUTPUT_H

#include <apr_pools.h>
#include <jansson.h>

#include "core/base/finding.h"
#include "core/policy/policy.h"

/* How the subcommands show findings: lines for people, or JSON. */

/* One line for each finding, and one for its fix, to standard output. */
void cli_print_findings(const mta_sts_findings *findings);

/* A JSON array of {severity, id, subject, message, fix, line}; fix and line are null where there
 * is none. The caller owns the reference. */
json_t *cli_findings_to_json(const mta_sts_findings *findings);

/* A JSON array of the strings in an array of const char *. The caller owns the reference. */
json_t *cli_strings_to_json(const apr_array_header_t *strings);

/* A JSON object of {version, mode, mx, max_age}. The caller owns the reference. */
json_t *cli_policy_to_json(const mta_sts_policy *policy);

/* A text as it is, whole; in quotes and escaped (core/base/text.h) if a terminal would suffer from
 * it, or its reader. Allocated from p, or the text itself. */
const char *cli_printable(apr_pool_t *p, const char *text);

/* How text for people may look where it goes to. */
typedef struct cli_style {
    int is_terminal;
    int has_colour; /* a terminal that knows colours, and no NO_COLOR in the environment */
    int has_utf8;   /* the locale has UTF-8 */
} cli_style;

/* The style for standard output, which is set to the user's locale. */
cli_style cli_output_style(void);

/* The sign in front of a finding: "✔", "·", "⚠", "✘" or "?", or what ASCII has for it. */
const char *cli_severity_sign(const cli_style *style, mta_sts_severity severity);

/* What switches to the colour of a severity, and back: empty without colours. */
const char *cli_severity_colour(const cli_style *style, mta_sts_severity severity);
const char *cli_colour_end(const cli_style *style);

/* Says how much is left of something that takes long: a line on standard error that is written over
 * again and again, and erased when nothing is left. */
typedef void cli_progress(const char *what, int left);

/* The same, or NULL where standard error is no terminal. */
cli_progress *cli_progress_if_terminal(void);

/*
 * A domain for people: where it has A-labels and the style has UTF-8, "bücher.example
 * (xn--bcher-kva.example)", else the domain itself.
 *
 * @param p pool of the result
 */
const char *cli_domain_text(apr_pool_t *p, const cli_style *style, const char *domain);

/* The domain with its U-labels, or NULL if it has none. */
const char *cli_domain_unicode(apr_pool_t *p, const char *domain);

/* Prints JSON, indented, with a line end, and gives up the caller's reference. */
void cli_print_json(json_t *json);

#endif
