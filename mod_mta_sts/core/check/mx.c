/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "core/check/judge.h"
#include "core/base/name.h"
#include "core/base/text.h"

#define NAME_SHOWN_MAX 253

/* What the probes of one MX host come to. */
typedef struct tally {
    int good;      /* addresses that a sender in mode enforce delivers to */
    int bad;       /* addresses that it connects to, but does not deliver to */
    int unreached; /* addresses that take no connection */
    int unknown;   /* addresses that cannot be judged from this machine */
} tally;

/* Returns whether there is a host to go on with. */
static int judge_name(const mta_sts_check_mx *mx, const char *shown, mta_sts_findings *findings)
{
    const char *error, *name;

    error = mta_sts_name_parse_host(findings->pool, mx->host, MTA_STS_NAME_ALABEL, &name);
    if (error) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "mx-name-invalid", shown,
                            "put a host name into the MX record",
                            "the MX record does not contain a host name: %s", error);
    }
    return error == NULL;
}

static int judge_coverage(const mta_sts_judge *judge, const char *host, mta_sts_findings *findings)
{
    if (!judge->policy || !judge->policy_valid) {
        return 0;
    }
    if (mta_sts_policy_covers(judge->policy, host)) {
        mta_sts_finding_add(findings, MTA_STS_OK, "mx-in-policy", host, NULL,
                            "the policy covers this host");
        return 1;
    }
    mta_sts_finding_add(
        findings, MTA_STS_ERROR, "mx-not-in-policy", host,
        apr_psprintf(findings->pool, "add \"mx: %s\" to the policy, then publish its new id", host),
        "the policy does not cover this host: senders in mode enforce do not "
        "deliver to it");
    return 0;
}

/* Returns whether an address lookup was too slow. */
static int judge_addresses(const mta_sts_check_mx *mx, mta_sts_findings *findings)
{
    const mta_sts_answer *a = &mx->a, *aaaa = &mx->aaaa;
    const char *alias = a->alias ? a->alias : aaaa->alias;

    mta_sts_answer_check(a, mx->host, "IPv4 address", findings);
    mta_sts_answer_check(aaaa, mx->host, "IPv6 address", findings);
    if (alias) {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "mx-is-alias", mx->host,
                            apr_psprintf(findings->pool, "put %s into the MX record",
                                         mta_sts_text_quote(findings->pool, alias, strlen(alias))),
                            "the MX host is an alias (CNAME), which RFC 5321 does not allow");
    }
    if (mta_sts_answer_is_empty(a) && mta_sts_answer_is_empty(aaaa)) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "mx-no-address", mx->host,
                            "publish an address, or remove the MX record",
                            "the MX host has no address");
    }
    else if (mta_sts_answer_is_empty(a) && aaaa->status == MTA_STS_ANSWER_OK) {
        mta_sts_finding_add(
            findings, MTA_STS_INFO, "mx-ipv6-only", mx->host, NULL,
            "the MX host has IPv6 addresses only: senders without IPv6 cannot use it");
    }
    return a->status == MTA_STS_ANSWER_TIMEOUT || aaaa->status == MTA_STS_ANSWER_TIMEOUT;
}

static void judge_tlsa(const mta_sts_check_mx *mx, mta_sts_findings *findings)
{
    const mta_sts_answer *tlsa = &mx->tlsa;
    int index = findings->list->nelts;

    /* Senders that know DANE hold the mail back (RFC 7672 section 2.1), the others do not care. */
    if (mta_sts_answer_check(tlsa, mx->host, "TLSA records", findings)) {
        mta_sts_judge_lower_severity(findings, index, MTA_STS_ERROR, MTA_STS_WARNING);
        return;
    }
    if (tlsa->status != MTA_STS_ANSWER_OK) {
        return;
    }
    if (tlsa->dnssec == MTA_STS_DNSSEC_INSECURE) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "tlsa-insecure", mx->host,
                            "sign the zone with DNSSEC, or remove the TLSA records",
                            "its %d TLSA records have no effect, because the zone is not signed",
                            tlsa->values->nelts);
        return;
    }
    mta_sts_finding_add(
        findings, MTA_STS_INFO, "dane-present", mx->host, NULL,
        "it has %d TLSA records: senders that support DANE use them instead of MTA-STS",
        tlsa->values->nelts);
}

static void report_secured(const mta_sts_judge *judge, const char *host,
                           const mta_sts_mx_probe *probe, mta_sts_findings *findings)
{
    mta_sts_finding_add(findings, MTA_STS_OK, "mx-secured", host, NULL,
                        "%s offers STARTTLS with %s; its certificate is valid for %d more days",
                        probe->address, probe->peer.version,
                        mta_sts_certificate_days(probe->peer.certificate, judge->limits->now));
}

static int is_unreached(const mta_sts_mx_probe *probe)
{
    return probe->result == MTA_STS_SMTP_NO_ROUTE || probe->result == MTA_STS_SMTP_REFUSED ||
           probe->result == MTA_STS_SMTP_UNREACHABLE ||
           (probe->result == MTA_STS_SMTP_TIMEOUT && probe->stage == MTA_STS_SMTP_CONNECT);
}

static tally count_probes(const mta_sts_judge *judge, const mta_sts_check_mx *mx)
{
    mta_sts_findings *unseen = mta_sts_findings_make(judge->p);
    tally sum = {0};
    int i;

    for (i = 0; i < mx->probes->nelts; i++) {
        const mta_sts_mx_probe *probe = APR_ARRAY_IDX(mx->probes, i, const mta_sts_mx_probe *);

        if (mta_sts_mx_probe_check(probe, mx->host, judge->limits, unseen)) {
            sum.good++;
        }
        else if (mta_sts_mx_probe_is_unknown(probe)) {
            sum.unknown++;
        }
        else if (is_unreached(probe)) {
            sum.unreached++;
        }
        else {
            sum.bad++;
        }
    }
    return sum;
}

/* A sender that does not reach one address goes to the next, so that costs no more than time. */
static void judge_probes(const mta_sts_judge *judge, const mta_sts_check_mx *mx, const tally *sum,
                         mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < mx->probes->nelts; i++) {
        const mta_sts_mx_probe *probe = APR_ARRAY_IDX(mx->probes, i, const mta_sts_mx_probe *);
        int index = findings->list->nelts;

        if (mta_sts_mx_probe_check(probe, mx->host, judge->limits, findings)) {
            report_secured(judge, mx->host, probe, findings);
        }
        else if (sum->good && is_unreached(probe)) {
            mta_sts_judge_lower_severity(findings, index, MTA_STS_ERROR, MTA_STS_WARNING);
            mta_sts_judge_lower_severity(findings, index, MTA_STS_UNKNOWN, MTA_STS_INFO);
        }
    }
}

static const mta_sts_finding *find_first_error(const mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if (finding->severity == MTA_STS_ERROR) {
            return apr_pmemdup(findings->pool, finding, sizeof(*finding));
        }
    }
    return NULL;
}

/* Whether a sender in mode enforce delivers to the MX host of the last section. */
static void conclude(mta_sts_judge *judge, const tally *sum, int covered)
{
    mta_sts_check_section *section = &APR_ARRAY_IDX(
        judge->result->sections, judge->result->sections->nelts - 1, mta_sts_check_section);
    const mta_sts_finding *trouble = find_first_error(section->findings);
    int delivers = sum->good && !sum->bad && (covered || !judge->policy_valid);

    section->trouble = delivers ? NULL : trouble;
    section->enforce = delivers           ? MTA_STS_SAFETY_YES
                       : section->trouble ? MTA_STS_SAFETY_NO
                                          : MTA_STS_SAFETY_UNKNOWN;
    if (trouble && !judge->bad_mx) {
        judge->bad_mx = section->subject;
        judge->bad_reason = trouble->message;
    }
}

static void judge_host(mta_sts_judge *judge, const mta_sts_check_mx *mx)
{
    /* Names from DNS are escaped, but long ones are nobody's host. */
    const char *shown = strlen(mx->host) <= NAME_SHOWN_MAX ? mx->host : "MX";
    mta_sts_findings *findings = mta_sts_judge_section(judge, MTA_STS_CHECK_MX, shown);
    int probed = judge->facts->smtp == MTA_STS_CHECK_SMTP_PROBED, covered, late;
    tally sum = {0};

    if (!judge_name(mx, shown, findings)) {
        conclude(judge, &sum, 0);
        return;
    }
    covered = judge_coverage(judge, mx->host, findings);
    late = judge_addresses(mx, findings);
    judge_tlsa(mx, findings);
    if (probed) {
        sum = count_probes(judge, mx);
        judge_probes(judge, mx, &sum, findings);
    }
    conclude(judge, &sum, covered);
    judge->mx_covered += covered;
    judge->mx_good += covered && sum.good && !sum.bad;
    judge->mx_usable += covered && sum.good;
    judge->mx_unknown += covered && !sum.good && (sum.unknown || late || !probed);
}

/* A pattern that no MX uses may be a spare, or what a former MX was called. */
static void judge_patterns(const mta_sts_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_check_facts *facts = judge->facts;
    int i, j;

    for (i = 0; i < judge->policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(judge->policy->mx, i, const char *);
        int used = 0;

        for (j = 0; j < facts->mxs->nelts; j++) {
            used |= mta_sts_name_matches_mx(
                pattern, APR_ARRAY_IDX(facts->mxs, j, const mta_sts_check_mx *)->host);
        }
        if (!used) {
            mta_sts_finding_add(findings, MTA_STS_INFO, "pattern-unused", facts->domain,
                                "remove the pattern, unless it is for a future MX host",
                                "no MX host matches the policy's \"mx: %s\"", pattern);
        }
    }
}

static void report_not_probed(mta_sts_judge *judge)
{
    mta_sts_findings *findings =
        mta_sts_judge_section(judge, MTA_STS_CHECK_MX, judge->facts->domain);

    if (judge->facts->smtp == MTA_STS_CHECK_SMTP_SKIPPED) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "smtp-skipped", judge->facts->domain, NULL,
                            "the MX hosts were not probed (--no-smtp)");
        return;
    }
    mta_sts_finding_add(findings, MTA_STS_UNKNOWN, "smtp-blocked", judge->facts->domain,
                        "check from a machine that can use port 25, or use --no-smtp",
                        "no MX host accepts a connection: this network probably blocks port 25 (or "
                        "all MX hosts are down)");
}

/* Only mode enforce makes senders refuse: before, what would fail is a warning. */
static void lower_errors(const mta_sts_judge *judge, int index)
{
    const apr_array_header_t *sections = judge->result->sections;

    for (; index < sections->nelts; index++) {
        mta_sts_judge_lower_severity(APR_ARRAY_IDX(sections, index, mta_sts_check_section).findings,
                                     0, MTA_STS_ERROR, MTA_STS_WARNING);
    }
}

void mta_sts_judge_mxs(mta_sts_judge *judge)
{
    const mta_sts_check_facts *facts = judge->facts;
    int index = judge->result->sections->nelts, i;

    for (i = 0; i < facts->mxs->nelts; i++) {
        judge_host(judge, APR_ARRAY_IDX(facts->mxs, i, const mta_sts_check_mx *));
    }
    if (facts->mxs->nelts && facts->smtp != MTA_STS_CHECK_SMTP_PROBED) {
        report_not_probed(judge);
    }
    if (judge->policy_valid && facts->mxs->nelts) {
        judge_patterns(judge, judge->policy_findings);
    }
    if (!judge->policy_valid || judge->policy->mode != MTA_STS_MODE_ENFORCE) {
        lower_errors(judge, index);
    }
}

int mta_sts_check_smtp_is_blocked(const apr_array_header_t *facts)
{
    int i, j, k, probes = 0;

    for (i = 0; i < facts->nelts; i++) {
        const apr_array_header_t *mxs = APR_ARRAY_IDX(facts, i, mta_sts_check_facts *)->mxs;

        for (j = 0; j < mxs->nelts; j++) {
            const mta_sts_check_mx *mx = APR_ARRAY_IDX(mxs, j, const mta_sts_check_mx *);

            for (k = 0; k < mx->probes->nelts; k++) {
                const mta_sts_mx_probe *probe =
                    APR_ARRAY_IDX(mx->probes, k, const mta_sts_mx_probe *);

                if (probe->result == MTA_STS_SMTP_NO_ROUTE ||
                    probe->result == MTA_STS_SMTP_NOT_TRIED) {
                    continue;
                }
                if (probe->result != MTA_STS_SMTP_TIMEOUT || probe->stage != MTA_STS_SMTP_CONNECT) {
                    return 0;
                }
                probes++;
            }
        }
    }
    return probes > 0;
}
