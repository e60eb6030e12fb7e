/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/imap_response.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#define NESTED_MAX 100 /* maximum nesting depth of lists */
#define UIDS_MAX 2000000
#define LITERAL_DIGITS 10
#define SYNTAX_ERROR "the server's answer is not IMAP"

/* The bytes that are left to parse. */
typedef struct reader {
    const char *at, *end;
} reader;

/* --- where a response ends --- */

static int starts_with(const reader *r, const char *word)
{
    apr_size_t len = strlen(word);

    return (apr_size_t)(r->end - r->at) >= len && apr_cstr_casecmpn(r->at, word, len) == 0;
}

/* Whether a response may contain literals. Only data does; the text of a status may end in the same
 * way by chance. */
static int may_have_literals(const char *bytes, apr_size_t len)
{
    static const char *const statuses[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};
    reader r = {bytes, bytes + len};
    apr_size_t i;

    if (!starts_with(&r, "* ")) {
        return 0;
    }
    r.at += 2;
    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (starts_with(&r, statuses[i])) {
            return 0;
        }
    }
    return 1;
}

/* The size of the literal that a line announces at its end; -1: there is none. */
static apr_int64_t literal_of(const char *line, const char *end)
{
    apr_int64_t size = 0, unit = 1;
    const char *c = end - 1;

    if (end - line < 3 || *c != '}') {
        return -1;
    }
    for (c--; c >= line && *c >= '0' && *c <= '9' && end - c <= LITERAL_DIGITS + 1; c--) {
        size += unit * (*c - '0');
        unit *= 10;
    }
    return c >= line && *c == '{' && unit > 1 ? size : -1;
}

static const char *without_line_end(const char *line, const char *newline)
{
    return newline > line && newline[-1] == '\r' ? newline - 1 : newline;
}

const char *cli_imap_response_find(const char *bytes, apr_size_t len, apr_size_t most,
                                   apr_size_t *taken)
{
    static const char too_large[] = "the server sent more than was asked for";
    int has_literals = may_have_literals(bytes, len);
    apr_size_t at = 0;

    *taken = 0;
    while (at < len) {
        const char *newline = memchr(bytes + at, '\n', len - at);
        apr_int64_t literal;

        if (!newline) {
            break;
        }
        literal = has_literals ? literal_of(bytes + at, without_line_end(bytes + at, newline)) : -1;
        at = (apr_size_t)(newline + 1 - bytes);
        if (at > most || (literal > 0 && (apr_size_t)literal > most - at)) {
            return too_large;
        }
        if (literal < 0) {
            *taken = at;
            return NULL;
        }
        at += (apr_size_t)literal;
    }
    return len > most ? too_large : NULL;
}

/* --- the parts of a response --- */

static int take_char(reader *r, char c)
{
    if (r->at < r->end && *r->at == c) {
        r->at++;
        return 1;
    }
    return 0;
}

/* Takes the text up to one of these characters, or to the end. */
static const char *take_until(apr_pool_t *p, reader *r, const char *ends)
{
    const char *start = r->at;

    while (r->at < r->end && !strchr(ends, *r->at)) {
        r->at++;
    }
    return apr_pstrmemdup(p, start, (apr_size_t)(r->at - start));
}

/* Takes a decimal number of 1..2^32-1; 0 if it is anything else. */
static apr_uint32_t take_number(reader *r)
{
    apr_uint64_t number = 0;
    const char *start = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - start <= LITERAL_DIGITS) {
        number = number * 10 + (apr_uint64_t)(*r->at++ - '0');
    }
    return number <= 0xffffffffu ? (apr_uint32_t)number : 0;
}

/* --- OK, NO, BAD, BYE --- */

static cli_imap_status take_status(reader *r)
{
    static const struct {
        const char *word;
        cli_imap_status status;
    } statuses[] = {
        {"OK", CLI_IMAP_OK}, {"NO", CLI_IMAP_NO}, {"BAD", CLI_IMAP_BAD}, {"BYE", CLI_IMAP_BYE}};
    apr_size_t i;

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        apr_size_t len = strlen(statuses[i].word);

        if (starts_with(r, statuses[i].word) && (r->at + len == r->end || r->at[len] == ' ')) {
            r->at += len;
            take_char(r, ' ');
            return statuses[i].status;
        }
    }
    return CLI_IMAP_NO_STATUS;
}

static void read_text(apr_pool_t *p, reader *r, cli_imap_response *response)
{
    if (take_char(r, '[')) {
        response->code = take_until(p, r, "]");
        take_char(r, ']');
        take_char(r, ' ');
    }
    response->text = apr_pstrmemdup(p, r->at, (apr_size_t)(r->end - r->at));
}

/* --- SEARCH --- */

static const char *read_search(apr_pool_t *p, reader *r, cli_imap_response *response)
{
    apr_array_header_t *uids = apr_array_make(p, 16, sizeof(apr_uint32_t));

    response->kind = CLI_IMAP_SEARCH;
    response->uids = uids;
    while (take_char(r, ' ') && r->at < r->end && *r->at != '(' && *r->at != ' ') {
        apr_uint32_t uid = take_number(r);

        if (!uid || (r->at < r->end && *r->at != ' ') || uids->nelts == UIDS_MAX) {
            return uids->nelts == UIDS_MAX
                       ? "the mailbox has more than 2000000 messages to read: use --since"
                       : SYNTAX_ERROR;
        }
        APR_ARRAY_PUSH(uids, apr_uint32_t) = uid;
    }
    return NULL;
}

/* --- FETCH: a list of names and values --- */

typedef struct value {
    const char *bytes; /* contents of a string; else NULL */
    apr_size_t len;
    apr_uint32_t number; /* value of a number; else 0 */
} value;

/* Takes a quoted string. Escapes are not decoded, because no string that matters has any. */
static int take_quoted(reader *r, value *found)
{
    found->bytes = ++r->at;
    while (r->at < r->end && *r->at != '"') {
        r->at += *r->at == '\\' && r->at + 1 < r->end ? 2 : 1;
    }
    found->len = (apr_size_t)(r->at - found->bytes);
    return take_char(r, '"');
}

static int take_literal(reader *r, value *found)
{
    const char *newline = memchr(r->at, '\n', (apr_size_t)(r->end - r->at));
    apr_int64_t size = newline ? literal_of(r->at, without_line_end(r->at, newline)) : -1;

    if (size < 0 || size > r->end - (newline + 1)) {
        return 0;
    }
    found->bytes = newline + 1;
    found->len = (apr_size_t)size;
    r->at = found->bytes + size;
    return 1;
}

/* Takes an atom, whose brackets may contain blanks and parentheses, as in BODY[HEADER.FIELDS
 * (TO)]. */
static reader take_atom(reader *r)
{
    reader atom = {r->at, r->at};
    int inside = 0;

    while (r->at < r->end && (inside || !strchr(" ()\"{", *r->at))) {
        inside = *r->at == '[' || (inside && *r->at != ']');
        r->at++;
    }
    atom.end = r->at;
    return atom;
}

static int take_value(reader *r, value *found);

/* Skips a list. */
static int skip_list(reader *r)
{
    int depth = 0;

    do {
        value ignored;

        if (take_char(r, '(')) {
            depth++;
        }
        else if (take_char(r, ')')) {
            depth--;
        }
        else if (!take_char(r, ' ') && !take_value(r, &ignored)) {
            return 0;
        }
    } while (depth && depth < NESTED_MAX);
    return depth == 0;
}

static int take_value(reader *r, value *found)
{
    reader atom;

    memset(found, 0, sizeof(*found));
    if (r->at == r->end) {
        return 0;
    }
    switch (*r->at) {
    case '"':
        return take_quoted(r, found);
    case '{':
        return take_literal(r, found);
    case '(':
        return skip_list(r);
    default:
        atom = take_atom(r);
        if (atom.at == atom.end) {
            return 0;
        }
        found->number = take_number(&atom);
        found->number = atom.at == atom.end ? found->number : 0;
        return 1;
    }
}

static void use_item(const reader *name, const value *found, cli_imap_response *response)
{
    if (starts_with(name, "UID") && name->end - name->at == 3) {
        response->uid = found->number;
    }
    else if (starts_with(name, "BODY[]")) {
        response->body = found->bytes;
        response->body_len = found->len;
    }
}

static const char *read_fetch(reader *r, cli_imap_response *response)
{
    response->kind = CLI_IMAP_FETCH;
    if (!take_char(r, ' ') || !take_char(r, '(')) {
        return SYNTAX_ERROR;
    }
    while (!take_char(r, ')')) {
        reader name = take_atom(r);
        value found;

        if (name.at == name.end || !take_char(r, ' ') || !take_value(r, &found)) {
            return SYNTAX_ERROR;
        }
        use_item(&name, &found, response);
        take_char(r, ' ');
    }
    return r->at == r->end ? NULL : SYNTAX_ERROR;
}

/* --- the kinds of responses --- */

/* Parses the rest after "* ". */
static const char *read_untagged(apr_pool_t *p, reader *r, cli_imap_response *response)
{
    const char *word;

    response->status = take_status(r);
    if (response->status) {
        response->kind = CLI_IMAP_STATUS;
        read_text(p, r, response);
        return NULL;
    }
    if (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        take_number(r);
        take_char(r, ' ');
        word = take_until(p, r, " ");
        return apr_cstr_casecmp(word, "FETCH") == 0 ? read_fetch(r, response) : NULL;
    }
    word = take_until(p, r, " ");
    if (apr_cstr_casecmp(word, "SEARCH") == 0) {
        return read_search(p, r, response);
    }
    if (apr_cstr_casecmp(word, "CAPABILITY") == 0) {
        response->kind = CLI_IMAP_CAPABILITY;
        response->text = apr_pstrmemdup(p, r->at, (apr_size_t)(r->end - r->at));
    }
    return NULL;
}

const char *cli_imap_response_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                                   const char *tag, cli_imap_response *response)
{
    reader r = {bytes, without_line_end(bytes, bytes + len - 1)};

    memset(response, 0, sizeof(*response));
    if (starts_with(&r, "* ")) {
        r.at += 2;
        return read_untagged(p, &r, response);
    }
    if (!starts_with(&r, tag) || r.at + strlen(tag) == r.end || r.at[strlen(tag)] != ' ') {
        return SYNTAX_ERROR; /* also for a continuation request: no command expects one */
    }
    r.at += strlen(tag) + 1;
    response->kind = CLI_IMAP_DONE;
    response->status = take_status(&r);
    read_text(p, &r, response);
    return response->status == CLI_IMAP_NO_STATUS || response->status == CLI_IMAP_BYE ? SYNTAX_ERROR
                                                                                      : NULL;
}

apr_uint32_t cli_imap_code_number(const cli_imap_response *response, const char *name)
{
    apr_size_t len = strlen(name);
    reader r;
    apr_uint32_t number;

    if (!response->code || apr_cstr_casecmpn(response->code, name, len) != 0 ||
        response->code[len] != ' ') {
        return 0;
    }
    r = (reader){response->code + len + 1, response->code + strlen(response->code)};
    number = take_number(&r);
    return r.at == r.end ? number : 0;
}

int cli_imap_has_capability(const char *list, const char *name)
{
    apr_size_t len = strlen(name);
    const char *at;

    for (at = list; *at; at += strcspn(at, " ")) {
        at += strspn(at, " ");
        if (apr_cstr_casecmpn(at, name, len) == 0 && (at[len] == ' ' || !at[len])) {
            return 1;
        }
    }
    return 0;
}
