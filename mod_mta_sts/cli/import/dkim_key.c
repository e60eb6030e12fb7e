/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/dkim_key.h"

#include <string.h>

#include <apr_strings.h>

/* A tag of a key record, up to ";": its value and length, or NULL. */
static const char *find_services(const char *key, apr_size_t *len)
{
    const char *tag = key;

    while (tag) {
        tag += strspn(tag, " \t;");
        if (tag[0] == 's' && tag[1 + strspn(tag + 1, " \t")] == '=') {
            tag = strchr(tag, '=') + 1;
            *len = strcspn(tag, ";");
            return tag;
        }
        tag = strchr(tag, ';');
    }
    return NULL;
}

/* Whether a list of service types, separated by colons, has this one. */
static int has_service(apr_pool_t *p, const char *list, apr_size_t len, const char *service)
{
    char *last, *one = apr_strtok(apr_pstrmemdup(p, list, len), ": \t", &last);

    for (; one; one = apr_strtok(NULL, ": \t", &last)) {
        if (strcmp(one, service) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *cli_dkim_key_accept_tlsrpt(apr_pool_t *p, const char *key)
{
    apr_size_t len;
    const char *services = find_services(key, &len);

    if (!services || !has_service(p, services, len, "tlsrpt")) {
        return key;
    }
    return apr_pstrcat(p, apr_pstrmemdup(p, key, (apr_size_t)(services - key)), "*", services + len,
                       NULL);
}
