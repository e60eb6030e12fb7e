/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/auth_results.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/format.h"

/* Reads tokens: a word or quoted string, or ";" or "="; "" at the end; NULL if the field is
 * malformed. */
typedef struct reader {
    apr_pool_t *p;
    const char *at;
    const char *token;
    int quoted;
} reader;

/* Skips a comment, which may be nested; NULL if it is not closed. */
static const char *skip_comment(const char *at)
{
    int depth = 0;

    do {
        if (*at == '\\' && at[1]) {
            at++;
        }
        else if (*at == '(') {
            depth++;
        }
        else if (*at == ')') {
            depth--;
        }
        else if (!*at) {
            return NULL;
        }
        at++;
    } while (depth);
    return at;
}

static const char *skip_blanks(const char *at)
{
    while (at && *at && strchr(" \t\r\n(", *at)) {
        at = *at == '(' ? skip_comment(at) : at + 1;
    }
    return at;
}

static void read_quoted(reader *r)
{
    char *out = apr_palloc(r->p, strlen(r->at));

    r->token = out;
    for (r->at++; *r->at && *r->at != '"'; r->at++) {
        if (*r->at == '\\' && r->at[1]) {
            r->at++;
        }
        *out++ = *r->at;
    }
    *out = '\0';
    if (*r->at++ != '"') {
        r->token = NULL;
    }
}

static void next_token(reader *r)
{
    apr_size_t len;

    r->quoted = 0;
    r->at = r->token ? skip_blanks(r->at) : NULL;
    if (!r->at) {
        r->token = NULL;
        return;
    }
    if (*r->at == '"') {
        r->quoted = 1;
        read_quoted(r);
        return;
    }
    len = strcspn(r->at, " \t\r\n(;=\"");
    len += !len && *r->at;
    r->token = apr_pstrmemdup(r->p, r->at, len);
    r->at += len;
}

static int is_end(const reader *r)
{
    return !r->token || (!r->quoted && (!*r->token || strcmp(r->token, ";") == 0));
}

static int is_sign(const reader *r, const char *sign)
{
    return r->token && !r->quoted && strcmp(r->token, sign) == 0;
}

/* Reads NAME = VALUE with blanks around the "="; anything else is skipped, and both are NULL. */
static void read_pair(reader *r, const char **name, const char **value)
{
    *name = *value = NULL;
    if (!is_end(r)) {
        const char *word = r->token;

        next_token(r);
        if (is_sign(r, "=")) {
            next_token(r);
            if (!is_end(r)) {
                *name = word;
                *value = r->token;
                next_token(r);
            }
        }
    }
}

/* Whether a result begins here, rather than the name of a server. */
static int is_result(reader r)
{
    const char *name, *value;

    read_pair(&r, &name, &value);
    return name != NULL;
}

/* Whether name is domain or below it; both must be in lower case. */
static int is_within(const char *name, const char *domain)
{
    apr_size_t name_len = strlen(name), len = strlen(domain);

    return strchr(domain, '.') && name_len >= len && strcmp(name + name_len - len, domain) == 0 &&
           (name_len == len || name[name_len - len - 1] == '.');
}

/* Reads one result up to its ";", which may be about DKIM or anything else. A signature has exactly
 * one domain: if several are given, the server has copied a part of the signature that contains
 * another one. */
static int read_result(reader *r, const char *from, const char **domain)
{
    const char *name, *value, *signer = NULL, *named = NULL;
    int is_dkim, passed;

    read_pair(r, &name, &value);
    is_dkim = name && apr_cstr_casecmpn(name, "dkim", 4) == 0 && (!name[4] || name[4] == '/');
    passed = is_dkim && apr_cstr_casecmp(value, "pass") == 0;
    while (!is_end(r)) {
        read_pair(r, &name, &value);
        if (name && apr_cstr_casecmp(name, "header.d") == 0) {
            signer = mta_sts_format_lower(r->p, value);
            passed &= !named || strcmp(named, signer) == 0;
            named = signer;
        }
        else if (name && !signer && apr_cstr_casecmp(name, "header.i") == 0 && strchr(value, '@')) {
            signer = mta_sts_format_lower(r->p, strrchr(value, '@') + 1);
        }
    }
    if (passed && signer && !*domain && is_within(from, signer)) {
        *domain = signer;
    }
    return is_dkim;
}

cli_auth_result cli_auth_results_read(apr_pool_t *p, const char *value, const char *authserv_id,
                                      const char *from, const char **domain)
{
    reader r = {.p = p, .at = value, .token = ""};
    int found = 0;

    *domain = NULL;
    if (authserv_id) {
        next_token(&r);
        if (!r.token || apr_cstr_casecmp(r.token, authserv_id) != 0) {
            return CLI_AUTH_OTHER;
        }
        next_token(&r);
        if (!is_end(&r) && strcmp(r.token, "1") != 0) {
            return CLI_AUTH_OTHER; /* an unknown version */
        }
        while (!is_end(&r)) {
            next_token(&r);
        }
    }
    else {
        next_token(&r);
        if (!is_result(r)) {
            return CLI_AUTH_OTHER;
        }
        found |= read_result(&r, from, domain);
    }
    while (is_sign(&r, ";")) {
        next_token(&r);
        found |= read_result(&r, from, domain);
    }
    if (!r.token) {
        *domain = NULL;
        return CLI_AUTH_OTHER;
    }
    return found ? CLI_AUTH_DKIM : CLI_AUTH_NOTHING;
}
