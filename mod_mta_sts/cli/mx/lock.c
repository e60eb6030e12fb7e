/* SPDX-License-Identifier: Apache-2.0 */
/* The file itself is replaced, so its directory is locked: as scripts/mta_sts_setup/lock.py does.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "cli/mx/call.h"

#define PATIENCE apr_time_from_sec(60)
#define POLL apr_time_from_msec(100)

static const char *wait_for(apr_pool_t *p, const char *dir, int fd)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return apr_psprintf(p, "%s cannot be locked: %s", dir, strerror(errno));
        }
        if (apr_time_now() >= end) {
            return apr_psprintf(p,
                                "another process has locked %s for more than a minute: run this "
                                "again when the other mta-sts mx or mta-sts-setup has ended",
                                dir);
        }
        apr_sleep(POLL);
    }
    return NULL;
}

const char *cli_mx_lock(apr_pool_t *p, const char *path, int *fd)
{
    const char *slash = strrchr(path, '/'), *error;
    const char *dir = slash > path ? apr_pstrmemdup(p, path, (apr_size_t)(slash - path)) : "/";

    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) {
        return apr_psprintf(p, "%s cannot be opened: %s", dir, strerror(errno));
    }
    error = wait_for(p, dir, *fd);
    if (error) {
        close(*fd);
        *fd = -1;
    }
    return error;
}
