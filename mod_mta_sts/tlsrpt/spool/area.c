/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/area.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tlsrpt/spool/directory.h"
#include "tlsrpt/spool/file.h"

#define STALE (10 * 60) /* seconds */

static void directory_name(int directory, char name[3])
{
    snprintf(name, 3, "%02x", (unsigned)directory & 0xff);
}

apr_status_t tlsrpt_spool_directory_changed(const tlsrpt_spool *spool, tlsrpt_area area,
                                            int directory, apr_time_t *changed)
{
    char path[4096];
    struct stat info;

    *changed = 0;
    apr_snprintf(path, sizeof(path), "%s/%s/%02x", spool->state_dir, tlsrpt_spool_areas[area],
                 (unsigned)directory & 0xff);
    if (lstat(path, &info) != 0) {
        return errno == ENOENT ? APR_SUCCESS : errno;
    }
    *changed = apr_time_make(info.st_mtim.tv_sec, info.st_mtim.tv_nsec / 1000);
    return APR_SUCCESS;
}

/* A callback for each file in a directory. */
typedef void visitor(int directory, const char *name, void *baton);

static void each_name(int fd, visitor *visit, void *baton)
{
    DIR *directory = fdopendir(fd);
    const struct dirent *entry;

    if (!directory) {
        close(fd);
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            visit(dirfd(directory), entry->d_name, baton);
        }
    }
    closedir(directory);
}

static void push_digest(int directory, const char *name, void *baton)
{
    apr_array_header_t *list = baton;

    (void)directory;
    if (tlsrpt_spool_is_digest(name)) {
        APR_ARRAY_PUSH(list, const char *) = apr_pstrdup(list->pool, name);
    }
}

apr_array_header_t *tlsrpt_spool_directory_list(const tlsrpt_spool *spool, tlsrpt_area area,
                                                int directory, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, 16, sizeof(const char *));
    char name[3];
    int fd;

    directory_name(directory, name);
    fd = tlsrpt_spool_open_directory(spool, area, name, p);
    if (fd >= 0) {
        each_name(fd, push_digest, list);
    }
    return list;
}

typedef struct receipts {
    apr_pool_t *p; /* cleared after each file */
    tlsrpt_spool_visit *visit;
    void *baton;
} receipts;

static void read_receipt(int directory, const char *name, void *baton)
{
    const receipts *all = baton;
    char line[TLSRPT_RECEIPT_MAX];
    struct stat info = {.st_size = 0};
    tlsrpt_receipt receipt;
    ssize_t count = -1;
    int fd;

    if (!tlsrpt_spool_is_digest(name)) {
        return;
    }
    fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        count = read(fd, line, sizeof(line));
        fstat(fd, &info);
        close(fd);
    }
    all->visit(all->baton, name, tlsrpt_spool_blocks(info.st_size),
               count > 0 && tlsrpt_receipt_read(all->p, line, (apr_size_t)count, &receipt)
                   ? &receipt
                   : NULL);
    apr_pool_clear(all->p);
}

void tlsrpt_spool_directory_receipts(const tlsrpt_spool *spool, tlsrpt_area area, int directory,
                                     tlsrpt_spool_visit *visit, void *baton)
{
    receipts all = {NULL, visit, baton};
    apr_pool_t *p;
    char name[3];
    int fd;

    apr_pool_create(&p, NULL);
    apr_pool_create(&all.p, p);
    directory_name(directory, name);
    fd = tlsrpt_spool_open_directory(spool, area, name, p);
    if (fd >= 0) {
        each_name(fd, read_receipt, &all);
    }
    apr_pool_destroy(p);
}

typedef struct usage {
    apr_int64_t bytes, files;
} usage;

static void add_usage(int directory, const char *name, void *baton)
{
    usage *sum = baton;
    struct stat info;

    if (tlsrpt_spool_is_digest(name) && fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        sum->bytes += tlsrpt_spool_blocks(info.st_size);
        sum->files++;
    }
}

void tlsrpt_spool_directory_usage(const tlsrpt_spool *spool, tlsrpt_area area, int directory,
                                  apr_int64_t *bytes, apr_int64_t *files)
{
    usage sum = {0, 0};
    apr_pool_t *p;
    char name[3];
    int fd;

    apr_pool_create(&p, NULL);
    directory_name(directory, name);
    fd = tlsrpt_spool_open_directory(spool, area, name, p);
    if (fd >= 0) {
        each_name(fd, add_usage, &sum);
    }
    apr_pool_destroy(p);
    *bytes = sum.bytes;
    *files = sum.files;
}

void tlsrpt_spool_usage(const tlsrpt_spool *spool, tlsrpt_area area, apr_int64_t *bytes,
                        apr_int64_t *files)
{
    int i;

    *bytes = *files = 0;
    for (i = 0; i < TLSRPT_SPOOL_DIRECTORIES; i++) {
        apr_int64_t some_bytes, some_files;

        tlsrpt_spool_directory_usage(spool, area, i, &some_bytes, &some_files);
        *bytes += some_bytes;
        *files += some_files;
    }
}

static void remove_stale(int directory, const char *name, void *baton)
{
    const time_t *now = baton;
    struct stat info;

    if (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(info.st_mode) &&
        info.st_mtime < *now - STALE) {
        unlinkat(directory, name, 0);
    }
}

void tlsrpt_spool_remove_stale(const tlsrpt_spool *spool)
{
    time_t now = time(NULL);
    char path[4096];
    int fd;

    apr_snprintf(path, sizeof(path), "%s/" TLSRPT_SPOOL_TMP, spool->state_dir);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        each_name(fd, remove_stale, &now);
    }
}

/* --- files, with findings --- */

static void push_entry(apr_array_header_t *list, const struct dirent *entry)
{
    tlsrpt_spool_entry *made;

    if (tlsrpt_spool_is_digest(entry->d_name)) {
        made = apr_array_push(list);
        made->digest = apr_pstrdup(list->pool, entry->d_name);
        made->file = (apr_int64_t)entry->d_ino;
    }
}

/* Reads a directory completely and closes fd. Returns 0, or errno. */
static int push_entries(int fd, apr_array_header_t *list)
{
    DIR *directory = fdopendir(fd);
    const struct dirent *entry;
    int problem;

    if (!directory) {
        problem = errno;
        close(fd);
        return problem;
    }
    for (errno = 0; (entry = readdir(directory)) != NULL; errno = 0) {
        push_entry(list, entry);
    }
    problem = errno;
    closedir(directory);
    return problem;
}

apr_array_header_t *tlsrpt_spool_directory_files(const tlsrpt_spool *spool, tlsrpt_area area,
                                                 int directory, apr_pool_t *p,
                                                 mta_sts_findings *findings)
{
    apr_array_header_t *list = apr_array_make(p, 16, sizeof(tlsrpt_spool_entry));
    tlsrpt_directory_rules rules = {geteuid(), getegid(), 0};
    int before = findings->list->nelts, problem, fd, parent;
    const char *path;
    char name[3];

    snprintf(name, sizeof(name), "%02x", (unsigned)directory & 0xff);
    path =
        apr_psprintf(findings->pool, "%s/%s/%s", spool->state_dir, tlsrpt_spool_areas[area], name);
    parent = tlsrpt_spool_open_area(spool, area, 0, findings);
    fd = parent < 0 ? -1 : tlsrpt_directory_open(parent, name, path, &rules, findings);
    if (parent < 0 && findings->list->nelts == before) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "spool-missing", path,
                            "mount its file system, or restart httpd, which creates it",
                            "the directory of the reports does not exist");
    }
    if (parent >= 0) {
        close(parent);
    }
    if (fd < 0) {
        return findings->list->nelts == before ? list : NULL;
    }
    problem = push_entries(fd, list);
    if (problem) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "spool-unreadable", path,
                            "check the kernel log (journalctl -k)", "it cannot be read: %s",
                            strerror(problem));
        return NULL;
    }
    return list;
}

static void set_modified_now(const char *path)
{
    const struct timespec now[2] = {{.tv_sec = time(NULL)}, {.tv_sec = time(NULL)}};

    utimensat(AT_FDCWD, path, now, AT_SYMLINK_NOFOLLOW);
}

/* Whether a file was written before a time. */
static int is_older(const char *path, apr_time_t before, int (*is_possible)(apr_time_t modified))
{
    struct stat info;

    if (lstat(path, &info) != 0) {
        return 0;
    }
    if (!is_possible(apr_time_from_sec(info.st_mtime))) {
        set_modified_now(path);
        return 0;
    }
    return apr_time_from_sec(info.st_mtime) < before;
}

static apr_int64_t expire_directory(tlsrpt_spool *spool, tlsrpt_area area, int directory,
                                    apr_time_t before, int (*is_possible)(apr_time_t modified),
                                    apr_pool_t *p)
{
    const apr_array_header_t *list =
        tlsrpt_spool_directory_files(spool, area, directory, p, mta_sts_findings_make(p));
    apr_int64_t removed = 0;
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        const char *digest = APR_ARRAY_IDX(list, i, tlsrpt_spool_entry).digest;

        removed += is_older(tlsrpt_spool_path(spool, area, digest, p), before, is_possible) &&
                   tlsrpt_spool_remove(spool, area, digest) == APR_SUCCESS;
    }
    return removed;
}

apr_int64_t tlsrpt_spool_expire(tlsrpt_spool *spool, tlsrpt_area area, apr_time_t before,
                                int (*is_possible)(apr_time_t modified))
{
    apr_int64_t removed = 0;
    apr_pool_t *p;
    int directory;

    apr_pool_create(&p, NULL);
    for (directory = 0; directory < TLSRPT_SPOOL_DIRECTORIES; directory++) {
        removed += expire_directory(spool, area, directory, before, is_possible, p);
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    return removed;
}
