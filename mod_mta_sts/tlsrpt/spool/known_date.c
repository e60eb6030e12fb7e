/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/known_date.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define FILE_MODE 0600
#define PATH_SIZE 4096

static const char *path_of(const tlsrpt_spool *spool, char *path)
{
    apr_snprintf(path, PATH_SIZE, "%s/" TLSRPT_SPOOL_DATE, spool->state_dir);
    return path;
}

apr_time_t tlsrpt_spool_known_date(const tlsrpt_spool *spool)
{
    char path[PATH_SIZE];
    struct stat info;

    return lstat(path_of(spool, path), &info) == 0 && S_ISREG(info.st_mode)
               ? apr_time_from_sec(info.st_mtime)
               : 0;
}

void tlsrpt_spool_note_date(const tlsrpt_spool *spool, apr_time_t date)
{
    struct timespec times[2] = {{.tv_sec = (time_t)apr_time_sec(date)},
                                {.tv_sec = (time_t)apr_time_sec(date)}};
    char path[PATH_SIZE];
    int fd = open(path_of(spool, path), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                  FILE_MODE);

    if (fd >= 0) {
        futimens(fd, times);
        close(fd);
    }
}
