/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/grammar.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "core/base/text.h"

#define SUBJECT "policy"
#define MAX_AGE_DIGITS 10
#define EXTENSION_NAME_MAX 32

typedef struct reader {
    apr_pool_t *p; /* of the policy; findings use the pool of their list */
    mta_sts_findings *findings;
    mta_sts_policy *policy;
    int line;           /* the line being read, from 1; 0 for the text as a whole */
    int errors;         /* number of errors found */
    unsigned seen;      /* bit i is set once fields[i] has been read */
    int lf_line;        /* the first line that ends in LF alone, or 0 */
    int non_ascii_line; /* the first line that is not ASCII, or 0 */
} reader;

/* A field's value without the surrounding blanks. */
typedef struct value {
    const char *text;
    apr_size_t len;
} value;

typedef struct field {
    const char *name;
    void (*read)(reader *r, value v);
    int repeatable;
} field;

static void report(reader *r, mta_sts_severity severity, const char *id, const char *fix,
                   const char *message)
{
    int first_error = severity == MTA_STS_ERROR && r->errors++ == 0;

    if (first_error || r->findings->list->nelts < MTA_STS_FINDINGS_MAX) {
        mta_sts_finding_add(r->findings, severity, id, SUBJECT, fix, "%s", message)->line = r->line;
    }
}

static const char *quote(reader *r, value v)
{
    return mta_sts_text_quote(r->findings->pool, v.text, v.len);
}

static void read_version(reader *r, value v)
{
    if (v.len != 5 || memcmp(v.text, "STSv1", 5) != 0) {
        report(r, MTA_STS_ERROR, "version-unknown", "write \"version: STSv1\"",
               apr_psprintf(r->findings->pool, "senders do not know the version %s", quote(r, v)));
    }
}

static void read_mode(reader *r, value v)
{
    r->policy->mode = mta_sts_mode_from_name(v.text, v.len);
    if (r->policy->mode == MTA_STS_MODE_UNSET) {
        report(r, MTA_STS_ERROR, "mode-unknown", "write none, testing or enforce, in lower case",
               apr_psprintf(r->findings->pool, "%s is not a mode", quote(r, v)));
    }
}

static void read_max_age(reader *r, value v)
{
    apr_int64_t seconds = 0;
    apr_size_t i;

    for (i = 0; i < v.len && apr_isdigit(v.text[i]) && i < MAX_AGE_DIGITS; i++) {
        seconds = seconds * 10 + (v.text[i] - '0');
    }
    if (i < v.len) {
        report(
            r, MTA_STS_ERROR, "max-age-malformed",
            "write the number of seconds in 1 to 10 digits, like 604800",
            apr_psprintf(r->findings->pool, "max_age %s is not a number of seconds", quote(r, v)));
        return;
    }
    if (seconds > MTA_STS_MAX_AGE_MAX) {
        report(r, MTA_STS_ERROR, "max-age-range", "write 31557600 (a year) or less",
               apr_psprintf(r->findings->pool, "max_age %s is more than RFC 8461 allows",
                            quote(r, v)));
        return;
    }
    if (seconds == 0) {
        report(r, MTA_STS_WARNING, "max-age-zero", "write 86400 (a day) or more",
               "a max_age of 0 is rejected by some senders, and no sender stores the policy");
    }
    r->policy->max_age = seconds;
}

static void read_mx(reader *r, value v)
{
    const char *error, *pattern;

    error = mta_sts_name_parse_mx(r->p, apr_pstrmemdup(r->p, v.text, v.len), MTA_STS_NAME_ALABEL,
                                  &pattern);
    if (error) {
        report(r, MTA_STS_ERROR, "mx-invalid",
               "write one MX host, or *. and a domain, in each line",
               apr_pstrcat(r->findings->pool, "mx ", error, NULL));
        return;
    }
    APR_ARRAY_PUSH(r->policy->mx, const char *) = pattern;
}

static const field fields[] = {
    {"version", read_version, 0},
    {"mode", read_mode, 0},
    {"max_age", read_max_age, 0},
    {"mx", read_mx, 1},
};
#define FIELD_COUNT (int)(sizeof(fields) / sizeof(fields[0]))
#define FIELD_VERSION 0
#define FIELD_MX 3

static int find_field(value name)
{
    int i;

    for (i = 0; i < FIELD_COUNT; i++) {
        if (strlen(fields[i].name) == name.len &&
            memcmp(fields[i].name, name.text, name.len) == 0) {
            return i;
        }
    }
    return -1;
}

/* sts-policy-ext-name of RFC 8461 section 3.2. */
static int is_extension_name(value name)
{
    apr_size_t i;

    if (name.len == 0 || name.len > EXTENSION_NAME_MAX || !mta_sts_text_is_alnum(name.text[0])) {
        return 0;
    }
    for (i = 1; i < name.len; i++) {
        if (!mta_sts_text_is_alnum(name.text[i]) && !strchr("_-.", name.text[i])) {
            return 0;
        }
    }
    return 1;
}

/* Every sender ignores an unknown field, which matters if it is a misspelt known one. */
static void report_unknown_field(reader *r, value name)
{
    const char *known = NULL;
    int i;

    for (i = 0; i < FIELD_COUNT; i++) {
        apr_size_t len = strlen(fields[i].name);

        if (name.len >= len && name.len <= len + 1 &&
            (strncasecmp(name.text, fields[i].name, len) == 0 ||
             strncasecmp(name.text + name.len - len, fields[i].name, len) == 0)) {
            known = fields[i].name;
        }
    }
    if (!known) {
        report(
            r, MTA_STS_INFO, "field-unknown", NULL,
            apr_psprintf(r->findings->pool, "senders ignore the unknown field %s", quote(r, name)));
        return;
    }
    report(r, MTA_STS_WARNING, "field-unknown",
           apr_psprintf(r->findings->pool, "write \"%s\", if that was intended", known),
           apr_psprintf(r->findings->pool,
                        "senders ignore the unknown field %s, which looks like \"%s\"",
                        quote(r, name), known));
}

static void read_field(reader *r, value name, value v)
{
    int i = find_field(name);

    if (!is_extension_name(name)) {
        report(r, MTA_STS_ERROR, "line-malformed", "write \"field: value\"",
               apr_psprintf(r->findings->pool, "%s is not a field name", quote(r, name)));
        return;
    }
    if (v.len == 0) {
        report(r, MTA_STS_ERROR, "value-empty", "write its value after the colon",
               apr_psprintf(r->findings->pool, "the field %s has no value", quote(r, name)));
        return;
    }
    if (memchr(v.text, '\t', v.len)) {
        report(r, MTA_STS_ERROR, "control-character", NULL,
               apr_psprintf(r->findings->pool, "%s contains a tab", quote(r, v)));
        return;
    }
    if (i < 0) {
        report_unknown_field(r, name);
        return;
    }
    if (!r->seen && i != FIELD_VERSION) {
        report(r, MTA_STS_WARNING, "version-not-first", "write the version line first",
               "version is not the first field, as some senders require");
    }
    if ((r->seen & 1u << i) && !fields[i].repeatable) {
        report(r, MTA_STS_WARNING, "field-duplicate", "keep one of the lines",
               apr_psprintf(r->findings->pool, "%s occurs more than once; senders use the first",
                            fields[i].name));
        return;
    }
    r->seen |= 1u << i;
    fields[i].read(r, v);
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Values may contain UTF-8 (RFC 8461 section 3.2), but no control characters. */
static int check_bytes(reader *r, value line)
{
    apr_size_t i = 0, length;

    while (i < line.len) {
        length = mta_sts_text_utf8_length(line.text + i, line.len - i);
        if (length == 0) {
            report(r, MTA_STS_ERROR, "not-utf8", "write the policy in ASCII",
                   apr_psprintf(r->findings->pool, "%s is not UTF-8", quote(r, line)));
            return 0;
        }
        if (length == 1 && !apr_isprint(line.text[i]) && line.text[i] != '\t') {
            report(
                r, MTA_STS_ERROR, "control-character", "remove the control character",
                apr_psprintf(r->findings->pool, "%s contains a control character", quote(r, line)));
            return 0;
        }
        if (length > 1 && !r->non_ascii_line) {
            r->non_ascii_line = r->line;
        }
        i += length;
    }
    return 1;
}

static void read_line(reader *r, value line)
{
    const char *colon;
    value name, v;

    if (line.len == 0 || is_blank(line.text[0])) {
        report(r, MTA_STS_ERROR, line.len ? "line-malformed" : "line-empty",
               line.len ? "start each line with a field name" : "remove the empty line",
               line.len ? "the line starts with a blank"
                        : "an empty line is not allowed: some senders reject the whole policy");
        return;
    }
    if (!check_bytes(r, line)) {
        return;
    }
    colon = memchr(line.text, ':', line.len);
    if (!colon) {
        report(r, MTA_STS_ERROR, "line-malformed", "write \"field: value\", or remove the line",
               apr_psprintf(r->findings->pool, "%s has no colon", quote(r, line)));
        return;
    }
    name.text = line.text;
    name.len = (apr_size_t)(colon - line.text);
    v.text = colon + 1;
    v.len = line.len - name.len - 1;
    while (v.len && is_blank(v.text[0])) {
        v.text++;
        v.len--;
    }
    while (v.len && is_blank(v.text[v.len - 1])) {
        v.len--;
    }
    read_field(r, name, v);
}

/* Splits the text at LF and CRLF; the last line needs no terminator. */
static void read_lines(reader *r, const char *text, apr_size_t len)
{
    while (len > 0) {
        const char *lf = memchr(text, '\n', len);
        apr_size_t taken = lf ? (apr_size_t)(lf - text) + 1 : len;
        value line = {text, lf ? taken - 1 : taken};

        r->line++;
        if (lf && line.len && line.text[line.len - 1] == '\r') {
            line.len--;
        }
        else if (lf && !r->lf_line) {
            r->lf_line = r->line;
        }
        read_line(r, line);
        text += taken;
        len -= taken;
    }
}

static void check_missing(reader *r)
{
    static const char *const ids[] = {"version-missing", "mode-missing", "max-age-missing",
                                      "mx-missing"};
    int i;

    r->line = 0;
    for (i = 0; i < FIELD_MX; i++) {
        if (!(r->seen & 1u << i)) {
            report(r, MTA_STS_ERROR, ids[i],
                   apr_psprintf(r->findings->pool, "add a %s line", fields[i].name),
                   apr_psprintf(r->findings->pool, "there is no %s", fields[i].name));
        }
    }
    if (r->seen & 1u << FIELD_MX) {
        return;
    }
    if (r->policy->mode == MTA_STS_MODE_NONE) {
        report(r, MTA_STS_WARNING, ids[FIELD_MX], "add an mx line for each MX host",
               "there is no mx: RFC 8461 allows this in mode none, but some senders do not");
        return;
    }
    report(r, MTA_STS_ERROR, ids[FIELD_MX], "add an mx line for each MX host", "there is no mx");
}

/* Reports problems of the whole text once, at the first line that has them. */
static void check_whole(reader *r, apr_size_t len)
{
    if (r->lf_line) {
        r->line = r->lf_line;
        report(r, MTA_STS_INFO, "line-ends-lf", "end each line with CRLF",
               "lines end with LF, which is allowed, but a few senders require CRLF");
    }
    if (r->non_ascii_line) {
        r->line = r->non_ascii_line;
        report(r, MTA_STS_WARNING, "not-ascii", "write the policy in ASCII",
               "the policy is not ASCII: some senders reject it");
    }
    r->line = 0;
    if (len > MTA_STS_POLICY_TEXT_MAX) {
        report(r, MTA_STS_WARNING, "policy-long", "keep the policy under 10240 bytes",
               apr_psprintf(r->findings->pool,
                            "the policy has %" APR_SIZE_T_FMT
                            " bytes: some senders read only the first 10240",
                            len));
    }
}

mta_sts_policy *mta_sts_policy_grammar_read(apr_pool_t *p, const char *text, apr_size_t len,
                                            mta_sts_findings *findings)
{
    mta_sts_policy *policy = apr_pcalloc(p, sizeof(*policy));
    reader r = {.p = p, .findings = findings, .policy = policy};

    policy->max_age = -1;
    policy->mx = apr_array_make(p, 4, sizeof(const char *));
    if (len > MTA_STS_POLICY_READ_MAX) {
        report(&r, MTA_STS_ERROR, "policy-too-long", "keep the policy under 10240 bytes",
               "the policy is longer than 64 KiB, where senders stop reading");
        return policy;
    }
    if (len == 0) {
        report(&r, MTA_STS_ERROR, "policy-empty",
               "write version, mode, mx and max_age, each on its own line", "the policy is empty");
        return policy;
    }
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        r.line = 1;
        report(&r, MTA_STS_ERROR, "byte-order-mark", "save the file without a byte order mark",
               "the policy starts with a byte order mark");
        r.line = 0;
        text += 3;
        len -= 3;
    }
    read_lines(&r, text, len);
    check_missing(&r);
    check_whole(&r, len);
    if (!r.errors) {
        mta_sts_policy_check(policy, SUBJECT, findings);
    }
    return policy;
}
