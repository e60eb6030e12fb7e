/* SPDX-License-Identifier: Apache-2.0 */
#include "index_fixture.h"
#include "mixed_reports.h"

/* Sums in the index. */

static void test_reports_are_summed_up(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    tlsrpt_domain *all;

    store(index, simple_json(p, "Google", "example.com", MONDAY, "10", "2"), "google.com");
    store(index, simple_json(p, "Google", "example.com", MONDAY + 1, "20", "0"), NULL);
    store(index,
          report_json(
              p, "Mail.ru", "r1", MONDAY + 1,
              apr_pstrcat(
                  p,
                  policy_json(
                      p, "sts", "example.com", "5", "7",
                      apr_pstrcat(p, failure_json(p, "certificate-expired", "mx1", "1", "4"), ",",
                                  failure_json(p, "certificate-expired", "mx1", "2", "3"), NULL)),
                  ",", policy_json(p, "tlsa", "example.org", "1", "0", ""), NULL)),
          NULL);
    update_index(index);
    assert_int_equal(index->all.added, 3);
    assert_string_equal(
        index_text(index, NULL),
        "3 reports, 0 duplicates, 0 conflicts, 2 unverified, 36+9\n"
        "example.com 3 reports 35+9, verified 1 10+2 in 1778371200..1778543999\n"
        " day 20583 10+2, verified 10+2\n"
        " day 20584 25+7, verified 0+0\n"
        " sender Google 1 reports 10+2 until 1778457599 verified\n"
        " sender Google 1 reports 20+0 until 1778543999\n"
        " sender Mail.ru 1 reports 5+7 until 1778543999\n"
        " cause sts certificate-expired at mx1 7 in 1778457600..1778543999 by Mail.ru: 1,2;"
        " 2001:db8::1,2001:db8::2; 192.0.2.1,192.0.2.2\n"
        " seen verified sts \"version: STSv1\nmode: sts\" by Google 12 until 1778457599\n"
        " seen sts \"version: STSv1\nmode: sts\" by Google,Mail.ru 32 until 1778543999\n"
        "example.org 1 reports 1+0, verified 0 0+0 in 1778457600..1778543999\n"
        " day 20584 1+0, verified 0+0\n"
        " sender Mail.ru 1 reports 1+0 until 1778543999\n"
        " seen tlsa \"version: STSv1\nmode: tlsa\" by Mail.ru 1 until 1778543999\n");
    assert_done(tlsrpt_index_sum_all(index->db, NULL, p, &all));
    assert_string_equal(
        domain_text(p, all),
        "* 3 reports 36+9, verified 1 10+2 in 1778371200..1778543999\n"
        " day 20583 10+2, verified 10+2\n"
        " day 20584 26+7, verified 0+0\n"
        " sender Google 1 reports 10+2 until 1778457599 verified\n"
        " sender Google 1 reports 20+0 until 1778543999\n"
        " sender Mail.ru 1 reports 6+7 until 1778543999\n"
        " cause sts certificate-expired at mx1 7 in 1778457600..1778543999 by Mail.ru: ; ; \n");
}

static void test_sums_equal_those_of_the_tally_for_any_query(void **state)
{
    static const tlsrpt_filter filters[] = {
        {0, NULL, NULL, 0},
        {(MONDAY + 2) * DAY, NULL, NULL, 0},
        {0, "d1.example", NULL, 0},
        {0, NULL, "GOOGLE", 0},
        {0, NULL, "", 0},
        {(MONDAY + 1) * DAY, "d2.example", "google", 0},
        {(MONDAY + 9) * DAY, NULL, NULL, 0},
        {0, "nothing.example", NULL, 0},
        {0, NULL, "Nobody", 0},
    };
    indexed *index = make_index(state);
    unsigned seed = 7, round, i;

    for (round = 0; round < 3; round++) {
        for (i = 0; i < 25; i++) {
            store_mixed(index, &seed);
        }
        update_index(index); /* a later report may replace one that counted */
        for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
            assert_string_equal(index_text(index, &filters[i]), tally_text(index, &filters[i]));
        }
    }
    assert_true(index->all.conflicts > 2);
}

static void test_sums_stop_at_the_largest_number(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    int day;

    for (day = 0; day < 3; day++) {
        store(index,
              report_json(p, "A", number(p, (unsigned)day), MONDAY + day / 2,
                          policy_json(p, "sts", "d.example", LARGEST, LARGEST,
                                      failure_json(p, "x", "mx", "1", LARGEST))),
              "example.net");
        update_index(index);
    }
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    assert_non_null(strstr(index_text(index, NULL), LARGEST "+" LARGEST));
}

/* Sessions of unverified reports, by another sender each day; what is set apart. */
static void test_what_is_not_plausible_is_set_apart_and_changes_nothing(void **state)
{
    static const struct {
        const char *sessions[5], *verified;
        int apart;
    } cases[] = {
        {{"50", "70", LARGEST}, NULL, 1},
        {{LARGEST, "50", "70"}, NULL, 1}, /* whichever is indexed first */
        {{LARGEST}, NULL, 1},             /* cannot be added exactly */
        {{"1000000"}, NULL, 0},           /* nothing to compare with */
        {{"1000000", "0"}, NULL, 1},
        {{"10000", "1"}, NULL, 0},
        {{"10001", "1"}, NULL, 1},
        {{"1000", "100000"}, NULL, 0},
        {{"1000", "100001"}, NULL, 1},
        {{"1000", "100000", "10000000"}, NULL, 0},
        {{"10", "2000000", "1000000"}, NULL, 2},
        {{"10", "1000000"}, "10000", 0},
        {{"10", "1000001"}, "10000", 1},
    };
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *domain = apr_psprintf(p, "d%u.example", (unsigned)i);
        const tlsrpt_filter filter = {.domain = domain};
        tlsrpt_summary *sum;
        int day;

        if (cases[i].verified) {
            store(index, simple_json(p, "V", domain, MONDAY, cases[i].verified, "0"), "v.net");
        }
        for (day = 0; day < 5 && cases[i].sessions[day]; day++) {
            store(index,
                  simple_json(p, apr_psprintf(p, "S%d", day), domain, MONDAY + day,
                              day % 2 ? "0" : cases[i].sessions[day],
                              day % 2 ? cases[i].sessions[day] : "0"),
                  NULL);
            update_index(index);
        }
        assert_done(tlsrpt_index_sum(index->db, &filter, 10, p, &sum));
        assert_int_equal(sum->apart_count, cases[i].apart);
        assert_int_equal(sum->reports, day + (cases[i].verified != NULL) - cases[i].apart);
        assert_string_equal(index_text(index, &filter), tally_text(index, &filter));
    }
    remove_everything(index);
    update_index(index);
    assert_nothing_is_left(index);
}

static void test_failure_details_that_are_not_plausible_are_set_apart(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    tlsrpt_summary *sum;

    store(index, simple_json(p, "A", "d.example", MONDAY, "50", "1"), NULL);
    store(index,
          report_json(p, "B", "b", MONDAY,
                      policy_json(p, "sts", "d.example", "1", "1",
                                  failure_json(p, "x", "mx", "1", "1000000"))),
          NULL);
    update_index(index);
    update_index(index);
    assert_done(tlsrpt_index_sum(index->db, NULL, 10, p, &sum));
    assert_int_equal(sum->apart_count, 1);
    assert_int_equal(sum->failed, 1);
    assert_null(strstr(index_text(index, NULL), "cause"));
    store(index, simple_json(p, "C", "d.example", MONDAY + 1, "50", "900000"), "v.net");
    update_index(index);
    assert_done(tlsrpt_index_sum(index->db, NULL, 10, p, &sum));
    assert_int_equal(sum->apart_count, 0); /* another report makes it plausible */
    assert_non_null(strstr(index_text(index, NULL), "cause"));
}

static void test_unusual_ranges_are_summed_up_as_in_the_tally(void **state)
{
    static const char *const ranges[] = {
        "\"start-datetime\":\"2026-05-10T10:00:00Z\",\"end-datetime\":\"2026-05-11T10:00:00Z\"",
        "\"start-datetime\":\"2026-05-10T00:00:00Z\",\"end-datetime\":\"2026-05-11T00:00:00Z\"",
        "\"start-datetime\":\"2026-05-12T00:00:00Z\",\"end-datetime\":\"2026-05-09T00:00:00Z\"",
        "\"start-datetime\":\"1970-01-01T00:00:00Z\",\"end-datetime\":\"9999-01-01T00:00:00Z\"",
        "",
    };
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    unsigned i;
    int day;

    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        store(index,
              apr_psprintf(p,
                           "{\"organization-name\":\"A\",\"report-id\":\"%u\",\"date-range\":{%s},"
                           "\"policies\":[%s]}",
                           i, ranges[i],
                           policy_json(p, "sts", "d.example", "1", "1",
                                       failure_json(p, "x", "mx", "1", "1"))),
              NULL);
    }
    update_index(index);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    for (day = -2; day < 4; day++) {
        const tlsrpt_filter filter = {(MONDAY + day) * DAY, NULL, NULL, 0};

        assert_string_equal(index_text(index, &filter), tally_text(index, &filter));
    }
}

static void test_an_empty_report_counts_as_a_report(void **state)
{
    indexed *index = make_index(state);

    store(index, "{\"policies\":[]}", NULL);
    store(index, "{\"policies\":[{}]}", NULL);
    update_index(index);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_long_texts_are_stored_completely(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    char *text = apr_palloc(p, 7001);

    memset(text, 'x', 7000);
    text[7000] = '\0';
    store(index,
          report_json(p, text, text, MONDAY,
                      policy_json(p, text, text, "1", "1", failure_json(p, text, text, text, "1"))),
          NULL);
    update_index(index);
    assert_int_equal(index->all.unreadable, 0);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_reports_are_summed_up),
        DATABASE_TESTS(test_sums_equal_those_of_the_tally_for_any_query),
        DATABASE_TESTS(test_sums_stop_at_the_largest_number),
        DATABASE_TESTS(test_what_is_not_plausible_is_set_apart_and_changes_nothing),
        DATABASE_TESTS(test_failure_details_that_are_not_plausible_are_set_apart),
        DATABASE_TESTS(test_unusual_ranges_are_summed_up_as_in_the_tally),
        DATABASE_TESTS(test_an_empty_report_counts_as_a_report),
        DATABASE_TESTS(test_long_texts_are_stored_completely),
    };

    return RUN_DATABASE_TESTS(tests);
}
