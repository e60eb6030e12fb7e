/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PUBLICATION_FIXTURE_H
#define TESTS_UNIT_PUBLICATION_FIXTURE_H

#include <string.h>

#include <apr_strings.h>

#include "core/policy/policy.h"
#include "core/dns/publication.h"
#include "table_fixture.h"

/*
 * Facts about example.com for tables. Items of lists are separated by newlines. In `now`, NULL is
 * not queried, "" an empty answer, "!" a failure.
 */

#define ID "31a77c838c175b1b2452"
#define STS "v=STSv1; id=" ID ";"
#define OLD_STS "v=STSv1; id=20250101;"
#define TLSRPT "v=TLSRPTv1; rua=mailto:tls@example.com"
#define TTL 300
#define MX_TTL 7200

typedef struct world {
    const char *mx; /* patterns of the policy; NULL: mx1.example.com */
    mta_sts_mode mode;
    mta_sts_served served;
    const char *rua;
    const char *addresses;
    const char *cname;
    apr_int64_t ttl; /* 0: MTA_STS_TTL_UNCHANGED */
    const char *now[MTA_STS_RECORD_TYPES];
    const char *alias; /* of the MTA-STS record */
    const char *tlsrpt_alias;
    const char *dangling_alias; /* of the policy host and the MTA-STS record; its target does not
                               exist */
    const char *endpoint;
    int is_cached;   /* whether the TTLs are those left in a cache */
    int is_expiring; /* whether that is less than a second for the MTA-STS record */
} world;

static inline mta_sts_answer fixture_answer(apr_pool_t *p, const char *text)
{
    mta_sts_answer answer = {.status = MTA_STS_ANSWER_NOT_QUERIED};

    if (text) {
        answer.status = *text == '\0'  ? MTA_STS_ANSWER_NODATA
                        : *text == '!' ? MTA_STS_ANSWER_SERVFAIL
                                       : MTA_STS_ANSWER_OK;
        answer.values = lines_of(p, *text == '!' ? "" : text);
        answer.ttl = answer.status == MTA_STS_ANSWER_OK ? TTL : 0;
    }
    return answer;
}

static inline mta_sts_publication_facts *fixture_facts(apr_pool_t *p, const world *w)
{
    mta_sts_publication_facts *facts = apr_pcalloc(p, sizeof(*facts));
    mta_sts_policy *policy = apr_pcalloc(p, sizeof(*policy));
    int i;

    policy->mode = w->mode ? w->mode : MTA_STS_MODE_ENFORCE;
    policy->max_age = 604800;
    policy->mx = lines_of(p, w->mx ? w->mx : "mx1.example.com");
    facts->domain = "example.com";
    facts->id = ID;
    facts->policy = policy;
    facts->ttl = w->ttl ? w->ttl : MTA_STS_TTL_UNCHANGED;
    facts->rua = w->rua ? lines_of(p, w->rua) : NULL;
    facts->addresses = w->addresses ? lines_of(p, w->addresses) : NULL;
    facts->cname = w->cname;
    facts->served = w->served;
    facts->served_id = w->served == MTA_STS_SERVED_OTHER ? "20250101" : NULL;
    for (i = 0; i < MTA_STS_RECORD_TYPES; i++) {
        facts->now[i] = fixture_answer(p, w->now[i]);
        facts->now[i].ttl_is_authoritative = !w->is_cached;
    }
    if (w->now[MTA_STS_TYPE_MX] && *w->now[MTA_STS_TYPE_MX]) {
        facts->now[MTA_STS_TYPE_MX].ttl = MX_TTL;
    }
    if (w->is_expiring) {
        facts->now[MTA_STS_TYPE_MTA_STS].ttl = 0;
    }
    facts->now[MTA_STS_TYPE_MTA_STS].alias = w->alias;
    if (w->dangling_alias) {
        facts->now[MTA_STS_TYPE_MTA_STS] = facts->now[MTA_STS_TYPE_A] = fixture_answer(p, "");
        facts->now[MTA_STS_TYPE_MTA_STS].status = facts->now[MTA_STS_TYPE_A].status =
            MTA_STS_ANSWER_NXDOMAIN;
        facts->now[MTA_STS_TYPE_MTA_STS].alias = facts->now[MTA_STS_TYPE_A].alias =
            w->dangling_alias;
    }
    facts->now[MTA_STS_TYPE_TLSRPT].alias = w->tlsrpt_alias;
    facts->endpoint = w->endpoint;
    return facts;
}

#endif
