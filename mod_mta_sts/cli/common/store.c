/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_user.h>

#include "cli/common/state_dir.h"
#include "tlsrpt/index/index.h"
#include "tlsrpt/report/read.h"
#include "tlsrpt/spool/layout.h"

static void print_findings(const char *name, const mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        fprintf(stderr, "mta-sts %s: %s: %s [%s]%s%s\n", name, finding->subject, finding->message,
                finding->id, finding->fix ? "\n    " : "", finding->fix ? finding->fix : "");
    }
}

/* Why a state directory cannot be read, and what to do; or NULL. */
static const char *explain_unreadable(const char *dir)
{
    struct stat info;

    if (lstat(dir, &info) != 0) {
        return errno == ENOENT
                   ? "does not exist: httpd creates it when it starts with a policy or with "
                     "MTASTSReportPath; if MTASTSStateDir is set, specify it with --state-dir"
                   : strerror(errno);
    }
    return !S_ISDIR(info.st_mode)     ? "is not a directory"
           : info.st_uid != geteuid() ? "belongs to another user: run this command as root"
                                      : NULL;
}

static const char *user_name(apr_pool_t *p, uid_t user)
{
    char *name;

    return apr_uid_name_get(&name, user, p) == APR_SUCCESS ? name : apr_psprintf(p, "uid %u", user);
}

/* Why the command must not run as this user, or NULL. A mail server runs the command as the user in
 * its configuration. */
static const char *explain_wrong_user(apr_pool_t *p, const char *dir)
{
    const char *owner;
    struct stat info;

    if (lstat(dir, &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid == geteuid()) {
        return NULL;
    }
    owner = user_name(p, info.st_uid);
    return apr_psprintf(p,
                        "the state directory %s belongs to %s, but this process runs as %s: run "
                        "it as root, or as that user (user=%s in Postfix's master.cf)",
                        dir, owner, user_name(p, geteuid()), owner);
}

/* Why a directory of reports cannot be read, or NULL. Only `reports` itself must exist: httpd
 * creates it at its first start, but it is missing from a mount point whose file system is not
 * mounted. */
static const char *why_unreadable(const char *path, int is_needed)
{
    struct stat info;

    if (lstat(path, &info) != 0) {
        return errno != ENOENT ? strerror(errno)
               : is_needed ? "it does not exist (is its file system mounted? httpd creates it when "
                             "it starts with mod_mta_sts)"
                           : NULL;
    }
    return S_ISLNK(info.st_mode)       ? "it is a symbolic link, which is not followed"
           : !S_ISDIR(info.st_mode)    ? "it is not a directory"
           : access(path, R_OK | X_OK) ? strerror(errno)
           : info.st_uid != geteuid()
               ? "it belongs to another user (was it restored from a backup?)"
               : NULL;
}

apr_array_header_t *cli_store_list_unreadable(apr_pool_t *p, const char *state_dir)
{
    apr_array_header_t *unreadable = apr_array_make(p, 1, sizeof(const char *));
    const char *reports = apr_pstrcat(p, cli_state_dir_find(state_dir), "/reports", NULL);
    const char *path = reports, *why = why_unreadable(reports, 1);
    int i;

    for (i = 0; i <= TLSRPT_SPOOL_DIRECTORIES && !(why && unreadable->nelts); i++) {
        if (why) {
            APR_ARRAY_PUSH(unreadable, const char *) =
                apr_psprintf(p, "%s cannot be read: %s", path, why);
        }
        if (i < TLSRPT_SPOOL_DIRECTORIES) {
            path = apr_psprintf(p, "%s/%02x", reports, (unsigned)i);
            why = why_unreadable(path, 0);
        }
    }
    return unreadable;
}

int cli_store_print_unreadable(apr_pool_t *p, const char *name, const char *state_dir)
{
    const apr_array_header_t *unreadable = cli_store_list_unreadable(p, state_dir);
    int i;

    for (i = 0; i < unreadable->nelts; i++) {
        fprintf(stderr, "mta-sts %s: %s\n", name, APR_ARRAY_IDX(unreadable, i, const char *));
    }
    return unreadable->nelts;
}

/* For reading, the directories must exist, and are not changed. */
const char *cli_store_open_reader(apr_pool_t *p, const char *state_dir, tlsrpt_spool **spool)
{
    const char *dir = cli_state_dir_find(state_dir);
    const char *error = cli_state_dir_become_owner(p, dir);
    const char *why = error ? NULL : explain_unreadable(dir);

    *spool = error || why ? NULL : tlsrpt_spool_make(p, dir);
    return why ? apr_psprintf(p, "the state directory %s %s", dir, why) : error;
}

static tlsrpt_spool *open_for_reading(apr_pool_t *p, const char *name, const char *state_dir)
{
    tlsrpt_spool *spool;
    const char *error = cli_store_open_reader(p, state_dir, &spool);

    if (error) {
        fprintf(stderr, "mta-sts %s: %s\n", name, error);
    }
    return spool;
}

tlsrpt_spool *cli_store_open(apr_pool_t *p, const char *name, const char *state_dir,
                             cli_store_use use)
{
    const char *dir = cli_state_dir_find(state_dir), *error;
    mta_sts_findings *findings = mta_sts_findings_make(p);
    tlsrpt_spool *spool;

    if (use == CLI_STORE_READ) {
        return open_for_reading(p, name, state_dir);
    }
    error = cli_state_dir_become_owner(p, dir);
    error = error ? error : explain_wrong_user(p, dir);
    if (error) {
        fprintf(stderr, "mta-sts %s: %s\n", name, error);
        return NULL;
    }
    spool = tlsrpt_spool_open(p, dir, findings);
    print_findings(name, findings);
    return spool;
}

/* --- listing reports by their header lines: a million of them fit into memory --- */

typedef struct entry {
    apr_time_t received; /* 0: the header line cannot be read */
    int verified;
    char digest[TLSRPT_DIGEST_LENGTH + 1];
} entry;

typedef struct listing {
    const cli_store_range *range;
    cli_store_skipped skipped;
    entry *entries;
    int count, room;
} listing;

/* Whether a report need not be read because it was received before the range: no report is about a
 * day after its receipt. Reports that a machine received before its clock was set have a date in
 * 1970, and may be about any day. */
static int is_skipped(listing *list, apr_time_t received)
{
    if (received < list->range->received) {
        list->skipped.older++;
        return 1;
    }
    if (received >= TLSRPT_EARLIEST && received < list->range->since) {
        list->skipped.earlier++;
        return 1;
    }
    return 0;
}

static void add_entry(void *data, const char *digest, apr_int64_t bytes,
                      const tlsrpt_receipt *receipt)
{
    listing *list = data;
    entry *added;

    (void)bytes;
    if (receipt && is_skipped(list, receipt->received)) {
        return;
    }
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 256;
        list->entries = realloc(list->entries, sizeof(entry) * (size_t)list->room);
        if (!list->entries) {
            abort();
        }
    }
    added = &list->entries[list->count++];
    added->received = receipt ? receipt->received : 0;
    added->verified = receipt && receipt->verified;
    memcpy(added->digest, digest, sizeof(added->digest));
}

static int compare_entries(const void *a_, const void *b_)
{
    const entry *a = a_, *b = b_;

    return a->verified != b->verified   ? b->verified - a->verified
           : a->received != b->received ? (a->received < b->received ? -1 : 1)
                                        : strcmp(a->digest, b->digest);
}

/* --- reading reports --- */

/* Reads with the limits for stored reports, like `mta-sts reindex`, so that every report is read
 * that any MTASTSReportMaxSize has allowed. */
static cli_store_report *read_entry(tlsrpt_spool *spool, const char *digest, apr_pool_t *p)
{
    cli_store_report *report = apr_pcalloc(p, sizeof(*report));
    tlsrpt_stored_file *file = apr_pcalloc(p, sizeof(*file));

    report->path = tlsrpt_spool_path(spool, TLSRPT_REPORTS, digest, p);
    report->error =
        tlsrpt_spool_read(spool, TLSRPT_REPORTS, digest, tlsrpt_limits_stored.sent, p, file);
    report->is_unopened = report->error && access(report->path, R_OK) != 0;
    if (!report->error) {
        report->receipt = &file->receipt;
        report->reading = tlsrpt_report_read(p, file->bytes, file->len, &tlsrpt_limits_stored);
    }
    return report;
}

cli_store_skipped cli_store_walk(apr_pool_t *p, tlsrpt_spool *spool, const cli_store_range *range,
                                 cli_store_visit *visit, void *data)
{
    listing list = {.range = range};
    apr_pool_t *each;
    int i;

    for (i = 0; i < TLSRPT_SPOOL_DIRECTORIES; i++) {
        tlsrpt_spool_directory_receipts(spool, TLSRPT_REPORTS, i, add_entry, &list);
    }
    if (list.count) {
        qsort(list.entries, (size_t)list.count, sizeof(entry), compare_entries);
    }
    apr_pool_create(&each, p);
    for (i = 0; i < list.count; i++) {
        apr_pool_clear(each);
        visit(data, each, read_entry(spool, list.entries[i].digest, each));
    }
    apr_pool_destroy(each);
    free(list.entries);
    return list.skipped;
}
