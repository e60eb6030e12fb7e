/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/base/name.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-."

static void check_refusal(const char *error)
{
    CHECK(is_printable(error));
    CHECK(strlen(error) < 1000);
}

static void check_canonical(const char *name)
{
    CHECK(strlen(name) >= 1 && strlen(name) <= 253);
    CHECK(name[strspn(name, NAME_CHARACTERS)] == '\0');
    CHECK(name[strlen(name) - 1] != '.');
}

static const char *upper(apr_pool_t *p, const char *name)
{
    char *copy = apr_pstrdup(p, name), *c;

    for (c = copy; *c; c++) {
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    }
    return copy;
}

/* Both forms give the same name, and a name gives itself. */
static const char *check_host(apr_pool_t *p, const char *text)
{
    const char *name = NULL, *again = NULL, *strict = NULL;
    const char *error = mta_sts_name_parse_host(p, text, MTA_STS_NAME_ULABEL, &name);
    const char *strict_error = mta_sts_name_parse_host(p, text, MTA_STS_NAME_ALABEL, &strict);

    CHECK(!error || strict_error);
    CHECK(strict_error || strcmp(strict, name) == 0);
    if (strict_error) {
        check_refusal(strict_error);
    }
    if (error) {
        check_refusal(error);
        return NULL;
    }
    check_canonical(name);
    CHECK(!mta_sts_name_parse_host(p, name, MTA_STS_NAME_ALABEL, &again));
    CHECK(strcmp(again, name) == 0);
    CHECK(!mta_sts_name_parse_host(p, upper(p, name), MTA_STS_NAME_ULABEL, &again));
    CHECK(strcmp(again, name) == 0);
    return name;
}

/* A policy domain is a host name that can be prefixed with "mta-sts.". */
static void check_domain(apr_pool_t *p, const char *text, const char *name)
{
    const char *domain = NULL, *policy_host, *again;
    const char *error = mta_sts_name_parse_domain(p, text, &domain);

    if (error) {
        check_refusal(error);
        return;
    }
    CHECK(name && strcmp(domain, name) == 0);
    CHECK(mta_sts_name_policy_domain(domain) == NULL);
    policy_host = apr_pstrcat(p, MTA_STS_POLICY_HOST_PREFIX, domain, NULL);
    CHECK(!mta_sts_name_parse_host(p, policy_host, MTA_STS_NAME_ALABEL, &again));
    CHECK(strcmp(again, policy_host) == 0);
    CHECK(strcmp(mta_sts_name_policy_domain(policy_host), domain) == 0);
}

/* RFC 8461 section 4.1, implemented differently from the core. */
static int should_match(apr_pool_t *p, const char *pattern, const char *host)
{
    char *name = apr_pstrdup(p, host);
    size_t len = strlen(name);

    if (len && name[len - 1] == '.') {
        name[len - 1] = '\0';
    }
    if (pattern[0] == '*') {
        size_t label = strcspn(name, ".");

        return label > 0 && name[label] == '.' &&
               strcmp(upper(p, name + label + 1), upper(p, pattern + 2)) == 0;
    }
    return strcmp(upper(p, name), upper(p, pattern)) == 0;
}

static void check_wildcard(apr_pool_t *p, const char *pattern)
{
    const char *tail = pattern + 1;

    check_canonical(tail + 1);
    CHECK(mta_sts_name_matches_mx(pattern, apr_pstrcat(p, "a", tail, NULL)));
    CHECK(!mta_sts_name_matches_mx(pattern, tail));
    CHECK(!mta_sts_name_matches_mx(pattern, tail + 1));
    CHECK(!mta_sts_name_matches_mx(pattern, apr_pstrcat(p, "a.b", tail, NULL)));
}

static void check_mx(apr_pool_t *p, const char *text, const char *host)
{
    const char *pattern = NULL, *again = NULL;
    const char *error = mta_sts_name_parse_mx(p, text, MTA_STS_NAME_ULABEL, &pattern);

    if (error) {
        check_refusal(error);
        return;
    }
    CHECK(strlen(pattern) <= 253);
    CHECK(!mta_sts_name_parse_mx(p, pattern, MTA_STS_NAME_ALABEL, &again));
    CHECK(strcmp(again, pattern) == 0);
    if (pattern[0] == '*') {
        check_wildcard(p, pattern);
    }
    else {
        check_canonical(pattern);
        CHECK(mta_sts_name_matches_mx(pattern, pattern));
        CHECK(mta_sts_name_matches_mx(pattern, upper(p, pattern)));
        CHECK(mta_sts_name_matches_mx(pattern, apr_pstrcat(p, pattern, ".", NULL)));
    }
    CHECK(!mta_sts_name_matches_mx(pattern, host) == !should_match(p, pattern, host));
}

/* The first line is the text that is read; the rest is a host to match with it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *text = apr_pstrmemdup(p, (const char *)data, size);
    const char *newline = strchr(text, '\n');
    const char *host = newline ? newline + 1 : "";
    const char *domain = mta_sts_name_policy_domain(host);

    if (newline) {
        text = apr_pstrmemdup(p, text, (apr_size_t)(newline - text));
    }
    CHECK(!domain || (domain == host + 8 && *domain));
    check_domain(p, text, check_host(p, text));
    check_mx(p, text, host);
    apr_pool_destroy(p);
    return 0;
}
