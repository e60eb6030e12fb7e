/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "core/check.h"
#include "core/policy.h"
#include "findings_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

/* --- recorded facts: a healthy domain, of which each test changes something --- */

static mta_sts_answer answer(apr_pool_t *p, const char *const *values, int count)
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

static mta_sts_answer one(apr_pool_t *p, const char *value)
{
    return answer(p, &value, value ? 1 : 0);
}

static mta_sts_peer peer(apr_pool_t *p, const char *host)
{
    mta_sts_peer made = {.version = "TLSv1.3", .trust = MTA_STS_TRUST_OK};

    made.certificate = apr_pcalloc(p, sizeof(*made.certificate));
    made.certificate->names = apr_array_make(p, 1, sizeof(const char *));
    APR_ARRAY_PUSH(made.certificate->names, const char *) = host;
    made.certificate->not_before = NOW - 30 * DAY;
    made.certificate->not_after = NOW + 60 * DAY;
    return made;
}

static mta_sts_policy_fetch *add_fetch(apr_pool_t *p, mta_sts_check_facts *facts,
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

static mta_sts_mx_probe *add_probe(apr_pool_t *p, mta_sts_check_mx *mx, const char *address)
{
    mta_sts_mx_probe *probe = apr_pcalloc(p, sizeof(*probe));

    probe->address = address;
    probe->result = MTA_STS_SMTP_SECURED;
    probe->stage = MTA_STS_SMTP_HANDSHAKE;
    probe->peer = peer(p, mx->host);
    APR_ARRAY_PUSH(mx->probes, mta_sts_mx_probe *) = probe;
    return probe;
}

static void add_mx(apr_pool_t *p, mta_sts_check_facts *facts, const char *host, const char *address)
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

static void publish_id(apr_pool_t *p, mta_sts_check_facts *facts, const char *text)
{
    facts->record =
        one(p, apr_pstrcat(p, "v=STSv1; id=", mta_sts_policy_id(p, text, strlen(text)), ";", NULL));
}

static mta_sts_check_facts *healthy(apr_pool_t *p, const char *text)
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

static mta_sts_policy_fetch *fetch_of(const mta_sts_check_facts *facts, int i)
{
    return APR_ARRAY_IDX(facts->fetches, i, mta_sts_policy_fetch *);
}

static mta_sts_check_mx *mx_of(const mta_sts_check_facts *facts, int i)
{
    return APR_ARRAY_IDX(facts->mxs, i, mta_sts_check_mx *);
}

static mta_sts_mx_probe *probe_of(const mta_sts_check_facts *facts, int mx)
{
    return APR_ARRAY_IDX(mx_of(facts, mx)->probes, 0, mta_sts_mx_probe *);
}

/* It is printed behind "a sender in mode enforce". */
static void assert_is_told_of_a_sender(const char *summary)
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

/* --- what was found: "SEVERITY ID, ...; OUTCOME, ENFORCE", leaving out what is ok --- */

static const char *summary(apr_pool_t *p, const mta_sts_check_result *result)
{
    const char *text = "";
    int i, j;

    assert_is_told_of_a_sender(result->verdict.summary);
    for (i = 0; i < result->sections->nelts; i++) {
        const mta_sts_findings *findings =
            APR_ARRAY_IDX(result->sections, i, mta_sts_check_section).findings;

        assert_findings_are_showable(findings);
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

static void assert_judged(apr_pool_t *p, const mta_sts_check_facts *facts, const char *name,
                          const char *expected)
{
    const char *got = summary(p, mta_sts_check_judge(p, facts, &limits));

    if (strcmp(got, expected) != 0) {
        fail_msg("%s: \"%s\" instead of \"%s\"", name, got, expected);
    }
}

/* --- one change to the facts a row --- */

typedef struct row {
    const char *name;
    const char *text; /* the policy; NULL: ENFORCE */
    void (*change)(apr_pool_t *p, mta_sts_check_facts *facts);
    const char *expected;
} row;

static void check_rows(apr_pool_t *p, const row *rows, size_t count)
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

static void test_a_healthy_domain_has_no_fault(void **state)
{
    static const row rows[] = {
        {"enforce", ENFORCE, NULL, "; delivers, yes"},
        {"testing", TESTING, NULL, "; delivers, yes"},
        {"none", NONE, NULL, "; unprotected, no"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void lose_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->record = one(p, NULL);
}

static void forge_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->record.status = MTA_STS_ANSWER_BOGUS; /* its value is still there, and not to be used */
}

static void fail_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->record.status = MTA_STS_ANSWER_SERVFAIL;
}

static void wait_for_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->record.status = MTA_STS_ANSWER_TIMEOUT;
}

static void keep_record_long(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->record.ttl = 90000;
}

static void old_id(apr_pool_t *p, mta_sts_check_facts *facts)
{
    publish_id(p, facts, TESTING);
}

static void own_id(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->record = one(p, "v=STSv1; id=20260101;");
}

static void null_mx(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->mx = one(p, ".");
    facts->mxs->nelts = 0;
}

static void no_domain(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->mx = one(p, NULL);
    facts->mx.status = MTA_STS_ANSWER_NXDOMAIN;
    facts->mxs->nelts = 0;
}

static void no_tlsrpt(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->tlsrpt = one(p, NULL);
}

static void test_dns_that_is_wrong(void **state)
{
    static const row rows[] = {
        {"no record", NULL, lose_record, "error record-missing; unprotected, no"},
        {"bogus", NULL, forge_record, "error dns-bogus; unprotected, no"},
        {"servfail", NULL, fail_record, "error dns-servfail; unprotected, no"},
        {"timeout", NULL, wait_for_record, "unknown dns-timeout; unknown, unknown"},
        {"long TTL", NULL, keep_record_long, "info ttl-long; delivers, yes"},
        {"old id", NULL, old_id, "warning id-out-of-step; delivers, yes"},
        {"own id", NULL, own_id, "info id-foreign; delivers, yes"},
        {"null MX", NULL, null_mx, "warning mx-null; no-mail, no"},
        {"no domain", NULL, no_domain, "error domain-unknown; no-mail, no"},
        {"no TLSRPT", NULL, no_tlsrpt, "info tlsrpt-missing; delivers, yes"},
        {"no TLSRPT, testing", TESTING, no_tlsrpt, "warning tlsrpt-missing; delivers, yes"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void redirect(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    fetch_of(facts, 0)->http_status = 302;
}

static void html(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    fetch_of(facts, 0)->content_type = "text/plainer";
}

static void misname(apr_pool_t *p, mta_sts_check_facts *facts)
{
    fetch_of(facts, 0)->peer = peer(p, "www.example.com");
}

static void refuse_fetch(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    fetch_of(facts, 0)->status = MTA_STS_FETCH_REFUSED;
    fetch_of(facts, 0)->peer.version = NULL;
}

static void lack_ipv6(apr_pool_t *p, mta_sts_check_facts *facts)
{
    mta_sts_policy_fetch *fetch = add_fetch(p, facts, "2001:db8::80", "");

    fetch->status = MTA_STS_FETCH_NO_ROUTE;
    fetch->peer.version = NULL;
}

static void lack_network(apr_pool_t *p, mta_sts_check_facts *facts)
{
    refuse_fetch(p, facts);
    fetch_of(facts, 0)->status = MTA_STS_FETCH_NO_ROUTE;
}

static void second_address_refuses(apr_pool_t *p, mta_sts_check_facts *facts)
{
    lack_ipv6(p, facts);
    fetch_of(facts, 1)->status = MTA_STS_FETCH_REFUSED;
}

static void second_address_differs(apr_pool_t *p, mta_sts_check_facts *facts)
{
    add_fetch(p, facts, "2001:db8::80", ONE_MX);
}

static void test_a_policy_host_that_is_wrong(void **state)
{
    static const row rows[] = {
        {"redirect", NULL, redirect, "error fetch-redirect; unprotected, no"},
        {"type", NULL, html, "error content-type; unprotected, no"},
        {"name", NULL, misname, "error certificate-name-missing; unprotected, no"},
        {"refused", NULL, refuse_fetch, "error fetch-refused; unprotected, no"},
        {"no IPv6 here", NULL, lack_ipv6, "info fetch-no-route; delivers, yes"},
        {"no network here", NULL, lack_network, "unknown fetch-no-route; unknown, unknown"},
        {"half", NULL, second_address_refuses, "warning fetch-refused; delivers, yes"},
        {"two policies", NULL, second_address_differs, "error answers-differ; delivers, yes"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void refuse_smtp(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    probe_of(facts, 0)->result = MTA_STS_SMTP_REFUSED;
}

static void refuse_smtp_everywhere(apr_pool_t *p, mta_sts_check_facts *facts)
{
    refuse_smtp(p, facts);
    probe_of(facts, 1)->result = MTA_STS_SMTP_REFUSED;
}

static void be_busy(apr_pool_t *p, mta_sts_check_facts *facts)
{
    int i;

    (void)p;
    for (i = 0; i < 2; i++) {
        probe_of(facts, i)->result = MTA_STS_SMTP_REJECTED;
        probe_of(facts, i)->stage = MTA_STS_SMTP_GREETING;
        probe_of(facts, i)->code = 421;
        probe_of(facts, i)->reply = "421 later\x1b";
    }
}

static void skip_smtp(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->smtp = MTA_STS_CHECK_SMTP_SKIPPED;
}

static void block_smtp(apr_pool_t *p, mta_sts_check_facts *facts)
{
    refuse_smtp_everywhere(p, facts);
    facts->smtp = MTA_STS_CHECK_SMTP_BLOCKED;
}

static void second_mx_address(apr_pool_t *p, mta_sts_check_facts *facts)
{
    add_probe(p, mx_of(facts, 0), "2001:db8::1")->result = MTA_STS_SMTP_REFUSED;
}

static void dane(apr_pool_t *p, mta_sts_check_facts *facts)
{
    mx_of(facts, 0)->tlsa = one(p, "3 1 1 00");
}

static void unsigned_dane(apr_pool_t *p, mta_sts_check_facts *facts)
{
    dane(p, facts);
    mx_of(facts, 0)->tlsa.dnssec = MTA_STS_DNSSEC_INSECURE;
}

static void broken_dane(apr_pool_t *p, mta_sts_check_facts *facts)
{
    dane(p, facts);
    mx_of(facts, 0)->tlsa.status = MTA_STS_ANSWER_BOGUS;
}

static void test_mail_servers_that_are_wrong(void **state)
{
    static const row rows[] = {
        {"one", NULL, refuse_smtp, "error smtp-refused; partly, no"},
        {"one, testing", TESTING, refuse_smtp, "warning smtp-refused; partly, no"},
        {"all", NULL, refuse_smtp_everywhere,
         "error smtp-refused, error smtp-refused; refuses, no"},
        {"busy", NULL, be_busy,
         "warning smtp-not-available, warning smtp-not-available; unknown, unknown"},
        {"not covered", ONE_MX, NULL, "error mx-not-in-policy; partly, no"},
        {"skipped", NULL, skip_smtp, "info smtp-skipped; unknown, unknown"},
        {"blocked", NULL, block_smtp, "unknown smtp-blocked; unknown, unknown"},
        {"half", NULL, second_mx_address, "warning smtp-refused; delivers, yes"},
        {"DANE", NULL, dane, "info dane-present; delivers, yes"},
        {"DANE, not signed", NULL, unsigned_dane, "info tlsa-insecure; delivers, yes"},
        {"DANE, bogus", NULL, broken_dane, "warning dns-bogus; delivers, yes"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static const mta_sts_finding *find(const mta_sts_check_result *result, const char *id)
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

static void test_every_result_of_a_probe_and_of_a_fetch_has_words(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);
    int result, stage;

    for (result = MTA_STS_SMTP_UNTRIED; result <= MTA_STS_SMTP_TLS_FAILED; result++) {
        for (stage = MTA_STS_SMTP_CONNECT; stage <= MTA_STS_SMTP_HANDSHAKE; stage++) {
            int impossible = result == MTA_STS_SMTP_REJECTED &&
                             (stage == MTA_STS_SMTP_CONNECT || stage == MTA_STS_SMTP_HANDSHAKE);

            probe_of(facts, 0)->result = (mta_sts_smtp_result)result;
            probe_of(facts, 0)->stage = (mta_sts_smtp_stage)stage;
            if (!impossible) {
                summary(*state, mta_sts_check_judge(*state, facts, &limits));
            }
        }
    }
    for (result = MTA_STS_FETCH_UNTRIED; result <= MTA_STS_FETCH_BROKEN; result++) {
        fetch_of(facts, 0)->status = (mta_sts_fetch_status)result;
        summary(*state, mta_sts_check_judge(*state, facts, &limits));
    }
}

static void test_a_policy_that_comes_later_than_senders_wait_is_a_warning(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);

    fetch_of(facts, 0)->took = apr_time_from_sec(4);
    assert_judged(*state, facts, "just in time", "; delivers, yes");
    fetch_of(facts, 0)->took++;
    assert_judged(*state, facts, "late", "warning fetch-slow; delivers, yes");
}

static void test_the_newer_of_text_and_id_is_told_where_it_is_known(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);

    publish_id(*state, facts, TESTING);
    assert_non_null(
        strstr(find(mta_sts_check_judge(*state, facts, &limits), "id-out-of-step")->message,
               "keep the policy that they have"));
    facts->configured_id = mta_sts_policy_id(*state, TESTING, strlen(TESTING));
    assert_non_null(
        strstr(find(mta_sts_check_judge(*state, facts, &limits), "id-out-of-step")->message,
               "the record is the newer one"));
    facts->configured_id = mta_sts_policy_id(*state, ENFORCE, strlen(ENFORCE));
    assert_non_null(
        strstr(find(mta_sts_check_judge(*state, facts, &limits), "id-out-of-step")->message,
               "the served text is the newer one"));
}

static void test_port_25_is_blocked_only_if_every_connection_is_too_late(void **state)
{
    apr_array_header_t *all = apr_array_make(*state, 2, sizeof(mta_sts_check_facts *));
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);
    int i;

    assert_false(mta_sts_check_smtp_is_blocked(all));
    APR_ARRAY_PUSH(all, mta_sts_check_facts *) = facts;
    assert_false(mta_sts_check_smtp_is_blocked(all));
    for (i = 0; i < 2; i++) {
        probe_of(facts, i)->result = MTA_STS_SMTP_TIMEOUT;
        probe_of(facts, i)->stage = MTA_STS_SMTP_CONNECT;
    }
    assert_true(mta_sts_check_smtp_is_blocked(all));
    probe_of(facts, 0)->result = MTA_STS_SMTP_NO_ROUTE;
    assert_true(mta_sts_check_smtp_is_blocked(all));
    probe_of(facts, 0)->result = MTA_STS_SMTP_UNTRIED;
    assert_true(mta_sts_check_smtp_is_blocked(all));
    probe_of(facts, 1)->stage = MTA_STS_SMTP_GREETING;
    assert_false(mta_sts_check_smtp_is_blocked(all));
}

static void test_certificates_are_judged_by_the_days_that_are_asked_for(void **state)
{
    static const struct {
        int days, warning, error;
        mta_sts_severity expected;
    } cases[] = {
        {60, 14, 0, MTA_STS_OK},   {13, 14, 0, MTA_STS_WARNING}, {14, 14, 0, MTA_STS_OK},
        {6, 14, 7, MTA_STS_ERROR}, {7, 14, 7, MTA_STS_WARNING},  {5, 0, 7, MTA_STS_ERROR},
        {-1, 0, 0, MTA_STS_ERROR},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_limits asked = {NOW, cases[i].warning, cases[i].error};
        mta_sts_check_facts *facts = healthy(*state, ENFORCE);

        probe_of(facts, 1)->peer.certificate->not_after = NOW + cases[i].days * DAY;
        assert_int_equal(mta_sts_check_judge(*state, facts, &asked)->severity, cases[i].expected);
    }
}

static void uncover_second(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->fetches->nelts = 0;
    add_fetch(p, facts, "192.0.2.80",
              "version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n");
}

static void test_each_mx_tells_whether_enforce_reaches_it_whatever_the_mode(void **state)
{
    static const struct {
        void (*change)(apr_pool_t *p, mta_sts_check_facts *facts);
        const char *expected; /* for the first and the second MX: enforce, trouble */
        int has_policy;
    } rows[] = {
        {NULL, "yes -, yes -", 1},
        {refuse_smtp, "no smtp-refused, yes -", 1},
        {uncover_second, "yes -, no mx-not-in-policy", 1},
        {second_mx_address, "yes -, yes -", 1}, /* a sender goes to the other one */
        {be_busy, "unknown -, unknown -", 1},
        {skip_smtp, "unknown -, unknown -", 1},
        {block_smtp, "unknown -, unknown -", 1},
        {redirect, "yes -, yes -", 0},
    };
    apr_pool_t *p = *state;
    size_t i;
    int j;

    for (i = 0; i < COUNT(rows); i++) {
        mta_sts_check_facts *facts = healthy(p, TESTING);
        const mta_sts_check_result *result;
        const char *got = NULL;

        if (rows[i].change) {
            rows[i].change(p, facts);
        }
        result = mta_sts_check_judge(p, facts, &limits);
        for (j = 0; j < result->sections->nelts; j++) {
            const mta_sts_check_section *section =
                &APR_ARRAY_IDX(result->sections, j, mta_sts_check_section);

            if (section->part == MTA_STS_CHECK_MX && strcmp(section->subject, "example.com") != 0) {
                got = apr_psprintf(p, "%s%s%s %s", got ? got : "", got ? ", " : "",
                                   mta_sts_safety_name(section->enforce),
                                   section->trouble ? section->trouble->id : "-");
            }
        }
        assert_string_equal(got, rows[i].expected);
        assert_int_equal(result->policy != NULL, rows[i].has_policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_healthy_domain_has_no_fault),
        POOL_TEST(test_dns_that_is_wrong),
        POOL_TEST(test_a_policy_host_that_is_wrong),
        POOL_TEST(test_mail_servers_that_are_wrong),
        POOL_TEST(test_every_result_of_a_probe_and_of_a_fetch_has_words),
        POOL_TEST(test_a_policy_that_comes_later_than_senders_wait_is_a_warning),
        POOL_TEST(test_the_newer_of_text_and_id_is_told_where_it_is_known),
        POOL_TEST(test_port_25_is_blocked_only_if_every_connection_is_too_late),
        POOL_TEST(test_certificates_are_judged_by_the_days_that_are_asked_for),
        POOL_TEST(test_each_mx_tells_whether_enforce_reaches_it_whatever_the_mode),
    };

    return RUN_POOL_TESTS(tests);
}
