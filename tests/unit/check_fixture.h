/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CHECK_FIXTURE_H
#define TESTS_UNIT_CHECK_FIXTURE_H

#include <string.h>

#include <apr_strings.h>

#include "core/check/check.h"
#include "core/policy/policy.h"
#include "findings_fixture.h"
#include "table_fixture.h"

/* Facts about a healthy domain, which each test changes, and a summary of the findings. */

#define DAY apr_time_from_sec(24 * 60 * 60)
#define NOW apr_time_from_sec(APR_INT64_C(1767225600)) /* 2026-01-01 00:00:00 UTC */

#define ENFORCE                                                                                    \
    "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: mx2.example.com\r\n"            \
    "max_age: 604800\r\n"
#define TESTING                                                                                    \
    "version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmx: mx2.example.com\r\n"            \
    "max_age: 604800\r\n"
#define NONE                                                                                       \
    "version: STSv1\r\nmode: none\r\nmx: mx1.example.com\r\nmx: mx2.example.com\r\n"               \
    "max_age: 86400\r\n"
#define ONE_MX "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"

static const mta_sts_check_limits limits = {.now = NOW, .warning_days = 14};

/* --- facts: a healthy domain, of which each test changes something --- */

static inline mta_sts_answer answer(apr_pool_t *p, const char *const *values, int count)
{
    mta_sts_answer made = {.status = count ? MTA_STS_ANSWER_OK : MTA_STS_ANSWER_NODATA,
                           .dnssec = MTA_STS_DNSSEC_SECURE,
                           .ttl = 300};
    int i;

    made.values = apr_array_make(p, 2, sizeof(const char *));
    for (i = 0; i < count; i++) {
        APR_ARRAY_PUSH(made.values, const char *) = values[i];
    }
    return made;
}

static inline mta_sts_answer one(apr_pool_t *p, const char *value)
{
    return answer(p, &value, value ? 1 : 0);
}

static inline mta_sts_peer peer(apr_pool_t *p, const char *host)
{
    mta_sts_peer made = {.version = "TLSv1.3", .trust = MTA_STS_TRUST_OK};

    made.certificate = apr_pcalloc(p, sizeof(*made.certificate));
    made.certificate->names = apr_array_make(p, 1, sizeof(const char *));
    APR_ARRAY_PUSH(made.certificate->names, const char *) = host;
    made.certificate->not_before = NOW - 30 * DAY;
    made.certificate->not_after = NOW + 60 * DAY;
    return made;
}

static inline mta_sts_policy_fetch *add_fetch(apr_pool_t *p, mta_sts_check_facts *facts,
                                              const char *address, const char *text)
{
    mta_sts_policy_fetch *fetch = apr_pcalloc(p, sizeof(*fetch));

    fetch->address = address;
    fetch->status = MTA_STS_FETCH_ANSWERED;
    fetch->peer = peer(p, facts->host);
    fetch->http_status = 200;
    fetch->content_type = "text/plain; charset=us-ascii";
    fetch->text = text;
    fetch->len = strlen(text);
    APR_ARRAY_PUSH(facts->fetches, mta_sts_policy_fetch *) = fetch;
    return fetch;
}

static inline mta_sts_mx_probe *add_probe(apr_pool_t *p, mta_sts_check_mx *mx, const char *address)
{
    mta_sts_mx_probe *probe = apr_pcalloc(p, sizeof(*probe));

    probe->address = address;
    probe->result = MTA_STS_SMTP_SECURED;
    probe->stage = MTA_STS_SMTP_HANDSHAKE;
    probe->peer = peer(p, mx->host);
    APR_ARRAY_PUSH(mx->probes, mta_sts_mx_probe *) = probe;
    return probe;
}

static inline void add_mx(apr_pool_t *p, mta_sts_check_facts *facts, const char *host,
                          const char *address)
{
    mta_sts_check_mx *mx = apr_pcalloc(p, sizeof(*mx));

    mx->host = host;
    mx->a = one(p, address);
    mx->aaaa = one(p, NULL);
    mx->tlsa = one(p, NULL);
    mx->probes = apr_array_make(p, 1, sizeof(mta_sts_mx_probe *));
    add_probe(p, mx, address);
    APR_ARRAY_PUSH(facts->mxs, mta_sts_check_mx *) = mx;
}

static inline void publish_id(apr_pool_t *p, mta_sts_check_facts *facts, const char *text)
{
    facts->record =
        one(p, apr_pstrcat(p, "v=STSv1; id=", mta_sts_policy_id(p, text, strlen(text)), ";", NULL));
}

static inline mta_sts_check_facts *healthy(apr_pool_t *p, const char *text)
{
    static const char *const mxs[] = {"mx1.example.com", "mx2.example.com"};
    mta_sts_check_facts *facts = apr_pcalloc(p, sizeof(*facts));

    facts->domain = "example.com";
    facts->host = "mta-sts.example.com";
    facts->record_name = "_mta-sts.example.com";
    facts->tlsrpt_name = "_smtp._tls.example.com";
    publish_id(p, facts, text);
    facts->tlsrpt = one(p, "v=TLSRPTv1; rua=mailto:tls@example.com");
    facts->mx = answer(p, mxs, 2);
    facts->host_a = one(p, "192.0.2.80");
    facts->host_aaaa = one(p, NULL);
    facts->fetches = apr_array_make(p, 1, sizeof(mta_sts_policy_fetch *));
    facts->mxs = apr_array_make(p, 2, sizeof(mta_sts_check_mx *));
    add_fetch(p, facts, "192.0.2.80", text);
    add_mx(p, facts, mxs[0], "192.0.2.1");
    add_mx(p, facts, mxs[1], "192.0.2.2");
    return facts;
}

static inline mta_sts_policy_fetch *fetch_of(const mta_sts_check_facts *facts, int i)
{
    return APR_ARRAY_IDX(facts->fetches, i, mta_sts_policy_fetch *);
}

static inline mta_sts_check_mx *mx_of(const mta_sts_check_facts *facts, int i)
{
    return APR_ARRAY_IDX(facts->mxs, i, mta_sts_check_mx *);
}

static inline mta_sts_mx_probe *probe_of(const mta_sts_check_facts *facts, int mx)
{
    return APR_ARRAY_IDX(mx_of(facts, mx)->probes, 0, mta_sts_mx_probe *);
}

/* A summary is printed after "a sender in mode enforce". */
static inline void assert_is_about_a_sender(const char *summary)
{
    static const char *const verbs[] = {"delivers ", "refuses to deliver: ", "does not deliver: ",
                                        "cannot deliver: ", "may or may not deliver: "};
    size_t i;

    for (i = 0; i < COUNT(verbs); i++) {
        if (strncmp(summary, verbs[i], strlen(verbs[i])) == 0) {
            return;
        }
    }
    fail_msg("a sender in mode enforce %s", summary);
}

/* --- the result: "SEVERITY ID, ...; OUTCOME, ENFORCE", without findings that are ok --- */

static inline const char *summary(apr_pool_t *p, const mta_sts_check_result *result)
{
    const char *text = "";
    int i, j;

    assert_is_about_a_sender(result->verdict.summary);
    for (i = 0; i < result->sections->nelts; i++) {
        const mta_sts_findings *findings =
            APR_ARRAY_IDX(result->sections, i, mta_sts_check_section).findings;

        assert_findings_are_printable(findings);
        for (j = 0; j < findings->list->nelts; j++) {
            const mta_sts_finding *finding = mta_sts_findings_at(findings, j);

            if (finding->severity != MTA_STS_OK) {
                text = apr_psprintf(p, "%s%s%s %s", text, *text ? ", " : "",
                                    mta_sts_severity_name(finding->severity), finding->id);
            }
        }
    }
    return apr_psprintf(p, "%s; %s, %s", text, mta_sts_outcome_name(result->verdict.outcome),
                        mta_sts_safety_name(result->verdict.enforce));
}

static inline void assert_judged(apr_pool_t *p, const mta_sts_check_facts *facts, const char *name,
                                 const char *expected)
{
    const char *got = summary(p, mta_sts_check_judge(p, facts, &limits));

    if (strcmp(got, expected) != 0) {
        fail_msg("%s: \"%s\" instead of \"%s\"", name, got, expected);
    }
}

/* --- each row changes the facts --- */

typedef struct row {
    const char *name;
    const char *text; /* the policy; NULL: ENFORCE */
    void (*change)(apr_pool_t *p, mta_sts_check_facts *facts);
    const char *expected;
} row;

static inline void check_rows(apr_pool_t *p, const row *rows, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        mta_sts_check_facts *facts = healthy(p, rows[i].text ? rows[i].text : ENFORCE);

        if (rows[i].change) {
            rows[i].change(p, facts);
        }
        assert_judged(p, facts, rows[i].name, rows[i].expected);
    }
}

/* The policy host redirects to another site. */
static inline void redirect(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    fetch_of(facts, 0)->http_status = 302;
}

/* --- ways in which MX host i can fail --- */

static inline void lack_starttls(mta_sts_check_facts *facts, int i)
{
    probe_of(facts, i)->result = MTA_STS_SMTP_NO_STARTTLS;
    probe_of(facts, i)->stage = MTA_STS_SMTP_EHLO;
}

static inline void be_refused(mta_sts_check_facts *facts, int i)
{
    probe_of(facts, i)->result = MTA_STS_SMTP_REFUSED;
    probe_of(facts, i)->stage = MTA_STS_SMTP_CONNECT;
}

static inline void be_expired(mta_sts_check_facts *facts, int i)
{
    probe_of(facts, i)->peer.certificate->not_after = NOW - DAY;
}

static inline void be_self_signed(mta_sts_check_facts *facts, int i)
{
    probe_of(facts, i)->peer.trust = MTA_STS_TRUST_SELF_SIGNED;
}

/* The first finding with this id; fails if there is none. */
static inline const mta_sts_finding *find(const mta_sts_check_result *result, const char *id)
{
    int i, j;

    for (i = 0; i < result->sections->nelts; i++) {
        const mta_sts_findings *findings =
            APR_ARRAY_IDX(result->sections, i, mta_sts_check_section).findings;

        for (j = 0; j < findings->list->nelts; j++) {
            if (strcmp(mta_sts_findings_at(findings, j)->id, id) == 0) {
                return mta_sts_findings_at(findings, j);
            }
        }
    }
    fail_msg("there is no %s", id);
    return NULL;
}

static inline void no_tlsrpt(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->tlsrpt = one(p, NULL);
}

#endif
