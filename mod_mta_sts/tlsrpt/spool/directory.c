/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <apr_errno.h>
#include <apr_strings.h>

#include "tlsrpt/spool/foreign.h"

#define MODE 0700
#define LINKS_MAX 40
#define FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* For the directories of a path, which need only search permission: an AppArmor profile, for
 * instance, need not let httpd read "/". */
#define PASS_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int tlsrpt_fsync(int fd)
{
    int result;

    do {
        result = fsync(fd);
    } while (result != 0 && errno == EINTR);
    return result;
}

static int open_with(int at, const char *name, int flags)
{
    int fd;

    do {
        fd = openat(at, name, flags);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static int open_directory(int at, const char *name)
{
    return open_with(at, name, FLAGS);
}

/* Reports the error of a system call, and what to do about it. */
static void report_errno(mta_sts_findings *findings, const char *path, const char *attempt,
                         int error)
{
    char text[120];
    const char *fix = "make sure that the directory exists, belongs to the user that httpd's "
                      "children run as, and that its file system is writable";

    if (error == EROFS) {
        fix =
            "mount its file system read-write; if systemd confines httpd (ProtectSystem=), add the "
            "directory of MTASTSStateDir to ReadWritePaths= of its unit";
    }
    mta_sts_finding_add(findings, MTA_STS_ERROR, "state-unusable", path, fix, "cannot %s it: %s",
                        attempt, apr_strerror(error, text, sizeof(text)));
}

/* Reports a directory that does not exist or cannot be opened. */
static void report_unopened(mta_sts_findings *findings, int at, const char *name, const char *path,
                            int error)
{
    struct stat info;

    if (fstatat(at, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(info.st_mode)) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "state-not-a-directory", path,
                            "remove it; the directory will be created instead",
                            "is %s instead of a directory, so no reports are stored there",
                            S_ISLNK(info.st_mode) ? "a symbolic link" : "a file");
        return;
    }
    report_errno(findings, path, "open", error);
}

/* Syncs the parent of a new directory, which contains its entry. */
static int sync_parent(int at, const char *name)
{
    char parent[4096] = ".";
    char *slash;
    int fd, result;

    if (at == AT_FDCWD) {
        apr_cpystrn(parent, name, sizeof(parent));
        slash = strrchr(parent, '/');
        if (!slash) {
            return 0;
        }
        slash[slash == parent ? 1 : 0] = '\0';
    }
    /* A descriptor with PASS_FLAGS cannot be synced. */
    fd = openat(at, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    result = fd < 0 ? -1 : tlsrpt_fsync(fd);
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* Sets the mode of a new directory and, as root, its owner. Uses the descriptor, because the owner
 * of the parent could replace the directory with something else of the same name. */
static int set_owner(int fd, const tlsrpt_directory_rules *rules)
{
    struct stat info;

    if (fchmod(fd, MODE) != 0 || fstat(fd, &info) != 0) {
        return -1;
    }
    return info.st_uid == geteuid() && info.st_uid != rules->owner
               ? fchown(fd, rules->owner, rules->group)
               : 0;
}

static int make_directory(int at, const char *name, const char *path,
                          const tlsrpt_directory_rules *rules, mta_sts_findings *findings)
{
    int made = mkdirat(at, name, MODE) == 0;
    int fd;

    if (!made && errno != EEXIST) {
        report_errno(findings, path, "create", errno);
        return -1;
    }
    fd = open_directory(at, name);
    if (fd < 0 && errno == EACCES && made) { /* the umask denies access even to the owner */
        fd = fchmodat(at, name, MODE, 0) == 0 ? open_directory(at, name) : -1;
    }
    if (fd < 0) {
        report_unopened(findings, at, name, path, errno);
        return -1;
    }
    if (made && (set_owner(fd, rules) != 0 || sync_parent(at, name) != 0)) {
        report_errno(findings, path, "create", errno);
        close(fd);
        return -1;
    }
    return fd;
}

/* @param is_top whether it is the state directory itself, which is opened by its whole path */
static void report_owner(const char *path, const struct stat *info,
                         const tlsrpt_directory_rules *rules, int is_top,
                         mta_sts_findings *findings)
{
    apr_pool_t *p = findings->pool;
    const char *other = is_top ? tlsrpt_foreign_file(p, path) : NULL;
    const char *fix =
        other ? apr_psprintf(p,
                             "specify a directory of its own with MTASTSStateDir: this one "
                             "contains %s and other files, but no reports",
                             other)
              : apr_psprintf(p,
                             "give it, with its contents, to the user that httpd's children run "
                             "as: chown -R %lu:%lu %s",
                             (unsigned long)rules->owner, (unsigned long)rules->group, path);

    mta_sts_finding_add(findings, MTA_STS_ERROR, "state-owner", path, fix,
                        "belongs to uid %lu instead of uid %lu, so no reports are stored there",
                        (unsigned long)info->st_uid, (unsigned long)rules->owner);
}

static int is_trusted(int fd, const char *path, const tlsrpt_directory_rules *rules, int is_top,
                      mta_sts_findings *findings)
{
    struct stat info;

    if (fstat(fd, &info) != 0) {
        report_errno(findings, path, "examine", errno);
        return 0;
    }
    if (info.st_uid != rules->owner) {
        report_owner(path, &info, rules, is_top, findings);
        return 0;
    }
    if (info.st_mode & (S_IWGRP | S_IWOTH)) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "state-mode", path,
                            "change its mode: chmod 0700",
                            "can be written to by users other than its owner (mode %04o), so no "
                            "reports are stored there",
                            (unsigned)info.st_mode & 07777);
        return 0;
    }
    return 1;
}

static int open_checked(int at, const char *name, const char *path,
                        const tlsrpt_directory_rules *rules, int is_top, mta_sts_findings *findings)
{
    int fd = open_directory(at, name);

    if (fd < 0 && errno == ENOENT) {
        if (!rules->make) {
            return -1;
        }
        fd = make_directory(at, name, path, rules, findings);
        if (fd < 0) {
            return -1;
        }
    }
    if (fd < 0) {
        report_unopened(findings, at, name, path, errno);
        return -1;
    }
    if (!is_trusted(fd, path, rules, is_top, findings)) {
        close(fd);
        return -1;
    }
    return fd;
}

int tlsrpt_directory_open(int at, const char *name, const char *path,
                          const tlsrpt_directory_rules *rules, mta_sts_findings *findings)
{
    return open_checked(at, name, path, rules, at == AT_FDCWD, findings);
}

/* --- paths --- */

/* The state of following a path from one directory to the next. */
typedef struct walk {
    apr_pool_t *p;
    const char *left;      /* rest of the path */
    int fd;                /* the directory that was reached, or -1 */
    int links;             /* number of symbolic links that were followed */
    const char *untrusted; /* a symbolic link that was not followed */
} walk;

/* Whether only root can replace the entries of a directory. */
static int is_of_root(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && info.st_uid == 0 && !(info.st_mode & (S_IWGRP | S_IWOTH));
}

static int move_to(walk *w, int fd)
{
    if (w->fd >= 0) {
        close(w->fd);
    }
    w->fd = fd;
    return fd >= 0;
}

/* Prepends the target of a symbolic link to the rest of the path. */
static int follow_link(walk *w, const char *name)
{
    char target[4096];
    ssize_t len = readlinkat(w->fd, name, target, sizeof(target) - 1);

    if (len < 0) {
        errno = errno == EINVAL ? ENOTDIR : errno; /* it is not a symbolic link */
        return 0;
    }
    target[len] = '\0';
    if (!is_of_root(w->fd) || ++w->links > LINKS_MAX) {
        w->untrusted = apr_pstrdup(w->p, name);
        errno = ELOOP;
        return 0;
    }
    w->left = apr_pstrcat(w->p, target, "/", w->left, NULL);
    return target[0] != '/' || move_to(w, open_with(AT_FDCWD, "/", PASS_FLAGS));
}

/* Follows the path up to its last name, which is returned; NULL and errno after an error. */
static const char *find_parent(walk *w)
{
    if (!move_to(w, open_with(AT_FDCWD, "/", PASS_FLAGS))) {
        return NULL;
    }
    for (;;) {
        const char *name = w->left + strspn(w->left, "/");
        const char *end = name + strcspn(name, "/");
        int fd;

        w->left = end + strspn(end, "/");
        name = apr_pstrmemdup(w->p, name, (apr_size_t)(end - name));
        if (!*w->left) {
            return name;
        }
        fd = open_with(w->fd, name, PASS_FLAGS);
        if (fd >= 0) {
            move_to(w, fd);
        }
        else if ((errno != ELOOP && errno != ENOTDIR) || !follow_link(w, name)) {
            return NULL;
        }
    }
}

static void report_walk(const walk *w, const char *path, mta_sts_findings *findings)
{
    if (!w->untrusted) {
        report_errno(findings, path, "open", errno);
        return;
    }
    mta_sts_finding_add(findings, MTA_STS_ERROR, "state-link", path,
                        "configure the path without symbolic links (MTASTSStateDir)",
                        "is reached through the symbolic link %s, which users other than root can "
                        "replace, so it is not prepared at start",
                        w->untrusted);
}

int tlsrpt_directory_open_path(const char *path, const tlsrpt_directory_rules *rules,
                               mta_sts_findings *findings)
{
    walk w = {.p = findings->pool, .left = path, .fd = -1};
    const char *name;
    int fd = -1;

    if (geteuid() != 0) {
        return open_checked(AT_FDCWD, path, path, rules, 1, findings);
    }
    name = find_parent(&w);
    if (name) {
        fd = open_checked(w.fd, name, path, rules, 1, findings);
    }
    else if (errno != ENOENT || rules->make) {
        report_walk(&w, path, findings);
    }
    if (w.fd >= 0) {
        close(w.fd);
    }
    return fd;
}

int tlsrpt_directory_is_writable(int fd, const char *path, mta_sts_findings *findings)
{
    struct statvfs mounted;

    if (fstatvfs(fd, &mounted) != 0 || !(mounted.f_flag & ST_RDONLY)) {
        return 1;
    }
    report_errno(findings, path, "write to", EROFS);
    return 0;
}
