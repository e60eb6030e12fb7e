/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tlsrpt/spool/directory.h"

static const char *refuse(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                          apr_pool_t *p, const char *why)
{
    return apr_pstrcat(p, tlsrpt_spool_path(spool, area, digest, p), ": ", why, NULL);
}

/* Reads all bytes of a file. Returns NULL, or why it cannot be read. */
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
            return "cannot be read completely";
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

    file->is_unopened = 0;
    if (!tlsrpt_spool_is_digest(digest)) {
        return "not a digest";
    }
    memcpy(name, digest, 2);
    directory = tlsrpt_spool_open_directory(spool, area, name, p);
    fd = directory < 0 ? -1
                       : openat(directory, digest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (directory >= 0) {
        close(directory);
    }
    if (fd < 0) {
        file->is_unopened = 1;
        return refuse(spool, area, digest, p, "cannot be opened");
    }
    why = read_bytes(fd, max + TLSRPT_RECEIPT_MAX, p, &bytes, &len);
    close(fd);
    if (why) {
        return refuse(spool, area, digest, p, why);
    }
    header = tlsrpt_receipt_read(p, bytes, len, &file->receipt);
    if (header == 0) {
        return refuse(spool, area, digest, p, "does not begin with a valid header line");
    }
    file->digest = apr_pstrdup(p, digest);
    file->bytes = bytes + header;
    file->len = len - header;
    return NULL;
}

/* Replaces the header line of an open file by one of the same length. */
static apr_status_t restamp(int fd, int (*is_possible)(apr_time_t received), apr_time_t received,
                            apr_pool_t *p)
{
    char line[TLSRPT_RECEIPT_MAX];
    ssize_t got = pread(fd, line, sizeof(line), 0);
    tlsrpt_receipt receipt;
    apr_size_t len = got > 0 ? tlsrpt_receipt_read(p, line, (apr_size_t)got, &receipt) : 0;
    const char *header;

    if (len == 0) {
        return got < 0 ? errno : APR_EINVAL;
    }
    if (is_possible(receipt.received)) {
        return APR_SUCCESS;
    }
    receipt.received = received;
    header = tlsrpt_receipt_render(p, &receipt);
    if (!header || strlen(header) != len) {
        return APR_EINVAL;
    }
    return pwrite(fd, header, len, 0) == (ssize_t)len && tlsrpt_fsync(fd) == 0 ? APR_SUCCESS
                                                                               : errno;
}

apr_status_t tlsrpt_spool_restamp(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                                  int (*is_possible)(apr_time_t received), apr_time_t received,
                                  apr_pool_t *ptemp)
{
    const char name[] = {digest[0], digest[1], '\0'};
    int directory =
        tlsrpt_spool_is_digest(digest) ? tlsrpt_spool_open_directory(spool, area, name, ptemp) : -1;
    int fd = directory < 0
                 ? -1
                 : openat(directory, digest, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    apr_status_t status = APR_ENOENT;

    if (directory >= 0) {
        close(directory);
    }
    if (fd >= 0) {
        status = restamp(fd, is_possible, received, ptemp);
        close(fd);
    }
    return status;
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

/* The result of removing a file whose directory cannot be opened: success if the directory does not
 * exist, because then neither does the file. */
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
    directory = area_fd < 0 ? -1 : tlsrpt_spool_open_directory(spool, area, name, p);
    apr_pool_destroy(p);
    if (area_fd < 0) {
        return APR_ENOENT;
    }
    status = directory < 0 ? remove_nothing(area_fd, name) : remove_from(directory, digest);
    close(area_fd);
    return status;
}
