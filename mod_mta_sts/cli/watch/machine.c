/* SPDX-License-Identifier: Apache-2.0 */
/* The quota of the reports, the database, and the fetch log in it. */
#include <sys/stat.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/state_dir.h"
#include "cli/fetches/names.h"
#include "cli/import/limits.h"
#include "cli/watch/look.h"
#include "core/base/format.h"
#include "core/database/fetch_room.h"
#include "tlsrpt/index/index.h"

#define USED_WARNING 80 /* percent of the quota, as in the log of httpd */
#define USED_CLEAR 70   /* percent; below this, the warning is over */

static void look_at_quota(cli_watch_look *look, const char *dir, const cli_limits *limits)
{
    apr_int64_t bytes, files, quota;
    double percent;
    cli_watch_item item = {.domain = "",
                           .part = CLI_WATCH_MACHINE,
                           .subject = dir,
                           .id = "report-quota",
                           .severity = MTA_STS_WARNING,
                           .fix = "if strangers fill it, restrict the access to the report path; "
                                  "otherwise raise MTASTSReportQuota, or store reports for fewer "
                                  "days (MTASTSReportKeep)"};

    quota = limits->quota[TLSRPT_REPORTS];
    tlsrpt_spool_usage(tlsrpt_spool_make(look->p, dir), TLSRPT_REPORTS, &bytes, &files);
    percent = 100.0 * (double)bytes / (double)quota;
    look->has_room = percent < USED_CLEAR;
    if (percent < USED_WARNING) {
        return;
    }
    if (bytes >= quota) {
        item.severity = MTA_STS_ERROR;
    }
    cli_watch_look_add(look, &item,
                       apr_psprintf(look->p, "stored reports take %s of the quota (%s of %s)%s",
                                    mta_sts_format_share(look->p, bytes, quota),
                                    mta_sts_format_size(look->p, bytes),
                                    mta_sts_format_size(look->p, quota),
                                    bytes >= quota ? ": further reports are rejected" : ""));
}

/* Reads whether days of the fetch log are deleted before their time. */
static const char *look_at_fetch_log(cli_watch_look *look, mta_sts_database *db,
                                     const cli_limits *limits)
{
    mta_sts_findings *findings = mta_sts_findings_make(look->p);
    const char *error = mta_sts_fetch_room_check(db, look->began, limits->quota[TLSRPT_REPORTS],
                                                 limits->fetch_keep_days, findings);
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        cli_watch_look_add_finding(look, mta_sts_findings_at(findings, i), NULL, 1);
    }
    look->has_fetch_log = !error;
    return error;
}

/* Opens the database and reads from it. With httpd, nothing looks up names in DNS, so that no name
 * server can delay it: this does. */
static const char *try_database(cli_watch_look *look, const cli_watch_request *request,
                                const cli_limits *limits)
{
    tlsrpt_index_counts counts;
    const cli_names_options names = {.server = request->network.server};
    mta_sts_database *db;
    const char *error = cli_database_open(look->p, request->database, request->state_dir, &db);

    if (!error && db) {
        error = tlsrpt_index_count(db, mta_sts_database_host(db), look->p, &counts);
        error = error || !limits ? error : look_at_fetch_log(look, db, limits);
        error = error ? apr_pstrdup(look->p, error) : NULL;
        if (!error && !request->is_offline) {
            cli_names_learn(look->p, db, &names);
        }
        mta_sts_database_close(db);
    }
    return error;
}

static void look_at_database(cli_watch_look *look, const cli_watch_request *request,
                             const cli_limits *limits)
{
    const cli_watch_item item = {.domain = "",
                                 .part = CLI_WATCH_MACHINE,
                                 .subject = "database",
                                 .id = "database-failed",
                                 .severity = MTA_STS_ERROR,
                                 .fix = "until then the status page shows no reports, and policies "
                                        "in the database cannot be changed",
                                 .needed = look->runs}; /* it may be locked for a moment */
    const char *error = try_database(look, request, limits);

    look->has_database = 1;
    if (error) {
        cli_watch_look_add(look, &item, error);
    }
}

void cli_watch_look_machine(cli_watch_look *look, const cli_watch_request *request)
{
    const char *dir = cli_state_dir_find(request->state_dir);
    cli_limits limits = cli_limits_make();
    int has_limits;

    if (!look->has_store) {
        return;
    }
    has_limits = !cli_limits_load(&limits, look->p, dir); /* httpd writes them at its next start */
    if (has_limits) {
        look_at_quota(look, dir, &limits);
    }
    look_at_database(look, request, has_limits ? &limits : NULL);
}
