/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/text.h"

/* Repairs the MX hosts in a policy and in MTASTSMx. */

#define SEPARATORS " \t[]\"'`<>^$"

/* A host without a surrounding scheme, user, port or path, and with the "*." of a wildcard. */
static const char *repair_host(mta_sts_repair *repair, const char *typed)
{
    const char *scheme = strstr(typed, "://"), *at = strchr(typed, '@'), *host;

    host = at ? at + 1 : scheme ? scheme + 3 : typed;
    host = apr_pstrmemdup(repair->p, host, strcspn(host, ":/"));
    if (strlen(host) != strlen(typed)) {
        mta_sts_repair_note(repair,
                            apr_psprintf(repair->p, "has %s instead of a host name",
                                         mta_sts_text_quote(repair->p, typed, strlen(typed))));
    }
    if (*host == '.' || (*host == '*' && host[1] && host[1] != '.')) {
        mta_sts_repair_note(repair,
                            apr_psprintf(repair->p, "spells a wildcard as %s",
                                         mta_sts_text_quote(repair->p, host, strlen(host))));
        return apr_pstrcat(repair->p, *host == '.' ? "*" : "*.", host + (*host == '*'), NULL);
    }
    return host;
}

/* If the value is an MX record in a zone file, the text after "MX", where only a preference and a
 * host follow; else the whole value. */
static char *skip_record(mta_sts_repair *repair, char *value)
{
    char *c;

    for (c = value; *c; c++) {
        if ((c == value || strchr(" \t", c[-1])) && apr_cstr_casecmpn(c, "mx", 2) == 0 && c[2] &&
            strchr(" \t", c[2])) {
            mta_sts_repair_note(repair, "has an MX record instead of a host name");
            return c + 2;
        }
    }
    return value;
}

/* Whether an item of a list of hosts is not a host, but a preference or "and"; that is recorded as
 * a repair. */
static int is_word(mta_sts_repair *repair, const char *word)
{
    if (strspn(word, "0123456789") == strlen(word)) {
        mta_sts_repair_note(repair, "has the preference of an MX record before the host");
        return 1;
    }
    if (strchr(word, '.') || (unsigned char)*word >= 0x80) {
        return 0;
    }
    mta_sts_repair_note(repair, apr_psprintf(repair->p, "has %s next to host names",
                                             mta_sts_text_quote(repair->p, word, strlen(word))));
    return 1;
}

static const char *repair_pattern(mta_sts_repair *repair, char *host)
{
    apr_size_t len = strlen(host);
    const char *pattern;

    if (len > 1 && host[len - 1] == '.') {
        host[len - 1] = '\0';
        mta_sts_repair_note(repair, "has a host name that ends with a dot");
    }
    host = (char *)repair_host(repair, host);
    if (mta_sts_name_parse_mx(repair->p, host, MTA_STS_NAME_ULABEL, &pattern)) {
        return host;
    }
    if (strcmp(mta_sts_format_lower(repair->p, host), pattern) != 0) {
        mta_sts_repair_note(repair, "has a name that is not written with its A-labels (xn--...)");
    }
    return pattern;
}

/* Replaces each "/" between two hosts by a blank; the path of a URL is not a host. */
static void part_at_slashes(char *list)
{
    char *c;

    for (c = strstr(list, "://") ? NULL : strchr(list, '/'); c; c = strchr(c + 1, '/')) {
        apr_size_t len = strcspn(c + 1, "/ \t");

        if (memchr(c + 1, '.', len)) {
            *c = ' ';
        }
    }
}

apr_array_header_t *mta_sts_repair_mx_list(mta_sts_repair *repair, const char *value)
{
    apr_array_header_t *hosts = apr_array_make(repair->p, 2, sizeof(const char *));
    char *last, *host, *list = skip_record(repair, apr_pstrdup(repair->p, value));
    int is_list;

    part_at_slashes(list);
    is_list = strchr(list, '.') && strpbrk(list, SEPARATORS);
    if (strpbrk(list, "^$")) {
        mta_sts_repair_note(repair, "has a regular expression instead of a host name");
    }
    if (*list == '[' && !strpbrk(list, "\"',")) {
        mta_sts_repair_note(repair, "has square brackets around a host name");
    }
    if (strpbrk(list, "<>")) {
        mta_sts_repair_note(repair, "has angle brackets around a host name");
    }
    for (host = apr_strtok(list, SEPARATORS, &last); host;
         host = apr_strtok(NULL, SEPARATORS, &last)) {
        if (!is_list || !is_word(repair, host)) {
            APR_ARRAY_PUSH(hosts, const char *) = repair_pattern(repair, host);
        }
    }
    return hosts;
}

const char *mta_sts_repair_mx_args(apr_pool_t *p, const char *args, const char **clauses)
{
    mta_sts_repair repair = mta_sts_repair_begin(p, args, strlen(args));
    const char *pattern, *hosts = NULL;
    char *host, *last;

    mta_sts_repair_characters(&repair);
    if (strchr(repair.text, ',')) {
        mta_sts_repair_note(&repair, "contains a comma");
    }
    if (strchr(repair.text, ';')) {
        mta_sts_repair_note(&repair, "contains a semicolon");
    }
    host = apr_strtok(apr_pstrdup(p, repair.text), " \t\n,;\"'", &last);
    for (; host; host = apr_strtok(NULL, " \t\n,;\"'", &last)) {
        if (mta_sts_name_parse_mx(p, host, MTA_STS_NAME_ULABEL, &pattern)) {
            return NULL;
        }
        hosts = hosts ? apr_pstrcat(p, hosts, " ", host, NULL) : host;
    }
    *clauses = mta_sts_repair_clauses(&repair);
    return repair.found->nelts ? hosts : NULL;
}
