/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_DIRECTORY_H
#define TLSRPT_SPOOL_DIRECTORY_H

#include <sys/types.h>

#include "core/base/finding.h"

/* Opens directories of the state directory safely: never through a symbolic link, and only if they
 * belong to the right user and no other user can write to them.
 */

/* Requirements for a directory. */
typedef struct tlsrpt_directory_rules {
    uid_t owner; /* required owner; also of new directories that root creates */
    gid_t group; /* of new directories that root creates */
    int make; /* whether to create the directory if it does not exist: with mode 0700 regardless of
                 the umask, and synced to disk */
} tlsrpt_directory_rules;

/*
 * Opens a directory.
 *
 * @param at       descriptor of the parent directory, or AT_FDCWD
 * @param name     its name relative to `at`, or its path
 * @param path     its name in findings; borrowed by them
 * @param findings an error is added here if it cannot be opened; none if it does not exist and is
 *                 not to be created
 * @return a descriptor, which the caller closes, or -1
 */
int tlsrpt_directory_open(int at, const char *name, const char *path,
                          const tlsrpt_directory_rules *rules, mta_sts_findings *findings);

/*
 * Opens a directory by its absolute path. As root, symbolic links in the path are followed only
 * where no other user can replace them: a user who owns a directory of the path could direct root
 * anywhere.
 *
 * @param path, rules, findings, return value: as for tlsrpt_directory_open
 */
int tlsrpt_directory_open_path(const char *path, const tlsrpt_directory_rules *rules,
                               mta_sts_findings *findings);

/* Whether the file system of an open directory is writable, as mounted for this process.
 *
 * @param path     its name in findings; borrowed by them
 * @param findings an error if it is not writable
 */
int tlsrpt_directory_is_writable(int fd, const char *path, mta_sts_findings *findings);

/* fsync(), repeated if a signal interrupts it. Returns 0, or -1 with errno. */
int tlsrpt_fsync(int fd);

#endif
