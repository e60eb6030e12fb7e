/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/scope.h"

#include <stdlib.h>
#include <string.h>

#include <apr_fnmatch.h>
#include <apr_strings.h>

#include "core/base/name.h"

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *add_sorted(apr_array_header_t *names, const char *prefix, char *to)
{
    int i;

    qsort(names->elts, (size_t)names->nelts, (size_t)names->elt_size, compare);
    for (i = 0; i < names->nelts; i++) {
        to = apr_cpystrn(to, prefix, strlen(prefix) + 1);
        to = apr_cpystrn(to, APR_ARRAY_IDX(names, i, const char *),
                         strlen(APR_ARRAY_IDX(names, i, const char *)) + 1);
        *to++ = '\n';
    }
    return to;
}

static apr_size_t length_of(const apr_array_header_t *names)
{
    apr_size_t len = 0;
    int i;

    for (i = 0; i < names->nelts; i++) {
        len += strlen(APR_ARRAY_IDX(names, i, const char *)) + 2;
    }
    return len;
}

const char *tlsrpt_scope_render(apr_pool_t *p, apr_array_header_t *names,
                                apr_array_header_t *aliases)
{
    static const char alias[] = {TLSRPT_SCOPE_ALIAS, '\0'};
    char *text = apr_palloc(p, length_of(names) + length_of(aliases) + 1);
    char *end = add_sorted(aliases, alias, add_sorted(names, "", text));

    *end = '\0';
    return text;
}

/* The beginning of the line that contains a position. */
static apr_size_t begin_of(const char *text, apr_size_t at)
{
    while (at > 0 && text[at - 1] != '\n') {
        at--;
    }
    return at;
}

static apr_size_t end_of(const char *text, apr_size_t len, apr_size_t at)
{
    const char *end = memchr(text + at, '\n', len - at);

    return end ? (apr_size_t)(end - text) : len;
}

/* Compares a line with a name, like strcmp(). */
static int compare_line(const char *line, apr_size_t len, const char *name)
{
    apr_size_t name_len = strlen(name);
    int order = memcmp(line, name, len < name_len ? len : name_len);

    return order ? order : len < name_len ? -1 : len > name_len;
}

/* The beginning of the first line that is not less than a name. */
static apr_size_t find(const char *text, apr_size_t len, const char *name)
{
    apr_size_t low = 0, high = len;

    while (low < high) {
        apr_size_t begin = begin_of(text, low + (high - low) / 2);
        apr_size_t end = end_of(text, len, begin);

        if (compare_line(text + begin, end - begin, name) < 0) {
            low = end < len ? end + 1 : len;
        }
        else {
            high = begin;
        }
    }
    return low;
}

static int has_line(const char *text, apr_size_t len, const char *name)
{
    apr_size_t at = find(text, len, name);

    return at < len && compare_line(text + at, end_of(text, len, at) - at, name) == 0;
}

static int has_alias(apr_pool_t *p, const char *text, apr_size_t len, const char *name)
{
    const char *host = apr_pstrcat(p, MTA_STS_POLICY_HOST_PREFIX, name, NULL);
    static const char first[] = {TLSRPT_SCOPE_ALIAS, '\0'};
    apr_size_t at = find(text, len, first);

    while (at < len && text[at] == TLSRPT_SCOPE_ALIAS) {
        apr_size_t end = end_of(text, len, at);
        const char *pattern = apr_pstrmemdup(p, text + at + 1, end - at - 1);

        if (apr_fnmatch(pattern, host, APR_FNM_CASE_BLIND) == APR_SUCCESS) {
            return 1;
        }
        at = end < len ? end + 1 : len;
    }
    return 0;
}

/* The pattern *.example.com matches hosts with exactly one more label (RFC 8461 section 4.1). */
int tlsrpt_scope_has(apr_pool_t *p, const char *text, apr_size_t len, const char *name)
{
    const char *parent = strchr(name, '.');

    return has_line(text, len, name) ||
           (parent && has_line(text, len, apr_pstrcat(p, "*", parent, NULL))) ||
           has_alias(p, text, len, name);
}
