/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <string.h>

#include <apr_allocator.h>
#include <apr_strings.h>

#include "httpd/shared/counters.h"
#include "httpd/shared/limit.h"
#include "httpd/shared/tokens.h"
#include "httpd/shared/memory.h"
#include "spool_fixture.h"
#include "tlsrpt/report/read.h"
#include "tlsrpt/report/report.h"

#include "gzip_fixture.h" /* would hide the `bytes` of other headers */

/*
 * What the threads of a child share, used by several at once: the spool, the digest, the counters
 * and the limits. `make check-threads` runs the same under ThreadSanitizer, which reports every
 * unsynchronized access, even if the result is right.
 */

#define THREADS 4
#define ROUNDS 48
#define TOKENS 3
#define LIMIT 100

/* In a server, this memory is shared by all children; initially all 0. */
void *mts_memory_make(server_rec *main, const char *name, apr_size_t size)
{
    (void)main;
    (void)name;
    return calloc(1, size);
}

/* --- threads --- */

typedef struct worker {
    pthread_t thread;
    pthread_barrier_t *together;
    tlsrpt_spool *spool;
    apr_pool_t *p; /* private memory, so that no lock of APR synchronizes the threads */
    int number;
    int count;         /* of what a test counts */
    const char *wrong; /* an error; cmocka's assertions work only in its own thread */
} worker;

static void expect(worker *self, int is_right, const char *otherwise)
{
    if (!is_right && !self->wrong) {
        self->wrong = otherwise;
    }
}

static apr_pool_t *pool_apart(void)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;

    assert_int_equal(apr_allocator_create(&allocator), APR_SUCCESS);
    assert_int_equal(apr_pool_create_ex(&p, NULL, NULL, allocator), APR_SUCCESS);
    apr_allocator_owner_set(allocator, p);
    return p;
}

/* Does the same in all threads at once. Returns the sum of what they counted. */
static int run(tlsrpt_spool *spool, void *(*thread)(void *))
{
    pthread_barrier_t together;
    worker workers[THREADS];
    int i, count = 0;

    memset(workers, 0, sizeof(workers));
    pthread_barrier_init(&together, NULL, THREADS);
    for (i = 0; i < THREADS; i++) {
        workers[i].together = &together;
        workers[i].spool = spool;
        workers[i].number = i;
        workers[i].p = pool_apart();
    }
    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, thread, &workers[i]), 0);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    pthread_barrier_destroy(&together);
    for (i = 0; i < THREADS; i++) {
        count += workers[i].count;
        apr_pool_destroy(workers[i].p);
        assert_string_equal(workers[i].wrong ? workers[i].wrong : "", "");
    }
    return count;
}

/* --- reports --- */

/* A report and its digest, read as a handler reads it. */
typedef struct upload {
    bytes body;
    const char *digest;
} upload;

/* The report of a sender in a round; half of the threads send it compressed. */
static upload upload_of(worker *self, int round, int sender)
{
    char *text =
        apr_psprintf(self->p, "{\"report-id\":\"%d of %d\",\"policies\":[]}", round, sender);
    upload made = {bytes_of(text), NULL};
    const tlsrpt_reading *reading;

    if (self->number % 2) {
        made.body = gzip_of(self->p, text, strlen(text));
    }
    reading = tlsrpt_report_read(self->p, made.body.at, made.body.len, &tlsrpt_limits_default);
    expect(self, reading->outcome == TLSRPT_READ, "a report could not be read");
    made.digest = reading->digest;
    return made;
}

static tlsrpt_stored store_sent(worker *self, const upload *what, const tlsrpt_receipt *receipt)
{
    const char *reason;
    tlsrpt_stored stored = tlsrpt_spool_store(self->spool, TLSRPT_REPORTS, what->digest, receipt,
                                              what->body.at, what->body.len, self->p, &reason);

    expect(self, stored != TLSRPT_NOT_STORED, "a report was not stored");
    return stored;
}

/* A file that can be read is complete: its digest is its name. */
static int is_whole(worker *self, const char *digest)
{
    tlsrpt_stored_file file;

    return !tlsrpt_spool_read(self->spool, TLSRPT_REPORTS, digest, LARGEST, self->p, &file) &&
           strcmp(tlsrpt_report_read(self->p, file.bytes, file.len, &tlsrpt_limits_default)->digest,
                  digest) == 0;
}

/* What the watchdog and the status page do meanwhile. */
static void look_around(worker *self)
{
    apr_int64_t size, files;
    apr_time_t changed;

    tlsrpt_spool_usage(self->spool, TLSRPT_REPORTS, &size, &files);
    expect(self, files > 0, "the spool is empty");
    tlsrpt_spool_remove_stale(self->spool);
    expect(self, tlsrpt_spool_room(self->spool) >= 0, "the disk cannot be asked");
    expect(self,
           tlsrpt_spool_directory_changed(self->spool, TLSRPT_REPORTS, 0, &changed) == APR_SUCCESS,
           "a directory cannot be asked");
    tlsrpt_spool_directory_files(self->spool, TLSRPT_REPORTS, 0, self->p,
                                 mta_sts_findings_make(self->p));
}

/* --- storing --- */

/* In each round, all threads send the same report, and each also a different one. */
static void *store_many(void *baton)
{
    worker *self = baton;
    int round;

    for (round = 0; round < ROUNDS; round++) {
        upload equal = upload_of(self, round, THREADS), own = upload_of(self, round, self->number);

        pthread_barrier_wait(self->together);
        self->count +=
            store_sent(self, &equal, self->number ? &unverified : &verified) == TLSRPT_STORED;
        self->count += store_sent(self, &own, &unverified) == TLSRPT_STORED;
        expect(self, tlsrpt_spool_has(self->spool, TLSRPT_REPORTS, equal.digest),
               "one is not there");
        expect(self, is_whole(self, equal.digest), "one that all sent is not whole");
        expect(self, is_whole(self, own.digest), "one that a single thread sent is not whole");
        if (round % 16 == self->number) {
            look_around(self);
        }
    }
    return NULL;
}

static void test_equal_and_different_reports_of_many_threads_are_each_stored_once(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    apr_int64_t size, files;

    assert_int_equal(run(spool, store_many), ROUNDS * (THREADS + 1));
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &size, &files);
    assert_int_equal(files, ROUNDS * (THREADS + 1));
    assert_int_equal(count_in(path_of(*state, "tmp")), 0);
}

/* --- removing --- */

static int is_possible(apr_time_t modified)
{
    return modified > 0;
}

static void remove_sent(worker *self, int round, const char *digest)
{
    if (round % 8 == self->number) {
        tlsrpt_spool_expire(self->spool, TLSRPT_REPORTS, apr_time_now() + apr_time_from_sec(60),
                            is_possible);
        return;
    }
    expect(self, tlsrpt_spool_remove(self->spool, TLSRPT_REPORTS, digest) == APR_SUCCESS,
           "a report was not removed");
}

/* All store, read and remove the same few reports. */
static void *store_and_remove(void *baton)
{
    worker *self = baton;
    tlsrpt_stored_file file;
    int round;

    for (round = 0; round < ROUNDS; round++) {
        upload equal = upload_of(self, round % 3, THREADS);

        store_sent(self, &equal, &unverified);
        expect(self,
               !tlsrpt_spool_read(self->spool, TLSRPT_REPORTS, equal.digest, LARGEST, self->p,
                                  &file) ||
                   file.is_unopened,
               "a file is damaged");
        if (round % 2) {
            remove_sent(self, round, equal.digest);
        }
    }
    for (round = 0; round < 3; round++) {
        pthread_barrier_wait(self->together);
        remove_sent(self, THREADS, upload_of(self, round, THREADS).digest);
    }
    return NULL;
}

static void test_a_file_removed_while_others_store_it_is_complete_or_missing(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    run(spool, store_and_remove);
    assert_nothing_is_left(spool, *state);
}

/* --- counting --- */

static void *count_while_keeping(void *baton)
{
    worker *self = baton;
    int round;

    if (self->number == 0) {
        for (round = 0; round < TLSRPT_SPOOL_DIRECTORIES; round++) {
            mts_counters_recount(self->spool, round);
        }
    }
    pthread_barrier_wait(self->together);
    for (round = 0; round < ROUNDS; round++) {
        upload equal = upload_of(self, round, THREADS);
        int directory = tlsrpt_spool_directory_of(equal.digest);

        mts_counters_note_storing(TLSRPT_REPORTS, directory, 1);
        mts_counters_add_usage(TLSRPT_REPORTS, directory, tlsrpt_spool_cost(equal.body.len), 1);
        if (store_sent(self, &equal, &unverified) == TLSRPT_STORED) {
            mts_counters_add(MTS_REPORT_NEW);
            self->count++;
        }
        else {
            mts_counters_add_usage(TLSRPT_REPORTS, directory, -tlsrpt_spool_cost(equal.body.len),
                                   -1);
            mts_counters_add(MTS_REPORT_REPEATED);
        }
        mts_counters_note_storing(TLSRPT_REPORTS, directory, 0);
        if (round % 16 == self->number) {
            mts_counters_recount(self->spool, directory);
        }
        expect(self, mts_counters_usage(TLSRPT_REPORTS).files > 0, "nothing is counted");
    }
    return NULL;
}

static void test_counters_of_many_threads_match_the_disk(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    apr_int64_t size, files;

    mts_counters_make(NULL);
    assert_int_equal(run(spool, count_while_keeping), ROUNDS);
    assert_int_equal(mts_counters_value(MTS_REPORT_NEW), ROUNDS);
    assert_int_equal(mts_counters_value(MTS_REPORT_REPEATED), ROUNDS * (THREADS - 1));
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &size, &files);
    assert_int_equal(mts_counters_usage(TLSRPT_REPORTS).files, files);
    assert_int_equal(mts_counters_usage(TLSRPT_REPORTS).bytes, size);
    free(mts_counters_shared);
}

/* A report that is being stored is counted, but not on disk yet. */
static void test_a_recount_leaves_what_is_being_stored_counted(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    mts_counters_make(NULL);
    mts_counters_note_storing(TLSRPT_REPORTS, 0, 1);
    mts_counters_add_usage(TLSRPT_REPORTS, 0, 4096, 1);
    mts_counters_recount(spool, 0);
    assert_int_equal(mts_counters_usage(TLSRPT_REPORTS).files, 1);
    mts_counters_note_storing(TLSRPT_REPORTS, 0, 0);
    free(mts_counters_shared);
}

static void test_what_a_killed_child_was_storing_is_counted_until_the_second_recount(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    mts_counters_make(NULL);
    mts_counters_note_storing(TLSRPT_REPORTS, 0, 1);
    mts_counters_add_usage(TLSRPT_REPORTS, 0, 4096, 1);
    mts_counters_recount(spool, 0);
    assert_int_equal(mts_counters_usage(TLSRPT_REPORTS).bytes, 4096);
    mts_counters_recount(spool, 0);
    assert_int_equal(mts_counters_usage(TLSRPT_REPORTS).files, 0);
    assert_int_equal(mts_counters_usage(TLSRPT_REPORTS).bytes, 0);
    free(mts_counters_shared);
}

static void *take_all(void *baton)
{
    worker *self = baton;
    int i;

    pthread_barrier_wait(self->together);
    for (i = 0; i < LIMIT; i++) {
        const char *other = apr_psprintf(self->p, "198.51.100.%d", i);

        self->count += mts_limit_count("reports", "192.0.2.1", LIMIT, unverified.received) ==
                       MTS_LIMIT_ALLOWED;
        expect(self,
               mts_limit_count("reports", other, THREADS, unverified.received) == MTS_LIMIT_ALLOWED,
               "one within its limit is refused");
    }
    return NULL;
}

static void test_many_threads_together_stay_within_a_limit(void **state)
{
    (void)state;
    mts_counters_make(NULL);
    assert_int_equal(run(NULL, take_all), LIMIT);
    free(mts_counters_shared);
}

/* At most TOKENS threads are between taking and releasing a token. */
static int always(void *baton)
{
    (void)baton;
    return 1;
}

static void *take_tokens(void *baton)
{
    static int inside;
    worker *self = baton;
    int round;

    pthread_barrier_wait(self->together);
    for (round = 0; round < ROUNDS; round++) {
        apr_uint64_t token =
            mts_token_wait(MTS_TOKEN_SURVEY, TOKENS, apr_time_from_sec(60), always, NULL);

        expect(self, token != 0, "a token never came");
        expect(self, __atomic_add_fetch(&inside, 1, __ATOMIC_ACQ_REL) <= TOKENS,
               "more tokens than there are");
        __atomic_sub_fetch(&inside, 1, __ATOMIC_ACQ_REL);
        mts_token_release(MTS_TOKEN_SURVEY, token);
    }
    return NULL;
}

static void test_many_threads_have_no_more_tokens_than_there_are(void **state)
{
    (void)state;
    mts_counters_make(NULL);
    run(NULL, take_tokens);
    assert_int_equal(mts_token_count(MTS_TOKEN_SURVEY), 0);
    free(mts_counters_shared);
}

static void test_the_token_of_a_process_that_has_ended_is_free(void **state)
{
    const mts_counters *before = mts_counters_shared;
    pid_t child;

    (void)state;
    mts_counters_shared =
        mmap(NULL, sizeof(mts_counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    child = fork();
    if (child == 0) {
        _exit(!mts_token_take(MTS_TOKEN_LARGE, 1, NULL));
    }
    /* The process exists until it is waited for. */
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(mts_token_count(MTS_TOKEN_LARGE), 0);
    assert_int_not_equal(mts_token_take(MTS_TOKEN_LARGE, 1, NULL), 0);
    assert_int_equal(mts_token_take(MTS_TOKEN_LARGE, 1, NULL), 0);
    munmap(mts_counters_shared, sizeof(mts_counters));
    mts_counters_shared = (mts_counters *)before;
}

/* Takes tokens for a client in each network; returns how many. */
static int take_for(const char *format, int networks)
{
    char address[64];
    int i, taken = 0;

    for (i = 0; i < networks; i++) {
        apr_snprintf(address, sizeof(address), format, i);
        taken += mts_token_take(MTS_TOKEN_UPLOAD, 40, address) != 0;
    }
    return taken;
}

static void test_a_network_has_a_part_of_the_tokens_that_others_leave(void **state)
{
    static const struct {
        const char *address;
        int networks, taken; /* of 40 tokens */
    } cases[] = {
        {"192.0.2.%d", 100, 10}, /* a /24: a quarter */
        {"192.0.%d.1", 256, 20}, /* a /16: half */
        {"10.%d.0.1", 100, 40},        {"2001:db8:7::%x", 100, 10},     {"2001:db8:%x::1", 100, 20},
        {"2001:%x::1", 100, 40},       {"::ffff:192.0.%d.1", 256, 20}, /* IPv4 addresses in IPv6 */
        {"::ffff:10.%d.0.1", 100, 40}, {"64:ff9b::10.%d.0.1", 100, 40},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mts_counters_make(NULL);
        assert_int_equal(take_for(cases[i].address, cases[i].networks), cases[i].taken);
        free(mts_counters_shared);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(test_equal_and_different_reports_of_many_threads_are_each_stored_once),
        SPOOL_TEST(test_a_file_removed_while_others_store_it_is_complete_or_missing),
        SPOOL_TEST(test_counters_of_many_threads_match_the_disk),
        SPOOL_TEST(test_a_recount_leaves_what_is_being_stored_counted),
        SPOOL_TEST(test_what_a_killed_child_was_storing_is_counted_until_the_second_recount),
        POOL_TEST(test_many_threads_together_stay_within_a_limit),
        POOL_TEST(test_many_threads_have_no_more_tokens_than_there_are),
        POOL_TEST(test_the_token_of_a_process_that_has_ended_is_free),
        POOL_TEST(test_a_network_has_a_part_of_the_tokens_that_others_leave),
    };

    return RUN_POOL_TESTS(tests);
}
