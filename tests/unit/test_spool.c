/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <apr_strings.h>

#include "findings_fixture.h"
#include "tlsrpt/spool.h"

#define DIGEST "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
#define OTHER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REPORT "{\"policies\":[]}"
#define LARGEST 1048576
#define THREADS 8

static const tlsrpt_receipt unverified = {1795553989123456, "https", "192.0.2.1", NULL};
static const tlsrpt_receipt verified = {1795553989123457, "mail", NULL, "example.com"};

/* --- a folder for each test, which is the state directory or will be --- */

static char state_dir[64];

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_all(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int folder_make(void **state)
{
    strcpy(state_dir, "/tmp/mta-sts-spool-XXXXXX");
    return mkdtemp(state_dir) ? pool_make(state) : -1;
}

static int folder_drop(void **state)
{
    remove_all(state_dir);
    return pool_drop(state);
}

#define SPOOL_TEST(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_drop)

static const char *path_of(apr_pool_t *p, const char *name)
{
    return apr_pstrcat(p, state_dir, "/", name, NULL);
}

static tlsrpt_spool *open_spool(apr_pool_t *p)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    tlsrpt_spool *spool = tlsrpt_spool_open(p, state_dir, findings);

    assert_string_equal(findings_summary(p, findings), "");
    assert_non_null(spool);
    return spool;
}

static tlsrpt_kept keep(tlsrpt_spool *spool, apr_pool_t *p, const tlsrpt_receipt *receipt)
{
    const char *reason = "";
    tlsrpt_kept kept = tlsrpt_spool_keep(spool, TLSRPT_REPORTS, DIGEST, receipt, REPORT,
                                         strlen(REPORT), p, &reason);

    if (kept == TLSRPT_NOT_KEPT) {
        assert_non_null(reason);
        assert_true(is_showable(reason));
    }
    else {
        assert_null(reason);
    }
    return kept;
}

static void assert_kept(tlsrpt_spool *spool, apr_pool_t *p, const tlsrpt_receipt *receipt)
{
    tlsrpt_kept_file file;

    assert_null(tlsrpt_spool_read(spool, TLSRPT_REPORTS, DIGEST, LARGEST, p, &file));
    assert_int_equal(file.len, strlen(REPORT));
    assert_memory_equal(file.octets, REPORT, file.len);
    assert_true(file.receipt.received == receipt->received);
    assert_string_equal(file.receipt.channel, receipt->channel);
    assert_string_equal(file.digest, DIGEST);
}

static int count_in(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int count = 0;

    while (folder && (entry = readdir(folder)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    if (folder) {
        closedir(folder);
    }
    return count;
}

static void assert_nothing_is_left(tlsrpt_spool *spool, apr_pool_t *p)
{
    apr_int64_t octets, files;

    assert_int_equal(count_in(path_of(p, "tmp")), 0);
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &octets, &files);
    assert_int_equal(files, 0);
}

static unsigned mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

/* --- keeping --- */

static void test_a_report_is_new_once(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT_ALREADY);
    assert_kept(spool, *state, &unverified);
    assert_int_equal(count_in(path_of(*state, "tmp")), 0);
}

static void test_the_quarantine_is_apart(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    tlsrpt_kept_file file;
    const char *reason;

    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
    assert_int_equal(
        tlsrpt_spool_keep(spool, TLSRPT_QUARANTINE, DIGEST, &unverified, "{", 1, *state, &reason),
        TLSRPT_KEPT);
    assert_null(tlsrpt_spool_read(spool, TLSRPT_QUARANTINE, DIGEST, LARGEST, *state, &file));
    assert_int_equal(file.len, 1);
    assert_kept(spool, *state, &unverified);
}

static void test_a_verified_receipt_replaces_an_unverified_one(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
    assert_int_equal(keep(spool, *state, &verified), TLSRPT_KEPT_ALREADY);
    assert_kept(spool, *state, &verified);
    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT_ALREADY);
    assert_kept(spool, *state, &verified);
    assert_int_equal(count_in(path_of(*state, "tmp")), 0);
}

static void test_a_damaged_file_is_replaced(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
    assert_int_equal(truncate(tlsrpt_spool_path(spool, TLSRPT_REPORTS, DIGEST, *state), 10), 0);
    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT_ALREADY);
    assert_kept(spool, *state, &unverified);
}

static void test_octets_of_any_kind_and_number_come_back(void **state)
{
    static const apr_size_t lengths[] = {0, 1, 4095, 4096, LARGEST};
    tlsrpt_spool *spool = open_spool(*state);
    char *octets = apr_palloc(*state, LARGEST);
    size_t i;

    for (i = 0; i < LARGEST; i++) {
        octets[i] = (char)(i * 7);
    }
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char digest[] = DIGEST;
        tlsrpt_kept_file file;
        const char *reason;

        digest[60] = (char)('0' + i);
        assert_int_equal(tlsrpt_spool_keep(spool, TLSRPT_REPORTS, digest, &unverified, octets,
                                           lengths[i], *state, &reason),
                         TLSRPT_KEPT);
        assert_null(tlsrpt_spool_read(spool, TLSRPT_REPORTS, digest, lengths[i], *state, &file));
        assert_int_equal(file.len, lengths[i]);
        assert_memory_equal(file.octets, octets, lengths[i]);
    }
}

static void test_a_name_that_is_no_digest_is_refused(void **state)
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
        tlsrpt_kept_file file;
        const char *reason = NULL;

        assert_int_equal(tlsrpt_spool_keep(spool, TLSRPT_REPORTS, refused[i], &unverified, "", 0,
                                           *state, &reason),
                         TLSRPT_NOT_KEPT);
        assert_non_null(reason);
        assert_non_null(
            tlsrpt_spool_read(spool, TLSRPT_REPORTS, refused[i], LARGEST, *state, &file));
        assert_int_not_equal(tlsrpt_spool_remove(spool, TLSRPT_REPORTS, refused[i]), APR_SUCCESS);
    }
    assert_nothing_is_left(spool, *state);
}

static void test_a_receipt_that_cannot_be_written_keeps_nothing(void **state)
{
    static const tlsrpt_receipt refused = {1, "https", "192.0.2.1\nx", NULL};
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(keep(spool, *state, &refused), TLSRPT_NOT_KEPT);
    assert_nothing_is_left(spool, *state);
}

/* --- rights --- */

static void test_modes_do_not_depend_on_the_umask(void **state)
{
    static const mode_t masks[] = {0, 022, 077, 0777};
    size_t i;

    for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        mode_t before = umask(masks[i]);
        tlsrpt_spool *spool;

        remove_all(state_dir);
        spool = open_spool(*state);
        assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
        umask(before);
        assert_int_equal(mode_of(state_dir), 0700);
        assert_int_equal(mode_of(path_of(*state, "tmp")), 0700);
        assert_int_equal(mode_of(path_of(*state, "quarantine")), 0700);
        assert_int_equal(mode_of(path_of(*state, "reports/ab")), 0700);
        assert_int_equal(mode_of(path_of(*state, "reports/ab/" DIGEST)), 0600);
    }
}

static void assert_refused(apr_pool_t *p, const char *finding)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);

    assert_null(tlsrpt_spool_open(p, state_dir, findings));
    assert_findings_are_showable(findings);
    assert_string_equal(findings_summary(p, findings), finding);
}

/* Something else is where a folder should be: nothing is kept, there or where it leads. */
static void check_in_the_way(apr_pool_t *p, const char *name, int is_link)
{
    tlsrpt_spool *spool = open_spool(p);
    const char *aside = path_of(p, "aside"), *path = name ? path_of(p, name) : state_dir;
    FILE *file;

    if (!name) {
        aside = apr_pstrcat(p, state_dir, "-aside", NULL);
    }
    assert_int_equal(keep(spool, p, &unverified), TLSRPT_KEPT);
    assert_int_equal(tlsrpt_spool_remove(spool, TLSRPT_REPORTS, DIGEST), APR_SUCCESS);
    assert_int_equal(rename(path, aside), 0);
    if (is_link) {
        assert_int_equal(symlink(aside, path), 0);
    }
    else {
        file = fopen(path, "w");
        assert_non_null(file);
        fclose(file);
    }
    assert_int_equal(keep(spool, p, &unverified), TLSRPT_NOT_KEPT);
    if (!name || strcmp(name, "reports/ab") != 0) {
        assert_refused(p, "error state-not-a-folder@0");
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rename(aside, path), 0);
    assert_int_equal(keep(spool, p, &unverified), TLSRPT_KEPT);
    remove_all(state_dir);
}

static void test_what_is_no_folder_is_refused_until_it_is_gone(void **state)
{
    static const char *const names[] = {NULL, "reports", "tmp", "reports/ab"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        check_in_the_way(*state, names[i], 0);
        check_in_the_way(*state, names[i], 1);
    }
}

static void test_a_symbolic_link_under_the_digest_is_not_followed(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    const char *target = path_of(*state, "target");
    tlsrpt_kept_file file;

    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
    assert_int_equal(rename(tlsrpt_spool_path(spool, TLSRPT_REPORTS, DIGEST, *state), target), 0);
    assert_int_equal(symlink(target, tlsrpt_spool_path(spool, TLSRPT_REPORTS, DIGEST, *state)), 0);
    assert_non_null(tlsrpt_spool_read(spool, TLSRPT_REPORTS, DIGEST, LARGEST, *state, &file));
    assert_int_equal(keep(spool, *state, &verified), TLSRPT_KEPT_ALREADY);
    assert_kept(spool, *state, &verified);
    assert_int_equal(mode_of(target), 0600);
}

static void test_a_folder_that_others_can_write_to_is_refused(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(chmod(path_of(*state, "reports"), 0770), 0);
    assert_refused(*state, "error state-mode@0");
    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_NOT_KEPT);
    assert_int_equal(chmod(path_of(*state, "reports"), 0755), 0);
    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
}

static void test_a_foreign_owner_is_refused(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chown(path_of(*state, "tmp"), 1, 1), 0);
    assert_refused(*state, "error state-owner@0");
    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_NOT_KEPT);
}

static void test_root_gives_away_what_it_makes(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    struct stat info;

    if (geteuid() != 0) {
        skip();
    }
    remove_all(state_dir);
    assert_true(tlsrpt_spool_prepare(tlsrpt_spool_make(*state, state_dir), 1, 2, findings));
    assert_int_equal(stat(path_of(*state, "quarantine"), &info), 0);
    assert_int_equal(info.st_uid, 1);
    assert_int_equal(info.st_gid, 2);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_true(tlsrpt_spool_prepare(tlsrpt_spool_make(*state, state_dir), 1, 2, findings));
    assert_refused(*state, "error state-owner@0");
}

static void test_a_missing_parent_is_a_finding(void **state)
{
    remove_all(state_dir);
    strcat(state_dir, "/state");
    assert_refused(*state, "error state-unusable@0");
}

/* --- bad days --- */

static void test_folders_that_were_deleted_are_made_again(void **state)
{
    static const char *const names[] = {"reports/ab", "reports", "tmp", ""};
    tlsrpt_spool *spool = open_spool(*state);
    size_t i;

    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        remove_all(path_of(*state, names[i]));
        assert_int_equal(keep(spool, *state, &unverified),
                         strcmp(names[i], "tmp") == 0 ? TLSRPT_KEPT_ALREADY : TLSRPT_KEPT);
        assert_kept(spool, *state, &unverified);
    }
}

static void test_a_full_disk_leaves_nothing_half_written(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    struct rlimit before, low;
    const char *reason;
    tlsrpt_kept kept;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = 4096; /* a first write is short, the next one fails */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    kept = tlsrpt_spool_keep(spool, TLSRPT_REPORTS, DIGEST, &unverified, apr_pcalloc(*state, 10000),
                             10000, *state, &reason);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(kept, TLSRPT_NOT_KEPT);
    assert_true(is_showable(reason));
    assert_nothing_is_left(spool, *state);
    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
}

/* With one more descriptor allowed at each try, until it is kept. */
static void test_without_descriptors_nothing_is_kept_and_none_is_lost(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    struct rlimit before, low;
    rlim_t first = (rlim_t)dup(0), limit;

    close((int)first);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    for (limit = first; limit < first + 10; limit++) {
        const char *reason;
        tlsrpt_kept kept;

        low.rlim_cur = limit;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        kept = tlsrpt_spool_keep(spool, TLSRPT_REPORTS, DIGEST, &unverified, REPORT, strlen(REPORT),
                                 *state, &reason);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (kept == TLSRPT_KEPT) {
            break;
        }
        assert_int_equal(kept, TLSRPT_NOT_KEPT);
        assert_nothing_is_left(spool, *state);
    }
    assert_true(limit > first && limit < first + 10);
    assert_int_equal(dup(0), first);
    close((int)first);
    assert_kept(spool, *state, &unverified);
}

static void test_what_a_crash_left_is_removed_when_it_is_old(void **state)
{
    const struct utimbuf long_ago = {1, 1};
    const char *old, *fresh;

    open_spool(*state);
    old = path_of(*state, "tmp/1-1");
    fresh = path_of(*state, "tmp/1-2");
    close(open(old, O_CREAT | O_WRONLY, 0600));
    close(open(fresh, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(utime(old, &long_ago), 0);
    open_spool(*state);
    assert_int_not_equal(access(old, F_OK), 0);
    assert_int_equal(access(fresh, F_OK), 0);
}

/* --- many at once --- */

typedef struct racer {
    pthread_t thread;
    pthread_barrier_t *start;
    tlsrpt_spool *spool;
    apr_pool_t *p;
    int kept[3], done; /* by tlsrpt_kept */
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
        r->kept[tlsrpt_spool_keep(r->spool, TLSRPT_REPORTS, digest, &unverified, REPORT,
                                  strlen(REPORT), r->p, &reason)]++;
    }
    return NULL;
}

static void test_of_equal_reports_at_the_same_moment_one_is_new(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    pthread_barrier_t start;
    racer racers[THREADS];
    int i, kept[3] = {0, 0, 0};
    apr_int64_t octets, files;

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
        kept[TLSRPT_KEPT] += racers[i].kept[TLSRPT_KEPT];
        kept[TLSRPT_KEPT_ALREADY] += racers[i].kept[TLSRPT_KEPT_ALREADY];
    }
    pthread_barrier_destroy(&start);
    assert_int_equal(kept[TLSRPT_KEPT], ROUNDS);
    assert_int_equal(kept[TLSRPT_KEPT_ALREADY], ROUNDS * (THREADS - 1));
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &octets, &files);
    assert_int_equal(files, ROUNDS);
    assert_int_equal(count_in(path_of(*state, "tmp")), 0);
}

/* --- looking --- */

static void test_files_are_listed_by_folder(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    apr_array_header_t *list;
    apr_time_t changed;
    const char *reason;

    assert_int_equal(tlsrpt_spool_folder_changed(spool, TLSRPT_REPORTS, 0xab, &changed), 0);
    assert_true(changed == 0);
    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
    assert_int_equal(
        tlsrpt_spool_keep(spool, TLSRPT_REPORTS, OTHER, &unverified, "", 0, *state, &reason),
        TLSRPT_KEPT);
    close(open(path_of(*state, "reports/ab/note"), O_CREAT | O_WRONLY, 0600));
    assert_int_equal(tlsrpt_spool_folder_changed(spool, TLSRPT_REPORTS, 0xab, &changed), 0);
    assert_true(changed > 0);
    list = tlsrpt_spool_folder_list(spool, TLSRPT_REPORTS, 0xab, *state);
    assert_int_equal(list->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(list, 0, const char *), DIGEST);
    list = tlsrpt_spool_folder_list(spool, TLSRPT_REPORTS, 0x01, *state);
    assert_string_equal(APR_ARRAY_IDX(list, 0, const char *), OTHER);
    assert_int_equal(tlsrpt_spool_folder_list(spool, TLSRPT_REPORTS, 0x02, *state)->nelts, 0);
    assert_int_equal(tlsrpt_spool_folder_list(spool, TLSRPT_QUARANTINE, 0xab, *state)->nelts, 0);
}

static void test_usage_is_counted_in_blocks(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    apr_int64_t octets, files;
    const char *reason;

    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
    assert_int_equal(tlsrpt_spool_keep(spool, TLSRPT_REPORTS, OTHER, &unverified,
                                       apr_pcalloc(*state, 5000), 5000, *state, &reason),
                     TLSRPT_KEPT);
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &octets, &files);
    assert_int_equal(files, 2);
    assert_int_equal(octets, 4096 + 8192);
    assert_int_equal(octets, tlsrpt_spool_cost(strlen(REPORT)) + tlsrpt_spool_cost(5000));
    tlsrpt_spool_usage(spool, TLSRPT_QUARANTINE, &octets, &files);
    assert_int_equal(files, 0);
    assert_int_equal(octets, 0);
}

static void test_a_file_is_removed_once_or_more(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    tlsrpt_kept_file file;

    assert_int_equal(tlsrpt_spool_remove(spool, TLSRPT_REPORTS, DIGEST), APR_SUCCESS);
    assert_int_equal(keep(spool, *state, &unverified), TLSRPT_KEPT);
    assert_int_equal(tlsrpt_spool_remove(spool, TLSRPT_REPORTS, DIGEST), APR_SUCCESS);
    assert_int_equal(tlsrpt_spool_remove(spool, TLSRPT_REPORTS, DIGEST), APR_SUCCESS);
    assert_non_null(tlsrpt_spool_read(spool, TLSRPT_REPORTS, DIGEST, LARGEST, *state, &file));
    assert_nothing_is_left(spool, *state);
}

static void test_a_file_larger_than_allowed_is_not_read(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    tlsrpt_kept_file file;
    const char *reason, *why;

    assert_int_equal(tlsrpt_spool_keep(spool, TLSRPT_REPORTS, DIGEST, &unverified,
                                       apr_pcalloc(*state, 10000), 10000, *state, &reason),
                     TLSRPT_KEPT);
    why = tlsrpt_spool_read(spool, TLSRPT_REPORTS, DIGEST, 5000, *state, &file);
    assert_non_null(why);
    assert_non_null(strstr(why, "more than"));
}

static void test_the_room_on_disk_is_known(void **state)
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
        SPOOL_TEST(test_the_quarantine_is_apart),
        SPOOL_TEST(test_a_verified_receipt_replaces_an_unverified_one),
        SPOOL_TEST(test_a_damaged_file_is_replaced),
        SPOOL_TEST(test_octets_of_any_kind_and_number_come_back),
        SPOOL_TEST(test_a_name_that_is_no_digest_is_refused),
        SPOOL_TEST(test_a_receipt_that_cannot_be_written_keeps_nothing),
        SPOOL_TEST(test_modes_do_not_depend_on_the_umask),
        SPOOL_TEST(test_what_is_no_folder_is_refused_until_it_is_gone),
        SPOOL_TEST(test_a_symbolic_link_under_the_digest_is_not_followed),
        SPOOL_TEST(test_a_folder_that_others_can_write_to_is_refused),
        SPOOL_TEST(test_a_foreign_owner_is_refused),
        SPOOL_TEST(test_root_gives_away_what_it_makes),
        SPOOL_TEST(test_a_missing_parent_is_a_finding),
        SPOOL_TEST(test_folders_that_were_deleted_are_made_again),
        SPOOL_TEST(test_a_full_disk_leaves_nothing_half_written),
        SPOOL_TEST(test_without_descriptors_nothing_is_kept_and_none_is_lost),
        SPOOL_TEST(test_what_a_crash_left_is_removed_when_it_is_old),
        SPOOL_TEST(test_of_equal_reports_at_the_same_moment_one_is_new),
        SPOOL_TEST(test_files_are_listed_by_folder),
        SPOOL_TEST(test_usage_is_counted_in_blocks),
        SPOOL_TEST(test_a_file_is_removed_once_or_more),
        SPOOL_TEST(test_a_file_larger_than_allowed_is_not_read),
        SPOOL_TEST(test_the_room_on_disk_is_known),
    };

    return RUN_POOL_TESTS(tests);
}
