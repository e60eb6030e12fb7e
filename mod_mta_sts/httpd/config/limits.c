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
#include "tlsrpt/spool/scope.h"

static const char *render(apr_pool_t *p, const mts_report_config *config)
{
    return apr_psprintf(
        p,
        "{\"version\":1,\"max_size\":{\"sent\":%" APR_INT64_T_FMT ",\"inflated\":%" APR_INT64_T_FMT
        "},\"quota\":{\"reports\":%" APR_INT64_T_FMT ",\"quarantine\":%" APR_INT64_T_FMT
        "},\"fetch_log\":{\"keep_days\":%" APR_INT64_T_FMT "}}\n",
        config->max_sent, config->max_inflated, config->spool_quota, config->quarantine_quota,
        config->fetch_log == MTS_FETCH_LOG_OFF ? 0 : config->fetch_keep_days);
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, text, len);

        if (written < 0 && errno != EINTR) {
            return -1;
        }
        text += written > 0 ? written : 0;
        len -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/* Uses fchmod(), because the umask may deny access even to the owner. */
static int fill(int fd, const char *text, uid_t owner, gid_t group)
{
    if (fchmod(fd, 0600) != 0 || (geteuid() == 0 && fchown(fd, owner, group) != 0)) {
        return -1;
    }
    return write_all(fd, text, strlen(text)) == 0 ? fsync(fd) : -1;
}

/* @param text NULL: the file is removed
 * @return 0, or -1 with errno set
 */
static int replace(int directory, const char *name, const char *text, uid_t owner, gid_t group)
{
    char tmp[64];
    int fd, failed, error;

    if (!text) {
        return unlinkat(directory, name, 0) == 0 || errno == ENOENT ? 0 : -1;
    }
    apr_snprintf(tmp, sizeof(tmp), "%s.tmp", name);
    unlinkat(directory, tmp, 0); /* a crash may have left it */
    fd = openat(directory, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    failed = fill(fd, text, owner, group) != 0 || renameat(directory, tmp, directory, name) != 0;
    error = errno;
    if (failed) {
        unlinkat(directory, tmp, 0);
    }
    close(fd);
    errno = error;
    return failed ? -1 : 0;
}

/* The names are replaced first: with new limits and old names, mta-sts import would quarantine too
 * many reports. */
static int replace_both(int directory, const char *limits, const char *names, uid_t owner,
                        gid_t group)
{
    return replace(directory, TLSRPT_SCOPE_FILE, names, owner, group) != 0
               ? -1
               : replace(directory, MTS_LIMITS_FILE, limits, owner, group);
}

void mts_limits_write(const mts_report_config *config, const char *names, uid_t owner, gid_t group,
                      mta_sts_findings *findings)
{
    const tlsrpt_directory_rules rules = {owner, group, 0};
    int directory = tlsrpt_directory_open_path(config->state_dir, &rules, findings);

    if (directory < 0 ||
        replace_both(directory, render(findings->pool, config), names, owner, group) != 0) {
        mta_sts_finding_add(
            findings, MTA_STS_WARNING, "limits-not-written",
            apr_pstrcat(findings->pool, config->state_dir, "/" MTS_LIMITS_FILE, NULL),
            "free space on the file system, or make it writable, and reload httpd",
            "the file with the report limits cannot be written (%s), so 'mta-sts import' uses the "
            "limits of an earlier start or its defaults",
            strerror(errno));
    }
    if (directory >= 0) {
        close(directory);
    }
}
