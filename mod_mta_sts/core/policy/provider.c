/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/provider.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/name.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const mta_sts_provider providers[] = {
#define PROVIDER(name, hosts, domains, patterns, pitfall, source, date)                            \
    {name, hosts, domains, patterns, pitfall, source, date},
#include "core/policy/providers.def"
#undef PROVIDER
};

/* Whether a name is one of the domains of a list or below one of them. */
static int is_in(const char *name, const char *list)
{
    apr_size_t name_len = strlen(name);

    while (*list) {
        apr_size_t len = strcspn(list, " ");
        const char *tail = name + name_len - len;

        if (name_len >= len && apr_cstr_casecmpn(tail, list, len) == 0 &&
            (tail == name || tail[-1] == '.')) {
            return 1;
        }
        list += len;
        list += *list == ' ';
    }
    return 0;
}

const mta_sts_provider *mta_sts_provider_of_host(const char *host)
{
    size_t i;

    for (i = 0; i < COUNT(providers); i++) {
        if (is_in(host, providers[i].hosts)) {
            return providers + i;
        }
    }
    return NULL;
}

const mta_sts_provider *mta_sts_provider_of_pattern(const char *pattern)
{
    const char *name = strncmp(pattern, "*.", 2) == 0 ? pattern + 2 : pattern;
    const mta_sts_provider *found = mta_sts_provider_of_host(name);
    size_t i;

    for (i = 0; !found && i < COUNT(providers); i++) {
        found = is_in(name, providers[i].domains) ? providers + i : NULL;
    }
    return found;
}

int mta_sts_provider_documents(const mta_sts_provider *provider, const char *pattern)
{
    const char *at = provider->patterns;

    while (*at) {
        apr_size_t len = strcspn(at, " ");

        if (strlen(pattern) == len && apr_cstr_casecmpn(pattern, at, len) == 0) {
            return 1;
        }
        at += len;
        at += *at == ' ';
    }
    return 0;
}

const char *mta_sts_provider_pattern(apr_pool_t *p, const char *host)
{
    const mta_sts_provider *provider = mta_sts_provider_of_host(host);
    const char *at = provider ? provider->patterns : "";

    while (*at) {
        apr_size_t len = strcspn(at, " ");
        const char *pattern = apr_pstrmemdup(p, at, len);

        if (mta_sts_name_matches_mx(pattern, host)) {
            return pattern;
        }
        at += len;
        at += *at == ' ';
    }
    return host;
}
