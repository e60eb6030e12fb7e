/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tlsrpt/spool/directory.h"

#define TMP_NAME MTS_LIMITS_FILE ".tmp"

static const char *render(apr_pool_t *p, const mts_report_config *config)
{
    return apr_psprintf(
        p,
        "{\"version\":1,\"max_size\":{\"sent\":%" APR_INT64_T_FMT ",\"inflated\":%" APR_INT64_T_FMT
        "},\"quota\":{\"reports\":%" APR_INT64_T_FMT ",\"quarantine\":%" APR_INT64_T_FMT "}}\n",
        config->max_sent, config->max_inflated, config->spool_quota, config->quarantine_quota);
}

/* Uses fchmod, since the umask may deny access even to the owner. A file this small is written with
 * one call unless the disk is full. */
static int fill(int fd, const char *text, uid_t owner, gid_t group)
{
    size_t len = strlen(text);
    ssize_t written;

    if (fchmod(fd, 0600) != 0 || (geteuid() == 0 && fchown(fd, owner, group) != 0)) {
        return -1;
    }
    errno = ENOSPC;
    written = write(fd, text, len);
    return written == (ssize_t)len ? fsync(fd) : -1;
}

/* Returns 0, or -1 with errno set. */
static int replace(int directory, const char *text, uid_t owner, gid_t group)
{
    int fd, failed, error;

    unlinkat(directory, TMP_NAME, 0); /* left over from a crash */
    fd = openat(directory, TMP_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    failed = fill(fd, text, owner, group) != 0 ||
             renameat(directory, TMP_NAME, directory, MTS_LIMITS_FILE) != 0;
    error = errno;
    if (failed) {
        unlinkat(directory, TMP_NAME, 0);
    }
    close(fd);
    errno = error;
    return failed ? -1 : 0;
}

void mts_limits_write(const mts_report_config *config, uid_t owner, gid_t group,
                      mta_sts_findings *findings)
{
    const tlsrpt_directory_rules rules = {owner, group, 0};
    int directory = tlsrpt_directory_open_path(config->state_dir, &rules, findings);

    if (directory < 0 || replace(directory, render(findings->pool, config), owner, group) != 0) {
        mta_sts_finding_add(
            findings, MTA_STS_WARNING, "limits-not-written",
            apr_pstrcat(findings->pool, config->state_dir, "/" MTS_LIMITS_FILE, NULL),
            "make the file system writable, and restart httpd",
            "the file with the report limits cannot be written (%s), so 'mta-sts import' uses the "
            "limits of an earlier start or its defaults",
            strerror(errno));
    }
    if (directory >= 0) {
        close(directory);
    }
}
