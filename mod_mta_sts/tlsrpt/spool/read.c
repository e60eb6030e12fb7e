/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/internal.h"

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

#define STALE (10 * 60) /* seconds */

const char *tlsrpt_spool_path(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                              apr_pool_t *p)
{
    return apr_psprintf(p, "%s/%s/%.2s/%s", spool->state_dir, tlsrpt_spool_areas[area], digest,
                        digest);
}

/* A directory of an area, opened for looking: -1 if it is not there or not ours. Findings are of no
 * interest here. */
static int open_directory(const tlsrpt_spool *spool, tlsrpt_area area, const char *name,
                          apr_pool_t *p)
{
    tlsrpt_directory_rules rules = {geteuid(), getegid(), 0};
    mta_sts_findings *findings = mta_sts_findings_make(p);
    int fd, parent = tlsrpt_spool_open_area(spool, area, 0, findings);

    if (parent < 0) {
        return -1;
    }
    fd = tlsrpt_directory_open(parent, name, name, &rules, findings);
    close(parent);
    return fd;
}

static void directory_name(int directory, char name[3])
{
    snprintf(name, 3, "%02x", (unsigned)directory & 0xff);
}

/* --- one file --- */

static const char *refuse(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                          apr_pool_t *p, const char *why)
{
    return apr_pstrcat(p, tlsrpt_spool_path(spool, area, digest, p), ": ", why, NULL);
}

/* All bytes of a file. NULL, or why it cannot be read. */
static const char *read_bytes(int fd, apr_size_t max, apr_pool_t *p, char **bytes, apr_size_t *len)
{
    struct stat info;
    apr_size_t size;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return "is not a file";
    }
    size = (apr_size_t)info.st_size;
    if (size > max) {
        return apr_psprintf(p, "has %" APR_SIZE_T_FMT " bytes, more than %" APR_SIZE_T_FMT, size,
                            max);
    }
    *bytes = apr_palloc(p, size + 1);
    for (*len = 0; *len < size;) {
        ssize_t got = read(fd, *bytes + *len, size - *len);

        if (got == 0 || (got < 0 && errno != EINTR)) {
            return "cannot be read to its end";
        }
        *len += got > 0 ? (apr_size_t)got : 0;
    }
    (*bytes)[size] = '\0';
    return NULL;
}

const char *tlsrpt_spool_read(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                              apr_size_t max, apr_pool_t *p, tlsrpt_stored_file *file)
{
    char name[3] = "";
    const char *why;
    char *bytes = NULL;
    apr_size_t len = 0, header;
    int fd, directory;

    file->is_closed = 0;
    if (!tlsrpt_spool_is_digest(digest)) {
        return "not a digest";
    }
    memcpy(name, digest, 2);
    directory = open_directory(spool, area, name, p);
    fd = directory < 0 ? -1
                       : openat(directory, digest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (directory >= 0) {
        close(directory);
    }
    if (fd < 0) {
        file->is_closed = 1;
        return refuse(spool, area, digest, p, "cannot be opened");
    }
    why = read_bytes(fd, max + TLSRPT_RECEIPT_MAX, p, &bytes, &len);
    close(fd);
    if (why) {
        return refuse(spool, area, digest, p, why);
    }
    header = tlsrpt_receipt_read(p, bytes, len, &file->receipt);
    if (header == 0) {
        return refuse(spool, area, digest, p, "does not begin with a header line of ours");
    }
    file->digest = apr_pstrdup(p, digest);
    file->bytes = bytes + header;
    file->len = len - header;
    return NULL;
}

int tlsrpt_spool_has(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest)
{
    char path[4096];
    struct stat info;

    apr_snprintf(path, sizeof(path), "%s/%s/%.2s/%s", spool->state_dir, tlsrpt_spool_areas[area],
                 digest, digest);
    return tlsrpt_spool_is_digest(digest) && lstat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static apr_status_t remove_from(int directory, const char *digest)
{
    apr_status_t status = APR_SUCCESS;

    if (unlinkat(directory, digest, 0) != 0 && errno != ENOENT) {
        status = errno;
    }
    close(directory);
    return status;
}

/* Nothing is in a directory that is not there; of one that is there and not ours nobody knows. */
static apr_status_t remove_nothing(int area, const char *name)
{
    struct stat info;

    return fstatat(area, name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? APR_EACCES
           : errno == ENOENT                                    ? APR_SUCCESS
                                                                : errno;
}

apr_status_t tlsrpt_spool_remove(tlsrpt_spool *spool, tlsrpt_area area, const char *digest)
{
    char name[3] = "";
    int area_fd, directory;
    apr_status_t status;
    apr_pool_t *p;

    if (!tlsrpt_spool_is_digest(digest)) {
        return APR_EINVAL;
    }
    memcpy(name, digest, 2);
    apr_pool_create(&p, NULL);
    area_fd = tlsrpt_spool_open_area(spool, area, 0, mta_sts_findings_make(p));
    directory = area_fd < 0 ? -1 : open_directory(spool, area, name, p);
    apr_pool_destroy(p);
    if (area_fd < 0) {
        return APR_ENOENT;
    }
    status = directory < 0 ? remove_nothing(area_fd, name) : remove_from(directory, digest);
    close(area_fd);
    return status;
}

/* --- directories --- */

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

/* What is done with each name in a directory. */
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
    fd = open_directory(spool, area, name, p);
    if (fd >= 0) {
        each_name(fd, push_digest, list);
    }
    return list;
}

typedef struct receipts {
    apr_pool_t *p; /* cleared behind each file */
    tlsrpt_spool_visit *visit;
    void *baton;
} receipts;

static void read_receipt(int directory, const char *name, void *baton)
{
    const receipts *all = baton;
    char line[TLSRPT_RECEIPT_MAX];
    tlsrpt_receipt receipt;
    ssize_t count = -1;
    int fd;

    if (!tlsrpt_spool_is_digest(name)) {
        return;
    }
    fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        count = read(fd, line, sizeof(line));
        close(fd);
    }
    all->visit(all->baton, name,
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
    fd = open_directory(spool, area, name, p);
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

void tlsrpt_spool_usage(const tlsrpt_spool *spool, tlsrpt_area area, apr_int64_t *bytes,
                        apr_int64_t *files)
{
    usage sum = {0, 0};
    apr_pool_t *p;
    int i;

    apr_pool_create(&p, NULL);
    for (i = 0; i < TLSRPT_SPOOL_DIRECTORIES; i++) {
        char name[3];
        int fd;

        directory_name(i, name);
        fd = open_directory(spool, area, name, p);
        if (fd >= 0) {
            each_name(fd, add_usage, &sum);
        }
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    *bytes = sum.bytes;
    *files = sum.files;
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

void tlsrpt_spool_tidy(const tlsrpt_spool *spool)
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
