/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/pair_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <openssl/crypto.h>

/* In bytes; a certificate with 100 names and its chain takes 20 KiB. */
#define CERTIFICATE_MAX (256 * 1024)
#define KEY_MAX (64 * 1024)

#define SETTLED apr_time_from_sec(2)

static int ends_with(const char *text, const char *end)
{
    apr_size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0;
}

/* Replaces the last `cut` characters of a path by `end`. */
static const char *replace_end(apr_pool_t *p, const char *path, apr_size_t cut, const char *end)
{
    return apr_pstrcat(p, apr_pstrmemdup(p, path, strlen(path) - cut), end, NULL);
}

static void add_match(apr_pool_t *p, const char *match, apr_array_header_t *found)
{
    mta_sts_pair_files files;

    if (ends_with(match, ".crt")) {
        files.certificate = apr_pstrdup(p, match);
        files.key = replace_end(p, match, strlen(".crt"), ".key");
        if (ends_with(match, ".issuer.crt") && !exists(files.key)) {
            return;
        }
    }
    else if (ends_with(match, "/fullchain.pem")) {
        files.certificate = apr_pstrdup(p, match);
        files.key = replace_end(p, match, strlen("fullchain.pem"), "privkey.pem");
    }
    else {
        files.certificate = apr_pstrcat(p, match, "/fullchain.pem", NULL);
        files.key = apr_pstrcat(p, match, "/privkey.pem", NULL);
    }
    APR_ARRAY_PUSH(found, mta_sts_pair_files) = files;
}

apr_array_header_t *mta_sts_pair_files_find(apr_pool_t *p, const apr_array_header_t *globs)
{
    apr_array_header_t *found = apr_array_make(p, 16, sizeof(mta_sts_pair_files));
    int i;

    for (i = 0; i < globs->nelts; i++) {
        glob_t matches;
        apr_size_t m;

        if (glob(APR_ARRAY_IDX(globs, i, const char *), GLOB_NOSORT, NULL, &matches) != 0) {
            continue;
        }
        for (m = 0; m < matches.gl_pathc; m++) {
            add_match(p, matches.gl_pathv[m], found);
        }
        globfree(&matches);
    }
    return found;
}

static apr_int64_t nanoseconds(const struct timespec *time)
{
    return (apr_int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

int mta_sts_pair_files_stamp(const mta_sts_pair_files *files, apr_time_t now,
                             mta_sts_pair_stamp *stamp)
{
    const char *const paths[] = {files->certificate, files->key};
    int is_unsettled = 0, i;

    memset(stamp, 0, sizeof(*stamp));
    for (i = 0; i < 2; i++) {
        struct stat info;

        if (stat(paths[i], &info) != 0) {
            continue;
        }
        stamp->file[i].device = (apr_int64_t)info.st_dev;
        stamp->file[i].inode = (apr_int64_t)info.st_ino;
        stamp->file[i].size = info.st_size;
        stamp->file[i].modified = nanoseconds(&info.st_mtim);
        stamp->file[i].changed = nanoseconds(&info.st_ctim);
        is_unsettled |= now - stamp->file[i].changed / 1000 < SETTLED;
    }
    return is_unsettled;
}

int mta_sts_pair_stamp_has_certificate(const mta_sts_pair_stamp *stamp)
{
    return stamp->file[0].modified != 0;
}

/* Reads to the end of the file, even if signals interrupt single reads. */
static apr_ssize_t read_all(int fd, char *to, apr_size_t size)
{
    apr_size_t len = 0;

    while (len < size) {
        ssize_t got = read(fd, to + len, size - len);

        if (got < 0 && errno != EINTR) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        len += got > 0 ? (apr_size_t)got : 0;
    }
    return (apr_ssize_t)len;
}

/* Opens regular files only, because opening a device may have side effects. O_NONBLOCK: if a FIFO
 * has just replaced the file, opening it does not block. */
static const char *open_regular(apr_pool_t *p, const char *path, apr_size_t max, int *fd,
                                apr_size_t *size)
{
    struct stat info;

    *fd = -1;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        return apr_pstrcat(p, path, " is not a file", NULL);
    }
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 || fstat(*fd, &info) != 0) {
        return apr_psprintf(p, "%s cannot be read: %s", path, strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) {
        return apr_pstrcat(p, path, " is not a file", NULL);
    }
    if (info.st_size > (off_t)max) {
        return apr_psprintf(p, "%s is larger than %" APR_SIZE_T_FMT " KiB", path, max / 1024);
    }
    *size = (apr_size_t)info.st_size;
    return NULL;
}

static const char *read_file(apr_pool_t *p, const char *path, apr_size_t max, const char **text,
                             apr_size_t *len)
{
    apr_size_t size = 0;
    int fd;
    const char *error = open_regular(p, path, max, &fd, &size);

    if (!error) {
        char *bytes = apr_palloc(p, size + 1);
        apr_ssize_t got = read_all(fd, bytes, size);

        *text = bytes;
        *len = got < 0 ? 0 : (apr_size_t)got;
        error = got < 0 ? apr_psprintf(p, "%s cannot be read: %s", path, strerror(errno)) : NULL;
    }
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

int mta_sts_pair_files_read(const mta_sts_pair_files *files, apr_pool_t *p, mta_sts_pair_text *text,
                            const char **error)
{
    memset(text, 0, sizeof(*text));
    *error = read_file(p, files->certificate, CERTIFICATE_MAX, &text->certificate,
                       &text->certificate_len);
    if (!*error) {
        *error = read_file(p, files->key, KEY_MAX, &text->key, &text->key_len);
    }
    return *error != NULL;
}

void mta_sts_pair_text_wipe(mta_sts_pair_text *text)
{
    if (text->key) {
        OPENSSL_cleanse((char *)text->key, text->key_len);
    }
}
