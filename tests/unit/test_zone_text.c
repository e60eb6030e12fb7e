/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include "core/dns/zone_text.h"
#include "publication_fixture.h"

#define BYTES_50 "12345678901234567890123456789012345678901234567890"
#define BYTES_255 BYTES_50 BYTES_50 BYTES_50 BYTES_50 BYTES_50 "12345"

static const mta_sts_publication *publish(apr_pool_t *p, const world *w)
{
    return mta_sts_publication_make(p, fixture_facts(p, w), mta_sts_findings_make(p));
}

typedef const char *render_function(apr_pool_t *p, const mta_sts_publication *publication);

typedef struct text_case {
    world world;
    const char *text;
} text_case;

static void check_cases(apr_pool_t *p, render_function *render, const text_case *cases,
                        size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        assert_string_equal(render(p, publish(p, &cases[i].world)), cases[i].text);
    }
}

#define CHECK_ZONE(cases) check_cases(*state, mta_sts_zone_render, cases, COUNT(cases))
#define CHECK_NSUPDATE(cases) check_cases(*state, mta_sts_nsupdate_render, cases, COUNT(cases))

static void test_a_text_is_split_into_strings_of_255_bytes(void **state)
{
    static const struct {
        const char *text, *strings;
    } cases[] = {
        {"", "\"\""},
        {"v=STSv1; id=1;", "\"v=STSv1; id=1;\""},
        {BYTES_255, "\"" BYTES_255 "\""},
        {BYTES_255 "x", "\"" BYTES_255 "\" \"x\""},
        {BYTES_255 BYTES_255, "\"" BYTES_255 "\" \"" BYTES_255 "\""},
        {BYTES_255 BYTES_255 "x", "\"" BYTES_255 "\" \"" BYTES_255 "\" \"x\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"a\nb\x1b[31m\x7f", "\"a\\010b\\027[31m\\127\""},
        {"b\xc3\xbc", "\"b\\195\\188\""},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(mta_sts_zone_strings(*state, cases[i].text), cases[i].strings);
    }
}

static void test_bytes_that_need_escapes_still_fit_their_string(void **state)
{
    char text[2 * 255 + 1];
    const char *strings;

    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    strings = mta_sts_zone_strings(*state, text);
    assert_int_equal(strlen(strings), 4 * 2 * 255 + 2 * 2 + 1);
    assert_memory_equal(strings + 1 + 4 * 255, "\" \"", 3);
}

#define EXAMPLES                                                                                   \
    "; the policy host, with the addresses of this server (or a CNAME to its name):\n"             \
    ";mta-sts.example.com. IN A 192.0.2.1\n"                                                       \
    ";mta-sts.example.com. IN AAAA 2001:db8::1\n"                                                  \
    "; where reports go; replace YOU with your mailbox (Google and Microsoft send reports by "     \
    "mail "                                                                                        \
    "only):\n"                                                                                     \
    ";_smtp._tls.example.com. IN TXT \"v=TLSRPTv1; rua=mailto:YOU@example.com\"\n"

static void test_a_zone_file_contains_certain_records_and_the_others_as_comments(void **state)
{
    static const text_case cases[] = {
        {{.ttl = MTA_STS_TTL_OF_ZONE}, "_mta-sts.example.com. IN TXT \"" STS "\"\n" EXAMPLES},
        {{.ttl = 60}, "_mta-sts.example.com. 60 IN TXT \"" STS "\"\n" EXAMPLES},
    };

    CHECK_ZONE(cases);
}

static void test_a_zone_file_marks_differences_from_dns(void **state)
{
    static const text_case cases[] = {
        {{.rua = "mailto:tls@example.com",
          .addresses = "192.0.2.7\n2001:db8::7",
          .now = {OLD_STS "\nv=STSv1; id=2;", "", "192.0.2.7", "2001:db8::8", ""}},
         "_mta-sts.example.com. 300 IN TXT \"" STS "\" ; differs: DNS has \"" OLD_STS "\"\n"
         ";_mta-sts.example.com. 300 IN TXT \"v=STSv1; id=2;\" ; superfluous: delete it\n"
         "mta-sts.example.com. 300 IN A 192.0.2.7 ; same\n"
         "mta-sts.example.com. 300 IN AAAA 2001:db8::7 ; missing\n"
         ";mta-sts.example.com. 300 IN AAAA 2001:db8::8 ; superfluous: delete it\n"
         "_smtp._tls.example.com. 3600 IN TXT \"" TLSRPT "\" ; missing\n"},
        {{.now = {STS, "web.example.com", "192.0.2.7", "", TLSRPT}},
         "_mta-sts.example.com. 300 IN TXT \"" STS "\" ; same\n"
         "mta-sts.example.com. 300 IN CNAME web.example.com. ; same\n"
         "_smtp._tls.example.com. 300 IN TXT \"" TLSRPT "\" ; same\n"},
        /* hostile text in DNS stays in its quotation */
        {{.now = {"v=STSv1\"\n\x1b[2J", "", "192.0.2.7", "", TLSRPT}},
         "_mta-sts.example.com. 300 IN TXT \"" STS "\" ; differs: DNS has \"v=STSv1\\\"\"\n"
         "mta-sts.example.com. 300 IN A 192.0.2.7 ; same\n"
         "_smtp._tls.example.com. 300 IN TXT \"" TLSRPT "\" ; same\n"},
    };

    CHECK_ZONE(cases);
}

static void test_a_record_held_back_is_a_comment_with_the_reason(void **state)
{
    static const text_case cases[] = {
        {{.served = MTA_STS_SERVED_NOTHING, .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT}},
         "; not yet: the policy is not served\n"
         ";_mta-sts.example.com. 300 IN TXT \"" STS "\" ; differs: DNS has \"" OLD_STS "\"\n"
         "mta-sts.example.com. 300 IN A 192.0.2.7 ; same\n"
         "_smtp._tls.example.com. 300 IN TXT \"" TLSRPT "\" ; same\n"},
        /* the state in DNS is unknown */
        {{.served = MTA_STS_SERVED_NOTHING, .now = {"!", "", "192.0.2.7", "", TLSRPT}},
         "; not yet: the policy is not served\n"
         ";_mta-sts.example.com. 3600 IN TXT \"" STS "\"\n"
         "mta-sts.example.com. 300 IN A 192.0.2.7 ; same\n"
         "_smtp._tls.example.com. 300 IN TXT \"" TLSRPT "\" ; same\n"},
        /* already published, so nothing is held back */
        {{.served = MTA_STS_SERVED_NOTHING, .now = {STS, "", "192.0.2.7", "", TLSRPT}},
         "_mta-sts.example.com. 300 IN TXT \"" STS "\" ; same\n"
         "mta-sts.example.com. 300 IN A 192.0.2.7 ; same\n"
         "_smtp._tls.example.com. 300 IN TXT \"" TLSRPT "\" ; same\n"},
    };

    CHECK_ZONE(cases);
}

static void test_nsupdate_gets_the_differences_in_one_message_per_name(void **state)
{
    static const text_case cases[] = {
        {{.rua = "mailto:tls@example.com",
          .addresses = "192.0.2.7\n2001:db8::7",
          .now = {OLD_STS "\nv=STSv1; id=2;", "", "192.0.2.7", "2001:db8::8", ""}},
         "update delete _mta-sts.example.com. TXT\n"
         "update add _mta-sts.example.com. 300 IN TXT \"" STS "\"\n"
         "send\n"
         "update delete mta-sts.example.com. AAAA 2001:db8::8\n"
         "update add mta-sts.example.com. 300 IN AAAA 2001:db8::7\n"
         "send\n"
         "update delete _smtp._tls.example.com. TXT\n"
         "update add _smtp._tls.example.com. 3600 IN TXT \"" TLSRPT "\"\n"
         "send\n"},
        {{.now = {STS, "web.example.com", "192.0.2.7", "", TLSRPT}}, "; nothing to update\n"},
        /* nothing can be added beside a CNAME */
        {{.addresses = "192.0.2.7", .now = {STS, "web.example.com", "192.0.2.9", "", TLSRPT}},
         "update delete mta-sts.example.com. CNAME web.example.com.\n"
         "update add mta-sts.example.com. 300 IN A 192.0.2.7\n"
         "send\n"},
        {{.cname = "web.example.com", .now = {STS, "", "192.0.2.9", "", TLSRPT}},
         "update delete mta-sts.example.com. A 192.0.2.9\n"
         "update add mta-sts.example.com. 3600 IN CNAME web.example.com.\n"
         "send\n"},
    };

    CHECK_NSUPDATE(cases);
}

static void test_nsupdate_preserves_unrelated_txt_records(void **state)
{
    static const text_case cases[] = {
        {{.now = {"hello \"you\"\n" OLD_STS, "", "192.0.2.9", "", TLSRPT}},
         "update delete _mta-sts.example.com. TXT\n"
         "update add _mta-sts.example.com. 300 IN TXT \"" STS "\"\n"
         "update add _mta-sts.example.com. 300 IN TXT \"hello \\\"you\\\"\"\n"
         "send\n"},
    };

    CHECK_NSUPDATE(cases);
}

static void test_nsupdate_publishes_without_an_answer_of_dns_but_no_example(void **state)
{
    static const text_case cases[] = {
        {{.ttl = MTA_STS_TTL_OF_ZONE},
         "update delete _mta-sts.example.com. TXT\n"
         "update add _mta-sts.example.com. 3600 IN TXT \"" STS "\"\n"
         "send\n"},
    };

    CHECK_NSUPDATE(cases);
}

static void test_nsupdate_gets_a_record_held_back_as_comments(void **state)
{
    static const text_case cases[] = {
        {{.served = MTA_STS_SERVED_OTHER,
          .rua = "mailto:tls@example.com",
          .now = {OLD_STS, "", "192.0.2.7", "", ""}},
         "; not yet: another policy is served, with the id 20250101\n"
         ";update delete _mta-sts.example.com. TXT\n"
         ";update add _mta-sts.example.com. 300 IN TXT \"" STS "\"\n"
         ";send\n"
         "update delete _smtp._tls.example.com. TXT\n"
         "update add _smtp._tls.example.com. 3600 IN TXT \"" TLSRPT "\"\n"
         "send\n"},
    };

    CHECK_NSUPDATE(cases);
}

static void test_nsupdate_deletes_a_second_record(void **state)
{
    static const text_case cases[] = {
        {{.served = MTA_STS_SERVED_NOTHING, .now = {STS "\n" OLD_STS, "", "192.0.2.7", "", TLSRPT}},
         "update delete _mta-sts.example.com. TXT\n"
         "update add _mta-sts.example.com. 300 IN TXT \"" STS "\"\n"
         "send\n"},
    };

    CHECK_NSUPDATE(cases);
}

/* Nothing that could be pasted or sent: the record is in the zone of another party. */
static void test_a_record_in_the_zone_of_another_party_is_asked_for_and_never_updated(void **state)
{
#define ASKED                                                                                      \
    "; elsewhere: ask the operator of _mta-sts.provider.net, where the CNAME of "                  \
    "_mta-sts.example.com points, to publish \"" STS "\" there once this policy is served (a "     \
    "provider that serves the policy itself uses an id of its own)\n"                              \
    ";   DNS has \"" OLD_STS "\" there\n"
#define ASKED_FOR_REPORTS                                                                          \
    "; elsewhere: ask the operator of reports.provider.net, where the CNAME of "                   \
    "_smtp._tls.example.com points, to publish \"v=TLSRPTv1; rua=mailto:new@example.com\" "        \
    "there\n;   DNS has \"" TLSRPT "\" there\n"
    static const text_case zone[] = {
        {{.alias = "_mta-sts.provider.net",
          .tlsrpt_alias = "reports.provider.net",
          .rua = "mailto:new@example.com",
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT}},
         ASKED "mta-sts.example.com. 300 IN A 192.0.2.7 ; same\n" ASKED_FOR_REPORTS},
        {{.alias = "_mta-sts.provider.net", .now = {STS, "", "192.0.2.7", "", TLSRPT}},
         "; _mta-sts.example.com is an alias (CNAME) of _mta-sts.provider.net, whose record is "
         "right\n"
         "mta-sts.example.com. 300 IN A 192.0.2.7 ; same\n"
         "_smtp._tls.example.com. 300 IN TXT \"" TLSRPT "\" ; same\n"},
    };
    static const text_case dead[] = {
        {{.dangling_alias = "gone.provider.net", .now = {"", "gone.provider.net", "", "", TLSRPT}},
         "; elsewhere: delete the CNAME of _mta-sts.example.com, which points to "
         "gone.provider.net, a name that does not exist; publish \"" STS "\" there instead\n"
         ";mta-sts.example.com. 300 IN CNAME gone.provider.net. ; superfluous: delete it\n"
         "; the policy host, with the addresses of this server (or a CNAME to its name):\n"
         ";mta-sts.example.com. IN A 192.0.2.1\n"
         ";mta-sts.example.com. IN AAAA 2001:db8::1\n"
         "_smtp._tls.example.com. 300 IN TXT \"" TLSRPT "\" ; same\n"},
    };
    static const text_case nsupdate[] = {
        {{.alias = "_mta-sts.provider.net",
          .tlsrpt_alias = "reports.provider.net",
          .rua = "mailto:new@example.com",
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT}},
         ASKED ASKED_FOR_REPORTS},
        {{.alias = "_mta-sts.provider.net", .now = {STS, "", "192.0.2.7", "", TLSRPT}},
         "; nothing to update\n"},
        {{.alias = "sts.example.com", .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT}},
         "update delete sts.example.com. TXT\n"
         "update add sts.example.com. 300 IN TXT \"" STS "\"\n"
         "send\n"},
    };

    CHECK_ZONE(zone);
    CHECK_ZONE(dead);
    CHECK_NSUPDATE(nsupdate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_text_is_split_into_strings_of_255_bytes),
        POOL_TEST(test_bytes_that_need_escapes_still_fit_their_string),
        POOL_TEST(test_a_zone_file_contains_certain_records_and_the_others_as_comments),
        POOL_TEST(test_a_zone_file_marks_differences_from_dns),
        POOL_TEST(test_a_record_held_back_is_a_comment_with_the_reason),
        POOL_TEST(test_nsupdate_gets_the_differences_in_one_message_per_name),
        POOL_TEST(test_nsupdate_preserves_unrelated_txt_records),
        POOL_TEST(test_nsupdate_publishes_without_an_answer_of_dns_but_no_example),
        POOL_TEST(test_nsupdate_gets_a_record_held_back_as_comments),
        POOL_TEST(test_nsupdate_deletes_a_second_record),
        POOL_TEST(test_a_record_in_the_zone_of_another_party_is_asked_for_and_never_updated),
    };

    return RUN_POOL_TESTS(tests);
}
