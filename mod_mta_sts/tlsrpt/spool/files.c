/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tlsrpt/spool/directory.h"

static void push_entry(apr_array_header_t *list, const struct dirent *entry)
{
    tlsrpt_spool_entry *made;

    if (tlsrpt_spool_is_digest(entry->d_name)) {
        made = apr_array_push(list);
        made->digest = apr_pstrdup(list->pool, entry->d_name);
        made->file = (apr_int64_t)entry->d_ino;
    }
}

/* Reads a directory to its end; fd is closed. 0, or errno. */
static int push_entries(int fd, apr_array_header_t *list)
{
    DIR *directory = fdopendir(fd);
    const struct dirent *entry;
    int problem;

    if (!directory) {
        problem = errno;
        close(fd);
        return problem;
    }
    for (errno = 0; (entry = readdir(directory)) != NULL; errno = 0) {
        push_entry(list, entry);
    }
    problem = errno;
    closedir(directory);
    return problem;
}

apr_array_header_t *tlsrpt_spool_directory_files(const tlsrpt_spool *spool, tlsrpt_area area,
                                                 int directory, apr_pool_t *p,
                                                 mta_sts_findings *findings)
{
    apr_array_header_t *list = apr_array_make(p, 16, sizeof(tlsrpt_spool_entry));
    tlsrpt_directory_rules rules = {geteuid(), getegid(), 0};
    int before = findings->list->nelts, problem, fd, parent;
    const char *path;
    char name[3];

    snprintf(name, sizeof(name), "%02x", (unsigned)directory & 0xff);
    path =
        apr_psprintf(findings->pool, "%s/%s/%s", spool->state_dir, tlsrpt_spool_areas[area], name);
    parent = tlsrpt_spool_open_area(spool, area, 0, findings);
    fd = parent < 0 ? -1 : tlsrpt_directory_open(parent, name, path, &rules, findings);
    if (parent < 0 && findings->list->nelts == before) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "spool-missing", path,
                            "mount its disk, or restart httpd, which makes it",
                            "there are no reports to look at: it is not there");
    }
    if (parent >= 0) {
        close(parent);
    }
    if (fd < 0) {
        return findings->list->nelts == before ? list : NULL;
    }
    problem = push_entries(fd, list);
    if (problem) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "spool-unreadable", path,
                            "see the kernel's messages (journalctl -k)", "it cannot be read: %s",
                            strerror(problem));
        return NULL;
    }
    return list;
}

/* Whether a file was written before a time. */
static int is_older(const char *path, apr_time_t before)
{
    struct stat info;

    return lstat(path, &info) == 0 && apr_time_from_sec(info.st_mtime) < before;
}

static apr_int64_t expire_directory(tlsrpt_spool *spool, tlsrpt_area area, int directory,
                                    apr_time_t before, apr_pool_t *p)
{
    const apr_array_header_t *list =
        tlsrpt_spool_directory_files(spool, area, directory, p, mta_sts_findings_make(p));
    apr_int64_t removed = 0;
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        const char *digest = APR_ARRAY_IDX(list, i, tlsrpt_spool_entry).digest;

        removed += is_older(tlsrpt_spool_path(spool, area, digest, p), before) &&
                   tlsrpt_spool_remove(spool, area, digest) == APR_SUCCESS;
    }
    return removed;
}

apr_int64_t tlsrpt_spool_expire(tlsrpt_spool *spool, tlsrpt_area area, apr_time_t before)
{
    apr_int64_t removed = 0;
    apr_pool_t *p;
    int directory;

    apr_pool_create(&p, NULL);
    for (directory = 0; directory < TLSRPT_SPOOL_DIRECTORIES; directory++) {
        removed += expire_directory(spool, area, directory, before, p);
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    return removed;
}
