/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/text.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/text.h"
#include "core/policy/repair.h"

#define SUBJECT "policy"
#define SHOWN_LINES_MAX 12

/* --- lines --- */

/* A line of a text, without its terminator. */
typedef struct line {
    const char *text;
    apr_size_t len;
} line;

static int next_line(const char **at, const char *end, line *found)
{
    const char *lf;

    if (*at >= end) {
        return 0;
    }
    lf = memchr(*at, '\n', (apr_size_t)(end - *at));
    found->text = *at;
    found->len = (apr_size_t)((lf ? lf : end) - *at);
    *at = lf ? lf + 1 : end;
    if (found->len && found->text[found->len - 1] == '\r') {
        found->len--;
    }
    return 1;
}

static int same(const line *a, const line *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static int has_line(const char *text, apr_size_t len, const line *sought)
{
    const char *at = text;
    line found;

    while (next_line(&at, text + len, &found)) {
        if (same(&found, sought)) {
            return 1;
        }
    }
    return 0;
}

/* The number of the first line that was repaired, from 1, and that line as it was written. */
static int find_change(const char *text, apr_size_t len, const mta_sts_repair *repair, line *typed)
{
    const char *at = text, *repaired = repair->text;
    line other;
    int number = 0;

    while (next_line(&at, text + len, typed)) {
        number++;
        if (!next_line(&repaired, repair->text + repair->len, &other) || !same(typed, &other)) {
            return number;
        }
    }
    return number;
}

/* "write" and the repaired lines that the text does not contain yet; NULL if there are none. */
static const char *corrected_lines(apr_pool_t *p, const char *text, apr_size_t len,
                                   const mta_sts_repair *repair)
{
    const char *at = repair->text, *shown = NULL;
    line found;
    int count = 0;

    while (next_line(&at, repair->text + repair->len, &found)) {
        if (has_line(text, len, &found)) {
            continue;
        }
        if (++count <= SHOWN_LINES_MAX) {
            shown = apr_pstrcat(p, shown ? shown : "write ", shown ? ", " : "",
                                mta_sts_text_quote(p, found.text, found.len), NULL);
        }
    }
    if (count > SHOWN_LINES_MAX) {
        return apr_psprintf(p, "%s and %d more lines, each on a line of its own", shown,
                            count - SHOWN_LINES_MAX);
    }
    return count > 1 ? apr_pstrcat(p, shown, ", each on a line of its own", NULL) : shown;
}

/* "remove" and the lines that the repaired text no longer contains; NULL if it contains all of
 * them. */
static const char *removed_lines(apr_pool_t *p, const char *text, apr_size_t len,
                                 const mta_sts_repair *repair)
{
    const char *at = text, *shown = "", *empty = "";
    int count = 0;
    line found;

    while (next_line(&at, text + len, &found)) {
        const char *quoted = mta_sts_text_quote(p, found.text, found.len);

        if (!found.len) {
            empty = "the empty lines";
        }
        else if (!has_line(repair->text, repair->len, &found) && !strstr(shown, quoted)) {
            shown = apr_pstrcat(p, shown, count++ ? ", " : "", quoted, NULL);
        }
        if (count > SHOWN_LINES_MAX) {
            return NULL;
        }
    }
    if (count) {
        return apr_pstrcat(p, "remove the lines ", shown, *empty ? " and " : "", empty, NULL);
    }
    return *empty ? apr_pstrcat(p, "remove ", empty, NULL) : NULL;
}

/* --- comparing the strict and the repaired reading --- */

/* The id that all errors have in common; NULL if there are several ids, or no errors. */
static const char *only_error(const mta_sts_findings *findings)
{
    const char *id = NULL;
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if (finding->severity == MTA_STS_ERROR && id && strcmp(id, finding->id) != 0) {
            return NULL;
        }
        id = finding->severity == MTA_STS_ERROR ? finding->id : id;
    }
    return id;
}

static void add_all(mta_sts_findings *to, const mta_sts_findings *from)
{
    apr_array_cat(to->list, from->list);
}

/* Adds the errors of the repaired text, without line numbers: its lines differ from the
 * original. */
static void add_remaining(mta_sts_findings *to, const mta_sts_findings *from)
{
    int i;

    for (i = 0; i < from->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(from, i);

        if (finding->severity == MTA_STS_ERROR) {
            mta_sts_finding_copy(to, finding);
            APR_ARRAY_IDX(to->list, to->list->nelts - 1, mta_sts_finding).line = 0;
        }
    }
}

/* If all errors have the same id, they are reported unchanged, except that the first one gets a
 * better fix. */
static void improve_fix(mta_sts_findings *findings, const char *fix)
{
    int i;

    for (i = 0; fix && i < findings->list->nelts; i++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(findings->list, i, mta_sts_finding);

        if (finding->severity == MTA_STS_ERROR) {
            finding->fix = fix;
            return;
        }
    }
}

static void add_altered(mta_sts_findings *findings, const char *text, apr_size_t len,
                        const mta_sts_repair *repair)
{
    line typed = {text, len};
    int number = find_change(text, len, repair, &typed);
    const char *fix = corrected_lines(findings->pool, text, len, repair);

    fix = fix ? fix : removed_lines(findings->pool, text, len, repair);
    mta_sts_finding_add(findings, MTA_STS_ERROR, "text-altered", SUBJECT,
                        fix ? fix : "save the text as plain ASCII", "the policy, as in %s, %s",
                        mta_sts_text_quote(findings->pool, typed.text, typed.len),
                        mta_sts_repair_clauses(repair))
        ->line = number;
}

/* Whether the whole text was changed, so that findings about single lines are of little use. */
static int is_changed(const mta_sts_repair *repair, const mta_sts_findings *strict)
{
    const char *only = only_error(strict);

    if (only && strcmp(only, "byte-order-mark") == 0) {
        return 0;
    }
    return repair->found->nelts || memchr(repair->text, '{', repair->len) ||
           (only && strstr(only, "-missing")) ||
           (only && strcmp(only, "line-malformed") == 0 &&
            mta_sts_findings_count(strict, MTA_STS_ERROR) > 1);
}

/* Whether neither the strict nor the repaired reading found any field of a policy. */
static int is_without_fields(const mta_sts_findings *strict, const mta_sts_findings *repaired)
{
    static const char *const ids[] = {"version-missing", "mode-missing", "max-age-missing",
                                      "mx-missing"};
    apr_size_t i, found = 0;
    int j;

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        for (j = 0; j < strict->list->nelts; j++) {
            found += strcmp(mta_sts_findings_at(strict, j)->id, ids[i]) == 0;
        }
        for (j = 0; j < repaired->list->nelts; j++) {
            found += strcmp(mta_sts_findings_at(repaired, j)->id, ids[i]) == 0;
        }
    }
    return found == 2 * sizeof(ids) / sizeof(ids[0]);
}

static void add_other(mta_sts_findings *findings, const char *text, apr_size_t len,
                      const char *what, const char *fix)
{
    mta_sts_finding_add(findings, MTA_STS_ERROR, "policy-other-text", SUBJECT, fix,
                        "%s is %s, not a policy", mta_sts_text_quote(findings->pool, text, len),
                        what);
}

/* Adds the findings of the strict reading, or instead a single one if a repair explains them. */
static void explain(const char *text, apr_size_t len, mta_sts_findings *strict,
                    mta_sts_findings *findings)
{
    mta_sts_repair repair = mta_sts_repair_begin(findings->pool, text, len);
    mta_sts_findings *second = mta_sts_findings_make(findings->pool);
    int is_whole, before = mta_sts_findings_count(strict, MTA_STS_ERROR), after;

    mta_sts_repair_characters(&repair);
    mta_sts_repair_links(&repair);
    mta_sts_repair_escapes(&repair);
    mta_sts_repair_layout(&repair);
    is_whole = is_changed(&repair, strict);
    mta_sts_repair_policy(&repair);
    mta_sts_policy_grammar_read(findings->pool, repair.text, repair.len, second);
    after = mta_sts_findings_count(second, MTA_STS_ERROR);
    if (is_without_fields(strict, second)) {
        add_other(
            findings, text, len, "a text without version, mode, mx and max_age",
            "put the policy in its place: version, mode, mx and max_age, each on its own line");
    }
    else if (!repair.found->nelts || after >= before || (after && !is_whole)) {
        add_all(findings, strict);
    }
    else if (only_error(strict) && !is_whole) {
        const char *fix = corrected_lines(findings->pool, text, len, &repair);

        improve_fix(strict, fix ? fix : removed_lines(findings->pool, text, len, &repair));
        add_all(findings, strict);
    }
    else {
        add_altered(findings, text, len, &repair);
        add_remaining(findings, second);
    }
}

/* --- texts that are no policies at all --- */

static const struct {
    const char *start, *what, *fix;
} others[] = {
    {"v=STSv1", "the text of the MTA-STS record",
     "put this text into DNS at _mta-sts.DOMAIN, and the policy (version, mode, mx, max_age) into "
     "the file"},
    {"v=TLSRPTv1", "the text of the TLSRPT record",
     "put this text into DNS at _smtp._tls.DOMAIN, and the policy (version, mode, mx, max_age) "
     "into "
     "the file"},
    {"<!DOCTYPE", "an HTML page", "serve the text of the policy at this URL"},
    {"<html", "an HTML page", "serve the text of the policy at this URL"},
};

/* Whether the text is a policy nevertheless: people also write "v=STSv1" instead of "version:
 * STSv1" in a policy. */
static int is_policy_line(const char *text, apr_size_t len)
{
    line found;
    const char *at = text;

    while (next_line(&at, text + len, &found)) {
        if (found.len > 3 && (memcmp(found.text, "mx:", 3) == 0 ||
                              (found.len > 5 && memcmp(found.text, "mode:", 5) == 0))) {
            return 1;
        }
    }
    return 0;
}

static int is_other(const char *text, apr_size_t len, mta_sts_findings *findings)
{
    apr_size_t start = 0, i;

    while (start < len && strchr(" \t\r\n\"'\xef\xbb\xbf", text[start]) && text[start]) {
        start++;
    }
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        apr_size_t length = strlen(others[i].start);

        if (len - start >= length && (i > 0 || !is_policy_line(text + start, len - start)) &&
            apr_cstr_casecmpn(text + start, others[i].start, length) == 0) {
            add_other(findings, text + start, len - start, others[i].what, others[i].fix);
            return 1;
        }
    }
    return 0;
}

mta_sts_policy *mta_sts_policy_text_read(apr_pool_t *p, const char *text, apr_size_t len,
                                         mta_sts_findings *findings)
{
    mta_sts_findings *strict = mta_sts_findings_make(findings->pool);
    mta_sts_policy *policy = mta_sts_policy_grammar_read(p, text, len, strict);

    if (!mta_sts_findings_count(strict, MTA_STS_ERROR) || !len || len > MTA_STS_POLICY_TEXT_MAX) {
        add_all(findings, strict);
    }
    else if (!is_other(text, len, findings)) {
        explain(text, len, strict, findings);
    }
    return policy;
}
