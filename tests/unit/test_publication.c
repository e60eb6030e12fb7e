/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include "core/dns/rdata.h"
#include "findings_fixture.h"
#include "publication_fixture.h"

/* A situation; its records, one a line: "state TYPE name ttl value", "<- current value" if that
 * differs, "(example)"; then the reason to hold the id back, and the findings. */
typedef struct publication_case {
    world world;
    const char *records;
    const char *hold;
    const char *findings;
} publication_case;

static const char *record_summary(apr_pool_t *p, const mta_sts_publication_record *record)
{
    return apr_psprintf(
        p, "%s %s %s %" APR_INT64_T_FMT " %s%s%s%s%s%s\n", mta_sts_record_state_name(record->state),
        mta_sts_record_type_rdata_name(record->type), record->name, record->ttl, record->value,
        record->now ? " <- " : "", record->now ? record->now : "",
        record->is_example ? " (example)" : "", record->delegated ? " elsewhere for " : "",
        record->delegated ? record->delegated : "");
}

static const char *records_summary(apr_pool_t *p, const mta_sts_publication *publication)
{
    const char *summary = "";
    int i;

    for (i = 0; i < publication->records->nelts; i++) {
        summary = apr_pstrcat(p, summary, record_summary(p, mta_sts_publication_at(publication, i)),
                              NULL);
    }
    return summary;
}

static void check_cases(apr_pool_t *p, const publication_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        mta_sts_findings *findings = mta_sts_findings_make(p);
        const mta_sts_publication *publication =
            mta_sts_publication_make(p, fixture_facts(p, &cases[i].world), findings);
        const char *hold = publication->hold ? publication->hold : "";
        const char *expected_hold = cases[i].hold ? cases[i].hold : "";

        if (cases[i].records) {
            assert_string_equal(records_summary(p, publication), cases[i].records);
        }
        assert_string_equal(hold, expected_hold);
        assert_string_equal(findings_summary(p, findings),
                            cases[i].findings ? cases[i].findings : "");
        assert_findings_are_printable(findings);
        assert_string_equal(mta_sts_publication_id_record(publication)->value +
                                strlen(mta_sts_publication_id_record(publication)->value) -
                                strlen(ID ";"),
                            ID ";");
    }
}

#define CHECK(cases) check_cases(*state, cases, COUNT(cases))

#define HOST_EXAMPLE                                                                               \
    "unknown A mta-sts.example.com 3600 192.0.2.1 (example)\n"                                     \
    "unknown AAAA mta-sts.example.com 3600 2001:db8::1 (example)\n"
#define RUA_EXAMPLE                                                                                \
    "TXT _smtp._tls.example.com 3600 v=TLSRPTv1; rua=mailto:YOU@example.com (example)\n"
#define UNKNOWN_REST HOST_EXAMPLE "unknown " RUA_EXAMPLE

static void test_without_an_answer_of_dns_the_states_are_unknown(void **state)
{
    static const publication_case cases[] = {
        {{0}, "unknown TXT _mta-sts.example.com 3600 " STS "\n" UNKNOWN_REST, NULL, NULL},
        {{.now = {"!", "!", "!", "!", "!", "!"}},
         "unknown TXT _mta-sts.example.com 3600 " STS "\n" UNKNOWN_REST,
         NULL,
         NULL},
    };

    CHECK(cases);
}

static void test_the_mta_sts_record_is_compared_with_those_in_dns(void **state)
{
#define RECORD(state, ttl) state " TXT _mta-sts.example.com " ttl " "
    static const publication_case cases[] = {
        {{.now = {""}}, RECORD("missing", "3600") STS "\n" UNKNOWN_REST, NULL, NULL},
        {{.now = {STS}}, RECORD("same", "300") STS "\n" UNKNOWN_REST, NULL, NULL},
        {{.now = {OLD_STS}},
         RECORD("differs", "300") STS " <- " OLD_STS "\n" UNKNOWN_REST,
         NULL,
         NULL},
        /* records that are ignored */
        {{.now = {"v=spf1 -all\nhello"}},
         RECORD("missing", "300") STS "\n" UNKNOWN_REST,
         NULL,
         NULL},
        /* the same id, written badly: senders ignore it */
        {{.now = {"V=stsv1; id=" ID ";"}},
         RECORD("differs", "300") STS " <- V=stsv1; id=" ID ";\n" UNKNOWN_REST,
         NULL,
         NULL},
        {{.now = {"\"v=STSv1; id=" ID ";\""}},
         RECORD("differs", "300") STS " <- \"v=STSv1; id=" ID ";\"\n" UNKNOWN_REST,
         NULL,
         NULL},
        /* several records: a correct one is left, or else the first is replaced */
        {{.now = {OLD_STS "\n" STS}},
         RECORD("same", "300") STS "\n" RECORD("superfluous", "300") OLD_STS "\n" UNKNOWN_REST,
         NULL,
         NULL},
        {{.now = {OLD_STS "\nv=STSv1; id=2;"}},
         RECORD("differs", "300") STS
         " <- " OLD_STS "\n" RECORD("superfluous", "300") "v=STSv1; id=2;\n" UNKNOWN_REST,
         NULL,
         NULL},
        {{.now = {STS "\n" STS}},
         RECORD("same", "300") STS "\n" RECORD("superfluous", "300") STS "\n" UNKNOWN_REST,
         NULL,
         NULL},
        /* the time left in a cache says nothing about the zone's TTL */
        {{.is_cached = 1, .now = {STS}}, RECORD("same", "3600") STS "\n" UNKNOWN_REST, NULL, NULL},
        /* a requested ttl */
        {{.ttl = 60, .now = {OLD_STS}},
         "differs TXT _mta-sts.example.com 60 " STS " <- " OLD_STS "\n"
         "unknown A mta-sts.example.com 60 192.0.2.1 (example)\n"
         "unknown AAAA mta-sts.example.com 60 2001:db8::1 (example)\n"
         "unknown TXT _smtp._tls.example.com 60 v=TLSRPTv1; rua=mailto:YOU@example.com (example)\n",
         NULL,
         NULL},
    };

    CHECK(cases);
}

static void test_an_equivalent_record_in_dns_is_left_as_written(void **state)
{
    static const publication_case cases[] = {
        {{.now = {"v=STSv1;id=" ID}},
         "same TXT _mta-sts.example.com 300 v=STSv1;id=" ID "\n" UNKNOWN_REST,
         NULL,
         NULL},
    };
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    const mta_sts_publication *publication =
        mta_sts_publication_make(*state, fixture_facts(*state, &cases[0].world), findings);

    assert_string_equal(records_summary(*state, publication), cases[0].records);
}

#define ELSEWHERE " elsewhere for _mta-sts.example.com\n"

static void test_the_record_where_a_cname_leads_is_for_its_owner_to_change(void **state)
{
    static const publication_case cases[] = {
        {{.alias = "_mta-sts.provider.net", .now = {OLD_STS}},
         "differs TXT _mta-sts.provider.net 300 " STS " <- " OLD_STS ELSEWHERE UNKNOWN_REST,
         NULL,
         "warning record-elsewhere@0"},
        {{.alias = "_mta-sts.provider.net", .now = {""}},
         "missing TXT _mta-sts.provider.net 3600 " STS ELSEWHERE UNKNOWN_REST,
         NULL,
         "warning record-elsewhere@0"},
        {{.alias = "_mta-sts.provider.net", .now = {STS}},
         "same TXT _mta-sts.provider.net 300 " STS ELSEWHERE UNKNOWN_REST,
         NULL,
         "info record-elsewhere@0"},
        {{.alias = "notexample.com", .now = {STS}},
         "same TXT notexample.com 300 " STS ELSEWHERE UNKNOWN_REST,
         NULL,
         "info record-elsewhere@0"},
        /* of the domain itself */
        {{.alias = "sts.Example.com", .now = {OLD_STS}},
         "differs TXT sts.Example.com 300 " STS " <- " OLD_STS "\n" UNKNOWN_REST,
         NULL,
         "info record-elsewhere@0"},
        {{.tlsrpt_alias = "reports.provider.net",
          .rua = "mailto:new@example.com",
          .now = {[MTA_STS_TYPE_TLSRPT] = TLSRPT}},
         "unknown TXT _mta-sts.example.com 3600 " STS "\n" HOST_EXAMPLE
         "differs TXT reports.provider.net 300 v=TLSRPTv1; rua=mailto:new@example.com <- " TLSRPT
         " elsewhere for _smtp._tls.example.com\n",
         NULL,
         "warning record-elsewhere@0"},
        {{.tlsrpt_alias = "reports.provider.net", .now = {[MTA_STS_TYPE_TLSRPT] = TLSRPT}},
         "unknown TXT _mta-sts.example.com 3600 " STS "\n" HOST_EXAMPLE
         "same TXT reports.provider.net 300 " TLSRPT " elsewhere for _smtp._tls.example.com\n",
         NULL,
         "info record-elsewhere@0"},
    };

    CHECK(cases);
}

#define ID_UNKNOWN "unknown TXT _mta-sts.example.com 3600 " STS "\n"

static void test_report_addresses_stay_unless_others_are_given(void **state)
{
#define REPORTS(state, ttl) state " TXT _smtp._tls.example.com " ttl " "
    static const publication_case cases[] = {
        {{.now = {[MTA_STS_TYPE_TLSRPT] = TLSRPT}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS("same", "300") TLSRPT "\n",
         NULL,
         NULL},
        {{.now = {[MTA_STS_TYPE_TLSRPT] = ""}},
         ID_UNKNOWN HOST_EXAMPLE "missing " RUA_EXAMPLE,
         NULL,
         NULL},
        {{.rua = "mailto:tls@example.com", .now = {[MTA_STS_TYPE_TLSRPT] = ""}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS("missing", "3600") TLSRPT "\n",
         NULL,
         NULL},
        {{.rua = "mailto:tls@example.com\nhttps://example.com/r",
          .now = {[MTA_STS_TYPE_TLSRPT] = TLSRPT}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS("differs", "300") TLSRPT
         ",https://example.com/r <- " TLSRPT "\n",
         NULL,
         NULL},
        {{.rua = "mailto:tls@example.com", .now = {[MTA_STS_TYPE_TLSRPT] = TLSRPT " ;"}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS("same", "300") TLSRPT " ;\n",
         NULL,
         NULL},
        /* the address of this machine's endpoint, and always one for mail */
        {{.endpoint = "https://mta-sts.example.com/r", .now = {[MTA_STS_TYPE_TLSRPT] = ""}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS(
             "missing",
             "3600") "v=TLSRPTv1; rua=https://mta-sts.example.com/r,mailto:YOU@example.com "
                     "(example)\n",
         NULL,
         NULL},
        {{.endpoint = "https://mta-sts.example.com/r", .now = {[MTA_STS_TYPE_TLSRPT] = TLSRPT}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS("same", "300") TLSRPT "\n",
         NULL,
         "info rua-without-endpoint@0"},
        {{.endpoint = "https://mta-sts.example.com/r",
          .now = {[MTA_STS_TYPE_TLSRPT] = TLSRPT ",https://mta-sts.example.com/r"}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS("same", "300") TLSRPT ",https://mta-sts.example.com/r\n",
         NULL,
         NULL},
        {{.now = {[MTA_STS_TYPE_TLSRPT] = "v=TLSRPTv1; rua=https://mta-sts.example.com/r"}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS("same",
                                         "300") "v=TLSRPTv1; rua=https://mta-sts.example.com/r\n",
         NULL,
         "info rua-without-mail@0"},
        {{.rua = "https://mta-sts.example.com/r", .now = {[MTA_STS_TYPE_TLSRPT] = ""}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS("missing",
                                         "3600") "v=TLSRPTv1; rua=https://mta-sts.example.com/r\n",
         NULL,
         "info rua-without-mail@0"},
        /* what is asked for is not added to */
        {{.rua = "mailto:tls@example.com",
          .endpoint = "https://mta-sts.example.com/r",
          .now = {[MTA_STS_TYPE_TLSRPT] = ""}},
         ID_UNKNOWN HOST_EXAMPLE REPORTS("missing", "3600") TLSRPT "\n",
         NULL,
         NULL},
        /* a record that senders cannot use counts as missing */
        {{.now = {[MTA_STS_TYPE_TLSRPT] = "v=TLSRPTv1; rua=tls@example.com"}},
         ID_UNKNOWN HOST_EXAMPLE
         "missing TXT _smtp._tls.example.com 300 v=TLSRPTv1; rua=mailto:YOU@example.com (example)\n"
         "superfluous TXT _smtp._tls.example.com 300 v=TLSRPTv1; rua=tls@example.com\n",
         NULL,
         NULL},
    };

    CHECK(cases);
}

static void test_the_policy_host_keeps_its_addresses_unless_others_are_given(void **state)
{
#define HOST(state, type, ttl) state " " type " mta-sts.example.com " ttl " "
#define RUA_UNKNOWN "unknown " RUA_EXAMPLE
    static const publication_case cases[] = {
        {{.now = {NULL, "", "192.0.2.7\n192.0.2.8", "2001:db8::7"}},
         ID_UNKNOWN HOST("same", "A", "300") "192.0.2.7\n" HOST(
             "same", "A", "300") "192.0.2.8\n" HOST("same", "AAAA",
                                                    "300") "2001:db8::7\n" RUA_UNKNOWN,
         NULL,
         NULL},
        {{.now = {NULL, "web.example.com", "192.0.2.7", ""}},
         ID_UNKNOWN HOST("same", "CNAME", "300") "web.example.com\n" RUA_UNKNOWN,
         NULL,
         NULL},
        {{.now = {NULL, "", "", ""}},
         ID_UNKNOWN HOST("missing", "A", "3600") "192.0.2.1 (example)\n" HOST(
             "missing", "AAAA", "3600") "2001:db8::1 (example)\n" RUA_UNKNOWN,
         NULL,
         NULL},
        {{.addresses = "192.0.2.7\n2001:db8::7", .now = {NULL, "", "192.0.2.7\n192.0.2.8", ""}},
         ID_UNKNOWN HOST("same", "A", "300") "192.0.2.7\n" HOST(
             "superfluous", "A", "300") "192.0.2.8\n" HOST("missing", "AAAA",
                                                           "3600") "2001:db8::7"
                                                                   "\n" RUA_UNKNOWN,
         NULL,
         NULL},
        /* the addresses of the target of a CNAME are not the host's own */
        {{.addresses = "192.0.2.7", .now = {NULL, "web.example.com", "192.0.2.7", ""}},
         ID_UNKNOWN HOST("superfluous", "CNAME", "300") "web.example.com\n" HOST(
             "missing", "A", "300") "192.0.2.7\n" RUA_UNKNOWN,
         NULL,
         NULL},
        {{.cname = "web.example.com", .now = {NULL, "WEB.example.com", "192.0.2.7", ""}},
         ID_UNKNOWN HOST("same", "CNAME", "300") "web.example.com\n" RUA_UNKNOWN,
         NULL,
         NULL},
        {{.cname = "web.example.com", .now = {NULL, "", "192.0.2.7", ""}},
         ID_UNKNOWN HOST("missing", "CNAME", "3600") "web.example.com\n" HOST(
             "superfluous", "A", "300") "192.0.2.7\n" RUA_UNKNOWN,
         NULL,
         NULL},
        {{.addresses = "192.0.2.7"},
         ID_UNKNOWN HOST("unknown", "A", "3600") "192.0.2.7\n" RUA_UNKNOWN,
         NULL,
         NULL},
    };

    CHECK(cases);
}

static void test_the_id_is_held_back_until_the_policy_is_served(void **state)
{
    static const publication_case cases[] = {
        {{.served = MTA_STS_SERVED_SAME}, NULL, NULL, NULL},
        {{.served = MTA_STS_SERVED_UNKNOWN}, NULL, NULL, NULL},
        {{.served = MTA_STS_SERVED_NOTHING},
         NULL,
         "the policy is not served",
         "error policy-not-served@0"},
        {{.served = MTA_STS_SERVED_OTHER},
         NULL,
         "another policy is served, with the id 20250101",
         "error policy-not-served@0"},
    };

    CHECK(cases);
}

#define MX(hosts) .now = {[MTA_STS_TYPE_MX] = hosts}
#define UNCOVERED "the policy does not cover the MX host mx2.example.com"

static void test_the_id_is_held_back_while_an_mx_host_is_not_covered(void **state)
{
    static const publication_case cases[] = {
        {{MX("mx1.example.com")}, NULL, NULL, NULL},
        {{MX("mx1.example.com\nmx2.example.com")}, NULL, UNCOVERED, "error mx-not-in-policy@0"},
        {{MX("mx2.example.com"), .mode = MTA_STS_MODE_TESTING},
         NULL,
         NULL,
         "warning mx-not-in-policy@0"},
        {{MX("mx2.example.com"), .mode = MTA_STS_MODE_NONE}, NULL, NULL, NULL},
        {{MX("."), .mode = MTA_STS_MODE_ENFORCE}, NULL, NULL, NULL},
        {{MX("mx2.example.com"), .mx = "*.example.com"}, NULL, NULL, NULL},
        {{MX("")}, NULL, NULL, NULL},
        {{MX("!")}, NULL, NULL, NULL},
        {{MX("mx2.example.com"), .served = MTA_STS_SERVED_NOTHING},
         NULL,
         "the policy is not served",
         "error mx-not-in-policy@0, error policy-not-served@0"},
    };

    CHECK(cases);
}

static void test_patterns_that_match_no_mx_host_are_reported(void **state)
{
    static const struct {
        const char *mx, *hosts, *unused;
    } cases[] = {
        {"mx1.example.com\nmx2.example.com", "mx1.example.com", "mx2.example.com"},
        {"*.example.com\n*.example.net", "mx1.example.com", "*.example.net"},
        {"mx1.example.com", "mx1.example.com", ""},
        {"mx1.example.com", "", ""},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        world w = {.mx = cases[i].mx, MX(cases[i].hosts)};
        const mta_sts_publication *publication = mta_sts_publication_make(
            *state, fixture_facts(*state, &w), mta_sts_findings_make(*state));

        assert_string_equal(apr_array_pstrcat(*state, publication->unused, ' '), cases[i].unused);
    }
}

static void test_each_record_type_has_a_name_and_an_rdata_type(void **state)
{
    static const struct {
        const char *name, *type;
        int rdata;
    } expected[MTA_STS_RECORD_TYPES] = {
        {"_mta-sts.example.com", "TXT", MTA_STS_RDATA_TXT},
        {"mta-sts.example.com", "CNAME", MTA_STS_RDATA_CNAME},
        {"mta-sts.example.com", "A", MTA_STS_RDATA_A},
        {"mta-sts.example.com", "AAAA", MTA_STS_RDATA_AAAA},
        {"_smtp._tls.example.com", "TXT", MTA_STS_RDATA_TXT},
        {"example.com", "MX", MTA_STS_RDATA_MX},
    };
    int i;

    for (i = 0; i < MTA_STS_RECORD_TYPES; i++) {
        assert_string_equal(mta_sts_record_type_name(*state, i, "example.com"), expected[i].name);
        assert_string_equal(mta_sts_record_type_rdata_name(i), expected[i].type);
        assert_int_equal(mta_sts_record_type_rdata(i), expected[i].rdata);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_without_an_answer_of_dns_the_states_are_unknown),
        POOL_TEST(test_the_mta_sts_record_is_compared_with_those_in_dns),
        POOL_TEST(test_an_equivalent_record_in_dns_is_left_as_written),
        POOL_TEST(test_the_record_where_a_cname_leads_is_for_its_owner_to_change),
        POOL_TEST(test_report_addresses_stay_unless_others_are_given),
        POOL_TEST(test_the_policy_host_keeps_its_addresses_unless_others_are_given),
        POOL_TEST(test_the_id_is_held_back_until_the_policy_is_served),
        POOL_TEST(test_the_id_is_held_back_while_an_mx_host_is_not_covered),
        POOL_TEST(test_patterns_that_match_no_mx_host_are_reported),
        POOL_TEST(test_each_record_type_has_a_name_and_an_rdata_type),
    };

    return RUN_POOL_TESTS(tests);
}
