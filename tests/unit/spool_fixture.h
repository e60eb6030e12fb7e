/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SPOOL_FIXTURE_H
#define TESTS_UNIT_SPOOL_FIXTURE_H

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "findings_fixture.h"
#include "tlsrpt/spool/spool.h"

/* A spool in a separate directory for each test that is run with SPOOL_TEST. */

#define DIGEST "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
#define OTHER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REPORT "{\"policies\":[]}"
#define LARGEST 1048576

static const tlsrpt_receipt unverified = {1795553989123456, "https", "192.0.2.1", NULL};
static const tlsrpt_receipt verified = {1795553989123457, "mail", NULL, "example.com"};

/* --- a directory for each test: its state directory --- */

static char state_dir[64];

static inline int remove_entry(const char *path, const struct stat *info, int type,
                               struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void remove_all(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int directory_make(void **state)
{
    strcpy(state_dir, "/tmp/mta-sts-spool-XXXXXX");
    return mkdtemp(state_dir) ? pool_make(state) : -1;
}

static inline int directory_drop(void **state)
{
    remove_all(state_dir);
    return pool_drop(state);
}

#define SPOOL_TEST(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_drop)

static inline const char *path_of(apr_pool_t *p, const char *name)
{
    return apr_pstrcat(p, state_dir, "/", name, NULL);
}

static inline tlsrpt_spool *open_spool(apr_pool_t *p)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    tlsrpt_spool *spool = tlsrpt_spool_open(p, state_dir, findings);

    assert_string_equal(findings_summary(p, findings), "");
    assert_non_null(spool);
    return spool;
}

static inline tlsrpt_stored store(tlsrpt_spool *spool, apr_pool_t *p, const tlsrpt_receipt *receipt)
{
    const char *reason = "";
    tlsrpt_stored stored = tlsrpt_spool_store(spool, TLSRPT_REPORTS, DIGEST, receipt, REPORT,
                                              strlen(REPORT), p, &reason);

    if (stored == TLSRPT_NOT_STORED) {
        assert_non_null(reason);
        assert_true(is_printable(reason));
    }
    else {
        assert_null(reason);
    }
    return stored;
}

static inline void assert_stored(tlsrpt_spool *spool, apr_pool_t *p, const tlsrpt_receipt *receipt)
{
    tlsrpt_stored_file file;

    assert_null(tlsrpt_spool_read(spool, TLSRPT_REPORTS, DIGEST, LARGEST, p, &file));
    assert_int_equal(file.len, strlen(REPORT));
    assert_memory_equal(file.bytes, REPORT, file.len);
    assert_true(file.receipt.received == receipt->received);
    assert_string_equal(file.receipt.channel, receipt->channel);
    assert_string_equal(file.digest, DIGEST);
}

static inline int count_in(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    int count = 0;

    while (directory && (entry = readdir(directory)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    if (directory) {
        closedir(directory);
    }
    return count;
}

static inline void assert_nothing_is_left(tlsrpt_spool *spool, apr_pool_t *p)
{
    apr_int64_t bytes, files;

    assert_int_equal(count_in(path_of(p, "tmp")), 0);
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &bytes, &files);
    assert_int_equal(files, 0);
}

static inline unsigned mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

#endif
