/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/readiness_reports.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/advice/policy_match.h"

/* Senders that have mail for the domain report daily. */
#define REPORT_AGE_MAX 7 /* days */

/* The largest senders are those that together account for this share of the sessions, up to a
 * maximum number. */
#define LARGEST_SHARE 90 /* percent */
#define LARGEST_MAX 10

static const char *names_of_senders(apr_pool_t *p, const apr_array_header_t *senders)
{
    apr_array_header_t *names = apr_array_make(p, senders->nelts + 1, sizeof(const char *));
    int i;

    for (i = 0; i < senders->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) = APR_ARRAY_IDX(senders, i, tlsrpt_sender).organization;
    }
    return mta_sts_format_names(p, names, TLSRPT_READINESS_NAMES);
}

/* --- how many there are --- */

static void assess_days(tlsrpt_assessment *a, mta_sts_findings *findings)
{
    int days = tlsrpt_evidence_days(a->facts->evidence, a->limits->now);

    if (days >= a->limits->days) {
        mta_sts_finding_add(findings, MTA_STS_OK, "days-enough", a->facts->domain, NULL,
                            "verified reports cover %d days (required: %d)", days, a->limits->days);
        return;
    }
    mta_sts_finding_add(findings, tlsrpt_assessment_missing(a), "days-few", a->facts->domain,
                        "wait: senders report once a day about the mail they sent you; --days "
                        "changes the requirement",
                        "verified reports cover only %d %s (required: %d)", days,
                        days == 1 ? "day" : "days", a->limits->days);
}

static void assess_senders(tlsrpt_assessment *a, mta_sts_findings *findings)
{
    const apr_array_header_t *senders = a->facts->evidence->senders;
    const char *names = names_of_senders(a->p, senders);

    if (senders->nelts >= a->limits->senders) {
        mta_sts_finding_add(findings, MTA_STS_OK, "senders-enough", a->facts->domain, NULL,
                            "%d %s (required: %d): %s", senders->nelts,
                            senders->nelts == 1 ? "sender reports" : "senders report",
                            a->limits->senders, names);
        return;
    }
    mta_sts_finding_add(
        findings, tlsrpt_assessment_missing(a), "senders-few", a->facts->domain,
        "wait, or lower the requirement with --senders if few senders send you mail",
        "only %d %s (required: %d): %s", senders->nelts,
        senders->nelts == 1 ? "sender reports" : "senders report", a->limits->senders, names);
}

static void assess_age(tlsrpt_assessment *a, mta_sts_findings *findings)
{
    apr_time_t end = a->facts->evidence->end;

    if (end < a->limits->now - REPORT_AGE_MAX * TLSRPT_READINESS_DAY) {
        mta_sts_finding_add(
            findings, tlsrpt_assessment_missing(a), "reports-old", a->facts->domain,
            apr_psprintf(a->p,
                         "check whether reports still reach this machine by mail: the address in "
                         "the TLSRPT record (mta-sts check %s), then the import of that mail, and "
                         "whether it verifies the signatures (%s)",
                         a->facts->domain, tlsrpt_assessment_report(a)),
            "the last verified report covers %s: there is no evidence since then",
            mta_sts_format_last_date(a->p, end));
    }
}

static void assess_trust(tlsrpt_assessment *a, mta_sts_findings *findings)
{
    const tlsrpt_domain *all = a->facts->reports;
    apr_int64_t unverified = all->reports - all->verified;

    if (unverified) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "reports-not-counted", a->facts->domain, NULL,
                            "%" APR_INT64_T_FMT " of %" APR_INT64_T_FMT
                            " reports are unverified and do not count: anyone can submit one",
                            unverified, all->reports);
    }
}

/* How to get verified reports: senders sign the reports that they send by mail (RFC 8460 section
 * 3). */
static const char *how_to_verify(const tlsrpt_assessment *a)
{
    return apr_psprintf(
        a->p,
        "have reports sent by mail, which senders sign (reports over HTTPS cannot be verified): "
        "add a \"mailto:\" address of yours to the TLSRPT record at _smtp._tls.%s, and import that "
        "mail with mta-sts import --verify-dkim (or --authserv-id NAME, where NAME is the mail "
        "server that verifies DKIM signatures); then wait a few days",
        a->facts->domain);
}

static void add_inconclusive(tlsrpt_assessment *a, mta_sts_findings *findings)
{
    const tlsrpt_domain *all = a->facts->reports;

    if (all->verified) {
        mta_sts_finding_add(
            findings, tlsrpt_assessment_missing(a), "reports-inconclusive", a->facts->domain,
            "wait for reports about the policy that is served now",
            "%s, but only about sessions without any policy",
            mta_sts_format_count(a->p, all->verified, "verified report was received",
                                 "verified reports were received"));
        return;
    }
    mta_sts_finding_add(
        findings, tlsrpt_assessment_missing(a), "reports-inconclusive", a->facts->domain,
        how_to_verify(a),
        "%s, but none is verified: anyone can submit one, so these are not "
        "evidence",
        mta_sts_format_count(a->p, all->reports, "report was received", "reports were received"));
}

/* Whether the assessment of the policy, which comes first, found that the domain does not exist. */
static int is_domain_unknown(const tlsrpt_assessment *a)
{
    const mta_sts_findings *findings = a->result->parts[TLSRPT_READINESS_POLICY];
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        if (strcmp(mta_sts_findings_at(findings, i)->id, "domain-unknown") == 0) {
            return 1;
        }
    }
    return 0;
}

/* Mentions reports about earlier days, for example after the import of an old mailbox. */
static const char *earlier_reports(const tlsrpt_assessment *a)
{
    apr_int64_t earlier = a->facts->earlier;

    return earlier ? apr_psprintf(a->p, "; %s about earlier days",
                                  mta_sts_format_count(a->p, earlier, "report is", "reports are"))
                   : "";
}

static void assess_apart(tlsrpt_assessment *a, mta_sts_findings *findings)
{
    if (a->facts->apart) {
        mta_sts_finding_add(
            findings, MTA_STS_INFO, "reports-set-apart", a->facts->domain, NULL,
            "unverified reports of %s are set apart: they contain implausibly many sessions, "
            "compared with the other reports",
            mta_sts_format_count(a->p, a->facts->apart, "sender and day", "senders and days"));
    }
}

void tlsrpt_readiness_assess_reports(tlsrpt_assessment *a)
{
    mta_sts_findings *findings = a->result->parts[TLSRPT_READINESS_REPORTS];

    assess_apart(a, findings);

    if (!a->facts->reports || !a->facts->reports->reports) {
        if (is_domain_unknown(a)) {
            return;
        }
        mta_sts_finding_add(findings, tlsrpt_assessment_missing(a), "reports-missing",
                            a->facts->domain, how_to_verify(a),
                            "no report covers this period, so there is no evidence yet%s",
                            earlier_reports(a));
        return;
    }
    if (a->facts->evidence) {
        assess_days(a, findings);
        assess_senders(a, findings);
        assess_age(a, findings);
        assess_trust(a, findings);
        return;
    }
    add_inconclusive(a, findings);
}

/* --- the policy that senders have --- */

static int contains(const apr_array_header_t *list, const char *name)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const char *), name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The policy that a sender used last; if it used two at the same time, the one that is served
 * now. */
static const tlsrpt_seen_policy *find_last_policy(const tlsrpt_assessment *a,
                                                  const tlsrpt_sender *sender,
                                                  tlsrpt_policy_match *match)
{
    const apr_array_header_t *seen = a->facts->reports->seen;
    const tlsrpt_seen_policy *last = NULL;
    int i;

    for (i = 0; i < seen->nelts; i++) {
        const tlsrpt_seen_policy *one = &APR_ARRAY_IDX(seen, i, tlsrpt_seen_policy);
        tlsrpt_policy_match now;

        if (one->is_verified != sender->is_verified || (last && one->last < last->last) ||
            !contains(one->senders, sender->organization)) {
            continue;
        }
        now = tlsrpt_policy_match_compare(a->p, one->type, one->policy, &a->policies);
        if (!last || now == TLSRPT_MATCH_CURRENT) {
            last = one;
            *match = now;
        }
    }
    return last;
}

/* Senders whose last policy is the same, but not the one that is served now. */
typedef struct group {
    const tlsrpt_seen_policy *seen;
    tlsrpt_policy_match match;
    apr_array_header_t *names; /* of const char * */
} group;

/* The group with a policy; a new one if there is none yet. */
static group *find_group(tlsrpt_assessment *a, apr_array_header_t *list,
                         const tlsrpt_seen_policy *seen, tlsrpt_policy_match match)
{
    group *made;
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (APR_ARRAY_IDX(list, i, group).seen == seen) {
            return &APR_ARRAY_IDX(list, i, group);
        }
    }
    made = apr_array_push(list);
    made->seen = seen;
    made->match = match;
    made->names = apr_array_make(a->p, 2, sizeof(const char *));
    return made;
}

/* Returns whether the sender has the current policy. */
static int assess_sender(tlsrpt_assessment *a, const tlsrpt_sender *sender,
                         apr_array_header_t *others)
{
    tlsrpt_policy_match match = TLSRPT_MATCH_UNKNOWN;
    const tlsrpt_seen_policy *seen = find_last_policy(a, sender, &match);

    if (seen && tlsrpt_policy_match_is_unexpected(match)) {
        group *found = find_group(a, others, seen, match);

        APR_ARRAY_PUSH(found->names, const char *) = sender->organization;
    }
    return match == TLSRPT_MATCH_CURRENT;
}

static const char *finding_of_match(tlsrpt_policy_match match)
{
    return match == TLSRPT_MATCH_OLDER   ? "sender-policy-older"
           : match == TLSRPT_MATCH_NEVER ? "sender-policy-never-served"
           : match == TLSRPT_MATCH_OTHER ? "sender-policy-other"
                                         : "sender-policy-not-found";
}

static const char *fix_of_match(const tlsrpt_assessment *a, tlsrpt_policy_match match,
                                const char *names)
{
    return match == TLSRPT_MATCH_NEVER
               ? apr_psprintf(a->p,
                              "find out which server answers for mta-sts.%s, and have it serve the "
                              "same policy." TLSRPT_READINESS_COMMAND "mta-sts check %s",
                              a->facts->domain, a->facts->domain)
               : apr_psprintf(a->p,
                              "wait until reports from %s contain the policy that is served now",
                              names);
}

static void add_others(tlsrpt_assessment *a, const apr_array_header_t *others,
                       mta_sts_findings *findings)
{
    apr_pool_t *p = a->p;
    int i;

    for (i = 0; i < others->nelts; i++) {
        const group *found = &APR_ARRAY_IDX(others, i, group);
        const char *names = mta_sts_format_names(p, found->names, TLSRPT_READINESS_NAMES);

        mta_sts_finding_add(
            findings,
            tlsrpt_evidence_counts(found->seen->is_verified) ? tlsrpt_assessment_missing(a)
                                                             : MTA_STS_INFO,
            finding_of_match(found->match), a->facts->domain, fix_of_match(a, found->match, names),
            "policy applied by %s%s, last on %s: %s", names,
            tlsrpt_evidence_counts(found->seen->is_verified) ? "" : " (unverified)",
            mta_sts_format_last_date(p, found->seen->last),
            tlsrpt_policy_match_text(p, found->match, found->seen->policy, &a->policies,
                                     a->facts->domain));
    }
}

static double sessions_of(const tlsrpt_sender *sender)
{
    return (double)tlsrpt_count_add(sender->successful, sender->failed);
}

/* The largest senders with verified reports, or those with unverified ones. */
typedef struct largest {
    int is_verified;
    double total, covered; /* sessions */
    int count, current; /* number of senders, and of those that use the policy that is served now */
} largest;

static void assess_largest(tlsrpt_assessment *a, largest *found, apr_array_header_t *others)
{
    const apr_array_header_t *senders = a->facts->reports->senders;
    int i;

    for (i = 0; i < senders->nelts && found->count < LARGEST_MAX &&
                found->covered * 100 < found->total * LARGEST_SHARE;
         i++) {
        const tlsrpt_sender *sender = &APR_ARRAY_IDX(senders, i, tlsrpt_sender);

        if (sender->is_verified == found->is_verified) {
            found->count++;
            found->covered += sessions_of(sender);
            found->current += assess_sender(a, sender, others);
        }
    }
}

void tlsrpt_readiness_assess_sender_policies(tlsrpt_assessment *a)
{
    const tlsrpt_domain *all = a->facts->reports;
    mta_sts_findings *findings = a->result->parts[TLSRPT_READINESS_REPORTS];
    apr_array_header_t *others = apr_array_make(a->p, 2, sizeof(group));
    largest verified = {.is_verified = 1}, unverified = {.is_verified = 0};

    if (!all || !a->facts->served) {
        return;
    }
    verified.total = (double)tlsrpt_count_add(all->verified_successful, all->verified_failed);
    unverified.total = (double)tlsrpt_count_add(all->successful, all->failed) - verified.total;
    assess_largest(a, &verified, others);
    assess_largest(a, &unverified, others);
    add_others(a, others, findings);
    if (verified.count && verified.current == verified.count) {
        mta_sts_finding_add(
            findings, MTA_STS_OK, "sender-policy-current", a->facts->domain, NULL,
            "%s, with %s of the verified sessions, %s the policy that is "
            "served now",
            verified.count == 1 ? "the largest sender"
                                : apr_psprintf(a->p, "the %d largest senders", verified.count),
            mta_sts_format_share(a->p, (apr_int64_t)verified.covered, (apr_int64_t)verified.total),
            verified.count == 1 ? "has" : "have");
    }
}
