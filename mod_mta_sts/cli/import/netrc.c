/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/netrc.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#define BLANKS " \t\r\n"

/* An entry; its members are NULL where they are missing. */
typedef struct entry {
    const char *host; /* "": any, of "default" */
    const char *user, *password;
} entry;

static char unescape(char c)
{
    return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* Parses a quoted token, in the same way as libcurl. */
static const char *read_quoted(apr_pool_t *p, const char **at)
{
    char *token = apr_palloc(p, strlen(*at) + 1), *out = token;
    const char *c = *at + 1;

    for (; *c && *c != '"'; c++) {
        *out++ = *c == '\\' && c[1] ? unescape(*++c) : *c;
    }
    *out = '\0';
    *at = *c ? c + 1 : c;
    return token;
}

/* Returns the next token; NULL at the end. */
static const char *next_token(apr_pool_t *p, const char **at)
{
    const char *start;

    *at += strspn(*at, BLANKS);
    while (**at == '#') {
        *at += strcspn(*at, "\n");
        *at += strspn(*at, BLANKS);
    }
    if (!**at) {
        return NULL;
    }
    if (**at == '"') {
        return read_quoted(p, at);
    }
    start = *at;
    *at += strcspn(*at, BLANKS);
    return apr_pstrmemdup(p, start, (apr_size_t)(*at - start));
}

/* A macro ends with an empty line. */
static void skip_macro(const char **at)
{
    const char *end = strstr(*at, "\n\n");

    *at = end ? end : *at + strlen(*at);
}

static int is_of(const entry *found, const char *host, const char *user)
{
    return found->host && found->password &&
           (!*found->host || apr_cstr_casecmp(found->host, host) == 0) &&
           (!found->user || strcmp(found->user, user) == 0);
}

const char *cli_netrc_find(apr_pool_t *p, const char *text, const char *host, const char *user)
{
    entry found = {NULL, NULL, NULL};
    const char *token;

    while ((token = next_token(p, &text)) != NULL) {
        int is_default = strcmp(token, "default") == 0;

        if (is_default || strcmp(token, "machine") == 0) {
            if (is_of(&found, host, user)) {
                return found.password;
            }
            memset(&found, 0, sizeof(found));
            found.host = is_default ? "" : next_token(p, &text);
        }
        else if (strcmp(token, "login") == 0) {
            found.user = next_token(p, &text);
        }
        else if (strcmp(token, "password") == 0) {
            found.password = next_token(p, &text);
        }
        else if (strcmp(token, "account") == 0) {
            next_token(p, &text);
        }
        else if (strcmp(token, "macdef") == 0) {
            skip_macro(&text);
        }
    }
    return is_of(&found, host, user) ? found.password : NULL;
}
