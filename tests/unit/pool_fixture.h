/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_POOL_FIXTURE_H
#define TESTS_UNIT_POOL_FIXTURE_H

/* cmocka.h requires these four headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* cmocka 2 has a macro for each signedness, and warns about the one that cmocka 1 has for both. */
#ifndef assert_int_in_range
#define assert_int_in_range assert_in_range
#endif

#include <apr_general.h>
#include <apr_pools.h>

/* Each test has its own pool in *state. */

#define POOL_TEST(test) cmocka_unit_test_setup_teardown(test, pool_make, pool_drop)
#define RUN_POOL_TESTS(tests) cmocka_run_group_tests(tests, apr_start, apr_stop)

static inline int apr_start(void **state)
{
    (void)state;
    return apr_initialize() == APR_SUCCESS ? 0 : -1;
}

static inline int apr_stop(void **state)
{
    (void)state;
    apr_terminate();
    return 0;
}

static inline int pool_make(void **state)
{
    apr_pool_t *p;

    if (apr_pool_create(&p, NULL) != APR_SUCCESS) {
        return -1;
    }
    *state = p;
    return 0;
}

static inline int pool_drop(void **state)
{
    apr_pool_destroy(*state);
    return 0;
}

#endif
