/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/owner.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

const char *mta_sts_owner_become(apr_pool_t *p, const char *dir)
{
    struct stat info;

    if (geteuid() != 0) {
        return NULL;
    }
    if (lstat(dir, &info) != 0) {
        return apr_psprintf(p,
                            "the state directory %s: %s (httpd creates it when it starts with "
                            "a policy or with MTASTSReportPath)",
                            dir, strerror(errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        return apr_psprintf(p, "the state directory %s is not a directory", dir);
    }
    if (info.st_uid != 0 &&
        (setgroups(0, NULL) != 0 || setgid(info.st_gid) != 0 || setuid(info.st_uid) != 0)) {
        return apr_psprintf(p, "cannot switch to the user that owns the state directory %s: %s",
                            dir, strerror(errno));
    }
    return NULL;
}
