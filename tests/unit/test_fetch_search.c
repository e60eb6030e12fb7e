/* SPDX-License-Identifier: Apache-2.0 */
#include "database_fixture.h"

#include <dlfcn.h>

#include <apr_dbd.h>

#include "core/database/network_names.h"
#include "tlsrpt/advice/fetch_search.h"

#define T0 (apr_time_now() - apr_time_from_sec(2 * 86400))
#define DOMAIN "example.com"
#define SIGNER "sender.example"
#define NAMED 20 /* networks that are found by their name, at most */

/* Queries that were run since the test program began. */
static unsigned queries;

/* Counts, and does what the function of this name in libaprutil does. */
int apr_dbd_pbselect(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle,
                     apr_dbd_results_t **results, apr_dbd_prepared_t *statement, int random,
                     const void **values)
{
    int (*query)(const apr_dbd_driver_t *, apr_pool_t *, apr_dbd_t *, apr_dbd_results_t **,
                 apr_dbd_prepared_t *, int, const void **);

    queries++;
    *(void **)&query = dlsym(RTLD_NEXT, "apr_dbd_pbselect");
    return query(driver, pool, handle, results, statement, random, values);
}

static const char *network(apr_pool_t *p, int number)
{
    return apr_psprintf(p, "10.0.%d.0/24", number);
}

/* One request for the domain from each network, and one for another host; named ones are the
 * signer's, others have an address in its reports. */
static void add_requests(database_test *test, mta_sts_database *db, int count, int are_named)
{
    apr_array_header_t *fetches = apr_array_make(test->p, 8, sizeof(mta_sts_fetch));
    apr_array_header_t *results = apr_array_make(test->p, 8, sizeof(mta_sts_network_result));
    apr_array_header_t *names = apr_array_make(test->p, 1, sizeof(const char *));
    const mta_sts_fetches_machine machine = {
        .host = "a.example", .began = T0, .noted = T0, .rows_max = 100000};
    int i;

    APR_ARRAY_PUSH(names, const char *) = SIGNER;
    for (i = 0; i < count; i++) {
        mta_sts_fetch one = {.domain = DOMAIN,
                             .network = network(test->p, i),
                             .address = "",
                             .id = "",
                             .agent = "",
                             .requests = i + 1,
                             .first = T0,
                             .last = T0};

        APR_ARRAY_PUSH(fetches, mta_sts_fetch) = one;
        one.domain = "";
        one.outcome = MTA_STS_FETCH_UNKNOWN_DOMAIN;
        APR_ARRAY_PUSH(fetches, mta_sts_fetch) = one;
        APR_ARRAY_PUSH(results, mta_sts_network_result) =
            (mta_sts_network_result){one.network, names, 1};
    }
    assert_done(mta_sts_fetches_add(db, &machine, fetches, test->p));
    if (are_named) {
        assert_done(mta_sts_network_names_store(db, results, apr_time_now(), test->p));
    }
}

/* What is found of a sender whose reports have these networks; returns the number of queries. */
static unsigned search(database_test *test, mta_sts_database *db,
                       const apr_array_header_t *networks, tlsrpt_fetch_search *s)
{
    static tlsrpt_fetch_question question;
    static tlsrpt_fetch_answer answer;
    const unsigned before = queries;

    question = (tlsrpt_fetch_question){.domain = DOMAIN,
                                       .networks = networks,
                                       .signer = SIGNER,
                                       .begin = T0 - apr_time_from_sec(3600),
                                       .end = T0 + apr_time_from_sec(3600),
                                       .now = apr_time_now()};
    answer = (tlsrpt_fetch_answer){0};
    *s = (tlsrpt_fetch_search){.db = db, .question = &question, .answer = &answer, .p = test->p};
    assert_done(tlsrpt_fetch_search_read(s));
    return queries - before;
}

static void the_number_of_queries_does_not_depend_on_that_of_the_networks(void **state)
{
    database_test *test = *state;
    const struct {
        int reported, named; /* networks in reports, and of the signer by DNS */
    } cases[] = {{1, 1}, {8, 1}, {1, NAMED}, {8, NAMED}};
    unsigned used[4];
    int i, j;

    for (i = 0; i < 4; i++) {
        mta_sts_database *db = database_open(test);
        apr_array_header_t *networks = apr_array_make(test->p, 8, sizeof(const char *));
        const int all = cases[i].named;
        tlsrpt_fetch_search s;

        for (j = 0; j < cases[i].reported; j++) {
            APR_ARRAY_PUSH(networks, const char *) = network(test->p, 100 + j);
        }
        assert_done(mta_sts_database_run(db, "DELETE FROM mta_sts_fetch"));
        assert_done(mta_sts_database_run(db, "DELETE FROM mta_sts_network_name"));
        add_requests(test, db, all, 1);
        used[i] = search(test, db, networks, &s);
        assert_int_equal(s.without->nelts, cases[i].reported);
        assert_int_equal(s.with->nelts, all);
        assert_int_equal(s.answer->served, all * (all + 1) / 2);
        assert_int_equal(s.elsewhere, all * (all + 1) / 2);
        mta_sts_database_close(db);
    }
    for (i = 1; i < 4; i++) {
        assert_int_equal(used[i], used[0]);
    }
}

static void only_requests_of_the_same_network_count(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const struct {
        const char *network;
        int served, with;
    } cases[] = {
        {"10.0.1.0/24", 2, 1},   {"0.0.1.0/24", 0, 0},  {"10.0.1.0/2", 0, 0},
        {"10.0.11.0/24", 12, 1}, {"10.0.%.0/24", 0, 0}, {"%", 0, 0},
        {"2001:db8::/48", 0, 0},
    };
    apr_size_t i;

    add_requests(test, db, 12, 0);
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_array_header_t *networks = apr_array_make(test->p, 1, sizeof(const char *));
        tlsrpt_fetch_search s;

        APR_ARRAY_PUSH(networks, const char *) = cases[i].network;
        search(test, db, networks, &s);
        assert_int_equal(s.answer->served, cases[i].served);
        assert_int_equal(s.elsewhere, cases[i].served);
        assert_int_equal(s.with->nelts, cases[i].with);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(the_number_of_queries_does_not_depend_on_that_of_the_networks),
        DATABASE_TESTS(only_requests_of_the_same_network_count),
    };

    return RUN_DATABASE_TESTS(tests);
}
