/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <apr_strings.h>

#include "spool_fixture.h"

/* Another process removes a file that is being stored at the last moment: rename is replaced here
 * by a function that first does that. */

static const char *victim; /* path in the state directory to be removed with its contents */
static int removals;       /* how many more times to do that */

static void let_it_happen(void)
{
    char path[128];

    if (removals > 0) {
        removals--;
        snprintf(path, sizeof(path), "%s/%s", state_dir, victim);
        assert_int_equal(access(path, F_OK), 0);
        remove_all(path);
    }
}

int renameat2(int from, const char *name, int to, const char *new_name, unsigned flags)
{
    let_it_happen();
    return (int)syscall(SYS_renameat2, from, name, to, new_name, flags);
}

static void assert_nothing_in_tmp(apr_pool_t *p)
{
    DIR *directory = opendir(path_of(p, "tmp"));
    const struct dirent *entry;

    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        assert_int_equal(entry->d_name[0], '.');
    }
    closedir(directory);
}

static const char *const victims[] = {"tmp", "reports/ab", "reports"};

static void test_a_file_that_vanishes_twice_is_written_a_third_time(void **state)
{
    size_t i;

    for (i = 0; i < sizeof(victims) / sizeof(victims[0]); i++) {
        tlsrpt_spool *spool = open_spool(*state);

        victim = victims[i];
        removals = 2;
        assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
        assert_int_equal(removals, 0);
        assert_stored(spool, *state, &unverified);
        assert_nothing_in_tmp(*state);
        remove_all(state_dir);
    }
}

static void test_a_file_that_vanishes_each_time_is_refused_with_a_reason(void **state)
{
    size_t i;

    for (i = 0; i < sizeof(victims) / sizeof(victims[0]); i++) {
        tlsrpt_spool *spool = open_spool(*state);

        victim = victims[i];
        removals = 9;
        assert_int_equal(store(spool, *state, &unverified), TLSRPT_NOT_STORED);
        assert_int_equal(removals, 9 - 3);
        removals = 0;
        assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
        assert_nothing_in_tmp(*state);
        remove_all(state_dir);
    }
}

static void test_a_verified_receipt_is_written_again_over_an_unverified_one(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    victim = "tmp";
    removals = 2;
    assert_int_equal(store(spool, *state, &verified), TLSRPT_STORED_ALREADY);
    assert_int_equal(removals, 0);
    assert_stored(spool, *state, &verified);
    assert_nothing_in_tmp(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(test_a_file_that_vanishes_twice_is_written_a_third_time),
        SPOOL_TEST(test_a_file_that_vanishes_each_time_is_refused_with_a_reason),
        SPOOL_TEST(test_a_verified_receipt_is_written_again_over_an_unverified_one),
    };

    return RUN_POOL_TESTS(tests);
}
