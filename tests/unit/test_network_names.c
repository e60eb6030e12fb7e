/* SPDX-License-Identifier: Apache-2.0 */
#include "database_fixture.h"

#include "core/database/fetches.h"
#include "core/database/network_names.h"

#define DAY apr_time_from_sec(86400)
#define NETWORK "198.18.0.0/24"

static apr_array_header_t *texts(apr_pool_t *p, const char *text)
{
    apr_array_header_t *list = apr_array_make(p, 1, sizeof(const char *));

    if (text) {
        APR_ARRAY_PUSH(list, const char *) = text;
    }
    return list;
}

static void store(mta_sts_database *db, const char *network, const char *name, int is_certain,
                  apr_time_t now, apr_pool_t *p)
{
    apr_array_header_t *results = apr_array_make(p, 1, sizeof(mta_sts_network_result));

    APR_ARRAY_PUSH(results, mta_sts_network_result) =
        (mta_sts_network_result){network, texts(p, name), is_certain};
    assert_done(mta_sts_network_names_store(db, results, now, p));
}

static int is_due(mta_sts_database *db, const char *network, apr_time_t now)
{
    apr_pool_t *p;
    apr_hash_t *waiting;
    int due;

    apr_pool_create(&p, NULL);
    assert_done(mta_sts_network_names_waiting(db, now, p, &waiting));
    due = !apr_hash_get(waiting, network, APR_HASH_KEY_STRING);
    apr_pool_destroy(p);
    return due;
}

/* "NETWORK NAME\n" of each name. */
static const char *known(mta_sts_database *db, apr_time_t now, apr_pool_t *p)
{
    apr_array_header_t *list;
    const char *text = "";
    int i;

    assert_done(mta_sts_network_names_read(db, now, p, &list));
    for (i = 0; i < list->nelts; i++) {
        const mta_sts_network_name *one = &APR_ARRAY_IDX(list, i, mta_sts_network_name);

        text = apr_pstrcat(p, text, one->network, " ", one->name, "\n", NULL);
    }
    return text;
}

static void a_network_is_looked_up_again_after_a_time_that_depends_on_the_result(void **state)
{
    static const struct {
        const char *name;
        int is_certain;
        apr_interval_time_t wait;
    } cases[] = {
        {"example.net", 1, 7 * DAY},
        {"example.net", 0, 7 * DAY},
        {NULL, 1, DAY},
        {NULL, 0, DAY / 24},
    };
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const apr_time_t now = apr_time_now();
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *network = apr_psprintf(test->p, "198.18.%d.0/24", (int)i);

        assert_true(is_due(db, network, now));
        store(db, network, cases[i].name, cases[i].is_certain, now, test->p);
        assert_false(is_due(db, network, now + cases[i].wait - 1));
        assert_true(is_due(db, network, now + cases[i].wait));
    }
}

static void names_add_up_until_they_have_not_been_confirmed_for_a_month(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const apr_time_t now = apr_time_now();
    apr_int64_t rows = 0;

    store(db, NETWORK, "example.net", 1, now, test->p);
    store(db, NETWORK, "example.org", 1, now + 10 * DAY, test->p);
    assert_string_equal(known(db, now, test->p), NETWORK " example.net\n" NETWORK " example.org\n");
    store(db, NETWORK, "example.net", 1, now + 20 * DAY, test->p);
    assert_string_equal(known(db, now + 45 * DAY, test->p), NETWORK " example.net\n");
    assert_string_equal(known(db, now + 50 * DAY, test->p), "");
    store(db, "198.18.1.0/24", NULL, 1, now + 50 * DAY, test->p);
    assert_done(mta_sts_database_rows(db, "SELECT count(*) FROM mta_sts_network_name",
                                      mta_sts_database_take_number, &rows));
    assert_int_equal(rows, 1); /* the others are deleted */
}

static void log_outcome(mta_sts_database *db, mta_sts_fetch_outcome outcome, const char *network,
                        const char *address, apr_time_t at, apr_pool_t *p)
{
    const mta_sts_fetches_machine machine = {
        .host = "a.example", .began = at, .noted = at, .rows_max = 1000000};
    apr_array_header_t *fetches = apr_array_make(p, 1, sizeof(mta_sts_fetch));

    APR_ARRAY_PUSH(fetches, mta_sts_fetch) =
        (mta_sts_fetch){"example.com", network, address, outcome, "id", "", 1, at, at};
    assert_done(mta_sts_fetches_add(db, &machine, fetches, p));
}

static void log_request(mta_sts_database *db, const char *network, const char *address,
                        apr_time_t at, apr_pool_t *p)
{
    log_outcome(db, MTA_STS_FETCH_SERVED, network, address, at, p);
}

static void only_full_addresses_of_networks_that_are_due_are_wanted(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const apr_time_t now = apr_time_now();
    apr_array_header_t *list;

    log_request(db, NETWORK, "198.18.0.1", now, test->p);
    log_request(db, "198.18.1.0/24", "198.18.1.1", now - 1, test->p);
    log_request(db, "198.18.2.0/24", "", now, test->p);
    store(db, "198.18.1.0/24", NULL, 1, now, test->p);
    assert_done(mta_sts_network_names_wanted(db, "example.com", now, 5, test->p, &list));
    assert_int_equal(list->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(list, 0, mta_sts_network_address).address, "198.18.0.1");
    assert_done(mta_sts_network_names_wanted(db, "example.com", now + DAY, 5, test->p, &list));
    assert_int_equal(list->nelts, 2);
    assert_done(mta_sts_network_names_wanted(db, "example.com", now + DAY, 1, test->p, &list));
    assert_int_equal(list->nelts, 1);
    assert_done(mta_sts_network_names_wanted(db, "example.net", now, 5, test->p, &list));
    assert_int_equal(list->nelts, 0);
    assert_done(mta_sts_network_names_wanted(db, NULL, now, 5, test->p, &list));
    assert_int_equal(list->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(list, 0, mta_sts_network_address).address, "198.18.0.1");
    assert_done(mta_sts_network_names_wanted(db, NULL, now + DAY, 5, test->p, &list));
    assert_int_equal(list->nelts, 2);
}

static void of_any_domain_only_addresses_that_got_a_policy_are_wanted(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const apr_time_t now = apr_time_now();
    apr_array_header_t *list;
    int outcome;

    for (outcome = 0; outcome < MTA_STS_FETCH_OUTCOMES; outcome++) {
        const char *network = apr_psprintf(test->p, "198.18.%d.0/24", outcome);

        log_outcome(db, outcome, network, apr_psprintf(test->p, "198.18.%d.1", outcome), now,
                    test->p);
    }
    assert_done(mta_sts_network_names_wanted(db, NULL, now, 50, test->p, &list));
    assert_int_equal(list->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(list, 0, mta_sts_network_address).address,
                        apr_psprintf(test->p, "198.18.%d.1", MTA_STS_FETCH_SERVED));
    assert_done(mta_sts_network_names_wanted(db, "example.com", now, 50, test->p, &list));
    assert_int_equal(list->nelts, MTA_STS_FETCH_OUTCOMES);
}

static void networks_are_found_by_their_name_or_one_below_it(void **state)
{
    static const struct {
        const char *name;
        int count;
    } cases[] = {
        {"example.net", 1}, {"out.example.net", 1}, {"net", 1}, {"xexample.net", 0},
        {"ample.net", 0},   {"example.org", 0},     {"", 0},
    };
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const apr_time_t now = apr_time_now();
    apr_array_header_t *list;
    apr_size_t i;

    log_request(db, NETWORK, "", now, test->p);
    store(db, NETWORK, "out.example.net", 1, now, test->p);
    store(db, "198.18.1.0/24", "example.net", 1, now, test->p); /* which requested nothing */
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_done(mta_sts_network_names_find(db, "example.com", cases[i].name, now, now + 1, 9,
                                               test->p, &list));
        assert_int_equal(list->nelts, cases[i].count);
    }
    assert_done(mta_sts_network_names_find(db, "example.com", "example.net", now - 9 * DAY,
                                           now - 8 * DAY, 9, test->p, &list));
    assert_int_equal(list->nelts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(a_network_is_looked_up_again_after_a_time_that_depends_on_the_result),
        DATABASE_TESTS(names_add_up_until_they_have_not_been_confirmed_for_a_month),
        DATABASE_TESTS(only_full_addresses_of_networks_that_are_due_are_wanted),
        DATABASE_TESTS(of_any_domain_only_addresses_that_got_a_policy_are_wanted),
        DATABASE_TESTS(networks_are_found_by_their_name_or_one_below_it),
    };

    return RUN_DATABASE_TESTS(tests);
}
