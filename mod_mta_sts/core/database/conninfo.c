/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/conninfo.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

#define NOT_KEYWORDS                                                                               \
    "it must consist of KEY=VALUE pairs, as in \"host=db.example.com dbname=reports\""

/* Parameters whose values may be shown; the values of all others are treated as secrets. */
static const char *const shown[] = {"host", "hostaddr", "port", "dbname", "user", NULL};

/* Parameters that are not secret. If they were, a value such as "require" would be removed from
 * error texts. */
static const char *const harmless[] = {
    "application_name", "connect_timeout", "gssencmode", "options",  "sslcert",         "sslkey",
    "sslmode",          "sslrootcert",     "service",    "passfile", "channel_binding", NULL};

static int is_listed(const char *const *list, const char *word)
{
    for (; *list; list++) {
        if (strcmp(*list, word) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text)) {
        text++;
    }
    return text;
}

/* Reads the key before "="; returns what follows the sign, or NULL if there is none. */
static const char *read_key(apr_pool_t *p, const char *text, const char **key)
{
    const char *end = text;

    while (mta_sts_text_is_alnum(*end) || *end == '_') {
        end++;
    }
    *key = apr_pstrmemdup(p, text, (apr_size_t)(end - text));
    text = skip_blanks(end);
    return **key && *text == '=' ? skip_blanks(text + 1) : NULL;
}

/* Reads the value; returns what follows it, or NULL if a quotation is not closed. */
static const char *read_value(apr_pool_t *p, const char *text, const char **value)
{
    char *out = apr_palloc(p, strlen(text) + 1);
    int quoted = *text == '\'';

    *value = out;
    text += quoted;
    while (*text && (quoted ? *text != '\'' : !is_blank(*text))) {
        if (*text == '\\' && text[1]) {
            text++;
        }
        *out++ = *text++;
    }
    *out = '\0';
    return !quoted ? text : *text == '\'' ? text + 1 : NULL;
}

static void take_word(apr_pool_t *p, mta_sts_conninfo *info, const char *key, const char *value)
{
    if (is_listed(shown, key)) {
        const char *quoted = mta_sts_text_quote(p, value, strlen(value));
        apr_size_t len = strlen(quoted);

        info->shown = apr_pstrcat(p, info->shown, *info->shown ? " " : "", key, "=",
                                  apr_pstrmemdup(p, quoted + 1, len < 2 ? 0 : len - 2), NULL);
    }
    else if (!is_listed(harmless, key)) {
        APR_ARRAY_PUSH(info->secrets, const char *) = value;
    }
    info->has_timeout |= strcmp(key, "connect_timeout") == 0;
}

const char *mta_sts_conninfo_read(apr_pool_t *p, const char *text, mta_sts_conninfo *info)
{
    info->shown = "";
    info->secrets = apr_array_make(p, 1, sizeof(const char *));
    info->has_timeout = 0;
    for (text = skip_blanks(text); *text; text = skip_blanks(text)) {
        const char *key, *value;

        text = read_key(p, text, &key);
        if (!text) {
            return NOT_KEYWORDS;
        }
        /* libpq expands a dbname that looks like a conninfo, which may include a password. */
        text = read_value(p, text, &value);
        if (!text) {
            return "a quotation mark in it is not closed";
        }
        if (strcmp(key, "dbname") == 0 && (strchr(value, '=') || strstr(value, "://"))) {
            return "its dbname is not a plain name";
        }
        take_word(p, info, key, value);
    }
    return NULL;
}
