/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/buffer.h"
#include "core/base/text.h"

static const char blanks[] = " \t\r\n\v\f";

/* The fields, and how people write them: compared without case, "-", "_" and blanks. */
static const char *const fields[] = {"version", "mode", "mx", "max_age"};
#define FIELDS (int)(sizeof(fields) / sizeof(fields[0]))
#define FIELD_MODE 1
#define FIELD_MX 2
#define FIELD_MAX_AGE 3

static const struct {
    const char *bare;
    int field;
} names[] = {
    {"version", 0},
    {"v", 0},
    {"mode", FIELD_MODE},
    {"policymode", FIELD_MODE},
    {"mx", FIELD_MX},
    {"mxs", FIELD_MX},
    {"mxhost", FIELD_MX},
    {"mxhosts", FIELD_MX},
    {"mxserver", FIELD_MX},
    {"mxservers", FIELD_MX},
    {"mxrecord", FIELD_MX},
    {"mxrecords", FIELD_MX},
    {"maxage", FIELD_MAX_AGE},
    {"maxages", FIELD_MAX_AGE},
    {"ttl", FIELD_MAX_AGE},
};
#define NAMES (int)(sizeof(names) / sizeof(names[0]))

typedef struct state {
    mta_sts_repair *repair;
    mta_sts_buffer *out;
    int is_json;         /* so that commas and quotation marks are part of the notation */
    int field;           /* of the previous line: a list of mx hosts may continue without a name;
                            -1: none */
    const char *max_age; /* a value that may continue after a separator: "604" of "604,800"; or
                            NULL */
} state;

static void note(state *s, const char *clause)
{
    mta_sts_repair_note(s->repair, clause);
}

/* Records a repair unless the notation of JSON explains it. */
static void note_unless_json(state *s, const char *clause)
{
    if (!s->is_json) {
        note(s, clause);
    }
}

static char *trim(char *text, const char *what)
{
    char *end;

    text += strspn(text, what);
    end = text + strlen(text);
    while (end > text && strchr(what, end[-1])) {
        end--;
    }
    *end = '\0';
    return text;
}

/* The length of the field name at text, compared as above; 0: the text has another name. */
static apr_size_t match_name(const char *text, const char *bare)
{
    const char *c, *at = bare;

    for (c = text; *at; c++) {
        if (apr_tolower(*c) == *at) {
            at++;
        }
        else if (at == bare || !*c || !strchr("-_ ", *c)) {
            return 0;
        }
    }
    return (apr_size_t)(c - text);
}

/* The length of a field name at text that is followed by ":" or "=", else 0. */
static apr_size_t match_field(const char *text, int *field)
{
    int i;

    for (i = 0; i < NAMES; i++) {
        apr_size_t len = match_name(text, names[i].bare);
        const char *sign;

        if (len && names[i].field == FIELD_MX) {
            len += strspn(text + len, "0123456789_[]"); /* "mx1:" and "mx[]:" */
        }
        sign = text + len + strspn(text + len, " \t\"'`*");
        if (len && (*sign == ':' || *sign == '=')) {
            *field = names[i].field;
            return len;
        }
    }
    return 0;
}

/* Inserts a newline before each field that begins in the middle of a line. */
static char *part_fields(state *s, const char *text)
{
    mta_sts_buffer *out = mta_sts_buffer_make(s->repair->p);
    const char *c;
    int field, is_first = 1;

    for (c = text; *c; c++) {
        int begins = c > text && strchr(" \t\"'{,;|", c[-1]) && match_field(c, &field);

        if (begins && !is_first) {
            mta_sts_buffer_puts(out, "\n");
        }
        if (*c == '\n') {
            is_first = 1;
        }
        else if ((c == text || strchr(" \t\"'{,;|\n", c[-1])) && match_field(c, &field)) {
            is_first = 0;
        }
        mta_sts_buffer_add(out, c, 1);
    }
    mta_sts_buffer_add(out, "", 1);
    return out->bytes;
}

static void put_line(state *s, const char *name, const char *value)
{
    mta_sts_buffer_printf(s->out, "%s: %s\r\n", name, value);
}

static void put_mx(state *s, char *value)
{
    apr_array_header_t *hosts = mta_sts_repair_mx_list(s->repair, value);
    int i;

    for (i = 0; i < hosts->nelts; i++) {
        put_line(s, "mx", APR_ARRAY_IDX(hosts, i, const char *));
    }
    if (hosts->nelts > 1 || s->field == FIELD_MX + FIELDS) {
        note(s, "has several MX hosts on one line");
    }
}

static void put_field(state *s, int field, char *value)
{
    s->max_age = NULL;
    if (field == FIELD_MX) {
        put_mx(s, value);
    }
    else if (field == FIELD_MAX_AGE) {
        s->max_age = value;
    }
    else {
        const char *meant = field == FIELD_MODE ? mta_sts_repair_mode(s->repair->p, value)
                                                : mta_sts_repair_version(s->repair->p, value);

        if (strcmp(meant, value) != 0) {
            note(s, apr_psprintf(s->repair->p, "spells %s as %s",
                                 mta_sts_text_quote(s->repair->p, meant, strlen(meant)),
                                 mta_sts_text_quote(s->repair->p, value, strlen(value))));
        }
        put_line(s, fields[field], meant);
    }
}

static void end_max_age(state *s)
{
    if (s->max_age) {
        put_line(s, fields[FIELD_MAX_AGE], mta_sts_repair_max_age(s->repair, s->max_age));
        s->max_age = NULL;
    }
}

/* Removes a comment after a value: "604800 # a week". */
static void cut_remark(state *s, char *value)
{
    char *c;

    for (c = value; *c; c++) {
        int is_comment = *c == '#' || strncmp(c, "//", 2) == 0;

        if (c > value && strchr(" \t", c[-1]) && (is_comment || *c == '(')) {
            note(s, is_comment ? "contains comments" : "contains remarks in parentheses");
            *c = '\0';
            return;
        }
    }
}

/* Handles a line, or a part of one, that begins with a known field. */
static void read_known(state *s, char *segment, apr_size_t len, int field)
{
    char *sign = segment + len + strspn(segment + len, " \t\"'`*");

    if (strncmp(segment, fields[field], len) != 0 || strlen(fields[field]) != len) {
        note(s, apr_psprintf(s->repair->p, "spells \"%s\" as %s", fields[field],
                             mta_sts_text_quote(s->repair->p, segment, len)));
    }
    if (*sign == '=') {
        note(s, "has \"=\" after the field names instead of \":\"");
    }
    else if (sign > segment + len &&
             strspn(segment + len, " \t") == (apr_size_t)(sign - segment) - len) {
        note(s, "has a blank before \":\"");
    }
    if (sign[1] && strchr(":=>", sign[1])) {
        sign += strspn(sign, ":=>") - 1;
        note(s, "has more than \":\" after the field names");
    }
    if (sign[1 + strspn(sign + 1, " \t")] == '\'') {
        note_unless_json(s, "contains quotation marks");
    }
    end_max_age(s);
    s->field = field;
    cut_remark(s, sign + 1);
    put_field(s, field, trim(sign + 1, " \t\"'`{}/"));
}

static int is_decoration(state *s, const char *segment)
{
    if (strncmp(segment, "```", 3) == 0 || strncmp(segment, "~~~", 3) == 0) {
        note(s, "contains Markdown code fences");
        return 1;
    }
    if (strcmp(segment, "---") == 0 || strcmp(segment, "...") == 0) {
        note(s, "contains YAML document markers");
        return 1;
    }
    if (*segment == '#' || strncmp(segment, "//", 2) == 0 || strncmp(segment, "<!--", 4) == 0 ||
        strncmp(segment, "/*", 2) == 0 || apr_cstr_casecmpn(segment, "rem ", 4) == 0) {
        note(s, "contains comments");
        return 1;
    }
    if (strncmp(segment, "$ ", 2) == 0) {
        note(s, "contains the shell command");
        return 1;
    }
    if (strncmp(segment, "-----", 5) == 0 ||
        (*segment == '[' && segment[strlen(segment) - 1] == ']' && !strchr(segment, '.'))) {
        note(s, "contains a heading");
        return 1;
    }
    return 0;
}

static int is_host(const char *text)
{
    return strchr(text, '.') && !strpbrk(text, " :=/");
}

/* Handles the text between two separators; after ";", what is neither a field nor a host is a
 * comment, as in zone files. */
static void read_segment(state *s, char *segment, int is_after_semicolon)
{
    int field = -1;
    apr_size_t len;

    segment = trim(segment, blanks);
    if (is_decoration(s, segment)) {
        return;
    }
    if (segment[0] && strchr("-*>+", segment[0]) && segment[1] == ' ') {
        note(s, "contains list markers");
        segment += 2;
    }
    if (strpbrk(segment, "\"`") || *segment == '\'') {
        note_unless_json(s, "contains quotation marks");
    }
    segment = trim(segment, " \t\"'`{}");
    len = match_field(segment, &field);
    if (len) {
        read_known(s, segment, len, field);
    }
    else if (s->max_age && strlen(segment) == 3 && strspn(segment, "0123456789") == 3) {
        note(s, "has separators in the number of seconds");
        s->max_age = apr_pstrcat(s->repair->p, s->max_age, segment, NULL);
    }
    else if (s->field % FIELDS == FIELD_MX && is_host(segment)) {
        s->field = FIELD_MX + FIELDS;
        put_mx(s, segment);
    }
    else if (*segment && is_after_semicolon) {
        note(s, "contains comments");
    }
    else if (*segment && strcmp(segment, "[") != 0 && strcmp(segment, "]") != 0) {
        end_max_age(s);
        mta_sts_buffer_printf(s->out, "%s\r\n", segment);
    }
}

/* Splits a line at ";", "," and "|", and records that. */
static void read_line(state *s, char *line)
{
    char *segment = line, *end;
    int is_after_semicolon = 0;

    if (strchr(" \t", *line) && *line) {
        note(s, "has lines that start with a blank");
    }
    if (!*line) {
        note(s, "contains empty lines");
    }
    while (*(end = segment + strcspn(segment, ";,|"))) {
        note_unless_json(s, *end == ';'   ? "contains \";\", which belongs in TXT records"
                            : *end == ',' ? "contains a comma"
                                          : "contains \"|\"");
        read_segment(s, apr_pstrmemdup(s->repair->p, segment, (apr_size_t)(end - segment)),
                     is_after_semicolon);
        is_after_semicolon = *end == ';';
        segment = end + 1;
    }
    read_segment(s, segment, is_after_semicolon);
}

void mta_sts_repair_policy(mta_sts_repair *repair)
{
    state s = {repair, mta_sts_buffer_make(repair->p), 0, -1, NULL};
    char *line, *next;

    if (memchr(repair->text, '\0', repair->len)) {
        return;
    }
    if (memchr(repair->text, '{', repair->len)) {
        note(&s, "is JSON");
        s.is_json = 1;
    }
    line = part_fields(&s, repair->text);
    if (strlen(line) != repair->len) {
        note_unless_json(&s, "has several fields on one line");
    }
    for (; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next) {
            *next++ = '\0';
        }
        if (*line && line[strlen(line) - 1] == '\r') {
            line[strlen(line) - 1] = '\0';
        }
        read_line(&s, line);
    }
    end_max_age(&s);
    repair->text = apr_pstrmemdup(repair->p, s.out->len ? s.out->bytes : "", s.out->len);
    repair->len = s.out->len;
}
