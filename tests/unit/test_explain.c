/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "table_fixture.h"
#include "tlsrpt/advice/explain.h"

typedef struct explained {
    tlsrpt_facts facts;
    const char *cause;
    tlsrpt_owner owner;
} explained;

#define DANE(type, reason)                                                                         \
    {                                                                                              \
        type, "tlsa", reason, "example.com", "mx1.example.com", "192.0.2.25", NULL                 \
    }
#define OF(type, reason)                                                                           \
    {                                                                                              \
        type, "sts", reason, "example.com", "mx1.example.com", "192.0.2.25", NULL                  \
    }

static const explained cases[] = {
    {OF("starttls-not-supported", NULL), "starttls-not-supported", TLSRPT_OWNER_MX},
    {OF("certificate-host-mismatch", NULL), "certificate-host-mismatch", TLSRPT_OWNER_MX},
    {OF("certificate-host-mismatch", "MX_HOSTS_MISMATCH"), "mx-not-in-policy",
     TLSRPT_OWNER_POLICY_HOST},
    {OF("certificate-expired", NULL), "certificate-expired", TLSRPT_OWNER_MX},
    {OF("Certificate_Expired", NULL), "certificate-expired", TLSRPT_OWNER_MX},
    {OF("validation-failure", "certificate-host-mismatch"), "certificate-host-mismatch",
     TLSRPT_OWNER_MX},
    {OF("validation-failure", "certificate_expired"), "certificate-expired", TLSRPT_OWNER_MX},
    {OF("validation-failure", "certificate-not-trusted"), "certificate-not-trusted",
     TLSRPT_OWNER_MX},
    {OF("validation-failure", "CERT_CHAIN"), "certificate-not-trusted", TLSRPT_OWNER_MX},
    {OF("validation-failure", "ECONNREFUSED"), "timeout", TLSRPT_OWNER_SENDER},
    {OF("validation-failure", "TLS version too old"), "tls-handshake", TLSRPT_OWNER_MX},
    {OF("validation-failure", "unsupported protocol"), "tls-handshake", TLSRPT_OWNER_MX},
    {OF("certificate-not-trusted", NULL), "certificate-not-trusted", TLSRPT_OWNER_MX},
    {DANE("certificate-not-trusted", NULL), "tlsa-invalid", TLSRPT_OWNER_DNS},
    {DANE("certificate-host-mismatch", NULL), "certificate-host-mismatch", TLSRPT_OWNER_MX},
    {DANE("certificate-host-mismatch", "MX_HOSTS_MISMATCH"), "certificate-host-mismatch",
     TLSRPT_OWNER_MX},
    {DANE("certificate-expired", NULL), "certificate-expired", TLSRPT_OWNER_MX},
    {DANE("validation-failure", NULL), "validation-failure", TLSRPT_OWNER_UNKNOWN},
    {DANE("validation-failure", "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"), "tlsa-invalid",
     TLSRPT_OWNER_DNS},
    {DANE("validation-failure", "unable to get local issuer certificate"), "tlsa-invalid",
     TLSRPT_OWNER_DNS},
    {DANE("validation-failure", "X509_V_ERR_DANE_NO_MATCH"), "tlsa-invalid", TLSRPT_OWNER_DNS},
    {DANE("validation-failure", "no matching DANE TLSA records"), "tlsa-invalid", TLSRPT_OWNER_DNS},
    {DANE("validation-failure", "X509_V_ERR_CERT_HAS_EXPIRED"), "certificate-expired",
     TLSRPT_OWNER_MX},
    {DANE("validation-failure", "X509_V_ERR_CERT_NOT_YET_VALID"), "certificate-not-yet-valid",
     TLSRPT_OWNER_MX},
    {DANE("validation-failure", "X509_V_ERR_HOSTNAME_MISMATCH"), "certificate-host-mismatch",
     TLSRPT_OWNER_MX},
    {DANE("validation-failure", "MX_HOSTS_MISMATCH"), "certificate-host-mismatch", TLSRPT_OWNER_MX},
    {DANE("validation-failure", "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"), "certificate-invalid",
     TLSRPT_OWNER_MX},
    {DANE("validation-failure", "Connection Timed Out"), "timeout", TLSRPT_OWNER_SENDER},
    {DANE("validation-failure", "tls-remote-alert-70-protocol-version"), "tls-handshake",
     TLSRPT_OWNER_MX},
    {DANE("validation-failure", "TLSAlert 40"), "tls-handshake", TLSRPT_OWNER_MX},
    {DANE("starttls-not-supported", NULL), "starttls-not-supported", TLSRPT_OWNER_MX},
    {DANE("tlsa-invalid", NULL), "tlsa-invalid", TLSRPT_OWNER_DNS},
    {DANE("dnssec-invalid", NULL), "dnssec-invalid", TLSRPT_OWNER_DNS},
    {DANE("dane-required", NULL), "dane-required", TLSRPT_OWNER_SENDER},
    {OF("validation-failure", NULL), "validation-failure", TLSRPT_OWNER_UNKNOWN},
    {OF("validation-failure", "verify error:num=10"), "certificate-expired", TLSRPT_OWNER_MX},
    {OF("validation-failure", "X509 error 62"), "certificate-host-mismatch", TLSRPT_OWNER_MX},
    {OF("validation-failure", "verify return code: 18"), "certificate-not-trusted",
     TLSRPT_OWNER_MX},
    {OF("validation-failure", "code: 90"), "validation-failure", TLSRPT_OWNER_UNKNOWN},
    {OF("validation-failure", "SMTP error 554"), "validation-failure", TLSRPT_OWNER_UNKNOWN},
    {DANE("validation-failure", "num=20"), "tlsa-invalid", TLSRPT_OWNER_DNS},
    {OF("validation-failure", "X509_V_ERR_CERT_HAS_EXPIRED"), "certificate-expired",
     TLSRPT_OWNER_MX},
    {OF("validation-failure", "X509_V_ERR_CERT_NOT_YET_VALID"), "certificate-not-yet-valid",
     TLSRPT_OWNER_MX},
    {OF("validation-failure", "X509_V_ERR_HOSTNAME_MISMATCH"), "certificate-host-mismatch",
     TLSRPT_OWNER_MX},
    {OF("validation-failure", "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"), "certificate-not-trusted",
     TLSRPT_OWNER_MX},
    {OF("validation-failure", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
     "certificate-not-trusted", TLSRPT_OWNER_MX},
    {OF("validation-failure", "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"), "certificate-invalid",
     TLSRPT_OWNER_MX},
    {OF("validation-failure", "tls-remote-alert-70-protocol-version"), "tls-handshake",
     TLSRPT_OWNER_MX},
    {OF("validation-failure", "X509_V_ERR_DANE_NO_MATCH"), "tlsa-invalid", TLSRPT_OWNER_DNS},
    {OF("validation-failure", "Connection Timed Out"), "timeout", TLSRPT_OWNER_SENDER},
    {OF("validation-failure", "MX_HOSTS_MISMATCH"), "mx-not-in-policy", TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", NULL), "sts-policy-fetch-error", TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", "bad https response code: 404"), "policy-not-found",
     TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", "404"), "policy-not-found", TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", "session 14041"), "sts-policy-fetch-error",
     TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", "HTTP 403"), "policy-forbidden", TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", "got 301"), "policy-redirect", TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", "503 Service Unavailable"), "policy-server-error",
     TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", "NXDOMAIN"), "policy-host-dns", TLSRPT_OWNER_DNS},
    {OF("sts-policy-fetch-error", "context deadline exceeded"), "policy-unreachable",
     TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", "unexpected Content-Type"), "policy-content-type",
     TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-fetch-error", "x509: certificate is bad"), "sts-webpki-invalid",
     TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-policy-invalid", NULL), "sts-policy-invalid", TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-webpki-invalid", NULL), "sts-webpki-invalid", TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-webpki-invalid", "certificate has expired"), "web-certificate-expired",
     TLSRPT_OWNER_POLICY_HOST},
    {OF("sts-webpki-invalid", "X509_V_ERR_HOSTNAME_MISMATCH"), "web-certificate-host-mismatch",
     TLSRPT_OWNER_POLICY_HOST},
    {OF("tlsa-invalid", NULL), "tlsa-invalid", TLSRPT_OWNER_DNS},
    {OF("dnssec-invalid", NULL), "dnssec-invalid", TLSRPT_OWNER_DNS},
    {OF("dane-required", NULL), "dane-required", TLSRPT_OWNER_SENDER},
    {OF("", NULL), "unspecified", TLSRPT_OWNER_UNKNOWN},
    {OF(NULL, NULL), "unspecified", TLSRPT_OWNER_UNKNOWN},
    {OF("certificate-revoked", NULL), "unknown", TLSRPT_OWNER_UNKNOWN},
};

static void test_every_result_type_and_known_reason_has_an_explanation(void **state)
{
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const tlsrpt_explanation *explanation = tlsrpt_explain(*state, &cases[i].facts);

        assert_string_equal(explanation->cause, cases[i].cause);
        assert_int_equal(explanation->owner, cases[i].owner);
        assert_non_null(explanation->command);
        assert_null(strpbrk(
            apr_pstrcat(*state, explanation->what, explanation->action, explanation->command, NULL),
            "{}"));
        assert_int_equal(explanation->what[strlen(explanation->what) - 1], '.');
        assert_int_equal(explanation->action[strlen(explanation->action) - 1], '.');
    }
}

/* A new certificate may need new records; policies and CAs do not matter. */
static void test_under_dane_advice_about_certificates_mentions_only_tlsa_records(void **state)
{
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const tlsrpt_explanation *explanation = tlsrpt_explain(*state, &cases[i].facts);

        if (cases[i].facts.policy_type && strcmp(cases[i].facts.policy_type, "tlsa") == 0) {
            if (strncmp(explanation->cause, "certificate-", 12) == 0 &&
                strcmp(explanation->cause, "certificate-not-yet-valid") != 0) {
                assert_non_null(strstr(explanation->action, "TLSA"));
            }
            assert_null(strstr(explanation->action, "MTASTS"));
            assert_null(strstr(explanation->action, "policy"));
            assert_null(strstr(explanation->action, "MTA-STS"));
        }
    }
}

static void test_texts_and_commands_name_the_hosts(void **state)
{
    const tlsrpt_facts facts = OF("starttls-not-supported", NULL);
    const tlsrpt_explanation *explanation = tlsrpt_explain(*state, &facts);

    assert_string_equal(
        explanation->what,
        "The sender reached mx1.example.com, but the server did not offer encryption "
        "(STARTTLS).");
    assert_string_equal(explanation->command,
                        "openssl s_client -starttls smtp -connect mx1.example.com:25");
}

static void test_commands_contain_nothing_of_a_report_but_host_names(void **state)
{
    static const char *const hostile[] = {
        "$(reboot)", "a;b", "mx1.example.com -x", "\x1b[31m", "-connect", "a`b", "a\nb", ""};
    size_t i, j;

    for (i = 0; i < COUNT(hostile); i++) {
        for (j = 0; j < COUNT(cases); j++) {
            const tlsrpt_facts facts = {.result_type = cases[j].facts.result_type,
                                        .reason = cases[j].facts.reason,
                                        .domain = hostile[i],
                                        .mx = hostile[i]};
            const tlsrpt_facts no_hosts = {.result_type = facts.result_type,
                                           .reason = facts.reason};
            const tlsrpt_explanation *explanation = tlsrpt_explain(*state, &facts);
            const tlsrpt_explanation *plain = tlsrpt_explain(*state, &no_hosts);

            assert_string_equal(explanation->what, plain->what);
            assert_string_equal(explanation->action, plain->action);
            assert_string_equal(explanation->command, plain->command);
        }
    }
}

static void test_an_unknown_type_is_shown_as_sent_but_escaped(void **state)
{
    const tlsrpt_facts facts = {.result_type = "new\x1b[31m{mx}"};

    assert_string_equal(
        tlsrpt_explain(*state, &facts)->what,
        "The report calls the failure \"new\\x1b[31m{mx}\", which is not a registered result "
        "type.");
}

static void test_only_failures_possible_at_the_sender_are_attributed_to_it(void **state)
{
    const tlsrpt_facts expired = OF("certificate-expired", NULL);
    const tlsrpt_facts unfetched = OF("sts-policy-fetch-error", NULL);
    const tlsrpt_facts missing = OF("sts-policy-fetch-error", "404");

    assert_false(tlsrpt_explain(*state, &expired)->may_be_at_sender);
    assert_true(tlsrpt_explain(*state, &unfetched)->may_be_at_sender);
    assert_false(tlsrpt_explain(*state, &missing)->may_be_at_sender);
}

/* Anyone can choose them, and a page explains hundreds. */
static void test_only_the_beginning_of_a_long_reason_is_examined(void **state)
{
    const struct {
        int before;
        const char *cause;
    } lengths[] = {{1900, "policy-not-found"}, {2000, "sts-policy-fetch-error"}};
    size_t i;

    for (i = 0; i < COUNT(lengths); i++) {
        const tlsrpt_facts facts =
            OF("sts-policy-fetch-error", apr_psprintf(*state, "%*s404", lengths[i].before, ""));

        assert_string_equal(tlsrpt_explain(*state, &facts)->cause, lengths[i].cause);
    }
}

static void test_failures_without_details_are_explained_too(void **state)
{
    const tlsrpt_explanation *explanation = tlsrpt_explain_no_details(*state, "example.com");

    assert_string_equal(explanation->cause, "no-details");
    assert_string_equal(explanation->command, "mta-sts check example.com");
}

static void test_every_owner_has_a_name(void **state)
{
    int whose;

    (void)state;
    for (whose = TLSRPT_OWNER_POLICY_HOST; whose <= TLSRPT_OWNER_UNKNOWN; whose++) {
        assert_true(*tlsrpt_owner_name((tlsrpt_owner)whose));
        assert_true(*tlsrpt_owner_text((tlsrpt_owner)whose));
    }
}

static void test_a_reported_policy_that_does_not_cover_the_mx_is_the_cause(void **state)
{
    static const struct {
        const char *type, *reason, *policy, *mx, *cause, *owner;
    } rows[] = {
        {"validation-failure", NULL, "mx: *.mx.microsoft", "x.h-v1.mx.microsoft",
         "mx-not-in-policy", "policy-host"},
        {"certificate-host-mismatch", NULL, "mx: mx1.example.com", "mx2.example.com",
         "mx-not-in-policy", "policy-host"},
        {"made-up", NULL, "mx: mx1.example.com", "mx2.example.com", "mx-not-in-policy",
         "policy-host"},
        {"validation-failure", NULL, "mx: *.h-v1.mx.microsoft", "x.h-v1.mx.microsoft",
         "validation-failure", "unknown"},
        {"validation-failure", "X509_V_ERR_CERT_HAS_EXPIRED", "mx: mx1.example.com",
         "mx2.example.com", "certificate-expired", "mx"},
        {"starttls-not-supported", NULL, "mx: mx1.example.com", "mx2.example.com",
         "starttls-not-supported", "mx"},
        {"validation-failure", NULL, "nonsense", "mx2.example.com", "validation-failure",
         "unknown"},
        {"validation-failure", NULL, "mx: mx1.example.com", "; rm -rf /", "validation-failure",
         "unknown"},
        {"validation-failure", NULL, "mx: mx1.example.com", NULL, "validation-failure", "unknown"},
    };
    apr_pool_t *p = *state;
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        apr_array_header_t *policies = apr_array_make(p, 1, sizeof(const char *));
        tlsrpt_facts facts = {rows[i].type, "sts", rows[i].reason, "example.com",
                              rows[i].mx,   NULL,  policies};
        const tlsrpt_explanation *explanation;

        APR_ARRAY_PUSH(policies, const char *) =
            apr_pstrcat(p, "version: STSv1\nmode: enforce\nmax_age: 86400\n", rows[i].policy, NULL);
        explanation = tlsrpt_explain(p, &facts);
        assert_string_equal(explanation->cause, rows[i].cause);
        assert_string_equal(tlsrpt_owner_name(explanation->owner), rows[i].owner);
    }
}

static void test_a_policy_that_does_not_cover_the_mx_is_explained_alike_with_a_reason(void **state)
{
    static const char *const types[] = {"validation-failure", "certificate-host-mismatch"};
    apr_pool_t *p = *state;
    apr_array_header_t *policies = apr_array_make(p, 1, sizeof(const char *));
    size_t i;

    APR_ARRAY_PUSH(policies, const char *) =
        "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: mx1.example.com";
    for (i = 0; i < COUNT(types); i++) {
        tlsrpt_facts facts = {types[i],          "sts", NULL,    "example.com",
                              "mx2.example.com", NULL,  policies};
        const char *what = tlsrpt_explain(p, &facts)->what;

        facts.reason = "MX_HOSTS_MISMATCH";
        assert_string_equal(tlsrpt_explain(p, &facts)->what, what);
        facts.mx = "mx1.example.com"; /* covered by the policy, so only the sender knows more */
        assert_string_not_equal(tlsrpt_explain(p, &facts)->what, what);
        assert_string_equal(tlsrpt_explain(p, &facts)->cause, "mx-not-in-policy");
    }
}

static void test_an_mx_of_a_mail_provider_is_never_the_admins_to_renew(void **state)
{
    static const char *const types[] = {"certificate-expired", "certificate-host-mismatch",
                                        "certificate-not-trusted", "starttls-not-supported"};
    size_t i;

    for (i = 0; i < COUNT(types); i++) {
        tlsrpt_facts facts = {types[i], "sts", NULL, "example.com", "aspmx.l.google.com",
                              NULL,     NULL};
        const tlsrpt_explanation *explanation = tlsrpt_explain(*state, &facts);

        assert_int_equal(explanation->owner, TLSRPT_OWNER_PROVIDER);
        assert_non_null(strstr(explanation->action, "Google Workspace"));
        assert_null(strstr(explanation->action, "reload"));
        facts.mx = "mx.notgoogle.example";
        assert_int_equal(tlsrpt_explain(*state, &facts)->owner, TLSRPT_OWNER_MX);
    }
}

/* Nor can the admin publish TLSA records there, and senders with DANE do not ask for the mode. */
static void test_tlsa_records_of_a_mail_provider_are_never_the_admins_to_publish(void **state)
{
    static const struct {
        const char *type, *reason, *owner;
    } rows[] = {
        {"tlsa-invalid", NULL, "mail-provider"},
        {"certificate-not-trusted", NULL, "mail-provider"},
        {"certificate-expired", NULL, "mail-provider"},
        {"validation-failure", "DANE_NO_MATCH", "mail-provider"},
        {"dane-required", NULL, "sender"},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        tlsrpt_facts facts = {
            rows[i].type, "tlsa", rows[i].reason, "example.com", "x.h-v1.mx.microsoft", NULL, NULL};
        const tlsrpt_explanation *explanation = tlsrpt_explain(*state, &facts);

        assert_string_equal(tlsrpt_owner_name(explanation->owner), rows[i].owner);
        assert_non_null(strstr(explanation->action, "Microsoft 365"));
        assert_null(strstr(explanation->action, "Publish"));
        assert_null(strstr(explanation->action, "mode testing"));
    }
}

static void test_a_host_with_a_port_or_a_dot_is_named_in_texts_and_commands(void **state)
{
    static const char *const hosts[] = {"mx1.example.com",    "mx1.example.com.",
                                        "MX1.example.com:25", "mx1.example.com.:25",
                                        "[mx1.example.com]",  "[mx1.example.com]:25"};
    size_t i;

    for (i = 0; i < COUNT(hosts); i++) {
        tlsrpt_facts facts = {
            "certificate-expired", "sts", NULL, "example.com", hosts[i], NULL, NULL};
        const tlsrpt_explanation *explanation = tlsrpt_explain(*state, &facts);

        assert_string_equal(explanation->what, "The certificate of mx1.example.com has expired.");
        assert_non_null(strstr(explanation->command, " mx1.example.com:25 "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_reported_policy_that_does_not_cover_the_mx_is_the_cause),
        POOL_TEST(test_a_policy_that_does_not_cover_the_mx_is_explained_alike_with_a_reason),
        POOL_TEST(test_an_mx_of_a_mail_provider_is_never_the_admins_to_renew),
        POOL_TEST(test_tlsa_records_of_a_mail_provider_are_never_the_admins_to_publish),
        POOL_TEST(test_a_host_with_a_port_or_a_dot_is_named_in_texts_and_commands),
        POOL_TEST(test_every_result_type_and_known_reason_has_an_explanation),
        POOL_TEST(test_under_dane_advice_about_certificates_mentions_only_tlsa_records),
        POOL_TEST(test_texts_and_commands_name_the_hosts),
        POOL_TEST(test_commands_contain_nothing_of_a_report_but_host_names),
        POOL_TEST(test_an_unknown_type_is_shown_as_sent_but_escaped),
        POOL_TEST(test_only_failures_possible_at_the_sender_are_attributed_to_it),
        POOL_TEST(test_only_the_beginning_of_a_long_reason_is_examined),
        POOL_TEST(test_failures_without_details_are_explained_too),
        POOL_TEST(test_every_owner_has_a_name),
    };

    return RUN_POOL_TESTS(tests);
}
