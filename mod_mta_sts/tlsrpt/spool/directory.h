/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_DIRECTORY_H
#define TLSRPT_SPOOL_DIRECTORY_H

#include <sys/types.h>

#include "core/base/finding.h"

/*
 * A directory of the state directory, opened so that nobody can lead us elsewhere: never through a
 * symbolic link, and only if it belongs to the right user and nobody else can write to it.
 */

/* How a directory is opened. */
typedef struct tlsrpt_directory_rules {
    uid_t owner; /* whom it must belong to, and is given to if root makes it */
    gid_t group; /* of one that root makes */
    int make;    /* make it where it is missing: 0700 whatever the umask, and its entry on disk */
} tlsrpt_directory_rules;

/*
 * Opens a directory.
 *
 * @param at       the directory it is in, or AT_FDCWD
 * @param name     its name in there, or its path
 * @param path     how it is called in a finding; borrowed by it
 * @param findings why it could not be opened is added here, as an error. Not if it is just missing
 *                 and not to be made
 * @return a descriptor to be closed, or -1
 */
int tlsrpt_directory_open(int at, const char *name, const char *path,
                          const tlsrpt_directory_rules *rules, mta_sts_findings *findings);

/*
 * Whether the file system that an open directory is on can be written to, as it is mounted for us.
 *
 * @param path     how the directory is called in a finding; borrowed by it
 * @param findings that it cannot is added here, as an error
 */
int tlsrpt_directory_is_writable(int fd, const char *path, mta_sts_findings *findings);

/* fsync that goes on after signals. 0, or -1 and errno. */
int tlsrpt_fsync(int fd);

#endif
