/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "spool_fixture.h"

#define THREADS 8

/* --- storing --- */

static void test_a_report_is_new_once(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED_ALREADY);
    assert_stored(spool, *state, &unverified);
    assert_int_equal(count_in(path_of(*state, "tmp")), 0);
}

static void test_the_quarantine_is_separate(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    tlsrpt_stored_file file;
    const char *reason;

    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    assert_int_equal(
        tlsrpt_spool_store(spool, TLSRPT_QUARANTINE, DIGEST, &unverified, "{", 1, *state, &reason),
        TLSRPT_STORED);
    assert_null(tlsrpt_spool_read(spool, TLSRPT_QUARANTINE, DIGEST, LARGEST, *state, &file));
    assert_int_equal(file.len, 1);
    assert_stored(spool, *state, &unverified);
}

static void test_a_verified_receipt_replaces_an_unverified_one(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    assert_int_equal(store(spool, *state, &verified), TLSRPT_STORED_ALREADY);
    assert_stored(spool, *state, &verified);
    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED_ALREADY);
    assert_stored(spool, *state, &verified);
    assert_int_equal(count_in(path_of(*state, "tmp")), 0);
}

static void test_a_damaged_file_is_replaced(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    assert_int_equal(truncate(tlsrpt_spool_path(spool, TLSRPT_REPORTS, DIGEST, *state), 10), 0);
    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED_ALREADY);
    assert_stored(spool, *state, &unverified);
}

static void test_bytes_of_any_content_and_length_are_read_back(void **state)
{
    static const apr_size_t lengths[] = {0, 1, 4095, 4096, LARGEST};
    tlsrpt_spool *spool = open_spool(*state);
    char *bytes = apr_palloc(*state, LARGEST);
    size_t i;

    for (i = 0; i < LARGEST; i++) {
        bytes[i] = (char)(i * 7);
    }
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char digest[] = DIGEST;
        tlsrpt_stored_file file;
        const char *reason;

        digest[60] = (char)('0' + i);
        assert_int_equal(tlsrpt_spool_store(spool, TLSRPT_REPORTS, digest, &unverified, bytes,
                                            lengths[i], *state, &reason),
                         TLSRPT_STORED);
        assert_null(tlsrpt_spool_read(spool, TLSRPT_REPORTS, digest, lengths[i], *state, &file));
        assert_int_equal(file.len, lengths[i]);
        assert_memory_equal(file.bytes, bytes, lengths[i]);
    }
}

static void test_a_name_that_is_not_a_digest_is_refused(void **state)
{
    static const char *const refused[] = {
        "",
        "ab",
        "../../../../etc/passwd",
        "ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"
        "0123456789",
        DIGEST "0",
        "abcdef0123456789abcdef0123456789abcdef0123456789abcdef012345678/",
    };
    tlsrpt_spool *spool = open_spool(*state);
    size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        tlsrpt_stored_file file;
        const char *reason = NULL;

        assert_int_equal(tlsrpt_spool_store(spool, TLSRPT_REPORTS, refused[i], &unverified, "", 0,
                                            *state, &reason),
                         TLSRPT_NOT_STORED);
        assert_non_null(reason);
        assert_non_null(
            tlsrpt_spool_read(spool, TLSRPT_REPORTS, refused[i], LARGEST, *state, &file));
        assert_int_not_equal(tlsrpt_spool_remove(spool, TLSRPT_REPORTS, refused[i]), APR_SUCCESS);
    }
    assert_nothing_is_left(spool, *state);
}

static void test_an_invalid_receipt_stores_nothing(void **state)
{
    static const tlsrpt_receipt refused = {1, "https", "192.0.2.1\nx", NULL};
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(store(spool, *state, &refused), TLSRPT_NOT_STORED);
    assert_nothing_is_left(spool, *state);
}

/* --- many at once --- */

typedef struct racer {
    pthread_t thread;
    pthread_barrier_t *start;
    tlsrpt_spool *spool;
    apr_pool_t *p;
    int stored[3], done; /* by tlsrpt_stored */
} racer;

#define ROUNDS 64

static void *race(void *baton)
{
    racer *r = baton;
    int round;

    for (round = 0; round < ROUNDS; round++) {
        char digest[] = DIGEST;
        const char *reason;

        snprintf(digest, 3, "%02x", (unsigned)round);
        digest[2] = 'c';
        pthread_barrier_wait(r->start);
        r->stored[tlsrpt_spool_store(r->spool, TLSRPT_REPORTS, digest, &unverified, REPORT,
                                     strlen(REPORT), r->p, &reason)]++;
    }
    return NULL;
}

static void test_one_of_several_identical_concurrent_reports_is_new(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    pthread_barrier_t start;
    racer racers[THREADS];
    int i, stored[3] = {0, 0, 0};
    apr_int64_t bytes, files;

    pthread_barrier_init(&start, NULL, THREADS);
    memset(racers, 0, sizeof(racers));
    for (i = 0; i < THREADS; i++) {
        racers[i].start = &start;
        racers[i].spool = spool;
        apr_pool_create(&racers[i].p, NULL);
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(racers[i].thread, NULL);
        apr_pool_destroy(racers[i].p);
        stored[TLSRPT_STORED] += racers[i].stored[TLSRPT_STORED];
        stored[TLSRPT_STORED_ALREADY] += racers[i].stored[TLSRPT_STORED_ALREADY];
    }
    pthread_barrier_destroy(&start);
    assert_int_equal(stored[TLSRPT_STORED], ROUNDS);
    assert_int_equal(stored[TLSRPT_STORED_ALREADY], ROUNDS * (THREADS - 1));
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &bytes, &files);
    assert_int_equal(files, ROUNDS);
    assert_int_equal(count_in(path_of(*state, "tmp")), 0);
}

/* --- looking --- */

static void test_files_are_listed_by_directory(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    apr_array_header_t *list;
    apr_time_t changed;
    const char *reason;

    assert_int_equal(tlsrpt_spool_directory_changed(spool, TLSRPT_REPORTS, 0xab, &changed), 0);
    assert_true(changed == 0);
    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    assert_int_equal(
        tlsrpt_spool_store(spool, TLSRPT_REPORTS, OTHER, &unverified, "", 0, *state, &reason),
        TLSRPT_STORED);
    close(open(path_of(*state, "reports/ab/note"), O_CREAT | O_WRONLY, 0600));
    assert_int_equal(tlsrpt_spool_directory_changed(spool, TLSRPT_REPORTS, 0xab, &changed), 0);
    assert_true(changed > 0);
    list = tlsrpt_spool_directory_list(spool, TLSRPT_REPORTS, 0xab, *state);
    assert_int_equal(list->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(list, 0, const char *), DIGEST);
    list = tlsrpt_spool_directory_list(spool, TLSRPT_REPORTS, 0x01, *state);
    assert_string_equal(APR_ARRAY_IDX(list, 0, const char *), OTHER);
    assert_int_equal(tlsrpt_spool_directory_list(spool, TLSRPT_REPORTS, 0x02, *state)->nelts, 0);
    assert_int_equal(tlsrpt_spool_directory_list(spool, TLSRPT_QUARANTINE, 0xab, *state)->nelts, 0);
}

static void test_usage_is_counted_in_blocks(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    apr_int64_t bytes, files;
    const char *reason;

    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    assert_int_equal(tlsrpt_spool_store(spool, TLSRPT_REPORTS, OTHER, &unverified,
                                        apr_pcalloc(*state, 5000), 5000, *state, &reason),
                     TLSRPT_STORED);
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &bytes, &files);
    assert_int_equal(files, 2);
    assert_int_equal(bytes, 4096 + 8192);
    assert_int_equal(bytes, tlsrpt_spool_cost(strlen(REPORT)) + tlsrpt_spool_cost(5000));
    tlsrpt_spool_usage(spool, TLSRPT_QUARANTINE, &bytes, &files);
    assert_int_equal(files, 0);
    assert_int_equal(bytes, 0);
}

static void test_removing_a_file_again_succeeds(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    tlsrpt_stored_file file;

    assert_int_equal(tlsrpt_spool_remove(spool, TLSRPT_REPORTS, DIGEST), APR_SUCCESS);
    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    assert_int_equal(tlsrpt_spool_remove(spool, TLSRPT_REPORTS, DIGEST), APR_SUCCESS);
    assert_int_equal(tlsrpt_spool_remove(spool, TLSRPT_REPORTS, DIGEST), APR_SUCCESS);
    assert_non_null(tlsrpt_spool_read(spool, TLSRPT_REPORTS, DIGEST, LARGEST, *state, &file));
    assert_nothing_is_left(spool, *state);
}

static void test_a_file_larger_than_allowed_is_not_read(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    tlsrpt_stored_file file;
    const char *reason, *why;

    assert_int_equal(tlsrpt_spool_store(spool, TLSRPT_REPORTS, DIGEST, &unverified,
                                        apr_pcalloc(*state, 10000), 10000, *state, &reason),
                     TLSRPT_STORED);
    why = tlsrpt_spool_read(spool, TLSRPT_REPORTS, DIGEST, 5000, *state, &file);
    assert_non_null(why);
    assert_non_null(strstr(why, "more than"));
}

static void test_the_room_on_disk_is_measured(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_true(tlsrpt_spool_room(spool) > 0);
    remove_all(state_dir);
    assert_true(tlsrpt_spool_room(spool) == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(test_a_report_is_new_once),
        SPOOL_TEST(test_the_quarantine_is_separate),
        SPOOL_TEST(test_a_verified_receipt_replaces_an_unverified_one),
        SPOOL_TEST(test_a_damaged_file_is_replaced),
        SPOOL_TEST(test_bytes_of_any_content_and_length_are_read_back),
        SPOOL_TEST(test_a_name_that_is_not_a_digest_is_refused),
        SPOOL_TEST(test_an_invalid_receipt_stores_nothing),
        SPOOL_TEST(test_one_of_several_identical_concurrent_reports_is_new),
        SPOOL_TEST(test_files_are_listed_by_directory),
        SPOOL_TEST(test_usage_is_counted_in_blocks),
        SPOOL_TEST(test_removing_a_file_again_succeeds),
        SPOOL_TEST(test_a_file_larger_than_allowed_is_not_read),
        SPOOL_TEST(test_the_room_on_disk_is_measured),
    };

    return RUN_POOL_TESTS(tests);
}
