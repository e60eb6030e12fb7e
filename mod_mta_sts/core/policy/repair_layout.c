/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/buffer.h"

/* What follows the decoration at the start of a line; NULL: the line has none. */
typedef const char *skip_decoration(const char *line);

static apr_size_t line_length(const char *line)
{
    return strcspn(line, "\r\n");
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return *line ? line + 1 : line;
}

static int is_empty(const char *line)
{
    return strspn(line, " \t") >= line_length(line);
}

/* The length of the name of a field at the start of a line, with its quotation marks. */
static apr_size_t name_length(const char *line)
{
    static const char *const names[] = {"version", "mode", "mx", "max_age", "max-age", "maxage"};
    const char *name = line + strspn(line, " \t\"'|");
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        apr_size_t len = strlen(names[i]);

        if (apr_cstr_casecmpn(name, names[i], len) == 0 && !apr_isalnum(name[len])) {
            return (apr_size_t)(name - line) + len + strspn(name + len, "\"'");
        }
    }
    return 0;
}

/* Removes a decoration that all lines have, except empty ones. */
static void strip_each(mta_sts_repair *repair, skip_decoration *skip, const char *clause)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *line, *next;

    for (line = repair->text; *line; line = next) {
        const char *rest = is_empty(line) ? line : skip(line);

        next = next_line(line);
        if (!rest) {
            return;
        }
        mta_sts_buffer_add(out, rest, (apr_size_t)(next - rest));
    }
    mta_sts_repair_set(repair, out->bytes, out->len, clause);
}

static const char *skip_quote(const char *line)
{
    const char *c = line;

    while (*c == '>') {
        c += 1 + (c[1] == ' ');
    }
    return c > line ? c : NULL;
}

static const char *skip_plus(const char *line)
{
    return *line == '+' && line[1] != ' ' ? line + 1 : NULL;
}

static const char *skip_number(const char *line)
{
    const char *digits = line + strspn(line, " \t");
    const char *c = digits + strspn(digits, "0123456789");

    if (c == digits) {
        return NULL;
    }
    c += *c && strchr(".:)|", *c) != NULL;
    return *c == ' ' || *c == '\t' ? c + strspn(c, " \t") : NULL;
}

/* Removes the header of an HTTP response, as "curl -i" shows it. */
static void cut_header(mta_sts_repair *repair)
{
    const char *line = repair->text;

    if (strncmp(line, "HTTP/", 5) != 0) {
        return;
    }
    while (*line && !is_empty(line)) {
        line = next_line(line);
    }
    if (*line) {
        line = next_line(line);
        mta_sts_repair_set(repair, line, strlen(line),
                           "starts with the headers of an HTTP response");
    }
}

/* Whether a line begins with a field of a policy. */
static int is_field_line(const char *line)
{
    return name_length(line) != 0;
}

/* Removes the header of a mail or a document, up to the first empty line; a policy has neither. */
static void cut_other_header(mta_sts_repair *repair)
{
    const char *line = repair->text;

    for (; *line && !is_empty(line); line = next_line(line)) {
        apr_size_t len = strcspn(line, ": \t\r\n");

        if (is_field_line(line) || !len || line[len] != ':') {
            return;
        }
    }
    if (*line && line > repair->text && is_field_line(next_line(line))) {
        line = next_line(line);
        mta_sts_repair_set(repair, line, strlen(line), "starts with a header");
    }
}

/* Removes the signature of a mail, which begins with the line "-- ". */
static void cut_signature(mta_sts_repair *repair)
{
    const char *line;

    for (line = next_line(repair->text); *line; line = next_line(line)) {
        if (strncmp(line, "--", 2) == 0 && strspn(line + 2, " ") + 2 == line_length(line)) {
            mta_sts_repair_set(repair, repair->text, (apr_size_t)(line - repair->text),
                               "ends with an email signature");
            return;
        }
    }
}

/* "cat > FILE <<EOF" before the text, and "EOF" after it. */
static void cut_here_document(mta_sts_repair *repair)
{
    const char *mark = strstr(repair->text, "<<"), *text = next_line(repair->text), *line, *word;
    apr_size_t len;

    if (!mark || mark > text) {
        return;
    }
    word = mark + strspn(mark, "<-'\" ");
    len = strcspn(word, "'\" \r\n");
    for (line = text; *line; line = next_line(line)) {
        if (len && line_length(line) == len && strncmp(line, word, len) == 0) {
            break;
        }
    }
    mta_sts_repair_set(repair, text, (apr_size_t)(line - text), "contains the shell command");
}

/* Removes the marks of bold text; a wildcard has a single asterisk. */
static void remove_bold(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *c;

    for (c = repair->text; *c; c++) {
        if (strncmp(c, "**", 2) == 0) {
            c++;
        }
        else {
            mta_sts_buffer_add(out, c, 1);
        }
    }
    mta_sts_repair_set(repair, out->bytes, out->len, "contains Markdown asterisks");
}

/* People write dots in brackets ("example[.]com") so that programs do not turn names into links. */
static void join_dots(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *c = repair->text;

    while (*c) {
        char meant = '\0';
        apr_size_t len = *c == '[' || *c == '(' ? mta_sts_repair_spelled(c, &meant) : 0;

        mta_sts_buffer_add(out, len && meant == '.' ? &meant : c, 1);
        c += len && meant == '.' ? len : 1;
    }
    mta_sts_repair_set(repair, out->bytes, out->len, "has dots in brackets");
}

/* Programs that convert line ends twice leave an empty line after each line. */
static void join_doubled(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *line, *next;
    int empty = 0, full = 0;

    for (line = repair->text; *line; line = next) {
        next = next_line(line);
        if (is_empty(line)) {
            empty++;
        }
        else {
            full++;
            mta_sts_buffer_add(out, line, (apr_size_t)(next - line));
        }
    }
    if (full > 2 && empty >= full - 1) {
        mta_sts_repair_set(repair, out->bytes, out->len, "has an empty line after each line");
    }
}

/* The first byte after the name of a field, apart from blanks if something else follows them. */
static char find_separator(const char *line)
{
    apr_size_t len = name_length(line);
    const char *c = line + len, *sign = c + strspn(c, " \t");

    if (!len || sign >= line + line_length(line)) {
        return '\0';
    }
    return strchr(",;|", *sign) || (*sign == '-' && sign[1] == ' ') ? *sign
           : strchr(" \t", *c) && *sign != ':' && *sign != '='      ? *c
                                                                    : ':';
}

/* Reads a table of two columns: a line for each field, its name, a separator and its value. */
static void read_table(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    char separator = find_separator(repair->text);
    const char *line, *value;

    if (!separator || separator == ':') {
        return;
    }
    for (line = repair->text; *line; line = next_line(line)) {
        apr_size_t len = name_length(line), end = line_length(line);

        if (find_separator(line) != separator) {
            return;
        }
        value = line + len + strspn(line + len, separator == '-' ? " \t-" : " \t,;|");
        while (line + end > value && strchr(" \t,;|", line[end - 1])) {
            end--;
        }
        mta_sts_buffer_add(out, line, len);
        mta_sts_buffer_puts(out, ": ");
        mta_sts_buffer_add(out, value, (apr_size_t)(line + end - value));
        mta_sts_buffer_puts(out, "\n");
    }
    mta_sts_repair_set(repair, out->bytes, out->len,
                       apr_psprintf(repair->p, "has %s after its field names instead of \":\"",
                                    separator == '\t'  ? "a tab"
                                    : separator == ' ' ? "a blank"
                                    : separator == ',' ? "a comma"
                                    : separator == ';' ? "\";\""
                                    : separator == '-' ? "\"-\""
                                                       : "\"|\""));
}

/* The arguments of a directive at the start of a line, or NULL. */
static const char *arguments_of(const char *line, const char *directive)
{
    apr_size_t len = strlen(directive);

    line += strspn(line, " \t");
    return apr_cstr_casecmpn(line, directive, len) == 0 && strchr(" \t", line[len])
               ? line + len + strspn(line + len, " \t")
               : NULL;
}

static void put_field(mta_sts_buffer *out, const char *field, const char *value, apr_size_t len)
{
    mta_sts_buffer_puts(out, field);
    mta_sts_buffer_add(out, value, len);
    mta_sts_buffer_puts(out, "\n");
}

static void put_mx(mta_sts_buffer *out, const char *value)
{
    const char *end = value + line_length(value);

    while (value < end) {
        apr_size_t len = strcspn(value, " \t\r\n");

        put_field(out, "mx: ", value, len);
        value += len + strspn(value + len, " \t");
    }
}

/* Reads httpd's directives, which were given instead of the policy that they define. */
static void read_directives(mta_sts_repair *repair)
{
    mta_sts_buffer *mx = mta_sts_buffer_make(repair->p), *out = mta_sts_buffer_make(repair->p);
    const char *line, *value, *mode = "testing", *age = "604800";

    for (line = repair->text; *line; line = next_line(line)) {
        if ((value = arguments_of(line, "MTASTSMode")) != NULL) {
            mode = value;
        }
        else if ((value = arguments_of(line, "MTASTSMaxAge")) != NULL) {
            age = value;
        }
        else if ((value = arguments_of(line, "MTASTSMx")) != NULL) {
            put_mx(mx, value);
        }
    }
    if (mx->len) {
        put_field(out, "version: STSv1", "", 0);
        put_field(out, "mode: ", mode, line_length(mode));
        mta_sts_buffer_add(out, mx->bytes, mx->len);
        put_field(out, "max_age: ", age, line_length(age));
        mta_sts_repair_set(repair, out->bytes, out->len,
                           "contains httpd directives instead of the policy that they publish");
    }
}

void mta_sts_repair_layout(mta_sts_repair *repair)
{
    if (memchr(repair->text, '\0', repair->len)) {
        return;
    }
    strip_each(repair, skip_quote, "has email quote marks in front of its lines");
    strip_each(repair, skip_plus, "has diff marks in front of its lines");
    strip_each(repair, skip_number, "has line numbers");
    cut_header(repair);
    cut_other_header(repair);
    cut_signature(repair);
    cut_here_document(repair);
    mta_sts_repair_command(repair);
    mta_sts_repair_xml(repair);
    remove_bold(repair);
    join_dots(repair);
    join_doubled(repair);
    read_directives(repair);
    read_table(repair);
}
