/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/readiness_internal.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"
#include "tlsrpt/advice/explain.h"

#define NAMES_SHOWN 3

/* Reports come daily from whoever had mail for the domain. */
#define SILENCE_MAX 7 /* days */

/* The big senders: those that make up so many hundredths of the sessions, but no more than that. */
#define BIG_SHARE 90
#define BIG_MAX 10

const char *readiness_date(apr_pool_t *p, apr_time_t time)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, time);
    return apr_psprintf(p, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

const char *readiness_last_date(apr_pool_t *p, apr_time_t end)
{
    return end ? readiness_date(p, end - 1) : "a day that is not told";
}

/* As it is, unless a terminal would suffer from it, or a reader take it for something else. */
static const char *show_name(apr_pool_t *p, const char *name)
{
    apr_size_t len = strlen(name);
    const char *quoted = mta_sts_text_quote(p, name, len);
    int is_plain = len && strlen(quoted) == len + 2 && !strpbrk(name, ",()");

    return is_plain ? name : quoted;
}

const char *readiness_names(apr_pool_t *p, const apr_array_header_t *names)
{
    const char *text = "";
    int i, shown = names->nelts > NAMES_SHOWN + 1 ? NAMES_SHOWN : names->nelts;

    for (i = 0; i < shown; i++) {
        const char *parting = !i ? "" : i + 1 == names->nelts ? " and " : ", ";

        text = apr_pstrcat(p, text, parting, show_name(p, APR_ARRAY_IDX(names, i, const char *)),
                           NULL);
    }
    return shown < names->nelts ? apr_psprintf(p, "%s and %d more", text, names->nelts - shown)
                                : text;
}

static const char *names_of_senders(apr_pool_t *p, const apr_array_header_t *senders)
{
    apr_array_header_t *names = apr_array_make(p, senders->nelts + 1, sizeof(const char *));
    int i;

    for (i = 0; i < senders->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) = APR_ARRAY_IDX(senders, i, tlsrpt_sender).organization;
    }
    return readiness_names(p, names);
}

/* --- how many there are --- */

int tlsrpt_readiness_days(const tlsrpt_domain *weighed, apr_time_t now)
{
    int i, count = 0;

    for (i = 0; weighed && i < weighed->days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(weighed->days, i, tlsrpt_day);

        count += day->day && day->day <= now && (day->successful || day->failed);
    }
    return count;
}

static void judge_days(readiness_judge *judge, mta_sts_findings *findings)
{
    int days = tlsrpt_readiness_days(judge->facts->weighed, judge->limits->now);

    if (days >= judge->limits->days) {
        mta_sts_finding_add(findings, MTA_STS_OK, "days-enough", judge->facts->domain, NULL,
                            "there are reports on %d days (at least %d are wanted)", days,
                            judge->limits->days);
        return;
    }
    mta_sts_finding_add(findings, readiness_missing(judge), "days-few", judge->facts->domain,
                        "wait: senders report once a day on the mail they had for you; --days "
                        "changes how many are wanted",
                        "there are reports on %d %s only (%d are wanted)", days,
                        days == 1 ? "day" : "days", judge->limits->days);
}

static void judge_senders(readiness_judge *judge, mta_sts_findings *findings)
{
    const apr_array_header_t *senders = judge->facts->weighed->senders;
    const char *names = names_of_senders(judge->p, senders);

    if (senders->nelts >= judge->limits->senders) {
        mta_sts_finding_add(findings, MTA_STS_OK, "senders-enough", judge->facts->domain, NULL,
                            "%d %s (at least %d %s wanted): %s", senders->nelts,
                            senders->nelts == 1 ? "sender reports" : "senders report",
                            judge->limits->senders, judge->limits->senders == 1 ? "is" : "are",
                            names);
        return;
    }
    mta_sts_finding_add(findings, readiness_missing(judge), "senders-few", judge->facts->domain,
                        "wait, or ask for fewer with --senders if so few send you mail",
                        "%d %s only (%d are wanted): %s", senders->nelts,
                        senders->nelts == 1 ? "sender reports" : "senders report",
                        judge->limits->senders, names);
}

static void judge_age(readiness_judge *judge, mta_sts_findings *findings)
{
    apr_time_t end = judge->facts->weighed->end;

    if (end < judge->limits->now - SILENCE_MAX * READINESS_DAY) {
        mta_sts_finding_add(findings, readiness_missing(judge), "reports-old", judge->facts->domain,
                            apr_psprintf(judge->p,
                                         "see whether they still reach this machine: the address "
                                         "in the TLSRPT record (mta-sts check %s), then import or "
                                         "httpd's log",
                                         judge->facts->domain),
                            "the last report is of %s: nobody tells how it went since then",
                            readiness_last_date(judge->p, end));
    }
}

static void judge_trust(readiness_judge *judge, mta_sts_findings *findings)
{
    const tlsrpt_domain *all = judge->facts->all, *weighed = judge->facts->weighed;

    if (all->reports > weighed->reports) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "reports-left-aside", judge->facts->domain,
                            NULL,
                            "%" APR_INT64_T_FMT " of %" APR_INT64_T_FMT " reports are left aside: "
                            "nobody vouches for their senders, and they tell no policy that is "
                            "known to have been served",
                            all->reports - weighed->reports, all->reports);
    }
    if (!readiness_has_verified_sender(judge)) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "senders-unverified", judge->facts->domain,
                            NULL,
                            "nobody vouches for the senders: their reports count since they tell "
                            "the policy that was served (of those that come by mail, "
                            "--authserv-id of mta-sts import verifies the senders)");
    }
}

/* Nobody can tell what they are worth where the policy is not known. */
static void tell_unfounded(readiness_judge *judge, mta_sts_findings *findings)
{
    int is_unknown = !judge->facts->served && !judge->facts->looked;

    mta_sts_finding_add(findings, is_unknown ? MTA_STS_UNKNOWN : readiness_missing(judge),
                        "reports-unfounded", judge->facts->domain,
                        "wait for reports on the policy that is served now; for those that come by "
                        "mail, have the senders verified (--authserv-id of mta-sts import)",
                        "%" APR_INT64_T_FMT " %s, but nothing to rely on: no sender is "
                        "verified, or no policy is told that is known to have been served",
                        judge->facts->all->reports,
                        judge->facts->all->reports == 1 ? "report came" : "reports came");
}

void readiness_judge_reports(readiness_judge *judge)
{
    mta_sts_findings *findings = judge->result->parts[TLSRPT_READINESS_REPORTS];

    if (!judge->facts->all || !judge->facts->all->reports) {
        mta_sts_finding_add(
            findings, readiness_missing(judge), "reports-missing", judge->facts->domain,
            "have a TLSRPT record that sends them here, keep those that come by mail with mta-sts "
            "import, and wait some days",
            "no report has come: nobody tells how mail would fare");
        return;
    }
    if (judge->facts->weighed) {
        judge_days(judge, findings);
        judge_senders(judge, findings);
        judge_age(judge, findings);
        judge_trust(judge, findings);
        return;
    }
    tell_unfounded(judge, findings);
}

/* --- the policy that senders hold --- */

static int names(const apr_array_header_t *list, const char *wanted)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const char *), wanted) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The policy that a sender held last; of two at one time, the one that is served now. */
static const tlsrpt_seen *find_held(const readiness_judge *judge, const char *sender,
                                    tlsrpt_policy_match *held)
{
    const apr_array_header_t *seen = judge->facts->all->seen;
    const tlsrpt_seen *last = NULL;
    int i;

    for (i = 0; i < seen->nelts; i++) {
        const tlsrpt_seen *one = &APR_ARRAY_IDX(seen, i, tlsrpt_seen);
        tlsrpt_policy_match now;

        if ((last && one->last < last->last) || !names(one->senders, sender)) {
            continue;
        }
        now = tlsrpt_policy_match_compare(judge->p, one->type, one->policy, judge->facts->served);
        if (!last || now == TLSRPT_MATCH_CURRENT) {
            last = one;
            *held = now;
        }
    }
    return last;
}

/* Senders that had the same policy last, which is not the one served now. */
typedef struct holders {
    const tlsrpt_seen *seen;
    tlsrpt_policy_match held;
    apr_array_header_t *names; /* of const char * */
    int verified;              /* one of them is */
} holders;

/* Those of a policy; new ones if there are none yet. */
static holders *find_holders(readiness_judge *judge, apr_array_header_t *list,
                             const tlsrpt_seen *seen, tlsrpt_policy_match held)
{
    holders *made;
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (APR_ARRAY_IDX(list, i, holders).seen == seen) {
            return &APR_ARRAY_IDX(list, i, holders);
        }
    }
    made = apr_array_push(list);
    made->seen = seen;
    made->held = held;
    made->names = apr_array_make(judge->p, 2, sizeof(const char *));
    made->verified = 0;
    return made;
}

/* Returns whether the sender has the current policy. */
static int judge_sender(readiness_judge *judge, const tlsrpt_sender *sender,
                        apr_array_header_t *others)
{
    tlsrpt_policy_match held = TLSRPT_MATCH_UNKNOWN;
    const tlsrpt_seen *seen = find_held(judge, sender->organization, &held);

    if (seen && (held == TLSRPT_MATCH_OTHER || held == TLSRPT_MATCH_NONE)) {
        holders *them = find_holders(judge, others, seen, held);

        APR_ARRAY_PUSH(them->names, const char *) = sender->organization;
        them->verified |= sender->verified;
    }
    return held == TLSRPT_MATCH_CURRENT;
}

static void tell_others(readiness_judge *judge, const apr_array_header_t *others,
                        mta_sts_findings *findings)
{
    apr_pool_t *p = judge->p;
    int i;

    for (i = 0; i < others->nelts; i++) {
        const holders *them = &APR_ARRAY_IDX(others, i, holders);
        const char *names = readiness_names(p, them->names);

        mta_sts_finding_add(
            findings, them->verified ? readiness_missing(judge) : MTA_STS_INFO,
            them->held == TLSRPT_MATCH_OTHER ? "policy-held-other" : "policy-held-none",
            judge->facts->domain,
            apr_psprintf(p, "wait until reports of %s tell the policy that is served now", names),
            "the policy that %s had on %s: %s", names, readiness_last_date(p, them->seen->last),
            tlsrpt_policy_match_text(p, them->held, them->seen->policy, judge->facts->served,
                                     judge->facts->domain));
    }
}

static double sessions_of(const tlsrpt_sender *sender)
{
    return (double)tlsrpt_count_add(sender->successful, sender->failed);
}

void readiness_judge_held(readiness_judge *judge)
{
    const tlsrpt_domain *all = judge->facts->all;
    mta_sts_findings *findings = judge->result->parts[TLSRPT_READINESS_REPORTS];
    apr_array_header_t *others = apr_array_make(judge->p, 2, sizeof(holders));
    double total, covered = 0;
    int i, current = 0;

    if (!all || !judge->facts->served) {
        return;
    }
    total = (double)tlsrpt_count_add(all->successful, all->failed);
    for (i = 0; i < all->senders->nelts && i < BIG_MAX && covered * 100 < total * BIG_SHARE; i++) {
        const tlsrpt_sender *sender = &APR_ARRAY_IDX(all->senders, i, tlsrpt_sender);

        covered += sessions_of(sender);
        current += judge_sender(judge, sender, others);
    }
    tell_others(judge, others, findings);
    if (i && current == i) {
        mta_sts_finding_add(findings, MTA_STS_OK, "policy-held", judge->facts->domain, NULL,
                            "%s, with %.0f %% of the sessions, %s the policy that is served now",
                            i == 1 ? "the biggest sender"
                                   : apr_psprintf(judge->p, "the %d biggest senders", i),
                            covered * 100 / total, i == 1 ? "has" : "have");
    }
}
