/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/family.h"

#include <string.h>

static int family_of(const char *address)
{
    return strchr(address, ':') ? CLI_WATCH_IPV6 : CLI_WATCH_IPV4;
}

/* Whether an id is about connecting, so that an attempt to connect is enough to observe whether the
 * problem is over. */
static int is_about_connecting(const char *id)
{
    static const char *const endings[] = {"-refused", "-unreachable", "-connect-timeout",
                                          "-no-route", "-untried"};
    size_t i, len = strlen(id);

    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (len > strlen(endings[i]) && strcmp(id + len - strlen(endings[i]), endings[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static int shows_fetch(const mta_sts_policy_fetch *fetch, int is_connection)
{
    switch (fetch->status) {
    case MTA_STS_FETCH_NOT_TRIED:
    case MTA_STS_FETCH_NO_ROUTE:
        return 0;
    case MTA_STS_FETCH_REFUSED:
    case MTA_STS_FETCH_UNREACHABLE:
    case MTA_STS_FETCH_CONNECT_TIMEOUT:
        return is_connection;
    default:
        return 1;
    }
}

static int shows_probe(const mta_sts_mx_probe *probe, int is_connection)
{
    switch (probe->result) {
    case MTA_STS_SMTP_NOT_TRIED:
    case MTA_STS_SMTP_NO_ROUTE:
        return 0;
    case MTA_STS_SMTP_REFUSED:
    case MTA_STS_SMTP_UNREACHABLE:
        return is_connection;
    default:
        return is_connection || probe->result != MTA_STS_SMTP_TIMEOUT ||
               probe->stage != MTA_STS_SMTP_CONNECT;
    }
}

static void add(cli_watch_family *family, const char *address, int is_shown)
{
    family->published |= family_of(address);
    family->reached |= is_shown ? family_of(address) : 0;
}

/* If a query was not answered, there may be addresses. */
static void add_unknown(cli_watch_family *family, const mta_sts_answer *a,
                        const mta_sts_answer *aaaa)
{
    family->published |=
        a->status == MTA_STS_ANSWER_OK || mta_sts_answer_is_empty(a) ? 0 : CLI_WATCH_IPV4;
    family->published |=
        aaaa->status == MTA_STS_ANSWER_OK || mta_sts_answer_is_empty(aaaa) ? 0 : CLI_WATCH_IPV6;
}

static const mta_sts_check_mx *find_mx(const mta_sts_check_facts *facts, const char *host)
{
    int i;

    for (i = 0; i < facts->mxs->nelts; i++) {
        const mta_sts_check_mx *mx = APR_ARRAY_IDX(facts->mxs, i, const mta_sts_check_mx *);

        if (strcmp(mx->host, host) == 0) {
            return mx;
        }
    }
    return NULL;
}

static void look_at_mx(const mta_sts_check_mx *mx, const char *id, cli_watch_family *family)
{
    int i;

    for (i = 0; mx && i < mx->probes->nelts; i++) {
        const mta_sts_mx_probe *probe = APR_ARRAY_IDX(mx->probes, i, const mta_sts_mx_probe *);

        add(family, probe->address, shows_probe(probe, is_about_connecting(id)));
    }
    if (mx) {
        add_unknown(family, &mx->a, &mx->aaaa);
    }
}

static void look_at_host(const mta_sts_check_facts *facts, const char *id, cli_watch_family *family)
{
    int i;

    for (i = 0; i < facts->fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch =
            APR_ARRAY_IDX(facts->fetches, i, const mta_sts_policy_fetch *);

        add(family, fetch->address, shows_fetch(fetch, is_about_connecting(id)));
    }
    add_unknown(family, &facts->host_a, &facts->host_aaaa);
}

static int begins(const char *id, const char *prefix)
{
    return strncmp(id, prefix, strlen(prefix)) == 0;
}

cli_watch_family cli_watch_family_of(const mta_sts_check_facts *facts, mta_sts_check_part part,
                                     const char *subject, const char *id)
{
    cli_watch_family family = {0, 0};

    if (part == MTA_STS_CHECK_POLICY_HOST ||
        (part == MTA_STS_CHECK_POLICY && !begins(id, "pattern-"))) {
        look_at_host(facts, id, &family);
    }
    else if (part == MTA_STS_CHECK_MX && !begins(id, "mx-") && !begins(id, "dns-")) {
        look_at_mx(find_mx(facts, subject), id, &family);
    }
    return family;
}
