/* SPDX-License-Identifier: Apache-2.0 */
/* A change replaces the file, so a separate file next to it is locked, as in
 * scripts/mta_sts_setup/lock.py. Other users cannot open the lock file, and so cannot hold the
 * lock; the directory itself would not do, because everyone can open it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "cli/mx/call.h"

#define NAME ".mta-sts.lock"
#define PATIENCE apr_time_from_sec(60)
#define POLL apr_time_from_msec(100)

static const char *wait_for(apr_pool_t *p, const char *path, int fd, apr_time_t end)
{
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return apr_psprintf(p, "%s cannot be locked: %s", path, strerror(errno));
        }
        if (apr_time_now() >= end) {
            return apr_psprintf(p,
                                "another process has locked %s for more than a minute: run this "
                                "again when the other mta-sts mx or mta-sts-setup has ended",
                                path);
        }
        apr_sleep(POLL);
    }
    return NULL;
}

/* Why other users could hold the lock, or NULL. The owner of the directory could do so in any
 * case. */
static const char *why_not_ours(int fd, int directory)
{
    struct stat info, parent;

    if (fstat(fd, &info) != 0 || fstat(directory, &parent) != 0) {
        return strerror(errno);
    }
    return !S_ISREG(info.st_mode) ? "it is not a file"
           : info.st_uid != geteuid() && info.st_uid != parent.st_uid
               ? "it belongs to another user; remove it"
           : info.st_mode & (S_IRWXG | S_IRWXO) ? "other users may open it; remove it"
                                                : NULL;
}

static const char *open_file(apr_pool_t *p, const char *path, int directory, int *fd)
{
    const char *why;

    *fd = openat(directory, NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    why = *fd < 0 ? (errno == ELOOP ? "it is a symbolic link; remove it" : strerror(errno))
                  : why_not_ours(*fd, directory);
    if (why && *fd >= 0) {
        close(*fd);
    }
    return why ? apr_psprintf(p, "the lock file %s cannot be opened: %s", path, why) : NULL;
}

/* Whether the process that held the lock before has deleted the file. */
static int is_deleted(int fd)
{
    struct stat info;

    return fstat(fd, &info) != 0 || info.st_nlink == 0;
}

static const char *take(apr_pool_t *p, const char *path, int directory, int *fd)
{
    apr_time_t end = apr_time_now() + PATIENCE;
    const char *error;

    for (;;) {
        error = open_file(p, path, directory, fd);
        if (error) {
            return error;
        }
        error = wait_for(p, path, *fd, end);
        if (!error && !is_deleted(*fd)) {
            return NULL;
        }
        close(*fd);
        if (error) {
            return error;
        }
    }
}

const char *cli_mx_lock(apr_pool_t *p, const char *path, cli_mx_locked *lock)
{
    const char *slash = strrchr(path, '/'), *error;
    const char *dir = slash > path ? apr_pstrmemdup(p, path, (apr_size_t)(slash - path)) : "/";
    int directory = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    *lock = (cli_mx_locked){apr_pstrcat(p, dir, "/" NAME, NULL), -1};
    if (directory < 0) {
        return apr_psprintf(p, "%s cannot be opened: %s", dir, strerror(errno));
    }
    error = take(p, lock->path, directory, &lock->fd);
    lock->fd = error ? -1 : lock->fd;
    close(directory);
    return error;
}

void cli_mx_unlock(cli_mx_locked *lock)
{
    if (lock->fd >= 0) {
        unlink(lock->path);
        close(lock->fd);
        lock->fd = -1;
    }
}
