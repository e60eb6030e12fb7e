/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <apr_strings.h>

#include "spool_fixture.h"

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
        assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
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
    assert_findings_are_printable(findings);
    assert_string_equal(findings_summary(p, findings), finding);
}

/* Something else is in the place of a directory: nothing is stored, neither there nor where it
 * leads. */
static void check_in_the_way(apr_pool_t *p, const char *name, int is_link)
{
    tlsrpt_spool *spool = open_spool(p);
    const char *aside = path_of(p, "aside"), *path = name ? path_of(p, name) : state_dir;
    FILE *file;

    if (!name) {
        aside = apr_pstrcat(p, state_dir, "-aside", NULL);
    }
    assert_int_equal(store(spool, p, &unverified), TLSRPT_STORED);
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
    assert_int_equal(store(spool, p, &unverified), TLSRPT_NOT_STORED);
    if (!name || strcmp(name, "reports/ab") != 0) {
        assert_refused(p, "error state-not-a-directory@0");
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rename(aside, path), 0);
    assert_int_equal(store(spool, p, &unverified), TLSRPT_STORED);
    remove_all(state_dir);
}

static void test_an_obstacle_that_is_not_a_directory_is_refused_until_removed(void **state)
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
    tlsrpt_stored_file file;

    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    assert_int_equal(rename(tlsrpt_spool_path(spool, TLSRPT_REPORTS, DIGEST, *state), target), 0);
    assert_int_equal(symlink(target, tlsrpt_spool_path(spool, TLSRPT_REPORTS, DIGEST, *state)), 0);
    assert_non_null(tlsrpt_spool_read(spool, TLSRPT_REPORTS, DIGEST, LARGEST, *state, &file));
    assert_int_equal(store(spool, *state, &verified), TLSRPT_STORED_ALREADY);
    assert_stored(spool, *state, &verified);
    assert_int_equal(mode_of(target), 0600);
}

static void test_a_directory_that_others_can_write_to_is_refused(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    assert_int_equal(chmod(path_of(*state, "reports"), 0770), 0);
    assert_refused(*state, "error state-mode@0");
    assert_int_equal(store(spool, *state, &unverified), TLSRPT_NOT_STORED);
    assert_int_equal(chmod(path_of(*state, "reports"), 0755), 0);
    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
}

static void test_a_foreign_owner_is_refused(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);

    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chown(path_of(*state, "tmp"), 1, 1), 0);
    assert_refused(*state, "error state-owner@0");
    assert_int_equal(store(spool, *state, &unverified), TLSRPT_NOT_STORED);
}

static void test_root_gives_new_directories_to_the_owner(void **state)
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

/* --- recovery --- */

static void test_deleted_directories_are_created_again(void **state)
{
    static const char *const names[] = {"reports/ab", "reports", "tmp", ""};
    tlsrpt_spool *spool = open_spool(*state);
    size_t i;

    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        remove_all(path_of(*state, names[i]));
        assert_int_equal(store(spool, *state, &unverified),
                         strcmp(names[i], "tmp") == 0 ? TLSRPT_STORED_ALREADY : TLSRPT_STORED);
        assert_stored(spool, *state, &unverified);
    }
}

static void test_a_full_disk_leaves_nothing_half_written(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    struct rlimit before, low;
    const char *reason;
    tlsrpt_stored stored;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = 4096; /* a first write is short, the next one fails */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    stored = tlsrpt_spool_store(spool, TLSRPT_REPORTS, DIGEST, &unverified,
                                apr_pcalloc(*state, 10000), 10000, *state, &reason);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(stored, TLSRPT_NOT_STORED);
    assert_true(is_printable(reason));
    assert_nothing_is_left(spool, *state);
    assert_int_equal(store(spool, *state, &unverified), TLSRPT_STORED);
}

/* One more descriptor is allowed at each attempt, until the report is stored. */
static void test_without_free_descriptors_nothing_is_stored_and_none_leaks(void **state)
{
    tlsrpt_spool *spool = open_spool(*state);
    struct rlimit before, low;
    rlim_t first = (rlim_t)dup(0), limit;

    close((int)first);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    for (limit = first; limit < first + 10; limit++) {
        const char *reason;
        tlsrpt_stored stored;

        low.rlim_cur = limit;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        stored = tlsrpt_spool_store(spool, TLSRPT_REPORTS, DIGEST, &unverified, REPORT,
                                    strlen(REPORT), *state, &reason);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (stored == TLSRPT_STORED) {
            break;
        }
        assert_int_equal(stored, TLSRPT_NOT_STORED);
        assert_nothing_is_left(spool, *state);
    }
    assert_true(limit > first && limit < first + 10);
    assert_int_equal(dup(0), first);
    close((int)first);
    assert_stored(spool, *state, &unverified);
}

static void test_old_leftovers_of_a_crash_are_removed(void **state)
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

/* The user that httpd's children run as owns a directory of the path. */
static void test_root_follows_no_link_that_another_user_can_replace(void **state)
{
    static const uid_t children = 33;
    const char *www = path_of(*state, "www"), *target = path_of(*state, "target");
    const char *link_of_user = path_of(*state, "www/link"), *link_of_root = path_of(*state, "link");
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    tlsrpt_spool *spool;

    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(mkdir(www, 0755), 0);
    assert_int_equal(chown(www, children, children), 0);
    assert_int_equal(mkdir(target, 0755), 0);
    assert_int_equal(symlink("../target", link_of_user), 0);
    assert_int_equal(symlink(target, link_of_root), 0);
    spool = tlsrpt_spool_make(*state, path_of(*state, "www/link/state"));
    assert_false(tlsrpt_spool_prepare(spool, children, children, findings));
    assert_findings_are_printable(findings);
    assert_string_equal(findings_summary(*state, findings), "error state-link@0");
    assert_int_equal(access(path_of(*state, "target/state"), F_OK), -1);
    spool = tlsrpt_spool_make(*state, path_of(*state, "link/state"));
    assert_true(tlsrpt_spool_prepare(spool, children, children, mta_sts_findings_make(*state)));
    assert_int_equal(access(path_of(*state, "target/state/reports"), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(test_root_follows_no_link_that_another_user_can_replace),
        SPOOL_TEST(test_modes_do_not_depend_on_the_umask),
        SPOOL_TEST(test_an_obstacle_that_is_not_a_directory_is_refused_until_removed),
        SPOOL_TEST(test_a_symbolic_link_under_the_digest_is_not_followed),
        SPOOL_TEST(test_a_directory_that_others_can_write_to_is_refused),
        SPOOL_TEST(test_a_foreign_owner_is_refused),
        SPOOL_TEST(test_root_gives_new_directories_to_the_owner),
        SPOOL_TEST(test_a_missing_parent_is_a_finding),
        SPOOL_TEST(test_deleted_directories_are_created_again),
        SPOOL_TEST(test_a_full_disk_leaves_nothing_half_written),
        SPOOL_TEST(test_without_free_descriptors_nothing_is_stored_and_none_leaks),
        SPOOL_TEST(test_old_leftovers_of_a_crash_are_removed),
    };

    return RUN_POOL_TESTS(tests);
}
