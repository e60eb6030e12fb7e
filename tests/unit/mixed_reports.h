/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_MIXED_REPORTS_H
#define TESTS_UNIT_MIXED_REPORTS_H

#include "index_fixture.h"

/* Reports of few senders about few domains, which agree, contradict and replace each other. */

/* Returns a pseudo-random number below a limit; the sequence is the same in each run. */
static inline unsigned chance(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

/* chance() is called once per statement, because the order of calls within one is up to the
 * compiler. */
static inline const char *mixed_failure(apr_pool_t *p, unsigned *seed)
{
    static const char *const results[] = {"certificate-expired", "starttls-not-supported", ""};
    const char *result = results[chance(seed, 3)];
    const char *mx = apr_psprintf(p, "mx%u", chance(seed, 3));
    const char *detail = number(p, chance(seed, 9));

    return failure_json(p, result, mx, detail, number(p, chance(seed, 50)));
}

static inline const char *mixed_policy(apr_pool_t *p, unsigned *seed, unsigned failures)
{
    static const char *const types[] = {"sts", "tlsa", "no-policy-found"};
    const char *type = types[chance(seed, 3)], *details = "", *domain, *successful;
    unsigned i;

    for (i = 0; i < failures; i++) {
        details = apr_pstrcat(p, details, i ? "," : "", mixed_failure(p, seed), NULL);
    }
    domain = apr_psprintf(p, "d%u.example", chance(seed, 4));
    successful = number(p, chance(seed, 100));
    return policy_json(p, type, domain, successful, number(p, chance(seed, 20)), details);
}

static inline void store_mixed(indexed *index, unsigned *seed)
{
    static const char *const organizations[] = {"Google", "google", "Mail.ru", "M\xc3\xbcller", ""};
    apr_pool_t *p = index->p;
    unsigned failures = chance(seed, 4);
    const char *policies = mixed_policy(p, seed, failures), *organization, *verified;
    int day;

    if (chance(seed, 2)) {
        policies = apr_pstrcat(p, policies, ",", mixed_policy(p, seed, 1), NULL);
    }
    organization = organizations[chance(seed, 5)];
    day = MONDAY + (int)chance(seed, 3);
    verified = chance(seed, 3) ? NULL : "example.net";
    store(index, report_json(p, organization, number(p, chance(seed, 2)), day, policies), verified);
}

#endif
