/* SPDX-License-Identifier: Apache-2.0 */
/* Checks verified reports for new kinds of failure, and for senders that have stopped reporting.
 * Unverified reports are ignored, because anyone can submit them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "cli/common/state_dir.h"
#include "cli/common/store.h"
#include "cli/watch/look.h"
#include "core/base/format.h"
#include "core/base/name.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/advice/explain.h"
#include "tlsrpt/summary/tally.h"

#define DAY apr_time_from_sec(86400)
#define PERIOD 30 /* days of reports that are read */
/* Days without the failure, but with successful sessions, after which it is over. */
#define QUIET 7
#define OVER 14        /* the same without any sessions, as in `mta-sts ready` */
#define CAUSES_MAX 100 /* of one domain: the largest ones */
#define NORMAL 1000    /* one session in so many fails for an unknown reason: `mta-sts ready` */
#define SENDERS_MAX 50 /* of one domain: the largest ones */
#define REGULAR 7    /* number of reports within the period from which a sender counts as regular */
#define SILENT_MIN 4 /* in days; reports about a day arrive on the next one */
#define SILENT_FACTOR 4 /* times the average interval of its reports */
#define NAMES 3         /* names of senders in a message */
/* Maximum number of domains that signed reports with the same organization name. */
#define SIGNERS_MAX 4

/* --- failures --- */

static int is_over(const tlsrpt_domain *domain, const tlsrpt_cause *cause, apr_time_t now)
{
    return cause->last <= now - OVER * DAY ||
           (cause->last <= now - QUIET * DAY && tlsrpt_secure_since(domain->days, cause));
}

/* Whether the admin has to act: not for causes at the sender, or normal network problems. */
static int needs_action(const tlsrpt_domain *domain, const tlsrpt_cause *cause,
                        const tlsrpt_explanation *explanation)
{
    apr_int64_t all = tlsrpt_count_add(domain->verified_successful, domain->verified_failed);

    return explanation->owner == TLSRPT_OWNER_UNKNOWN ? cause->sessions > all / NORMAL
                                                      : explanation->owner != TLSRPT_OWNER_SENDER;
}

/* The MX host of a report, if it is a host name; else the domain. */
static const char *subject_of(cli_watch_look *look, const tlsrpt_domain *domain,
                              const tlsrpt_cause *cause)
{
    const char *host;

    return cause->receiving_mx && !mta_sts_name_parse_host(look->p, cause->receiving_mx,
                                                           MTA_STS_NAME_ALABEL, &host)
               ? host
               : domain->domain;
}

/* The domains that signed the reports of these senders, because a report may contain any
 * organization name. */
static const char *signers_of(apr_pool_t *p, apr_hash_t *signers, const apr_array_header_t *senders)
{
    apr_array_header_t *names = apr_array_make(p, 4, sizeof(const char *));
    apr_hash_t *known = apr_hash_make(p);
    int i, j;

    for (i = 0; i < senders->nelts; i++) {
        const apr_array_header_t *own =
            apr_hash_get(signers, APR_ARRAY_IDX(senders, i, const char *), APR_HASH_KEY_STRING);

        for (j = 0; own && j < own->nelts; j++) {
            const char *name = APR_ARRAY_IDX(own, j, const char *);

            if (!apr_hash_get(known, name, APR_HASH_KEY_STRING)) {
                apr_hash_set(known, name, APR_HASH_KEY_STRING, name);
                APR_ARRAY_PUSH(names, const char *) = name;
            }
        }
    }
    return names->nelts
               ? apr_pstrcat(p, ", signed by ", mta_sts_format_names(p, names, NAMES), NULL)
               : "";
}

static const char *message_of(cli_watch_look *look, const tlsrpt_cause *cause,
                              const tlsrpt_explanation *explanation, apr_hash_t *signers)
{
    apr_pool_t *p = look->p;
    apr_size_t len = strlen(explanation->what);

    return apr_psprintf(p, "%.*s%s (%s, reported by %s about %s%s)",
                        (int)(len && explanation->what[len - 1] == '.' ? len - 1 : len),
                        explanation->what, tlsrpt_policy_type_text(p, cause->policy_type),
                        mta_sts_format_count(p, cause->sessions, "session", "sessions"),
                        mta_sts_format_names(p, cause->senders, NAMES),
                        mta_sts_format_date_range(p, cause->first, cause->last),
                        signers_of(p, signers, cause->senders));
}

/* Whether the policy that is served now has mode enforce; if it is not known, whether the policy
 * that senders applied had it. */
static int is_enforced(const cli_watch_look *look, const char *domain, const tlsrpt_cause *cause)
{
    const cli_check_domain *checked = apr_hash_get(look->domains, domain, APR_HASH_KEY_STRING);
    int i, is_applied = 0;

    if (checked && checked->result && checked->result->policy) {
        return checked->result->policy->mode == MTA_STS_MODE_ENFORCE;
    }
    for (i = 0; cause->policies && i < cause->policies->nelts; i++) {
        is_applied |=
            strstr(APR_ARRAY_IDX(cause->policies, i, const char *), "mode: enforce") != NULL;
    }
    return is_applied;
}

/* Sets the severity: in mode enforce, mail is being refused. */
static void rate(const cli_watch_look *look, const char *domain, const tlsrpt_cause *cause,
                 int is_refusal, cli_watch_item *item)
{
    if (!tlsrpt_evidence_is_mta_sts(cause->policy_type)) { /* DANE applies in any mode (RFC 8461
                                                              section 2) */
        item->id = "failure-dane";
        item->severity = MTA_STS_ERROR;
        return;
    }
    item->id = is_refusal ? "failure-blocking" : "failure-not-blocking";
    item->severity =
        is_refusal && is_enforced(look, domain, cause) ? MTA_STS_ERROR : MTA_STS_WARNING;
}

static void take_cause(cli_watch_look *look, const tlsrpt_domain *domain, const tlsrpt_cause *cause,
                       apr_hash_t *signers)
{
    apr_pool_t *p = look->p;
    const tlsrpt_explanation *refusal = tlsrpt_evidence_refusal(p, domain->domain, cause);
    const tlsrpt_explanation *explanation =
        refusal ? refusal
                : APR_ARRAY_IDX(tlsrpt_explain_cause(p, domain->domain, cause), 0,
                                const tlsrpt_explanation *);
    cli_watch_item item = {
        .domain = domain->domain,
        .part = CLI_WATCH_REPORTS,
        .subject = subject_of(look, domain, cause),
        .kind = apr_pstrcat(p, mta_sts_format_name(p, cause->result_type), "/", explanation->cause,
                            NULL),
        .fix = explanation->command
                   ? apr_pstrcat(p, explanation->action, " Run: ", explanation->command, NULL)
                   : explanation->action};

    if (needs_action(domain, cause, explanation)) {
        rate(look, domain->domain, cause, refusal != NULL, &item);
        cli_watch_look_add(look, &item, message_of(look, cause, explanation, signers));
    }
}

static void take_causes(cli_watch_look *look, const tlsrpt_domain *domain, apr_hash_t *signers)
{
    int i, taken = 0;

    for (i = 0; i < domain->causes->nelts; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause);

        if (tlsrpt_evidence_counts(cause->is_verified) && !is_over(domain, cause, look->began)) {
            if (taken++ == CAUSES_MAX) { /* causes that are left out are not over */
                apr_hash_set(look->crowded, domain->domain, APR_HASH_KEY_STRING, "");
                return;
            }
            take_cause(look, domain, cause, signers);
        }
    }
}

/* --- reporters --- */

/* How long a sender may be silent, according to the average interval of its reports. In whole days,
 * because reports are about days: so senders that stop for the same reason are reported in the same
 * run. */
static apr_interval_time_t allowed_silence(const cli_watch_look *look, const tlsrpt_domain *domain,
                                           const tlsrpt_sender *sender)
{
    apr_time_t since = look->began - PERIOD * DAY;
    apr_time_t begin = domain->begin > since ? domain->begin : since;
    apr_interval_time_t each = sender->last > begin ? (sender->last - begin) / sender->reports : 0;

    each = SILENT_FACTOR * each > SILENT_MIN * DAY ? SILENT_FACTOR * each : SILENT_MIN * DAY;
    return (each + DAY - 1) / DAY * DAY;
}

static void take_sender(cli_watch_look *look, const tlsrpt_domain *domain,
                        const tlsrpt_sender *sender)
{
    apr_pool_t *p = look->p;
    const cli_watch_item item = {
        .domain = domain->domain,
        .part = CLI_WATCH_REPORTS,
        .subject = mta_sts_format_name(p, sender->organization),
        .id = "reporter-silent",
        .severity = MTA_STS_WARNING,
        .fix = apr_psprintf(p,
                            "check whether reports still reach this machine: the addresses in the "
                            "TLSRPT record (mta-sts check %s), then the import of mail; if others "
                            "still report, this sender may have no mail for you",
                            domain->domain)};

    if (look->began - sender->last <= allowed_silence(look, domain, sender)) {
        apr_hash_set(look->reporters, apr_pstrcat(p, item.domain, "/", item.subject, NULL),
                     APR_HASH_KEY_STRING, "");
    }
    else if (sender->reports >= REGULAR) {
        cli_watch_look_add(
            look, &item,
            apr_psprintf(p, "reported regularly (%s in %d days), but nothing since %s",
                         mta_sts_format_count(p, sender->reports, "report", "reports"), PERIOD,
                         mta_sts_format_last_date(p, sender->last)));
    }
}

static void take_senders(cli_watch_look *look, const tlsrpt_domain *domain)
{
    int i;

    for (i = 0; i < domain->senders->nelts && i < SENDERS_MAX; i++) {
        const tlsrpt_sender *sender = &APR_ARRAY_IDX(domain->senders, i, tlsrpt_sender);

        if (tlsrpt_evidence_counts(sender->is_verified)) {
            take_sender(look, domain, sender);
        }
    }
}

/* --- reading --- */

/* The data that is gathered from the reports. */
typedef struct gathering {
    apr_pool_t *p;
    tlsrpt_tally *tally;
    apr_hash_t *signers;    /* organization -> array of const char *: who signed its reports */
    int unopened;           /* the number of reports that cannot be opened */
    const char *an_example; /* one of them, and why */
} gathering;

static void note_signer(gathering *g, const char *organization, const char *signer)
{
    apr_array_header_t *names;
    int i;

    if (!organization) {
        return;
    }
    names = apr_hash_get(g->signers, organization, APR_HASH_KEY_STRING);
    if (!names) {
        names = apr_array_make(g->p, 1, sizeof(const char *));
        apr_hash_set(g->signers, apr_pstrdup(g->p, organization), APR_HASH_KEY_STRING, names);
    }
    for (i = 0; i < names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(names, i, const char *), signer) == 0) {
            return;
        }
    }
    if (names->nelts < SIGNERS_MAX) {
        APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(g->p, signer);
    }
}

static void take_report(void *data, apr_pool_t *p, const cli_store_report *report)
{
    gathering *g = data;

    (void)p;
    if (report->is_unopened) {
        g->an_example = g->unopened++ ? g->an_example
                                      : apr_pstrcat(g->p, report->path, ": ", report->error, NULL);
    }
    if (!report->error && report->reading->outcome == TLSRPT_READ &&
        tlsrpt_evidence_counts(report->receipt->verified != NULL)) {
        tlsrpt_tally_add(g->tally, report->reading->report, report->reading->digest,
                         report->reading->len, report->receipt->verified,
                         tlsrpt_receipt_time(report->receipt));
        if (report->receipt->verified) {
            note_signer(g, report->reading->report->organization, report->receipt->verified);
        }
    }
}

/* Without some of the reports, nothing is known to be over, and nobody to be silent. */
static void add_unopened(cli_watch_look *look, const gathering *g)
{
    cli_watch_look_add_blind(
        look, "reports",
        apr_psprintf(look->p, "%s cannot be opened, as %s",
                     mta_sts_format_count(look->p, g->unopened, "report", "reports"),
                     g->an_example),
        "correct the owner and the mode of the file; until then, failures in reports are not "
        "noticed");
}

static void read_spool(cli_watch_look *look, tlsrpt_spool *spool)
{
    const apr_time_t since = look->began - look->began % DAY - (PERIOD - 1) * DAY;
    const tlsrpt_filter filter = tlsrpt_evidence_filter(since, NULL);
    const cli_store_range range = {.since = since};
    gathering g = {.p = look->p,
                   .tally = tlsrpt_tally_make(look->p, &filter),
                   .signers = apr_hash_make(look->p)};
    const tlsrpt_summary *sum;
    int i;

    cli_store_walk(look->p, spool, &range, take_report, &g);
    if (g.unopened) {
        add_unopened(look, &g);
        return;
    }
    sum = tlsrpt_tally_sum(g.tally);
    for (i = 0; i < sum->domains->nelts; i++) {
        const tlsrpt_domain *domain = APR_ARRAY_IDX(sum->domains, i, const tlsrpt_domain *);

        if (apr_hash_get(look->domains, domain->domain, APR_HASH_KEY_STRING)) {
            take_causes(look, domain, g.signers);
            take_senders(look, domain);
        }
    }
    look->has_reports = 1;
}

/* Not every machine that watches stores reports. */
static int has_store(const cli_watch_request *request)
{
    struct stat info;

    return cli_state_dir_is_named(request->state_dir) ||
           lstat(cli_state_dir_find(NULL), &info) == 0 || errno != ENOENT;
}

void cli_watch_look_reports(cli_watch_look *look, const cli_watch_request *request)
{
    const apr_array_header_t *unreadable;
    tlsrpt_spool *spool;
    const char *error;

    if (!has_store(request)) {
        return;
    }
    error = cli_store_open_reader(look->p, request->state_dir, &spool);
    unreadable = error ? NULL : cli_store_list_unreadable(look->p, request->state_dir);
    if (error || unreadable->nelts) {
        cli_watch_look_add_blind(look, "reports",
                                 error ? error : APR_ARRAY_IDX(unreadable, 0, const char *),
                                 "until then, failures in reports are not noticed");
        return;
    }
    look->has_store = 1;
    read_spool(look, spool);
}
