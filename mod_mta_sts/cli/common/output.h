/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_OUTPUT_H
#define CLI_COMMON_OUTPUT_H

#include <apr_pools.h>
#include <jansson.h>

#include "core/base/finding.h"
#include "core/policy/policy.h"

/* The output of findings by subcommands: lines for people, or JSON. */

/* Prints one line for each finding, and one for its fix, to standard output. */
void cli_print_findings(const mta_sts_findings *findings);

/* A JSON array of {severity, id, subject, message, fix, line}; fix and line may be null. The caller
 * owns the reference. */
json_t *cli_findings_to_json(const mta_sts_findings *findings);

/* A JSON array of the strings in an array of const char *. The caller owns the reference. */
json_t *cli_strings_to_json(const apr_array_header_t *strings);

/* A JSON object of {version, mode, mx, max_age}. The caller owns the reference. */
json_t *cli_policy_to_json(const mta_sts_policy *policy);

/* The complete text, quoted and escaped (core/base/text.h) if it could confuse a terminal or its
 * reader. Allocated from p, or the text itself. */
const char *cli_printable(apr_pool_t *p, const char *text);

/* What the output may contain, depending on where it goes. */
typedef struct cli_style {
    int is_terminal;
    int has_colour; /* whether it is a terminal that supports colours, and NO_COLOR is not set */
    int has_utf8;   /* whether the encoding of the locale is UTF-8 */
} cli_style;

/* Determines the style for standard output. Sets the user's locale. */
cli_style cli_output_style(void);

/* The sign before a finding: "✔", "·", "⚠", "✘" or "?", or its equivalent in ASCII. */
const char *cli_severity_sign(const cli_style *style, mta_sts_severity severity);

/* The escape sequences that switch to the colour of a severity, and back; empty without colours. */
const char *cli_severity_colour(const cli_style *style, mta_sts_severity severity);
const char *cli_colour_end(const cli_style *style);

/* A function that shows how much of a long operation is left, in a line on standard error that is
 * overwritten by the next call, and erased when nothing is left. */
typedef void cli_progress(const char *what, int left);

/* Returns such a function, or NULL if standard error is not a terminal. */
cli_progress *cli_progress_if_terminal(void);

/*
 * A domain for people: "bücher.example (xn--bcher-kva.example)" if it has A-labels and the output
 * is UTF-8, else the domain itself.
 *
 * @param p pool of the result
 */
const char *cli_domain_text(apr_pool_t *p, const cli_style *style, const char *domain);

/* The domain with its U-labels, or NULL if it has no A-labels. */
const char *cli_domain_unicode(apr_pool_t *p, const char *domain);

/* Prints JSON, indented, with a newline at the end, and releases the caller's reference. */
void cli_print_json(json_t *json);

#endif
