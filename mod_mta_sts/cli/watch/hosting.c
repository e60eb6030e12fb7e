/* SPDX-License-Identifier: Apache-2.0 */
/* Checks hosted domains as a whole, and reads the findings that httpd's start would log about its
 * configuration. */
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/common/command.h"
#include "cli/watch/look.h"
#include "core/base/format.h"
#include "core/base/name.h"
#include "core/hosting/pairs_check.h"
#include "core/hosting/sync.h"

#define PAIRS_USER 1 /* one user stands for all virtual hosts */

static void add(cli_watch_look *look, mta_sts_severity severity, const char *id, const char *fix,
                const char *message)
{
    const cli_watch_item item = {.domain = "",
                                 .part = CLI_WATCH_MACHINE,
                                 .subject = "hosted domains",
                                 .id = id,
                                 .severity = severity,
                                 .fix = fix,
                                 .needed = look->runs};

    cli_watch_look_add(look, &item, message);
}

/* --- hosted domains --- */

static void look_at_age(cli_watch_look *look, const cli_apache *apache)
{
    if (apache->hosting_synced && look->began - apache->hosting_synced > MTA_STS_SYNC_STALE) {
        add(look, MTA_STS_ERROR, "hosting-stale",
            "check that httpd is running, and what its error log says about the database; until "
            "this is fixed, changes to policies have no effect",
            apr_psprintf(look->p,
                         "httpd has not read the hosted domains from the database since %s; it "
                         "serves the policies that it knew then",
                         mta_sts_format_time(look->p, apache->hosting_synced)));
    }
}

static void look_at_rows(cli_watch_look *look, const cli_apache *apache)
{
    if (apache->hosting_held) {
        add(look, MTA_STS_WARNING, "hosting-held",
            apr_psprintf(look->p,
                         "if they were deleted on purpose, run: %s; otherwise restore the rows of "
                         "the database",
                         cli_command(look->p, "policy", "confirm", "")),
            apr_psprintf(look->p, "%s suddenly missing from the database; %s still served",
                         apache->hosting_held == 1
                             ? "the row of 1 hosted domain is"
                             : apr_psprintf(look->p, "the rows of %d hosted domains are",
                                            apache->hosting_held),
                         apache->hosting_held == 1 ? "it is" : "they are"));
    }
    if (apache->hosting_wrong && !look->has_hosted) { /* otherwise each row is reported */
        add(look, MTA_STS_WARNING, "row-wrong",
            apr_psprintf(look->p,
                         "run %s to see which and why, and correct them; until then, changes to "
                         "them have no effect",
                         cli_command(look->p, "policy", "list --wrong", "")),
            apr_psprintf(
                look->p, "%s wrong",
                mta_sts_format_count(look->p, apache->hosting_wrong, "row is", "rows are")));
    }
}

/* --- findings --- */

/* Whether a finding is about a domain that is checked, and so must not be reported twice. */
static int is_checked(const cli_watch_look *look, const mta_sts_finding *finding)
{
    const char *prefix = MTA_STS_POLICY_HOST_PREFIX, *name = finding->subject;

    name += strncmp(name, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
    return strncmp(finding->id, "certificate-", 12) == 0 &&
           apr_hash_get(look->domains, name, APR_HASH_KEY_STRING) != NULL;
}

static void take_findings(cli_watch_look *look, const mta_sts_findings *findings, const char *kind)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if ((finding->severity == MTA_STS_WARNING || finding->severity == MTA_STS_ERROR) &&
            !is_checked(look, finding)) {
            cli_watch_look_add_finding(look, finding, kind, look->runs);
        }
    }
}

/* Checks the key pairs as httpd would read them. Only root can read them. */
static void look_at_pairs(cli_watch_look *look, const cli_apache *apache)
{
    mta_sts_findings *findings = mta_sts_findings_make(look->p);
    mta_sts_pairs_scan scan = {.globs = apache->pair_paths, .user = PAIRS_USER, .now = look->began};
    mta_sts_pairs_counts counts;
    mta_sts_pairs *pairs;

    if (apache->pair_paths->nelts && geteuid() != 0) {
        return;
    }
    if (apache->pair_paths->nelts) {
        pairs = mta_sts_pairs_make(look->p);
        mta_sts_pairs_begin(pairs, look->p);
        mta_sts_pairs_run_scan(pairs, &scan, look->p);
        mta_sts_pairs_check(pairs, apache->certificate_days > 0 ? apache->certificate_days : 0,
                            look->began, &counts, findings);
        mta_sts_pairs_begin(pairs, look->p); /* afterwards no pair has users */
        mta_sts_pairs_sweep(pairs);
    }
    look->has_pairs = 1;
    take_findings(look, findings, CLI_WATCH_PAIRS);
}

void cli_watch_look_hosting(cli_watch_look *look, const cli_apache *apache)
{
    if (apache->hosting_problem) {
        add(look, MTA_STS_ERROR, "hosting-failed", NULL, apache->hosting_problem);
    }
    else {
        look_at_age(look, apache);
        look_at_rows(look, apache);
    }
    take_findings(look, apache->findings, CLI_WATCH_START);
    look_at_pairs(look, apache);
}
