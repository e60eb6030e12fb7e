/* SPDX-License-Identifier: Apache-2.0 */
#include "index_fixture.h"

#include "tlsrpt/index/origin.h"

/* Lists out of the index: domains, and the last reports. */

static const char *domains_text(indexed *index, int max)
{
    apr_array_header_t *list;
    const char *text = "";
    int i;

    assert_done(tlsrpt_index_domains(index->db, NULL, max, index->p, &list));
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_domain *domain = &APR_ARRAY_IDX(list, i, tlsrpt_domain);

        text = apr_psprintf(index->p, "%s%s%s " N "+" N, text, i ? ", " : "", domain->domain,
                            domain->successful, domain->failed);
    }
    return text;
}

static void test_domains_are_listed_most_failed_first_then_by_name(void **state)
{
    static const struct {
        const char *domain, *failed;
    } cases[] = {{"c", "0"}, {"a", "2"}, {"B", "0"}, {"d", "5"}, {"b-", "0"}, {"e", "2"}};
    indexed *index = make_index(state);
    unsigned i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        store(index, simple_json(index->p, "A", cases[i].domain, MONDAY, "1", cases[i].failed),
              NULL);
    }
    update_index(index);
    assert_string_equal(domains_text(index, 10), "d 1+5, a 1+2, e 1+2, b 1+0, b- 1+0, c 1+0");
    assert_string_equal(domains_text(index, 5), "d 1+5, a 1+2, e 1+2, b 1+0, b- 1+0");
    assert_string_equal(domains_text(index, 3), "d 1+5, a 1+2, e 1+2");
    assert_string_equal(domains_text(index, 2), "d 1+5, a 1+2");
    assert_string_equal(domains_text(index, 0), "");
}

static const char *last_text(indexed *index, const tlsrpt_filter *filter, int max)
{
    apr_array_header_t *list;
    const char *text = "";
    int i;

    assert_done(tlsrpt_index_last(index->db, filter, max, index->p, &list));
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_index_report *report = &APR_ARRAY_IDX(list, i, tlsrpt_index_report);

        assert_string_equal(report->host,
                            mta_sts_database_is_shared(index->db) ? HOST : "localhost");
        text =
            apr_psprintf(index->p, "%s%s%s %s %s %d%s " N "+" N, text, i ? ", " : "",
                         report->organization, report->report_id, report->channel, report->state,
                         report->verified ? " verified" : "", report->successful, report->failed);
    }
    return text;
}

static void test_the_last_reports_are_listed(void **state)
{
    static const tlsrpt_filter of_domain = {0, "a.example", NULL, 0};
    static const tlsrpt_filter of_sender = {0, NULL, "b", 0};
    static const tlsrpt_filter lately = {(MONDAY + 1) * DAY, NULL, NULL, 0};
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    apr_time_t received;

    assert_done(tlsrpt_index_received(index->db, NULL, &received));
    assert_true(received == 0);
    receipts = 0;
    store(index, simple_json(p, "A", "a.example", MONDAY, "1", "0"), NULL);
    store(index, apr_pstrcat(p, " ", simple_json(p, "A", "a.example", MONDAY, "1", "0"), NULL),
          NULL); /* the same in other bytes */
    store(index,
          report_json(p, "B", "r", MONDAY + 1,
                      apr_pstrcat(p, policy_json(p, "sts", "a.example", "3", "1", ""), ",",
                                  policy_json(p, "sts", "b.example", "4", "2", ""), ",",
                                  policy_json(p, "tlsa", "a.example", "5", "0", ""), NULL)),
          "b.example");
    update_index(index);
    assert_string_equal(last_text(index, NULL, 10),
                        "B r mail 0 verified 12+3, A 20583-a.example https 2 1+0, "
                        "A 20583-a.example https 0 1+0");
    assert_string_equal(last_text(index, NULL, 1), "B r mail 0 verified 12+3");
    assert_string_equal(last_text(index, &of_domain, 2),
                        "B r mail 0 verified 8+1, A 20583-a.example https 2 1+0");
    assert_string_equal(last_text(index, &of_sender, 10), "B r mail 0 verified 12+3");
    assert_string_equal(last_text(index, &lately, 10), "B r mail 0 verified 12+3");
    assert_done(tlsrpt_index_received(index->db, NULL, &received));
    assert_true(received == (MONDAY + 100) * DAY + apr_time_from_sec(2));
    assert_done(tlsrpt_index_received(index->db, "b.example", &received));
    assert_true(received == (MONDAY + 100) * DAY + apr_time_from_sec(2));
    assert_done(tlsrpt_index_received(index->db, "c.example", &received));
    assert_true(received == 0);
}

static void test_a_report_is_found_by_its_digest_and_by_what_it_is_about(void **state)
{
    static const struct {
        const char *domains[3];
        int is_only; /* about a.example */
    } cases[] = {
        {{"a.example"}, 1},
        {{"a.example", "a.example"}, 1},
        {{"a.example", "b.example"}, 0},
        {{"b.example", "a.example"}, 0},
        {{"b.example"}, 0},
        {{"a.example", ""}, 0},
        {{""}, 0},
    };
    static const tlsrpt_filter of_domain = {0, "a.example", NULL, 0};
    indexed *index = make_index(state);
    apr_array_header_t *list;
    tlsrpt_index_location place;
    unsigned i, k;
    int n;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *policies = "";

        for (k = 0; cases[i].domains[k]; k++) {
            policies =
                apr_pstrcat(index->p, policies, k ? "," : "",
                            policy_json(index->p, "sts", cases[i].domains[k], "1", "0", ""), NULL);
        }
        store(index, report_json(index->p, "A", apr_psprintf(index->p, "%u", i), MONDAY, policies),
              NULL);
    }
    update_index(index);
    assert_done(tlsrpt_index_last(index->db, NULL, 10, index->p, &list));
    assert_int_equal(list->nelts, sizeof(cases) / sizeof(cases[0]));
    for (n = 0; n < list->nelts; n++) {
        const tlsrpt_index_report *report = &APR_ARRAY_IDX(list, n, tlsrpt_index_report);
        int is_here = !mta_sts_database_is_shared(index->db); /* HOST is another machine */

        assert_true(report->is_here == is_here && !report->is_only);
        assert_done(tlsrpt_index_find(index->db, report->digest, NULL, index->p, &place));
        assert_true(place.host && place.is_here == is_here && !place.is_unreadable);
        assert_done(tlsrpt_index_find(index->db, report->digest, "a.example", index->p, &place));
        assert_true(!place.host == !cases[atoi(report->report_id)].is_only);
        assert_done(tlsrpt_index_find(index->db, report->digest, "c.example", index->p, &place));
        assert_null(place.host);
    }
    assert_done(tlsrpt_index_last(index->db, &of_domain, 10, index->p, &list));
    assert_int_equal(list->nelts, 5);
    for (n = 0; n < list->nelts; n++) {
        const tlsrpt_index_report *report = &APR_ARRAY_IDX(list, n, tlsrpt_index_report);

        assert_int_equal(report->is_only, cases[atoi(report->report_id)].is_only);
    }
}

/* "SIGNER ADDRESS, ..." */
static const char *signed_text(indexed *index, apr_time_t since)
{
    apr_array_header_t *list;
    const char *text = "";
    int i;

    assert_done(tlsrpt_index_signed_addresses(index->db, since, index->p, &list));
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_signed_address *one = &APR_ARRAY_IDX(list, i, tlsrpt_signed_address);

        text = apr_pstrcat(index->p, text, i ? ", " : "", one->signer, " ", one->address, NULL);
    }
    return text;
}

static void store_failure(indexed *index, const char *organization, const char *detail,
                          const char *signer)
{
    const char *failure = failure_json(index->p, "sts-policy-fetch-error", "mx", detail, "1");

    store(index,
          report_json(index->p, organization, detail, MONDAY,
                      policy_json(index->p, "sts", "a.example", "0", "1", failure)),
          signer);
}

/* Whatever organization they claim to be of. */
static void test_only_signed_reports_name_addresses_of_their_signers(void **state)
{
    indexed *index = make_index(state);

    receipts = 0;
    store_failure(index, "A", "1", "a.example");
    store_failure(index, "A", "2", NULL);
    store_failure(index, "A", "3", "b.example");
    store_failure(index, "B", "3", "b.example"); /* the same address again */
    store(index, simple_json(index->p, "C", "a.example", MONDAY, "1", "0"), "c.example");
    update_index(index);
    assert_string_equal(signed_text(index, 0), "b.example 192.0.2.3, a.example 192.0.2.1");
    assert_string_equal(signed_text(index, (MONDAY + 100) * DAY + apr_time_from_sec(3)),
                        "b.example 192.0.2.3");
    assert_string_equal(signed_text(index, (MONDAY + 101) * DAY), "");
    remove_everything(index);
    update_index(index);
    assert_string_equal(signed_text(index, 0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_domains_are_listed_most_failed_first_then_by_name),
        DATABASE_TESTS(test_the_last_reports_are_listed),
        DATABASE_TESTS(test_a_report_is_found_by_its_digest_and_by_what_it_is_about),
        DATABASE_TESTS(test_only_signed_reports_name_addresses_of_their_signers),
    };

    return RUN_DATABASE_TESTS(tests);
}
