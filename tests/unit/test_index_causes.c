/* SPDX-License-Identifier: Apache-2.0 */
#include "mixed_reports.h"

/* Failures in the index, grouped by their cause. */

/* A cause that is listed, without its domain's details. */
static const char *listed(indexed *index, const char *domain, int max)
{
    const tlsrpt_filter filter = {0, domain, NULL, 0};
    apr_array_header_t *list;
    const char *text = "";
    int i;

    assert_done(tlsrpt_index_causes(index->db, &filter, max, 1, index->p, &list));
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_index_cause *one = &APR_ARRAY_IDX(list, i, tlsrpt_index_cause);

        text = apr_psprintf(index->p, "%s%s%s %s %s " N, text, i ? ", " : "", one->domain,
                            one->cause.policy_type, one->cause.result_type, one->cause.sessions);
    }
    return text;
}

/* The policies with which causes are listed and with which they are detailed. */
static const char *policies_of(indexed *index, const apr_array_header_t *causes, int is_listed)
{
    const char *text = "";
    int i;

    for (i = 0; i < causes->nelts; i++) {
        const tlsrpt_cause *cause = is_listed ? &APR_ARRAY_IDX(causes, i, tlsrpt_index_cause).cause
                                              : &APR_ARRAY_IDX(causes, i, tlsrpt_cause);

        text = apr_psprintf(index->p, "%s%s %s: %s\n", text, cause->result_type,
                            cause->receiving_mx, list_text(index->p, cause->policies));
    }
    return text;
}

/* The causes of a domain, or with NULL those of all together, as " policy type, result type, MX,
 * sessions by senders: reasons". */
static const char *detailed(indexed *index, const char *domain)
{
    const tlsrpt_filter filter = {0, domain, NULL, 0};
    const apr_array_header_t *causes;
    tlsrpt_summary *sum;
    tlsrpt_domain *all;
    const char *text = "";
    int i;

    if (domain) {
        assert_done(tlsrpt_index_sum(index->db, &filter, 1, index->p, &sum));
        all = APR_ARRAY_IDX(sum->domains, 0, tlsrpt_domain *);
    }
    else {
        assert_done(tlsrpt_index_sum_all(index->db, NULL, index->p, &all));
    }
    causes = all->causes;
    for (i = 0; i < causes->nelts; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(causes, i, tlsrpt_cause);

        text =
            apr_psprintf(index->p, "%s%s %s %s " N " by %s: %s\n", text, cause->policy_type,
                         cause->result_type, cause->receiving_mx, cause->sessions,
                         list_text(index->p, cause->senders), list_text(index->p, cause->reasons));
    }
    return text;
}

static void store_one(indexed *index, const char *organization, const char *type,
                      const char *detail, const char *sessions)
{
    apr_pool_t *p = index->p;

    store(index,
          report_json(
              p, organization, detail, MONDAY,
              policy_json(p, type, "a.example", "1", sessions,
                          failure_json(p, "certificate-not-trusted", "mx", detail, sessions))),
          NULL);
}

static void test_causes_are_listed_over_all_domains(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;

    store(index,
          report_json(p, "A", "1", MONDAY,
                      apr_pstrcat(p,
                                  policy_json(p, "sts", "a.example", "0", "9",
                                              failure_json(p, "x", "mx", "1", "9")),
                                  ",",
                                  policy_json(p, "sts", "b.example", "0", "20",
                                              failure_json(p, "y", "mx", "1", "20")),
                                  NULL)),
          NULL);
    update_index(index);
    assert_string_equal(listed(index, NULL, 10), "b.example sts y 20, a.example sts x 9");
    assert_string_equal(listed(index, "a.example", 10), "a.example sts x 9");
    assert_string_equal(listed(index, "c.example", 10), "");
}

static void test_one_failure_under_two_types_of_policy_is_two_causes(void **state)
{
    indexed *index = make_index(state);

    store_one(index, "A", "sts", "1", "4");
    store_one(index, "B", "tlsa", "2", "5");
    store_one(index, "C", "sts", "3", "3");
    store_one(index, "D", "no-policy-found", "4", "7"); /* as many sessions as sts, so the order
                                                           is by name */
    store_one(index, "E", "", "5", "1");
    update_index(index);
    assert_string_equal(detailed(index, "a.example"),
                        "no-policy-found certificate-not-trusted mx 7 by D: 4\n"
                        "sts certificate-not-trusted mx 7 by A,C: 1,3\n"
                        "tlsa certificate-not-trusted mx 5 by B: 2\n"
                        " certificate-not-trusted mx 1 by E: 5\n");
    assert_string_equal(detailed(index, NULL),
                        "no-policy-found certificate-not-trusted mx 7 by D: \n"
                        "sts certificate-not-trusted mx 7 by A,C: \n"
                        "tlsa certificate-not-trusted mx 5 by B: \n"
                        " certificate-not-trusted mx 1 by E: \n");
    assert_string_equal(listed(index, "a.example", 3),
                        "a.example no-policy-found certificate-not-trusted 7,"
                        " a.example sts certificate-not-trusted 7,"
                        " a.example tlsa certificate-not-trusted 5");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_removing_a_report_subtracts_from_its_policy_type_only(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    const char *failure = failure_json(p, "certificate-not-trusted", "mx", "1", "5");
    const char *digest = store(
        index,
        report_json(p, "A", "1", MONDAY, policy_json(p, "tlsa", "a.example", "1", "5", failure)),
        NULL);

    store(index,
          report_json(p, "A", "2", MONDAY, policy_json(p, "sts", "a.example", "1", "5", failure)),
          NULL);
    update_index(index);
    assert_int_equal(count_rows(index, "tlsrpt_cause"), 4);
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, digest);
    update_index(index);
    assert_string_equal(listed(index, NULL, 10), "a.example sts certificate-not-trusted 5");
    assert_int_equal(count_rows(index, "tlsrpt_cause"), 2);
}

/* A failure under an MTA-STS policy with this mx. */
static void store_under(indexed *index, const char *organization, const char *id, int day,
                        const char *mx, const char *type)
{
    apr_pool_t *p = index->p;

    store(index,
          report_json(
              p, organization, id, day,
              apr_psprintf(p,
                           "{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"a.example\","
                           "\"policy-string\":[\"mx: %s\"]},\"summary\":"
                           "{\"total-failure-session-count\":9},\"failure-details\":[%s]}",
                           mx, failure_json(p, type, "mx.example", "1", "9"))),
          NULL);
}

/* Lists and details must have the same policies, because both explain causes by them. */
static void test_a_cause_is_listed_with_the_policies_that_its_senders_applied(void **state)
{
    const tlsrpt_filter filter = {0, "a.example", NULL, 0};
    indexed *index = make_index(state);
    apr_array_header_t *list;
    tlsrpt_summary *sum;
    const char *detailed_policies;

    store_under(index, "A", "1", MONDAY, "old", "validation-failure");
    store_under(index, "A", "2", MONDAY + 1, "new", "validation-failure");
    store_under(index, "B", "3", MONDAY, "of-b", "certificate-host-mismatch");
    store_one(index, "C", "tlsa", "4", "1"); /* which is not of MTA-STS */
    update_index(index);
    assert_done(tlsrpt_index_sum(index->db, &filter, 1, index->p, &sum));
    detailed_policies =
        policies_of(index, APR_ARRAY_IDX(sum->domains, 0, tlsrpt_domain *)->causes, 0);
    assert_string_equal(detailed_policies, "validation-failure mx.example: mx: new,mx: old\n"
                                           "certificate-host-mismatch mx.example: mx: of-b\n"
                                           "certificate-not-trusted mx: \n");
    assert_done(tlsrpt_index_causes(index->db, NULL, 10, 1, index->p, &list));
    assert_string_equal(policies_of(index, list, 1), detailed_policies);
    assert_done(tlsrpt_index_causes(index->db, &filter, 10, 1, index->p, &list));
    assert_string_equal(policies_of(index, list, 1), detailed_policies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_causes_are_listed_over_all_domains),
        DATABASE_TESTS(test_one_failure_under_two_types_of_policy_is_two_causes),
        DATABASE_TESTS(test_removing_a_report_subtracts_from_its_policy_type_only),
        DATABASE_TESTS(test_a_cause_is_listed_with_the_policies_that_its_senders_applied),
    };

    return RUN_DATABASE_TESTS(tests);
}
